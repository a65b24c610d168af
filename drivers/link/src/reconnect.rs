//! When to try a lost link again, and what to say meanwhile.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::address::LinkAddress;
use crate::error::LinkError;
use crate::opener::{BoxedLink, LinkOpener};

/// The pause after the first failure; it doubles with each further one.
pub const BACKOFF_FIRST_MS: u64 = 250;
/// The longest pause, before jitter.
pub const BACKOFF_MAX_MS: u64 = 30_000;
/// A link that held this long starts again at [`BACKOFF_FIRST_MS`] when it is lost.
pub const HEALTHY_AFTER_MS: u64 = 60_000;
/// How far jitter moves a pause, either way.
const JITTER_PERMILLE: u64 = 200;

/// A source of uniformly distributed numbers; randomness is the caller's to give.
pub type Jitter = Arc<dyn Fn() -> u32 + Send + Sync>;

/// The pauses between attempts: 250 ms doubling to 30 s, each moved by up to ±20 %.
#[derive(Debug, Clone, Copy, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// No failure yet.
    pub const fn new() -> Self {
        Self { failures: 0 }
    }

    /// The pause owed after a failure.
    ///
    /// `online_for` is how long the link had held before it failed (zero when it never opened),
    /// `random` any uniformly distributed number.
    pub fn failed(&mut self, online_for: Duration, random: u32) -> Duration {
        if online_for >= Duration::from_millis(HEALTHY_AFTER_MS) {
            self.failures = 0;
        }
        let doubled = BACKOFF_FIRST_MS.saturating_mul(1_u64 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let permille = 1_000 - JITTER_PERMILLE + u64::from(random) % (2 * JITTER_PERMILLE + 1);
        Duration::from_millis(doubled.min(BACKOFF_MAX_MS) * permille / 1_000)
    }
}

/// Where a link stands, for the device lamps and the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// Being opened.
    Connecting {
        /// Which attempt since the link last held, from 1.
        attempt: u32,
    },
    /// Open.
    Online,
    /// Lost or not there.
    Offline {
        /// Why, for the log.
        why: String,
        /// When it is tried next.
        retry_in: Duration,
    },
}

/// Opens one link again and again, with the pauses of [`Backoff`] and one log line per change.
pub struct Reconnect {
    opener: Arc<dyn LinkOpener>,
    address: LinkAddress,
    jitter: Jitter,
    backoff: Backoff,
    attempt: u32,
    opened_at: Option<Instant>,
    due_at: Option<Instant>,
    state: LinkState,
}

impl Reconnect {
    /// A link that is not open yet; the first attempt is due at once.
    pub fn new(opener: Arc<dyn LinkOpener>, address: LinkAddress, jitter: Jitter) -> Self {
        Self {
            opener,
            address,
            jitter,
            backoff: Backoff::new(),
            attempt: 0,
            opened_at: None,
            due_at: None,
            state: LinkState::Connecting { attempt: 1 },
        }
    }

    /// Waits for the pause owed, then tries once.
    ///
    /// The future may be dropped; the pause is then still owed.
    ///
    /// # Errors
    /// Why this attempt failed; call again to try again.
    pub async fn next_link(&mut self) -> Result<BoxedLink, LinkError> {
        if let Some(due_at) = self.due_at {
            sleep_until(due_at).await;
        }
        self.attempt = self.attempt.saturating_add(1);
        self.state = LinkState::Connecting {
            attempt: self.attempt,
        };
        match self.opener.open(&self.address).await {
            Ok(link) => {
                tracing::info!(address = %self.address, attempt = self.attempt, "Link opened");
                self.opened_at = Some(Instant::now());
                self.state = LinkState::Online;
                Ok(link)
            }
            Err(error) => {
                self.failed(Duration::ZERO, &error.to_string());
                Err(error)
            }
        }
    }

    /// Notes that the link is gone or its device does not answer.
    pub fn lost(&mut self, why: &str) {
        let online_for = self
            .opened_at
            .take()
            .map_or(Duration::ZERO, |at| at.elapsed());
        self.failed(online_for, why);
    }

    /// Where the link stands.
    pub fn state(&self) -> &LinkState {
        &self.state
    }

    fn failed(&mut self, online_for: Duration, why: &str) {
        if online_for >= Duration::from_millis(HEALTHY_AFTER_MS) {
            self.attempt = 0;
        }
        let retry_in = self.backoff.failed(online_for, (self.jitter)());
        self.due_at = Some(Instant::now() + retry_in);
        // A device that stays away is one line, not one for every attempt.
        if self.attempt <= 1 || !online_for.is_zero() {
            tracing::warn!(address = %self.address, why, "Link lost or not there");
        } else {
            tracing::debug!(address = %self.address, why, ?retry_in, "Link still not there");
        }
        self.state = LinkState::Offline {
            why: why.to_owned(),
            retry_in,
        };
    }
}

impl fmt::Debug for Reconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnect")
            .field("address", &self.address)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
