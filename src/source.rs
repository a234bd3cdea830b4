//! Goes over the inputs in order: opens them, walks directories, cuts records, and tells step by
//! step what there is to do.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use dechrome::output::sanitize::visible;
use ignore::WalkBuilder;

use crate::cli::{Config, Source};
use crate::input::jsonl::Lines;
use crate::input::records::{Batch, Position, Records, Unit};
use crate::input::wet::Wet;
use crate::input::{self, Fault, Format, Reader};
use crate::run::shown;
use crate::work::{Job, Matter, Origin};

/// A batch of records is about this large: some milliseconds of work.
const BATCH_BYTES: usize = 512 << 10;

/// What comes next.
pub enum Step {
    /// A source begins.
    Begin(Arc<Origin>),
    /// There is work.
    Work(Job),
    /// A record of the source at hand cannot be used.
    Bad(Fault),
    /// The source at hand, or all that comes of a path, cannot be read, or not further.
    Failed(String),
}

/// Takes steps, until it wants no more.
type Emit<'e, E> = &'e mut dyn FnMut(Step) -> Result<(), E>;

/// Goes over all inputs that `config` names.
///
/// # Errors
/// Those of `emit`.
pub fn each<E>(config: &Config, emit: Emit<'_, E>) -> Result<(), E> {
    for source in &config.sources {
        match source {
            Source::Stdin => one(config, None, false, emit)?,
            Source::File(path) if path.is_dir() => walk(config, path, emit)?,
            Source::File(path) => one(config, Some(path), false, emit)?,
        }
    }
    Ok(())
}

/// Goes over the files in a directory and those below, by name.
fn walk<E>(config: &Config, directory: &Path, emit: Emit<'_, E>) -> Result<(), E> {
    let mut walk = WalkBuilder::new(directory);
    // What is left out of a repository may well be data.
    walk.standard_filters(false).hidden(true).follow_links(true);
    walk.sort_by_file_name(Ord::cmp);
    for entry in walk.build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                one(config, Some(entry.path()), true, emit)?;
            }
            Ok(_) => {}
            Err(error) => emit(Step::Failed(visible(&error.to_string())))?,
        }
    }
    Ok(())
}

/// Goes over one input; a binary file is passed over if it was not named.
fn one<E>(
    config: &Config,
    path: Option<&Path>,
    is_walked: bool,
    emit: Emit<'_, E>,
) -> Result<(), E> {
    let title = path.map_or_else(|| "standard input".to_owned(), shown);
    let name = path.map_or_else(|| "-".to_owned(), |path| path.to_string_lossy().into_owned());
    let failed = |error: &dyn Display| Step::Failed(format!("{title}: {error}"));
    let raw = || -> io::Result<Reader> {
        Ok(match path {
            Some(path) => Box::new(File::open(path)?),
            None => Box::new(io::stdin()),
        })
    };
    let opened = match raw().and_then(|raw| input::open(raw, &name, config.form, is_walked)) {
        Ok(opened) => opened,
        Err(error) => return emit(failed(&error)),
    };
    if opened.is_binary {
        return Ok(());
    }
    if opened.format == Format::Text && config.to_jsonl {
        return emit(failed(&"not WET: --to jsonl is for WET"));
    }
    let fix = match path {
        None => "w3m -dump -T text/html | dechrome".to_owned(),
        Some(_) => format!("w3m -dump -T text/html {title} | dechrome"),
    };
    let origin = Arc::new(Origin { title, name, fix });
    emit(Step::Begin(Arc::clone(&origin)))?;
    let batch_bytes = if config.is_line_buffered { 1 } else { BATCH_BYTES };
    let (reader, start) = (opened.reader, Position::default());
    match opened.format {
        Format::Text => emit(Step::Work(Job { origin, matter: Matter::Text(reader) })),
        Format::Jsonl => {
            records(&origin, Lines::new(reader, start, batch_bytes), Matter::Jsonl, emit)
        }
        Format::Wet => records(&origin, Wet::new(reader, start, batch_bytes), Matter::Wet, emit),
    }
}

fn records<E>(
    origin: &Arc<Origin>,
    mut records: impl Records,
    matter: fn(Batch) -> Matter,
    emit: Emit<'_, E>,
) -> Result<(), E> {
    loop {
        match records.next() {
            Ok(None) => return Ok(()),
            Ok(Some(Unit::Batch(batch))) => {
                emit(Step::Work(Job { origin: Arc::clone(origin), matter: matter(batch) }))?;
            }
            Ok(Some(Unit::Bad(fault, _))) => emit(Step::Bad(fault))?,
            Err(error) => {
                let record = records.position().records + 1;
                return emit(Step::Failed(format!("{}: record {record}: {error}", origin.title)));
            }
        }
    }
}
