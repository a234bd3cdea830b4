//! Slots that are emptied between documents in the time it takes to look at a few of them: most
//! documents fill a small part.

/// Parts of a table that are emptied on their own.
const PARTS: usize = 64;

/// A table of `N` slots.
#[derive(Clone, Debug)]
pub(super) struct Table<T, const N: usize> {
    slots: Box<[T; N]>,
    /// Whether a part may have slots that are not empty.
    is_used: [bool; PARTS],
}

impl<T: Copy + Default, const N: usize> Default for Table<T, N> {
    fn default() -> Table<T, N> {
        const { assert!(N.is_multiple_of(PARTS)) };
        Table { slots: Box::new([T::default(); N]), is_used: [false; PARTS] }
    }
}

impl<T: Copy + Default, const N: usize> Table<T, N> {
    /// A slot to write to.
    #[inline(always)]
    pub fn at(&mut self, slot: usize) -> &mut T {
        self.is_used[slot / (N / PARTS)] = true;
        &mut self.slots[slot]
    }

    /// Empties all slots.
    pub fn clear(&mut self) {
        for (slots, is_used) in self.slots.chunks_mut(N / PARTS).zip(&mut self.is_used) {
            if std::mem::take(is_used) {
                slots.fill(T::default());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_slots_are_emptied() {
        let mut table = Table::<u16, 128>::default();
        for first in [0, 1, 5] {
            (first..128).step_by(9).for_each(|slot| *table.at(slot) = 7);
            table.clear();
            assert!((0..128).all(|slot| *table.at(slot) == 0));
        }
    }
}
