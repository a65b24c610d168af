//! Updates over the line, on the real boot loader and the real program, in a chip whose flash can be
//! written. Every board trusts a key that its test has made.

use drivers_turnstile::{
    BoardFacts, BoardTuning, BoardUid, Direction, TurnstileEvent, UpdateFailure, UpdateFault,
    UpdateImage, UpdateProgress,
};
use firmware_images::{UPDATABLE, UpdateKey, boot_image, image, program};
use firmware_protocol::{Reply, Request, SettingsOrigin};
use hw_sim::{UpdatableBoard, UpdatableMachine};
use tests::{Asker, Bus, Driver, PATIENCE, Result};
use tokio::sync::watch;
use tokio::time::timeout;

const BOARD: &str = "mps2an385";
const OLD: [u8; 3] = [0, 1, 0];
const NEW: [u8; 3] = [0, 2, 0];

/// A board at its customer's, and its maker's key.
struct Customer {
    key: UpdateKey,
    old: Vec<u8>,
    board: UpdatableBoard,
    _folder: tempfile::TempDir,
}

impl Customer {
    fn new() -> Result<Self> {
        Self::whose_board_trusts(true)
    }

    fn whose_board_trusts(the_key: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = UpdateKey::generate()?;
        let old = key.sign(BOARD, OLD, &program(&image(BOARD))?);
        let uid = BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 1]);
        let board = UpdatableBoard::new(
            &boot_image(BOARD),
            folder.path(),
            &old,
            uid,
            the_key.then(|| key.trusted()),
        )
        .map_err(|error| error.to_string())?;
        Ok(Self {
            key,
            old,
            board,
            _folder: folder,
        })
    }

    /// The program of today under a new version.
    fn new_image(&self) -> Result<Vec<u8>> {
        Ok(self.key.sign(BOARD, NEW, &program(&image(BOARD))?))
    }
}

/// A board with power, and the box's driver.
struct Powered {
    machine: UpdatableMachine,
    driver: Driver,
}

impl Powered {
    /// Gives power, and waits until the driver has greeted the board.
    async fn on(board: &UpdatableBoard) -> Result<(Self, BoardFacts)> {
        let mut machine = board.power_on()?;
        let bus = Bus::new(vec![machine.take_line().ok_or("it has its line")?]);
        let tuning = BoardTuning {
            pass_timeout_ms: 1000,
            ..BoardTuning::default()
        };
        let mut driver = Driver::start(&bus, 1, tuning)?;
        let facts = driver.until(answers).await?;
        Ok((Self { machine, driver }, facts))
    }

    fn update(&self, image: &[u8]) -> Result<watch::Receiver<UpdateProgress>> {
        let image = UpdateImage::parse(image).ok_or("no image")?;
        let (progress, seen) = watch::channel(UpdateProgress::Waiting);
        self.driver.handle.update(image, progress)?;
        Ok(seen)
    }

    async fn updated(&self, image: &[u8]) -> Result<UpdateProgress> {
        reaches(&mut self.update(image)?, UpdateProgress::is_end).await
    }
}

fn answers(event: &TurnstileEvent) -> Option<BoardFacts> {
    match event {
        TurnstileEvent::LinkBack(facts) | TurnstileEvent::Restarted(facts) => Some(*facts),
        _ => None,
    }
}

/// Waits for a state of an update; only one that stands still is given up.
async fn reaches(
    seen: &mut watch::Receiver<UpdateProgress>,
    wanted: impl Fn(UpdateProgress) -> bool,
) -> Result<UpdateProgress> {
    loop {
        let now = *seen.borrow_and_update();
        if wanted(now) {
            return Ok(now);
        }
        let moved = timeout(PATIENCE, seen.changed()).await;
        moved.map_err(|_| format!("the update stands still at {now:?}"))??;
    }
}

/// Two words of a vector table: where the stack begins, and the first instruction.
fn start_of(program: &[u8]) -> (u32, u32) {
    let word = |at: usize| u32::from_le_bytes(program[at..at + 4].try_into().unwrap());
    (word(0), word(4))
}

/// The flash map of `firmware/README.md`, which boot loaders and linker scripts must agree with.
#[test]
fn every_program_fits_its_slot_and_stands_where_its_boot_loader_jumps() -> Result<()> {
    for board in UPDATABLE {
        let (boot_at, slot_at) = match board {
            "mps2an385" => (0, 0x2100_0000),
            "stm32f103" => (0x0800_0000, 0x0800_4000),
            other => return Err(format!("where is the flash of {other}?").into()),
        };
        let body = program(&image(board))?;
        assert!(512 + body.len() <= 21 * 1024, "{board}: {}", body.len());
        let (stack, first) = start_of(&body);
        assert_eq!(stack, 0x2000_1800, "{board}: stack below all variables");
        let slot = slot_at + 512..slot_at + 21 * 1024;
        assert!(
            slot.contains(&first) && first % 2 == 1,
            "{board}: {first:#x}"
        );
        let boot = program(&boot_image(board))?;
        assert!(boot.len() <= 16 * 1024, "{board}: {}", boot.len());
        let (_, first) = start_of(&boot);
        assert!((boot_at..boot_at + 16 * 1024).contains(&first), "{board}");
    }
    Ok(())
}

fn refused(fault: UpdateFault) -> UpdateProgress {
    UpdateProgress::Failed(UpdateFailure::Refused(fault))
}

#[tokio::test]
async fn a_good_update_comes_while_the_gate_works_and_stays() -> Result<()> {
    let customer = Customer::new()?;
    let (mut powered, facts) = Powered::on(&customer.board).await?;
    assert_eq!(facts.firmware, OLD);
    let new = customer.new_image()?;
    let mut seen = powered.update(&new)?;
    let sending = |it| matches!(it, UpdateProgress::Sending { sent, .. } if sent > 512);
    reaches(&mut seen, sending).await?;
    powered.driver.open(5, Direction::In).await?;
    let end = reaches(&mut seen, UpdateProgress::is_end).await?;
    assert_eq!(end, UpdateProgress::Done);
    // A busy computer's silences may be told first, with the old program's facts.
    let is_new = |event: &TurnstileEvent| answers(event).filter(|facts| facts.firmware == NEW);
    powered.driver.until(is_new).await?;
    powered.machine.cut_power().await?;
    assert!(customer.board.holds(&new)?);
    let (_powered, facts) = Powered::on(&customer.board).await?;
    assert_eq!(facts.firmware, NEW, "it stays");
    Ok(())
}

/// What QEMU's other chip cannot show, for its flash keeps nothing.
#[tokio::test]
async fn settings_and_power_ons_outlive_a_power_cut() -> Result<()> {
    let customer = Customer::new()?;
    let (powered, first) = Powered::on(&customer.board).await?;
    powered.machine.cut_power().await?;
    let mut machine = customer.board.power_on()?;
    let mut asker = Asker::new(machine.take_line().ok_or("it has its line")?);
    asker.hello(PATIENCE).await?;
    let Reply::Statistics(statistics) = asker.ask(&Request::AskStatistics).await? else {
        return Err("no statistics".into());
    };
    assert_eq!(
        statistics.settings,
        SettingsOrigin::Kept,
        "the box's, from before"
    );
    machine.cut_power().await?;
    let (_powered, third) = Powered::on(&customer.board).await?;
    assert_eq!(
        third.boot >> 8,
        (first.boot >> 8) + 2,
        "two power-ons later"
    );
    Ok(())
}

/// A program that does nothing at all: its first instruction jumps to itself.
fn hanging_program() -> Vec<u8> {
    let mut program = Vec::new();
    program.extend(0x2000_1800_u32.to_le_bytes());
    for _vector in 1..16 {
        program.extend(0x2100_0241_u32.to_le_bytes());
    }
    program.extend([0xfe, 0xe7, 0xfe, 0xe7]);
    program
}

#[tokio::test]
async fn an_update_that_hangs_is_rolled_back_by_watchdog_and_boot_loader() -> Result<()> {
    let customer = Customer::new()?;
    let (mut powered, _) = Powered::on(&customer.board).await?;
    let bad = customer.key.sign(BOARD, NEW, &hanging_program());
    let end = powered.updated(&bad).await?;
    assert_eq!(end, UpdateProgress::Failed(UpdateFailure::RolledBack));
    let facts = powered.driver.until(answers).await?;
    assert_eq!(facts.firmware, OLD);
    powered.machine.cut_power().await?;
    assert!(customer.board.holds(&customer.old)?);
    Ok(())
}

#[tokio::test]
async fn what_is_not_for_this_board_is_refused_with_its_reason() -> Result<()> {
    let customer = Customer::new()?;
    let (powered, _) = Powered::on(&customer.board).await?;
    let small = hanging_program();
    let good = customer.key.sign(BOARD, NEW, &small);
    let mut damaged = good.clone();
    *damaged.last_mut().ok_or("it has bytes")? ^= 1;
    for (image, fault) in [
        (
            UpdateKey::generate()?.sign(BOARD, NEW, &small),
            UpdateFault::Signature,
        ),
        (damaged, UpdateFault::Digest),
        (customer.key.sign(BOARD, OLD, &small), UpdateFault::NotNewer),
        (
            customer.key.sign(BOARD, [0, 0, 9], &small),
            UpdateFault::NotNewer,
        ),
        (
            customer.key.sign("stm32f103", NEW, &small),
            UpdateFault::OtherBoard,
        ),
        (good[..good.len() - 4].to_vec(), UpdateFault::Length),
    ] {
        assert_eq!(powered.updated(&image).await?, refused(fault));
    }
    powered.machine.cut_power().await?;
    assert!(customer.board.holds(&customer.old)?);
    let unkeyed = Customer::whose_board_trusts(false)?;
    let (powered, _) = Powered::on(&unkeyed.board).await?;
    let image = unkeyed.key.sign(BOARD, NEW, &small);
    assert_eq!(powered.updated(&image).await?, refused(UpdateFault::NoKey));
    Ok(())
}

#[tokio::test]
async fn a_power_cut_while_the_boot_loader_works_leaves_a_board_that_answers() -> Result<()> {
    let customer = Customer::new()?;
    let (powered, _) = Powered::on(&customer.board).await?;
    let new = customer.new_image()?;
    let mut seen = powered.update(&new)?;
    reaches(&mut seen, |it| it == UpdateProgress::Restarting).await?;
    powered.machine.cut_power().await?;
    let (powered, facts) = Powered::on(&customer.board).await?;
    powered.machine.cut_power().await?;
    let runs = if facts.firmware == NEW {
        &new
    } else {
        &customer.old
    };
    assert!(customer.board.holds(runs)?, "{:?}", facts.firmware);
    Ok(())
}
