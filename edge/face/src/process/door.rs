//! The Unix socket: one thread that listens, two for each connection.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use drivers_camera::FrameSlot;
use edge_face_protocol::{FrameReader, FromFace, ToFace, VERSION, encode};

use crate::error::FaceError;
use crate::process::clients::{ClientId, Clients};

/// Longest write to a connection that does not read.
const WRITE_MAX: Duration = Duration::from_secs(2);

/// What reaches the comparing thread.
#[derive(Debug)]
pub(crate) enum Job {
    /// Somebody greeted with the right version.
    Greeted(ClientId),
    /// Somebody asks.
    Asked(ClientId, ToFace),
    /// Somebody is gone.
    Gone(ClientId),
}

/// What a connection needs.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) clients: Clients,
    pub(crate) jobs: SyncSender<Job>,
    pub(crate) bell: FrameSlot,
}

impl Door {
    /// Listens until the process ends.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub(crate) fn open(self, path: &Path) -> Result<(), FaceError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(FaceError::io("remove the old socket", path, error));
            }
            _ => {}
        }
        let listener =
            UnixListener::bind(path).map_err(|source| FaceError::io("listen on", path, source))?;
        // The box runs in the same group; nobody else may ask.
        fs::set_permissions(path, Permissions::from_mode(0o660))
            .map_err(|source| FaceError::io("protect", path, source))?;
        spawn("door", move || {
            for stream in listener.incoming() {
                match stream {
                    Ok(stream) => self.clone().welcome(stream),
                    Err(error) => tracing::warn!(%error, "A connection failed"),
                }
            }
        })
    }

    fn welcome(self, stream: UnixStream) {
        let ends = (stream.try_clone(), stream.try_clone());
        let (Ok(kept), Ok(written)) = ends else {
            return;
        };
        let Some((client, messages)) = self.clients.add(kept) else {
            tracing::warn!("Too many connections, one is turned away");
            return;
        };
        let writer = spawn("writer", move || write_all(written, &messages));
        let reader = spawn("reader", move || {
            if let Err(why) = self.read_all(client, stream) {
                tracing::warn!(%why, "A connection is closed");
            }
            self.clients.remove(client);
            self.pass_on(Job::Gone(client));
        });
        if let Err(error) = writer.and(reader) {
            tracing::error!(%error, "No thread for a connection");
        }
    }

    fn read_all(&self, client: ClientId, mut stream: UnixStream) -> Result<(), String> {
        let mut reader = FrameReader::default();
        let mut part = vec![0; 64 * 1024];
        let mut greeted = false;
        loop {
            let read = stream.read(&mut part).map_err(|error| error.to_string())?;
            let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else {
                return Ok(());
            };
            reader.push(bytes);
            while let Some(message) = reader
                .next_message::<ToFace>()
                .map_err(|error| error.to_string())?
            {
                let job = match (greeted, message) {
                    (false, ToFace::Hello { version: VERSION }) => {
                        greeted = true;
                        Job::Greeted(client)
                    }
                    (true, message) => Job::Asked(client, message),
                    (false, _) => return Err("no greeting of this version".to_owned()),
                };
                self.pass_on(job);
            }
        }
    }

    fn pass_on(&self, job: Job) {
        // A full queue keeps the connection waiting; a closed one is the end of the process.
        if self.jobs.send(job).is_ok() {
            self.bell.ring();
        }
    }
}

fn write_all(mut stream: UnixStream, messages: &Receiver<FromFace>) {
    let mut write = || -> Result<(), String> {
        let limit = stream.set_write_timeout(Some(WRITE_MAX));
        limit.map_err(|error| error.to_string())?;
        for message in messages {
            let frame = encode(&message).map_err(|error| error.to_string())?;
            stream
                .write_all(&frame)
                .map_err(|error| error.to_string())?;
        }
        Ok(())
    };
    if let Err(why) = write() {
        tracing::debug!(why, "A connection is not written to any more");
    }
}

/// A thread with a name.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), FaceError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|source| FaceError::io("start a thread of", Path::new("menwei-face"), source))
}
