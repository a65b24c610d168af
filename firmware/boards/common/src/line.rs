//! The line to the box, and what follows from the box's words.

use embedded_hal::digital::{InputPin, OutputPin};
use embedded_storage::nor_flash::NorFlash;
use firmware_logic::memory::Memory;
use firmware_logic::{Board, Watchdog};
use firmware_update::Updates;

/// A chip's serial port, with the driver enable of RS-485 where it has one.
pub trait Line {
    /// A byte that has come.
    fn receive(&mut self) -> Option<u8>;
    /// Whether a byte can be sent without waiting.
    fn has_room(&self) -> bool;
    /// Sends a byte; the line is the board's until [`Line::finish`].
    fn send(&mut self, byte: u8);
    /// Lets the line go after the last bit.
    fn finish(&mut self);
}

/// Gives the board what has come, and hands over as much of its answer as the line takes. The loop
/// must come again before the line has run empty.
pub fn answer<I: InputPin, O: OutputPin, W: Watchdog, U: Updates>(
    board: &mut Board<I, O, W, U>,
    line: &mut impl Line,
) {
    while let Some(byte) = line.receive() {
        board.receive(&[byte]);
    }
    while line.has_room() {
        let mut byte = [0];
        if board.transmit(&mut byte) == 0 {
            line.finish();
            return;
        }
        let [byte] = byte;
        line.send(byte);
    }
}

/// Keeps settings that the box has just given.
pub fn keep_settings<I: InputPin, O: OutputPin, W: Watchdog, U: Updates, F: NorFlash>(
    board: &mut Board<I, O, W, U>,
    memory: &mut Memory<F>,
) {
    if let Some(settings) = board.take_unkept() {
        board.kept(memory.keep_settings(settings));
    }
}
