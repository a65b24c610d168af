//! Gate boards as the box knows them: one that only has relays, and one that takes a new firmware.

mod relay;
mod update;
