//! Writes random functions twice: as plain code, and with `with_pool!` around some of their blocks.
//!
//! `REWRITING_SEED` is another seed than the usual one, `REWRITING_FUNCTIONS` another number of functions.

mod departure;
mod dice;
mod expression;
mod function;
mod scope;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use dice::Dice;
use function::{END, EXISTING, Function, OWN, WATCHED};

const SEED: u64 = 20_250_101;
const FUNCTIONS: u64 = 200;

fn main() {
    println!("cargo::rerun-if-changed=build");
    let seed = number("REWRITING_SEED", SEED);
    let functions = number("REWRITING_FUNCTIONS", FUNCTIONS);
    let mut dice = Dice::new(seed);
    let functions: Vec<Function> = (0..functions).map(|_| Function::new(&mut dice)).collect();
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo runs this"));
    let file = folder.join("functions.rs");
    fs::write(&file, file_of(&functions, seed)).expect("a file in our own folder");
}

fn number(variable: &str, otherwise: u64) -> u64 {
    println!("cargo::rerun-if-env-changed={variable}");
    match env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{variable}={text}: {error}")),
        Err(_) => otherwise,
    }
}

fn file_of(functions: &[Function], seed: u64) -> String {
    let as_plain = |body: &str| {
        let begin = "Ok::<_, PoolError>({";
        body.replace(WATCHED, begin).replace(EXISTING, begin).replace(OWN, begin).replace(END, "})")
    };
    let with_pools = |body: &str| {
        body.replace(WATCHED, "with_pool!(run.watch() as _pool => {")
            .replace(EXISTING, "with_pool!(pool() as _pool => {")
            .replace(OWN, "with_pool!(thread(max_workers = 1) as _pool => {")
            .replace(END, "})")
    };
    let mut file = format!("pub(crate) const SEED: u64 = {seed};\n\n");
    file += &module("plain", functions, as_plain);
    file += &module("blocks", functions, with_pools);
    file += "pub(crate) const FUNCTIONS: &[Function] = &[\n";
    for (index, function) in functions.iter().enumerate() {
        let leaves = function.leaves;
        writeln!(
            file,
            "    Function {{ name: \"f{index}\", leaves: {leaves}, plain: |run| plain::f{index}(run).end(), \
             block: |run| blocks::f{index}(run).end() }},"
        )
        .expect("a string has room");
    }
    file + "];\n"
}

fn module(name: &str, functions: &[Function], text: impl Fn(&str) -> String) -> String {
    let mut module = format!("mod {name} {{\n    use super::*;\n");
    for (index, function) in functions.iter().enumerate() {
        let (result, body) = (function.frame.type_name(), text(&function.body));
        write!(module, "\npub(super) fn f{index}(run: &Run) -> {result} {{\n{body}\n}}\n").expect("a string has room");
    }
    module + "}\n\n"
}
