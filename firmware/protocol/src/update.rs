//! How an update of the board's firmware goes. Its requests stand in [`crate::Request`].

use serde::{Deserialize, Serialize};

/// How far an update is, or how the last one ended. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdatePhase {
    /// Nobody has updated this board yet.
    Idle,
    /// Pieces of an image are coming.
    Receiving,
    /// The image is there as a whole. The board restarts as soon as its answer is sent, and the boot
    /// loader judges the image.
    Staged,
    /// The new image runs, but the old one comes back unless it proves itself within a minute.
    Trial,
    /// The new image has proved itself and stays.
    Confirmed,
    /// The new image did not prove itself; the old one runs.
    RolledBack,
    /// The boot loader did not take the image; the old one never went.
    Refused(UpdateFault),
}

/// What is wrong with an image. Append-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateFault {
    /// It does not begin as an image does, or its header is damaged.
    NotAnImage,
    /// It is for another kind of board.
    OtherBoard,
    /// Its version is not higher than that of the image that runs.
    NotNewer,
    /// It is longer than the board's flash takes, or its length is another one than its header says.
    Length,
    /// A piece is missing, or nothing was begun.
    Incomplete,
    /// Its body is not the one that was signed.
    Digest,
    /// It was not signed with the key that this board trusts.
    Signature,
    /// The factory gave this board no key, so it trusts no image.
    NoKey,
    /// The flash did not take it.
    Flash,
}

/// Answers each request of an update that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateStatus {
    /// How far it is.
    pub phase: UpdatePhase,
    /// Bytes of the image that the board has, from its beginning; the next piece begins there.
    pub received: u32,
}
