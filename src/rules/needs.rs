//! What a line must have for a pattern to match, found in the pattern's syntax tree: spellings of
//! literals, or else a shape.

use super::shapes::Shape;
use regex_automata::util::look::{Look, LookMatcher, LookSet};
use regex_syntax::hir::{self, Class, ClassBytesRange, ClassUnicodeRange, Hir, HirKind};

/// At most so many spellings of one piece of a pattern are listed.
const MAX_SPELLINGS: usize = 8;

/// At most so many spellings are looked for on behalf of one pattern.
const MAX_LITERALS: usize = 64;

/// A spelling that stands anywhere in a line is worth a search from this length on: a single byte
/// is in too many lines.
const MIN_BYTES: usize = 2;

/// One that stands at the start or end of the line is looked for there only, which is worth this
/// many bytes more.
const ANCHOR_BYTES: usize = 4;

/// What is known of the lines that a pattern matches.
#[derive(Debug)]
pub(super) enum Needs {
    /// They are those that have one of these.
    Exactly(Vec<Spelling>),
    /// Each has one of these.
    OneOf(Vec<Spelling>),
    /// Nothing that can be searched for.
    Shape(Shape),
}

/// What lines that match the pattern have.
pub(super) fn needs(pattern: &Hir) -> Needs {
    let known = known(pattern);
    let decides = known.exact.as_ref().is_some_and(|all| all.iter().all(|it| it.is_all));
    let usable = |all: &Vec<Spelling>| all.iter().all(Spelling::is_usable);
    match (known.exact.filter(usable), known.inside.filter(usable)) {
        (Some(exact), _) if decides => Needs::Exactly(exact),
        (exact, inside) => match better(exact, inside) {
            Some(all) => Needs::OneOf(all),
            None => Needs::Shape(Shape::of(pattern)),
        },
    }
}

/// A way to write a piece of a match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelling {
    /// The bytes once `masks` are set in them.
    pub(super) bytes: Vec<u8>,
    /// 0x20 for a byte that may lack that bit: a letter of ASCII in either case, or half of some
    /// other letter.
    masks: Vec<u8>,
    /// What must hold where the piece begins, and where it ends.
    before: LookSet,
    after: LookSet,
    /// Whether nothing else is asked of the piece.
    is_all: bool,
}

impl Spelling {
    fn new(bytes: Vec<u8>) -> Spelling {
        let masks = vec![0; bytes.len()];
        let (before, after) = (LookSet::empty(), LookSet::empty());
        Spelling { bytes, masks, before, after, is_all: true }
    }

    fn look(look: hir::Look) -> Spelling {
        let known = match look {
            hir::Look::Start => Some(Look::Start),
            hir::Look::End => Some(Look::End),
            hir::Look::WordUnicode => Some(Look::WordUnicode),
            _ => None,
        };
        let before = known.map_or(LookSet::empty(), LookSet::singleton);
        Spelling { before, is_all: known.is_some(), ..Spelling::new(Vec::new()) }
    }

    pub(super) fn is_at_start(&self) -> bool {
        self.before.contains(Look::Start)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.after.contains(Look::End)
    }

    /// Whether it stands in `text` from `at` on.
    pub(super) fn is_at(&self, text: &[u8], at: usize) -> bool {
        let end = at + self.bytes.len();
        let is_spelled = text.get(at..end).is_some_and(|text| {
            let cells = self.bytes.iter().zip(&self.masks);
            text.iter().zip(cells).all(|(byte, (spelled, mask))| byte | mask == *spelled)
        });
        let holds = |looks: LookSet, at| {
            looks.is_empty() || LookMatcher::new().matches_set(looks, text, at)
        };
        is_spelled && holds(self.before, at) && holds(self.after, end)
    }

    fn is_usable(&self) -> bool {
        let is_anchored = self.is_at_start() || self.is_at_end();
        self.bytes.len() >= if is_anchored { 1 } else { MIN_BYTES }
    }

    /// How rare it is, to go by its length.
    fn rarity(&self) -> usize {
        let is_anchored = self.is_at_start() || self.is_at_end();
        self.bytes.len() + if is_anchored { ANCHOR_BYTES } else { 0 }
    }

    /// This and then `next`.
    fn then(&self, next: &Spelling) -> Spelling {
        let mut both = self.clone();
        both.is_all &= next.is_all;
        if next.bytes.is_empty() {
            let looks = if both.bytes.is_empty() { &mut both.before } else { &mut both.after };
            *looks = looks.union(next.before);
            return both;
        }
        if both.bytes.is_empty() {
            both.before = both.before.union(next.before);
        } else {
            // What must hold within is left to the pattern.
            both.is_all &= both.after.is_empty() && next.before.is_empty();
        }
        both.bytes.extend_from_slice(&next.bytes);
        both.masks.extend_from_slice(&next.masks);
        both.after = next.after;
        both
    }

    /// The spelling of both, if they differ in one bit that a mask can leave out.
    fn merged(&self, other: &Spelling) -> Option<Spelling> {
        if self.bytes.len() != other.bytes.len() || self.masks != other.masks {
            return None;
        }
        let pairs = self.bytes.iter().zip(&other.bytes).enumerate();
        let mut differing = pairs.filter(|(_, (a, b))| a != b);
        match (differing.next(), differing.next()) {
            (Some((at, (a, b))), None) if a ^ b == 0x20 => {
                let mut both = self.clone();
                both.bytes[at] |= 0x20;
                both.masks[at] |= 0x20;
                Some(both)
            }
            _ => None,
        }
    }
}

/// What is known of the matches of a part of a pattern.
#[derive(Clone, Debug, Default)]
struct Known {
    /// Each is one of these.
    exact: Option<Vec<Spelling>>,
    /// Each has one of these in it.
    inside: Option<Vec<Spelling>>,
}

impl Known {
    fn exact(spellings: Vec<Spelling>) -> Known {
        Known { exact: Some(spellings), inside: None }
    }

    fn best(self) -> Option<Vec<Spelling>> {
        better(self.exact, self.inside)
    }
}

/// The one whose most common spelling is rarer; of equals the one with fewer spellings.
fn better(a: Option<Vec<Spelling>>, b: Option<Vec<Spelling>>) -> Option<Vec<Spelling>> {
    let rank = |all: &Vec<Spelling>| {
        let usable = if all.iter().all(Spelling::is_usable) { 1 } else { 0 };
        let rarity = all.iter().map(Spelling::rarity).min().unwrap_or(0);
        (usable, rarity, usize::MAX - all.len())
    };
    [a, b].into_iter().flatten().max_by_key(rank)
}

fn known(tree: &Hir) -> Known {
    match tree.kind() {
        HirKind::Empty => Known::exact(vec![Spelling::new(Vec::new())]),
        HirKind::Look(look) => Known::exact(vec![Spelling::look(*look)]),
        HirKind::Literal(literal) => Known::exact(vec![Spelling::new(literal.0.to_vec())]),
        HirKind::Class(class) => spellings(class).map(Known::exact).unwrap_or_default(),
        HirKind::Capture(capture) => known(&capture.sub),
        HirKind::Repetition(repetition) => {
            let once = known(&repetition.sub);
            match (repetition.min, repetition.max) {
                (0, Some(1)) => {
                    let exact = once.exact.map(|mut exact| {
                        exact.push(Spelling::new(Vec::new()));
                        exact
                    });
                    Known { exact: exact.filter(|all| all.len() <= MAX_SPELLINGS), inside: None }
                }
                (0, _) => Known::default(),
                _ => Known { exact: None, inside: once.best() },
            }
        }
        HirKind::Concat(parts) => concatenated(parts),
        HirKind::Alternation(branches) => {
            let branches: Vec<Known> = branches.iter().map(known).collect();
            let exact = joined(branches.iter().map(|branch| branch.exact.clone()));
            let inside = joined(branches.into_iter().map(Known::best));
            Known { exact, inside }
        }
    }
}

/// All the spellings, if all are known and they are not too many.
fn joined(all: impl Iterator<Item = Option<Vec<Spelling>>>) -> Option<Vec<Spelling>> {
    let spellings = all.collect::<Option<Vec<_>>>()?.concat();
    Some(spellings).filter(|all| all.len() <= MAX_LITERALS)
}

/// Pieces that follow each other are one piece as long as it has few spellings.
fn concatenated(parts: &[Hir]) -> Known {
    let mut inside = None;
    let mut piece = vec![Spelling::new(Vec::new())];
    let mut is_whole = true;
    for part in parts {
        let Known { exact, inside: within } = known(part);
        match exact {
            Some(exact) if are_few(piece.len(), exact.len()) => {
                let longer = |start: &Spelling| -> Vec<Spelling> {
                    exact.iter().map(|end| start.then(end)).collect()
                };
                piece = piece.iter().flat_map(longer).collect();
            }
            exact => {
                is_whole = false;
                let next = exact.unwrap_or_else(|| vec![Spelling::new(Vec::new())]);
                let ended = std::mem::replace(&mut piece, next);
                inside = better(better(inside, Some(ended)), within);
            }
        }
    }
    if is_whole {
        Known::exact(piece)
    } else {
        Known { exact: None, inside: better(inside, Some(piece)) }
    }
}

/// Whether so many spellings of a piece and so many of the next are not too many together.
fn are_few(piece: usize, next: usize) -> bool {
    let all = piece * next;
    all <= MAX_SPELLINGS || piece.min(next) == 1 && all <= MAX_LITERALS
}

/// The members of a class, if they are few.
fn spellings(class: &Class) -> Option<Vec<Spelling>> {
    // Most merge with one other.
    let few = 2 * MAX_SPELLINGS + 1;
    let members: Vec<Vec<u8>> = match class {
        Class::Unicode(class) => {
            let chars = |range: &ClassUnicodeRange| range.start()..=range.end();
            let all = class.ranges().iter().flat_map(chars);
            all.take(few).map(|c| c.to_string().into_bytes()).collect()
        }
        Class::Bytes(class) => {
            let bytes = |range: &ClassBytesRange| range.start()..=range.end();
            class.ranges().iter().flat_map(bytes).take(few).map(|byte| vec![byte]).collect()
        }
    };
    let mut all: Vec<Spelling> = Vec::new();
    for spelling in members.into_iter().map(Spelling::new) {
        match all.iter_mut().find_map(|it| it.merged(&spelling).map(|both| (it, both))) {
            Some((it, both)) => *it = both,
            None => all.push(spelling),
        }
    }
    Some(all).filter(|all| (1..=MAX_SPELLINGS).contains(&all.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_syntax::ParserBuilder;

    fn tree(pattern: &str) -> Hir {
        ParserBuilder::new().utf8(false).build().parse(pattern).unwrap()
    }

    /// A spelling as a pattern, its letters in lower case if their case does not matter.
    fn pattern(spelling: &Spelling) -> String {
        let looks = |looks: LookSet| -> String {
            [(Look::Start, "^"), (Look::WordUnicode, r"\b"), (Look::End, "$")]
                .into_iter()
                .filter_map(|(look, name)| looks.contains(look).then_some(name))
                .collect()
        };
        let case = if spelling.masks.iter().any(|&mask| mask != 0) { "(?i)" } else { "" };
        let text = String::from_utf8_lossy(&spelling.bytes);
        format!("{case}{}{text}{}", looks(spelling.before), looks(spelling.after))
    }

    #[test]
    fn spellings_are_what_every_match_has() {
        let known = |pattern: &str| match needs(&tree(pattern)) {
            Needs::Exactly(all) => (true, all),
            Needs::OneOf(all) => (false, all),
            Needs::Shape(_) => (false, Vec::new()),
        };
        let decided = true;
        for (source, decides, expected) in [
            ("Sign up", decided, &["Sign up"][..]),
            (r"^Sign\b up$", !decided, &["^Sign up$"]),
            (r"\bSign up\b", decided, &[r"\bSign up\b"]),
            ("(?i)advert", decided, &["(?i)advert"]),
            // The long s and the Kelvin sign are letters to (?i).
            (
                "(?i)ask",
                decided,
                &["(?i)ask", "(?i)as\u{212a}", "(?i)a\u{17f}k", "(?i)a\u{17f}\u{212a}"],
            ),
            ("(?i)мак", decided, &["(?i)мак"]),
            ("(?i)ря", decided, &["РЯ", "Ря", "рЯ", "ря"]),
            ("colou?r", decided, &["colour", "color"]),
            (r"\d+ comments?", !decided, &[" comments", " comment"]),
            (r"^\d+ replies$", !decided, &[" replies$"]),
            ("^(Tweet|Share|)$", !decided, &[]),
            ("^(Tweet|Share)$|^Pin", decided, &["^Tweet$", "^Share$", "^Pin"]),
            ("Sign (up|in) for .* news", !decided, &["Sign up for ", "Sign in for "]),
            ("(share|tweet)+ this.*page", !decided, &[" this"]),
            ("(a.*bcd|efg.*h)", !decided, &["bcd", "efg"]),
            ("[Ff]orm", decided, &["(?i)form"]),
            ("(foo)?(bar)*qux{2}", !decided, &["qu"]),
            ("^©", decided, &["^©"]),
            ("^x$", decided, &["^x$"]),
            ("^x.*", !decided, &["^x"]),
            ("(?m)^x$", !decided, &[]),
            (r"\bx\b", !decided, &[]),
            ("", !decided, &[]),
            ("^.{1,30}$", !decided, &[]),
            (r"\d", !decided, &[]),
            ("a|foo", !decided, &[]),
            ("[a-z]{3}", !decided, &[]),
        ] {
            let (is_decided, found) = known(source);
            let found: Vec<String> = found.iter().map(pattern).collect();
            assert_eq!(found, expected, "{source}");
            assert_eq!(is_decided, decides, "{source}");
        }
        let (decides, found) = known(r"(?-u)\xff\xfe");
        assert!(decides && found[0].is_at(b"a\xff\xfe", 1) && !found[0].is_at(b"a\xff\xfe", 0));
    }
}
