//! What the box says about itself: state, hello, comparison, heartbeat, results.

use sync_wire::{
    Compare, Ctl, Head, Heartbeat, Hello, Mark, Presence, Report, State, Topic, VERSION, WireError,
};

use crate::action::Action;
use crate::input::{Now, Survey};
use crate::settings::Identity;

/// Composes the messages and numbers the questions.
#[derive(Debug)]
pub(crate) struct Voice {
    pub(crate) identity: Identity,
    pub(crate) roster_version: Option<u64>,
    /// Number of the newest hello or comparison of any epoch.
    pub(crate) number: u64,
}

/// What a message says of an epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) epoch: &'a str,
    pub(crate) head: Head,
    pub(crate) acked_through: u64,
    pub(crate) closed: bool,
}

impl Voice {
    pub(crate) fn online(&self, now: Now, epoch: &str) -> Option<Action> {
        let state = State {
            v: VERSION,
            state: Presence::Online,
            epoch: epoch.to_owned(),
            software: self.identity.software.clone(),
            since: now.wall_ms,
        };
        publish(Topic::State, state.encode(), true)
    }

    /// `parked_after`: which parked records the answer shall name.
    pub(crate) fn hello(
        &mut self,
        now: Now,
        facts: Facts<'_>,
        parked_after: Option<u64>,
    ) -> Option<Action> {
        self.number = self.number.saturating_add(1);
        let hello = Hello {
            v: VERSION,
            number: self.number,
            site: self.identity.site.clone(),
            r#box: self.identity.box_name.clone(),
            epoch: facts.epoch.to_owned(),
            first: 1,
            last: facts.head.seq,
            head: facts.head.hash,
            acked_through: facts.acked_through,
            closed: facts.closed,
            roster_version: self.roster_version,
            software: self.identity.software.clone(),
            clock: now.clock,
            sent_at: now.wall_ms,
            device_key: self.identity.device_key.clone(),
            parked_after,
        };
        publish(Topic::UpCtl, Ctl::Hello(hello).encode(), false)
    }

    pub(crate) fn compare(&mut self, now: Now, epoch: &str, marks: Vec<Mark>) -> Option<Action> {
        self.number = self.number.saturating_add(1);
        let compare = Compare {
            v: VERSION,
            number: self.number,
            r#box: self.identity.box_name.clone(),
            epoch: epoch.to_owned(),
            marks,
            sent_at: now.wall_ms,
        };
        publish(Topic::UpCtl, Ctl::Compare(compare).encode(), false)
    }

    pub(crate) fn heartbeat(
        &self,
        now: Now,
        facts: Facts<'_>,
        (survey, backlog, skew_ms): (Survey, u64, Option<i64>),
    ) -> Option<Action> {
        let heartbeat = Heartbeat {
            v: VERSION,
            r#box: self.identity.box_name.clone(),
            epoch: facts.epoch.to_owned(),
            last: facts.head.seq,
            acked_through: facts.acked_through,
            backlog,
            oldest_at: survey.oldest_at,
            gaps: survey.gaps,
            skew_ms,
            clock: now.clock,
            sent_at: now.wall_ms,
        };
        publish(Topic::UpCtl, Ctl::Heartbeat(heartbeat).encode(), false)
    }
}

pub(crate) fn result(report: Report) -> Option<Action> {
    publish(Topic::UpCtl, Ctl::Result(report).encode(), false)
}

/// Encoding these messages fails only for names that the settings have refused already.
fn publish(topic: Topic, payload: Result<Vec<u8>, WireError>, retain: bool) -> Option<Action> {
    payload.ok().map(|payload| Action::Publish {
        topic,
        payload,
        retain,
    })
}
