//! Goes over the inputs, feeds the filter, and maps what fails to messages and an exit status.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use dechrome::filter::{Filter, Piece, Sink};
use dechrome::model::Model;
use dechrome::output::{Annotate, Explain, Json, Report, Text, Writer, html, sanitize};

use crate::cli::{Config, Format, Source};
use crate::markup::Detector;
use crate::whole::WholeFile;

/// How many bytes are read, and written, at a time.
const BUFFER_BYTES: usize = 64 << 10;

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
/// reported here, and the others are processed.
pub fn run(config: &Config) -> Result<Status> {
    let supplied = config.model.as_deref().map(load_model).transpose()?;
    let model = supplied.as_ref().unwrap_or_else(|| Model::embedded());
    let target = config.report.as_deref().map(create).transpose()?;
    let out = output(config, target.as_ref())?;
    let mut run = Run {
        filter: Filter::new(model, config.policy).with_rules(config.rules.clone()),
        sink: Tally { writer: writer(config, model, out)?, has_kept: false },
        buffer: vec![0; BUFFER_BYTES],
        is_quiet: config.is_quiet,
    };
    let mut has_failed = false;
    let written = config.sources.iter().try_for_each(|source| {
        run.read(source).or_else(|failure| match failure {
            Failure::Input(error) => {
                has_failed = true;
                report(format_args!("{}: {error:#}", title(source)));
                Ok(())
            }
            Failure::Output(error) => Err(error),
        })
    });
    let kept_any = run.sink.has_kept;
    let written = written.and_then(|()| run.sink.writer.flush());
    let written = written.and_then(|()| match config.format {
        Format::Html => finish_report(target),
        _ => Ok(()),
    });
    match written {
        Ok(()) if has_failed => Ok(Status::Failed),
        Ok(()) if config.tells_if_nothing_kept && !kept_any => Ok(Status::NothingKept),
        Ok(()) => Ok(Status::Done),
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(if has_failed { Status::Failed } else { Status::Done })
        }
        Err(error) => Err(error).with_context(|| place(config)),
    }
}

/// Where the output goes, in messages.
fn place(config: &Config) -> String {
    config.report.as_deref().map_or_else(|| "standard output".to_owned(), shown)
}

fn create(path: &Path) -> Result<WholeFile> {
    WholeFile::create(path).with_context(|| shown(path))
}

fn finish_report(target: Option<WholeFile>) -> io::Result<()> {
    match target {
        Some(file) => {
            file.handle()?.write_all(html::tail().as_bytes())?;
            file.keep()
        }
        None => io::stdout().write_all(html::tail().as_bytes()),
    }
}

fn load_model(path: &Path) -> Result<Model> {
    let load = || Ok::<_, anyhow::Error>(Model::from_bytes(fs::read(path)?)?);
    load().with_context(|| shown(path))
}

fn output(config: &Config, target: Option<&WholeFile>) -> Result<Box<dyn Write>> {
    if let Some(file) = target {
        let handle = file.handle().with_context(|| place(config))?;
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

fn writer<'m>(
    config: &Config,
    model: &'m Model,
    mut out: Box<dyn Write>,
) -> Result<Box<dyn Writer + 'm>> {
    let (policy, rules) = (config.policy, || config.rules.clone());
    Ok(match config.format {
        Format::Text(selection, blank) => Box::new(Text::new(out, selection, blank)),
        Format::Annotate(style) => Box::new(Annotate::new(out, style)),
        Format::Explain(style) => Box::new(Explain::new(out, style, model, policy, rules())),
        Format::Json => Box::new(Json::new(out)),
        Format::Html => {
            let head = html::head(policy);
            out.write_all(head.as_bytes()).with_context(|| place(config))?;
            Box::new(Report::new(out, model, policy, rules()))
        }
    })
}

/// What stands in messages for a path: one line that does nothing to a terminal.
fn shown(path: &Path) -> String {
    sanitize::visible(&path.to_string_lossy())
}

/// What stands in messages for a source.
fn title(source: &Source) -> String {
    match source {
        Source::Stdin => "standard input".to_owned(),
        Source::File(path) => shown(path),
    }
}

/// Passes pieces on and notes whether any was kept.
struct Tally<'m> {
    writer: Box<dyn Writer + 'm>,
    has_kept: bool,
}

impl Sink for Tally<'_> {
    type Error = io::Error;

    fn take(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        self.has_kept |= piece.verdict.is_some_and(|verdict| verdict.kept);
        self.writer.take(piece)
    }
}

/// Why a document was not done.
enum Failure {
    /// It cannot be read; others may be.
    Input(anyhow::Error),
    /// Nothing more can be written.
    Output(io::Error),
}

struct Run<'m> {
    filter: Filter<'m>,
    sink: Tally<'m>,
    buffer: Vec<u8>,
    is_quiet: bool,
}

impl Run<'_> {
    fn read(&mut self, source: &Source) -> Result<(), Failure> {
        match source {
            Source::Stdin => self.document(source, "-", io::stdin().lock()),
            Source::File(path) => {
                let file = open(path).map_err(Failure::Input)?;
                self.document(source, &path.to_string_lossy(), file)
            }
        }
    }

    fn document(
        &mut self,
        source: &Source,
        name: &str,
        mut input: impl Read,
    ) -> Result<(), Failure> {
        self.sink.writer.begin_document(name).map_err(Failure::Output)?;
        let mut detector = Some(Detector::default()).filter(|_| !self.is_quiet);
        let end = loop {
            let bytes = match input.read(&mut self.buffer) {
                Ok(0) => break Ok(()),
                Ok(count) => &self.buffer[..count],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Err(Failure::Input(error.into())),
            };
            if let Some(head) = &mut detector {
                head.feed(bytes);
                if head.is_full() {
                    warn_of_markup(source, detector.take());
                }
            }
            self.filter.feed(bytes, &mut self.sink).map_err(Failure::Output)?;
        };
        warn_of_markup(source, detector);
        // What came before a failed read has been judged and is written.
        self.filter.finish(&mut self.sink).map_err(Failure::Output)?;
        self.sink.writer.end_document().map_err(Failure::Output)?;
        end
    }
}

fn open(path: &Path) -> Result<File> {
    // On some systems a directory can be opened, on others the reason given is another.
    if path.is_dir() {
        return Err(anyhow!("is a directory"));
    }
    Ok(File::open(path)?)
}

fn warn_of_markup(source: &Source, detector: Option<Detector>) {
    if detector.is_none_or(|detector| !detector.is_markup()) {
        return;
    }
    let title = title(source);
    let fix = match source {
        Source::Stdin => "w3m -dump -T text/html | dechrome".to_owned(),
        Source::File(_) => format!("w3m -dump -T text/html {title} | dechrome"),
    };
    report(format_args!("warning: {title}: this is markup, not the text of a page; try '{fix}'"));
}
