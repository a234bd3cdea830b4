//! The file that `DECHROME_CONFIG_PATH` names: options that go before those of the command line.
//!
//! One argument a line, as ripgrep has it: `--option=value`, or the value on a line of its own.
//! Blank lines and lines that start with `#` are skipped. Where an option of the file and one of
//! the command line contradict each other, the command line has the last word.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::error::ErrorKind;
use clap::{Error, Parser};
use dechrome::output::sanitize;

use crate::cli::in_one_line;

const VARIABLE: &str = "DECHROME_CONFIG_PATH";

/// An option of the file, with its value.
#[derive(Debug)]
struct Entry {
    /// Number of its line, from 1.
    line: usize,
    arguments: Vec<OsString>,
}

/// `typed`, the arguments of the command line, and behind its first those of the file that it
/// does not contradict; `check` finds contradictions that the parser knows nothing of.
///
/// # Errors
/// If there is such a file and it cannot be read, or a line of it is no option.
pub fn complete<A: Parser>(
    typed: Vec<OsString>,
    check: impl Fn(&A) -> Result<(), Error>,
) -> Result<Vec<OsString>> {
    let path = env::var_os(VARIABLE).filter(|path| !path.is_empty());
    let Some(path) = path.filter(|_| !typed.iter().any(|argument| argument == "--no-config"))
    else {
        return Ok(typed);
    };
    let name = sanitize::visible(&path.to_string_lossy());
    let text = fs::read_to_string(Path::new(&path)).with_context(|| name.clone())?;
    let (command, rest) = typed.split_at(typed.len().min(1));
    let parse = |arguments: &[&[OsString]]| {
        A::try_parse_from(arguments.concat()).and_then(|args| check(&args).map(|()| args))
    };
    let mut added: Vec<OsString> = Vec::new();
    for Entry { line, arguments } in entries(&text) {
        if !is_option(&arguments[0].to_string_lossy()) {
            bail!("{name}:{line}: not an option");
        }
        match A::command().try_get_matches_from([command, &arguments].concat()) {
            // What follows an option that takes no value would be a file to read.
            Ok(_) if arguments.len() == 2 && parse(&[command, &arguments[..1]]).is_ok() => {
                bail!("{name}:{line}: not an option and its value");
            }
            Ok(_) => {}
            Err(error) => bail!("{name}:{line}: {}", wrong(&error)),
        }
        let is_contradicted = parse(&[command, &arguments, rest])
            .is_err_and(|error| error.kind() == ErrorKind::ArgumentConflict);
        if !is_contradicted {
            added.extend(arguments);
        }
    }
    Ok([command, &added, rest].concat())
}

/// Other than a value, even if that is a negative number.
fn is_option(row: &str) -> bool {
    let name = row.strip_prefix('-').unwrap_or_default();
    name.starts_with(|c: char| c == '-' || c.is_ascii_alphabetic())
}

fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (index, row) in text.lines().enumerate() {
        let row = row.trim();
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        match entries.last_mut() {
            // The value of the option before it.
            Some(entry) if !is_option(row) && entry.arguments.len() == 1 => {
                entry.arguments.push(row.into());
            }
            _ => entries.push(Entry { line: index + 1, arguments: vec![row.into()] }),
        }
    }
    entries
}

/// What is wrong, for a message.
fn wrong(error: &Error) -> String {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            "only for the command line".to_owned()
        }
        _ => in_one_line(error),
    }
}
