//! Face terminals as their makers build them, quirks included: `login` digest as a terminal checks it
//! · `hik_state`, `hik_http`, `hik` Hikvision's ISAPI over HTTP · `panel` an `mqtt/face` panel at a broker.
//!
//! A second implementation of both: it shares no code with the box's driver.

mod login;
mod hik_state;
mod hik_http;
mod hik;
mod panel;

pub use hik::HikTerminal;
pub use hik_state::Quirks;
pub use panel::PanelTerminal;
