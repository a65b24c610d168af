//! What systemd hears of a service: the socket for its notices, read all the time.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::city::text;
use crate::{Result, eventually};

/// The watchdog's limit as the service is told, s. Nothing is killed: a test looks at what came.
const LIMIT_S: u32 = 8;

/// Plays systemd for one service.
#[derive(Debug)]
pub struct ServiceWatch {
    path: PathBuf,
    notices: Arc<Mutex<Vec<String>>>,
}

impl ServiceWatch {
    /// A socket in `folder`.
    pub fn bind(folder: &Path) -> Result<Self> {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path)?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let notices = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::downgrade(&notices);
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Some(notices) = seen.upgrade() {
                if let Ok(length) = socket.recv(&mut bytes) {
                    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    notices
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(text);
                }
            }
        });
        Ok(Self { path, notices })
    }

    /// What the service is told in its environment.
    pub fn environment(&self) -> Result<[String; 2]> {
        Ok([
            format!("NOTIFY_SOCKET={}", text(&self.path)?),
            format!("WATCHDOG_USEC={LIMIT_S}000000"),
        ])
    }

    /// How many notices held this line so far.
    pub fn count(&self, line: &str) -> usize {
        let notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let held = |notice: &&String| notice.lines().any(|one| one == line);
        notices.iter().filter(held).count()
    }

    /// Waits until the watchdog was fed twice more: the first may have been on its way.
    pub async fn is_fed(&self) -> Result<()> {
        let before = self.count("WATCHDOG=1");
        eventually("the watchdog is fed", async || {
            Ok((self.count("WATCHDOG=1") >= before + 2).then_some(()))
        })
        .await
    }
}
