//! What a run went through: documents, lines, bytes, kinds, time.

use std::fmt::Write;
use std::ops::AddAssign;
use std::time::Duration;

use dechrome::label::Kind;
use dechrome::{BlankLines, Piece};

/// Lines and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    lines: u64,
    bytes: u64,
}

impl Amount {
    fn add(&mut self, piece: &Piece<'_>) {
        self.lines += u64::from(piece.starts);
        self.bytes += piece.line.bytes.len() as u64;
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Amount) {
        self.lines += other.lines;
        self.bytes += other.bytes;
    }
}

/// What was judged, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many documents.
    pub documents: u64,
    /// How many records could not be used.
    pub bad_records: u64,
    blank: Amount,
    kept: [Amount; Kind::COUNT],
    dropped: [Amount; Kind::COUNT],
}

impl Counts {
    /// Counts blank lines.
    pub fn add_blank(&mut self, blank: &BlankLines<'_>) {
        self.blank.lines += blank.count as u64;
        self.blank.bytes += blank.lines.bytes.len() as u64;
    }

    /// Counts a line, or a piece of one.
    pub fn add(&mut self, piece: &Piece<'_>) {
        let amount = match piece.verdict {
            None => &mut self.blank,
            Some(verdict) if verdict.kept => &mut self.kept[verdict.kind as usize],
            Some(verdict) => &mut self.dropped[verdict.kind as usize],
        };
        amount.add(piece);
    }

    /// Whether any line was kept.
    pub fn has_kept(&self) -> bool {
        self.kept.iter().any(|amount| amount.lines > 0)
    }

    fn kept(&self) -> Amount {
        total(&self.kept)
    }

    /// All lines, blank ones too.
    fn all(&self) -> Amount {
        let mut all = self.kept();
        all += total(&self.dropped);
        all += self.blank;
        all
    }

    /// A table for people.
    pub fn table(&self, time: Duration) -> String {
        let (all, kept) = (self.all(), self.kept());
        let mut text = String::new();
        let mut row = |name: &str, columns: [String; 4]| {
            let [a, b, c, d] = columns;
            let row = format!("{name:12}{a:>14}{b:>14}{c:>16}{d:>16}");
            _ = writeln!(text, "{}", row.trim_end());
        };
        let number = |number: u64| number.to_string();
        row("", ["lines", "kept", "bytes", "kept"].map(str::to_owned));
        for kind in Kind::ALL {
            let (kept, dropped) = (self.kept[kind as usize], self.dropped[kind as usize]);
            if kept.lines + dropped.lines > 0 {
                let columns = [
                    kept.lines + dropped.lines,
                    kept.lines,
                    kept.bytes + dropped.bytes,
                    kept.bytes,
                ];
                row(kind.name(), columns.map(number));
            }
        }
        let blank = self.blank;
        row("blank", [number(blank.lines), String::new(), number(blank.bytes), String::new()]);
        row("all", [all.lines, kept.lines, all.bytes, kept.bytes].map(number));
        let seconds = time.as_secs_f64();
        _ = write!(
            text,
            "{}, {}, {:.1} % of the bytes kept, {seconds:.2} s, {:.1} MB/s",
            counted(self.documents, "document"),
            counted(self.bad_records, "bad record"),
            100.0 * kept.bytes as f64 / all.bytes.max(1) as f64,
            all.bytes as f64 / 1e6 / seconds.max(1e-9),
        );
        text
    }

    /// One JSON object, for programs. Bytes and lines are those of documents, before and after;
    /// `kinds` has the kinds that were seen.
    pub fn json(&self, time: Duration) -> String {
        let amounts = |all: Amount, kept: Amount| {
            format!(
                "\"lines\":{},\"lines_kept\":{},\"bytes\":{},\"bytes_kept\":{}",
                all.lines, kept.lines, all.bytes, kept.bytes
            )
        };
        let kinds: Vec<String> = Kind::ALL
            .into_iter()
            .filter_map(|kind| {
                let kept = self.kept[kind as usize];
                let mut all = kept;
                all += self.dropped[kind as usize];
                (all.lines > 0).then(|| format!("\"{kind}\":{{{}}}", amounts(all, kept)))
            })
            .collect();
        format!(
            "{{\"documents\":{},\"bad_records\":{},{},\"blank_lines\":{},\"seconds\":{:.3},\
             \"kinds\":{{{}}}}}",
            self.documents,
            self.bad_records,
            amounts(self.all(), self.kept()),
            self.blank.lines,
            time.as_secs_f64(),
            kinds.join(",")
        )
    }
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        self.documents += other.documents;
        self.bad_records += other.bad_records;
        self.blank += other.blank;
        for kind in 0..Kind::COUNT {
            self.kept[kind] += other.kept[kind];
            self.dropped[kind] += other.dropped[kind];
        }
    }
}

/// So many of what has a regular plural.
pub fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn total(amounts: &[Amount]) -> Amount {
    let mut total = Amount::default();
    amounts.iter().for_each(|&amount| total += amount);
    total
}
