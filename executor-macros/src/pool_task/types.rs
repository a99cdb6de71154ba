//! Lifetimes in the types of a signature.
//!
//! A task borrows everything it borrows for one time: the call's on the side
//! that submits, the receive buffer's in a worker. So every lifetime of an
//! argument, elided or named, becomes the one that its position needs.
//! `'static` stays, and so does what a function pointer or an `Fn(..)` bound
//! elides, for that is chosen by whoever calls it.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Generics, Lifetime, ParenthesizedGenericArguments, Type, TypeFnPtr, TypeReference};

/// The type with every lifetime that is free in it replaced by `lifetime`.
pub(crate) fn with_lifetime(ty: &Type, generics: &Generics, lifetime: &Lifetime) -> Type {
    let mut ty = ty.clone();
    Rename::new(generics, lifetime).visit_type_mut(&mut ty);
    ty
}

/// The places where a type borrows for less than `'static`.
pub(crate) fn borrows(ty: &Type, generics: &Generics) -> Vec<Span> {
    let anonymous = Lifetime::new("'_", Span::call_site());
    let mut rename = Rename::new(generics, &anonymous);
    rename.visit_type_mut(&mut ty.clone());
    rename.places
}

/// The type without the parentheses and invisible groups around it.
pub(crate) fn peeled(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            bare => return bare,
        };
    }
}

/// Whether the type is `[u8]`, its element spelled so.
pub(crate) fn is_byte_slice(ty: &Type) -> bool {
    match peeled(ty) {
        Type::Slice(slice) => matches!(
            peeled(&slice.elem),
            Type::Path(element) if element.qself.is_none() && element.path.is_ident("u8")
        ),
        _ => false,
    }
}

struct Rename<'m> {
    generics: &'m Generics,
    lifetime: &'m Lifetime,
    /// How many function pointers and `Fn(..)` bounds this place is inside of.
    higher_ranked: usize,
    places: Vec<Span>,
}

impl<'m> Rename<'m> {
    fn new(generics: &'m Generics, lifetime: &'m Lifetime) -> Self {
        Rename { generics, lifetime, higher_ranked: 0, places: Vec::new() }
    }

    fn is_free(&self, lifetime: &Lifetime) -> bool {
        if lifetime.ident == "_" {
            return self.higher_ranked == 0;
        }
        self.generics.lifetimes().any(|declared| declared.lifetime.ident == lifetime.ident)
    }

    fn replacement(&self, place: Span) -> Lifetime {
        let mut lifetime = self.lifetime.clone();
        lifetime.set_span(lifetime.span().located_at(place));
        lifetime
    }
}

impl VisitMut for Rename<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        if reference.lifetime.is_none() && self.higher_ranked == 0 {
            let place = reference.and_token.span();
            self.places.push(place);
            reference.lifetime = Some(self.replacement(place));
            self.visit_type_mut(&mut reference.elem);
        } else {
            visit_mut::visit_type_reference_mut(self, reference);
        }
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if self.is_free(lifetime) {
            let place = lifetime.span();
            self.places.push(place);
            *lifetime = self.replacement(place);
        }
    }

    fn visit_type_fn_ptr_mut(&mut self, pointer: &mut TypeFnPtr) {
        self.higher_ranked += 1;
        visit_mut::visit_type_fn_ptr_mut(self, pointer);
        self.higher_ranked -= 1;
    }

    fn visit_parenthesized_generic_arguments_mut(&mut self, arguments: &mut ParenthesizedGenericArguments) {
        self.higher_ranked += 1;
        visit_mut::visit_parenthesized_generic_arguments_mut(self, arguments);
        self.higher_ranked -= 1;
    }

    /// The length of an array borrows nothing.
    fn visit_expr_mut(&mut self, _: &mut Expr) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens as _;
    use syn::{Signature, parse_quote};

    fn renamed(ty: &Type) -> String {
        let signature: Signature = parse_quote!(fn f<'a, 'b>());
        let task = Lifetime::new("'task", Span::call_site());
        let ty = with_lifetime(ty, &signature.generics, &task);
        ty.to_token_stream().to_string()
    }

    fn borrowing(ty: &Type) -> usize {
        let signature: Signature = parse_quote!(fn f<'a, 'b>());
        borrows(ty, &signature.generics).len()
    }

    #[test]
    fn elided_named_and_anonymous_lifetimes_become_one() {
        assert_eq!(renamed(&parse_quote!(&str)), "& 'task str");
        assert_eq!(renamed(&parse_quote!(&'a [&'b u8])), "& 'task [& 'task u8]");
        assert_eq!(renamed(&parse_quote!(Cow<'_, str>)), "Cow < 'task , str >");
    }

    #[test]
    fn static_stays_and_borrows_nothing() {
        assert_eq!(renamed(&parse_quote!(&'static str)), "& 'static str");
        assert_eq!(borrowing(&parse_quote!(Option<&'static str>)), 0);
        assert_eq!(borrowing(&parse_quote!((&str, Cow<'a, str>))), 2);
    }

    #[test]
    fn what_a_callee_elides_is_left_alone() {
        let callback: Type = parse_quote!(Box<dyn Fn(&str, &'a str) -> &u8>);
        assert_eq!(renamed(&callback), "Box < dyn Fn (& str , & 'task str) -> & u8 >");
        assert_eq!(borrowing(&parse_quote!(for<'x> fn(&'x str, &'_ u8) -> &'x u8)), 0);
    }

    #[test]
    fn only_a_slice_of_u8_is_a_byte_slice() {
        assert!(is_byte_slice(&parse_quote!([u8])));
        assert!(is_byte_slice(&parse_quote!(([u8]))));
        assert!(!is_byte_slice(&parse_quote!([i8])));
        assert!(!is_byte_slice(&parse_quote!([u8; 4])));
    }
}
