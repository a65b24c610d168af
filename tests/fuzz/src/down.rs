//! What comes down: signed messages, roster files, sealed parts of records.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use sync_wire::down::{Expected, RosterPointer, Series, VerifyingKey, open};
use sync_wire::record::Wrap;
use sync_wire::roster::RosterReader;
use sync_wire::seal::{CityPrivateKey, DataKey, Subject};
use sync_wire::{Command, Down, Hash};

use crate::cursor::Cursor;
use crate::wire::sample;

const BOX: &str = "box-demo";
/// Between the samples' issue and their expiry.
const NOW: i64 = 1_796_000_000_000;
/// `signed_prefix` of `sync/wire/samples/signing.json`.
const PREFIX: &[u8] = b"menwei-down-1|";

/// The key of `sync/wire/samples/signing.json`.
static KEY: LazyLock<(ed25519_dalek::SigningKey, VerifyingKey)> = LazyLock::new(|| {
    let mut seed = [0; 32];
    for (place, byte) in seed.iter_mut().zip(0x20..) {
        *place = byte;
    }
    let ours = sync_wire::down::SigningKey::from_bytes(&seed);
    (
        ed25519_dalek::SigningKey::from_bytes(&seed),
        ours.verifying_key(),
    )
});

/// Bit 0 of the first byte says whether the rest is signed here, so that what stands behind the
/// signature is reached, or comes as it is; bit 1 in which series; the others what came before.
pub(crate) fn signed_seeds() -> Vec<Vec<u8>> {
    let texts = ["down-roster.txt", "down-policy.txt", "down-revoke.txt"].map(sample);
    let mut seeds = Vec::new();
    for (text, series) in texts.iter().zip([0, 2, 2]) {
        seeds.push([&[series][..], text].concat());
        let payload = text.split(|byte| *byte == b'\n').next();
        seeds.push([&[series | 1][..], payload.unwrap_or_default()].concat());
    }
    seeds
}

pub(crate) fn signed(bytes: &[u8]) -> bool {
    let mut input = Cursor(bytes);
    let how = input.byte();
    let is_signed_here = how & 1 == 1;
    let mut text = input.0.to_vec();
    if is_signed_here {
        let signature = KEY.0.sign(&[PREFIX, &text].concat());
        text.push(b'\n');
        text.extend(STANDARD.encode(signature.to_bytes()).bytes());
    }
    let expected = Expected {
        key: &KEY.1,
        box_name: BOX,
        series: if how & 2 == 0 {
            Series::Roster
        } else {
            Series::Command
        },
        last_number: u64::from(how >> 2),
        now: NOW,
    };
    let Ok(down) = open(&text, &expected) else {
        return false;
    };
    assert_eq!(down.r#box, BOX, "a message for another box");
    assert!(down.number > expected.last_number, "an old number");
    assert!(down.expires_at > NOW, "a message of yesterday");
    true
}

fn pointer() -> Option<RosterPointer> {
    let text = sample("down-roster.txt");
    let payload = text.split(|byte| *byte == b'\n').next()?;
    let down: Down = read_unsigned(payload)?;
    match down.command {
        Command::Roster(pointer) => Some(pointer),
        Command::Policy(_) | Command::Revoke(_) => None,
    }
}

fn read_unsigned(payload: &[u8]) -> Option<Down> {
    let signature = KEY.0.sign(&[PREFIX, payload].concat());
    let text = [
        payload,
        b"\n",
        STANDARD.encode(signature.to_bytes()).as_bytes(),
    ]
    .concat();
    let expected = Expected {
        key: &KEY.1,
        box_name: BOX,
        series: Series::Roster,
        last_number: 0,
        now: 0,
    };
    open(&text, &expected).ok()
}

static POINTER: LazyLock<Option<RosterPointer>> = LazyLock::new(pointer);

pub(crate) fn roster_seeds() -> Vec<Vec<u8>> {
    vec![sample("roster.ndjson")]
}

/// A roster file under a pointer that vouches for its length and digest: what is wrong stands in it.
pub(crate) fn roster(bytes: &[u8]) -> bool {
    let Some(pointer) = &*POINTER else {
        return false;
    };
    let mut pointer = pointer.clone();
    pointer.bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    pointer.sha256 = digest(bytes);
    let people = |piece: usize| {
        let mut reader = RosterReader::new(&pointer, BOX).ok()?;
        let mut people = 0_u64;
        for part in bytes.chunks(piece) {
            reader
                .push(part, |_| people = people.saturating_add(1))
                .ok()?;
        }
        let header = reader.finish().ok()?;
        assert_eq!(header.count, people, "people were lost or doubled");
        Some(people)
    };
    let (whole, split) = (people(bytes.len().max(1)), people(5));
    assert_eq!(whole, split, "the same file, other people");
    whole.is_some()
}

fn digest(bytes: &[u8]) -> Hash {
    use sha2::Digest as _;
    Hash::from_bytes(sha2::Sha256::digest(bytes).into())
}

pub(crate) fn sealed_seeds() -> Vec<Vec<u8>> {
    let bytes = sample("records.ndjson");
    let lines = bytes.split(|byte| *byte == b'\n');
    let texts = lines.flat_map(|line| line.split(|byte| *byte == b'"'));
    texts
        .filter(|text| text.len() > 60)
        .map(<[u8]>::to_vec)
        .collect()
}

/// A sealed text that somebody made up. Nothing of it can be opened; only its shape is told apart.
pub(crate) fn sealed(bytes: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(bytes) else {
        return false;
    };
    let subject = Subject {
        r#box: BOX,
        worker: 1,
    };
    let key = DataKey::from_bytes([7; 32]);
    let city = CityPrivateKey::from_bytes([8; 32]);
    let person = sync_wire::seal::unseal(text, &key, subject);
    assert!(person.is_err(), "a forged person was believed");
    let wrap = Wrap {
        key: "0".to_owned(),
        wrapped: text.to_owned(),
    };
    assert!(
        sync_wire::seal::unwrap(&wrap, &city, subject).is_err(),
        "a forged key was believed"
    );
    STANDARD.decode(text).is_ok()
}
