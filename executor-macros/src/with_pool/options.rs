//! What a pool can be told in the parentheses of `thread(..)` and `process(..)`.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Expr, Ident, Path};

use super::input::Kind;
use crate::refusals::Refusals;
use crate::setting::{Setting, is_zero};
use crate::suggestion::{list, suggestion};

/// An option of a pool, or of its block.
struct Known {
    name: &'static str,
    takes: Takes,
    /// A value that would be right.
    example: &'static str,
    /// The pools that know it.
    kinds: &'static [Kind],
}

/// What an option's value is.
#[derive(Clone, Copy)]
enum Takes {
    /// A whole number, and why it cannot be zero.
    Number(Option<&'static str>),
    /// A span of time, likewise.
    Time(Option<&'static str>),
    /// Whatever the builder's method takes.
    Expression,
    /// One of [`ON_ERROR`].
    OnError,
    /// A path.
    Crate,
}

const BOTH: &[Kind] = &[Kind::Thread, Kind::Process];

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    known("max_workers", Takes::Number(Some("a pool needs at least one worker")), "4", BOTH),
    known("stack_size", Takes::Number(None), "1 << 20", BOTH),
    known("initializer", Takes::Expression, "set_up", &[Kind::Thread]),
    known("initializer", Takes::Expression, "set_up::task()", &[Kind::Process]),
    known("max_pending", Takes::Number(Some("where nothing may wait, nothing can be submitted")), "100", BOTH),
    known("thread_name_prefix", Takes::Expression, "\"io\"", &[Kind::Thread]),
    known("idle_timeout", Takes::Time(None), "\"10s\"", &[Kind::Thread]),
    known("max_tasks_per_child", Takes::Number(Some("a worker needs to run at least one task")), "100", &[Kind::Process]),
    known("timeout", Takes::Time(Some("a task needs time to run: leave `timeout` out for no limit")), "\"2s\"", &[Kind::Process]),
    known("kill_grace", Takes::Time(None), "\"1s\"", &[Kind::Process]),
    known("restart_limit", Takes::Number(None), "10", &[Kind::Process]),
    known("restart_window", Takes::Time(None), "\"1m\"", &[Kind::Process]),
    known("max_result_size", Takes::Number(None), "1 << 30", &[Kind::Process]),
    known("max_memory_per_child", Takes::Number(Some("a worker needs some memory")), "200 << 20", &[Kind::Process]),
    known("memory_limit", Takes::Number(Some("a worker needs some memory")), "1 << 30", &[Kind::Process]),
    known("cpu_time_limit", Takes::Time(Some("a worker needs processor time: leave `cpu_time_limit` out for no limit")), "\"60s\"", &[Kind::Process]),
    known("open_files_limit", Takes::Number(None), "100", &[Kind::Process]),
    known("file_size_limit", Takes::Number(None), "1 << 30", &[Kind::Process]),
    known("nice", Takes::Number(None), "10", &[Kind::Process]),
    known("cpu_affinity", Takes::Expression, "[0, 1]", &[Kind::Process]),
    known("envs", Takes::Expression, "[(\"LANG\", \"C\")]", &[Kind::Process]),
    known("current_dir", Takes::Expression, "\"some/directory\"", &[Kind::Process]),
    known("inner_max_num_threads", Takes::Expression, "1", &[Kind::Process]),
    known("prewarm", Takes::Number(None), "4", &[Kind::Process]),
    known("transport", Takes::Expression, "Transport::SharedMemory", &[Kind::Process]),
    known("stdout", Takes::Expression, "WorkerStdout::Null", &[Kind::Process]),
    known("stderr", Takes::Expression, "WorkerStderr::Inherit", &[Kind::Process]),
    known("on_error", Takes::OnError, "wait", BOTH),
    known("crate", Takes::Crate, "some::path", BOTH),
];

/// What `on_error` can be, and how the runtime's `OnError` calls it.
const ON_ERROR: &[(&str, &str)] = &[("wait", "Wait"), ("cancel", "Cancel"), ("kill", "Kill")];

const fn known(name: &'static str, takes: Takes, example: &'static str, kinds: &'static [Kind]) -> Known {
    Known { name, takes, example, kinds }
}

/// The options of one pool, each known to its builder.
pub(crate) struct Options {
    pub(crate) runtime: Path,
    /// The variant of the runtime's `OnError`.
    pub(crate) on_error: Ident,
    /// The builder's methods and their arguments, in the user's order.
    pub(crate) calls: Vec<(Ident, TokenStream)>,
}

impl Options {
    pub(crate) fn read(kind: Kind, options: TokenStream, runtime: Path, refusals: &mut Refusals) -> Self {
        let mut read = Options { runtime, on_error: default_on_error(), calls: Vec::new() };
        for setting in Setting::parse_list(options, refusals) {
            read.read_setting(kind, setting, refusals);
        }
        read
    }

    fn read_setting(&mut self, kind: Kind, setting: Setting, refusals: &mut Refusals) {
        let name = setting.name.clone();
        let of_the_name = || KNOWN.iter().filter(|known| name == known.name);
        let of_the_kind = of_the_name().find(|known| known.kinds.contains(&kind));
        let Some(known) = of_the_kind.or_else(|| of_the_name().next()) else {
            refuse_unknown(kind, &name, refusals);
            return;
        };
        if of_the_kind.is_none() {
            refusals.refuse(&name, misplaced(kind, known));
            return;
        }
        let value = match known.takes {
            Takes::Crate => {
                if let Some(runtime) = setting.path(refusals) {
                    self.runtime = runtime;
                }
                return;
            }
            Takes::OnError => {
                let value = setting.expression(known.example, refusals);
                let word = value.and_then(|value| read_on_error(kind, known, &value, refusals));
                self.on_error = word.unwrap_or_else(default_on_error);
                return;
            }
            Takes::Number(not_zero) => setting.number(known.example, refusals).map(|number| {
                refuse_zero(not_zero, is_zero(&number), &number, refusals);
                number.into_token_stream()
            }),
            Takes::Time(not_zero) => setting.time(refusals).map(|time| {
                refuse_zero(not_zero, time.is_zero(), &time, refusals);
                time.into_token_stream()
            }),
            Takes::Expression => setting.expression(known.example, refusals).map(ToTokens::into_token_stream),
        };
        self.calls.extend(value.map(|value| (name, value)));
    }
}

/// What a block does that is not told: it is the block's own business, not its pool's.
pub(crate) fn default_on_error() -> Ident {
    Ident::new("Cancel", Span::mixed_site())
}

fn read_on_error(kind: Kind, known: &Known, value: &Expr, refusals: &mut Refusals) -> Option<Ident> {
    let word = match value {
        Expr::Path(path) => path.path.get_ident(),
        _ => None,
    };
    let here: Vec<_> = ON_ERROR.iter().map(|(name, _)| *name).filter(|name| can_do(kind, name)).collect();
    let Some(word) = word else {
        let words = list(&here);
        refusals.refuse(value, format!("expected one of the words {words}: `on_error = {}`", known.example));
        return None;
    };
    let Some((_, variant)) = ON_ERROR.iter().find(|(name, _)| word == name) else {
        let hint = suggestion(&word.to_string(), &here);
        refusals.refuse(word, format!("unknown word `{word}` for `on_error`{hint}"));
        return None;
    };
    if !can_do(kind, &word.to_string()) {
        refusals.refuse(
            word,
            "`on_error = kill` is for `process(..)`: a thread cannot be killed; write `on_error = cancel`, which cancels \
             what has not started and waits for what runs",
        );
    }
    Some(Ident::new(variant, Span::mixed_site()))
}

/// A thread cannot be killed.
fn can_do(kind: Kind, word: &str) -> bool {
    kind == Kind::Process || word != "kill"
}

fn refuse_zero(why: Option<&str>, is_zero: bool, value: &impl ToTokens, refusals: &mut Refusals) {
    if let Some(why) = why.filter(|_| is_zero) {
        refusals.refuse(value, why);
    }
}

fn refuse_unknown(kind: Kind, name: &Ident, refusals: &mut Refusals) {
    let here = KNOWN.iter().filter(|known| known.kinds.contains(&kind));
    let here: Vec<_> = here.map(|known| known.name).collect();
    let hint = suggestion(&name.to_string(), &here);
    refusals.refuse(name, format!("unknown option `{name}`{hint}"));
}

fn misplaced(kind: Kind, known: &Known) -> String {
    let (here, there) = match kind {
        Kind::Thread => ("thread", "process"),
        Kind::Process => ("process", "thread"),
    };
    let name = known.name;
    format!("`{name}` is an option of `{there}(..)`, not of `{here}(..)`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setting::default_runtime;
    use quote::quote;

    fn refused(kind: Kind, options: TokenStream) -> Vec<String> {
        let mut refusals = Refusals::default();
        Options::read(kind, options, default_runtime(), &mut refusals);
        let errors = refusals.finish(Some(())).err().into_iter().flatten();
        errors.map(|error| error.to_string()).collect()
    }

    #[test]
    fn options_become_calls_in_the_users_order() {
        let mut refusals = Refusals::default();
        let options = quote!(thread_name_prefix = "io", crate = rt, max_workers = n + 1);
        let options = Options::read(Kind::Thread, options, default_runtime(), &mut refusals);
        assert!(refusals.finish(Some(())).is_ok());
        let names: Vec<_> = options.calls.iter().map(|(name, _)| name.to_string()).collect();
        assert_eq!(names, ["thread_name_prefix", "max_workers"]);
        assert!(options.runtime.is_ident("rt"));
        assert_eq!(options.on_error, "Cancel");
    }

    #[test]
    fn on_error_is_a_word_of_the_macro_and_no_call() {
        for (word, variant) in ON_ERROR {
            let (mut refusals, word) = (Refusals::default(), Ident::new(word, Span::call_site()));
            let options = Options::read(Kind::Process, quote!(on_error = #word), default_runtime(), &mut refusals);
            assert!(refusals.finish(Some(())).is_ok() && options.calls.is_empty());
            assert_eq!(options.on_error, variant);
        }
    }

    #[test]
    fn what_on_error_cannot_be_is_refused_with_what_it_can() {
        let of = |kind, value| refused(kind, quote!(on_error = #value)).join("; ");
        assert!(of(Kind::Thread, quote!(kill)).contains("a thread cannot be killed"));
        assert_eq!(of(Kind::Process, quote!(kil)), "unknown word `kil` for `on_error`: did you mean `kill`?");
        assert_eq!(of(Kind::Thread, quote!(kil)), "unknown word `kil` for `on_error`: expected `wait` or `cancel`");
        for value in [quote!("wait"), quote!(OnError::Wait), quote!(wait()), quote!(true)] {
            assert!(of(Kind::Process, value).starts_with("expected one of the words `wait`, `cancel` or"));
        }
        assert_eq!(refused(Kind::Thread, quote!(on_error)), ["`on_error` needs a value: `on_error = wait`"]);
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let options = quote!(max_worker = 1, timeout = limit, max_workers = 0, stack_size);
        assert_eq!(
            refused(Kind::Thread, options),
            [
                "unknown option `max_worker`: did you mean `max_workers`?",
                "`timeout` is an option of `process(..)`, not of `thread(..)`",
                "a pool needs at least one worker",
                "`stack_size` needs a value: `stack_size = 1 << 20`",
            ]
        );
    }

    #[test]
    fn zero_is_zero_however_it_is_spelled() {
        for zero in [quote!(0), quote!(0usize), quote!(0x0), quote!(0_0)] {
            assert_eq!(refused(Kind::Process, quote!(max_workers = #zero)).len(), 1);
        }
        assert!(refused(Kind::Process, quote!(max_workers = 10)).is_empty());
    }
}
