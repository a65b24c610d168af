//! A pseudo-terminal under a stable name: the device holds the master, the box opens the name.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::io::unix::AsyncFd;

use crate::error::SimError;

/// One open pseudo-terminal. Dropping it is pulling the cable: the box reads an end of file, the name is gone.
#[derive(Debug)]
pub(super) struct Pty {
    master: AsyncFd<OwnedFd>,
    /// Kept open so that the master does not report an error while the box has the port closed.
    slave: OwnedFd,
    device: PathBuf,
    link: PathBuf,
}

impl Pty {
    /// Makes a new terminal in raw mode and puts `link` (replacing an older one) in front of it.
    ///
    /// `baud` is the speed the terminal reports until the box sets its own.
    pub(super) fn open(link: &Path, baud: u32) -> Result<Self, SimError> {
        Self::try_open(link, baud).map_err(|source| SimError::OpenPty {
            link: link.to_owned(),
            source,
        })
    }

    fn try_open(link: &Path, baud: u32) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?.into_bytes();
        let device = PathBuf::from(std::ffi::OsString::from_vec(name));
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave = rustix::fs::open(&device, flags, Mode::empty())?;
        let mut terminal = tcgetattr(&slave)?;
        terminal.make_raw();
        terminal.set_speed(baud)?;
        tcsetattr(&slave, OptionalActions::Now, &terminal)?;
        rustix::io::ioctl_fionbio(&master, true)?;
        replace_link(&device, link)?;
        #[expect(
            deprecated,
            reason = "its replacement is unsafe for exotic owners of a descriptor; this one is an OwnedFd"
        )]
        let master = AsyncFd::new(master)?;
        Ok(Self {
            master,
            slave,
            device,
            link: link.to_owned(),
        })
    }

    /// Waits for bytes from the box. Cancel-safe: bytes not taken stay in the terminal.
    pub(super) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let mut ready = self.master.readable().await?;
            let read = ready.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut *buffer)?));
            if let Ok(result) = read {
                return result;
            }
        }
    }

    /// Writes what fits at once and returns how many bytes that was; a wire does not wait for a slow listener.
    pub(super) fn write_now(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match rustix::io::write(self.master.get_ref(), rest) {
                Ok(count) => written = written.saturating_add(count),
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    /// The speed the box has set on its end, in bits a second; nothing if the terminal does not say.
    pub(super) fn speed_set_by_box(&self) -> Option<u32> {
        let speed = tcgetattr(&self.slave).ok()?.output_speed();
        (speed != 0).then_some(speed)
    }

    /// How many written bytes the box has not taken yet.
    pub(super) fn not_taken(&self) -> u64 {
        rustix::io::ioctl_fionread(&self.slave).unwrap_or(0)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let ours = fs::read_link(&self.link).is_ok_and(|target| target == self.device);
        if ours {
            // A name that cannot be removed is replaced by the next `open`.
            drop(fs::remove_file(&self.link));
        }
    }
}

/// Puts the name in front of the device in one step, so that the box never sees half of it.
fn replace_link(device: &Path, link: &Path) -> io::Result<()> {
    if let Some(folder) = link.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = link.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    std::os::unix::fs::symlink(device, &beside)?;
    fs::rename(&beside, link)
}
