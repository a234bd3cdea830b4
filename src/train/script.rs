//! Pages as they would look in a script that writes words together. Few pages of a corpus are in
//! such a script, from few sites; the layouts of all others can be shown in one. The words mean
//! nothing, so nothing is to be learned of them: only lengths, signs and what a line repeats.

use super::corpus::Page;
use crate::fnv;

/// A way of writing without spaces between words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Script {
    Chinese,
    Japanese,
    Thai,
}

impl Script {
    pub(super) const ALL: [Script; 3] = [Script::Chinese, Script::Japanese, Script::Thai];

    /// Stands for the language of a page: none that a real page has.
    pub(super) fn language(self) -> &'static str {
        match self {
            Script::Chinese => "x-zh",
            Script::Japanese => "x-ja",
            Script::Thai => "x-th",
        }
    }

    /// The letters of a word that has `len` in a European language: as translations have them,
    /// roughly.
    fn letters(self, len: usize) -> usize {
        let hundredths = match self {
            Script::Chinese => 37,
            Script::Japanese => 52,
            Script::Thai => 90,
        };
        ((len * hundredths + 50) / 100).max(1)
    }

    /// One of its letters.
    fn letter(self, pick: u64) -> char {
        const COMMON_HAN: (u32, u64) = (0x4e00, 3000);
        const HIRAGANA: (u32, u64) = (0x3042, 80);
        const CONSONANTS: (u32, u64) = (0x0e01, 46);
        let (first, count) = match self {
            Script::Chinese => COMMON_HAN,
            Script::Japanese if pick % 5 < 3 => HIRAGANA,
            Script::Japanese => COMMON_HAN,
            Script::Thai => CONSONANTS,
        };
        char::from_u32(first + (pick / 5 % count) as u32).expect("the script's letters")
    }

    /// What a sign beside a word becomes; Thai has neither full stops nor commas.
    fn sign(self, sign: char) -> Option<char> {
        Some(match (self, sign) {
            (Script::Thai, '.' | ',' | ';') => return None,
            (Script::Thai, _) => sign,
            (_, '.') => '。',
            (Script::Japanese, ',' | ';') => '、',
            (Script::Chinese, ',') => '，',
            (_, '?') => '？',
            (_, '!') => '！',
            (_, ':') => '：',
            (_, '(') => '（',
            (_, ')') => '）',
            (Script::Japanese, '“') => '「',
            (Script::Japanese, '”') => '」',
            _ => sign,
        })
    }

    /// Whether no space stands beside this character within a text.
    fn is_own(self, c: char) -> bool {
        matches!(c, '\u{e00}'..='\u{e7f}' | '\u{3000}'..='\u{9fff}' | '\u{ff00}'..='\u{ff5f}')
    }

    /// Words and the signs about them. The same word of a page always becomes the same letters.
    fn words(self, text: &str, seed: u64, out: &mut String) {
        let mut rest = text.chars().peekable();
        let mut is_after_word = false;
        while let Some(c) = rest.next() {
            if c.is_alphabetic() {
                let (mut hash, mut len) = (seed, 0);
                let mut letter = Some(c);
                while let Some(c) = letter {
                    hash = c.to_lowercase().fold(hash, |hash, c| fnv::step(hash, c.into()));
                    len += 1;
                    letter = rest.next_if(|c| c.is_alphabetic() || matches!(c, '\'' | '’'));
                }
                for _ in 0..self.letters(len) {
                    hash = fnv::step(hash, 1);
                    out.push(self.letter(hash >> 20));
                }
                is_after_word = true;
            } else {
                // Not those of numbers, times and the like.
                let is_before_word = rest.peek().is_some_and(|next| next.is_alphabetic());
                let ends_word = is_after_word && rest.peek().is_none_or(|c| !c.is_alphanumeric());
                if ends_word || is_before_word && matches!(c, '(' | '“') {
                    out.extend(self.sign(c));
                } else {
                    out.push(c);
                }
                is_after_word &= !c.is_ascii_digit();
            }
        }
    }

    /// What stands between two spaces. Addresses stay as they are.
    fn chunk(self, chunk: &str, seed: u64, out: &mut String) {
        if let Some(at) = chunk.find("](") {
            let end = chunk[at..].find(')').map_or(chunk.len(), |end| at + end + 1);
            self.chunk(&chunk[..at], seed, out);
            out.push_str(&chunk[at..end]);
            self.chunk(&chunk[end..], seed, out);
        } else if chunk.contains("://") || chunk.contains('@') || chunk.starts_with("www.") {
            out.push_str(chunk);
        } else {
            self.words(chunk, seed, out);
        }
    }

    fn line(self, line: &str, seed: u64, out: &mut String) {
        let text = line.trim_start();
        out.push_str(&line[..line.len() - text.len()]);
        let mut before = None;
        let mut spaces = "";
        let mut rest = text;
        while !rest.is_empty() {
            let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (chunk, following) = rest.split_at(len);
            let mut new = String::new();
            self.chunk(chunk, seed, &mut new);
            let joins = |c: char| self.is_own(c) || c.is_ascii_digit();
            let is_close = before.zip(new.chars().next()).is_some_and(|(before, after)| {
                joins(before) && joins(after) && (self.is_own(before) || self.is_own(after))
            });
            if spaces != " " || !is_close {
                out.push_str(spaces);
            }
            out.push_str(&new);
            // Where Thai leaves a full stop or a comma out there is a space.
            let is_stop = self == Script::Thai && chunk.ends_with(['.', ',', ';']);
            before = new.chars().last().filter(|_| !is_stop);
            rest = following.trim_start();
            spaces = &following[..following.len() - rest.len()];
        }
        out.push_str(spaces);
    }

    /// The page in this script.
    pub(super) fn page(self, page: &Page) -> Page {
        let seed = page.site.bytes().fold(fnv::START, |hash, byte| fnv::step(hash, byte.into()));
        let mut text = String::with_capacity(page.text.len());
        for (number, line) in page.text.split('\n').enumerate() {
            if number > 0 {
                text.push('\n');
            }
            self.line(line, seed, &mut text);
        }
        Page { text, lang: self.language().to_owned(), ..page.clone() }
    }
}

/// Whether a page is in Latin letters: only such a page can be shown in another script.
pub(super) fn is_latin(page: &Page) -> bool {
    let letters = page.text.chars().filter(|c| c.is_alphabetic());
    let (mut all, mut latin) = (0, 0);
    for letter in letters {
        all += 1;
        latin += u64::from(letter < '\u{250}');
    }
    latin * 10 > all * 9
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line with its Han, Hiragana and Thai letters as H, h and t.
    fn shape(script: Script, line: &str) -> String {
        let mut out = String::new();
        script.line(line, 5, &mut out);
        out.chars()
            .map(|c| match c {
                '\u{4e00}'..='\u{9fff}' => 'H',
                '\u{3041}'..='\u{309f}' => 'h',
                '\u{e00}'..='\u{e7f}' => 't',
                c => c,
            })
            .collect()
    }

    #[test]
    fn words_are_written_together_and_signs_are_the_scripts() {
        let line = "  * It rained (again), on 3 May 2012. Did it?";
        assert_eq!(shape(Script::Chinese, line), "  * HHH（HH），H3H2012. HH？");
        assert_eq!(shape(Script::Thai, line), "  * ttttttt (ttttt) tt3ttt2012. ttttt?");
    }

    #[test]
    fn addresses_times_and_columns_stay() {
        for (line, thai) in [
            ("[Log in](https://a.example/b) 10:30", "[ttttt](https://a.example/b) 10:30"),
            (
                "see http://a.example/x  1.5 | me@b.example",
                "ttt http://a.example/x  1.5 | me@b.example",
            ),
            ("", ""),
            ("  ", "  "),
        ] {
            assert_eq!(shape(Script::Thai, line), thai);
        }
    }

    #[test]
    fn a_word_is_the_same_wherever_it_stands_on_a_page() {
        let page = Page::labelled("Ferries\n\nferries, sail", "h p");
        for script in Script::ALL {
            let shown = script.page(&page);
            let (first, rest) = shown.text.split_once("\n\n").expect("the lines stay");
            assert!(rest.starts_with(first) && shown.lang != page.lang, "{rest}");
            assert!(is_latin(&page) && !is_latin(&shown));
        }
    }
}
