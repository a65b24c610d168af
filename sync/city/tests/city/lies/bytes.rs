//! What is too large, cut, packed wrongly, or noise.

use serde_json::json;
use sync_wire::Topic;

use super::{COUNTS, LARGE, Lie, PACKED, UNREADABLE, header, lines, message};
use crate::common::Ledger;

/// A frame of nothing that wants a window of 128 MiB (RFC 8878: magic, descriptor, window, last block).
const WIDE_WINDOW: &[u8] = b"\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00";

/// What is too large, cut, packed wrongly, or noise.
pub(crate) fn bytes(ledger: &Ledger, packet_bytes_max: usize) -> Vec<Lie> {
    let topic = Topic::UpLive;
    let lie = |what, payload, (code, says)| Lie {
        what,
        topic,
        payload,
        code,
        says,
    };
    let plain = lines(&ledger.bodies[5..7]);
    let pack = |plain: &[u8]| zstd::bulk::compress(plain, 3).unwrap();
    let packed = |body: &[u8]| {
        let mut header = header(ledger, 6, 7);
        header["z"] = json!("zstd");
        message(&header, body)
    };
    let open = |body: &[u8]| message(&header(ledger, 6, 7), body);
    let frame = pack(&plain);
    let many = |bytes: usize| pack(&vec![b'\n'; bytes]);
    let noise: Vec<u8> = (0..2_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let long = [vec![b'x'; 8_449], b"\n{}\n".to_vec()].concat();
    // The packet also holds the topic with its length, and the packet's number.
    let largest = packet_bytes_max - topic.of("box-1").len() - 4;
    vec![
        lie("nothing", Vec::new(), UNREADABLE),
        lie("noise", noise.clone(), UNREADABLE),
        lie(
            "a header without an end",
            header(ledger, 6, 7).to_string().into_bytes(),
            UNREADABLE,
        ),
        lie(
            "a header cut in the middle",
            b"{\"v\":1,\"site\":\"\n{}\n".to_vec(),
            UNREADABLE,
        ),
        lie("no records", open(b""), COUNTS),
        lie(
            "a record without its newline",
            open(&plain[..plain.len() - 1]),
            COUNTS,
        ),
        lie(
            "a record too few",
            open(&lines(&ledger.bodies[5..6])),
            COUNTS,
        ),
        lie(
            "a record too many",
            open(&lines(&ledger.bodies[5..8])),
            COUNTS,
        ),
        lie("an empty record", open(b"\n{}\n"), UNREADABLE),
        lie("a record too long", open(&long), LARGE),
        lie("a message too long by one byte", vec![b'x'; 65_537], LARGE),
        lie(
            "the largest that a broker passes on",
            vec![b'x'; largest],
            LARGE,
        ),
        lie("a bomb of 32 MiB", packed(&many(32 << 20)), LARGE),
        lie("one byte over 2 MiB", packed(&many((2 << 20) + 1)), LARGE),
        lie("2 MiB of empty records", packed(&many(2 << 20)), COUNTS),
        lie("a window of 128 MiB", packed(WIDE_WINDOW), PACKED),
        lie(
            "a frame that is cut",
            packed(&frame[..frame.len() - 3]),
            PACKED,
        ),
        lie(
            "two frames",
            packed(&[frame.clone(), pack(b"")].concat()),
            PACKED,
        ),
        lie(
            "a byte after the frame",
            packed(&[frame.as_slice(), b"\n"].concat()),
            PACKED,
        ),
        lie("noise for a frame", packed(&noise), PACKED),
        lie("no frame at all", packed(b""), PACKED),
    ]
}
