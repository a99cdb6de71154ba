//! How far a build goes, and what of a package is built.

use crate::workshop::{DECLARED, USED};

/// How far a build goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Check,
    Dev,
    Release,
}

/// What of a package is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The library, which declares the tasks.
    Declared,
    /// The program, which uses some of them. The library has been built before.
    Used,
}

impl Stage {
    pub(crate) const ALL: [Self; 3] = [Self::Check, Self::Dev, Self::Release];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Check => "cargo check",
            Self::Dev => "cargo build",
            Self::Release => "cargo build --release",
        }
    }

    pub(crate) fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["check"],
            Self::Dev => &["build"],
            Self::Release => &["build", "--release"],
        }
    }
}

impl Part {
    pub(crate) const ALL: [Self; 2] = [Self::Declared, Self::Used];

    /// How many tasks of a package it has.
    pub(crate) fn tasks(self) -> usize {
        match self {
            Self::Declared => DECLARED,
            Self::Used => USED,
        }
    }

    /// Arguments of cargo for the package of this name.
    pub(crate) fn arguments(self, package: &str) -> Vec<&str> {
        match self {
            Self::Declared => vec!["--quiet", "--package", package, "--lib"],
            Self::Used => vec!["--quiet", "--package", package, "--bin", package],
        }
    }
}
