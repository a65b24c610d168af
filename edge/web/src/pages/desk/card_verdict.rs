//! Pure: what is said at once of a card on the desk's reader.

use edge_domain::{AGE_MIN, AgeEffect, IdDocument, Policy, Sex, Trade, age_on};
use jiff::civil::Date;

use crate::books::{Listed, Place};

/// One sentence of the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct VerdictLine {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) text: String,
}

impl VerdictLine {
    pub(super) fn good(text: impl Into<String>) -> Self {
        Self::new("good", "✔", text)
    }

    pub(super) fn warn(text: impl Into<String>) -> Self {
        Self::new("warn", "!", text)
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new("bad", "✖", text)
    }

    fn new(class: &'static str, mark: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { class, mark, text }
    }
}

/// What a card comes to: whether its number is known, barred, of age, in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CardVerdict {
    pub(super) lines: Vec<VerdictLine>,
    /// Whose number it is.
    pub(super) worker: Option<u32>,
    /// Whether the form of a new worker is filled from it.
    pub(super) fills: bool,
}

impl CardVerdict {
    /// Judges a card that was read whole: its number is right by its check digit.
    pub(super) fn of(
        document: &IdDocument,
        known: Option<&Listed>,
        (policy, today): (&Policy, Date),
    ) -> Self {
        let age = age_on(document.born, today);
        let mut lines = vec![known.map_or_else(
            || VerdictLine::good("号码校验正确，花名册上没有这个人，可以登记。"),
            |one| standing(one, today),
        )];
        lines.push(of_age(document, age, policy));
        if let Some(on) = document.valid_to.filter(|on| *on < today) {
            let text = format!("证件 {on} 已过期，请本人尽快换证。");
            lines.push(VerdictLine::warn(text));
        }
        Self {
            lines,
            worker: known.map(|one| one.worker().0),
            fills: known.is_none() && age >= AGE_MIN,
        }
    }
}

fn standing(one: &Listed, today: Date) -> VerdictLine {
    let number = one.worker().0;
    if one.entry.standing.blacklisted {
        let text = format!("工号 {number} 在禁止进场名单上，不能进场。请联系项目部。");
        return VerdictLine::bad(text);
    }
    let team = &one.team;
    VerdictLine::warn(match one.place(today) {
        Place::Left => format!(
            "登记过，工号 {number}，已退场。打开他的页，用“进场或换班组”让他再进场，资料和历史都还在。"
        ),
        Place::Engaged => format!("已经在册，工号 {number}，{team}，不用再登记。"),
        Place::Waiting => format!("登记过，工号 {number}，还没有进场。打开他的页办理。"),
    })
}

fn of_age(document: &IdDocument, age: u8, policy: &Policy) -> VerdictLine {
    if age < AGE_MIN {
        let text = format!("{age} 岁，未满 {AGE_MIN} 周岁，一律不能进场。请联系项目部。");
        return VerdictLine::bad(text);
    }
    let sex = document.number.sex().unwrap_or(document.sex);
    let effects: Vec<AgeEffect> = Trade::all()
        .map(|trade| policy.age_effect(sex, trade, age))
        .collect();
    let denied = effects
        .iter()
        .filter(|one| **one == AgeEffect::Deny)
        .count();
    if denied == effects.len() {
        let text = format!("{age} 岁，按本项目的年龄规则不能进场。");
        return VerdictLine::bad(text);
    }
    if denied > 0 {
        let text = format!("{age} 岁，有 {denied} 个工种按年龄规则不能做，选工种时请核对。");
        return VerdictLine::warn(text);
    }
    if effects.contains(&AgeEffect::HealthCertificate) {
        return VerdictLine::warn(format!("{age} 岁，进场要有一年内的健康证明。"));
    }
    if effects.contains(&AgeEffect::Warn) {
        return VerdictLine::warn(format!("{age} 岁，不在常用年龄内，进场时会提示。"));
    }
    VerdictLine::good(format!("{age} 岁，年龄符合。"))
}

/// `男 汉族 1990-03-07 出生`, as far as the card says it.
pub(super) fn about(document: &IdDocument) -> String {
    let sex = match document.number.sex().unwrap_or(document.sex) {
        Sex::Male => Some("男".to_owned()),
        Sex::Female => Some("女".to_owned()),
        Sex::Unstated => None,
    };
    let nation = document.nation.as_deref();
    let nation = nation.map(|code| crate::intake::nation_word(code).unwrap_or(code.to_owned()));
    let parts = [sex, nation, Some(format!("{} 出生", document.born))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use edge_domain::{DocumentKind, IdNumber, PersonName, Role, TeamId, WorkerId, WorkerStanding};
    use edge_store::PersonEntry;
    use jiff::civil::date;

    use super::*;
    use crate::books::Directory;

    const TODAY: Date = date(2026, 6, 3);

    /// Region 3499 is unassigned: nobody real has this number.
    fn card(first: &str, born: Date) -> IdDocument {
        let mut all = "0123456789X".chars().map(|last| format!("{first}{last}"));
        let number = all
            .find_map(|number| IdNumber::parse(&number).ok())
            .unwrap();
        IdDocument {
            kind: DocumentKind::Resident,
            name: PersonName::parse("单雄信").unwrap(),
            number,
            sex: Sex::Male,
            born,
            nation: Some("01".to_owned()),
            valid_to: None,
        }
    }

    fn grown() -> IdDocument {
        card("34990119860512001", date(1986, 5, 12))
    }

    fn listed(document: &IdDocument, change: impl FnOnce(&mut WorkerStanding)) -> Arc<Listed> {
        let mut standing = WorkerStanding {
            worker: WorkerId(7),
            name: document.name.clone(),
            number: document.number.clone(),
            sex: document.sex,
            born: document.born,
            employer: None,
            team: Some(TeamId(1)),
            trade: Trade::parse("020").unwrap(),
            role: Role::Worker,
            entered_on: Some(date(2026, 1, 1)),
            left_on: None,
            contract: None,
            trainings: Vec::new(),
            health_certificate_until: None,
            certificates: Vec::new(),
            blacklisted: false,
            document_valid_to: None,
            ic_card: None,
        };
        change(&mut standing);
        let entry = PersonEntry {
            standing,
            phone: None,
            nation: None,
            is_unconfirmed: false,
        };
        let directory = Directory::new(1, vec![entry], Vec::new());
        Arc::clone(directory.person(WorkerId(7)).unwrap())
    }

    fn verdict(document: &IdDocument, known: Option<&Listed>) -> CardVerdict {
        CardVerdict::of(document, known, (&Policy::anhui(), TODAY))
    }

    #[test]
    fn somebody_new_of_age_fills_the_form() {
        let said = verdict(&grown(), None);
        assert!(said.fills && said.worker.is_none());
        assert!(
            said.lines.iter().all(|line| line.class == "good"),
            "{said:?}"
        );
        assert_eq!(about(&grown()), "男 汉族 1986-05-12 出生");
        let mut ended = grown();
        ended.valid_to = Some(date(2026, 6, 2));
        let said = verdict(&ended, None);
        assert!(
            said.fills && said.lines[2].text.contains("已过期"),
            "{said:?}"
        );
        ended.valid_to = Some(TODAY);
        assert_eq!(verdict(&ended, None).lines.len(), 2, "its last day");
    }

    #[test]
    fn age_is_told_by_the_rules_of_the_site() {
        for (first, born, class, word, fills) in [
            (
                "34990120110603001",
                date(2011, 6, 3),
                "bad",
                "未满 16",
                false,
            ),
            (
                "34990120090603001",
                date(2009, 6, 3),
                "warn",
                "个工种",
                true,
            ),
            ("34990119660603001", date(1966, 6, 3), "warn", "60 岁", true),
        ] {
            let said = verdict(&card(first, born), None);
            assert_eq!(said.lines[1].class, class, "{said:?}");
            assert!(said.lines[1].text.contains(word), "{said:?}");
            assert_eq!(said.fills, fills, "{said:?}");
        }
        let nobody = Policy {
            ages: vec![edge_domain::AgeRule {
                sex: None,
                trades: edge_domain::TradeSet::All,
                age_min: 0,
                age_max: 150,
                effect: AgeEffect::Deny,
            }],
            ..Policy::anhui()
        };
        let said = CardVerdict::of(&grown(), None, (&nobody, TODAY));
        assert_eq!(said.lines[1].class, "bad", "{said:?}");
    }

    #[test]
    fn who_is_known_fills_nothing_and_is_told() {
        type Change = fn(&mut WorkerStanding);
        let cases: [(Change, &str, &str); 4] = [
            (|_| (), "warn", "已经在册"),
            (|one| one.left_on = Some(TODAY), "warn", "再进场"),
            (|one| one.entered_on = None, "warn", "还没有进场"),
            (|one| one.blacklisted = true, "bad", "禁止进场名单"),
        ];
        for (change, class, word) in cases {
            let known = listed(&grown(), change);
            let said = verdict(&grown(), Some(&known));
            assert!(!said.fills && said.worker == Some(7), "{said:?}");
            assert_eq!(said.lines[0].class, class, "{said:?}");
            assert!(said.lines[0].text.contains(word), "{said:?}");
        }
    }
}
