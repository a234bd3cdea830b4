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

instructions!(Avx512, load);

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
#[target_feature(enable = "avx512f,avx512bw,bmi2")]
fn load(text: &[u8]) -> [u8; BLOCK] {
    let len = text.len().min(BLOCK) as u32;
    // Safety: no byte beyond the text is touched, and both are 64 bytes of integers.
    unsafe {
        let bytes = _mm512_maskz_loadu_epi8(_bzhi_u64(u64::MAX, len), text.as_ptr().cast());
        std::mem::transmute::<__m512i, [u8; BLOCK]>(bytes)
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
#[target_feature(enable = "avx512f,avx512bw")]
fn spread(bits: u64, byte: u8) -> [u8; BLOCK] {
    let bytes = _mm512_maskz_set1_epi8(bits, byte as i8);
    // Safety: both are 64 bytes of integers.
    unsafe { std::mem::transmute::<__m512i, [u8; BLOCK]>(bytes) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn taps(weights: &AllTapWeights, bits: u32, dilation: usize, lines: &[Units], out: &mut [Units]) {
    let count = _mm_cvtsi32_si128(bits as i32);
    let half = _mm512_set1_epi32(half(bits));
    // The same for all lines, so that they stay in registers.
    let weights = weights.each_ref().map(|pair| {
        // Safety: half of `TapWeights` is 64 bytes, a register, and loads may be unaligned.
        pair.each_ref().map(|weights| unsafe { _mm512_loadu_si512(weights.as_ptr().cast()) })
    });
    for (line, out) in out.iter_mut().enumerate() {
        let mut sums = [half; 2];
        for (pair, weights) in weights.into_iter().enumerate() {
            // Safety: `Units` is 64 bytes, a register, loads may be unaligned, and the caller sees
            // to it that the lines are there.
            let [a, b] = tap_lines(pair, dilation)
                .map(|tap| unsafe { _mm512_loadu_si512(lines.as_ptr().add(line + tap).cast()) });
            sums[0] = _mm512_dpwssd_epi32(sums[0], _mm512_unpacklo_epi16(a, b), weights[0]);
            sums[1] = _mm512_dpwssd_epi32(sums[1], _mm512_unpackhi_epi16(a, b), weights[1]);
        }
        let [low, high] = sums.map(|sum| _mm512_sra_epi32(sum, count));
        // Safety: stores may be unaligned.
        unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), _mm512_packs_epi32(low, high)) };
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn matches(keys: &Keys, key: u32) -> u32 {
    // Safety: `Keys` is 32 bytes, half a register, and loads may be unaligned.
    let keys = unsafe { _mm256_loadu_si256(keys.as_ptr().cast()) };
    u32::from(_mm256_cmpeq_epi32_mask(keys, _mm256_set1_epi32(key as i32)))
}

/// How many sums a register has.
const LANES: usize = 16;

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,bmi1")]
fn product<const PAIRS: usize, const COLUMNS: usize>(
    weights: &[PairWeights; PAIRS],
    bias: &Sums,
    inputs: &[[[i16; 2]; PAIRS]],
    out: &mut [Sums],
) {
    let outs = out.iter_mut();
    if COLUMNS <= LANES {
        sums::<_, 1, 0, _>(weights, bias, inputs, outs, |[first], out| {
            // Safety: the first half of `Sums` is 64 bytes, a register, and stores may be unaligned.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), first) };
        });
    } else {
        sums::<_, 2, 0, _>(weights, bias, inputs, outs, |sums, out| {
            // Safety: both are 128 bytes of integers.
            *out = unsafe { std::mem::transmute::<[__m512i; 2], Sums>(sums) };
        });
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,bmi1")]
fn units<const PAIRS: usize, const COLUMNS: usize, const SPARSE: usize, T>(
    weights: &[PairWeights; PAIRS],
    (bias, bits): (&Sums, u32),
    inputs: &[[[i16; 2]; PAIRS]],
    outs: impl Iterator<Item = T>,
    finish: impl Fn(Units, T),
) {
    let count = _mm_cvtsi32_si128(bits as i32);
    let finish = |sums: [__m512i; 2], out| {
        let units = sums.map(|sum| _mm512_cvtsepi32_epi16(_mm512_sra_epi32(sum, count)));
        // Safety: both are 64 bytes of integers.
        finish(unsafe { std::mem::transmute::<[__m256i; 2], Units>(units) }, out);
    };
    if COLUMNS <= LANES {
        sums::<_, 1, SPARSE, _>(weights, bias, inputs, outs, |[first], out| {
            finish([first, _mm512_setzero_si512()], out);
        });
    } else {
        sums::<_, 2, SPARSE, _>(weights, bias, inputs, outs, finish);
    }
}

/// Hands `finish` the first `REGISTERS` times [`LANES`] sums of each line.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,bmi1")]
fn sums<const PAIRS: usize, const REGISTERS: usize, const SPARSE: usize, T>(
    weights: &[PairWeights; PAIRS],
    bias: &Sums,
    inputs: &[[[i16; 2]; PAIRS]],
    mut outs: impl Iterator<Item = T>,
    finish: impl Fn([__m512i; REGISTERS], T),
) {
    // Eight lines at once: enough sums in flight to hide how long each takes.
    let (inputs, rest) = inputs.as_chunks::<8>();
    for inputs in inputs {
        let sums = of_lines::<_, REGISTERS, SPARSE, 8>(weights, bias, inputs);
        for (sums, out) in sums.into_iter().zip(&mut outs) {
            finish(sums, out);
        }
    }
    for (input, out) in rest.iter().zip(outs) {
        let [sums] =
            of_lines::<_, REGISTERS, SPARSE, 1>(weights, bias, std::array::from_ref(input));
        finish(sums, out);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni,bmi1")]
fn of_lines<const PAIRS: usize, const REGISTERS: usize, const SPARSE: usize, const LINES: usize>(
    weights: &[PairWeights; PAIRS],
    bias: &Sums,
    inputs: &[[[i16; 2]; PAIRS]; LINES],
) -> [[__m512i; REGISTERS]; LINES] {
    // Safety: both are 128 bytes of integers.
    let [first, second] = unsafe { std::mem::transmute::<Sums, [__m512i; 2]>(*bias) };
    let mut sums = [std::array::from_fn(|register| [first, second][register]); LINES];
    let mut add = |pair: usize| {
        // Safety: no pair is beyond `PAIRS`, and both are 128 bytes of integers.
        let weights = unsafe {
            std::mem::transmute::<PairWeights, [__m512i; 2]>(*weights.get_unchecked(pair))
        };
        for (sums, input) in sums.iter_mut().zip(inputs) {
            // Safety: likewise.
            let x = _mm512_set1_epi32(lane(unsafe { *input.get_unchecked(pair) }));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_dpwssd_epi32(*sum, weights, x);
            }
        }
    };
    if SPARSE > 0 {
        // All in one loop: the compiler would unroll one for the others and run out of registers.
        let others = !(u64::MAX << (PAIRS - SPARSE)) << SPARSE;
        let mut pairs = not_zero::<_, SPARSE, _>(inputs) | others;
        while pairs != 0 {
            add(pairs.trailing_zeros() as usize);
            pairs &= pairs - 1;
        }
    } else {
        (0..PAIRS).for_each(add);
    }
    sums
}

/// A bit for each of the first `SPARSE` pairs that is not 0 in all lines.
#[inline]
#[target_feature(enable = "avx512f")]
fn not_zero<const PAIRS: usize, const SPARSE: usize, const LINES: usize>(
    inputs: &[[[i16; 2]; PAIRS]; LINES],
) -> u64 {
    const { assert!(SPARSE == 0 || SPARSE >= 16 && SPARSE <= PAIRS && PAIRS < 64) };
    let mut pairs = 0;
    for start in (0..SPARSE).step_by(16) {
        let start = start.min(SPARSE - 16);
        let mut all = _mm512_setzero_si512();
        for input in inputs {
            // Safety: there are 16 pairs, a register, from there on, and loads may be unaligned.
            let x = unsafe { _mm512_loadu_si512(input.as_ptr().add(start).cast()) };
            all = _mm512_or_si512(all, x);
        }
        pairs |= u64::from(_mm512_test_epi32_mask(all, all)) << start;
    }
    pairs
}
