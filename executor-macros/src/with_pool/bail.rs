//! `bail!` and `ensure!` of anyhow and eyre, which return from the function that they stand in.
//!
//! The user's own macro runs in a closure that is called at once, and behind it stands a real `return` of the error
//! that it returned there. That closure is to the macro's arguments what the block's is to the block: each way out of
//! it is a site, whose landing comes behind the call. So the macro goes on doing with its arguments what it does, in
//! its order, and nothing has to be known about it:
//!
//! ```text
//!   match (|| -> Result<Exit<()>, _> {
//!       ensure!(n > limit()?, "too few");              `?` becomes `return Ok(Exit::at(0, ..))`
//!       Ok(Exit::end(()))
//!   })() {
//!       Ok(exit) => match exit.open() {
//!           Ok(value) => value,
//!           Err(0) => match slot0.unwrap()? {}          the `?` of the block
//!       },
//!       Err(error) => return Err(error),                and a `return` of the block
//!   }
//! ```
//!
//! Another macro of one of the names either returns errors as well, and means the same here, or does not compile: the
//! closure has no other way out and no other value that could be written by accident.

use proc_macro2::Span;
use quote::quote_spanned;
use syn::spanned::Spanned as _;
use syn::{Expr, Macro, Path, parse_quote_spanned};

use super::arguments;
use super::expand::landings;
use super::rewrite::Rewrite;
use super::site::{Frame, Slots};
use crate::refusals::Refusals;

/// Where a macro stands.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// It may be several statements.
    Statement,
    Expression,
}

/// An expression that does what the macro does; its landings are sites of the block around.
pub(crate) fn expand(
    mac: &Macro,
    place: Place,
    runtime: &Path,
    slots: &mut Slots,
    refusals: &mut Refusals,
) -> Option<Expr> {
    if !is_one(&mac.path) {
        return None;
    }
    let diverges = mac.path.segments.last()?.ident == "bail";
    let mut mac = mac.clone();
    let mut rewrite = Rewrite::new(Frame::of_macro(runtime), slots, refusals);
    arguments::visit(&mut mac, &mut rewrite);
    let sites = rewrite.sites;

    // What the landing has to say about types is said where the macro stands.
    let span = Span::mixed_site().located_at(mac.path.span());
    let (value, body, end) = if diverges {
        let never = quote_spanned!(span=> ::core::convert::Infallible);
        (never, quote_spanned!(span=> #mac;), quote_spanned!(span=> match __value {}))
    } else {
        // A value that somebody sees has to be that of the macro, and not ours.
        let mac = match place {
            Place::Statement => quote_spanned!(span=> #mac;),
            Place::Expression => quote_spanned!(span=> let () = #mac;),
        };
        let body = quote_spanned! {span=>
            #mac
            ::core::result::Result::Ok(#runtime::__private::Exit::end(()))
        };
        (quote_spanned!(span=> ()), body, quote_spanned!(span=> __value))
    };
    let declarations = sites.iter().filter_map(|site| site.declaration(runtime));
    let landings = landings(runtime, &sites);
    Some(parse_quote_spanned! {span=>
        {
            #(#declarations)*
            match (|| -> ::core::result::Result<#runtime::__private::Exit<#value>, _> { #body })() {
                ::core::result::Result::Ok(__exit) => match #runtime::__private::Exit::open(__exit) {
                    ::core::result::Result::Ok(__value) => #end,
                    #landings
                },
                ::core::result::Result::Err(__error) => return ::core::result::Result::Err(__error),
            }
        }
    })
}

/// Whether a path leads to a macro that is called like one of these, wherever it comes from.
pub(crate) fn is_one(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident == "bail" || last.ident == "ensure")
}
