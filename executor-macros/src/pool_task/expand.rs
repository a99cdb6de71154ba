//! Writes a task down. No decision is left here but "borrows or not".
//!
//! Our local names have the span `mixed_site`, so that they can never meet an
//! argument or a function of the same name.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, Lifetime, Type, parse_quote};

use super::args::Kind;
use super::model::{Argument, Model, Passing};
use super::types::with_lifetime;
use crate::attributes::conditions;

const NOTE: &str = " A pool task: `{}::task(..)` describes a call that an executor can run.";

pub(crate) fn expand(model: &Model) -> TokenStream {
    let mut items = vec![handle(model), constructor(model), task(model)];
    if model.kind == Kind::Process {
        items.push(assertions(model));
    }
    match (model.kind, model.borrows) {
        (_, false) => items.push(owned_by_value(model)),
        (Kind::Process, true) => items.push(owned_by_encoding(model)),
        // Nobody may keep such a call: it runs inside a scope or not at all.
        (Kind::Thread, true) => {}
    }
    if model.kind == Kind::Process {
        items.extend([process_task(model), registration(model)]);
    }
    let function = documented(model);
    let conditions = conditions(&model.function.attributes);
    let conditions = quote!(#(#conditions)*);
    quote!(#function #(#conditions #items)*)
}

impl Model {
    fn ident(&self) -> &Ident {
        &self.function.signature.ident
    }

    /// Our own names for the arguments, in order.
    fn locals(&self) -> Vec<Ident> {
        let numbers = 0..self.arguments.len();
        numbers.map(|number| format_ident!("arg{number}", span = Span::mixed_site())).collect()
    }

    /// The argument types, borrowing for `lifetime`.
    fn types(&self, lifetime: &str) -> Vec<Type> {
        let arguments = self.arguments.iter();
        arguments.map(|argument| self.borrowing_for(lifetime, &argument.ty)).collect()
    }

    fn borrowing_for(&self, lifetime: &str, ty: &Type) -> Type {
        let lifetime = Lifetime::new(lifetime, Span::mixed_site());
        with_lifetime(ty, &self.function.signature.generics, &lifetime)
    }

    fn deprecation(&self) -> Option<&Attribute> {
        let attributes = &self.function.attributes;
        attributes.iter().find(|attribute| attribute.path().is_ident("deprecated"))
    }

    /// What lets an item of ours call a function that users should not call any more.
    fn allow_deprecated(&self) -> Option<TokenStream> {
        self.deprecation().map(|_| quote!(#[allow(deprecated)]))
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
    let (visibility, ident) = (&model.function.visibility, model.ident());
    // At the function's name: what is said of the task is said there. It makes the struct the user's to the lints.
    let structure = quote_spanned!(ident.span()=> #visibility struct #ident { _private: () });
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
    quote_spanned! {Span::mixed_site()=>
        // The signature is the user's: what is odd about it is reported there.
        #[allow(dead_code, non_snake_case, clippy::all, clippy::pedantic)]
        impl #ident {
            #[doc = #doc]
            #deprecation
            #visibility fn task<'task>(#(#names: #types),*) -> #runtime::Call<'task, Self> {
                #runtime::Call::new((#(#names,)*))
            }
        }
    }
}

fn task(model: &Model) -> TokenStream {
    let (runtime, ident, output) = (&model.runtime, model.ident(), &model.output);
    let (locals, types) = (model.locals(), model.types("'task"));
    let allow = model.allow_deprecated();
    let name = name(model);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        #allow
        impl #runtime::Task for #ident {
            type Args<'task> = (#(#types,)*);
            type Output = #output;
            const NAME: &'static str = #name;
            fn call((#(#locals,)*): Self::Args<'_>) -> Self::Output {
                #ident(#(#locals),*)
            }
        }
    }
}

/// What errors call the task.
fn name(model: &Model) -> TokenStream {
    if let Some(name) = &model.name {
        return name.to_token_stream();
    }
    let name = model.ident().unraw().to_string();
    quote!(::core::concat!(::core::module_path!(), "::", #name))
}

/// What the task is called on the way to a worker. A name that was chosen is the only one of the program; of
/// paths there can be several, so their place belongs to them.
fn wire_id(model: &Model) -> TokenStream {
    let runtime = &model.runtime;
    let name = quote_spanned!(Span::mixed_site()=> <Self as #runtime::Task>::NAME);
    if model.name.is_some() {
        return quote_spanned!(Span::mixed_site()=> #runtime::__private::WireId::chosen(#name));
    }
    // With the name's own span, or `line!()` would give the attribute's line.
    let place = quote_spanned! {model.ident().span()=>
        ::core::concat!(::core::file!(), ":", ::core::line!(), ":", ::core::column!())
    };
    quote_spanned!(Span::mixed_site()=> #runtime::__private::WireId::at(#name, #place))
}

/// Nothing is borrowed: the arguments themselves can be kept until the call runs.
fn owned_by_value(model: &Model) -> TokenStream {
    let (runtime, ident, types) = (&model.runtime, model.ident(), model.types("'static"));
    // Where the arguments are: one that no thread can be given is reported there.
    let place = model.function.signature.paren_token.span.join();
    let owned = quote_spanned!(place=> (#(#types,)*));
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #runtime::OwnedTask for #ident {
            type Owned = #owned;
            fn own(
                args: Self::Args<'_>,
            ) -> ::core::result::Result<Self::Owned, #runtime::TaskError> {
                ::core::result::Result::Ok(args)
            }
            fn call_owned(
                owned: Self::Owned,
            ) -> ::core::result::Result<Self::Output, #runtime::TaskError> {
                ::core::result::Result::Ok(<Self as #runtime::Task>::call(owned))
            }
        }
    }
}

/// Something is borrowed: what is kept is the arguments' encoding.
fn owned_by_encoding(model: &Model) -> TokenStream {
    let (runtime, ident) = (&model.runtime, model.ident());
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        impl #runtime::OwnedTask for #ident {
            type Owned = #runtime::__private::Encoded;
            fn own(
                args: Self::Args<'_>,
            ) -> ::core::result::Result<Self::Owned, #runtime::TaskError> {
                #runtime::__private::encode::<Self>(args)
            }
            fn call_owned(
                owned: Self::Owned,
            ) -> ::core::result::Result<Self::Output, #runtime::TaskError> {
                #runtime::__private::run_encoded::<Self>(&owned)
            }
        }
    }
}

fn process_task(model: &Model) -> TokenStream {
    let (runtime, ident, locals) = (&model.runtime, model.ident(), model.locals());
    let allow = model.allow_deprecated();
    let arguments = || model.arguments.iter().zip(&locals);
    let writes = arguments().map(|(argument, local)| write(model, argument, local));
    let reads = arguments().map(|(argument, local)| read(model, argument, local));
    let uses = arguments().map(|(argument, local)| pass(model, argument, local));
    let output = passing(model, &model.output);
    let id = wire_id(model);
    quote_spanned! {Span::mixed_site()=>
        #[automatically_derived]
        #allow
        impl #runtime::ProcessTask for #ident {
            const ID: #runtime::__private::WireId = #id;
            fn encode(
                (#(#locals,)*): &Self::Args<'_>,
                out: &mut #runtime::__private::Encoder<'_>,
            ) -> ::core::result::Result<(), #runtime::__private::CodecError> {
                #(#writes)*
                ::core::result::Result::Ok(())
            }
            fn run<'de>(
                input: &mut #runtime::__private::Decoder<'de>,
            ) -> ::core::result::Result<Self::Output, #runtime::__private::CodecError> {
                #(#reads)*
                ::core::result::Result::Ok(#ident(#(#uses),*))
            }
            fn encode_output(
                output: &Self::Output,
                out: &mut #runtime::__private::Encoder<'_>,
            ) -> ::core::result::Result<(), #runtime::__private::CodecError> {
                #output.write_value(output, out)
            }
            fn decode_output(
                input: &mut #runtime::__private::Decoder<'_>,
            ) -> ::core::result::Result<Self::Output, #runtime::__private::CodecError> {
                #output.read_value(input)
            }
        }
    }
}

/// The statement that writes one argument.
fn write(model: &Model, argument: &Argument, local: &Ident) -> TokenStream {
    match &argument.passing {
        Passing::Bytes => quote_spanned!(Span::mixed_site()=> out.bytes(#local)?;),
        Passing::Borrowed(referent) => {
            let passing = passing(model, &model.borrowing_for("'_", referent));
            quote_spanned!(Span::mixed_site()=> #passing.write_borrowed(*#local, out)?;)
        }
        Passing::Value => {
            let passing = passing(model, &model.borrowing_for("'_", &argument.ty));
            quote_spanned!(Span::mixed_site()=> #passing.write_value(#local, out)?;)
        }
    }
}

/// The statement that reads one argument.
fn read(model: &Model, argument: &Argument, local: &Ident) -> TokenStream {
    match &argument.passing {
        Passing::Bytes => quote_spanned!(Span::mixed_site()=> let #local = input.bytes()?;),
        Passing::Borrowed(referent) => {
            let passing = passing(model, &model.borrowing_for("'de", referent));
            quote_spanned!(Span::mixed_site()=> let #local = #passing.read_borrowed(input)?;)
        }
        Passing::Value => {
            let passing = passing(model, &model.borrowing_for("'de", &argument.ty));
            quote_spanned!(Span::mixed_site()=> let #local = #passing.read_value(input)?;)
        }
    }
}

/// What the function is given for one argument that was read.
fn pass(model: &Model, argument: &Argument, local: &Ident) -> TokenStream {
    match &argument.passing {
        Passing::Borrowed(referent) => {
            let passing = passing(model, &model.borrowing_for("'de", referent));
            quote_spanned!(Span::mixed_site()=> #passing.lend(&#local))
        }
        Passing::Bytes | Passing::Value => local.to_token_stream(),
    }
}

/// What writes and reads a type, also one that cannot be sent: only the assertions refuse it.
fn passing(model: &Model, ty: &Type) -> TokenStream {
    let runtime = &model.runtime;
    quote_spanned!(Span::mixed_site()=> #runtime::__private::Passing::<#ty>::NEW)
}

/// Makes a type that cannot be sent an error on its own token, in our words.
fn assertions(model: &Model) -> TokenStream {
    let runtime = &model.runtime;
    let kept = if model.borrows { "assert_borrowed" } else { "assert_kept" };
    let arguments = model.arguments.iter().map(|argument| (model.borrowing_for("'_", argument.sent()), kept));
    let (types, assertions): (Vec<_>, Vec<_>) = arguments.chain([(model.output.clone(), "assert_output")]).unzip();
    let passings = types.iter().map(|ty| quote_spanned!(Span::mixed_site()=> #runtime::__private::Passing<#ty>));
    // Where the types are written: what is wrong with one is reported there.
    let names: Vec<_> = types.iter().map(|ty| Ident::new("passing", ty.span())).collect();
    let assertions = types.iter().zip(&names).zip(&assertions).map(|((ty, name), assertion)| {
        let assertion = Ident::new(assertion, ty.span());
        quote_spanned!(ty.span()=> |#name| #name.#assertion())
    });
    quote_spanned! {Span::mixed_site()=>
        const _: (#(fn(#passings),)*) = (#(#assertions,)*);
    }
}

/// Puts the task on the list that a worker process looks names up in.
fn registration(model: &Model) -> TokenStream {
    let (runtime, ident) = (&model.runtime, model.ident());
    // With the name's own span, or `line!()` would give the attribute's line.
    let place = quote_spanned! {ident.span()=>
        ::core::file!(), ::core::line!(), ::core::column!()
    };
    let slice: Attribute = parse_quote! {
        #[#runtime::__private::linkme::distributed_slice(#runtime::__private::TASKS)]
    };
    quote_spanned! {Span::mixed_site()=>
        const _: () = {
            #slice
            #[linkme(crate = #runtime::__private::linkme)]
            static ENTRY: #runtime::__private::TaskEntry =
                #runtime::__private::TaskEntry::new::<#ident>(#place);
        };
    }
}
