//! What can be seen at a glance of the lines that a pattern matches, and which of many patterns a
//! line leaves after such a glance.

use std::collections::HashMap;

use regex_syntax::hir::{self, Class, Hir, HirKind};

use crate::utf8::{count_chars, is_start_of_char};

/// Lines of so many characters and more are taken together.
const MANY_CHARS: usize = 127;

/// A set of more bytes than this is met by nearly every line, and one of more than that by nearly
/// every byte.
const MAX_MEMBERS: u32 = 48;
const MAX_MEMBERS_IN_A_ROW: u32 = 128;

/// Longer rows of members are told apart no more.
const MANY_IN_A_ROW: usize = 64;

/// At most so many sets are compared with the bytes of a line.
const MAX_SETS: usize = 32;

/// What the lines that a pattern matches have.
#[derive(Debug)]
pub(super) struct Shape {
    /// How many characters at least and at most.
    chars: (usize, usize),
    /// One of these bytes at the start.
    first: Option<Bytes>,
    /// One of these bytes at the end.
    last: Option<Bytes>,
    /// So many characters in a row that begin with one of these bytes, anywhere.
    anywhere: Vec<(Bytes, usize)>,
}

impl Shape {
    pub(super) fn of(pattern: &Hir) -> Shape {
        let properties = pattern.properties();
        let is_at_start = properties.look_set_prefix().contains(hir::Look::Start);
        let is_at_end = properties.look_set_suffix().contains(hir::Look::End);
        let (least, most) = chars(pattern);
        let most = if is_at_start && is_at_end { most } else { usize::MAX };
        let [first, last] = [Side::First, Side::Last].map(|side| {
            let mut bytes = Bytes::default();
            let may_be_empty = bytes.add_side(pattern, side);
            (!may_be_empty).then_some(bytes)
        });
        let mut anywhere = needed(pattern);
        anywhere.extend(first.into_iter().chain(last).map(|bytes| (bytes, 1)));
        anywhere.retain(|&(bytes, count)| {
            bytes.len() <= if count > 1 { MAX_MEMBERS_IN_A_ROW } else { MAX_MEMBERS }
        });
        let (first, last) = (first.filter(|_| is_at_start), last.filter(|_| is_at_end));
        Shape { chars: (least, most), first, last, anywhere }
    }
}

/// Of its UTF-8: the later the character, the higher.
fn first_byte(c: char) -> u8 {
    c.encode_utf8(&mut [0; 4]).as_bytes()[0]
}

/// How many characters a match has at least and at most, as [`count_chars`] counts them.
fn chars(tree: &Hir) -> (usize, usize) {
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => (0, 0),
        HirKind::Literal(literal) => {
            let count = count_chars(&literal.0);
            (count, count)
        }
        HirKind::Class(Class::Unicode(_)) => (1, 1),
        HirKind::Class(Class::Bytes(class)) => (usize::from(class.is_ascii()), 1),
        HirKind::Capture(capture) => chars(&capture.sub),
        HirKind::Repetition(repetition) => {
            let (least, most) = chars(&repetition.sub);
            let times = repetition.max.map_or(usize::MAX, |max| max as usize);
            (least.saturating_mul(repetition.min as usize), most.saturating_mul(times))
        }
        HirKind::Concat(parts) => parts
            .iter()
            .map(chars)
            .fold((0, 0), |all, one| (all.0.saturating_add(one.0), all.1.saturating_add(one.1))),
        HirKind::Alternation(branches) => {
            let branches = branches.iter().map(chars);
            branches.fold((usize::MAX, 0), |all, one| (all.0.min(one.0), all.1.max(one.1)))
        }
    }
}

/// Sets, and how many characters in a row that begin with one of its bytes each match has.
fn needed(tree: &Hir) -> Vec<(Bytes, usize)> {
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => Vec::new(),
        HirKind::Literal(literal) => literal.0.iter().map(|&byte| (Bytes::one(byte), 1)).collect(),
        HirKind::Class(_) => {
            let mut bytes = Bytes::default();
            bytes.add_side(tree, Side::First);
            vec![(bytes, 1)]
        }
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min == 0 => Vec::new(),
        HirKind::Repetition(repetition) => {
            let mut needed = needed(&repetition.sub);
            if let (HirKind::Class(_), [(_, count)]) = (repetition.sub.kind(), &mut needed[..]) {
                *count = MANY_IN_A_ROW.min(repetition.min as usize);
            }
            needed
        }
        HirKind::Concat(parts) => parts.iter().flat_map(needed).collect(),
        HirKind::Alternation(branches) => {
            let rarest = |branch| needed(branch).into_iter().map(|it| it.0).min_by_key(Bytes::len);
            let rarest = branches.iter().map(rarest).collect::<Option<Vec<_>>>();
            let all = |sets: Vec<Bytes>| sets.iter().fold(Bytes::default(), Bytes::or);
            rarest.map(all).into_iter().map(|bytes| (bytes, 1)).collect()
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    First,
    Last,
}

/// A set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Bytes([u64; 4]);

impl Bytes {
    /// Those of a line.
    fn of(text: &[u8]) -> Bytes {
        let mut seen = [0_u8; 256];
        for &byte in text {
            seen[usize::from(byte)] = 1;
        }
        let mut bytes = Bytes::default();
        let (eights, _) = seen.as_chunks();
        for (at, eight) in eights.iter().enumerate() {
            // Moves the lowest bit of each of the eight bytes into the highest byte.
            let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
            bytes.0[at / 8] |= bits << (at % 8 * 8);
        }
        bytes
    }

    fn one(byte: u8) -> Bytes {
        let mut bytes = Bytes::default();
        bytes.add(byte);
        bytes
    }

    fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    fn or(self, others: &Bytes) -> Bytes {
        Bytes(std::array::from_fn(|at| self.0[at] | others.0[at]))
    }

    fn meets(&self, others: &Bytes) -> bool {
        self.0.iter().zip(others.0).any(|(these, others)| these & others != 0)
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// How many characters follow each other at most that begin with one of these. Whatever may
    /// continue a character is taken to do so.
    fn most_in_a_row(&self, text: &[u8]) -> usize {
        let (mut most, mut here) = (0, 0);
        for &byte in text {
            if self.has(byte) {
                here += 1;
                most = most.max(here);
            } else if is_start_of_char(byte) {
                here = 0;
            }
        }
        most
    }

    fn add(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    /// Adds all bytes that matches start or end with, and says whether one may be empty.
    fn add_side(&mut self, tree: &Hir, side: Side) -> bool {
        match tree.kind() {
            HirKind::Empty | HirKind::Look(_) => true,
            HirKind::Literal(literal) => {
                let bytes = &literal.0;
                self.add(if side == Side::First { bytes[0] } else { bytes[bytes.len() - 1] });
                false
            }
            HirKind::Class(Class::Bytes(class)) => {
                class.ranges().iter().for_each(|range| {
                    (range.start()..=range.end()).for_each(|byte| self.add(byte));
                });
                false
            }
            HirKind::Class(Class::Unicode(class)) => {
                for range in class.ranges() {
                    let (start, end) = (first_byte(range.start()), first_byte(range.end()));
                    match side {
                        Side::First => (start..=end)
                            .filter(|&byte| is_start_of_char(byte))
                            .for_each(|byte| self.add(byte)),
                        Side::Last => (start..=end.min(0x7f)).for_each(|byte| self.add(byte)),
                    }
                }
                let goes_on = class.ranges().last().is_some_and(|range| !range.end().is_ascii());
                if side == Side::Last && goes_on {
                    (0x80..=0xbf).for_each(|byte| self.add(byte));
                }
                false
            }
            HirKind::Capture(capture) => self.add_side(&capture.sub, side),
            HirKind::Repetition(repetition) => {
                self.add_side(&repetition.sub, side) | (repetition.min == 0)
            }
            HirKind::Concat(parts) if side == Side::First => {
                parts.iter().all(|part| self.add_side(part, side))
            }
            HirKind::Concat(parts) => parts.iter().rev().all(|part| self.add_side(part, side)),
            HirKind::Alternation(branches) => {
                branches.iter().fold(false, |empty, branch| self.add_side(branch, side) | empty)
            }
        }
    }
}

/// Sets of patterns, a bit each, one after the other.
#[derive(Debug, Default)]
struct Rows {
    words: usize,
    bits: Vec<u64>,
}

impl Rows {
    fn add(&mut self, row: usize, pattern: usize) {
        self.bits[row * self.words + pattern / 64] |= 1 << (pattern % 64);
    }

    fn row(&self, row: usize) -> &[u64] {
        &self.bits[row * self.words..][..self.words]
    }
}

/// A set of bytes that shapes need.
#[derive(Debug)]
struct Set {
    bytes: Bytes,
    /// How many characters in a row of those are needed at most. For each smaller number there is a
    /// row in [`Shapes::without`], and `rows` is the first.
    most: usize,
    rows: usize,
}

/// Shapes of many rules.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// The rules, in order.
    rules: Vec<usize>,
    /// Which of them fit lines of so many characters.
    chars: Rows,
    /// Which fit lines with this first byte, and last the empty line.
    first: Rows,
    last: Rows,
    sets: Vec<Set>,
    /// Which do not fit lines for want of bytes of a set.
    without: Rows,
}

impl Shapes {
    /// Of rules in their order.
    pub(super) fn new(shapes: Vec<(usize, Shape)>) -> Shapes {
        let words = shapes.len().div_ceil(64);
        let rows = |count| Rows { words, bits: vec![0; count * words] };
        let mut users: HashMap<Bytes, Vec<(usize, usize)>> = HashMap::new();
        let (mut chars, mut sides) = (rows(MANY_CHARS + 1), [rows(257), rows(257)]);
        for (pattern, (_, shape)) in shapes.iter().enumerate() {
            let (least, most) = shape.chars;
            for count in least.min(MANY_CHARS)..=most.min(MANY_CHARS) {
                chars.add(count, pattern);
            }
            for (rows, bytes) in sides.iter_mut().zip([shape.first, shape.last]) {
                let fits = |&byte: &usize| match (bytes, u8::try_from(byte)) {
                    (Some(bytes), Ok(byte)) => bytes.has(byte),
                    (bytes, _) => bytes.is_none(),
                };
                (0..257).filter(fits).for_each(|byte| rows.add(byte, pattern));
            }
            for &(bytes, count) in &shape.anywhere {
                users.entry(bytes).or_default().push((pattern, count));
            }
        }
        // Those that most patterns need.
        let mut users: Vec<(Bytes, Vec<(usize, usize)>)> = users.into_iter().collect();
        users.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(a.0.cmp(&b.0)));
        users.truncate(MAX_SETS);
        let mut count = 0;
        let place = |(bytes, patterns): &(Bytes, Vec<(usize, usize)>)| {
            let most = patterns.iter().map(|it| it.1).max().unwrap_or(0);
            count += most;
            Set { bytes: *bytes, most, rows: count - most }
        };
        let sets: Vec<Set> = users.iter().map(place).collect();
        let mut without = rows(count);
        for (set, (_, patterns)) in sets.iter().zip(&users) {
            for &(pattern, count) in patterns {
                (0..count).for_each(|fewer| without.add(set.rows + fewer, pattern));
            }
        }
        let [first, last] = sides;
        let rules = shapes.into_iter().map(|(rule, _)| rule).collect();
        Shapes { rules, chars, first, last, sets, without }
    }

    /// The last rule after `last` that fits the line and of which `is_match` is true.
    pub(super) fn last_match(
        &self,
        text: &[u8],
        last: Option<usize>,
        mut is_match: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        if self.rules.is_empty() {
            return None;
        }
        let chars = self.chars.row(count_chars(text).min(MANY_CHARS));
        let [first, end] =
            [text.first(), text.last()].map(|byte| byte.map_or(256, |&it| it.into()));
        let (first, end) = (self.first.row(first), self.last.row(end));
        let mut missing: Option<Vec<&[u64]>> = None;
        for word in (0..chars.len()).rev() {
            let mut left = chars[word] & first[word] & end[word];
            if left == 0 {
                continue;
            }
            let missing = missing.get_or_insert_with(|| {
                let bytes = Bytes::of(text);
                let count = |set: &Set| match set.bytes.meets(&bytes) {
                    false => 0,
                    true if set.most == 1 => 1,
                    true => set.bytes.most_in_a_row(text),
                };
                let sets = self.sets.iter().map(|set| (set, count(set)));
                let sets = sets.filter(|(set, count)| *count < set.most);
                sets.map(|(set, count)| self.without.row(set.rows + count)).collect()
            });
            left = missing.iter().fold(left, |left, row| left & !row[word]);
            while left != 0 {
                let bit = left.ilog2();
                left ^= 1 << bit;
                let rule = self.rules[64 * word + bit as usize];
                if last.is_some_and(|last| rule < last) {
                    return None;
                }
                if is_match(rule) {
                    return Some(rule);
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_syntax::ParserBuilder;

    #[test]
    fn shapes_leave_lines_out_at_a_glance() {
        let cases = [
            ("^.{2,3}$", &["ab", "éé", "日本語"][..], &["a", "éééé", "thirteen bytes"][..]),
            (r"^\d+$", &["1", "٣", "1a7"], &["a1", "1a", "", "é"]),
            ("^[A-Zé]?[x-z]", &["Ax", "Æz", "éx", "x"], &["ax", "1x", "A"]),
            (r"\W{4}", &["--- -"], &["---", "a-b-c-d-"]),
            (r"[0-9é]{3}", &["a12é", "1éé"], &["12 3é", "12", "1é 1é"]),
            (r"^\w{2,} \w{3}$", &["ab cde", "é9 日本語"], &["ab cd", "日 本-語a-b"]),
            (r"[7-9]\d*", &["year 8"], &["year 2"]),
            ("^|x", &["", "y"], &[]),
            ("^.*[:é]$", &["a:", "日é", "日9:", "Ã日"], &["a", ": ", "日", ""]),
            ("(x.y|[0-9]+)z", &["xyz", "7z"], &["abz", "xy7"]),
            (r"\w{200}", &[], &["short"]),
            ("^.{0,200}$", &["", "some"], &[]),
        ];
        let shape = |pattern: &str| {
            Shape::of(&ParserBuilder::new().utf8(false).build().parse(pattern).unwrap())
        };
        // Each alone, and among many.
        let many = (0..30 * cases.len()).map(|rule| (2 * rule, shape(cases[rule % cases.len()].0)));
        let many = Shapes::new(many.collect());
        for (index, (pattern, fits, fits_not)) in cases.into_iter().enumerate() {
            let alone = Shapes::new(vec![(7, shape(pattern))]);
            let lines = fits.iter().map(|text| (text, true));
            for (text, fits) in lines.chain(fits_not.iter().map(|text| (text, false))) {
                let text = text.as_bytes();
                let found = alone.last_match(text, None, |_| true);
                assert_eq!(found, fits.then_some(7), "{pattern} {}", text.escape_ascii());
                assert_eq!(alone.last_match(text, Some(8), |_| true), None);
                assert_eq!(alone.last_match(text, None, |_| false), None);
                let mut tried = Vec::new();
                // The first five rounds are over.
                let last = 10 * cases.len();
                many.last_match(text, Some(last), |rule| {
                    tried.push(rule);
                    false
                });
                assert!(tried.is_sorted_by(|a, b| a > b) && tried.iter().all(|&it| it >= last));
                let own = tried.iter().filter(|&rule| rule / 2 % cases.len() == index).count();
                assert_eq!(own, if fits { 25 } else { 0 }, "{pattern} {}", text.escape_ascii());
            }
        }
    }
}
