//! Between box and city: what either reads of the other.

use std::path::Path;

use sync_wire::message::HEADER_BYTES_MAX;
use sync_wire::{Ack, Ctl, Message, Record, State, Topic};

/// A file of `sync/wire/samples`.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sync/wire/samples");
    std::fs::read(folder.join(name)).unwrap_or_default()
}

fn samples(names: &[&str]) -> Vec<Vec<u8>> {
    let lines = names.iter().map(|name| sample(name));
    lines
        .map(|bytes| bytes.strip_suffix(b"\n").unwrap_or(&bytes).to_vec())
        .collect()
}

pub(crate) fn message_seeds() -> Vec<Vec<u8>> {
    [
        "message-live.ndjson",
        "message-bulk.ndjson",
        "message-zstd.bin",
    ]
    .map(sample)
    .to_vec()
}

/// A message that is understood says the same when it is written again.
pub(crate) fn message(bytes: &[u8]) -> bool {
    let Ok(message) = Message::decode(bytes) else {
        return false;
    };
    assert!(message.header.n > 0, "a message without records");
    message.hashes().ok();
    if let Ok(again) = message.encode() {
        assert!(
            Message::decode(&again).is_ok_and(|again| again == message),
            "a message changed on the way"
        );
        assert!(
            again
                .iter()
                .take(HEADER_BYTES_MAX)
                .any(|byte| *byte == b'\n')
        );
    }
    true
}

pub(crate) fn record_seeds() -> Vec<Vec<u8>> {
    let bytes = sample("records.ndjson");
    let lines = bytes.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect()
}

pub(crate) fn record(bytes: &[u8]) -> bool {
    sync_wire::record::at_of(bytes);
    let Ok(record) = Record::from_body(bytes) else {
        return false;
    };
    if let Ok(body) = record.to_body() {
        assert!(
            Record::from_body(&body).is_ok_and(|again| again == record),
            "a record changed on the way"
        );
    }
    true
}

pub(crate) fn word_seeds() -> Vec<Vec<u8>> {
    let mut seeds = samples(&[
        "hello.json",
        "hello-closed.json",
        "compare.json",
        "heartbeat.json",
        "result-ok.json",
        "result-forged.json",
        "state-online.json",
    ]);
    seeds.push(b"menwei/1/box-demo/up/live".to_vec());
    seeds
}

/// Words of a box beside its records, and the topics that they come on.
pub(crate) fn word(bytes: &[u8]) -> bool {
    let mut understood = State::decode(bytes).is_ok();
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok((name, topic)) = Topic::parse(text)
    {
        assert_eq!(topic.of(name), text, "a topic has two names");
        understood = true;
    }
    if let Ok(ctl) = Ctl::decode(bytes) {
        if let Ok(again) = ctl.encode() {
            assert!(
                Ctl::decode(&again).is_ok_and(|again| again == ctl),
                "a word changed on the way"
            );
        }
        understood = true;
    }
    understood
}

pub(crate) fn ack_seeds() -> Vec<Vec<u8>> {
    samples(&[
        "ack.json",
        "ack-greet.json",
        "ack-parked.json",
        "hello-answer.json",
        "compare-answer.json",
    ])
}

pub(crate) fn ack(bytes: &[u8]) -> bool {
    let Ok(ack) = Ack::decode(bytes) else {
        return false;
    };
    if let Ok(again) = ack.encode() {
        assert!(
            Ack::decode(&again).is_ok_and(|again| again == ack),
            "an acknowledgement changed on the way"
        );
    }
    true
}
