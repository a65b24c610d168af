//! Faces: detector, embedder and search of `menwei-face` beside Python's cv2 and numpy, which do the
//! same on the same frame, one thread each, in turn.
//!
//! `side` a process that measures itself, ours or theirs · `measure` all of it.

mod side;
mod measure;

pub(crate) use measure::measure;
