//! What runs for one chip: QEMU, and the sockets on which it is spoken to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use firmware_logic::memory::{Factory, Kept};
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines, ReadHalf, WriteHalf,
};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};

use super::chip::{Chip, Edge};
use super::port::{
    CARD_EDGES_WAIT, READ_OUTPUTS, STOPPED, Wire, hang_packets, is_reset, output_change,
    outputs_read, set_level, tell_outputs,
};
use crate::clock;
use crate::error::SimError;

/// Where the factory's page and the board's memory begin in the chip's flash.
const FACTORY_AT: u32 = 0x3_F400;
const MEMORY_AT: u32 = 0x3_F800;

/// The stack's place in RAM.
const STACK_AT: u32 = 0x2000_0000;
const STACK_BYTES: u32 = 6144;

/// What a machine is asked to do.
#[derive(Debug)]
pub(super) enum Order {
    Level(Wire, bool),
    /// Levels in one breath, and who waits until they are there.
    Levels(Vec<(Wire, bool)>, oneshot::Sender<()>),
    /// Bits of a telegram on the wires of a reader, and who waits for its end.
    Telegram(u8, Vec<bool>, oneshot::Sender<()>),
    Stack(oneshot::Sender<u32>),
    Hang(oneshot::Sender<u64>),
}

/// Files of one machine; removed with it.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn create(folder: PathBuf, chip: &Chip) -> Result<Self, SimError> {
        let files = Self { folder };
        let failed = |path: &Path, source| SimError::WriteFile {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(&files.folder).map_err(|error| failed(&files.folder, error))?;
        let factory = Factory {
            uid: chip.uid,
            address: chip.address,
        };
        let kept = Kept {
            power_ons: chip.power_ons,
            settings: chip.settings,
        };
        let pages: [(&str, &[u8]); 2] = [("factory", &factory.write()), ("memory", &kept.write(1))];
        for (name, bytes) in pages {
            let path = files.path(name);
            std::fs::write(&path, bytes).map_err(|error| failed(&path, error))?;
        }
        Ok(files)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// QEMU connects to all of these, so there is no port to guess.
pub(super) struct Doors {
    pins: UnixListener,
    power: UnixListener,
    line: UnixListener,
}

impl Doors {
    pub(super) fn open(files: &Files) -> Result<Self, SimError> {
        let bind =
            |name| UnixListener::bind(files.path(name)).map_err(|source| SimError::Qemu { source });
        Ok(Self {
            pins: bind("pins")?,
            power: bind("power")?,
            line: bind("line")?,
        })
    }
}

/// Who is told of what the chip does.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) shown: watch::Sender<u8>,
    pub(super) edge: mpsc::Sender<Edge>,
    pub(super) reset: watch::Sender<u32>,
}

const QEMU: &str = "qemu-system-arm";

/// QEMU, before its arguments. It ends with this process: whoever kills the simulator must not leave
/// chips behind that go on for ever.
pub(super) fn qemu() -> std::io::Result<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let qemu = std::env::split_paths(&path)
        .map(|folder| folder.join(QEMU))
        .find(|file| file.is_file())
        .ok_or(std::io::ErrorKind::NotFound)?;
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(qemu);
    Ok(command)
}

fn spawn(chip: &Chip, files: &Files) -> std::io::Result<Child> {
    let socket = |name: &str| format!("unix:{}", files.path(name).display());
    let page = |name: &str, at: u32| {
        let file = files.path(name);
        format!("loader,file={},addr={at:#x},force-raw=on", file.display())
    };
    let clock = if chip.hurries {
        "shift=4,sleep=off"
    } else {
        "shift=4,sleep=on"
    };
    qemu()?
        .args(["-M", "lm3s6965evb", "-display", "none", "-monitor", "none"])
        // The chip's clock runs by instructions, so that a busy machine costs it no pulses.
        .args(["-icount", clock, "-qtest-log", "none", "-S"])
        .args(["-qtest", &socket("pins"), "-qmp", &socket("power")])
        .args(["-serial", &socket("line")])
        .args(["-gdb", &format!("{},server=on,wait=off", socket("debugger"))])
        .args(["-device", &page("factory", FACTORY_AT)])
        .args(["-device", &page("memory", MEMORY_AT)])
        .arg("-kernel")
        .arg(&*chip.image)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

type TextLines = Lines<BufReader<ReadHalf<UnixStream>>>;

/// A socket of QEMU that speaks in lines.
struct Talk {
    lines: TextLines,
    writer: WriteHalf<UnixStream>,
}

impl Talk {
    fn new(stream: UnixStream) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            lines: BufReader::new(reader).lines(),
            writer,
        }
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.writer.write_all(text.as_bytes()).await
    }
}

/// One running chip.
pub(super) struct Task {
    levels: BTreeMap<Wire, bool>,
    listeners: Listeners,
    files: Files,
    child: Child,
}

impl Task {
    /// Starts QEMU, which waits for [`Task::run`].
    pub(super) fn power_on(
        chip: &Chip,
        files: Files,
        listeners: Listeners,
    ) -> Result<Self, SimError> {
        let child = spawn(chip, &files).map_err(|source| SimError::Qemu { source })?;
        Ok(Self {
            levels: BTreeMap::new(),
            listeners,
            files,
            child,
        })
    }

    /// QEMU's process id.
    pub(super) fn process(&self) -> Option<u32> {
        self.child.id()
    }

    /// Runs until the machine is dropped or QEMU ends. Whoever holds the machine sees an end here as
    /// a loss of power.
    pub(super) async fn run(
        mut self,
        doors: Doors,
        orders: mpsc::Receiver<Order>,
        line: (mpsc::Receiver<Vec<u8>>, mpsc::Sender<Vec<u8>>),
    ) {
        self.serve(doors, orders, line).await.ok();
        self.child.start_kill().ok();
    }

    async fn serve(
        &mut self,
        doors: Doors,
        mut orders: mpsc::Receiver<Order>,
        (mut line_in, line_out): (mpsc::Receiver<Vec<u8>>, mpsc::Sender<Vec<u8>>),
    ) -> std::io::Result<()> {
        let (serial, _) = tokio::select! {
            accepted = doors.line.accept() => accepted?,
            // It opens all its doors at once, or says no to an argument and ends.
            _ = self.child.wait() => return Ok(()),
        };
        let (mut serial_in, mut serial_out) = tokio::io::split(serial);
        let (power, _) = doors.power.accept().await?;
        let (pins, _) = doors.pins.accept().await?;
        let (mut power, mut pins) = (Talk::new(power), Talk::new(pins));
        self.begin(&mut power, &mut pins).await?;
        let mut bytes = [0; 256];
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.obey(&mut pins, order).await?,
                    None => return Ok(()),
                },
                told = pins.lines.next_line() => match told? {
                    Some(line) => self.hear(&line),
                    None => return Ok(()),
                },
                told = power.lines.next_line() => match told? {
                    Some(line) if is_reset(&line) => self.was_reset(&mut pins).await?,
                    Some(_) => {}
                    None => return Ok(()),
                },
                bytes = line_in.recv() => match bytes {
                    Some(bytes) => serial_out.write_all(&bytes).await?,
                    None => return Ok(()),
                },
                count = serial_in.read(&mut bytes) => {
                    let count = count?;
                    if count == 0 {
                        return Ok(());
                    }
                    let heard = bytes.get(..count).unwrap_or_default().to_vec();
                    // A line without a listener loses its bytes, as a wire does.
                    line_out.try_send(heard).ok();
                }
            }
        }
    }

    /// Wires idle levels, then lets the program run.
    async fn begin(&mut self, power: &mut Talk, pins: &mut Talk) -> std::io::Result<()> {
        power.say("{\"execute\":\"qmp_capabilities\"}\n").await?;
        self.ask(pins, &tell_outputs()).await?;
        for wire in 0..4 {
            self.level(pins, Wire::Card(wire), true).await?;
            self.level(pins, Wire::Contact(wire), false).await?;
        }
        power.say("{\"execute\":\"cont\"}\n").await
    }

    fn hear(&self, line: &str) {
        if let Some((pin, high)) = output_change(line) {
            self.moved(pin, high);
        }
    }

    fn moved(&self, pin: u8, high: bool) {
        let bit = 1_u8.checked_shl(pin.into()).unwrap_or(0);
        self.listeners.shown.send_modify(|outputs| {
            *outputs = if high {
                *outputs | bit
            } else {
                *outputs & !bit
            };
        });
        let mono_ns = clock::mono_ns();
        self.listeners
            .edge
            .try_send(Edge { pin, high, mono_ns })
            .ok();
    }

    /// Says something on the pins' socket and waits for its answer.
    async fn ask(&self, pins: &mut Talk, order: &str) -> std::io::Result<String> {
        pins.say(order).await?;
        self.answered(pins).await
    }

    async fn answered(&self, pins: &mut Talk) -> std::io::Result<String> {
        loop {
            match pins.lines.next_line().await? {
                Some(line) if line.starts_with("OK") => return Ok(line),
                Some(line) if line.starts_with("FAIL") => return Err(std::io::Error::other(line)),
                Some(line) => self.hear(&line),
                None => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    async fn level(&mut self, pins: &mut Talk, wire: Wire, high: bool) -> std::io::Result<()> {
        self.levels.insert(wire, high);
        self.ask(pins, &set_level(wire, high)).await.map(drop)
    }

    async fn levels(&mut self, pins: &mut Talk, levels: &[(Wire, bool)]) -> std::io::Result<()> {
        let orders = levels.iter().map(|(wire, high)| set_level(*wire, *high));
        pins.say(&orders.collect::<String>()).await?;
        for (wire, high) in levels {
            self.levels.insert(*wire, *high);
            self.answered(pins).await?;
        }
        Ok(())
    }

    /// QEMU's ports forget the levels at a reset, and do not tell that outputs fell; wires do.
    async fn was_reset(&mut self, pins: &mut Talk) -> std::io::Result<()> {
        let outputs = outputs_read(&self.ask(pins, READ_OUTPUTS).await?);
        let fallen = *self.listeners.shown.borrow() & !outputs;
        for pin in (0..8).filter(|pin| fallen >> pin & 1 == 1) {
            self.moved(pin, false);
        }
        for (wire, high) in self.levels.clone() {
            self.level(pins, wire, high).await?;
        }
        self.listeners
            .reset
            .send_modify(|count| *count = count.saturating_add(1));
        Ok(())
    }

    async fn obey(&mut self, pins: &mut Talk, order: Order) -> std::io::Result<()> {
        match order {
            Order::Level(wire, high) => self.level(pins, wire, high).await?,
            Order::Levels(levels, done) => {
                self.levels(pins, &levels).await?;
                done.send(()).ok();
            }
            Order::Telegram(reader, bits, done) => {
                for one in bits {
                    let wire = Wire::Card(reader.saturating_mul(2).saturating_add(u8::from(one)));
                    self.level(pins, wire, false).await?;
                    self.level(pins, wire, true).await?;
                    // The port holds one edge per pin: wait until the chip has taken this one.
                    while self.ask(pins, CARD_EDGES_WAIT).await? != "OK 0x0000000000000000" {}
                }
                done.send(()).ok();
            }
            Order::Stack(done) => {
                let order = format!("read {STACK_AT:#x} {STACK_BYTES:#x}\n");
                let answer = self.ask(pins, &order).await?;
                let hex = answer.trim_start_matches("OK 0x").as_bytes();
                // RAM is zero at the start; the lowest byte that is not shows how deep it went.
                let untouched = hex.chunks(2).take_while(|byte| *byte == b"00").count();
                let untouched = u32::try_from(untouched).unwrap_or(STACK_BYTES);
                done.send(STACK_BYTES.saturating_sub(untouched)).ok();
            }
            Order::Hang(done) => {
                self.hang().await?;
                done.send(clock::mono_ns()).ok();
            }
        }
        Ok(())
    }

    async fn hang(&self) -> std::io::Result<()> {
        let mut debugger = UnixStream::connect(self.files.path("debugger")).await?;
        for packet in hang_packets() {
            debugger.write_all(packet.as_bytes()).await?;
            while answer(&mut debugger).await?.starts_with(STOPPED) {}
        }
        Ok(())
    }
}

/// The next packet of the debugger's other end, without its checksum; it is acknowledged.
async fn answer(debugger: &mut UnixStream) -> std::io::Result<String> {
    let mut text = String::new();
    while !text.ends_with('#') {
        text.push(char::from(debugger.read_u8().await?));
    }
    for _ in 0..2 {
        debugger.read_u8().await?;
    }
    debugger.write_all(b"+").await?;
    let body = text.split_once('$').map_or("", |(_, body)| body);
    Ok(body.to_owned())
}
