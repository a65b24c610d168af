//! Chinese words for what records say.

use sync_wire::record::{
    ClockChange, DeviceState, Direction, EpochReason, GapCause, GateEvent, Outcome,
    PresentationResult,
};
use sync_wire::Kind;

/// How a row is colored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// Somebody was refused, something broke.
    Bad,
    /// Worth a look.
    Warn,
    /// Nothing special.
    Plain,
}

impl Tone {
    /// Its word in the style sheet.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Warn => "warn",
            Self::Plain => "plain",
        }
    }
}

/// What a row says of a record.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Words {
    pub(crate) kind: &'static str,
    pub(crate) lane: String,
    pub(crate) direction: &'static str,
    pub(crate) result: String,
    pub(crate) reason: String,
    pub(crate) tone: Option<Tone>,
    pub(crate) worker: Option<u32>,
}

/// The words of a record.
pub(crate) fn describe(kind: &Kind) -> Words {
    at_the_lane(kind)
        .or_else(|| of_the_box(kind))
        .or_else(|| of_people(kind))
        .unwrap_or(Words { kind: "其他记录", ..Words::default() })
}

fn at_the_lane(kind: &Kind) -> Option<Words> {
    let words = if let Kind::Presentation(one) = kind {
        let (result, tone) = match one.result {
            PresentationResult::Granted if one.reason.is_some() || !one.flags.is_empty() => {
                ("放行（有提示）", Tone::Warn)
            }
            PresentationResult::Granted => ("放行", Tone::Good),
            PresentationResult::Denied => ("拒绝", Tone::Bad),
            PresentationResult::Repeated => ("重复刷卡", Tone::Plain),
        };
        let codes = one.reason.iter().chain(&one.flags);
        Words {
            kind: way(&one.by),
            lane: one.lane.clone(),
            direction: towards(one.direction),
            result: result.to_owned(),
            reason: codes.map(|code| reason(code)).collect::<Vec<_>>().join("、"),
            tone: Some(tone),
            worker: one.worker,
        }
    } else if let Kind::Passage(one) = kind {
        let (result, tone) = match one.outcome {
            Outcome::Passed => ("已通过", Tone::Good),
            Outcome::TimedOut => ("未通过（超时）", Tone::Plain),
            Outcome::Tailgated => ("尾随", Tone::Bad),
            Outcome::Reversed => ("中途返回", Tone::Plain),
            Outcome::Intruded => ("闯入", Tone::Bad),
        };
        Words {
            kind: "通行",
            lane: one.lane.clone(),
            direction: towards(one.direction),
            result: result.to_owned(),
            tone: Some(tone),
            worker: one.worker,
            ..Words::default()
        }
    } else if let Kind::Gate(one) = kind {
        let (result, tone) = gate(one.event);
        Words {
            kind: "闸机",
            lane: one.lane.clone(),
            result: result.to_owned(),
            tone: Some(tone),
            ..Words::default()
        }
    } else if let Kind::Override(one) = kind {
        Words {
            kind: "人工放行",
            lane: one.lane.clone(),
            direction: towards(one.direction),
            result: "一键开闸".to_owned(),
            reason: one.reason.clone(),
            tone: Some(Tone::Warn),
            ..Words::default()
        }
    } else if let Kind::Emergency(one) = kind {
        Words {
            kind: "应急放行",
            lane: one.lane.clone(),
            direction: towards(one.direction),
            result: format!("{} 次", one.openings),
            tone: Some(Tone::Bad),
            ..Words::default()
        }
    } else {
        return None;
    };
    Some(words)
}

fn of_the_box(kind: &Kind) -> Option<Words> {
    let (kind, result, tone) = if let Kind::EpochBegan(one) = kind {
        let why = match one.reason {
            EpochReason::FirstStart => ("首次启用", Tone::Plain),
            EpochReason::Restored => ("从备份恢复", Tone::Warn),
            EpochReason::Damaged => ("数据文件损坏后重建", Tone::Bad),
            EpochReason::Forked => ("与平台不一致，另起编号", Tone::Bad),
        };
        ("新编号段", why.0.to_owned(), why.1)
    } else if let Kind::Started(one) = kind {
        ("盒子启动", format!("版本 {}", one.software), Tone::Plain)
    } else if let Kind::Device(one) = kind {
        let (text, tone) = match one.state {
            DeviceState::Online => ("上线", Tone::Good),
            DeviceState::Offline => ("离线", Tone::Bad),
            DeviceState::Fault => ("故障", Tone::Bad),
        };
        ("设备", format!("{} {text}", one.device), tone)
    } else if let Kind::Clock(one) = kind {
        let (text, tone) = match one.change {
            ClockChange::Synced => ("已校时", Tone::Good),
            ClockChange::Jumped => ("时间跳变", Tone::Warn),
            ClockChange::Unset => ("时间不可信", Tone::Bad),
        };
        ("时钟", text.to_owned(), tone)
    } else if let Kind::Gap(one) = kind {
        let text = match one.cause {
            GapCause::PoweredOff => "断电期间无记录",
            GapCause::Suspended => "停工",
        };
        ("无记录时段", text.to_owned(), Tone::Warn)
    } else if let Kind::RosterApplied(one) = kind {
        ("花名册生效", format!("第 {} 版", one.version), Tone::Plain)
    } else {
        return None;
    };
    Some(Words { kind, result, tone: Some(tone), ..Words::default() })
}

fn of_people(kind: &Kind) -> Option<Words> {
    let (kind, result, worker) = if let Kind::Worker(one) = kind {
        ("人员", "登记或变更".to_owned(), Some(one.worker))
    } else if let Kind::Entry(one) = kind {
        ("进场", format!("{} 起", one.on), Some(one.worker))
    } else if let Kind::Exit(one) = kind {
        ("退场", one.on.clone(), Some(one.worker))
    } else if let Kind::Contract(one) = kind {
        ("劳动合同", format!("{} 签订", one.signed_on), Some(one.worker))
    } else if let Kind::Training(one) = kind {
        ("培训", format!("{} {} 学时", one.on, one.hours), Some(one.worker))
    } else if let Kind::HealthCertificate(one) = kind {
        ("健康证明", format!("有效期至 {}", one.until), Some(one.worker))
    } else if let Kind::Blacklist(one) = kind {
        let text = if one.listed { "列入" } else { "移出" };
        ("禁止进场名单", text.to_owned(), Some(one.worker))
    } else if let Kind::Project(one) = kind {
        ("项目", one.name.clone(), None)
    } else if let Kind::Employer(one) = kind {
        ("参建单位", one.name.clone(), None)
    } else if let Kind::Team(one) = kind {
        ("班组", one.name.clone(), None)
    } else {
        return None;
    };
    Some(Words { kind, result, worker, ..Words::default() })
}

fn gate(event: GateEvent) -> (&'static str, Tone) {
    match event {
        GateEvent::Held => ("通道被占", Tone::Warn),
        GateEvent::HeldCleared => ("占用解除", Tone::Plain),
        GateEvent::TamperOn => ("机箱被打开", Tone::Bad),
        GateEvent::TamperOff => ("机箱已关闭", Tone::Plain),
        GateEvent::FireOn => ("消防联动，闸机全开", Tone::Bad),
        GateEvent::FireOff => ("消防联动解除", Tone::Plain),
        GateEvent::BoardRestarted => ("控制板重启", Tone::Warn),
        GateEvent::EventsLost => ("控制板事件丢失", Tone::Bad),
        GateEvent::LinkLost => ("控制板失联", Tone::Bad),
        GateEvent::LinkBack => ("控制板恢复", Tone::Good),
        GateEvent::OpenRefused => ("控制板拒绝开闸", Tone::Warn),
    }
}

fn towards(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "进",
        Direction::Out => "出",
    }
}

/// The national code table attendType, as far as a gate uses it.
fn way(code: &str) -> &'static str {
    match code {
        "001" => "刷脸",
        "005" => "刷身份证",
        "006" => "刷实名卡",
        "008" => "人工放行",
        "009" => "应急通道",
        _ => "验证",
    }
}

/// The reasons and flags that a box may give; one that is newer than this city stands as it is.
fn reason(code: &str) -> String {
    let text = match code {
        "unreadable_card" => "读卡失败",
        "invalid_document" => "证件信息有误",
        "not_on_roster" => "未登记",
        "blacklisted" => "禁止进场",
        "under_sixteen" => "未满16周岁",
        "not_entered" => "未办理进场",
        "left_site" => "已退场",
        "age_refused" => "年龄不符合岗位要求",
        "health_certificate" => "缺一年内健康证明",
        "training_missing" => "未完成三级教育",
        "contract_missing" => "未签劳动合同",
        "contract_ended" => "劳动合同已到期",
        "document_expired" => "身份证件已过期",
        "anti_passback" => "进出记录不符",
        "lane_busy" => "前面有人",
        "ledger_fault" => "设备无法记录",
        "clock_unset" => "时钟未校准",
        "name_differs" => "姓名与花名册不一致",
        other => other,
    };
    text.to_owned()
}
