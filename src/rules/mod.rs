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
//! Of a thousand patterns, few can match a line, and which these are is soon seen. Where a pattern
//! cannot match without one of a few literals, all literals are searched for at once; many patterns
//! are no more than literals and are thereby decided. Of the others it is known how long the lines
//! are that they match, with which bytes these start and end, which they must have and how many of
//! them in a row; all that do not fit a line are left out at once. What is left is tried, from the
//! last rule to the first; a pattern is compiled when it is first tried.

mod needs;
mod search;
mod shapes;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use regex::bytes::Regex;
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use regex_syntax::{ParserBuilder, is_meta_character};

use self::needs::{Needs, needs};
use self::search::Search;
use self::shapes::Shapes;
use crate::error::Error;
use crate::label::{Kind, Label};

/// A pattern that may take more memory than this once compiled is compiled at once, so that one
/// that takes too much is found then. `regex` allows 10 MiB.
const MAX_DEFERRED_BYTES: usize = 8 << 20;

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
    rules: Vec<Rule>,
    /// By rule.
    patterns: Vec<OnceLock<Regex>>,
    search: Search,
    /// The rule of each spelling in `search`, and whether the spelling decides it.
    owners: Vec<(usize, bool)>,
    /// Of the rules that have no literals.
    shapes: Shapes,
}

impl Rules {
    /// Compiles rules; later ones take precedence.
    ///
    /// # Errors
    /// [`Error::Rule`] for the first pattern that is no regular expression or is too large.
    pub fn new(rules: &[Rule]) -> Result<Rules, Error> {
        if rules.is_empty() {
            return Ok(Rules::default());
        }
        let (mut spellings, mut owners, mut shapes) = (Vec::new(), Vec::new(), Vec::new());
        let mut patterns = Vec::new();
        // Of rules with the same pattern only the last can count.
        let last: HashMap<&str, usize> = rules.iter().map(|it| &it.pattern[..]).zip(0..).collect();
        for (index, Rule { pattern, place, .. }) in rules.iter().enumerate() {
            let failed = |what| Error::Rule { place: place.clone(), what };
            let tree = plain(pattern).map_or_else(|| parsed(pattern), Ok).map_err(failed)?;
            patterns.push(if compiled_bytes(&tree) > MAX_DEFERRED_BYTES {
                Regex::new(pattern).map_err(|error| failed(what_is_wrong(&error)))?.into()
            } else {
                OnceLock::new()
            });
            if last[&pattern[..]] > index {
                continue;
            }
            let (all, decides) = match needs(&tree) {
                Needs::Exactly(all) => (all, true),
                Needs::OneOf(all) => (all, false),
                Needs::Shape(shape) => {
                    shapes.push((index, shape));
                    continue;
                }
            };
            owners.extend(all.iter().map(|_| (index, decides)));
            spellings.extend(all);
        }
        let (rules, search, shapes) = (rules.to_vec(), Search::new(spellings), Shapes::new(shapes));
        let compiled = Compiled { rules, patterns, search, owners, shapes };
        Ok(Rules { compiled: Some(Arc::new(compiled)) })
    }

    /// What the rules say of a line, `text` without its ending.
    #[inline]
    pub fn judge(&self, text: &[u8]) -> Option<Told> {
        self.find(text).map(|(told, _)| told)
    }

    /// The same, with the place of the rule that says it.
    #[inline]
    pub fn find(&self, text: &[u8]) -> Option<(Told, &str)> {
        let compiled = self.compiled.as_deref()?;
        let rule = &compiled.rules[compiled.last_match(text)?];
        Some((rule.told, &rule.place))
    }
}

impl Compiled {
    fn last_match(&self, text: &[u8]) -> Option<usize> {
        let mut last = None;
        let mut candidates = Vec::new();
        self.search.each(text, |spelling| {
            let (rule, decides) = self.owners[spelling];
            if last.is_some_and(|last| last >= rule) {
                // A later rule counts.
            } else if decides {
                last = Some(rule);
            } else if candidates.last() != Some(&rule) {
                candidates.push(rule);
            }
        });
        candidates.sort_unstable();
        candidates.dedup();
        let mut later =
            candidates.into_iter().rev().take_while(|&rule| last.is_none_or(|last| rule > last));
        let last = later.find(|&rule| self.matches(rule, text)).or(last);
        self.shapes.last_match(text, last, |rule| self.matches(rule, text)).or(last)
    }

    fn matches(&self, rule: usize, text: &[u8]) -> bool {
        let compile = || Regex::new(&self.rules[rule].pattern).expect("a small pattern compiles");
        self.patterns[rule].get_or_init(compile).is_match(text)
    }
}

/// The tree of a pattern that is a text, with or without the start or end of the line: most of the
/// patterns in a long list are, and the parser takes several times as long.
fn plain(pattern: &str) -> Option<Hir> {
    let (start, rest) = match pattern.strip_prefix('^') {
        Some(rest) => (Some(Hir::look(Look::Start)), rest),
        None => (None, pattern),
    };
    let (text, end) = match rest.strip_suffix('$') {
        Some(text) => (text, Some(Hir::look(Look::End))),
        None => (rest, None),
    };
    let parts = || start.into_iter().chain([Hir::literal(text.as_bytes())]).chain(end).collect();
    (!text.contains(is_meta_character)).then(|| Hir::concat(parts()))
}

/// The tree of a pattern, as the `regex` crate reads patterns of bytes, or what is wrong with it.
fn parsed(pattern: &str) -> Result<Hir, String> {
    // A parser that is used again takes the flags of one pattern over to the next.
    let mut parser = ParserBuilder::new().utf8(false).build();
    parser.parse(pattern).map_err(|error| what_is_wrong(&error))
}

/// No less than a pattern takes once compiled, in bytes.
fn compiled_bytes(tree: &Hir) -> usize {
    // Of a byte, of a class of characters, of each range in it: twice of what was measured.
    const BYTE: usize = 128;
    const CLASS: usize = 2 << 10;
    const RANGE: usize = 160;
    let all = |parts: &[Hir]| parts.iter().map(compiled_bytes).fold(0, usize::saturating_add);
    let parts = match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(literal) => literal.0.len() * BYTE,
        HirKind::Class(Class::Unicode(class)) => CLASS + class.ranges().len() * RANGE,
        HirKind::Class(Class::Bytes(_)) => CLASS,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min + 1);
            compiled_bytes(&repetition.sub).saturating_mul(times as usize)
        }
        HirKind::Capture(capture) => compiled_bytes(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => all(parts),
    };
    parts.saturating_add(4 * BYTE)
}

/// What is wrong with a pattern, in one line. The last line of a message of `regex` says it; those
/// before draw where.
pub fn what_is_wrong(error: &dyn std::error::Error) -> String {
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

    #[test]
    fn a_plain_text_is_read_as_the_parser_reads_it() {
        for pattern in ["", "^", "$", "^$", "Sign up", "^Sign up", "© 2026$", "^a: b, c!$", " "] {
            assert_eq!(plain(pattern), parsed(pattern).ok(), "{pattern}");
        }
        for pattern in ["a.b", "a|b", "^^a", "a$$", r"\d", "(?i)a", "a{2}", "[a]", "(", "a-b"] {
            assert_eq!(plain(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn the_memory_that_a_pattern_takes_is_not_underrated() {
        for pattern in [
            "",
            "a",
            "^Sign up$",
            r"(?i)\bsubscribe\b",
            r"\w",
            r"\w+ \w+",
            r"(\w{3} ?){5}",
            r"(?i)\pL{7}",
            ".{1,20}",
            "[а-яё]{4}|x{40}",
            "((((a{2}){2}){2}){2}){2}",
            r"(?-u)[\x80-\xff]{3}",
            "(a||b*)+?",
        ] {
            let limit = compiled_bytes(&parsed(pattern).unwrap());
            let built = regex::bytes::RegexBuilder::new(pattern).size_limit(limit).build();
            assert!(built.is_ok(), "{pattern}: {limit}");
        }
        let rules = Rule::parse_file(r"drop (\w{200}){200}", "rules").unwrap();
        let error = Rules::new(&rules).unwrap_err().to_string();
        assert!(error.starts_with("rules:1: ") && error.contains("size limit"), "{error}");
    }
}
