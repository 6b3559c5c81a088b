//! How a run ends: the exit codes and the message of a failure.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitCode;

use engine::EngineError;

use crate::{causes, screen};

/// A run that came to its end. Failures end with 1, wrong usage or configuration with 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// 0: all is well.
    Done,
    /// 3: the command did its work and found what must be looked at: rejected rows, or differences.
    Findings,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::Findings => Self::from(3),
        }
    }
}

/// The command line or the configuration is wrong; the message says how to mend it.
#[derive(Debug)]
pub struct Misuse(pub String);

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Misuse {}

/// Writes one message with its causes to standard error and chooses the exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    let mut said = String::new();
    for cause in error.chain() {
        let text = causes::told(cause);
        // A message often quotes its cause already.
        if !said.contains(&text) {
            said.push_str(if said.is_empty() { "错误：" } else { "\n  原因：" });
            said.push_str(&text);
        }
    }
    screen::note(&said);
    for problem in invalid_fields(error) {
        screen::note(&format!("  {problem}"));
    }
    ExitCode::from(if error.chain().any(is_misuse) { 2 } else { 1 })
}

/// Whoever read our output has read enough: `hongniang search … | head`.
fn is_broken_pipe(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn is_misuse(cause: &(dyn Error + 'static)) -> bool {
    let asked = |error: &EngineError| {
        use EngineError::{BadParameter, Model, ModelFile, ModelInPlace, NoSuchPairing};
        matches!(
            error,
            BadParameter { .. } | NoSuchPairing { .. } | ModelFile { .. } | Model { .. } | ModelInPlace
        )
    };
    cause.is::<Misuse>() || cause.downcast_ref::<EngineError>().is_some_and(asked)
}

fn invalid_fields(error: &anyhow::Error) -> Vec<String> {
    match error.downcast_ref() {
        Some(EngineError::Invalid(problems)) => problems
            .iter()
            .map(|problem| format!("“{}”（{}）：{}", problem.label, problem.pointer, problem.detail))
            .collect(),
        _ => Vec::new(),
    }
}
