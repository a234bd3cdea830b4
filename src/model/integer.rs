//! The network in integers, over a stream of lines: what a filter runs.
//!
//! Weights and units are 16 bits wide, sums 32, and the weights are scaled so that no sum can
//! leave them; the few operations on the state of a recurrence are single steps in floating point
//! of a fixed order. So the same line gets the same logits to the bit on every machine, with any
//! of its instructions, and however many lines are taken at once. Taking several at once only saves
//! time: a weight is fetched once for all of them.
//!
//! The weights are rounded when a model is loaded. A test in training holds the outcome to the
//! exact network's.

use super::math::{HIDDEN, round, sigmoid};
use super::network::{DENSE_SCALE, DILATIONS, EMBEDDING, KERNEL, Logits, layout};
use crate::features::{DENSE, Dense};
use crate::label::Kind;
use crate::simd::{
    self, AllTapWeights, Instructions, Level, PairWeights, Sums, TAPS, Units, Work, half, tap_unit,
};

/// How many lines are taken at once at most.
pub const BATCH: usize = 16;

/// Bits behind the point of a unit: a step is 1/256, and units reach ±128. The largest unit of
/// trained models seen so far is 37.
const UNIT_BITS: u32 = 8;

/// Bits behind the point of an input. Means of embeddings reach ±16; 2 has been seen.
const INPUT_BITS: u32 = 11;

/// What a dense feature is multiplied with to have [`INPUT_BITS`].
const DENSE_STEP: i16 = (DENSE_SCALE * (1 << INPUT_BITS) as f32) as i16;

const INPUT_PAIRS: usize = (DENSE + EMBEDDING) / 2;
const _: () =
    assert!(DENSE.is_multiple_of(2) && EMBEDDING.is_multiple_of(2), "inputs come in pairs");
const UNIT_PAIRS: usize = HIDDEN / 2;
const _: () = assert!(HIDDEN == simd::OUTPUTS && KERNEL == TAPS);

/// What the first layer takes of a line.
pub type Input = [[i16; 2]; INPUT_PAIRS];

/// Makes `input` what the first layer takes of a line of these features, with this mean of its
/// embeddings.
#[inline(always)]
pub fn fill(input: &mut Input, dense: &Dense, embedding: &[f32; EMBEDDING]) {
    let (low, high) = input.as_flattened_mut().split_at_mut(DENSE);
    for (input, &value) in low.iter_mut().zip(dense) {
        *input = i16::from(value) * DENSE_STEP;
    }
    for (input, value) in high.iter_mut().zip(embedding) {
        *input = round(value * (1 << INPUT_BITS) as f32);
    }
}

/// The input of a line without any feature.
pub const NO_INPUT: Input = [[0; 2]; INPUT_PAIRS];

/// A layer's weights and bias in whole steps.
#[derive(Clone, Debug)]
struct Matrix<const PAIRS: usize> {
    weights: Box<[PairWeights; PAIRS]>,
    bias: Sums,
    /// Bits behind the point of a weight.
    bits: u32,
}

impl<const PAIRS: usize> Matrix<PAIRS> {
    /// `rows` has a row of at most [`HIDDEN`] weights for each input, which has `input_bits`
    /// behind the point.
    fn new(rows: &[f32], bias: &[f32], columns: usize, input_bits: u32) -> Matrix<PAIRS> {
        assert_eq!(rows.len(), 2 * PAIRS * columns);
        let row = |input: usize| &rows[input * columns..][..columns];
        let mut bits = 15;
        // With the largest inputs there are, 32 bits must hold the sum, rounding included.
        let fits = |bits: u32| {
            let step = (1_u64 << bits) as f64;
            (0..columns).all(|column| {
                let weights = (0..2 * PAIRS).map(|input| f64::from(row(input)[column]));
                let (mut sum, mut most) = (0.0, 0.0_f64);
                for weight in weights {
                    let weight = (weight * step).abs().ceil();
                    sum += weight;
                    most = most.max(weight);
                }
                let bias = bias.get(column).map_or(0.0, |&bias| f64::from(bias));
                let bias = (bias * step * f64::from(1_u32 << input_bits)).abs();
                most <= 32767.0 && sum * 32768.0 + bias + 65536.0 * 8.0 < 2_147_483_648.0
            })
        };
        while bits > 0 && !fits(bits) {
            bits -= 1;
        }
        let quantise = |weight: f32| round(weight * (1_u32 << bits) as f32);
        let mut weights = Box::new([[[0; 2]; HIDDEN]; PAIRS]);
        for (pair, weights) in weights.iter_mut().enumerate() {
            for (column, weight) in weights.iter_mut().enumerate().take(columns) {
                *weight = [quantise(row(2 * pair)[column]), quantise(row(2 * pair + 1)[column])];
            }
        }
        let mut sums = [0; HIDDEN];
        for (sum, bias) in sums.iter_mut().zip(bias) {
            *sum = (f64::from(*bias) * f64::from(1_u32 << bits) * f64::from(1_u32 << input_bits))
                .round() as i32;
        }
        Matrix { weights, bias: sums, bits }
    }

    #[inline(always)]
    fn product(&self, with: impl Instructions, inputs: &[[[i16; 2]; PAIRS]], out: &mut [Sums]) {
        with.product(&self.weights, &self.bias, inputs, out);
    }
}

/// A sum with `bits` too many behind the point. All of the range of 16 bits is used, for this is
/// what processors have an instruction for.
#[inline(always)]
fn narrow(sum: i32, bits: u32) -> i16 {
    ((sum + half(bits)) >> bits).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// Weights of the recurrence.
#[derive(Clone, Debug)]
struct Recurrence {
    gate: Matrix<UNIT_PAIRS>,
    candidate: Matrix<UNIT_PAIRS>,
    out: Matrix<UNIT_PAIRS>,
}

/// Weights of a convolution.
#[derive(Clone, Debug)]
struct Convolution {
    taps: AllTapWeights,
    /// Bits behind the point of a tap.
    bits: u32,
    matrix: Matrix<UNIT_PAIRS>,
}

impl Convolution {
    fn new(p: &[f32], layer: usize) -> Convolution {
        let [taps, matrix, bias] = layout::convolution(layer);
        let (taps, _) = p[taps].as_chunks::<HIDDEN>();
        let fits = |bits: u32| {
            (0..HIDDEN).all(|unit| {
                let step = (1_u32 << bits) as f64;
                let sizes = taps.iter().map(|tap| (f64::from(tap[unit]) * step).abs().ceil());
                sizes.sum::<f64>() < 32767.0
            })
        };
        let bits = (0..=14).rev().find(|&bits| fits(bits)).unwrap_or(0);
        let quantise = |tap: usize, unit: usize| {
            taps.get(tap).map_or(0, |tap| round(tap[unit] * (1_u32 << bits) as f32))
        };
        Convolution {
            taps: std::array::from_fn(|pair| {
                [0, 1].map(|half| {
                    std::array::from_fn(|at| {
                        [2 * pair, 2 * pair + 1].map(|tap| quantise(tap, tap_unit(half, at)))
                    })
                })
            }),
            bits,
            matrix: Matrix::new(&p[matrix], &p[bias], HIDDEN, UNIT_BITS),
        }
    }
}

/// The weights in integers.
#[derive(Clone, Debug)]
pub struct Network {
    input: Matrix<INPUT_PAIRS>,
    convolutions: [Convolution; DILATIONS.len()],
    recurrence: Recurrence,
    /// The content logit, then the kinds'.
    head: Matrix<UNIT_PAIRS>,
}

impl Network {
    /// Rounds parameters, which are as [`layout`] has them.
    pub fn new(p: &[f32]) -> Network {
        let inputs = layout::DENSE_IN.start..layout::EMBEDDING_IN.end;
        let mut head = Vec::new();
        let (kinds, _) = p[layout::KINDS].as_chunks::<{ Kind::COUNT }>();
        for (content, kinds) in p[layout::CONTENT].iter().zip(kinds) {
            head.push(*content);
            head.extend(kinds);
        }
        let mut head_bias = vec![p[layout::CONTENT_BIAS]];
        head_bias.extend(&p[layout::KINDS_BIAS]);
        Network {
            input: Matrix::new(&p[inputs], &p[layout::BIAS_IN], HIDDEN, INPUT_BITS),
            convolutions: std::array::from_fn(|layer| Convolution::new(p, layer)),
            recurrence: Recurrence {
                gate: Matrix::new(&p[layout::GATE], &p[layout::GATE_BIAS], HIDDEN, UNIT_BITS),
                candidate: Matrix::new(&p[layout::CANDIDATE], &[], HIDDEN, UNIT_BITS),
                out: Matrix::new(&p[layout::STATE_OUT], &[], HIDDEN, UNIT_BITS),
            },
            head: Matrix::new(&head, &head_bias, 1 + Kind::COUNT, UNIT_BITS),
        }
    }
}

/// A convolution's inputs: those before this batch that it still needs, and room for a batch.
#[derive(Clone, Debug)]
struct Window {
    lines: Vec<Units>,
    /// Inputs so far, padding at the end included.
    inputs: usize,
    dilation: usize,
}

impl Window {
    fn new(dilation: usize) -> Window {
        let lines = vec![[[0; 2]; UNIT_PAIRS]; (KERNEL - 1) * dilation + BATCH];
        Window { lines, inputs: 0, dilation }
    }

    fn reset(&mut self) {
        // No more than the inputs so far is there, and room for a batch is not read before it is
        // written.
        let reach = self.reach();
        self.lines[reach.saturating_sub(self.inputs)..reach].fill(Units::default());
        self.inputs = 0;
    }

    fn reach(&self) -> usize {
        (KERNEL - 1) * self.dilation
    }

    fn lag(&self) -> usize {
        KERNEL / 2 * self.dilation
    }
}

/// Lines on their way through the layers.
#[derive(Clone, Debug)]
struct Batch {
    x: [Units; BATCH],
    len: usize,
    /// Room for what is not needed later.
    sums: [Sums; BATCH],
    gates: [Sums; BATCH],
    y: [Units; BATCH],
}

impl Batch {
    fn new() -> Batch {
        let (x, sums) = ([Units::default(); BATCH], [[0; HIDDEN]; BATCH]);
        Batch { x, len: 0, sums, gates: sums, y: x }
    }
}

/// The network's state in the middle of a document.
#[derive(Clone, Debug)]
pub struct Stream {
    level: Level,
    state: [f32; HIDDEN],
    windows: [Window; DILATIONS.len()],
    /// Made once, for making it takes a while.
    batch: Box<Batch>,
}

impl Default for Stream {
    fn default() -> Stream {
        Stream::with_level(Level::best())
    }
}

impl Stream {
    /// A stream at the start of a document.
    pub(crate) fn with_level(level: Level) -> Stream {
        Stream {
            level,
            state: [0.0; HIDDEN],
            windows: DILATIONS.map(Window::new),
            batch: Box::new(Batch::new()),
        }
    }

    /// Goes back to the start of a document.
    pub fn reset(&mut self) {
        self.state = [0.0; HIDDEN];
        self.windows.iter_mut().for_each(Window::reset);
    }

    /// The instructions it uses.
    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Takes the next lines, at most [`BATCH`], and gives `out` the logits of those
    /// [`LOOKAHEAD`](super::LOOKAHEAD) before them.
    pub fn push(&mut self, network: &Network, inputs: &[Input], out: &mut impl FnMut(Logits)) {
        simd::run(self.level, Push { stream: self, network, inputs, out });
    }

    /// The same as part of other work.
    #[inline(always)]
    pub(super) fn push_with(
        &mut self,
        with: impl Instructions,
        network: &Network,
        inputs: &[Input],
        out: &mut impl FnMut(Logits),
    ) {
        let Stream { state, windows, batch, .. } = self;
        batch.len = inputs.len();
        let Batch { x, sums, .. } = &mut **batch;
        network.input.product(with, inputs, &mut sums[..inputs.len()]);
        let bits = network.input.bits + INPUT_BITS - UNIT_BITS;
        for (x, sums) in x.iter_mut().zip(&sums[..inputs.len()]) {
            for (x, &sum) in x.as_flattened_mut().iter_mut().zip(sums) {
                *x = narrow(sum, bits).max(0);
            }
        }
        convolve(with, network, 0, (windows, state), batch, out);
    }

    /// Gives `out` the logits of all lines still owed, as if the document ended here. The
    /// convolutions start anew after that; the recurrence goes on.
    pub fn drain(&mut self, network: &Network, out: &mut impl FnMut(Logits)) {
        simd::run(self.level, Drain { stream: self, network, out });
    }
}

/// The convolutions from `first` on, and all that follows.
#[inline(always)]
fn convolve(
    with: impl Instructions,
    network: &Network,
    first: usize,
    (windows, state): (&mut [Window; DILATIONS.len()], &mut [f32; HIDDEN]),
    batch: &mut Batch,
    out: &mut impl FnMut(Logits),
) {
    let windows = windows.iter_mut().zip(&network.convolutions);
    for (window, convolution) in windows.skip(first) {
        window.push(convolution, with, batch);
        if batch.len == 0 {
            return;
        }
    }
    recur(with, &network.recurrence, state, batch);
    let sums = &mut batch.sums[..batch.len];
    network.head.product(with, &batch.x[..batch.len], sums);
    let step = 1.0 / (1_u32 << (network.head.bits + UNIT_BITS)) as f32;
    for sums in sums {
        let logits = sums.map(|sum| sum as f32 * step);
        let (kinds, _) = logits[1..].split_first_chunk().expect("the head has a column each");
        out(Logits { content: logits[0], kinds: *kinds });
    }
}

/// Adds to each line what the recurrence makes of the lines so far.
#[inline(always)]
fn recur(
    with: impl Instructions,
    recurrence: &Recurrence,
    state: &mut [f32; HIDDEN],
    batch: &mut Batch,
) {
    let Batch { x, sums, gates, y: states, .. } = batch;
    let x = &mut x[..batch.len];
    recurrence.gate.product(with, x, &mut gates[..batch.len]);
    recurrence.candidate.product(with, x, &mut sums[..batch.len]);
    let gate_step = 1.0 / (1_u32 << (recurrence.gate.bits + UNIT_BITS)) as f32;
    let candidate_step = 1.0 / (1_u32 << (recurrence.candidate.bits + UNIT_BITS)) as f32;
    for line in 0..batch.len {
        let gates = gates[line].map(|sum| sigmoid(sum as f32 * gate_step));
        for unit in 0..HIDDEN {
            let candidate = sums[line][unit] as f32 * candidate_step;
            state[unit] += gates[unit] * (candidate - state[unit]);
        }
        for (rounded, state) in states[line].as_flattened_mut().iter_mut().zip(&*state) {
            *rounded = round(state * (1 << UNIT_BITS) as f32);
        }
    }
    recurrence.out.product(with, &states[..batch.len], &mut sums[..batch.len]);
    for (x, sums) in x.iter_mut().zip(&*sums) {
        for (x, &sum) in x.as_flattened_mut().iter_mut().zip(sums) {
            *x = x.saturating_add(narrow(sum, recurrence.out.bits));
        }
    }
}

/// See [`Stream::push`].
struct Push<'p, F> {
    stream: &'p mut Stream,
    network: &'p Network,
    inputs: &'p [Input],
    out: &'p mut F,
}

impl<F: FnMut(Logits)> Work for Push<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, with: impl Instructions) {
        self.stream.push_with(with, self.network, self.inputs, self.out);
    }
}

/// See [`Stream::drain`].
struct Drain<'d, F> {
    stream: &'d mut Stream,
    network: &'d Network,
    out: &'d mut F,
}

impl<F: FnMut(Logits)> Work for Drain<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self, with: impl Instructions) {
        let Drain { stream: Stream { state, windows, batch, .. }, network, out } = self;
        for layer in 0..DILATIONS.len() {
            let mut padding = windows[layer].lag();
            while padding > 0 && windows[layer].inputs > 0 {
                batch.len = padding.min(BATCH);
                batch.x[..batch.len].fill(Units::default());
                padding -= batch.len;
                convolve(with, network, layer, (windows, state), batch, out);
            }
        }
        windows.iter_mut().for_each(Window::reset);
    }
}

impl Window {
    /// Takes the lines of `batch` and puts those in their place that now have their neighbours.
    #[inline(always)]
    fn push(&mut self, convolution: &Convolution, with: impl Instructions, batch: &mut Batch) {
        let (reach, len) = (self.reach(), batch.len);
        self.lines[reach..reach + len].copy_from_slice(&batch.x[..len]);
        // The first lines of a document only fill the window.
        let first = self.lag().saturating_sub(self.inputs).min(len);
        self.inputs += len;
        batch.len = len - first;
        let Batch { x, sums, y: mixed, .. } = batch;
        let lines = &self.lines[first..];
        with.taps(
            &convolution.taps,
            convolution.bits,
            self.dilation,
            lines,
            &mut mixed[..batch.len],
        );
        let sums = &mut sums[..batch.len];
        convolution.matrix.product(with, &mixed[..batch.len], sums);
        for ((line, x), sums) in (first..len).zip(x).zip(&*sums) {
            let centre = self.lines[line + self.lag()].as_flattened();
            for ((x, &sum), centre) in x.as_flattened_mut().iter_mut().zip(sums).zip(centre) {
                *x = centre.saturating_add(narrow(sum, convolution.matrix.bits).max(0));
            }
        }
        self.lines.copy_within(len..len + reach, 0);
    }
}
