//! An update of the board's firmware: what is asked next, and what an answer means. Pure.

use firmware_protocol::{CHUNK_BYTES_MAX, Fault, Reply, Request, UpdateFault, UpdatePhase};
use heapless::Vec as Piece;
use std::mem::replace;
use std::sync::Arc;
use tokio::sync::watch;

/// Where header and signature end in an image file, in bytes.
const HEAD_BYTES: usize = 128;
const VERSION_AT: usize = 16;
const NAME_AT: usize = 64;
const MARK: &[u8] = b"MWI1";

/// A new firmware for a board, as `cargo firmware sign` wrote it. The board judges it; this looks
/// only at what names it.
#[derive(Clone, Debug)]
pub struct UpdateImage {
    bytes: Arc<[u8]>,
    version: [u8; 3],
    name: [u8; 8],
}

impl UpdateImage {
    /// Longest file in bytes: twice the flash of the smallest board.
    pub const BYTES_MAX: usize = 128 * 1024;

    /// Takes a file's content; none if it does not begin as an image does.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let sound = bytes.starts_with(MARK)
            && bytes.len() > HEAD_BYTES
            && bytes.len().is_multiple_of(4)
            && bytes.len() <= Self::BYTES_MAX;
        let version = bytes.get(VERSION_AT..)?.first_chunk().copied()?;
        let name = bytes.get(NAME_AT..)?.first_chunk().copied()?;
        sound.then(|| Self {
            bytes: bytes.into(),
            version,
            name,
        })
    }

    /// Version: major, minor, patch.
    pub fn version(&self) -> [u8; 3] {
        self.version
    }

    fn length(&self) -> u32 {
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }
}

/// How an update goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateProgress {
    /// It waits for the line.
    Waiting,
    /// So many of so many bytes are at the board.
    Sending {
        /// Bytes at the board.
        sent: u32,
        /// Bytes in all.
        of: u32,
    },
    /// All is there, and somebody passes or there is fire: the board restarts afterwards.
    Occupied,
    /// The board restarts, and its boot loader judges the image.
    Restarting,
    /// The new firmware runs on trial.
    Trial,
    /// The new firmware runs and stays.
    Done,
    /// The update is over, and the old firmware runs.
    Failed(UpdateFailure),
}

impl UpdateProgress {
    /// Whether nothing follows.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Failed(_))
    }
}

/// Why an update failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateFailure {
    /// The image was refused, by the board or by its boot loader.
    Refused(UpdateFault),
    /// The new firmware did not prove itself.
    RolledBack,
    /// The board has no boot loader, or only relays.
    Unsupported,
    /// Another update is under way.
    Busy,
    /// Somebody passes just now; nothing was begun.
    Occupied,
}

/// What an update does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begin,
    Send {
        from: u32,
    },
    Commit,
    /// The board restarts, or has; it knows how the update ended.
    Ask,
}

/// An update under way.
#[derive(Debug)]
pub(crate) struct Update {
    image: UpdateImage,
    progress: watch::Sender<UpdateProgress>,
    step: Step,
    /// The board said that the image is staged: from then on a bad end is the end of this one.
    staged: bool,
    /// A bad end was taken for that of an update before this one; that happens once.
    doubted: bool,
}

impl Update {
    pub(crate) fn new(image: UpdateImage, progress: watch::Sender<UpdateProgress>) -> Self {
        Self {
            image,
            progress,
            step: Step::Begin,
            staged: false,
            doubted: false,
        }
    }

    /// Nobody waits for it any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.progress.is_closed()
    }

    /// The board was greeted (again): it may have restarted, so what it knows is asked anew.
    pub(crate) fn greeted(&mut self) {
        self.step = match self.step {
            Step::Begin | Step::Send { .. } => Step::Begin,
            Step::Commit | Step::Ask => Step::Ask,
        };
    }

    pub(crate) fn next(&self) -> Request {
        match self.step {
            Step::Begin => Request::UpdateBegin {
                image_bytes: self.image.length(),
                name: self.image.name,
            },
            Step::Send { from } => Request::UpdateChunk {
                offset: from,
                data: self.piece(from),
            },
            Step::Commit => Request::UpdateCommit,
            Step::Ask => Request::AskUpdate,
        }
    }

    fn piece(&self, from: u32) -> Piece<u8, CHUNK_BYTES_MAX> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        let rest = self.image.bytes.get(from..).unwrap_or_default();
        rest.iter().take(CHUNK_BYTES_MAX).copied().collect()
    }

    /// Takes the board's answer; `firmware` is the version that runs there. True once the update is
    /// over.
    pub(crate) fn answered(&mut self, reply: &Reply, firmware: [u8; 3]) -> bool {
        let progress = match reply {
            Reply::Update(status) => match status.phase {
                UpdatePhase::Idle if self.step == Step::Ask => self.begin_anew(),
                UpdatePhase::Receiving => self.go_on(status.received),
                UpdatePhase::Staged => self.wait_for_restart(),
                UpdatePhase::Trial if firmware == self.image.version => UpdateProgress::Trial,
                UpdatePhase::Confirmed if firmware == self.image.version => UpdateProgress::Done,
                UpdatePhase::RolledBack => self.bad_end(UpdateFailure::RolledBack),
                UpdatePhase::Refused(fault) => self.bad_end(UpdateFailure::Refused(fault)),
                // The end of an update before this one: this one never reached the boot loader.
                UpdatePhase::Idle | UpdatePhase::Trial | UpdatePhase::Confirmed => {
                    self.begin_anew()
                }
            },
            Reply::UpdateRefused(fault) => UpdateProgress::Failed(UpdateFailure::Refused(*fault)),
            Reply::Error(Fault::Busy) if self.step == Step::Commit => UpdateProgress::Occupied,
            Reply::Error(Fault::Busy) => UpdateProgress::Failed(UpdateFailure::Busy),
            Reply::Error(_)
            | Reply::Hello(_)
            | Reply::Status(_)
            | Reply::Open { .. }
            | Reply::Done
            | Reply::Statistics(_) => UpdateProgress::Failed(UpdateFailure::Unsupported),
        };
        self.progress
            .send_if_modified(|told| replace(told, progress) != progress);
        progress.is_end()
    }

    fn begin_anew(&mut self) -> UpdateProgress {
        self.step = Step::Begin;
        self.staged = false;
        UpdateProgress::Waiting
    }

    /// What the boot loader said last. Without a word that this image was staged it may be the end
    /// of an update before this one: a board without power loses what it had received.
    fn bad_end(&mut self, failure: UpdateFailure) -> UpdateProgress {
        if self.staged || replace(&mut self.doubted, true) {
            return UpdateProgress::Failed(failure);
        }
        self.begin_anew()
    }

    fn go_on(&mut self, received: u32) -> UpdateProgress {
        let of = self.image.length();
        self.step = if received < of {
            Step::Send { from: received }
        } else {
            Step::Commit
        };
        UpdateProgress::Sending { sent: received, of }
    }

    fn wait_for_restart(&mut self) -> UpdateProgress {
        self.step = Step::Ask;
        self.staged = true;
        UpdateProgress::Restarting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firmware_protocol::UpdateStatus;

    const OLD: [u8; 3] = [0, 1, 0];
    const NEW: [u8; 3] = [0, 2, 0];

    fn image() -> UpdateImage {
        let mut bytes = b"MWI1stm32f103\0\0\0\x00\x02\x00".to_vec();
        bytes.resize(300, 7);
        UpdateImage::parse(&bytes).unwrap()
    }

    fn told(phase: UpdatePhase, received: u32) -> Reply {
        Reply::Update(UpdateStatus { phase, received })
    }

    fn offset(update: &Update) -> (u32, usize) {
        let Request::UpdateChunk { offset, data } = update.next() else {
            panic!("{:?}", update.next());
        };
        (offset, data.len())
    }

    #[test]
    fn pieces_go_where_the_board_says_until_all_are_there() {
        let (progress, seen) = watch::channel(UpdateProgress::Waiting);
        let mut update = Update::new(image(), progress);
        assert_eq!(
            update.next(),
            Request::UpdateBegin {
                image_bytes: 300,
                name: [7; 8]
            }
        );
        // The board has a part from before.
        assert!(!update.answered(&told(UpdatePhase::Receiving, 128), OLD));
        assert_eq!(offset(&update), (128, 128));
        assert!(!update.answered(&told(UpdatePhase::Receiving, 256), OLD));
        assert_eq!(offset(&update), (256, 44));
        assert!(!update.answered(&told(UpdatePhase::Receiving, 300), OLD));
        assert_eq!(update.next(), Request::UpdateCommit);
        assert_eq!(
            *seen.borrow(),
            UpdateProgress::Sending { sent: 300, of: 300 }
        );
        assert!(!update.answered(&Reply::Error(Fault::Busy), OLD));
        assert_eq!(*seen.borrow(), UpdateProgress::Occupied);
        assert_eq!(update.next(), Request::UpdateCommit, "asked again");
        assert!(!update.answered(&told(UpdatePhase::Staged, 300), OLD));
        update.greeted();
        assert_eq!(update.next(), Request::AskUpdate);
        assert!(!update.answered(&told(UpdatePhase::Trial, 0), NEW));
        assert!(update.answered(&told(UpdatePhase::Confirmed, 0), NEW));
        assert_eq!(*seen.borrow(), UpdateProgress::Done);
    }

    #[test]
    fn a_board_that_restarts_in_the_middle_gets_all_again() {
        let (progress, _seen) = watch::channel(UpdateProgress::Waiting);
        let mut update = Update::new(image(), progress);
        update.answered(&told(UpdatePhase::Receiving, 256), OLD);
        update.greeted();
        assert!(matches!(update.next(), Request::UpdateBegin { .. }));
        update.answered(&told(UpdatePhase::Receiving, 300), OLD);
        // It restarted before it took the commit, and tells of an update of last year.
        update.greeted();
        assert!(!update.answered(&told(UpdatePhase::Confirmed, 0), OLD));
        assert!(matches!(update.next(), Request::UpdateBegin { .. }));
    }

    #[test]
    fn a_bad_end_of_last_year_is_not_taken_for_this_one() {
        for end in [
            UpdatePhase::RolledBack,
            UpdatePhase::Refused(UpdateFault::Digest),
        ] {
            let (progress, seen) = watch::channel(UpdateProgress::Waiting);
            let mut update = Update::new(image(), progress);
            update.answered(&told(UpdatePhase::Receiving, 300), OLD);
            // It lost its power before it took the commit.
            update.greeted();
            assert!(!update.answered(&told(end, 0), OLD));
            assert_eq!(*seen.borrow(), UpdateProgress::Waiting);
            assert!(matches!(update.next(), Request::UpdateBegin { .. }));
            update.answered(&told(UpdatePhase::Receiving, 300), OLD);
            update.answered(&told(UpdatePhase::Staged, 300), OLD);
            update.greeted();
            assert!(update.answered(&told(end, 0), OLD), "this one's own");
        }
    }

    #[test]
    fn a_board_that_never_says_staged_is_not_sent_the_image_for_ever() {
        let (progress, seen) = watch::channel(UpdateProgress::Waiting);
        let mut update = Update::new(image(), progress);
        for over in [false, true] {
            update.answered(&told(UpdatePhase::Receiving, 300), OLD);
            update.greeted();
            assert_eq!(
                update.answered(&told(UpdatePhase::RolledBack, 0), OLD),
                over
            );
        }
        assert_eq!(
            *seen.borrow(),
            UpdateProgress::Failed(UpdateFailure::RolledBack)
        );
    }

    #[test]
    fn what_has_not_changed_is_not_told_again() {
        let (progress, mut seen) = watch::channel(UpdateProgress::Waiting);
        let mut update = Update::new(image(), progress);
        update.answered(&told(UpdatePhase::Receiving, 300), OLD);
        update.answered(&Reply::Error(Fault::Busy), OLD);
        seen.mark_unchanged();
        update.answered(&Reply::Error(Fault::Busy), OLD);
        assert!(!seen.has_changed().unwrap());
    }

    #[test]
    fn every_other_end_is_told_as_what_it_is() {
        let refused = UpdateFailure::Refused(UpdateFault::Signature);
        for (reply, end) in [
            (told(UpdatePhase::RolledBack, 0), UpdateFailure::RolledBack),
            (
                told(UpdatePhase::Refused(UpdateFault::Signature), 0),
                refused,
            ),
            (Reply::UpdateRefused(UpdateFault::Signature), refused),
            (Reply::Error(Fault::Busy), UpdateFailure::Busy),
            (Reply::Error(Fault::Unsupported), UpdateFailure::Unsupported),
            (Reply::Error(Fault::Message), UpdateFailure::Unsupported),
        ] {
            let (progress, seen) = watch::channel(UpdateProgress::Waiting);
            let mut update = Update::new(image(), progress);
            update.staged = true;
            assert!(update.answered(&reply, OLD), "{reply:?}");
            assert_eq!(*seen.borrow(), UpdateProgress::Failed(end));
        }
    }

    #[test]
    fn a_file_that_is_no_image_is_not_taken() {
        for odd in [&b""[..], b"MWI1", &[b'x'; 300], &[0; 300]] {
            assert!(UpdateImage::parse(odd).is_none());
        }
        assert_eq!(image().version(), NEW);
    }
}
