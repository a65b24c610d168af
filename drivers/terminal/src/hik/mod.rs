//! Hikvision's ISAPI: `bytes` what is asked and told, without sockets · `terminal` one terminal.

pub(crate) mod bytes;
mod terminal;

pub(crate) use terminal::Hikvision;
