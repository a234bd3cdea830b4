//! Takes what has been made, in order, to where it belongs: the output, and messages.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use anyhow::{Context, Result};
use dechrome::output::html;

use crate::cli::{Config, Format, OnError};
use crate::input::Fault;
use crate::run::{Status, report, shown};
use crate::source::Step;
use crate::whole::WholeFile;
use crate::work::{Chunk, Job, Note, Origin};

/// How many bytes are written at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Why a run ends early.
#[derive(Debug)]
pub enum Stop {
    /// The output cannot be written.
    Output(io::Error),
    /// An input or a record failed, and that is to be the end.
    Failed,
}

/// The output of a run.
pub struct Delivery<'c> {
    config: &'c Config,
    /// The file that `out` writes to, if it is not standard output.
    file: Option<WholeFile>,
    out: Box<dyn Write>,
    has_kept: bool,
    has_failed: bool,
    /// The source at hand.
    origin: Option<Arc<Origin>>,
    /// Whether something has come of it.
    is_begun: bool,
    /// Whether the last byte written was not a `\n`.
    is_open: bool,
    has_warned: bool,
}

impl<'c> Delivery<'c> {
    /// The output as `config` says.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(config: &'c Config) -> Result<Delivery<'c>> {
        let place = || place(config);
        let file = config.report.as_deref().map(WholeFile::create);
        let file = file.transpose().with_context(place)?;
        let mut out = output(config, file.as_ref()).with_context(place)?;
        if let Format::Html = config.format {
            out.write_all(html::head(config.policy).as_bytes()).with_context(place)?;
        }
        Ok(Delivery {
            config,
            file,
            out,
            has_kept: false,
            has_failed: false,
            origin: None,
            is_begun: false,
            is_open: false,
            has_warned: false,
        })
    }

    /// Takes a step, and what `work` makes of the job if it is one.
    ///
    /// # Errors
    /// If that is the end of the run.
    pub fn step(
        &mut self,
        step: Step,
        work: impl FnOnce(Job, &mut Delivery<'c>) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        match step {
            Step::Begin(origin) => {
                self.origin = Some(origin);
                self.is_begun = false;
                self.has_warned = false;
                Ok(())
            }
            Step::Work(job) => work(job, self),
            Step::Bad(fault) => self.bad(&fault),
            Step::Failed(what) => self.failed(&what),
        }
    }

    /// Takes what has been made of the source at hand.
    ///
    /// # Errors
    /// If that is the end of the run.
    pub fn take(&mut self, chunk: Chunk) -> Result<(), Stop> {
        self.has_kept |= chunk.has_kept;
        self.write(&chunk.output).map_err(Stop::Output)?;
        chunk.notes.into_iter().try_for_each(|note| match note {
            Note::Bad(fault) => self.bad(&fault),
            Note::Failed(error) => self.failed(&format!("{}: {error}", self.title())),
            Note::Warning(what) => {
                if !self.has_warned && !self.config.is_quiet {
                    report(format_args!("warning: {}: {what}", self.title()));
                }
                self.has_warned = true;
                Ok(())
            }
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(&last) = bytes.last() else { return Ok(()) };
        if self.is_open && !self.is_begun {
            // Lines of two sources stay apart.
            self.out.write_all(b"\n")?;
        }
        self.is_begun = true;
        self.is_open = last != b'\n';
        self.out.write_all(bytes)?;
        if self.config.is_line_buffered { self.out.flush() } else { Ok(()) }
    }

    fn bad(&mut self, fault: &Fault) -> Result<(), Stop> {
        match self.config.on_error {
            OnError::Skip => Ok(()),
            OnError::Report | OnError::Fail => self.failed(&format!("{}: {fault}", self.title())),
        }
    }

    fn failed(&mut self, what: &str) -> Result<(), Stop> {
        report(what);
        self.has_failed = true;
        if self.config.on_error == OnError::Fail { Err(Stop::Failed) } else { Ok(()) }
    }

    fn title(&self) -> &str {
        self.origin.as_ref().map_or("", |origin| &origin.title)
    }

    /// Ends the run, which came to its end as `end` says.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn finish(self, end: Result<(), Stop>) -> Result<Status> {
        let status = if self.has_failed {
            Status::Failed
        } else if self.config.tells_if_nothing_kept && !self.has_kept {
            Status::NothingKept
        } else {
            Status::Done
        };
        let place = place(self.config);
        let written = match end {
            Err(Stop::Output(error)) => Err(error),
            Ok(()) | Err(Stop::Failed) => self.close(),
        };
        match written {
            Ok(()) => Ok(status),
            // Whoever read the output has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Ok(if status == Status::Failed { status } else { Status::Done })
            }
            Err(error) => Err(error).context(place),
        }
    }

    fn close(mut self) -> io::Result<()> {
        if let Format::Html = self.config.format {
            self.out.write_all(html::tail().as_bytes())?;
        }
        self.out.flush()?;
        self.file.map_or(Ok(()), WholeFile::keep)
    }
}

/// Where the output goes, in messages.
fn place(config: &Config) -> String {
    config.report.as_deref().map_or_else(|| "standard output".to_owned(), shown)
}

fn output(config: &Config, file: Option<&WholeFile>) -> io::Result<Box<dyn Write>> {
    if let Some(file) = file {
        return Ok(Box::new(BufWriter::with_capacity(BUFFER_BYTES, file.handle()?)));
    }
    // Rust's standard output is line-buffered whatever it is connected to.
    let stdout = io::stdout();
    Ok(if config.is_line_buffered {
        Box::new(stdout)
    } else {
        Box::new(BufWriter::with_capacity(BUFFER_BYTES, stdout))
    })
}
