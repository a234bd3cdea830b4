//! What a line must have in it for a pattern to match: a few literals, found in its syntax tree.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A shorter literal is in so many lines that looking for it first saves nothing.
const MIN_BYTES: usize = 2;

/// At most so many spellings of one piece of a pattern are listed.
const MAX_SPELLINGS: usize = 8;

/// At most so many literals are looked for on behalf of one pattern.
const MAX_LITERALS: usize = 64;

/// Literals in lower case (of ASCII) of which every line that matches `pattern` has one or more,
/// in either case. `None` if there are none that are worth a search, or `pattern` is no pattern.
pub(super) fn literals(pattern: &str) -> Option<Vec<Vec<u8>>> {
    // As the `regex` crate reads patterns of bytes.
    let tree = ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
    let needs = needs(&tree);
    needs.best().filter(|literals| shortest(literals) >= MIN_BYTES)
}

/// What is known of the matches of a part of a pattern.
#[derive(Clone, Debug, Default)]
struct Needs {
    /// Each is one of these.
    exact: Option<Vec<Vec<u8>>>,
    /// Each has one of these in it.
    inside: Option<Vec<Vec<u8>>>,
}

impl Needs {
    fn exact(spellings: Vec<Vec<u8>>) -> Needs {
        Needs { exact: Some(spellings), inside: None }
    }

    /// The literals that are rarest, to go by their length.
    fn best(self) -> Option<Vec<Vec<u8>>> {
        better(self.exact, self.inside)
    }
}

fn shortest(literals: &[Vec<u8>]) -> usize {
    literals.iter().map(Vec::len).min().unwrap_or(0)
}

/// The one whose shortest literal is longer; of equals the one with fewer literals.
fn better(a: Option<Vec<Vec<u8>>>, b: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    let rank = |literals: &Vec<Vec<u8>>| (shortest(literals), usize::MAX - literals.len());
    [a, b].into_iter().flatten().max_by_key(rank)
}

fn needs(tree: &Hir) -> Needs {
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => Needs::exact(vec![Vec::new()]),
        HirKind::Literal(literal) => Needs::exact(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => spellings(class).map(Needs::exact).unwrap_or_default(),
        HirKind::Capture(capture) => needs(&capture.sub),
        HirKind::Repetition(repetition) => {
            let once = needs(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, Some(1)) => {
                    let exact = once.exact.map(|mut exact| {
                        exact.push(Vec::new());
                        exact
                    });
                    Needs { exact: exact.filter(|all| all.len() <= MAX_SPELLINGS), inside: None }
                }
                (0, _) => Needs::default(),
                _ => Needs { exact: None, inside: once.best() },
            }
        }
        HirKind::Concat(parts) => concatenated(parts),
        HirKind::Alternation(branches) => {
            let branches: Vec<Needs> = branches.iter().map(needs).collect();
            let exact = joined(branches.iter().map(|branch| branch.exact.clone()), MAX_SPELLINGS);
            let inside = joined(branches.into_iter().map(Needs::best), MAX_LITERALS);
            Needs { exact, inside }
        }
    }
}

/// All the literals, if all are known and they are not too many.
fn joined(all: impl Iterator<Item = Option<Vec<Vec<u8>>>>, max: usize) -> Option<Vec<Vec<u8>>> {
    let mut literals: Vec<Vec<u8>> = all.collect::<Option<Vec<_>>>()?.concat();
    literals.sort();
    literals.dedup();
    Some(literals).filter(|literals| literals.len() <= max)
}

/// Pieces that follow each other are one piece as long as it has few spellings.
fn concatenated(parts: &[Hir]) -> Needs {
    let mut inside = None;
    let mut piece = vec![Vec::new()];
    let mut is_whole = true;
    for part in parts {
        let Needs { exact, inside: within } = needs(part);
        match exact {
            Some(exact) if piece.len() * exact.len() <= MAX_SPELLINGS => {
                let longer = |start: &Vec<u8>| -> Vec<Vec<u8>> {
                    exact.iter().map(|end| [&start[..], end].concat()).collect()
                };
                piece = piece.iter().flat_map(longer).collect();
            }
            exact => {
                is_whole = false;
                let ended = std::mem::replace(&mut piece, exact.unwrap_or(vec![Vec::new()]));
                inside = better(better(inside, Some(ended)), within);
            }
        }
    }
    if is_whole {
        Needs::exact(piece)
    } else {
        Needs { exact: None, inside: better(inside, Some(piece)) }
    }
}

/// The members of a class, if they are few.
fn spellings(class: &Class) -> Option<Vec<Vec<u8>>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    match class {
        Class::Unicode(class) => {
            for range in class.ranges() {
                for c in (range.start()..=range.end()).take(MAX_SPELLINGS + 1) {
                    all.push(c.to_ascii_lowercase().to_string().into_bytes());
                }
            }
        }
        Class::Bytes(class) => {
            for range in class.ranges() {
                for byte in range.start()..=range.end() {
                    all.push(vec![byte.to_ascii_lowercase()]);
                }
            }
        }
    }
    all.sort();
    all.dedup();
    Some(all).filter(|all| (1..=MAX_SPELLINGS).contains(&all.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_what_every_match_has() {
        for (pattern, expected) in [
            ("Sign up", &["sign up"][..]),
            (r"^Sign\b up$", &["sign up"]),
            ("(?i)advert", &["advert"]),
            // The long s and the Kelvin sign are letters to (?i).
            ("(?i)ask", &["ask", "as\u{212a}", "a\u{17f}k", "a\u{17f}\u{212a}"]),
            ("colou?r", &["color", "colour"]),
            (r"\d+ comments?", &[" comment", " comments"]),
            ("Sign (up|in) for .* news", &["sign in for ", "sign up for "]),
            ("(share|tweet)+ this.*page", &[" this"]),
            ("(a.*bcd|efg.*h)", &["bcd", "efg"]),
            ("[Ff]orm", &["form"]),
            ("(foo)?(bar)*qux{2}", &["qu"]),
            ("(?i)реклама", &[]),
        ] {
            let mut found = literals(pattern).unwrap();
            found.sort();
            if pattern == "(?i)реклама" {
                assert!(found.len() == 8 && shortest(&found) == 6, "{found:?}");
                continue;
            }
            let mut expected: Vec<Vec<u8>> =
                expected.iter().map(|text| text.as_bytes().to_vec()).collect();
            expected.sort();
            assert_eq!(found, expected, "{pattern}");
        }
        assert_eq!(literals(r"(?-u)\xff\xfe"), Some(vec![vec![0xff, 0xfe]]));
        for pattern in ["", "^.{1,30}$", r"\d", "(foo)?", "a|foo", "[a-z]{3}", "foo|", "^x$", "("] {
            assert_eq!(literals(pattern), None, "{pattern}");
        }
    }
}
