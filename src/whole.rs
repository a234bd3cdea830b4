//! A file that appears whole or not at all: written under another name, then renamed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file to be. What is no regular file (a pipe, `/dev/null`) is written as it is.
pub enum WholeFile {
    /// Not there yet.
    ToBe(NamedTempFile, PathBuf),
    /// Written at once.
    Open(File),
}

impl WholeFile {
    /// Begins a file that is to be at `path`.
    ///
    /// # Errors
    /// If it could not be written there.
    pub fn create(path: &Path) -> io::Result<WholeFile> {
        let is_special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
        if is_special {
            return Ok(WholeFile::Open(File::options().write(true).open(path)?));
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            // As for any new file, less what the user's mask takes away.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(parent.unwrap_or(Path::new("."))).map_err(|error| {
            // The reason without the made-up name.
            let text = error.to_string();
            let what = text.split_once(" at path ").map_or(&*text, |(what, _)| what);
            io::Error::new(error.kind(), what)
        })?;
        Ok(WholeFile::ToBe(file, path.to_owned()))
    }

    /// A handle to write to.
    ///
    /// # Errors
    /// If the system gives none.
    pub fn handle(&self) -> io::Result<File> {
        match self {
            WholeFile::ToBe(file, _) => file.as_file().try_clone(),
            WholeFile::Open(file) => file.try_clone(),
        }
    }

    /// It is complete.
    ///
    /// # Errors
    /// If it cannot be given its name.
    pub fn keep(self) -> io::Result<()> {
        match self {
            WholeFile::ToBe(file, path) => {
                file.persist(path).map(drop).map_err(|error| error.error)
            }
            WholeFile::Open(_) => Ok(()),
        }
    }
}
