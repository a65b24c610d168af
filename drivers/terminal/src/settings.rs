//! What a terminal's driver is told.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use drivers_link::Jitter;

/// Where a terminal is reached, and in which language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// Hikvision ISAPI: the terminal serves HTTP.
    Hikvision {
        /// Its beginning, as `http://192.168.1.64`.
        base: String,
    },
    /// A panel of the `mqtt/face` family: panel and box meet at a local broker.
    Panel {
        /// The broker's host.
        host: String,
        /// The broker's port.
        port: u16,
        /// The panel's own number (`facesluiceId`), a level of its topics.
        panel: String,
    },
}

/// Name and password; masked in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Login({}, …)", self.user)
    }
}

/// A future of the thread that the driver lives on.
pub(crate) type Local<T> = Pin<Box<dyn Future<Output = T>>>;

/// Gives a person's enrolled picture (JPEG); `None` where there is none any more.
pub type PictureOf = Rc<dyn Fn(u32) -> Pin<Box<dyn Future<Output = Option<Vec<u8>>>>>>;

/// One terminal.
#[derive(Clone)]
pub struct TerminalSettings {
    /// Where.
    pub address: Address,
    /// Who asks; `None` at a broker on loopback that asks for nothing.
    pub login: Option<Login>,
    /// Numbers of events that the ledger has, oldest first: they are never told again, and history
    /// is asked for from the last on.
    pub known: Vec<u64>,
    /// Where pictures for its library come from.
    pub picture_of: PictureOf,
    /// Randomness for pauses.
    pub jitter: Jitter,
    /// Now, Unix ms by the box's clock.
    pub wall_ms: Rc<dyn Fn() -> i64>,
}

impl fmt::Debug for TerminalSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TerminalSettings")
            .field("address", &self.address)
            .field("login", &self.login)
            .field("known", &self.known.len())
            .finish_non_exhaustive()
    }
}
