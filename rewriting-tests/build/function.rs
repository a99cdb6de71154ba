//! The text of one function: statements, expressions and ways out that the dice choose.
//!
//! Each leaf is a call of a method of `Run` with a number of its own, so that the order in which they run shows in a
//! log. A block that is plain in one function and `with_pool!`'s in the other stands between one of [`WATCHED`],
//! [`EXISTING`] and [`OWN`], and [`END`].

use crate::dice::Dice;
use crate::scope::{Frame, Scope, Target};

/// The beginning of a block with an executor that notes how it is left.
pub(crate) const WATCHED: &str = "@watched{";
/// The beginning of a block with a pool that exists.
pub(crate) const EXISTING: &str = "@existing{";
/// The beginning of a block with a pool of its own.
pub(crate) const OWN: &str = "@own{";
/// The end of either, which is a `Result<_, PoolError>`.
pub(crate) const END: &str = "}@";

/// Deeper than that there are leaves only.
const MAX_DEPTH: u32 = 7;

pub(crate) struct Function {
    pub(crate) frame: Frame,
    pub(crate) body: String,
    /// How many numbers its leaves have.
    pub(crate) leaves: u32,
}

impl Function {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let frame = *dice.pick(&Frame::ALL);
        let budget = 25 + dice.roll(40);
        let mut writer = Writer { dice, leaves: 0, names: 0, budget };
        let mut scope = Scope::of_function(frame);
        let mut body = String::new();
        // At least one block, and something around it.
        body += &writer.statements(&mut scope);
        body += &writer.pool_statement(&mut scope);
        body += &writer.statements(&mut scope);
        let value = writer.expression(&scope);
        let end = match frame {
            Frame::Result | Frame::Anyhow => format!("Ok({value})"),
            Frame::Option => format!("Some({value})"),
            Frame::Unit => format!("let _: u8 = {value};"),
        };
        Function { frame, body: body + &end, leaves: writer.leaves }
    }
}

pub(crate) struct Writer<'d> {
    pub(crate) dice: &'d mut Dice,
    leaves: u32,
    names: u32,
    /// How much more than leaves may still be written.
    budget: u32,
}

impl Writer<'_> {
    pub(crate) fn next_number(&mut self) -> u32 {
        self.leaves += 1;
        self.leaves
    }

    /// A call of `Run` with the next number.
    pub(crate) fn leaf(&mut self, method: &str) -> String {
        format!("run.{method}({})", self.next_number())
    }

    pub(crate) fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    pub(crate) fn is_spent(&mut self, scope: &Scope) -> bool {
        self.budget = self.budget.saturating_sub(1);
        self.budget == 0 || scope.depth >= MAX_DEPTH
    }

    // ---- statements

    pub(crate) fn statements(&mut self, scope: &mut Scope) -> String {
        let count = 1 + self.dice.roll(3);
        (0..count).map(|_| self.statement(scope)).collect()
    }

    /// A block's inside, whose names end with it.
    pub(crate) fn inside(&mut self, scope: &Scope) -> String {
        self.statements(&mut scope.clone())
    }

    fn statement(&mut self, scope: &mut Scope) -> String {
        if self.is_spent(scope) {
            return format!("{};\n", self.leaf("note"));
        }
        match self.dice.roll(17) {
            0 => {
                let guard = self.name("guard");
                let dropped = if self.dice.once_in(3) { format!("drop({guard});\n") } else { String::new() };
                format!("let {guard} = {};\n{}{dropped}", self.leaf("guard"), self.statement(&mut scope.clone()))
            }
            1 | 2 => {
                let (name, value) = (self.name("x"), self.expression(scope));
                scope.variables.push(name.clone());
                format!("let {name}: u8 = {value};\n")
            }
            3 => {
                let (name, value) = (self.name("m"), self.expression(&scope.frozen()));
                scope.variables.push(name.clone());
                scope.mutable.push(name.clone());
                format!("let mut {name}: u8 = {value};\n")
            }
            4 if !scope.mutable.is_empty() => {
                let name = self.dice.pick(&scope.mutable).clone();
                let sign = self.dice.pick(&["=", "^="]);
                format!("{name} {sign} {};\n", self.expression(&scope.frozen()))
            }
            5 => {
                let condition = self.condition(&scope.frozen());
                let (then, otherwise) = (self.inside(&scope.deeper()), self.inside(&scope.deeper()));
                format!("if {condition} {{\n{then}}} else {{\n{otherwise}}}\n")
            }
            6 | 7 => {
                format!("if {} {{ {}{} }}\n", self.leaf("flag"), self.departure(scope), self.dice.pick(&["", ";"]))
            }
            8 => self.while_loop(scope),
            9 => self.for_loop(scope),
            10 => {
                let (name, option, departure) = (self.name("x"), self.leaf("option"), self.departure(scope));
                scope.variables.push(name.clone());
                format!("let Some({name}) = {option} else {{ {departure}{} }};\n", self.dice.pick(&["", ";"]))
            }
            11 => format!("{};\n", self.expression(scope)),
            12 => self.closure(scope),
            13 => self.item(scope),
            14 => self.macro_statement(scope),
            15 => self.expression_of_nothing(scope) + ";\n",
            _ => self.pool_statement(scope),
        }
    }

    fn while_loop(&mut self, scope: &Scope) -> String {
        let label = self.name("'while");
        let mut inner = scope.within(Target { label: label.clone(), has_value: false, is_loop: true });
        let condition = match self.dice.roll(3) {
            0 => {
                let name = self.name("x");
                inner.variables.push(name.clone());
                format!("let Some({name}) = {} && {}", self.leaf("option"), self.leaf("flag"))
            }
            _ => self.leaf("flag"),
        };
        format!("{label}: while {condition} {{\n{}}}\n", self.statements(&mut inner))
    }

    fn for_loop(&mut self, scope: &Scope) -> String {
        let (label, name) = (self.name("'for"), self.name("i"));
        let end = self.expression(&scope.frozen());
        let mut inner = scope.within(Target { label: label.clone(), has_value: false, is_loop: true });
        inner.variables.push(name.clone());
        format!("{label}: for {name} in 0..({end}) % 3 {{\n{}}}\n", self.statements(&mut inner))
    }

    /// What leaves a closure, or an async block, leaves nothing else.
    fn closure(&mut self, scope: &mut Scope) -> String {
        let (closure, argument, value) = (self.name("f"), self.name("x"), self.name("x"));
        let frame = *self.dice.pick(&[Frame::Result, Frame::Option]);
        let mut inner = scope.closed(frame);
        let (head, call) = if self.dice.once_in(3) {
            ("async".to_owned(), format!("ready({closure})"))
        } else {
            inner.variables.push(argument.clone());
            let passed = self.expression(&scope.frozen());
            (format!("|{argument}: u8| -> {}", frame.type_name()), format!("{closure}({passed})"))
        };
        let (statements, end) = (self.statements(&mut inner), self.expression(&inner));
        let end = match frame {
            Frame::Option => format!("Option::<u8>::Some({end})"),
            _ => format!("Result::<u8, Fault>::Ok({end})"),
        };
        scope.variables.push(value.clone());
        format!("let {closure} = {head} {{\n{statements}{end}\n}};\nlet {value}: u8 = {call}.unwrap_or(1);\n")
    }

    fn item(&mut self, scope: &mut Scope) -> String {
        let (function, value) = (self.name("inner"), self.name("x"));
        let outer = scope.deeper();
        let mut inner = Scope { variables: Vec::new(), ..outer.closed(Frame::Option) };
        let (statements, end) = (self.statements(&mut inner), self.expression(&inner));
        scope.variables.push(value.clone());
        format!(
            "fn {function}(run: &Run) -> Option<u8> {{\n{statements}Some({end})\n}}\n\
             let {value}: u8 = {function}(run).unwrap_or(2);\n"
        )
    }

    fn macro_statement(&mut self, scope: &Scope) -> String {
        let scope = &scope.frozen();
        if scope.frame == Frame::Anyhow && self.dice.once_in(2) {
            return self.ensure(scope);
        }
        let (a, b) = (self.expression(scope), self.expression(scope));
        match self.dice.roll(5) {
            0 => format!("assert!(u16::from({a}) < 256, \"{{}}\", {b});\n"),
            1 => format!("assert_eq!(({a}) & 0, ({b}) & 0);\n"),
            2 => format!("debug_assert_ne!(u16::from({a}) & 1, u16::from({b}) | 256);\n"),
            3 => {
                let (text, more) = (self.name("text"), format!("\"{{}} {{n}}\", {a}, n = {b}"));
                format!("let mut {text} = String::new();\nwrite!({text}, {more}).expect(\"room\");\n")
            }
            _ => format!("let _ = format!(\"{{0}} {{1}} {{0}}\", {a}, {b});\n"),
        }
    }

    fn ensure(&mut self, scope: &Scope) -> String {
        let condition = self.condition(scope);
        match self.dice.roll(3) {
            0 => format!("ensure!(({condition}) & {});\n", self.leaf("flag")),
            1 => {
                let (value, last) = (self.expression(scope), self.leaf("number"));
                format!("ensure!({condition}, \"{{}} {{}}\", {value}, {last});\n")
            }
            _ => format!("anyhow::ensure!({condition}, run.fault({}));\n", self.next_number()),
        }
    }

    // ---- blocks with a pool

    fn pool_statement(&mut self, scope: &mut Scope) -> String {
        let unwrapped = self.unwrapped(scope);
        if self.dice.once_in(2) {
            let (begin, end) = self.pool(scope);
            let body = self.inside(&scope.deeper());
            return format!("{begin}\n{body}{end}{unwrapped};\n");
        }
        // Its type is written down, so that it may end in nothing but a way out.
        let (name, block) = (self.name("x"), self.pool_block(scope, Self::expression_or_departure));
        scope.variables.push(name.clone());
        format!("let {name}: u8 = {block}{unwrapped};\n")
    }

    pub(crate) fn pool_block(&mut self, scope: &Scope, end: fn(&mut Self, &Scope) -> String) -> String {
        let (begin, finish) = self.pool(scope);
        let mut inner = scope.deeper();
        let statements = self.statements(&mut inner);
        let end = end(self, &inner);
        format!("{begin}\n{statements}{end}\n{finish}")
    }

    /// What stands before and behind a block. A watched one notes in its first local that it is left, and behind it
    /// that it came to its end.
    fn pool(&mut self, scope: &Scope) -> (String, String) {
        match self.dice.roll(5) {
            0 => (OWN.to_owned(), END.to_owned()),
            _ if scope.is_functions_own => (
                format!("{WATCHED}\nlet _left = run.enter({});", self.next_number()),
                format!("{END}.inspect(|_| {})", self.leaf("note")),
            ),
            _ => (EXISTING.to_owned(), END.to_owned()),
        }
    }

    pub(crate) fn unwrapped(&mut self, scope: &Scope) -> &'static str {
        let converts = matches!(scope.frame, Frame::Result | Frame::Anyhow);
        if converts && self.dice.once_in(2) { "?" } else { ".expect(\"a pool\")" }
    }
}
