//! A cable between box and gate board that a test can cut in the middle of a sentence.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::Result;

/// `O_NOCTTY`: the board's terminal does not become this program's.
const NOCTTY: i32 = 0o400;
/// Place of the `Open` request among the requests (`firmware/protocol`).
const OPEN: u8 = 2;

/// What the cable does with the box's words and the board's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CableRule {
    /// Everything passes.
    Through,
    /// Open commands vanish; all else passes.
    LoseOpens,
    /// Open commands pass; from the first one on, every answer of the board vanishes.
    LoseAnswersToOpens,
}

#[derive(Debug)]
struct State {
    rule: CableRule,
    opens: u64,
    mute: bool,
    box_side: Option<TcpStream>,
}

/// The cable: a TCP port for the box, a terminal for the board.
#[derive(Debug, Clone)]
pub struct GateCable {
    address: String,
    state: Arc<Mutex<State>>,
}

impl GateCable {
    /// Lays a cable from a free loopback port to the board's terminal.
    pub fn lay(terminal: &Path) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("tcp:{}", listener.local_addr()?);
        let board = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(NOCTTY)
            .open(terminal)?;
        let state = State {
            rule: CableRule::Through,
            opens: 0,
            mute: false,
            box_side: None,
        };
        let cable = Self {
            address,
            state: Arc::new(Mutex::new(state)),
        };
        let (from_board, listening) = (board.try_clone()?, cable.clone());
        thread::spawn(move || listening.carry_answers(from_board));
        let listening = cable.clone();
        thread::spawn(move || listening.carry_requests(&listener, &board));
        Ok(cable)
    }

    /// The box's end, as `site.toml` writes it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Changes what the cable does.
    pub fn set(&self, rule: CableRule) {
        let mut state = self.lock();
        state.rule = rule;
        state.mute = false;
    }

    /// Open commands that the box has sent so far, lost ones included.
    pub fn opens(&self) -> u64 {
        self.lock().opens
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_requests(&self, listener: &TcpListener, mut board: &File) {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            stream.set_nodelay(true).ok();
            self.lock().box_side = stream.try_clone().ok();
            let mut waiting = Vec::new();
            let mut piece = [0; 256];
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                waiting.extend_from_slice(&piece[..count]);
                while let Some(end) = waiting.iter().position(|byte| *byte == 0) {
                    let frame: Vec<u8> = waiting.drain(..=end).collect();
                    if self.passes(&frame) && board.write_all(&frame).is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn passes(&self, frame: &[u8]) -> bool {
        if request_of(frame) != Some(OPEN) {
            return true;
        }
        let mut state = self.lock();
        state.opens += 1;
        state.mute = state.rule == CableRule::LoseAnswersToOpens;
        state.rule != CableRule::LoseOpens
    }

    fn carry_answers(&self, mut board: File) {
        let mut piece = [0; 256];
        while let Ok(count @ 1..) = board.read(&mut piece) {
            let state = self.lock();
            if let (false, Some(mut stream)) = (state.mute, state.box_side.as_ref()) {
                stream.write_all(&piece[..count]).ok();
            }
        }
    }
}

/// Third byte behind the stuffing: address, number, request.
fn request_of(frame: &[u8]) -> Option<u8> {
    let mut plain = Vec::new();
    let mut rest = frame.strip_suffix(&[0])?;
    while let Some((&code, tail)) = rest.split_first() {
        let run = usize::from(code).checked_sub(1)?.min(tail.len());
        let (bytes, after) = tail.split_at(run);
        plain.extend_from_slice(bytes);
        if code < 0xFF {
            plain.push(0);
        }
        rest = after;
    }
    plain.get(2).copied()
}
