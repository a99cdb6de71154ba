//! `with_pool!`: input → options → rewrite → expand.
//!
//! The block becomes a closure, because that is what a scope takes. So that
//! `?`, `return`, `break` and `continue` in it go on meaning what they mean
//! outside of a closure, each of them becomes a *site*:
//!
//! ```text
//!   let mut slot0 = None;                     a slot per site, typed by its landing
//!   let end = pool.__scope(OnError::Cancel, |pool| {
//!       .. slot0 = Some(residual);            in place of the user's `?`:
//!          return Exit::at(0, failed) ..      fill the slot, leave the closure
//!   });
//!   match end.open() {
//!       Ok(value) => Ok(value),
//!       Err(0) => match slot0.unwrap()? {}    the landing: the real `?`, outside,
//!   }                                         with the user's own span
//! ```
//!
//! [`input`] knows the grammar, [`options`] what each pool can be told,
//! [`rewrite`] finds the sites (through the arguments of std's macros, see
//! [`arguments`] and [`select`], and in [`bail`]'s), [`site`] writes their two ends, [`expand`]
//! the frame.

mod arguments;
mod bail;
mod expand;
mod input;
mod options;
mod rewrite;
mod select;
mod site;

use proc_macro2::TokenStream;
use quote::quote;

use self::input::Input;
use self::site::Slots;

pub(crate) fn with_pool(input: TokenStream) -> TokenStream {
    let input = syn::parse2::<Input>(input);
    let expansion = input.and_then(|input| expand::expand(input, &mut Slots::default()));
    expansion.unwrap_or_else(|errors| {
        let errors = errors.to_compile_error();
        // Several errors are several statements; the macro stands for one expression.
        quote!({ #errors })
    })
}
