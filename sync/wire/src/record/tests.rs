//! Bodies both ways.

use proptest::prelude::*;

use crate::error::WireError;
use crate::record::{
    ClockQuality, Direction, KINDS, Kind, Presentation, PresentationResult, Record, Sketch, Stamp,
};

const GRANTED: &str = r#"{"at":1795302124000,"boot":3,"mono":81234,"clock":"synced","kind":"presentation","lane":"east-1","direction":"in","by":"005","worker":17,"document":"resident","result":"granted","counted":false,"policy":1}"#;

fn granted() -> Record {
    Record {
        stamp: Stamp {
            at: 1_795_302_124_000,
            boot: 3,
            mono: 81_234,
            clock: ClockQuality::Synced,
        },
        kind: Kind::Presentation(Presentation {
            lane: "east-1".to_owned(),
            direction: Direction::In,
            by: "005".to_owned(),
            worker: Some(17),
            visit: None,
            document: Some(crate::record::IdKind::Resident),
            result: PresentationResult::Granted,
            reason: None,
            flags: Vec::new(),
            of: None,
            counted: false,
            moved: false,
            person_tag: None,
            policy: 1,
            terminal: None,
        }),
    }
}

#[test]
fn canonical_bytes() {
    assert_eq!(
        String::from_utf8(granted().to_body().unwrap()).unwrap(),
        GRANTED
    );
    assert_eq!(Record::from_body(GRANTED.as_bytes()).unwrap(), granted());
}

#[test]
fn a_newer_field_is_ignored() {
    let newer = GRANTED.replace("\"policy\":1", "\"policy\":1,\"score\":{\"a\":[1]}");
    assert_eq!(Record::from_body(newer.as_bytes()).unwrap(), granted());
}

#[test]
fn refusals_name_their_cause() {
    let body = |text: &str| Record::from_body(text.as_bytes()).unwrap_err();
    assert!(matches!(body(""), WireError::BodyNotObject(_)));
    assert!(matches!(body("[1]"), WireError::BodyNotObject(_)));
    assert!(matches!(body("{\"at\":1"), WireError::BodyNotObject(_)));
    assert!(matches!(body("{\"at\":1}\n"), WireError::BodyNotObject(_)));
    assert!(matches!(body("{}"), WireError::BadField(_)));
    assert!(matches!(body("{\"kind\":7}"), WireError::BadField(_)));
    let unknown = body(&GRANTED.replace("presentation", "worker_wrap"));
    assert!(matches!(unknown, WireError::UnknownKind { kind } if kind == "worker_wrap"));
    let wrong = body(&GRANTED.replace("\"worker\":17", "\"worker\":-1"));
    assert!(matches!(wrong, WireError::BadField(_)));
    let long = format!("{{\"kind\":\"{}\"}}", "x".repeat(9000));
    assert!(matches!(body(&long), WireError::BodyTooLarge { .. }));
}

#[test]
fn a_sketch_of_an_unknown_kind() {
    let newer = GRANTED.replace("presentation", "worker_wrap");
    let sketch = Sketch::from_body(newer.as_bytes()).unwrap();
    assert_eq!(sketch.kind, "worker_wrap");
    assert_eq!(sketch.stamp, granted().stamp);
}

fn carried(inner: &[u8]) -> Record {
    Record {
        stamp: granted().stamp,
        kind: Kind::Carried(crate::record::Carried {
            epoch: "8899aabbccddeeff".to_owned(),
            seq: u64::MAX,
            body: inner.to_vec(),
        }),
    }
}

#[test]
fn a_carried_body_keeps_its_bytes() {
    // Spaces, an order of fields and an escape that nobody would write: all as they were.
    let inner = br#"{"kind" : "gap","at":1,  "x":"\u0041/"}"#;
    let body = carried(inner).to_body().unwrap();
    let text = String::from_utf8(body.clone()).unwrap();
    assert!(text.ends_with(&format!(",\"body\":{}}}", String::from_utf8_lossy(inner))));
    assert_eq!(Record::from_body(&body).unwrap(), carried(inner));
    assert_eq!(Sketch::from_body(&body).unwrap().kind, "carried");
}

#[test]
fn the_longest_body_can_be_carried() {
    let longest = format!("{{\"x\":\"{}\"}}", "y".repeat(8_192 - 8));
    assert_eq!(longest.len(), 8_192);
    let mut record = carried(longest.as_bytes());
    record.stamp = Stamp {
        at: i64::MIN,
        boot: u32::MAX,
        mono: u64::MAX,
        clock: ClockQuality::Holdover,
    };
    let body = record.to_body().unwrap();
    assert_eq!(Record::from_body(&body).unwrap(), record);
    let longer = longest.replace("\"}", "y\"}");
    assert!(matches!(
        carried(longer.as_bytes()).to_body(),
        Err(WireError::BodyTooLarge { limit: 8_192, .. })
    ));
    // Only a carried body may be that long.
    let padded = GRANTED.replace("east-1", &"e".repeat(8_100));
    assert!(matches!(
        Record::from_body(padded.as_bytes()),
        Err(WireError::BodyTooLarge { limit: 8_192, .. })
    ));
}

#[test]
fn what_is_not_an_object_is_not_carried() {
    for bad in ["", "7", "[1]", "{", "{}\n", "{\"a\":1}}", "{\"a\":1},{}"] {
        assert!(carried(bad.as_bytes()).to_body().is_err(), "{bad}");
    }
    let body = String::from_utf8(carried(b"{}").to_body().unwrap()).unwrap();
    for (from, to) in [("\"body\":{}", "\"body\":7"), (",\"body\":{}", "")] {
        let bad = body.replace(from, to);
        assert!(Record::from_body(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn every_kind_is_listed() {
    for kind in KINDS {
        let body = format!(r#"{{"at":1,"boot":1,"mono":1,"clock":"unset","kind":"{kind}"}}"#);
        // Known, though its own fields are missing.
        assert!(
            matches!(
                Record::from_body(body.as_bytes()),
                Err(WireError::BadField(_))
            ),
            "{kind}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(record) = Record::from_body(&bytes) {
            prop_assert!(record.to_body().is_ok());
        }
    }
}
