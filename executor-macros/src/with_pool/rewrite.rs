//! Finds the sites of a block and puts their departures in place.
//!
//! Closures, async blocks and items of the block are left alone: what leaves
//! them does not leave the block. A site that cannot be seen (in a macro that
//! is not std's) then stands in a closure that returns `Exit`, where it does
//! not compile; it never changes its meaning.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, Attribute, Expr, ExprArray, ExprAsync, ExprAwait, ExprBlock, ExprCall, ExprClosure, ExprConst, ExprForLoop,
    ExprIf, ExprLit, ExprLoop, ExprMacro, ExprMethodCall, ExprTryBlock, ExprTuple, ExprWhile, FieldValue, Ident, Item,
    Label, Lifetime, Lit, Macro, Stmt, StmtMacro, Token, Type,
};

use super::bail::Place;
use super::expand::expand;
use super::input::Input;
use super::site::{Frame, Leave, Site, Slots};
use super::{arguments, bail};
use crate::attributes::{conditions, leading};
use crate::fragments::{Fragments, keep_together};
use crate::refusals::Refusals;

pub(crate) struct Rewrite<'s> {
    frame: Frame<'s>,
    slots: &'s mut Slots,
    refusals: &'s mut Refusals,
    pub(crate) sites: Vec<Site>,
    /// The loops and labelled blocks of the block around this place, by label.
    targets: Vec<Option<Ident>>,
    /// The `cfg`s of the statements around this place.
    conditions: Vec<Attribute>,
}

impl<'s> Rewrite<'s> {
    pub(crate) fn new(frame: Frame<'s>, slots: &'s mut Slots, refusals: &'s mut Refusals) -> Self {
        Rewrite { frame, slots, refusals, sites: Vec::new(), targets: Vec::new(), conditions: Vec::new() }
    }

    fn site(&mut self, leave: Leave, slot: Option<Ident>) -> u32 {
        let index = u32::try_from(self.sites.len()).expect("a block has fewer than 2^32 sites");
        let (conditions, reached) = (self.conditions.clone(), self.frame.reached);
        self.sites.push(Site { leave, slot, conditions, reached });
        index
    }

    /// Whether a jump ends inside of the block. An unlabelled one ends at the
    /// nearest target; the compiler checks that this is a loop.
    fn stays(&self, label: Option<&Lifetime>) -> bool {
        match label {
            None => !self.targets.is_empty(),
            Some(label) => self.targets.iter().flatten().any(|target| *target == label.ident),
        }
    }

    fn within(&mut self, label: Option<&Label>, visit: impl FnOnce(&mut Self)) {
        self.targets.push(label.map(|label| label.name.ident.clone()));
        visit(self);
        self.targets.pop();
    }

    pub(crate) fn under(&mut self, attributes: &[Attribute], visit: impl FnOnce(&mut Self)) {
        let around = self.conditions.len();
        self.conditions.extend(conditions(attributes).cloned());
        visit(self);
        self.conditions.truncate(around);
    }

    /// The elements of a list, each of which may stand under a `cfg` of its own.
    pub(crate) fn visit_list<P>(&mut self, list: &mut Punctuated<Expr, P>) {
        for element in list {
            let attributes = leading(element);
            self.under(&attributes, |this| this.visit_expr_mut(element));
        }
    }

    fn question(&mut self, token: Token![?], operand: &Expr) -> Expr {
        let slot = self.slots.name();
        let index = self.site(Leave::Question(token), Some(slot.clone()));
        self.frame.question(index, &slot, token, operand)
    }

    fn returned(&mut self, token: Token![return], value: Option<&Expr>) -> Expr {
        let slot = self.slots.name();
        let index = self.site(Leave::Return(token), Some(slot.clone()));
        self.frame.returned(index, &slot, token, value)
    }

    fn jumped(&mut self, leave: Leave, keyword: Span, value: Option<&Expr>) -> Expr {
        let slot = value.map(|_| self.slots.name());
        let index = self.site(leave, slot.clone());
        self.frame.jumped(index, slot.as_ref(), keyword, value)
    }

    /// A macro whose invocation gives way to an expression of ours.
    fn invocation(&mut self, mac: &mut Macro, place: Place) -> Option<Expr> {
        self.nested(mac).or_else(|| self.bail(mac, place)).or_else(|| arguments::visit(mac, self))
    }

    /// A nested `with_pool!`, expanded here because its landings are sites of this block.
    fn nested(&mut self, mac: &Macro) -> Option<Expr> {
        let name = mac.path.segments.last()?;
        if name.ident != "with_pool" {
            return None;
        }
        // Not our grammar: somebody else's macro, or an error that it reports itself.
        let input = mac.parse_body::<Input>().ok()?;
        let expansion = self.refusals.keep(expand(input, self.slots))?;
        let mut expansion = syn::parse2(expansion).expect("`expand` writes an expression");
        self.visit_expr_mut(&mut expansion);
        Some(expansion)
    }

    /// A `bail!` or `ensure!`, whose landings are sites of this block as well.
    fn bail(&mut self, mac: &Macro, place: Place) -> Option<Expr> {
        let mut expansion = bail::expand(mac, place, self.frame.runtime, self.slots, self.refusals)?;
        self.visit_expr_mut(&mut expansion);
        Some(expansion)
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        keep_together(expr);
        if let Expr::Macro(ExprMacro { attrs, mac }) = expr {
            if let Some(replacement) = self.invocation(mac, Place::Expression) {
                *expr = under_attributes(attrs, replacement);
            }
            return;
        }
        visit_mut::visit_expr_mut(self, expr);
        let (attributes, departure) = match expr {
            Expr::Try(it) => (&mut it.attrs, self.question(it.question_token, &it.expr)),
            Expr::Return(it) => (&mut it.attrs, self.returned(it.return_token, it.expr.as_deref())),
            Expr::Break(it) if !self.stays(it.label.as_ref()) => {
                let leave = Leave::Break(it.break_token, it.label.clone());
                (&mut it.attrs, self.jumped(leave, it.break_token.span, it.expr.as_deref()))
            }
            Expr::Continue(it) if !self.stays(it.label.as_ref()) => {
                let leave = Leave::Continue(it.continue_token, it.label.clone());
                (&mut it.attrs, self.jumped(leave, it.continue_token.span, None))
            }
            _ => return,
        };
        *expr = under_attributes(attributes, departure);
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        let attributes = leading(statement);
        self.under(&attributes, |this| {
            let Stmt::Macro(StmtMacro { attrs, mac, semi_token }) = statement else {
                visit_mut::visit_stmt_mut(this, statement);
                return;
            };
            let place = if semi_token.is_some() { Place::Statement } else { Place::Expression };
            if let Some(replacement) = this.invocation(mac, place) {
                *statement = Stmt::Expr(under_attributes(attrs, replacement), *semi_token);
            }
        });
    }

    fn visit_arm_mut(&mut self, arm: &mut Arm) {
        let attributes = arm.attrs.clone();
        self.under(&attributes, |this| visit_mut::visit_arm_mut(this, arm));
    }

    fn visit_field_value_mut(&mut self, field: &mut FieldValue) {
        let attributes = field.attrs.clone();
        self.under(&attributes, |this| visit_mut::visit_field_value_mut(this, field));
    }

    fn visit_expr_array_mut(&mut self, it: &mut ExprArray) {
        self.visit_list(&mut it.elems);
    }

    fn visit_expr_tuple_mut(&mut self, it: &mut ExprTuple) {
        self.visit_list(&mut it.elems);
    }

    fn visit_expr_call_mut(&mut self, it: &mut ExprCall) {
        self.visit_expr_mut(&mut it.func);
        self.visit_list(&mut it.args);
    }

    fn visit_expr_method_call_mut(&mut self, it: &mut ExprMethodCall) {
        self.visit_expr_mut(&mut it.receiver);
        self.visit_list(&mut it.args);
    }

    fn visit_expr_if_mut(&mut self, it: &mut ExprIf) {
        self.visit_expr_mut(&mut it.cond);
        let around = self.frame;
        self.frame.reached &= !is_false(&it.cond);
        self.visit_block_mut(&mut it.then_branch);
        self.frame = around;
        if let Some((_, otherwise)) = &mut it.else_branch {
            self.visit_expr_mut(otherwise);
        }
    }

    fn visit_expr_loop_mut(&mut self, it: &mut ExprLoop) {
        let label = it.label.clone();
        self.within(label.as_ref(), |this| visit_mut::visit_expr_loop_mut(this, it));
    }

    /// The condition is inside too: the loop's label is known there, and an
    /// unlabelled jump is refused there by the compiler.
    fn visit_expr_while_mut(&mut self, it: &mut ExprWhile) {
        let label = it.label.clone();
        self.within(label.as_ref(), |this| visit_mut::visit_expr_while_mut(this, it));
    }

    /// What is iterated over is outside: a jump in it belongs to the loop around.
    fn visit_expr_for_loop_mut(&mut self, it: &mut ExprForLoop) {
        self.visit_expr_mut(&mut it.expr);
        let label = it.label.clone();
        self.within(label.as_ref(), |this| this.visit_block_mut(&mut it.body));
    }

    fn visit_expr_block_mut(&mut self, it: &mut ExprBlock) {
        match it.label.clone() {
            Some(label) => self.within(Some(&label), |this| this.visit_block_mut(&mut it.block)),
            None => self.visit_block_mut(&mut it.block),
        }
    }

    fn visit_expr_await_mut(&mut self, it: &mut ExprAwait) {
        self.refusals.refuse(
            it.await_token,
            "`.await` inside `with_pool!`: the block borrows for its tasks and cannot be \
             suspended; await before it or after it",
        );
        visit_mut::visit_expr_await_mut(self, it);
    }

    // What follows is left alone, but for what keeps it as it was.
    fn visit_expr_closure_mut(&mut self, it: &mut ExprClosure) {
        Fragments.visit_expr_closure_mut(it);
    }
    fn visit_expr_async_mut(&mut self, it: &mut ExprAsync) {
        Fragments.visit_expr_async_mut(it);
    }
    fn visit_expr_const_mut(&mut self, it: &mut ExprConst) {
        Fragments.visit_expr_const_mut(it);
    }
    fn visit_expr_try_block_mut(&mut self, it: &mut ExprTryBlock) {
        Fragments.visit_expr_try_block_mut(it);
    }
    fn visit_item_mut(&mut self, it: &mut Item) {
        Fragments.visit_item_mut(it);
    }
    fn visit_type_mut(&mut self, it: &mut Type) {
        Fragments.visit_type_mut(it);
    }
}

fn is_false(condition: &Expr) -> bool {
    matches!(condition, Expr::Lit(ExprLit { lit: Lit::Bool(literal), .. }) if !literal.value)
}

/// Gives an expression of ours the attributes of what it replaces: a `cfg` decides
/// for both.
fn under_attributes(attributes: &mut Vec<Attribute>, mut replacement: Expr) -> Expr {
    match &mut replacement {
        Expr::Match(it) => it.attrs.append(attributes),
        Expr::Block(it) => it.attrs.append(attributes),
        Expr::Tuple(it) => it.attrs.append(attributes),
        _ => unreachable!("we replace by a `match`, a block or a tuple"),
    }
    replacement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::default_runtime;

    /// What leaves a block, in the order in which it was found, and under how many `cfg`s.
    fn sites_and_conditions(block: &str) -> Vec<(&'static str, usize)> {
        let (runtime, mut slots, mut refusals) = (default_runtime(), Slots::default(), Refusals::default());
        let mut rewrite = Rewrite::new(Frame::of_block(&runtime), &mut slots, &mut refusals);
        rewrite.visit_block_mut(&mut syn::parse_str(block).unwrap());
        let found = rewrite.sites.iter().map(|site| match site.leave {
            Leave::Return(_) => ("return", site.conditions.len()),
            Leave::Question(_) => ("?", site.conditions.len()),
            Leave::Break(..) => ("break", site.conditions.len()),
            Leave::Continue(..) => ("continue", site.conditions.len()),
        });
        found.collect()
    }

    fn sites(block: &str) -> Vec<&'static str> {
        sites_and_conditions(block).into_iter().map(|(site, _)| site).collect()
    }

    #[test]
    fn every_way_out_of_the_block_is_a_site() {
        let block = "{ a?; if b { return 1 } if c { break 'l 2 } continue }";
        assert_eq!(sites(block), ["?", "return", "break", "continue"]);
    }

    #[test]
    fn what_stays_inside_is_no_site() {
        for block in [
            "{ loop { break; } for x in y { continue; } }",
            "{ let x = 'a: { loop { break 'a 1 } }; }",
            "{ 'w: while { break 'w; } { if x { continue } } }",
            "{ let f = || { a?; return 1 }; let g = async { b?.await }; }",
            "{ fn f() -> Option<u8> { a? } }",
        ] {
            assert!(sites(block).is_empty(), "{block}");
        }
    }

    #[test]
    fn a_jump_past_the_inner_loops_is_a_site() {
        assert_eq!(sites("{ for x in break { continue } }"), ["break"]);
        assert_eq!(sites("{ 'a: loop { continue 'b } }"), ["continue"]);
    }

    #[test]
    fn arguments_of_std_macros_are_searched_and_others_are_not() {
        assert_eq!(sites("{ println!(\"{} {x}\", a?, x = b?); }"), ["?", "?"]);
        assert_eq!(sites("{ assert!(matches!(a?, Some(x) if x? > 1)) }"), ["?", "?"]);
        assert_eq!(sites("{ vec![a?; b?] }"), ["?", "?"]);
        assert_eq!(sites("{ dbg!(a?, b) }"), ["?"]);
        assert_eq!(sites("{ let p = std::pin::pin!(a?); addr_of!(b?.c); addr_of_mut!(b[c?]) }"), ["?"; 3]);
        assert!(sites("{ foreign!(a?); }").is_empty());
    }

    #[test]
    fn an_arm_of_cfg_select_stands_under_its_condition() {
        let block = "{ cfg_select! { a => { b?; let c = d?; } e => f?, _ => { g? } } }";
        assert_eq!(sites_and_conditions(block), [("?", 1), ("?", 1), ("?", 1), ("?", 1)]);
    }

    #[test]
    fn a_nested_block_passes_its_ways_out_on() {
        // The slot of a `return` is typed by a jump of its own, which is a site as well.
        let nested = "{ with_pool!(thread() as p => { a?; return 1 }) }";
        assert_eq!(sites(nested), ["return", "?", "return"]);
    }

    #[test]
    fn a_macro_that_returns_is_a_return_and_passes_the_ways_out_of_its_arguments_on() {
        assert_eq!(sites("{ anyhow::bail!(\"text\"); ensure!(a, \"{}\", b) }"), ["return"; 2]);
        assert_eq!(sites("{ ensure!(a? > 1, \"{}\", if b { break 'l } else { c }) }"), ["?", "break", "return"]);
        assert_eq!(sites("{ bail!(\"{}\", format!(\"{}\", a?)) }"), ["?", "return"]);
        assert_eq!(sites("{ loop { ensure!(if a { break } else { true }); bail!(b) } }"), ["return"; 2]);
    }

    #[test]
    fn a_site_stands_under_the_conditions_of_its_statement() {
        let block = "{ #[cfg(unix)] a?; match b { #[cfg(unix)] 1 => c?, _ => d? } }";
        assert_eq!(sites_and_conditions(block), [("?", 1), ("?", 1), ("?", 0)]);
        let lists = "{ ([a?, #[cfg(unix)] b?], #[cfg(unix)] c.d(e?, #[cfg(x)] f?), g(#[cfg(unix)] -h?)) }";
        let conditions: Vec<usize> =
            sites_and_conditions(lists).into_iter().map(|(_, conditions)| conditions).collect();
        assert_eq!(conditions, [0, 1, 1, 2, 1]);
    }
}
