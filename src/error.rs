//! What can go wrong in the library.

use std::fmt;

/// A failure of the library. None of them is about a page's text: any bytes are a page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are no model file of this version. Says what is wrong and at which byte.
    Model {
        /// What is wrong.
        what: String,
        /// Offset in the file of what is wrong.
        byte: usize,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Model { what, byte } => write!(f, "not a usable model: {what} (byte {byte})"),
        }
    }
}

impl std::error::Error for Error {}
