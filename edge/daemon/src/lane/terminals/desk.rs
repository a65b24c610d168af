//! What the terminals of all lanes share: who belongs into their libraries, and where pictures come
//! from.

use std::path::PathBuf;
use std::rc::Rc;

use drivers_terminal::{LibraryPerson, PictureOf};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::error::DaemonError;
use crate::people::enroll::Line;

/// The office's side, before the lanes run.
#[derive(Debug, Clone)]
pub(crate) struct TerminalDesk {
    /// Who belongs into every library.
    pub(crate) people: watch::Receiver<Vec<LibraryPerson>>,
    /// Where `menwei-face` listens.
    pub(crate) face_socket: Option<PathBuf>,
}

impl Default for TerminalDesk {
    /// Nobody, for ever.
    fn default() -> Self {
        let (_, people) = watch::channel(Vec::new());
        Self {
            people,
            face_socket: None,
        }
    }
}

impl TerminalDesk {
    /// Asks `menwei-face` for one picture after the other, each on a connection of its own.
    pub(in crate::lane) fn picture_of(&self) -> PictureOf {
        let socket = self.face_socket.clone();
        Rc::new(move |worker| {
            let socket = socket.clone();
            Box::pin(async move {
                let socket = socket?;
                let asked = spawn_blocking(move || -> Result<_, DaemonError> {
                    Line::open(&socket)?.portrait(worker)
                });
                match asked.await.ok()? {
                    Ok(picture) => picture,
                    Err(error) => {
                        tracing::warn!(%error, "No picture for a face terminal");
                        None
                    }
                }
            })
        })
    }
}
