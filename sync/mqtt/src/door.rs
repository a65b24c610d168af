//! A line to the city: TCP, through a proxy where there is one, TLS on top.
//!
//! The libraries for MQTT and HTTP reach it by a local socket that no other process may use: they
//! take no connection that is there already, and make their own TLS by the machine's clock.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_http_proxy::{http_connect_tokio, http_connect_tokio_with_basic_auth};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, copy, split};
use tokio::net::{TcpStream, UnixListener};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::error::{DoorError, MqttError};
use crate::settings::{MqttSettings, Proxy};
use crate::tls::{Believed, Credentials};

/// Longest wait until a line is laid.
const OPEN_MAX: Duration = Duration::from_secs(20);
/// How long the reason of a line that has ended may take to be known.
const REASON_MAX: Duration = Duration::from_secs(1);

/// Lines that this process has laid: each has an address of its own.
static LINES: AtomicU64 = AtomicU64::new(0);

/// Where a line leads, and how.
#[derive(Debug)]
pub struct Door {
    /// Host name or address; with TLS it must be in the certificate that is shown there.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The way through a proxy, if there is no other.
    pub proxy: Option<Proxy>,
    /// Whom to trust at what time; `None` speaks in the clear (tests and loopback only).
    pub tls: Option<(Credentials, Believed)>,
}

/// A line that is laid. Dropping it ends it.
#[derive(Debug)]
pub struct Line {
    address: String,
    carrying: JoinSet<io::Result<()>>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Door {
    /// The way to the broker, with the certificate files as they are now.
    pub(crate) fn of(settings: &MqttSettings, time: Believed) -> Result<Self, MqttError> {
        let credentials = settings.tls.as_ref().map(Credentials::read).transpose()?;
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            proxy: settings.proxy.clone(),
            tls: credentials.map(|credentials| (credentials, time)),
        })
    }

    /// Lays the line.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn open(&self) -> Result<Line, DoorError> {
        let far = timeout(OPEN_MAX, self.connect());
        let far = far.await.map_err(|_| DoorError::Slow)??;
        let count = LINES.fetch_add(1, Ordering::Relaxed);
        // An abstract address: no file, gone with the process. Whoever took it before makes the
        // bind fail, and whoever connects from another process is turned away.
        let address = format!("\0menwei-line-{}-{count}", std::process::id());
        let near = UnixListener::bind(&address).map_err(DoorError::Local)?;
        let mut carrying = JoinSet::new();
        carrying.spawn(carry(near, far));
        Ok(Line { address, carrying })
    }

    async fn connect(&self) -> Result<Box<dyn Stream>, DoorError> {
        let stream = match &self.proxy {
            None => reach(&self.host, self.port).await.map_err(|source| {
                let address = format!("{}:{}", self.host, self.port);
                DoorError::Network { address, source }
            })?,
            Some(proxy) => self.pass(proxy).await?,
        };
        Ok(match &self.tls {
            None => Box::new(stream),
            Some((credentials, time)) => {
                Box::new(credentials.shake((&self.host, *time), stream).await?)
            }
        })
    }

    async fn pass(&self, proxy: &Proxy) -> Result<TcpStream, DoorError> {
        let fault = |source: Box<dyn std::error::Error + Send + Sync>| DoorError::Proxy {
            address: format!("{}:{}", proxy.host, proxy.port),
            source,
        };
        let reached = reach(&proxy.host, proxy.port).await;
        let mut stream = reached.map_err(|error| fault(error.into()))?;
        let (host, port) = (self.host.as_str(), self.port);
        let passed = match &proxy.login {
            None => http_connect_tokio(&mut stream, host, port).await,
            Some((user, password)) => {
                http_connect_tokio_with_basic_auth(&mut stream, host, port, user, password).await
            }
        };
        passed.map_err(|error| fault(error.into()))?;
        Ok(stream)
    }
}

async fn reach(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Line {
    /// The local socket at which it begins; it takes one connection, of this process.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Why it broke, where it did and the near end did not close it.
    pub async fn fault(&mut self) -> Option<io::Error> {
        let ended = timeout(REASON_MAX, self.carrying.join_next());
        match ended.await.ok()?? {
            Ok(carried) => carried.err(),
            Err(error) => Some(io::Error::other(error)),
        }
    }
}

/// Carries bytes both ways until either end closes.
async fn carry(near: UnixListener, far: Box<dyn Stream>) -> io::Result<()> {
    let ours = i32::try_from(std::process::id()).ok();
    let stream = loop {
        let (stream, _) = near.accept().await?;
        if stream.peer_cred()?.pid() == ours {
            break stream;
        }
        tracing::warn!("another process at the line to the city, turned away");
    };
    drop(near);
    let (mut from_us, mut to_us) = stream.into_split();
    let (mut from_city, mut to_city) = split(far);
    tokio::select! {
        up = copy(&mut from_us, &mut to_city) => {
            up?;
            to_city.shutdown().await
        }
        down = copy(&mut from_city, &mut to_us) => down.map(drop),
    }
}
