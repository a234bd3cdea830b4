//! The filter: bytes in, judged lines out, in order and as early as the lookahead allows.
//!
//! It owns the buffer that holds lines until their verdict is known, and its bounds. What a
//! line is worth is the model's business, what becomes of it the [`Sink`]'s.
//!
//! # Contract
//! * Every byte fed reaches the sink exactly once and in order, blank lines too.
//! * How the bytes were cut into [`Filter::feed`] calls never shows in what the sink sees,
//!   except that an over-long line may be handed on in other pieces, and blank lines in other
//!   numbers at once.
//! * A verdict depends on all lines before it and at most [`LOOKAHEAD`] non-blank lines after.
//! * Memory is bounded by [`MAX_HELD_BYTES`] + [`MAX_LINE_BYTES`], whatever comes in. When more
//!   than [`MAX_HELD_BYTES`] wait for a verdict, they are judged as if the document ended
//!   there. A line that reaches [`MAX_LINE_BYTES`] is judged on its first and last
//!   [`SCORED_BYTES`](crate::features::SCORED_BYTES) up to there, likewise, and the rest of it
//!   is passed through in pieces. Beyond [`MAX_SHORT_LINES`] in a row, short lines are not judged
//!   either, but handed on as the last one before them was.

use std::collections::VecDeque;

use memchr::{memchr, memrchr};

use crate::decode::{self, Decoder, Policy};
use crate::document::{Line, is_blank, strip_ending};
use crate::features::{Extractor, words};
use crate::form::{Form, Forms};
use crate::label::{Kind, KindSet, Verdict};
use crate::model::{self, Model, Scorer, Scores};
use crate::rules::{Rules, Told};
use crate::simd::{self, BLOCK, Instructions, Level, Work};

/// How many non-blank lines after a line its verdict may depend on: what the network sees, and
/// what the decoder sees of its scores.
pub const LOOKAHEAD: usize = model::LOOKAHEAD + decode::LOOKAHEAD;
const _: () = assert!(LOOKAHEAD <= 128, "who reads along should not wait longer");

/// A line is held whole up to this length.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// How many bytes are taken at once at most.
const CHUNK_BYTES: usize = 64 << 10;

/// How many bytes may wait for a verdict, the filter's notes on them included.
pub const MAX_HELD_BYTES: usize = 4 << 20;

/// Of lines of at most [`SHORT_LINE_BYTES`] that follow each other so many are judged, blank lines not
/// counted, as if the document ended there, and those that follow have the scores of the last: more of
/// them say nothing new, and each would take as long as a line that does. No fewer than are
/// [explained](crate::explain::MAX_LINES), for reasons are those of lines that were judged.
pub const MAX_SHORT_LINES: usize = 1 << 16;

/// How long a short line is at most, its ending included: so short that it takes three times as long a
/// byte to judge as other text, or longer.
pub const SHORT_LINE_BYTES: usize = 8;

/// Bounds of a filter. Other values than the default are for tests.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// See [`MAX_LINE_BYTES`]; at least 1.
    pub max_line_bytes: usize,
    /// See [`MAX_HELD_BYTES`].
    pub max_held_bytes: usize,
    /// See [`MAX_SHORT_LINES`]; at least 1.
    pub max_short_lines: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_line_bytes: MAX_LINE_BYTES,
            max_held_bytes: MAX_HELD_BYTES,
            max_short_lines: MAX_SHORT_LINES,
        }
    }
}

/// A judged line, or a piece of an over-long one.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The line. Of a piece, `bytes` and `offset` are the piece's own.
    pub line: Line<'a>,
    /// The verdict, the same for all pieces of a line; `None` for a blank line.
    pub verdict: Option<Verdict>,
    /// Whether the line starts with this piece.
    pub starts: bool,
    /// Whether the line ends with this piece. Only the end of a line has a line ending; the end
    /// of an over-long line may be empty.
    pub ends: bool,
}

/// Blank lines that follow each other and have as many bytes each.
#[derive(Clone, Copy, Debug)]
pub struct BlankLines<'a> {
    /// The bytes of all of them, and the number and the offset of the first.
    pub lines: Line<'a>,
    /// How many there are, at least one.
    pub count: usize,
}

impl<'a> BlankLines<'a> {
    /// The bytes of the first, as of each.
    pub fn first(&self) -> &'a [u8] {
        &self.lines.bytes[..self.lines.bytes.len() / self.count]
    }

    /// A piece for each line.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'a>> {
        let Line { number, offset, bytes } = self.lines;
        let each = self.first().len();
        (0..self.count).map(move |index| {
            let at = index * each;
            let line = Line {
                number: number + index as u64,
                offset: offset + at as u64,
                bytes: &bytes[at..at + each],
            };
            Piece { line, verdict: None, starts: true, ends: true }
        })
    }
}

/// Takes judged lines in document order.
pub trait Sink {
    /// What can go wrong in taking one.
    type Error;

    /// Takes the next line, or the next piece of an over-long one.
    ///
    /// # Errors
    /// Whatever the sink fails with; the filter hands it on and should then be reset.
    fn take(&mut self, piece: &Piece<'_>) -> Result<(), Self::Error>;

    /// Takes the next lines, which are blank. However many there are, more may follow.
    ///
    /// # Errors
    /// Likewise.
    fn take_blank(&mut self, blank: &BlankLines<'_>) -> Result<(), Self::Error> {
        blank.pieces().try_for_each(|piece| self.take(&piece))
    }
}

/// Any closure over pieces is a sink.
impl<E, F: FnMut(&Piece<'_>) -> Result<(), E>> Sink for F {
    type Error = E;

    fn take(&mut self, piece: &Piece<'_>) -> Result<(), E> {
        self(piece)
    }
}

/// A line that waits for its verdict, or blank ones behind it that have as many bytes each.
#[derive(Clone, Copy, Debug)]
struct Held {
    bytes: usize,
    /// How many blank lines, 0 for one that waits.
    blank: usize,
    /// What the user's rules say of it.
    told: Option<Told>,
    /// The kind that its form gives away, if it is content.
    form: Option<Kind>,
}

/// What a held line takes beside its bytes.
pub(crate) const NOTE_BYTES: usize = size_of::<Held>();

/// A bit for each byte of a chunk that is `\n`.
type Ends = Box<[u64; CHUNK_BYTES / BLOCK]>;

/// Finds the line ends in `bytes`. Lines are short, so that a search for each takes longer.
struct FindEnds<'b> {
    bytes: &'b [u8],
    ends: &'b mut Ends,
}

impl Work for FindEnds<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, with: impl Instructions) {
        let (blocks, rest) = self.bytes.as_chunks();
        let last = with.load(rest);
        for (block, ends) in blocks.iter().chain([&last]).zip(&mut **self.ends) {
            *ends = with.equal(block, b'\n');
        }
    }
}

/// Judges documents line by line. Reusable: [`Filter::finish`] readies it for the next document
/// and keeps its buffers.
#[derive(Debug)]
pub struct Filter<'m> {
    policy: Policy,
    rules: Rules,
    limits: Limits,
    extractor: Extractor,
    /// None if nobody asks for kinds.
    forms: Option<Forms>,
    scorer: Scorer<'m>,
    decoder: Decoder,
    /// Scores that are decided, of the first lines in `held`; empty between calls.
    decided: Vec<Scores>,
    /// The line ends in the bytes being taken.
    ends: Ends,
    /// Held lines and, behind them, the line that is not yet complete.
    buffer: Vec<u8>,
    /// Where the first held line starts in `buffer`.
    start: usize,
    /// Where the incomplete line starts in `buffer`.
    tail: usize,
    held: VecDeque<Held>,
    /// Number and offset of the first line in `held`.
    number: u64,
    offset: u64,
    /// Verdict of the over-long line whose rest is being passed through.
    long: Option<Verdict>,
    /// How many short lines just came, and the scores of those that follow if they are too many.
    short: usize,
    surplus: Option<Scores>,
}

impl<'m> Filter<'m> {
    /// A filter that judges with `model` and decides by `policy`.
    pub fn new(model: &'m Model, policy: Policy) -> Filter<'m> {
        Filter::with_limits(model, policy, Limits::default())
    }

    /// A filter with other bounds than the default.
    pub fn with_limits(model: &'m Model, policy: Policy, limits: Limits) -> Filter<'m> {
        Filter {
            policy,
            rules: Rules::default(),
            limits,
            extractor: Extractor::new(),
            forms: Some(Forms::default()),
            scorer: Scorer::new(model),
            decoder: Decoder::default(),
            decided: Vec::new(),
            ends: Box::new([0; CHUNK_BYTES / BLOCK]),
            buffer: Vec::new(),
            start: 0,
            tail: 0,
            held: VecDeque::new(),
            number: 1,
            offset: 0,
            long: None,
            short: 0,
            surplus: None,
        }
    }

    /// The same filter with rules of the user's, which decide the lines they match and inform the
    /// lines around them.
    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Filter<'m> {
        Filter { rules, ..self }
    }

    /// The same filter for a sink that asks for no kinds, which takes less time: a verdict names the first
    /// kind of its side, unless a rule of the user's says another. Without effect where the policy asks
    /// for kinds.
    #[must_use]
    pub fn without_kinds(mut self) -> Filter<'m> {
        if self.policy.keep == KindSet::CONTENT {
            self.scorer.leave_out_kinds();
            self.forms = None;
        }
        self
    }

    /// Takes the next bytes of the document and hands every line whose verdict is now known to
    /// `sink`.
    ///
    /// # Errors
    /// The sink's.
    pub fn feed<S: Sink>(&mut self, mut bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        while !bytes.is_empty() {
            let taken = self.take_short_lines(bytes, sink)?;
            bytes = &bytes[taken..];
            let taken = self.take_piece(bytes, sink)?;
            bytes = &bytes[taken..];
        }
        // No verdict waits for bytes that may be long in coming.
        self.release_judged(sink)
    }

    /// Takes the lines that end in the next bytes, if it is plain that none is too long, and gives
    /// how many bytes that is.
    fn take_short_lines<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<usize, S::Error> {
        let bytes = &bytes[..bytes.len().min(CHUNK_BYTES)];
        let end = memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        let before = self.buffer.len();
        if self.long.is_some() || before - self.tail + end > self.limits.max_line_bytes {
            return Ok(0);
        }
        self.buffer.extend_from_slice(&bytes[..end]);
        simd::run(Level::best(), FindEnds { bytes: &bytes[..end], ends: &mut self.ends });
        for block in 0..end.div_ceil(BLOCK) {
            let mut ends = self.ends[block];
            while ends != 0 {
                let at = ends.trailing_zeros();
                self.complete_line(before + block * BLOCK + at as usize + 1, sink)?;
                ends &= ends - 1;
                // Some dumps have more empty lines than other ones: as many as follow at once.
                let empty = (ends >> at >> 1).trailing_ones();
                if empty > 0 {
                    self.complete_blank(1, empty as usize, sink)?;
                    ends &= u64::MAX.checked_shl(at + 1 + empty).unwrap_or(0);
                }
            }
        }
        self.compact();
        Ok(end)
    }

    /// Takes the next bytes of one line, and gives how many.
    fn take_piece<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<usize, S::Error> {
        let end = memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
        if self.long.is_some() {
            self.pass_through(&bytes[..end], sink)?;
            return Ok(end);
        }
        let room = self.limits.max_line_bytes - (self.buffer.len() - self.tail);
        let taken = end.min(room);
        self.buffer.extend_from_slice(&bytes[..taken]);
        if bytes[..taken].ends_with(b"\n") {
            self.complete_line(self.buffer.len(), sink)?;
        } else if taken == room {
            self.judge_long_line(sink)?;
        }
        self.compact();
        Ok(taken)
    }

    /// Ends the document: judges what is held, hands it on, and readies the filter for the next
    /// document.
    ///
    /// # Errors
    /// The sink's; the filter is ready for the next document all the same.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let result = self.finish_document(sink);
        self.reset();
        result
    }

    fn finish_document<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        if self.long.is_some() {
            // Every over-long line ends with a piece that says so.
            return self.end_long_line(&[], sink);
        }
        if self.buffer.len() > self.tail {
            self.complete_line(self.buffer.len(), sink)?;
        }
        self.drain(sink)
    }

    /// Forgets the document at hand, unwritten lines included.
    pub fn reset(&mut self) {
        self.extractor.reset();
        self.forms.iter_mut().for_each(|forms| *forms = Forms::default());
        self.scorer.reset();
        self.decoder.reset();
        self.decided.clear();
        self.buffer.clear();
        self.start = 0;
        self.tail = 0;
        self.held.clear();
        self.number = 1;
        self.offset = 0;
        self.long = None;
        self.end_short_lines();
    }

    /// The bytes from `tail` to `end` are a line.
    fn complete_line<S: Sink>(&mut self, end: usize, sink: &mut S) -> Result<(), S::Error> {
        let line = &self.buffer[self.tail..end];
        let bytes = line.len();
        if is_blank(line) {
            return self.complete_blank(bytes, 1, sink);
        }
        self.tail = end;
        if bytes > SHORT_LINE_BYTES {
            self.end_short_lines();
        } else if let Some(scores) = self.surplus {
            return self.release_short_line(bytes, scores, sink);
        } else {
            self.short += 1;
        }
        self.queue(bytes);
        if self.short == self.limits.max_short_lines {
            return self.judge_short_lines(sink);
        }
        if self.scorer.has_scores() {
            self.release_scored(sink)?;
        }
        self.release_surplus(sink)
    }

    /// Judges all that is held: the last of it is one of so many short lines that no more of them are
    /// scored.
    fn judge_short_lines<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.decide_all();
        self.surplus = self.decided.last().copied();
        self.release_decided(sink)
    }

    /// Hands on the line of so many bytes that ends at `tail`, one of too many short ones, with these
    /// scores. Nothing else is held.
    fn release_short_line<S: Sink>(
        &mut self,
        bytes: usize,
        scores: Scores,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let told = self.rules.judge(strip_ending(&self.buffer[self.tail - bytes..self.tail]));
        self.held.push_back(Held { bytes, blank: 0, told, form: None });
        self.decided.push(scores);
        self.release_decided(sink)
    }

    fn end_short_lines(&mut self) {
        (self.short, self.surplus) = (0, None);
    }

    /// The next `count` times so many bytes are as many blank lines.
    fn complete_blank<S: Sink>(
        &mut self,
        bytes: usize,
        count: usize,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        self.tail += count * bytes;
        match self.held.back_mut() {
            Some(held) if held.blank > 0 && held.bytes == held.blank * bytes => {
                held.bytes += count * bytes;
                held.blank += count;
            }
            _ => {
                let bytes = count * bytes;
                self.held.push_back(Held { bytes, blank: count, told: None, form: None });
            }
        }
        self.extractor.blank_lines(count);
        self.forms.iter_mut().for_each(Forms::blank_line);
        if self.held.len() == 1 {
            self.release_decided(sink)?;
        }
        self.release_surplus(sink)
    }

    /// Hands on what can be, or has to be, if more is held than may be.
    fn release_surplus<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        if self.holds_too_much() {
            // How many lines wait for company must not show.
            self.release_judged(sink)?;
            if self.holds_too_much() {
                self.drain(sink)?;
            }
        }
        Ok(())
    }

    fn holds_too_much(&self) -> bool {
        // What is noted of a line counts too: a million blank lines are few bytes.
        let noted = self.held.len() * NOTE_BYTES;
        self.tail - self.start + noted > self.limits.max_held_bytes
    }

    /// Holds the line of so many bytes that ends at `tail`, queues it to be scored, and gives what
    /// the user's rules say of it.
    fn queue(&mut self, bytes: usize) -> Option<Told> {
        let line = strip_ending(&self.buffer[self.tail - bytes..self.tail]);
        let told = self.rules.judge(line);
        let (keys, dense) = self.scorer.next_line();
        self.extractor.line_into(line, told.map(|told| told.label), keys, dense);
        let form = self.forms.as_mut().map_or(Form::NONE, |forms| forms.line(line, dense));
        self.decoder.expect(words(dense), self.extractor.goes_on());
        if let (Some(head), true) = (self.held.back_mut(), form.is_below_head) {
            head.form = form.kind;
        }
        self.held.push_back(Held { bytes, blank: 0, told, form: form.kind });
        self.scorer.show(&self.extractor);
        self.scorer.queue_next();
        told
    }

    /// Decides the scores that are known, as far as can be.
    fn decide(&mut self) {
        let Filter { scorer, decoder, decided, .. } = self;
        scorer.hand_on(|scores| decoder.push(scores, decided));
    }

    /// Decides the scores of all lines, as if the document ended here.
    fn decide_all(&mut self) {
        self.scorer.finish();
        self.decide();
        self.decoder.drain(&mut self.decided);
    }

    /// The bytes from `tail` on start an over-long line: judges all that is held, and this line
    /// on what is known of it.
    fn judge_long_line<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let bytes = self.buffer.len() - self.tail;
        self.tail = self.buffer.len();
        self.end_short_lines();
        let told = self.queue(bytes);
        self.decide_all();
        let scores = self.decided.pop().expect("the scorer owes a verdict for the last line");
        let verdict = self.policy.decide(&scores, told);
        self.release_decided(sink)?;
        self.held.clear();
        sink.take(&Piece {
            line: Line {
                number: self.number,
                offset: self.offset,
                bytes: &self.buffer[self.start..],
            },
            verdict: Some(verdict),
            starts: true,
            ends: false,
        })?;
        self.offset += bytes as u64;
        self.long = Some(verdict);
        self.start = self.tail;
        Ok(())
    }

    /// Hands on the next bytes of an over-long line.
    fn pass_through<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        if bytes.ends_with(b"\n") {
            return self.end_long_line(bytes, sink);
        }
        let line = Line { number: self.number, offset: self.offset, bytes };
        sink.take(&Piece { line, verdict: self.long, starts: false, ends: false })?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn end_long_line<S: Sink>(&mut self, bytes: &[u8], sink: &mut S) -> Result<(), S::Error> {
        let line = Line { number: self.number, offset: self.offset, bytes };
        let verdict = self.long.take();
        self.number += 1;
        self.offset += bytes.len() as u64;
        sink.take(&Piece { line, verdict, starts: false, ends: true })
    }

    /// Hands on all lines whose verdict can be known by now.
    fn release_judged<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.scorer.flush();
        self.release_scored(sink)
    }

    /// Hands on all lines whose verdict follows from the scores that are known.
    fn release_scored<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.decide();
        self.release_decided(sink)
    }

    /// Judges all that is held as if the document ended here.
    fn drain<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.decide_all();
        self.release_decided(sink)
    }

    /// Hands on the lines of the scores that are decided, and the blank lines before and behind
    /// each.
    fn release_decided<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        let (mut start, mut number, mut offset) = (self.start, self.number, self.offset);
        let (mut decided, mut count) = (self.decided.iter(), 0);
        for held in &self.held {
            let bytes = &self.buffer[start..start + held.bytes];
            let line = Line { number, offset, bytes };
            if held.blank > 0 {
                sink.take_blank(&BlankLines { lines: line, count: held.blank })?;
                number += held.blank as u64;
            } else if let Some(scores) = decided.next() {
                let verdict = Some(self.policy.decide(&scores.of_form(held.form), held.told));
                sink.take(&Piece { line, verdict, starts: true, ends: true })?;
                number += 1;
            } else {
                break;
            }
            start += held.bytes;
            offset += held.bytes as u64;
            count += 1;
        }
        (self.start, self.number, self.offset) = (start, number, offset);
        self.held.drain(..count);
        self.decided.clear();
        Ok(())
    }

    /// Takes the room of released lines back once it is the larger half of the buffer.
    fn compact(&mut self) {
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start);
            self.tail -= self.start;
            self.start = 0;
        }
    }
}
