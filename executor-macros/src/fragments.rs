//! Expressions that a `macro_rules!` macro passes on.
//!
//! `$e` stands in a group without delimiters, which keeps it together; but the compiler does not look at such a group
//! when a procedural macro writes it, and `$e * 10` would become `1 + 2 * 10`. So the group is written as parentheses.

use proc_macro2::Span;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprGroup, ExprParen, token};

/// Keeps together what a macro passed on, wherever it stands in what is visited.
pub(crate) struct Fragments;

impl VisitMut for Fragments {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        keep_together(expr);
        visit_mut::visit_expr_mut(self, expr);
    }
}

/// Keeps together what a macro passed on, if this is such an expression.
pub(crate) fn keep_together(expr: &mut Expr) {
    while let Expr::Group(ExprGroup { attrs, expr: inner, .. }) = expr {
        let (attrs, inner) = (std::mem::take(attrs), std::mem::replace(&mut **inner, Expr::PLACEHOLDER));
        *expr = if is_one(&inner) && attrs.is_empty() {
            inner
        } else {
            let paren_token = token::Paren(Span::mixed_site());
            Expr::Paren(ExprParen { attrs, paren_token, expr: Box::new(inner) })
        };
    }
}

/// Whether an expression is taken for one whatever stands beside it.
fn is_one(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Array(_)
            | Expr::Call(_)
            | Expr::Field(_)
            | Expr::Group(_)
            | Expr::Index(_)
            | Expr::Lit(_)
            | Expr::Macro(_)
            | Expr::MethodCall(_)
            | Expr::Paren(_)
            | Expr::Path(_)
            | Expr::Try(_)
            | Expr::Tuple(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proc_macro2::{Delimiter, Group, TokenStream};
    use quote::{ToTokens as _, quote};

    #[test]
    fn what_would_fall_apart_gets_parentheses_and_nothing_else_does() {
        let fragment = |text: &str| Group::new(Delimiter::None, text.parse::<TokenStream>().unwrap());
        for (text, expected) in [("1 + 2", "(1 + 2) * 10"), ("a . b", "a . b * 10"), ("f (1)", "f (1) * 10")] {
            let fragment = fragment(text);
            let mut expr: Expr = syn::parse2(quote!(#fragment * 10)).unwrap();
            Fragments.visit_expr_mut(&mut expr);
            assert_eq!(expr.to_token_stream().to_string(), expected);
        }
        let fragment = fragment("- 1");
        let mut closure: Expr = syn::parse2(quote!(|| #fragment . abs())).unwrap();
        Fragments.visit_expr_mut(&mut closure);
        assert_eq!(closure.to_token_stream().to_string(), "| | (- 1) . abs ()");
    }
}
