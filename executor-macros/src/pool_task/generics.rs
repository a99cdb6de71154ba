//! The type parameters of a task.
//!
//! A thread task is never sent, so a generic one is a task for every type. A
//! process task is looked up by name in another process, so each type it is a
//! task for has to be listed: an *instance*.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{
    ConstParam, Expr, GenericParam, Generics, Lifetime, Path, PredicateType, Signature, Type, TypeParam,
    TypeParamBound, TypePath, WherePredicate, parse_quote,
};

use super::args::{Instances, Kind};
use super::types::peeled;
use crate::refusals::Refusals;

/// The parameters of a task, without lifetimes: those are part of a call.
pub(crate) struct Parameters {
    /// Their names.
    pub(crate) names: Vec<Ident>,
    /// As an item of ours declares them, without their bounds.
    pub(crate) declared: Vec<TokenStream>,
    /// Those of them that are types.
    pub(crate) types: Vec<Ident>,
    /// What the function demands of them.
    pub(crate) bounds: Vec<WherePredicate>,
    /// For a process task, what they can be.
    pub(crate) instances: Vec<Instance>,
}

/// A type for each parameter.
pub(crate) struct Instance {
    pub(crate) types: Vec<Type>,
    /// What goes behind the task's name: `<u32>`.
    pub(crate) text: String,
}

impl Parameters {
    pub(crate) fn read(
        signature: &Signature,
        kind: Option<Kind>,
        instances: Option<Instances>,
        refusals: &mut Refusals,
    ) -> Self {
        let generics = &signature.generics;
        let parameters = generics.params.iter().filter(|parameter| !matches!(parameter, GenericParam::Lifetime(_)));
        let parameters: Vec<_> = parameters.cloned().collect();
        if parameters.is_empty() {
            refuse_on_plain_function(signature, instances.as_ref(), refusals);
        } else {
            refuse_lifetimes_in_bounds(generics, refusals);
            if kind == Some(Kind::Process) {
                refuse_in_process_task(signature, &parameters, instances.as_ref(), refusals);
            }
        }
        Parameters {
            names: parameters.iter().map(|parameter| name(parameter).clone()).collect(),
            declared: parameters.iter().map(|parameter| declared(parameter, generics)).collect(),
            types: generics.type_params().map(|parameter| parameter.ident.clone()).collect(),
            bounds: bounds(generics),
            instances: read_instances(&parameters, instances, refusals),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

fn refuse_on_plain_function(signature: &Signature, instances: Option<&Instances>, refusals: &mut Refusals) {
    if let Some(Instances { option, .. }) = instances {
        let function = &signature.ident;
        refusals.refuse(option, format!("`instances` is for generic functions: `{function}` has no type parameter"));
    }
    if let Some(clause) = &signature.generics.where_clause {
        refusals.refuse(clause, "a task that is not generic cannot have a `where` clause");
    }
}

/// A task is one type for all its calls, and a call borrows for as long as it lasts.
fn refuse_lifetimes_in_bounds(generics: &Generics, refusals: &mut Refusals) {
    struct Lifetimes<'g>(&'g Generics, &'g mut Refusals);
    impl VisitMut for Lifetimes<'_> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if self.0.lifetimes().any(|declared| declared.lifetime.ident == lifetime.ident) {
                self.1
                    .refuse(lifetime, "what a type parameter of a task stands for cannot borrow: remove the lifetime");
            }
        }
    }
    let mut lifetimes = Lifetimes(generics, refusals);
    for mut predicate in bounds(generics) {
        lifetimes.visit_where_predicate_mut(&mut predicate);
    }
}

fn refuse_in_process_task(
    signature: &Signature,
    parameters: &[GenericParam],
    instances: Option<&Instances>,
    refusals: &mut Refusals,
) {
    for parameter in parameters {
        if let GenericParam::Const(ConstParam { const_token, .. }) = parameter {
            refusals.refuse(const_token, "a process task is generic over types only: write one task for each value");
        }
    }
    if instances.is_none() && signature.generics.type_params().next().is_some() {
        let types = signature.generics.type_params();
        refusals.refuse(
            quote!(#(#types),*),
            "a worker process needs to know the types of a task: list them, \
             `#[pool_task(process, instances(u32, String))]`",
        );
    }
    let mut projections = Projections(signature.generics.type_params().map(|it| it.ident.clone()).collect(), refusals);
    projections.visit_signature_mut(&mut signature.clone());
}

/// `T::Item` and `<T as Iterator>::Item`.
struct Projections<'r>(Vec<Ident>, &'r mut Refusals);

impl VisitMut for Projections<'_> {
    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        let is_parameter = |path: &Path| {
            let first = path.segments.first();
            path.segments.len() > 1 && first.is_some_and(|first| self.0.contains(&first.ident))
        };
        if ty.qself.is_some() || is_parameter(&ty.path) {
            self.1.refuse(ty, "the signature of a process task names its types: make this one a type parameter too");
        } else {
            visit_mut::visit_type_path_mut(self, ty);
        }
    }

    /// Only the types of arguments and value are written once per instance.
    fn visit_generics_mut(&mut self, _: &mut Generics) {}
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

fn read_instances(parameters: &[GenericParam], instances: Option<Instances>, refusals: &mut Refusals) -> Vec<Instance> {
    let mut read: Vec<Instance> = Vec::new();
    if parameters.is_empty() {
        return read;
    }
    for ty in instances.into_iter().flat_map(|instances| instances.types) {
        let types = match peeled(&ty) {
            Type::Tuple(tuple) if parameters.len() > 1 => tuple.elems.iter().cloned().collect(),
            _ => vec![ty.clone()],
        };
        if types.len() != parameters.len() {
            let names = parameters.iter().map(|parameter| name(parameter).to_string());
            let names = names.collect::<Vec<_>>().join(", ");
            refusals.refuse(&ty, format!("each instance has a type for each type parameter: `({names})`"));
            break;
        }
        let text = format!("<{}>", types.iter().map(text).collect::<Vec<_>>().join(", "));
        if read.iter().any(|before| before.text == text) {
            refusals.refuse(&ty, "the instance is listed twice");
            continue;
        }
        read.push(Instance { types, text });
    }
    read
}

/// A type as it is usually written: a token stream alone says nothing of its blanks.
fn text(ty: &Type) -> String {
    let tokens = ty.to_token_stream().to_string();
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut text = String::new();
    for word in tokens.split_whitespace() {
        let separate = text.ends_with(is_word) && word.starts_with(|character| is_word(character) || character == '\'');
        text.push_str(if separate || text.ends_with(',') || text.ends_with(';') { " " } else { "" });
        text.push_str(word);
    }
    text
}

fn name(parameter: &GenericParam) -> &Ident {
    match parameter {
        GenericParam::Type(parameter) => &parameter.ident,
        GenericParam::Const(parameter) => &parameter.ident,
        GenericParam::Lifetime(_) => unreachable!("lifetimes were filtered out"),
    }
}

fn declared(parameter: &GenericParam, generics: &Generics) -> TokenStream {
    match parameter {
        GenericParam::Type(parameter) if is_unsized(parameter, generics) => {
            let name = &parameter.ident;
            quote!(#name: ?::core::marker::Sized)
        }
        GenericParam::Const(ConstParam { ident, ty, .. }) => quote!(const #ident: #ty),
        other => name(other).to_token_stream(),
    }
}

/// Whether a parameter need not be `Sized`, as is said with it or in the `where` clause.
fn is_unsized(parameter: &TypeParam, generics: &Generics) -> bool {
    let mut clause = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    parameter.bounds.iter().any(is_relaxed)
        || clause.any(|predicate| match predicate {
            WherePredicate::Type(PredicateType { bounded_ty, bounds, .. }) => {
                matches!(bounded_ty, Type::Path(path) if path.path.is_ident(&parameter.ident))
                    && bounds.iter().any(is_relaxed)
            }
            _ => false,
        })
}

fn is_relaxed(bound: &TypeParamBound) -> bool {
    matches!(bound, TypeParamBound::Trait(bound) if bound.maybe.is_some())
}

/// What the function demands, each bound as a predicate, without `?Sized`.
fn bounds(generics: &Generics) -> Vec<WherePredicate> {
    let declared = generics.type_params().map(|parameter| {
        let (name, bounds) = (&parameter.ident, &parameter.bounds);
        parse_quote!(#name: #bounds)
    });
    let clause = generics.where_clause.iter().flat_map(|clause| clause.predicates.iter().cloned());
    let mut predicates: Vec<WherePredicate> = declared.chain(clause).collect();
    for predicate in &mut predicates {
        if let WherePredicate::Type(predicate) = predicate {
            let bounds = predicate.bounds.iter().filter(|bound| !is_relaxed(bound));
            predicate.bounds = bounds.cloned().collect();
        }
    }
    predicates.retain(|predicate| !matches!(predicate, WherePredicate::Type(it) if it.bounds.is_empty()));
    predicates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool_task::args::Args;

    fn read(args: &str, function: &str) -> syn::Result<Parameters> {
        let mut refusals = Refusals::default();
        let Args { kind, instances, .. } = Args::read(args.parse().unwrap(), &mut refusals);
        let parameters = Parameters::read(&syn::parse_str(function).unwrap(), kind, instances, &mut refusals);
        refusals.finish(Some(parameters))
    }

    fn refused(args: &str, function: &str) -> usize {
        read(args, function).err().into_iter().flatten().count()
    }

    #[test]
    fn a_thread_task_may_be_generic_over_anything() {
        let function =
            "fn f<'a, T: Ord + ?Sized, U, const N: usize>(a: &'a T, b: [U; N]) where U: Iterator, U::Item: Copy";
        let parameters = read("thread", function).unwrap();
        let declared: Vec<_> = parameters.declared.iter().map(ToString::to_string).collect();
        assert_eq!(declared, ["T : ? :: core :: marker :: Sized", "U", "const N : usize"]);
        let bounds: Vec<_> = parameters.bounds.iter().map(|it| it.to_token_stream().to_string()).collect();
        assert_eq!(bounds, ["T : Ord", "U : Iterator", "U :: Item : Copy"]);
    }

    #[test]
    fn an_instance_has_a_type_for_each_parameter() {
        let texts = |args, function| -> Vec<String> {
            read(args, function).unwrap().instances.into_iter().map(|instance| instance.text).collect()
        };
        assert_eq!(
            texts("process, instances(u32, (u8, &'static str))", "fn f<T>(a: T)"),
            ["<u32>", "<(u8, &'static str)>"]
        );
        let pairs = "process, instances((u32, Vec<Option<[u8; 4]>>), (dyn A + B, fn(u8) -> u8))";
        assert_eq!(texts(pairs, "fn f<K, V>(a: K, b: V)"), ["<u32, Vec<Option<[u8; 4]>>>", "<dyn A+B, fn(u8)->u8>"]);
    }

    #[test]
    fn a_process_task_lists_what_it_is_generic_over() {
        for (args, function) in [
            ("process", "fn f<T, U>(a: T, b: U)"),
            ("process", "fn f<const N: usize>(a: [u8; N])"),
            ("process, instances(u32)", "fn f(a: u32)"),
            ("process, instances(u32)", "fn f<'a, T: From<&'a str>>(a: &'a str, b: T)"),
            ("process, instances(u32)", "fn f<T, U>(a: T, b: U)"),
            ("process, instances((u32, u32, u32))", "fn f<T, U>(a: T, b: U)"),
            ("process, instances(u32, u32)", "fn f<T>(a: T)"),
            ("process, instances(Vec<u8>)", "fn f<T: IntoIterator>(a: T) -> Vec<T::Item>"),
            ("process, instances(Vec<u8>)", "fn f<T: IntoIterator>(a: Vec<<T as IntoIterator>::Item>)"),
        ] {
            assert_eq!(refused(args, function), 1, "#[pool_task({args})] {function}");
        }
    }
}
