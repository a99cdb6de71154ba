// `?` in each place of an expression where it can stand, as it is without the macro.
#![deny(warnings)]

use std::error::Error;

use executor_runtime::prelude::*;

fn slot(numbers: &mut [u8]) -> Result<&mut [u8], TaskError> {
    Ok(numbers)
}

fn function(n: u64) -> Result<fn(u64) -> u64, TaskError> {
    Ok(if n > 0 { |n| n + 1 } else { |n| n })
}

fn number(n: i64) -> Result<i64, Box<dyn Error>> {
    if n == 13 { Err("unlucky".into()) } else { Ok(n) }
}

fn small(n: i64) -> Option<i64> {
    (n < 5).then_some(n)
}

struct Item {
    n: i64,
}

fn everything(k: i64) -> Result<String, Box<dyn Error>> {
    let (mut bytes, mut log) = ([1_u8, 2, 3], Vec::new());
    let text = with_pool!(thread(max_workers = 1) as pool => {
        slot(&mut bytes)?[0] = 5;
        *slot(&mut bytes)?.first_mut().ok_or("empty")? += 1;
        let called = function(1)?(3);
        let negated = -number(4)?;
        let equal = number(1)? == number(1)? && !(number(1)? > number(2)?);
        log.push(format!("{called} {negated} {equal} {}", number(k)? as u8));
        if let Some(n) = small(number(2)?) && number(n)? > 1 && n < 5 {
            log.push("chain".into());
        }
        let mut i = 0;
        while let Some(n) = small(i) && number(n)? < 3 {
            i += 1;
            if i == 2 {
                continue;
            }
        }
        let matched = match number(3)? {
            3 if number(1)? == 1 => "three",
            _ => "other",
        };
        let looped = loop {
            i += 1;
            if i > 6 {
                break number(i)?;
            }
        };
        let labelled = 'label: {
            if k == 1 {
                break 'label 1;
            }
            2
        };
        let Ok(seven) = "7".parse::<i64>() else { return Err("no number".into()) };
        number(1)?;
        { number(2)? };
        let (list, array, tuple) = (vec![number(1)?, number(2)?], [number(3)?; 2], (number(1)?, number(2)?));
        let range = number(1)?..=number(2)?;
        let Item { n } = Item { n: number(8)? };
        let indexed = list[usize::try_from(number(1)?)?];
        let closure = [1, 2].iter().map(|n| Ok::<_, Box<dyn Error>>(number(*n)?)).sum::<Result<i64, _>>()?;
        pool.submit(move || closure + seven).result()?;
        format!("{matched} {looped} {labelled} {list:?} {array:?} {tuple:?} {range:?} {n} {indexed}")
    })?;
    Ok(format!("{text} | {log:?} {bytes:?}"))
}

fn main() {
    let expected = "three 7 1 [1, 2] [3, 3] (1, 2) 1..=2 8 2 | [\"4 -4 true 1\", \"chain\"] [6, 2, 3]";
    assert_eq!(everything(1).unwrap(), expected);
    assert_eq!(everything(13).unwrap_err().to_string(), "unlucky");
}
