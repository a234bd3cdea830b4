//! The inner loops that need the processor's wide registers, each with a plain twin that gives
//! the same bits. The one module with `unsafe` code.
//!
//! Which instructions are used is found out once, when the program runs. `DECHROME_SIMD` set to
//! `portable` or `avx2` allows no more than that, for tests and measurements.
//!
//! [`run`] does a piece of [`Work`] that is compiled once for each level: what it calls must be
//! inlined to be compiled for the level too.

#![allow(unsafe_code)]

use std::sync::LazyLock;

/// Outputs of a matrix.
pub(crate) const OUTPUTS: usize = 32;

/// One line's exact sums.
pub(crate) type Sums = [i32; OUTPUTS];

/// The weights of two inputs, side by side for each output.
pub(crate) type PairWeights = [[i16; 2]; OUTPUTS];

/// One line's units, side by side as a matrix takes them.
pub(crate) type Units = [[i16; 2]; OUTPUTS / 2];

/// How many lines a convolution sees at once.
pub(crate) const TAPS: usize = 5;

/// The weights of two taps, side by side for each unit, the units as [`tap_unit`] has them.
pub(crate) type TapWeights = [[[i16; 2]; OUTPUTS / 2]; 2];

/// The weights of all taps; the last one's companion is 0.
pub(crate) type AllTapWeights = [TapWeights; TAPS.div_ceil(2)];

/// The unit whose weights are there: in each sixteen bytes of two lines, registers of any width
/// bring the first and the last four units together.
pub(crate) const fn tap_unit(half: usize, at: usize) -> usize {
    at / 4 * 8 + 4 * half + at % 4
}

/// Which line two taps see, of those that lie `dilation` apart; the last one sees its own twice.
#[inline(always)]
fn tap_lines(pair: usize, dilation: usize) -> [usize; 2] {
    [2 * pair, (2 * pair + 1).min(TAPS - 1)].map(|tap| tap * dilation)
}

/// What is added before `bits` are dropped, so that they are rounded.
#[inline(always)]
pub(crate) fn half(bits: u32) -> i32 {
    if bits > 0 { 1 << (bits - 1) } else { 0 }
}

/// Keys as they lie in a file: little-endian.
pub(crate) type Keys = [[u8; 4]; KEYS];

/// How many keys are compared at once.
pub(crate) const KEYS: usize = 8;

/// How many bytes are classified at once.
pub(crate) const BLOCK: usize = 64;

/// A bit for each of [`BLOCK`] bytes that is one of these in ASCII.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Masks {
    /// White space.
    pub space: u64,
    /// A letter.
    pub letter: u64,
    /// Of the letters, the capitals.
    pub upper: u64,
    /// A digit.
    pub digit: u64,
    /// A letter, a digit, an apostrophe, or a byte that is not ASCII.
    pub word: u64,
}

#[cfg(target_arch = "x86_64")]
impl Masks {
    /// The same, as numbers: the compiler would take what is done with them apart, bit by bit.
    #[inline(always)]
    fn opaque(self) -> Masks {
        let Masks { mut space, mut letter, mut upper, mut digit, mut word } = self;
        // Safety: it does nothing.
        unsafe {
            std::arch::asm!(
                "/* {space} {letter} {upper} {digit} {word} */",
                space = inout(reg) space,
                letter = inout(reg) letter,
                upper = inout(reg) upper,
                digit = inout(reg) digit,
                word = inout(reg) word,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        Masks { space, letter, upper, digit, word }
    }
}

/// The instructions to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// What every processor of the architecture has.
    Portable,
    /// AVX2, and what came before it.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with its instructions for neural networks.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

static LEVEL: LazyLock<Level> = LazyLock::new(|| {
    let allowed = std::env::var("DECHROME_SIMD").unwrap_or_default();
    let is_allowed = |level: &Level| match allowed.as_str() {
        "portable" => *level == Level::Portable,
        #[cfg(target_arch = "x86_64")]
        "avx2" => *level <= Level::Avx2,
        _ => true,
    };
    Level::supported().into_iter().filter(is_allowed).max().unwrap_or(Level::Portable)
});

impl Level {
    /// The levels that this processor has.
    pub(crate) fn supported() -> Vec<Level> {
        #[allow(unused_mut)]
        let mut levels = vec![Level::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt")
            {
                levels.push(Level::Avx2);
                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
                {
                    levels.push(Level::Avx512);
                }
            }
        }
        levels
    }

    /// The highest that this processor has.
    pub(crate) fn best() -> Level {
        *LEVEL
    }
}

/// What a level's instructions do. A value of such a type shows that the processor has them.
pub(crate) trait Instructions: Copy {
    /// For each line of `inputs`, `bias` plus every input times its weight, at least of the first
    /// `COLUMNS` outputs. The caller sees to it that no sum leaves 32 bits.
    fn product<const PAIRS: usize, const COLUMNS: usize>(
        self,
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    );

    /// Hands `finish` the same sums of each line without their last `bits`, brought to 16 bits,
    /// and what `outs` has for the line. Of the first `SPARSE` pairs many are expected to be 0.
    #[inline(always)]
    fn units<const PAIRS: usize, const SPARSE: usize, T>(
        self,
        weights: &[PairWeights; PAIRS],
        (bias, bits): (&Sums, u32),
        inputs: &[[[i16; 2]; PAIRS]],
        outs: impl Iterator<Item = T>,
        finish: impl Fn(Units, T),
    ) {
        let mut outs = outs;
        for inputs in inputs.chunks(8) {
            let sums = &mut [[0; OUTPUTS]; 8][..inputs.len()];
            self.product::<_, OUTPUTS>(weights, bias, inputs, sums);
            for (sums, out) in sums.iter().zip(&mut outs) {
                let mut units = Units::default();
                for (unit, sum) in units.as_flattened_mut().iter_mut().zip(sums) {
                    *unit = (sum >> bits).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
                }
                finish(units, out);
            }
        }
    }

    /// For each of `out`, every unit of the line there and of the four that follow it `dilation`
    /// apart times its weight, rounded to drop `bits`, and brought to 16 bits. The caller sees to
    /// it that no sum leaves 32 bits.
    fn taps(
        self,
        weights: &AllTapWeights,
        bits: u32,
        dilation: usize,
        lines: &[Units],
        out: &mut [Units],
    );

    /// A bit for each of `keys` that is `key`.
    fn matches(self, keys: &Keys, key: u32) -> u32;

    /// What the bytes of a block are.
    fn classify(self, block: &[u8; BLOCK]) -> Masks;

    /// A bit for each byte of a block that is `byte`.
    fn equal(self, block: &[u8; BLOCK], byte: u8) -> u64;
}

/// Something to do with the instructions of a level.
pub(crate) trait Work {
    /// What it gives.
    type Output;

    /// Does it. To be marked `#[inline(always)]`.
    fn run(self, with: impl Instructions) -> Self::Output;
}

/// Does `work` with the instructions of `level`.
pub(crate) fn run<W: Work>(level: Level, work: W) -> W::Output {
    match level {
        Level::Portable => work.run(baseline::Baseline),
        // Safety: a level beyond `Portable` comes from `supported`, which saw the features.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { avx2::run(work) },
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { avx512::run(work) },
    }
}

/// What [`Instructions`] do, in plain words.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::{
        AllTapWeights, BLOCK, Instructions, Keys, Masks, PairWeights, Sums, Units, half, tap_lines,
        tap_unit,
    };

    #[derive(Clone, Copy)]
    pub struct Baseline;

    impl Instructions for Baseline {
        fn product<const PAIRS: usize, const COLUMNS: usize>(
            self,
            weights: &[PairWeights; PAIRS],
            bias: &Sums,
            inputs: &[[[i16; 2]; PAIRS]],
            out: &mut [Sums],
        ) {
            product(weights, bias, inputs, out);
        }

        fn taps(
            self,
            weights: &AllTapWeights,
            bits: u32,
            dilation: usize,
            lines: &[Units],
            out: &mut [Units],
        ) {
            for (line, out) in out.iter_mut().enumerate() {
                for (side, at) in (0..2).flat_map(|side| (0..16).map(move |at| (side, at))) {
                    let unit = tap_unit(side, at);
                    let mut sum = half(bits);
                    for (pair, weights) in weights.iter().enumerate() {
                        let pair = tap_lines(pair, dilation);
                        for (weight, tap) in weights[side][at].iter().zip(pair) {
                            let x = lines[line + tap].as_flattened()[unit];
                            sum += i32::from(*weight) * i32::from(x);
                        }
                    }
                    let sum = (sum >> bits).clamp(i16::MIN.into(), i16::MAX.into());
                    out.as_flattened_mut()[unit] = sum as i16;
                }
            }
        }

        fn matches(self, keys: &Keys, key: u32) -> u32 {
            let bits = keys.iter().enumerate();
            bits.map(|(index, other)| u32::from(u32::from_le_bytes(*other) == key) << index).sum()
        }

        fn classify(self, block: &[u8; BLOCK]) -> Masks {
            let bits = |is: fn(&u8) -> bool| {
                block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(is(byte)))
            };
            Masks {
                space: bits(|byte| matches!(byte, b' ' | b'\t'..=b'\r')),
                letter: bits(u8::is_ascii_alphabetic),
                upper: bits(u8::is_ascii_uppercase),
                digit: bits(u8::is_ascii_digit),
                word: bits(|byte| byte.is_ascii_alphanumeric() || *byte == b'\'' || *byte >= 0x80),
            }
        }

        fn equal(self, block: &[u8; BLOCK], byte: u8) -> u64 {
            block.iter().rev().fold(0, |bits, other| bits << 1 | u64::from(*other == byte))
        }
    }

    fn product<const PAIRS: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        for (input, out) in inputs.iter().zip(out) {
            let mut sums = *bias;
            for (weights, x) in weights.iter().zip(input) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum += i32::from(weight[0]) * i32::from(x[0])
                        + i32::from(weight[1]) * i32::from(x[1]);
                }
            }
            *out = sums;
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
use portable as baseline;

/// Two inputs as they lie in one lane of 32 bits.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn lane(pair: [i16; 2]) -> i32 {
    i32::from(pair[0] as u16) | i32::from(pair[1]) << 16
}

/// SSE2, which every x86-64 has.
#[cfg(target_arch = "x86_64")]
mod baseline {
    use super::{
        AllTapWeights, BLOCK, Instructions, KEYS, Keys, Masks, OUTPUTS, PairWeights, Sums, TAPS,
        Units, half, lane, tap_lines,
    };
    use std::arch::x86_64::*;

    #[derive(Clone, Copy)]
    pub struct Baseline;

    impl Instructions for Baseline {
        #[inline(always)]
        fn product<const PAIRS: usize, const COLUMNS: usize>(
            self,
            weights: &[PairWeights; PAIRS],
            bias: &Sums,
            inputs: &[[[i16; 2]; PAIRS]],
            out: &mut [Sums],
        ) {
            assert_eq!(inputs.len(), out.len());
            // Safety: every x86-64 has SSE2.
            unsafe { product::<_, COLUMNS>(weights, bias, inputs, out) }
        }

        #[inline(always)]
        fn units<const PAIRS: usize, const SPARSE: usize, T>(
            self,
            weights: &[PairWeights; PAIRS],
            bias_and_bits: (&Sums, u32),
            inputs: &[[[i16; 2]; PAIRS]],
            outs: impl Iterator<Item = T>,
            finish: impl Fn(Units, T),
        ) {
            // Safety: likewise.
            unsafe { units::<_, SPARSE, _>(weights, bias_and_bits, inputs, outs, finish) }
        }

        #[inline(always)]
        fn taps(
            self,
            weights: &AllTapWeights,
            bits: u32,
            dilation: usize,
            lines: &[Units],
            out: &mut [Units],
        ) {
            assert!(lines.len() >= out.len() + (TAPS - 1) * dilation);
            // Safety: likewise, and no line is looked for beyond the last.
            unsafe { taps(weights, bits, dilation, lines, out) }
        }

        #[inline(always)]
        fn matches(self, keys: &Keys, key: u32) -> u32 {
            // Safety: likewise.
            unsafe { matches(keys, key) }
        }

        #[inline(always)]
        fn classify(self, block: &[u8; BLOCK]) -> Masks {
            // Safety: likewise.
            unsafe { classify(block) }.opaque()
        }

        #[inline(always)]
        fn equal(self, block: &[u8; BLOCK], byte: u8) -> u64 {
            // Safety: likewise.
            unsafe { equal(block, byte) }
        }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn classify(block: &[u8; BLOCK]) -> Masks {
        let mut masks = Masks::default();
        for part in 0..4 {
            // Safety: a block is four registers, and loads may be unaligned.
            let bytes = unsafe { _mm_loadu_si128(block.as_ptr().cast::<__m128i>().add(part)) };
            let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
            let within = |bytes, first: u8, last: u8| {
                let from = _mm_sub_epi8(bytes, _mm_set1_epi8(first as i8));
                _mm_cmpeq_epi8(_mm_min_epu8(from, _mm_set1_epi8((last - first) as i8)), from)
            };
            let bits = |mask| u64::from(_mm_movemask_epi8(mask) as u16) << (16 * part);
            let letter = within(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), b'a', b'z');
            masks.letter |= bits(letter);
            masks.upper |= bits(within(bytes, b'A', b'Z'));
            masks.digit |= bits(within(bytes, b'0', b'9'));
            masks.space |= bits(_mm_or_si128(is(b' '), within(bytes, b'\t', b'\r')));
            masks.word |= bits(_mm_or_si128(is(b'\''), bytes));
        }
        masks.word |= masks.letter | masks.digit;
        masks
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
        let byte = _mm_set1_epi8(byte as i8);
        let bits = |part: usize| {
            // Safety: a block is four registers, and loads may be unaligned.
            let bytes = unsafe { _mm_loadu_si128(block.as_ptr().cast::<__m128i>().add(part)) };
            u64::from(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, byte)) as u16) << (16 * part)
        };
        bits(0) | bits(1) | bits(2) | bits(3)
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn taps(
        weights: &AllTapWeights,
        bits: u32,
        dilation: usize,
        lines: &[Units],
        out: &mut [Units],
    ) {
        let count = _mm_cvtsi32_si128(bits as i32);
        for (line, out) in out.iter_mut().enumerate() {
            for part in 0..4 {
                // Safety: `Units` and half of `TapWeights` are 64 bytes, four registers, loads and
                // stores may be unaligned, and the caller sees to it that the lines are there.
                unsafe {
                    let at = |line: usize| {
                        _mm_loadu_si128(lines.as_ptr().add(line).cast::<__m128i>().add(part))
                    };
                    let mut sums = [_mm_set1_epi32(half(bits)); 2];
                    for (pair, weights) in weights.iter().enumerate() {
                        let [a, b] = tap_lines(pair, dilation).map(|tap| at(line + tap));
                        let x = [_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)];
                        let weights = [0, 1].map(|half| {
                            _mm_loadu_si128(weights[half].as_ptr().cast::<__m128i>().add(part))
                        });
                        sums[0] = _mm_add_epi32(sums[0], _mm_madd_epi16(x[0], weights[0]));
                        sums[1] = _mm_add_epi32(sums[1], _mm_madd_epi16(x[1], weights[1]));
                    }
                    let [low, high] = sums.map(|sum| _mm_sra_epi32(sum, count));
                    let out = out.as_mut_ptr().cast::<__m128i>().add(part);
                    _mm_storeu_si128(out, _mm_packs_epi32(low, high));
                }
            }
        }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn matches(keys: &Keys, key: u32) -> u32 {
        // Safety: `Keys` is 32 bytes, two registers, and loads may be unaligned.
        unsafe {
            let key = _mm_set1_epi32(key as i32);
            let at = keys.as_ptr().cast::<__m128i>();
            let [a, b]: [_; KEYS / 4] =
                std::array::from_fn(|index| _mm_cmpeq_epi32(_mm_loadu_si128(at.add(index)), key));
            let bytes = _mm_packs_epi16(_mm_packs_epi32(a, b), _mm_setzero_si128());
            _mm_movemask_epi8(bytes) as u32
        }
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn product<const PAIRS: usize, const COLUMNS: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        let outs = out.iter_mut();
        sums::<_, COLUMNS, 0, _>(weights, bias, inputs, outs, |sums, out| {
            // Safety: both are 128 bytes of integers.
            *out = unsafe { std::mem::transmute::<[__m128i; 8], Sums>(sums) };
        });
    }

    #[inline]
    #[target_feature(enable = "sse2")]
    fn units<const PAIRS: usize, const SPARSE: usize, T>(
        weights: &[PairWeights; PAIRS],
        (bias, bits): (&Sums, u32),
        inputs: &[[[i16; 2]; PAIRS]],
        outs: impl Iterator<Item = T>,
        finish: impl Fn(Units, T),
    ) {
        let count = _mm_cvtsi32_si128(bits as i32);
        sums::<_, OUTPUTS, SPARSE, _>(weights, bias, inputs, outs, |sums, out| {
            let [a, b, c, d, e, f, g, h] = sums.map(|sum| _mm_sra_epi32(sum, count));
            let units = [(a, b), (c, d), (e, f), (g, h)].map(|(a, b)| _mm_packs_epi32(a, b));
            // Safety: both are 64 bytes of integers.
            finish(unsafe { std::mem::transmute::<[__m128i; 4], Units>(units) }, out);
        });
    }

    /// Hands `finish` the first `COLUMNS` sums of each line.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn sums<const PAIRS: usize, const COLUMNS: usize, const SPARSE: usize, T>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        outs: impl Iterator<Item = T>,
        finish: impl Fn([__m128i; 8], T),
    ) {
        for (input, out) in inputs.iter().zip(outs) {
            // Safety: both are 128 bytes of integers.
            let mut sums = unsafe { std::mem::transmute::<Sums, [__m128i; 8]>(*bias) };
            let mut add = |pair: usize| {
                // Safety: no pair is beyond `PAIRS`, `PairWeights` is 128 bytes, eight registers,
                // and loads may be unaligned.
                unsafe {
                    let x = _mm_set1_epi32(lane(*input.get_unchecked(pair)));
                    let weights = weights.as_ptr().add(pair).cast::<__m128i>();
                    for (index, sum) in sums.iter_mut().take(COLUMNS.div_ceil(4)).enumerate() {
                        let weights = _mm_loadu_si128(weights.add(index));
                        *sum = _mm_add_epi32(*sum, _mm_madd_epi16(weights, x));
                    }
                }
            };
            if SPARSE > 0 {
                let mut pairs = not_zero::<_, SPARSE>(input);
                while pairs != 0 {
                    add(pairs.trailing_zeros() as usize);
                    pairs &= pairs - 1;
                }
            }
            (SPARSE..PAIRS).for_each(add);
            finish(sums, out);
        }
    }

    /// A bit for each of the first `SPARSE` pairs that is not 0.
    #[inline]
    #[target_feature(enable = "sse2")]
    fn not_zero<const PAIRS: usize, const SPARSE: usize>(input: &[[i16; 2]; PAIRS]) -> u64 {
        const { assert!(SPARSE == 0 || SPARSE >= 4 && SPARSE <= PAIRS && SPARSE < 64) };
        let mut zero = 0;
        for start in (0..SPARSE).step_by(4) {
            let start = start.min(SPARSE - 4);
            // Safety: there are four pairs, a register, from there on, and loads may be unaligned.
            let x = unsafe { _mm_loadu_si128(input.as_ptr().add(start).cast()) };
            let equal = _mm_cmpeq_epi32(x, _mm_setzero_si128());
            zero |= (_mm_movemask_ps(_mm_castsi128_ps(equal)) as u64) << start;
        }
        !zero & ((1 << SPARSE) - 1)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::{
        AllTapWeights, BLOCK, Instructions, Keys, Masks, OUTPUTS, PairWeights, Sums, TAPS, Units,
        Work, half, lane, tap_lines,
    };
    use std::arch::x86_64::*;

    /// There is one only in [`run`].
    #[derive(Clone, Copy)]
    struct Avx2(());

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub fn run<W: Work>(work: W) -> W::Output {
        work.run(Avx2(()))
    }

    impl Instructions for Avx2 {
        #[inline(always)]
        fn product<const PAIRS: usize, const COLUMNS: usize>(
            self,
            weights: &[PairWeights; PAIRS],
            bias: &Sums,
            inputs: &[[[i16; 2]; PAIRS]],
            out: &mut [Sums],
        ) {
            assert_eq!(inputs.len(), out.len());
            // Safety: who called `run` saw to it that the processor has the features.
            unsafe { product::<_, COLUMNS>(weights, bias, inputs, out) }
        }

        #[inline(always)]
        fn units<const PAIRS: usize, const SPARSE: usize, T>(
            self,
            weights: &[PairWeights; PAIRS],
            bias_and_bits: (&Sums, u32),
            inputs: &[[[i16; 2]; PAIRS]],
            outs: impl Iterator<Item = T>,
            finish: impl Fn(Units, T),
        ) {
            // Safety: likewise.
            unsafe { units::<_, SPARSE, _>(weights, bias_and_bits, inputs, outs, finish) }
        }

        #[inline(always)]
        fn taps(
            self,
            weights: &AllTapWeights,
            bits: u32,
            dilation: usize,
            lines: &[Units],
            out: &mut [Units],
        ) {
            assert!(lines.len() >= out.len() + (TAPS - 1) * dilation);
            // Safety: likewise, and no line is looked for beyond the last.
            unsafe { taps(weights, bits, dilation, lines, out) }
        }

        #[inline(always)]
        fn matches(self, keys: &Keys, key: u32) -> u32 {
            // Safety: likewise.
            unsafe { matches(keys, key) }
        }

        #[inline(always)]
        fn classify(self, block: &[u8; BLOCK]) -> Masks {
            // Safety: likewise.
            unsafe { classify(block) }.opaque()
        }

        #[inline(always)]
        fn equal(self, block: &[u8; BLOCK], byte: u8) -> u64 {
            // Safety: likewise.
            unsafe { equal(block, byte) }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn classify(block: &[u8; BLOCK]) -> Masks {
        let mut masks = Masks::default();
        for part in 0..2 {
            // Safety: a block is two registers, and loads may be unaligned.
            let bytes = unsafe { _mm256_loadu_si256(block.as_ptr().cast::<__m256i>().add(part)) };
            let is = |byte: u8| _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(byte as i8));
            let within = |bytes, first: u8, last: u8| {
                let from = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first as i8));
                _mm256_cmpeq_epi8(
                    _mm256_min_epu8(from, _mm256_set1_epi8((last - first) as i8)),
                    from,
                )
            };
            let bits = |mask| u64::from(_mm256_movemask_epi8(mask) as u32) << (32 * part);
            let letter = within(_mm256_or_si256(bytes, _mm256_set1_epi8(0x20)), b'a', b'z');
            masks.letter |= bits(letter);
            masks.upper |= bits(within(bytes, b'A', b'Z'));
            masks.digit |= bits(within(bytes, b'0', b'9'));
            masks.space |= bits(_mm256_or_si256(is(b' '), within(bytes, b'\t', b'\r')));
            masks.word |= bits(_mm256_or_si256(is(b'\''), bytes));
        }
        masks.word |= masks.letter | masks.digit;
        masks
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
        let byte = _mm256_set1_epi8(byte as i8);
        let bits = |part: usize| {
            // Safety: a block is two registers, and loads may be unaligned.
            let bytes = unsafe { _mm256_loadu_si256(block.as_ptr().cast::<__m256i>().add(part)) };
            u64::from(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, byte)) as u32) << (32 * part)
        };
        bits(0) | bits(1)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn taps(
        weights: &AllTapWeights,
        bits: u32,
        dilation: usize,
        lines: &[Units],
        out: &mut [Units],
    ) {
        let count = _mm_cvtsi32_si128(bits as i32);
        let half = _mm256_set1_epi32(half(bits));
        for part in 0..2 {
            // The same for all lines, so that they stay in registers.
            let weights = weights.each_ref().map(|pair| {
                // Safety: half of `TapWeights` is 64 bytes, two registers, and loads may be
                // unaligned.
                pair.each_ref().map(|weights| unsafe {
                    _mm256_loadu_si256(weights.as_ptr().cast::<__m256i>().add(part))
                })
            });
            // Safety: `Units` is 64 bytes, two registers, loads and stores may be unaligned, and the
            // caller sees to it that the lines are there.
            unsafe {
                let pairs: [_; TAPS.div_ceil(2)] = std::array::from_fn(|pair| {
                    tap_lines(pair, dilation).map(|tap| lines.as_ptr().add(tap))
                });
                for (line, out) in out.iter_mut().enumerate() {
                    let at = |tap: *const Units| {
                        _mm256_loadu_si256(tap.add(line).cast::<__m256i>().add(part))
                    };
                    let mut sums = [half; 2];
                    for (pair, weights) in pairs.into_iter().zip(weights) {
                        let [a, b] = pair.map(at);
                        let x = [_mm256_unpacklo_epi16(a, b), _mm256_unpackhi_epi16(a, b)];
                        sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(x[0], weights[0]));
                        sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(x[1], weights[1]));
                    }
                    let [low, high] = sums.map(|sum| _mm256_sra_epi32(sum, count));
                    let out = out.as_mut_ptr().cast::<__m256i>().add(part);
                    _mm256_storeu_si256(out, _mm256_packs_epi32(low, high));
                }
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn matches(keys: &Keys, key: u32) -> u32 {
        // Safety: `Keys` is 32 bytes, a register, and loads may be unaligned.
        let keys = unsafe { _mm256_loadu_si256(keys.as_ptr().cast()) };
        let equal = _mm256_cmpeq_epi32(keys, _mm256_set1_epi32(key as i32));
        _mm256_movemask_ps(_mm256_castsi256_ps(equal)) as u32
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn product<const PAIRS: usize, const COLUMNS: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        let outs = out.iter_mut();
        sums::<_, COLUMNS, 0, _>(weights, bias, inputs, outs, |sums, out| {
            // Safety: both are 128 bytes of integers.
            *out = unsafe { std::mem::transmute::<[__m256i; 4], Sums>(sums) };
        });
    }

    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn units<const PAIRS: usize, const SPARSE: usize, T>(
        weights: &[PairWeights; PAIRS],
        (bias, bits): (&Sums, u32),
        inputs: &[[[i16; 2]; PAIRS]],
        outs: impl Iterator<Item = T>,
        finish: impl Fn(Units, T),
    ) {
        let count = _mm_cvtsi32_si128(bits as i32);
        sums::<_, OUTPUTS, SPARSE, _>(weights, bias, inputs, outs, |sums, out| {
            let [a, b, c, d] = sums.map(|sum| _mm256_sra_epi32(sum, count));
            let units = [(a, b), (c, d)].map(|(a, b)| {
                // In each half of a register is what comes from that half of both.
                _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(a, b))
            });
            // Safety: both are 64 bytes of integers.
            finish(unsafe { std::mem::transmute::<[__m256i; 2], Units>(units) }, out);
        });
    }

    /// Hands `finish` the first `COLUMNS` sums of each line. The weights are multiplied as they lie in
    /// memory, so that taking several lines at once would not save an instruction.
    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    fn sums<const PAIRS: usize, const COLUMNS: usize, const SPARSE: usize, T>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        outs: impl Iterator<Item = T>,
        finish: impl Fn([__m256i; 4], T),
    ) {
        for (input, out) in inputs.iter().zip(outs) {
            // Safety: both are 128 bytes of integers.
            let mut sums = unsafe { std::mem::transmute::<Sums, [__m256i; 4]>(*bias) };
            let mut add = |pair: usize| {
                // Safety: no pair is beyond `PAIRS`, `PairWeights` is 128 bytes, four registers,
                // and loads may be unaligned.
                unsafe {
                    let x = _mm256_set1_epi32(lane(*input.get_unchecked(pair)));
                    let weights = weights.as_ptr().add(pair).cast::<__m256i>();
                    for (index, sum) in sums.iter_mut().take(COLUMNS.div_ceil(8)).enumerate() {
                        let weights = _mm256_loadu_si256(weights.add(index));
                        *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(weights, x));
                    }
                }
            };
            if SPARSE > 0 {
                let mut pairs = not_zero::<_, SPARSE>(input);
                while pairs != 0 {
                    add(pairs.trailing_zeros() as usize);
                    pairs &= pairs - 1;
                }
            }
            (SPARSE..PAIRS).for_each(add);
            finish(sums, out);
        }
    }

    /// A bit for each of the first `SPARSE` pairs that is not 0.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn not_zero<const PAIRS: usize, const SPARSE: usize>(input: &[[i16; 2]; PAIRS]) -> u64 {
        const { assert!(SPARSE == 0 || SPARSE >= 8 && SPARSE <= PAIRS && SPARSE < 64) };
        let mut zero = 0;
        for start in (0..SPARSE).step_by(8) {
            let start = start.min(SPARSE - 8);
            // Safety: there are eight pairs, a register, from there on, and loads may be unaligned.
            let x = unsafe { _mm256_loadu_si256(input.as_ptr().add(start).cast()) };
            let equal = _mm256_cmpeq_epi32(x, _mm256_setzero_si256());
            zero |= u64::from(_mm256_movemask_ps(_mm256_castsi256_ps(equal)) as u8) << start;
        }
        !zero & ((1 << SPARSE) - 1)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::{
        AllTapWeights, BLOCK, Instructions, Keys, Masks, PairWeights, Sums, TAPS, Units, Work,
        half, lane, tap_lines,
    };
    use std::arch::x86_64::*;

    /// There is one only in [`run`].
    #[derive(Clone, Copy)]
    struct Avx512(());

    #[target_feature(
        enable = "avx2,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"
    )]
    pub fn run<W: Work>(work: W) -> W::Output {
        work.run(Avx512(()))
    }

    impl Instructions for Avx512 {
        #[inline(always)]
        fn product<const PAIRS: usize, const COLUMNS: usize>(
            self,
            weights: &[PairWeights; PAIRS],
            bias: &Sums,
            inputs: &[[[i16; 2]; PAIRS]],
            out: &mut [Sums],
        ) {
            assert_eq!(inputs.len(), out.len());
            // Safety: who called `run` saw to it that the processor has the features.
            unsafe { product(weights, bias, inputs, out) }
        }

        #[inline(always)]
        fn taps(
            self,
            weights: &AllTapWeights,
            bits: u32,
            dilation: usize,
            lines: &[Units],
            out: &mut [Units],
        ) {
            assert!(lines.len() >= out.len() + (TAPS - 1) * dilation);
            // Safety: likewise, and no line is looked for beyond the last.
            unsafe { taps(weights, bits, dilation, lines, out) }
        }

        #[inline(always)]
        fn matches(self, keys: &Keys, key: u32) -> u32 {
            // Safety: likewise.
            unsafe { matches(keys, key) }
        }

        #[inline(always)]
        fn classify(self, block: &[u8; BLOCK]) -> Masks {
            // Safety: likewise.
            unsafe { classify(block) }.opaque()
        }

        #[inline(always)]
        fn equal(self, block: &[u8; BLOCK], byte: u8) -> u64 {
            // Safety: likewise.
            unsafe { equal(block, byte) }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn classify(block: &[u8; BLOCK]) -> Masks {
        // Safety: a block is a register, and loads may be unaligned.
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8));
        let within = |bytes, first: u8, last: u8| {
            let from = _mm512_sub_epi8(bytes, _mm512_set1_epi8(first as i8));
            _mm512_cmple_epu8_mask(from, _mm512_set1_epi8((last - first) as i8))
        };
        let letter = within(_mm512_or_si512(bytes, _mm512_set1_epi8(0x20)), b'a', b'z');
        let digit = within(bytes, b'0', b'9');
        Masks {
            space: is(b' ') | within(bytes, b'\t', b'\r'),
            letter,
            upper: within(bytes, b'A', b'Z'),
            digit,
            word: letter | digit | is(b'\'') | _mm512_movepi8_mask(bytes),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
        // Safety: a block is a register, and loads may be unaligned.
        let bytes = unsafe { _mm512_loadu_si512(block.as_ptr().cast()) };
        _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn taps(
        weights: &AllTapWeights,
        bits: u32,
        dilation: usize,
        lines: &[Units],
        out: &mut [Units],
    ) {
        let count = _mm_cvtsi32_si128(bits as i32);
        for (line, out) in out.iter_mut().enumerate() {
            for part in 0..1 {
                // Safety: `Units` and half of `TapWeights` are 64 bytes, a register, loads and
                // stores may be unaligned, and the caller sees to it that the lines are there.
                unsafe {
                    let at = |line: usize| {
                        _mm512_loadu_si512(lines.as_ptr().add(line).cast::<__m512i>().add(part))
                    };
                    let mut sums = [_mm512_set1_epi32(half(bits)); 2];
                    for (pair, weights) in weights.iter().enumerate() {
                        let [a, b] = tap_lines(pair, dilation).map(|tap| at(line + tap));
                        let x = [_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b)];
                        let weights = [0, 1].map(|half| {
                            _mm512_loadu_si512(weights[half].as_ptr().cast::<__m512i>().add(part))
                        });
                        sums[0] = _mm512_dpwssd_epi32(sums[0], x[0], weights[0]);
                        sums[1] = _mm512_dpwssd_epi32(sums[1], x[1], weights[1]);
                    }
                    let [low, high] = sums.map(|sum| _mm512_sra_epi32(sum, count));
                    let out = out.as_mut_ptr().cast::<__m512i>().add(part);
                    _mm512_storeu_si512(out, _mm512_packs_epi32(low, high));
                }
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512vl")]
    fn matches(keys: &Keys, key: u32) -> u32 {
        // Safety: `Keys` is 32 bytes, half a register, and loads may be unaligned.
        let keys = unsafe { _mm256_loadu_si256(keys.as_ptr().cast()) };
        u32::from(_mm256_cmpeq_epi32_mask(keys, _mm256_set1_epi32(key as i32)))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn product<const PAIRS: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]],
        out: &mut [Sums],
    ) {
        // Eight lines at once: enough sums in flight to hide how long each takes.
        let (inputs, rest) = inputs.as_chunks::<8>();
        let (out, rest_out) = out.as_chunks_mut::<8>();
        for (inputs, out) in inputs.iter().zip(out) {
            lines(weights, bias, inputs, out);
        }
        for (input, out) in rest.iter().zip(rest_out) {
            lines(weights, bias, std::array::from_ref(input), std::array::from_mut(out));
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
    fn lines<const PAIRS: usize, const LINES: usize>(
        weights: &[PairWeights; PAIRS],
        bias: &Sums,
        inputs: &[[[i16; 2]; PAIRS]; LINES],
        out: &mut [Sums; LINES],
    ) {
        // Safety: `Sums` and `PairWeights` are 128 bytes, two registers, and loads and stores may
        // be unaligned.
        unsafe {
            let bias = bias.as_ptr().cast::<__m512i>();
            let bias = [_mm512_loadu_si512(bias), _mm512_loadu_si512(bias.add(1))];
            let mut sums = [bias; LINES];
            for pair in 0..PAIRS {
                let weights = weights[pair].as_ptr().cast::<__m512i>();
                let weights = [_mm512_loadu_si512(weights), _mm512_loadu_si512(weights.add(1))];
                for line in 0..LINES {
                    let x = _mm512_set1_epi32(lane(inputs[line][pair]));
                    for index in 0..2 {
                        sums[line][index] =
                            _mm512_dpwssd_epi32(sums[line][index], weights[index], x);
                    }
                }
            }
            for (sums, out) in sums.into_iter().zip(out) {
                let out = out.as_mut_ptr().cast::<__m512i>();
                _mm512_storeu_si512(out, sums[0]);
                _mm512_storeu_si512(out.add(1), sums[1]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random.
    fn noise() -> impl FnMut() -> i16 {
        let mut state = 7_u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as i16
        }
    }

    struct Product<'p> {
        weights: &'p [PairWeights; 44],
        bias: &'p Sums,
        inputs: &'p [[[i16; 2]; 44]],
    }

    impl Work for Product<'_> {
        type Output = Vec<Sums>;

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Vec<Sums> {
            let mut out = vec![[0; OUTPUTS]; self.inputs.len()];
            with.product::<_, OUTPUTS>(self.weights, self.bias, self.inputs, &mut out);
            out
        }
    }

    struct Narrowed<'p, const SPARSE: usize>(Product<'p>, u32);

    impl<const SPARSE: usize> Work for Narrowed<'_, SPARSE> {
        type Output = Vec<Units>;

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Vec<Units> {
            let Narrowed(Product { weights, bias, inputs }, bits) = self;
            let mut out = vec![Units::default(); inputs.len()];
            let outs = out.iter_mut();
            with.units::<_, SPARSE, _>(weights, (bias, bits), inputs, outs, |units, out| {
                *out = units;
            });
            out
        }
    }

    struct Taps<'t> {
        weights: &'t AllTapWeights,
        bits: u32,
        dilation: usize,
        lines: &'t [Units],
    }

    impl Work for Taps<'_> {
        type Output = Vec<Units>;

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Vec<Units> {
            let mut out = vec![Units::default(); self.lines.len() - (TAPS - 1) * self.dilation];
            with.taps(self.weights, self.bits, self.dilation, self.lines, &mut out);
            out
        }
    }

    #[test]
    fn all_levels_weigh_lines_alike() {
        let mut random = noise();
        let lines: Vec<Units> =
            (0..30).map(|_| std::array::from_fn(|_| [random(), random()])).collect();
        let mut weights = AllTapWeights::default();
        weights.as_flattened_mut().as_flattened_mut().as_flattened_mut().fill_with(|| random() / 6);
        for weight in weights[TAPS / 2].as_flattened_mut() {
            weight[1] = 0;
        }
        for (bits, dilation) in [(0, 1), (1, 2), (9, 1), (12, 4), (14, 7)] {
            let work = || Taps { weights: &weights, bits, dilation, lines: &lines };
            let expected = work().run(portable::Baseline);
            for level in Level::supported() {
                assert_eq!(run(level, work()), expected, "{level:?}, {bits}, {dilation}");
            }
        }
    }

    struct Matches<'k>(&'k Keys, u32);

    impl Work for Matches<'_> {
        type Output = u32;

        #[inline(always)]
        fn run(self, with: impl Instructions) -> u32 {
            with.matches(self.0, self.1)
        }
    }

    struct Classify<'b>(&'b [u8; BLOCK]);

    impl Work for Classify<'_> {
        type Output = (Masks, u64);

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Self::Output {
            (with.classify(self.0), with.equal(self.0, b'\n'))
        }
    }

    #[test]
    fn all_levels_classify_alike() {
        for shift in 0..=255_u8 {
            let block = std::array::from_fn(|index| shift.wrapping_add((5 * index) as u8));
            let expected = Classify(&block).run(portable::Baseline);
            for level in Level::supported() {
                assert_eq!(run(level, Classify(&block)), expected, "{level:?}, {shift}");
            }
        }
    }

    #[test]
    fn all_levels_find_the_same_keys() {
        let keys: Keys = std::array::from_fn(|index| (7 * index as u32 / 2 % 5).to_le_bytes());
        for key in 0..6 {
            let expected = Matches(&keys, key).run(portable::Baseline);
            assert_eq!(expected.count_ones() > 0, key < 5);
            for level in Level::supported() {
                assert_eq!(run(level, Matches(&keys, key)), expected, "{level:?}, {key}");
            }
        }
    }

    #[test]
    fn all_levels_give_the_same_sums() {
        let mut random = noise();
        let weights: [PairWeights; 44] =
            std::array::from_fn(|_| std::array::from_fn(|_| [random() / 64, random() / 64]));
        let bias: Sums = std::array::from_fn(|_| i32::from(random()) << 8);
        for lines in [0, 1, 2, 7, 8, 16, 19] {
            // Each line has one more pair of zeros than the one before.
            let inputs: Vec<[[i16; 2]; 44]> = (0..lines)
                .map(|line| {
                    let mut pairs = std::array::from_fn(|_| [random(), random()]);
                    pairs[44 - line..].fill([0; 2]);
                    pairs[line] = [0, random()];
                    pairs
                })
                .collect();
            let work = || Product { weights: &weights, bias: &bias, inputs: &inputs };
            let sums = work().run(portable::Baseline);
            for level in Level::supported() {
                assert_eq!(run(level, work()), sums, "{level:?}, {lines} lines");
                for bits in [0, 9, 14] {
                    let narrow = |sum: i32| (sum >> bits).clamp(-0x8000, 0x7fff) as i16;
                    let units: Vec<i16> = sums.as_flattened().iter().copied().map(narrow).collect();
                    let dense = run(level, Narrowed::<0>(work(), bits));
                    assert_eq!(dense.as_flattened().as_flattened(), units, "{level:?}, {bits}");
                    let sparse = run(level, Narrowed::<44>(work(), bits));
                    assert_eq!(sparse, dense, "{level:?}, {bits}");
                    let partly = run(level, Narrowed::<13>(work(), bits));
                    assert_eq!(partly, dense, "{level:?}, {bits}");
                }
            }
        }
    }
}
