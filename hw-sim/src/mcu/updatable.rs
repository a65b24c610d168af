//! A board with a boot loader, on a chip in QEMU whose flash can be written and outlives the power:
//! it is a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use firmware_logic::memory::Factory;
use firmware_protocol::BoardUid;
use firmware_update::TrustedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Child;
use tokio::sync::mpsc;

use super::machine::ChipLine;
use super::task::qemu;
use crate::error::SimError;

/// QEMU's memory behind the flash; the flash is its beginning.
const FILE_BYTES: u64 = 16 * 1024 * 1024;
const PAGE_BYTES: usize = 1024;
const FLASH_BYTES: usize = 48 * PAGE_BYTES;
const SLOT_BYTES: usize = 21 * PAGE_BYTES;
const FACTORY_AT: usize = 45 * PAGE_BYTES;
const KEY_AT: usize = FACTORY_AT + 32;
const LINE_MAX: usize = 64;

/// A board without power: its boot loader and its flash.
#[derive(Debug)]
pub struct UpdatableBoard {
    boot: PathBuf,
    folder: PathBuf,
}

impl UpdatableBoard {
    /// A board as its maker ships it: boot loader, signed image, number and trusted key. Its files
    /// stand in `folder`.
    ///
    /// # Errors
    /// [`SimError`] if the boot loader is not built or a file cannot be written.
    pub fn new(
        boot: &Path,
        folder: &Path,
        image: &[u8],
        uid: BoardUid,
        key: Option<TrustedKey>,
    ) -> Result<Self, SimError> {
        if !boot.is_file() {
            return Err(SimError::NoImage {
                image: boot.to_owned(),
            });
        }
        let mut flash = vec![0xff; FLASH_BYTES];
        let mut put = |at: usize, bytes: &[u8]| {
            for (cell, byte) in flash.iter_mut().skip(at).zip(bytes) {
                *cell = *byte;
            }
        };
        put(0, image);
        put(FACTORY_AT, &Factory { uid, address: 1 }.write());
        if let Some(key) = key {
            put(KEY_AT, &key.write());
        }
        let board = Self {
            boot: boot.to_owned(),
            folder: folder.to_owned(),
        };
        let path = board.flash();
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(&flash)?;
            file.set_len(FILE_BYTES)
        });
        written.map_err(|source| SimError::WriteFile { path, source })?;
        Ok(board)
    }

    fn flash(&self) -> PathBuf {
        self.folder.join("flash")
    }

    /// Whether the first slot begins with these bytes.
    ///
    /// # Errors
    /// [`SimError`] if the file cannot be read.
    pub fn holds(&self, image: &[u8]) -> Result<bool, SimError> {
        let mut slot = vec![0; SLOT_BYTES.min(image.len())];
        let read = File::open(self.flash()).and_then(|mut file| {
            file.seek(SeekFrom::Start(0))?;
            file.read_exact(&mut slot)
        });
        read.map_err(|source| SimError::ReadFile {
            path: self.flash(),
            source,
        })?;
        Ok(slot == image)
    }

    /// Gives it power, on the current runtime.
    ///
    /// # Errors
    /// [`SimError`] if QEMU does not start.
    pub fn power_on(&self) -> Result<UpdatableMachine, SimError> {
        let socket = self.folder.join("line");
        // A socket of the time before the power cut is of no use.
        std::fs::remove_file(&socket).ok();
        let failed = |source| SimError::Qemu { source };
        let door = UnixListener::bind(&socket).map_err(failed)?;
        let child = self.spawn(&socket).map_err(failed)?;
        let (to_chip, line_in) = mpsc::channel(LINE_MAX);
        let (line_out, from_chip) = mpsc::channel(LINE_MAX);
        tokio::spawn(async move { carry(door, line_in, line_out).await.ok() });
        Ok(UpdatableMachine {
            child,
            line: Some(ChipLine::new(to_chip, from_chip)),
        })
    }

    fn spawn(&self, socket: &Path) -> io::Result<Child> {
        let flash = self.flash();
        let memory = format!(
            "memory-backend-file,id=flash,size={FILE_BYTES},share=on,mem-path={}",
            flash.display()
        );
        qemu()?
            .args(["-M", "mps2-an385,memory-backend=flash", "-m", "16M"])
            .args(["-object", &memory])
            .args(["-display", "none", "-monitor", "none"])
            .args(["-icount", "shift=4,sleep=on"])
            .args(["-serial", &format!("unix:{}", socket.display())])
            .arg("-kernel")
            .arg(&self.boot)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
    }
}

/// Such a board with power.
#[derive(Debug)]
pub struct UpdatableMachine {
    child: Child,
    line: Option<ChipLine>,
}

impl UpdatableMachine {
    /// The far end of its line; none the second time.
    pub fn take_line(&mut self) -> Option<ChipLine> {
        self.line.take()
    }

    /// Takes the power away, whatever the chip does just now; returns when it is gone.
    ///
    /// # Errors
    /// [`SimError`] if QEMU does not end.
    pub async fn cut_power(mut self) -> Result<(), SimError> {
        let ended = self.child.kill().await;
        ended.map_err(|source| SimError::Qemu { source })
    }
}

async fn carry(
    door: UnixListener,
    mut line_in: mpsc::Receiver<Vec<u8>>,
    line_out: mpsc::Sender<Vec<u8>>,
) -> io::Result<()> {
    let (mut serial, _): (UnixStream, _) = door.accept().await?;
    let mut bytes = [0; 256];
    loop {
        tokio::select! {
            bytes = line_in.recv() => match bytes {
                Some(bytes) => serial.write_all(&bytes).await?,
                None => return Ok(()),
            },
            count = serial.read(&mut bytes) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                // A line without a listener loses its bytes, as a wire does.
                line_out.try_send(bytes.get(..count).unwrap_or_default().to_vec()).ok();
            }
        }
    }
}
