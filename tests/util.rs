//! The command in a scratch directory with a clean environment, and pages to give it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use tempfile::TempDir;

/// A threshold under every score: all lines are content, so all are kept.
pub const KEEP_ALL: &str = "--threshold=-1e30";

/// A threshold over every score: all lines are chrome, so none is kept.
pub const KEEP_NONE: &str = "--threshold=1e30";

/// A page with menu, article and footer, nothing about it hard.
pub const PAGE: &str = "\
Home
News
Sport
Contact us
Log in | Register

The old bridge over the river will stay open for another year

The town council voted on Tuesday to keep the old bridge open for another year, after engineers \
found that the cracks in its northern pillar have stopped growing.

\"We looked at every stone of it, and then we looked again,\" said the engineer who led the \
inspection. \"It will outlive most of us, provided that nobody drives a lorry over it.\"


Repairs will begin in spring, when the water is low, and are expected to take four months. Until \
then the bridge is open to people on foot and on bicycles, as it has been since last summer.

Related stories
Share on Facebook
Subscribe to our newsletter
Privacy Policy | Terms of Use | Cookie settings
\u{a9} 2024 Example Media Ltd. All rights reserved.
";

/// A directory of its own, in which the command is run.
pub struct Scratch {
    directory: TempDir,
}

impl Scratch {
    pub fn new() -> Scratch {
        Scratch { directory: TempDir::new().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Scratch {
        fs::write(self.path(name), bytes).unwrap();
        self
    }

    /// The command, all three streams piped.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dechrome"));
        command
            .args(args)
            .current_dir(self.directory.path())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The output of the command when it is fed `input`.
    pub fn run(&self, args: &[&str], input: impl AsRef<[u8]>) -> Ran {
        let mut child = self.command(args).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.as_ref().to_vec();
        // Not every run reads its input to the end.
        let feeder = thread::spawn(move || _ = stdin.write_all(&input));
        let ran = Ran(child.wait_with_output().unwrap());
        feeder.join().unwrap();
        ran
    }

    /// A line of shell, with the command on its path.
    #[cfg(unix)]
    pub fn shell(&self, script: &str) -> Ran {
        let commands = Path::new(env!("CARGO_BIN_EXE_dechrome")).parent().unwrap();
        let output = Command::new("/bin/sh")
            .args(["-c", script])
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", commands.display()))
            .stdin(Stdio::null())
            .output();
        Ran(output.unwrap())
    }
}

/// What a run left behind.
pub struct Ran(pub Output);

impl Ran {
    #[track_caller]
    pub fn status(&self, status: i32) -> &Ran {
        assert_eq!(self.0.status.code(), Some(status), "stderr: {}", self.stderr());
        self
    }

    /// The standard output of a run that ended well and had nothing to say.
    #[track_caller]
    pub fn stdout(&self) -> &[u8] {
        self.status(0);
        assert_eq!(self.stderr(), "");
        &self.0.stdout
    }

    /// The same as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        str::from_utf8(self.stdout()).unwrap()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
}

/// A child that does not outlive the test.
pub struct Guard(pub Child);

impl Drop for Guard {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// The lines of a page, endings included.
pub fn lines(page: &[u8]) -> impl Iterator<Item = &[u8]> {
    page.split_inclusive(|&byte| byte == b'\n')
}

/// The lines of a page that are not blank.
pub fn full_lines(page: &[u8]) -> Vec<&[u8]> {
    lines(page).filter(|line| !dechrome::document::is_blank(line)).collect()
}

/// Bytes as text that a failed assertion can show.
pub fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
