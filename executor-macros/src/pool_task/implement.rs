//! The traits of a task, or of one instance of it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, Ident, Type, parse_quote};

use super::generics::Instance;
use super::model::{Argument, Model, Passing};

/// What the traits are implemented for.
pub(crate) struct Subject<'m> {
    model: &'m Model,
    /// Absent for a task that has none, or is implemented for all types at once.
    instance: Option<&'m Instance>,
}

impl<'m> Subject<'m> {
    pub(crate) fn of_task(model: &'m Model) -> Self {
        Subject { model, instance: None }
    }

    /// Where this is written the names of the parameters are those of the instance's types.
    pub(crate) fn of_instance(model: &'m Model, instance: &'m Instance) -> Self {
        Subject { model, instance: Some(instance) }
    }

    /// What makes a task a process task.
    pub(crate) fn process_items(&self) -> Vec<TokenStream> {
        let mut items = vec![self.process_task(), self.assertions(), self.registration()];
        items.extend(self.model.borrows.then(|| self.owned_by_encoding()));
        items
    }

    /// `name<T>`.
    pub(crate) fn target(&self) -> TokenStream {
        let (ident, arguments) = (self.model.ident(), self.arguments());
        quote!(#ident #arguments)
    }

    /// `<T>` where it is declared.
    pub(crate) fn declared(&self) -> Option<TokenStream> {
        let declared = &self.model.parameters.declared;
        self.is_generic().then(|| quote!(<#(#declared),*>))
    }

    /// `where T: ..`: what the function demands, and what being sent to a thread does.
    pub(crate) fn bounds(&self) -> Option<TokenStream> {
        let parameters = &self.model.parameters;
        let (bounds, types) = (&parameters.bounds, &parameters.types);
        self.is_generic().then(
            || quote_spanned!(Span::mixed_site()=> where #(#bounds,)* #(#types: ::core::marker::Send + 'static,)*),
        )
    }

    fn arguments(&self) -> Option<TokenStream> {
        let names = &self.model.parameters.names;
        (!names.is_empty()).then(|| quote!(<#(#names),*>))
    }

    fn is_generic(&self) -> bool {
        !self.model.parameters.is_empty() && self.instance.is_none()
    }

    /// The function, with its types.
    fn function(&self) -> TokenStream {
        let ident = self.model.ident();
        let arguments = self.arguments().map(|arguments| quote!(::#arguments));
        quote!(#ident #arguments)
    }

    /// Our own names for the arguments, in order.
    fn locals(&self) -> Vec<Ident> {
        let numbers = 0..self.model.arguments.len();
        numbers.map(|number| format_ident!("__arg{number}", span = Span::mixed_site())).collect()
    }

    /// What lets an item of ours call a function that users should not call any more.
    fn allow_deprecated(&self) -> Option<TokenStream> {
        self.model.deprecation().map(|_| quote!(#[allow(deprecated)]))
    }

    pub(crate) fn task(&self) -> TokenStream {
        let (model, runtime, output) = (self.model, &self.model.runtime, &self.model.output);
        let (generics, target, bounds) = (self.declared(), self.target(), self.bounds());
        let (function, locals, types) = (self.function(), self.locals(), model.types("'task"));
        let (name, allow) = (model.name(None), self.allow_deprecated());
        let timeout = model.timeout.as_ref().map(|timeout| {
            quote_spanned! {Span::mixed_site()=>
                const TIMEOUT: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(#timeout);
            }
        });
        let retries = model.retries.as_ref();
        let retries = retries.map(|it| quote_spanned!(Span::mixed_site()=> const RETRIES: u32 = #it;));
        quote_spanned! {Span::mixed_site()=>
            #[automatically_derived]
            #allow
            impl #generics #runtime::Task for #target #bounds {
                type Args<'task> = (#(#types,)*);
                type Output = #output;
                const NAME: &'static str = #name;
                #timeout
                #retries
                fn call((#(#locals,)*): Self::Args<'_>) -> Self::Output {
                    #function(#(#locals),*)
                }
            }
        }
    }

    /// Where nothing is borrowed the arguments themselves can be kept until the call runs.
    pub(crate) fn owned_by_value(&self) -> TokenStream {
        let runtime = &self.model.runtime;
        let (generics, target, bounds) = (self.declared(), self.target(), self.bounds());
        // Where the arguments are: one that no thread can be given is reported there.
        let place = match self.model.arguments.as_slice() {
            [only] => only.ty.span(),
            _ => self.model.function.signature.paren_token.span.join(),
        };
        let owned = quote_spanned!(place=> Self::Args<'static>);
        quote_spanned! {Span::mixed_site()=>
            #[automatically_derived]
            impl #generics #runtime::OwnedTask for #target #bounds {
                type Owned = #owned;
                fn own(
                    __args: Self::Args<'_>,
                ) -> ::core::result::Result<Self::Owned, #runtime::TaskError> {
                    ::core::result::Result::Ok(__args)
                }
                fn call_owned(
                    __owned: Self::Owned,
                ) -> ::core::result::Result<Self::Output, #runtime::TaskError> {
                    ::core::result::Result::Ok(<Self as #runtime::Task>::call(__owned))
                }
            }
        }
    }

    /// Where something is borrowed their encoding is kept. (A thread task that borrows cannot be kept at all.)
    fn owned_by_encoding(&self) -> TokenStream {
        let (runtime, target) = (&self.model.runtime, self.target());
        quote_spanned! {Span::mixed_site()=>
            #[automatically_derived]
            impl #runtime::OwnedTask for #target {
                type Owned = #runtime::__private::Encoded;
                fn own(
                    __args: Self::Args<'_>,
                ) -> ::core::result::Result<Self::Owned, #runtime::TaskError> {
                    #runtime::__private::encode::<Self>(__args)
                }
                fn call_owned(
                    __owned: Self::Owned,
                ) -> ::core::result::Result<Self::Output, #runtime::TaskError> {
                    #runtime::__private::run_encoded::<Self>(&__owned)
                }
            }
        }
    }

    fn process_task(&self) -> TokenStream {
        let (model, runtime, target) = (self.model, &self.model.runtime, self.target());
        let (function, locals, allow) = (self.function(), self.locals(), self.allow_deprecated());
        let arguments = || model.arguments.iter().zip(&locals);
        let writes = arguments().map(|(argument, local)| write(model, argument, local));
        let reads = arguments().map(|(argument, local)| read(model, argument, local));
        let uses = arguments().map(|(argument, local)| pass(model, argument, local));
        let output = passing(model, &model.output);
        let id = wire_id(model);
        let full_name = self.instance.map(|instance| {
            let name = model.name(Some(&instance.text));
            quote_spanned!(Span::mixed_site()=> const FULL_NAME: &'static str = #name;)
        });
        let version = model.version.as_ref();
        let version = version.map(|it| quote_spanned!(Span::mixed_site()=> const VERSION: u32 = #it;));
        quote_spanned! {Span::mixed_site()=>
            #[automatically_derived]
            #allow
            impl #runtime::ProcessTask for #target {
                const ID: #runtime::__private::WireId = #id;
                #full_name
                #version
                fn encode(
                    (#(#locals,)*): Self::Args<'_>,
                    __out: &mut #runtime::__private::Encoder<'_>,
                ) -> #runtime::__private::Coded<()> {
                    #(#writes)*
                    ::core::result::Result::Ok(())
                }
                fn run<'de>(
                    __input: &mut #runtime::__private::Decoder<'de>,
                ) -> #runtime::__private::Coded<Self::Output> {
                    #(#reads)*
                    ::core::result::Result::Ok(#function(#(#uses),*))
                }
                fn encode_output(
                    __output: Self::Output,
                    __out: &mut #runtime::__private::Encoder<'_>,
                ) -> #runtime::__private::Coded<()> {
                    #output.write_value(__output, __out)
                }
                fn decode_output(
                    __input: &mut #runtime::__private::Decoder<'_>,
                ) -> #runtime::__private::Coded<Self::Output> {
                    #output.read_value(__input)
                }
            }
        }
    }

    /// Makes a type that cannot be sent an error on its own token, in our words.
    fn assertions(&self) -> TokenStream {
        let (model, runtime) = (self.model, &self.model.runtime);
        let kept = if model.borrows { "assert_borrowed" } else { "assert_kept" };
        let arguments = model.arguments.iter().map(|argument| (model.borrowing_for("'_", argument.sent()), kept));
        let (types, assertions): (Vec<_>, Vec<_>) = arguments.chain([(model.output.clone(), "assert_output")]).unzip();
        let passings = types.iter().map(|ty| quote_spanned!(Span::mixed_site()=> #runtime::__private::Passing<#ty>));
        // Where the types are written: what is wrong with one is reported there.
        let names: Vec<_> = types.iter().map(|ty| Ident::new("__passing", ty.span())).collect();
        let assertions = types.iter().zip(&names).zip(&assertions).map(|((ty, name), assertion)| {
            let assertion = Ident::new(assertion, ty.span());
            quote_spanned!(ty.span()=> |#name| #name.#assertion())
        });
        quote_spanned! {Span::mixed_site()=>
            const _: (#(fn(#passings),)*) = (#(#assertions,)*);
        }
    }

    /// Puts the task on the list that a worker process looks names up in.
    fn registration(&self) -> TokenStream {
        let (runtime, target) = (&self.model.runtime, self.target());
        // With the name's own span, or `line!()` would give the attribute's line.
        let place = quote_spanned! {self.model.ident().span()=>
            ::core::file!(), ::core::line!(), ::core::column!()
        };
        let slice: Attribute = parse_quote! {
            #[#runtime::__private::linkme::distributed_slice(#runtime::__private::EXECUTOR_RUNTIME_TASKS)]
        };
        quote_spanned! {Span::mixed_site()=>
            const _: () = {
                #slice
                #[linkme(crate = #runtime::__private::linkme)]
                static ENTRY: #runtime::__private::TaskEntry =
                    #runtime::__private::TaskEntry::new::<#target>(#place);
            };
        }
    }
}

/// What the task is called on the way to a worker. A name that was chosen is the only one of the program; of
/// paths there can be several, so their place belongs to them.
fn wire_id(model: &Model) -> TokenStream {
    let runtime = &model.runtime;
    let name = quote_spanned!(Span::mixed_site()=> Self::FULL_NAME, Self::VERSION);
    if model.name.is_some() {
        return quote_spanned!(Span::mixed_site()=> #runtime::__private::WireId::chosen(#name));
    }
    // With the name's own span, or `line!()` would give the attribute's line.
    let place = quote_spanned! {model.ident().span()=>
        ::core::concat!(::core::file!(), ":", ::core::line!(), ":", ::core::column!())
    };
    quote_spanned!(Span::mixed_site()=> #runtime::__private::WireId::at(#name, #place))
}

/// The statement that writes one argument.
fn write(model: &Model, argument: &Argument, local: &Ident) -> TokenStream {
    let passing = passing(model, &model.borrowing_for("'_", argument.sent()));
    match &argument.passing {
        Passing::Bytes => quote_spanned!(Span::mixed_site()=> __out.bytes(#local)?;),
        Passing::Borrowed(_) => quote_spanned!(Span::mixed_site()=> #passing.write_borrowed(#local, __out)?;),
        Passing::Value => quote_spanned!(Span::mixed_site()=> #passing.write_value(#local, __out)?;),
    }
}

/// The statement that reads one argument.
fn read(model: &Model, argument: &Argument, local: &Ident) -> TokenStream {
    let passing = passing(model, &model.borrowing_for("'de", argument.sent()));
    match &argument.passing {
        Passing::Bytes => quote_spanned!(Span::mixed_site()=> let #local = __input.bytes()?;),
        Passing::Borrowed(_) => quote_spanned!(Span::mixed_site()=> let #local = #passing.read_borrowed(__input)?;),
        Passing::Value => quote_spanned!(Span::mixed_site()=> let #local = #passing.read_value(__input)?;),
    }
}

/// What the function is given for one argument that was read.
fn pass(model: &Model, argument: &Argument, local: &Ident) -> TokenStream {
    let passing = passing(model, &model.borrowing_for("'de", argument.sent()));
    match &argument.passing {
        Passing::Borrowed(_) => quote_spanned!(Span::mixed_site()=> #passing.lend(&#local)),
        Passing::Bytes | Passing::Value => local.to_token_stream(),
    }
}

/// What writes and reads a type, also one that cannot be sent: only the assertions refuse it.
fn passing(model: &Model, ty: &Type) -> TokenStream {
    let runtime = &model.runtime;
    quote_spanned!(Span::mixed_site()=> #runtime::__private::Passing::<#ty>::NEW)
}
