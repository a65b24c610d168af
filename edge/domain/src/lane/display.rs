//! What the gate's screen shows and says.

use crate::denial::{Denial, Flag};
use crate::ids::Direction;
use crate::person::PersonName;
use crate::time::site_datetime;

/// One message on the gate's screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Display {
    /// Go ahead. Only ever after the record is durable, or in a counted emergency.
    Granted {
        /// Name on the roster or on the card.
        name: Option<PersonName>,
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
    /// Nothing.
    Idle,
}

/// The words of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screen {
    /// Color and sign.
    pub tone: Tone,
    /// Large line.
    pub title: String,
    /// Small line; may be empty.
    pub detail: String,
    /// Spoken line; empty for silence.
    pub voice: &'static str,
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
        let named = |words: &str| match self.name() {
            Some(name) => format!("{} {words}", name.reveal()),
            None => words.to_owned(),
        };
        match self {
            Self::Granted {
                direction,
                at_ms,
                flags,
                ..
            } => Screen {
                tone: Tone::Pass,
                title: named("请通行"),
                detail: granted_detail(*direction, *at_ms, flags),
                voice: "请通行",
            },
            Self::Denied { denial, .. } => Screen {
                tone: denied_tone(*denial),
                title: denial.reason().to_owned(),
                detail: denial.next_step().to_owned(),
                voice: denial.voice(),
            },
            Self::Repeated { .. } => line(Tone::Retry, named("请勿重复刷卡"), "重复刷卡"),
            Self::LookAtCamera { again: false, .. } => {
                line(Tone::Wait, named("请看镜头"), "请看镜头")
            }
            Self::LookAtCamera { again: true, .. } => Screen {
                tone: Tone::Wait,
                title: named("请再看一次镜头"),
                detail: "请摘下口罩，正对镜头".to_owned(),
                voice: "请再看一次镜头",
            },
            Self::Wait { .. } => line(Tone::Wait, named("请稍候"), "请稍候"),
            Self::WaitedTooLong {
                direction, cause, ..
            } => Screen {
                tone: Tone::Retry,
                title: named("请重新刷卡"),
                detail: format!(
                    "{}，{}请再刷一次",
                    match cause {
                        Delay::Passage => "前面的人还没有通过",
                        Delay::Box => "设备刚才反应太慢",
                    },
                    direction.text()
                ),
                voice: "请重新刷卡",
            },
            Self::Overridden { .. } => line(Tone::Pass, named("请通行"), "请通行"),
            Self::GateFault => Screen {
                tone: Tone::Wait,
                title: "闸机未打开".to_owned(),
                detail: "请找门卫".to_owned(),
                voice: "请找门卫",
            },
            Self::Fire => Screen {
                tone: Tone::Pass,
                title: "消防疏散".to_owned(),
                detail: "闸机已全部打开，请尽快离开".to_owned(),
                voice: "请尽快离开",
            },
            Self::Idle => line(Tone::Idle, String::new(), ""),
        }
    }
}

fn line(tone: Tone, title: String, voice: &'static str) -> Screen {
    Screen {
        tone,
        title,
        detail: String::new(),
        voice,
    }
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

/// Flags that the worker can act on; the others are for the clerk only.
fn concerns_worker(flag: Flag) -> bool {
    matches!(
        flag,
        Flag::Warned(
            Denial::TrainingMissing
                | Denial::ContractMissing
                | Denial::ContractEnded
                | Denial::DocumentExpired
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
            direction: Direction::In,
            at_ms: 1_795_302_130_000,
            flags: vec![Flag::Warned(Denial::ContractMissing), Flag::NameDiffers],
            despite: None,
        };
        let screen = display.screen();
        assert_eq!(
            (screen.tone, screen.title.as_str()),
            (Tone::Pass, "张三 请通行")
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
    }
}
