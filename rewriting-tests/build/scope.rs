//! What the code at one place of a function can name.

/// What encloses the place, up to what `?` and `return` leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// `Result<u8, Fault>`
    Result,
    /// `anyhow::Result<u8>`
    Anyhow,
    /// `Option<u8>`
    Option,
    /// `()`
    Unit,
}

impl Frame {
    pub(crate) const ALL: [Frame; 4] = [Frame::Result, Frame::Anyhow, Frame::Option, Frame::Unit];

    pub(crate) fn type_name(self) -> &'static str {
        match self {
            Frame::Result => "Result<u8, Fault>",
            Frame::Anyhow => "anyhow::Result<u8>",
            Frame::Option => "Option<u8>",
            Frame::Unit => "()",
        }
    }
}

/// A loop or a labelled block of the frame.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) label: String,
    /// `break` carries a value.
    pub(crate) has_value: bool,
    pub(crate) is_loop: bool,
}

/// Of one place; what is entered from there has a changed copy.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) frame: Frame,
    pub(crate) targets: Vec<Target>,
    pub(crate) variables: Vec<String>,
    /// Those of the variables that may change here.
    pub(crate) mutable: Vec<String>,
    /// Not in a closure: what an error leaves here, it leaves with the function.
    pub(crate) is_functions_own: bool,
    pub(crate) depth: u32,
}

impl Scope {
    pub(crate) fn of_function(frame: Frame) -> Self {
        let (targets, variables, mutable) = (Vec::new(), Vec::new(), Vec::new());
        Scope { frame, targets, variables, mutable, is_functions_own: true, depth: 0 }
    }

    pub(crate) fn deeper(&self) -> Self {
        Scope { depth: self.depth + 1, ..self.clone() }
    }

    /// Inside of an expression that holds on to others: nothing changes there.
    pub(crate) fn frozen(&self) -> Self {
        Scope { mutable: Vec::new(), ..self.deeper() }
    }

    pub(crate) fn within(&self, target: Target) -> Self {
        let mut inner = self.deeper();
        inner.targets.push(target);
        inner
    }

    /// A closure or an async block, which is left by its own `?` and `return`.
    pub(crate) fn closed(&self, frame: Frame) -> Self {
        Scope { frame, targets: Vec::new(), mutable: Vec::new(), is_functions_own: false, ..self.deeper() }
    }
}
