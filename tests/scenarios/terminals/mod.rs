//! Face terminals that look by themselves, with a real box, real sockets and a real broker.

mod stand;
mod hikvision;
mod panel;
