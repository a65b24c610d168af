//! One connection of a browser: its place among all of them, and an end for who takes nothing in.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Connections at once; a browser holds up to six. More wait in the system's queue.
pub(crate) const CONNECTIONS_MAX: usize = 64;
/// Connections at once from one address: five browsers. More are hung up, so that one machine cannot
/// keep everybody else out.
pub(crate) const ADDRESS_MAX: usize = 32;

/// The places that there are, and who has them.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    free: Arc<Semaphore>,
    taken: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

impl Places {
    pub(crate) fn new() -> Self {
        Self {
            free: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            taken: Arc::default(),
        }
    }

    /// Waits for a free place.
    pub(crate) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed, so a place always comes.
        Arc::clone(&self.free).acquire_owned().await.ok()
    }

    /// Gives the place to somebody; `None` where that address has its share.
    pub(crate) fn seat(
        &self,
        place: Option<OwnedSemaphorePermit>,
        address: IpAddr,
    ) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_default();
        if *count >= ADDRESS_MAX {
            return None;
        }
        *count += 1;
        Some(Seat {
            taken: Arc::clone(&self.taken),
            address,
            _place: place,
        })
    }
}

/// A place that somebody has.
#[derive(Debug)]
pub(crate) struct Seat {
    taken: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
    address: IpAddr,
    _place: Option<OwnedSemaphorePermit>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// A connection that ends when nothing that is sent gets through for too long.
pub(crate) struct Connection {
    stream: TcpStream,
    stall: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, stall: Duration) -> Self {
        Self {
            stream,
            stall,
            stalled: None,
        }
    }

    /// Passes on what a writing gave; one that waits too long has failed.
    fn waited<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stall = self.stall;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.waited(context, written)
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
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.waited(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
