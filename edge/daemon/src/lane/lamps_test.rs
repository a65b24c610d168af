//! What the clerk reads when a device is away.

use drivers_idcard::ReaderEvent;
use drivers_link::LinkCause;
use drivers_turnstile::TurnstileEvent;

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

fn cause_shown(news: Option<HealthNews>) -> Option<String> {
    match news? {
        HealthNews::Device(news) => news.remedy.map(|remedy| remedy.cause),
        HealthNews::Ledger(_)
        | HealthNews::LedgerWrites
        | HealthNews::LedgerFails(_)
        | HealthNews::Trouble(..) => None,
    }
}

#[test]
fn no_english_word_reaches_the_lamps() {
    let why = "the device was unplugged".to_owned();
    for cause in CAUSES {
        let event = ReaderEvent::Offline {
            cause,
            why: why.clone(),
        };
        let shown = cause_shown(reader_news(&names(), 0, &event)).unwrap();
        assert!(shown.starts_with("读卡器没有应答"), "{shown}");
        assert!(
            !shown.contains(|c: char| c.is_ascii_alphabetic()),
            "{shown}"
        );
    }
    let held = TurnstileEvent::LinkLost {
        cause: LinkCause::Held,
        why,
    };
    let shown = cause_shown(gate_news(&names(), &held)).unwrap();
    assert_eq!(shown, "闸机控制板没有应答（串口被别的程序占用）");
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
