//! Records that outlive a power cut, over a flash of exactly two pages.
//!
//! The pages take records one after the other, each with number and checksum; the newest whole one
//! holds. A page is erased only while the newest record stands in the other one, so a power cut at
//! any moment leaves the record before.

use embedded_storage::nor_flash::NorFlash;
use firmware_protocol::checksum;

const ERASED: u8 = 0xff;
const MARK_BYTES: usize = 4;

/// Records of `BYTES` bytes (a multiple of every chip's writing unit, and a divisor of its page):
/// mark, number, content, CRC-32C.
#[derive(Debug)]
pub struct RecordPages<F, const BYTES: usize> {
    flash: F,
    mark: [u8; MARK_BYTES],
    number: u32,
    /// Where the next record goes, in bytes; nothing after a start without any record.
    next: Option<u32>,
}

impl<F: NorFlash, const BYTES: usize> RecordPages<F, BYTES> {
    /// Finds the newest whole record; what is told of it is its content with the padding.
    pub fn open(mut flash: F, mark: [u8; MARK_BYTES]) -> (Self, Option<[u8; BYTES]>) {
        let mut found: Option<(u32, [u8; BYTES], u32)> = None;
        for place in 0..2 * (Self::page() / Self::step()) {
            let at = place * Self::step();
            let mut record = [0; BYTES];
            if flash.read(at, &mut record).is_err() {
                continue;
            }
            if let Some((number, content)) = Self::read(&record, mark)
                && found.is_none_or(|(newest, ..)| number > newest)
            {
                found = Some((number, content, at));
            }
        }
        let pages = |number, next| Self {
            flash,
            mark,
            number,
            next,
        };
        match found {
            Some((number, content, at)) => (pages(number, Some(at + Self::step())), Some(content)),
            None => (pages(0, None), None),
        }
    }

    fn read(record: &[u8; BYTES], mark: [u8; MARK_BYTES]) -> Option<(u32, [u8; BYTES])> {
        let (found, body) = sealed(record)?.split_first_chunk::<MARK_BYTES>()?;
        let (number, body) = body.split_first_chunk::<4>()?;
        let mut content = [0; BYTES];
        fill(&mut content, &[body]);
        (*found == mark).then_some((u32::from_le_bytes(*number), content))
    }

    /// Writes a record; true if it stands there now and holds from here on.
    pub fn append(&mut self, content: &[u8]) -> bool {
        let number = self.number.wrapping_add(1);
        let record = record::<BYTES>(self.mark, number, content);
        let Some(at) = self.blank_place() else {
            return false;
        };
        self.next = Some(at + Self::step());
        let mut written = [0; BYTES];
        let whole = self.flash.write(at, &record).is_ok()
            && self.flash.read(at, &mut written).is_ok()
            && written == record;
        if whole {
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
        let mut bytes = [0; BYTES];
        self.flash.read(at, &mut bytes).is_ok() && bytes == [ERASED; BYTES]
    }

    fn step() -> u32 {
        u32::try_from(BYTES).unwrap_or(u32::MAX)
    }

    fn page() -> u32 {
        u32::try_from(F::ERASE_SIZE).unwrap_or(u32::MAX)
    }
}

/// The bytes of a record; content that does not fit is left out.
pub fn record<const BYTES: usize>(mark: [u8; 4], number: u32, content: &[u8]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    fill(&mut bytes, &[&mark, &number.to_le_bytes(), content]);
    seal(&mut bytes);
    bytes
}

/// Copies parts into `bytes` one after the other; what does not fit is left out.
pub fn fill(bytes: &mut [u8], parts: &[&[u8]]) {
    let parts = parts.iter().flat_map(|part| part.iter());
    for (place, byte) in bytes.iter_mut().zip(parts) {
        *place = *byte;
    }
}

/// Writes the CRC-32C of all before it into the last four bytes.
pub fn seal(bytes: &mut [u8]) {
    if let Some((body, sum)) = bytes.split_last_chunk_mut::<4>() {
        *sum = checksum(body).to_le_bytes();
    }
}

/// What stands before a checksum that is right.
pub fn sealed(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_last_chunk::<4>()?;
    (checksum(body) == u32::from_le_bytes(*sum)).then_some(body)
}
