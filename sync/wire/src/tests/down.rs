//! Signed messages: the samples of another implementation (Python `cryptography`), and whatever
//! must be refused.

use proptest::prelude::*;

use crate::down::{
    AntiPassback, Command, DOWN_BYTES_MAX, Down, Expected, Refused, ResultCode, Revocation, Series,
    SigningKey, VerifyingKey, open,
};
use crate::error::WireError;
use crate::tests::samples::line;

const NOW: i64 = 1_795_302_165_000;

fn keys() -> (SigningKey, VerifyingKey) {
    let seed: [u8; 32] = std::array::from_fn(|index| 0x20 + u8::try_from(index).unwrap());
    let signing = SigningKey::from_bytes(&seed);
    let listed = String::from_utf8(crate::tests::samples::sample("signing.json")).unwrap();
    let public = signing.verifying_key();
    assert!(listed.contains(&public.to_hex()), "the key of signing.json");
    (signing, VerifyingKey::from_hex(&public.to_hex()).unwrap())
}

fn open_as(bytes: &[u8], series: Series, last_number: u64, now: i64) -> Result<Down, Refused> {
    let (_, key) = keys();
    let expected = Expected {
        key: &key,
        box_name: "box-demo",
        series,
        last_number,
        now,
    };
    open(bytes, &expected)
}

fn code(result: Result<Down, Refused>) -> ResultCode {
    result.unwrap_err().code
}

#[test]
fn the_samples_open_and_are_signed_alike() {
    let (signing, _) = keys();
    for (name, series) in [
        ("down-roster.txt", Series::Roster),
        ("down-policy.txt", Series::Command),
        ("down-revoke.txt", Series::Command),
    ] {
        let bytes = line(name);
        let down = open_as(&bytes, series, 0, NOW).unwrap();
        // Ed25519 signatures are deterministic: the same key and text, the same bytes.
        assert_eq!(signing.sign(&down).unwrap(), bytes, "{name}");
    }
    let policy = open_as(&line("down-policy.txt"), Series::Command, 4, NOW).unwrap();
    let Command::Policy(order) = policy.command else {
        panic!("not a policy");
    };
    assert_eq!(order.version, 2);
    assert_eq!(
        order.values.anti_passback_by_lane.get("east-1"),
        Some(&AntiPassback::Hard)
    );
    assert_eq!(order.values.ages.unwrap().len(), 3);
}

#[test]
fn each_refusal_has_its_code() {
    let good = line("down-revoke.txt");
    let command = |last, now| code(open_as(&good, Series::Command, last, now));
    assert!(open_as(&good, Series::Command, 5, NOW).is_ok());
    assert_eq!(command(6, NOW), ResultCode::Repeated);
    assert_eq!(command(7, NOW), ResultCode::OldNumber);
    assert_eq!(command(5, 1_795_906_960_000), ResultCode::Expired);
    assert_eq!(
        code(open_as(&good, Series::Roster, 0, NOW)),
        ResultCode::UnknownType,
        "a command does not count on the roster's topic"
    );
    let refused = open_as(&good, Series::Command, 7, NOW).unwrap_err();
    assert_eq!(
        (refused.number, refused.command.as_deref()),
        (Some(6), Some("revoke"))
    );

    let (_, key) = keys();
    let other = Expected {
        key: &key,
        box_name: "box-other",
        series: Series::Command,
        last_number: 0,
        now: NOW,
    };
    assert_eq!(code(open(&good, &other)), ResultCode::OtherBox);

    let stranger = SigningKey::from_bytes(&[9; 32]);
    let down = open_as(&good, Series::Command, 0, NOW).unwrap();
    let forged = open_as(&stranger.sign(&down).unwrap(), Series::Command, 0, NOW).unwrap_err();
    assert_eq!(
        (forged.code, forged.number),
        (ResultCode::WrongSignature, None),
        "nothing of a forged message is believed, its number included"
    );
    for bad in [b"".to_vec(), b"{}".to_vec(), vec![b'x'; DOWN_BYTES_MAX + 1]] {
        assert_eq!(
            code(open_as(&bad, Series::Command, 0, NOW)),
            ResultCode::Unreadable
        );
    }
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let good = line("down-policy.txt");
    for index in 0..good.len() {
        let mut bytes = good.clone();
        bytes[index] ^= 1;
        let refused = code(open_as(&bytes, Series::Command, 0, NOW));
        assert!(
            matches!(refused, ResultCode::WrongSignature | ResultCode::Unreadable),
            "byte {index}: {refused:?}"
        );
    }
}

#[test]
fn a_signed_message_of_a_newer_city_is_refused_by_name() {
    let (signing, _) = keys();
    let text = String::from_utf8(line("down-revoke.txt")).unwrap();
    let payload = text.split('\n').next().unwrap();
    let newer = signing.sign_text(payload.replace("revoke", "dance").as_bytes());
    let refused = open_as(&newer, Series::Command, 0, NOW).unwrap_err();
    assert_eq!(refused.code, ResultCode::UnknownType);
    assert_eq!(refused.command.as_deref(), Some("dance"));
    let other = signing.sign_text(payload.replace("\"v\":1", "\"v\":2").as_bytes());
    assert_eq!(
        code(open_as(&other, Series::Command, 0, NOW)),
        ResultCode::Unreadable
    );
    let empty = signing.sign_text(payload.replace("[23,31]", "[]").as_bytes());
    assert_eq!(
        code(open_as(&empty, Series::Command, 0, NOW)),
        ResultCode::Unreadable
    );
}

#[test]
fn a_city_cannot_sign_what_a_box_refuses() {
    let (signing, _) = keys();
    let down = Down {
        r#box: "box-demo".to_owned(),
        number: 1,
        issued_at: 0,
        expires_at: 1,
        command: Command::Revoke(Revocation {
            workers: (0..1_001).collect(),
            reason: "x".to_owned(),
        }),
    };
    assert!(matches!(
        signing.sign(&down),
        Err(WireError::ListTooLong { entries: 1_001, .. })
    ));
}

#[test]
fn keys_that_verify_anything_are_refused() {
    // The neutral point: with it, a signature of zeros would fit any text.
    let neutral = format!("01{}", "00".repeat(31));
    for bad in ["", &neutral, &"0".repeat(63), &"zz".repeat(32)] {
        assert!(VerifyingKey::from_hex(bad).is_err(), "{bad}");
    }
}

#[test]
fn every_code_has_a_word_and_a_text() {
    let mut words = std::collections::BTreeSet::new();
    for code in ResultCode::ALL {
        let word = serde_json::to_string(&code).unwrap();
        assert_eq!(serde_json::from_str::<ResultCode>(&word).unwrap(), code);
        assert!(code.text().contains(['，', '；']), "{word}");
        words.insert(word);
    }
    assert_eq!(words.len(), ResultCode::ALL.len());
    let newer: ResultCode = serde_json::from_str("\"moon_phase\"").unwrap();
    assert_eq!(newer, ResultCode::Other);
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open_as(&bytes, Series::Command, 0, NOW).is_err());
    }
}
