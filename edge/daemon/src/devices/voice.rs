//! The gate's voice. What is said to everybody is made once and kept as a file, where a recording may
//! take its place; names are made when they are needed and kept nowhere.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edge_domain::spoken_lines;
use edge_web::{BoxFuture, Voice};
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Says in Mandarin what it reads: so no name stands in the list of processes. The gate goes before it.
const PROGRAM: &str = "nice";
const ARGUMENTS: [&str; 7] = [
    "-n10",
    "espeak-ng",
    "-v",
    "cmn",
    "-s150",
    "--stdin",
    "--stdout",
];
/// A name that comes later than this comes too late for whom it speaks to.
const NAME_TIME: Duration = Duration::from_millis(700);
const LINE_TIME: Duration = Duration::from_secs(10);
/// Longest sound, bytes: half a minute of a recording.
const SOUND_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Longest name that is said, characters.
const NAME_CHARS_MAX: usize = 15;
/// Names that are made at one time: one that would wait is too late.
const NAMES_AT_ONCE: usize = 2;
/// Where the sound begins in what the program writes: RIFF, `fmt ` of 16 bytes, `data`.
const HEAD_BYTES: usize = 44;

/// Why there is no sound.
#[derive(Debug, Error)]
enum Silence {
    #[error("the speech program or the folder of sounds: {0}")]
    Io(#[from] io::Error),
    #[error("the speech program ended with {0}")]
    Program(ExitStatus),
    #[error("the speech program took too long")]
    Late,
    #[error("longer than {SOUND_BYTES_MAX} bytes")]
    Long,
    #[error("what the speech program wrote is no WAV")]
    NoWav,
}

/// The voice of espeak-ng, and of whoever recorded a line.
#[derive(Debug)]
pub(crate) struct GateVoice {
    shelf: Arc<Shelf>,
    says_names: bool,
    names: Semaphore,
    is_prepared: AtomicBool,
}

/// The lines as files.
#[derive(Debug)]
struct Shelf {
    folder: PathBuf,
    /// One line is made at a time.
    turn: tokio::sync::Mutex<()>,
    /// Whether a failure is on record: a site without the program would tell it with every card.
    is_told: AtomicBool,
}

impl GateVoice {
    /// The lines stand in the folder `voice` beside the ledger.
    pub(crate) fn new(ledger: &Path, says_names: bool) -> Self {
        Self {
            shelf: Arc::new(Shelf {
                folder: ledger.with_file_name("voice"),
                turn: tokio::sync::Mutex::default(),
                is_told: AtomicBool::default(),
            }),
            says_names,
            names: Semaphore::new(NAMES_AT_ONCE),
            is_prepared: AtomicBool::default(),
        }
    }
}

impl Voice for GateVoice {
    fn prepare(&self) {
        if self.is_prepared.swap(true, Ordering::Relaxed) {
            return;
        }
        let files = Arc::clone(&self.shelf);
        tokio::spawn(async move {
            for line in spoken_lines() {
                files.sound(line).await;
            }
        });
    }

    fn line(&self, line: &'static str) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(self.shelf.sound(line))
    }

    fn name(&self, name: String) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let _turn = self.names.try_acquire().ok()?;
            let letters = name.chars().filter(|one| one.is_alphanumeric());
            let name: String = letters.take(NAME_CHARS_MAX).collect();
            self.shelf.heard(spoken(&name, NAME_TIME).await)
        })
    }

    fn says_names(&self) -> bool {
        self.says_names
    }
}

impl Shelf {
    async fn sound(&self, line: &'static str) -> Option<Vec<u8>> {
        self.heard(self.kept_or_made(line).await)
    }

    async fn kept_or_made(&self, line: &'static str) -> Result<Vec<u8>, Silence> {
        let _turn = self.turn.lock().await;
        let file = self.folder.join(format!("{line}.wav"));
        let place = file.clone();
        if let Some(sound) = on_disk(move || kept(&place)).await? {
            return Ok(sound);
        }
        let sound = spoken(line, LINE_TIME).await?;
        let written = sound.clone();
        on_disk(move || keep(&file, &written)).await?;
        Ok(sound)
    }

    /// The sound, or a word in the log why there is none.
    fn heard(&self, sound: Result<Vec<u8>, Silence>) -> Option<Vec<u8>> {
        match sound {
            Ok(sound) => Some(sound),
            Err(error) if self.is_told.swap(true, Ordering::Relaxed) => {
                tracing::debug!(%error, "The gate says nothing");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "The gate says nothing; is espeak-ng installed?");
                None
            }
        }
    }
}

async fn on_disk<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, Silence> + Send + 'static,
) -> Result<T, Silence> {
    spawn_blocking(act).await.map_err(io::Error::other)?
}

fn kept(file: &Path) -> Result<Option<Vec<u8>>, Silence> {
    match std::fs::metadata(file) {
        Ok(about) if about.len() > SOUND_BYTES_MAX => Err(Silence::Long),
        Ok(_) => Ok(Some(std::fs::read(file)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whole or not at all, so that a power cut leaves no half a word.
fn keep(file: &Path, sound: &[u8]) -> Result<(), Silence> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let new = file.with_extension("new");
    std::fs::write(&new, sound)?;
    std::fs::rename(&new, file)?;
    Ok(())
}

async fn spoken(words: &str, most: Duration) -> Result<Vec<u8>, Silence> {
    timeout(most, speak(words))
        .await
        .map_err(|_| Silence::Late)?
}

async fn speak(words: &str) -> Result<Vec<u8>, Silence> {
    let mut child = Command::new(PROGRAM)
        .args(ARGUMENTS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(words.as_bytes()).await?;
        input.shutdown().await?;
    }
    let mut sound = Vec::new();
    if let Some(output) = child.stdout.take() {
        let mut output = output.take(SOUND_BYTES_MAX + 1);
        output.read_to_end(&mut sound).await?;
    }
    if u64::try_from(sound.len()).is_ok_and(|bytes| bytes > SOUND_BYTES_MAX) {
        return Err(Silence::Long);
    }
    let status = child.wait().await?;
    if !status.success() {
        return Err(Silence::Program(status));
    }
    whole_wav(sound)
}

/// The program does not know how long it will speak when it writes the head, so the lengths there are
/// none: browsers want true ones.
fn whole_wav(mut sound: Vec<u8>) -> Result<Vec<u8>, Silence> {
    let length = u32::try_from(sound.len()).map_err(|_| Silence::Long)?;
    let (Some(riff), Some(data)) = (length.checked_sub(8), length.checked_sub(44)) else {
        return Err(Silence::NoWav);
    };
    let Some(head) = sound.first_chunk_mut::<HEAD_BYTES>() else {
        return Err(Silence::NoWav);
    };
    let is_wav = head.starts_with(b"RIFF")
        && head.get(8..16) == Some(b"WAVEfmt ")
        && head.get(36..40) == Some(b"data");
    if !is_wav || data == 0 {
        return Err(Silence::NoWav);
    }
    for (place, number) in [(4..8, riff), (40..44, data)] {
        if let Some(field) = head.get_mut(place) {
            field.copy_from_slice(&number.to_le_bytes());
        }
    }
    Ok(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What espeak-ng 1.51 writes first when it writes to a pipe.
    const HEAD: [u8; HEAD_BYTES] = *b"RIFF\x24\xf0\xff\x7fWAVEfmt \x10\0\0\0\x01\0\x01\0\
        \x22\x56\0\0\x44\xac\0\0\x02\0\x10\0data\0\xf0\xff\x7f";

    #[test]
    fn a_sound_says_its_true_length() {
        let sound = [&HEAD[..], &[1, 2, 3, 4]].concat();
        let whole = whole_wav(sound).unwrap();
        assert_eq!(whole[4..8], 40_u32.to_le_bytes());
        assert_eq!(whole[40..44], 4_u32.to_le_bytes());
        assert_eq!(whole[44..], [1, 2, 3, 4]);
    }

    #[test]
    fn what_is_no_sound_is_none() {
        for bytes in [&b""[..], b"RIFF", &HEAD, &[0; 64]] {
            assert!(whole_wav(bytes.to_vec()).is_err(), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn a_recording_takes_the_lines_place_and_a_huge_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let voice = GateVoice::new(&folder.path().join("ledger.db"), true);
        let shelf = folder.path().join("voice");
        std::fs::create_dir(&shelf).unwrap();
        std::fs::write(shelf.join("请通行.wav"), "a recording").unwrap();
        assert_eq!(voice.line("请通行").await.unwrap(), b"a recording");
        let huge = std::fs::File::create(shelf.join("请稍候.wav")).unwrap();
        huge.set_len(SOUND_BYTES_MAX + 1).unwrap();
        assert_eq!(voice.line("请稍候").await, None);
    }

    #[tokio::test]
    async fn a_line_is_made_once_and_a_name_is_kept_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let voice = GateVoice::new(&folder.path().join("ledger.db"), true);
        let shelf = folder.path().join("voice");
        let line = voice.line("请通行").await.unwrap();
        assert_eq!(std::fs::read(shelf.join("请通行.wav")).unwrap(), line);
        let name = spoken("张三", LINE_TIME).await.unwrap();
        assert!(name.len() > HEAD_BYTES && name != line);
        let files: Vec<_> = std::fs::read_dir(&shelf).unwrap().collect();
        assert_eq!(files.len(), 1);
    }
}
