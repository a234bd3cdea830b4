//! The `dechrome` command: parse, run, exit code.

use std::process::ExitCode;

mod cli;
mod config_file;
mod deliver;
mod input;
mod interrupt;
mod markup;
mod part;
mod progress;
mod run;
mod source;
mod stats;
mod suggest;
mod tree;
mod whole;
mod work;

fn main() -> ExitCode {
    let status = cli::parse().and_then(|config| match config {
        Some(config) => run::run(&config),
        None => Ok(run::Status::Done),
    });
    status
        .unwrap_or_else(|error| {
            run::report(format_args!("{error:#}"));
            run::Status::Failed
        })
        .into()
}
