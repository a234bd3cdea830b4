//! The model: how much a line looks like content, and which kind it is.
//!
//! No input or output here, and no text: features come in, scores go out.

mod format;
pub mod integer;
pub mod math;
pub mod network;

use std::collections::VecDeque;
use std::sync::LazyLock;

pub use format::{Calibration, Model};
use integer::{BATCH, Input, Stream};
pub use network::LOOKAHEAD;
use network::{EMBEDDING, Logits};

use crate::features::{Dense, Listener};
use crate::label::Kind;

/// What the model says of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Calibrated log-odds of content.
    pub content: f32,
    /// The log-odds above which a line of this page is content; 0 until the
    /// [`Decoder`](crate::decode::Decoder) knows it.
    pub border: f32,
    /// The probability of content, 0 to 1.
    pub probability: f32,
    /// Log-likelihoods of the kinds in the order of [`Kind::ALL`], up to a constant.
    pub kinds: [f32; Kind::COUNT],
}

static EMBEDDED: LazyLock<Model> = LazyLock::new(|| {
    Model::from_bytes(include_bytes!("dechrome.model").as_slice())
        .expect("a test loads the embedded model")
});

impl Model {
    /// The model that the crate brings along.
    pub fn embedded() -> &'static Model {
        &EMBEDDED
    }
}

/// Scores the lines of a document, one after the other. A [`Listener`]: between
/// [`begin_line`](Scorer::begin_line) and [`end_line`](Scorer::end_line) it takes the tokens of
/// a line.
///
/// Whoever has many lines at hand calls [`queue_line`](Scorer::queue_line) instead of `end_line`,
/// then [`flush`](Scorer::flush), and takes scores by [`next_scores`](Scorer::next_scores): the
/// scores are the same to the bit and take less time.
#[derive(Clone, Debug)]
pub struct Scorer<'m> {
    model: &'m Model,
    stream: Stream,
    sum: [i32; EMBEDDING],
    tokens: u32,
    /// Lines that the stream has not yet taken.
    queued: Vec<Input>,
    /// Scores not yet handed out.
    ready: VecDeque<Scores>,
}

impl Listener for Scorer<'_> {
    #[inline]
    fn token(&mut self, key: u32) {
        if let Some(row) = self.model.embedding(key) {
            self.tokens += 1;
            for (sum, &weight) in self.sum.iter_mut().zip(row) {
                *sum += i32::from(weight as i8);
            }
        }
    }
}

impl<'m> Scorer<'m> {
    /// A scorer at the start of a document.
    pub fn new(model: &'m Model) -> Scorer<'m> {
        Scorer {
            model,
            stream: Stream::default(),
            sum: [0; EMBEDDING],
            tokens: 0,
            queued: Vec::with_capacity(BATCH),
            ready: VecDeque::new(),
        }
    }

    /// Goes back to the start of a document.
    pub fn reset(&mut self) {
        self.stream.reset();
        self.queued.clear();
        self.ready.clear();
    }

    /// Readies the scorer for the tokens of the next line.
    pub fn begin_line(&mut self) {
        self.sum = [0; EMBEDDING];
        self.tokens = 0;
    }

    /// Takes the dense features of the line and gives the scores of the line [`LOOKAHEAD`]
    /// before it, if there is one.
    pub fn end_line(&mut self, dense: &Dense) -> Option<Scores> {
        self.queue_line(dense);
        self.flush();
        self.next_scores()
    }

    /// Takes the dense features of the line; its turn comes when there are enough lines, or with
    /// [`flush`](Scorer::flush).
    pub fn queue_line(&mut self, dense: &Dense) {
        let scale = 1.0 / (self.tokens.max(1) as f32).sqrt();
        let mut embedding = [0.0; EMBEDDING];
        for ((mean, &sum), unit) in embedding.iter_mut().zip(&self.sum).zip(self.model.scales()) {
            *mean = sum as f32 * unit * scale;
        }
        self.queued.push(integer::input(dense, &embedding));
        if self.queued.len() == BATCH {
            self.flush();
        }
    }

    /// Scores what is queued.
    pub fn flush(&mut self) {
        if !self.queued.is_empty() {
            let (calibration, ready) = (self.model.calibration(), &mut self.ready);
            self.stream.push(self.model.network(), &self.queued, &mut |logits| {
                ready.push_back(scores(calibration, &logits));
            });
            self.queued.clear();
        }
    }

    /// The scores of the next line whose scores are known.
    pub fn next_scores(&mut self) -> Option<Scores> {
        self.ready.pop_front()
    }

    /// The scores of the next line still owed, as if the document ended here; `None` when none
    /// is owed.
    pub fn drain(&mut self) -> Option<Scores> {
        if self.ready.is_empty() {
            self.flush();
            let (calibration, ready) = (self.model.calibration(), &mut self.ready);
            self.stream.drain(self.model.network(), &mut |logits| {
                ready.push_back(scores(calibration, &logits));
            });
        }
        self.next_scores()
    }
}

fn scores(calibration: Calibration, logits: &Logits) -> Scores {
    let content = calibration.factor * logits.content + calibration.offset;
    Scores { content, border: 0.0, probability: math::sigmoid(content), kinds: logits.kinds }
}
