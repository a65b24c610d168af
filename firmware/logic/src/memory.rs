//! What a board keeps without power: settings and how often power came. Over any NOR flash.
//!
//! How a power cut at any moment leaves the record before is [`firmware_update::record_pages`]' part.

use embedded_storage::nor_flash::NorFlash;
use firmware_protocol::{BoardUid, LinkLossPolicy, Settings};
use firmware_update::record_pages::{RecordPages, fill, record, seal, sealed};

/// Length of a record in bytes; a multiple of every chip's writing unit.
pub const RECORD_BYTES: usize = 32;

/// Length of the factory's data in bytes.
pub const FACTORY_BYTES: usize = 20;

/// First bytes of a record: who wrote it, and the layout's version.
const RECORD_MARK: [u8; 4] = *b"MWR1";
const FACTORY_MARK: [u8; 4] = *b"MWF1";
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

/// Power-ons and settings: what a record has between its number and its padding.
const CONTENT_BYTES: usize = 4 + SETTINGS_BYTES;

impl Kept {
    /// The record's bytes: mark, number, power-ons, settings, padding, CRC-32C.
    pub fn write(&self, number: u32) -> [u8; RECORD_BYTES] {
        record(RECORD_MARK, number, &self.content())
    }

    fn content(&self) -> [u8; CONTENT_BYTES] {
        let mut bytes = [0; CONTENT_BYTES];
        let settings = settings_bytes(self.settings);
        fill(&mut bytes, &[&self.power_ons.to_le_bytes(), &settings]);
        bytes
    }

    fn read(content: &[u8; RECORD_BYTES]) -> Option<Self> {
        let (power_ons, rest) = content.split_first_chunk::<4>()?;
        let (settings, _) = rest.split_first_chunk::<SETTINGS_BYTES>()?;
        Some(Self {
            power_ons: u32::from_le_bytes(*power_ons),
            settings: settings_of(settings),
        })
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
    pages: RecordPages<F, RECORD_BYTES>,
    newest: Kept,
}

impl<F: NorFlash> Memory<F> {
    /// Finds the newest whole record.
    pub fn open(flash: F) -> Self {
        let (pages, newest) = RecordPages::open(flash, RECORD_MARK);
        let newest = newest.and_then(|content| Kept::read(&content));
        Self {
            pages,
            newest: newest.unwrap_or_default(),
        }
    }

    /// The settings that the box gave before the power went.
    pub const fn settings(&self) -> Option<Settings> {
        self.newest.settings
    }

    /// A session number that no earlier start had: power-ons, then restarts since. If the flash
    /// does not take the power-on, restarts alone tell sessions apart, and power-ons do not.
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
        let written = self.pages.append(&kept.content());
        if written {
            self.newest = kept;
        }
        written
    }
}
