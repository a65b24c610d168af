//! The screens at the gate in a real Chromium: `gate` what a lane shows whoever stands at it · `own` what a worker
//! sees of his own, and what he objects to.

mod gate;
mod own;
