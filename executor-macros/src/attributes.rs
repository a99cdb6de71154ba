//! Attributes that decide whether an item exists.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Meta, parse_quote};

/// What is allowed of an item, for everything that is made from it and has the same types and names in it.
pub(crate) fn lints(attributes: &[Attribute]) -> impl Iterator<Item = Attribute> {
    attributes.iter().filter_map(|attribute| match &attribute.meta {
        // What is expected is found in the item itself, and not always in what is made from it.
        Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
            let lints = &list.tokens;
            Some(parse_quote!(#[allow(#lints)]))
        }
        _ => None,
    })
}

/// The attributes under which everything made from their item stands as well.
pub(crate) fn conditions(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| is_condition(attribute))
}

/// Whether this is `#[cfg(..)]`, or a `#[cfg_attr(.., cfg(..))]` that may become one.
fn is_condition(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => true,
        Meta::List(list) if list.path.is_ident("cfg_attr") => {
            // The condition comes first; what it adds stands behind the comma.
            let added = list
                .tokens
                .clone()
                .into_iter()
                .skip_while(|token| !matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','));
            added.skip(1).any(|token| token.to_string() == "cfg")
        }
        _ => false,
    }
}

/// The attributes in front of a piece of syntax, wherever the parser put them.
pub(crate) fn leading(syntax: &impl ToTokens) -> Vec<Attribute> {
    struct Leading(Vec<Attribute>);
    impl Parse for Leading {
        fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
            let attributes = input.call(Attribute::parse_outer)?;
            input.parse::<TokenStream>()?;
            Ok(Leading(attributes))
        }
    }
    let tokens = syntax.to_token_stream();
    syn::parse2(tokens).map_or_else(|_| Vec::new(), |Leading(attributes)| attributes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
    use syn::{Stmt, parse_quote};

    #[test]
    fn conditions_are_cfg_and_what_may_become_cfg() {
        let attributes: Vec<Attribute> = vec![
            parse_quote!(#[cfg(unix)]),
            parse_quote!(#[cfg_attr(all(a, b), cfg(c))]),
            parse_quote!(#[cfg_attr(a, allow(dead_code))]),
            parse_quote!(#[inline]),
        ];
        assert_eq!(conditions(&attributes).count(), 2);
    }

    #[test]
    fn leading_attributes_are_found_inside_the_leftmost_operand() {
        let statement: Stmt = parse_quote!(#[cfg(unix)] total += read()?;);
        let found = leading(&statement);
        let found = found.first().map(|attribute| quote!(#attribute).to_string());
        assert_eq!(found.as_deref(), Some("# [cfg (unix)]"));
    }
}
