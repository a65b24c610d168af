//! The screens at the gate. Nobody signs in at them: `place` knows them by where they stand.

mod place;
mod head;
mod scene;
pub(crate) mod gate_page;
pub(crate) mod gate_events;
pub(crate) mod voice;
mod own_sheet;
pub(crate) mod own_page;
pub(crate) mod own_events;
