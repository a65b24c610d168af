//! What is said to QEMU, as text; nothing here waits or reads.

use serde::Deserialize;

/// Ports of the chip as QEMU 7.2 names them.
pub(super) const PORT_OUT: &str = "/machine/unattached/device[8]";
const PORT_CONTACTS: &str = "/machine/unattached/device[9]";
const PORT_CARDS: &str = "/machine/unattached/device[12]";

/// Register of the cards' port that holds edges which no interrupt has taken yet.
pub(super) const CARD_EDGES_WAIT: &str = "readl 0x40024414\n";

/// Asks for the levels of all outputs.
pub(super) const READ_OUTPUTS: &str = "readl 0x400043fc\n";

/// The levels in the answer to [`READ_OUTPUTS`].
pub(super) fn outputs_read(answer: &str) -> u8 {
    let digits = answer.trim_start_matches("OK 0x");
    let [low, ..] = u64::from_str_radix(digits, 16).unwrap_or(0).to_le_bytes();
    low
}

/// An endless loop in the machine's language, and a place in RAM that the firmware does not use.
const LOOP_AT: &str = "2000ff00";
const LOOP_CODE: &str = "fee7";

/// A wire into the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wire {
    /// Beam, cabinet or fire contact by its number.
    Contact(u8),
    /// Wiegand wire by its number.
    Card(u8),
}

/// The order that puts a level on a wire.
pub(super) fn set_level(wire: Wire, high: bool) -> String {
    let (port, pin) = match wire {
        Wire::Contact(pin) => (PORT_CONTACTS, pin),
        Wire::Card(pin) => (PORT_CARDS, pin),
    };
    format!(
        "set_irq_in {port} unnamed-gpio-in {pin} {}\n",
        u8::from(high)
    )
}

/// The order that makes QEMU tell each change of an output.
pub(super) fn tell_outputs() -> String {
    format!("irq_intercept_out {PORT_OUT}\n")
}

/// A change of an output, if the line tells one: pin and level.
pub(super) fn output_change(line: &str) -> Option<(u8, bool)> {
    let mut words = line.split_whitespace();
    let level = match (words.next(), words.next()) {
        (Some("IRQ"), Some("raise")) => true,
        (Some("IRQ"), Some("lower")) => false,
        _ => return None,
    };
    Some((words.next()?.parse().ok()?, level))
}

/// What QMP tells by itself.
#[derive(Debug, Deserialize)]
struct Told {
    event: Option<String>,
}

/// Whether QMP tells that the chip was reset.
pub(super) fn is_reset(line: &str) -> bool {
    serde_json::from_str::<Told>(line).is_ok_and(|told| told.event.as_deref() == Some("RESET"))
}

/// How a packet begins that tells that the program was stopped: it comes by itself.
pub(super) const STOPPED: char = 'T';

/// A packet of gdb's remote protocol.
fn packet(body: &str) -> String {
    let sum = body.bytes().fold(0_u8, u8::wrapping_add);
    format!("${body}#{sum:02x}")
}

/// What a debugger says to throw the program into an endless loop and go away. Each is answered
/// by one packet other than [`STOPPED`].
pub(super) fn hang_packets() -> [String; 4] {
    [
        // Only who has read the list of registers may write one.
        packet("qXfer:features:read:target.xml:0,ff"),
        packet(&format!("M{LOOP_AT},2:{LOOP_CODE}")),
        // Register 15 is the program counter, least byte first.
        packet("P0f=00ff0020"),
        packet("D"),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Wire, hang_packets, is_reset, output_change, outputs_read, set_level};

    #[test]
    fn lines_of_qemu_are_told_apart() {
        assert_eq!(output_change("IRQ raise 0"), Some((0, true)));
        assert_eq!(output_change("IRQ lower 4"), Some((4, false)));
        assert_eq!(output_change("OK 0x0000000000000000"), None);
        assert!(is_reset(
            r#"{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RESET", "data": {"guest": true, "reason": "guest-reset"}}"#
        ));
        assert_eq!(outputs_read("OK 0x0000000000000048"), 0x48);
        assert!(!is_reset(r#"{"return": {}}"#));
    }

    #[test]
    fn orders_are_as_qemu_wants_them() {
        assert_eq!(
            set_level(Wire::Contact(3), true),
            "set_irq_in /machine/unattached/device[9] unnamed-gpio-in 3 1\n"
        );
        // Checksums worked out by hand: the sum of the characters, modulo 256.
        assert_eq!(hang_packets()[3], "$D#44");
    }
}
