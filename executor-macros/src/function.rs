//! A function as the attributes see it: the signature is read, the body is not.
//!
//! An unread body is written back token by token, so that whatever stands in it
//! (half-typed code too) is the compiler's business and the editor's.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt as _};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, LitStr, Signature, Token, Visibility};

pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        refuse_other_items(&input.fork())?;
        let signature: Signature = input.parse()?;
        if input.peek(Token![;]) {
            return Err(Error::new_spanned(&signature, "this attribute needs a function with a body"));
        }
        let body = parse_body(input)?;
        Ok(Function { attributes, visibility, signature, body })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attributes);
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

/// Names what the attribute stands on if it is no function, instead of "expected `fn`".
fn refuse_other_items(input: ParseStream<'_>) -> syn::Result<()> {
    let first = input.fork().parse::<TokenTree>()?;
    while is_qualifier(input) {
        input.parse::<TokenTree>()?;
    }
    if input.peek(Token![fn]) {
        return Ok(());
    }
    let instead = match &first {
        TokenTree::Ident(keyword) => noun(keyword),
        _ => None,
    };
    let instead = instead.map_or_else(String::new, |noun| format!(", not on {noun}"));
    Err(Error::new_spanned(&first, format!("this attribute belongs on a free function{instead}")))
}

/// What may stand between the visibility and `fn`.
fn is_qualifier(input: ParseStream<'_>) -> bool {
    input.peek(Token![const])
        || input.peek(Token![async])
        || input.peek(Token![unsafe])
        || input.peek(Token![extern])
        || input.peek(LitStr)
}

fn noun(keyword: &Ident) -> Option<&'static str> {
    Some(match keyword.to_string().as_str() {
        "struct" => "a struct",
        "enum" => "an enum",
        "union" => "a union",
        "trait" => "a trait",
        "impl" => "an `impl` block: put it on a function outside of the block",
        "mod" => "a module: put it on each function",
        "extern" => "an `extern` block or crate",
        "macro_rules" => "a macro",
        "type" => "a type alias",
        "static" => "a static",
        "const" => "a constant",
        "use" => "an import",
        _ => return None,
    })
}

fn parse_body(input: ParseStream<'_>) -> syn::Result<Group> {
    let place = input.span();
    braced(input.parse()?).ok_or_else(|| Error::new(place, "expected the function's body"))
}

/// A block; one that a `macro_rules!` macro passes on stands in a group of its own without delimiters.
fn braced(tree: TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = tree else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group),
        Delimiter::None => {
            let mut inner = group.stream().into_iter();
            inner.next().filter(|_| inner.next().is_none()).and_then(braced)
        }
        Delimiter::Parenthesis | Delimiter::Bracket => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_written_back_as_it_was() {
        let text = "#[inline] pub(crate) const fn f(mut a: u8, (b, c): (u8, u8)) -> u8 { half typed ? = }";
        let tokens: TokenStream = text.parse().unwrap();
        let function: Function = syn::parse_str(text).unwrap();
        assert_eq!(function.to_token_stream().to_string(), tokens.to_string());
    }

    #[test]
    fn a_body_that_a_macro_passes_on_is_a_body() {
        let body = Group::new(Delimiter::Brace, "1 + 1".parse().unwrap());
        let passed_on = Group::new(Delimiter::None, TokenTree::Group(body).into());
        let mut tokens: TokenStream = "fn f() -> u8".parse().unwrap();
        tokens.append(passed_on);
        let function: Function = syn::parse2(tokens).unwrap();
        assert_eq!(function.body.to_string(), "{ 1 + 1 }");
    }

    #[test]
    fn other_items_are_called_by_their_name() {
        let refusal = |item| syn::parse_str::<Function>(item).err().unwrap().to_string();
        assert!(refusal("pub struct S { f: fn() }").ends_with("free function, not on a struct"));
        assert!(refusal("mod m { fn f() {} }").ends_with("not on a module: put it on each function"));
        assert!(refusal("const F: fn() = f;").ends_with("free function, not on a constant"));
        assert!(refusal("macro_rules! m { () => {} }").ends_with("not on a macro"));
    }
}
