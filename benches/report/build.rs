//! Tells the program which compiler built it.

use std::process::Command;

fn main() {
    let compiler = std::env::var_os("RUSTC").expect("cargo sets it");
    let output = Command::new(compiler).arg("--version").output().expect("the compiler that cargo uses can be run");
    let version = String::from_utf8(output.stdout).expect("the compiler says its version in UTF-8");
    println!("cargo::rustc-env=RUSTC_VERSION={}", version.trim());
    println!("cargo::rerun-if-changed=build.rs");
}
