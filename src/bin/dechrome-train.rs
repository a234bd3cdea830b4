//! Trains the model that the command embeds.
//!
//! ```text
//! cargo run --release --features train --bin dechrome-train -- CORPUS src/model/dechrome.model
//! ```

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use dechrome::train::corpus::{self, Page};
use dechrome::train::data::Data;
use dechrome::train::{self, Part, Settings, made_up};

/// Trains a model on the pages of a corpus that are for training, and writes it to a file.
#[derive(Parser)]
struct Arguments {
    /// Directory of `SOURCE.jsonl.zst` files
    corpus: PathBuf,
    /// Where the model goes
    model: PathBuf,
    /// Directory of pages that were made up for training
    #[arg(long, value_name = "DIR", default_value = "fixtures/made-up")]
    made_up: PathBuf,
    /// Start of every random sequence; the same seed and corpus give the same model
    #[arg(long, default_value_t = Settings::default().seed)]
    seed: u64,
    /// Passes over the pages
    #[arg(long, default_value_t = Settings::default().epochs)]
    epochs: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = Settings::default().rate)]
    rate: f32,
    /// Share of a line's tokens left out
    #[arg(long, default_value_t = Settings::default().token_dropout)]
    token_dropout: f32,
    /// Share of lines whose tokens are all left out
    #[arg(long, default_value_t = Settings::default().lexical_dropout)]
    lexical_dropout: f32,
    /// Share of pages whose tokens are all left out
    #[arg(long, default_value_t = Settings::default().page_lexical_dropout)]
    page_lexical_dropout: f32,
    /// Share of pages whose case is taken away
    #[arg(long, default_value_t = Settings::default().case_dropout)]
    case_dropout: f32,
    /// Share of pages of which a part is cut out
    #[arg(long, default_value_t = Settings::default().cut_pages)]
    cut_pages: f32,
    /// Share of pages of which one side only is shown
    #[arg(long, default_value_t = Settings::default().one_sided_pages)]
    one_sided_pages: f32,
    /// Share of pages whose blank lines are taken away
    #[arg(long, default_value_t = Settings::default().blank_dropout)]
    blank_dropout: f32,
    /// Share of pages between whose content chrome of other pages is put
    #[arg(long, default_value_t = Settings::default().interleaved_pages)]
    interleaved_pages: f32,
    /// Share of pages about whose headline chrome of other pages is put
    #[arg(long, default_value_t = Settings::default().chrome_about_headline)]
    chrome_about_headline: f32,
    /// Share of pages before or after whose content a list that leads elsewhere is put
    #[arg(long, default_value_t = Settings::default().listed_pages)]
    listed_pages: f32,
    /// Share of the first layer's units left out
    #[arg(long, default_value_t = Settings::default().unit_dropout)]
    unit_dropout: f32,
    /// Share of doubt in the labels
    #[arg(long, default_value_t = Settings::default().label_smoothing)]
    label_smoothing: f32,
    /// Weight decay of the embeddings
    #[arg(long, default_value_t = Settings::default().embedding_decay)]
    embedding_decay: f32,
    /// Weight of a page's soft word F1 in the loss
    #[arg(long, default_value_t = Settings::default().f1_weight)]
    f1_weight: f32,
    /// Parts of the sites for second opinions
    #[arg(long, default_value_t = Settings::default().parts)]
    parts: usize,
    /// How often the sites are split into parts, each time another way
    #[arg(long, default_value_t = Settings::default().rounds)]
    rounds: usize,
    /// Share of second opinions in what a line should be
    #[arg(long, default_value_t = Settings::default().opinion_share)]
    opinion_share: f32,
    /// Keep second opinions in this file, to try other settings with the same: they are read if it
    /// is there, or else written
    #[arg(long, value_name = "FILE")]
    opinions: Option<PathBuf>,
    /// Weight of the kinds in the loss
    #[arg(long, default_value_t = Settings::default().kind_weight)]
    kind_weight: f32,
    /// Leave these parts of the network out, to see what they are worth
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    without: Vec<Part>,
    /// Lines ahead that the network sees at most
    #[arg(long, value_name = "N", default_value_t = Settings::default().lookahead)]
    lookahead: usize,
    /// Units of the network at most
    #[arg(long, value_name = "N", default_value_t = Settings::default().width)]
    width: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let settings = Settings {
        seed: arguments.seed,
        epochs: arguments.epochs,
        rate: arguments.rate,
        token_dropout: arguments.token_dropout,
        lexical_dropout: arguments.lexical_dropout,
        page_lexical_dropout: arguments.page_lexical_dropout,
        case_dropout: arguments.case_dropout,
        cut_pages: arguments.cut_pages,
        one_sided_pages: arguments.one_sided_pages,
        blank_dropout: arguments.blank_dropout,
        interleaved_pages: arguments.interleaved_pages,
        chrome_about_headline: arguments.chrome_about_headline,
        listed_pages: arguments.listed_pages,
        unit_dropout: arguments.unit_dropout,
        label_smoothing: arguments.label_smoothing,
        embedding_decay: arguments.embedding_decay,
        f1_weight: arguments.f1_weight,
        kind_weight: arguments.kind_weight,
        parts: arguments.parts,
        rounds: arguments.rounds,
        opinion_share: arguments.opinion_share,
        without: arguments.without,
        lookahead: arguments.lookahead,
        width: arguments.width,
        ..Settings::default()
    };
    eprintln!("corpus {:016x}", corpus::fingerprint(&arguments.corpus)?);
    let mut pages: Vec<Page> = corpus::read(&arguments.corpus, |page| !page.dev)?;
    pages.extend(made_up::read(&arguments.made_up)?);
    let mut data = Data::from_pages(&pages);
    eprintln!(
        "{} pages to train on, {} to calibrate on, {} tokens",
        data.train.len(),
        data.tune.len(),
        data.keys.len()
    );
    drop(pages);
    let report = &mut |line: &str| eprintln!("{line}");
    match &arguments.opinions {
        Some(path) if path.exists() => {
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            let fits = data.take_opinions(&bytes);
            ensure!(fits, "{}: not of these pages", path.display());
        }
        path => {
            train::ask_around(&mut data, &settings, report);
            if let Some(path) = path {
                std::fs::write(path, data.opinions())
                    .with_context(|| path.display().to_string())?;
            }
        }
    }
    let bytes = train::run(&mut data, &settings, report);
    std::fs::write(&arguments.model, &bytes)
        .with_context(|| arguments.model.display().to_string())?;
    eprintln!("{}: {} bytes", arguments.model.display(), bytes.len());
    Ok(())
}
