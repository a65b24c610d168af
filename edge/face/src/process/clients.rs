//! Who is connected.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edge_face_protocol::FromFace;

/// Messages that wait for one connection at most: then it is hung up, it does not read.
const WAITING_MAX: usize = 64;
/// Connections at once: the box, and a person with a command line.
const CLIENTS_MAX: usize = 4;

/// Names a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientId(u64);

#[derive(Debug)]
struct Client {
    id: ClientId,
    sender: SyncSender<FromFace>,
    stream: UnixStream,
}

/// All connections. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clients {
    inner: Arc<Mutex<(u64, Vec<Client>)>>,
}

impl Clients {
    /// Takes a new connection in; `None` when there are too many.
    pub(crate) fn add(&self, stream: UnixStream) -> Option<(ClientId, Receiver<FromFace>)> {
        let mut inner = self.lock();
        if inner.1.len() >= CLIENTS_MAX {
            return None;
        }
        inner.0 += 1;
        let id = ClientId(inner.0);
        let (sender, receiver) = sync_channel(WAITING_MAX);
        inner.1.push(Client { id, sender, stream });
        Some((id, receiver))
    }

    /// Forgets a connection and closes it.
    pub(crate) fn remove(&self, id: ClientId) {
        self.lock().1.retain(|client| {
            let stays = client.id != id;
            if !stays {
                close(&client.stream);
            }
            stays
        });
    }

    /// Says something to one of them.
    pub(crate) fn tell(&self, id: ClientId, message: &FromFace) {
        self.send(message, |client| client.id == id);
    }

    /// Says something to all of them.
    pub(crate) fn tell_all(&self, message: &FromFace) {
        self.send(message, |_| true);
    }

    fn send(&self, message: &FromFace, to: impl Fn(&Client) -> bool) {
        self.lock().1.retain(|client| {
            let lost = to(client) && client.sender.try_send(message.clone()).is_err();
            if lost {
                tracing::warn!("A connection does not read and is closed");
                close(&client.stream);
            }
            !lost
        });
    }

    fn lock(&self) -> MutexGuard<'_, (u64, Vec<Client>)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn close(stream: &UnixStream) {
    if let Err(error) = stream.shutdown(Shutdown::Both) {
        tracing::debug!(%error, "A connection was gone already");
    }
}
