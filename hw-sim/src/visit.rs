//! One turn of one person at one reader: card down, wait for the arm, through or back, card off.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::direction::Direction;
use crate::error::SimError;
use crate::gate::{LaneHandle, LaneView, WalkEnd, WalkStyle};
use crate::journal::{Act, AtLane, TurnedBack};
use crate::people::Person;
use crate::reader::{ReaderCommand, ReaderFault, ReaderHandle};
use crate::site::Site;
use crate::site_day::PlanWord;

/// Longest wait for an arm that somebody left open, in ms.
const LEFT_OPEN_MS_MAX: u64 = 10_000;
/// A board waits a little longer for its person than the arm stays free, in ms.
const BOARD_GIVES_UP_MS: u64 = 1_200;

/// What the person means to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plan {
    /// What he does.
    pub word: PlanWord,
    /// A fault that strikes his first read.
    pub fault: Option<ReaderFault>,
}

/// One person's turn; waits for the reader to be free, and ends when the person is gone.
pub async fn visit(
    site: &Site,
    reader: &str,
    person: &Arc<Person>,
    plan: Plan,
) -> Result<WalkEnd, SimError> {
    let turn = site.turn(reader)?.lock_owned().await;
    let reader = site.reader(reader)?;
    let lane = site.lane(&reader.place.lane)?;
    let turned = Turn {
        site,
        reader,
        lane,
        person,
        visit: site.next_visit(),
    };
    let habits = site.day().habits;
    sleep(Duration::from_millis(habits.step_up_ms)).await;
    if let Some(fault) = plan.fault {
        reader.order(ReaderCommand::Fault(fault)).await?;
    }
    let opened = turned.present_and_wait().await?;
    if opened && plan.word == PlanWord::Double {
        sleep(Duration::from_millis(habits.pause_ms)).await;
        turned.present().await?;
        turned.lift().await?;
    }
    let walks = opened && plan.word != PlanWord::Stay;
    if !walks {
        let reason = if opened {
            TurnedBack::ChangedMind
        } else {
            TurnedBack::NotOpened
        };
        site.journal().write(Act::TurnedBack {
            at: turned.at_lane(),
            reason,
        });
        if opened {
            turned.wait_until_closed().await;
        }
        return Ok(WalkEnd::TurnedBack(reason));
    }
    sleep(Duration::from_millis(habits.pause_ms)).await;
    let kept = if habits.overlap { None } else { Some(turn) };
    let end = turned.walk(plan.word).await;
    drop(kept);
    end
}

struct Turn<'a> {
    site: &'a Site,
    reader: &'a ReaderHandle,
    lane: &'a LaneHandle,
    person: &'a Arc<Person>,
    visit: u64,
}

impl Turn<'_> {
    /// Puts the card, again if it was not read, and tells whether the arm opened. The card is off afterwards.
    async fn present_and_wait(&self) -> Result<bool, SimError> {
        let habits = self.site.day().habits;
        let mut view = self.lane.view();
        let before = view.borrow().openings(self.direction());
        for attempt in 0..=habits.retries {
            if attempt > 0 {
                sleep(Duration::from_millis(habits.again_ms)).await;
            }
            let read = self.present().await?;
            let opened = read && self.opened(&mut view, before, habits.pass_wait_ms).await;
            sleep(Duration::from_millis(habits.lift_ms)).await;
            self.lift().await?;
            if read {
                return Ok(opened || self.exit_is_free());
            }
        }
        Ok(self.exit_is_free())
    }

    /// Puts the card and waits until the box has read it, or patience ends.
    async fn present(&self) -> Result<bool, SimError> {
        let wait = Duration::from_millis(self.site.day().habits.read_wait_ms);
        let mut view = self.reader.view();
        let before = view.borrow().reads_ok;
        let person = Arc::clone(self.person);
        self.reader
            .order(ReaderCommand::Put {
                visit: self.visit,
                person,
            })
            .await?;
        // The card may slip off by a fault; patience covers that too.
        let read = timeout(wait, view.wait_for(|view| view.reads_ok > before)).await;
        Ok(matches!(read, Ok(Ok(_))))
    }

    async fn lift(&self) -> Result<(), SimError> {
        self.reader.order(ReaderCommand::Lift).await
    }

    async fn opened(
        &self,
        view: &mut watch::Receiver<LaneView>,
        before: u64,
        wait_ms: u64,
    ) -> bool {
        let direction = self.direction();
        let opens = |view: &LaneView| {
            let free = !view.has_arm || view.fire;
            view.openings(direction) > before || (free && view.is_open(direction))
        };
        let waited = timeout(Duration::from_millis(wait_ms), view.wait_for(opens)).await;
        matches!(waited, Ok(Ok(_)))
    }

    /// Whoever wants out and finds the exit free goes; a free entry is not taken for an invitation.
    fn exit_is_free(&self) -> bool {
        self.direction() == Direction::Out && self.lane.view().borrow().open_out
    }

    /// The next one sees the arm open for somebody else and does not step up before it is locked again.
    async fn wait_until_closed(&self) {
        let direction = self.direction();
        let mut view = self.lane.view();
        let closed = view.wait_for(|view| !view.has_arm || !view.is_open(direction));
        // A lane that is free for good has no turn to wait for.
        drop(timeout(Duration::from_millis(LEFT_OPEN_MS_MAX), closed).await);
        sleep(Duration::from_millis(BOARD_GIVES_UP_MS)).await;
    }

    async fn walk(&self, word: PlanWord) -> Result<WalkEnd, SimError> {
        let lane = &self.lane.place.lane;
        let who = || (Some(self.visit), Some(self.person.number.clone()));
        if word == PlanWord::Waver {
            self.site
                .walk(lane, who(), self.direction(), WalkStyle::StepBack)
                .await?;
        }
        let through = self
            .site
            .walk(lane, who(), self.direction(), WalkStyle::Through);
        if word == PlanWord::Tailgated {
            let second = self
                .site
                .walk(lane, (None, None), self.direction(), WalkStyle::Tailgate);
            let (end, _) = tokio::join!(through, second);
            return end;
        }
        through.await
    }

    fn direction(&self) -> Direction {
        self.reader.place.direction
    }

    fn at_lane(&self) -> AtLane {
        AtLane {
            visit: Some(self.visit),
            lane: self.lane.place.lane.clone(),
            direction: self.direction(),
            person: Some(self.person.number.clone()),
        }
    }
}
