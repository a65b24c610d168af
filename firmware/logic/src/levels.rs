//! Levels of one gate's pins, without the pins.

/// Inputs as read now; true is a broken beam or a closed contact. A pin that cannot be read is
/// given as true, the safe side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one per pin")]
pub struct Levels {
    /// Beam on the street side.
    pub beam_outer: bool,
    /// Beam on the site side.
    pub beam_inner: bool,
    /// Fire contact.
    pub fire: bool,
    /// Cabinet contact.
    pub tamper: bool,
}

/// What the pins shall do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one per pin")]
pub struct Outputs {
    /// The entry is open.
    pub open_in: bool,
    /// The exit is open.
    pub open_out: bool,
    /// Green lamp.
    pub lamp_green: bool,
    /// Red lamp.
    pub lamp_red: bool,
    /// Buzzer.
    pub buzzer: bool,
}
