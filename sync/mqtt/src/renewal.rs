//! The certificate files of a connection, and whether they have been replaced since.

use crate::settings::MqttSettings;
use crate::tls::{Credentials, contents};

/// What the present connection was opened with.
#[derive(Debug, Default)]
pub(crate) struct Renewal {
    files: Option<Vec<u8>>,
    look_at_ms: u64,
}

impl Renewal {
    /// A connection is opened with the files as they are.
    pub(crate) fn begin(settings: &MqttSettings, now_ms: u64) -> Self {
        Self {
            files: contents(settings.tls.as_ref()),
            look_at_ms: now_ms.saturating_add(settings.tls_check_ms),
        }
    }

    /// When to look again, monotonic ms.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        self.files.as_ref().map(|_| self.look_at_ms)
    }

    /// Whether it is time to look, and there are other files that belong together.
    pub(crate) fn is_due(&mut self, settings: &MqttSettings, now_ms: u64) -> bool {
        if self.due_ms().is_none_or(|due| due > now_ms) {
            return false;
        }
        self.look_at_ms = now_ms.saturating_add(settings.tls_check_ms);
        let Some(files) = &settings.tls else {
            return false;
        };
        let there = contents(Some(files));
        if there.is_none() || there == self.files || Credentials::read(files).is_err() {
            return false;
        }
        self.files = there;
        true
    }
}
