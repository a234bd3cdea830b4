//! A file that is being made of an input, and how it comes to be whole or not at all.
//!
//! What is to be `page.jsonl` grows as `.page.jsonl.part` beside it and is renamed when it is done.
//! Of an input of records, `.page.jsonl.progress` notes how far it is: after a first line that tells
//! what it is made of and how, a line for each checkpoint, with the records and bytes of the input
//! that are done and the bytes of output that came of them.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use crate::input::records::Position;
use crate::run::shown;

/// How much of an input lies between two checkpoints, at least: less than a second's work.
const CHECKPOINT_BYTES: u64 = 16 << 20;

/// What is to be made of an input.
#[derive(Debug)]
pub struct Plan {
    /// The file.
    pub target: PathBuf,
    /// From where in the input it goes on.
    pub start: Position,
    /// How much of the output is there.
    written: u64,
    /// Tells apart what is made of other inputs, or otherwise.
    fingerprint: String,
}

impl Plan {
    /// `target` is to be made, or if it `resumes`, made further, unless what is there was begun
    /// under another fingerprint.
    pub fn new(target: PathBuf, fingerprint: &impl Hash, resumes: bool) -> Plan {
        let mut hasher = DefaultHasher::new();
        fingerprint.hash(&mut hasher);
        let fingerprint = format!("{:016x}", hasher.finish());
        let mut plan = Plan { target, start: Position::default(), written: 0, fingerprint };
        if resumes && let Some((start, written)) = plan.last_checkpoint() {
            (plan.start, plan.written) = (start, written);
        }
        plan
    }

    fn last_checkpoint(&self) -> Option<(Position, u64)> {
        let notes = fs::read_to_string(self.beside(".progress")).ok()?;
        let length = fs::metadata(self.beside(".part")).ok()?.len();
        let checkpoints = notes.strip_prefix(&self.fingerprint)?;
        // The last line may be cut off.
        let lines = checkpoints.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        let checkpoint = |line: &str| {
            let numbers: Vec<u64> = line.split(' ').filter_map(|n| n.parse().ok()).collect();
            let &[records, bytes, written] = &numbers[..] else { return None };
            (written <= length).then_some((Position { records, bytes }, written))
        };
        lines.filter_map(checkpoint).next_back()
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.target.file_name().unwrap_or_default());
        name.push(suffix);
        self.target.with_file_name(name)
    }
}

/// A file that is being made.
#[derive(Debug)]
pub struct Part {
    plan: Plan,
    file: File,
    /// Where checkpoints are noted, once there is one.
    progress: Option<File>,
    written: u64,
    /// The last place in the input that was passed, and how much had been written there.
    passed: (Position, u64),
    /// The last checkpoint.
    noted: Position,
}

impl Part {
    /// Starts to make what was planned, or goes on.
    ///
    /// # Errors
    /// If the file or its directory cannot be made.
    pub fn open(plan: Plan) -> io::Result<Part> {
        if let Some(directory) = plan.target.parent() {
            fs::create_dir_all(directory)?;
        }
        let path = plan.beside(".part");
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        if plan.written == 0 {
            // Notes must never be of another file.
            _ = fs::remove_file(plan.beside(".progress"));
        }
        file.set_len(plan.written)?;
        file.seek(SeekFrom::End(0))?;
        let (written, noted) = (plan.written, plan.start);
        Ok(Part { plan, file, progress: None, written, passed: (noted, written), noted })
    }

    /// What stands in messages.
    pub fn title(&self) -> String {
        shown(&self.plan.target)
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.written == 0
    }

    /// Writes the next bytes.
    ///
    /// # Errors
    /// The file's.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// All that comes of the input before `position` has been written.
    ///
    /// # Errors
    /// The file's.
    pub fn pass(&mut self, position: Position) -> io::Result<()> {
        self.passed = (position, self.written);
        let since = position.bytes - self.noted.bytes;
        if since < CHECKPOINT_BYTES { Ok(()) } else { self.checkpoint() }
    }

    /// Notes how far it is.
    ///
    /// # Errors
    /// The file's.
    pub fn checkpoint(&mut self) -> io::Result<()> {
        let (position, written) = self.passed;
        if position == self.noted {
            return Ok(());
        }
        // The notes must never be ahead of the file.
        self.file.sync_data()?;
        let progress = match &mut self.progress {
            Some(progress) => progress,
            None => {
                let path = self.plan.beside(".progress");
                let is_new = !path.exists();
                let mut progress = OpenOptions::new().append(true).create(true).open(path)?;
                // Behind a line that was cut off a new one starts.
                let first = if is_new { &self.plan.fingerprint } else { "" };
                writeln!(progress, "{first}")?;
                self.progress.insert(progress)
            }
        };
        let line = format!("{} {} {written}\n", position.records, position.bytes);
        progress.write_all(line.as_bytes())?;
        self.noted = position;
        Ok(())
    }

    /// The file is whole: it gets its name.
    ///
    /// # Errors
    /// If it cannot be given it.
    pub fn finish(self) -> io::Result<()> {
        drop(self.file);
        fs::rename(self.plan.beside(".part"), &self.plan.target)?;
        match fs::remove_file(self.plan.beside(".progress")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: [Position; 2] =
        [Position { records: 3, bytes: 40 }, Position { records: 9, bytes: 100 }];

    #[test]
    fn it_goes_on_where_it_was_noted() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("a/page");
        let plan = |fingerprint: &str| Plan::new(target.clone(), &fingerprint, true);
        let mut part = Part::open(plan("one")).unwrap();
        for (bytes, at) in [(b"12345", AT[0]), (b"67890", AT[1])] {
            part.write(bytes).unwrap();
            part.pass(at).unwrap();
            part.checkpoint().unwrap();
        }
        part.write(b"not noted").unwrap();
        drop(part);

        let place = |plan: &Plan| (plan.start, plan.written);
        assert_eq!(place(&plan("one")), (AT[1], 10));
        let beginning = (Position::default(), 0);
        assert_eq!(place(&plan("two")), beginning, "something else is made");
        assert_eq!(place(&Plan::new(target.clone(), &"one", false)), beginning);

        // A crash may take the end of either file.
        let progress = plan("one").beside(".progress");
        let notes = fs::read_to_string(&progress).unwrap();
        fs::write(&progress, &notes[..notes.len() - 1]).unwrap();
        assert_eq!(place(&plan("one")), (AT[0], 5));
        fs::write(&progress, &notes).unwrap();
        let file = OpenOptions::new().write(true).open(plan("one").beside(".part")).unwrap();
        file.set_len(9).unwrap();
        assert_eq!(place(&plan("one")), (AT[0], 5));

        let mut part = Part::open(plan("one")).unwrap();
        part.write(b"end").unwrap();
        part.finish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"12345end");
        let names: Vec<_> = fs::read_dir(directory.path().join("a")).unwrap().collect();
        assert_eq!(names.len(), 1);
    }
}
