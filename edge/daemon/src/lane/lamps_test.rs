//! What the clerk reads when a device is away.

use std::collections::BTreeSet;

use drivers_idcard::{ReaderEvent, SamId, SamStatus};
use drivers_link::LinkCause;
use drivers_turnstile::{BoardFacts, BoardUid, ResetCause, TurnstileEvent};
use edge_store::StoreError;
use edge_web::Remedy;

use crate::advice::{advice, refusal};
use crate::health::HealthNews;
use crate::lane::lamps::{DeviceNames, gate_news, reader_news};

const CAUSES: [LinkCause; 8] = [
    LinkCause::Missing,
    LinkCause::Held,
    LinkCause::NotPermitted,
    LinkCause::Silent,
    LinkCause::Unplugged,
    LinkCause::Broken,
    LinkCause::WrongDevice,
    LinkCause::Refused,
];

fn names() -> DeviceNames {
    DeviceNames {
        lane: "gate-1".to_owned(),
        readers: vec!["进".to_owned()],
        gate: Some("闸机".to_owned()),
        relays: false,
        cameras: Vec::new(),
    }
}

fn remedy_of(news: Option<HealthNews>) -> Option<Remedy> {
    match news? {
        HealthNews::Device(news) => news
            .remedy
            .or_else(|| news.identity.map(|identity| (identity.swapped)())),
        HealthNews::Ledger(_)
        | HealthNews::LedgerWrites
        | HealthNews::LedgerFails(_)
        | HealthNews::Trouble(..)
        | HealthNews::Photos(_) => None,
    }
}

/// Latin words that a clerk does read: keys of the settings, programs, and names of standards.
const KNOWN_WORDS: [&str; 5] = ["link", "board", "udev", "menwei", "verify"];

/// Neither a status nor a variant of the program's own may be seen. A reader's code has two
/// hexadecimal digits.
fn assert_chinese(text: &str) {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    for word in words.filter(|word| word.contains(|c: char| c.is_ascii_alphabetic())) {
        let code = word.len() == 2 && u8::from_str_radix(word, 16).is_ok();
        assert!(code || KNOWN_WORDS.contains(&word), "{word}: {text}");
    }
    assert!(!text.is_empty());
}

/// Whatever the lamps of readers and gates can say.
fn every_remedy() -> Vec<Remedy> {
    let why = || "the device was unplugged".to_owned();
    let (names, relays) = (
        names(),
        DeviceNames {
            relays: true,
            ..names()
        },
    );
    let mut told = Vec::new();
    for cause in CAUSES {
        let offline = ReaderEvent::Offline { cause, why: why() };
        told.push(reader_news(&names, 0, &offline));
        let lost = TurnstileEvent::LinkLost { cause, why: why() };
        told.extend([gate_news(&names, &lost), gate_news(&relays, &lost)]);
    }
    for status in (0..=u8::MAX).map(SamStatus::from_code) {
        told.push(reader_news(&names, 0, &ReaderEvent::Fatal { status }));
        told.push(reader_news(&names, 0, &ReaderEvent::Senseless { status }));
    }
    let sam_id = SamId::from_bytes([7; 16]);
    told.push(reader_news(&names, 0, &ReaderEvent::Online { sam_id }));
    let (was, now) = (BoardUid([1; 8]), BoardUid([2; 8]));
    let back = BoardFacts {
        uid: now,
        boot: 1,
        firmware: [1, 2, 3],
        reset_cause: ResetCause::PowerOn,
    };
    let foreign = TurnstileEvent::IdentityChanged {
        was,
        now,
        accepted: false,
    };
    told.push(gate_news(&names, &TurnstileEvent::LinkBack(back)));
    told.push(gate_news(&names, &foreign));
    for board in [None, Some(2)] {
        let version = TurnstileEvent::VersionMismatch { board, driver: 1 };
        told.push(gate_news(&names, &version));
    }
    told.into_iter().filter_map(remedy_of).collect()
}

#[test]
fn no_english_word_reaches_the_lamps() {
    let remedies = every_remedy();
    let codes: BTreeSet<_> = remedies.iter().map(|it| it.code.as_str()).collect();
    let all = [
        "E-GT-01", "E-GT-02", "E-GT-03", "E-GT-04", "E-RD-01", "E-RD-02", "E-RD-03", "E-RD-04",
    ];
    assert_eq!(codes, BTreeSet::from(all));
    for Remedy {
        cause,
        effect,
        advice,
        ..
    } in &remedies
    {
        for text in [cause, effect, advice] {
            assert_chinese(text);
        }
    }
    let held = TurnstileEvent::LinkLost {
        cause: LinkCause::Held,
        why: "busy".to_owned(),
    };
    let shown = remedy_of(gate_news(&names(), &held)).unwrap();
    assert_eq!(shown.cause, "闸机控制板没有应答（串口被别的程序占用）");
}

#[test]
fn no_english_word_reaches_the_screen_from_the_ledger() {
    let io = |code| std::io::Error::from_raw_os_error(code);
    let step = "append records";
    let errors = [
        StoreError::Damaged {
            what: "row 7 missing from index".to_owned(),
        },
        StoreError::DiskFull { step },
        StoreError::ReadOnly { step },
        StoreError::UnknownEpoch {
            epoch: "00112233aabbccdd".to_owned(),
        },
        StoreError::Overtaken,
        StoreError::Closed,
        StoreError::Random,
    ];
    for error in &errors {
        assert_chinese(&advice(error));
    }
    for code in 1..=133 {
        assert_chinese(&refusal(&io(code)));
    }
}

#[test]
fn a_readers_word_is_told_with_its_code() {
    for (code, words) in [
        (0x60, "（自检未通过，代码 60）"),
        (0x66, "（未授权，代码 66）"),
        (0x41, "（读卡失败，代码 41）"),
        (0xAB, "（没有公布过的代码，代码 AB）"),
    ] {
        let status = SamStatus::from_code(code);
        let fatal = remedy_of(reader_news(&names(), 0, &ReaderEvent::Fatal { status })).unwrap();
        assert!(fatal.cause.ends_with(words), "{}", fatal.cause);
        let other = ReaderEvent::Senseless { status };
        let other = remedy_of(reader_news(&names(), 0, &other)).unwrap();
        assert!(other.cause.ends_with(words), "{}", other.cause);
    }
}

#[test]
fn a_wrong_board_keeps_the_lamp_that_says_so() {
    let lost = TurnstileEvent::LinkLost {
        cause: LinkCause::WrongDevice,
        why: "another board answers".to_owned(),
    };
    assert!(gate_news(&names(), &lost).is_none());
}

#[test]
fn a_relay_board_promises_no_link_loss_rule() {
    let names = DeviceNames {
        relays: true,
        ..names()
    };
    let refused = TurnstileEvent::LinkLost {
        cause: LinkCause::Refused,
        why: "exception 2".to_owned(),
    };
    let Some(HealthNews::Device(news)) = gate_news(&names, &refused) else {
        panic!("no news");
    };
    let remedy = news.remedy.unwrap();
    assert_eq!(remedy.cause, "闸机的继电器板不工作（有应答，但拒绝执行）");
    assert!(remedy.effect.contains("应急按钮"), "{}", remedy.effect);
}
