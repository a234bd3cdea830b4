//! Texts compared as multisets of words.

use std::collections::HashMap;

use regex::Regex;

/// What two sets or multisets share.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overlap {
    /// In both.
    pub both: f64,
    /// In the predicted one.
    pub predicted: f64,
    /// In the gold one.
    pub gold: f64,
}

impl Overlap {
    /// Adds an item.
    pub fn add(&mut self, predicted: bool, gold: bool) {
        self.both += f64::from(predicted && gold);
        self.predicted += f64::from(predicted);
        self.gold += f64::from(gold);
    }

    /// Share of the predicted that is gold; of nothing, 1 if there is no gold either.
    pub fn precision(&self) -> f64 {
        Self::share(self.both, self.predicted, self.gold)
    }

    /// Share of the gold that is predicted; of nothing, 1 if nothing is predicted either.
    pub fn recall(&self) -> f64 {
        Self::share(self.both, self.gold, self.predicted)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> f64 {
        Self::share(2.0 * self.both, self.predicted + self.gold, 0.0)
    }

    fn share(part: f64, whole: f64, other: f64) -> f64 {
        if whole > 0.0 { part / whole } else { f64::from(other == 0.0) }
    }
}

/// Counts words: runs of `\w`, lower-cased, and each character of scripts that write words together.
/// A clause of Chinese is no word: a line that ends in the middle of one would make two that the
/// page's content does not have.
#[derive(Debug)]
pub struct WordCounter {
    word: Regex,
    marks: Regex,
}

/// A text as a multiset of words.
#[derive(Debug, Default)]
pub struct Words {
    counts: HashMap<String, u32>,
    total: u32,
}

impl Default for WordCounter {
    fn default() -> WordCounter {
        WordCounter::new()
    }
}

impl WordCounter {
    /// A counter.
    pub fn new() -> WordCounter {
        let together = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}";
        let word = format!(r"[\w&&[{together}]]|[\w--[{together}]]+");
        WordCounter {
            word: Regex::new(&word).expect("a valid pattern"),
            // Targets of Markdown links, and the `[12]` that lynx marks links with.
            marks: Regex::new(r"\]\([^)\s]*\)|\[\d+\]").expect("a valid pattern"),
        }
    }

    /// The words of lines, link targets and marks left out.
    pub fn count<'t>(&self, lines: impl IntoIterator<Item = &'t str>) -> Words {
        let mut words = Words::default();
        for line in lines {
            let line = self.marks.replace_all(line, " ").to_lowercase();
            for word in self.word.find_iter(&line) {
                words.total += 1;
                if let Some(count) = words.counts.get_mut(word.as_str()) {
                    *count += 1;
                } else {
                    words.counts.insert(word.as_str().to_owned(), 1);
                }
            }
        }
        words
    }
}

impl Words {
    /// What these words, predicted, share with `gold`.
    pub fn overlap(&self, gold: &Words) -> Overlap {
        let shared = |(word, &count): (&String, &u32)| {
            count.min(gold.counts.get(word).copied().unwrap_or(0))
        };
        let both: u32 = self.counts.iter().map(shared).sum();
        Overlap {
            both: f64::from(both),
            predicted: f64::from(self.total),
            gold: f64::from(gold.total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compared_as_multisets_without_links() {
        let counter = WordCounter::new();
        let kept = counter.count(["The [cat](http://cat.example/a) sat", "[12]the mat"]);
        let gold = counter.count(["the cat sat on the the mat."]);
        let overlap = kept.overlap(&gold);
        assert_eq!(overlap, Overlap { both: 5.0, predicted: 5.0, gold: 7.0 });
        assert_eq!(overlap.precision(), 1.0);
        assert_eq!(overlap.f1(), 10.0 / 12.0);
    }

    #[test]
    fn where_a_line_ends_makes_no_other_words() {
        let counter = WordCounter::new();
        for (lines, gold, words) in [
            (["東京の天", "気は晴れ"], "東京の天気は晴れ", 8.0),
            (["Beijing的天", "气很好"], "Beijing的天气很好", 6.0),
            (["อากาศ", "ดี"], "อากาศดี", 7.0),
            (["날씨가 좋다", "고 한다"], "날씨가 좋다 고 한다", 4.0),
        ] {
            let overlap = counter.count(lines).overlap(&counter.count([gold]));
            assert_eq!(overlap, Overlap { both: words, predicted: words, gold: words }, "{gold}");
        }
    }

    #[test]
    fn nothing_is_right_when_nothing_is_wanted() {
        let nothing = Overlap::default();
        assert_eq!((nothing.precision(), nothing.recall(), nothing.f1()), (1.0, 1.0, 1.0));
        let too_much = Overlap { both: 0.0, predicted: 3.0, gold: 0.0 };
        assert_eq!((too_much.precision(), too_much.recall(), too_much.f1()), (0.0, 0.0, 0.0));
    }
}
