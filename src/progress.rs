//! The progress bar: on a terminal, for work that takes a while.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{Config, Source};
use crate::stats::counted;

/// Work that takes less than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(200);

/// How far the run is.
pub struct Progress {
    start: Instant,
    /// How many bytes have been read, as they lie on the disk.
    read: Arc<AtomicU64>,
    /// How many there are, if that is known.
    total: Option<u64>,
    /// Whether there is to be a bar.
    is_shown: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// The progress of a run that counts in `read` what it has read.
    pub fn new(config: &Config, read: Arc<AtomicU64>) -> Progress {
        let size = |source: &Source| match source {
            Source::File(path) => {
                path.metadata().ok().filter(|about| about.is_file()).map(|about| about.len())
            }
            Source::Stdin => None,
        };
        // A bar between the lines of the output helps nobody.
        let is_shown =
            !config.is_quiet && io::stderr().is_terminal() && !io::stdout().is_terminal();
        let total = is_shown.then(|| config.sources.iter().map(size).sum()).flatten();
        Progress { start: Instant::now(), read, total, is_shown, bar: None }
    }

    /// So many documents are done.
    pub fn update(&mut self, documents: u64) {
        if !self.is_shown || self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| bar(self.total, self.start.elapsed()));
        bar.set_position(self.read.load(Ordering::Relaxed));
        bar.set_message(counted(documents, "document"));
    }

    /// Writes a message where the bar is not.
    pub fn aside(&self, write: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.iter().for_each(ProgressBar::finish_and_clear);
    }
}

fn bar(total: Option<u64>, elapsed: Duration) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            "{bar:30} {decimal_bytes}/{decimal_total_bytes}, {msg}, {decimal_bytes_per_sec}, \
             {eta} left",
        ),
        None => (
            ProgressBar::no_length(),
            "{spinner} {decimal_bytes}, {msg}, {decimal_bytes_per_sec}, {elapsed}",
        ),
    };
    bar.set_style(ProgressStyle::with_template(template).expect("the template is well formed"));
    bar.enable_steady_tick(TICK);
    bar.with_elapsed(elapsed)
}
