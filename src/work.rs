//! The work on one job: a page or several, judged and put in the form they are written in.
//!
//! A worker knows no files and no order. What it makes comes out in chunks, and whoever runs it
//! sees to it that those of one job follow those of the job before.

use std::cell::RefCell;
use std::io::{self, Write};
use std::iter;
use std::mem;
use std::rc::Rc;
use std::sync::Arc;

use dechrome::document::{Line, strip_ending};
use dechrome::filter::{BlankLines, Filter, Piece, Sink};
use dechrome::model::Model;
use dechrome::output::{Annotate, Explain, Json, Report, Selection, Text, Writer};

use crate::cli::{Config, Format, OnError};
use crate::input::compression::Compression;
use crate::input::jsonl::{self, Decoded};
use crate::input::records::Batch;
use crate::input::split::{Part, Splitter};
use crate::input::{self, BUFFER_BYTES, Fault, Reader, wet};
use crate::interrupt;
use crate::markup::Detector;
use crate::stats::Counts;

/// A part of a text is handed on once what has come of it has this size.
const CHUNK_BYTES: usize = 256 << 10;

/// What messages and records say of a source.
#[derive(Debug)]
pub struct Origin {
    /// What stands in messages: one line that does nothing to a terminal.
    pub title: String,
    /// What stands in records: the path as given.
    pub name: String,
    /// What would make text of it, if it is markup by mistake.
    pub fix: String,
    /// How what is made of it is compressed.
    pub compression: Compression,
}

/// Something to work on.
pub struct Job {
    /// Where it comes from.
    pub origin: Arc<Origin>,
    /// What it is.
    pub matter: Matter,
}

/// What there is to work on.
pub enum Matter {
    /// A text, to be read to its end.
    Text(Reader),
    /// Lines of JSON.
    Jsonl(Batch),
    /// WARC records.
    Wet(Batch),
}

/// What has been made of a job, or of a part of one.
#[derive(Debug, Default)]
pub struct Chunk {
    /// What goes to the output.
    pub output: Vec<u8>,
    /// What goes to the rejects.
    pub rejects: Vec<u8>,
    /// What was judged.
    pub counts: Counts,
    /// What is to be said, in order.
    pub notes: Vec<Note>,
}

/// Something to be said about a source.
#[derive(Debug)]
pub enum Note {
    /// A record cannot be used.
    Bad(Fault),
    /// It could not be read to its end.
    Failed(io::Error),
    /// It was left before its end, since the run is to end.
    Left,
    /// It may not be what the user thinks.
    Warning(String),
}

/// Works on jobs, one after the other.
pub struct Worker<'m> {
    config: &'m Config,
    filter: Filter<'m>,
    buffer: Vec<u8>,
    decoded: Decoded,
    out: Out<'m>,
    notes: Vec<Note>,
}

impl<'m> Worker<'m> {
    /// A worker that judges with `model` and does what `config` says.
    pub fn new(config: &'m Config, model: &'m Model) -> Worker<'m> {
        let filter = Filter::new(model, config.policy).with_rules(config.rules.clone());
        Worker {
            config,
            filter: if config.tells_kinds() { filter } else { filter.without_kinds() },
            buffer: vec![0; BUFFER_BYTES],
            decoded: Decoded::default(),
            out: Out::new(config, model),
            notes: Vec::new(),
        }
    }

    /// Works on `job` and hands on what comes of it until `emit` wants no more.
    ///
    /// # Errors
    /// Those of `emit`.
    pub fn run<E>(
        &mut self,
        job: Job,
        emit: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        let Job { origin, matter } = job;
        self.out.output.compression = origin.compression;
        match matter {
            Matter::Text(reader) => self.text(&origin, reader, emit)?,
            Matter::Jsonl(batch) => self.jsonl(&origin, &batch),
            Matter::Wet(batch) => self.wet(&origin, &batch),
        }
        emit(self.chunk())
    }

    /// What has been made since the last one.
    fn chunk(&mut self) -> Chunk {
        Chunk {
            output: self.out.output.take(),
            rejects: self.out.rejects.as_mut().map_or_else(Vec::new, Stream::take),
            counts: mem::take(&mut self.out.counts),
            notes: mem::take(&mut self.notes),
        }
    }

    fn text<E>(
        &mut self,
        origin: &Origin,
        mut reader: Reader,
        emit: &mut dyn FnMut(Chunk) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pages = Pages::new(self.config, origin, &mut self.out);
        let mut splitter = self.config.split.clone().map(Splitter::new);
        loop {
            if interrupt::is_requested() {
                self.notes.push(Note::Left);
                break;
            }
            let bytes = match input::read(&mut reader, &mut self.buffer) {
                Ok(0) => break,
                Ok(count) => &self.buffer[..count],
                Err(error) => {
                    // What came before has been judged and is written.
                    self.notes.push(Note::Failed(error));
                    break;
                }
            };
            let mut take = |part: Part<'_>| {
                self.notes.extend(pages.take(part, &mut self.filter, &mut self.out));
            };
            match &mut splitter {
                None => take(Part::Text(bytes)),
                Some(splitter) => splitter.feed(bytes, &mut take),
            }
            if self.config.is_line_buffered || self.out.len() >= CHUNK_BYTES {
                emit(self.chunk())?;
            }
        }
        if let Some(splitter) = &mut splitter {
            splitter.finish(|part| {
                self.notes.extend(pages.take(part, &mut self.filter, &mut self.out));
            });
        }
        self.notes.extend(pages.end(&mut self.filter, &mut self.out));
        Ok(())
    }

    fn jsonl(&mut self, origin: &Origin, batch: &Batch) {
        let lines = batch.bytes.split_inclusive(|&byte| byte == b'\n');
        for (number, line) in (batch.first..).zip(lines) {
            let record = strip_ending(line);
            let result = if record.trim_ascii().is_empty() {
                self.out.copy(line);
                Ok(())
            } else {
                self.json(origin, number, record, &line[record.len()..])
            };
            if let Err(what) = result {
                self.notes.push(Note::Bad(Fault { record: number, what }));
                if self.config.on_error == OnError::Fail {
                    return;
                }
            }
        }
    }

    fn json(
        &mut self,
        origin: &Origin,
        number: u64,
        record: &[u8],
        ending: &[u8],
    ) -> Result<(), String> {
        let place = jsonl::find(record, &self.config.field)?;
        let string = &record[place.clone()];
        self.decoded.decode(string).map_err(|at| {
            let at = place.start + at + 1;
            format!("byte {at}: a lone surrogate is no character")
        })?;
        let text = &self.decoded.text;
        self.notes.extend(warning(self.config, number, text));
        self.out.begin(&origin.record(number));
        if self.config.rewrites() {
            self.out.copy(&record[..place.start]);
            let mut lines = InString { out: &mut self.out, decoded: &self.decoded, string };
            judge(&mut self.filter, text, &mut lines);
            self.out.copy(&record[place.end..]);
            self.out.copy(ending);
        } else {
            judge(&mut self.filter, text, &mut self.out);
        }
        self.out.end();
        Ok(())
    }

    fn wet(&mut self, origin: &Origin, batch: &Batch) {
        for (number, span) in (batch.first..).zip(&batch.spans) {
            let head = &batch.bytes[span.head.clone()];
            let body = &batch.bytes[span.body.clone()];
            match wet::field(head, "WARC-Type") {
                Some("conversion") => self.conversion(origin, number, head, body),
                kind => {
                    if matches!(kind, Some("response" | "resource")) {
                        let what = "a page, not its text; WET has it in 'conversion' records";
                        self.notes.push(Note::Warning(format!("record {number}: {what}")));
                    }
                    if self.writes_warc() {
                        self.out.output.with(|out| wet::copy(out, head, body));
                    }
                }
            }
            if self.writes_warc() {
                // As Common Crawl has it, each record is a gzip stream of its own.
                self.out.streams().for_each(Stream::end_member);
            }
        }
    }

    fn writes_warc(&self) -> bool {
        self.config.rewrites() && !self.config.to_jsonl
    }

    fn conversion(&mut self, origin: &Origin, number: u64, head: &[u8], body: &[u8]) {
        self.notes.extend(warning(self.config, number, body));
        self.out.begin(&origin.record(number));
        let starts: Vec<usize> = self.out.streams().map(|stream| stream.len()).collect();
        judge(&mut self.filter, body, &mut self.out);
        self.out.end();
        if self.config.rewrites() {
            for (stream, start) in self.out.streams().zip(starts) {
                // The head tells the length, so it comes when the body is known.
                stream.with(|out| {
                    let body = out.split_off(start);
                    if self.config.to_jsonl {
                        wet::write_json(out, head, &body);
                    } else {
                        wet::write(out, head, &body);
                    }
                });
            }
        }
    }
}

impl Origin {
    /// What stands in records for a part of it.
    fn record(&self, number: u64) -> String {
        format!("{}:{number}", self.name)
    }
}

/// A whole document, its end left to the caller.
fn judge<S: Sink<Error = io::Error>>(filter: &mut Filter<'_>, text: &[u8], sink: &mut S) {
    filter.feed(text, sink).and_then(|()| filter.finish(sink)).expect(IN_MEMORY);
}

const IN_MEMORY: &str = "nothing can fail in memory";

const MARKUP: &str = "this is markup, not the text of a page";

/// What is to be said if the text of a record is markup.
fn warning(config: &Config, number: u64, text: &[u8]) -> Option<Note> {
    let mut detector = Detector::default();
    detector.feed(text);
    let is_said = !config.is_quiet && detector.is_markup();
    is_said.then(|| Note::Warning(format!("record {number}: {MARKUP}")))
}

/// The pages of a text, one after the other.
struct Pages<'w> {
    config: &'w Config,
    origin: &'w Origin,
    /// Number of the page at hand, from 1.
    number: u64,
    /// Looks at the page's start, until that is known.
    detector: Option<Detector>,
}

impl<'w> Pages<'w> {
    fn new(config: &'w Config, origin: &'w Origin, out: &mut Out<'_>) -> Pages<'w> {
        let mut pages = Pages { config, origin, number: 0, detector: None };
        pages.begin(out);
        pages
    }

    fn begin(&mut self, out: &mut Out<'_>) {
        self.number += 1;
        self.detector = (!self.config.is_quiet).then(Detector::default);
        match self.config.split {
            None => out.begin(&self.origin.name),
            Some(_) => out.begin(&self.origin.record(self.number)),
        }
    }

    fn take(&mut self, part: Part<'_>, filter: &mut Filter<'_>, out: &mut Out<'_>) -> Option<Note> {
        match part {
            Part::Text(bytes) => {
                filter.feed(bytes, out).expect(IN_MEMORY);
                self.look(bytes)
            }
            Part::Separator(bytes) => {
                let note = self.end(filter, out);
                out.copy(bytes);
                self.begin(out);
                note
            }
        }
    }

    fn end(&mut self, filter: &mut Filter<'_>, out: &mut Out<'_>) -> Option<Note> {
        filter.finish(out).expect(IN_MEMORY);
        out.end();
        self.detector.take().and_then(|detector| self.verdict(&detector))
    }

    fn look(&mut self, bytes: &[u8]) -> Option<Note> {
        let detector = self.detector.as_mut()?;
        detector.feed(bytes);
        if !detector.is_full() {
            return None;
        }
        let detector = self.detector.take()?;
        self.verdict(&detector)
    }

    fn verdict(&self, detector: &Detector) -> Option<Note> {
        let is_markup = detector.is_markup();
        is_markup.then(|| Note::Warning(format!("{MARKUP}; try '{}'", self.origin.fix)))
    }
}

/// Where documents go: to the output in the form that was asked for, to the rejects if that is
/// text, and into the counts.
struct Out<'m> {
    format: Format,
    output: Stream,
    writer: Box<dyn Writer + 'm>,
    rejects: Option<Stream>,
    rejects_writer: Option<Text<Stream>>,
    counts: Counts,
}

impl<'m> Out<'m> {
    fn new(config: &Config, model: &'m Model) -> Out<'m> {
        let output = Stream::default();
        let out = output.clone();
        let (policy, rules) = (config.policy, || config.rules.clone());
        let writer: Box<dyn Writer + 'm> = match config.format {
            Format::Text(selection, blank) => Box::new(Text::new(out, selection, blank)),
            Format::Annotate(style) => Box::new(Annotate::new(out, style)),
            Format::Explain(style) => Box::new(Explain::new(out, style, model, policy, rules())),
            Format::Json | Format::Suggest => Box::new(Json::new(out)),
            Format::Html => Box::new(Report::new(out, model, policy, rules())),
        };
        let rejects = config.rejects.as_deref().map(|path| {
            let compression = Compression::of_name(&path.to_string_lossy()).0;
            Stream { compression, ..Stream::default() }
        });
        let counts = Counts::default();
        Out { format: config.format, output, writer, rejects, rejects_writer: None, counts }
    }

    fn begin(&mut self, name: &str) {
        if let Format::Text(selection, blank) = self.format {
            // As if it were the only one: a line end between two texts is not for this to add.
            self.writer = Box::new(Text::new(self.output.clone(), selection, blank));
            let rejects = self.rejects.clone();
            self.rejects_writer = rejects.map(|out| Text::new(out, Selection::Dropped, blank));
        }
        self.counts.documents += 1;
        self.writer.begin_document(name).expect(IN_MEMORY);
    }

    fn end(&mut self) {
        self.writer.end_document().expect(IN_MEMORY);
    }

    /// Passes on what stands around documents, where the form allows that.
    fn copy(&mut self, bytes: &[u8]) {
        if let Format::Text(..) = self.format {
            self.streams().for_each(|stream| stream.with(|out| out.extend_from_slice(bytes)));
        }
    }

    fn streams(&mut self) -> impl Iterator<Item = &mut Stream> {
        iter::once(&mut self.output).chain(&mut self.rejects)
    }

    fn len(&mut self) -> usize {
        self.streams().map(|stream| stream.len()).sum()
    }
}

impl Sink for Out<'_> {
    type Error = io::Error;

    fn take(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        self.counts.add(piece);
        self.writer.take(piece)?;
        self.rejects_writer.iter_mut().try_for_each(|rejects| rejects.take(piece))
    }

    fn take_blank(&mut self, blank: &BlankLines<'_>) -> io::Result<()> {
        self.counts.add_blank(blank);
        self.writer.take_blank(blank)?;
        self.rejects_writer.iter_mut().try_for_each(|rejects| rejects.take_blank(blank))
    }
}

/// Hands on the lines of a decoded string as they stand in the string.
struct InString<'o, 'm> {
    out: &'o mut Out<'m>,
    decoded: &'o Decoded,
    string: &'o [u8],
}

impl Sink for InString<'_, '_> {
    type Error = io::Error;

    fn take(&mut self, piece: &Piece<'_>) -> io::Result<()> {
        // An over-long line is here as a whole.
        if !piece.starts {
            return Ok(());
        }
        let bytes = self.decoded.line(self.string, piece.line.number);
        let line = Line { bytes, ..piece.line };
        self.out.take(&Piece { line, ends: true, ..*piece })
    }
}

/// Bytes that a writer writes and its worker takes, compressed.
#[derive(Clone, Debug, Default)]
struct Stream {
    bytes: Rc<RefCell<Vec<u8>>>,
    /// How much of `bytes` has been compressed.
    done: usize,
    compression: Compression,
}

impl Stream {
    fn take(&mut self) -> Vec<u8> {
        self.compress();
        self.done = 0;
        self.bytes.take()
    }

    fn len(&self) -> usize {
        self.bytes.borrow().len()
    }

    fn with(&self, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.bytes.borrow_mut());
    }

    /// What is written from now on is another member of a gzip stream.
    fn end_member(&mut self) {
        if self.compression == Compression::Gzip {
            self.compress();
        }
    }

    fn compress(&mut self) {
        let mut bytes = self.bytes.borrow_mut();
        if self.compression != Compression::Plain && bytes.len() > self.done {
            let rest = bytes.split_off(self.done);
            bytes.extend(self.compression.compress(rest));
        }
        self.done = bytes.len();
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|out| out.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
