//! The way from the office to a lane's gate board, for updates of its firmware.

use drivers_turnstile::{UpdateImage, UpdateProgress};
use tokio::sync::{mpsc, watch};

/// A new firmware for a board, and who is told how it goes.
#[derive(Debug)]
pub(crate) struct BoardUpdate {
    /// The firmware.
    pub(crate) image: UpdateImage,
    /// Told how it goes.
    pub(crate) progress: watch::Sender<UpdateProgress>,
}

/// A lane's gate board as the office knows it.
#[derive(Debug, Clone)]
pub(crate) struct BoardDoor {
    /// The lane's id.
    pub(crate) lane: String,
    /// The lane's name on screens.
    pub(crate) lane_name: String,
    /// The device's name in the settings.
    pub(crate) device: String,
    /// Where the lane takes updates.
    pub(crate) updates: mpsc::Sender<BoardUpdate>,
}

impl BoardDoor {
    /// Asks the lane to update its board; none if the lane has ended.
    pub(crate) async fn update(
        &self,
        image: UpdateImage,
    ) -> Option<watch::Receiver<UpdateProgress>> {
        let (progress, seen) = watch::channel(UpdateProgress::Waiting);
        let update = BoardUpdate { image, progress };
        self.updates.send(update).await.ok()?;
        Some(seen)
    }
}
