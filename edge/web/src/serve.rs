//! Runs the screen on a socket, every connection of it within bounds of number, size and time.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::connection::{Connection, Places, Seat};
use crate::error::WebError;
use crate::importing::run_imports;
use crate::router::{notice_router, router};
use crate::state::{WebSettings, WebState};
use crate::view::HealthView;

/// How long a browser may take. A request's body is a part of the time until its answer begins
/// (`router`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For the head of a request; also between two requests of one connection.
    pub(crate) head: Duration,
    /// Without taking in anything of an answer.
    pub(crate) stall: Duration,
    /// To let answers finish when the screen ends.
    pub(crate) end: Duration,
}

const PATIENCE: Patience = Patience {
    head: Duration::from_secs(10),
    stall: Duration::from_secs(30),
    end: Duration::from_secs(5),
};
/// Largest head of a request, bytes.
const HEAD_BYTES_MAX: usize = 32 * 1024;
/// Fields of a head at most.
const HEAD_FIELDS_MAX: usize = 64;
/// After a connection that could not be accepted, as when there are too many open files.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves the screen until `shutdown`, then ends the live streams and lets answers finish.
///
/// # Errors
/// [`WebError::Serve`] where the listening socket fails.
pub async fn serve(
    listener: TcpListener,
    state: WebState,
    shutdown: CancellationToken,
) -> Result<(), WebError> {
    let stop = state.stop().clone();
    // Whatever ends this, nothing of it goes on behind a screen that is begun again.
    let _ended = stop.clone().drop_guard();
    tokio::spawn(run_imports(state.clone()));
    let ended = async move {
        shutdown.cancelled().await;
        stop.cancel();
    };
    run(listener, router(state), PATIENCE, ended).await
}

/// Serves the one page of a box whose ledger does not open, at every address, until `shutdown`.
///
/// # Errors
/// [`WebError::Serve`] where the listening socket fails.
pub async fn serve_notice(
    listener: TcpListener,
    about: (WebSettings, watch::Receiver<HealthView>),
    shutdown: CancellationToken,
) -> Result<(), WebError> {
    let ended = shutdown.cancelled_owned();
    run(listener, notice_router(about), PATIENCE, ended).await
}

/// Serves until `ended`.
pub(crate) async fn run(
    listener: TcpListener,
    pages: Router,
    patience: Patience,
    ended: impl Future<Output = ()> + Send,
) -> Result<(), WebError> {
    listener.local_addr().map_err(WebError::Serve)?;
    let stop = CancellationToken::new();
    let mut guests = JoinSet::new();
    tokio::select! {
        () = welcome(&listener, (&pages, &mut guests), patience, &stop) => {}
        () = ended => {}
    }
    drop(listener);
    stop.cancel();
    let all = async { while guests.join_next().await.is_some() {} };
    if timeout(patience.end, all).await.is_err() {
        tracing::debug!("The screen ends before all its answers were taken");
    }
    Ok(())
}

/// Takes in whoever comes, for ever.
async fn welcome(
    listener: &TcpListener,
    (pages, guests): (&Router, &mut JoinSet<()>),
    patience: Patience,
    stop: &CancellationToken,
) {
    let places = Places::new();
    loop {
        let place = places.free().await;
        let accepted = loop {
            tokio::select! {
                accepted = listener.accept() => break accepted,
                Some(_) = guests.join_next() => {}
            }
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "A connection could not be accepted");
                sleep(PAUSE).await;
                continue;
            }
        };
        // Live events are small and must not wait for more to join them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "A connection keeps its delay");
        }
        let Some(seat) = places.seat(place, peer.ip().to_canonical()) else {
            tracing::info!(%peer, "One address has all connections that it may have");
            continue;
        };
        let (pages, stop) = (pages.clone(), stop.clone());
        guests.spawn(attend((stream, peer), pages, patience, (seat, stop)));
    }
}

/// One connection and all its requests.
async fn attend(
    (stream, peer): (TcpStream, SocketAddr),
    pages: Router,
    patience: Patience,
    (seat, stop): (Seat, CancellationToken),
) {
    let service = TowerToHyperService::new(pages.layer(Extension(ConnectInfo(peer))));
    let stream = TokioIo::new(Connection::new(stream, patience.stall));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEAD_FIELDS_MAX)
        .serve_connection(stream, service);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "A connection broke off");
    }
    drop(seat);
}
