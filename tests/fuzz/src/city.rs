//! The city: whatever a box with a certificate may publish, on any topic.

use sync_city::ingest::is_understood;
use sync_city::meaning::{Codes, Reading};
use sync_wire::seal::CityPrivateKey;

use crate::cursor::Cursor;
use crate::wire::{message_seeds, word_seeds};

const TOPICS: [&str; 4] = [
    "menwei/1/box-demo/up/live",
    "menwei/1/box-demo/up/bulk",
    "menwei/1/box-demo/up/ctl",
    "menwei/1/box-demo/state",
];
const NOW: i64 = 1_796_000_000_000;

/// The first byte names the topic; 4 and above give the topic's own text before a newline.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for text in message_seeds().into_iter().chain(word_seeds()) {
        for topic in 0..4_u8 {
            seeds.push([&[topic][..], &text].concat());
        }
    }
    seeds
}

pub(crate) fn run(bytes: &[u8]) -> bool {
    let mut input = Cursor(bytes);
    let topic = usize::from(input.byte());
    let codes = Codes::default();
    let key = CityPrivateKey::from_bytes([8; 32]);
    let reading = Reading {
        codes: &codes,
        key: &key,
        now: NOW,
    };
    if let Some(topic) = TOPICS.get(topic) {
        return is_understood(topic, input.0, reading);
    }
    let mut parts = input.0.splitn(2, |byte| *byte == b'\n');
    let topic = parts.next().and_then(|topic| str::from_utf8(topic).ok());
    let payload = parts.next().unwrap_or_default();
    topic.is_some_and(|topic| is_understood(topic, payload, reading))
}
