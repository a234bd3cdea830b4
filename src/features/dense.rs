//! The dense features: counts of a line's characters and words, and of the document so far,
//! brought to 0..=127. One table names them all.

use super::chars::{Class, classify_ascii, ends_sentence};
use super::memory::Repeats;
use super::tokens::Words;
use crate::label::Label;
use crate::simd::Instructions;
use crate::utf8::count_chars;

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
    /// Whether the last line was as wide as a wrapped one.
    was_wrapped: bool,
    /// How wide the last line was.
    columns: u32,
    /// Whether a rule of the user's told of it.
    was_told: bool,
    /// How wide the widest of the wrapped lines was.
    widest: u32,
}

/// Columns at which text browsers wrap; a line of a wrapped paragraph is seldom shorter than
/// the first, never longer than the second.
const WRAPPED_COLUMNS: std::ops::RangeInclusive<u32> = 60..=82;

/// A page's lines are wrapped if so many of a hundred are as wide as wrapped ones.
const WRAPPED_OF_HUNDRED: u32 = 15;

/// Words of a line that is likely a sentence.
const LONG_LINE_WORDS: u32 = 12;

/// Words of a line that is no heading, even if it does not end like a sentence.
const NO_HEAD_WORDS: u32 = 20;

/// What a document has is counted up to here.
const MANY: u32 = 1 << 30;

/// How many characters a line's first word has.
fn first_word(text: &[u8]) -> u32 {
    let word = text.trim_ascii_start().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    count_chars(word) as u32
}

/// Counts what a document has.
#[inline(always)]
fn add(count: &mut u32, more: u32) {
    *count = (*count + more).min(MANY);
}

impl DocumentSoFar {
    pub(super) fn blank_lines(&mut self, count: usize) {
        let count = count.min(MANY as usize) as u32;
        add(&mut self.blank_before, count);
        add(&mut self.blanks, count);
    }

    /// Whether the next line is likely the rest of a wrapped paragraph.
    #[inline(always)]
    pub(super) fn goes_on(&self) -> bool {
        self.was_wrapped && self.blank_before == 0
    }

    /// Whether this line surely is: it is no wider, its first word had no room in the line before, and it
    /// starts in lower case or the page's lines are wrapped. Where the user's rules tell, they alone do.
    #[inline(always)]
    pub(super) fn is_continued_by(
        &self,
        line: &Line<'_>,
        text: &[u8],
        told: Option<Label>,
    ) -> bool {
        self.goes_on()
            && !self.was_told
            && told.is_none()
            && (is(line.ends, Feature::StartsLower)
                || 100 * u64::from(self.wrapped_lines)
                    >= u64::from(WRAPPED_OF_HUNDRED) * u64::from(self.lines))
            && line.counts.columns() <= *WRAPPED_COLUMNS.end()
            && self.columns + 1 + first_word(text) > self.widest
    }

    #[inline(always)]
    pub(super) fn line(&mut self, line: &Line<'_>, told: Option<Label>) {
        self.blank_before = 0;
        self.was_wrapped = line.is_wrapped;
        self.was_told = told.is_some();
        self.columns = line.counts.columns();
        if line.is_wrapped {
            self.widest = self.widest.max(self.columns);
        }
        add(&mut self.lines, 1);
        add(&mut self.words, line.counts.words);
        add(&mut self.long_lines, u32::from(line.is_long));
        add(&mut self.wrapped_lines, u32::from(line.is_wrapped));
        add(&mut self.link_marks, line.counts.link_marks);
    }
}

impl Counts {
    #[inline(always)]
    fn columns(&self) -> u32 {
        self.indent + self.spaces + self.chars
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

/// A line, with what is made of its counts.
pub(super) struct Line<'l> {
    pub counts: &'l Counts,
    pub words: &'l Words,
    /// Words, by the usual length of one where they are written together.
    n: u32,
    letters: u32,
    cased: u32,
    spaced: u32,
    pub is_long: bool,
    /// Whether it could be a heading if it does not go on from a line before.
    pub is_head: bool,
    is_wrapped: bool,
    /// The flags of its first and its last character.
    ends: u64,
}

impl Line<'_> {
    #[inline(always)]
    pub(super) fn new<'l>(counts: &'l Counts, words: &'l Words) -> Line<'l> {
        let (n, letters) = (counts.text_words(), counts.letters());
        let beyond = |class: Option<Class>| class.unwrap_or(Class::Space);
        let start = ASCII.get(counts.first as usize).map(|flags| flags[0]);
        let end = ASCII.get(counts.last as usize).map(|flags| flags[1]);
        let ends = start.unwrap_or_else(|| starts(counts.first, beyond(counts.first_class)))
            | end.unwrap_or_else(|| ends(counts.last, beyond(counts.last_class)));
        let is_long = n >= LONG_LINE_WORDS;
        let ends_sentence = is(ends, Feature::EndsSentence);
        Line {
            counts,
            words,
            n,
            letters,
            cased: counts.lower + counts.upper,
            spaced: letters - counts.spaceless,
            is_long,
            is_head: !is_long || n < NO_HEAD_WORDS && !ends_sentence,
            is_wrapped: WRAPPED_COLUMNS.contains(&counts.columns()),
            ends,
        }
    }

    /// What it looks like from afar.
    #[inline(always)]
    pub(super) fn shape(&self) -> u32 {
        let class = |class: Option<Class>| class.map_or(0, |class| 1 + class as u32);
        let Counts { first_class, last_class, digits, .. } = *self.counts;
        let size = 32 - (self.n * self.n).leading_zeros();
        let digits = u32::from(digits > 0) + 2 * u32::from(digits > 4);
        let ends_sentence = u32::from(is(self.ends, Feature::EndsSentence));
        1 + class(first_class)
            + 16 * (class(last_class) + 16 * (size + 64 * (digits + 4 * ends_sentence)))
    }
}

/// Whether a flag is among `flags`.
#[inline(always)]
fn is(flags: u64, flag: Feature) -> bool {
    flags >> flag as u32 & 1 == 1
}

/// What the page says of a line.
pub(super) struct Page<'p> {
    pub document: &'p DocumentSoFar,
    pub repeats: &'p Repeats,
    pub is_seen: bool,
    pub told: Option<Label>,
}

/// Eight times the binary logarithm of `n + 1`, linear between powers of two, at most 127: what a
/// number in floating point begins with.
#[inline(always)]
fn logarithm(n: u32) -> u8 {
    let bits = (n.wrapping_add(1) as i32 as f32).to_bits();
    (bits >> (f32::MANTISSA_DIGITS - 4)).wrapping_sub(8 * (f32::MAX_EXP as u32 - 1)).min(127) as u8
}

/// About how many words a line has, from the feature that tells their logarithm; at least 1.
pub(crate) fn words(dense: &Dense) -> u32 {
    let eighths = u32::from(dense[Feature::Words as usize]);
    let (power, part) = (eighths / 8, eighths % 8);
    (((8 + part) << power) / 8).max(2) - 1
}

/// `factor` times `part` of `whole`, rounded down, at most 127; no part of nothing is nothing. Both
/// are of a line, which has at most 2^15 of what it can have all of.
#[inline(always)]
fn share(factor: f32, part: u32, whole: u32) -> u8 {
    // Puts a whole number into the last bits.
    const ROUNDER: f32 = 1.5 * (1 << 23) as f32;
    // What is not whole is at least 2^-15 below the next whole number.
    const DOWN: f32 = 0.5 - 1.0 / (1 << 17) as f32;
    let quotient = part as i32 as f32 * factor / whole.max(1) as i32 as f32;
    let quotient = if quotient > 127.0 { 127.0 } else { quotient };
    (quotient - DOWN + ROUNDER).to_bits() as u8
}

/// The same of numbers below 2^31.
#[inline(always)]
fn far_share(factor: f64, part: u32, whole: u32) -> u8 {
    const ROUNDER: f64 = 1.5 * (1_u64 << 52) as f64;
    const DOWN: f64 = 0.5 - 1.0 / (1_u64 << 33) as f64;
    let quotient = f64::from(part as i32) * factor / f64::from(whole.max(1) as i32);
    let quotient = if quotient > 127.0 { 127.0 } else { quotient };
    (quotient - DOWN + ROUNDER).to_bits() as u8
}

/// What the text below a line shows of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later {
    /// How many lines above the one that shows it, blank ones not counted; at most
    /// [`REACH`](super::REACH).
    above: usize,
    share: u8,
    new: u8,
}

impl Later {
    /// Of a line of `words` words, `taken` of which are taken up, and `new` of these were new there.
    pub(super) fn new(above: usize, words: u32, taken: u32, new: u32) -> Later {
        Later { above, share: share(127.0, taken, words), new: logarithm(new) }
    }

    /// See [`Extractor::show`](super::Extractor::show).
    pub(super) fn show<L>(&self, before: &mut [L], dense: impl Fn(&mut L) -> &mut Dense) {
        if let Some(line) = before.len().checked_sub(self.above) {
            let dense = dense(&mut before[line]);
            dense[Feature::TakenUp as usize] = self.share;
            dense[Feature::NewTakenUp as usize] = self.new;
        }
    }
}

/// `count` on a scale on which 8 is the most.
#[inline(always)]
fn few(count: u16) -> u8 {
    (count.min(8) * 15) as u8
}

/// Room for what the features are made of, in memory: numbers that it has in registers the compiler
/// would bring together one by one, and then not divide all of them at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    numbers: [u32; 16],
    counts: [u16; 16],
    parts: [u32; 16],
    wholes: [u32; 16],
    /// The first one is of none.
    far_parts: [u32; 4],
    far_wholes: [u32; 4],
}

macro_rules! dense_features {
    (
        |$line:ident, $page:ident, $c:ident, $class:ident|
        starts { $($start:ident, $start_doc:literal, $starts:expr;)* }
        ends { $($end:ident, $end_doc:literal, $ends:expr;)* }
        flags { $($flag:ident, $flag_doc:literal, $is:expr;)* }
        logarithms { $($log:ident, $log_doc:literal, $number:expr;)* }
        few { $($few:ident, $few_doc:literal, $count:expr;)* }
        shares { $($share:ident, $share_doc:literal, $factor:literal * $part:expr, $whole:expr;)* }
        far_shares {
            $($far:ident, $far_doc:literal, $far_factor:literal * $far_part:expr, $far_whole:expr;)*
        }
        later { $($later:ident, $later_doc:literal;)* }
    ) => {
        dense_features! {
            $($start, $start_doc;)* $($end, $end_doc;)* $($flag, $flag_doc;)* $($log, $log_doc;)*
            $($few, $few_doc;)* $($share, $share_doc;)* $($far, $far_doc;)*
            $($later, $later_doc;)*
        }

        /// What a first character says: a bit for each flag, where the feature is.
        const fn starts($c: char, $class: Class) -> u64 {
            0 $(| ($starts as u64) << Feature::$start as u32)*
        }

        /// What a last character says.
        const fn ends($c: char, $class: Class) -> u64 {
            0 $(| ($ends as u64) << Feature::$end as u32)*
        }

        #[inline(always)]
        fn values(
            with: impl Instructions,
            $line: &Line<'_>,
            $page: &Page<'_>,
            room: &mut Room,
            dense: &mut Dense,
        ) {
            const LOGARITHMS: usize = [$(Feature::$log as usize,)*][0];
            const FEW: usize = [$(Feature::$few as usize,)*][0];
            const SHARES: usize = [$(Feature::$share as usize,)*][0];
            const FAR_SHARES: usize = [$(Feature::$far as usize,)*][0];
            let flags = $line.ends $(| u64::from($is) << Feature::$flag as u32)*;
            room.numbers = sixteen([$($number,)*]);
            room.counts = sixteen([$($count as u16,)*]);
            room.parts = sixteen([$($part,)*]);
            room.wholes = sixteen([$($whole,)*]);
            room.far_parts[1..].copy_from_slice(&[$($far_part,)*]);
            room.far_wholes[1..].copy_from_slice(&[$($far_whole,)*]);
            // What is too much of a group is where the next one will be.
            put(&with.spread(flags, YES), dense, 0);
            put(&room.numbers.map(logarithm), dense, LOGARITHMS);
            put(&room.counts.map(few), dense, FEW);
            // Before the others, for the first is none.
            const FACTORS: [f64; 4] = [0.0, $($far_factor as f64,)*];
            let shares = FACTORS.into_iter().zip(room.far_parts).zip(room.far_wholes);
            for (value, ((factor, part), whole)) in dense[FAR_SHARES - 1..].iter_mut().zip(shares) {
                *value = far_share(factor, part, whole);
            }
            let factors = [$($factor as f32,)*];
            let shares = std::array::from_fn::<_, 16, _>(|at| {
                share(factors[at], room.parts[at], room.wholes[at])
            });
            put(&shares, dense, SHARES);
            $(dense[Feature::$later as usize] = 0;)*
        }
    };
    ($($name:ident, $doc:literal;)*) => {
        /// The dense features, in the order they have in [`Dense`]: those that are made alike are
        /// together, so that one loop makes them all, and of these such next to each other that
        /// are often 0 together, for the network passes over pairs of zeros.
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
    };
}

dense_features! { |line, page, c, class|
    starts {
        StartsLower, "Starts in lower case", matches!(class, Class::Lower);
        StartsPipe, "Starts with |", c == '|';
        StartsDigit, "Starts with a digit", matches!(class, Class::Digit);
        StartsQuoted, "Starts with a quotation mark", matches!(c, '"' | '“' | '„' | '«' | '「' | '『' | '‘' | '\'');
        Bullet, "Starts with a bullet", matches!(c, '•' | '·' | '-' | '*' | '–' | '—' | '▪' | '●' | '■' | '+') && matches!(class, Class::Symbol);
        StartsCaseless, "Starts with a letter without case", matches!(class, Class::Caseless | Class::Spaceless);
        Hash, "Starts with #", c == '#';
        StartsGreater, "Starts with >", c == '>';
        StartsUpper, "Starts with a capital", matches!(class, Class::Upper);
        StartsBracket, "Starts with a square bracket", c == '[';
    }
    ends {
        EndsSentence, "Ends like a sentence", ends_sentence(c);
        EndsQuestion, "Ends with a question mark", matches!(c, '?' | '？' | '؟');
        EndsColon, "Ends with a colon", matches!(c, ':' | '：');
        EndsComma, "Ends with a comma", matches!(c, ',' | ';' | '،' | '，' | '、' | '؛');
        EndsLetter, "Ends with a letter", matches!(class, Class::Lower | Class::Upper | Class::Caseless | Class::Spaceless);
        EndsDigit, "Ends with a digit", matches!(class, Class::Digit);
        EndsEllipsis, "Ends with an ellipsis", c == '…';
        EndsExclamation, "Ends with an exclamation mark", matches!(c, '!' | '！');
    }
    flags {
        Wrapped, "As wide as a wrapped line", line.is_wrapped;
        TenWords, "At least 10 words", line.n >= 10;
        SixWords, "At least 6 words", line.n >= 6;
        ThreeWords, "At least 3 words", line.n >= 3;
        ToldChrome, "Dropped by a rule", page.told == Some(Label::Chrome);
        EndsClosed, "Ends with a quotation mark or bracket", line.counts.last != line.counts.very_last;
        Seen, "Seen before on the page", page.is_seen;
        NoCase, "No letter has case", line.cased == 0;
        AfterBlanks, "After several blank lines", page.document.blank_before > 1;
        ManyWords, "At least 25 words", line.n >= 25;
        SameShape2, "Same shape two lines before", page.repeats.shapes & 2 != 0;
        SameShape1, "Same shape as the line before", page.repeats.shapes & 1 != 0;
        SameShape3, "Same shape three lines before", page.repeats.shapes & 4 != 0;
        ToldContent, "Kept by a rule", page.told == Some(Label::Content);
        LinkMarksSoFar, "Link marks so far", page.document.link_marks > 0;
        TakesUp, "Takes up a line like a heading", page.repeats.takes_up;
        AfterBlank, "After a blank line", page.document.blank_before > 0 || page.document.lines == 0;
    }
    logarithms {
        WordsSoFar, "Words so far", page.document.words;
        LongSoFar, "Long lines so far", page.document.long_lines;
        Columns, "Columns it fills", line.counts.columns();
        Words, "Length in words", line.n;
        LinesSoFar, "Lines so far", page.document.lines;
        Characters, "Length in characters", line.counts.chars;
        NewCount, "Words never seen in long lines", page.repeats.words - page.repeats.known_long;
        KnownCount, "Words seen in long lines", page.repeats.known_long;
        SameEnd, "Lines before that end like it", page.repeats.ends;
        SameStart, "Lines before that start like it", page.repeats.starts;
        SentenceEnds, "Ends of sentences inside", line.counts.sentence_ends;
        Commas, "Commas", line.counts.commas;
        Indent, "Indent", line.counts.indent;
        Target, "Length of link targets", line.counts.target_chars;
        Echoes, "Words of the last line like a heading", page.repeats.echoes;
        NewEchoes, "Words that were new in the last line like a heading", page.repeats.new_echoes;
    }
    few {
        CodeSigns, "Signs of code", line.counts.code_signs;
        Brackets, "Brackets", line.counts.parens;
        Quotes, "Quotation marks", line.counts.quotes;
        Pipes, "Pipes", line.counts.pipes;
        Copyrights, "Copyright signs", line.counts.copyrights;
        LinkMarks, "Numbered link marks", line.counts.link_marks;
        Separators, "Separators", line.counts.separators;
        SameShapes, "Lines of the same shape just before", page.repeats.shapes.count_ones();
        Colons, "Colons", line.counts.colons;
        Years, "Numbers of four digits", line.counts.years;
        Urls, "URLs", line.counts.urls;
        Ats, "@ signs", line.counts.ats;
        Currencies, "Currency signs", line.counts.currencies;
        Images, "Markdown images", line.counts.images;
        Links, "Markdown links", line.counts.markdown_links;
        FarEchoes, "Words that were new in a line like a heading before that", page.repeats.far_echoes;
    }
    shares {
        LinkShare, "Share of it that is links", 127 * line.counts.link_chars, line.counts.chars;
        Signs, "Share of signs", 127 * line.counts.symbols, line.counts.chars;
        WordLength, "Mean length of its words", 8 * line.spaced, line.counts.letter_words;
        Distinct, "Share of distinct words", 127 * line.words.distinct(), line.counts.words.min(256);
        Letters, "Share of letters", 127 * line.letters, line.counts.chars;
        Numbers, "Share of numbers", 127 * line.counts.numbers, line.counts.words;
        Digits, "Share of digits", 127 * line.counts.digits, line.counts.chars;
        Spaceless, "Share of letters written without spaces", 127 * line.counts.spaceless, line.letters;
        LinkMarkShare, "Link marks for each word", 127 * line.counts.link_marks, line.n;
        SeparatorShare, "Separators for each word", 127 * line.counts.separators, line.n;
        Shouted, "Share of words in capitals", 127 * line.counts.shouted, line.counts.letter_words;
        Capitals, "Share of capitals", 127 * line.counts.upper, line.cased;
        Capitalised, "Share of capitalised words", 127 * line.counts.capitalised, line.counts.letter_words;
        Known, "Share of its words seen before", 127 * page.repeats.known, page.repeats.words;
        KnownLong, "Share of its words seen in long lines", 127 * page.repeats.known_long, page.repeats.words;
        CommaShare, "Commas for each word", 16 * line.counts.commas, line.n;
    }
    far_shares {
        LongShareSoFar, "Share of long lines so far", 127 * page.document.long_lines, page.document.lines;
        BlankShareSoFar, "Share of blank lines so far", 127 * page.document.blanks, page.document.lines + page.document.blanks;
        WrappedShareSoFar, "Share of wrapped lines so far", 127 * page.document.wrapped_lines, page.document.lines;
    }
    later {
        TakenUp, "Share of its words that the text below takes up";
        NewTakenUp, "New words that the text below takes up";
    }
}

/// As many as a loop takes at once; those that are missing are 0.
#[inline(always)]
fn sixteen<T: Copy + Default, const N: usize>(values: [T; N]) -> [T; 16] {
    let mut all = [T::default(); 16];
    all[..N].copy_from_slice(&values);
    all
}

/// Puts values where they are to be: a copy of a length that the compiler knows.
#[inline(always)]
fn put<const N: usize>(values: &[u8; N], dense: &mut Dense, at: usize) {
    dense[at..at + N].copy_from_slice(values);
}

/// [`starts`] and [`ends`] of ASCII.
static ASCII: [[u64; 2]; 128] = {
    let mut table = [[0; 2]; 128];
    let mut byte = 0;
    while byte < 128 {
        let (c, class) = (byte as u8 as char, classify_ascii(byte as u8));
        table[byte] = [starts(c, class), ends(c, class)];
        byte += 1;
    }
    table
};

#[inline(always)]
pub(super) fn features(
    with: impl Instructions,
    line: &Line<'_>,
    page: &Page<'_>,
    room: &mut Room,
    dense: &mut Dense,
) {
    values(with, line, page, room, dense);
    let indent = &mut dense[Feature::Indent as usize];
    *indent = *indent / 2 * 3;
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
    use crate::features::Extractor;

    #[test]
    fn logarithms_are_those_of_whole_numbers() {
        for n in (0..100_000).chain((17..32).map(|power| (1 << power) - 2)).chain([u32::MAX]) {
            let m = u64::from(n) + 1;
            let power = m.ilog2();
            let expected = 8 * u64::from(power) + ((m << 3) >> power) - 8;
            assert_eq!(u64::from(logarithm(n)), expected.min(127), "{n}");
        }
    }

    #[test]
    fn words_are_told_from_their_logarithm() {
        let mut dense = [0; DENSE];
        for n in [1, 2, 3, 7, 12, 100, 1000] {
            dense[Feature::Words as usize] = logarithm(n);
            let told = words(&dense);
            assert!(told <= n && n - told <= n / 8, "{told} for {n}");
        }
        assert_eq!(words(&[0; DENSE]), 1);
    }

    /// Parts of `whole` that are just enough for one more, and just too few.
    fn parts(factor: u64, whole: u64) -> impl Iterator<Item = u64> {
        let enough = (0..=128).map(move |share| (share * whole).div_ceil(factor));
        enough.flat_map(|part| [part.saturating_sub(1), part])
    }

    #[test]
    fn shares_are_those_of_whole_numbers() {
        for whole in (1..1000).chain((1000..1 << 15).step_by(61)).chain([(1 << 15) - 1, 1 << 15]) {
            for factor in [8, 16, 127] {
                for part in parts(factor, whole).filter(|&part| part <= 1 << 15).chain([1 << 26]) {
                    let value = share(factor as f32, part as u32, whole as u32);
                    let expected = (factor * part / whole).min(127);
                    assert_eq!(u64::from(value), expected, "{factor} * {part} / {whole}");
                }
            }
        }
        assert_eq!(share(127.0, 0, 0), 0);
    }

    #[test]
    fn shares_of_much_are_too() {
        let wholes = (0..31).flat_map(|power| [(1_u64 << power) - 1, 1 << power, 5 << power >> 2]);
        for whole in wholes.chain((1..1 << 31).step_by(9_999_991)).filter(|&whole| whole > 0) {
            for part in parts(127, whole).filter(|&part| part < 1 << 31) {
                let value = far_share(127.0, part as u32, whole as u32);
                let expected = (127 * part / whole).min(127);
                assert_eq!(u64::from(value), expected, "{part} of {whole}");
            }
        }
        assert_eq!(far_share(127.0, 0, 0), 0);
    }

    #[test]
    fn lines_start_and_end_with_their_first_and_last_characters() {
        use Feature::*;
        let is_edge = |flag: &Feature| {
            let name = format!("{flag:?}");
            name.starts_with("Starts") || name.starts_with("Ends") || matches!(flag, Bullet | Hash)
        };
        for (line, expected) in [
            ("Yes.", &[StartsUpper, EndsSentence][..]),
            ("«été» 7", &[StartsQuoted, EndsDigit]),
            ("3 of them, why?”", &[StartsDigit, EndsSentence, EndsQuestion, EndsClosed]),
            ("東京：", &[StartsCaseless, EndsColon]),
            ("• שוב", &[Bullet, EndsLetter]),
            ("- so…", &[Bullet, EndsSentence, EndsEllipsis]),
            ("# no!", &[Hash, EndsSentence, EndsExclamation]),
            ("> نعم،", &[StartsGreater, EndsComma]),
            ("| x |", &[StartsPipe]),
            ("[x", &[StartsBracket, EndsLetter]),
            ("раз, два", &[StartsLower, EndsLetter]),
            ("\u{feff}", &[]),
        ] {
            let dense = Extractor::new().line(line.as_bytes(), None, &mut |_| {});
            for &flag in Feature::ALL.iter().filter(|flag| is_edge(flag)) {
                let (value, is) = (dense[flag as usize], expected.contains(&flag));
                assert_eq!(value, if is { YES } else { 0 }, "{flag:?} of {line}");
            }
        }
    }
}
