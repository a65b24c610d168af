//! The clerk's screen: a small HTTP server for the site office, at most a handful of browsers.
//!
//! Reading order, bottom floor first:
//! `view` holds what a page shows, as owned data without any personal detail beyond a masked name;
//! `books` answers the pages of people and attendance from the ledger's read models;
//! `papers` writes spreadsheets;
//! `guard` is the door: passwords, codes, duties, sessions, throttling, cross-site checks, headers;
//! `source` names what the screen needs from the ledger file, as two narrow traits;
//! `recorder` is the way of the clerk's acts into the ledger, `desks` those of whole files, to the cameras,
//! and of cards on the reader of his desk; `intake` makes records of a file's rows, and `importing` takes
//! them in while nobody looks;
//! `site_time` turns instants into the site's wall clock text;
//! `kiosk` is what the gate's own screens show;
//! `state` joins settings, sources and live channels; `assets` are the embedded files;
//! `pages` has one file and one template for each screen; `router` lists them; `connection` is one browser's
//! line; `serve` runs them.
//!
//! The crate never reads a wall clock of its own, never decides who may pass, and shows a whole document
//! number on one page only, for a reason that is on record before.

mod error;
mod site_time;
mod view;
mod books;
mod papers;
mod guard;
mod source;
mod recorder;
mod desks;
mod intake;
mod kiosk;
mod state;
mod assets;
mod importing;
mod pages;
mod router;
mod connection;
mod serve;
mod ledger_source;

pub use books::{Books, PICTURE_WORDS, TERMINAL_WORDS, UPLOAD_WORDS};
pub use desks::{
    DeskCard, DeskReader, FaceCamera, FaceDesk, FaceSource, FaceStanding, ImportDesk, ImportMaker,
    TemplateStanding,
};
pub use error::{SourceError, WebError};
pub use guard::claim_code::ClaimCode;
pub use guard::duty::Duty;
pub use intake::{check_table, read_table};
pub use kiosk::{GateScreen, GateShow, Kiosks, OwnCard, OwnScreen, Voice};
pub use ledger_source::{CLAIM_CODE_SETTING, LedgerSource};
pub use recorder::{ActMaker, Recorder, Refusal};
pub use router::router;
pub use serve::{serve, serve_notice};
pub use source::{Account, AccountCode, AccountStore, BoxFuture, TodaySource};
pub use state::{WebChannels, WebSettings, WebState};

pub use view::{
    ClockView, DeviceLamp, DownRefusal, HealthView, LampState, LedgerView, LinkView, MaskedName,
    PassageRow, PhotosView, Remedy, SyncView, TodayView, Verdict, Way,
};

#[cfg(test)]
mod serve_test;
