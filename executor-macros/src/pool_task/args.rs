//! What stands in the parentheses of `#[pool_task(..)]`.

use proc_macro2::{Span, TokenStream};
use syn::{Ident, LitStr, Path};

use crate::refusals::Refusals;
use crate::setting::{Setting, Value, default_runtime};
use crate::suggestion::suggestion;

const KINDS: &[&str] = &["process", "thread"];
const OPTIONS: &[&str] = &["name", "crate"];

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
    /// The wire name instead of the function's path.
    pub(crate) name: Option<LitStr>,
    /// The path of the crate `executor-runtime`.
    pub(crate) runtime: Path,
}

impl Args {
    pub(crate) fn read(args: TokenStream, refusals: &mut Refusals) -> Self {
        let mut read = Args { kind: None, name: None, runtime: default_runtime() };
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
        for (index, Setting { name, .. }) in kinds.iter().enumerate() {
            let kind = Kind::named(name);
            match kind {
                Some(_) if index > 0 => {
                    refusals.refuse(name, "the kind is given twice: a process task runs on threads too");
                }
                Some(_) => self.kind = kind,
                None => {
                    let hint = suggestion(&name.to_string(), KINDS);
                    refusals.refuse(name, format!("unknown kind `{name}`{hint}"));
                }
            }
        }
        if let ([], Some(Setting { name, .. })) = (kinds, option) {
            refusals.refuse(name, "say first where the task may run: `process` or `thread`");
        }
    }

    fn read_option(&mut self, option: Setting, refusals: &mut Refusals) {
        match option.name.to_string().as_str() {
            "crate" => {
                if let Some(runtime) = option.path(refusals) {
                    self.runtime = runtime;
                }
            }
            "name" => {
                self.name = option.literal(refusals);
                if let Some(name) = self.name.as_ref().filter(|name| name.value().is_empty()) {
                    refusals.refuse(name, "a task's name cannot be empty");
                }
            }
            kind if KINDS.contains(&kind) => {
                refusals.refuse(&option.name, format!("`{kind}` takes no value"));
            }
            unknown => {
                let hint = suggestion(unknown, OPTIONS);
                refusals.refuse(&option.name, format!("unknown option `{unknown}`{hint}"));
            }
        }
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
    fn kind_name_and_crate_are_read() {
        let mut refusals = Refusals::default();
        let args = quote!(process, name = "stable", crate = my::runtime);
        let args = Args::read(args, &mut refusals);
        assert!(refusals.finish(Some(())).is_ok());
        assert!(args.kind == Some(Kind::Process));
        assert_eq!(args.name.map(|name| name.value()).as_deref(), Some("stable"));
        assert_eq!(args.runtime.to_token_stream().to_string(), "my :: runtime");
    }

    #[test]
    fn a_kind_is_needed_once() {
        assert_eq!(refused(quote!()).len(), 1);
        assert_eq!(refused(quote!(name = "n")).len(), 1);
        assert_eq!(refused(quote!(process, thread)).len(), 1);
        assert_eq!(refused(quote!(process = 3)).len(), 2);
    }

    #[test]
    fn unknown_words_are_answered_with_the_nearest_known_one() {
        assert_eq!(refused(quote!(proces)), ["unknown kind `proces`: did you mean `process`?"]);
        assert_eq!(refused(quote!(thread, nam = "n")), ["unknown option `nam`: did you mean `name`?"]);
        assert_eq!(
            refused(quote!(process, instances(u32))),
            ["unknown option `instances`: expected `name` or `crate`"]
        );
    }

    #[test]
    fn an_option_without_its_value_shows_how_it_is_written() {
        assert_eq!(refused(quote!(process, name)), ["`name` needs a value: `name = \"..\"`"]);
    }
}
