//! Bytes from outside facts: nothing here calls the code under test.

/// A field of a card: text and the bytes it takes.
pub(super) type Cell<'a> = (&'a str, usize);

/// The invented resident of the golden vector.
pub(super) const RESIDENT: [Cell<'static>; 10] = [
    ("张三", 30),
    ("1", 2),
    ("01", 4),
    ("19900307", 16),
    ("测试省测试市测试路1号", 70),
    ("349901199003070016", 36),
    ("测试市公安局测试分局", 30),
    ("20200101", 16),
    ("20400101", 16),
    ("", 36),
];

/// Cells one after the other, each padded with spaces.
pub(super) fn text_block(cells: &[Cell<'_>]) -> Vec<u8> {
    let mut block = Vec::new();
    for &(text, bytes) in cells {
        let end = block.len() + bytes;
        for unit in text.encode_utf16() {
            block.extend(unit.to_le_bytes());
        }
        assert!(block.len() <= end, "{text} is too long");
        while block.len() < end {
            block.extend([0x20, 0x00]);
        }
    }
    block
}

/// A reply around data: preamble, length, status, data, check.
pub(super) fn reply(status: [u8; 3], data: &[u8]) -> Vec<u8> {
    let len = data.len() + 4;
    let mut frame = vec![0xAA, 0xAA, 0xAA, 0x96, 0x69];
    frame.push(u8::try_from(len / 256).unwrap());
    frame.push(u8::try_from(len % 256).unwrap());
    frame.extend(status);
    frame.extend(data);
    let check = frame[5..].iter().fold(0, |sum, byte| sum ^ byte);
    frame.push(check);
    frame
}

/// The 1295-byte reply of a base read with a portrait of zeros.
pub(super) fn base_reply(text: &[u8]) -> Vec<u8> {
    let mut data = vec![0x01, 0x00, 0x04, 0x00];
    data.extend(text);
    data.extend([0; 1024]);
    reply([0, 0, 0x90], &data)
}

pub(super) fn golden_reply() -> Vec<u8> {
    base_reply(&text_block(&RESIDENT))
}

pub(super) const SAM_ID: [u8; 16] = [5, 0, 1, 0, 0x85, 0x3B, 0x34, 0x01, 1, 0, 0, 0, 2, 0, 0, 0];

pub(super) fn sam_id_reply(id: &[u8; 16]) -> Vec<u8> {
    reply([0, 0, 0x90], id)
}

pub(super) const FOUND: [u8; 15] = [
    0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 8, 0, 0, 0x9F, 0, 0, 0, 0, 0x97,
];
pub(super) const NOT_FOUND: [u8; 11] = [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x80, 0x84];
pub(super) const SELECTED: [u8; 19] = [
    0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 12, 0, 0, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0x9C,
];
pub(super) const SELECT_FAILED: [u8; 11] = [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x81, 0x85];
pub(super) const READ_FAILED: [u8; 11] = [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x41, 0x45];
pub(super) const RESET_DONE: [u8; 11] = [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0, 0, 0x90, 0x94];
