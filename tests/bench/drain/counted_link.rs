//! The cable between box and broker: closed until it is opened, and every byte on it is counted.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use tests::Result;

/// A loopback port whose connections end at another one. Payload of TCP is counted, both ways; its
/// headers are not.
#[derive(Debug, Clone)]
pub(crate) struct CountedLink {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    open: AtomicBool,
    connections: AtomicU64,
    up: AtomicU64,
    down: AtomicU64,
}

impl CountedLink {
    /// Lays the cable, closed: who connects is hung up on.
    pub(crate) fn lay(to_port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let link = Self {
            port: listener.local_addr()?.port(),
            state: Arc::default(),
        };
        let state = Arc::clone(&link.state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(near) = stream else { return };
                if !state.open.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(far) = TcpStream::connect(("127.0.0.1", to_port)) else {
                    continue;
                };
                state.connections.fetch_add(1, Ordering::SeqCst);
                carry(&near, &far, &state, |state| &state.up);
                carry(&far, &near, &state, |state| &state.down);
            }
        });
        Ok(link)
    }

    /// Where the box connects.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// From now on connections go through.
    pub(crate) fn open(&self) {
        self.state.open.store(true, Ordering::SeqCst);
    }

    /// Whether anybody has come through.
    pub(crate) fn is_used(&self) -> bool {
        self.state.connections.load(Ordering::SeqCst) > 0
    }

    /// Bytes so far: towards the broker, and back.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::SeqCst);
        (load(&self.state.up), load(&self.state.down))
    }
}

fn carry(from: &TcpStream, to: &TcpStream, state: &Arc<State>, count: fn(&State) -> &AtomicU64) {
    from.set_nodelay(true).ok();
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else {
        return;
    };
    let state = Arc::clone(state);
    thread::spawn(move || {
        let mut piece = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            count(&state).fetch_add(length as u64, Ordering::SeqCst);
            if to.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Both).ok();
        from.shutdown(Shutdown::Both).ok();
    });
}
