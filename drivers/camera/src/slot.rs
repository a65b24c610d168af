//! Where the newest frame lies.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opencv::core::Mat;

/// One frame.
#[derive(Debug)]
pub struct Frame {
    /// 1, 2, 3 …; a gap means that frames were not looked at.
    pub number: u64,
    /// When it came, ms of the caller's clock.
    pub at_ms: u64,
    /// Its pixels, 8 bits a channel, blue first.
    pub image: Mat,
}

/// Holds at most one frame: a new one takes the place of one that nobody fetched. Clones are the
/// same slot; several cameras may ring one bell.
#[derive(Debug, Clone, Default)]
pub struct FrameSlot {
    frame: Arc<Mutex<Option<Frame>>>,
    bell: Arc<Bell>,
}

#[derive(Debug, Default)]
struct Bell {
    rings: Mutex<u64>,
    rung: Condvar,
}

impl FrameSlot {
    /// Another slot that rings the same bell.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            frame: Arc::default(),
            bell: Arc::clone(&self.bell),
        }
    }

    /// Puts a frame in place of the one before.
    pub fn put(&self, frame: Frame) {
        *lock(&self.frame) = Some(frame);
        self.ring();
    }

    /// Takes the newest frame out.
    pub fn take(&self) -> Option<Frame> {
        lock(&self.frame).take()
    }

    /// Wakes whoever waits, without a frame.
    pub fn ring(&self) {
        let mut rings = lock(&self.bell.rings);
        *rings = rings.wrapping_add(1);
        self.bell.rung.notify_all();
    }

    /// Waits until the bell was rung since `heard`, at most `limit`; answers with its count.
    pub fn wait(&self, heard: u64, limit: Duration) -> u64 {
        let rings = lock(&self.bell.rings);
        let waited = self
            .bell
            .rung
            .wait_timeout_while(rings, limit, |rings| *rings == heard);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use opencv::core::Mat;

    use super::{Frame, FrameSlot};

    #[test]
    fn the_newest_frame_wins() {
        let slot = FrameSlot::default();
        for number in 1..=3 {
            slot.put(Frame {
                number,
                at_ms: 0,
                image: Mat::default(),
            });
        }
        assert_eq!(slot.take().map(|frame| frame.number), Some(3));
        assert!(slot.take().is_none());
    }
}
