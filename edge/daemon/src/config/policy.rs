//! The `[policy]` section: the numbers that the rules use.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::{
    AgeEffect, AgeRule, CertificateKind, EmergencyMode, FaceEvidence, FacePolicy, Fen, IdentifyRow,
    NoFace, Policy, Requirement, Sex, Similarity, Trade, TradeSet, Visitors, WagePolicy,
};
use toml::Value;

use crate::config::walk::{Walk, finish, short_text};

/// Most rows of the age table.
const AGE_RULES_MAX: usize = 64;
const AGE_MAX: u32 = 150;
/// Most rows of the table of special trades: there are no more trades.
const SPECIAL_TRADES_MAX: usize = 64;
/// Most rows of the table of a lone face.
const IDENTIFY_ROWS_MAX: usize = 16;
/// Most people of one row: no site is larger.
const ENROLLED_MAX: u32 = 1_000_000;
/// Highest minimum wage that can be entered, yuan a month: beyond it somebody has typed fen.
const MINIMUM_YUAN_MAX: u32 = 20_000;
/// Most mismatches of one card before the alert.
const MISMATCHES_MAX: u32 = 100;
/// Longest text of a legal basis, characters.
const BASIS_CHARS_MAX: usize = 120;

/// Reads the section over the defaults.
pub(super) fn policy(walk: &mut Walk) -> Option<Policy> {
    let default = Policy::default();
    let version = walk.number_or("version", default.version, 1..=u32::MAX, "规则版本");
    let training = requirement(walk, "training", default.training);
    let contract = requirement(walk, "contract", default.contract);
    let document_validity = requirement(walk, "document_expired", default.document_validity);
    let certificate = requirement(walk, "certificate", default.certificate);
    let day_boundary_h = walk.number_or("day_starts_h", 4, 0..=6, "点");
    let emergency_entry = walk.word_or_first(
        "emergency",
        &[
            ("off", EmergencyMode::Off),
            ("counted", EmergencyMode::Counted),
        ],
    );
    let photo_upload_basis = walk.parsed_or(
        "photo_upload_basis",
        None,
        "1 至 120 个字的依据（法规或文件的名称和条款）；没有依据就不写这一行",
        |text| short_text(text.trim(), BASIS_CHARS_MAX).map(Some),
    );
    let visitors = walk.word_or_first(
        "visitors",
        &[("allow", Visitors::Allow), ("deny", Visitors::Deny)],
    );
    let ages = if walk.has("age") {
        ages(walk)
    } else {
        default.ages.clone()
    };
    let special_trades = if walk.has("special_trade") {
        special_trades(walk)
    } else {
        default.special_trades.clone()
    };
    let face = match walk.table("face", false) {
        Some(face_walk) => finish(walk, face_walk, |walk| face(walk, default.face.clone())),
        None => Some(default.face.clone()),
    };
    let wages = match walk.table("wages", false) {
        Some(wages_walk) => finish(walk, wages_walk, |walk| wages(walk, default.wages.clone())),
        None => Some(default.wages.clone()),
    };
    Some(Policy {
        version,
        ages,
        training: training?,
        contract: contract?,
        document_validity: document_validity?,
        certificate: certificate?,
        special_trades,
        day_boundary_h: u8::try_from(day_boundary_h).ok()?,
        emergency_entry: emergency_entry?,
        photo_upload_basis: photo_upload_basis?,
        face: face?,
        wages: wages?,
        visitors: visitors?,
        ..default
    })
}

/// The place's minimum wage, and until when wages are paid.
fn wages(walk: &mut Walk, default: WagePolicy) -> Option<WagePolicy> {
    let minimum = walk.number_or("minimum_month", 0, 0..=MINIMUM_YUAN_MAX, "元，0 为不检查");
    let source = walk.parsed_or(
        "minimum_source",
        default.minimum_source,
        "1 至 80 个字",
        |text| short_text(text, 80),
    );
    let due_day = walk.number_or("due_day", default.due_day.into(), 1..=28, "日");
    Some(WagePolicy {
        minimum_month: (minimum > 0).then(|| Fen::new(u64::from(minimum) * 100)),
        minimum_source: source?,
        due_day: u8::try_from(due_day).ok()?,
    })
}

/// The numbers about faces that a site measures or chooses for itself; what each rests on stands at
/// [`FacePolicy`].
fn face(walk: &mut Walk, default: FacePolicy) -> Option<FacePolicy> {
    let count = |walk: &mut Walk, key, default: u32, most, unit| {
        walk.number_or(key, default, 1..=most, unit)
    };
    let ms = |walk: &mut Walk, key, default: u64, range| {
        let default = u32::try_from(default).unwrap_or(u32::MAX);
        u64::from(walk.number_or(key, default, range, "毫秒"))
    };
    let other_is_written = walk.has("other");
    let same = alike(walk, "same", Some(default.same));
    let other = alike(walk, "other", Some(default.other));
    if let (Some(same), Some(other)) = (same, other)
        && other > same
    {
        let (same, other) = (same.ten_thousandths(), other.ten_thousandths());
        if other_is_written {
            let allowed = format!("不大于 same（{same}）的相似度");
            walk.fault("other", Some(&Value::Integer(other.into())), &allowed);
        } else {
            let allowed = format!("不小于 other（{other}）的相似度");
            walk.fault("same", Some(&Value::Integer(same.into())), &allowed);
        }
    }
    let identify = identify(walk, default.identify);
    let frames_max = u32::try_from(FaceEvidence::FRAMES_MAX).unwrap_or(u32::MAX);
    let frames = |walk: &mut Walk, key, default: u8| {
        u8::try_from(count(walk, key, default.into(), frames_max, "张")).ok()
    };
    let compare_frames = frames(walk, "compare_frames", default.compare_frames);
    let identify_frames = frames(walk, "identify_frames", default.identify_frames);
    let margin = walk.number_or("margin", default.margin.into(), 0..=10_000, "万分之一");
    let span_ms = 200..=10_000;
    let identify_ms_max = ms(walk, "identify_ms_max", default.identify_ms_max, span_ms);
    let away_ms = ms(walk, "away_ms", default.away_ms, 500..=60_000);
    let look_ms = ms(walk, "look_ms", default.look_ms, 100..=3_000);
    let second_look_ms = ms(walk, "second_look_ms", default.second_look_ms, 100..=5_000);
    let no_face = walk.word_or_first(
        "no_face",
        &[("open", NoFace::Open), ("ask_guard", NoFace::AskGuard)],
    );
    let picture_days = walk.number_or("picture_days", default.picture_days.into(), 0..=30, "天");
    let (alerts, alerts_key) = (default.mismatches_alert, "mismatches_alert");
    let mismatches_alert = count(walk, alerts_key, alerts, MISMATCHES_MAX, "次");
    // Every key is read before a fault of one ends this: else the others would be told as unknown.
    Some(FacePolicy {
        same: same?,
        other: other?,
        compare_frames: compare_frames?,
        identify: identify?,
        margin: u16::try_from(margin).ok()?,
        identify_frames: identify_frames?,
        identify_ms_max,
        away_ms,
        look_ms,
        second_look_ms,
        no_face: no_face?,
        picture_days: u16::try_from(picture_days).ok()?,
        mismatches_alert,
    })
}

fn alike(walk: &mut Walk, key: &'static str, default: Option<Similarity>) -> Option<Similarity> {
    let unit = "相似度，万分之一";
    let number = match default.and_then(|default| u32::try_from(default.ten_thousandths()).ok()) {
        Some(default) => walk.number_or(key, default, 0..=10_000, unit),
        None => walk.number(key, 0..=10_000, unit)?,
    };
    Some(Similarity::new(i16::try_from(number).ok()?))
}

/// The rows of `identify` over the defaults. More people never ask for less.
fn identify(walk: &mut Walk, default: Vec<IdentifyRow>) -> Option<Vec<IdentifyRow>> {
    if !walk.has("identify") {
        return Some(default);
    }
    let mut rows: Vec<IdentifyRow> = Vec::new();
    let mut complete = true;
    for mut row in walk.tables("identify", IDENTIFY_ROWS_MAX) {
        let read = identify_row(&mut row, rows.last());
        walk.absorb(row.finish());
        complete &= read.is_some();
        rows.extend(read);
    }
    complete.then_some(rows)
}

fn identify_row(walk: &mut Walk, before: Option<&IdentifyRow>) -> Option<IdentifyRow> {
    let enrolled_max = walk.number("enrolled_max", 1..=ENROLLED_MAX, "人");
    let same = alike(walk, "same", None);
    let (enrolled_max, same) = (enrolled_max?, same?);
    let row = IdentifyRow {
        enrolled_max: usize::try_from(enrolled_max).ok()?,
        same,
    };
    if let Some(before) = before {
        if row.enrolled_max <= before.enrolled_max {
            let found = Value::Integer(enrolled_max.into());
            let allowed = format!("大于上一行（{}）的人数", before.enrolled_max);
            walk.fault("enrolled_max", Some(&found), &allowed);
        }
        if row.same < before.same {
            let found = Value::Integer(row.same.ten_thousandths().into());
            let least = before.same.ten_thousandths();
            walk.fault(
                "same",
                Some(&found),
                &format!("不小于上一行（{least}）的相似度"),
            );
        }
    }
    Some(row)
}

fn requirement(walk: &mut Walk, key: &'static str, default: Requirement) -> Option<Requirement> {
    let words = [
        ("deny", Requirement::Required),
        ("warn", Requirement::Warned),
        ("off", Requirement::Ignored),
    ];
    walk.parsed_or(key, default, "以下之一：deny、warn、off", |text| {
        words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, requirement)| *requirement)
    })
}

/// Which trades need which certificates. A trade stands in one row.
fn special_trades(walk: &mut Walk) -> BTreeMap<Trade, BTreeSet<CertificateKind>> {
    let mut table: BTreeMap<Trade, BTreeSet<CertificateKind>> = BTreeMap::new();
    for mut row in walk.tables("special_trade", SPECIAL_TRADES_MAX) {
        let trades = "至少一个工种代码的列表，如 [\"030\"]";
        let trades = set(&mut row, "trades", trades, |text| Trade::parse(text).ok());
        let kinds = "至少一种操作证的列表，如 [\"scaffolder\"]";
        let kinds = set(&mut row, "certificates", kinds, CertificateKind::from_code);
        for trade in trades {
            if table.insert(trade, kinds.clone()).is_some() {
                let found = Value::String(trade.code());
                row.fault("trades", Some(&found), "别的行里没有的工种");
            }
        }
        walk.absorb(row.finish());
    }
    table
}

/// A list that must be there.
fn set<T: Ord>(
    row: &mut Walk,
    key: &'static str,
    allowed: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> BTreeSet<T> {
    if !row.has(key) {
        row.fault(key, None, allowed);
    }
    row.texts(key, allowed, parse).unwrap_or_default()
}

fn ages(walk: &mut Walk) -> Vec<AgeRule> {
    let mut rules = Vec::new();
    for mut row in walk.tables("age", AGE_RULES_MAX) {
        rules.extend(age(&mut row));
        walk.absorb(row.finish());
    }
    rules
}

fn age(walk: &mut Walk) -> Option<AgeRule> {
    let sex = walk.word_or_first(
        "sex",
        &[
            ("any", None),
            ("male", Some(Sex::Male)),
            ("female", Some(Sex::Female)),
        ],
    );
    let from = walk.number_or("from", 0, 0..=AGE_MAX, "周岁");
    let to = walk.number_or("to", AGE_MAX, 0..=AGE_MAX, "周岁");
    if from > to {
        walk.fault(
            "from",
            Some(&Value::Integer(from.into())),
            &format!("不大于 to（{to}）的周岁"),
        );
    }
    let trades = walk.texts(
        "trades",
        "至少一个工种代码的列表，如 [\"030\", \"130\"]；全部工种就不写 trades",
        |text| Trade::parse(text).ok(),
    );
    let effect = walk.word(
        "effect",
        &[
            ("allow", AgeEffect::Allow),
            ("warn", AgeEffect::Warn),
            ("deny", AgeEffect::Deny),
            ("health_certificate", AgeEffect::HealthCertificate),
        ],
    );
    Some(AgeRule {
        sex: sex?,
        trades: trades.map_or(TradeSet::All, |trades: BTreeSet<Trade>| {
            TradeSet::Only(trades)
        }),
        age_min: u8::try_from(from).ok()?,
        age_max: u8::try_from(to).ok()?,
        effect: effect?,
    })
}
