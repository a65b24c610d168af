//! The daily files of a ledger, read: which records they hold, and where.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sync_wire::Head;
use sync_wire::seal::{self, DataKey};

use crate::daily::frame::{self, DailyRecord, FRAME_BYTES_MAX, MAGIC, Next};
use crate::key::Key;

/// What a daily file's name ends with.
const SUFFIX: &str = ".day";
/// Bytes of a file in memory at a time.
const WINDOW_BYTES: usize = 4 * FRAME_BYTES_MAX;
/// Bytes at the end of a file in which its last record is looked for first.
const END_BYTES: u64 = 256 * 1024;

/// A daily file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DailyFile {
    /// Its place in the row of files: the number that its name begins with.
    pub(crate) number: u32,
    /// The day of its records.
    pub(crate) day: String,
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// The name of a daily file.
pub(crate) fn name(number: u32, day: &str) -> String {
    format!("{number:08}-{day}{SUFFIX}")
}

/// The daily files in a folder, oldest first; none where there is no folder.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<DailyFile>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let parts = name
            .strip_suffix(SUFFIX)
            .and_then(|name| name.split_once('-'));
        if let Some((number, day)) = parts
            && let Ok(number) = number.parse()
        {
            found.push(DailyFile {
                number,
                day: day.to_owned(),
                path: entry.path(),
            });
        }
    }
    found.sort_by_key(|file| file.number);
    Ok(found)
}

/// The key under which a ledger's daily files are sealed, and the name of its box.
pub(crate) type Seal = (DataKey, String);

/// The seal of a box's daily files.
pub(crate) fn seal_of(key: &Key, box_id: &str) -> Seal {
    (seal::daily_key(key.reveal()), box_id.to_owned())
}

/// Reads a file from `from` on, frame by frame, stepping over what is none; `take` is given each record
/// with its place, and says whether to go on.
pub(crate) fn read(
    path: &Path,
    from: u64,
    seal: &Seal,
    take: &mut dyn FnMut(u64, DailyRecord) -> bool,
) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut at = from.max(u64::try_from(MAGIC.len()).unwrap_or(0));
    file.seek(SeekFrom::Start(at))?;
    let mut window: Vec<u8> = Vec::new();
    let mut is_end = false;
    loop {
        if window.len() < FRAME_BYTES_MAX && !is_end {
            let wanted = u64::try_from(WINDOW_BYTES).unwrap_or(0);
            is_end = file.by_ref().take(wanted).read_to_end(&mut window)? == 0;
        }
        let mut used = 0;
        while let Some(rest) = window.get(used..).filter(|rest| !rest.is_empty()) {
            if rest.len() < FRAME_BYTES_MAX && !is_end {
                break;
            }
            used += match frame::next(rest) {
                Next::Frame(sealed, bytes) => {
                    let place = at.saturating_add(u64::try_from(used).unwrap_or(0));
                    if let Some(record) = frame::open(sealed, (&seal.0, &seal.1))
                        && !take(place, record)
                    {
                        return Ok(());
                    }
                    bytes
                }
                // At the end of a file, what is short is torn.
                Next::Junk | Next::Short => 1,
            };
        }
        if used == 0 && is_end {
            return Ok(());
        }
        window.drain(..used);
        at = at.saturating_add(u64::try_from(used).unwrap_or(0));
    }
}

/// The last record of the newest file that holds any.
pub(crate) fn newest(files: &[DailyFile], seal: &Seal) -> io::Result<Option<DailyRecord>> {
    for file in files.iter().rev() {
        let bytes = fs::metadata(&file.path)?.len();
        let near_end = bytes.saturating_sub(END_BYTES);
        // Mostly its end is enough; where that is damaged the whole file is looked through.
        let begins = [Some(near_end), (near_end > 0).then_some(0)];
        for from in begins.into_iter().flatten() {
            let mut last = None;
            read(&file.path, from, seal, &mut |_, record| {
                last = Some(record);
                true
            })?;
            if last.is_some() {
                return Ok(last);
            }
        }
    }
    Ok(None)
}

/// Records in a row, in one file.
#[derive(Debug, Clone, Copy)]
struct Run {
    from: u64,
    to: u64,
    file: usize,
    place: u64,
}

/// Longest run: to a record in its middle so many frames are read.
const RUN_RECORDS: u64 = 256;

/// All daily files of a ledger. A number may stand there more than once, and not always with the same
/// record: the database may have gone back to an older copy in between.
#[derive(Debug)]
pub(crate) struct Shelf {
    files: Vec<DailyFile>,
    seal: Seal,
    /// Epochs in the order in which they appear, each with its runs in the order of the files.
    epochs: Vec<(String, Vec<Run>)>,
}

impl Shelf {
    /// Looks through every daily file of a folder; a file that cannot be read is passed over.
    pub(crate) fn open(folder: &Path, key: &Key, box_id: &str) -> Self {
        let mut shelf = Self {
            files: Vec::new(),
            seal: seal_of(key, box_id),
            epochs: Vec::new(),
        };
        match files(folder) {
            Ok(found) => shelf.files = found,
            Err(error) => tracing::warn!(%error, "The daily files cannot be read"),
        }
        for file in 0..shelf.files.len() {
            shelf.index(file);
        }
        shelf
    }

    fn index(&mut self, file: usize) {
        let Some(path) = self.files.get(file).map(|file| file.path.clone()) else {
            return;
        };
        let epochs = &mut self.epochs;
        let read = read(&path, 0, &self.seal, &mut |place, record| {
            let DailyRecord { epoch, head, .. } = record;
            let at = epochs.iter().position(|(name, _)| *name == epoch);
            let at = at.unwrap_or_else(|| {
                epochs.push((epoch, Vec::new()));
                epochs.len().saturating_sub(1)
            });
            let Some((_, runs)) = epochs.get_mut(at) else {
                return false;
            };
            match runs.last_mut() {
                Some(run)
                    if run.file == file
                        && head.seq == run.to.saturating_add(1)
                        && head.seq < run.from.saturating_add(RUN_RECORDS) =>
                {
                    run.to = head.seq;
                }
                _ => runs.push(Run {
                    from: head.seq,
                    to: head.seq,
                    file,
                    place,
                }),
            }
            true
        });
        if let Err(error) = read {
            tracing::warn!(%error, file = %path.display(), "A daily file cannot be read to its end");
        }
    }

    /// Epochs of which there are records, oldest first.
    pub(crate) fn epochs(&self) -> impl Iterator<Item = &String> {
        self.epochs.iter().map(|(name, _)| name)
    }

    /// The last record of an epoch; 0 where there is none.
    pub(crate) fn last(&self, epoch: &str) -> u64 {
        self.runs(epoch).map(|run| run.to).max().unwrap_or(0)
    }

    /// The record that was written last under a number.
    pub(crate) fn record(&self, epoch: &str, seq: u64) -> Option<DailyRecord> {
        self.covering(epoch, seq)
            .find_map(|run| self.read_one(epoch, run, seq))
    }

    /// Whether there is a record with this very hash.
    pub(crate) fn holds(&self, epoch: &str, head: Head) -> bool {
        self.covering(epoch, head.seq)
            .filter_map(|run| self.read_one(epoch, run, head.seq))
            .any(|record| record.head == head)
    }

    /// Bodies that continue `after`, at most so many; they end where a record is missing or does not fit.
    pub(crate) fn continuing(&self, epoch: &str, after: Head, records_max: u32) -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        let mut head = after;
        let most = usize::try_from(records_max).unwrap_or(usize::MAX);
        loop {
            let before = head.seq;
            let wanted = before.saturating_add(1);
            for run in self.covering(epoch, wanted) {
                self.read_run(epoch, run, wanted, &mut |record| {
                    let next = head.extend(&record.body);
                    if bodies.len() >= most || record.head != next {
                        return false;
                    }
                    head = next;
                    bodies.push(record.body);
                    true
                });
                if head.seq > before {
                    break;
                }
            }
            if head.seq == before || bodies.len() >= most {
                return bodies;
            }
        }
    }

    fn runs(&self, epoch: &str) -> impl DoubleEndedIterator<Item = &Run> {
        let named = self.epochs.iter().find(|(name, _)| name == epoch);
        named.into_iter().flat_map(|(_, runs)| runs)
    }

    /// Runs with a number, those that were written last first.
    fn covering(&self, epoch: &str, seq: u64) -> impl Iterator<Item = &Run> {
        let runs = self.runs(epoch).rev();
        runs.filter(move |run| (run.from..=run.to).contains(&seq))
    }

    fn read_one(&self, epoch: &str, run: &Run, seq: u64) -> Option<DailyRecord> {
        let mut found = None;
        self.read_run(epoch, run, seq, &mut |record| {
            found = Some(record);
            false
        });
        found
    }

    /// Gives the records of a run from a number on.
    fn read_run(
        &self,
        epoch: &str,
        run: &Run,
        seq: u64,
        take: &mut dyn FnMut(DailyRecord) -> bool,
    ) {
        let Some(file) = self.files.get(run.file) else {
            return;
        };
        let read = read(&file.path, run.place, &self.seal, &mut |_, record| {
            let number = record.head.seq;
            if record.epoch != epoch || number < seq {
                return record.epoch != epoch || number < run.to;
            }
            take(record) && number < run.to
        });
        if let Err(error) = read {
            tracing::warn!(%error, "A daily file cannot be read");
        }
    }
}
