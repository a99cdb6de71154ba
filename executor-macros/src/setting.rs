//! `name`, `name = value` and `name(list)`: how every macro of this crate is given its options.

use std::time::Duration;

use proc_macro2::{Group, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::visit_mut::VisitMut as _;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Path, Token, parse_quote, token};

use crate::fragments::Fragments;
use crate::refusals::Refusals;

/// One entry of a comma-separated list.
pub(crate) struct Setting {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What stands behind a setting's name.
pub(crate) enum Value {
    Missing,
    Given(Expr),
    List(Group),
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(Lit) {
            return Err(input.error("expected a word without quotes, or `word = value`"));
        }
        let name = input.call(Ident::parse_any)?;
        let value = if input.peek(token::Paren) {
            Value::List(input.parse()?)
        } else if input.peek(Token![:]) {
            return Err(input.error(format!("an option is written `{name} = ..`")));
        } else if input.parse::<Option<Token![=]>>()?.is_some() && !input.is_empty() && !input.peek(Token![,]) {
            Value::Given(input.parse()?)
        } else {
            Value::Missing
        };
        Ok(Setting { name, value })
    }
}

impl Setting {
    /// All settings of a list, in the order they were written.
    pub(crate) fn parse_list(list: TokenStream, refusals: &mut Refusals) -> Vec<Setting> {
        let settings = Punctuated::<Setting, Token![,]>::parse_terminated.parse2(list);
        let settings: Vec<Setting> = refusals.keep(settings).into_iter().flatten().collect();
        refuse_repeated(&settings, refusals);
        settings
    }

    /// The value as an expression; `example` is a value that would be right.
    pub(crate) fn expression(self, example: &str, refusals: &mut Refusals) -> Option<Expr> {
        let Setting { name, value } = self;
        match value {
            Value::Given(mut value) => {
                Fragments.visit_expr_mut(&mut value);
                Some(value)
            }
            Value::Missing | Value::List(_) => {
                refusals.refuse(&name, format!("`{name}` needs a value: `{name} = {example}`"));
                None
            }
        }
    }

    /// The value of `crate = ..`: where the runtime crate is found.
    pub(crate) fn path(self, refusals: &mut Refusals) -> Option<Path> {
        match self.expression("some::path", refusals)? {
            Expr::Path(path) if path.qself.is_none() => Some(path.path),
            other => {
                refusals.refuse(other, "`crate` takes a path, without quotes: `crate = some::path`");
                None
            }
        }
    }

    /// The value as a string literal.
    pub(crate) fn string(self, refusals: &mut Refusals) -> Option<LitStr> {
        let name = self.name.clone();
        match self.expression("\"..\"", refusals)? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text),
            other => {
                refusals.refuse(other, format!("`{name}` takes a string literal: `{name} = \"..\"`"));
                None
            }
        }
    }

    /// The value as a whole number: a literal, or an expression that the compiler looks at.
    pub(crate) fn number(self, example: &str, refusals: &mut Refusals) -> Option<Expr> {
        let name = self.name.clone();
        let value = self.expression(example, refusals)?;
        match literal(&value) {
            Some(Lit::Int(_)) | None => Some(value),
            Some(other) => {
                refusals.refuse(other, format!("`{name}` takes a whole number: `{name} = {example}`"));
                None
            }
        }
    }

    /// The value as a span of time.
    pub(crate) fn time(self, refusals: &mut Refusals) -> Option<Time> {
        const EXPECTED: &str = "expected a time such as `\"2s\"` or `\"150ms\"`, or an expression of type `Duration`";

        let value = self.expression("\"2s\"", refusals)?;
        match literal(&value) {
            None => Some(Time::Computed(value)),
            Some(Lit::Str(text)) => match humantime::parse_duration(&text.value()) {
                Ok(time) => Some(Time::Written(text.clone(), time)),
                Err(error) => {
                    refusals.refuse(text, format!("{EXPECTED}: {error}"));
                    None
                }
            },
            Some(other) => {
                refusals.refuse(other, EXPECTED);
                None
            }
        }
    }
}

/// A span of time, as an option is given it.
pub(crate) enum Time {
    /// As a text: `"2s"`.
    Written(LitStr, Duration),
    /// As any expression of type `Duration`.
    Computed(Expr),
}

impl Time {
    pub(crate) fn is_zero(&self) -> bool {
        matches!(self, Time::Written(_, time) if time.is_zero())
    }
}

impl ToTokens for Time {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Time::Written(text, time) => {
                let (seconds, nanoseconds) = (time.as_secs(), time.subsec_nanos());
                tokens.extend(quote_spanned!(text.span()=> ::core::time::Duration::new(#seconds, #nanoseconds)));
            }
            Time::Computed(value) => value.to_tokens(tokens),
        }
    }
}

/// Whether an expression is the number zero, written down.
pub(crate) fn is_zero(value: &Expr) -> bool {
    matches!(literal(value), Some(Lit::Int(number)) if number.base10_digits() == "0")
}

fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(literal) => Some(&literal.lit),
        _ => None,
    }
}

/// Where the expansions look for the runtime unless `crate = ..` says otherwise.
pub(crate) fn default_runtime() -> Path {
    parse_quote!(::executor_runtime)
}

/// Settings with a value are options, and no option is given twice.
fn refuse_repeated(settings: &[Setting], refusals: &mut Refusals) {
    for (index, Setting { name, value }) in settings.iter().enumerate() {
        let repeated = settings[..index].iter().any(|before| before.name == *name);
        if repeated && !matches!(value, Value::Missing) {
            refusals.refuse(name, format!("option `{name}` is given twice"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn messages(list: TokenStream) -> Vec<String> {
        let mut refusals = Refusals::default();
        Setting::parse_list(list, &mut refusals);
        let errors = refusals.finish(Some(())).err().into_iter().flatten();
        errors.map(|error| error.to_string()).collect()
    }

    #[test]
    fn a_list_keeps_names_values_and_keywords() {
        let mut refusals = Refusals::default();
        let list = quote!(process, crate = my::runtime, name = "n",);
        let settings = Setting::parse_list(list, &mut refusals);
        let names: Vec<_> = settings.iter().map(|it| it.name.to_string()).collect();
        assert_eq!(names, ["process", "crate", "name"]);
        assert!(refusals.finish(Some(())).is_ok());
    }

    #[test]
    fn an_option_given_twice_is_refused_once() {
        assert!(messages(quote!(name = "a", crate = b)).is_empty());
        let twice = messages(quote!(name = "a", name = "b"));
        assert_eq!(twice, ["option `name` is given twice"]);
    }
}
