//! One pass over the characters of a line: classes counted, words found.
//!
//! Bytes are classified 64 at a time. What lies between white space and ASCII signs is a word of
//! letters, a number, or something else; the first two are taken whole and counted by the bits of
//! their block, the rest goes character by character through a table. So do the other letters than
//! ASCII ones in words.

use std::hint::select_unpredictable;
use std::sync::atomic::Ordering::Relaxed;

use memchr::memchr;

use super::chars::{
    ASCII, BITS, BYTE_ORDER_MARK, CHANGES, Character, Class, KNOWN, LENGTH, SOUTHEAST_ASIAN, TALLY,
    class_of, known, sign,
};
use super::dense::Counts;
use super::tokens::{AHEAD, Found, Tally, Words, id_of};
use crate::simd::{BLOCK, Instructions, Masks};
use crate::utf8::decode;

/// Counts the characters of the parts of a line, into `counts` which are those of none, and finds
/// their words. Bytes that are not UTF-8 count as symbols.
#[inline(always)]
pub(super) fn scan(
    with: impl Instructions,
    parts: [&[u8]; 2],
    words: &mut Words,
    counts: &mut Counts,
) {
    let mut scan = Scan { counts, words, signs: [0; 16] };
    let [mut part, mut next] = parts;
    loop {
        scan.part(with, part);
        if next.is_empty() {
            break;
        }
        part = std::mem::take(&mut next);
    }
    // In the order of the bits.
    let [commas, sentence_ends, separators, quotes, copyrights, ats, ..] = scan.signs;
    let [.., colons, pipes, parens, currencies, code_signs, _, _, _, _, _] = scan.signs;
    counts.commas = commas.into();
    counts.sentence_ends = sentence_ends.into();
    counts.separators = separators.into();
    counts.quotes = quotes.into();
    counts.copyrights = copyrights.into();
    counts.ats = ats.into();
    counts.colons = colons.into();
    counts.pipes = pipes.into();
    counts.parens = parens.into();
    counts.currencies = currencies.into();
    counts.code_signs = code_signs.into();
}

/// A scan under way.
struct Scan<'s> {
    counts: &'s mut Counts,
    words: &'s mut Words,
    /// How often each bit of [`sign`] was seen. A line has at most twice
    /// [`SCORED_BYTES`](super::SCORED_BYTES), so 16 bits are enough.
    signs: [u16; 16],
}

const _: () = assert!(2 * super::SCORED_BYTES <= u16::MAX as usize);

/// The character at the start of four bytes and its length, if these are more than one and up to
/// three; it may also be one that should be shorter.
#[inline(always)]
fn long_character(bytes: u32) -> Option<(u32, usize)> {
    let (two, three) = (bytes ^ 0x80c0, bytes ^ 0x80_80e0);
    if two & 0xc0e0 == 0 {
        Some(((two & 0xff) << 6 | two >> 8 & 0xff, 2))
    } else if three & 0xc0_c0f0 == 0 {
        Some(((three & 0xff) << 12 | (three >> 8 & 0xff) << 6 | three >> 16 & 0xff, 3))
    } else {
        None
    }
}

/// The character at the start of four bytes and its length, if it is of up to three.
#[inline(always)]
fn short_character(bytes: u32) -> Option<(u32, usize)> {
    if bytes & 0x80 == 0 {
        return Some((bytes & 0x7f, 1));
    }
    // What should be shorter is none.
    long_character(bytes).filter(|&(c, len)| c >= if len == 2 { 0x80 } else { 0x800 })
}

/// Four bytes of a block.
#[inline(always)]
fn four(bytes: &[u8; BLOCK + AHEAD], at: usize) -> u32 {
    let four = bytes[at % BLOCK..].first_chunk().expect("as much lies ahead");
    u32::from_le_bytes(*four)
}

/// How many bytes are taken at once: less than are classified, so that one more can end a word.
const TAKEN: usize = BLOCK - 1;

/// A bit for each of the first `len` bytes of a block.
#[inline(always)]
fn below(len: usize) -> u64 {
    !(u64::MAX << len)
}

/// What is in a block, a bit for each byte.
#[derive(Clone, Copy)]
struct Block<'b> {
    bytes: &'b [u8; BLOCK + AHEAD],
    /// Words and signs.
    filled: u64,
    symbol: u64,
    /// What is part of words and no ASCII letter.
    others: u64,
    /// Of the words, those that were taken character by character.
    mixed: u64,
    /// Of the other words, bytes that continue a character.
    continued: u64,
}

impl Block<'_> {
    /// The characters before `end` that are taken whole, by their first bytes.
    #[inline(always)]
    fn characters(&self, end: usize) -> u64 {
        self.filled & below(end) & !self.mixed & !self.continued
    }

    /// The character before `end`, if it is ASCII and part of what is taken whole.
    #[inline(always)]
    fn before(&self, end: usize) -> Option<char> {
        let last = (self.filled & below(end)).checked_ilog2()?;
        let byte = self.bytes[last as usize];
        (byte.is_ascii() && self.mixed >> last & 1 == 0).then(|| char::from(byte))
    }

    /// The sign just before `at`; `before` is the one at the end of what was taken character by
    /// character.
    #[inline(always)]
    fn previous_symbol(&self, at: usize, before: Option<char>) -> Option<char> {
        if at == 0 {
            return before;
        }
        let bit = 1 << (at - 1);
        if self.mixed & bit != 0 {
            return before;
        }
        (self.symbol & bit != 0).then(|| char::from(self.bytes[at - 1]))
    }
}

impl Scan<'_> {
    #[inline(always)]
    fn part(&mut self, with: impl Instructions, text: &[u8]) {
        let mut at = 0;
        while at < text.len() {
            at = if self.counts.in_target {
                at + self.target(&text[at..])
            } else {
                self.block(with, text, at)
            };
        }
    }

    /// Takes what begins in the next bytes of `text`, from `at` on, and gives where that ends.
    #[inline(always)]
    fn block(&mut self, with: impl Instructions, text: &[u8], at: usize) -> usize {
        let rest = &text[at..];
        let mut len = rest.len().min(TAKEN);
        let taken = with.load(&rest[..len]);
        let mut bytes = [0; BLOCK + AHEAD];
        bytes[..BLOCK].copy_from_slice(&taken);
        let Masks { space, letter, upper, digit, word } = with.classify_start(rest, &taken);
        if rest.len() > TAKEN {
            // A word at the end of the block may go on behind it: it is left to the next block.
            len -= (word << 1).leading_ones() as usize;
            if len == 0 {
                return at + self.characters(rest);
            }
        }
        let inside = below(len);
        let [letter, upper, digit, word] = [letter, upper, digit, word].map(|mask| mask & inside);
        let symbol = !(space | word) & inside;
        let filled = word | symbol;
        let starts = word & !(word << 1) | symbol;
        let ends = !word & word << 1 | symbol << 1;
        // A carry runs through the letters at the start of a word to its end, if they are all.
        let plain = (letter + (letter & starts)) & !letter & !word;
        let others = word & !letter;
        let mut block = Block { bytes: &bytes, filled, symbol, others, mixed: 0, continued: 0 };

        let mut leading = 0;
        if self.counts.first_class.is_none() {
            leading = starts.trailing_zeros().min(len as u32) as usize;
            let blank = &bytes[..leading];
            let columns = blank.iter().map(|&byte| if byte == b'\t' { 4 } else { 1 });
            self.counts.indent += columns.sum::<u32>();
            let first = bytes[leading];
            if starts != 0 && first.is_ascii() {
                self.begin(first.into(), ASCII[usize::from(first)].class);
            }
        }

        let mut found = self.words.found;
        let (mut starts_left, mut ends_left) = (starts, ends);
        // Where the last of what may end the text of the line ends, 0 for what was noted already.
        let mut last = 0;
        'block: while starts_left != 0 {
            // Most are plain words: in a loop of their own all that they need is in registers.
            let (start, end) = loop {
                let (start, end) = (starts_left.trailing_zeros(), ends_left.trailing_zeros());
                starts_left &= starts_left - 1;
                ends_left &= ends_left - 1;
                let is_plain = plain >> end & 1 != 0;
                let (start, end) = (start as usize, end as usize);
                if !is_plain {
                    break (start, end);
                }
                self.words.ascii_letters(&mut found, &bytes, start, end - start);
                last = end;
                if starts_left == 0 {
                    break 'block;
                }
            };
            if symbol >> start & 1 != 0 {
                let byte = bytes[start];
                let signs = ASCII[usize::from(byte & 0x7f)].signs;
                self.signs(signs);
                found.symbol(byte.into());
                last = select_unpredictable(signs & sign::CLOSES == 0, end, last);
                if signs & sign::PAIRS != 0 {
                    let before = block.previous_symbol(start, self.counts.previous_symbol);
                    let chars = block.characters(end).count_ones();
                    self.pair(before, byte.into(), self.counts.chars + chars);
                    if self.counts.in_target {
                        len = end;
                        break;
                    }
                }
            } else if (digit >> start).trailing_ones() as usize == end - start {
                let digits = (end - start) as u32;
                self.counts.digits += digits;
                self.counts.words += 1;
                self.counts.years += u32::from(digits == 4);
                self.counts.numbers += 1;
                self.words.number(&mut found, digits);
                last = end;
            } else if let Some(end) = self.letters(&mut found, &mut block, start, end, upper) {
                last = end;
            } else {
                // What those before it left for the end of the block has to come first.
                self.settle(&block, start, last);
                self.counts.previous_symbol =
                    block.previous_symbol(start, self.counts.previous_symbol);
                last = 0;
                block.mixed |= below(end) & u64::MAX << start;
                self.words.found = found;
                self.characters(&bytes[start..]);
                found = self.words.found;
                if self.counts.first_class.is_none() {
                    // White space that is not ASCII: more of it may follow.
                    len = end;
                    break;
                }
            }
        }
        self.words.found = found;
        self.settle(&block, len, last);

        let counts = &mut *self.counts;
        counts.previous_symbol = block.previous_symbol(len, counts.previous_symbol);
        let filled = filled & below(len);
        let done = block.characters(len);
        let (upper, starts) = (upper & done, starts & done);
        let shouted = (upper + (upper & starts & upper >> 1)) & !upper & !word;
        let (letters, uppers) = ((letter & done).count_ones(), upper.count_ones());
        let words = (letter & starts).count_ones();
        counts.spaces += (len - leading) as u32 - filled.count_ones();
        counts.chars += done.count_ones();
        counts.symbols += (symbol & done).count_ones();
        counts.upper += uppers;
        counts.lower += letters - uppers;
        counts.words += words;
        counts.letter_words += words;
        counts.capitalised += (upper & starts).count_ones();
        counts.shouted += shouted.count_ones();
        at + len
    }

    /// Takes the word from `start` to `end` if it is of letters that are in [`KNOWN`] and nothing
    /// else, and gives where it ends, or 0 if that was noted already. `upper` has a bit for each
    /// capital in ASCII.
    #[inline(always)]
    fn letters(
        &mut self,
        found: &mut Found,
        block: &mut Block,
        start: usize,
        end: usize,
        upper: u64,
    ) -> Option<usize> {
        let mut bytes = *block.bytes;
        let run = below(end) & u64::MAX << start;
        let (mut tally, mut continued) = (0, 0);
        let mut left = block.others & run;
        let (last, after) = loop {
            let at = left.trailing_zeros() as usize;
            let (c, len) = long_character(four(block.bytes, at))?;
            let known = KNOWN[c as usize % KNOWN.len()].load(Relaxed);
            // This leaves out what should be shorter, too.
            if known >> LENGTH & 0xf != len as u64 {
                return None;
            }
            if known >> CHANGES & 1 != 0 {
                bytes[at..at + len].copy_from_slice(&known.to_le_bytes()[..len]);
            }
            tally += 1 << ((known >> TALLY) as u8);
            continued |= ((1 << len) - 2) << at;
            let after = at + len;
            left &= u64::MAX << after;
            if left == 0 {
                break ((char::from_u32(c)?, class_of(known)), after);
            }
        };
        let is_first_ascii = block.others >> start & 1 == 0;
        let first = if is_first_ascii {
            last
        } else {
            let (c, _) = long_character(four(block.bytes, start))?;
            (char::from_u32(c)?, class_of(KNOWN[c as usize % KNOWN.len()].load(Relaxed)))
        };
        let characters = run & !continued;
        let letters = characters.count_ones();
        let tally = Tally(tally);
        self.words.letters(
            found,
            &bytes,
            start,
            end - start,
            characters >> start,
            tally.caseless(),
        );
        block.continued |= continued;
        let uppers = tally.upper() + (upper & run).count_ones();
        let counts = &mut *self.counts;
        counts.upper += tally.upper();
        counts.lower += tally.lower();
        counts.caseless += tally.caseless();
        counts.shouted += u32::from(uppers >= 2 && uppers == letters);
        // What is ASCII is counted with the block.
        if !is_first_ascii {
            let (c, class) = first;
            counts.words += 1;
            counts.letter_words += 1;
            counts.capitalised += u32::from(class == Class::Upper);
            if counts.first_class.is_none() {
                self.begin(c, class);
            }
        }
        if after < end {
            return Some(end);
        }
        self.ends(last.0, last.1);
        Some(0)
    }

    /// Takes note of how the text of the line begins.
    #[inline(always)]
    fn begin(&mut self, c: char, class: Class) {
        let counts = &mut *self.counts;
        (counts.first, counts.first_class) = (c, Some(class));
        (counts.last, counts.last_class) = (c, Some(class));
    }

    /// Takes note of how the text of the line ends, if it ends before `len`; what does not close a
    /// quotation or bracket ends before `last`, or was noted if that is 0.
    #[inline(always)]
    fn settle(&mut self, block: &Block, len: usize, last: usize) {
        if let Some(c) = block.before(len) {
            self.counts.very_last = c;
        }
        if last > 0 {
            let byte = block.bytes[last - 1];
            self.counts.last = byte.into();
            self.counts.last_class = Some(ASCII[usize::from(byte & 0x7f)].class);
        }
    }

    /// Takes the word at the start of `text` character by character, and gives how many bytes that
    /// is.
    fn characters(&mut self, text: &[u8]) -> usize {
        let mut at = 0;
        loop {
            if self.counts.first_class.is_some() {
                at += self.known_letters(&text[at..]);
                at += self.known_spaceless(&text[at..]);
            }
            if !text.get(at).is_some_and(|&byte| is_of_word(byte)) {
                break;
            }
            let (c, len) = decode(&text[at..]);
            at += len;
            if c != BYTE_ORDER_MARK {
                self.character(c, Character::of(c));
            }
        }
        self.end_word();
        at
    }

    /// Takes the letters and digits at the start of `text` that are in [`KNOWN`], and gives how many
    /// bytes that is. What is known of the word stays in registers, and nothing is called that might
    /// need them.
    #[inline(always)]
    fn known_letters(&mut self, text: &[u8]) -> usize {
        let mut word = self.words.current;
        let (mut at, mut last) = (0, (0, Class::Space));
        while let Some(next) = text[at..].first_chunk() {
            let Some((c, len)) = short_character(u32::from_le_bytes(*next)) else { break };
            let known = KNOWN[c as usize].load(Relaxed);
            let class = class_of(known);
            match class {
                Class::Lower | Class::Upper | Class::Caseless => {
                    let bits = u32::from((known >> BITS) as u8);
                    word.letter(known as u32, bits, (known >> TALLY) as u8);
                }
                Class::Digit => word.digit(),
                _ => break,
            }
            last = (c, class);
            at += len;
        }
        if at > 0 {
            self.words.current = word;
            self.ends(char::from_u32(last.0).unwrap_or_default(), last.1);
        }
        at
    }

    /// Takes the characters at the start of `text` that are in [`KNOWN`] and of scripts that write
    /// words together, likewise.
    #[inline(always)]
    fn known_spaceless(&mut self, text: &[u8]) -> usize {
        let mut found = self.words.found;
        let (mut at, mut last, mut southeast_asian) = (0, 0, 0);
        while let Some(next) = text[at..].first_chunk() {
            let Some((c, 3)) = long_character(u32::from_le_bytes(*next)) else { break };
            let known = KNOWN[c as usize].load(Relaxed);
            if class_of(known) != Class::Spaceless {
                break;
            }
            if at == 0 {
                self.end_word();
                found = self.words.found;
            }
            let is_southeast_asian = known >> SOUTHEAST_ASIAN & 1 != 0;
            self.words.character(&mut found, known as u32, is_southeast_asian);
            southeast_asian += u32::from(is_southeast_asian);
            last = c;
            at += 3;
        }
        if at > 0 {
            self.words.found = found;
            let characters = at as u32 / 3;
            let counts = &mut *self.counts;
            counts.chars += characters;
            counts.words += characters;
            counts.spaceless += characters;
            counts.southeast_asian += southeast_asian;
            self.ends(char::from_u32(last).unwrap_or_default(), Class::Spaceless);
        }
        at
    }

    /// Takes note of a character of a word.
    #[inline(always)]
    fn ends(&mut self, c: char, class: Class) {
        if self.counts.first_class.is_none() {
            self.begin(c, class);
        }
        let counts = &mut *self.counts;
        (counts.last, counts.last_class) = (c, Some(class));
        counts.very_last = c;
        counts.previous_symbol = None;
    }

    /// The word at hand, if any, is complete.
    fn end_word(&mut self) {
        if self.words.current.is_some() {
            self.words.current.count(self.counts);
            self.words.end_word(self.counts);
        }
    }

    #[inline(always)]
    fn character(&mut self, c: char, character: Character) {
        let class = character.class;
        match class {
            Class::Space => {
                self.end_word();
                let counts = &mut *self.counts;
                *(if counts.first_class.is_none() {
                    &mut counts.indent
                } else {
                    &mut counts.spaces
                }) += 1;
                counts.previous_symbol = None;
                return;
            }
            Class::Lower | Class::Upper | Class::Caseless => self.words.letter(character),
            Class::Digit => self.words.current.digit(),
            Class::Spaceless => {
                self.end_word();
                let counts = &mut *self.counts;
                counts.chars += 1;
                counts.words += 1;
                counts.spaceless += 1;
                let is_southeast_asian = character.is_southeast_asian();
                counts.southeast_asian += u32::from(is_southeast_asian);
                let mut found = self.words.found;
                self.words.character(&mut found, id_of(c.into()), is_southeast_asian);
                self.words.found = found;
            }
            // An apostrophe inside a word is part of it.
            Class::Symbol if matches!(c, '\'' | '’') && self.words.current.is_some() => {
                self.counts.chars += 1;
                self.counts.very_last = c;
                return;
            }
            Class::Symbol => {
                self.end_word();
                self.symbol(c, character);
                return;
            }
        }
        if let Some(slot) = KNOWN.get(c as usize) {
            slot.store(known(c, character), Relaxed);
        }
        self.ends(c, class);
    }

    /// Takes a sign that is not ASCII, or an apostrophe, between words.
    #[inline(always)]
    fn symbol(&mut self, c: char, character: Character) {
        if self.counts.first_class.is_none() {
            self.begin(c, Class::Symbol);
        }
        self.signs(character.signs);
        self.words.found.symbol(c.into());
        let counts = &mut *self.counts;
        counts.chars += 1;
        counts.symbols += 1;
        counts.previous_symbol = Some(c);
        if character.signs & sign::CLOSES == 0 {
            (counts.last, counts.last_class) = (c, Some(Class::Symbol));
        }
        counts.very_last = c;
    }

    /// Counts what a sign is.
    #[inline(always)]
    fn signs(&mut self, signs: u16) {
        for (bit, count) in self.signs.iter_mut().enumerate() {
            *count += u16::from(signs & 1 << bit != 0);
        }
    }

    /// What the sign `c` means with the one just before it; it is the last of so many `chars`.
    #[cold]
    fn pair(&mut self, before: Option<char>, c: char, chars: u32) {
        let counts = &mut *self.counts;
        let pair = (before, c);
        if pair == (Some(']'), '(') {
            counts.in_target = true;
            counts.markdown_links += 1;
            counts.link_chars += chars.saturating_sub(counts.bracket_at);
        }
        if c == '[' {
            counts.bracket_at = chars;
            counts.digits_at_bracket = counts.digits;
        }
        // `[12]`, as lynx marks a link: nothing but digits between the brackets.
        let between = chars.saturating_sub(counts.bracket_at + 1);
        if c == ']' && between > 0 && between == counts.digits - counts.digits_at_bracket {
            counts.link_marks += 1;
        }
        counts.images += u32::from(pair == (Some('!'), '['));
        counts.urls += u32::from(pair == (Some('/'), '/'));
    }

    /// Takes the target of a Markdown link, which is no text of the page, and gives how many bytes
    /// that is.
    fn target(&mut self, text: &[u8]) -> usize {
        let end = memchr(b')', text);
        self.counts.in_target = end.is_none();
        let len = end.map_or(text.len(), |end| end + 1);
        let mut rest = &text[..len];
        if rest.is_ascii() {
            self.counts.target_chars += len as u32;
            return len;
        }
        while !rest.is_empty() {
            let (c, len) = decode(rest);
            self.counts.target_chars += u32::from(c != BYTE_ORDER_MARK);
            rest = &rest[len..];
        }
        len
    }
}

fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'\'' || byte >= 0x80
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::chars::ends_sentence;
    use super::*;
    use crate::simd::{self, Level, Work};
    use unicode_segmentation::UnicodeSegmentation;

    struct Parts<'p>([&'p [u8]; 2], &'p mut Words);

    impl Work for Parts<'_> {
        type Output = Counts;

        #[inline(always)]
        fn run(self, with: impl Instructions) -> Counts {
            let mut counts = Counts::default();
            scan(with, self.0, self.1, &mut counts);
            counts
        }
    }

    /// Scans with the instructions of `level`.
    pub fn scan_at(level: Level, parts: [&[u8]; 2], words: &mut Words) -> Counts {
        simd::run(level, Parts(parts, words))
    }

    fn counts(text: &[u8]) -> Counts {
        scan_at(Level::best(), [text, &[]], &mut Words::default())
    }

    #[test]
    fn words_are_those_of_the_unicode_standard_where_there_are_spaces() {
        // Annex 29 joins numbers at points and commas; that is the one difference we allow.
        for text in [
            "The ferry, which doesn't sail on Sundays, was late again.",
            "Der Bürgermeister sagte: „Wir bauen 2019 weiter.“",
            "Паром опоздал на 40 минут, и никто не удивился.",
            "Το πλοίο άργησε πάλι· κανείς δεν απόρησε.",
            "تأخرت العبّارة مرة أخرى، ولم يستغرب أحد.",
            "המעבורת איחרה שוב, ואיש לא הופתע.",
            "बस आज फिर देर से आई।",
            "배가 또 늦었지만 아무도 놀라지 않았다.",
            "",
        ] {
            let expected = text.unicode_words().count() as u32;
            assert_eq!(counts(text.as_bytes()).words, expected, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_counted_by_character() {
        for (text, spaceless) in [("今日も船は遅れた。", 8), ("เรือสาย", 7), ("Tokyo 東京", 2)]
        {
            let counts = counts(text.as_bytes());
            assert_eq!(counts.spaceless, spaceless, "{text}");
            assert!(counts.words >= spaceless);
        }
    }

    #[test]
    fn sentences_end_in_the_script_s_own_sign() {
        for text in ["Done.", "done!”", "終わった。", "انتهى؟", "ختم ہوا۔", "समाप्त।", "やった！』"]
        {
            assert!(ends_sentence(counts(text.as_bytes()).last), "{text}");
        }
        assert!(!ends_sentence(counts("Read more:".as_bytes()).last));
    }

    #[test]
    fn targets_of_links_are_not_text() {
        let linked = counts(b"See [the map](http://maps.example/a_(b)) now");
        assert_eq!((linked.markdown_links, linked.words), (1, 4));
        let marked = counts(b"See [12]the map and [x] now");
        assert_eq!(marked.link_marks, 1);
    }
}
