//! Everything that this crate reads of a terminal, for tests that bring any bytes.

use std::collections::BTreeSet;

use crate::hik::bytes as hik;
use crate::panel_bytes as panel;
use crate::parts::{Parts, boundary};

/// Pieces in which a stream comes here.
const PIECE: usize = 61;

/// Reads a stream of events under this `Content-Type`, as its pieces come, and gives how many told
/// something.
pub fn read_stream(kind: &str, bytes: &[u8]) -> usize {
    let Some(boundary) = boundary(kind) else {
        return 0;
    };
    let mut parts = Parts::new(&boundary);
    let mut told = 0_usize;
    for piece in bytes.chunks(PIECE) {
        parts.push(piece);
        while let Ok(Some(part)) = parts.next() {
            let text = String::from_utf8_lossy(&part.body);
            told = told.saturating_add(usize::from(hik::heard(&text).is_some()));
        }
    }
    told
}

/// Reads an answer of a terminal in every way in which one is read; whether any understood it.
pub fn read_answer(text: &str) -> bool {
    let mut understood = hik::heard(text).is_some();
    understood |= hik::locked_s(text).is_some() || hik::serial(text).is_some();
    understood |= hik::clock_ms(text).is_some();
    if let Ok(answer) = hik::outcome(200, text) {
        let mut found = BTreeSet::new();
        understood |= !hik::people_page(&answer, &mut found).items.is_empty();
        understood |= !hik::history_page(&answer).items.is_empty();
    }
    understood
}

/// Reads a message of the panel `name`; whether it was one.
pub fn read_message(name: &str, topic: &str, payload: &[u8]) -> bool {
    panel::message(name, topic, payload).is_some()
}
