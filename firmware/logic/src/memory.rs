//! What a board keeps without power: settings and how often power came. Over any NOR flash.
//!
//! Two pages take records one after the other, each with number and checksum; the newest whole one
//! holds. A page is erased only while the newest record stands in the other one, so a power cut at
//! any moment leaves the record before.

use embedded_storage::nor_flash::NorFlash;
use firmware_protocol::{BoardUid, LinkLossPolicy, Settings, checksum};

/// Length of a record in bytes; a multiple of every chip's writing unit.
pub const RECORD_BYTES: usize = 32;

/// Length of the factory's data in bytes.
pub const FACTORY_BYTES: usize = 20;

/// First bytes of a record: who wrote it, and the layout's version.
const RECORD_MARK: [u8; 4] = *b"MWR1";
const FACTORY_MARK: [u8; 4] = *b"MWF1";
const ERASED: u8 = 0xff;
/// Stands for "no settings" where the policy would.
const NO_SETTINGS: u8 = 0xff;
const SETTINGS_BYTES: usize = 13;

/// What the factory writes into a page of its own: `MWF1`, uid, address, 3 bytes of 0, CRC-32C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factory {
    /// Factory number.
    pub uid: BoardUid,
    /// Address on the line, 1 to 247.
    pub address: u8,
}

impl Factory {
    /// Reads the page; a board without one has uid 0 and address 1.
    pub fn read(page: &[u8; FACTORY_BYTES]) -> Self {
        let parsed = sealed(page).and_then(|body| {
            let (mark, body) = body.split_first_chunk::<4>()?;
            let (uid, body) = body.split_first_chunk::<8>()?;
            let address = *body.first()?;
            (*mark == FACTORY_MARK && (1..=247).contains(&address)).then_some(Self {
                uid: BoardUid(*uid),
                address,
            })
        });
        parsed.unwrap_or(Self {
            uid: BoardUid([0; 8]),
            address: 1,
        })
    }

    /// The page's bytes.
    pub fn write(self) -> [u8; FACTORY_BYTES] {
        let mut page = [0; FACTORY_BYTES];
        fill(
            &mut page,
            &[&FACTORY_MARK, &self.uid.0, &[self.address, 0, 0, 0]],
        );
        seal(&mut page);
        page
    }
}

/// Starts of the chip that kept its RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WarmStarts(u8);

impl WarmStarts {
    const MARK: u32 = 0xb007_c0de;

    /// Judges two words of RAM that no start-up code clears, and says what they shall be next.
    pub fn judge([count, mark]: [u32; 2]) -> (Self, [u32; 2]) {
        let count = match u8::try_from(count) {
            Ok(before) if mark == Self::MARK => before.checked_add(1).unwrap_or(0),
            _ => 0,
        };
        (Self(count), [count.into(), Self::MARK])
    }

    /// Power came, or so many restarts went by that the count begins again.
    pub const fn is_power_on(self) -> bool {
        self.0 == 0
    }
}

/// What a record holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// How often power came.
    pub power_ons: u32,
    /// The box's settings; none before it has configured the board.
    pub settings: Option<Settings>,
}

impl Kept {
    /// The record's bytes: mark, number, power-ons, settings, padding, CRC-32C.
    pub fn write(&self, number: u32) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        let settings = settings_bytes(self.settings);
        fill(
            &mut bytes,
            &[
                &RECORD_MARK,
                &number.to_le_bytes(),
                &self.power_ons.to_le_bytes(),
                &settings,
            ],
        );
        seal(&mut bytes);
        bytes
    }

    fn read(bytes: &[u8; RECORD_BYTES]) -> Option<(u32, Self)> {
        let (mark, body) = sealed(bytes)?.split_first_chunk::<4>()?;
        let (number, body) = body.split_first_chunk::<4>()?;
        let (power_ons, body) = body.split_first_chunk::<4>()?;
        let (settings, _) = body.split_first_chunk::<SETTINGS_BYTES>()?;
        let kept = Self {
            power_ons: u32::from_le_bytes(*power_ons),
            settings: settings_of(settings),
        };
        (*mark == RECORD_MARK).then_some((u32::from_le_bytes(*number), kept))
    }
}

fn settings_bytes(settings: Option<Settings>) -> [u8; SETTINGS_BYTES] {
    let mut bytes = [NO_SETTINGS; SETTINGS_BYTES];
    if let Some(settings) = settings {
        let policy = match settings.link_loss {
            LinkLossPolicy::StayLocked => 0,
            LinkLossPolicy::FreeExit => 1,
            LinkLossPolicy::FreeBoth => 2,
        };
        let times = [
            settings.open_pulse_ms,
            settings.pass_timeout_ms,
            settings.held_ms,
            settings.tailgate_ms,
            settings.debounce_ms,
            settings.link_timeout_ms,
        ];
        for (place, time) in bytes.chunks_exact_mut(2).zip(times) {
            place.copy_from_slice(&time.to_le_bytes());
        }
        if let Some(last) = bytes.last_mut() {
            *last = policy;
        }
    }
    bytes
}

fn settings_of(bytes: &[u8; SETTINGS_BYTES]) -> Option<Settings> {
    let mut times = bytes
        .chunks_exact(2)
        .filter_map(|pair| pair.try_into().ok().map(u16::from_le_bytes));
    let settings = Settings {
        open_pulse_ms: times.next()?,
        pass_timeout_ms: times.next()?,
        held_ms: times.next()?,
        tailgate_ms: times.next()?,
        debounce_ms: times.next()?,
        link_timeout_ms: times.next()?,
        link_loss: match bytes.last()? {
            0 => LinkLossPolicy::StayLocked,
            1 => LinkLossPolicy::FreeExit,
            2 => LinkLossPolicy::FreeBoth,
            _ => return None,
        },
    };
    settings.is_valid().then_some(settings)
}

/// The memory of one board: a flash of exactly two pages.
#[derive(Debug)]
pub struct Memory<F> {
    flash: F,
    newest: Kept,
    number: u32,
    /// Where the next record goes, in bytes; nothing after a start without any record.
    next: Option<u32>,
}

impl<F: NorFlash> Memory<F> {
    /// Finds the newest whole record.
    pub fn open(mut flash: F) -> Self {
        let mut found: Option<(u32, Kept, u32)> = None;
        for place in 0..2 * Self::records_per_page() {
            let at = place * Self::step();
            let mut bytes = [0; RECORD_BYTES];
            if flash.read(at, &mut bytes).is_err() {
                continue;
            }
            if let Some((number, kept)) = Kept::read(&bytes)
                && found.is_none_or(|(newest, ..)| number > newest)
            {
                found = Some((number, kept, at));
            }
        }
        let (number, newest, next) = match found {
            Some((number, kept, at)) => (number, kept, Some(at + Self::step())),
            None => (0, Kept::default(), None),
        };
        Self {
            flash,
            newest,
            number,
            next,
        }
    }

    /// The settings that the box gave before the power went.
    pub const fn settings(&self) -> Option<Settings> {
        self.newest.settings
    }

    /// A session number that no earlier start had: power-ons, then restarts since. If the flash
    /// does not take the power-on, restarts alone tell sessions apart.
    pub fn begin_session(&mut self, warm: WarmStarts) -> u32 {
        if warm.is_power_on() {
            let power_ons = self.newest.power_ons.wrapping_add(1);
            self.keep(Kept {
                power_ons,
                ..self.newest
            });
        }
        (self.newest.power_ons << 8) | u32::from(warm.0)
    }

    /// Keeps settings; true if the memory holds them now. The same ones cost no writing.
    pub fn keep_settings(&mut self, settings: Settings) -> bool {
        let settings = Some(settings);
        self.newest.settings == settings
            || self.keep(Kept {
                settings,
                ..self.newest
            })
    }

    fn keep(&mut self, kept: Kept) -> bool {
        let number = self.number.wrapping_add(1);
        let bytes = kept.write(number);
        let Some(at) = self.blank_place() else {
            return false;
        };
        self.next = Some(at + Self::step());
        let mut written = [0; RECORD_BYTES];
        let whole = self.flash.write(at, &bytes).is_ok()
            && self.flash.read(at, &mut written).is_ok()
            && written == bytes;
        if whole {
            self.newest = kept;
            self.number = number;
        }
        whole
    }

    /// The next blank place; erases the other page when this one is full.
    fn blank_place(&mut self) -> Option<u32> {
        let page = Self::page();
        let mut at = self.next.unwrap_or(2 * page);
        while !at.is_multiple_of(page) {
            if self.is_blank(at) {
                return Some(at);
            }
            at += Self::step();
        }
        // Full, or nothing written yet.
        let other = match self.next {
            Some(next) if (next - 1) / page == 0 => page,
            _ => 0,
        };
        self.flash.erase(other, other + page).ok()?;
        self.is_blank(other).then_some(other)
    }

    fn is_blank(&mut self, at: u32) -> bool {
        let mut bytes = [0; RECORD_BYTES];
        self.flash.read(at, &mut bytes).is_ok() && bytes == [ERASED; RECORD_BYTES]
    }

    const fn step() -> u32 {
        32
    }

    fn page() -> u32 {
        u32::try_from(F::ERASE_SIZE).unwrap_or(Self::step())
    }

    fn records_per_page() -> u32 {
        Self::page() / Self::step()
    }
}

/// Copies parts into `bytes` one after the other; what does not fit is left out.
fn fill(bytes: &mut [u8], parts: &[&[u8]]) {
    let parts = parts.iter().flat_map(|part| part.iter());
    for (place, byte) in bytes.iter_mut().zip(parts) {
        *place = *byte;
    }
}

/// Writes the checksum of all before it into the last four bytes.
fn seal(bytes: &mut [u8]) {
    if let Some((body, sum)) = bytes.split_last_chunk_mut::<4>() {
        *sum = checksum(body).to_le_bytes();
    }
}

/// What stands before a checksum that is right.
fn sealed(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_last_chunk::<4>()?;
    (checksum(body) == u32::from_le_bytes(*sum)).then_some(body)
}
