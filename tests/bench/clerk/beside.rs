//! The gate while a clerk exports and imports, and while he does not, in turn.

use std::sync::Arc;
use std::thread::JoinHandle;

use hw_sim::{GateTiming, Person, Plan, Site, WalkEnd};
use tests::{Clerk, GateBox, Result};
use tokio::sync::{mpsc, watch};

use super::desk::{NAME, import};
use crate::turns::from_reply_to_open;

/// Turns at the gate before the clerk begins or ends.
const BLOCK: usize = 10;
/// People in a row who turn back before the bench gives up.
const TURNED_BACK_MAX: u32 = 5;
/// People of one file of his.
const FILE_PEOPLE: usize = 100;
/// The first of them: those before have been imported already.
const FILE_FIRST: usize = 2_000;

/// The simulated gate with its people, and when what happened there.
pub(super) struct Gate {
    site: Site,
    timings: mpsc::Receiver<GateTiming>,
    people: Vec<Arc<Person>>,
    next: usize,
    /// How many turned back: where the simulated beams of a busy machine miss a passage, the box waits for
    /// it, and the next one is not let in.
    pub(super) turned_back: u32,
}

impl Gate {
    pub(super) fn new(site: Site, timings: mpsc::Receiver<GateTiming>) -> Self {
        let people = site.crowd().people().to_vec();
        Self {
            site,
            timings,
            people,
            next: 0,
            turned_back: 0,
        }
    }

    /// The next one comes in; ms from the reader's reply to the open command.
    pub(super) async fn turn(&mut self) -> Result<f64> {
        for _ in 0..TURNED_BACK_MAX {
            let person = self.people.get(self.next % self.people.len().max(1));
            let person = Arc::clone(person.ok_or("nobody comes")?);
            self.next += 1;
            while self.timings.try_recv().is_ok() {}
            let end = hw_sim::visit(&self.site, "gate-1-in", &person, Plan::default()).await?;
            if matches!(end, WalkEnd::Through) {
                return from_reply_to_open(&mut self.timings).await;
            }
            self.turned_back += 1;
        }
        Err("nobody gets in".into())
    }
}

/// So many turns of each kind: without the clerk, and beside him.
pub(super) async fn measure(
    gate: &mut Gate,
    gate_box: &GateBox,
    turns: usize,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut clerk = AtWork::begin(gate_box.screen());
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    while beside.len() < turns {
        clerk.set(Order::Rest).await?;
        for _ in 0..BLOCK {
            alone.push(gate.turn().await?);
        }
        clerk.set(Order::Work).await?;
        for _ in 0..BLOCK {
            beside.push(gate.turn().await?);
        }
        eprintln!("{} / {turns}", beside.len());
    }
    let rounds = clerk.end()?;
    if rounds == 0 {
        return Err("the clerk did nothing".into());
    }
    Ok((alone, beside))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Rest,
    Work,
    End,
}

/// A clerk on a thread of his own, so that his browser's work is not the simulator's.
struct AtWork {
    orders: watch::Sender<Order>,
    doing: watch::Receiver<Order>,
    thread: JoinHandle<std::result::Result<usize, String>>,
}

impl AtWork {
    fn begin(screen: &str) -> Self {
        let (orders, ordered) = watch::channel(Order::Rest);
        let (told, doing) = watch::channel(Order::End);
        let screen = screen.to_owned();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|error| error.to_string())?;
            let work = work(&screen, ordered, &told);
            runtime.block_on(work).map_err(|error| error.to_string())
        });
        Self {
            orders,
            doing,
            thread,
        }
    }

    /// Waits until he does it.
    async fn set(&mut self, order: Order) -> Result<()> {
        self.orders.send(order)?;
        self.doing.wait_for(|doing| *doing == order).await?;
        Ok(())
    }

    /// How often he did all of it.
    fn end(self) -> Result<usize> {
        self.orders.send(Order::End)?;
        let ended = self.thread.join().map_err(|_| "the clerk panicked")?;
        Ok(ended?)
    }
}

async fn work(
    screen: &str,
    mut orders: watch::Receiver<Order>,
    told: &watch::Sender<Order>,
) -> Result<usize> {
    let clerk = Clerk::enter(screen, NAME).await?;
    let mut rounds = 0;
    loop {
        let order = *orders.borrow_and_update();
        told.send(order)?;
        match order {
            Order::End => return Ok(rounds),
            Order::Rest => orders.changed().await?,
            Order::Work => {
                for path in ["/papers/month.xlsx?team=1", "/papers/people.xlsx"] {
                    clerk.get(path).await?.bytes().await?;
                }
                let first = FILE_FIRST + rounds * FILE_PEOPLE;
                import(&clerk, first..first + FILE_PEOPLE).await?;
                rounds += 1;
            }
        }
    }
}
