//! AVX2, and what came before it.

use super::{
    AllTapWeights, BLOCK, Instructions, Keys, Masks, PairWeights, Sums, TAPS, Units, Work, half,
    lane, tap_lines,
};
use std::arch::x86_64::*;

/// There is one only in [`run`].
#[derive(Clone, Copy)]
struct Avx2(());

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub fn run<W: Work>(work: W) -> W::Output {
    work.run(Avx2(()))
}

instructions!(Avx2, load);

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
            _mm256_cmpeq_epi8(_mm256_min_epu8(from, _mm256_set1_epi8((last - first) as i8)), from)
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
fn load(text: &[u8]) -> [u8; BLOCK] {
    let len = text.len().min(BLOCK);
    // How long a text is cannot be guessed, so there is no branch on it but for the shortest.
    let rest = match text[..len].last_chunk() {
        Some(last) => u32::from_le_bytes(*last).checked_shr(32 - len as u32 % 4 * 8).unwrap_or(0),
        None => text.iter().rev().fold(0, |rest, &byte| rest << 8 | u32::from(byte)),
    };
    let (rest, index) = (_mm256_set1_epi32(rest as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    let block = [0, 8].map(|first| {
        let whole = _mm256_set1_epi32(len as i32 / 4 - first);
        let from = text.as_ptr().wrapping_add(4 * first as usize).cast();
        // Safety: nothing is read but whole fours of bytes of the text.
        let fours = unsafe { _mm256_maskload_epi32(from, _mm256_cmpgt_epi32(whole, index)) };
        _mm256_or_si256(fours, _mm256_and_si256(rest, _mm256_cmpeq_epi32(whole, index)))
    });
    // Safety: both are 64 bytes of integers.
    unsafe { std::mem::transmute::<[__m256i; 2], [u8; BLOCK]>(block) }
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
fn spread(bits: u64, byte: u8) -> [u8; BLOCK] {
    let bit = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
    // Each byte eight times, of those that are in each half of a register.
    let first =
        _mm256_set_epi64x(0x0303_0303_0303_0303, 0x0202_0202_0202_0202, 0x0101_0101_0101_0101, 0);
    let bytes = [bits as i32, (bits >> 32) as i32].map(|bits| {
        let bits = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), first), bit);
        _mm256_and_si256(_mm256_cmpeq_epi8(bits, bit), _mm256_set1_epi8(byte as i8))
    });
    // Safety: both are 64 bytes of integers.
    unsafe { std::mem::transmute::<[__m256i; 2], [u8; BLOCK]>(bytes) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn taps(weights: &AllTapWeights, bits: u32, dilation: usize, lines: &[Units], out: &mut [Units]) {
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
fn units<const PAIRS: usize, const COLUMNS: usize, const SPARSE: usize, T>(
    weights: &[PairWeights; PAIRS],
    (bias, bits): (&Sums, u32),
    inputs: &[[[i16; 2]; PAIRS]],
    outs: impl Iterator<Item = T>,
    finish: impl Fn(Units, T),
) {
    let count = _mm_cvtsi32_si128(bits as i32);
    sums::<_, COLUMNS, SPARSE, _>(weights, bias, inputs, outs, |sums, out| {
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
