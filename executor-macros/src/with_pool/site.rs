//! One place where the user's code leaves the block, and its two ends.
//!
//! The *departure* stands inside the closure where the user's keyword stood;
//! the *landing* stands outside and repeats the keyword with its own span, so
//! that the compiler checks, converts and reports as it would have there.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Expr, Ident, Lifetime, Path, Token, parse_quote_spanned};

pub(crate) struct Site {
    pub(crate) leave: Leave,
    /// Without one nothing is carried out: `continue` and a plain `break`.
    pub(crate) slot: Option<Ident>,
    /// The `cfg`s it stands under: a slot that nothing fills has no type.
    pub(crate) conditions: Vec<Attribute>,
    /// See [`Frame::reached`].
    pub(crate) reached: bool,
}

/// The user's own keyword, and with it the user's own span.
pub(crate) enum Leave {
    Return(Token![return]),
    Question(Token![?]),
    Break(Token![break], Option<Lifetime>),
    Continue(Token![continue], Option<Lifetime>),
}

/// Names for slots, unique within one expansion and the blocks nested in it:
/// they share a hygiene, and an inner block fills the slots of an outer one.
/// Like all our names they begin with underscores, since a constant of the name
/// would go before it in a pattern.
#[derive(Default)]
pub(crate) struct Slots(usize);

impl Slots {
    pub(crate) fn name(&mut self) -> Ident {
        let slot = format_ident!("__slot{}", self.0, span = Span::mixed_site());
        self.0 += 1;
        slot
    }
}

impl Site {
    /// Declares the slot in front of the scope.
    ///
    /// The jump that is never taken gives the slot the type that its landing
    /// needs, so that what the user wrote is coerced as it would be there.
    pub(crate) fn declaration(&self, runtime: &Path) -> Option<TokenStream> {
        let slot = self.slot.as_ref()?;
        let conditions = &self.conditions;
        let typed = match self.leave {
            Leave::Return(_) | Leave::Break(..) => {
                let jump = self.jump(runtime);
                Some(quote_spanned!(Span::mixed_site()=> #(#conditions)* if false { #jump }))
            }
            Leave::Question(_) | Leave::Continue(..) => None,
        };
        Some(quote_spanned! {Span::mixed_site()=>
            #(#conditions)*
            let mut #slot = ::core::option::Option::None;
            #typed
        })
    }

    /// The arm that does outside what the user wrote inside.
    pub(crate) fn landing(&self, runtime: &Path, index: u32) -> Option<TokenStream> {
        // The declaration has typed these, and nobody comes here.
        if !self.reached && matches!(self.leave, Leave::Return(_) | Leave::Break(..)) {
            return None;
        }
        let (conditions, jump) = (&self.conditions, self.jump(runtime));
        Some(quote_spanned! {Span::mixed_site()=>
            #(#conditions)*
            #[allow(unreachable_code)]
            ::core::result::Result::Err(#index) => #jump,
        })
    }

    fn jump(&self, runtime: &Path) -> TokenStream {
        let slot = self.slot.as_ref();
        let value = slot.map(|slot| quote_spanned!(Span::mixed_site()=> #runtime::__private::taken(#slot)));
        match &self.leave {
            Leave::Return(token) => quote!(#token #value),
            Leave::Question(token) => {
                // A name at the user's `?`, for what is wrong with that is reported from its operand on.
                let residual = Ident::new("__residual", token.span);
                quote_spanned!(Span::mixed_site()=> match #value { #residual => match #residual #token {} })
            }
            Leave::Break(token, label) => quote!(#token #label #value),
            Leave::Continue(token, label) => quote!(#token #label),
        }
    }
}

/// The closure that a departure leaves.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'r> {
    pub(crate) runtime: &'r Path,
    returns: Returns,
    /// False below `if false`, where the declarations of a nested block are: a departure that types a slot, but is
    /// none. To ask whether it is a failure would give its slot a type too early.
    pub(crate) reached: bool,
}

#[derive(Clone, Copy)]
enum Returns {
    /// An `Exit`: the block's.
    Exit,
    /// A `Result` of one: a macro's, see [`bail`](super::bail).
    Result,
}

impl<'r> Frame<'r> {
    pub(crate) fn of_block(runtime: &'r Path) -> Self {
        Frame { runtime, returns: Returns::Exit, reached: true }
    }

    pub(crate) fn of_macro(runtime: &'r Path) -> Self {
        Frame { runtime, returns: Returns::Result, reached: true }
    }

    /// In place of `operand?`.
    pub(crate) fn question(self, index: u32, slot: &Ident, token: Token![?], operand: &Expr) -> Expr {
        // Located at the user's `?`, for that is where a wrong operand is reported.
        let span = Span::mixed_site().located_at(token.span);
        let (runtime, exit) = (self.runtime, self.exit(index, Some(slot), span));
        parse_quote_spanned! {span=>
            match #runtime::__private::Question::branch(#operand) {
                ::core::ops::ControlFlow::Continue(__value) => __value,
                ::core::ops::ControlFlow::Break(__residual) => {
                    #slot = ::core::option::Option::Some(__residual);
                    return #exit
                }
            }
        }
    }

    /// In place of `return value`.
    pub(crate) fn returned(self, index: u32, slot: &Ident, token: Token![return], value: Option<&Expr>) -> Expr {
        // Located at the user's `return`, for what comes after it is unreachable because of that.
        let span = Span::mixed_site().located_at(token.span);
        let value = value.map_or_else(|| quote_spanned!(span=> ()), ToTokens::to_token_stream);
        let exit = self.exit(index, Some(slot), span);
        parse_quote_spanned! {span=>
            {
                #slot = ::core::option::Option::Some(#value);
                #[allow(unreachable_code)]
                { return #exit }
            }
        }
    }

    /// In place of `break value`, `break` and `continue`: none of them is a failure.
    pub(crate) fn jumped(self, index: u32, slot: Option<&Ident>, keyword: Span, value: Option<&Expr>) -> Expr {
        let span = Span::mixed_site().located_at(keyword);
        let filled = slot.map(|slot| quote_spanned!(span=> #slot = ::core::option::Option::Some(#value);));
        let exit = self.exit(index, None, span);
        parse_quote_spanned! {span=>
            {
                #filled
                #[allow(unreachable_code)]
                { return #exit }
            }
        }
    }

    /// What the closure returns; the block has failed if there is an `Err` in `slot`.
    fn exit(self, index: u32, slot: Option<&Ident>, span: Span) -> TokenStream {
        let runtime = self.runtime;
        match (self.returns, slot.filter(|_| self.reached)) {
            (Returns::Exit, Some(slot)) => {
                let failed = failed(runtime, slot);
                quote_spanned!(span=> #runtime::__private::Exit::at(#index, #failed))
            }
            (Returns::Exit, None) => quote_spanned!(span=> #runtime::__private::Exit::at(#index, false)),
            // Whether it fails is asked where it leaves the block.
            (Returns::Result, _) => quote_spanned! {span=>
                ::core::result::Result::Ok(#runtime::__private::Exit::at(#index, false))
            },
        }
    }
}

/// Whether what is in the slot is an `Err`: chosen by the slot's type, by
/// method resolution, because the macro sees no types.
fn failed(runtime: &Path, slot: &Ident) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        #runtime::__private::Probe::of(&#slot).__failed()
    }
}
