//! Who decides: the model, or a rule that people use on text today.

use std::convert::Infallible;

use crate::decode::Policy;
use crate::filter::{Filter, Piece};
use crate::label::Verdict;
use crate::model::Model;

/// A way to decide which lines to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// The model.
    Model,
    /// Keep everything.
    Everything,
    /// Keep lines of at least ten words.
    TenWords,
    /// Keep lines that end in terminal punctuation and have at least five words, much as C4 does
    /// (Raffel et al. 2020, arXiv 1910.10683).
    Sentence,
}

impl Judge {
    /// Every judge, the model first.
    pub const ALL: [Judge; 4] = [Judge::Model, Judge::Everything, Judge::TenWords, Judge::Sentence];

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Judge::Model => "dechrome",
            Judge::Everything => "keep all",
            Judge::TenWords => "10 words",
            Judge::Sentence => "5 words .!?",
        }
    }

    /// Whether it keeps a line on which the model's verdict is `verdict`.
    pub fn keeps(self, line: &str, verdict: &Verdict) -> bool {
        let words = || line.split_whitespace().count();
        match self {
            Judge::Model => verdict.kept,
            Judge::Everything => true,
            Judge::TenWords => words() >= 10,
            Judge::Sentence => {
                let end = line.trim_end().trim_end_matches(['"', '\'', '”', '’', '»', ')', '」']);
                end.ends_with(['.', '!', '?', '…', '。', '！', '？', '؟', '۔', '।']) && words() >= 5
            }
        }
    }
}

/// The model's verdict on each line of `text` split at `\n`; `None` for blank lines.
pub fn verdicts(model: &Model, policy: Policy, text: &str) -> Vec<Option<Verdict>> {
    let mut verdicts = Vec::new();
    let mut sink = |piece: &Piece<'_>| {
        if piece.starts {
            verdicts.push(piece.verdict);
        }
        Ok::<(), Infallible>(())
    };
    let mut filter = Filter::new(model, policy);
    let Ok(()) = filter.feed(text.as_bytes(), &mut sink);
    let Ok(()) = filter.finish(&mut sink);
    // What follows the last `\n` is a line to the corpus, even when nothing does.
    if text.is_empty() || text.ends_with('\n') {
        verdicts.push(None);
    }
    verdicts
}
