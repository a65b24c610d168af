//! Record messages both ways, and every lie in them.

use proptest::prelude::*;

use crate::chain::Head;
use crate::error::WireError;
use crate::message::{
    Compression, Header, MESSAGE_BYTES_MAX, Message, PLAIN_BYTES_MAX, RECORDS_MAX, Tier,
};

const BOX: &str = "box-demo";
const EPOCH: &str = "00112233aabbccdd";

fn message(bodies: Vec<Vec<u8>>, z: Compression) -> Message {
    let prev = Head::genesis(BOX, EPOCH);
    let head = bodies.iter().fold(prev, |head, body| head.extend(body));
    let header = Header {
        v: 1,
        site: "site".to_owned(),
        r#box: BOX.to_owned(),
        epoch: EPOCH.to_owned(),
        lane: Tier::Bulk,
        from: 1,
        to: head.seq,
        n: head.seq,
        z,
        prev: prev.hash,
        head: head.hash,
        sent_at: 1_795_302_124_000,
        replay: false,
    };
    Message { header, bodies }
}

fn bodies(count: usize, bytes: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| format!("{{\"a\":\"{number:0>bytes$}\"}}").into_bytes())
        .collect()
}

/// A message whose header was changed as text, with the body of `z: none`.
fn with_lie(from: &str, to: &str) -> Vec<u8> {
    let bytes = message(bodies(3, 10), Compression::None).encode().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{text}");
    text.replacen(from, to, 1).into_bytes()
}

fn lied(from: &str, to: &str) -> Result<Message, WireError> {
    Message::decode(&with_lie(from, to))
}

#[test]
fn both_ways() {
    for z in [Compression::None, Compression::Zstd] {
        let sent = message(bodies(200, 200), z);
        let bytes = sent.encode().unwrap();
        let received = Message::decode(&bytes).unwrap();
        assert_eq!(received, sent);
        assert_eq!(received.hashes().unwrap().len(), 200);
    }
}

fn is_count_lie(counts: &str) -> bool {
    let told = lied("\"from\":1,\"to\":3,\"n\":3", counts);
    matches!(told, Err(WireError::CountsDisagree { .. }))
}

#[test]
fn counts_that_disagree() {
    let top = format!("\"from\":0,\"to\":{},\"n\":0", u64::MAX);
    for counts in [
        "\"from\":1,\"to\":3,\"n\":2",
        "\"from\":0,\"to\":3,\"n\":3",
        "\"from\":0,\"to\":3,\"n\":4",
        "\"from\":4,\"to\":3,\"n\":3",
        "\"from\":1,\"to\":0,\"n\":0",
        "\"from\":1,\"to\":201,\"n\":201",
        top.as_str(),
    ] {
        assert!(is_count_lie(counts), "{counts}");
    }
}

#[test]
fn counts_that_the_body_does_not_hold() {
    for counts in ["\"from\":1,\"to\":4,\"n\":4", "\"from\":1,\"to\":2,\"n\":2"] {
        let told = lied("\"from\":1,\"to\":3,\"n\":3", counts);
        assert!(
            matches!(told, Err(WireError::WrongRecordCount { .. })),
            "{counts}"
        );
    }
}

#[test]
fn other_lies_of_the_header() {
    let (name, other) = ("\"box\":\"box-demo\"", "\"box\":\"a/b\"");
    assert!(matches!(
        lied("\"v\":1", "\"v\":2"),
        Err(WireError::UnknownVersion { version: 2 })
    ));
    assert!(matches!(lied(name, other), Err(WireError::BadBoxName)));
    assert!(matches!(lied(EPOCH, "X"), Err(WireError::BadEpoch)));
    assert!(matches!(
        lied("\"z\":\"none\"", "\"z\":\"gzip\""),
        Err(WireError::BadHeader(_))
    ));
    assert!(matches!(
        lied("\"z\":\"none\"", "\"z\":\"zstd\""),
        Err(WireError::BadCompression(_))
    ));
    assert!(matches!(
        lied("\"prev\":\"", "\"prev\":\"x"),
        Err(WireError::BadHeader(_))
    ));
    assert!(lied("\"v\":1", "\"v\":1 ").is_ok(), "a space is no lie");
}

#[test]
fn a_changed_record_breaks_the_chain() {
    let changed = lied("0000000001", "0000000009").unwrap();
    assert!(matches!(changed.hashes(), Err(WireError::HeadMismatch)));
    let mut swapped = message(bodies(3, 10), Compression::None);
    swapped.bodies.swap(0, 1);
    assert!(matches!(swapped.hashes(), Err(WireError::HeadMismatch)));
}

#[test]
fn sizes() {
    let one = message(bodies(1, 8000), Compression::None);
    assert!(one.encode().is_ok(), "the longest body always fits alone");
    assert!(matches!(
        message(bodies(9, 8000), Compression::None).encode(),
        Err(WireError::MessageTooLarge { .. })
    ));
    assert!(matches!(
        message(bodies(RECORDS_MAX + 1, 4), Compression::None).encode(),
        Err(WireError::CountsDisagree { .. })
    ));
    assert!(matches!(
        message(bodies(1, 9000), Compression::None).encode(),
        Err(WireError::BodyTooLarge { .. })
    ));
    assert!(matches!(
        message(vec![b"{}\n{}".to_vec()], Compression::None).encode(),
        Err(WireError::BodyNotObject(_))
    ));
    assert!(message(Vec::new(), Compression::None).encode().is_err());
}

#[test]
fn junk_of_ten_megabytes_is_refused_by_its_length() {
    let junk = vec![b'{'; 10_000_000];
    assert!(matches!(
        Message::decode(&junk),
        Err(WireError::MessageTooLarge {
            bytes: 10_000_000,
            limit: MESSAGE_BYTES_MAX
        })
    ));
    let no_newline = vec![b'{'; MESSAGE_BYTES_MAX];
    assert!(matches!(
        Message::decode(&no_newline),
        Err(WireError::BadHeader(None))
    ));
}

#[test]
fn a_zstd_bomb_is_refused() {
    let mut bytes = message(bodies(2, 4), Compression::Zstd).encode().unwrap();
    let header_end = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    bytes.truncate(header_end);
    let bomb = zstd::bulk::compress(&vec![b'\n'; 50_000_000], 19).unwrap();
    bytes.extend(&bomb);
    assert!(bytes.len() < MESSAGE_BYTES_MAX);
    assert!(matches!(
        Message::decode(&bytes),
        // By its window or by its length, whichever the decoder meets first.
        Err(WireError::TooMuchPlain {
            limit: PLAIN_BYTES_MAX
        } | WireError::BadCompression(_))
    ));
}

#[test]
fn a_long_plain_text_within_the_window_is_refused() {
    let mut bytes = message(bodies(2, 4), Compression::Zstd).encode().unwrap();
    let header_end = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    bytes.truncate(header_end);
    bytes.extend(zstd::bulk::compress(&vec![b'x'; PLAIN_BYTES_MAX + 1], 1).unwrap());
    assert!(matches!(
        Message::decode(&bytes),
        Err(WireError::TooMuchPlain { .. })
    ));
}

#[test]
fn bytes_after_the_frame_are_refused() {
    let mut bytes = message(bodies(2, 4), Compression::Zstd).encode().unwrap();
    bytes.extend(b"more");
    assert!(matches!(
        Message::decode(&bytes),
        Err(WireError::BadCompression(_))
    ));
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let _read_or_refused = Message::decode(&bytes);
    }

    #[test]
    fn a_changed_byte_is_noticed(place in any::<prop::sample::Index>(), with in any::<u8>()) {
        let sent = message(bodies(20, 30), Compression::Zstd);
        let mut bytes = sent.encode().unwrap();
        let header_end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        let place = header_end + 1 + place.index(bytes.len() - header_end - 1);
        prop_assume!(bytes[place] != with);
        bytes[place] = with;
        // A frame may tolerate a changed bit of its own header; then the text is the same.
        let same = Message::decode(&bytes)
            .and_then(|message| message.hashes().map(|_| message.bodies == sent.bodies));
        prop_assert!(!matches!(same, Ok(false)));
    }
}
