//! A picture of the Mandelbrot set, its rows computed in worker processes:
//! `cargo run --release --example mandelbrot -- --out mandelbrot.png`.
//!
//! A row is one task. It gets a `View`, a type of this program that serde can
//! write and read, and gives back the row's pixels; `map` puts the rows in order.
//! The same function, called without a pool, gives the picture to compare with.

mod palette;
mod view;

use std::error::Error;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use executor_examples::{Figures, cpus, exit_code, workers};
use executor_runtime::prelude::*;

use crate::view::{View, row};

/// Paints a part of the Mandelbrot set, row by row in worker processes.
#[derive(Parser)]
struct Options {
    /// The PNG file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The width of the picture, in pixels.
    #[arg(long, default_value_t = 1200, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    width: u32,
    /// The height of the picture, in pixels.
    #[arg(long, default_value_t = 800, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=16_384))]
    height: u32,
    /// How often a point is iterated before it counts as inside of the set.
    #[arg(long, default_value_t = 3000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    iterations: u32,
    /// How many worker processes compute.
    #[arg(long, default_value_t = cpus(), value_name = "N", value_parser = workers())]
    workers: usize,
}

fn main() -> ExitCode {
    exit_code(run(&Options::parse()))
}

fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    // First, so that nobody waits for a picture that cannot be stored.
    let file = File::create(&options.out).map_err(|error| format!("{}: {error}", options.out.display()))?;
    let view = View::new(options.width, options.height, options.iterations);

    let start = Instant::now();
    let rows: Vec<Vec<u8>> = with_pool!(process(max_workers = options.workers) as pool => {
        pool.map(|y| row::task(view, y), 0..options.height).collect::<Result<_, _>>()?
    })?;
    let pooled = start.elapsed();
    write_png(file, view, &rows)?;

    let start = Instant::now();
    let different = (0..).zip(&rows).find(|(y, pooled)| row(view, *y) != **pooled);
    let serial = start.elapsed();
    if let Some((y, _)) = different {
        return Err(format!("row {y} is not what the serial run computes").into());
    }

    writeln!(io::stdout(), "{}: identical to the serial run, byte for byte", options.out.display())?;
    eprintln!("{}", Figures { tasks: rows.len(), workers: options.workers, pooled, serial: Some(serial) });
    Ok(ExitCode::SUCCESS)
}

fn write_png(file: File, view: View, rows: &[Vec<u8>]) -> Result<(), Box<dyn Error>> {
    let mut encoder = png::Encoder::new(BufWriter::new(file), view.width, view.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rows.concat())?;
    writer.finish()?;
    Ok(())
}
