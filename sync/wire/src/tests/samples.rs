//! Executes `samples/`: the worked examples of PROTOCOL.md. Their hashes and ciphertexts were
//! computed by another implementation (Python `hashlib` and `cryptography`, the `zstd` program).

use std::path::Path;

use crate::chain::Head;
use crate::message::Message;
use crate::record::{KINDS, Record};
use crate::{Ack, Ctl, State};

const BOX: &str = "box-demo";
const EPOCH: &str = "00112233aabbccdd";

pub(crate) fn sample(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn line(name: &str) -> Vec<u8> {
    let bytes = sample(name);
    bytes.strip_suffix(b"\n").unwrap().to_vec()
}

fn records() -> Vec<Vec<u8>> {
    let bytes = sample("records.ndjson");
    let lines = bytes.strip_suffix(b"\n").unwrap();
    lines
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect()
}

#[test]
fn every_record_is_canonical_and_every_kind_has_one() {
    let mut kinds = std::collections::BTreeSet::new();
    for body in records() {
        let record = Record::from_body(&body).unwrap();
        let text = String::from_utf8(body).unwrap();
        assert_eq!(String::from_utf8(record.to_body().unwrap()).unwrap(), text);
        let kind = text.split("\"kind\":\"").nth(1).unwrap();
        kinds.insert(kind.split('"').next().unwrap().to_owned());
    }
    let all: std::collections::BTreeSet<String> = KINDS.map(str::to_owned).into();
    assert_eq!(kinds, all);
}

#[test]
fn the_chain_is_the_other_implementations() {
    let listed = String::from_utf8(sample("chain.txt")).unwrap();
    let mut listed = listed.lines();
    let mut head = Head::genesis(BOX, EPOCH);
    assert_eq!(listed.next(), Some(format!("0 {}", head.hash).as_str()));
    for body in records() {
        head = head.extend(&body);
        assert_eq!(
            listed.next(),
            Some(format!("{} {}", head.seq, head.hash).as_str())
        );
    }
    assert_eq!(listed.next(), None);
}

#[test]
fn messages() {
    let records = records();
    for name in [
        "message-live.ndjson",
        "message-bulk.ndjson",
        "message-zstd.bin",
    ] {
        let bytes = sample(name);
        let message = Message::decode(&bytes).unwrap();
        assert_eq!(message.header.r#box, BOX);
        message.hashes().unwrap();
        let from = usize::try_from(message.header.from).unwrap() - 1;
        let to = usize::try_from(message.header.to).unwrap();
        assert_eq!(message.bodies, records[from..to]);
        let again = message.encode().unwrap();
        if name == "message-zstd.bin" {
            // Another encoder, another frame, the same records.
            assert_eq!(Message::decode(&again).unwrap(), message);
        } else {
            assert_eq!(again, bytes, "{name}");
        }
    }
}

#[test]
fn control_messages() {
    for name in [
        "hello.json",
        "hello-closed.json",
        "hello-parked.json",
        "compare.json",
        "heartbeat.json",
        "result-ok.json",
        "result-refused.json",
        "result-forged.json",
        "digest.json",
    ] {
        let bytes = line(name);
        assert_eq!(
            Ctl::decode(&bytes).unwrap().encode().unwrap(),
            bytes,
            "{name}"
        );
    }
}

#[test]
fn acknowledgements() {
    for name in [
        "ack.json",
        "ack-parked.json",
        "ack-greet.json",
        "hello-answer.json",
        "compare-answer.json",
        "ack-countersign.json",
        "digest-answer.json",
        "digest-found.json",
    ] {
        let bytes = line(name);
        assert_eq!(
            Ack::decode(&bytes).unwrap().encode().unwrap(),
            bytes,
            "{name}"
        );
    }
}

#[test]
fn states() {
    for name in ["state-online.json", "state-offline.json"] {
        let bytes = line(name);
        assert_eq!(
            State::decode(&bytes).unwrap().encode().unwrap(),
            bytes,
            "{name}"
        );
    }
}

#[test]
fn other_versions_and_lengths_are_refused() {
    let other = |bytes: Vec<u8>| {
        String::from_utf8(bytes)
            .unwrap()
            .replace("\"v\":1", "\"v\":2")
            .into_bytes()
    };
    assert!(Ack::decode(&other(line("ack.json"))).is_err());
    assert!(Ctl::decode(&other(line("hello.json"))).is_err());
    assert!(State::decode(&other(line("state-online.json"))).is_err());
    // Whatever else a later version has: it is the version that is told.
    let later = b"{\"v\":2,\"ledger\":[]}";
    let told = [
        Ack::decode(later).err(),
        Ctl::decode(later).err(),
        State::decode(later).err(),
    ];
    for error in told {
        assert!(matches!(
            error,
            Some(crate::WireError::UnknownVersion { version: 2 })
        ));
    }
    let long = vec![b' '; 10_000_000];
    assert!(matches!(
        Ack::decode(&long),
        Err(crate::WireError::MessageTooLarge { .. })
    ));
    assert!(matches!(
        Ctl::decode(&long),
        Err(crate::WireError::MessageTooLarge { .. })
    ));
    assert!(matches!(
        State::decode(&long),
        Err(crate::WireError::MessageTooLarge { .. })
    ));
}

/// Every fenced example of PROTOCOL.md that names a sample is that sample, byte for byte, and every
/// sample in words is shown there.
#[test]
fn the_examples_of_the_protocol_are_the_samples() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../PROTOCOL.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut shown = std::collections::BTreeSet::new();
    let mut rest = text.as_str();
    while let Some((_, after)) = rest.split_once("<!-- sample: ") {
        let (name, after) = after.split_once(" -->\n").unwrap();
        let (_, after) = after.split_once("```").unwrap();
        let (_, after) = after.split_once('\n').unwrap();
        let (example, after) = after.split_once("```").unwrap();
        assert_eq!(example, String::from_utf8(sample(name)).unwrap(), "{name}");
        shown.insert(name.to_owned());
        rest = after;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let binary = Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "bin");
        assert!(
            binary || shown.contains(&name),
            "{name} is not shown in PROTOCOL.md"
        );
    }
}

#[test]
fn the_protocol_names_every_code_with_its_words() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../PROTOCOL.md");
    let protocol = std::fs::read_to_string(path).unwrap();
    let mut codes = Vec::new();
    for code in crate::ResultCode::ALL {
        codes.push((serde_json::to_string(&code).unwrap(), code.text()));
    }
    for code in crate::ParkCode::ALL {
        codes.push((serde_json::to_string(&code).unwrap(), code.text()));
    }
    for (word, text) in codes.iter().filter(|(word, _)| word != "\"other\"") {
        let row = format!("| `{}` | ", word.trim_matches('"'));
        let row = protocol.lines().find(|line| line.starts_with(&row));
        assert!(
            row.is_some_and(|row| row.ends_with(&format!("| {text} |"))),
            "{word}"
        );
    }
}

#[test]
fn marks_ascend_and_lists_end() {
    let Ctl::Compare(compare) = Ctl::decode(&line("compare.json")).unwrap() else {
        panic!("not a comparison");
    };
    let with = |marks| {
        let marks = Ctl::Compare(crate::Compare {
            marks,
            ..compare.clone()
        });
        marks.encode()
    };
    let mark = compare.marks[0];
    for bad in [Vec::new(), vec![mark, mark], vec![mark; 65]] {
        assert!(with(bad).is_err());
    }
    assert!(with(vec![mark]).is_ok());
}

#[test]
fn a_park_code_of_a_newer_city_is_read() {
    let newer = String::from_utf8(line("ack-parked.json")).unwrap();
    let newer = newer.replace("unknown_reference", "some_new_code");
    let ack = Ack::decode(newer.as_bytes()).unwrap();
    assert_eq!(ack.parked[0].code, crate::ParkCode::Other);
    assert_eq!(
        ack.parked[0].message,
        "平台还没有对应的工人、班组或单位，请先补报"
    );
}

#[test]
fn long_or_reversed_lists_are_refused() {
    let mut ack = Ack::decode(&line("ack.json")).unwrap();
    let range = ack.ranges[0];
    ack.ranges = vec![range; 65];
    assert!(matches!(
        ack.encode(),
        Err(crate::WireError::ListTooLong { list: "ranges", .. })
    ));
    ack.ranges = vec![crate::AckRange {
        from: 9,
        to: 8,
        head: range.head,
    }];
    assert!(matches!(
        ack.encode(),
        Err(crate::WireError::CountsDisagree { .. })
    ));
}

/// Signatures and root by Python's cryptography and hashlib.
#[test]
fn the_checkpoint_and_its_countersignature_are_the_other_implementations() {
    let mut hashes = Vec::new();
    let mut head = Head::genesis(BOX, EPOCH);
    let records = records();
    let is_checkpoint = |body: &Vec<u8>| {
        let kind = Record::from_body(body).map(|record| record.kind);
        matches!(kind, Ok(crate::Kind::Checkpoint(_)))
    };
    let at = records.iter().position(is_checkpoint).unwrap();
    let body = &records[at];
    for body in &records[..at] {
        head = head.extend(body);
        hashes.push((head.seq, head.hash));
    }
    let crate::Kind::Checkpoint(checkpoint) = Record::from_body(body).unwrap().kind else {
        panic!("no checkpoint");
    };
    let root = crate::merkle::root(hashes);
    crate::checkpoint::check_place(&checkpoint, head, 0, root).unwrap();
    assert!(crate::checkpoint::is_signed(
        (BOX, EPOCH),
        body,
        &checkpoint
    ));
    let ack = Ack::decode(&line("ack-countersign.json")).unwrap();
    let signing: serde_json::Value = serde_json::from_slice(&sample("signing.json")).unwrap();
    let city = signing["city_signing_key"].as_str().unwrap();
    let city = crate::down::VerifyingKey::from_hex(city).unwrap();
    let countersign = &ack.countersign[0];
    assert_eq!(countersign.head, head.extend(body).hash);
    assert!(countersign.holds(&city, (BOX, EPOCH)));
    let told: serde_json::Value = serde_json::from_slice(&sample("checkpoint.json")).unwrap();
    assert_eq!(told["device_key"], checkpoint.key.as_str());
}

#[test]
fn parts_of_a_digest_ascend() {
    let Ctl::Digest(digest) = Ctl::decode(&line("digest.json")).unwrap() else {
        panic!("not a digest");
    };
    let with = |parts, unsigned| {
        let digest = crate::ctl::Digest {
            parts,
            unsigned,
            ..digest.clone()
        };
        Ctl::Digest(digest).encode()
    };
    let part = digest.parts[0];
    for bad in [vec![part, part], vec![part; 65]] {
        assert!(with(bad, Vec::new()).is_err());
    }
    assert!(
        with(
            vec![crate::ctl::Part {
                from: part.to + 1,
                ..part
            }],
            Vec::new()
        )
        .is_err()
    );
    assert!(with(Vec::new(), vec![1; 65]).is_err());
    assert!(with(Vec::new(), vec![33]).is_ok());
}
