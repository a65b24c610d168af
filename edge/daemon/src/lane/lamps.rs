//! What the devices of a lane mean for the clerk's lamps, and what the gate's own lamp shows.

use drivers_idcard::{ReaderEvent, SamStatus};
use drivers_link::LinkCause;
use drivers_turnstile::{Lamp, Signal, TurnstileEvent};
use edge_domain::{Direction, Tone};
use edge_web::{LampState, Remedy};

use crate::devices::Identity;
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
    ) -> impl Fn(LampState, Option<Remedy>, Option<Identity>) -> HealthNews {
        move |state, remedy, identity| {
            HealthNews::Device(DeviceNews {
                device: device.to_owned(),
                lane: Some(self.lane.clone()),
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
    let (state, remedy, identity) = reader_lamp(device, &AT_THE_LANE, event)?;
    Some(names.news_of(device)(state, remedy, identity))
}

/// What it means where a reader stands that it does not work.
#[derive(Debug)]
pub(crate) struct ReaderEffects {
    /// It reads nothing.
    pub(crate) dead: &'static str,
    /// It may read nothing.
    pub(crate) doubtful: &'static str,
    /// What the lamp says where another one answers.
    pub(crate) swapped: fn() -> Remedy,
}

const AT_THE_LANE: ReaderEffects = ReaderEffects {
    dead: "这个方向刷不了卡",
    doubtful: "这个方向可能刷不了卡",
    swapped: reader_swapped,
};

/// A lamp's state, what to do, and who answers.
type ReaderLamp = (LampState, Option<Remedy>, Option<Identity>);

/// The lamp of a reader after an event; `None` where it says nothing of the lamp.
pub(crate) fn reader_lamp(
    device: &str,
    effects: &ReaderEffects,
    event: &ReaderEvent,
) -> Option<ReaderLamp> {
    Some(match event {
        ReaderEvent::Online { sam_id } => {
            let identity = Identity::of(sam_id.to_string(), effects.swapped);
            (LampState::Ok, None, Some(identity))
        }
        ReaderEvent::Offline { cause, why } => {
            tracing::warn!(device, why, "Reader offline");
            let remedy = reader_offline(effects, *cause);
            (LampState::Offline, Some(remedy), None)
        }
        // Its `Online` follows, with the identity that the lamp is judged by.
        ReaderEvent::IdentityChanged { was, now } => {
            tracing::warn!(device, %was, %now, "Another reader answers");
            return None;
        }
        ReaderEvent::Fatal { status } => {
            let remedy = reader_fatal(effects, *status);
            (LampState::Fault, Some(remedy), None)
        }
        ReaderEvent::Senseless { status } => {
            tracing::warn!(device, ?status, "The reader makes no sense");
            let remedy = reader_senseless(effects, *status);
            (LampState::Fault, Some(remedy), None)
        }
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
            let identity = Identity {
                version: Some(format!("{major}.{minor}.{patch}")),
                ..Identity::of(facts.uid.to_string(), gate_swapped)
            };
            // A relay board has neither factory number nor version.
            news(LampState::Ok, None, (!names.relays).then_some(identity))
        }
        // Its `LinkBack` follows, with the identity that the lamp is judged by.
        TurnstileEvent::IdentityChanged {
            was,
            now,
            accepted: true,
        } => {
            tracing::warn!(device, %was, %now, "Another gate board answers");
            return None;
        }
        TurnstileEvent::IdentityChanged {
            was,
            now,
            accepted: false,
        } => {
            tracing::warn!(device, %was, %now, "A foreign gate board answers");
            news(LampState::Fault, Some(gate_foreign()), None)
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
        Tone::Pass | Tone::Wait | Tone::Evacuate | Tone::Idle => None,
    }
}

pub(crate) fn remedy(code: &str, cause: &str, effect: &str, advice: &str) -> Remedy {
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

fn reader_offline(effects: &ReaderEffects, cause: LinkCause) -> Remedy {
    let (trouble, advice) = link_words(cause);
    remedy(
        "E-RD-01",
        &format!("读卡器没有应答{trouble}"),
        effects.dead,
        advice,
    )
}

fn reader_swapped() -> Remedy {
    remedy(
        "E-RD-02",
        "换了一台读卡器，或两台读卡器的线插反了",
        "进出方向可能记反",
        "核对接线：插错了就换回来，自动恢复；确实换了新读卡器，就重启考勤盒，提示消失",
    )
}

fn reader_fatal(effects: &ReaderEffects, status: SamStatus) -> Remedy {
    remedy(
        "E-RD-03",
        &format!("读卡器的安全模块报错（{}）", status_words(status)),
        effects.dead,
        "给读卡器断电再通电；仍然报错请更换读卡器",
    )
}

fn reader_senseless(effects: &ReaderEffects, status: SamStatus) -> Remedy {
    remedy(
        "E-RD-04",
        &format!("读卡器有应答，但一直找不了卡（{}）", status_words(status)),
        effects.doubtful,
        "会一直重试，好了自动恢复；不恢复请给读卡器断电再通电，再不行请检查数据线或更换读卡器",
    )
}

/// A reader's word, with its code for the maker's hotline.
fn status_words(status: SamStatus) -> String {
    let words = match status {
        SamStatus::Ok => "应答不合所问",
        SamStatus::CardFound => "找到卡",
        SamStatus::HostChecksum => "收到的命令校验不对",
        SamStatus::HostLength => "收到的命令长度不对",
        SamStatus::BadCommand => "不认这条命令",
        SamStatus::OperationNotAuthorized => "没有操作权限",
        SamStatus::UnknownError => "未知错误",
        SamStatus::CardRefusedSam => "卡不认读卡器",
        SamStatus::SamRefusedCard => "读卡器不认卡",
        SamStatus::DataNotVerified => "卡内信息核对不上",
        SamStatus::WrongCard => "不支持的卡",
        SamStatus::ReadFailed => "读卡失败",
        SamStatus::RandomFailed => "卡没有给出随机数",
        SamStatus::SelfTestFailed => "自检未通过",
        SamStatus::SamNotAuthorized => "未授权",
        SamStatus::NoCard => "没有卡",
        SamStatus::SelectFailed => "选卡失败",
        SamStatus::NoSuchItem => "卡里没有这一项",
        SamStatus::Other(_) => "没有公布过的代码",
    };
    format!("{words}，代码 {:02X}", status.code())
}

fn gate_offline(cause: LinkCause) -> Remedy {
    let (trouble, advice) = link_words(cause);
    remedy(
        "E-GT-01",
        &format!("闸机控制板没有应答{trouble}"),
        "刷卡照常记录，但考勤盒开不了闸；控制板有电时自己放行出场，进场按断线规则",
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

fn gate_swapped() -> Remedy {
    remedy(
        "E-GT-02",
        "换了一块闸机控制板，或接线插到了别的通道",
        "通道照常工作，但开的可能是别的通道的闸机",
        "核对接线：插错了就换回来，自动恢复；确实换了新控制板，就重启考勤盒，提示消失",
    )
}

fn gate_foreign() -> Remedy {
    remedy(
        "E-GT-02",
        "接的不是配置里写的那块闸机控制板，接线可能插到了别的通道",
        "通道停用：刷卡照常记录，但考勤盒开不了闸",
        "核对接线；确实换了新控制板，就改配置里的 board，再重启考勤盒",
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
