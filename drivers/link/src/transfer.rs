//! Reading and writing, with "unplugged" told apart from "nothing yet".

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};

use crate::error::LinkError;
use crate::opener::Link;

/// The most that [`discard_input`] throws away before it reports a line that never falls silent.
const DISCARD_BYTES_MAX: usize = 64 * 1024;

/// Waits for bytes and puts them at the front of `buffer`; returns how many, at least one.
///
/// Dropping the future loses no bytes.
///
/// # Errors
/// [`LinkError::Unplugged`] when the far end is gone: a serial port then reads as empty for ever.
pub async fn read_some<L: Link + ?Sized>(
    link: &mut L,
    buffer: &mut [u8],
) -> Result<usize, LinkError> {
    loop {
        match link.read(buffer).await {
            Ok(0) => return Err(LinkError::Unplugged),
            Ok(count) => return Ok(count),
            Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(LinkError::Read { source }),
        }
    }
}

/// Hands all of `bytes` to the system, without waiting until the line has sent them.
///
/// # Errors
/// [`LinkError::Write`], or [`LinkError::Unplugged`] where the far end takes nothing any more.
pub async fn send<L: Link + ?Sized>(link: &mut L, bytes: &[u8]) -> Result<(), LinkError> {
    link.write_all(bytes).await.map_err(|source| {
        if matches!(
            source.kind(),
            io::ErrorKind::WriteZero | io::ErrorKind::BrokenPipe
        ) {
            LinkError::Unplugged
        } else {
            LinkError::Write { source }
        }
    })
}

/// Throws away what has already arrived, without waiting for more; returns how many bytes.
///
/// # Errors
/// [`LinkError::Unplugged`] or [`LinkError::Read`], as for [`read_some`].
pub async fn discard_input<L: Link + ?Sized>(link: &mut L) -> Result<usize, LinkError> {
    let mut discarded = 0;
    let mut scratch = [0_u8; 512];
    while discarded < DISCARD_BYTES_MAX {
        let mut buffer = ReadBuf::new(&mut scratch);
        let outcome = poll_fn(|context| {
            let polled = Pin::new(&mut *link).poll_read(context, &mut buffer);
            Poll::Ready(match polled {
                Poll::Ready(outcome) => Some(outcome),
                Poll::Pending => None,
            })
        })
        .await;
        match outcome {
            None => break,
            Some(Ok(())) if buffer.filled().is_empty() => return Err(LinkError::Unplugged),
            Some(Ok(())) => discarded += buffer.filled().len(),
            Some(Err(source)) if source.kind() == io::ErrorKind::Interrupted => {}
            Some(Err(source)) => return Err(LinkError::Read { source }),
        }
    }
    Ok(discarded)
}
