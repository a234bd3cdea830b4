//! What can go wrong in the library.

use std::fmt;
use std::path::PathBuf;

/// A failure of the library. None is about a page's text: any bytes are a page.
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
    /// A rule of the user's is none.
    Rule {
        /// Where it stands.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// A labelled corpus cannot be read.
    Corpus {
        /// The file or directory.
        file: PathBuf,
        /// Row of the file, from 1, where there is one.
        row: Option<usize>,
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Model { what, byte } => write!(f, "not a usable model: {what} (byte {byte})"),
            Error::Rule { place, what } => write!(f, "{place}: {what}"),
            Error::Corpus { file, row: Some(row), what } => {
                write!(f, "{}: row {row}: {what}", file.display())
            }
            Error::Corpus { file, row: None, what } => write!(f, "{}: {what}", file.display()),
        }
    }
}

impl std::error::Error for Error {}
