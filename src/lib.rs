//! Reads the plain-text dump of a web page, line by line, and tells the article from the rest.
//!
//! ```
//! use dechrome::{Filter, Model, Piece, Policy};
//!
//! let page = "Home | News | Sport\n\nThe council voted on Tuesday to keep the old bridge open \
//!             for another year, after engineers found that the cracks are not growing.\n";
//! let mut article = Vec::new();
//! let mut sink = |piece: &Piece<'_>| {
//!     if piece.verdict.is_some_and(|verdict| verdict.kept) {
//!         article.extend_from_slice(piece.line.bytes);
//!     }
//!     Ok::<(), std::convert::Infallible>(())
//! };
//! let mut filter = Filter::new(Model::embedded(), Policy::default());
//! filter.feed(page.as_bytes(), &mut sink).unwrap();
//! filter.finish(&mut sink).unwrap();
//! assert!(article.starts_with(b"The council voted"));
//! ```
//!
//! Text flows one way: bytes and lines ([`filter`], [`document`]), features ([`features`]),
//! scores ([`model`]), verdicts ([`decode`], [`label`]), output ([`output`]). The user's own
//! [`rules`] join it as features and have the last word at the verdict.

pub mod decode;
pub mod document;
mod error;
#[cfg(feature = "train")]
pub mod eval;
pub mod explain;
pub mod features;
pub mod filter;
mod fnv;
mod form;
pub mod label;
pub mod model;
pub mod output;
pub mod rules;
mod simd;
#[cfg(feature = "train")]
pub mod train;
mod utf8;

pub use decode::Policy;
pub use document::Line;
pub use error::Error;
pub use filter::{BlankLines, Filter, LOOKAHEAD, Piece, Sink};
pub use label::{Kind, KindSet, Label, Verdict};
pub use model::Model;
pub use rules::{Rule, Rules};
