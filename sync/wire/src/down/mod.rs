//! What comes down signed: one line of JSON, a newline, the city's Ed25519 signature.
//!
//! A broker that is taken over cannot make a box believe a roster, a policy or a revocation: the
//! city's key is pinned at the box, and every message names its box, a number that only grows and
//! an expiry.
//!
//! - [`policy`]: the numbers that the rules use
//! - [`command`]: what a message says
//! - [`code`]: how it ended, for the city, and in words for the clerk
//! - [`signed`]: to and from signed bytes

pub mod policy;
pub mod command;
pub mod code;
pub mod signed;

pub use code::ResultCode;
pub use command::{
    Command, DOWN_BYTES_MAX, Down, PolicyOrder, REVOKED_MAX, Revocation, RosterPointer, Series,
};
pub use policy::{
    AgeEffect, AgeRule, AgeSex, AntiPassback, EmergencyEntry, PolicyValues, Requirement,
};
pub use signed::{Expected, Refused, SigningKey, VerifyingKey, open};
