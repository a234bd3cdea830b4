//! AVX-512 with its instructions for neural networks.

use super::{
    AllTapWeights, BLOCK, Instructions, Keys, Masks, PairWeights, Sums, TAPS, Units, Work, half,
    lane, tap_lines,
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

instructions!(Avx512);

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
fn taps(weights: &AllTapWeights, bits: u32, dilation: usize, lines: &[Units], out: &mut [Units]) {
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
fn product<const PAIRS: usize, const COLUMNS: usize>(
    weights: &[PairWeights; PAIRS],
    bias: &Sums,
    inputs: &[[[i16; 2]; PAIRS]],
    out: &mut [Sums],
) {
    // All columns are two registers: leaving some out would save none.
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
                    sums[line][index] = _mm512_dpwssd_epi32(sums[line][index], weights[index], x);
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
