//! Pins whose other end the simulator holds.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};

/// A wire with one level; clones are the same wire. Low at first.
#[derive(Debug, Clone, Default)]
pub(super) struct SimPin {
    high: Arc<AtomicBool>,
}

impl SimPin {
    /// The level now.
    pub(super) fn get(&self) -> bool {
        self.high.load(Ordering::Relaxed)
    }

    /// Changes the level.
    pub(super) fn set(&self, high: bool) {
        self.high.store(high, Ordering::Relaxed);
    }
}

impl ErrorType for SimPin {
    type Error = Infallible;
}

impl InputPin for SimPin {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.get())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.get())
    }
}

impl OutputPin for SimPin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.set(false);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.set(true);
        Ok(())
    }
}
