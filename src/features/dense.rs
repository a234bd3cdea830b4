//! The dense features: counts of a line's characters and words, and of the document so far,
//! brought to 0..=127. One table names them all.

use super::chars::{Class, ends_sentence};
use super::memory::Repeats;
use super::tokens::Words;
use crate::label::Label;

/// How many dense features a line has.
pub const DENSE: usize = Feature::ALL.len();

/// The dense features of a line, each 0..=127.
pub type Dense = [u8; DENSE];

/// Value of a feature that says yes.
const YES: u8 = 64;

/// What was counted in a line.
#[derive(Clone, Debug, Default, PartialEq)]
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

    #[inline(always)]
    pub(super) fn line(&mut self, counts: &Counts) {
        self.blank_before = 0;
        self.lines = self.lines.saturating_add(1);
        self.words = self.words.saturating_add(counts.words);
        self.long_lines = self.long_lines.saturating_add(u32::from(counts.is_long()));
        self.wrapped_lines = self.wrapped_lines.saturating_add(u32::from(counts.is_wrapped()));
        self.link_marks = self.link_marks.saturating_add(counts.link_marks);
    }
}

impl Counts {
    #[inline(always)]
    fn columns(&self) -> u32 {
        self.indent + self.spaces + self.chars
    }

    #[inline(always)]
    fn is_wrapped(&self) -> bool {
        WRAPPED_COLUMNS.contains(&self.columns())
    }

    #[inline(always)]
    pub(super) fn is_long(&self) -> bool {
        self.text_words() >= LONG_LINE_WORDS
    }

    /// What the line looks like from afar.
    #[inline(always)]
    pub(super) fn shape(&self) -> u32 {
        let class = |class: Option<Class>| class.map_or(0, |class| 1 + class as u32);
        let words = self.text_words();
        let size = 32 - (words * words).leading_zeros();
        let digits = u32::from(self.digits > 0) + 2 * u32::from(self.digits > 4);
        1 + class(self.first_class)
            + 16 * (class(self.last_class)
                + 16 * (size + 64 * (digits + 4 * u32::from(ends_sentence(self.last)))))
    }

    #[inline(always)]
    fn letters(&self) -> u32 {
        self.lower + self.upper + self.caseless + self.spaceless
    }

    /// Words; where a script writes them together, by the usual length of one.
    #[inline(always)]
    fn text_words(&self) -> u32 {
        let east_asian = self.spaceless - self.southeast_asian;
        self.words - self.spaceless + east_asian.div_ceil(2) + self.southeast_asian.div_ceil(5)
    }
}

/// Eight times the binary logarithm of `n + 1`, linear between powers of two.
#[inline(always)]
fn log2_eighths(n: u32) -> u8 {
    let m = u64::from(n) + 1;
    let power = m.ilog2();
    let value = 8 * power as u64 + ((m << 3) >> power) - 8;
    value.min(127) as u8
}

/// About how many words a line has, from the feature that tells their logarithm; at least 1.
pub(crate) fn words(dense: &Dense) -> u32 {
    let eighths = u32::from(dense[Feature::Words as usize]);
    let (power, part) = (eighths / 8, eighths % 8);
    (((8 + part) << power) / 8).max(2) - 1
}

/// 2^31 over each small number, rounded up: dividing takes as long as all else about a feature.
static RECIPROCALS: [u32; 1024] = {
    let mut table = [0; 1024];
    let mut n = 1;
    while n < 1024 {
        table[n] = (1_u32 << 31).div_ceil(n as u32);
        n += 1;
    }
    table
};

/// `n / d`, rounded down; `d` is not 0.
#[inline(always)]
fn quotient(n: u64, d: u32) -> u64 {
    match RECIPROCALS.get(d as usize) {
        // The reciprocal is too large by less than 1, so the product by less than n of 2^31, and
        // that is less than 1 / d.
        Some(&reciprocal) if n < 1 << 21 => (n * u64::from(reciprocal)) >> 31,
        _ => n / u64::from(d),
    }
}

/// `part` of `whole` as 0..=127.
#[inline(always)]
fn share(part: u32, whole: u32) -> u8 {
    if whole == 0 {
        return 0;
    }
    quotient(u64::from(part.min(whole)) * 127, whole) as u8
}

#[inline(always)]
fn yes(is: bool) -> u8 {
    if is { YES } else { 0 }
}

/// `count` on a scale on which 8 is the most.
#[inline(always)]
fn few(count: u32) -> u8 {
    (count.min(8) * 15) as u8
}

/// What the features are made of.
struct Line<'l> {
    counts: &'l Counts,
    words: &'l Words,
    document: &'l DocumentSoFar,
    seen: bool,
    repeats: &'l Repeats,
    told: Option<Label>,
    /// Words, by the usual length of one where they are written together.
    n: u32,
    letters: u32,
    cased: u32,
    spaced: u32,
}

macro_rules! dense_features {
    (|$line:ident| $($name:ident, $doc:literal, $value:expr;)*) => {
        /// The dense features, in the order they have in [`Dense`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Feature { $(#[doc = concat!($doc, ".")] $name,)* }

        impl Feature {
            /// Every feature.
            pub const ALL: &'static [Feature] = &[$(Feature::$name,)*];

            /// What it tells, in words.
            pub const fn describe(self) -> &'static str {
                match self { $(Feature::$name => $doc,)* }
            }
        }

        #[inline(always)]
        fn values($line: &Line<'_>) -> Dense {
            [$($value,)*]
        }
    };
}

dense_features! { |line|
    // How much there is.
    Characters, "Length in characters", log2_eighths(line.counts.chars);
    Words, "Length in words", log2_eighths(line.n);
    ThreeWords, "At least 3 words", yes(line.n >= 3);
    SixWords, "At least 6 words", yes(line.n >= 6);
    TenWords, "At least 10 words", yes(line.n >= 10);
    ManyWords, "At least 25 words", yes(line.n >= 25);
    WordLength, "Mean length of its words", quotient(8 * u64::from(line.spaced), line.counts.letter_words.max(1)).min(127) as u8;
    Distinct, "Share of distinct words", share(line.words.distinct(), line.counts.words.min(256));
    Columns, "Columns it fills", log2_eighths(line.counts.columns());
    Wrapped, "As wide as a wrapped line", yes(line.counts.is_wrapped());
    Indent, "Indent", log2_eighths(line.counts.indent) / 2 * 3;

    // What it is made of.
    Letters, "Share of letters", share(line.letters, line.counts.chars);
    Digits, "Share of digits", share(line.counts.digits, line.counts.chars);
    Signs, "Share of signs", share(line.counts.symbols, line.counts.chars);
    Capitals, "Share of capitals", share(line.counts.upper, line.cased);
    NoCase, "No letter has case", yes(line.cased == 0);
    Spaceless, "Share of letters written without spaces", share(line.counts.spaceless, line.letters);
    Capitalised, "Share of capitalised words", share(line.counts.capitalised, line.counts.letter_words);
    Shouted, "Share of words in capitals", share(line.counts.shouted, line.counts.letter_words);
    Numbers, "Share of numbers", share(line.counts.numbers, line.counts.words);
    Years, "Numbers of four digits", few(line.counts.years);

    // How it starts.
    StartsLower, "Starts in lower case", yes(line.counts.first_class == Some(Class::Lower));
    StartsUpper, "Starts with a capital", yes(line.counts.first_class == Some(Class::Upper));
    StartsCaseless, "Starts with a letter without case", yes(matches!(line.counts.first_class, Some(Class::Caseless | Class::Spaceless)));
    StartsDigit, "Starts with a digit", yes(line.counts.first_class == Some(Class::Digit));
    Bullet, "Starts with a bullet", yes(matches!( line.counts.first, '•' | '·' | '-' | '*' | '–' | '—' | '▪' | '●' | '■' | '+' if line.counts.first_class == Some(Class::Symbol) ));
    Hash, "Starts with #", yes(line.counts.first == '#');
    StartsQuoted, "Starts with a quotation mark", yes(matches!(line.counts.first, '"' | '“' | '„' | '«' | '「' | '『' | '‘' | '\''));
    StartsGreater, "Starts with >", yes(line.counts.first == '>');
    StartsPipe, "Starts with |", yes(line.counts.first == '|');

    // How it ends.
    EndsSentence, "Ends like a sentence", yes(ends_sentence(line.counts.last));
    EndsQuestion, "Ends with a question mark", yes(matches!(line.counts.last, '?' | '？' | '؟'));
    EndsExclamation, "Ends with an exclamation mark", yes(matches!(line.counts.last, '!' | '！'));
    EndsEllipsis, "Ends with an ellipsis", yes(line.counts.last == '…');
    EndsColon, "Ends with a colon", yes(matches!(line.counts.last, ':' | '：'));
    EndsComma, "Ends with a comma", yes(matches!(line.counts.last, ',' | ';' | '،' | '，' | '、' | '؛'));
    EndsLetter, "Ends with a letter", yes(matches!( line.counts.last_class, Some(Class::Lower | Class::Upper | Class::Caseless | Class::Spaceless) ));
    EndsDigit, "Ends with a digit", yes(line.counts.last_class == Some(Class::Digit));
    EndsClosed, "Ends with a quotation mark or bracket", yes(line.counts.last != line.counts.very_last);

    // Signs inside.
    Commas, "Commas", log2_eighths(line.counts.commas);
    CommaShare, "Commas for each word", quotient(16 * u64::from(line.counts.commas), line.n.max(1)).min(127) as u8;
    SentenceEnds, "Ends of sentences inside", log2_eighths(line.counts.sentence_ends);
    Separators, "Separators", few(line.counts.separators);
    SeparatorShare, "Separators for each word", share(line.counts.separators, line.n.max(1));
    Quotes, "Quotation marks", few(line.counts.quotes);
    Colons, "Colons", few(line.counts.colons);
    Brackets, "Brackets", few(line.counts.parens);
    Copyrights, "Copyright signs", few(line.counts.copyrights);
    Ats, "@ signs", few(line.counts.ats);
    Currencies, "Currency signs", few(line.counts.currencies);
    Pipes, "Pipes", few(line.counts.pipes);
    CodeSigns, "Signs of code", few(line.counts.code_signs);
    Urls, "URLs", few(line.counts.urls);
    Images, "Markdown images", few(line.counts.images);
    Links, "Markdown links", few(line.counts.markdown_links);
    LinkShare, "Share of it that is links", share(line.counts.link_chars, line.counts.chars);
    Target, "Length of link targets", log2_eighths(line.counts.target_chars);
    LinkMarks, "Numbered link marks", few(line.counts.link_marks);
    LinkMarkShare, "Link marks for each word", share(line.counts.link_marks, line.n.max(1));
    StartsBracket, "Starts with a square bracket", yes(line.counts.first == '[');

    // The document so far.
    Seen, "Seen before on the page", yes(line.seen);
    AfterBlank, "After a blank line", yes(line.document.blank_before > 0 || line.document.lines == 0);
    AfterBlanks, "After several blank lines", yes(line.document.blank_before > 1);
    LinesSoFar, "Lines so far", log2_eighths(line.document.lines);
    WordsSoFar, "Words so far", log2_eighths(line.document.words);
    LongSoFar, "Long lines so far", log2_eighths(line.document.long_lines);
    LongShareSoFar, "Share of long lines so far", share(line.document.long_lines, line.document.lines);
    BlankShareSoFar, "Share of blank lines so far", share(line.document.blanks, line.document.lines + line.document.blanks);
    WrappedShareSoFar, "Share of wrapped lines so far", share(line.document.wrapped_lines, line.document.lines);
    LinkMarksSoFar, "Link marks so far", yes(line.document.link_marks > 0);

    // What it repeats of the document so far.
    Known, "Share of its words seen before", share(line.repeats.known, line.repeats.words);
    KnownLong, "Share of its words seen in long lines", share(line.repeats.known_long, line.repeats.words);
    KnownCount, "Words seen in long lines", log2_eighths(line.repeats.known_long);
    NewCount, "Words never seen in long lines", log2_eighths(line.repeats.words - line.repeats.known_long);
    KnownPairs, "Share of its pairs of words seen before", share(line.repeats.known_pairs, line.repeats.pairs);
    KnownPairCount, "Pairs of words seen before", log2_eighths(line.repeats.known_pairs);
    SameStart, "Lines before that start like it", log2_eighths(line.repeats.starts);
    SameEnd, "Lines before that end like it", log2_eighths(line.repeats.ends);
    SameShape1, "Same shape as the line before", yes(line.repeats.shapes[0]);
    SameShape2, "Same shape two lines before", yes(line.repeats.shapes[1]);
    SameShape3, "Same shape three lines before", yes(line.repeats.shapes[2]);
    SameShapes, "Lines of the same shape just before", few(line.repeats.shapes.iter().map(|&same| u32::from(same)).sum());

    // What the user's rules say of the line.
    ToldContent, "Kept by a rule", yes(line.told == Some(Label::Content));
    ToldChrome, "Dropped by a rule", yes(line.told == Some(Label::Chrome));
}

#[inline(always)]
pub(super) fn features(
    counts: &Counts,
    words: &Words,
    document: &DocumentSoFar,
    seen: bool,
    repeats: &Repeats,
    told: Option<Label>,
) -> Dense {
    let letters = counts.letters();
    values(&Line {
        counts,
        words,
        document,
        seen,
        repeats,
        told,
        n: counts.text_words(),
        letters,
        cased: counts.lower + counts.upper,
        spaced: letters - counts.spaceless,
    })
}

/// Makes the features of a line those of one that a rule is about.
#[cfg(feature = "train")]
pub(crate) fn tell(dense: &mut Dense, label: Label) {
    let feature = match label {
        Label::Content => Feature::ToldContent,
        Label::Chrome => Feature::ToldChrome,
    };
    dense[feature as usize] = YES;
}

/// Makes the features of a line those of one in a script without case, as far as they can tell:
/// for training, where few pages are in such a script.
#[cfg(feature = "train")]
pub(crate) fn take_case_away(dense: &mut Dense) {
    use Feature::*;
    if dense[StartsLower as usize] + dense[StartsUpper as usize] > 0 {
        dense[StartsCaseless as usize] = YES;
    }
    dense[NoCase as usize] = YES;
    for feature in [Capitals, Capitalised, Shouted, StartsLower, StartsUpper] {
        dense[feature as usize] = 0;
    }
}

/// Makes the features of a line those of one on a page without blank lines.
#[cfg(feature = "train")]
pub(crate) fn take_blanks_away(dense: &mut Dense) {
    for feature in [Feature::AfterBlank, Feature::AfterBlanks, Feature::BlankShareSoFar] {
        dense[feature as usize] = 0;
    }
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
    fn words_are_told_from_their_logarithm() {
        let mut dense = [0; DENSE];
        for n in [1, 2, 3, 7, 12, 100, 1000] {
            dense[Feature::Words as usize] = log2_eighths(n);
            let told = words(&dense);
            assert!(told <= n && n - told <= n / 8, "{told} for {n}");
        }
        assert_eq!(words(&[0; DENSE]), 1);
    }

    #[test]
    fn quotients_are_exact() {
        for d in 1..1100 {
            let multiples = (0..(1 << 21) / u64::from(d)).step_by(37).map(|n| n * u64::from(d));
            for n in
                multiples.flat_map(|n| [n, n + u64::from(d) - 1]).chain([(1 << 21) - 1, 1 << 40])
            {
                assert_eq!(quotient(n, d), n / u64::from(d), "{n} / {d}");
            }
        }
    }

    #[test]
    fn shares_stay_in_range() {
        assert_eq!(share(0, 0), 0);
        assert_eq!(share(3, 3), 127);
        assert_eq!(share(u32::MAX, 1), 127);
    }
}
