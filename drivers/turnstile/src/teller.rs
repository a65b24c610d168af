//! What the lane is told, and what it was told already.

use crate::desk::PendingOpen;
use crate::event::{BoardFacts, OpenRefusal, TurnstileEvent};
use crate::history::News;
use crate::outbox::{LaneGone, Outbox};
use drivers_link::LinkCause;
use firmware_protocol::{BoardUid, GateState, Inputs, MAJOR, Statistics, Status};
use std::mem::replace;
use tokio::sync::mpsc;

/// Tells the lane each change once.
#[derive(Debug)]
pub(crate) struct Teller {
    pub(crate) outbox: Outbox,
    online: bool,
    lost: bool,
    stranger: Option<BoardUid>,
    other_version: bool,
    shown: Option<(GateState, Inputs)>,
    counted: Statistics,
}

impl Teller {
    pub(crate) fn new(events: mpsc::Sender<TurnstileEvent>) -> Self {
        Self {
            outbox: Outbox::new(events),
            online: false,
            lost: false,
            stranger: None,
            other_version: false,
            shown: None,
            counted: Statistics::default(),
        }
    }

    /// The board's counters: news for the log if one of trouble has moved.
    pub(crate) fn counted(&mut self, counted: Statistics) {
        let trouble = |all: &Statistics| {
            (
                all.bad_frames,
                all.repeated_frames,
                all.bad_telegrams,
                all.dropped_cards,
                all.settings,
            )
        };
        let before = replace(&mut self.counted, counted);
        if trouble(&before) != trouble(&counted) {
            tracing::info!(
                frames = counted.frames,
                bad_frames = counted.bad_frames,
                repeated_frames = counted.repeated_frames,
                bad_telegrams = counted.bad_telegrams,
                dropped_cards = counted.dropped_cards,
                settings = ?counted.settings,
                "Gate board has counted"
            );
        }
    }

    /// Whether the lane knows that there is no board.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost
    }

    pub(crate) async fn lost(&mut self, cause: LinkCause, why: &str) -> Result<(), LaneGone> {
        self.online = false;
        self.shown = None;
        if replace(&mut self.lost, true) {
            return Ok(());
        }
        tracing::warn!(why, "Gate board lost");
        self.outbox
            .put(TurnstileEvent::LinkLost {
                cause,
                why: why.to_owned(),
            })
            .await
    }

    /// The lane can work with this board; `before` is the one that it worked with last.
    pub(crate) async fn back(
        &mut self,
        facts: BoardFacts,
        before: Option<BoardFacts>,
    ) -> Result<(), LaneGone> {
        self.lost = false;
        self.stranger = None;
        self.other_version = false;
        let other = before.is_some_and(|it| it.uid != facts.uid);
        if !replace(&mut self.online, true) || other {
            tracing::info!(uid = %facts.uid, boot = facts.boot, "Gate board answers");
            self.outbox.put(TurnstileEvent::LinkBack(facts)).await?;
        }
        if before.is_some_and(|it| it.uid == facts.uid && it.boot != facts.boot) {
            tracing::warn!(uid = %facts.uid, cause = ?facts.reset_cause, "Gate board restarted");
            self.outbox.put(TurnstileEvent::Restarted(facts)).await?;
        }
        Ok(())
    }

    pub(crate) async fn changed(
        &mut self,
        was: BoardUid,
        now: BoardUid,
        accepted: bool,
    ) -> Result<(), LaneGone> {
        if self.stranger.replace(now) == Some(now) {
            return Ok(());
        }
        tracing::error!(%was, %now, accepted, "Another gate board answers");
        self.outbox
            .put(TurnstileEvent::IdentityChanged { was, now, accepted })
            .await
    }

    pub(crate) async fn other_version(&mut self, board: Option<u8>) -> Result<(), LaneGone> {
        if replace(&mut self.other_version, true) {
            return Ok(());
        }
        tracing::error!(?board, driver = MAJOR, "Gate board speaks another version");
        self.outbox
            .put(TurnstileEvent::VersionMismatch {
                board,
                driver: MAJOR,
            })
            .await
    }

    pub(crate) async fn refused(
        &mut self,
        open: PendingOpen,
        why: OpenRefusal,
    ) -> Result<(), LaneGone> {
        let PendingOpen {
            token, direction, ..
        } = open;
        self.outbox
            .put(TurnstileEvent::OpenRefused {
                token,
                direction,
                why,
            })
            .await
    }

    /// What a status brought.
    pub(crate) async fn news(&mut self, news: News, status: &Status) -> Result<(), LaneGone> {
        if news.lost > 0 {
            tracing::warn!(count = news.lost, "Gate board had no room for events");
            self.outbox
                .put(TurnstileEvent::EventsLost { count: news.lost })
                .await?;
        }
        for report in news.reports {
            self.outbox.put(TurnstileEvent::Reported(report)).await?;
        }
        // Beams change all day long; they are not a state.
        let beams = Inputs::BEAM_OUTER | Inputs::BEAM_INNER;
        let (state, inputs) = (status.state, Inputs(status.inputs.0 & !beams));
        if self.shown.replace((state, inputs)) != Some((state, inputs)) {
            self.outbox
                .put(TurnstileEvent::StateChanged { state, inputs })
                .await?;
        }
        Ok(())
    }
}
