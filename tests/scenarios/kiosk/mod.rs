//! The screens at the gate in a real Chromium: `gate` what a lane shows whoever stands at it.

mod gate;
