//! Runs the screen on a socket, with a bound on how many connections it holds at once.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::serve::{Listener, ListenerExt as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::error::WebError;
use crate::importing::run_imports;
use crate::router::{notice_router, router};
use crate::state::{WebSettings, WebState};
use crate::view::HealthView;

/// Connections at once; a browser holds up to six. More wait in the system's queue.
const CONNECTIONS_MAX: usize = 64;

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
    run(listener, router(state), ended).await
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
    run(listener, notice_router(about), shutdown.cancelled_owned()).await
}

async fn run(
    listener: TcpListener,
    pages: Router,
    ended: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WebError> {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let listener = Bounded { listener, places }.tap_io(|connection| {
        // Live events are small and must not wait for more to join them.
        if let Err(error) = connection.stream.set_nodelay(true) {
            tracing::debug!(%error, "A connection keeps its delay");
        }
    });
    let service = pages.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(ended)
        .await
        .map_err(WebError::Serve)
}

/// A listener that accepts only while it has a place.
struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

/// A connection that gives its place back when it ends.
struct Placed {
    stream: TcpStream,
    _place: Option<OwnedSemaphorePermit>,
}

impl Listener for Bounded {
    type Io = Placed;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Placed, SocketAddr) {
        // The semaphore is never closed, so a place always comes.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        (
            Placed {
                stream,
                _place: place,
            },
            peer,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl AsyncRead for Placed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Placed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
