//! Connections of boxes, every one of them within bounds of number, size and time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_openssl::SslStream;

use super::door::{Door, Guest};
use crate::error::CityError;

/// Connections at once; more wait in the system's queue.
const CONNECTIONS_MAX: usize = 128;
/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the handshake.
    pub(crate) handshake: Duration,
    /// For the head of its request.
    pub(crate) head: Duration,
    /// For one request and its answer; a box resumes a roster where it ended.
    pub(crate) whole: Duration,
}

/// As boxes on poor lines need it.
pub(crate) const PATIENCE: Patience = Patience {
    handshake: Duration::from_secs(10),
    head: Duration::from_secs(10),
    whole: Duration::from_mins(5),
};
/// Largest head of a request, bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Fields of a head at most.
const HEAD_FIELDS_MAX: usize = 32;
/// After a connection that could not be accepted, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until it is dropped; then every connection ends.
pub(crate) async fn serve(
    listener: TcpListener,
    (door, app): (Door, Router),
    patience: Patience,
) -> CityError {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let door = Arc::new(door);
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed, so a place always comes.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return CityError::Ended("https");
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted");
                sleep(PAUSE).await;
                continue;
            }
        };
        let (door, app) = (Arc::clone(&door), app.clone());
        connections.spawn(async move {
            if timeout(
                patience.whole,
                attend((stream, peer), (&door, app), patience),
            )
            .await
            .is_err()
            {
                tracing::debug!("A connection took too long");
            }
            drop(place);
        });
    }
}

/// One connection with one request.
async fn attend(
    (stream, peer): (TcpStream, SocketAddr),
    (door, app): (&Door, Router),
    patience: Patience,
) {
    let opened = door
        .session()
        .and_then(|ssl| Ok(SslStream::new(ssl, stream)?));
    let mut stream = match opened {
        Ok(stream) => stream,
        Err(error) => {
            tracing::error!(error = error.chain(), "HTTPS is closed: a certificate file");
            return;
        }
    };
    let shaken = timeout(patience.handshake, std::pin::Pin::new(&mut stream).accept()).await;
    match shaken {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let why = stream.ssl().verify_result();
            tracing::info!(%error, certificate = %why, "A connection was refused");
            return;
        }
        Err(_) => return,
    }
    let guest = Guest::of(stream.ssl(), peer.ip().to_canonical());
    let service = TowerToHyperService::new(app.layer(Extension(guest)));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_FIELDS_MAX)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "A connection broke off");
    }
}
