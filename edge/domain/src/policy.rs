//! The numbers that rules use, as data with a version.

use std::collections::{BTreeMap, BTreeSet};

use crate::face::FacePolicy;
use crate::id_number::Sex;
use crate::ids::LaneId;
use crate::papers::CertificateKind;
use crate::wages::WagePolicy;
use crate::worker::Trade;

/// How strictly a condition is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Refuse who lacks it.
    Required,
    /// Let pass, flag.
    Warned,
    /// Do not look.
    Ignored,
}

/// What an age rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeEffect {
    /// Let pass.
    Allow,
    /// Let pass, flag.
    Warn,
    /// Refuse.
    Deny,
    /// Let pass with a health certificate of at most one year, refuse without.
    HealthCertificate,
}

/// Which trades a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeSet {
    /// Every trade.
    All,
    /// Only these.
    Only(BTreeSet<Trade>),
}

/// One row of the age table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgeRule {
    /// `None` for everybody.
    pub sex: Option<Sex>,
    /// For whom by trade.
    pub trades: TradeSet,
    /// First age in full years that the row covers.
    pub age_min: u8,
    /// Last age in full years that the row covers.
    pub age_max: u8,
    /// What it does.
    pub effect: AgeEffect,
}

impl AgeRule {
    fn covers(&self, sex: Sex, trade: Trade, age: u8) -> bool {
        let for_sex = self.sex.is_none_or(|wanted| wanted == sex);
        let for_trade = match &self.trades {
            TradeSet::All => true,
            TradeSet::Only(trades) => trades.contains(&trade),
        };
        for_sex && for_trade && (self.age_min..=self.age_max).contains(&age)
    }
}

/// What happens to a second entry without an exit, or a second exit without an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AntiPassback {
    /// Not looked at.
    Off,
    /// Open and flag.
    Soft,
    /// Refuse entry. Exit is never refused.
    Hard,
}

/// What entry does while the ledger cannot commit. Exit always opens and is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmergencyMode {
    /// Closed.
    Off,
    /// Whoever the rules admit gets in, and the openings are counted and recorded later.
    Counted,
}

/// What becomes of visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitors {
    /// Let in while their visit runs.
    Allow,
    /// Refused. Exit is never refused.
    Deny,
}

/// All numbers that rules use. Under 16 is not among them: that refusal is unconditional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Grows with every change; stored in each presentation.
    pub version: u32,
    /// The age table: the first row that covers the person decides; none means allowed.
    pub ages: Vec<AgeRule>,
    /// Safety or entry training.
    pub training: Requirement,
    /// Contract signed and not ended.
    pub contract: Requirement,
    /// Identity document not expired.
    pub document_validity: Requirement,
    /// A certificate in force for the trades of `special_trades`.
    pub certificate: Requirement,
    /// Trades for which a certificate of one of these kinds must be in force.
    pub special_trades: BTreeMap<Trade, BTreeSet<CertificateKind>>,
    /// Longest accepted health certificate in days ahead of today.
    pub health_certificate_days_max: u16,
    /// Anti-passback of lanes that have no entry in `anti_passback_by_lane`.
    pub anti_passback: AntiPassback,
    /// Anti-passback of single lanes.
    pub anti_passback_by_lane: BTreeMap<LaneId, AntiPassback>,
    /// After this time a missing counterpart is taken as a forgotten card, not as pass-back.
    /// Also the longest spell that work days pair. Hours, 1 to 48.
    pub presence_h_max: u8,
    /// A presentation of the same person in the same lane and direction within this time is a
    /// repetition. Milliseconds.
    pub repeat_window_ms: u64,
    /// Hour at which a new work day begins for somebody who enters, 0 to 12.
    pub day_boundary_h: u8,
    /// Entry while the ledger cannot commit.
    pub emergency_entry: EmergencyMode,
    /// Visitors.
    pub visitors: Visitors,
    /// Faces; without a camera they are not asked.
    pub face: FacePolicy,
    /// Wages: the place's minimum, and until when they are paid.
    pub wages: WagePolicy,
    /// The legal basis, in words, on which pictures of doubtful faces leave the box; none: no
    /// picture leaves it. Only the site's own settings say it.
    pub photo_upload_basis: Option<String>,
}

/// Trades that people under 18 may not do and that ask for a look above the usual age: heights,
/// lifting, heavy machines, live current, blasting.
const HAZARDOUS_TRADES: [&str; 11] = [
    "030", "080", "120", "130", "150", "160", "170", "180", "220", "280", "310",
];

/// Trades of the national table whose work is a special operation on every site, and what is a
/// certificate for it (建质〔2008〕75号 for building; welding and blasting have authorities of their own).
/// Drivers of cranes and hoists have no trade of their own in the table: a site adds what it uses.
const SPECIAL_TRADES: [(&str, &[CertificateKind]); 6] = [
    ("030", &[CertificateKind::Scaffolder]),
    ("130", &[CertificateKind::Electrician]),
    ("170", &[CertificateKind::Signaller]),
    ("180", &[CertificateKind::Erector, CertificateKind::Cradle]),
    ("270", &[CertificateKind::Welder]),
    ("280", &[CertificateKind::Blaster]),
];

fn special_trades() -> BTreeMap<Trade, BTreeSet<CertificateKind>> {
    let known = |(code, kinds): &(&str, &[CertificateKind])| {
        Some((Trade::parse(code).ok()?, kinds.iter().copied().collect()))
    };
    SPECIAL_TRADES.iter().filter_map(known).collect()
}

impl Policy {
    /// Defaults for a site in Anhui: no fixed upper age (建市函〔2022〕490号: age by post, no
    /// one-size ban), so being over age is flagged and never refused; under 18 refused for
    /// hazardous trades and flagged for others; safety training required; contract and certificates of special trades flagged.
    pub fn anhui() -> Self {
        let hazardous = HAZARDOUS_TRADES
            .iter()
            .filter_map(|code| Trade::parse(code).ok());
        let row = |sex, trades, age_min, age_max, effect| AgeRule {
            sex,
            trades,
            age_min,
            age_max,
            effect,
        };
        Self {
            version: 1,
            photo_upload_basis: None,
            ages: vec![
                row(
                    None,
                    TradeSet::Only(hazardous.collect()),
                    0,
                    17,
                    AgeEffect::Deny,
                ),
                row(None, TradeSet::All, 0, 17, AgeEffect::Warn),
                row(
                    Some(Sex::Female),
                    TradeSet::All,
                    50,
                    u8::MAX,
                    AgeEffect::Warn,
                ),
                row(None, TradeSet::All, 60, u8::MAX, AgeEffect::Warn),
            ],
            training: Requirement::Required,
            contract: Requirement::Warned,
            document_validity: Requirement::Warned,
            certificate: Requirement::Warned,
            special_trades: special_trades(),
            health_certificate_days_max: 366,
            anti_passback: AntiPassback::Soft,
            anti_passback_by_lane: BTreeMap::new(),
            presence_h_max: 18,
            repeat_window_ms: 3_000,
            day_boundary_h: 4,
            emergency_entry: EmergencyMode::Off,
            visitors: Visitors::Allow,
            face: FacePolicy::default(),
            wages: WagePolicy::default(),
        }
    }

    /// What the age table says about a person.
    pub fn age_effect(&self, sex: Sex, trade: Trade, age: u8) -> AgeEffect {
        self.ages
            .iter()
            .find(|rule| rule.covers(sex, trade, age))
            .map_or(AgeEffect::Allow, |rule| rule.effect)
    }

    /// Anti-passback of one lane.
    pub fn anti_passback_of(&self, lane: &LaneId) -> AntiPassback {
        self.anti_passback_by_lane
            .get(lane)
            .copied()
            .unwrap_or(self.anti_passback)
    }

    /// [`Policy::presence_h_max`] in milliseconds.
    pub fn presence_ms_max(&self) -> u64 {
        u64::from(self.presence_h_max) * 3_600_000
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::anhui()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anhui_flags_old_age_and_refuses_nobody_for_it() {
        let policy = Policy::anhui();
        let scaffolder = Trade::parse("030").unwrap();
        for (sex, trade, age, effect) in [
            (Sex::Male, Trade::OTHER, 59, AgeEffect::Allow),
            (Sex::Male, Trade::OTHER, 60, AgeEffect::Warn),
            (Sex::Female, Trade::OTHER, 49, AgeEffect::Allow),
            (Sex::Female, Trade::OTHER, 50, AgeEffect::Warn),
            (Sex::Unstated, Trade::OTHER, 50, AgeEffect::Allow),
            (Sex::Male, scaffolder, 70, AgeEffect::Warn),
            (Sex::Male, scaffolder, 17, AgeEffect::Deny),
            (Sex::Male, Trade::OTHER, 17, AgeEffect::Warn),
            (Sex::Male, scaffolder, 18, AgeEffect::Allow),
        ] {
            assert_eq!(
                policy.age_effect(sex, trade, age),
                effect,
                "{sex:?} {trade:?} {age}"
            );
        }
        for age in 18..=u8::MAX {
            for sex in [Sex::Male, Sex::Female, Sex::Unstated] {
                assert_ne!(policy.age_effect(sex, scaffolder, age), AgeEffect::Deny);
            }
        }
    }

    #[test]
    fn every_special_trade_is_a_national_code() {
        assert_eq!(Policy::anhui().special_trades.len(), SPECIAL_TRADES.len());
    }

    #[test]
    fn every_hazardous_trade_is_a_national_code() {
        assert!(
            HAZARDOUS_TRADES
                .iter()
                .all(|code| Trade::parse(code).is_ok())
        );
    }

    #[test]
    fn a_lane_may_have_its_own_anti_passback() {
        let mut policy = Policy::anhui();
        let gate = LaneId::parse("gate-1").unwrap();
        policy
            .anti_passback_by_lane
            .insert(gate.clone(), AntiPassback::Hard);
        assert_eq!(policy.anti_passback_of(&gate), AntiPassback::Hard);
        let other = LaneId::parse("gate-2").unwrap();
        assert_eq!(policy.anti_passback_of(&other), AntiPassback::Soft);
    }
}
