//! What the gate's screen shows and says.

use std::collections::BTreeSet;

use crate::denial::{Denial, Flag};
use crate::ids::{Direction, WorkerId};
use crate::person::PersonName;
use crate::time::site_datetime;

/// One message on the gate's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Display {
    /// Go ahead. Only ever after the record is durable, or in a counted emergency.
    Granted {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
        /// Who, where he is on the roster.
        worker: Option<WorkerId>,
        /// When his visit is over, Unix ms; of a visitor only.
        visit_until_ms: Option<i64>,
        /// Which way.
        direction: Direction,
        /// Wall time, Unix ms.
        at_ms: i64,
        /// What the worker should take care of.
        flags: Vec<Flag>,
        /// On the way out: what would have refused an entry.
        despite: Option<Denial>,
    },
    /// Refused: why and what to do.
    Denied {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
        /// Why.
        denial: Denial,
    },
    /// The same card again: nothing more happens.
    Repeated {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
    },
    /// The camera looks for the card's holder.
    LookAtCamera {
        /// Name on the roster.
        name: Option<PersonName>,
        /// Whether this is the second try.
        again: bool,
    },
    /// Granted, and somebody else is still passing.
    Wait {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
    },
    /// Granted, but too late: the opening is given up.
    WaitedTooLong {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
        /// Which way.
        direction: Direction,
        /// What took so long.
        cause: Delay,
    },
    /// Opened by hand.
    Overridden {
        /// Which way.
        direction: Direction,
    },
    /// The gate did not open although granted.
    GateFault,
    /// Fire input active: everybody out.
    Fire,
    /// Nothing to show.
    Idle,
}

/// What kept somebody waiting for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// Whoever was before.
    Passage,
    /// The box itself.
    Box,
}

/// Color and sign of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Green, ✔.
    Pass,
    /// Red, ✖.
    Deny,
    /// Amber, ↻.
    Retry,
    /// Slate: wait.
    Wait,
    /// Everybody out: stands until it is over.
    Evacuate,
    /// Nothing.
    Idle,
}

/// The words of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Color and sign.
    pub tone: Tone,
    /// Whom it speaks to, in clear; empty where it names nobody. A refusal names nobody: the queue
    /// reads along.
    pub name: String,
    /// Large line.
    pub title: String,
    /// Small line; may be empty.
    pub detail: String,
    /// Spoken line; empty for silence.
    pub voice: &'static str,
}

impl Tone {
    /// How long a message stands unless the next one comes first, ms; `None` until it is taken back.
    /// A result makes room soon, so that it holds up no queue; a wait stands until its result.
    pub fn hold_ms(self) -> Option<u64> {
        match self {
            Self::Pass | Self::Deny | Self::Retry => Some(2_500),
            Self::Wait => Some(10_000),
            Self::Idle => Some(0),
            Self::Evacuate => None,
        }
    }
}

impl Display {
    /// The name it speaks to.
    pub fn name(&self) -> Option<&PersonName> {
        match self {
            Self::Granted { name, .. }
            | Self::Denied { name, .. }
            | Self::Repeated { name }
            | Self::LookAtCamera { name, .. }
            | Self::Wait { name }
            | Self::WaitedTooLong { name, .. } => name.as_ref(),
            Self::Overridden { .. } | Self::GateFault | Self::Fire | Self::Idle => None,
        }
    }

    /// The Chinese words. Contains a name in clear: for the gate's own screen only.
    pub fn screen(&self) -> Screen {
        let (tone, title, voice) = self.headline();
        let is_refusal = matches!(self, Self::Denied { .. });
        let named = self.name().filter(|_| !is_refusal);
        Screen {
            tone,
            name: named.map_or_else(String::new, |name| name.reveal().to_owned()),
            title: title.to_owned(),
            detail: self.detail(),
            voice,
        }
    }

    /// Color, large line, spoken line.
    fn headline(&self) -> (Tone, &'static str, &'static str) {
        match self {
            Self::Granted { .. } | Self::Overridden { .. } => (Tone::Pass, "请通行", "请通行"),
            Self::Denied { denial, .. } => (denied_tone(*denial), denial.reason(), denial.voice()),
            Self::Repeated { .. } => (Tone::Retry, "请勿重复刷卡", "重复刷卡"),
            Self::LookAtCamera { again: false, .. } => (Tone::Wait, "请看镜头", "请看镜头"),
            Self::LookAtCamera { again: true, .. } => {
                (Tone::Wait, "请再看一次镜头", "请再看一次镜头")
            }
            Self::Wait { .. } => (Tone::Wait, "请稍候", "请稍候"),
            Self::WaitedTooLong { .. } => (Tone::Retry, "请重新刷卡", "请重新刷卡"),
            Self::GateFault => (Tone::Wait, "闸机未打开", "请找门卫"),
            Self::Fire => (Tone::Evacuate, "消防疏散", "请尽快离开"),
            Self::Idle => (Tone::Idle, "", ""),
        }
    }

    /// The small line.
    fn detail(&self) -> String {
        match self {
            Self::Granted {
                direction,
                at_ms,
                flags,
                visit_until_ms,
                ..
            } => match visit_until_ms {
                Some(until_ms) => visitor_detail(*direction, *at_ms, *until_ms),
                None => granted_detail(*direction, *at_ms, flags),
            },
            Self::Denied { denial, .. } => denial.next_step().to_owned(),
            Self::LookAtCamera { again: true, .. } => "请摘下口罩，正对镜头".to_owned(),
            Self::Wait { .. } => "前面的人还在通过".to_owned(),
            Self::WaitedTooLong {
                direction, cause, ..
            } => format!(
                "{}，{}请再刷一次",
                match cause {
                    Delay::Passage => "前面的人还没有通过",
                    Delay::Box => "设备刚才反应太慢",
                },
                direction.text()
            ),
            Self::Overridden { direction } => format!("{} · 门卫放行", direction.text()),
            Self::GateFault => "请找门卫".to_owned(),
            Self::Fire => "闸机已全部打开，请尽快离开".to_owned(),
            Self::Repeated { .. } | Self::LookAtCamera { .. } | Self::Idle => String::new(),
        }
    }
}

/// Every line that a gate says, whoever it speaks to: they can be made ready before the first is needed.
pub fn spoken_lines() -> BTreeSet<&'static str> {
    let denied = Denial::ALL
        .into_iter()
        .map(|denial| Display::Denied { name: None, denial });
    let others = [
        Display::Overridden {
            direction: Direction::In,
        },
        Display::Repeated { name: None },
        Display::LookAtCamera {
            name: None,
            again: false,
        },
        Display::LookAtCamera {
            name: None,
            again: true,
        },
        Display::Wait { name: None },
        Display::WaitedTooLong {
            name: None,
            direction: Direction::In,
            cause: Delay::Passage,
        },
        Display::GateFault,
        Display::Fire,
    ];
    let lines = denied.chain(others).map(|display| display.screen().voice);
    lines.filter(|line| !line.is_empty()).collect()
}

fn denied_tone(denial: Denial) -> Tone {
    if matches!(denial, Denial::UnreadableCard | Denial::LaneBusy) {
        Tone::Retry
    } else {
        Tone::Deny
    }
}

/// `进场 07:02`, and what the worker should take care of.
fn granted_detail(direction: Direction, at_ms: i64, flags: &[Flag]) -> String {
    let time = site_datetime(at_ms).time();
    let mut detail = format!(
        "{} {:02}:{:02}",
        direction.text(),
        time.hour(),
        time.minute()
    );
    for flag in flags.iter().filter(|flag| concerns_worker(**flag)) {
        detail.push_str(" · ");
        detail.push_str(flag.text());
    }
    detail
}

/// `访客 · 进场 07:02 · 18:00 前离场`; the day, too, where it is another one.
fn visitor_detail(direction: Direction, at_ms: i64, until_ms: i64) -> String {
    let (now, until) = (site_datetime(at_ms), site_datetime(until_ms));
    let told = format!("访客 · {}", granted_detail(direction, at_ms, &[]));
    if direction == Direction::Out {
        return told;
    }
    let day = if now.date() == until.date() {
        String::new()
    } else {
        format!("{}月{}日 ", until.month(), until.day())
    };
    format!(
        "{told} · {day}{:02}:{:02} 前离场",
        until.hour(),
        until.minute()
    )
}

/// Flags that the worker can act on; the others are for the clerk only.
fn concerns_worker(flag: Flag) -> bool {
    matches!(
        flag,
        Flag::Warned(
            Denial::TrainingMissing
                | Denial::ContractMissing
                | Denial::ContractEnded
                | Denial::DocumentExpired
                | Denial::CertificateMissing
                | Denial::CertificateEnded
                | Denial::HealthCertificate
        )
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> Option<PersonName> {
        PersonName::parse("张三").ok()
    }

    #[test]
    fn granted_greets_and_names_the_time() {
        let display = Display::Granted {
            name: name(),
            worker: None,
            visit_until_ms: None,
            direction: Direction::In,
            at_ms: 1_795_302_130_000,
            flags: vec![Flag::Warned(Denial::ContractMissing), Flag::NameDiffers],
            despite: None,
        };
        let screen = display.screen();
        assert_eq!(
            (screen.tone, screen.name.as_str(), screen.title.as_str()),
            (Tone::Pass, "张三", "请通行")
        );
        assert_eq!(screen.detail, "进场 07:02 · 未签劳动合同");
        assert!(!format!("{display:?}").contains("张三"));
    }

    #[test]
    fn denied_says_what_to_do() {
        let screen = Display::Denied {
            name: name(),
            denial: Denial::TrainingMissing,
        }
        .screen();
        assert_eq!(
            (screen.title.as_str(), screen.detail.as_str()),
            ("未完成三级教育", "请到安全部")
        );
        assert_eq!(screen.tone, Tone::Deny);
        assert_eq!(screen.name, "", "the queue reads along");
    }

    #[test]
    fn what_is_said_is_known_before() {
        let lines = spoken_lines();
        let granted = Display::Granted {
            name: name(),
            worker: None,
            visit_until_ms: None,
            direction: Direction::Out,
            at_ms: 0,
            flags: Vec::new(),
            despite: None,
        };
        assert!(lines.contains(granted.screen().voice));
        assert!(lines.contains("请尽快离开") && lines.contains(Denial::NotOnRoster.voice()));
        assert!(!lines.contains(""));
        assert!(
            lines.iter().all(|line| line.chars().count() <= 16),
            "{lines:?}"
        );
    }

    #[test]
    fn a_result_makes_room_for_the_next_and_an_evacuation_stands() {
        for tone in [Tone::Pass, Tone::Deny, Tone::Retry] {
            assert!(matches!(tone.hold_ms(), Some(1_500..=2_500)), "{tone:?}");
        }
        assert_eq!(Display::Fire.screen().tone.hold_ms(), None);
    }
}
