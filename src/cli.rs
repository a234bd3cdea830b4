//! The command line: what was typed ([`Args`]), then what was decided ([`Config`]).

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, IsTerminal, Write as _};
use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use clap_complete::Shell;
use dechrome::decode::{PRECISION_THRESHOLD, Policy, RECALL_THRESHOLD};
use dechrome::filter::{
    LOOKAHEAD, MAX_HELD_BYTES, MAX_LINE_BYTES, MAX_SHORT_LINES, SHORT_LINE_BYTES,
};
use dechrome::label::{Kind, KindSet, Label};
use dechrome::output::{Blank, Selection, Style, sanitize};
use dechrome::rules::{Rule, Rules, Told, what_is_wrong};
use encoding_rs::Encoding;
use regex::bytes::Regex;

use crate::config_file;
use crate::input::records::MAX_RECORD_BYTES;
use crate::input::split::Separator;
use crate::input::{self, Form};

/// Reads the plain-text dump of a web page and writes only the article.
///
/// Every line is judged, from its text and from the lines around it, to be content (the article)
/// or chrome (menus, captions, comments, consent, related stories, footers). Content lines are
/// written as they are, byte for byte; the others are left out.
#[derive(Clone, Debug, Parser)]
#[command(version, args_override_self = true, max_term_width = 100, after_help = "--help has all options, examples, the kinds of lines and the limits.", after_long_help = manual())]
struct Args {
    /// Dumps to read, each a document or a file of records; `-` or none is standard input
    ///
    /// Of a directory all files are read, in those below it too, but for hidden and binary ones.
    #[arg(value_name = "FILE")]
    paths: Vec<PathBuf>,

    /// What the inputs hold [default: auto]
    ///
    /// `auto` goes by the name (.txt, .jsonl, .ndjson, .wet) and then by the first bytes. Whether an
    /// input is compressed (gzip, zstd, bzip2, xz) always goes by its first bytes. Records of JSON
    /// Lines and WET are written back with their text cleaned and all else as it is.
    #[arg(long, value_name = "FORMAT", help_heading = "Input")]
    format: Option<WhichFormat>,

    /// The field of JSON records that holds the text; `a.b` is field b of the object in field a,
    /// `a\.b` the field of that name
    #[arg(
        hide_short_help = true,
        long,
        value_name = "PATH",
        default_value = "text",
        help_heading = "Input"
    )]
    field: String,

    /// Several pages in one text: what stands between two (formfeed, nul, or lines that match)
    #[arg(
        hide_short_help = true,
        long,
        value_name = "formfeed|nul|REGEX",
        value_parser = parse_separator,
        help_heading = "Input"
    )]
    split: Option<Separator>,

    /// How text is encoded, by any label of the Encoding Standard [default: UTF-8, or UTF-16 by
    /// its mark]
    ///
    /// The output is UTF-8.
    #[arg(hide_short_help = true, long, value_name = "LABEL", value_parser = parse_encoding, help_heading = "Input")]
    encoding: Option<&'static Encoding>,

    /// What to do about a record that cannot be used [default: report]
    #[arg(hide_short_help = true, long, value_name = "WHAT", help_heading = "Input")]
    on_error: Option<OnError>,

    /// Write for each input file one of the same name in DIR, not to standard output
    ///
    /// What comes of a directory lies in DIR as it lay there. Files are compressed as their names
    /// say. They appear when they are whole, and no input is written over.
    #[arg(short, long, value_name = "DIR", help_heading = "Output", conflicts_with = "html")]
    output: Option<PathBuf>,

    /// With --output, go on where an earlier run was ended, by whatever cause
    ///
    /// Repeat its command with --resume added. Files that are there and newer than the input stay;
    /// in an input of records it goes on at the last record that was noted down, every 16 MiB.
    #[arg(
        hide_short_help = true,
        long,
        help_heading = "Output",
        requires = "output",
        conflicts_with = "rejects"
    )]
    resume: bool,

    /// Write what is dropped to FILE, in the form of the output
    #[arg(
        hide_short_help = true,
        long,
        value_name = "FILE",
        help_heading = "Output",
        conflicts_with_all = ["invert", "annotate", "explain", "json", "html"],
    )]
    rejects: Option<PathBuf>,

    /// Print at the end what there was and what became of it, on standard error
    #[arg(
        long,
        value_name = "FORM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "table",
        help_heading = "Output"
    )]
    stats: Option<Stats>,

    /// Write WET as JSON Lines with the keys url, date and text
    #[arg(
        hide_short_help = true,
        long,
        value_name = "FORMAT",
        help_heading = "Output",
        conflicts_with_all = ["annotate", "explain", "json", "html"],
    )]
    to: Option<WhichTarget>,

    /// Write the lines that are dropped, and only those
    #[arg(long, help_heading = "Output")]
    invert: bool,

    /// Write every line with its verdict, score and kind in front
    #[arg(long, help_heading = "Output", conflicts_with_all = ["json", "invert", "blank"])]
    annotate: bool,

    /// Write every line as --annotate does, and under it why it scored so
    ///
    /// The reasons are causes that were taken away from the line one after the other (its words,
    /// its length, the lines above..): how much the score moved each time, then the score that is
    /// left. The numbers add up to the score.
    #[arg(long, help_heading = "Output", conflicts_with_all = ["annotate", "json", "invert", "blank"])]
    explain: bool,

    /// Write a page for the browser: every line with its verdict and reasons
    ///
    /// FILE needs no network and no other file. In it one can try other thresholds, hide kinds and
    /// copy rules. `-` is standard output.
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Output",
        conflicts_with_all = ["annotate", "explain", "json", "invert", "blank", "line_buffered"],
    )]
    html: Option<PathBuf>,

    /// Write one JSON object for each line that is not blank
    ///
    /// The keys are document, line, offset, kept, score, probability, kind and text.
    #[arg(long, help_heading = "Output", conflicts_with_all = ["invert", "blank"])]
    json: bool,

    /// Which blank lines to write [default: squeeze]
    #[arg(hide_short_help = true, long, value_name = "WHICH", help_heading = "Output")]
    blank: Option<WhichBlank>,

    /// When to use colour, for --annotate and --explain [default: auto]
    ///
    /// `auto` is on a terminal, unless NO_COLOR is set or TERM is `dumb`.
    #[arg(hide_short_help = true, long, value_name = "WHEN", help_heading = "Output")]
    color: Option<When>,

    /// Write each line as soon as it is judged, as for `tail -f`
    ///
    /// So it is always when standard output is a terminal.
    #[arg(hide_short_help = true, long, help_heading = "Output")]
    line_buffered: bool,

    /// A line is content if its score is above X; the default is 0
    ///
    /// Scores are log-odds: content is positive, chrome negative. A higher threshold keeps fewer
    /// lines.
    #[arg(
        long,
        value_name = "X",
        allow_negative_numbers = true,
        value_parser = parse_threshold,
        conflicts_with_all = ["precision", "recall"],
        help_heading = "Judgement"
    )]
    threshold: Option<f32>,

    /// Keep less: only what is surely content
    #[arg(long, conflicts_with = "recall", help_heading = "Judgement")]
    precision: bool,

    /// Keep more: whatever may be content
    #[arg(long, help_heading = "Judgement")]
    recall: bool,

    /// Keep these kinds too
    #[arg(
        long,
        value_name = "KIND,..",
        value_delimiter = ',',
        value_parser = kind_parser(),
        hide_possible_values = true,
        help_heading = "Judgement"
    )]
    keep: Vec<Kind>,

    /// Drop these kinds too
    #[arg(
        long,
        value_name = "KIND,..",
        value_delimiter = ',',
        value_parser = kind_parser(),
        hide_possible_values = true,
        help_heading = "Judgement"
    )]
    drop: Vec<Kind>,

    /// Keep these kinds and no others
    #[arg(
        long,
        value_name = "KIND,..",
        value_delimiter = ',',
        value_parser = kind_parser(),
        hide_possible_values = true,
        conflicts_with_all = ["keep", "drop"],
        help_heading = "Judgement"
    )]
    only: Vec<Kind>,

    /// Keep the lines that match REGEX, and tell the model so; goes before --never and --rules
    #[arg(long, value_name = "REGEX", help_heading = "Judgement")]
    always: Vec<String>,

    /// Drop the lines that match REGEX, and tell the model so; goes before --rules
    #[arg(long, value_name = "REGEX", help_heading = "Judgement")]
    never: Vec<String>,

    /// Rules of your own, one a line: `keep|drop [KIND] REGEX`; the last that matches counts
    ///
    /// The model weighs them before it judges the lines around. Lines that start with `#` are
    /// comments.
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    rules: Vec<PathBuf>,

    /// Write rules to choose from, for several pages of a site, in place of the pages
    ///
    /// They come from the lines that pages share, kept or not, and from those near the border. Edit
    /// what is written and name the file in --rules.
    #[arg(
        long,
        help_heading = "Judgement",
        conflicts_with_all = [
            "annotate", "explain", "json", "html", "invert", "blank", "output", "rejects", "to",
            "line_buffered",
        ],
    )]
    suggest: bool,

    /// Judge with this model in place of the built-in one
    #[arg(hide_short_help = true, long, value_name = "FILE", help_heading = "Judgement")]
    model: Option<PathBuf>,

    /// How many threads work at once [default: one for each processor]
    ///
    /// The output is the same whatever N. One text alone is the work of one thread.
    #[arg(short, long, value_name = "N", value_parser = parse_jobs)]
    jobs: Option<NonZero<usize>>,

    /// Take no options from the file that DECHROME_CONFIG_PATH names
    ///
    /// That file has options, one argument a line, that go before those of the command line:
    /// `--drop=table`, or an option and its value on two lines. Lines that start with `#` are
    /// comments. Where the two contradict each other, the command line counts.
    #[arg(hide_short_help = true, long)]
    no_config: bool,

    /// Write a manual page or completions for a shell, and do nothing else
    #[arg(hide_short_help = true, long, value_name = "WHAT", exclusive = true)]
    generate: Option<Generated>,

    /// Exit with status 1 if no line of any input was kept
    #[arg(short, long)]
    exit_status: bool,

    /// Print no warnings; errors are still printed
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhichFormat {
    /// By name and first bytes
    Auto,
    /// The text of a page, or of several with --split
    Text,
    /// JSON Lines: a record a line, its text in --field
    Jsonl,
    /// Common Crawl's WET: WARC records of text
    Wet,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhichTarget {
    Jsonl,
}

/// How the counts of a run are printed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Stats {
    /// For people
    Table,
    /// For programs
    Json,
}

/// What becomes of a record that cannot be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnError {
    /// Print what is wrong, leave it out, go on, and exit with status 2
    #[default]
    Report,
    /// Leave it out
    Skip,
    /// Print what is wrong and end there; so for an input that cannot be read
    Fail,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhichBlank {
    /// At most one between two written lines
    Squeeze,
    /// All
    Keep,
    /// None
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Generated {
    Man,
    CompleteBash,
    CompleteZsh,
    CompleteFish,
}

impl Generated {
    fn write(self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut command = Args::command();
        let shell = match self {
            Generated::Man => {
                // The generator leaves out what `-h` does not show of an option.
                let command = command.mut_args(|arg| arg.hide_short_help(false));
                return clap_mangen::Man::new(command).render(out);
            }
            Generated::CompleteBash => Shell::Bash,
            Generated::CompleteZsh => Shell::Zsh,
            Generated::CompleteFish => Shell::Fish,
        };
        // The generator panics where it cannot write.
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut command, "dechrome", &mut script);
        out.write_all(&script)
    }
}

/// Where a document comes from.
#[derive(Debug)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

/// How lines are written.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// The selected lines as they are.
    Text(Selection, Blank),
    /// All lines with their verdicts.
    Annotate(Style),
    /// All lines with their verdicts and the reasons for them.
    Explain(Style),
    /// JSON Lines.
    Json,
    /// A page for the browser.
    Html,
    /// Rules to choose from.
    Suggest,
}

/// What was decided.
#[derive(Debug)]
pub struct Config {
    /// What to read, in order.
    pub sources: Vec<Source>,
    /// What that is.
    pub form: Form,
    /// Where in a JSON record the text is.
    pub field: Vec<String>,
    /// What stands between two pages of a text.
    pub split: Option<Separator>,
    /// What becomes of bad records.
    pub on_error: OnError,
    /// Whether WET becomes JSON Lines.
    pub to_jsonl: bool,
    /// Which lines are kept.
    pub policy: Policy,
    /// How lines are written.
    pub format: Format,
    /// Where the output goes if not to standard output.
    pub report: Option<PathBuf>,
    /// The directory of outputs, if each input becomes a file of its own.
    pub output: Option<PathBuf>,
    /// Whether what is there stays.
    pub resumes: bool,
    /// All that the outputs depend on beside the inputs, for `resumes`.
    pub settings: String,
    /// Where what is dropped goes.
    pub rejects: Option<PathBuf>,
    /// How the counts of the run are printed.
    pub stats: Option<Stats>,
    /// How many threads work; if not said, one for each processor.
    pub jobs: Option<NonZero<usize>>,
    /// Whether each line is written at once.
    pub is_line_buffered: bool,
    /// Whether the exit status tells that nothing was kept.
    pub tells_if_nothing_kept: bool,
    /// Whether warnings are left out.
    pub is_quiet: bool,
    /// A model in place of the embedded one.
    pub model: Option<PathBuf>,
    /// The user's rules, the most important last.
    pub rules: Rules,
}

impl Config {
    /// Whether what is written has the form of what was read, lines left out.
    pub fn rewrites(&self) -> bool {
        matches!(self.format, Format::Text(..))
    }

    /// Whether anything that is written tells the kinds of lines.
    pub fn tells_kinds(&self) -> bool {
        !self.rewrites() || self.stats.is_some()
    }
}

/// Reads the command line; `None` when all it asked for has been written.
///
/// # Errors
/// If it is no right usage, there is nothing to read, a rule is none, or what it asked for cannot be
/// written.
pub fn parse() -> Result<Option<Config>> {
    let typed = config_file::complete(env::args_os().collect(), contradiction)?;
    let args = match Args::try_parse_from(typed) {
        Ok(args) => args,
        Err(error) if error.use_stderr() => bail!(in_one_line(&error)),
        // Not an error: the text of --help or --version.
        Err(text) => return has_written(text.print()),
    };
    if let Some(generated) = args.generate {
        return has_written(generated.write(&mut io::stdout().lock()));
    }
    if let Err(error) = contradiction(&args) {
        bail!(in_one_line(&error));
    }
    if args.paths.is_empty() && io::stdin().is_terminal() {
        bail!("nothing to read: name a file or pipe a page in, as in 'w3m -dump URL | dechrome'");
    }
    let rules = rules(&args)?;
    Ok(Some(decide(args, rules, io::stdout().is_terminal())))
}

/// What comes of an attempt to write all that the command line asked for. That nobody reads on is
/// no error.
fn has_written(attempt: io::Result<()>) -> Result<Option<Config>> {
    match attempt.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(None),
    }
}

/// What is wrong, and what would be right, but for the usage.
pub fn in_one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let rows = text.lines().take_while(|row| {
        !["Usage:", "For more information"].iter().any(|start| row.starts_with(start))
    });
    let words: Vec<&str> = rows.flat_map(str::split_whitespace).collect();
    let line = words.join(" ").replace(" tip: ", "; tip: ");
    sanitize::visible(line.trim_start_matches("error: "))
}

/// The contradictions that clap cannot see.
fn contradiction(args: &Args) -> Result<(), clap::Error> {
    let conflict = |message: &str| Err(Args::command().error(ErrorKind::ArgumentConflict, message));
    if let Some(kind) = args.keep.iter().find(|kind| args.drop.contains(kind)) {
        return conflict(&format!("'{kind}' is both in --keep and in --drop"));
    }
    if args.output.is_some()
        && sources(args.paths.clone()).iter().any(|it| matches!(it, Source::Stdin))
    {
        return conflict("--output is for files: standard input has no name");
    }
    match args.format {
        Some(WhichFormat::Jsonl | WhichFormat::Wet) if args.split.is_some() => {
            conflict("records are not split: --split is for text")
        }
        _ => Ok(()),
    }
}

fn decide(args: Args, rules: Rules, is_terminal: bool) -> Config {
    let settings = settings(&args);
    let is_terminal = is_terminal && args.output.is_none();
    let policy = Policy { threshold: threshold(&args), keep: kinds_to_keep(&args) };
    let format = if args.annotate || args.explain {
        let has_colour = match args.color.unwrap_or(When::Auto) {
            When::Always => true,
            When::Never => false,
            When::Auto => is_terminal && wants_colour(),
        };
        let style = Style { has_colour, is_sanitized: is_terminal };
        if args.explain { Format::Explain(style) } else { Format::Annotate(style) }
    } else if args.html.is_some() {
        Format::Html
    } else if args.suggest {
        Format::Suggest
    } else if args.json {
        Format::Json
    } else {
        let selection = if args.invert { Selection::Dropped } else { Selection::Kept };
        let blank = match args.blank {
            None | Some(WhichBlank::Squeeze) => Blank::Squeeze,
            Some(WhichBlank::Keep) => Blank::Keep,
            Some(WhichBlank::None) => Blank::Drop,
        };
        Format::Text(selection, blank)
    };
    Config {
        sources: sources(args.paths),
        form: Form {
            format: input_format(args.format, args.split.is_some()),
            encoding: args.encoding,
        },
        field: field_path(&args.field),
        split: args.split,
        on_error: args.on_error.unwrap_or_default(),
        to_jsonl: args.to.is_some(),
        policy,
        format,
        report: args.html.filter(|path| path.as_os_str() != "-"),
        output: args.output,
        resumes: args.resume,
        settings,
        rejects: args.rejects,
        stats: args.stats,
        jobs: args.jobs,
        is_line_buffered: args.line_buffered || is_terminal,
        tells_if_nothing_kept: args.exit_status,
        is_quiet: args.quiet,
        model: args.model,
        rules,
    }
}

/// What was typed, but for what changes nothing in the outputs, and the version.
fn settings(args: &Args) -> String {
    let args = Args {
        paths: Vec::new(),
        output: None,
        resume: false,
        stats: None,
        jobs: None,
        no_config: false,
        exit_status: false,
        quiet: false,
        ..args.clone()
    };
    format!("{} {args:?}", env!("CARGO_PKG_VERSION"))
}

fn rules(args: &Args) -> Result<Rules> {
    let mut rules = Vec::new();
    for path in &args.rules {
        let name = sanitize::visible(&path.to_string_lossy());
        let text = fs::read_to_string(path).with_context(|| name.clone())?;
        rules.extend(Rule::parse_file(&text, &name)?);
    }
    for (option, label, patterns) in
        [("--never", Label::Chrome, &args.never), ("--always", Label::Content, &args.always)]
    {
        rules.extend(patterns.iter().map(|pattern| Rule {
            told: Told { label, kind: None },
            pattern: pattern.clone(),
            place: format!("{option} {}", sanitize::visible(pattern)),
        }));
    }
    Ok(Rules::new(&rules)?)
}

fn threshold(args: &Args) -> f32 {
    if args.precision {
        PRECISION_THRESHOLD
    } else if args.recall {
        RECALL_THRESHOLD
    } else {
        args.threshold.unwrap_or(Policy::default().threshold)
    }
}

fn kinds_to_keep(args: &Args) -> KindSet {
    if !args.only.is_empty() {
        return args.only.iter().copied().collect();
    }
    let kept = args.keep.iter().copied().fold(KindSet::CONTENT, KindSet::with);
    args.drop.iter().copied().fold(kept, KindSet::without)
}

fn input_format(which: Option<WhichFormat>, is_split: bool) -> Option<input::Format> {
    match which.unwrap_or(WhichFormat::Auto) {
        WhichFormat::Auto if is_split => Some(input::Format::Text),
        WhichFormat::Auto => None,
        WhichFormat::Text => Some(input::Format::Text),
        WhichFormat::Jsonl => Some(input::Format::Jsonl),
        WhichFormat::Wet => Some(input::Format::Wet),
    }
}

fn sources(paths: Vec<PathBuf>) -> Vec<Source> {
    if paths.is_empty() {
        return vec![Source::Stdin];
    }
    let source = |path: PathBuf| {
        if path.as_os_str() == "-" { Source::Stdin } else { Source::File(path) }
    };
    paths.into_iter().map(source).collect()
}

/// See <https://no-color.org>: any value that is not empty counts.
fn wants_colour() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The keys of a path, from the outermost inwards.
fn field_path(text: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let key = keys.last_mut().expect("there is always one");
        match c {
            '.' => keys.push(String::new()),
            '\\' => key.push(chars.next_if(|&c| c == '.' || c == '\\').unwrap_or(c)),
            c => key.push(c),
        }
    }
    keys
}

fn parse_jobs(text: &str) -> Result<NonZero<usize>, String> {
    text.parse().map_err(|_| "not a whole number above 0".to_owned())
}

fn parse_threshold(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(threshold) if threshold.is_finite() => Ok(threshold),
        _ => Err("not a finite number".to_owned()),
    }
}

fn parse_separator(text: &str) -> Result<Separator, String> {
    match text {
        "formfeed" => Ok(Separator::Byte(b'\x0c')),
        "nul" => Ok(Separator::Byte(0)),
        pattern => Regex::new(pattern).map(Separator::Line).map_err(|error| what_is_wrong(&error)),
    }
}

fn parse_encoding(label: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label(label.as_bytes()).ok_or_else(|| "no such encoding".to_owned())
}

fn kind_parser() -> impl TypedValueParser<Value = Kind> {
    let names = Kind::ALL.map(|kind| PossibleValue::new(kind.name()));
    PossibleValuesParser::new(names)
        .map(|name| Kind::from_name(&name).expect("only names of kinds are possible"))
}

/// What `--help` tells below the options.
fn manual() -> String {
    let mut text = String::from(
        "\
Examples:
  w3m -dump https://example.org/story | dechrome
  dechrome page.txt > article.txt
  dechrome --invert page.txt              what is left out
  dechrome --annotate page.txt | less     every line with its score and kind
  dechrome --explain page.txt | less      and why
  dechrome --html why.html page.txt       the same to look at in a browser
  dechrome --keep caption,byline page.txt
  dechrome --never '^Sign up' page.txt    a rule of your own
  dechrome --suggest site/*.txt > rules   rules for a site, to edit; then --rules rules
  dechrome crawl.jsonl.gz > clean.jsonl   JSON Lines with the text of each record cleaned
  dechrome --to jsonl CC-MAIN-*.warc.wet.gz
  dechrome -o clean/ crawl/               a file for each, in the same tree
  dechrome --split '^=+$' pages.txt       several pages in one text
  dechrome --json *.txt | jq -r 'select(.kind == \"heading\").text'

Kinds:",
    );
    for (title, content) in [("kept by default", true), ("dropped by default", false)] {
        _ = write!(text, "\n  {title}:\n");
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_content() == content) {
            _ = writeln!(text, "    {kind:9} {}", kind.describe());
        }
    }
    _ = write!(
        text,
        "
Limits:
  A line is judged once {LOOKAHEAD} more lines that are not blank have been seen, or the document ends.
  A line longer than {} is judged on its first and last parts and passed through.
  When more than {} wait for a verdict, they are judged as if the document ended there.
  Of lines of less than {SHORT_LINE_BYTES} bytes in a row {MAX_SHORT_LINES} are judged; those that follow go with the last.
  A record longer than {} cannot be used.

Exit status:
  0  it ran, whatever was kept
  1  nothing was kept, with --exit-status only
  2  wrong usage, or an input failed; the other inputs were processed
  130  interrupted, at the end of a record or file: --resume goes on there; with --output also
       by SIGTERM, with status 143",
        mebibytes(MAX_LINE_BYTES),
        mebibytes(MAX_HELD_BYTES),
        mebibytes(MAX_RECORD_BYTES),
    );
    text
}

fn mebibytes(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(args: &[&str]) -> Config {
        decide(Args::parse_from([&["dechrome"], args].concat()), Rules::default(), false)
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn kinds_move_across_the_border() {
        let content = KindSet::CONTENT;
        for (args, keep) in [
            (&[][..], content),
            (&["--keep", "caption,menu"], content.with(Kind::Caption).with(Kind::Menu)),
            (
                &["--keep", "caption", "--drop", "list"],
                content.with(Kind::Caption).without(Kind::List),
            ),
            (&["--only=menu", "--only", "prose"], [Kind::Menu, Kind::Prose].into_iter().collect()),
        ] {
            assert_eq!(decided(args).policy.keep, keep, "{args:?}");
        }
    }

    #[test]
    fn a_dot_in_a_key_is_escaped() {
        for (path, keys) in [
            ("text", &["text"][..]),
            ("a.b", &["a", "b"]),
            (r"a\.b.c", &["a.b", "c"]),
            (r"a\\.b\c\", &["a\\", "b\\c\\"]),
            ("a..", &["a", "", ""]),
        ] {
            assert_eq!(field_path(path), keys, "{path}");
        }
    }

    #[test]
    fn thresholds_and_presets() {
        for (args, threshold) in [
            (&[][..], Policy::default().threshold),
            (&["--threshold", "-1.5"], -1.5),
            (&["--threshold=2"], 2.0),
            (&["--precision"], PRECISION_THRESHOLD),
            (&["--recall"], RECALL_THRESHOLD),
        ] {
            assert_eq!(decided(args).policy.threshold, threshold, "{args:?}");
        }
        const { assert!(RECALL_THRESHOLD < PRECISION_THRESHOLD) }
    }
}
