//! The model: how much a line looks like content, and which kind it is.
//!
//! No input or output here, and no text: features come in, scores go out.

mod format;
pub mod math;
pub mod network;

use std::sync::LazyLock;

pub use format::{Calibration, Model};
pub use network::LOOKAHEAD;
use network::{EMBEDDING, Logits, Stream};

use crate::features::{Dense, Listener};
use crate::label::Kind;

/// What the model says of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    /// Calibrated log-odds of content: positive is content.
    pub content: f32,
    /// The probability, 0 to 1, that goes with it.
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
#[derive(Clone, Debug)]
pub struct Scorer<'m> {
    model: &'m Model,
    stream: Stream,
    sum: [i32; EMBEDDING],
    tokens: u32,
}

impl Listener for Scorer<'_> {
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
        Scorer { model, stream: Stream::default(), sum: [0; EMBEDDING], tokens: 0 }
    }

    /// Goes back to the start of a document.
    pub fn reset(&mut self) {
        self.stream.reset();
    }

    /// Readies the scorer for the tokens of the next line.
    pub fn begin_line(&mut self) {
        self.sum = [0; EMBEDDING];
        self.tokens = 0;
    }

    /// Takes the dense features of the line and gives the scores of the line [`LOOKAHEAD`]
    /// before it, if there is one.
    pub fn end_line(&mut self, dense: &Dense) -> Option<Scores> {
        let scale = 1.0 / (self.tokens.max(1) as f32).sqrt();
        let mut embedding = [0.0; EMBEDDING];
        for ((mean, &sum), unit) in embedding.iter_mut().zip(&self.sum).zip(self.model.scales()) {
            *mean = sum as f32 * unit * scale;
        }
        let p = self.model.parameters();
        let input = network::input_layer(p, dense, &embedding);
        let logits = self.stream.push(p, &input)?;
        Some(self.scores(&logits))
    }

    /// The scores of the next line still owed, as if the document ended here; `None` when none
    /// is owed.
    pub fn drain(&mut self) -> Option<Scores> {
        let logits = self.stream.drain(self.model.parameters())?;
        Some(self.scores(&logits))
    }

    fn scores(&self, logits: &Logits) -> Scores {
        let Calibration { factor, offset } = self.model.calibration();
        let content = factor * logits.content + offset;
        Scores { content, probability: math::sigmoid(content), kinds: logits.kinds }
    }
}
