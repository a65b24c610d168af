//! The lane's step function.

use crate::lane::messages::{LaneEffect, LaneInput, LaneMemory, LaneSettings, SiteView};
use crate::time::Moment;

/// One gate with its readers.
#[derive(Debug)]
pub struct Lane {
    settings: LaneSettings,
}

impl Lane {
    /// A lane as it is after a start.
    pub fn new(settings: LaneSettings, _memory: LaneMemory) -> Self {
        Self { settings }
    }

    /// Its set-up.
    pub fn settings(&self) -> &LaneSettings {
        &self.settings
    }

    /// Takes one input and answers with what must happen, in order.
    pub fn step(
        &mut self,
        _now: Moment,
        _site: SiteView<'_>,
        _input: LaneInput,
    ) -> Vec<LaneEffect> {
        Vec::new()
    }
}
