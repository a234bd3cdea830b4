//! Streams of records: cut into batches that are worked on each by itself.

use std::io;
use std::ops::Range;

use super::{BUFFER_BYTES, Fault, Reader, read};

/// A record longer than this is passed over.
pub const MAX_RECORD_BYTES: usize = 64 << 20;

/// A place between two records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// How many records are before it, bad ones too.
    pub records: u64,
    /// How many bytes of the stream, as it is once decompressed and decoded, are before it.
    pub bytes: u64,
}

/// Records in a row.
#[derive(Debug)]
pub struct Batch {
    /// Number of the first, from 1.
    pub first: u64,
    /// The records.
    pub bytes: Vec<u8>,
    /// Where in `bytes` head and body of each stand, for records that have these.
    pub spans: Vec<Span>,
    /// The place after them.
    pub after: Position,
}

/// A record with a head: both as ranges of the batch's bytes. What comes between the end of the
/// body and the next head belongs to no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its head, with the blank line that ends it.
    pub head: Range<usize>,
    /// What it holds.
    pub body: Range<usize>,
}

/// What comes next in a stream.
#[derive(Debug)]
pub enum Unit {
    /// Records.
    Batch(Batch),
    /// A record that cannot be read, and the place after it.
    Bad(Fault, Position),
}

/// Cuts a stream into batches. Where the cuts are depends on the stream alone, not on how it is
/// read.
pub trait Records {
    /// The next batch or bad record; `None` at the end.
    ///
    /// # Errors
    /// The stream's, after all whole records before it have been handed out.
    fn next(&mut self) -> io::Result<Option<Unit>>;

    /// The place after what has been handed out.
    fn position(&self) -> Position;
}

/// What has been read of a stream and not yet taken. Grows while a record is put together and
/// slides on when it is taken.
pub struct Window {
    reader: Reader,
    buffer: Vec<u8>,
    /// How much of `buffer` holds bytes of the stream.
    filled: usize,
    is_over: bool,
    error: Option<io::Error>,
}

impl Window {
    /// A window at the start of `reader`.
    pub fn new(reader: Reader) -> Window {
        Window { reader, buffer: Vec::new(), filled: 0, is_over: false, error: None }
    }

    /// What has been read and not yet taken.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Reads what there is to read by now, at least one byte; false if there will be no more.
    pub fn fill(&mut self) -> bool {
        if self.is_over {
            return false;
        }
        if self.buffer.len() - self.filled < BUFFER_BYTES {
            let grown = (self.buffer.len() + self.buffer.len() / 2).max(4 * BUFFER_BYTES);
            self.buffer.resize(grown, 0);
        }
        match read(&mut self.reader, &mut self.buffer[self.filled..]) {
            Ok(count) => {
                self.filled += count;
                self.is_over = count == 0;
            }
            Err(error) => {
                self.error = Some(error);
                self.is_over = true;
            }
        }
        !self.is_over
    }

    /// Why the stream ended, if not because it was at its end. Told once.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    /// Takes the first bytes out.
    pub fn take(&mut self, count: usize) -> Vec<u8> {
        let taken = self.bytes()[..count].to_vec();
        self.discard(count);
        taken
    }

    /// Forgets the first bytes.
    pub fn discard(&mut self, count: usize) {
        self.buffer.copy_within(count..self.filled, 0);
        self.filled -= count;
    }
}
