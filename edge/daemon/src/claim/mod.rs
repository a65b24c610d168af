//! `menwei claim`: the box gets its certificate from the city for a one-time code.
//!
//! `key` is made here and never leaves, `authority` says whom to trust, `ask` speaks with the
//! city, `files` are names, `welcome` is its answer, checked, `folder` puts everything where
//! `site.toml` names it, `installer` does all of it in order.

mod key;
mod authority;
mod ask;
mod files;
mod welcome;
mod folder;
mod installer;

pub(crate) use authority::Trust;
pub(crate) use installer::{Claim, claim};
