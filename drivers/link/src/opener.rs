//! From an address to an open link.

use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_serial::{DataBits, FlowControl, Parity, SerialPortBuilderExt, SerialStream, StopBits};

use crate::address::LinkAddress;
use crate::error::LinkError;

/// How long [`SystemLinks`] waits for a TCP peer.
pub const CONNECT_TIMEOUT_MS: u64 = 3_000;

/// Anything that bytes can be read from and written to.
///
/// Never flush or shut down a serial link: both wait in the kernel until the line has sent its
/// last bit, and hold up every other task of the thread meanwhile. A write is under way at once.
pub trait Link: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Link for T {}

/// An open link of whatever kind.
pub type BoxedLink = Box<dyn Link>;

/// What [`LinkOpener::open`] returns.
pub type OpenFuture<'a> = Pin<Box<dyn Future<Output = Result<BoxedLink, LinkError>> + Send + 'a>>;

/// Opens links by address: [`SystemLinks`] on a box, an in-process duplex in a test.
pub trait LinkOpener: Send + Sync {
    /// Opens the link, once. The future may be dropped at any time.
    ///
    /// # Errors
    /// Says why the device cannot be talked to; [`LinkError::Held`] where another process has it.
    fn open<'a>(&'a self, address: &'a LinkAddress) -> OpenFuture<'a>;
}

/// The machine's own serial ports and sockets.
#[derive(Debug, Clone, Copy)]
pub struct SystemLinks {
    connect_timeout: Duration,
}

impl SystemLinks {
    /// An opener that waits this long for a TCP peer.
    pub const fn new(connect_timeout: Duration) -> Self {
        Self { connect_timeout }
    }
}

impl Default for SystemLinks {
    fn default() -> Self {
        Self::new(Duration::from_millis(CONNECT_TIMEOUT_MS))
    }
}

impl LinkOpener for SystemLinks {
    fn open<'a>(&'a self, address: &'a LinkAddress) -> OpenFuture<'a> {
        Box::pin(async move {
            match address {
                LinkAddress::Serial { path, baud } => {
                    let port = open_serial(path, *baud)
                        .map_err(|error| serial_error(address.to_string(), error))?;
                    Ok::<BoxedLink, LinkError>(Box::new(port))
                }
                LinkAddress::Tcp { host, port } => {
                    let address = address.to_string();
                    match timeout(self.connect_timeout, open_tcp(host, *port)).await {
                        Ok(Ok(stream)) => Ok::<BoxedLink, LinkError>(Box::new(stream)),
                        Ok(Err(source)) => Err(open_error(address, source)),
                        Err(_) => Err(LinkError::ConnectTimeout {
                            address,
                            timeout_ms: millis(self.connect_timeout),
                        }),
                    }
                }
            }
        })
    }
}

async fn open_tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn open_serial(path: &str, baud: u32) -> Result<SerialStream, tokio_serial::Error> {
    tokio_serial::new(path, baud)
        .data_bits(DataBits::Eight)
        .parity(Parity::None)
        .stop_bits(StopBits::One)
        .flow_control(FlowControl::None)
        .open_native_async()
}

/// The serial library reports a lock held elsewhere (both the advisory lock and the kernel's
/// exclusive mode) as "no device", although a device that is absent has kinds of its own.
fn serial_error(address: String, error: tokio_serial::Error) -> LinkError {
    match error.kind {
        tokio_serial::ErrorKind::NoDevice => LinkError::Held { address },
        tokio_serial::ErrorKind::InvalidInput
        | tokio_serial::ErrorKind::Unknown
        | tokio_serial::ErrorKind::Io(_) => open_error(address, error.into()),
    }
}

fn open_error(address: String, source: io::Error) -> LinkError {
    let kind = source.kind();
    if kind == io::ErrorKind::NotFound || kind == io::ErrorKind::ConnectionRefused {
        LinkError::Missing { address, source }
    } else if kind == io::ErrorKind::PermissionDenied {
        LinkError::NotPermitted { address, source }
    } else {
        LinkError::Open { address, source }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
