//! The MQTT shell of the sync engine.
//!
//! MQTT is a pipe here: it may lose, double or delay, and its own acknowledgements settle nothing.
//! [`run`] carries out what the engine decides: it connects, publishes, reads the ledger and keeps
//! the cursor, on one single-threaded runtime, until it is told to stop.
//!
//! - [`error`]: what cannot be loaded or read, and why there is no connection
//! - [`trouble`]: the same in words for the clerk and for a technician
//! - [`status`]: what the screen, the heartbeat and the watchdog want to know
//! - [`settings`]: where the broker is and who we are
//! - [`tls`]: certificates from files, judged by the time that the box believes
//! - `renewal`: certificates that were replaced
//! - [`door`]: a line to the city, for MQTT and for HTTPS
//! - [`ledger`]: what this crate needs of a ledger
//! - [`begin`]: the engine begins where the ledger says
//! - `notary`: what the city signed, and the daily digest
//! - [`pipe`]: the polling task around the client library
//! - [`session`]: one turn after the other: inputs to the engine, its actions to the world

pub mod error;
pub mod trouble;
pub mod status;
pub mod settings;
pub mod tls;
mod renewal;
pub mod door;
pub mod ledger;
pub mod begin;
mod notary;
pub mod pipe;
pub mod session;

#[cfg(test)]
mod tests;

pub use door::{Door, Line};
pub use error::{DoorError, MqttError};
pub use ledger::{Ledger, LedgerError, Page};
pub use session::run;
pub use settings::{Inbound, MqttSettings, Outbound, Proxy, Surroundings, TLS_CHECK_MS, TlsFiles};
pub use status::{Refusals, SyncLink, SyncStatus};
pub use tls::{Believed, Credentials};
pub use trouble::{NotTaken, OUR_CERTIFICATE, Trouble, no_room};
