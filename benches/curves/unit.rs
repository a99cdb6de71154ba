//! Figures as people read them.

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Things,
    Seconds,
    Bytes,
    BytesPerSecond,
}

impl Unit {
    /// In three digits at most, with the prefix that this takes.
    pub(crate) fn show(self, value: f64) -> String {
        const BINARY: [(f64, &str); 4] =
            [(1.0, " B"), (1024.0, " KiB"), (1_048_576.0, " MiB"), (1_073_741_824.0, " GiB")];

        let prefixes = match self {
            Self::Things => [(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")],
            Self::Seconds => [(1e-9, " ns"), (1e-6, " µs"), (1e-3, " ms"), (1.0, " s")],
            Self::Bytes | Self::BytesPerSecond => BINARY,
        };
        if value == 0.0 {
            return "0".to_owned();
        }
        // What would be rounded up to the next prefix has that one.
        let fits = |&&(one, _): &&(f64, &str)| value.abs() >= 0.9995 * one;
        let &(one, name) = prefixes.iter().rev().find(fits).unwrap_or(&prefixes[0]);
        let per_second = if self == Self::BytesPerSecond { "/s" } else { "" };
        format!("{}{name}{per_second}", three_digits(value / one))
    }

    /// What a step of a logarithmic axis may multiply by, the finest first.
    pub(crate) fn steps(self) -> &'static [f64] {
        match self {
            Self::Things | Self::Seconds => &[10.0, 100.0, 1e3, 1e6],
            Self::Bytes | Self::BytesPerSecond => &[2.0, 4.0, 16.0, 64.0, 1024.0],
        }
    }

    /// Where a logarithmic axis starts to multiply.
    pub(crate) fn one(self) -> f64 {
        if self == Self::Seconds { 1e-9 } else { 1.0 }
    }
}

/// Without zeros that say nothing.
fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        value if value >= 99.95 => 0,
        value if value >= 9.995 => 1,
        _ => 2,
    };
    let digits = format!("{value:.decimals$}");
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.').to_owned() } else { digits }
}
