//! Does what was decided, and maps what fails to messages and an exit status.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result};
use dechrome::model::Model;
use dechrome::output::sanitize;

use crate::cli::Config;
use crate::deliver::{Delivery, Stop};
use crate::input::records::Position;
use crate::interrupt;
use crate::progress::Progress;
use crate::source::{Event, Sources, Step};
use crate::tree::Tree;
use crate::work::{Chunk, Job, Worker};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It ran.
    Done,
    /// No line was kept, and that was asked for.
    NothingKept,
    /// An input failed, or all did.
    Failed,
    /// A signal ended it.
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Done => 0,
            Status::NothingKept => 1,
            Status::Failed => 2,
            Status::Interrupted => interrupt::status(),
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
/// If the model cannot be had or an output cannot be written. What is wrong with one input is
/// reported, and the others are processed.
pub fn run(config: &Config) -> Result<Status> {
    let supplied = config.model.as_deref().map(load_model).transpose()?;
    let model = supplied.as_ref().unwrap_or_else(|| Model::embedded());
    let tree = config.output.as_deref().map(|root| Tree::new(config, root)).transpose()?;
    if tree.is_some() {
        interrupt::end_at_a_border(&[interrupt::SIGINT, interrupt::SIGTERM]);
    }
    let read = Arc::default();
    let mut delivery = Delivery::new(config, Progress::new(config, Arc::clone(&read)))?;
    let mut sources = Sources::new(config, tree, read);
    let is_alone = config.is_line_buffered || sources.is_lone_text();
    let end = match if is_alone { 1 } else { jobs(config) } {
        1 => alone(config, model, sources, &mut delivery),
        jobs => together(config, jobs, model, sources, &mut delivery),
    };
    delivery.finish(end)
}

/// How many threads are to work. To ask for the processors takes longer than a short page.
fn jobs(config: &Config) -> usize {
    let jobs = config.jobs.or_else(|| thread::available_parallelism().ok());
    jobs.map_or(1, NonZero::get)
}

/// Does one thing after the other.
fn alone(
    config: &Config,
    model: &Model,
    sources: Sources<'_>,
    delivery: &mut Delivery<'_>,
) -> Result<(), Stop> {
    let mut worker = Worker::new(config, model);
    sources.each(&mut |step| match step {
        Step::Work(job, after) => {
            worker.run(job, &mut |chunk| delivery.take(chunk))?;
            after.map_or(Ok(()), |after| delivery.pass(after))
        }
        Step::Event(event) => delivery.event(event),
    })
}

/// What the workers are at, in order.
enum Pending {
    /// What will come of a job, and the place after it.
    Work(Receiver<Chunk>, Option<Position>),
    Event(Event),
}

/// How many jobs wait for a worker: with one, workers wait while the reader is kept from its turn.
const WAITING: usize = 2;

/// Reads in one thread, works in several, and delivers in this one. The queues between them are
/// short, so that the fastest waits for the slowest.
fn together(
    config: &Config,
    jobs: usize,
    model: &Model,
    sources: Sources<'_>,
    delivery: &mut Delivery<'_>,
) -> Result<(), Stop> {
    let (work, queue) = mpsc::sync_channel::<(Job, SyncSender<Chunk>)>(WAITING);
    let (pending, order) = mpsc::sync_channel(2 * jobs + WAITING);
    let queue = &Mutex::new(queue);
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(move || {
                let mut worker = Worker::new(config, model);
                let next = || queue.lock().expect("no thread panics with it").recv();
                while let Ok((job, chunks)) = next() {
                    // Whether anyone still wants it shows in the next job.
                    _ = worker.run(job, &mut |chunk| chunks.send(chunk).map_err(drop));
                }
            });
        }
        scope.spawn(move || {
            // It ends where nobody takes what it finds.
            _ = sources.each(&mut |step| match step {
                Step::Work(job, after) => {
                    let (sender, chunks) = mpsc::sync_channel(1);
                    pending.send(Pending::Work(chunks, after)).map_err(drop)?;
                    work.send((job, sender)).map_err(drop)
                }
                Step::Event(event) => pending.send(Pending::Event(event)).map_err(drop),
            });
        });
        for pending in order {
            match pending {
                Pending::Work(chunks, after) => {
                    chunks.iter().try_for_each(|chunk| delivery.take(chunk))?;
                    after.map_or(Ok(()), |after| delivery.pass(after))?;
                }
                Pending::Event(event) => delivery.event(event)?,
            }
        }
        Ok(())
    })
}

fn load_model(path: &Path) -> Result<Model> {
    let load = || Ok::<_, anyhow::Error>(Model::from_bytes(fs::read(path)?)?);
    load().with_context(|| shown(path))
}

/// What stands in messages for a path: one line that does nothing to a terminal.
pub fn shown(path: &Path) -> String {
    sanitize::visible(&path.to_string_lossy())
}
