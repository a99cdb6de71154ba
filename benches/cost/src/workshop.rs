//! A generated workspace with one package for each way: a library that declares the tasks, a program that uses some
//! of them once, and a program that only links them.
//!
//! All packages have the same dependencies, and all programs build both pools, so that what differs between them is
//! the tasks' alone.

use std::fs::File;
use std::path::PathBuf;
use std::time::SystemTime;
use std::{env, fs, io};

use crate::cargo::Cargo;
use crate::signature::{FUNCTIONS, Function};
use crate::way::{Pool, Way};

/// How many functions each library declares: in modules, each of which has one of every signature.
pub(crate) const DECLARED: usize = MODULES * FUNCTIONS.len();

/// How many of them a program uses: one of every signature.
pub(crate) const USED: usize = FUNCTIONS.len();

const MODULES: usize = 10;

/// The versions that cargo chose for the benches, peers among them.
pub(crate) const LOCK: &str = include_str!("../../Cargo.lock");

/// Those it chose for our own crates alone.
pub(crate) const OUR_LOCK: &str = include_str!("../../../Cargo.lock");

/// Where this very checkout has its crates.
const CHECKOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// See the module.
pub(crate) struct Workshop {
    folder: PathBuf,
}

impl Workshop {
    /// Writes everything below the target directory that this program lies in.
    pub(crate) fn set_up() -> io::Result<Self> {
        let this = env::current_exe()?;
        let target = this.ancestors().nth(2).expect("a program lies in a profile's folder of a target directory");
        let workshop = Self { folder: target.join("cost") };
        workshop.write("Cargo.toml", WORKSPACE)?;
        workshop.write("Cargo.lock", LOCK)?;
        for way in Way::ALL {
            let name = way.name();
            workshop.write(&format!("{name}/Cargo.toml"), &manifest(name, DEPENDENCIES))?;
            workshop.write(&format!("{name}/src/lib.rs"), &library(way))?;
            for module in 0..MODULES {
                workshop.write(&format!("{name}/src/module{module}.rs"), &way.module(&FUNCTIONS))?;
            }
            workshop.write(&format!("{name}/src/main.rs"), &program_that_uses(way))?;
            workshop.write(&format!("{name}/src/bin/{name}-unused.rs"), &program(way, ""))?;
        }
        Ok(workshop)
    }

    /// A package with one dependency and no code, in a workspace of its own.
    pub(crate) fn lone(&self, number: usize, dependency: &str, lock: &str) -> io::Result<Cargo> {
        let package = format!("lone{number}");
        self.write(&format!("{package}/Cargo.toml"), &(manifest(&package, dependency) + "\n[workspace]\n"))?;
        self.write(&format!("{package}/Cargo.lock"), lock)?;
        self.write(&format!("{package}/src/lib.rs"), "")?;
        Ok(Cargo::at(self.folder.join(package)))
    }

    pub(crate) fn cargo(&self) -> Cargo {
        Cargo::at(self.folder.clone())
    }

    /// Has the next build compile the library of a package, and so its programs.
    pub(crate) fn touch(&self, way: Way) -> io::Result<()> {
        let library = self.folder.join(way.name()).join("src/lib.rs");
        File::options().append(true).open(library)?.set_modified(SystemTime::now())
    }

    /// A program as the last release build left it.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("target/release").join(name)
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        let file = self.folder.join(file);
        fs::create_dir_all(file.parent().expect("it lies in a folder"))?;
        fs::write(file, text)
    }
}

/// `executor-macros = { path = ".." }` and the like.
pub(crate) fn ours(name: &str, features: &str) -> String {
    format!("{name} = {{ path = \"{CHECKOUT}/{name}\"{features} }}")
}

fn manifest(name: &str, dependencies: &str) -> String {
    let dependencies = dependencies.replace("RUNTIME", &ours("executor-runtime", ""));
    format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[dependencies]\n{dependencies}")
}

fn library(way: Way) -> String {
    let modules: Vec<_> = (0..MODULES).map(|module| format!("pub mod module{module};")).collect();
    format!("{LIBRARY}{}\n{}", modules.join("\n"), way.root())
}

fn program_that_uses(way: Way) -> String {
    let used = |function: &Function| format!("    done += usize::from({});\n", way.used(function));
    program(way, &FUNCTIONS.iter().map(used).collect::<Vec<_>>().concat())
}

fn program(way: Way, uses: &str) -> String {
    let Pool { ty, value } = way.pool();
    PROGRAM.replace("NAME", way.name()).replace("TYPE", ty).replace("VALUE", value).replace("    USES\n", uses)
}

const WORKSPACE: &str = r#"[workspace]
resolver = "3"
members = ["plain", "hand", "process", "closure", "thread"]

[profile.release]
strip = true
"#;

const DEPENDENCIES: &str = r#"RUNTIME
linkme = "0.3"
postcard = { version = "1", default-features = false, features = ["use-std"] }
serde = { version = "1", features = ["derive"] }
"#;

const LIBRARY: &str = "\
#![allow(unused)]

use {executor_runtime as _, linkme as _, postcard as _};

";

/// Says how many of the calls came back.
const PROGRAM: &str = r#"#![allow(unused)]

use std::hint::black_box;

use NAME::module0::*;
use executor_runtime::prelude::*;

fn main() {
    let processes = ProcessPoolExecutor::new(1).expect("a pool of processes");
    let threads = ThreadPoolExecutor::new(1).expect("a pool of threads");
    println!("{}", threads.scope(|threads| uses(VALUE)));
}

fn uses<'scope>(pool: TYPE) -> usize {
    let mut done = 0;
    USES
    done
}

fn returned<T>(_: T) -> bool {
    true
}
"#;
