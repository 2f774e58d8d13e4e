//! The directory of a journal.

use consentgate_core::ids::Writer;
use std::{
    ffi::OsStr,
    fs::{self, DirEntry, File},
    io,
    path::{Path, PathBuf},
};

/// The ending of a file's name that reconciling reads.
const JOURNAL: &str = "jsonl";
/// The ending of a file that is not yet locked by its writer.
const UNLOCKED: &str = "new";

/// A directory, and how many bytes may lie in it.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    bytes_max: u64,
}

impl Folder {
    pub(super) fn new(path: &Path, bytes_max: u64) -> Self {
        Self { path: path.to_owned(), bytes_max }
    }

    /// A new file of this writer, whose first record has this number; locked as long as it is written.
    pub(super) fn create(&self, writer: Writer, first: u64) -> io::Result<(PathBuf, File)> {
        fs::create_dir_all(&self.path)?;
        if self.bytes()? >= self.bytes_max {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let path = self.path.join(format!("{}-{first}.{JOURNAL}", writer.to_hex()));
        let unlocked = path.with_extension(UNLOCKED);
        let file = File::options().append(true).create_new(true).open(&unlocked)?;
        // Nobody takes it for a file whose writer is gone: it has its name only once it is locked.
        let locked = file.try_lock().map_err(io::Error::from);
        if let Err(error) = locked.and_then(|()| fs::rename(&unlocked, &path)) {
            let _ = fs::remove_file(&unlocked);
            return Err(error);
        }
        Ok((path, file))
    }

    /// The files of all writers, by name.
    pub(super) fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.path)?.collect::<io::Result<Vec<_>>>()?;
        let mut files: Vec<_> =
            entries.iter().filter(|entry| is_file(entry)).map(DirEntry::path).collect();
        files.retain(|path| path.extension() == Some(OsStr::new(JOURNAL)));
        files.sort_unstable();
        Ok(files)
    }

    /// Puts a file aside that holds what is no record, with all that is in it.
    pub(super) fn put_aside(path: &Path) -> io::Result<()> {
        let aside = path.with_extension("foreign");
        if aside.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::rename(path, aside)
    }

    fn bytes(&self) -> io::Result<u64> {
        let sizes = fs::read_dir(&self.path)?.map(|entry| match entry?.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            found => Ok(found?.len()),
        });
        sizes.sum()
    }
}

/// No directory, pipe or link.
fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|kind| kind.is_file())
}
