//! The dense features: counts of a line's characters and words, and of the document so far,
//! brought to 0..=127.

use super::chars::{Class, ends_sentence};
use super::tokens::Words;

/// How many dense features a line has.
pub const DENSE: usize = 70;

/// The dense features of a line, each 0..=127.
pub type Dense = [u8; DENSE];

/// Value of a feature that says yes.
const YES: u8 = 64;

/// What was counted in a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub chars: u32,
    pub indent: u32,
    pub spaces: u32,
    pub lower: u32,
    pub upper: u32,
    pub caseless: u32,
    pub spaceless: u32,
    pub digits: u32,
    pub symbols: u32,
    /// Of the `spaceless`, those of scripts with some five characters a word.
    pub southeast_asian: u32,
    /// Words, and characters of scripts that write words together.
    pub words: u32,
    pub letter_words: u32,
    pub capitalised: u32,
    pub shouted: u32,
    pub years: u32,
    pub numbers: u32,
    pub commas: u32,
    pub sentence_ends: u32,
    pub separators: u32,
    pub quotes: u32,
    pub copyrights: u32,
    pub ats: u32,
    pub colons: u32,
    pub pipes: u32,
    pub parens: u32,
    pub currencies: u32,
    pub code_signs: u32,
    pub urls: u32,
    pub images: u32,
    pub markdown_links: u32,
    pub link_chars: u32,
    pub target_chars: u32,
    pub link_marks: u32,
    /// First character that is no white space.
    pub first: char,
    pub first_class: Option<Class>,
    /// Last character that neither is white space nor closes a quotation or bracket.
    pub last: char,
    pub last_class: Option<Class>,
    pub very_last: char,
    /// State of the scan: the sign just before, and where the last `[` stood.
    pub previous_symbol: Option<char>,
    pub in_target: bool,
    pub bracket_at: u32,
    pub digits_at_bracket: u32,
}

/// What earlier lines left behind.
#[derive(Clone, Debug, Default)]
pub(super) struct DocumentSoFar {
    lines: u32,
    words: u32,
    blank_before: u32,
    blanks: u32,
    long_lines: u32,
    wrapped_lines: u32,
    link_marks: u32,
    markdown_links: u32,
}

/// Columns at which text browsers wrap; a line of a wrapped paragraph is seldom shorter than
/// the first, never longer than the second.
const WRAPPED_COLUMNS: std::ops::RangeInclusive<u32> = 60..=82;

/// Words of a line that is likely a sentence.
const LONG_LINE_WORDS: u32 = 12;

impl DocumentSoFar {
    pub(super) fn blank_line(&mut self) {
        self.blank_before = self.blank_before.saturating_add(1);
        self.blanks = self.blanks.saturating_add(1);
    }

    pub(super) fn line(&mut self, counts: &Counts) {
        self.blank_before = 0;
        self.lines = self.lines.saturating_add(1);
        self.words = self.words.saturating_add(counts.words);
        self.long_lines =
            self.long_lines.saturating_add(u32::from(counts.text_words() >= LONG_LINE_WORDS));
        self.wrapped_lines = self.wrapped_lines.saturating_add(u32::from(counts.is_wrapped()));
        self.link_marks = self.link_marks.saturating_add(counts.link_marks);
        self.markdown_links = self.markdown_links.saturating_add(counts.markdown_links);
    }
}

impl Counts {
    fn columns(&self) -> u32 {
        self.indent + self.spaces + self.chars
    }

    fn is_wrapped(&self) -> bool {
        WRAPPED_COLUMNS.contains(&self.columns())
    }

    fn letters(&self) -> u32 {
        self.lower + self.upper + self.caseless + self.spaceless
    }

    /// Words; where a script writes them together, by the usual length of one.
    fn text_words(&self) -> u32 {
        let east_asian = self.spaceless - self.southeast_asian;
        self.words - self.spaceless + east_asian.div_ceil(2) + self.southeast_asian.div_ceil(5)
    }
}

/// Eight times the binary logarithm of `n + 1`, linear between powers of two.
fn log2_eighths(n: u32) -> u8 {
    let m = u64::from(n) + 1;
    let power = m.ilog2();
    let value = 8 * power as u64 + ((m << 3) >> power) - 8;
    value.min(127) as u8
}

/// `part` of `whole` as 0..=127.
fn share(part: u32, whole: u32) -> u8 {
    if whole == 0 {
        return 0;
    }
    (u64::from(part.min(whole)) * 127 / u64::from(whole)) as u8
}

fn yes(is: bool) -> u8 {
    if is { YES } else { 0 }
}

/// `count` on a scale on which 8 is the most.
fn few(count: u32) -> u8 {
    (count.min(8) * 15) as u8
}

pub(super) fn features(
    counts: &Counts,
    words: &Words,
    document: &DocumentSoFar,
    seen: bool,
) -> Dense {
    let mut dense = [0; DENSE];
    let mut next = 0;
    let mut put = |value: u8| {
        dense[next] = value;
        next += 1;
    };
    let n = counts.text_words();
    let letters = counts.letters();
    let cased = counts.lower + counts.upper;
    let spaced = letters - counts.spaceless;

    // How much there is.
    put(log2_eighths(counts.chars));
    put(log2_eighths(n));
    put(yes(n >= 3));
    put(yes(n >= 6));
    put(yes(n >= 10));
    put(yes(n >= 25));
    put((8 * spaced / counts.letter_words.max(1)).min(127) as u8);
    put(share(words.distinct(), counts.words.min(256)));
    put(log2_eighths(counts.columns()));
    put(yes(counts.is_wrapped()));
    put(log2_eighths(counts.indent) / 2 * 3);

    // What it is made of.
    put(share(letters, counts.chars));
    put(share(counts.digits, counts.chars));
    put(share(counts.symbols, counts.chars));
    put(share(counts.upper, cased));
    put(yes(cased == 0));
    put(share(counts.spaceless, letters));
    put(share(counts.capitalised, counts.letter_words));
    put(share(counts.shouted, counts.letter_words));
    put(share(counts.numbers, counts.words));
    put(few(counts.years));

    // How it starts.
    put(yes(counts.first_class == Some(Class::Lower)));
    put(yes(counts.first_class == Some(Class::Upper)));
    put(yes(matches!(counts.first_class, Some(Class::Caseless | Class::Spaceless))));
    put(yes(counts.first_class == Some(Class::Digit)));
    put(yes(matches!(
        counts.first,
        '•' | '·' | '-' | '*' | '–' | '—' | '▪' | '●' | '■' | '+' if counts.first_class == Some(Class::Symbol)
    )));
    put(yes(counts.first == '#'));
    put(yes(matches!(counts.first, '"' | '“' | '„' | '«' | '「' | '『' | '‘' | '\'')));
    put(yes(counts.first == '>'));
    put(yes(counts.first == '|'));

    // How it ends.
    put(yes(ends_sentence(counts.last)));
    put(yes(matches!(counts.last, '?' | '？' | '؟')));
    put(yes(matches!(counts.last, '!' | '！')));
    put(yes(counts.last == '…'));
    put(yes(matches!(counts.last, ':' | '：')));
    put(yes(matches!(counts.last, ',' | ';' | '،' | '，' | '、' | '؛')));
    put(yes(matches!(
        counts.last_class,
        Some(Class::Lower | Class::Upper | Class::Caseless | Class::Spaceless)
    )));
    put(yes(counts.last_class == Some(Class::Digit)));
    put(yes(counts.last != counts.very_last));

    // Signs inside.
    put(log2_eighths(counts.commas));
    put((16 * counts.commas / n.max(1)).min(127) as u8);
    put(log2_eighths(counts.sentence_ends));
    put(few(counts.separators));
    put(share(counts.separators, n.max(1)));
    put(few(counts.quotes));
    put(few(counts.colons));
    put(few(counts.parens));
    put(few(counts.copyrights));
    put(few(counts.ats));
    put(few(counts.currencies));
    put(few(counts.pipes));
    put(few(counts.code_signs));
    put(few(counts.urls));
    put(few(counts.images));
    put(few(counts.markdown_links));
    put(share(counts.link_chars, counts.chars));
    put(log2_eighths(counts.target_chars));
    put(few(counts.link_marks));
    put(share(counts.link_marks, n.max(1)));
    put(yes(counts.first == '['));

    // The document so far.
    put(yes(seen));
    put(yes(document.blank_before > 0 || document.lines == 0));
    put(yes(document.blank_before > 1));
    put(log2_eighths(document.lines));
    put(log2_eighths(document.words));
    put(log2_eighths(document.long_lines));
    put(share(document.long_lines, document.lines));
    put(share(document.blanks, document.lines + document.blanks));
    put(share(document.wrapped_lines, document.lines));
    put(yes(document.link_marks > 0));
    debug_assert_eq!(next, DENSE);
    dense
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_exact_at_powers_of_two_and_never_fall() {
        for power in 0..15 {
            assert_eq!(log2_eighths((1 << power) - 1), 8 * power as u8);
        }
        assert!((0..100_000).map(log2_eighths).is_sorted());
        assert_eq!(log2_eighths(u32::MAX), 127);
    }

    #[test]
    fn shares_stay_in_range() {
        assert_eq!(share(0, 0), 0);
        assert_eq!(share(3, 3), 127);
        assert_eq!(share(u32::MAX, 1), 127);
    }
}
