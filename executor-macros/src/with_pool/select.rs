//! The arms of `cfg_select!`, one of which stands where the macro does.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::visit_mut::VisitMut as _;
use syn::{Block, Expr, Stmt, Token, parse_quote, token};

use super::rewrite::Rewrite;

/// `predicate => { statements }` or `predicate => expression,`, each but the last with its comma.
pub(crate) struct Arms(Vec<Arm>);

struct Arm {
    /// Tokens of a `cfg`, or `_`.
    predicate: TokenStream,
    body: Body,
}

enum Body {
    Statements(Vec<Stmt>),
    Expression(Box<Expr>),
}

impl Parse for Arms {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut arms = Vec::new();
        while !input.is_empty() {
            let mut predicate = TokenStream::new();
            while !input.peek(Token![=>]) {
                predicate.extend([input.parse::<TokenTree>()?]);
            }
            input.parse::<Token![=>]>()?;
            let body = if input.peek(token::Brace) {
                let content;
                syn::braced!(content in input);
                Body::Statements(content.call(Block::parse_within)?)
            } else {
                Body::Expression(input.parse()?)
            };
            input.parse::<Option<Token![,]>>()?;
            arms.push(Arm { predicate, body });
        }
        Ok(Arms(arms))
    }
}

impl Arms {
    /// The first arm whose predicate holds is the one that counts: what is in it stands under that condition.
    pub(crate) fn visit(&mut self, rewrite: &mut Rewrite<'_>) {
        let mut before: Vec<TokenStream> = Vec::new();
        for Arm { predicate, body } in &mut self.0 {
            let holds = if predicate.to_string() == "_" { quote!(all()) } else { predicate.clone() };
            rewrite.under(&[parse_quote!(#[cfg(all(#holds, not(any(#(#before),*))))])], |rewrite| match body {
                Body::Statements(statements) => statements.iter_mut().for_each(|it| rewrite.visit_stmt_mut(it)),
                Body::Expression(expression) => rewrite.visit_expr_mut(expression),
            });
            before.push(holds);
        }
    }
}

impl ToTokens for Arms {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for Arm { predicate, body } in &self.0 {
            tokens.extend(match body {
                Body::Statements(statements) => quote!(#predicate => { #(#statements)* }),
                // In parentheses: braces of ours would be taken for the arm's.
                Body::Expression(expression) => quote!(#predicate => (#expression),),
            });
        }
    }
}
