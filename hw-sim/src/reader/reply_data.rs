//! The data inside replies.

use crate::seed::Seeded;

const TEXT_BYTES: u16 = 256;
const PORTRAIT_BYTES: u16 = 1_024;
/// First bytes of every portrait: "`WLf`", 126 rows.
const PORTRAIT_MAGIC: [u8; 12] = [
    0x57, 0x4C, 0x66, 0x00, 0x7E, 0x00, 0x32, 0x00, 0x00, 0xFF, 0x85, 0x00,
];

/// The data of a base-read reply: lengths big-endian, text, portrait, and no fingerprint.
pub(super) fn base_data(text: &[u8], portrait: &[u8], with_fingerprint: bool) -> Vec<u8> {
    let mut data = Vec::new();
    data.extend(TEXT_BYTES.to_be_bytes());
    data.extend(PORTRAIT_BYTES.to_be_bytes());
    if with_fingerprint {
        data.extend([0, 0]);
    }
    data.extend(text);
    data.extend(portrait);
    data
}

/// A portrait that nobody can decode: the magic, then bytes seeded by the number.
pub(super) fn portrait(number: &str) -> Vec<u8> {
    let seed = number.bytes().fold(0u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut seeded = Seeded::new(seed);
    let rest = usize::from(PORTRAIT_BYTES).saturating_sub(PORTRAIT_MAGIC.len());
    PORTRAIT_MAGIC
        .into_iter()
        .chain((0..rest).map(|_| seeded.byte()))
        .collect()
}

/// `05.03-20260101-0000349901-…`: type and version, date, maker, serial; all little-endian.
pub(super) fn sam_id(ordinal: u32) -> [u8; 16] {
    let mut id = [0; 16];
    let parts = [5u16.to_le_bytes(), 3u16.to_le_bytes()].concat();
    let numbers = [20_260_101u32, 349_901, ordinal];
    let bytes = parts
        .into_iter()
        .chain(numbers.into_iter().flat_map(u32::to_le_bytes));
    for (place, byte) in id.iter_mut().zip(bytes) {
        *place = byte;
    }
    id
}
