//! Gates that only have relays and contacts: a Modbus RTU board opens by a relay and reports
//! passages by an input.
//!
//! Read in this order: `settings` what is wired where · `shared` the link, lent to the Modbus
//! library · `wire` one request, one reply, and everything that can come instead · `watch` from
//! inputs to passages · `master` what is said when.
//!
//! The driver takes the commands and tells the events of [`drivers_turnstile`], so a lane works
//! with either. It decides nothing, and no opening is ever sent twice: see [`run`].

mod settings;
mod shared;
mod wire;
mod watch;
mod master;

pub use master::run;
pub use settings::{OpenBy, RelayMap, RelaySettings, UNIT_MAX};

#[cfg(test)]
mod tests;
