//! Writes a task down. No decision is left but which of the traits a task has.
//!
//! Our local names have the span `mixed_site`, so that they can never meet an
//! argument or a function of the same name. They begin with two underscores,
//! for in a pattern the name of a constant is that constant, whatever its span.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Attribute, Ident, Lifetime, Type};

use super::args::Kind;
use super::generics::Instance;
use super::implement::Subject;
use super::model::Model;
use super::types::with_lifetime;
use crate::attributes::lints;

const NOTE: &str = " A pool task: `{}::task(..)` describes a call that an executor can run.";

pub(crate) fn expand(model: &Model) -> TokenStream {
    let task = Subject::of_task(model);
    let mut items = vec![handle(model), constructor(model), task.task()];
    items.extend((!model.borrows).then(|| task.owned_by_value()));
    match (model.kind, model.parameters.instances.as_slice()) {
        (Kind::Process, []) => items.extend(task.process_items()),
        (Kind::Process, instances) => items.extend(instances.iter().map(|it| instance(model, it))),
        (Kind::Thread, _) => {}
    }
    let function = documented(model);
    // No `cfg`s: the compiler has looked at those of an item before it expands the attributes of it.
    let lints = lints(&model.function.attributes);
    let lints = quote!(#(#lints)*);
    quote!(#function #(#lints #items)*)
}

impl Model {
    pub(crate) fn ident(&self) -> &Ident {
        &self.function.signature.ident
    }

    /// The argument types, borrowing for `lifetime`.
    pub(crate) fn types(&self, lifetime: &str) -> Vec<Type> {
        let arguments = self.arguments.iter();
        arguments.map(|argument| self.borrowing_for(lifetime, &argument.ty)).collect()
    }

    pub(crate) fn borrowing_for(&self, lifetime: &str, ty: &Type) -> Type {
        let lifetime = Lifetime::new(lifetime, Span::mixed_site());
        with_lifetime(ty, &self.function.signature.generics, &lifetime)
    }

    pub(crate) fn deprecation(&self) -> Option<&Attribute> {
        let attributes = &self.function.attributes;
        attributes.iter().find(|attribute| attribute.path().is_ident("deprecated"))
    }

    /// What errors call the task. `instance` goes behind it.
    pub(crate) fn name(&self, instance: Option<&str>) -> TokenStream {
        let chosen = self.name.as_ref().map(ToTokens::to_token_stream);
        let name = chosen.unwrap_or_else(|| {
            let name = self.ident().unraw().to_string();
            quote!(::core::concat!(::core::module_path!(), "::", #name))
        });
        match instance {
            Some(instance) => quote!(::core::concat!(#name, #instance)),
            None => name,
        }
    }
}

/// The function as it was written, its docs with a line of ours.
fn documented(model: &Model) -> TokenStream {
    let function = &model.function;
    let (attributes, visibility) = (&function.attributes, &function.visibility);
    let (signature, body) = (&function.signature, &function.body);
    let note = NOTE.replace("{}", &model.ident().to_string());
    quote! {
        #(#attributes)*
        #[doc = ""]
        #[doc = #note]
        #visibility #signature #body
    }
}

/// The type that carries the task's traits; it never has a value.
fn handle(model: &Model) -> TokenStream {
    let (visibility, ident, parameters) = (&model.function.visibility, model.ident(), &model.parameters);
    let (generics, field) = if parameters.is_empty() {
        (None, quote!(()))
    } else {
        let (declared, types) = (&parameters.declared, &parameters.types);
        (Some(quote!(<#(#declared),*>)), quote!(::core::marker::PhantomData<(#(*const #types,)*)>))
    };
    // At the function's name: what is said of the task is said there. It makes the struct the user's to the lints.
    let structure = quote_spanned!(ident.span()=> #visibility struct #ident #generics { _private: #field });
    quote_spanned! {Span::mixed_site()=>
        #[doc(hidden)]
        #[allow(dead_code, non_camel_case_types, unnameable_types, unreachable_pub)]
        #[allow(missing_copy_implementations, missing_debug_implementations)]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        #structure
    }
}

/// `task(..)`, with the names and types of the function itself.
fn constructor(model: &Model) -> TokenStream {
    let (runtime, ident) = (&model.runtime, model.ident());
    let (visibility, deprecation) = (&model.function.visibility, model.deprecation());
    let names: Vec<_> = model.arguments.iter().map(|argument| &argument.name).collect();
    let types = model.types("'task");
    let doc = format!(" Describes a call of [`{ident}`](fn@{ident}): nothing runs before it is submitted.");
    let subject = Subject::of_task(model);
    let (generics, target) = (subject.declared(), subject.target());
    // Demanded by the method and not by the block, or a type that does not fit would hide the method.
    let bounds = subject.bounds();
    quote_spanned! {Span::mixed_site()=>
        // The signature is the user's: what is odd about it is reported there.
        #[allow(dead_code, non_snake_case, clippy::all, clippy::pedantic)]
        impl #generics #target {
            #[doc = #doc]
            #deprecation
            #visibility fn task<'task>(#(#names: #types),*) -> #runtime::Call<'task, Self> #bounds {
                #runtime::Call::new((#(#names,)*))
            }
        }
    }
}

/// The process task for the types of one instance: the parameters become names of these types.
fn instance(model: &Model, instance: &Instance) -> TokenStream {
    let (names, items) = (&model.parameters.names, Subject::of_instance(model, instance).process_items());
    // By a name in between, for the type of an instance may be called like a parameter.
    let types = &instance.types;
    let between: Vec<_> = (0..types.len()).map(|it| format_ident!("Type{it}", span = Span::mixed_site())).collect();
    quote_spanned! {Span::mixed_site()=>
        const _: () = {
            #(type #between = #types;)*
            const _: () = {
                #(#[allow(dead_code, non_camel_case_types)] type #names = #between;)*
                #(#items)*
            };
        };
    }
}
