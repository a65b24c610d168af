//! What the devices of a lane mean for the clerk's lamps, and what the gate's own lamp shows.

use drivers_idcard::{ReaderEvent, SamStatus};
use drivers_link::LinkCause;
use drivers_turnstile::{Lamp, Signal, TurnstileEvent};
use edge_domain::{Direction, Tone};
use edge_web::{LampState, Remedy};

use crate::health::{DeviceNews, HealthNews};

/// How long the gate's lamp shows a refusal, ms: long enough to be read in a queue.
const DENY_MS: u16 = 2_000;
const DENY_BUZZER_MS: u16 = 600;

/// The devices of a lane by the names that people use.
#[derive(Debug, Clone)]
pub(super) struct DeviceNames {
    pub(super) lane: String,
    pub(super) readers: Vec<String>,
    pub(super) gate: Option<String>,
    /// Whether the gate has only relays.
    pub(super) relays: bool,
    /// Each with the way that it looks.
    pub(super) cameras: Vec<(Direction, String)>,
}

impl DeviceNames {
    /// Makes the news of one of the lane's devices.
    pub(super) fn news_of(
        &self,
        device: &str,
    ) -> impl Fn(LampState, Option<Remedy>, Option<String>) -> HealthNews {
        move |state, remedy, identity| {
            HealthNews::Device(DeviceNews {
                device: device.to_owned(),
                lane: self.lane.clone(),
                state,
                remedy,
                identity,
            })
        }
    }
}

/// What a reader's event means for its lamp.
pub(super) fn reader_news(
    names: &DeviceNames,
    index: usize,
    event: &ReaderEvent,
) -> Option<HealthNews> {
    let device = names.readers.get(index)?;
    let news = names.news_of(device);
    Some(match event {
        ReaderEvent::Online { sam_id } => news(LampState::Ok, None, Some(sam_id.to_string())),
        ReaderEvent::Offline { cause, why } => {
            tracing::warn!(device, why, "Reader offline");
            news(LampState::Offline, Some(reader_offline(*cause)), None)
        }
        ReaderEvent::IdentityChanged { was, now } => {
            tracing::warn!(device, %was, %now, "Another reader answers");
            news(
                LampState::Fault,
                Some(reader_swapped()),
                Some(now.to_string()),
            )
        }
        ReaderEvent::Fatal { status } => news(LampState::Fault, Some(reader_fatal(*status)), None),
        ReaderEvent::Arriving
        | ReaderEvent::Card(_)
        | ReaderEvent::NewAddress { .. }
        | ReaderEvent::ReadFailed { .. }
        | ReaderEvent::Removed => return None,
    })
}

/// What a gate's event means for its lamp.
pub(super) fn gate_news(names: &DeviceNames, event: &TurnstileEvent) -> Option<HealthNews> {
    let device = names.gate.as_ref()?;
    let news = names.news_of(device);
    Some(match event {
        TurnstileEvent::LinkBack(facts) => {
            let [major, minor, patch] = facts.firmware;
            let identity = format!("{} {major}.{minor}.{patch}", facts.uid);
            // A relay board has neither factory number nor version.
            news(LampState::Ok, None, (!names.relays).then_some(identity))
        }
        TurnstileEvent::IdentityChanged { was, now, accepted } => {
            tracing::warn!(device, %was, %now, accepted, "Another gate board answers");
            news(
                LampState::Fault,
                Some(gate_swapped(*accepted)),
                Some(now.to_string()),
            )
        }
        TurnstileEvent::VersionMismatch { board, driver } => {
            news(LampState::Fault, Some(gate_version(*board, *driver)), None)
        }
        // Of a wrong board its own event said more.
        TurnstileEvent::LinkLost {
            cause: LinkCause::WrongDevice,
            ..
        }
        | TurnstileEvent::Restarted(_)
        | TurnstileEvent::EventsLost { .. }
        | TurnstileEvent::StateChanged { .. }
        | TurnstileEvent::Opened { .. }
        | TurnstileEvent::OpenRefused { .. }
        | TurnstileEvent::Reported(_) => return None,
        TurnstileEvent::LinkLost { cause, why } => {
            tracing::warn!(device, why, "Gate board offline");
            let remedy = if names.relays {
                relays_offline(*cause)
            } else {
                gate_offline(*cause)
            };
            news(LampState::Offline, Some(remedy), None)
        }
    })
}

/// What the gate's own lamp and buzzer say for a message on its screen.
pub(super) fn signal(tone: Tone) -> Option<Signal> {
    match tone {
        Tone::Deny => Some(Signal {
            lamp: Lamp::Red,
            lamp_ms: DENY_MS,
            buzzer_ms: DENY_BUZZER_MS,
        }),
        Tone::Retry => Some(Signal {
            lamp: Lamp::Red,
            lamp_ms: DENY_MS / 2,
            buzzer_ms: 0,
        }),
        Tone::Pass | Tone::Wait | Tone::Idle => None,
    }
}

pub(super) fn remedy(code: &str, cause: &str, effect: &str, advice: &str) -> Remedy {
    Remedy {
        code: code.to_owned(),
        cause: cause.to_owned(),
        effect: effect.to_owned(),
        advice: advice.to_owned(),
    }
}

/// What kind of trouble a link has, and what helps.
fn link_words(cause: LinkCause) -> (&'static str, &'static str) {
    match cause {
        LinkCause::Missing => (
            "（没插好，或串口服务器没开）",
            "检查电源和数据线，核对配置里的 link；插好后会自动恢复",
        ),
        LinkCause::Held => (
            "（串口被别的程序占用）",
            "关掉占用串口的程序，会自动恢复；查不到时请重启考勤盒",
        ),
        LinkCause::NotPermitted => (
            "（没有权限打开串口）",
            "联系运维检查串口的用户组和 udev 规则",
        ),
        LinkCause::Silent => ("", "检查电源、数据线和波特率；恢复后会自动继续"),
        LinkCause::Unplugged => ("（数据线被拔掉，或连接被断开）", "插好数据线，会自动恢复"),
        LinkCause::Refused => (
            "（有应答，但拒绝执行）",
            "按设备说明书核对配置里的地址和继电器、输入编号",
        ),
        LinkCause::WrongDevice => ("（接的不是这里的设备）", "核对接线"),
        LinkCause::Broken => (
            "（通信出错）",
            "检查数据线和接头，换一个接口再试；一直不恢复请联系运维",
        ),
    }
}

fn reader_offline(cause: LinkCause) -> Remedy {
    let (trouble, advice) = link_words(cause);
    remedy(
        "E-RD-01",
        &format!("读卡器没有应答{trouble}"),
        "这个方向刷不了卡",
        advice,
    )
}

fn reader_swapped() -> Remedy {
    remedy(
        "E-RD-02",
        "换了一台读卡器，或两台读卡器的线插反了",
        "进出方向可能记反",
        "核对接线；确认无误后可继续使用",
    )
}

fn reader_fatal(status: SamStatus) -> Remedy {
    remedy(
        "E-RD-03",
        &format!("读卡器的安全模块报错（{status:?}）"),
        "这个方向刷不了卡",
        "给读卡器断电再通电；仍然报错请更换读卡器",
    )
}

fn gate_offline(cause: LinkCause) -> Remedy {
    let (trouble, advice) = link_words(cause);
    remedy(
        "E-GT-01",
        &format!("闸机控制板没有应答{trouble}"),
        "刷卡照常记录，但闸机不会开；控制板按断线规则放行出场",
        advice,
    )
}

fn relays_offline(cause: LinkCause) -> Remedy {
    let (trouble, advice) = link_words(cause);
    remedy(
        "E-GT-04",
        &format!("闸机的继电器板不工作{trouble}"),
        "刷卡照常记录，但闸机不会开，通过也记不到；出场请用闸机的应急按钮",
        advice,
    )
}

fn gate_swapped(accepted: bool) -> Remedy {
    let effect = if accepted {
        "通道照常工作"
    } else {
        "通道停用"
    };
    remedy(
        "E-GT-02",
        "换了一块闸机控制板，或接线插到了别的通道",
        effect,
        "核对接线和控制板编号",
    )
}

fn gate_version(board: Option<u8>, driver: u8) -> Remedy {
    let board = board.map_or("未知".to_owned(), |major| major.to_string());
    remedy(
        "E-GT-03",
        &format!("闸机控制板的程序版本（{board}）与考勤盒（{driver}）不配"),
        "通道停用，控制板保持安全状态",
        "联系运维升级控制板或考勤盒",
    )
}
