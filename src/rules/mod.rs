//! The user's own rules: patterns of lines to keep or to drop, whatever the model thinks.
//!
//! A rule decides the lines it matches, and the model is told of it before it weighs the lines
//! around, so that a rule for "Advertisement" also says something of its neighbours. Of several
//! rules that match, the last one counts.
//!
//! # Rules files
//! One rule a line: `keep` or `drop`, a kind if it is known, and a regular expression to the end
//! of the line, as in
//!
//! ```text
//! # our newsletter box
//! drop form  ^Sign up for
//! drop       (?i)^advertisement$
//! keep       ^Correction:
//! ```
//!
//! Blank lines and lines that start with `#` are skipped. A first word of the pattern that is the
//! name of a kind is taken for the kind; write `[f]orm` for the pattern.

//! # Cost
//! A thousand patterns at once are more than an automaton can be built for while it runs. So each
//! line is first searched for the literals without which the patterns cannot match, all in one
//! pass, and a pattern is tried only on lines that have one of its literals. Patterns without
//! literals, as `^.{1,9}$`, are tried together on every line.

mod required;

use std::sync::Arc;

use aho_corasick::AhoCorasick;
use regex::bytes::{Regex, RegexSet, RegexSetBuilder};

use crate::error::Error;
use crate::label::{Kind, Label};

/// The patterns without literals may take this much memory together once compiled.
const MAX_COMPILED_BYTES: usize = 64 << 20;

/// What a rule says of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Content is kept, chrome dropped.
    pub label: Label,
    /// The kind the line is given; without one, the likeliest on that side.
    pub kind: Option<Kind>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What it says.
    pub told: Told,
    /// Of which lines: a regular expression that is searched for in the line without its ending.
    pub pattern: String,
    /// Where it stands, for messages: `--always`, or file and line.
    pub place: String,
}

impl Rule {
    /// Reads the rules of a file called `name` in messages.
    ///
    /// # Errors
    /// [`Error::Rule`] for the first line that is no rule.
    pub fn parse_file(text: &str, name: &str) -> Result<Vec<Rule>, Error> {
        let numbered = text.lines().enumerate();
        let rules = numbered.filter(|(_, row)| !row.trim().is_empty() && !row.starts_with('#'));
        rules.map(|(index, row)| Rule::parse(row, format!("{name}:{}", index + 1))).collect()
    }

    fn parse(row: &str, place: String) -> Result<Rule, Error> {
        let (verb, rest) = split_word(row);
        let label = match verb {
            "keep" => Label::Content,
            "drop" => Label::Chrome,
            _ => {
                let what = format!("a rule starts with 'keep' or 'drop', not '{verb}'");
                return Err(Error::Rule { place, what });
            }
        };
        let (word, after) = split_word(rest);
        let (kind, pattern) = match Kind::from_name(word) {
            Some(kind) if !after.is_empty() => (Some(kind), after),
            _ => (None, rest),
        };
        if pattern.is_empty() {
            return Err(Error::Rule { place, what: "the rule has no pattern".to_owned() });
        }
        Ok(Rule { told: Told { label, kind }, pattern: pattern.to_owned(), place })
    }
}

/// The first word and what follows it, white space between and around taken off.
fn split_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// Rules, compiled. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    compiled: Option<Arc<Compiled>>,
}

#[derive(Debug)]
struct Compiled {
    /// All literals, in either case.
    literals: AhoCorasick,
    /// The rule that each literal belongs to.
    owners: Vec<usize>,
    /// By rule; `None` for those that are among `others`.
    patterns: Vec<Option<Regex>>,
    /// The patterns without literals, and their rules.
    others: RegexSet,
    other_rules: Vec<usize>,
    told: Vec<Told>,
    places: Vec<String>,
}

impl Rules {
    /// Compiles rules; later ones take precedence.
    ///
    /// # Errors
    /// [`Error::Rule`] for the first pattern that is no regular expression, or when they are too
    /// large.
    pub fn new(rules: &[Rule]) -> Result<Rules, Error> {
        if rules.is_empty() {
            return Ok(Rules::default());
        }
        let failed = |place: &str, error: &dyn std::error::Error| Error::Rule {
            place: place.to_owned(),
            what: in_one_line(error),
        };
        let (mut literals, mut owners) = (Vec::new(), Vec::new());
        let (mut others, mut other_rules) = (Vec::new(), Vec::new());
        let mut patterns = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            let pattern = Regex::new(&rule.pattern).map_err(|error| failed(&rule.place, &error))?;
            let required = required::literals(&rule.pattern);
            if let Some(required) = &required {
                owners.extend(required.iter().map(|_| index));
                literals.extend_from_slice(required);
            } else {
                others.push(&rule.pattern);
                other_rules.push(index);
            }
            patterns.push(required.map(|_| pattern));
        }
        let last = &rules.last().expect("there are rules").place;
        let literals = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(literals)
            .map_err(|error| failed(last, &error))?;
        let others = RegexSetBuilder::new(others)
            .size_limit(MAX_COMPILED_BYTES)
            .build()
            .map_err(|error| failed(last, &error))?;
        let told = rules.iter().map(|rule| rule.told).collect();
        let places = rules.iter().map(|rule| rule.place.clone()).collect();
        let compiled = Compiled { literals, owners, patterns, others, other_rules, told, places };
        Ok(Rules { compiled: Some(Arc::new(compiled)) })
    }

    /// What the rules say of a line, `text` without its ending.
    pub fn judge(&self, text: &[u8]) -> Option<Told> {
        self.find(text).map(|(told, _)| told)
    }

    /// The same, with the place of the rule that says it.
    pub fn find(&self, text: &[u8]) -> Option<(Told, &str)> {
        let rules = self.compiled.as_deref()?;
        let last = rules.last_match(text)?;
        Some((rules.told[last], &rules.places[last]))
    }
}

impl Compiled {
    fn last_match(&self, text: &[u8]) -> Option<usize> {
        let other = if self.other_rules.is_empty() {
            None
        } else {
            self.others.matches(text).iter().next_back().map(|at| self.other_rules[at])
        };
        let found = self.literals.find_overlapping_iter(text);
        let mut candidates: Vec<usize> =
            found.map(|found| self.owners[found.pattern().as_usize()]).collect();
        candidates.sort_unstable_by(|a, b| b.cmp(a));
        candidates.dedup();
        let mut later =
            candidates.into_iter().take_while(|&rule| other.is_none_or(|other| rule > other));
        let is_match = |rule: &usize| {
            self.patterns[*rule].as_ref().is_some_and(|pattern| pattern.is_match(text))
        };
        later.find(is_match).or(other)
    }
}

/// The last line of a message about a pattern says what is wrong; those before draw it.
fn in_one_line(error: &dyn std::error::Error) -> String {
    let message = error.to_string();
    let last = message.lines().last().unwrap_or_default();
    last.trim().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(label: Label, kind: Option<Kind>) -> Option<Told> {
        Some(Told { label, kind })
    }

    #[test]
    fn the_last_rule_that_matches_counts() {
        let text =
            "# ours\n\ndrop form ^Sign up\ndrop (?i)^advert\nkeep  Sign up to sail\ndrop form\n";
        let rules = Rules::new(&Rule::parse_file(text, "rules").unwrap()).unwrap();
        for (line, expected) in [
            ("Sign up now", told(Label::Chrome, Some(Kind::Form))),
            ("Sign up to sail", told(Label::Content, None)),
            ("ADVERTISEMENT", told(Label::Chrome, None)),
            ("a form to fill in", told(Label::Chrome, None)),
            ("We sign up", None),
        ] {
            assert_eq!(rules.judge(line.as_bytes()), expected, "{line}");
        }
        assert_eq!(Rules::default().judge(b"Sign up"), None);
    }

    #[test]
    fn lines_are_bytes() {
        let rules = Rules::new(&Rule::parse_file(r"drop (?-u)\xff", "rules").unwrap()).unwrap();
        assert_eq!(rules.judge(b"a\xffb"), told(Label::Chrome, None));
    }

    #[test]
    fn what_is_no_rule_is_named() {
        for (text, message) in [
            ("keep a\nhide b", "rules:2: a rule starts with 'keep' or 'drop', not 'hide'"),
            ("keep", "rules:1: the rule has no pattern"),
            ("keep a\n\ndrop form (", "rules:3: unclosed group"),
        ] {
            let rules = Rule::parse_file(text, "rules");
            let error = rules.and_then(|rules| Rules::new(&rules)).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
