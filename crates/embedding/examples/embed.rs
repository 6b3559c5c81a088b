//! Reads texts, a line each, with a model, and says what it costs: `cargo run --release -p embedding --example embed -- MODEL_DIR < texts`.
//! Vectors go to standard output as JSON, a line each; times to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the command line")]

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Instant;

use embedding::{Files, Model};

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).map(PathBuf::from).ok_or("which model directory?")?;
    let started = Instant::now();
    let files = Files::gather(|name| match std::fs::read(directory.join(name)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    })?;
    let model = Model::load(&files, "")?;
    eprintln!("loaded in {:?}: {model:?}", started.elapsed());

    let texts: Vec<String> = io::stdin().lines().collect::<Result<_, _>>()?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let tokens: usize = texts.iter().map(|text| model.tokens(text).len()).sum();
    eprintln!("{} texts, {:.1} tokens each", texts.len(), tokens as f64 / texts.len() as f64);
    let each = |started: Instant| started.elapsed().as_secs_f64() * 1000.0 / texts.len() as f64;
    let started = Instant::now();
    let vectors: Vec<_> = texts.iter().map(|text| model.passages(&[text], 1).pop().flatten()).collect();
    eprintln!("one by one: {:.2} ms a text", each(started));
    for threads in [1, 2] {
        let started = Instant::now();
        let again = model.passages(&texts, threads);
        eprintln!("together, {threads} threads: {:.2} ms a text", each(started));
        assert!(again == vectors, "a vector does not depend on what it is read with");
    }
    for vector in vectors {
        println!("{}", serde_json::to_string(&vector)?);
    }
    Ok(())
}
