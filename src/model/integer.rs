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

use std::collections::VecDeque;

use super::math::{HIDDEN, exp, round};
use super::network::{
    CORRECTED, DENSE_SCALE, DILATIONS, EMBEDDING, KERNEL, KIND_EMBEDDING, KindsSoFar, Logits,
    RECURRENCES, STATES, State, corrected, layout, recurrence_behind,
};
use crate::features::{DENSE, Dense};
use crate::label::Kind;
use crate::simd::{
    self, AllTapWeights, Instructions, Level, PairWeights, Sums, TAPS, Units, Work, half, tap_unit,
};

/// How many lines are taken at once at most.
pub const BATCH: usize = 64;

/// Bits behind the point of a unit: a step is 1/256, and units reach ±128. The largest unit of
/// trained models seen so far is 37.
const UNIT_BITS: u32 = 8;

/// Bits behind the point of an input. Means of embeddings reach ±16; 2 has been seen.
const INPUT_BITS: u32 = 11;

/// What a dense feature is multiplied with to have [`INPUT_BITS`].
const DENSE_STEP: i16 = (DENSE_SCALE * (1 << INPUT_BITS) as f32) as i16;

const INPUT_PAIRS: usize = (DENSE + EMBEDDING) / 2;
const KIND_INPUT_PAIRS: usize = (DENSE + KIND_EMBEDDING) / 2;
const _: () = assert!(
    DENSE.is_multiple_of(2) && EMBEDDING.is_multiple_of(2) && KIND_EMBEDDING.is_multiple_of(2),
    "inputs come in pairs"
);
const UNIT_PAIRS: usize = HIDDEN / 2;
const _: () = assert!(HIDDEN == simd::OUTPUTS && KERNEL == TAPS && RECURRENCES.len() == 2);

/// What the first layer takes of a line.
pub type Input = [[i16; 2]; INPUT_PAIRS];

/// What the kinds take of a line besides its units.
pub type KindInput = [[i16; 2]; KIND_INPUT_PAIRS];

/// Makes `input` what is taken of a line of these features, with this mean of its embeddings.
#[inline(always)]
pub fn fill<const PAIRS: usize, const N: usize>(
    input: &mut [[i16; 2]; PAIRS],
    dense: &Dense,
    embedding: &[f32; N],
) {
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
/// Likewise for the kinds.
pub const NO_KIND_INPUT: KindInput = [[0; 2]; KIND_INPUT_PAIRS];

/// A layer's weights and bias in whole steps.
#[derive(Clone, Debug)]
struct Matrix<const PAIRS: usize> {
    weights: Box<[PairWeights; PAIRS]>,
    bias: Sums,
    /// Bits behind the point of a sum.
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
                    let weight = ceil((weight * step).abs());
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
        Matrix { weights, bias: sums, bits: bits + input_bits }
    }

    /// Readies its bias for [`units`](Matrix::units): what rounds a sum is part of it.
    fn rounded(mut self) -> Matrix<PAIRS> {
        self.bias.iter_mut().for_each(|bias| *bias += half(self.bits - UNIT_BITS));
        self
    }

    /// At least the first `COLUMNS` sums of each line.
    #[inline(always)]
    fn product<const COLUMNS: usize>(
        &self,
        with: impl Instructions,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        with.product::<_, COLUMNS>(&self.weights, &self.bias, inputs, out);
    }

    /// Hands `finish` the sums of each line as units, and what `outs` has for the line. All of the
    /// range of 16 bits is used, for this is what processors have an instruction for.
    #[inline(always)]
    fn units<const COLUMNS: usize, const SPARSE: usize, T>(
        &self,
        with: impl Instructions,
        inputs: &[[[i16; 2]; PAIRS]],
        outs: impl Iterator<Item = T>,
        finish: impl Fn(Units, T),
    ) {
        let bias = (&self.bias, self.bits - UNIT_BITS);
        with.units::<_, COLUMNS, SPARSE, _>(&self.weights, bias, inputs, outs, finish);
    }

    /// What a step of a sum is worth.
    fn step(&self) -> f32 {
        1.0 / (1_u32 << self.bits) as f32
    }
}

impl Matrix<UNIT_PAIRS> {
    /// The first column alone.
    fn column(&self) -> Column {
        let weights = self.weights.each_ref().map(|weights| weights[0]);
        Column { weights, bias: self.bias[0], step: self.step() }
    }
}

/// A matrix of one column.
#[derive(Clone, Debug)]
struct Column {
    weights: Units,
    bias: i32,
    /// What a step of the sum is worth.
    step: f32,
}

impl Column {
    /// What a line of these units sums up to.
    #[inline(always)]
    fn sum(&self, x: &Units) -> f32 {
        let products = x.as_flattened().iter().zip(self.weights.as_flattened());
        let products = products.map(|(&x, &weight)| i32::from(x) * i32::from(weight));
        (self.bias + products.sum::<i32>()) as f32 * self.step
    }
}

/// The next whole number from a number that is not negative on. Without newer instructions than the
/// first processors had, the library's `ceil` is a call.
#[inline]
fn ceil(x: f64) -> f64 {
    let whole = x as u64 as f64;
    whole + f64::from(u8::from(whole < x))
}

/// A ReLU of all units.
#[inline(always)]
fn relu(mut x: Units) -> Units {
    x.as_flattened_mut().iter_mut().for_each(|x| *x = (*x).max(0));
    x
}

/// Adds to units; what leaves 16 bits stays at their end.
#[inline(always)]
fn add_to(units: &mut [i16], more: &[i16]) {
    for (unit, more) in units.iter_mut().zip(more) {
        *unit = unit.saturating_add(*more);
    }
}

/// The gate of a recurrence and the candidate state side by side, a column of each state's.
fn recurrence(p: &[f32], index: usize) -> Matrix<UNIT_PAIRS> {
    let [gate, bias, candidate] = layout::recurrence(index);
    let rows = p[gate].chunks(STATES).zip(p[candidate].chunks(STATES));
    let rows: Vec<f32> = rows.flat_map(|(gate, candidate)| [gate, candidate].concat()).collect();
    Matrix::new(&rows, &p[bias], 2 * STATES, UNIT_BITS)
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
                let sizes = taps.iter().map(|tap| ceil((f64::from(tap[unit]) * step).abs()));
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
            matrix: Matrix::new(&p[matrix], &p[bias], CORRECTED, UNIT_BITS).rounded(),
        }
    }
}

/// The weights in integers.
#[derive(Clone, Debug)]
pub struct Network {
    input: Matrix<INPUT_PAIRS>,
    convolutions: [Convolution; DILATIONS.len()],
    recurrences: [Matrix<UNIT_PAIRS>; RECURRENCES.len()],
    /// The content logit.
    content: Column,
    /// The kinds' logits, of the units and of what else they take.
    kinds: Matrix<UNIT_PAIRS>,
    kinds_of_line: Matrix<KIND_INPUT_PAIRS>,
    /// What the kinds so far add to them, not rounded.
    kinds_so_far: Vec<f32>,
}

impl Network {
    /// Rounds parameters, which are as [`layout`] has them.
    pub fn new(p: &[f32]) -> Network {
        let inputs = layout::DENSE_IN.start..layout::EMBEDDING_IN.end;
        let of_line = layout::KINDS_DENSE.start..layout::KINDS_EMBEDDING.end;
        let content_bias = &p[layout::CONTENT_BIAS..=layout::CONTENT_BIAS];
        Network {
            input: Matrix::new(&p[inputs], &p[layout::BIAS_IN], HIDDEN, INPUT_BITS).rounded(),
            convolutions: std::array::from_fn(|layer| Convolution::new(p, layer)),
            recurrences: std::array::from_fn(|index| recurrence(p, index)),
            content: Matrix::new(&p[layout::CONTENT], content_bias, 1, UNIT_BITS).column(),
            kinds: Matrix::new(&p[layout::KINDS], &p[layout::KINDS_BIAS], Kind::COUNT, UNIT_BITS),
            kinds_of_line: Matrix::new(&p[of_line], &[], Kind::COUNT, INPUT_BITS),
            kinds_so_far: p[layout::KINDS_SO_FAR].to_vec(),
        }
    }
}

/// For how many batches a window has room: the lines before the next one are moved back only
/// when it is full.
const ROOM: usize = 4;

/// A convolution's inputs: those before the next batch that it still needs, and room.
#[derive(Clone, Debug)]
struct Window {
    lines: Vec<Units>,
    /// Where the lines before the next batch start.
    start: usize,
    /// Inputs so far, padding at the end included.
    inputs: usize,
    dilation: usize,
}

impl Window {
    fn new(dilation: usize) -> Window {
        let lines = vec![Units::default(); (KERNEL - 1) * dilation + ROOM * BATCH];
        Window { lines, start: 0, inputs: 0, dilation }
    }

    fn reset(&mut self) {
        // No more than the inputs so far is there, and room for a batch is not read before it is
        // written.
        let reach = self.reach();
        let kept = &mut self.lines[self.start..][..reach];
        kept[reach.saturating_sub(self.inputs)..].fill(Units::default());
        self.inputs = 0;
    }

    fn reach(&self) -> usize {
        (KERNEL - 1) * self.dilation
    }

    fn lag(&self) -> usize {
        KERNEL / 2 * self.dilation
    }

    /// Room for the next inputs, at most [`BATCH`].
    #[inline(always)]
    fn room(&mut self, len: usize) -> &mut [Units] {
        let reach = self.reach();
        if self.start + reach + len > self.lines.len() {
            self.lines.copy_within(self.start..self.start + reach, 0);
            self.start = 0;
        }
        &mut self.lines[self.start + reach..][..len]
    }

    /// Takes the inputs that are in the [`room`](Window::room) for them, and gives all lines that
    /// those need that now have their neighbours.
    #[inline(always)]
    fn take(&mut self, len: usize) -> &[Units] {
        // The first lines of a document only fill the window.
        let first = self.lag().saturating_sub(self.inputs).min(len);
        let lines = self.start + first..self.start + self.reach() + len;
        self.inputs += len;
        self.start += len;
        &self.lines[lines]
    }
}

/// Lines on their way through the layers.
#[derive(Clone, Debug)]
struct Batch {
    x: [Units; BATCH],
    /// Room for what is not needed later.
    sums: [Sums; BATCH],
    opened: [State; BATCH],
    y: [Units; BATCH],
}

impl Batch {
    fn new() -> Batch {
        let (x, sums) = ([Units::default(); BATCH], [[0; HIDDEN]; BATCH]);
        Batch { x, sums, opened: [[0.0; STATES]; BATCH], y: x }
    }
}

/// The network's state in the middle of a document.
#[derive(Clone, Debug)]
pub struct Stream {
    level: Level,
    /// Whether the logits of the kinds are left out.
    leaves_out_kinds: bool,
    states: [State; RECURRENCES.len()],
    windows: [Window; DILATIONS.len()],
    /// What the lines on their way add to the logits of their kinds.
    kinds: VecDeque<[f32; Kind::COUNT]>,
    /// What kinds those before them were.
    kinds_so_far: KindsSoFar,
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
            leaves_out_kinds: false,
            states: [[0.0; STATES]; RECURRENCES.len()],
            windows: DILATIONS.map(Window::new),
            kinds: VecDeque::new(),
            kinds_so_far: KindsSoFar::default(),
            batch: Box::new(Batch::new()),
        }
    }

    /// Goes back to the start of a document.
    pub fn reset(&mut self) {
        self.states = [[0.0; STATES]; RECURRENCES.len()];
        self.windows.iter_mut().for_each(Window::reset);
        self.kinds.clear();
        self.kinds_so_far = KindsSoFar::default();
    }

    /// From now on the logits of the kinds are 0, which takes less time.
    pub(super) fn leave_out_kinds(&mut self) {
        self.leaves_out_kinds = true;
    }

    /// Whether they are.
    pub(super) fn leaves_out_kinds(&self) -> bool {
        self.leaves_out_kinds
    }

    /// The instructions it uses.
    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Takes the next lines, at most [`BATCH`], and gives `out` the logits of those
    /// [`LOOKAHEAD`](super::LOOKAHEAD) before them. What the kinds take of the lines is not looked at
    /// where kinds are left out.
    pub fn push(
        &mut self,
        network: &Network,
        inputs: (&[Input], &[KindInput]),
        out: &mut impl FnMut(Logits),
    ) {
        simd::run(self.level, Push { stream: self, network, inputs, out });
    }

    /// The same as part of other work.
    #[inline(always)]
    pub(super) fn push_with(
        &mut self,
        with: impl Instructions,
        network: &Network,
        (inputs, kind_inputs): (&[Input], &[KindInput]),
        out: &mut impl FnMut(Logits),
    ) {
        if !self.leaves_out_kinds {
            let sums = &mut self.batch.sums[..inputs.len()];
            network.kinds_of_line.product::<{ Kind::COUNT }>(with, kind_inputs, sums);
            let step = network.kinds_of_line.step();
            self.kinds.extend(sums.iter().map(|sums| logits_of_kinds(sums, step)));
        }
        let x = self.windows[0].room(inputs.len());
        network.input.units::<HIDDEN, { DENSE / 2 }, _>(with, inputs, x.iter_mut(), |units, x| {
            *x = relu(units)
        });
        convolve(with, network, self, 0, inputs.len(), out);
    }

    /// Gives `out` the logits of all lines still owed, as if the document ended here. The
    /// convolutions start anew after that; the recurrence goes on.
    pub fn drain(&mut self, network: &Network, out: &mut impl FnMut(Logits)) {
        simd::run(self.level, Drain { stream: self, network, out });
    }
}

/// The convolutions from `first` on, which takes the `len` lines in its window's room, and all that
/// follows.
#[inline(always)]
fn convolve(
    with: impl Instructions,
    network: &Network,
    stream: &mut Stream,
    first: usize,
    len: usize,
    out: &mut impl FnMut(Logits),
) {
    let Stream { states, windows, kinds, kinds_so_far, batch, leaves_out_kinds, .. } = stream;
    let Batch { x, sums, opened, y } = &mut **batch;
    let mut len = len;
    let mut windows = &mut windows[first..];
    for (layer, convolution) in network.convolutions.iter().enumerate().skip(first) {
        let (window, following) = windows.split_first_mut().expect("one for each convolution");
        let (reach, lag, dilation) = (window.reach(), window.lag(), window.dilation);
        let lines = window.take(len);
        len = lines.len() - reach;
        if len == 0 {
            return;
        }
        let y = &mut y[..len];
        with.taps(&convolution.taps, convolution.bits, dilation, lines, y);
        let out = match following.first_mut() {
            Some(following) => following.room(len),
            None => &mut x[..len],
        };
        let outs = out.iter_mut().zip(&lines[lag..]);
        let first = corrected(layer) / 2;
        convolution.matrix.units::<CORRECTED, 0, _>(with, y, outs, |units, (out, line)| {
            *out = *line;
            let corrections = relu(units);
            let (out, _) = out[first..].as_flattened_mut().split_at_mut(CORRECTED);
            add_to(out, &corrections.as_flattened()[..CORRECTED]);
        });
        if let Some(index) = recurrence_behind(layer) {
            let rooms = (&mut sums[..len], &mut opened[..len]);
            recur(with, &network.recurrences[index], index, &mut states[index], out, rooms);
        }
        windows = following;
    }
    let (x, sums) = (&x[..len], &mut sums[..len]);
    if *leaves_out_kinds {
        for x in x {
            out(Logits { content: network.content.sum(x), kinds: [0.0; Kind::COUNT] });
        }
        return;
    }
    network.kinds.product::<{ Kind::COUNT }>(with, x, sums);
    let step = network.kinds.step();
    for ((x, sums), of_line) in x.iter().zip(sums).zip(kinds.drain(..len)) {
        let content = network.content.sum(x);
        let mut logits = Logits { content, kinds: logits_of_kinds(sums, step) };
        for (logit, of_line) in logits.kinds.iter_mut().zip(of_line) {
            *logit += of_line;
        }
        kinds_so_far.tell(&network.kinds_so_far, &mut logits);
        out(logits);
    }
}

/// The logits of the kinds that are in the first columns, of so large a step.
#[inline(always)]
fn logits_of_kinds(sums: &Sums, step: f32) -> [f32; Kind::COUNT] {
    std::array::from_fn(|kind| sums[kind] as f32 * step)
}

/// Adds to each line the state that the lines so far lead to. The rooms have a place for each line.
#[inline(always)]
fn recur(
    with: impl Instructions,
    recurrence: &Matrix<UNIT_PAIRS>,
    index: usize,
    state: &mut State,
    x: &mut [Units],
    (sums, opened): (&mut [Sums], &mut [State]),
) {
    recurrence.product::<{ 2 * STATES }>(with, x, sums);
    let step = recurrence.step();
    for (opened, sums) in opened.iter_mut().zip(&*sums) {
        for (opened, &gate) in opened.iter_mut().zip(&sums[..STATES]) {
            *opened = gate as f32 * -step;
        }
    }
    // Apart from the rest, so that what the exponential needs stays in registers.
    for opened in opened.as_flattened_mut() {
        *opened = 1.0 / (1.0 + exp(*opened));
    }
    let step = step * (1 << UNIT_BITS) as f32;
    // A copy, which need not be in memory after each line.
    let mut now = *state;
    for ((opened, sums), x) in opened.iter().zip(&*sums).zip(x) {
        // The unit of a state is one of a pair.
        let mut states = [[0; 2]; STATES];
        for (at, candidate) in sums[STATES..2 * STATES].iter().enumerate() {
            now[at] += opened[at] * (*candidate as f32 * step - now[at]);
            let state = round(now[at]);
            states[at] = if index == 0 { [state, 0] } else { [0, state] };
        }
        add_to(x.as_flattened_mut(), states.as_flattened());
    }
    *state = now;
}

/// See [`Stream::push`].
struct Push<'p, F> {
    stream: &'p mut Stream,
    network: &'p Network,
    inputs: (&'p [Input], &'p [KindInput]),
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
        let Drain { stream, network, out } = self;
        for layer in 0..DILATIONS.len() {
            let mut padding = stream.windows[layer].lag();
            while padding > 0 && stream.windows[layer].inputs > 0 {
                let len = padding.min(BATCH);
                stream.windows[layer].room(len).fill(Units::default());
                padding -= len;
                convolve(with, network, stream, layer, len, out);
            }
        }
        stream.windows.iter_mut().for_each(Window::reset);
    }
}
