//! Goes over the inputs in order: opens them, walks directories, cuts records, and tells step by
//! step what there is to do.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dechrome::output::sanitize::visible;
use ignore::WalkBuilder;
use same_file::is_same_file;

use crate::cli::{Config, Source};
use crate::input::compression::Compression;
use crate::input::jsonl::Lines;
use crate::input::records::{Batch, Position, Records, Unit};
use crate::input::split::Separator;
use crate::input::wet::Wet;
use crate::input::{self, Fault, Format, Opened, Reader};
use crate::interrupt;
use crate::part::Plan;
use crate::run::shown;
use crate::tree::{Tree, name_as_jsonl};
use crate::work::{Job, Matter, Origin};

/// A batch of records is about this large: some milliseconds of work.
const BATCH_BYTES: usize = 512 << 10;

/// What comes next.
pub enum Step {
    /// There is work on the source at hand; with the place where it ends, if it is on records.
    Work(Job, Option<Position>),
    /// Something else.
    Event(Event),
}

/// What happens between the work.
pub enum Event {
    /// A source begins, and what is to be made of it, if that is a file of its own.
    Begin(Arc<Origin>, Option<Plan>),
    /// A record of the source at hand cannot be used, and the place after it.
    Bad(Fault, Position),
    /// The source at hand, or all that comes of a path, cannot be read, or not further.
    Failed(String),
    /// The source is over.
    End,
    /// The run is to end here.
    Interrupted,
}

/// Takes steps, until it wants no more.
type Emit<'e, E> = &'e mut dyn FnMut(Step) -> Result<(), E>;

/// The inputs.
pub struct Sources<'c> {
    config: &'c Config,
    tree: Option<Tree<'c>>,
    /// How many bytes have been read, as they come from disk or pipe.
    read: Arc<AtomicU64>,
    /// The first input, when it has been looked at.
    first: Option<io::Result<Opened>>,
}

impl<'c> Sources<'c> {
    /// The inputs that `config` names, each to become a file in `tree` if there is one.
    pub fn new(config: &'c Config, tree: Option<Tree<'c>>, read: Arc<AtomicU64>) -> Sources<'c> {
        Sources { config, tree, read, first: None }
    }

    /// Whether all there is to read is one text.
    pub fn is_lone_text(&mut self) -> bool {
        let opened = match &self.config.sources[..] {
            [Source::Stdin] => self.open(None, false),
            [Source::File(path)] if !path.is_dir() => self.open(Some(path), false),
            _ => return false,
        };
        let is_text = opened.as_ref().is_ok_and(|opened| opened.format == Format::Text);
        self.first = Some(opened);
        is_text
    }

    /// Goes over all.
    ///
    /// # Errors
    /// Those of `emit`.
    pub fn each<E>(mut self, emit: Emit<'_, E>) -> Result<(), E> {
        for source in &self.config.sources {
            match source {
                Source::Stdin => self.one(None, Path::new("-"), false, emit)?,
                Source::File(path) if path.is_dir() => self.walk(path, emit)?,
                Source::File(path) => {
                    let name = path.file_name().map_or(Path::new(""), Path::new);
                    self.one(Some(path), name, false, emit)?;
                }
            }
            if interrupt::is_requested() {
                return emit(Step::Event(Event::Interrupted));
            }
        }
        Ok(())
    }

    /// Goes over the files in a directory and those below, by name.
    fn walk<E>(&mut self, directory: &Path, emit: Emit<'_, E>) -> Result<(), E> {
        let mut walk = WalkBuilder::new(directory);
        // What is left out of a repository may well be data.
        walk.standard_filters(false).hidden(true).follow_links(true);
        walk.sort_by_file_name(Ord::cmp);
        if let Some(output) = self.config.output.clone() {
            walk.filter_entry(move |entry| {
                let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
                !(is_directory && is_same_file(entry.path(), &output).unwrap_or(false))
            });
        }
        for entry in walk.build() {
            if interrupt::is_requested() {
                break;
            }
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    let path = entry.path();
                    let name = path.strip_prefix(directory).unwrap_or(path);
                    self.one(Some(path), name, true, emit)?;
                }
                Ok(_) => {}
                Err(error) => emit(failed(visible(&error.to_string())))?,
            }
        }
        Ok(())
    }

    /// Opens a file, or standard input.
    fn open(&self, path: Option<&Path>, is_walked: bool) -> io::Result<Opened> {
        let raw: Reader = match path {
            Some(path) => Box::new(File::open(path)?),
            None => Box::new(io::stdin()),
        };
        let raw = Box::new(Counted { inner: raw, count: Arc::clone(&self.read) });
        let name = path.map_or_else(String::new, |path| path.to_string_lossy().into_owned());
        input::open(raw, &name, self.config.form, is_walked)
    }

    /// Goes over one input, whose output is called `name`; a binary file is passed over if it was
    /// not named.
    fn one<E>(
        &mut self,
        path: Option<&Path>,
        name: &Path,
        is_walked: bool,
        emit: Emit<'_, E>,
    ) -> Result<(), E> {
        let config = self.config;
        let title = path.map_or_else(|| "standard input".to_owned(), shown);
        let in_vain = |error: &dyn Display| failed(format!("{title}: {error}"));
        let opened = self.first.take().unwrap_or_else(|| self.open(path, is_walked));
        let mut opened = match opened {
            Ok(opened) => opened,
            Err(error) => return emit(in_vain(&error)),
        };
        if opened.is_binary && !matches!(config.split, Some(Separator::Byte(0))) {
            return Ok(());
        }
        if opened.format == Format::Text && config.to_jsonl {
            return emit(in_vain(&"not WET: --to jsonl is for WET"));
        }
        let mut name = name.to_owned();
        if opened.format == Format::Wet && config.to_jsonl {
            name = name_as_jsonl(&name);
        }
        let plan = match (&mut self.tree, path) {
            (Some(tree), Some(path)) => match tree.plan(path, &name) {
                Ok(Some(plan)) => Some(plan),
                Ok(None) => return Ok(()),
                Err(error) => return emit(in_vain(&format_args!("{error:#}"))),
            },
            _ => None,
        };
        let start = plan.as_ref().map_or_else(Position::default, |plan| plan.start);
        let origin = Arc::new(Origin {
            name: path.map_or_else(|| "-".to_owned(), |path| path.to_string_lossy().into_owned()),
            fix: match path {
                None => "w3m -dump -T text/html | dechrome".to_owned(),
                Some(_) => format!("w3m -dump -T text/html {title} | dechrome"),
            },
            compression: match &plan {
                Some(_) => Compression::of_name(&name.to_string_lossy()).0,
                // Standard output is for the next command, which wants text.
                None => Compression::Plain,
            },
            title: title.clone(),
        });
        emit(Step::Event(Event::Begin(Arc::clone(&origin), plan)))?;
        if let Err(error) = io::copy(&mut (&mut opened.reader).take(start.bytes), &mut io::sink()) {
            emit(in_vain(&error))?;
        }
        let batch_bytes = if config.is_line_buffered { 1 } else { BATCH_BYTES };
        let reader = opened.reader;
        match opened.format {
            Format::Text => {
                emit(Step::Work(Job { origin, matter: Matter::Text(reader) }, None))?;
            }
            Format::Jsonl => {
                records(&origin, Lines::new(reader, start, batch_bytes), Matter::Jsonl, emit)?;
            }
            Format::Wet => {
                records(&origin, Wet::new(reader, start, batch_bytes), Matter::Wet, emit)?;
            }
        }
        emit(Step::Event(Event::End))
    }
}

fn failed(what: String) -> Step {
    Step::Event(Event::Failed(what))
}

fn records<E>(
    origin: &Arc<Origin>,
    mut records: impl Records,
    matter: fn(Batch) -> Matter,
    emit: Emit<'_, E>,
) -> Result<(), E> {
    // Not what a pipe that waits for input would not end for.
    interrupt::end_at_a_border(&[interrupt::SIGINT]);
    loop {
        if interrupt::is_requested() {
            return emit(Step::Event(Event::Interrupted));
        }
        match records.next() {
            Ok(None) => return Ok(()),
            Ok(Some(Unit::Batch(batch))) => {
                let after = batch.after;
                let job = Job { origin: Arc::clone(origin), matter: matter(batch) };
                emit(Step::Work(job, Some(after)))?;
            }
            Ok(Some(Unit::Bad(fault, after))) => emit(Step::Event(Event::Bad(fault, after)))?,
            Err(error) => {
                let record = records.position().records + 1;
                return emit(failed(format!("{}: record {record}: {error}", origin.title)));
            }
        }
    }
}

/// Counts what is read.
struct Counted {
    inner: Reader,
    count: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
