//! The picture is the same however it is computed.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use tempfile::TempDir;

use crate::program::{run, text};

#[test]
fn the_picture_does_not_depend_on_the_workers() {
    let directory = TempDir::new().unwrap();
    let [one, three] = ["1", "3"].map(|workers| {
        let out = directory.path().join(format!("{workers}.png"));
        let size = ["--width", "90", "--height", "60", "--iterations", "500"];
        let out_text = out.to_str().unwrap();
        let output = run("mandelbrot", [&["--out", out_text, "--workers", workers], &size[..]].concat());
        assert!(output.status.success(), "{output:?}");
        assert!(text(&output.stdout).contains("identical to the serial run"), "{output:?}");
        assert!(text(&output.stderr).contains(&format!("60 tasks on {workers} workers")), "{output:?}");
        out
    });
    assert_eq!(fs::read(&one).unwrap(), fs::read(&three).unwrap());
    let pixels = decode(&one, 90, 60);
    // The middle is inside of the set, the corners are not.
    let pixel = |x: usize, y: usize| &pixels[(y * 90 + x) * 3..][..3];
    assert_eq!(pixel(45, 30), [0, 0, 0]);
    assert_ne!(pixel(0, 0), [0, 0, 0]);
    assert_ne!(pixel(89, 59), [0, 0, 0]);
}

#[test]
fn a_picture_that_cannot_be_stored_is_refused_at_once() {
    let directory = TempDir::new().unwrap();
    let out = directory.path().join("missing").join("picture.png");
    let output = run("mandelbrot", ["--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("No such file or directory"), "{output:?}");
}

#[test]
fn a_picture_without_pixels_is_refused() {
    let output = run("mandelbrot", ["--out", "never.png", "--width", "0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("0 is not in 1..=16384"), "{output:?}");
}

fn decode(file: &Path, width: u32, height: u32) -> Vec<u8> {
    let mut reader = png::Decoder::new(BufReader::new(File::open(file).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (width, height, png::ColorType::Rgb));
    pixels
}
