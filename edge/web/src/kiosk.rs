//! The screens at the gate: what each lane shows them, and which machines may show it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use edge_domain::{Display, Screen, Tone, WorkerId};
use tokio::sync::watch;
use tokio::time::{Duration, Instant};

use crate::source::BoxFuture;

/// Makes sounds of words, each a WAV; `None` where there is none now, which is on record then: the
/// screen shows the words anyway.
pub trait Voice: fmt::Debug + Send + Sync {
    /// Makes the lines that are always the same ready; returns at once.
    fn prepare(&self);

    /// One of [`edge_domain::spoken_lines`].
    fn line(&self, line: &'static str) -> BoxFuture<'_, Option<Vec<u8>>>;

    /// Somebody's name: kept nowhere, and soon or not at all.
    fn name(&self, name: String) -> BoxFuture<'_, Option<Vec<u8>>>;

    /// Whether names are said at this site.
    fn says_names(&self) -> bool;
}

/// What a lane shows, and since when.
#[derive(Debug, Clone)]
pub struct GateShow {
    /// Tells it from what this lane showed before.
    pub(crate) number: u64,
    /// Its words, a name in clear among them.
    pub(crate) screen: Screen,
    /// Whom it let pass, if he is on the roster.
    pub(crate) worker: Option<WorkerId>,
    /// Since when.
    pub(crate) at: Instant,
    /// Whether everybody is to leave: that comes back when the words are over.
    pub(crate) is_fire: bool,
}

impl Default for GateShow {
    /// A lane at which nothing has happened yet.
    fn default() -> Self {
        Self {
            number: 0,
            screen: Display::Idle.screen(),
            worker: None,
            at: Instant::now(),
            is_fire: false,
        }
    }
}

impl GateShow {
    /// What follows on `self` with these words at `at`.
    #[must_use]
    pub fn followed_by(&self, display: &Display, at: Instant) -> Self {
        let worker = match display {
            Display::Granted { worker, .. } => *worker,
            Display::Denied { .. }
            | Display::Repeated { .. }
            | Display::LookAtCamera { .. }
            | Display::Wait { .. }
            | Display::WaitedTooLong { .. }
            | Display::Overridden { .. }
            | Display::GateFault
            | Display::Fire
            | Display::Idle => None,
        };
        let is_fire = match display {
            Display::Fire => true,
            Display::Idle => false,
            Display::Granted { .. }
            | Display::Denied { .. }
            | Display::Repeated { .. }
            | Display::LookAtCamera { .. }
            | Display::Wait { .. }
            | Display::WaitedTooLong { .. }
            | Display::Overridden { .. }
            | Display::GateFault => self.is_fire,
        };
        Self {
            number: self.number.wrapping_add(1),
            screen: display.screen(),
            worker,
            at,
            is_fire,
        }
    }

    /// How long the words still stand at `now`; `None` where they are over, or nothing was shown.
    pub(crate) fn left(&self, now: Instant) -> Option<Duration> {
        if matches!(self.screen.tone, Tone::Idle | Tone::Evacuate) {
            return None;
        }
        let hold = Duration::from_millis(self.screen.tone.hold_ms()?);
        hold.checked_sub(now.saturating_duration_since(self.at))
            .filter(|left| !left.is_zero())
    }

    /// What stands when the words are over.
    pub(crate) fn base(&self) -> Screen {
        if self.is_fire {
            Display::Fire.screen()
        } else {
            Display::Idle.screen()
        }
    }
}

/// A lane as its screen sees it.
#[derive(Debug, Clone)]
pub struct GateScreen {
    /// The lane's id.
    pub lane: String,
    /// Its name.
    pub name: String,
    /// What it shows.
    pub shown: watch::Receiver<GateShow>,
}

impl GateScreen {
    /// The name that stands now, where it is the one of that number.
    pub(crate) fn named(&self, number: u64) -> Option<String> {
        let shown = self.shown.borrow();
        let stands = shown.number == number && shown.left(Instant::now()).is_some();
        let name = &shown.screen.name;
        (stands && !name.is_empty()).then(|| name.clone())
    }
}

/// A card that was read for its holder's own view.
#[derive(Debug, Clone)]
pub enum OwnCard {
    /// Of somebody on the roster.
    Worker {
        /// Who.
        worker: WorkerId,
        /// When it was read.
        at: Instant,
    },
    /// Of nobody on the roster.
    Stranger,
    /// No identity card, or it could not be read.
    Unreadable,
}

/// The screen beside a reader for workers' own views.
#[derive(Debug, Clone)]
pub struct OwnScreen {
    /// The lane's id.
    pub lane: String,
    /// Its name.
    pub name: String,
    /// The last card on that reader.
    pub card: watch::Receiver<Option<OwnCard>>,
}

/// Every screen at the gate.
#[derive(Debug, Clone, Default)]
pub struct Kiosks {
    /// The lanes, in the order of the settings.
    pub gates: Vec<GateScreen>,
    /// The readers for workers' own views.
    pub own: Vec<OwnScreen>,
    /// The machines that may show them, beside the box itself.
    pub machines: Vec<IpAddr>,
    /// What they say aloud with; `None` where they make tones only.
    pub voice: Option<Arc<dyn Voice>>,
}

impl Kiosks {
    /// Whether that machine may show names at the gate. Nobody signs in there, so it is known by its
    /// place: the box itself, or an address of the settings.
    pub(crate) fn may_show(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        peer.is_loopback() || self.machines.contains(&peer)
    }

    /// The screen beside a reader for workers' own views.
    pub(crate) fn own(&self, lane: &str) -> Option<&OwnScreen> {
        self.own.iter().find(|screen| screen.lane == lane)
    }

    /// The screen of a lane.
    pub(crate) fn gate(&self, lane: &str) -> Option<&GateScreen> {
        self.gates.iter().find(|gate| gate.lane == lane)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use edge_domain::{Denial, Direction};

    use super::*;

    #[tokio::test]
    async fn words_end_by_themselves_and_a_fire_stands() {
        let (idle, now) = (GateShow::default(), Instant::now());
        assert_eq!(idle.left(now), None);
        let denied = Display::Denied {
            name: None,
            denial: Denial::TrainingMissing,
        };
        let refused = idle.followed_by(&denied, now);
        assert_eq!(refused.left(now), Some(Duration::from_millis(2_500)));
        assert_eq!(refused.left(now + Duration::from_millis(2_500)), None);
        assert_eq!(refused.base().tone, Tone::Idle);
        let fire = refused.followed_by(&Display::Fire, now);
        let opened = fire.followed_by(
            &Display::Overridden {
                direction: Direction::Out,
            },
            now,
        );
        assert_eq!(opened.base().tone, Tone::Evacuate, "still on fire");
        assert_eq!(
            opened.followed_by(&Display::Idle, now).base().tone,
            Tone::Idle
        );
    }

    #[test]
    fn only_the_box_itself_and_machines_of_the_settings_show_names() {
        let own = IpAddr::V4(Ipv4Addr::new(192, 168, 88, 20));
        let kiosks = Kiosks {
            machines: vec![own],
            ..Kiosks::default()
        };
        assert!(kiosks.may_show(IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert!(kiosks.may_show(own));
        assert!(kiosks.may_show("::ffff:192.168.88.20".parse().unwrap()));
        assert!(!kiosks.may_show(IpAddr::V4(Ipv4Addr::new(192, 168, 88, 21))));
        assert!(!Kiosks::default().may_show(own));
    }
}
