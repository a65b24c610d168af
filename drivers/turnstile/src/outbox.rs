//! Events on their way to the lane. A lane that is slow stops neither polls nor open commands;
//! what the board saw then simply stays in the board.

use crate::event::TurnstileEvent;
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Events that wait here before the driver itself waits for the lane.
const WAITING_MAX: usize = 64;

/// The lane has gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneGone;

/// Events that the lane has not taken yet, oldest first.
#[derive(Debug)]
pub(crate) struct Outbox {
    sender: mpsc::Sender<TurnstileEvent>,
    waiting: VecDeque<TurnstileEvent>,
}

impl Outbox {
    pub(crate) fn new(sender: mpsc::Sender<TurnstileEvent>) -> Self {
        Self {
            sender,
            waiting: VecDeque::new(),
        }
    }

    /// Whether the lane has taken all.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds an event; waits only where far too many wait already.
    pub(crate) async fn put(&mut self, event: TurnstileEvent) -> Result<(), LaneGone> {
        self.waiting.push_back(event);
        while self.waiting.len() > WAITING_MAX {
            self.deliver_one().await?;
        }
        self.deliver_ready()
    }

    /// Hands over as much as the lane takes now.
    pub(crate) fn deliver_ready(&mut self) -> Result<(), LaneGone> {
        while !self.waiting.is_empty() {
            match self.sender.try_reserve() {
                Ok(permit) => {
                    if let Some(event) = self.waiting.pop_front() {
                        permit.send(event);
                    }
                }
                Err(mpsc::error::TrySendError::Full(())) => break,
                Err(mpsc::error::TrySendError::Closed(())) => return Err(LaneGone),
            }
        }
        Ok(())
    }

    /// Waits until the lane takes one event. Dropping the future loses none.
    pub(crate) async fn deliver_one(&mut self) -> Result<(), LaneGone> {
        let permit = self.sender.reserve().await.map_err(|_| LaneGone)?;
        if let Some(event) = self.waiting.pop_front() {
            permit.send(event);
        }
        Ok(())
    }
}
