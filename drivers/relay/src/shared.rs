//! The link, lent to the Modbus library and taken back after a fault.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use drivers_link::BoxedLink;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// One link with several holders, used by one at a time.
#[derive(Clone)]
pub(crate) struct SharedLink(Arc<Mutex<BoxedLink>>);

impl SharedLink {
    pub(crate) fn new(link: BoxedLink) -> Self {
        Self(Arc::new(Mutex::new(link)))
    }

    fn with<T>(&self, act: impl FnOnce(Pin<&mut BoxedLink>) -> T) -> T {
        let mut link = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(Pin::new(&mut *link))
    }
}

impl AsyncRead for SharedLink {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|link| link.poll_read(context, buffer))
    }
}

impl AsyncWrite for SharedLink {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|link| link.poll_write(context, bytes))
    }

    /// Does nothing: flushing a serial link waits in the kernel and holds up the whole thread.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
