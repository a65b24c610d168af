//! A gate whose board is the firmware's real image on a chip in QEMU, behind the box's own driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use drivers_link::{BoxedLink, LinkAddress, LinkError, LinkOpener, OpenFuture};
use drivers_turnstile::{
    BoardTuning, BoardUid, Direction, EventKind, Inputs, OpenRefusal, TurnstileEvent,
    TurnstileHandle, TurnstileSettings, turnstile_channel,
};
use firmware_protocol::{Receiver, Reply};
use hw_sim::{Chip, ChipLine, Contact, Machine, Output};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::Result;
use crate::eventually::PATIENCE;

const WAITING_MAX: usize = 256;
/// Commands for one opening at most.
const OPENINGS_MAX: usize = 20;

/// A chip with the image that `cargo firmware` built, at address 1.
pub fn chip() -> Chip {
    Chip {
        image: firmware_images::image(firmware_images::BOARDS[0]).into(),
        uid: BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 1]),
        address: 1,
        power_ons: 7,
        settings: None,
        hurries: false,
    }
}

/// Gives power to a chip; says what to do where the image is missing.
pub fn power_on(chip: &Chip) -> Result<Machine> {
    Machine::start(chip).map_err(|error| error.to_string().into())
}

/// The wires between one box and any number of boards.
#[derive(Debug)]
pub struct Bus {
    connections: mpsc::Sender<DuplexStream>,
    noise: Arc<AtomicU32>,
    inputs: watch::Receiver<Inputs>,
}

impl Bus {
    /// Connects boards.
    pub fn new(lines: Vec<ChipLine>) -> Arc<Self> {
        let (connections, taken) = mpsc::channel(1);
        let noise = Arc::new(AtomicU32::new(0));
        let (told, inputs) = watch::channel(Inputs::default());
        let (heard, from_chips) = mpsc::channel(WAITING_MAX);
        let mut to_chips = Vec::new();
        for mut line in lines {
            let (to_chip, mut bytes) = mpsc::channel::<Vec<u8>>(WAITING_MAX);
            to_chips.push(to_chip);
            let heard = heard.clone();
            tokio::spawn(async move {
                loop {
                    tokio::select! {
                        bytes = bytes.recv() => match bytes {
                            Some(bytes) => line.send(bytes).await,
                            None => return,
                        },
                        bytes = line.receive() => match bytes {
                            Some(bytes) => drop(heard.send(bytes).await),
                            None => return,
                        },
                    }
                }
            });
        }
        tokio::spawn(carry(
            taken,
            to_chips,
            from_chips,
            Ear {
                noise: Noise::new(Arc::clone(&noise)),
                receiver: Receiver::new(),
                told,
            },
        ));
        Arc::new(Self {
            connections,
            noise,
            inputs,
        })
    }

    /// Damages a bit in one of so many bytes, both ways; 0 for a clean line.
    pub fn set_noise(&self, one_of: u32) {
        self.noise.store(one_of, Ordering::Relaxed);
    }
}

/// Damages bytes now and then, by counting.
struct Noise {
    one_of: Arc<AtomicU32>,
    count: u32,
}

impl Noise {
    fn new(one_of: Arc<AtomicU32>) -> Self {
        Self { one_of, count: 0 }
    }

    fn on(&mut self, bytes: &mut [u8]) {
        let one_of = self.one_of.load(Ordering::Relaxed);
        for byte in bytes {
            self.count = self.count.wrapping_add(1);
            if one_of > 0 && self.count.is_multiple_of(one_of) {
                *byte ^= 1 << (self.count / one_of % 8);
            }
        }
    }
}

/// Listens to the boards before the noise.
struct Ear {
    noise: Noise,
    receiver: Receiver<Reply>,
    told: watch::Sender<Inputs>,
}

impl Ear {
    fn listen(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(Ok(frame)) = self.receiver.push(*byte)
                && let Some(Reply::Status(status)) = frame.message
            {
                self.told.send_replace(status.inputs);
            }
        }
    }
}

async fn carry(
    mut connections: mpsc::Receiver<DuplexStream>,
    to_chips: Vec<mpsc::Sender<Vec<u8>>>,
    mut from_chips: mpsc::Receiver<Vec<u8>>,
    mut ear: Ear,
) {
    let mut link: Option<DuplexStream> = None;
    let mut buffer = [0; 256];
    loop {
        let read = async {
            match &mut link {
                Some(link) => link.read(&mut buffer).await.unwrap_or(0),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            new = connections.recv() => match new {
                Some(new) => link = Some(new),
                None => return,
            },
            count = read => {
                if count == 0 {
                    link = None;
                }
                let mut bytes = buffer[..count].to_vec();
                ear.noise.on(&mut bytes);
                for chip in &to_chips {
                    drop(chip.send(bytes.clone()).await);
                }
            }
            Some(mut bytes) = from_chips.recv() => {
                ear.listen(&bytes);
                ear.noise.on(&mut bytes);
                if let Some(link) = &mut link {
                    drop(link.write_all(&bytes).await);
                }
            }
        }
    }
}

impl LinkOpener for Bus {
    fn open<'a>(&'a self, address: &'a LinkAddress) -> OpenFuture<'a> {
        Box::pin(async move {
            let (near, far) = tokio::io::duplex(4096);
            let gone = |_| LinkError::Missing {
                address: address.to_string(),
                source: std::io::ErrorKind::NotFound.into(),
            };
            self.connections.send(far).await.map_err(gone)?;
            let link: BoxedLink = Box::new(near);
            Ok(link)
        })
    }
}

/// The box's driver at work.
#[derive(Debug)]
pub struct Driver {
    /// Gives it orders.
    pub handle: TurnstileHandle,
    events: mpsc::Receiver<TurnstileEvent>,
}

impl Driver {
    /// Starts the driver of the board at `board_address` on a bus.
    pub fn start(bus: &Arc<Bus>, board_address: u8, tuning: BoardTuning) -> Result<Self> {
        let address: LinkAddress = "tcp:127.0.0.1:9".parse()?;
        let settings = TurnstileSettings {
            board_address,
            tuning,
            ..TurnstileSettings::new(address, Arc::new(|| 0))
        };
        let (handle, commands) = turnstile_channel();
        let (sender, events) = mpsc::channel(WAITING_MAX);
        let opener: Arc<dyn LinkOpener> = Arc::clone(bus) as _;
        tokio::spawn(drivers_turnstile::run(settings, opener, commands, sender));
        Ok(Self { handle, events })
    }

    /// The next thing that the driver tells; what the board saw is acknowledged.
    pub async fn next(&mut self) -> Result<TurnstileEvent> {
        let event = timeout(PATIENCE, self.events.recv())
            .await
            .map_err(|_| "gave up waiting for the driver")?
            .ok_or("the driver has ended")?;
        if let TurnstileEvent::Reported(report) = &event {
            self.handle.acknowledge(report.key)?;
        }
        Ok(event)
    }

    /// Waits for something that the driver tells.
    pub async fn until<T>(
        &mut self,
        mut take: impl FnMut(&TurnstileEvent) -> Option<T>,
    ) -> Result<T> {
        loop {
            if let Some(found) = take(&self.next().await?) {
                return Ok(found);
            }
        }
    }

    /// Opens, and says whether the board had obeyed this token before. A command that a busy computer
    /// kept waiting too long is given again, as the lane does when the person presents again.
    pub async fn open(&mut self, token: u32, direction: Direction) -> Result<bool> {
        for _ in 0..OPENINGS_MAX {
            self.handle.open(token, direction)?;
            let opened = self.until(|event| match event {
                TurnstileEvent::Opened {
                    token: named,
                    duplicate,
                    ..
                } if *named == token => Some(Ok(Some(*duplicate))),
                TurnstileEvent::OpenRefused {
                    token: named, why, ..
                } if *named == token => match why {
                    OpenRefusal::Locked | OpenRefusal::Fire | OpenRefusal::Unsupported => {
                        Some(Err(format!("not opened: {why:?}")))
                    }
                    _ => Some(Ok(None)),
                },
                _ => None,
            });
            if let Some(duplicate) = opened.await?? {
                return Ok(duplicate);
            }
        }
        Err(format!("{OPENINGS_MAX} commands did not open").into())
    }

    /// The next thing that the board saw, other than gaps in its talk with the box.
    pub async fn saw(&mut self) -> Result<EventKind> {
        self.until(|event| match event {
            TurnstileEvent::Reported(report) => Some(report.kind)
                .filter(|kind| !matches!(kind, EventKind::LinkLost | EventKind::LinkBack)),
            _ => None,
        })
        .await
    }
}

/// A gate with its board, its driver, and a tester who stands in it.
#[derive(Debug)]
pub struct ChipGate {
    /// The board.
    pub machine: Machine,
    /// The driver.
    pub driver: Driver,
    /// The line between them.
    pub bus: Arc<Bus>,
}

impl ChipGate {
    /// Powers a board up, and waits until its driver has greeted it.
    pub async fn start(tuning: BoardTuning) -> Result<Self> {
        Self::start_on(&chip(), tuning).await
    }

    /// The same with another chip.
    pub async fn start_on(chip: &Chip, tuning: BoardTuning) -> Result<Self> {
        let mut machine = power_on(chip)?;
        let line = machine.take_line().ok_or("a new machine has its line")?;
        let bus = Bus::new(vec![line]);
        let mut driver = Driver::start(&bus, 1, tuning)?;
        driver
            .until(|event| matches!(event, TurnstileEvent::LinkBack(_)).then_some(()))
            .await?;
        Ok(Self {
            machine,
            driver,
            bus,
        })
    }

    /// Ends the driver and starts another one, as a box does that restarts.
    pub fn restart_driver(self, tuning: BoardTuning) -> Result<Self> {
        let Self {
            machine,
            driver,
            bus,
        } = self;
        drop(driver);
        let driver = Driver::start(&bus, 1, tuning)?;
        Ok(Self {
            machine,
            driver,
            bus,
        })
    }

    /// Waits until an output has a level.
    pub async fn output(&self, output: Output, on: bool) -> Result<()> {
        let mut outputs = self.machine.outputs();
        let reached = outputs.wait_for(|now| output.is_on(*now) == on);
        let waited = timeout(PATIENCE, reached).await;
        waited.map_err(|_| format!("{output:?} did not become {on}"))??;
        Ok(())
    }

    /// Waits until an output moves to a level, however short it stays there.
    pub async fn moved(&mut self, output: Output, high: bool) -> Result<()> {
        let moved = async {
            while let Some(edge) = self.machine.edge().await {
                if edge.pin == output.pin() && edge.high == high {
                    return Ok(());
                }
            }
            Err("the chip lost power".into())
        };
        let waited = timeout(PATIENCE, moved).await;
        waited.map_err(|_| format!("{output:?} did not move to {high}"))?
    }

    /// Changes an input and waits until the board tells that it has taken it.
    pub async fn set(&self, contact: Contact, active: bool) -> Result<()> {
        self.machine.set(contact, active).await;
        let bit = match contact {
            Contact::BeamOuter => Inputs::BEAM_OUTER,
            Contact::BeamInner => Inputs::BEAM_INNER,
            Contact::Fire => Inputs::FIRE,
            Contact::Tamper => Inputs::TAMPER,
        };
        let mut inputs = self.bus.inputs.clone();
        let taken = inputs.wait_for(|now| now.has(bit) == active);
        let waited = timeout(PATIENCE, taken).await;
        waited.map_err(|_| format!("the board did not take {contact:?} {active}"))??;
        Ok(())
    }

    /// Walks through the beams: `o` outer, `i` inner, `b` both, `.` none.
    pub async fn walk(&self, beams: &str) -> Result<()> {
        for step in beams.chars() {
            self.set(Contact::BeamOuter, matches!(step, 'o' | 'b'))
                .await?;
            self.set(Contact::BeamInner, matches!(step, 'i' | 'b'))
                .await?;
        }
        Ok(())
    }
}
