//! Writers: judged lines in, bytes out.
//!
//! One file per output format. A writer is a [`Sink`] over an [`io::Write`]; it sees only pieces
//! and their verdicts, and buffers nothing but what its format needs to look back on. How often
//! the bytes are flushed is the business of whoever owns the [`io::Write`].

use std::io;

use crate::filter::Sink;

pub mod annotate;
pub mod explain;
pub mod html;
pub mod json;
mod lossy;
mod page;
pub mod sanitize;
pub mod text;

pub use annotate::{Annotate, Style};
pub use explain::Explain;
pub use html::Report;
pub use json::Json;
pub use text::{Blank, Selection, Text};

/// A sink that writes one output for any number of documents.
pub trait Writer: Sink<Error = io::Error> {
    /// The next piece belongs to another document, known to the user by this name.
    ///
    /// # Errors
    /// Those of the underlying writer.
    fn begin_document(&mut self, name: &str) -> io::Result<()>;

    /// No more pieces of the document come.
    ///
    /// # Errors
    /// Those of the underlying writer.
    fn end_document(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Flushes the underlying writer.
    ///
    /// # Errors
    /// Those of the underlying writer.
    fn flush(&mut self) -> io::Result<()>;
}
