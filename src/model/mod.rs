//! The model: how much a line looks like content, and which kind it is.
//!
//! No input or output here, and no text: features come in, scores go out.

mod format;
pub mod integer;
mod keys;
pub mod math;
pub mod network;

use std::collections::VecDeque;
use std::hint::select_unpredictable;
use std::sync::LazyLock;

pub use format::{Calibration, EMBEDDINGS, Model};
use integer::{BATCH, Input, KindInput, Stream};
use keys::Keys;
use network::{EMBEDDING, KIND_EMBEDDING, Logits};

use crate::decode::DOUBT;
use crate::features::{self, DENSE, Dense, Extractor, Listener, TOKEN_ROOM};
use crate::label::{Kind, Label};
use crate::simd::{self, Instructions, Work};

/// How many lines after a line its scores may depend on: what shows in its own features, and what the
/// network sees of others.
pub const LOOKAHEAD: usize = features::REACH + network::LOOKAHEAD;

/// How many lines are queued before some are scored: what later ones show of the last is not yet known.
const QUEUE: usize = features::REACH + BATCH;

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
    /// The same with the doubt that the lines of a page share: what its border is made of.
    pub(crate) doubted: f32,
    /// The likeliest kind of content, and the likeliest of chrome; the first of each where kinds are
    /// left out.
    pub kinds: [Kind; 2],
}

impl Scores {
    /// The same of a line whose form gives away which kind it is if it is content.
    #[must_use]
    pub(crate) fn of_form(self, kind: Option<Kind>) -> Scores {
        let [content, chrome] = self.kinds;
        Scores { kinds: [kind.unwrap_or(content), chrome], ..self }
    }
}

static EMBEDDED: LazyLock<Model> = LazyLock::new(|| {
    Model::from_own_bytes(include_bytes!("dechrome.model"))
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
/// a line; those beyond the first 255 do not count.
///
/// Whoever has many lines at hand calls [`queue_line`](Scorer::queue_line) instead of `end_line`,
/// then [`flush`](Scorer::flush), and takes scores by [`next_scores`](Scorer::next_scores): the
/// scores are the same to the bit and take less time.
#[derive(Clone, Debug)]
pub struct Scorer<'m> {
    model: &'m Model,
    stream: Stream,
    /// Keys of the tokens of the lines that the stream has not yet taken.
    keys: Keys,
    /// Room for the other features of these lines and the next one, and how many of `keys` there
    /// are with each line's.
    dense: Box<[Dense; QUEUE]>,
    ends: Vec<usize>,
    /// Room for how many of their tokens the model knows, up to each, for the sums of these tokens'
    /// embeddings, and for what the stream takes of them.
    found: Vec<u32>,
    sums: Vec<[i16; EMBEDDING]>,
    inputs: Box<[Input; BATCH]>,
    /// Likewise for the kinds; no more than there was at first where they are left out.
    kind_sums: Vec<[i16; KIND_EMBEDDING]>,
    kind_inputs: Box<[KindInput; BATCH]>,
    /// Scores not yet handed out.
    ready: VecDeque<Scores>,
}

impl Listener for Scorer<'_> {
    #[inline]
    fn token(&mut self, key: u32) {
        self.keys.token(key);
    }

    #[inline]
    fn first_tokens(&mut self, keys: &[u32; TOKEN_ROOM], count: usize) {
        self.keys.first_tokens(keys, count);
    }
}

impl<'m> Scorer<'m> {
    /// A scorer at the start of a document.
    pub fn new(model: &'m Model) -> Scorer<'m> {
        Scorer {
            model,
            stream: Stream::default(),
            keys: Keys::default(),
            dense: Box::new([[0; DENSE]; QUEUE]),
            ends: Vec::with_capacity(QUEUE),
            found: Vec::new(),
            sums: vec![[0; EMBEDDING]],
            inputs: Box::new([integer::NO_INPUT; BATCH]),
            kind_sums: vec![[0; KIND_EMBEDDING]],
            kind_inputs: Box::new([integer::NO_KIND_INPUT; BATCH]),
            ready: VecDeque::new(),
        }
    }

    /// From now on leaves out which kind a line likely is, which takes less time.
    pub fn leave_out_kinds(&mut self) {
        self.stream.leave_out_kinds();
    }

    /// Goes back to the start of a document.
    pub fn reset(&mut self) {
        self.stream.reset();
        self.keys.clear();
        self.ends.clear();
        self.ready.clear();
    }

    /// Readies the scorer for the tokens of the next line.
    pub fn begin_line(&mut self) {
        self.keys.begin_line();
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
        self.dense[self.ends.len()] = *dense;
        self.queue_next();
    }

    /// Where the tokens and the dense features of the next line go, before it is
    /// [queued](Scorer::queue_next).
    pub(crate) fn next_line(&mut self) -> (&mut impl Listener, &mut Dense) {
        self.begin_line();
        (&mut self.keys, &mut self.dense[self.ends.len()])
    }

    /// Queues the line whose features are in their [place](Scorer::next_line).
    pub(crate) fn queue_next(&mut self) {
        self.ends.push(self.keys.queue_line());
        if self.ends.len() == QUEUE {
            self.flush();
        }
    }

    /// Takes what the line that will be queued next, the last of `extractor`, shows of lines before it.
    /// Those that have been scored as if the document ended there are left as they are.
    pub(crate) fn show(&mut self, extractor: &Extractor) {
        extractor.show(&mut self.dense[..self.ends.len()], |dense| dense);
    }

    /// Scores what is queued, as far as it is known.
    pub fn flush(&mut self) {
        self.score(self.ends.len().saturating_sub(features::REACH));
    }

    /// Scores the first `count` of the lines that are queued.
    fn score(&mut self, count: usize) {
        if count > 0 {
            simd::run(self.stream.level(), Flush { scorer: self, count });
        }
    }

    /// The scores of the next line whose scores are known.
    pub fn next_scores(&mut self) -> Option<Scores> {
        self.ready.pop_front()
    }

    /// Whether any are known.
    pub(crate) fn has_scores(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Hands all scores that are known to `take`.
    pub(crate) fn hand_on(&mut self, take: impl FnOnce(&[Scores])) {
        take(self.ready.make_contiguous());
        self.ready.clear();
    }

    /// The scores of the next line still owed, as if the document ended here; `None` when none
    /// is owed.
    pub fn drain(&mut self) -> Option<Scores> {
        if self.ready.is_empty() {
            self.finish();
        }
        self.next_scores()
    }

    /// Scores all lines still owed, as if the document ended here.
    pub(crate) fn finish(&mut self) {
        // Not all at once: there may be more than a batch.
        self.flush();
        self.score(self.ends.len());
        let (calibration, ready) = (self.model.calibration(), &mut self.ready);
        self.stream.drain(self.model.network(), &mut |logits| {
            ready.push_back(scores(calibration, &logits));
        });
    }
}

/// See [`Scorer::flush`].
struct Flush<'f, 'm> {
    scorer: &'f mut Scorer<'m>,
    count: usize,
}

impl Work for Flush<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self, with: impl Instructions) {
        let Flush { scorer, count: lines } = self;
        let Scorer { model, stream, keys, dense, ends, found, ready, .. } = scorer;
        let (sums, inputs) = (&mut scorer.sums, &mut scorer.inputs);
        let (kind_sums, kind_inputs) = (&mut scorer.kind_sums, &mut scorer.kind_inputs);
        let leaves_out_kinds = stream.leaves_out_kinds();
        let (tokens, waiting) = (model.tokens(), keys);
        let taken = ends[lines - 1];
        let keys = waiting.first(taken);
        if found.len() < keys.len() {
            found.resize(keys.len(), 0);
            sums.resize(1 + keys.len(), [0; EMBEDDING]);
        }
        // Those of all lines in one loop: where a line ends cannot be guessed.
        tokens.find(with, keys, found);
        let rows = |end: usize| if end > 0 { found[end - 1] as usize } else { 0 };
        let known = &keys[..rows(keys.len())];
        let (scales, kind_scales) = model.scales();
        let inputs = &mut inputs[..lines];
        format::sums(tokens.rows, known, sums);
        fill(inputs, &**dense, sums, scales, ends.iter().map(|&end| rows(end)));
        let mut kind_inputs = &mut kind_inputs[..lines];
        if leaves_out_kinds {
            kind_inputs = &mut [];
        } else {
            kind_sums.resize(sums.len(), [0; KIND_EMBEDDING]);
            format::sums(tokens.kind_rows, known, kind_sums);
            let ends = ends.iter().map(|&end| rows(end));
            fill(kind_inputs, &**dense, kind_sums, kind_scales, ends);
        }
        let calibration = model.calibration();
        let (mut contents, mut kinds, mut count) = ([0.0; BATCH], [Kind::SIDES; BATCH], 0);
        stream.push_with(with, model.network(), (inputs, kind_inputs), &mut |logits| {
            contents[count] = content_of(calibration, &logits);
            if !leaves_out_kinds {
                kinds[count] = likeliest(&logits);
            }
            count += 1;
        });
        let probabilities = contents.map(math::sigmoid);
        let doubted = contents.map(|content| math::sigmoid(DOUBT * content));
        ready.extend((0..count).map(|line| Scores {
            content: contents[line],
            border: 0.0,
            probability: probabilities[line],
            doubted: doubted[line],
            kinds: kinds[line],
        }));
        waiting.take(taken);
        dense.copy_within(lines..ends.len(), 0);
        ends.drain(..lines);
        ends.iter_mut().for_each(|end| *end -= taken);
    }
}

/// Makes each of `inputs` what is taken of a line: its dense features and the mean embedding of its
/// tokens, scaled by one over the root of their number. `sums` are of the embeddings of all tokens up
/// to one, and `ends` how many there are up to each line.
#[inline(always)]
fn fill<const PAIRS: usize, const N: usize>(
    inputs: &mut [[[i16; 2]; PAIRS]],
    dense: &[Dense],
    sums: &[[i16; N]],
    scales: &[f32; N],
    ends: impl Iterator<Item = usize>,
) {
    let mut start = 0;
    for ((input, dense), end) in inputs.iter_mut().zip(dense).zip(ends) {
        let scale = 1.0 / ((end - start).max(1) as u32 as f32).sqrt();
        let sums = sums[end].iter().zip(&sums[start]);
        start = end;
        let mut embedding = [0.0; N];
        for ((mean, (&end, &start)), unit) in embedding.iter_mut().zip(sums).zip(scales) {
            *mean = f32::from(end.wrapping_sub(start)) * unit * scale;
        }
        integer::fill(input, dense, &embedding);
    }
}

fn content_of(calibration: Calibration, logits: &Logits) -> f32 {
    calibration.factor * logits.content + calibration.offset
}

/// The likeliest kind of content and of chrome; of equals the first.
#[inline(always)]
fn likeliest(logits: &Logits) -> [Kind; 2] {
    let likeliest = |side: Label| {
        let kinds = Kind::of(side);
        let (mut most, mut best) = (logits.kinds[kinds.start], kinds.start);
        for kind in kinds {
            // Which it is cannot be guessed, so there is no branch on it.
            let is_more = logits.kinds[kind] > most;
            best = select_unpredictable(is_more, kind, best);
            most = select_unpredictable(is_more, logits.kinds[kind], most);
        }
        Kind::ALL[best]
    };
    [likeliest(Label::Content), likeliest(Label::Chrome)]
}

fn scores(calibration: Calibration, logits: &Logits) -> Scores {
    let content = content_of(calibration, logits);
    Scores {
        content,
        border: 0.0,
        probability: math::sigmoid(content),
        doubted: math::sigmoid(DOUBT * content),
        kinds: likeliest(logits),
    }
}
