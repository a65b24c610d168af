//! What happens, and when.

use serde::Deserialize;

use crate::camera::Showing;
use crate::direction::Direction;
use crate::reader::ReaderFault;

/// People one after another at one reader, evenly spread with some jitter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// First arrival, in seconds of the day.
    pub from_s: u64,
    /// Last arrival.
    pub to_s: u64,
    /// Where.
    pub reader: String,
    /// Place of the first person among the admitted.
    pub first: u32,
    /// How many people, one after another; beyond the last admitted one it begins again.
    pub turns: u32,
    /// Of 100, who puts the card a second time at once.
    #[serde(default)]
    pub double_percent: u8,
    /// Of 100, whose first read goes wrong.
    #[serde(default)]
    pub bad_read_percent: u8,
    /// Of 100, who does not walk although the arm is open.
    #[serde(default)]
    pub stay_percent: u8,
    /// Of 100, who breaks a beam, goes back, and then walks.
    #[serde(default)]
    pub waver_percent: u8,
}

/// One turn of one person.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedVisit {
    /// When, in seconds of the day.
    pub at_s: u64,
    /// Who: a number, or a group and a place such as `left:0` or `hmt:1`.
    pub who: String,
    /// Where.
    pub reader: String,
    /// What he does.
    #[serde(default)]
    pub plan: PlanWord,
}

/// Whose face the portraits of one letter show. He has agreed to its use at the gate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceOwner {
    /// The letter: `a` for the pictures `a1`, `a2` …
    pub portrait: String,
    /// Who: as in a turn.
    pub who: String,
}

/// People who step before a camera one after another, at even distances.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceStream {
    /// The first one, in seconds of the day.
    pub from_s: u64,
    /// Nobody begins after it.
    pub to_s: u64,
    /// From one to the next, in ms.
    pub every_ms: u64,
    /// Where.
    pub lane: String,
    /// Before which camera.
    pub direction: Direction,
    /// The pictures that show them, in turn.
    pub shots: Vec<String>,
    /// What they do before it.
    #[serde(default)]
    pub showing: Showing,
    /// How long they wait for the arm, in ms.
    pub wait_ms: u64,
    /// Whose card they put on the reader; none for a face alone.
    #[serde(default)]
    pub card: Option<String>,
}

/// What a person does at a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanWord {
    /// Card, arm, through.
    #[default]
    Normal,
    /// Puts the card a second time at once.
    Double,
    /// Does not walk although the arm is open.
    Stay,
    /// Breaks a beam, goes back, then walks.
    Waver,
    /// A second person follows on the same opening.
    Tailgated,
}

/// One fault, cable or contact.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Happening {
    /// When, in seconds of the day.
    pub at_s: u64,
    /// Reader id, or lane id for its board.
    pub device: String,
    /// What is done to the device.
    #[serde(default)]
    pub act: Option<DeviceAct>,
    /// A fault of a reader.
    #[serde(default)]
    pub fault: Option<ReaderFault>,
}

/// What is done to a device by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceAct {
    /// Pull the cable.
    Unplug,
    /// Put it in.
    Plug,
    /// Close the fire contact (boards).
    FireOn,
    /// Open it (boards).
    FireOff,
    /// Open the cabinet (boards).
    TamperOn,
    /// Close it (boards).
    TamperOff,
    /// Restart the processor (boards).
    ResetBoard,
    /// Make the speeds of both ends differ.
    WrongBaudOn,
    /// Make them agree.
    WrongBaudOff,
    /// Junk on the line.
    Noise,
}

/// A moment for whoever drives the rest of the site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Such as `broker_down`.
    pub name: String,
    /// Begin, in seconds of the day.
    pub from_s: u64,
    /// End.
    pub to_s: u64,
}
