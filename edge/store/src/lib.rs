//! The box's one file: ledger, cursor, read models, sealed personal data.
//!
//! Read in this order: [`Store`] opens the file and starts the one writer thread; [`Writer`] appends
//! to the ledger, durable when it returns; [`Reader`] answers questions on a connection of its own;
//! [`verify()`] checks the whole chain. The file is encrypted (`SQLCipher`) with a raw 32-byte [`Key`].
//!
//! The ledger is the truth. Every other table about people and gates is a read model: folded from the
//! ledger in batches, after the worker at the gate has been answered, and rebuilt from it row for row.

mod error;
mod key;
mod connection;
mod migrate;
mod ledger;
mod epoch;
mod city;
mod carry;
mod proof;
mod recover;
mod daily;
mod aside;
mod old_file;
mod account;
mod screen;
mod model;
mod view;
mod write;
mod face_reader;
mod desk;
mod reader;
mod questions;
mod verify;
mod store;
#[cfg(test)]
mod tests;

pub use account::AccountRow;
pub use aside::{Aside, Remains, Remnant, last_set_aside, remains, set_aside};
pub use carry::ToCarry;
pub use city::cursor::Cursor;
pub use city::parked::{ParkedRecord, ParkedTold};
pub use connection::is_in_use;
pub use daily::keeper::DailyState;
pub use desk::{DeskReader, VisitLine};
pub use epoch::{Epoch, NewEpoch, new_epoch_name};
pub use error::StoreError;
pub use face_reader::FaceReader;
pub use key::Key;
pub use ledger::{Appended, Entry, KeyOf, presentation_key};
pub use old_file::{OldFile, Part};
pub use proof::head_file::{HeadFile, SealedHead, SealedNote, head_file_path};
pub use proof::judge::{CheckpointDoubt, CheckpointsSeen, NoteDoubt, SealKeys};
pub use questions::compare::{ToCompare, compared_setting};
pub use reader::{Reader, StoredRecord};
pub use screen::import::{ImportCount, ImportJob, ImportOutcome, ImportRow, ImportStep};
pub use screen::picture::{GatePicture, KeptPictures, PhotoDue, PictureRole, PicturesToForget};
pub use store::{OpeningFacts, Store, StoreSettings};
pub use sync_wire::seal::DataKey;
pub use sync_wire::{Hash, Head};
pub use verify::{
    Broken, BrokenHow, EpochReport, VerifyProgress, VerifyReport, verify, verify_sealed,
};
pub use view::audits::AuditLine;
pub use view::directory::PersonEntry;
pub use view::people::{NumbersGiven, Project};
pub use view::persons::UNCONFIRMED_SETTING;
pub use view::punches::{Punch, PunchCorrection};
pub use view::sheets::{KeptSheet, MonthClose};
pub use view::today::{ActKind, Backlog, RecentAct, TodayView};
pub use view::upload::RecordLine;
pub use view::wages::Wages;
pub use write::writer::Writer;
