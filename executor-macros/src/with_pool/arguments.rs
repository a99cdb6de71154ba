//! The arguments of std's macros, and of those of [`bail`](super::bail), which are expressions like any other.
//!
//! What a macro quotes of them (`assert!`, `dbg!`) stays the user's own text.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::visit_mut::VisitMut as _;
use syn::{Expr, Macro, Pat, PatGuard, Path, Token, parse_quote_spanned};

use super::bail;
use super::rewrite::Rewrite;
use super::select::Arms;

/// Rewrites the arguments of a macro that is known; any other stays as it is.
///
/// An invocation that has to be replaced as a whole comes back as an expression.
pub(crate) fn visit(mac: &mut Macro, rewrite: &mut Rewrite<'_>) -> Option<Expr> {
    // What does not parse is the macro's own error to report.
    let form = Form::of(&mac.path).filter(|_| can_be_of_std(&mac.path) || bail::is_one(&mac.path))?;
    let mut arguments = form.parse(mac.tokens.clone()).ok()?;
    let before = rewrite.sites.len();
    arguments.visit(rewrite);
    if rewrite.sites.len() == before {
        return None;
    }
    arguments.put_back(mac)
}

/// Whether a path can lead to a macro of std: by its bare name, or from a crate of std's on. Another macro of such a
/// name has arguments of its own.
fn can_be_of_std(path: &Path) -> bool {
    let first = path.segments.first().map(|first| first.ident.to_string());
    path.segments.len() == 1 || matches!(first.as_deref(), Some("std" | "core" | "alloc"))
}

/// How a macro's arguments are written.
#[derive(Clone, Copy)]
enum Form {
    /// Expressions, of which `name = value` is one.
    List,
    /// A list whose first element is quoted, with this in front of it, when it is false and nothing else is said.
    Assertion(&'static str),
    /// A list of which each element is quoted.
    Debug,
    /// A list, or `value; count`.
    Vector,
    /// `value, pattern if guard`.
    Matches,
    /// `predicate => { .. }`, several times.
    Select,
}

/// The macros that take expressions and quote none of them.
#[rustfmt::skip]
const LISTS: &[&str] = &[
    "print", "println", "eprint", "eprintln", "format", "format_args", "write", "writeln",
    "panic", "todo", "unimplemented", "unreachable",
    "assert_eq", "assert_ne", "debug_assert_eq", "debug_assert_ne",
    "pin", "addr_of", "addr_of_mut",
    "bail",
];

impl Form {
    fn of(path: &Path) -> Option<Self> {
        match path.segments.last()?.ident.to_string().as_str() {
            list if LISTS.contains(&list) => Some(Form::List),
            "assert" | "debug_assert" => Some(Form::Assertion("assertion failed: {}")),
            "ensure" => Some(Form::Assertion("Condition failed: `{}`")),
            "dbg" => Some(Form::Debug),
            "vec" => Some(Form::Vector),
            "matches" => Some(Form::Matches),
            "cfg_select" => Some(Form::Select),
            _ => None,
        }
    }

    fn parse(self, tokens: TokenStream) -> syn::Result<Arguments> {
        let list = Punctuated::<Expr, Token![,]>::parse_terminated;
        match self {
            Form::List => list.parse2(tokens).map(Arguments::List),
            Form::Assertion(message) => list.parse2(tokens).map(|list| Arguments::assertion(list, message)),
            Form::Debug => list.parse2(tokens).map(Arguments::debug),
            Form::Vector => {
                parse_repetition.parse2(tokens.clone()).or_else(|_| list.parse2(tokens).map(Arguments::List))
            }
            Form::Matches => parse_matches.parse2(tokens),
            Form::Select => syn::parse2(tokens).map(Arguments::Select),
        }
    }
}

enum Arguments {
    List(Punctuated<Expr, Token![,]>),
    /// With the arguments that quote the condition, if there are none that say something else.
    Assertion(Punctuated<Expr, Token![,]>, Option<TokenStream>),
    /// Each value with the text that is quoted.
    Debug(Vec<(Expr, TokenStream)>),
    Repetition(Expr, Token![;], Expr),
    Matches(Expr, Token![,], Pat),
    Select(Arms),
}

fn parse_repetition(input: ParseStream<'_>) -> syn::Result<Arguments> {
    Ok(Arguments::Repetition(input.parse()?, input.parse()?, input.parse()?))
}

fn parse_matches(input: ParseStream<'_>) -> syn::Result<Arguments> {
    let value = input.parse()?;
    let comma = input.parse()?;
    let mut pattern = Pat::parse_multi_with_leading_vert(input)?;
    if input.peek(Token![if]) {
        let (if_token, guard) = (input.parse()?, input.parse()?);
        pattern = Pat::Guard(PatGuard { attrs: Vec::new(), pat: Box::new(pattern), if_token, guard });
    }
    input.parse::<Option<Token![,]>>()?;
    Ok(Arguments::Matches(value, comma, pattern))
}

impl Arguments {
    fn assertion(list: Punctuated<Expr, Token![,]>, message: &str) -> Self {
        let condition = list.first().filter(|_| list.len() == 1);
        let quoted = condition.map(|condition| quote!(, #message, ::core::stringify!(#condition)));
        Arguments::Assertion(list, quoted)
    }

    fn debug(values: Punctuated<Expr, Token![,]>) -> Self {
        let quoted = |value: Expr| {
            let text = value.to_token_stream();
            (value, text)
        };
        Arguments::Debug(values.into_iter().map(quoted).collect())
    }

    fn visit(&mut self, rewrite: &mut Rewrite<'_>) {
        match self {
            Arguments::List(list) | Arguments::Assertion(list, _) => rewrite.visit_list(list),
            Arguments::Debug(values) => {
                for (value, _) in values {
                    rewrite.visit_expr_mut(value);
                }
            }
            Arguments::Repetition(value, _, count) => {
                rewrite.visit_expr_mut(value);
                rewrite.visit_expr_mut(count);
            }
            Arguments::Matches(value, _, pattern) => {
                rewrite.visit_expr_mut(value);
                rewrite.visit_pat_mut(pattern);
            }
            Arguments::Select(arms) => arms.visit(rewrite),
        }
    }

    fn put_back(self, mac: &mut Macro) -> Option<Expr> {
        mac.tokens = match self {
            Arguments::Debug(values) => return Some(debug(&mac.path, &values)),
            // Without a message of its own the assertion would quote our rewriting. anyhow's goes through the
            // condition token by token, which the parentheses spare it.
            Arguments::Assertion(list, quoted) => {
                let mut list = list.into_iter();
                let (condition, more) = (list.next(), list);
                quote!((#condition) #(, #more)* #quoted)
            }
            Arguments::List(list) => list.into_token_stream(),
            Arguments::Repetition(value, semicolon, count) => quote!(#value #semicolon #count),
            Arguments::Matches(value, comma, pattern) => quote!(#value #comma #pattern),
            Arguments::Select(arms) => arms.into_token_stream(),
        };
        None
    }
}

/// What `dbg!` expands to, with the user's text and place.
fn debug(path: &Path, values: &[(Expr, TokenStream)]) -> Expr {
    let place = quote_spanned! {path.span()=>
        ::core::file!(), ::core::line!(), ::core::column!()
    };
    let shown = values.iter().map(|(value, text)| {
        quote_spanned! {Span::mixed_site()=>
            match #value {
                __value => {
                    ::std::eprintln!(
                        "[{}:{}:{}] {} = {:#?}", #place, ::core::stringify!(#text), &__value
                    );
                    __value
                }
            }
        }
    });
    match values.len() {
        1 => parse_quote_spanned!(Span::mixed_site()=> #(#shown)*),
        _ => parse_quote_spanned!(Span::mixed_site()=> (#(#shown),*)),
    }
}
