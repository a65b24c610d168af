//! Sealing against vectors of an independent implementation (`samples/sealing.json`: Python
//! `cryptography` for AES-GCM and X25519, the key schedule of RFC 9180 written out by hand).

use proptest::prelude::*;
use serde::Deserialize;

use crate::chain::from_hex;
use crate::error::WireError;
use crate::record::Wrap;
use crate::seal::{
    CityPrivateKey, DataKey, Evidence, FilePart, Person, Subject, VisitSubject, Visitor, seal,
    seal_evidence, seal_part, seal_visitor, unseal, unseal_evidence, unseal_part, unseal_visitor,
    unwrap, unwrap_of_visit, wrap, wrap_of_visit,
};

#[derive(Deserialize)]
struct Vector {
    city_private: String,
    city_public: String,
    city_key_id: String,
    data_key: String,
    nonce: String,
    ephemeral: String,
    r#box: String,
    worker: u32,
    sealed: String,
    wrapped: String,
    evidence_nonce: String,
    evidence_sealed: String,
    visit: u32,
    visitor_nonce: String,
    visitor_sealed: String,
    visit_wrapped: String,
}

fn vector() -> Vector {
    serde_json::from_str(include_str!("../../samples/sealing.json")).unwrap()
}

fn person() -> Person {
    serde_json::from_str(include_str!("../../samples/person.json")).unwrap()
}

#[test]
fn the_same_bytes_as_the_other_implementation() {
    let vector = vector();
    let subject = Subject {
        r#box: &vector.r#box,
        worker: vector.worker,
    };
    let key = DataKey::from_bytes(from_hex(&vector.data_key).unwrap());
    let city = CityPrivateKey::from_bytes(from_hex(&vector.city_private).unwrap());
    let public = city.public().unwrap();
    assert_eq!(crate::chain::hex(public.as_bytes()), vector.city_public);
    assert_eq!(public.id(), vector.city_key_id);

    let sealed = seal(&person(), &key, from_hex(&vector.nonce).unwrap(), subject).unwrap();
    assert_eq!(sealed, vector.sealed);
    let wrapped = wrap(&key, &public, from_hex(&vector.ephemeral).unwrap(), subject).unwrap();
    assert_eq!(
        wrapped,
        Wrap {
            key: vector.city_key_id,
            wrapped: vector.wrapped
        }
    );

    let evidence: Evidence =
        serde_json::from_str(include_str!("../../samples/evidence.json")).unwrap();
    let nonce = from_hex(&vector.evidence_nonce).unwrap();
    let spoken = seal_evidence(&evidence, &key, nonce, subject).unwrap();
    assert_eq!(spoken, vector.evidence_sealed);
    assert!(unseal_evidence(&spoken, &key, subject).unwrap() == evidence);
    // Sealed as something else, it does not open as this.
    assert!(unseal_evidence(&sealed, &key, subject).is_err());

    let opened_key = unwrap(&wrapped, &city, subject).unwrap();
    assert!(opened_key == key);
    assert!(unseal(&sealed, &opened_key, subject).unwrap() == person());
}

#[test]
fn a_visitor_is_sealed_as_the_other_implementation_does_and_is_no_worker() {
    let vector = vector();
    let subject = VisitSubject {
        r#box: &vector.r#box,
        visit: vector.visit,
    };
    let key = DataKey::from_bytes(from_hex(&vector.data_key).unwrap());
    let city = CityPrivateKey::from_bytes(from_hex(&vector.city_private).unwrap());
    let visitor: Visitor =
        serde_json::from_str(include_str!("../../samples/visitor.json")).unwrap();
    let nonce = from_hex(&vector.visitor_nonce).unwrap();
    let sealed = seal_visitor(&visitor, &key, nonce, subject).unwrap();
    assert_eq!(sealed, vector.visitor_sealed);
    let ephemeral = from_hex(&vector.ephemeral).unwrap();
    let wrapped = wrap_of_visit(&key, &city.public().unwrap(), ephemeral, subject).unwrap();
    assert_eq!(wrapped.wrapped, vector.visit_wrapped);
    assert!(unwrap_of_visit(&wrapped, &city, subject).unwrap() == key);
    assert!(unseal_visitor(&sealed, &key, subject).unwrap() == visitor);

    let other = VisitSubject {
        visit: 4,
        ..subject
    };
    assert!(unseal_visitor(&sealed, &key, other).is_err());
    assert!(unwrap_of_visit(&wrapped, &city, other).is_err());
    // A worker of the same number is somebody else.
    let worker = Subject {
        r#box: &vector.r#box,
        worker: vector.visit,
    };
    assert!(unseal(&sealed, &key, worker).is_err());
    assert!(unwrap(&wrapped, &city, worker).is_err());
}

#[test]
fn nothing_opens_for_another_subject_or_key() {
    let vector = vector();
    let subject = Subject {
        r#box: &vector.r#box,
        worker: vector.worker,
    };
    let key = DataKey::from_bytes(from_hex(&vector.data_key).unwrap());
    let city = CityPrivateKey::from_bytes(from_hex(&vector.city_private).unwrap());
    let wrapped = Wrap {
        key: vector.city_key_id,
        wrapped: vector.wrapped,
    };
    for other in [
        Subject {
            r#box: "box-other",
            ..subject
        },
        Subject {
            worker: 18,
            ..subject
        },
    ] {
        assert!(matches!(
            unseal(&vector.sealed, &key, other),
            Err(WireError::CannotUnseal)
        ));
        assert!(matches!(
            unwrap(&wrapped, &city, other),
            Err(WireError::CannotUnseal)
        ));
    }
    let wrong = DataKey::from_bytes([9; 32]);
    assert!(matches!(
        unseal(&vector.sealed, &wrong, subject),
        Err(WireError::CannotUnseal)
    ));
    let wrong = CityPrivateKey::from_bytes([9; 32]);
    assert!(matches!(
        unwrap(&wrapped, &wrong, subject),
        Err(WireError::CannotUnseal)
    ));
    for text in ["", "AAAA", "%%%"] {
        assert!(unseal(text, &key, subject).is_err());
        let short = Wrap {
            key: String::new(),
            wrapped: text.to_owned(),
        };
        assert!(unwrap(&short, &city, subject).is_err());
    }
}

#[test]
fn secrets_do_not_show() {
    let vector = vector();
    let shown = format!(
        "{:?} {:?} {:?}",
        person(),
        DataKey::from_bytes([7; 32]),
        CityPrivateKey::from_bytes([7; 32])
    );
    for secret in ["349901", "张", "139", "1990", "7, 7"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(!shown.contains(&vector.data_key));
}

proptest! {
    #[test]
    fn changed_text_never_opens(place in 0_usize..300, with in any::<u8>()) {
        let vector = vector();
        let subject = Subject { r#box: &vector.r#box, worker: vector.worker };
        let key = DataKey::from_bytes(from_hex(&vector.data_key).unwrap());
        let mut text = vector.sealed.clone().into_bytes();
        let place = place % text.len();
        prop_assume!(text[place] != with);
        text[place] = with;
        if let Ok(text) = String::from_utf8(text) {
            prop_assert!(unseal(&text, &key, subject).is_err());
        }
    }
}

#[test]
fn a_part_of_a_file_opens_at_its_place_only() {
    let key = DataKey::from_bytes([7; 32]);
    let subject = Subject {
        r#box: "box-demo",
        worker: 17,
    };
    let part = |digest, part| (subject, FilePart { digest, part });
    let sealed = seal_part(b"picture", &key, [1; 12], part("aa", 0)).unwrap();
    assert_eq!(
        unseal_part(&sealed, &key, part("aa", 0)).unwrap(),
        b"picture"
    );
    for other in [part("aa", 1), part("ab", 0)] {
        assert!(unseal_part(&sealed, &key, other).is_err());
    }
    let mut changed = sealed.clone();
    changed[13] ^= 1;
    assert!(unseal_part(&changed, &key, part("aa", 0)).is_err());
    assert!(unseal_part(&sealed[..5], &key, part("aa", 0)).is_err());
}
