//! Proofs of one worker's records: whole ones, and every way of changing them.

use crate::checkpoint::{self, Countersign, Doubt, Facts};
use crate::down::{SigningKey, VerifyingKey};
use crate::merkle;
use crate::proof::{
    About, PROOF_BYTES_MAX, ProofCheckpoint, ProofFault, ProofRecord, Proven, Proving, verify,
    write,
};
use crate::record::{ClockQuality, Stamp};
use crate::{Hash, Head};

const NAME: (&str, &str) = ("box-demo", "00112233aabbccdd");
const AT: i64 = 1_795_302_000_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> VerifyingKey {
    key(seed).verifying_key()
}

/// Records 1 to 10 under checkpoint 11, 12 to 14 under 15; every third is worker 17's.
fn proving() -> Proving {
    let mut proving = Proving::default();
    let mut head = Head::genesis(NAME.0, NAME.1);
    let mut from = 1;
    let mut hashes: Vec<Hash> = Vec::new();
    for upto in [10, 14] {
        let mut his = Vec::new();
        while head.seq < upto {
            let worker = if head.seq.is_multiple_of(3) { 17 } else { 18 };
            let at = AT + i64::try_from(head.seq).unwrap();
            let body = format!(
                "{{\"at\":{at},\"boot\":1,\"mono\":1,\"clock\":\"synced\",\"kind\":\"override\",\"worker\":{worker}}}"
            );
            let before = head;
            head = head.extend(body.as_bytes());
            hashes.push(head.hash);
            if worker == 17 {
                his.push((head.seq, before.hash, body.into_bytes()));
            }
        }
        let leaves: Vec<Hash> = (from..)
            .zip(&hashes)
            .map(|(seq, hash)| merkle::leaf(seq, hash))
            .collect();
        let stamp = Stamp {
            at: AT,
            boot: 1,
            mono: 1,
            clock: ClockQuality::Synced,
        };
        let facts = Facts {
            from,
            head,
            root: merkle::root((from..).zip(hashes.iter().copied())).unwrap(),
            lost: None,
        };
        let body = checkpoint::write(&key(1), NAME, stamp, &facts).unwrap();
        let before = head;
        head = head.extend(&body);
        let signed = Countersign::new(&key(2), NAME, head, AT + 99);
        let place = proving.checkpoints.len();
        let made = ProofCheckpoint::new(NAME.1, (head, before.hash, &body), Some(signed));
        proving.checkpoints.push(made.unwrap());
        for (seq, prev, body) in his {
            let path = merkle::path(&leaves, usize::try_from(seq - from).unwrap());
            let record = ProofRecord::new((NAME.1, seq), (prev, &body), (place, path));
            proving.records.push(record.unwrap());
        }
        (from, hashes) = (head.seq, vec![head.hash]);
    }
    proving
}

fn file() -> String {
    let about = About {
        r#box: NAME.0.to_owned(),
        worker: 17,
        from: AT,
        to: AT + 1_000,
        made_at: AT + 2_000,
    };
    String::from_utf8(write(&key(1), about, proving()).unwrap()).unwrap()
}

fn verified(text: &str) -> Result<Proven, ProofFault> {
    verify(text.as_bytes(), (&public(1), Some(&public(2))))
}

#[test]
fn a_whole_file_proves_its_records_with_the_public_key_alone() {
    let text = file();
    let proven = verified(&text).unwrap();
    let seqs: Vec<u64> = proven.records.iter().map(|(_, seq, _)| *seq).collect();
    assert_eq!(seqs, [1, 4, 7, 10, 13]);
    assert_eq!(proven.checkpoints, 2);
    assert_eq!(proven.countersigned, Some(2));
    assert_eq!(proven.city_at, Some(AT + 99));
    let alone = verify(text.as_bytes(), (&public(1), None)).unwrap();
    assert_eq!((alone.countersigned, alone.records), (None, proven.records));
    assert!(!text.contains("\"worker\":18"), "nobody else's records");
}

/// As if somebody had the box's key for the file alone: what stands in it still has to fit.
fn resigned(change: impl Fn(&str) -> String) -> Result<Proven, ProofFault> {
    let text = file();
    let (payload, _) = text.split_once('\n').unwrap();
    let changed = change(payload);
    assert_ne!(changed, payload, "nothing was changed");
    let signature = key(1).sign_note(&format!("menwei-proof-1|{changed}"));
    verified(&format!("{changed}\n{signature}\n"))
}

#[test]
fn each_change_is_refused_with_its_reason() {
    let edit = |from: &'static str, to: &'static str| move |text: &str| text.replacen(from, to, 1);
    let refused = [
        // The first record: seq 1.
        (
            resigned(edit(
                "\"mono\":1,\"clock\":\"synced\",\"kind\":\"override\"",
                "\"mono\":2,\"clock\":\"synced\",\"kind\":\"override\"",
            )),
            ProofFault::Record(1),
        ),
        (
            resigned(edit("\"seq\":4,", "\"seq\":5,")),
            ProofFault::Record(5),
        ),
        (
            resigned(edit("\"seq\":11,", "\"seq\":12,")),
            ProofFault::Checkpoint(12, Doubt::Place),
        ),
        (
            resigned(edit("\"from\":1,\"to\":10", "\"from\":2,\"to\":10")),
            ProofFault::Checkpoint(11, Doubt::Signature),
        ),
        (
            resigned(edit("\"worker\":17", "\"worker\":18")),
            ProofFault::Foreign(1),
        ),
        (
            resigned(edit("1795302001000", "1795302000005")),
            ProofFault::Foreign(7),
        ),
        (
            resigned(edit("\"at\":1795302000099", "\"at\":1795302000098")),
            ProofFault::Countersign(11),
        ),
        (resigned(edit("\"v\":1", "\"v\":2")), ProofFault::Unreadable),
    ];
    for (found, fault) in refused {
        assert_eq!(found, Err(fault));
    }
    // A record that is left out, and nothing else: only the signature over the file knows.
    let text = file();
    let start = text
        .find("{\"epoch\":\"00112233aabbccdd\",\"seq\":4,")
        .unwrap();
    let end = text
        .find("{\"epoch\":\"00112233aabbccdd\",\"seq\":7,")
        .unwrap();
    let without = [text.get(..start).unwrap(), text.get(end..).unwrap()].concat();
    assert_eq!(verified(&without), Err(ProofFault::Signature));
    let twice = [text.get(..end).unwrap(), text.get(start..).unwrap()].concat();
    assert_eq!(verified(&twice), Err(ProofFault::Order(4)));
}

#[test]
fn other_keys_other_files_and_long_ones_are_refused() {
    let text = file();
    let with =
        |device: u8, city: u8| verify(text.as_bytes(), (&public(device), Some(&public(city))));
    assert_eq!(with(3, 2), Err(ProofFault::OtherKey));
    assert_eq!(with(1, 3), Err(ProofFault::Countersign(11)));
    for other in [
        "",
        "\n",
        "{}\n\n",
        text.get(..text.len() / 2).unwrap(),
        text.get(1..).unwrap(),
    ] {
        assert_eq!(verified(other), Err(ProofFault::Unreadable), "{other}");
    }
    let long = vec![b' '; PROOF_BYTES_MAX + 1];
    assert_eq!(verify(&long, (&public(1), None)), Err(ProofFault::TooLong));
}

#[test]
fn no_byte_of_a_file_can_be_changed() {
    let bytes = file().into_bytes();
    for at in (0..bytes.len()).step_by(5) {
        let mut other = bytes.clone();
        other[at] ^= 1;
        assert!(verify(&other, (&public(1), None)).is_err(), "byte {at}");
    }
}
