//! From inputs to passages.

use std::time::Duration;

use drivers_turnstile::{Direction, EventKind};
use tokio::time::Instant;

use crate::settings::RelayMap;

/// An opening whose passage is awaited.
#[derive(Clone, Copy, Debug)]
struct Awaited {
    token: u32,
    direction: Direction,
    until: Instant,
    /// The inputs were unread for longer than a report lasts.
    blinked: bool,
}

/// What the inputs showed last, and who is awaited.
#[derive(Debug)]
pub(crate) struct Watch {
    map: RelayMap,
    pass_timeout: Duration,
    awaited: Option<Awaited>,
    seen: Option<Vec<bool>>,
    fire: bool,
}

impl Watch {
    pub(crate) fn new(map: RelayMap, pass_timeout_ms: u32) -> Self {
        Self {
            map,
            pass_timeout: Duration::from_millis(pass_timeout_ms.into()),
            awaited: None,
            seen: None,
            fire: false,
        }
    }

    /// The inputs to read: the first, and how many. `None` where none is wired.
    pub(crate) fn span(&self) -> Option<(u16, u16)> {
        let passed = self.map.passed.map(|(inward, outward)| [inward, outward]);
        let wired = || passed.iter().flatten().chain(self.map.fire.iter()).copied();
        let (first, last) = (wired().min()?, wired().max()?);
        Some((first, last.saturating_sub(first).saturating_add(1)))
    }

    /// The gate was opened. Without an input for it no passage is awaited.
    pub(crate) fn opened(&mut self, token: u32, direction: Direction, now: Instant) {
        if self.map.passed.is_some() {
            let until = now + self.pass_timeout;
            self.awaited = Some(Awaited {
                token,
                direction,
                until,
                blinked: false,
            });
        }
    }

    /// A reading failed: a passage that was reported meanwhile has not been seen.
    pub(crate) fn blinked(&mut self) {
        if let Some(awaited) = &mut self.awaited {
            awaited.blinked = true;
        }
    }

    /// The link went away: what the gate reports meanwhile is missed, so nobody is awaited and
    /// the next reading is no news but fire.
    pub(crate) fn forget(&mut self) {
        self.awaited = None;
        self.seen = None;
    }

    /// When the awaited passage is overdue.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.awaited.map(|awaited| awaited.until)
    }

    /// The awaited passage is over: nobody came. Where nobody can tell, nothing is told, and the
    /// lane takes the passage for unknown by itself.
    pub(crate) fn overdue(&mut self, now: Instant) -> Option<EventKind> {
        let awaited = self.awaited.take_if(|awaited| awaited.until <= now)?;
        (!awaited.blinked).then_some(EventKind::TimedOut {
            direction: awaited.direction,
            token: awaited.token,
        })
    }

    /// Takes a reading of [`Watch::span`].
    pub(crate) fn read(&mut self, inputs: &[bool]) -> Vec<EventKind> {
        let first = self.span().map_or(0, |(first, _)| first);
        let before = self.seen.replace(inputs.to_vec());
        let inverted = self.map.inverted;
        let active = |inputs: &[bool], input: u16| {
            let at = usize::from(input.saturating_sub(first));
            inputs.get(at).is_some_and(|high| *high != inverted)
        };
        let mut news = Vec::new();
        if let Some(input) = self.map.fire {
            let on = active(inputs, input);
            if std::mem::replace(&mut self.fire, on) != on {
                news.push(EventKind::Fire { on });
            }
        }
        if let (Some((inward, outward)), Some(before)) = (self.map.passed, before) {
            let rose = |input| active(inputs, input) && !active(&before, input);
            if inward == outward {
                if rose(inward) {
                    let direction = self.awaited.map_or(Direction::Out, |it| it.direction);
                    news.push(self.passed(direction));
                }
            } else {
                for (input, direction) in [(inward, Direction::In), (outward, Direction::Out)] {
                    if rose(input) {
                        news.push(self.passed(direction));
                    }
                }
            }
        }
        news
    }

    /// Somebody went that way. Who was not awaited left a gate that opens by itself, or got in
    /// without an opening.
    fn passed(&mut self, direction: Direction) -> EventKind {
        match (
            self.awaited.take_if(|it| it.direction == direction),
            direction,
        ) {
            (Some(awaited), _) => EventKind::Passed {
                direction,
                token: Some(awaited.token),
            },
            (None, Direction::In) => EventKind::Intruded { direction },
            (None, Direction::Out) => EventKind::Passed {
                direction,
                token: None,
            },
        }
    }
}
