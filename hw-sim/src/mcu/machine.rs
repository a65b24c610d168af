//! A chip with power, as its user holds it.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{mpsc, oneshot, watch};

use super::chip::{Chip, Contact, Edge};
use super::task::{Doors, Files, Listeners, Order, Task};
use crate::error::SimError;

/// Orders that wait at most; whoever gives more waits.
const ORDERS_MAX: usize = 256;
/// Changes of outputs that wait for a listener; beyond, the newest are not told.
const EDGES_MAX: usize = 4096;
const BYTES_MAX: usize = 64;

/// Tells machines of one process apart.
static MACHINES: AtomicU32 = AtomicU32::new(0);

/// A chip with power. Dropping it takes the power away.
#[derive(Debug)]
pub struct Machine {
    orders: mpsc::Sender<Order>,
    line: Option<ChipLine>,
    outputs: watch::Receiver<u8>,
    edges: mpsc::Receiver<Edge>,
    resets: watch::Receiver<u32>,
    process: Option<u32>,
}

impl Machine {
    /// Gives power to a chip, on the current runtime.
    ///
    /// # Errors
    /// [`SimError`] if the image is missing or QEMU does not start.
    pub fn start(chip: &Chip) -> Result<Self, SimError> {
        if !chip.image.is_file() {
            return Err(SimError::NoImage {
                image: chip.image.to_path_buf(),
            });
        }
        let folder = std::env::temp_dir().join(format!(
            "menwei-mcu-{}-{}",
            std::process::id(),
            MACHINES.fetch_add(1, Ordering::Relaxed)
        ));
        let files = Files::create(folder, chip)?;
        let doors = Doors::open(&files)?;
        let (orders, taken) = mpsc::channel(ORDERS_MAX);
        let (to_chip, line_in) = mpsc::channel(BYTES_MAX);
        let (line_out, from_chip) = mpsc::channel(BYTES_MAX);
        let (shown, outputs) = watch::channel(0);
        let (edge, edges) = mpsc::channel(EDGES_MAX);
        let (reset, resets) = watch::channel(0);
        let listeners = Listeners { shown, edge, reset };
        let task = Task::power_on(chip, files, listeners)?;
        let process = task.process();
        tokio::spawn(task.run(doors, taken, (line_in, line_out)));
        Ok(Self {
            orders,
            line: Some(ChipLine::new(to_chip, from_chip)),
            outputs,
            edges,
            resets,
            process,
        })
    }

    /// QEMU's process id.
    pub fn process(&self) -> Option<u32> {
        self.process
    }

    /// Changes an input. Orders are carried out one after the other.
    pub async fn set(&self, contact: Contact, active: bool) {
        self.give(Order::Level(contact.wire(), active)).await;
    }

    /// Changes inputs in one breath; returns when they are changed.
    pub async fn set_all(&self, levels: &[(Contact, bool)]) {
        let (done, over) = oneshot::channel();
        let levels = levels.iter().map(|(contact, on)| (contact.wire(), *on));
        self.give(Order::Levels(levels.collect(), done)).await;
        // Without power nothing changes.
        over.await.ok();
    }

    /// Changes an input; false if too many orders wait.
    pub fn try_set(&self, contact: Contact, active: bool) -> bool {
        self.orders
            .try_send(Order::Level(contact.wire(), active))
            .is_ok()
    }

    /// Sends a telegram on the wires of a Wiegand reader (0 street side, 1 site side); returns when
    /// the chip has taken every edge.
    pub async fn telegram(&self, reader: u8, bits: &[bool]) {
        let (done, over) = oneshot::channel();
        self.give(Order::Telegram(reader, bits.to_vec(), done))
            .await;
        // Without power nothing takes the telegram.
        over.await.ok();
    }

    /// Sends a telegram without waiting for it; false if too many orders wait.
    pub fn try_telegram(&self, reader: u8, bits: &[bool]) -> bool {
        let (done, _nobody_waits) = oneshot::channel();
        self.orders
            .try_send(Order::Telegram(reader, bits.to_vec(), done))
            .is_ok()
    }

    /// Throws the program into an endless loop; says when it began to loop, `CLOCK_MONOTONIC` in ns.
    pub async fn hang(&self) -> Option<u64> {
        let (done, over) = oneshot::channel();
        self.give(Order::Hang(done)).await;
        over.await.ok()
    }

    /// Bytes of the stack that were used so far.
    pub async fn stack_bytes(&self) -> Option<u32> {
        let (done, over) = oneshot::channel();
        self.give(Order::Stack(done)).await;
        over.await.ok()
    }

    /// The outputs, a bit per pin.
    pub fn outputs(&self) -> watch::Receiver<u8> {
        self.outputs.clone()
    }

    /// How often the chip was reset by itself since it got power.
    pub fn resets(&self) -> watch::Receiver<u32> {
        self.resets.clone()
    }

    /// The next change of an output; none once the chip has lost power. Cancel-safe.
    pub async fn edge(&mut self) -> Option<Edge> {
        self.edges.recv().await
    }

    /// Changes that nobody has looked at.
    pub fn edges_so_far(&mut self) -> Vec<Edge> {
        std::iter::from_fn(|| self.edges.try_recv().ok()).collect()
    }

    /// Forgets changes that nobody has looked at.
    pub fn forget_edges(&mut self) {
        self.edges_so_far();
    }

    /// The far end of the chip's line; none the second time.
    pub fn take_line(&mut self) -> Option<ChipLine> {
        self.line.take()
    }

    async fn give(&self, order: Order) {
        // A chip without power does nothing; whoever waits for an answer sees that.
        self.orders.send(order).await.ok();
    }
}

/// The far end of a chip's line.
#[derive(Debug)]
pub struct ChipLine {
    to_chip: mpsc::Sender<Vec<u8>>,
    from_chip: mpsc::Receiver<Vec<u8>>,
}

impl ChipLine {
    pub(super) fn new(to_chip: mpsc::Sender<Vec<u8>>, from_chip: mpsc::Receiver<Vec<u8>>) -> Self {
        Self { to_chip, from_chip }
    }

    /// Bytes for the chip's line.
    pub async fn send(&self, bytes: Vec<u8>) {
        self.to_chip.send(bytes).await.ok();
    }

    /// Bytes for the chip, without waiting: they are lost if far too many wait.
    pub fn try_send(&self, bytes: Vec<u8>) {
        self.to_chip.try_send(bytes).ok();
    }

    /// Bytes from the chip's line; none once the chip has lost power. Cancel-safe.
    pub async fn receive(&mut self) -> Option<Vec<u8>> {
        self.from_chip.recv().await
    }
}
