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

/// Opens one link again and again, with the pauses of [`Backoff`].
///
/// A trouble is one warning in the log until another takes its place or the link was healthy; that
/// the device is back is the driver's to say, once it has answered.
pub struct Reconnect {
    opener: Arc<dyn LinkOpener>,
    address: LinkAddress,
    jitter: Jitter,
    backoff: Backoff,
    attempt: u32,
    opened_at: Option<Instant>,
    due_at: Option<Instant>,
    state: LinkState,
    /// What the log was last told; the same again is not news.
    told: Option<String>,
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
            told: None,
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
                tracing::debug!(address = %self.address, attempt = self.attempt, "Link opened");
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
            self.told = None;
        }
        let retry_in = self.backoff.failed(online_for, (self.jitter)());
        self.due_at = Some(Instant::now() + retry_in);
        if self.told.as_deref() == Some(why) {
            tracing::debug!(address = %self.address, why, ?retry_in, "Link still not usable");
        } else {
            tracing::warn!(address = %self.address, why, "Link lost or not there");
            self.told = Some(why.to_owned());
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;
    use tokio::io::duplex;

    use super::*;
    use crate::opener::OpenFuture;

    const MIDDLE: u32 = 200;

    fn pauses(online_for: Duration, random: u32, count: usize) -> Vec<u128> {
        let mut backoff = Backoff::new();
        (0..count)
            .map(|_| backoff.failed(online_for, random).as_millis())
            .collect()
    }

    #[test]
    fn pauses_double_to_half_a_minute() {
        assert_eq!(
            pauses(Duration::ZERO, MIDDLE, 9),
            [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
        );
    }

    #[test]
    fn jitter_moves_a_pause_by_a_fifth_at_most() {
        assert_eq!(pauses(Duration::ZERO, 0, 1), [200]);
        assert_eq!(pauses(Duration::ZERO, 400, 1), [300]);
        assert_eq!(pauses(Duration::ZERO, 401, 1), [200]);
    }

    #[test]
    fn a_minute_of_health_begins_anew() {
        let mut backoff = Backoff::new();
        for _ in 0..6 {
            backoff.failed(Duration::from_secs(59), MIDDLE);
        }
        assert_eq!(
            backoff.failed(Duration::from_mins(1), MIDDLE).as_millis(),
            250
        );
        assert_eq!(backoff.failed(Duration::ZERO, MIDDLE).as_millis(), 500);
    }

    proptest! {
        #[test]
        fn a_pause_is_never_shorter_or_longer_than_promised(
            randoms in proptest::collection::vec(any::<u32>(), 1..100)
        ) {
            let mut backoff = Backoff::new();
            for random in randoms {
                let pause_ms = backoff.failed(Duration::ZERO, random).as_millis();
                prop_assert!((200..=36_000).contains(&pause_ms));
            }
        }
    }

    /// Fails as often as it was told to, then opens.
    struct Flaky(Mutex<u32>);

    impl LinkOpener for Flaky {
        fn open<'a>(&'a self, address: &'a LinkAddress) -> OpenFuture<'a> {
            Box::pin(async move {
                let mut failures = self.0.lock().unwrap();
                if *failures == 0 {
                    let link: BoxedLink = Box::new(duplex(1).0);
                    return Ok(link);
                }
                *failures -= 1;
                Err(LinkError::Held {
                    address: address.to_string(),
                })
            })
        }
    }

    fn flaky(failures: u32) -> Reconnect {
        let opener = Arc::new(Flaky(Mutex::new(failures)));
        let address = "tcp:10.0.0.7:4001".parse().unwrap();
        Reconnect::new(opener, address, Arc::new(|| MIDDLE))
    }

    #[tokio::test(start_paused = true)]
    async fn the_pause_owed_is_kept_before_the_next_attempt() {
        let mut reconnect = flaky(2);
        let began = Instant::now();
        assert!(reconnect.next_link().await.is_err());
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert!(reconnect.next_link().await.is_err());
        assert!(reconnect.next_link().await.is_ok());
        assert_eq!(began.elapsed().as_millis(), 250 + 500);
        assert_eq!(*reconnect.state(), LinkState::Online);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_was_interrupted_is_still_owed() {
        let mut reconnect = flaky(1);
        let began = Instant::now();
        assert!(reconnect.next_link().await.is_err());
        let cut = tokio::time::timeout(Duration::from_millis(100), reconnect.next_link()).await;
        assert!(cut.is_err());
        assert!(reconnect.next_link().await.is_ok());
        assert_eq!(began.elapsed().as_millis(), 250);
    }

    #[tokio::test(start_paused = true)]
    async fn the_state_says_why_and_when() {
        let mut reconnect = flaky(0);
        drop(reconnect.next_link().await.unwrap());
        reconnect.lost("the device was unplugged");
        assert_eq!(
            *reconnect.state(),
            LinkState::Offline {
                why: "the device was unplugged".to_owned(),
                retry_in: Duration::from_millis(250),
            }
        );
    }
}
