//! The screens at the gate in a real Chromium: `gate` what a lane shows whoever stands at it · `own` what a worker
//! sees of his own, and what he objects to · `voice` what a lane says aloud.

mod gate;
mod own;
mod voice;
