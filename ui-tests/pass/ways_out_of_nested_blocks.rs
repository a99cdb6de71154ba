// Blocks in blocks: each way out ends where it says, past as many of them as it takes.
#![deny(warnings)]

use std::error::Error;

use executor_runtime::prelude::*;

fn nested(way: u64) -> Result<String, Box<dyn Error>> {
    let mut trace = Vec::new();
    let value = 'all: loop {
        for round in 0..3 {
            trace.push(format!("r{round}"));
            let inner = with_pool!(thread(max_workers = 1) as outer => {
                let first = outer.submit(move || round).result()?;
                let second = with_pool!(outer as middle => {
                    let third = with_pool!(thread(max_workers = 1) as inner => {
                        if way == 1 && round == 1 {
                            break 'all 10;
                        }
                        if way == 2 && round == 1 {
                            continue;
                        }
                        if way == 3 && round == 2 {
                            return Ok(trace.join(" "));
                        }
                        if way == 4 {
                            Err("four")?;
                        }
                        if way == 5 && round == 0 {
                            break;
                        }
                        inner.submit(|| 1).result()?
                    })?;
                    let local = 'local: {
                        if way == 6 {
                            break 'local 5;
                        }
                        let list = [1, 2, 3].map(|n| n * third);
                        for n in list {
                            if n > 2 {
                                break 'local n;
                            }
                        }
                        0
                    };
                    let _executor: &dyn Executor = middle;
                    third + local
                })?;
                first + second
            })?;
            trace.push(inner.to_string());
        }
        break 'all 20;
    };
    Ok(format!("{} = {value}", trace.join(" ")))
}

fn what_stays_inside(pool: &ThreadPoolExecutor) -> Result<u64, Box<dyn Error>> {
    let total = with_pool!(pool as pool => {
        let parse = |text: &str| -> Result<u64, std::num::ParseIntError> {
            if text.is_empty() {
                return Ok(0);
            }
            Ok(text.parse::<u64>()? + 1)
        };
        fn first(list: &[u64]) -> Option<u64> {
            for n in list {
                if *n > 1 {
                    return Some(*n);
                }
            }
            Some(*list.first()?)
        }
        struct Parsed(u64);
        impl std::str::FromStr for Parsed {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Parsed(text.parse()?))
            }
        }
        const SUM: u64 = {
            let (mut n, mut sum) = (0, 0);
            loop {
                if n == 3 {
                    break sum;
                }
                n += 1;
                sum += n;
            }
        };
        let later = async { Some("7".parse::<u64>().ok()?) };
        let mut later = std::pin::pin!(later);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Some(seven)) = later.as_mut().poll(&mut context) else { return Err("seven".into()) };
        let bad = parse("x").is_err() && first(&[]).is_none() && "x".parse::<Parsed>().is_err();
        let task = pool.submit(move || Ok::<_, std::num::ParseIntError>("2".parse::<u64>()? + u64::from(bad)));
        let parsed = parse("")? + parse("1")? + "3".parse::<Parsed>()?.0;
        parsed + first(&[1, 2]).ok_or("none")? + SUM + seven + task.result()??
    })?;
    Ok(total)
}

fn main() {
    assert_eq!(nested(0).unwrap(), "r0 4 r1 5 r2 6 = 20");
    assert_eq!(nested(1).unwrap(), "r0 4 r1 = 10");
    assert_eq!(nested(2).unwrap(), "r0 4 r1 r2 6 = 20");
    assert_eq!(nested(3).unwrap(), "r0 4 r1 5 r2");
    assert_eq!(nested(4).unwrap_err().to_string(), "four");
    assert_eq!(nested(5).unwrap(), "r0 = 20");
    assert_eq!(nested(6).unwrap(), "r0 6 r1 7 r2 8 = 20");
    assert_eq!(what_stays_inside(&ThreadPoolExecutor::new(1).unwrap()).unwrap(), 23);
}
