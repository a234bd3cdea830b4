//! SSE2, which every x86-64 has.

use super::{
    AllTapWeights, BLOCK, Instructions, KEYS, Keys, Masks, PairWeights, Sums, TAPS, Units, half,
    lane, tap_lines,
};
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
pub struct Baseline;

instructions!(Baseline);

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
fn spread(bits: u64, byte: u8) -> [u8; BLOCK] {
    let bit = _mm_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
    let bits = _mm_set_epi64x(0, bits as i64);
    // Each byte twice, four times, eight times.
    let twice = _mm_unpacklo_epi8(bits, bits);
    let [low, high] = [_mm_unpacklo_epi16(twice, twice), _mm_unpackhi_epi16(twice, twice)];
    let bytes = [
        _mm_unpacklo_epi32(low, low),
        _mm_unpackhi_epi32(low, low),
        _mm_unpacklo_epi32(high, high),
        _mm_unpackhi_epi32(high, high),
    ]
    .map(|bits| {
        let is_set = _mm_cmpeq_epi8(_mm_and_si128(bits, bit), bit);
        _mm_and_si128(is_set, _mm_set1_epi8(byte as i8))
    });
    // Safety: both are 64 bytes of integers.
    unsafe { std::mem::transmute::<[__m128i; 4], [u8; BLOCK]>(bytes) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn taps(weights: &AllTapWeights, bits: u32, dilation: usize, lines: &[Units], out: &mut [Units]) {
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
fn units<const PAIRS: usize, const COLUMNS: usize, const SPARSE: usize, T>(
    weights: &[PairWeights; PAIRS],
    (bias, bits): (&Sums, u32),
    inputs: &[[[i16; 2]; PAIRS]],
    outs: impl Iterator<Item = T>,
    finish: impl Fn(Units, T),
) {
    let count = _mm_cvtsi32_si128(bits as i32);
    sums::<_, COLUMNS, SPARSE, _>(weights, bias, inputs, outs, |sums, out| {
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
