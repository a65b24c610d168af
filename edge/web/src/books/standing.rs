//! What the gate would say if this person came now: the gate's own rules, asked by the office.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use edge_domain::{
    Applicant, CertificateKind, ClockQuality, Credential, Decision, Direction, Flag, IdDocument,
    LaneId, Moment, Person, Policy, Presence, WorkerStanding, decide,
};
use jiff::ToSpan as _;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

/// Days ahead in which what ends is told.
pub(crate) const SOON_DAYS: i64 = 30;

/// A short name of everything that is known about a person: another one means that somebody
/// changed it.
pub(crate) fn standing_tag(standing: &WorkerStanding, person: Option<&Person>) -> String {
    // Both hide what is personal: the tag stands on a page.
    let digest = Sha256::digest(format!("{standing:?}{person:?}").as_bytes());
    URL_SAFE_NO_PAD.encode(digest).chars().take(12).collect()
}

/// The gate's answer to an entry at this moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outlook {
    /// Why he would be refused, and what to do; `None` where the gate opens.
    pub(crate) refused: Option<(&'static str, &'static str)>,
    /// What the gate would flag.
    pub(crate) flags: Vec<&'static str>,
}

impl Outlook {
    /// Asks the rules with a document that agrees with the roster.
    pub(crate) fn of(standing: &WorkerStanding, policy: &Policy, now_ms: i64) -> Self {
        let Ok(lane) = LaneId::parse("office") else {
            return Self::default();
        };
        let credential = Credential::IdCard(IdDocument {
            kind: standing.number.kind(),
            name: standing.name.clone(),
            number: standing.number.clone(),
            sex: standing.sex,
            born: standing.born,
            nation: None,
            valid_to: standing.document_valid_to,
        });
        let decision = decide(&Applicant {
            credential: &credential,
            standing: Some(standing),
            visit: None,
            lane: &lane,
            direction: Direction::In,
            now: Moment {
                wall_ms: now_ms,
                boot: 0,
                mono_ms: 0,
                quality: ClockQuality::Synced,
            },
            policy,
            presence: &Presence::new(),
            // The office has neither a reader of IC cards nor a camera.
            ambiguous: false,
            face: None,
        });
        match decision {
            Decision::Denied(denial) => Self {
                refused: Some((denial.reason(), denial.next_step())),
                flags: Vec::new(),
            },
            Decision::Granted { flags, .. } => Self {
                refused: None,
                flags: flags.into_iter().map(Flag::text).collect(),
            },
        }
    }
}

/// What of a person's papers has ended or ends within a month, the first first: `合同 2026-12-03 到期`.
pub(crate) fn ending(standing: &WorkerStanding, today: Date) -> Vec<String> {
    let soon = today.saturating_add(SOON_DAYS.days());
    let contract = standing.contract.as_ref().and_then(|one| one.until);
    let papers = [
        (contract, "合同"),
        (standing.document_valid_to, "身份证件"),
        (standing.health_certificate_until, "健康证"),
    ];
    // Of two for the same work the longer one counts.
    let mut certificates: BTreeMap<CertificateKind, Date> = BTreeMap::new();
    for held in &standing.certificates {
        let until = certificates.entry(held.kind).or_insert(held.until);
        *until = held.until.max(*until);
    }
    let certificates = certificates.into_iter();
    let mut ends = certificates
        .map(|(kind, until)| (Some(until), kind.text()))
        .chain(papers)
        .filter_map(|(until, word)| Some((until.filter(|on| *on <= soon)?, word)))
        .collect::<Vec<_>>();
    ends.sort_unstable();
    ends.into_iter()
        .map(|(on, word)| {
            let over = if on < today { "已" } else { "" };
            format!("{word} {on} {over}到期")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use edge_domain::{
        CertificateTerm, Contract, IdNumber, PersonName, Role, Sex, Trade, WorkerId,
    };
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_ends_within_a_month_is_told_the_first_first() {
        let contract = |until| Contract {
            signed_on: date(2026, 1, 1),
            until,
        };
        let mut standing = WorkerStanding {
            worker: WorkerId(17),
            name: PersonName::parse("张建国").unwrap(),
            number: IdNumber::parse("349901199003070016").unwrap(),
            sex: Sex::Male,
            born: date(1990, 3, 7),
            employer: None,
            team: None,
            trade: Trade::parse("020").unwrap(),
            role: Role::Worker,
            entered_on: None,
            left_on: None,
            contract: Some(contract(None)),
            trainings: Vec::new(),
            health_certificate_until: None,
            certificates: Vec::new(),
            blacklisted: false,
            document_valid_to: None,
            ic_card: None,
        };
        let today = date(2026, 11, 20);
        assert!(ending(&standing, today).is_empty(), "without an end");
        standing.contract = Some(contract(Some(date(2026, 12, 20))));
        standing.document_valid_to = Some(date(2026, 11, 19));
        standing.health_certificate_until = Some(date(2026, 12, 21));
        let told = ["身份证件 2026-11-19 已到期", "合同 2026-12-20 到期"];
        assert_eq!(ending(&standing, today), told);
        standing.document_valid_to = Some(today);
        assert_eq!(ending(&standing, today)[0], "身份证件 2026-11-20 到期");
        let term = |kind, until| CertificateTerm { kind, until };
        standing.certificates = vec![
            term(CertificateKind::Welder, date(2026, 11, 19)),
            term(CertificateKind::Welder, date(2029, 11, 19)),
            term(CertificateKind::Electrician, date(2026, 11, 18)),
            term(CertificateKind::Electrician, date(2026, 11, 19)),
        ];
        assert_eq!(ending(&standing, today)[0], "建筑电工 2026-11-19 已到期");
        assert_eq!(
            ending(&standing, today).len(),
            3,
            "the welder has a newer one"
        );
    }
}
