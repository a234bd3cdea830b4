//! FNV-1a, 64 bits (Fowler, Noll, Vo): for checksums, fingerprints and folds; not for malice.

/// The hash of nothing.
pub(crate) const START: u64 = 0xcbf2_9ce4_8422_2325;

/// The hash after `value`: a byte, or a word for speed.
pub(crate) fn step(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3)
}
