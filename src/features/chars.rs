//! One pass over the characters of a line: classes counted, words found.

use super::dense::Counts;
use super::tokens::Words;

/// What a character is for this model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Space,
    Lower,
    Upper,
    /// A letter without case, or a mark on one, of a script that puts spaces between words.
    Caseless,
    /// A character of a script that writes words together.
    Spaceless,
    Digit,
    Symbol,
}

/// How a script writes words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// With spaces between them.
    Spaced,
    /// Together, some two characters a word: Chinese characters and kana.
    EastAsian,
    /// Together, some five characters a word, vowel signs counted: Thai, Lao, Khmer, Burmese.
    SoutheastAsian,
}

impl Script {
    fn of(c: char) -> Script {
        match c as u32 {
            0xe00..0xf00 | 0x1000..0x10a0 | 0x1780..0x1800 => Script::SoutheastAsian,
            0x3005..0x3008
            | 0x3040..0x3100
            | 0x31f0..0x3200
            | 0x3400..0x4dc0
            | 0x4e00..0xa000
            | 0xf900..0xfb00
            | 0xff66..0xffa0
            | 0x20000..0x33480 => Script::EastAsian,
            _ => Script::Spaced,
        }
    }

    fn is_spaceless(self) -> bool {
        self != Script::Spaced
    }
}

fn classify(c: char) -> (Class, Script) {
    if c.is_ascii() {
        let class = match c {
            'a'..='z' => Class::Lower,
            'A'..='Z' => Class::Upper,
            '0'..='9' => Class::Digit,
            ' ' | '\t'..='\r' => Class::Space,
            _ => Class::Symbol,
        };
        return (class, Script::Spaced);
    }
    let script = Script::of(c);
    let class = if c.is_whitespace() {
        Class::Space
    } else if c.is_numeric() && !script.is_spaceless() {
        Class::Digit
    } else if c.is_lowercase() {
        Class::Lower
    } else if c.is_uppercase() {
        Class::Upper
    } else if script.is_spaceless() && !is_symbol_of_spaceless(c) {
        Class::Spaceless
    } else if c.is_alphabetic() || is_mark(c) {
        Class::Caseless
    } else {
        Class::Symbol
    };
    (class, script)
}

/// Signs in the ranges of [`Script::is_spaceless`] scripts that are no part of words.
fn is_symbol_of_spaceless(c: char) -> bool {
    matches!(c, '\u{e3f}' | '\u{e4f}' | '\u{e5a}' | '\u{e5b}' | '\u{104a}'..='\u{104f}' | '・' | '\u{17d4}'..='\u{17da}')
}

/// Marks that the standard library does not count as alphabetic but that stand inside words.
fn is_mark(c: char) -> bool {
    matches!(c as u32,
        0x300..0x370 | 0x483..0x488 | 0x591..0x5be | 0x64b..0x660 | 0x900..0x904 | 0x93c | 0x94d
        | 0x9bc | 0x9cd | 0xa4d | 0xacd | 0xb4d | 0xbcd | 0xc4d | 0xccd | 0xd4d | 0x200c | 0x200d)
}

/// Signs that end a sentence, of all scripts that have one.
pub(super) fn ends_sentence(c: char) -> bool {
    matches!(
        c,
        '.' | '!'
            | '?'
            | '…'
            | '。'
            | '．'
            | '！'
            | '？'
            | '｡'
            | '؟'
            | '۔'
            | '।'
            | '॥'
            | '՞'
            | '։'
            | '።'
            | '၊'
            | '။'
            | '។'
            | '៕'
            | '‼'
            | '⁉'
    )
}

/// Signs that may follow the sign that ends a sentence.
fn closes(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | ')'
            | ']'
            | '”'
            | '’'
            | '»'
            | '›'
            | '」'
            | '』'
            | '）'
            | '】'
            | '*'
            | '_'
            | '“'
    )
}

fn quotes(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' | '‟')
}

fn separates(c: char) -> bool {
    matches!(c, '|' | '·' | '•' | '»' | '›' | '>' | '/' | '→' | '←' | '｜' | '∙' | '●' | '■' | '▪')
}

/// Lower case of `c`, one character; a few expand to more and keep the first.
fn lower(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }
}

/// Counts the characters of `text` and finds its words. Bytes that are not UTF-8 count as
/// symbols.
pub(super) fn scan(text: &[u8], counts: &mut Counts, words: &mut Words) {
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            character(c, counts, words);
        }
        if !chunk.invalid().is_empty() {
            character(char::REPLACEMENT_CHARACTER, counts, words);
        }
    }
    words.end_word(counts);
}

fn character(c: char, counts: &mut Counts, words: &mut Words) {
    if c == '\u{feff}' {
        return;
    }
    if counts.in_target {
        // The target of a Markdown link is no text of the page.
        counts.in_target = c != ')';
        counts.target_chars += 1;
        return;
    }
    let (class, script) = classify(c);
    if class == Class::Space {
        words.end_word(counts);
        if counts.chars == 0 {
            counts.indent += if c == '\t' { 4 } else { 1 };
        } else {
            counts.spaces += 1;
        }
        counts.previous_symbol = None;
        return;
    }
    if counts.chars == 0 {
        counts.first = c;
        counts.first_class = Some(class);
    }
    counts.chars += 1;
    match class {
        Class::Space => {}
        Class::Lower => {
            counts.lower += 1;
            words.letter(lower(c), class);
        }
        Class::Upper => {
            counts.upper += 1;
            words.letter(lower(c), class);
        }
        Class::Caseless => {
            counts.caseless += 1;
            words.letter(c, class);
        }
        Class::Digit => {
            counts.digits += 1;
            words.digit();
        }
        Class::Spaceless => {
            counts.spaceless += 1;
            counts.southeast_asian += u32::from(script == Script::SoutheastAsian);
            words.end_word(counts);
            words.character(c, counts);
        }
        Class::Symbol => symbol(c, counts, words),
    }
    if class != Class::Symbol {
        counts.previous_symbol = None;
    }
    if !closes(c) || counts.chars == 1 {
        counts.last = c;
        counts.last_class = Some(class);
    }
    counts.very_last = c;
}

fn symbol(c: char, counts: &mut Counts, words: &mut Words) {
    // An apostrophe inside a word is part of it.
    if matches!(c, '\'' | '’') && words.in_word() {
        return;
    }
    words.end_word(counts);
    counts.symbols += 1;
    counts.commas += u32::from(matches!(c, ',' | '،' | '、' | '，' | ';' | '；' | '؛'));
    counts.sentence_ends += u32::from(ends_sentence(c));
    counts.separators += u32::from(separates(c));
    counts.quotes += u32::from(quotes(c));
    counts.copyrights += u32::from(matches!(c, '©' | '®' | '™'));
    counts.ats += u32::from(c == '@');
    counts.colons += u32::from(matches!(c, ':' | '：'));
    counts.pipes += u32::from(c == '|');
    counts.parens += u32::from(matches!(c, '(' | '（'));
    counts.currencies += u32::from(matches!(c, '$' | '€' | '£' | '¥' | '₹' | '₽'));
    counts.code_signs +=
        u32::from(matches!(c, '{' | '}' | '=' | '<' | '`' | '\\' | '~' | '^' | '_'));
    let pair = (counts.previous_symbol, c);
    if pair == (Some(']'), '(') {
        counts.in_target = true;
        counts.markdown_links += 1;
        counts.link_chars += counts.chars.saturating_sub(counts.bracket_at);
    }
    if c == '[' {
        counts.bracket_at = counts.chars;
        counts.digits_at_bracket = counts.digits;
    }
    // `[12]`, as lynx marks a link: nothing but digits between the brackets.
    let between = counts.chars.saturating_sub(counts.bracket_at + 1);
    if c == ']' && between > 0 && between == counts.digits - counts.digits_at_bracket {
        counts.link_marks += 1;
    }
    counts.images += u32::from(pair == (Some('!'), '['));
    counts.urls += u32::from(pair == (Some('/'), '/'));
    counts.previous_symbol = Some(c);
    words.symbol(c);
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_segmentation::UnicodeSegmentation;

    fn counts(text: &[u8]) -> Counts {
        let mut counts = Counts::default();
        scan(text, &mut counts, &mut Words::default());
        counts
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
