//! Chinese words for what records say.

use sync_wire::Kind;
use sync_wire::codes::{AUDIT_ACTS, CORRECTION_REASONS, name_of};
use sync_wire::record::{
    Audit, ClockChange, Correction, Device, DeviceState, Direction, EpochReason, GapCause,
    GateEvent, Outcome, Passage, PaymentResult, Presentation, PresentationResult, WageBasis,
    WageStep,
};

use crate::clock;

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
    match kind {
        Kind::Presentation(one) => presentation(one),
        Kind::Passage(one) => passage(one),
        Kind::Gate(one) => {
            let (result, tone) = gate(one.event);
            Words {
                lane: one.lane.clone(),
                ..plain("闸机", result)
            }
            .toned(tone)
        }
        Kind::Override(one) => Words {
            lane: one.lane.clone(),
            direction: towards(one.direction),
            reason: one.reason.clone(),
            ..plain("人工放行", "一键开闸")
        }
        .toned(Tone::Warn),
        Kind::Emergency(one) => Words {
            lane: one.lane.clone(),
            direction: towards(one.direction),
            ..plain("应急放行", &format!("{} 次", one.openings))
        }
        .toned(Tone::Bad),
        Kind::EpochBegan(one) => epoch_began(one.reason),
        Kind::Started(one) => plain("盒子启动", &format!("版本 {}", one.software)),
        Kind::Device(one) => device(one),
        Kind::Clock(one) => clock_words(one.change),
        Kind::Gap(one) => match one.cause {
            GapCause::PoweredOff => plain("无记录时段", "断电期间无记录"),
            GapCause::Suspended => plain("无记录时段", "停工"),
        }
        .toned(Tone::Warn),
        Kind::Project(one) => plain("项目", &one.name),
        Kind::Employer(one) => plain("参建单位", &one.name),
        Kind::Team(one) => plain("班组", &one.name),
        Kind::Worker(one) => plain("人员", "登记或变更").of(one.worker),
        Kind::Entry(one) => plain("进场", &format!("{} 起", one.on)).of(one.worker),
        Kind::Exit(one) => plain("退场", &one.on).of(one.worker),
        Kind::Contract(one) => plain("劳动合同", &format!("{} 签订", one.signed_on)).of(one.worker),
        Kind::Training(one) => {
            plain("培训", &format!("{} {} 学时", one.on, one.hours)).of(one.worker)
        }
        Kind::HealthCertificate(one) => {
            plain("健康证明", &format!("有效期至 {}", one.until)).of(one.worker)
        }
        Kind::Blacklist(one) => {
            plain("禁止进场名单", if one.listed { "列入" } else { "移出" }).of(one.worker)
        }
        Kind::FaceConsent(one) => {
            plain("人脸使用同意", if one.given { "同意" } else { "撤回" }).of(one.worker)
        }
        Kind::CorrectionRequest(_)
        | Kind::Correction(_)
        | Kind::CorrectionRefused(_)
        | Kind::Audit(_)
        | Kind::MonthClosed(_) => office(kind),
        Kind::WageTerms(_)
        | Kind::WageEntry(_)
        | Kind::WageLine(_)
        | Kind::WageSheet(_)
        | Kind::WagePayment(_) => wages(kind),
        Kind::FundAccount(_) | Kind::FundDeposit(_) | Kind::FundTransfer(_) => funds(kind),
        Kind::RosterApplied(one) => plain("花名册生效", &format!("第 {} 版", one.version)),
        Kind::PolicyApplied(one) => plain("规则生效", &format!("第 {} 版", one.version)),
        Kind::Visit(_) | Kind::VisitEnded(_) => visit(kind),
        Kind::Checkpoint(one) => plain("账本签名", &format!("第 {} 至 {} 条", one.from, one.to)),
        Kind::Carried(one) => plain("补传记录", &format!("原编号段第 {} 条", one.seq)),
    }
}

fn plain(kind: &'static str, result: &str) -> Words {
    Words {
        kind,
        result: result.to_owned(),
        ..Words::default()
    }
}

impl Words {
    fn toned(self, tone: Tone) -> Self {
        Self {
            tone: Some(tone),
            ..self
        }
    }

    fn of(self, worker: u32) -> Self {
        Self {
            worker: Some(worker),
            ..self
        }
    }
}

fn presentation(one: &Presentation) -> Words {
    let (result, tone) = match one.result {
        PresentationResult::Granted if one.reason.is_some() || !one.flags.is_empty() => {
            ("放行（有提示）", Tone::Warn)
        }
        PresentationResult::Granted => ("放行", Tone::Good),
        PresentationResult::Denied => ("拒绝", Tone::Bad),
        PresentationResult::Repeated => ("重复刷卡", Tone::Plain),
        PresentationResult::Reported => ("人脸机补报，没有开闸", Tone::Plain),
    };
    let codes = one.reason.iter().chain(&one.flags);
    Words {
        lane: one.lane.clone(),
        direction: towards(one.direction),
        reason: codes
            .map(|code| reason(code))
            .chain(one.visit.map(|_| "访客".to_owned()))
            .collect::<Vec<_>>()
            .join("、"),
        worker: one.worker,
        ..plain(way(&one.by), result)
    }
    .toned(tone)
}

fn passage(one: &Passage) -> Words {
    let (result, tone) = match one.outcome {
        Outcome::Passed => ("已通过", Tone::Good),
        Outcome::TimedOut => ("未通过（超时）", Tone::Plain),
        Outcome::Tailgated => ("尾随", Tone::Bad),
        Outcome::Reversed => ("中途返回", Tone::Plain),
        Outcome::Intruded => ("闯入", Tone::Bad),
    };
    Words {
        lane: one.lane.clone(),
        direction: towards(one.direction),
        worker: one.worker,
        ..plain("通行", result)
    }
    .toned(tone)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`describe` names every kind; the rest is not the office's"
)]
fn office(kind: &Kind) -> Words {
    match kind {
        Kind::CorrectionRequest(one) => Words {
            direction: towards(one.direction),
            reason: correction_reason(&one.reason).to_owned(),
            ..plain("补卡申请", &moment_text(one.moment))
        }
        .of(one.worker),
        Kind::Correction(one) => correction(one),
        Kind::CorrectionRefused(one) => Words {
            reason: one.why.clone(),
            ..plain("补卡申请", "未批准")
        }
        .of(one.worker),
        Kind::Audit(one) => audit(one),
        Kind::MonthClosed(one) => plain(
            "考勤关账",
            &format!("{} 第 {} 版，{} 关账", one.month, one.version, one.account),
        ),
        _ => Words::default(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`words` names every kind; the rest is not about visitors"
)]
fn visit(kind: &Kind) -> Words {
    match kind {
        Kind::Visit(one) => plain(
            "访客",
            &format!("{} 号，到 {}", one.visit, moment_text(one.until)),
        ),
        Kind::VisitEnded(one) => plain("访客", &format!("{} 号提前结束", one.visit)),
        _ => Words::default(),
    }
}

/// `5700.00`.
fn yuan(fen: u64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`words` names every kind; the rest is not about the project's money"
)]
fn funds(kind: &Kind) -> Words {
    match kind {
        Kind::FundAccount(one) => plain(
            "工资专用账户",
            &format!(
                "{}，{} 开户，次月 {} 日前拨付",
                one.bank, one.opened, one.due_day
            ),
        ),
        Kind::FundDeposit(one) => plain(
            "工资保证金",
            &format!("{} {} 元", one.holder, yuan(one.amount)),
        ),
        Kind::FundTransfer(one) => {
            let why = one.why.as_deref().unwrap_or_default();
            let text = format!(
                "{} {} 元，{} 到账 {why}",
                one.month,
                yuan(one.amount),
                one.on
            );
            plain("人工费拨付", text.trim())
        }
        _ => Words::default(),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "`words` names every kind; the rest is not about wages"
)]
fn wages(kind: &Kind) -> Words {
    match kind {
        Kind::WageTerms(one) => {
            let per = match one.basis {
                WageBasis::Daily => format!("{} 元/天", yuan(one.rate)),
                WageBasis::Monthly => format!("{} 元/月", yuan(one.rate)),
                WageBasis::Piece => "计件".to_owned(),
            };
            plain("工资标准", &format!("{} 起 {per}", one.from)).of(one.worker)
        }
        Kind::WageEntry(one) => {
            plain("工资录入", &format!("{} 计件、奖金和扣款", one.month)).of(one.worker)
        }
        Kind::WageLine(one) => plain(
            "工资明细",
            &format!(
                "{} 应发 {} 实发 {}",
                one.month,
                yuan(one.gross),
                yuan(one.net)
            ),
        )
        .of(one.worker),
        Kind::WageSheet(one) => {
            let step = match one.step {
                WageStep::Drawn => "编制",
                WageStep::Confirmed => "班组确认",
                WageStep::Reviewed => "审核",
                WageStep::Published => "公示",
                WageStep::Returned => "退回",
            };
            let text = format!(
                "{} 第 {} 版{step}，{} 人 {} 元，{}",
                one.month,
                one.version,
                one.lines,
                yuan(one.net),
                one.account
            );
            plain("工资表", &text)
        }
        Kind::WagePayment(one) => {
            let result = match one.result {
                PaymentResult::Paid => "已发",
                PaymentResult::Returned => "退票",
            };
            let why = one.why.as_deref().unwrap_or_default();
            let text = format!("{} {result} {} 元 {why}", one.month, yuan(one.amount));
            plain("工资发放", text.trim()).of(one.worker)
        }
        _ => Words::default(),
    }
}

/// Attendance by hand: never to be taken for a gate's.
fn correction(one: &Correction) -> Words {
    let reason = correction_reason(&one.reason);
    Words {
        direction: towards(one.direction),
        reason: format!("{reason}；{} 申请，{} 批准", one.requester, one.approver),
        ..plain("补卡（人工）", &moment_text(one.moment))
    }
    .of(one.worker)
    .toned(Tone::Warn)
}

fn correction_reason(code: &str) -> &str {
    name_of(CORRECTION_REASONS, code).unwrap_or(code)
}

/// `2026-11-22 18:02`.
fn moment_text(at: i64) -> String {
    let at = clock::site_minute(at);
    at.unwrap_or_else(|| "时间不明".to_owned())
}

fn audit(one: &Audit) -> Words {
    let what = name_of(AUDIT_ACTS, &one.what).unwrap_or(&one.what);
    let words = Words {
        reason: one.reason.clone().unwrap_or_default(),
        worker: one.worker,
        ..plain("操作留痕", what)
    };
    let who = one.account.as_deref().unwrap_or("未登录");
    let detail = one.detail.as_deref().unwrap_or_default();
    Words {
        result: format!("{who}：{what} {detail}").trim_end().to_owned(),
        ..words
    }
}

fn epoch_began(reason: EpochReason) -> Words {
    let (result, tone) = match reason {
        EpochReason::FirstStart => ("首次启用", Tone::Plain),
        EpochReason::Restored => ("从备份恢复", Tone::Warn),
        EpochReason::Damaged => ("数据文件损坏后重建", Tone::Bad),
        EpochReason::Forked => ("与平台不一致，另起编号", Tone::Bad),
    };
    plain("新编号段", result).toned(tone)
}

fn device(one: &Device) -> Words {
    let (text, tone) = match one.state {
        DeviceState::Online => ("上线", Tone::Good),
        DeviceState::Offline => ("离线", Tone::Bad),
        DeviceState::Fault => ("故障", Tone::Bad),
    };
    let lane = one.lane.clone().unwrap_or_default();
    Words {
        lane,
        ..plain("设备", &format!("{} {text}", one.device))
    }
    .toned(tone)
}

fn clock_words(change: ClockChange) -> Words {
    let (result, tone) = match change {
        ClockChange::Synced => ("已校时", Tone::Good),
        ClockChange::Jumped => ("时间跳变", Tone::Warn),
        ClockChange::Unset => ("时间不可信", Tone::Bad),
    };
    plain("时钟", result).toned(tone)
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
        "visit_over" => "访客时间已到",
        "visitor_refused" => "本工地不接待访客",
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
        "certificate_missing" => "缺特种作业操作证",
        "certificate_ended" => "特种作业证已过期",
        "anti_passback" => "进出记录不符",
        "card_ambiguous" => "卡号与他人重复",
        "face_differs" => "人证不一致",
        "face_unchecked" => "未能比对人脸",
        "lane_busy" => "前面有人",
        "ledger_fault" => "设备无法记录",
        "clock_unset" => "时钟未校准",
        "name_differs" => "姓名与花名册不一致",
        "face_uncertain" => "人脸待核",
        "mismatch_alert" => "当日多次人证不一致",
        other => other,
    };
    text.to_owned()
}
/// `5 秒前`, `3 分钟前`, …
pub(super) fn age(now: i64, at: Option<i64>) -> String {
    let Some(at) = at else {
        return "—".to_owned();
    };
    let seconds = now.saturating_sub(at).max(0) / 1_000;
    match seconds {
        0..60 => format!("{seconds} 秒前"),
        60..3_600 => format!("{} 分钟前", seconds / 60),
        3_600..86_400 => format!("{} 小时前", seconds / 3_600),
        _ => format!("{} 天前", seconds / 86_400),
    }
}
