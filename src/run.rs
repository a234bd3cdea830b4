//! Does what was decided, and maps what fails to messages and an exit status.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use dechrome::model::Model;
use dechrome::output::sanitize;

use crate::cli::Config;
use crate::deliver::Delivery;
use crate::source;
use crate::work::Worker;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It ran.
    Done,
    /// No line was kept, and that was asked for.
    NothingKept,
    /// An input failed, or all did.
    Failed,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Done => 0,
            Status::NothingKept => 1,
            Status::Failed => 2,
        })
    }
}

/// Prints a message on standard error. That it cannot be printed is no reason to stop.
pub fn report(message: impl fmt::Display) {
    _ = writeln!(io::stderr(), "dechrome: {message}");
}

/// Does what `config` says.
///
/// # Errors
/// If the model cannot be had or the output cannot be written. What is wrong with one input is
/// reported, and the others are processed.
pub fn run(config: &Config) -> Result<Status> {
    let supplied = config.model.as_deref().map(load_model).transpose()?;
    let model = supplied.as_ref().unwrap_or_else(|| Model::embedded());
    let mut delivery = Delivery::new(config)?;
    let mut worker = Worker::new(config, model);
    let end = source::each(config, &mut |step| {
        delivery.step(step, |job, delivery| worker.run(job, &mut |chunk| delivery.take(chunk)))
    });
    delivery.finish(end)
}

fn load_model(path: &Path) -> Result<Model> {
    let load = || Ok::<_, anyhow::Error>(Model::from_bytes(fs::read(path)?)?);
    load().with_context(|| shown(path))
}

/// What stands in messages for a path: one line that does nothing to a terminal.
pub fn shown(path: &Path) -> String {
    sanitize::visible(&path.to_string_lossy())
}
