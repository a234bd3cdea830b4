//! Integration tests, one binary: the command in a scratch directory, the library's contracts on
//! generated pages, and the labelled fixtures.

mod allocation;
mod batch;
mod cli;
mod explain;
mod formats;
mod golden;
mod html;
mod long;
mod properties;
mod quality;
mod rules;
mod streaming;
mod suggest;
mod util;
