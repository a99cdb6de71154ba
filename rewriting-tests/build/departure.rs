//! Ways out of a block, a loop or a function.

use crate::function::Writer;
use crate::scope::{Frame, Scope, Target};

impl Writer<'_> {
    /// An expression of type `!`. Where it is an error, a leaf is the last that runs: see `left_by_an_error`.
    pub(crate) fn departure(&mut self, scope: &Scope) -> String {
        if self.dice.once_in(12) {
            return self.leaf("panic");
        }
        if !scope.targets.is_empty() && self.dice.roll(5) < 3 {
            return self.jump(scope);
        }
        let value = if self.dice.once_in(2) { self.simple(scope) } else { self.expression(&scope.frozen()) };
        match (scope.frame, self.dice.roll(3)) {
            (Frame::Unit, _) => "return".to_owned(),
            (Frame::Option, 0) => "return None".to_owned(),
            (Frame::Option, _) => format!("return Some({value})"),
            (Frame::Result, 0) => format!("return Err(run.fault({}))", self.next_number()),
            (Frame::Result | Frame::Anyhow, 1) => format!("return Ok({value})"),
            (Frame::Result, _) => format!("return Ok({}?)", self.leaf("refusal")),
            (Frame::Anyhow, 0) => format!("bail!(run.fault({}))", self.next_number()),
            (Frame::Anyhow, _) => format!("anyhow::bail!(\"{{}} {{n}}\", {value}, n = {})", self.leaf("number")),
        }
    }

    fn jump(&mut self, scope: &Scope) -> String {
        let innermost = scope.targets.last().filter(|target| target.is_loop && self.dice.once_in(2)).cloned();
        let is_named = innermost.is_none();
        let target = innermost.unwrap_or_else(|| self.dice.pick(&scope.targets).clone());
        let label = if is_named { format!(" {}", target.label) } else { String::new() };
        match target {
            Target { is_loop: true, .. } if self.dice.once_in(2) => format!("continue{label}"),
            Target { has_value: true, .. } => format!("break{label} ({})", self.expression(&scope.frozen())),
            Target { .. } => format!("break{label}"),
        }
    }
}
