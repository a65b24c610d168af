//! A part of the proof: what it is told, and what it tells.

use std::path::PathBuf;

use serde_json::{Map, Value};
use tests::Result;
use tokio::time::Instant;

/// What a part found: a flat object. Numbers of [`crate::line::ZEROS`] are added up over all parts; of every
/// other name there is one part; whatever is `false` fails the run.
pub(crate) type Facts = Map<String, Value>;

/// A part of the proof.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Its share of the time, in relation to the others'.
    pub(crate) share: u32,
    /// What it must have tried at least.
    pub(crate) floors: &'static [(&'static str, u64)],
    /// The numbers that it tells and that must be 0.
    pub(crate) zeros: &'static [&'static str],
    /// Does it.
    pub(crate) run: fn(&Share) -> Result<Facts>,
}

/// What one run of a part is given.
#[derive(Debug)]
pub(crate) struct Share {
    /// The part's name.
    pub(crate) name: &'static str,
    /// A folder of its own, empty.
    pub(crate) folder: PathBuf,
    /// When its time is over: it ends then, unless it has not tried enough.
    pub(crate) until: Instant,
    /// Where its randomness begins.
    pub(crate) seed: u64,
    /// How often the part `kills` kills.
    pub(crate) kills: u64,
}

impl Share {
    /// Progress, for whoever watches.
    pub(crate) fn tell(&self, what: &str) {
        eprintln!("{}: {what}", self.name);
    }

    /// Whether there is time left.
    pub(crate) fn has_time(&self) -> bool {
        Instant::now() < self.until
    }
}
