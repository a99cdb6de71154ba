//! `#[pool_task]`: args → model → expand.
//!
//! Everything that can be wrong is found by [`args`] and [`model`], with [`generics`]
//! and [`types`]. [`expand`] writes down a model that is right, [`implement`] the
//! traits of it. The function itself is emitted either way.

mod args;
mod expand;
mod generics;
mod implement;
mod model;
mod types;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ForeignItemFn, Safety};

use self::args::Args;
use self::model::Model;
use crate::refusals::Refusals;

pub(crate) fn pool_task(args: TokenStream, item: &TokenStream) -> TokenStream {
    match read(args, item.clone()) {
        Ok(model) => expand::expand(&model),
        Err(errors) => refused(item, &errors),
    }
}

/// The function as it was, so that the editor and all that calls it see it, and what is wrong with it.
fn refused(item: &TokenStream, errors: &Error) -> TokenStream {
    let errors = errors.to_compile_error();
    // Without a body the compiler would refuse it once more; one that is `safe` stands in an `extern` block.
    if let Ok(ForeignItemFn { attrs, vis, sig, .. }) = syn::parse2(item.clone())
        && !matches!(sig.safety, Safety::Safe(_))
    {
        return quote!(#(#attrs)* #vis #sig { #errors });
    }
    quote!(#item #errors)
}

fn read(args: TokenStream, item: TokenStream) -> syn::Result<Model> {
    let mut refusals = Refusals::default();
    let args = Args::read(args, &mut refusals);
    let function = refusals.keep(syn::parse2(item));
    let model = function.and_then(|function| Model::read(args, function, &mut refusals));
    refusals.finish(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(args: &str, item: &str) -> Vec<String> {
        let result = read(args.parse().unwrap(), item.parse().unwrap());
        let errors = result.err().into_iter().flatten();
        errors.map(|error| error.to_string()).collect()
    }

    #[test]
    fn everything_wrong_with_one_item_is_said_at_once() {
        let said = refusals("proces, nam = \"n\"", "async fn f<T>(&self, a: &mut T) -> &str {}");
        assert_eq!(said.len(), 6, "{said:#?}");
    }

    #[test]
    fn a_refused_function_is_emitted_as_it_was() {
        let item = "fn f(a: &mut u8) { half typed ? }".parse().unwrap();
        let emitted = pool_task(quote!(thread), &item).to_string();
        assert!(emitted.starts_with(&item.to_string()), "{emitted}");
        assert!(emitted.contains("compile_error"), "{emitted}");
    }

    #[test]
    fn twelve_arguments_are_taken_and_no_more() {
        let refused = |count| {
            let arguments: Vec<String> = (0..count).map(|index| format!("a{index}: u8")).collect();
            refusals("process", &format!("fn f({}) {{}}", arguments.join(", "))).len()
        };
        assert_eq!([refused(0), refused(12), refused(13)], [0, 0, 1]);
    }
}
