//! The ways in which the same functions are made ready to run elsewhere, and what using one of them once looks like.

use crate::signature::{Argument, Function, TYPES};

/// How a crate treats its functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing is done; they are called. The zero line.
    Plain,
    /// Registered by hand, without the runtime; called through the registry.
    Hand,
    /// `#[pool_task(process)]`; submitted to a process pool.
    Process,
    /// Nothing is done; submitted to a scope of a thread pool as closures.
    Closure,
    /// `#[pool_task(thread)]`; submitted to a scope of a thread pool.
    Thread,
}

impl Way {
    pub(crate) const ALL: [Self; 5] = [Self::Plain, Self::Hand, Self::Process, Self::Closure, Self::Thread];

    /// The name of the crate.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Hand => "hand",
            Self::Process => "process",
            Self::Closure => "closure",
            Self::Thread => "thread",
        }
    }

    /// What the table calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Plain => "plain function, called",
            Self::Hand => "registered by hand, called",
            Self::Process => "`#[pool_task(process)]`, submitted",
            Self::Closure => "plain function, submitted as a closure",
            Self::Thread => "`#[pool_task(thread)]`, submitted",
        }
    }

    /// What does without a macro what this one does with one.
    pub(crate) fn by_hand(self) -> Option<Self> {
        match self {
            Self::Process => Some(Self::Hand),
            Self::Thread => Some(Self::Closure),
            Self::Plain | Self::Hand | Self::Closure => None,
        }
    }

    /// What stands once in the library.
    pub(crate) fn root(self) -> &'static str {
        match self {
            Self::Hand => HAND_REGISTRY,
            _ => "",
        }
    }

    /// A module of the library.
    pub(crate) fn module(self, functions: &[Function]) -> String {
        let functions = functions.iter().map(|function| match self {
            Self::Plain | Self::Closure => function.declaration(),
            Self::Hand => function.declaration() + &by_hand(function),
            Self::Process => format!("#[executor_runtime::pool_task(process)]\n{}", function.declaration()),
            Self::Thread => format!("#[executor_runtime::pool_task(thread)]\n{}", function.declaration()),
        });
        TYPES.to_owned() + &functions.collect::<String>()
    }

    /// What a function of the program gets to use the tasks of a module.
    pub(crate) fn pool(self) -> Pool {
        match self {
            Self::Plain => Pool { ty: "()", value: "()" },
            Self::Hand => Pool { ty: "&dyn hand::Link", value: "&hand::Loopback" },
            Self::Process => Pool { ty: "&ProcessPoolExecutor", value: "&processes" },
            Self::Closure | Self::Thread => Pool { ty: "&'scope ThreadScope<'scope, '_>", value: "threads" },
        }
    }

    /// An expression: the function's value came back.
    pub(crate) fn used(self, function: &Function) -> String {
        let (name, samples) = (function.name, function.samples());
        match self {
            Self::Plain => format!("returned(black_box({name}({samples})))"),
            Self::Hand => format!("call_{name}(pool, {samples}).is_ok()"),
            Self::Closure => format!("pool.submit(|| {name}({samples})).result().is_ok()"),
            Self::Process | Self::Thread => format!("pool.submit({name}::task({samples})).result().is_ok()"),
        }
    }
}

/// A parameter of the program's functions.
pub(crate) struct Pool {
    pub(crate) ty: &'static str,
    /// Where there is a process pool `processes` and a scope `threads`.
    pub(crate) value: &'static str,
}

/// What a registration by hand has once: the list, its entries, the way to the worker. No process is started here:
/// that costs a program nothing per task.
const HAND_REGISTRY: &str = r"
#[derive(Debug)]
pub enum Error {
    Codec(postcard::Error),
    UnknownTask(String),
}

impl From<postcard::Error> for Error {
    fn from(error: postcard::Error) -> Self {
        Self::Codec(error)
    }
}

pub struct Entry {
    pub name: &'static str,
    pub run: fn(&[u8], &mut Vec<u8>) -> Result<(), Error>,
}

// The name is the whole program's, and the runtime has one of its own.
#[linkme::distributed_slice]
pub static BY_HAND: [Entry];

pub trait Link {
    fn call(&self, name: &str, arguments: &[u8]) -> Result<Vec<u8>, Error>;
}

pub struct Loopback;

impl Link for Loopback {
    fn call(&self, name: &str, arguments: &[u8]) -> Result<Vec<u8>, Error> {
        let entry = BY_HAND.iter().find(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| Error::UnknownTask(name.to_owned()))?;
        let mut answer = Vec::new();
        (entry.run)(arguments, &mut answer)?;
        Ok(answer)
    }
}
";

/// What a careful person writes for each function: its entry, the worker's side, the caller's side.
fn by_hand(function: &Function) -> String {
    let Function { name, arguments, output, .. } = function;
    let shouted = name.to_uppercase();
    let tuple = |parts: Vec<String>| match parts.as_slice() {
        [] => "()".to_owned(),
        _ => format!("({},)", parts.join(", ")),
    };
    let names = tuple(arguments.iter().map(|argument| argument.name.to_owned()).collect());
    let received = tuple(arguments.iter().map(Argument::received).collect());
    let passed = arguments.iter().map(Argument::passed).collect::<Vec<_>>().join(", ");
    let parameters = [vec!["link: &dyn crate::Link".to_owned()], function.parameters()].concat().join(", ");
    format!(
        r#"
pub const {shouted}_NAME: &str = concat!(module_path!(), "::{name}");

#[linkme::distributed_slice(crate::BY_HAND)]
static {shouted}_ENTRY: crate::Entry = crate::Entry {{ name: {shouted}_NAME, run: run_{name} }};

fn run_{name}(arguments: &[u8], out: &mut Vec<u8>) -> Result<(), crate::Error> {{
    let {names} = postcard::from_bytes::<{received}>(arguments)?;
    postcard::to_io(&{name}({passed}), out)?;
    Ok(())
}}

pub fn call_{name}({parameters}) -> Result<{output}, crate::Error> {{
    let arguments = postcard::to_stdvec(&{names})?;
    let answer = link.call({shouted}_NAME, &arguments)?;
    Ok(postcard::from_bytes(&answer)?)
}}
"#
    )
}

impl Argument {
    /// What the worker reads: a borrow where postcard can lend it.
    fn received(&self) -> String {
        match self.ty.strip_prefix('&') {
            None | Some("str" | "[u8]") => self.ty.to_owned(),
            Some(slice) if slice.starts_with('[') => format!("Vec<{}>", &slice[1..slice.len() - 1]),
            Some(referent) => referent.to_owned(),
        }
    }

    /// What the worker gives the function.
    fn passed(&self) -> String {
        match self.ty.strip_prefix('&') {
            None | Some("str" | "[u8]") => self.name.to_owned(),
            Some(_) => format!("&{}", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand_only_what_postcard_cannot_lend_is_owned() {
        let types = ["u64", "&str", "&[u8]", "&[String]", "&Order"].map(|ty| Argument { name: "a", ty, sample: "" });
        assert_eq!(types.each_ref().map(Argument::received), ["u64", "&str", "&[u8]", "Vec<String>", "Order"]);
        assert_eq!(types.each_ref().map(Argument::passed), ["a", "a", "a", "&a", "&a"]);
    }
}
