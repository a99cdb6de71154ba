//! What stands in the parentheses of `#[pool_task(..)]`.

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Path, Token, Type};

use crate::refusals::Refusals;
use crate::setting::{Setting, Time, Value, default_runtime, is_zero};
use crate::suggestion::suggestion;

const KINDS: &[&str] = &["process", "thread"];
const OPTIONS: &[&str] = &["timeout", "retries", "name", "version", "instances", "crate"];

/// Where a task may run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anywhere: its arguments and its result can be sent to another process.
    Process,
    /// On threads of this process only.
    Thread,
}

pub(crate) struct Args {
    /// Missing if it was refused or never given.
    pub(crate) kind: Option<Kind>,
    /// How long a call may run if it does not say otherwise.
    pub(crate) timeout: Option<Time>,
    /// How often a call that was lost runs again if it does not say otherwise.
    pub(crate) retries: Option<Expr>,
    /// The wire name instead of the function's path.
    pub(crate) name: Option<LitStr>,
    /// Goes with the wire name.
    pub(crate) version: Option<Expr>,
    /// The types for which a generic function is a process task.
    pub(crate) instances: Option<Instances>,
    /// The path of the crate `executor-runtime`.
    pub(crate) runtime: Path,
}

/// `instances(..)`, unread but for its commas; without a type if it was refused.
pub(crate) struct Instances {
    /// The option's name, where what is wrong with the whole is told.
    pub(crate) option: Ident,
    pub(crate) types: Vec<Type>,
}

impl Args {
    pub(crate) fn read(args: TokenStream, refusals: &mut Refusals) -> Self {
        let mut read = Args {
            kind: None,
            timeout: None,
            retries: None,
            name: None,
            version: None,
            instances: None,
            runtime: default_runtime(),
        };
        if args.is_empty() {
            refusals.refuse_at(
                Span::call_site(),
                "say where the task may run: `#[pool_task(process)]` or `#[pool_task(thread)]`",
            );
            return read;
        }
        let settings = Setting::parse_list(args, refusals);
        let (kinds, options): (Vec<_>, Vec<_>) = settings.into_iter().partition(is_kind);
        read.read_kind(&kinds, options.first(), refusals);
        for option in options {
            read.read_option(option, refusals);
        }
        read
    }

    fn read_kind(&mut self, kinds: &[Setting], option: Option<&Setting>, refusals: &mut Refusals) {
        for Setting { name, .. } in kinds {
            let kind = Kind::named(name);
            match kind {
                Some(_) if self.kind == kind => refusals.refuse(name, "the kind is given twice"),
                Some(_) if self.kind.is_some() => {
                    refusals.refuse(name, "the kind is given twice: a process task runs on threads too");
                }
                Some(_) => self.kind = kind,
                None => {
                    let hint = suggestion(&name.to_string(), KINDS);
                    refusals.refuse(name, format!("unknown kind `{name}`{hint}"));
                }
            }
        }
        // `process = ..` is refused for its value, and did say where.
        if let ([], Some(Setting { name, .. })) = (kinds, option)
            && !KINDS.iter().any(|kind| name == kind)
        {
            refusals.refuse(name, "say first where the task may run: `process` or `thread`");
        }
    }

    fn read_option(&mut self, option: Setting, refusals: &mut Refusals) {
        let name = option.name.to_string();
        if self.kind == Some(Kind::Thread)
            && let Some(why) = only_for_processes(&name)
        {
            refusals.refuse(&option.name, format!("`{name}` is an option of process tasks: {why}"));
            return;
        }
        match name.as_str() {
            "timeout" => {
                self.timeout = option.time(refusals);
                if let Some(timeout) = self.timeout.as_ref().filter(|timeout| timeout.is_zero()) {
                    refusals.refuse(timeout, "a task needs time to run: leave `timeout` out for no limit");
                }
            }
            "retries" => {
                self.retries = option.number("3", refusals);
                if let Some(retries) = self.retries.as_ref().filter(|retries| is_zero(retries)) {
                    refusals.refuse(retries, "a task that may not run again is the default: leave `retries` out");
                }
            }
            "name" => {
                self.name = option.string(refusals);
                if let Some(name) = self.name.as_ref().filter(|name| name.value().is_empty()) {
                    refusals.refuse(name, "a task's name cannot be empty");
                }
            }
            "version" => self.version = option.number("2", refusals),
            "instances" => self.instances = Some(Instances::read(option, refusals)),
            "crate" => {
                if let Some(runtime) = option.path(refusals) {
                    self.runtime = runtime;
                }
            }
            kind if KINDS.contains(&kind) => {
                refusals
                    .refuse(&option.name, format!("`{kind}` takes no value: options stand behind it, `{kind}, ..`"));
            }
            unknown => {
                let hint = suggestion(unknown, OPTIONS);
                refusals.refuse(&option.name, format!("unknown option `{unknown}`{hint}"));
            }
        }
    }
}

impl Instances {
    fn read(option: Setting, refusals: &mut Refusals) -> Self {
        let Setting { name: option, value } = option;
        let list = if let Value::List(list) = value { list.stream() } else { TokenStream::new() };
        let types = refusals.keep(Punctuated::<Type, Token![,]>::parse_terminated.parse2(list));
        if types.as_ref().is_some_and(Punctuated::is_empty) {
            refusals.refuse(&option, "`instances` needs a list of types: `instances(u32, String)`");
        }
        Instances { option, types: types.into_iter().flatten().collect() }
    }
}

impl Kind {
    fn named(name: &Ident) -> Option<Self> {
        match name.to_string().as_str() {
            "process" => Some(Kind::Process),
            "thread" => Some(Kind::Thread),
            _ => None,
        }
    }
}

/// Why an option says nothing of a thread task, if it does not.
fn only_for_processes(option: &str) -> Option<&'static str> {
    match option {
        "retries" => Some("a thread is never lost, so a task on it has no reason to run again"),
        "version" => Some("a thread task is never sent anywhere"),
        "instances" => Some("a generic thread task takes every type as it is"),
        _ => None,
    }
}

/// A bare word is a kind, unless it is an option that lost its value.
fn is_kind(setting: &Setting) -> bool {
    matches!(setting.value, Value::Missing) && !OPTIONS.iter().any(|option| setting.name == option)
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{ToTokens as _, quote};

    fn refused(args: TokenStream) -> Vec<String> {
        let mut refusals = Refusals::default();
        Args::read(args, &mut refusals);
        let errors = refusals.finish(Some(())).err().into_iter().flatten();
        errors.map(|error| error.to_string()).collect()
    }

    #[test]
    fn every_option_is_read() {
        let mut refusals = Refusals::default();
        let args = quote!(
            process,
            timeout = "1m 30s",
            retries = 2,
            name = "stable",
            version = V,
            instances(u32, Vec<u8>),
            crate = my::runtime
        );
        let args = Args::read(args, &mut refusals);
        assert!(refusals.finish(Some(())).is_ok());
        assert!(args.kind == Some(Kind::Process));
        let timeout = args.timeout.to_token_stream().to_string();
        assert_eq!(timeout, ":: core :: time :: Duration :: new (90u64 , 0u32)");
        assert_eq!(args.retries.to_token_stream().to_string(), "2");
        assert_eq!(args.name.map(|name| name.value()).as_deref(), Some("stable"));
        assert_eq!(args.version.to_token_stream().to_string(), "V");
        assert_eq!(args.instances.map(|instances| instances.types.len()), Some(2));
        assert_eq!(args.runtime.to_token_stream().to_string(), "my :: runtime");
    }

    #[test]
    fn a_kind_is_needed_once() {
        assert_eq!(refused(quote!()).len(), 1);
        assert_eq!(refused(quote!(name = "n")).len(), 1);
        assert_eq!(refused(quote!(process, thread)).len(), 1);
        assert_eq!(refused(quote!(process = 3)), ["`process` takes no value: options stand behind it, `process, ..`"]);
    }

    #[test]
    fn unknown_words_are_answered_with_the_nearest_known_one() {
        assert_eq!(refused(quote!(proces)), ["unknown kind `proces`: did you mean `process`?"]);
        assert_eq!(refused(quote!(thread, nam = "n")), ["unknown option `nam`: did you mean `name`?"]);
        assert_eq!(
            refused(quote!(process, fiber(u32))),
            ["unknown option `fiber`: expected `timeout`, `retries`, `name`, `version`, `instances` or `crate`"]
        );
    }

    #[test]
    fn an_option_without_its_value_shows_how_it_is_written() {
        assert_eq!(refused(quote!(process, name)), ["`name` needs a value: `name = \"..\"`"]);
        assert_eq!(refused(quote!(process, timeout)), ["`timeout` needs a value: `timeout = \"2s\"`"]);
        for list in [quote!(instances), quote!(instances = u32), quote!(instances())] {
            let said = refused(quote!(process, #list));
            assert!(matches!(said.as_slice(), [one] if one.ends_with("`instances(u32, String)`")), "{said:?}");
        }
    }

    #[test]
    fn values_are_of_the_options_type_and_not_zero() {
        for wrong in [
            quote!(timeout = 2),
            quote!(timeout = "2 parsecs"),
            quote!(timeout = "0s"),
            quote!(retries = "3"),
            quote!(retries = 0),
            quote!(version = 1.5),
            quote!(name = 3),
            quote!(name = ""),
        ] {
            assert_eq!(refused(quote!(process, #wrong)).len(), 1, "{wrong}");
        }
        assert!(refused(quote!(thread, timeout = LIMIT)).is_empty());
    }

    #[test]
    fn a_thread_task_has_no_options_of_process_tasks() {
        for option in [quote!(retries = 3), quote!(version = 1), quote!(instances(u32))] {
            assert_eq!(refused(quote!(thread, #option)).len(), 1, "{option}");
        }
    }
}
