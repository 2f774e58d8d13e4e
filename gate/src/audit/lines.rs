//! The lines of a journal's file, in bounded memory whatever is in it.

use consentgate_core::tenants::Record;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom},
};

/// No record is longer.
const LINE_MAX: u64 = 1024;

/// One line.
pub(super) enum Line {
    /// Of a record.
    Record(Record),
    /// Whole, and no record.
    Foreign,
    /// The end is missing.
    Torn,
}

pub(super) struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
}

impl Lines {
    /// The lines from there on.
    pub(super) fn new(mut file: File, from: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { reader: BufReader::with_capacity(1 << 16, file), line: Vec::new() })
    }

    pub(super) fn file(&self) -> &File {
        self.reader.get_ref()
    }

    /// The next line, and how many bytes it has; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(Line, u64)>> {
        let mut bytes = self.read_on()?;
        if bytes == 0 {
            return Ok(None);
        }
        let line = match self.line.strip_suffix(b"\n") {
            Some(line) => Record::read(line).map_or(Line::Foreign, Line::Record),
            None => loop {
                let more = self.read_on()?;
                bytes += more;
                if more == 0 {
                    break Line::Torn;
                }
                if self.line.ends_with(b"\n") {
                    break Line::Foreign;
                }
            },
        };
        Ok(Some((line, bytes)))
    }

    /// Up to the line's end, and no more than a record has.
    fn read_on(&mut self) -> io::Result<u64> {
        self.line.clear();
        let read = self.reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut self.line)?;
        Ok(read as u64)
    }
}
