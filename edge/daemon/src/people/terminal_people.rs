//! Who belongs into the libraries of the site's face terminals: everybody whose consent names them
//! and whose enrolled picture is kept.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drivers_terminal::LibraryPerson;
use edge_store::{Reader, StoreError};
use edge_web::MaskedName;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::error::DaemonError;
use crate::people::consents::Consents;
use crate::people::enroll::Line;

/// How soon a new picture goes to the terminals.
const LOOK: Duration = Duration::from_secs(5);

/// Watches them from now on. Whoever takes his consent back, or leaves, is off the list at once,
/// whether or not `menwei-face` answers; whoever is new waits until it does.
pub(crate) fn watch_terminal_people(
    reader: Reader,
    face_socket: Option<PathBuf>,
    mut consents: watch::Receiver<Consents>,
) -> watch::Receiver<Vec<LibraryPerson>> {
    let (sender, receiver) = watch::channel(Vec::new());
    let reader = Arc::new(Mutex::new(reader));
    tokio::spawn(async move {
        let mut kept: Option<BTreeMap<u32, String>> = None;
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                changed = consents.changed() => if changed.is_err() { return },
            }
            if let Some(now) = ask_kept(face_socket.clone()).await {
                kept = Some(now);
            }
            let allowed = consents.borrow().terminals.clone();
            let pictures: Vec<(u32, String)> = allowed
                .into_iter()
                .filter_map(|worker| Some((worker, version(kept.as_ref(), worker)?)))
                .collect();
            let reader = Arc::clone(&reader);
            let named = spawn_blocking(move || {
                let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                people(&reader, pictures)
            });
            match named.await {
                Ok(Ok(people)) => {
                    sender.send_if_modified(|before| {
                        let differs = *before != people;
                        *before = people;
                        differs
                    });
                }
                Ok(Err(error)) => tracing::warn!(%error, "The terminals' people cannot be read"),
                Err(_) => return,
            }
            if sender.is_closed() {
                return;
            }
        }
    });
    receiver
}

/// The name of a worker's picture. Until it is known whose pictures are kept nobody with a consent is
/// taken out.
fn version(kept: Option<&BTreeMap<u32, String>>, worker: u32) -> Option<String> {
    match kept {
        Some(kept) => kept.get(&worker).cloned(),
        None => Some(String::new()),
    }
}

/// Whose pictures are kept; `None` while nobody can say.
async fn ask_kept(face_socket: Option<PathBuf>) -> Option<BTreeMap<u32, String>> {
    let socket = face_socket?;
    let asked = spawn_blocking(move || -> Result<_, DaemonError> { Line::open(&socket)?.kept() });
    match asked.await.ok()? {
        Ok(kept) => Some(kept.into_iter().collect()),
        Err(error) => {
            tracing::debug!(%error, "Nobody says whose pictures are kept");
            None
        }
    }
}

/// A terminal stands in the open: it shows the name as 今日 does.
fn people(reader: &Reader, pictures: Vec<(u32, String)>) -> Result<Vec<LibraryPerson>, StoreError> {
    if pictures.is_empty() {
        return Ok(Vec::new());
    }
    let roster = reader.roster()?;
    let person = |(number, version): (u32, String)| {
        let standing = roster.worker(edge_domain::WorkerId(number))?;
        Some(LibraryPerson {
            number,
            name: MaskedName::from(&standing.name).as_str().to_owned(),
            version,
        })
    };
    Ok(pictures.into_iter().filter_map(person).collect())
}
