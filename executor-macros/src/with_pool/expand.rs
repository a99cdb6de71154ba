//! The frame around a rewritten block.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit_mut::VisitMut as _;
use syn::{Expr, Ident, Path, Stmt};

use super::input::{Head, Input, Kind};
use super::options::{Options, default_on_error};
use super::rewrite::Rewrite;
use super::site::{Frame, Site, Slots};
use crate::fragments::Fragments;
use crate::refusals::Refusals;

/// One `match` expression of type `Result<_, PoolError>`.
pub(crate) fn expand(input: Input, slots: &mut Slots) -> syn::Result<TokenStream> {
    let mut refusals = Refusals::default();
    let pool = Pool::read(input.head, input.runtime, &mut refusals);
    let mut block = input.block;
    // It is rewritten, and what clippy has to say about a last `?` of nothing would be said about the whole macro.
    let ends_in_question = matches!(block.stmts.last(), Some(Stmt::Expr(Expr::Try(_), None)));
    let allowed = ends_in_question.then(|| quote!(#[allow(clippy::semicolon_if_nothing_returned)]));
    let mut rewrite = Rewrite::new(Frame::of_block(pool.runtime()), slots, &mut refusals);
    rewrite.visit_block_mut(&mut block);
    let sites = rewrite.sites;
    refusals.finish(Some(()))?;
    // The braces are the user's, whose edition says when the temporaries of a last expression are dropped. Anywhere
    // but here they would be reported as unnecessary around a single value.
    let arm = quote!(#allowed () => #block);
    Ok(pool.open(&run(&pool, &input.name, &arm, &sites)))
}

/// Whose scope the block is.
enum Pool {
    Own(Kind, Options),
    Existing(Expr, Path),
}

impl Pool {
    fn read(head: Head, runtime: Path, refusals: &mut Refusals) -> Self {
        match head {
            Head::Pool { kind, options } => Pool::Own(kind, Options::read(kind, options, runtime, refusals)),
            Head::Existing(mut executor) => {
                Fragments.visit_expr_mut(&mut executor);
                Pool::Existing(executor, runtime)
            }
        }
    }

    fn runtime(&self) -> &Path {
        match self {
            Pool::Own(_, options) => &options.runtime,
            Pool::Existing(_, runtime) => runtime,
        }
    }

    /// Runs `run` with the pool in the local `__pool`.
    fn open(&self, run: &TokenStream) -> TokenStream {
        match self {
            Pool::Own(kind, Options { runtime, calls, .. }) => {
                let executor = kind.executor();
                let calls = calls.iter().map(|(name, value)| quote_spanned!(Span::mixed_site()=> .#name(#value)));
                quote_spanned! {Span::mixed_site()=>
                    match #runtime::#executor::builder()#(#calls)*.build() {
                        ::core::result::Result::Err(__error) => {
                            ::core::result::Result::Err(__error)
                        }
                        ::core::result::Result::Ok(__pool) => { #run }
                    }
                }
            }
            Pool::Existing(executor, _) => quote_spanned! {Span::mixed_site()=>
                match &(#executor) { __pool => { #run } }
            },
        }
    }

    /// Runs `body` in a scope of the local `__pool`.
    fn scope(&self, body: &TokenStream) -> TokenStream {
        let runtime = self.runtime();
        let on_error = match self {
            Pool::Own(_, options) => options.on_error.clone(),
            Pool::Existing(..) => default_on_error(),
        };
        let on_error = quote_spanned!(Span::mixed_site()=> #runtime::__private::OnError::#on_error);
        match self {
            Pool::Own(Kind::Thread, _) => quote_spanned! {Span::mixed_site()=>
                #runtime::ThreadPoolExecutor::__scope(&__pool, #on_error, #body)
            },
            Pool::Own(Kind::Process, _) => quote_spanned! {Span::mixed_site()=>
                #runtime::ExecutorExt::__scope(&__pool, #on_error, #body)
            },
            // Its type is not known here: a thread pool's own method comes first,
            // any other executor has the one of `ExecutorExt`.
            Pool::Existing(..) => quote_spanned!(Span::mixed_site()=> __pool.__scope(#on_error, #body)),
        }
    }
}

impl Kind {
    fn executor(self) -> Ident {
        let name = match self {
            Kind::Thread => "ThreadPoolExecutor",
            Kind::Process => "ProcessPoolExecutor",
        };
        Ident::new(name, Span::mixed_site())
    }
}

/// The block in its scope, and behind it the landings of all its sites.
fn run(pool: &Pool, name: &Ident, arm: &TokenStream, sites: &[Site]) -> TokenStream {
    let runtime = pool.runtime();
    let declarations = sites.iter().filter_map(|site| site.declaration(runtime));
    let landings = landings(runtime, sites);
    let scope = pool.scope(&quote_spanned! {Span::mixed_site()=>
        |#name| -> #runtime::__private::Exit<_> {
            // A block may end in `return` or `panic!`, and then has no value.
            #[allow(clippy::diverging_sub_expression)]
            let __value = match () { #arm };
            #[allow(unreachable_code)]
            #runtime::__private::Exit::end(__value)
        }
    });
    quote_spanned! {Span::mixed_site()=>
        #(#declarations)*
        let __end = #runtime::__private::Exit::open(#scope);
        match __end {
            #[allow(unreachable_code)]
            ::core::result::Result::Ok(__value) => {
                ::core::result::Result::Ok::<_, #runtime::PoolError>(__value)
            }
            #landings
        }
    }
}

/// The arms of an opened exit that is no end.
pub(crate) fn landings(runtime: &Path, sites: &[Site]) -> TokenStream {
    let landings = (0u32..).zip(sites).filter_map(|(index, site)| site.landing(runtime, index));
    quote_spanned! {Span::mixed_site()=>
        #(#landings)*
        ::core::result::Result::Err(_) => ::core::unreachable!("an exit has one of the sites"),
    }
}
