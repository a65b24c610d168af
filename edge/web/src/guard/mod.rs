//! The door: who may come in, and what every request and answer must carry.

pub(crate) mod throttle;
pub(crate) mod password;
pub(crate) mod claim_code;
pub(crate) mod duty;
pub(crate) mod session;
pub(crate) mod views;
pub(crate) mod cross_site;
pub(crate) mod headers;
