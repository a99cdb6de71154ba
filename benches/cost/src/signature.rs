//! The functions that become tasks: twenty signatures, of every sort that a task can have.

/// One function, as text.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) arguments: &'static [Argument],
    pub(crate) output: &'static str,
    pub(crate) body: &'static str,
}

pub(crate) struct Argument {
    pub(crate) name: &'static str,
    pub(crate) ty: &'static str,
    /// A value to call the function with.
    pub(crate) sample: &'static str,
}

/// What the functions take and give beside std's types. Every module has its own, as a real one would.
pub(crate) const TYPES: &str = "\
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Order {
    pub id: u64,
    pub item: String,
    pub amount: Option<u32>,
    pub place: Point,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub enum Fault {
    Empty,
    Malformed { text: String },
    TooMany(u32),
}

pub static POINT: Point = Point { x: 3.0, y: 4.0 };
pub static ORDER: Order = Order { id: 7, item: String::new(), amount: Some(2), place: POINT };
pub static WORDS: [String; 2] = [String::new(), String::new()];
";

pub(crate) const FUNCTIONS: [Function; 20] = [
    function("answer", &[], "u64", "42"),
    function("square", &[argument("n", "u64", "3")], "u64", "n.wrapping_mul(n)"),
    function(
        "blend",
        &[argument("from", "f64", "1.0"), argument("to", "f64", "2.0"), argument("share", "f32", "0.5")],
        "f64",
        "from + (to - from) * f64::from(share)",
    ),
    function(
        "clamp",
        &[argument("n", "i32", "7"), argument("low", "i32", "-1"), argument("high", "i32", "5")],
        "i32",
        "n.max(low).min(high)",
    ),
    function(
        "count",
        &[argument("text", "&str", "\"a rose is a rose\""), argument("word", "&str", "\"rose\"")],
        "usize",
        "text.matches(word).count()",
    ),
    function("shout", &[argument("text", "&str", "\"a rose\"")], "String", "text.to_uppercase()"),
    function(
        "checksum",
        &[argument("bytes", "&[u8]", "b\"a rose\"")],
        "u32",
        "bytes.iter().fold(1, |sum, byte| sum * 31 % 65_521 + u32::from(*byte))",
    ),
    function(
        "inverted",
        &[argument("bytes", "Vec<u8>", "vec![1, 2, 3]")],
        "Vec<u8>",
        "bytes.into_iter().map(|byte| !byte).collect()",
    ),
    function("total", &[argument("numbers", "&[u64]", "&[1, 2, 3]")], "u64", "numbers.iter().sum()"),
    function(
        "sorted",
        &[argument("numbers", "Vec<i64>", "vec![3, 1, 2]")],
        "Vec<i64>",
        "let mut numbers = numbers; numbers.sort_unstable(); numbers",
    ),
    function(
        "words",
        &[argument("text", "String", "String::from(\"a rose\")")],
        "Vec<String>",
        "text.split_whitespace().map(str::to_owned).collect()",
    ),
    function("mirrored", &[argument("point", "Point", "POINT")], "Point", "Point { x: -point.x, y: point.y }"),
    function(
        "centre",
        &[argument("points", "&[Point]", "std::slice::from_ref(&POINT)")],
        "Point",
        "let mean = |of: fn(&Point) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64; \
         Point { x: mean(|point| point.x), y: mean(|point| point.y) }",
    ),
    function(
        "distance",
        &[argument("from", "&Point", "&POINT"), argument("to", "&Point", "&POINT")],
        "f64",
        "(from.x - to.x).hypot(from.y - to.y)",
    ),
    function(
        "moved",
        &[argument("order", "Order", "ORDER.clone()"), argument("place", "Point", "POINT")],
        "Order",
        "Order { place, ..order }",
    ),
    function(
        "swapped",
        &[argument("pair", "(u16, String)", "(1, String::new())"), argument("also", "[f32; 3]", "[0.0; 3]")],
        "(String, u16, f32)",
        "(pair.1, pair.0, also[0])",
    ),
    function(
        "parsed",
        &[argument("text", "&str", "\"42\"")],
        "Result<i64, Fault>",
        "text.parse().map_err(|_| Fault::Malformed { text: text.to_owned() })",
    ),
    function(
        "checked",
        &[argument("order", "&Order", "&ORDER"), argument("limit", "u32", "5")],
        "Result<Order, Fault>",
        "match order.amount { \
         None => Err(Fault::Empty), \
         Some(amount) if amount > limit => Err(Fault::TooMany(amount)), \
         Some(_) => Ok(order.clone()) }",
    ),
    function(
        "position",
        &[argument("keys", "Vec<String>", "WORDS.to_vec()"), argument("wanted", "Option<String>", "None")],
        "Option<usize>",
        "keys.iter().position(|key| Some(key) == wanted.as_ref())",
    ),
    function(
        "tally",
        &[argument("words", "&[String]", "&WORDS")],
        "std::collections::BTreeMap<String, u64>",
        "let mut tally = std::collections::BTreeMap::new(); \
         for word in words { *tally.entry(word.clone()).or_default() += 1; } \
         tally",
    ),
];

const fn function(
    name: &'static str,
    arguments: &'static [Argument],
    output: &'static str,
    body: &'static str,
) -> Function {
    Function { name, arguments, output, body }
}

const fn argument(name: &'static str, ty: &'static str, sample: &'static str) -> Argument {
    Argument { name, ty, sample }
}

impl Function {
    /// The function as it stands in every crate.
    pub(crate) fn declaration(&self) -> String {
        let Self { name, output, body, .. } = self;
        format!("pub fn {name}({}) -> {output} {{ {body} }}\n", self.parameters().join(", "))
    }

    /// `name: type` of each argument.
    pub(crate) fn parameters(&self) -> Vec<String> {
        self.arguments.iter().map(|Argument { name, ty, .. }| format!("{name}: {ty}")).collect()
    }

    /// Values to call it with, separated by commas.
    pub(crate) fn samples(&self) -> String {
        let samples: Vec<_> = self.arguments.iter().map(|argument| argument.sample).collect();
        samples.join(", ")
    }
}
