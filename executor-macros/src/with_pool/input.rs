//! The grammar: `HEAD as NAME => { BLOCK }`, with `crate = PATH,` before it for a head without options.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{Block, Error, Expr, Path, Token};

use crate::setting::default_runtime;
use crate::suggestion::suggestion;

pub(crate) struct Input {
    /// Where the runtime crate is, unless the options say otherwise.
    pub(crate) runtime: Path,
    pub(crate) head: Head,
    pub(crate) name: Ident,
    pub(crate) block: Block,
}

pub(crate) enum Head {
    /// `thread(options)` or `process(options)`: a pool for this block.
    Pool { kind: Kind, options: TokenStream },
    /// An executor that was there before and will be there after.
    Existing(Expr),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Thread,
    Process,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let runtime = parse_runtime(input)?;
        let start = input.span();
        let mut head = Vec::new();
        while !is_naming(input) {
            if input.is_empty() || input.peek(Token![=>]) {
                return Err(Error::new(
                    if head.is_empty() { start } else { input.span() },
                    "expected `thread(..) as pool => { .. }`, `process(..) as pool => { .. }` \
                     or `executor as pool => { .. }`",
                ));
            }
            head.push(input.parse()?);
        }
        input.parse::<Token![as]>()?;
        let name = input.parse()?;
        input.parse::<Token![=>]>()?;
        refuse_inner_attributes(input)?;
        Ok(Input { runtime, head: Head::read(head)?, name, block: input.parse()? })
    }
}

/// Whether `as NAME =>` comes next: any other `as` is a cast inside the head.
fn is_naming(input: ParseStream<'_>) -> bool {
    input.peek(Token![as]) && input.peek3(Token![=>])
}

/// `crate = path,`: no expression begins like that.
fn parse_runtime(input: ParseStream<'_>) -> syn::Result<Path> {
    if !(input.peek(Token![crate]) && input.peek2(Token![=])) {
        return Ok(default_runtime());
    }
    input.parse::<Token![crate]>()?;
    input.parse::<Token![=]>()?;
    let runtime = Path::parse_mod_style(input)?;
    input.parse::<Token![,]>()?;
    Ok(runtime)
}

/// The block becomes part of a closure, where there is no place for them.
fn refuse_inner_attributes(input: ParseStream<'_>) -> syn::Result<()> {
    let Ok(TokenTree::Group(block)) = input.fork().parse() else { return Ok(()) };
    let begins = |inner: ParseStream<'_>| {
        let found = inner.peek(Token![#]) && inner.peek2(Token![!]);
        inner.parse::<TokenStream>()?;
        Ok(found)
    };
    if block.delimiter() == Delimiter::Brace && begins.parse2(block.stream())? {
        return Err(Error::new_spanned(block, "an inner attribute has no place in this block: put it on the function"));
    }
    Ok(())
}

impl Head {
    fn read(head: Vec<TokenTree>) -> syn::Result<Self> {
        if let [TokenTree::Ident(kind), TokenTree::Group(options)] = head.as_slice()
            && options.delimiter() == Delimiter::Parenthesis
        {
            let options = options.stream();
            match Kind::named(kind) {
                Some(kind) => return Ok(Head::Pool { kind, options }),
                // No function takes `name = value`.
                None if begins_with_an_option(&options) => {
                    let hint = suggestion(&kind.to_string(), &["thread", "process"]);
                    return Err(Error::new_spanned(kind, format!("unknown pool `{kind}`{hint}")));
                }
                None => {}
            }
        }
        syn::parse2(head.into_iter().collect()).map(Head::Existing)
    }
}

fn begins_with_an_option(list: &TokenStream) -> bool {
    let mut tokens = list.clone().into_iter();
    matches!(tokens.next(), Some(TokenTree::Ident(_)))
        && matches!(tokens.next(), Some(TokenTree::Punct(it)) if it.as_char() == '=' && it.spacing() == Spacing::Alone)
}

impl Kind {
    fn named(name: &Ident) -> Option<Self> {
        match name.to_string().as_str() {
            "thread" => Some(Kind::Thread),
            "process" => Some(Kind::Process),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn head(tokens: TokenStream) -> Head {
        syn::parse2::<Input>(tokens).unwrap().head
    }

    #[test]
    fn the_head_is_a_kind_with_options_or_an_expression() {
        let threads = head(quote!(thread(max_workers = 3) as pool => {}));
        assert!(matches!(threads, Head::Pool { kind: Kind::Thread, .. }));
        let processes = head(quote!(process() as pool => {}));
        assert!(matches!(processes, Head::Pool { kind: Kind::Process, .. }));
        assert!(matches!(head(quote!(self.pool as p => {})), Head::Existing(_)));
        assert!(matches!(head(quote!(other(2)? as p => {})), Head::Existing(_)));
    }

    #[test]
    fn a_call_is_an_executor_and_a_mistyped_kind_with_options_is_none() {
        assert!(matches!(head(quote!(threads(2) as p => {})), Head::Existing(_)));
        assert!(matches!(head(quote!(threads(a == b) as p => {})), Head::Existing(_)));
        let error = syn::parse2::<Input>(quote!(threads(max_workers = 2) as p => {})).err().unwrap();
        assert_eq!(error.to_string(), "unknown pool `threads`: did you mean `thread`?");
    }

    #[test]
    fn a_cast_in_the_head_is_not_the_name() {
        let Head::Existing(pool) = head(quote!(&threads as &dyn Executor as pool => {})) else {
            panic!("an expression was taken for a kind");
        };
        assert!(matches!(pool, Expr::Cast(_)));
    }

    #[test]
    fn the_crate_of_an_existing_executor_stands_before_it() {
        let input: Input = syn::parse2(quote!(crate = my::pools, crate::pool() as p => {})).unwrap();
        assert!(matches!(input.head, Head::Existing(Expr::Call(_))));
        assert_eq!(input.runtime.segments.len(), 2);
    }

    #[test]
    fn a_missing_name_is_said_with_the_whole_form() {
        for tokens in [quote!(), quote!(thread() => {}), quote!(thread() as => {})] {
            let error = syn::parse2::<Input>(tokens).err().unwrap().to_string();
            assert!(error.contains("as pool => { .. }"), "{error}");
        }
    }
}
