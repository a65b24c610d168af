//! One writer at a time where the database allows no more; a live record goes before a backlog.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    busy: bool,
    urgent_waiting: usize,
}

/// Hands out the right to write.
#[derive(Debug, Default)]
pub struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

/// The right to write, given back when dropped.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

impl Turns {
    /// Waits for the turn. Who is urgent goes before all who are not.
    pub(super) fn take(self: &Arc<Self>, urgent: bool) -> Turn {
        let mut state = self.lock();
        state.urgent_waiting += usize::from(urgent);
        while state.busy || (!urgent && state.urgent_waiting > 0) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.urgent_waiting -= usize::from(urgent);
        state.busy = true;
        Turn(Arc::clone(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.lock().busy = false;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_urgent_goes_first() {
        let turns = Arc::new(Turns::default());
        let order = Arc::new(Mutex::new(Vec::new()));
        let first = turns.take(false);
        let begin = |urgent: bool| {
            let (turns, order) = (Arc::clone(&turns), Arc::clone(&order));
            std::thread::spawn(move || {
                let turn = turns.take(urgent);
                order.lock().unwrap().push(urgent);
                drop(turn);
            })
        };
        let bulk = begin(false);
        let live = begin(true);
        while turns.lock().urgent_waiting == 0 {
            std::thread::yield_now();
        }
        drop(first);
        live.join().unwrap();
        bulk.join().unwrap();
        assert_eq!(*order.lock().unwrap(), [true, false]);
    }
}
