//! Fire, silence of the box, and the cabinet.

use crate::rig::Rig;
use firmware_logic::RelayWiring;
use firmware_protocol::Direction::{In, Out};
use firmware_protocol::EventKind::{Fire, Intruded, LinkBack, LinkLost, Passed, Tamper};
use firmware_protocol::{
    GateState, Inputs, LinkLossPolicy, MAJOR, MINOR, Mode, OpenResult, Reply, Request, Settings,
    Signal,
};

fn both_open(rig: &Rig) -> bool {
    rig.open_in.is_on() && rig.open_out.is_on()
}

fn both_closed(rig: &Rig) -> bool {
    !rig.open_in.is_on() && !rig.open_out.is_on()
}

fn with_policy(link_loss: LinkLossPolicy) -> Settings {
    Settings {
        link_loss,
        ..Settings::default()
    }
}

#[test]
fn fire_frees_both_directions_whatever_the_mode() {
    for mode in [
        Mode::Controlled,
        Mode::Locked,
        Mode::FreeExit,
        Mode::FreeBoth,
    ] {
        let mut rig = Rig::greeted();
        rig.ask(&Request::SetMode(mode));
        rig.fire.set(true);
        rig.wait(20);
        assert!(both_open(&rig), "{mode:?}");
        assert_eq!(rig.poll(0).state, GateState::Fire);
        assert_eq!(rig.events(), [Fire { on: true }]);
        rig.wait(60_000);
        assert!(both_open(&rig), "until the alarm is reset");
    }
}

#[test]
fn contacts_that_chatter_are_no_fire_and_no_open_cabinet() {
    let mut rig = Rig::greeted();
    for step in 0..2_000_u32 {
        rig.fire.set(step % 3 == 0);
        rig.tamper.set(step % 4 == 0);
        rig.wait(3);
        assert!(both_closed(&rig), "step {step}");
    }
    rig.fire.set(false);
    rig.tamper.set(false);
    rig.wait(20);
    assert_eq!(rig.events(), []);
}

#[test]
fn fire_needs_no_box_and_ends_with_its_contact() {
    let mut rig = Rig::silent(with_policy(LinkLossPolicy::StayLocked));
    rig.fire.set(true);
    rig.wait_silently(20);
    assert!(both_open(&rig));
    rig.wait_silently(10_000);
    assert!(both_open(&rig));
    rig.fire.set(false);
    rig.wait_silently(20);
    assert!(rig.open_out.is_on() && !rig.open_in.is_on());
    rig.greet();
    assert_eq!(
        rig.events(),
        [Fire { on: true }, LinkLost, Fire { on: false }, LinkBack]
    );
}

#[test]
fn a_fire_pin_that_cannot_be_read_is_fire() {
    let mut rig = Rig::greeted();
    rig.fire.cut();
    rig.wait(20);
    assert!(both_open(&rig));
    assert_eq!(rig.events(), [Fire { on: true }]);
}

#[test]
fn in_a_fire_nothing_is_opened_and_all_are_counted() {
    let mut rig = Rig::greeted();
    rig.open(Out, 7);
    rig.fire.set(true);
    rig.wait(20);
    assert_eq!(rig.open(Out, 8), OpenResult::Fire);
    rig.walk("ibo.");
    rig.walk("ibo.");
    rig.walk("obi.");
    let expected = [
        Fire { on: true },
        Passed {
            direction: Out,
            token: Some(7),
        },
        Passed {
            direction: Out,
            token: None,
        },
        Passed {
            direction: In,
            token: None,
        },
    ];
    assert_eq!(rig.events(), expected);
}

#[test]
fn silence_of_the_box_follows_the_policy() {
    let cases = [
        (LinkLossPolicy::StayLocked, false, true),
        (LinkLossPolicy::FreeExit, false, true),
        (LinkLossPolicy::FreeBoth, true, true),
    ];
    for (link_loss, entry, exit) in cases {
        let mut rig = Rig::greeted();
        rig.ask(&Request::Configure(with_policy(link_loss)));
        rig.wait(10_000);
        assert!(both_closed(&rig), "no silence yet");
        rig.wait_silently(2990);
        assert!(both_closed(&rig), "{link_loss:?}");
        rig.wait_silently(20);
        assert_eq!(
            (rig.open_in.is_on(), rig.open_out.is_on()),
            (entry, exit),
            "{link_loss:?}"
        );
        rig.wait(50);
        assert!(both_closed(&rig));
        assert_eq!(rig.events(), [LinkLost, LinkBack]);
    }
}

#[test]
fn a_box_that_never_speaks_is_lost_just_so() {
    let mut rig = Rig::silent(Settings::default());
    rig.wait_silently(2999);
    assert!(both_closed(&rig));
    rig.wait_silently(1);
    assert!(rig.open_out.is_on() && !rig.open_in.is_on());
}

#[test]
fn hello_and_refused_requests_do_not_keep_the_link() {
    let mut rig = Rig::silent(Settings::default());
    for _ in 0..100 {
        rig.ask(&Request::Poll {
            session: crate::rig::SESSION,
            ack: 0,
        });
        rig.ask(&Request::Hello {
            major: MAJOR + 1,
            minor: MINOR,
        });
        rig.wait_silently(30);
    }
    assert!(rig.open_out.is_on(), "a box of another version is no box");
    let mut rig = Rig::greeted();
    for _ in 0..100 {
        rig.greet();
        rig.ask(&Request::Poll {
            session: 99,
            ack: 0,
        });
        rig.wait_silently(30);
    }
    assert!(rig.open_out.is_on());
}

#[test]
fn a_lock_is_not_undone_by_silence_but_the_exit_is_freed() {
    let mut rig = Rig::greeted();
    rig.ask(&Request::Configure(with_policy(LinkLossPolicy::FreeBoth)));
    rig.ask(&Request::SetMode(Mode::Locked));
    rig.wait_silently(3000);
    assert!(rig.open_out.is_on() && !rig.open_in.is_on());
}

#[test]
fn one_who_leaves_while_the_box_is_silent_is_counted_later() {
    let mut rig = Rig::greeted();
    rig.wait_silently(3000);
    for (outer, inner) in [(false, true), (true, true), (true, false), (false, false)] {
        rig.outer.set(outer);
        rig.inner.set(inner);
        rig.wait_silently(100);
    }
    let expected = [
        LinkLost,
        Passed {
            direction: Out,
            token: None,
        },
        LinkBack,
    ];
    assert_eq!(rig.events(), expected);
}

#[test]
fn the_cabinet_alarm_stands_until_the_box_has_it_and_the_cabinet_is_shut() {
    let mut rig = Rig::greeted();
    rig.tamper.set(true);
    rig.wait_silently(20);
    rig.tamper.set(false);
    rig.wait_silently(1000);
    assert!(rig.buzzer.is_on(), "a short opening is not forgotten");
    let status = rig.poll(0);
    assert!(status.inputs.has(Inputs::TAMPER_LATCHED) && !status.inputs.has(Inputs::TAMPER));
    assert_eq!(status.events.len(), 1);
    assert_eq!(rig.events(), [Tamper { on: true }]);
    rig.wait(100);
    assert_eq!(rig.events(), [Tamper { on: false }]);
    assert!(!rig.buzzer.is_on());
}

#[test]
fn a_cabinet_alarm_that_found_no_room_is_told_again() {
    let mut rig = Rig::greeted();
    rig.tamper.set(true);
    rig.wait_silently(20);
    rig.tamper.set(false);
    for _ in 0..20 {
        for on in [true, false] {
            rig.fire.set(on);
            rig.wait_silently(20);
        }
    }
    assert!(rig.buzzer.is_on());
    rig.wait(1000);
    let mut told = rig.events();
    told.retain(|kind| matches!(kind, Tamper { .. }));
    assert_eq!(told, [Tamper { on: true }, Tamper { on: false }]);
}

#[test]
fn an_open_cabinet_keeps_the_alarm_although_the_box_has_it() {
    let mut rig = Rig::greeted();
    rig.tamper.set(true);
    rig.wait(1000);
    assert_eq!(rig.events(), [Tamper { on: true }]);
    assert!(rig.buzzer.is_on());
    rig.tamper.set(false);
    rig.wait(100);
    assert_eq!(rig.events(), [Tamper { on: false }]);
}

#[test]
fn a_fail_safe_relay_is_inverted_and_nothing_else() {
    let mut rig = Rig::wired(Settings::default(), RelayWiring::ReleasedOpens);
    assert!(
        rig.open_in.is_on() && rig.open_out.is_on(),
        "pulled is closed"
    );
    assert!(rig.red.is_on());
    rig.greet();
    rig.open(In, 7);
    assert!(!rig.open_in.is_on() && rig.open_out.is_on());
    rig.fire.set(true);
    rig.wait(20);
    assert!(!rig.open_in.is_on() && !rig.open_out.is_on());
}

#[test]
fn a_signal_moves_no_arm() {
    let mut rig = Rig::greeted();
    let signal = Signal {
        lamp: firmware_protocol::Lamp::Green,
        lamp_ms: 500,
        buzzer_ms: 200,
    };
    assert_eq!(rig.ask(&Request::Signal(signal)), Some(Reply::Done));
    assert!(rig.green.is_on() && !rig.red.is_on() && rig.buzzer.is_on());
    assert!(both_closed(&rig));
    rig.wait(200);
    assert!(!rig.buzzer.is_on());
    rig.wait(300);
    assert!(!rig.green.is_on() && rig.red.is_on());
    rig.walk("obi.");
    assert_eq!(rig.events(), [Intruded { direction: In }]);
}

#[test]
fn the_watchdog_is_fed_once_per_loop_and_last() {
    let mut rig = Rig::greeted();
    rig.wait(100);
    rig.log.borrow_mut().clear();
    rig.open(In, 7);
    rig.poll(0);
    assert!(
        !rig.log.borrow().iter().any(|it| it == "fed"),
        "the line does not feed it"
    );
    rig.fire.set(true);
    rig.wait_silently(11);
    let log = rig.log.borrow();
    assert_eq!(log.iter().filter(|it| *it == "fed").count(), 11);
    assert_eq!(log.last().map(String::as_str), Some("fed"));
    let opened = log.iter().position(|it| it == "open_out=true").unwrap();
    assert_eq!(
        opened,
        log.len() - 3,
        "the last loop drove relay and buzzer before it fed"
    );
}
