//! The inner loops that need the processor's wide registers, each with a plain twin that gives
//! the same bits. The one module with `unsafe` code.
//!
//! Which instructions are used is found out once, when the program runs. `DECHROME_SIMD` set to
//! `portable` or `avx2` allows no more than that, for tests and measurements.
//!
//! [`run`] does a piece of [`Work`] that is compiled once for each level: what it calls must be
//! inlined to be compiled for the level too.

#![allow(unsafe_code)]

/// Has the functions of a level's module do what [`Instructions`] ask for; `load` only if it has one
/// of its own, which leaves the block in a register.
#[cfg(target_arch = "x86_64")]
macro_rules! instructions {
    ($level:ident $(, $load:ident)?) => {
        impl Instructions for $level {
            #[inline(always)]
            fn product<const PAIRS: usize, const COLUMNS: usize>(
                self,
                weights: &[PairWeights; PAIRS],
                bias: &Sums,
                inputs: &[[[i16; 2]; PAIRS]],
                out: &mut [Sums],
            ) {
                assert_eq!(inputs.len(), out.len());
                // Safety: a value of the level shows that the processor has its instructions.
                unsafe { product::<_, COLUMNS>(weights, bias, inputs, out) }
            }

            #[inline(always)]
            fn units<const PAIRS: usize, const COLUMNS: usize, const SPARSE: usize, T>(
                self,
                weights: &[PairWeights; PAIRS],
                bias_and_bits: (&Sums, u32),
                inputs: &[[[i16; 2]; PAIRS]],
                outs: impl Iterator<Item = T>,
                finish: impl Fn(Units, T),
            ) {
                // Safety: likewise.
                unsafe { units::<_, COLUMNS, SPARSE, _>(weights, bias_and_bits, inputs, outs, finish) }
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
            fn fetch<T>(self, of: &[T], index: usize) {
                let at = of.as_ptr().wrapping_add(index);
                // Safety: every processor of this kind has the instruction, and it is only a hint:
                // any address will do.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
            }

            $(#[inline(always)]
            fn load(self, text: &[u8]) -> [u8; BLOCK] {
                // Safety: likewise.
                unsafe { $load(text) }
            }

            #[inline(always)]
            fn classify_start(self, _: &[u8], block: &[u8; BLOCK]) -> Masks {
                // It is still in a register.
                self.classify(block)
            })?

            #[inline(always)]
            fn classify(self, block: &[u8; BLOCK]) -> Masks {
                // Safety: likewise.
                unsafe { classify(block) }.opaque()
            }

            #[inline(always)]
            fn spread(self, bits: u64, byte: u8) -> [u8; BLOCK] {
                // Safety: likewise.
                unsafe { spread(bits, byte) }
            }

            #[inline(always)]
            fn equal(self, block: &[u8; BLOCK], byte: u8) -> u64 {
                // Safety: likewise.
                unsafe { equal(block, byte) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod baseline;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable;

use std::sync::LazyLock;

#[cfg(not(target_arch = "x86_64"))]
use portable as baseline;

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
    /// and what `outs` has for the line; only the first `COLUMNS` are to be looked at. Of the first
    /// `SPARSE` pairs many are expected to be 0.
    #[inline(always)]
    fn units<const PAIRS: usize, const COLUMNS: usize, const SPARSE: usize, T>(
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
            self.product::<_, COLUMNS>(weights, bias, inputs, sums);
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

    /// Has what is at `index`, if anything is, brought nearer, for it will be needed soon.
    #[inline(always)]
    fn fetch<T>(self, _of: &[T], _index: usize) {}

    /// A text that is no longer than a block, and zeros.
    #[inline(always)]
    fn load(self, text: &[u8]) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        // Copies of lengths that the compiler knows, for a call would take longer.
        let _ = copy_ends::<32>(text, &mut block)
            || copy_ends::<16>(text, &mut block)
            || copy_ends::<8>(text, &mut block)
            || copy_ends::<4>(text, &mut block)
            || copy_ends::<2>(text, &mut block)
            || copy_ends::<1>(text, &mut block);
        block
    }

    /// What the bytes of a block are.
    fn classify(self, block: &[u8; BLOCK]) -> Masks;

    /// What the bytes of a block are that was [loaded](Instructions::load) from the start of `text`.
    #[inline(always)]
    fn classify_start(self, text: &[u8], block: &[u8; BLOCK]) -> Masks {
        // Where there is a whole block, what has just been put together need not be waited for.
        self.classify(text.first_chunk().unwrap_or(block))
    }

    /// A bit for each byte of a block that is `byte`.
    fn equal(self, block: &[u8; BLOCK], byte: u8) -> u64;

    /// A block that has `byte` where there is a bit, and 0 elsewhere.
    fn spread(self, bits: u64, byte: u8) -> [u8; BLOCK];
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

/// Copies the first and the last `N` bytes of `text`, which is at most twice as long, if it is long
/// enough.
#[inline(always)]
fn copy_ends<const N: usize>(text: &[u8], block: &mut [u8; BLOCK]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) else {
        return false;
    };
    block[..N].copy_from_slice(first);
    block[text.len() - N..][..N].copy_from_slice(last);
    true
}

/// Two inputs as they lie in one lane of 32 bits.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn lane(pair: [i16; 2]) -> i32 {
    i32::from(pair[0] as u16) | i32::from(pair[1]) << 16
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

    struct Product<'p, const COLUMNS: usize> {
        weights: &'p [PairWeights; 44],
        bias: &'p Sums,
        inputs: &'p [[[i16; 2]; 44]],
    }

    impl<const COLUMNS: usize> Work for Product<'_, COLUMNS> {
        type Output = Vec<Sums>;

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Vec<Sums> {
            let mut out = vec![[0; OUTPUTS]; self.inputs.len()];
            with.product::<_, COLUMNS>(self.weights, self.bias, self.inputs, &mut out);
            out
        }
    }

    struct Narrowed<'p, const COLUMNS: usize, const SPARSE: usize>(Product<'p, COLUMNS>, u32);

    impl<const COLUMNS: usize, const SPARSE: usize> Work for Narrowed<'_, COLUMNS, SPARSE> {
        type Output = Vec<Units>;

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Vec<Units> {
            let Narrowed(Product { weights, bias, inputs }, bits) = self;
            let mut out = vec![Units::default(); inputs.len()];
            let outs = out.iter_mut();
            with.units::<_, COLUMNS, SPARSE, _>(
                weights,
                (bias, bits),
                inputs,
                outs,
                |units, out| {
                    *out = units;
                },
            );
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

    struct Spread(u64);

    impl Work for Spread {
        type Output = [u8; BLOCK];

        #[inline(always)]
        fn run(self, with: impl Instructions) -> [u8; BLOCK] {
            with.spread(self.0, 64)
        }
    }

    #[test]
    fn all_levels_spread_bits_alike() {
        let some = 0x0123_4567_89ab_cdef_u64;
        for bits in (0..64).flat_map(|bit| [1 << bit, some.rotate_left(bit)]) {
            let expected = Spread(bits).run(portable::Baseline);
            for level in Level::supported() {
                assert_eq!(run(level, Spread(bits)), expected, "{level:?}, {bits:x}");
            }
        }
    }

    struct Load<'t>(&'t [u8]);

    impl Work for Load<'_> {
        type Output = [u8; BLOCK];

        #[inline(always)]
        fn run(self, with: impl Instructions) -> [u8; BLOCK] {
            with.load(self.0)
        }
    }

    #[test]
    fn a_text_of_any_length_is_loaded_with_zeros_behind_it() {
        let text: [u8; BLOCK] = std::array::from_fn(|index| index as u8 + 1);
        for len in 0..=BLOCK {
            let expected: Vec<u8> =
                (0..BLOCK).map(|index| if index < len { text[index] } else { 0 }).collect();
            // Memory of its own, so that tools see where a level reads beyond it.
            let text = text[..len].to_vec();
            for level in Level::supported() {
                assert_eq!(run(level, Load(&text))[..], expected, "{level:?}, {len}");
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
            all_levels_sum_alike::<OUTPUTS>(&weights, &bias, &inputs);
            all_levels_sum_alike::<18>(&weights, &bias, &inputs);
            all_levels_sum_alike::<16>(&weights, &bias, &inputs);
            all_levels_sum_alike::<1>(&weights, &bias, &inputs);
        }
    }

    fn all_levels_sum_alike<const COLUMNS: usize>(
        weights: &[PairWeights; 44],
        bias: &Sums,
        inputs: &[[[i16; 2]; 44]],
    ) {
        let work = || Product::<COLUMNS> { weights, bias, inputs };
        let first = |sums: Vec<Sums>| -> Vec<i32> {
            sums.iter().flat_map(|sums| &sums[..COLUMNS]).copied().collect()
        };
        let first_units = |units: Vec<Units>| -> Vec<i16> {
            units.iter().flat_map(|units| &units.as_flattened()[..COLUMNS]).copied().collect()
        };
        let sums = first(work().run(portable::Baseline));
        for level in Level::supported() {
            let lines = inputs.len();
            assert_eq!(first(run(level, work())), sums, "{level:?}, {lines} lines");
            for bits in [0, 9, 14] {
                let narrow = |sum: &i32| (sum >> bits).clamp(-0x8000, 0x7fff) as i16;
                let units: Vec<i16> = sums.iter().map(narrow).collect();
                let dense = run(level, Narrowed::<COLUMNS, 0>(work(), bits));
                assert_eq!(first_units(dense), units, "{level:?}, {bits}");
                let sparse = run(level, Narrowed::<COLUMNS, 44>(work(), bits));
                assert_eq!(first_units(sparse), units, "{level:?}, {bits}");
                let partly = run(level, Narrowed::<COLUMNS, 19>(work(), bits));
                assert_eq!(first_units(partly), units, "{level:?}, {bits}");
            }
        }
    }
}
