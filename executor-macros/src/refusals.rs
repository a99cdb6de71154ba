//! What a macro refuses about one item: collected first, reported together.

use std::fmt::Display;

use proc_macro2::Span;
use quote::ToTokens;
use syn::Error;

/// The refusals met so far, each an error on the token it is about.
#[derive(Default)]
pub(crate) struct Refusals(Option<Error>);

impl Refusals {
    /// Refuses `tokens`; the message says what to write instead.
    pub(crate) fn refuse(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(Error::new_spanned(tokens, message));
    }

    /// Refuses what has a place but no tokens of its own.
    pub(crate) fn refuse_at(&mut self, span: Span, message: impl Display) {
        self.add(Error::new(span, message));
    }

    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value, or `None` with its error noted.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// The result, unless something was refused.
    ///
    /// # Panics
    /// If `value` is missing and nothing says why.
    pub(crate) fn finish<T>(self, value: Option<T>) -> syn::Result<T> {
        match self.0 {
            Some(errors) => Err(errors),
            None => Ok(value.expect("what is missing was refused")),
        }
    }
}
