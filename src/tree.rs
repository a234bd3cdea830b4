//! A directory of outputs that mirrors the inputs: which file an input becomes.

use std::collections::HashSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};
use same_file::is_same_file;

use crate::cli::{Config, Source};
use crate::input::compression::Compression;
use crate::part::Plan;
use crate::run::shown;

/// The directory.
#[derive(Debug)]
pub struct Tree<'c> {
    config: &'c Config,
    root: &'c Path,
    /// Named input files, which are never written over.
    inputs: HashSet<PathBuf>,
    /// The outputs so far, where two inputs could become the same.
    claimed: Option<HashSet<PathBuf>>,
}

impl<'c> Tree<'c> {
    /// The outputs of what `config` names in `root`, which is made if need be.
    ///
    /// # Errors
    /// If `root` cannot be made, or an input directory lies in it.
    pub fn new(config: &'c Config, root: &'c Path) -> Result<Tree<'c>> {
        if root.exists() && !root.is_dir() {
            bail!("{}: is not a directory", shown(root));
        }
        fs::create_dir_all(root).with_context(|| shown(root))?;
        let whole = fs::canonicalize(root).with_context(|| shown(root))?;
        let mut inputs = HashSet::new();
        for source in &config.sources {
            let Source::File(path) = source else { continue };
            // What is not there is reported when it is to be read.
            let Ok(input) = fs::canonicalize(path) else { continue };
            if input.is_dir() && input.starts_with(&whole) {
                bail!("{}: lies in the output directory {}", shown(path), shown(root));
            }
            inputs.insert(input);
        }
        let may_collide = config.sources.len() > 1 || config.to_jsonl;
        Ok(Tree { config, root, inputs, claimed: may_collide.then(HashSet::new) })
    }

    /// What is to be made of `input` as `name`, a relative path; `None` if it is there already and
    /// is not to be made again.
    ///
    /// # Errors
    /// If the output would be outside of the directory, or the input itself or another, or what
    /// another input becomes.
    pub fn plan(&mut self, input: &Path, name: &Path) -> Result<Option<Plan>> {
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            bail!("its output would not be in {}", shown(self.root));
        }
        let target = self.root.join(name);
        let is_input = fs::canonicalize(&target).is_ok_and(|path| self.inputs.contains(&path));
        if is_input || is_same_file(input, &target).unwrap_or(false) {
            bail!("{} is an input and is not written over", shown(&target));
        }
        if let Some(claimed) = &mut self.claimed
            && !claimed.insert(name.to_owned())
        {
            bail!("{} is already the output of another input", shown(&target));
        }
        let about = fs::metadata(input)?;
        if self.config.resumes
            && let Ok(made) = fs::metadata(&target)
            && made.modified()? >= about.modified()?
        {
            return Ok(None);
        }
        let fingerprint = (&self.config.settings, about.len(), about.modified()?);
        Ok(Some(Plan::new(target, &fingerprint, self.config.resumes)))
    }
}

/// What becomes of WET as JSON Lines is named so, under the compression it had.
pub fn name_as_jsonl(name: &Path) -> PathBuf {
    let file = name.file_name().unwrap_or_default().to_string_lossy();
    let (_, stem) = Compression::of_name(&file);
    let suffix = &file[stem.len()..];
    name.with_file_name(format!("{}.jsonl{suffix}", stem.strip_suffix(".wet").unwrap_or(stem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_lines_are_named_so() {
        for (name, expected) in [
            ("a/x.warc.wet.gz", "a/x.warc.jsonl.gz"),
            ("x.wet", "x.jsonl"),
            ("x", "x.jsonl"),
            ("x.gz", "x.jsonl.gz"),
        ] {
            assert_eq!(name_as_jsonl(Path::new(name)), Path::new(expected));
        }
    }
}
