//! The ways of the clerk's pages out of this crate: files of people, cameras and faces, and the reader on
//! the office's desk.

mod import_desk;
mod face_desk;
mod desk_reader;

pub use desk_reader::{DeskCard, DeskReader};
pub use face_desk::{FaceCamera, FaceDesk, FaceSource, FaceStanding, TemplateStanding};
pub(crate) use face_desk::{PICTURE_BYTES_MAX, PICTURES_MAX};
pub use import_desk::{ImportDesk, ImportMaker};
