//! What a task is, and every reason why a function cannot be one.

use proc_macro2::Span;
use quote::format_ident;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Expr, FnArg, GenericArgument, Ident, Lifetime, LitStr, Pat, Path, PathArguments, PathSegment, ReturnType, Safety,
    Signature, Type, TypeFnPtr, TypeImplTrait, TypeInfer, TypeNever, TypePtr, TypeReference, TypeTraitObject,
    parse_quote,
};

use super::args::{Args, Kind};
use super::generics::Parameters;
use super::types::{borrows, is_byte_slice, peeled};
use crate::attributes::conditions;
use crate::function::Function;
use crate::refusals::Refusals;
use crate::setting::Time;

const MAX_ARGUMENTS: usize = 12;

/// A function that is fit to be a task.
pub(crate) struct Model {
    pub(crate) function: Function,
    pub(crate) kind: Kind,
    pub(crate) timeout: Option<Time>,
    pub(crate) retries: Option<Expr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<Expr>,
    pub(crate) runtime: Path,
    pub(crate) parameters: Parameters,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) output: Type,
    /// Whether a call lives only as long as what it borrows.
    pub(crate) borrows: bool,
}

pub(crate) struct Argument {
    /// The user's name for it, or a numbered one where the user wrote a pattern.
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) passing: Passing,
}

/// How an argument reaches a worker process.
pub(crate) enum Passing {
    /// `&[u8]`: copied as one piece, read in place.
    Bytes,
    /// `&T`: written from the borrow, passed on as a borrow of what was read.
    Borrowed(Box<Type>),
    /// Written and read as a value.
    Value,
}

impl Model {
    pub(crate) fn read(args: Args, function: Function, refusals: &mut Refusals) -> Option<Self> {
        let signature = &function.signature;
        refuse_second_attribute(&function, refusals);
        refuse_qualifiers(signature, refusals);
        refuse_target_features(&function, refusals);
        for ty in args.instances.iter().flat_map(|instances| &instances.types) {
            Scan::new(args.kind, Place::Instance, refusals).visit_type_mut(&mut ty.clone());
        }
        let parameters = Parameters::read(signature, args.kind, args.instances, refusals);
        let arguments = read_arguments(signature, args.kind, refusals);
        let output = read_output(signature, args.kind, refusals);
        let borrows = arguments.iter().any(|argument| !borrows(&argument.ty, &signature.generics).is_empty());
        let Args { kind, timeout, retries, name, version, runtime, .. } = args;
        let kind = kind?;
        Some(Model { function, kind, timeout, retries, name, version, runtime, parameters, arguments, output, borrows })
    }
}

impl Passing {
    fn of(ty: &Type) -> Self {
        match peeled(ty) {
            Type::Reference(reference) if is_byte_slice(&reference.elem) => Passing::Bytes,
            Type::Reference(reference) => Passing::Borrowed(Box::new(peeled(&reference.elem).clone())),
            _ => Passing::Value,
        }
    }
}

fn refuse_second_attribute(function: &Function, refusals: &mut Refusals) {
    for attribute in &function.attributes {
        let last = attribute.path().segments.last();
        if last.is_some_and(|segment| segment.ident == "pool_task") {
            refusals.refuse(
                attribute,
                "a function is one task: keep one `#[pool_task]`; a process task runs on threads too",
            );
        }
    }
}

fn refuse_qualifiers(signature: &Signature, refusals: &mut Refusals) {
    if let Some(token) = &signature.asyncness {
        refusals.refuse(
            token,
            "a task cannot be `async`, for nobody polls it where it runs: write a plain `fn` \
             that calls your runtime's `block_on(async { .. })`",
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        refusals.refuse(token, "a task cannot be `unsafe`: nobody upholds its contract where it runs");
    }
    if let Some(abi) = &signature.abi {
        refusals.refuse(abi, "a task is a Rust function: remove the `extern`");
    }
    if let Some(variadic) = &signature.variadic {
        refusals.refuse(variadic, "a task has a fixed number of arguments");
    }
}

fn refuse_target_features(function: &Function, refusals: &mut Refusals) {
    for attribute in function.attributes.iter().filter(|attribute| attribute.path().is_ident("target_feature")) {
        refusals.refuse(
            attribute,
            "a task runs on whatever processor is there: call the function with the feature from a task, \
             where `is_x86_feature_detected!` has found it",
        );
    }
}

fn read_arguments(signature: &Signature, kind: Option<Kind>, refusals: &mut Refusals) -> Vec<Argument> {
    if let Some(extra) = signature.inputs.iter().nth(MAX_ARGUMENTS) {
        refusals.refuse(extra, format!("a task takes at most {MAX_ARGUMENTS} arguments: put them in a struct"));
    }
    let inputs = signature.inputs.iter().enumerate();
    inputs.filter_map(|(index, input)| Argument::read(index, input, kind, refusals)).collect()
}

impl Argument {
    fn read(index: usize, input: &FnArg, kind: Option<Kind>, refusals: &mut Refusals) -> Option<Self> {
        let typed = match input {
            FnArg::Typed(typed) => typed,
            FnArg::Receiver(receiver) => {
                refusals.refuse(
                    receiver,
                    "a task is a free function: take the value as an argument, `this: &Type`, \
                     outside of the `impl` block",
                );
                return None;
            }
        };
        for attribute in conditions(&typed.attrs) {
            refusals.refuse(attribute, "an argument of a task is always there: put the `cfg` on the function");
        }
        refuse_unsized(&typed.ty, "borrow it, `&str` or `&[T]`", refusals);
        Scan::new(kind, Place::Argument, refusals).visit_type_mut(&mut typed.ty.as_ref().clone());
        Some(Argument { name: name(index, &typed.pat), ty: typed.ty.as_ref().clone(), passing: Passing::of(&typed.ty) })
    }

    /// What has to become bytes.
    pub(crate) fn sent(&self) -> &Type {
        match &self.passing {
            Passing::Borrowed(referent) => referent,
            Passing::Bytes | Passing::Value => &self.ty,
        }
    }
}

fn name(index: usize, pattern: &Pat) -> Ident {
    match pattern {
        Pat::Ident(named) => named.ident.clone(),
        _ => format_ident!("__arg{index}", span = Span::mixed_site()),
    }
}

fn read_output(signature: &Signature, kind: Option<Kind>, refusals: &mut Refusals) -> Type {
    let ReturnType::Type(_, output) = &signature.output else {
        return parse_quote!(());
    };
    refuse_unsized(output, "return an owned value, `String` or `Vec<T>`", refusals);
    Scan::new(kind, Place::Output, refusals).visit_type_mut(&mut output.as_ref().clone());
    for place in borrows(output, &signature.generics) {
        refusals.refuse_at(place, "a task's result outlives what it was made from: return an owned value");
    }
    output.as_ref().clone()
}

/// Finds in one type of the signature what cannot be there.
struct Scan<'r> {
    kind: Option<Kind>,
    place: Place,
    refusals: &'r mut Refusals,
}

/// Where in a signature a type stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Argument,
    Output,
    /// In `instances(..)`: what borrows there would borrow for ever.
    Instance,
}

impl<'r> Scan<'r> {
    fn new(kind: Option<Kind>, place: Place, refusals: &'r mut Refusals) -> Self {
        Scan { kind, place, refusals }
    }

    fn crosses_processes(&self) -> bool {
        self.kind == Some(Kind::Process)
    }
}

impl VisitMut for Scan<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if self.place == Place::Instance {
            self.refusals.refuse(
                reference,
                "an instance owns what it is: list the owned type, and let the argument borrow it, `&T`",
            );
            return;
        }
        if let Some(token) = reference.mutability.filter(|_| self.place == Place::Argument) {
            self.refusals.refuse(token, "a task cannot change its caller's value: take it by value and return it");
        }
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" || !self.crosses_processes() {
            return;
        }
        let hint = if self.place == Place::Output {
            "a `'static` borrow does not survive the way back from a worker process: \
             return an owned value, `String` for `&'static str`"
        } else {
            "a worker process borrows from what it received, never for `'static`: \
             remove the lifetime, or take an owned value"
        };
        self.refusals.refuse(lifetime, hint);
    }

    fn visit_type_infer_mut(&mut self, infer: &mut TypeInfer) {
        self.refusals.refuse(infer, "a task names its types: write one instead of `_`");
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        if let Some(cow) = path.segments.last().filter(|last| hides_its_lifetime(last)) {
            self.refusals.refuse(cow, "a task shows where it borrows: write `Cow<'_, ..>`");
        }
        if let Some(first) = path.segments.first().filter(|first| first.ident == "Self") {
            self.refusals.refuse(first, "a task is a free function: name the type, outside of the `impl` block");
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_type_impl_trait_mut(&mut self, opaque: &mut TypeImplTrait) {
        self.refusals.refuse(opaque, "a task names its types: write a concrete type instead of `impl`");
    }

    fn visit_type_never_mut(&mut self, never: &mut TypeNever) {
        self.refusals.refuse(never, "a task that never returns would never be done: return `()`, and end by returning");
    }

    fn visit_type_ptr_mut(&mut self, pointer: &mut TypePtr) {
        if self.crosses_processes() {
            self.refusals.refuse(
                pointer,
                "a pointer means nothing in another process: send the value, \
                 or make this a thread task",
            );
        }
    }

    fn visit_type_fn_ptr_mut(&mut self, pointer: &mut TypeFnPtr) {
        if self.crosses_processes() {
            self.refusals.refuse(
                pointer,
                "a function pointer means nothing in another process: name the choice in an enum, \
                 or make this a thread task",
            );
        }
    }

    fn visit_type_trait_object_mut(&mut self, object: &mut TypeTraitObject) {
        if !self.crosses_processes() {
            return;
        }
        let hint = if self.place == Place::Output {
            "a trait object cannot be sent back from another process: name the type; of an error its text \
             may do, `.map_err(|error| error.to_string())`"
        } else {
            "a trait object cannot be sent to another process: use a concrete type, or make this a thread task"
        };
        self.refusals.refuse(object, hint);
    }

    /// The length of an array is no part of what is sent.
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

/// `Cow<str>`: where the constructor stands the compiler finds no lifetime that it could mean.
fn hides_its_lifetime(segment: &PathSegment) -> bool {
    match &segment.arguments {
        PathArguments::AngleBracketed(list) if segment.ident == "Cow" => {
            !list.args.iter().any(|argument| matches!(argument, GenericArgument::Lifetime(_)))
        }
        _ => false,
    }
}

/// Refuses what has no size and is not behind a reference.
fn refuse_unsized(ty: &Type, instead: &str, refusals: &mut Refusals) {
    let is_unsized = match peeled(ty) {
        Type::Slice(_) => true,
        Type::Path(path) => path.path.is_ident("str"),
        _ => false,
    };
    if is_unsized {
        refusals.refuse(ty, format!("this type has no size of its own: {instead}"));
    }
}

#[cfg(test)]
mod tests {
    use quote::{ToTokens as _, quote};

    use super::*;

    fn read(kind: Kind, function: &str) -> syn::Result<Model> {
        let mut refusals = Refusals::default();
        let mut args = Args::read(quote!(process), &mut refusals);
        args.kind = Some(kind);
        let function = refusals.keep(syn::parse_str(function));
        let model = function.and_then(|function| Model::read(args, function, &mut refusals));
        refusals.finish(model)
    }

    fn refused(kind: Kind, function: &str) -> usize {
        read(kind, function).err().into_iter().flatten().count()
    }

    #[test]
    fn references_are_told_from_values_and_bytes_from_other_slices() {
        let function = "fn f(a: &[u8], b: &str, (c, d): (u8, &str), mut e: u8) {}";
        let model = read(Kind::Process, function).unwrap();
        assert!(model.borrows);
        let arguments = model.arguments.into_iter().map(|argument| {
            let passing = match argument.passing {
                Passing::Bytes => "bytes".to_owned(),
                Passing::Borrowed(referent) => format!("borrowed {}", referent.to_token_stream()),
                Passing::Value => "value".to_owned(),
            };
            format!("{}: {passing}", argument.name)
        });
        let arguments: Vec<_> = arguments.collect();
        assert_eq!(arguments, ["a: bytes", "b: borrowed str", "__arg2: value", "e: value"]);
    }

    #[test]
    fn what_stays_in_this_process_may_be_a_pointer_or_static() {
        for function in [
            "fn f(a: &'static str) {}",
            "fn f() -> &'static str {}",
            "fn f(a: fn(&str) -> &str) {}",
            "fn f(a: Box<dyn Fn() + Send>) {}",
            "fn f(a: Option<*const u8>) {}",
        ] {
            assert_eq!(refused(Kind::Thread, function), 0, "{function}");
            assert_eq!(refused(Kind::Process, function), 1, "{function}");
        }
    }

    #[test]
    fn no_kind_of_task_takes_these() {
        for function in [
            "fn f(&self) {}",
            "fn f(a: Option<Self>) {}",
            "fn f(a: &mut u8) {}",
            "fn f(a: Option<&mut u8>) {}",
            "fn f(a: &str) -> &str {}",
            "fn f<'a>(a: &'a str) -> Cow<'a, str> {}",
            "fn f(a: impl Sized) {}",
            "fn f() -> impl Sized {}",
            "fn f() -> ! {}",
            "fn f(#[cfg(unix)] a: u8) {}",
            "fn f(a: u8) where u8: Copy {}",
            "async fn f() {}",
            "unsafe fn f() {}",
            "extern \"C\" fn f() {}",
            "#[pool_task(thread)] fn f() {}",
        ] {
            assert_eq!(refused(Kind::Thread, function), 1, "{function}");
            assert_eq!(refused(Kind::Process, function), 1, "{function}");
        }
    }

    #[test]
    fn lifetimes_are_no_parameters_of_a_task() {
        let model = read(Kind::Process, "fn f<'a>(a: &'a str, b: Option<&'a [u8]>) {}").unwrap();
        assert!(model.parameters.is_empty());
    }
}
