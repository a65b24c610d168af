//! The ways to a running terminal.

use tokio::sync::{mpsc, watch};

use crate::library::LibraryPerson;

/// Orders that wait at most.
const ORDERS_MAX: usize = 64;

/// What is asked of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Verdict { seq: u64, opens: bool },
    Written { seq: u64 },
    Lost { seq: u64 },
}

/// Where a lane answers its terminal.
#[derive(Debug, Clone)]
pub struct TerminalHandle {
    orders: mpsc::Sender<Order>,
}

/// The driver's end.
#[derive(Debug)]
pub struct TerminalOrders {
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) people: watch::Receiver<Vec<LibraryPerson>>,
}

/// Both ends; `people` tells who belongs into the library.
pub fn terminal_channel(
    people: watch::Receiver<Vec<LibraryPerson>>,
) -> (TerminalHandle, TerminalOrders) {
    let (sender, orders) = mpsc::channel(ORDERS_MAX);
    (
        TerminalHandle { orders: sender },
        TerminalOrders { orders, people },
    )
}

impl TerminalHandle {
    /// Answers a report that asks; a terminal that has stopped waiting shows that by itself.
    pub fn verdict(&self, seq: u64, opens: bool) {
        self.send(Order::Verdict { seq, opens });
    }

    /// The report is in the ledger.
    pub fn written(&self, seq: u64) {
        self.send(Order::Written { seq });
    }

    /// The report is not in the ledger: told again, it is news again.
    pub fn lost(&self, seq: u64) {
        self.send(Order::Lost { seq });
    }

    /// Nothing waits here for ever: a terminal repeats what is not acknowledged, and gives up by
    /// itself what is not answered.
    fn send(&self, order: Order) {
        if let Err(error) = self.orders.try_send(order) {
            tracing::warn!(%error, "A terminal does not get its answer");
        }
    }
}
