//! Expressions, whose parts the dice choose.

use crate::function::Writer;
use crate::scope::{Frame, Scope, Target};

impl Writer<'_> {
    /// One of type `u8`.
    pub(crate) fn expression(&mut self, scope: &Scope) -> String {
        if self.is_spent(scope) {
            return self.simple(scope);
        }
        let frozen = &scope.frozen();
        match self.dice.roll(21) {
            0 => format!("run.mix({}, {}, {})", self.next_number(), self.expression(frozen), self.expression(frozen)),
            1 | 2 => self.question(scope),
            3 => format!("u8::wrapping_add({}, {})", self.expression(frozen), self.expression(frozen)),
            4 => {
                let mut inner = scope.deeper();
                let statements = self.statements(&mut inner);
                format!("{{\n{statements}{}\n}}", self.expression(&inner))
            }
            5 => self.labelled_block(scope),
            6 => self.endless_loop(scope),
            7 => {
                let (condition, then) = (self.condition(frozen), self.expression(&scope.deeper()));
                let otherwise = self.expression_or_departure(&scope.deeper());
                format!("if {condition} {{ {then} }} else {{ {otherwise} }}")
            }
            8 => self.choice(scope),
            9 => {
                let mut inner = scope.deeper();
                let (name, option) = (self.name("x"), self.leaf("option"));
                inner.variables.push(name.clone());
                let chained = if self.dice.once_in(3) {
                    format!(" && {}", self.condition(&inner.frozen()))
                } else {
                    String::new()
                };
                let (then, otherwise) = (self.expression(&inner), self.expression_or_departure(&scope.deeper()));
                format!("if let Some({name}) = {option}{chained} {{ {then} }} else {{ {otherwise} }}")
            }
            10 | 11 => {
                let block = self.pool_block(scope, Self::expression);
                format!("{block}{}", self.unwrapped(scope))
            }
            12 => format!("vec![{}, {}][1]", self.expression(frozen), self.expression(frozen)),
            13 => format!("vec![{}; usize::from({}) % 2 + 1][0]", self.expression(frozen), self.expression(frozen)),
            14 => format!("format!(\"{{:?}}\", {}).len() as u8", self.expression(frozen)),
            15 => {
                let (value, name, guard) = (self.expression(frozen), self.name("n"), self.condition(frozen));
                format!("u8::from(matches!({value}, {name} if {name} < 9 && {guard}))")
            }
            16 => format!("({}, {}).1", self.expression(frozen), self.expression(frozen)),
            17 => format!(
                "[{}, {}][usize::from({}) % 2]",
                self.leaf("number"),
                self.question(frozen),
                self.leaf("number")
            ),
            18 => format!("{}.value()", self.leaf("guard")),
            19 => {
                format!("run.mix({}, {}.value(), {})", self.next_number(), self.leaf("guard"), self.expression(frozen))
            }
            _ => self.simple(scope),
        }
    }

    pub(crate) fn simple(&mut self, scope: &Scope) -> String {
        match self.dice.roll(4) {
            0 | 1 if !scope.variables.is_empty() => self.dice.pick(&scope.variables).clone(),
            2 => self.question(scope),
            _ => self.leaf("number"),
        }
    }

    /// A `?` where the frame has one.
    fn question(&mut self, scope: &Scope) -> String {
        let of_results = ["result", "foreign"];
        match scope.frame {
            Frame::Result | Frame::Anyhow if self.dice.once_in(4) => format!("{}.result()?", self.leaf("guard")),
            Frame::Result | Frame::Anyhow => {
                let method = *self.dice.pick(&of_results);
                format!("{}?", self.leaf(method))
            }
            Frame::Option if self.dice.once_in(4) => format!("{}.option()?", self.leaf("guard")),
            Frame::Option => format!("{}?", self.leaf("option")),
            Frame::Unit => self.leaf("number"),
        }
    }

    fn labelled_block(&mut self, scope: &Scope) -> String {
        let label = self.name("'block");
        let mut inner = scope.within(Target { label: label.clone(), has_value: true, is_loop: false });
        let statements = self.statements(&mut inner);
        format!("{label}: {{\n{statements}{}\n}}", self.expression(&inner))
    }

    /// It ends when the input does.
    fn endless_loop(&mut self, scope: &Scope) -> String {
        let label = self.name("'loop");
        let mut inner = scope.within(Target { label: label.clone(), has_value: true, is_loop: true });
        let (stop, end) = (self.leaf("stop"), self.expression(&inner.frozen()));
        format!("{label}: loop {{\nif {stop} {{ break {label} ({end}); }}\n{}}}", self.statements(&mut inner))
    }

    fn choice(&mut self, scope: &Scope) -> String {
        let (value, name) = (self.expression(&scope.frozen()), self.name("x"));
        let mut inner = scope.deeper();
        inner.variables.push(name.clone());
        let guard = self.condition(&inner.frozen());
        let (first, second, third) = (
            self.expression(&scope.deeper()),
            self.expression_or_departure(&inner),
            self.expression_or_departure(&scope.deeper()),
        );
        format!("match {value} {{ 0..=80 => {first}, {name} if {guard} => {second}, _ => {third} }}")
    }

    pub(crate) fn expression_or_departure(&mut self, scope: &Scope) -> String {
        if self.dice.once_in(4) { self.departure(scope) } else { self.expression(scope) }
    }

    /// One of type `()`.
    pub(crate) fn expression_of_nothing(&mut self, scope: &Scope) -> String {
        let label = self.name("'loop");
        let inner = scope.within(Target { label: label.clone(), has_value: false, is_loop: true });
        let stop = self.leaf("stop");
        format!("{label}: loop {{\nif {stop} {{ break }}\n{}}}", self.inside(&inner))
    }

    pub(crate) fn condition(&mut self, scope: &Scope) -> String {
        if self.is_spent(scope) {
            return self.leaf("flag");
        }
        match self.dice.roll(6) {
            0 => format!("({}) > 100", self.expression(scope)),
            1 => format!("({} && {})", self.condition(&scope.deeper()), self.condition(&scope.deeper())),
            2 => format!("!({})", self.condition(&scope.deeper())),
            3 => format!("matches!({}, 3..=200)", self.expression(scope)),
            _ => self.leaf("flag"),
        }
    }
}
