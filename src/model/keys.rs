//! The keys of the tokens of lines that wait for their turn, one line after the other.

use super::format::MAX_TOKENS;
use crate::features::{Listener, TOKEN_ROOM};

/// How many keys are copied at once: as many as most lines have.
const CHUNK: usize = 16;

/// Room for the keys of a line, and for what is copied behind the last of them, wherever in a chunk
/// the first one is.
const ROOM: usize = MAX_TOKENS.next_multiple_of(CHUNK) + CHUNK;

/// Keys of lines that are queued, and of the next one.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    /// All the room there is; always enough for the next line.
    room: Vec<u32>,
    /// How many of them there are, and how many belong to lines that are queued.
    count: usize,
    queued: usize,
}

impl Default for Keys {
    fn default() -> Keys {
        Keys { room: vec![0; ROOM], count: 0, queued: 0 }
    }
}

impl Keys {
    /// Forgets all keys.
    pub fn clear(&mut self) {
        (self.count, self.queued) = (0, 0);
    }

    /// Forgets those of the next line.
    pub fn begin_line(&mut self) {
        self.count = self.queued;
    }

    /// The next line is queued: gives how many there are with its keys. Those beyond the first
    /// [`MAX_TOKENS`] do not count.
    pub fn queue_line(&mut self) -> usize {
        self.queued = self.count;
        if self.room.len() < self.queued + ROOM {
            self.room.resize(2 * self.room.len(), 0);
        }
        self.queued
    }

    /// The first `count` of those of the lines that are queued.
    pub fn first(&mut self, count: usize) -> &mut [u32] {
        &mut self.room[..count]
    }

    /// Forgets the first `count`, and those of the next line.
    pub fn take(&mut self, count: usize) {
        self.room.copy_within(count..self.queued, 0);
        self.queued -= count;
        self.count = self.queued;
    }
}

impl Listener for Keys {
    #[inline]
    fn token(&mut self, key: u32) {
        if self.count < self.queued + MAX_TOKENS {
            self.room[self.count] = key;
            self.count += 1;
        }
    }

    #[inline(always)]
    fn first_tokens(&mut self, keys: &[u32; TOKEN_ROOM], count: usize) {
        let count = count.min(self.queued + MAX_TOKENS - self.count);
        let (to, _) = self.room[self.count..].as_chunks_mut::<CHUNK>();
        let (from, _) = keys.as_chunks::<CHUNK>();
        // How many there are cannot be guessed: mostly it is one chunk.
        for (to, from) in to.iter_mut().zip(from).take(count.div_ceil(CHUNK)) {
            *to = *from;
        }
        self.count += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_line_are_taken_however_they_come() {
        let all = std::array::from_fn(|index| 1 + index as u32);
        for count in [0, 1, 15, 16, 17, 254, 255, 257] {
            let mut keys = Keys::default();
            keys.token(7);
            assert_eq!(keys.queue_line(), 1);
            keys.first_tokens(&all, 9);
            keys.begin_line();
            keys.first_tokens(&all, count);
            keys.token(8);
            assert_eq!(keys.queue_line(), 1 + (count + 1).min(MAX_TOKENS));
            let expected: Vec<u32> =
                [7].into_iter().chain(1..=count as u32).chain([8]).take(1 + MAX_TOKENS).collect();
            assert_eq!(keys.first(expected.len()), expected);
            keys.take(1);
            assert_eq!(keys.first(expected.len() - 1), &expected[1..]);
        }
    }

    #[test]
    fn keys_of_a_line_may_come_in_parts() {
        let all = std::array::from_fn(|index| 1 + index as u32);
        for first in 1..20 {
            let mut keys = Keys::default();
            keys.first_tokens(&all, first);
            keys.first_tokens(&all, 257);
            assert_eq!(keys.queue_line(), (first + 257).min(MAX_TOKENS));
            let expected: Vec<u32> = (1..=first as u32).chain(1..=257).take(MAX_TOKENS).collect();
            assert_eq!(keys.first(expected.len()), expected);
        }
    }
}
