// A way out in an argument of one of std's macros is a way out of the function.
#![deny(warnings)]

use std::error::Error;
use std::fmt::Write as _;

use executor_runtime::prelude::*;

fn number(text: &str) -> Result<i64, Box<dyn Error>> {
    Ok(text.parse()?)
}

/// Puts `text` into one place per macro, and says how far it came.
fn everywhere(text: &str, place: u64) -> Result<String, Box<dyn Error>> {
    let at = |n: u64| if n == place { text } else { "1" };
    let done = with_pool!(thread(max_workers = 1) as pool => {
        let mut log = String::new();
        print!("{}", number(at(0))?);
        println!("{} {n}", number("1")?, n = number(at(1))?);
        eprint!("{0}", number(at(2))?);
        eprintln!("{:?}", Some(number(at(3))?));
        log.push_str(&format!("{:>width$}", number(at(4))?, width = 2));
        write!(log, "{}", number(at(5))?)?;
        writeln!(&mut log, "{}", number(at(6))?)?;
        assert!(number(at(7))? == 1);
        assert!(number(at(8))? == 1, "with {}", number(at(9))?);
        assert_eq!(number(at(10))?, number(at(11))?, "with {}", number(at(12))?);
        assert_ne!(number(at(13))?, 2);
        debug_assert!(number(at(14))? == 1);
        debug_assert_eq!(number(at(15))?, 1);
        debug_assert_ne!(number(at(16))?, 2);
        let list = vec![number(at(17))?, number("2")?];
        let more = vec![number(at(18))?; usize::try_from(number(at(19))?)?];
        let matched = matches!(number(at(20))?, 1 | 2 if number(at(21))? == 1);
        let (one, two) = dbg!(number(at(22))?, number("2")?);
        let shown = dbg!(number(at(23))?);
        let written = format_args!("{}", number(at(24))?).to_string();
        if number(at(25))? == 0 {
            panic!("{}", number(at(26))?);
        }
        match number(at(27))? {
            1 => {}
            2 => todo!("{}", number("2")?),
            3 => unimplemented!("{}", number("3")?),
            _ => unreachable!("{}", number("x")?),
        }
        let nested = format!("{}", vec![format!("{}", number(at(28))?)].len());
        let sum = list.iter().chain(&more).sum::<i64>() + one + two + shown;
        pool.submit(move || format!("{log}{sum}{matched}{written}{nested}")).result()?
    })?;
    Ok(done)
}

fn main() {
    assert_eq!(everywhere("1", 0).unwrap(), " 111\n8true11");
    // What a message would say is evaluated only if it is needed.
    for place in (0..29).filter(|place| ![9, 12, 26].contains(place)) {
        let error = everywhere("x", place).unwrap_err();
        assert_eq!(error.to_string(), "invalid digit found in string", "{place}");
    }
}
