//! Takes what has been made, in order, to where it belongs: the output or a file of its own, the
//! rejects, messages, and the counts of the run.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use dechrome::output::html;
use same_file::is_same_file;

use crate::cli::{Config, Format, OnError, Source, Stats};
use crate::input::Fault;
use crate::input::compression::Compression;
use crate::input::records::Position;
use crate::part::Part;
use crate::progress::Progress;
use crate::run::{Status, report, shown};
use crate::source::Event;
use crate::stats::Counts;
use crate::suggest;
use crate::whole::WholeFile;
use crate::work::{Chunk, Note, Origin};

/// How many bytes are written at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// Why a run ends early.
#[derive(Debug)]
pub enum Stop {
    /// What goes to this place cannot be written.
    Output(String, io::Error),
    /// An input or a record failed, and that is to be the end.
    Failed,
    /// The user wants so.
    Interrupted,
}

/// A file beside the output, or in place of it.
struct Side {
    title: String,
    file: WholeFile,
    handle: File,
}

impl Side {
    fn create(config: &Config, path: &Path) -> Result<Side> {
        let title = shown(path);
        for source in &config.sources {
            if let Source::File(input) = source
                && is_same_file(input, path).unwrap_or(false)
                && input.is_file()
            {
                bail!("{title} is an input and is not written over");
            }
        }
        let create = || {
            let file = WholeFile::create(path)?;
            Ok::<_, io::Error>((file.handle()?, file))
        };
        let (handle, file) = create().with_context(|| title.clone())?;
        Ok(Side { title, file, handle })
    }
}

/// The outputs of a run.
pub struct Delivery<'c> {
    config: &'c Config,
    start: Instant,
    progress: Progress,
    /// The file that `out` writes to, if it is not standard output.
    report: Option<Side>,
    out: Box<dyn Write>,
    /// What there is to make suggestions from.
    survey: Vec<u8>,
    rejects: Option<Side>,
    counts: Counts,
    has_failed: bool,
    /// The source at hand.
    origin: Option<Arc<Origin>>,
    /// What is made of it, if that is a file of its own.
    part: Option<Part>,
    /// Whether something has come of it.
    is_begun: bool,
    has_warned: bool,
    /// Whether the last byte of `out` was not a `\n`.
    is_open: bool,
}

impl<'c> Delivery<'c> {
    /// The outputs as `config` says.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn new(config: &'c Config, progress: Progress) -> Result<Delivery<'c>> {
        let create = |path: &PathBuf| Side::create(config, path);
        let report = config.report.as_ref().map(create).transpose()?;
        let rejects = config.rejects.as_ref().map(create).transpose()?;
        let mut out = output(config, report.as_ref())?;
        if let Format::Html = config.format {
            let head = html::head(config.policy);
            out.write_all(head.as_bytes()).with_context(|| place(report.as_ref()))?;
        }
        Ok(Delivery {
            config,
            start: Instant::now(),
            progress,
            report,
            out,
            survey: Vec::new(),
            rejects,
            counts: Counts::default(),
            has_failed: false,
            origin: None,
            part: None,
            is_begun: false,
            has_warned: false,
            is_open: false,
        })
    }

    /// Takes note of an event.
    ///
    /// # Errors
    /// If that is the end of the run.
    pub fn event(&mut self, event: Event) -> Result<(), Stop> {
        match event {
            Event::Begin(origin, plan) => {
                self.origin = Some(origin);
                self.is_begun = false;
                self.has_warned = false;
                let title = plan.as_ref().map_or_else(String::new, |plan| shown(&plan.target));
                let part = plan.map(Part::open).transpose();
                self.part = part.map_err(|error| Stop::Output(title, error))?;
                Ok(())
            }
            Event::Bad(fault, after) => {
                self.bad(&fault)?;
                self.pass(after)
            }
            Event::Failed(what) => self.failed(&what),
            Event::End => self.end(),
            Event::Interrupted => Err(Stop::Interrupted),
        }
    }

    /// Takes what has been made of the source at hand.
    ///
    /// # Errors
    /// If that is the end of the run.
    pub fn take(&mut self, chunk: Chunk) -> Result<(), Stop> {
        self.counts += &chunk.counts;
        self.write(&chunk.output)?;
        if let Some(Side { title, handle, .. }) = &mut self.rejects {
            let written = handle.write_all(&chunk.rejects);
            written.map_err(|error| Stop::Output(title.clone(), error))?;
        }
        self.progress.update(self.counts.documents);
        chunk.notes.into_iter().try_for_each(|note| match note {
            Note::Bad(fault) => self.bad(&fault),
            Note::Failed(error) => self.failed(&format!("{}: {error}", self.title())),
            Note::Left => Err(Stop::Interrupted),
            Note::Warning(what) => {
                if !self.has_warned && !self.config.is_quiet {
                    self.say(&format!("warning: {}: {what}", self.title()));
                }
                self.has_warned = true;
                Ok(())
            }
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let Some(&last) = bytes.last() else { return Ok(()) };
        if let Format::Suggest = self.config.format {
            self.survey.extend_from_slice(bytes);
            return Ok(());
        }
        if let Some(part) = &mut self.part {
            return part.write(bytes).map_err(|error| Stop::Output(part.title(), error));
        }
        // Lines of two sources stay apart.
        let fuses = self.is_open && !self.is_begun;
        self.is_begun = true;
        self.is_open = last != b'\n';
        let mut write = || {
            self.out.write_all(if fuses { b"\n" } else { b"" })?;
            self.out.write_all(bytes)?;
            if self.config.is_line_buffered { self.out.flush() } else { Ok(()) }
        };
        write().map_err(|error| Stop::Output(place(self.report.as_ref()), error))
    }

    /// All that comes of the source before `position` has been taken.
    ///
    /// # Errors
    /// If that cannot be noted.
    pub fn pass(&mut self, position: Position) -> Result<(), Stop> {
        self.part.as_mut().map_or(Ok(()), |part| {
            part.pass(position).map_err(|error| Stop::Output(part.title(), error))
        })
    }

    fn end(&mut self) -> Result<(), Stop> {
        let Some(mut part) = self.part.take() else { return Ok(()) };
        let title = part.title();
        let compression = self.origin.as_ref().map_or(Compression::Plain, |it| it.compression);
        let finish = || {
            if part.is_empty() {
                // Nothing is something, compressed.
                part.write(&compression.compress(Vec::new()))?;
            }
            part.finish()
        };
        finish().map_err(|error| Stop::Output(title, error))
    }

    fn bad(&mut self, fault: &Fault) -> Result<(), Stop> {
        self.counts.bad_records += 1;
        match self.config.on_error {
            OnError::Skip => Ok(()),
            OnError::Report | OnError::Fail => self.failed(&format!("{}: {fault}", self.title())),
        }
    }

    fn failed(&mut self, what: &str) -> Result<(), Stop> {
        self.say(what);
        self.has_failed = true;
        if self.config.on_error == OnError::Fail { Err(Stop::Failed) } else { Ok(()) }
    }

    fn say(&self, what: &str) {
        self.progress.aside(|| report(what));
    }

    fn title(&self) -> &str {
        self.origin.as_ref().map_or("", |origin| &origin.title)
    }

    /// Ends the run, which came to its end as `end` says, and says what it came to.
    ///
    /// # Errors
    /// If something cannot be written.
    pub fn finish(self, end: Result<(), Stop>) -> Result<Status> {
        self.progress.finish();
        let is_interrupted = matches!(end, Err(Stop::Interrupted));
        let status = if is_interrupted {
            Status::Interrupted
        } else if self.has_failed {
            Status::Failed
        } else if self.config.tells_if_nothing_kept && !self.counts.has_kept() {
            Status::NothingKept
        } else {
            Status::Done
        };
        let stats = match self.config.stats {
            None => None,
            Some(Stats::Table) => Some(self.counts.table(self.start.elapsed())),
            Some(Stats::Json) => Some(self.counts.json(self.start.elapsed())),
        };
        let result = match end {
            Err(Stop::Output(place, error)) => Err((place, error)),
            Ok(()) | Err(Stop::Failed | Stop::Interrupted) => self.close(is_interrupted),
        };
        let status =
            match result {
                Ok(()) => status,
                // Whoever reads standard output has seen enough.
                Err((place, error))
                    if error.kind() == io::ErrorKind::BrokenPipe && place == STDOUT =>
                {
                    if status == Status::NothingKept { Status::Done } else { status }
                }
                Err((place, error)) => return Err(error).context(place),
            };
        if let Some(stats) = stats {
            _ = writeln!(io::stderr(), "{stats}");
        }
        Ok(status)
    }

    fn close(mut self, is_interrupted: bool) -> Result<(), (String, io::Error)> {
        if let Some(part) = &mut self.part {
            part.checkpoint().map_err(|error| (part.title(), error))?;
        }
        let at_place = |error| (place(self.report.as_ref()), error);
        if let Format::Html = self.config.format {
            self.out.write_all(html::tail().as_bytes()).map_err(at_place)?;
        }
        if let Format::Suggest = self.config.format {
            let rules = suggest::rules(&self.survey, self.config.policy.threshold);
            let rules = rules.map_err(|error| at_place(io::Error::other(error)))?;
            self.out.write_all(rules.as_bytes()).map_err(at_place)?;
        }
        self.out.flush().map_err(at_place)?;
        let report = self.report.filter(|_| !is_interrupted);
        for Side { title, file, .. } in report.into_iter().chain(self.rejects) {
            file.keep().map_err(|error| (title, error))?;
        }
        Ok(())
    }
}

const STDOUT: &str = "standard output";

/// Where the output goes, in messages.
fn place(report: Option<&Side>) -> String {
    report.map_or_else(|| STDOUT.to_owned(), |side| side.title.clone())
}

fn output(config: &Config, report: Option<&Side>) -> Result<Box<dyn Write>> {
    if let Some(side) = report {
        let handle = side.handle.try_clone().with_context(|| side.title.clone())?;
        return Ok(Box::new(BufWriter::with_capacity(BUFFER_BYTES, handle)));
    }
    // Rust's standard output is line-buffered whatever it is connected to.
    let stdout = io::stdout();
    Ok(if config.is_line_buffered {
        Box::new(stdout)
    } else {
        Box::new(BufWriter::with_capacity(BUFFER_BYTES, stdout))
    })
}
