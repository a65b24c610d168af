//! The `[policy]` section: the numbers that the rules use.

use std::collections::BTreeSet;

use edge_domain::{
    AgeEffect, AgeRule, EmergencyMode, FacePolicy, NoFace, Policy, Requirement, Sex, Similarity,
    Trade, TradeSet,
};
use toml::Value;

use crate::config::walk::{Walk, finish};

/// Most rows of the age table.
const AGE_RULES_MAX: usize = 64;
const AGE_MAX: u32 = 150;

/// Reads the section over the defaults.
pub(super) fn policy(walk: &mut Walk) -> Option<Policy> {
    let default = Policy::default();
    let version = walk.number_or("version", default.version, 1..=u32::MAX, "规则版本");
    let training = requirement(walk, "training", default.training);
    let contract = requirement(walk, "contract", default.contract);
    let document_validity = requirement(walk, "document_expired", default.document_validity);
    let day_boundary_h = walk.number_or("day_starts_h", 4, 0..=6, "点");
    let emergency_entry = walk.word_or_first(
        "emergency",
        &[
            ("off", EmergencyMode::Off),
            ("counted", EmergencyMode::Counted),
        ],
    );
    let ages = if walk.has("age") {
        ages(walk)
    } else {
        default.ages.clone()
    };
    let face = match walk.table("face", false) {
        Some(face_walk) => finish(walk, face_walk, |walk| face(walk, default.face.clone())),
        None => Some(default.face.clone()),
    };
    Some(Policy {
        version,
        ages,
        training: training?,
        contract: contract?,
        document_validity: document_validity?,
        day_boundary_h: u8::try_from(day_boundary_h).ok()?,
        emergency_entry: emergency_entry?,
        face: face?,
        ..default
    })
}

/// The numbers about faces that a site measures or chooses for itself.
fn face(walk: &mut Walk, default: FacePolicy) -> Option<FacePolicy> {
    let alike = |walk: &mut Walk, key, default: Similarity| {
        let default = u32::try_from(default.ten_thousandths()).unwrap_or(0);
        let number = walk.number_or(key, default, 0..=10_000, "相似度，万分之一");
        Some(Similarity::new(i16::try_from(number).ok()?))
    };
    let ms = |walk: &mut Walk, key, default: u64, range| {
        let default = u32::try_from(default).unwrap_or(u32::MAX);
        u64::from(walk.number_or(key, default, range, "毫秒"))
    };
    Some(FacePolicy {
        same: alike(walk, "same", default.same)?,
        other: alike(walk, "other", default.other)?,
        look_ms: ms(walk, "look_ms", default.look_ms, 100..=3_000),
        second_look_ms: ms(walk, "second_look_ms", default.second_look_ms, 100..=5_000),
        no_face: walk.word_or_first(
            "no_face",
            &[("open", NoFace::Open), ("ask_guard", NoFace::AskGuard)],
        )?,
        ..default
    })
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
        "工种代码的列表，如 [\"030\", \"130\"]",
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
