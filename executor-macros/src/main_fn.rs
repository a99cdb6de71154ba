//! `#[executor_runtime::main]`: a `main` in which worker processes start.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Path};

use crate::function::Function;
use crate::refusals::Refusals;
use crate::setting::{Setting, default_runtime};
use crate::suggestion::suggestion;

pub(crate) fn main_fn(args: TokenStream, item: &TokenStream) -> TokenStream {
    match read(args, item.clone()) {
        Ok(model) => expand(&model),
        Err(errors) => {
            let errors = errors.to_compile_error();
            quote!(#item #errors)
        }
    }
}

struct Model {
    runtime: Path,
    function: Function,
    body: Body,
}

/// A body whose inner attributes must stay in front of what we add.
struct Body {
    attributes: Vec<Attribute>,
    statements: TokenStream,
}

impl Parse for Body {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Body { attributes: input.call(Attribute::parse_inner)?, statements: input.parse()? })
    }
}

fn read(args: TokenStream, item: TokenStream) -> syn::Result<Model> {
    let mut refusals = Refusals::default();
    let runtime = read_runtime(args, &mut refusals);
    let function: Option<Function> = refusals.keep(syn::parse2(item));
    let model = function.and_then(|function| {
        refuse_signature(&function, &mut refusals);
        let body = refusals.keep(syn::parse2(function.body.stream()))?;
        Some(Model { runtime, function, body })
    });
    refusals.finish(model)
}

fn read_runtime(args: TokenStream, refusals: &mut Refusals) -> Path {
    let mut runtime = None;
    for setting in Setting::parse_list(args, refusals) {
        if setting.name == "crate" {
            runtime = setting.path(refusals);
        } else {
            let name = setting.name;
            let hint = suggestion(&name.to_string(), &["crate"]);
            refusals.refuse(&name, format!("unknown option `{name}`{hint}"));
        }
    }
    runtime.unwrap_or_else(default_runtime)
}

fn refuse_signature(function: &Function, refusals: &mut Refusals) {
    let signature = &function.signature;
    if let Some(token) = &signature.asyncness {
        refusals.refuse(
            token,
            "worker processes start before any async runtime: put this attribute below the \
             runtime's own, or call `executor_runtime::init()` first in a plain `main`",
        );
    }
    if let Some(first) = signature.inputs.first() {
        refusals.refuse(first, "`main` takes no arguments");
    }
}

fn expand(model: &Model) -> TokenStream {
    let Model { runtime, function, body } = model;
    let (outer, visibility) = (&function.attributes, &function.visibility);
    let (signature, inner) = (&function.signature, &body.attributes);
    let statements = &body.statements;
    quote! {
        #(#outer)*
        #visibility #signature {
            #(#inner)*
            #runtime::init();
            #statements
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(args: &str, item: &str) -> usize {
        let result = read(args.parse().unwrap(), item.parse().unwrap());
        result.err().into_iter().flatten().count()
    }

    #[test]
    fn init_comes_first_but_behind_inner_attributes() {
        let item = quote! {
            fn main() -> u8 { #![allow(dead_code)] 3 }
        };
        let expanded = main_fn(quote!(crate = my::runtime), &item);
        let expected = quote! {
            fn main() -> u8 { #![allow(dead_code)] my::runtime::init(); 3 }
        };
        assert_eq!(expanded.to_string(), expected.to_string());
    }

    #[test]
    fn main_is_a_plain_function_without_arguments() {
        assert_eq!(refused("", "fn main() {}"), 0);
        assert_eq!(refused("", "async fn main(n: u8) {}"), 2);
        assert_eq!(refused("crat = x", "fn main() {}"), 1);
        assert_eq!(refused("", "mod main {}"), 1);
    }
}
