//! What the box says about itself: state, hello, heartbeat.

use sync_wire::{Ctl, Head, Heartbeat, Hello, Presence, State, Topic, VERSION, WireError};

use crate::action::Action;
use crate::input::Now;
use crate::settings::Identity;
use crate::uplink::Uplink;

/// Composes the messages and numbers the hellos.
#[derive(Debug)]
pub(crate) struct Voice {
    pub(crate) identity: Identity,
    pub(crate) head: Head,
    pub(crate) roster_version: Option<u64>,
    /// Number of the newest hello.
    pub(crate) hello_number: u64,
    /// When it was said, monotonic ms.
    pub(crate) hello_at_ms: Option<u64>,
}

impl Voice {
    pub(crate) fn online(&self, now: Now) -> Option<Action> {
        let state = State {
            v: VERSION,
            state: Presence::Online,
            epoch: self.identity.epoch.clone(),
            software: self.identity.software.clone(),
            since: now.wall_ms,
        };
        publish(Topic::State, state.encode(), true)
    }

    pub(crate) fn hello(&mut self, now: Now, uplink: &Uplink) -> Option<Action> {
        self.hello_number = self.hello_number.saturating_add(1);
        self.hello_at_ms = Some(now.mono_ms);
        let hello = Hello {
            v: VERSION,
            number: self.hello_number,
            site: self.identity.site.clone(),
            r#box: self.identity.box_name.clone(),
            epoch: self.identity.epoch.clone(),
            first: 1,
            last: self.head.seq,
            head: self.head.hash,
            acked_through: uplink.through(),
            closed: false,
            roster_version: self.roster_version,
            software: self.identity.software.clone(),
            clock: now.clock,
            sent_at: now.wall_ms,
        };
        publish(Topic::UpCtl, Ctl::Hello(hello).encode(), false)
    }

    pub(crate) fn heartbeat(
        &self,
        now: Now,
        uplink: &Uplink,
        skew_ms: Option<i64>,
    ) -> Option<Action> {
        let heartbeat = Heartbeat {
            v: VERSION,
            r#box: self.identity.box_name.clone(),
            epoch: self.identity.epoch.clone(),
            last: self.head.seq,
            acked_through: uplink.through(),
            backlog: uplink.backlog(),
            oldest_at: None,
            gaps: Vec::new(),
            skew_ms,
            clock: now.clock,
            sent_at: now.wall_ms,
        };
        publish(Topic::UpCtl, Ctl::Heartbeat(heartbeat).encode(), false)
    }
}

/// Encoding these messages fails only for names that the settings have refused already.
fn publish(topic: Topic, payload: Result<Vec<u8>, WireError>, retain: bool) -> Option<Action> {
    payload.ok().map(|payload| Action::Publish {
        topic,
        payload,
        retain,
    })
}
