//! The policy in force: the site's settings, and over them what the city has set.

use edge_domain::{
    AgeEffect, AgeRule, AntiPassback, EmergencyMode, LaneId, Policy, Requirement, Sex, Trade,
    TradeSet,
};
use edge_store::{Reader, StoreError};
use sync_wire::down::{self as wire, PolicyOrder};

/// The setting that holds the city's policy, as JSON.
pub(super) const POLICY_SETTING: &str = "down.policy";

/// Most rows of the age table.
const AGE_RULES_MAX: usize = 64;
/// Longest time within which the same card again is a repetition, ms.
const REPEAT_WINDOW_MS_MAX: u64 = 60_000;

/// The policy in force at the start.
///
/// # Errors
/// The ledger cannot be read.
pub(crate) fn in_force(site: &Policy, reader: &Reader) -> Result<Policy, StoreError> {
    let stored = reader.setting(POLICY_SETTING)?;
    let order = stored.and_then(|text| serde_json::from_str::<PolicyOrder>(&text).ok());
    Ok(order
        .and_then(|order| over(site, &order).ok())
        .unwrap_or_else(|| site.clone()))
}

/// The city's numbers over the site's; what the city does not name stays. Its `anti_passback` is for
/// every lane that it does not name.
///
/// # Errors
/// Which value is outside its range, in Chinese.
pub(super) fn over(site: &Policy, order: &PolicyOrder) -> Result<Policy, &'static str> {
    let values = &order.values;
    let mut policy = Policy {
        version: order.version,
        ..site.clone()
    };
    if let Some(rows) = &values.ages {
        if rows.len() > AGE_RULES_MAX {
            return Err("ages 最多 64 行");
        }
        policy.ages = rows.iter().map(age).collect::<Result<_, _>>()?;
    }
    for (new, place) in [
        (values.training, &mut policy.training),
        (values.contract, &mut policy.contract),
        (values.document_validity, &mut policy.document_validity),
    ] {
        if let Some(new) = new {
            *place = requirement(new);
        }
    }
    if let Some(days) = values.health_certificate_days_max {
        policy.health_certificate_days_max = days;
    }
    if let Some(word) = values.anti_passback {
        policy.anti_passback = anti_passback(word);
        policy.anti_passback_by_lane.clear();
    }
    for (lane, word) in &values.anti_passback_by_lane {
        let lane = LaneId::parse(lane).map_err(|_| "通道编号不对")?;
        policy
            .anti_passback_by_lane
            .insert(lane, anti_passback(*word));
    }
    if let Some(hours) = values.presence_h_max {
        policy.presence_h_max = within(hours, 1, 48, "presence_h_max 应为 1 至 48")?;
    }
    if let Some(ms) = values.repeat_window_ms {
        policy.repeat_window_ms = within(
            ms,
            0,
            REPEAT_WINDOW_MS_MAX,
            "repeat_window_ms 应为 0 至 60000",
        )?;
    }
    if let Some(hour) = values.day_boundary_h {
        policy.day_boundary_h = within(hour, 0, 12, "day_boundary_h 应为 0 至 12")?;
    }
    if let Some(word) = values.emergency_entry {
        policy.emergency_entry = match word {
            wire::EmergencyEntry::Off => EmergencyMode::Off,
            wire::EmergencyEntry::Counted => EmergencyMode::Counted,
        };
    }
    Ok(policy)
}

fn within<T: PartialOrd + Copy>(
    value: T,
    min: T,
    max: T,
    wrong: &'static str,
) -> Result<T, &'static str> {
    if value < min || value > max {
        return Err(wrong);
    }
    Ok(value)
}

fn age(row: &wire::AgeRule) -> Result<AgeRule, &'static str> {
    if row.age_min > row.age_max {
        return Err("年龄下限大于上限");
    }
    let trades: Result<_, _> = row.trades.iter().map(|code| Trade::parse(code)).collect();
    Ok(AgeRule {
        sex: row.sex.map(|sex| match sex {
            wire::AgeSex::Male => Sex::Male,
            wire::AgeSex::Female => Sex::Female,
        }),
        trades: if row.trades.is_empty() {
            TradeSet::All
        } else {
            TradeSet::Only(trades.map_err(|_| "工种代码不在表内")?)
        },
        age_min: row.age_min,
        age_max: row.age_max,
        effect: match row.effect {
            wire::AgeEffect::Allow => AgeEffect::Allow,
            wire::AgeEffect::Warn => AgeEffect::Warn,
            wire::AgeEffect::Deny => AgeEffect::Deny,
            wire::AgeEffect::HealthCertificate => AgeEffect::HealthCertificate,
        },
    })
}

fn requirement(word: wire::Requirement) -> Requirement {
    match word {
        wire::Requirement::Required => Requirement::Required,
        wire::Requirement::Warned => Requirement::Warned,
        wire::Requirement::Ignored => Requirement::Ignored,
    }
}

fn anti_passback(word: wire::AntiPassback) -> AntiPassback {
    match word {
        wire::AntiPassback::Off => AntiPassback::Off,
        wire::AntiPassback::Soft => AntiPassback::Soft,
        wire::AntiPassback::Hard => AntiPassback::Hard,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn order(values: &str) -> PolicyOrder {
        serde_json::from_str(&format!("{{\"version\":2,{values}}}")).unwrap()
    }

    fn site() -> Policy {
        let gate = LaneId::parse("gate-1").unwrap();
        Policy {
            anti_passback_by_lane: BTreeMap::from([(gate, AntiPassback::Off)]),
            presence_h_max: 12,
            ..Policy::anhui()
        }
    }

    #[test]
    fn what_the_city_names_is_over_the_settings_and_the_rest_stays() {
        let site = site();
        let taken = over(&site, &order("\"contract\":\"required\"")).unwrap();
        let expected = Policy {
            version: 2,
            contract: Requirement::Required,
            ..site.clone()
        };
        assert_eq!(taken, expected);
        // A lane that the city does not name follows the city's word for all.
        let words = "\"anti_passback\":\"soft\",\"anti_passback_by_lane\":{\"gate-2\":\"hard\"}";
        let taken = over(&site, &order(words)).unwrap();
        let of = |lane: &str| taken.anti_passback_of(&LaneId::parse(lane).unwrap());
        assert_eq!(of("gate-1"), AntiPassback::Soft);
        assert_eq!(of("gate-2"), AntiPassback::Hard);
        let age =
            "\"ages\":[{\"trades\":[\"030\"],\"age_min\":0,\"age_max\":20,\"effect\":\"deny\"}]";
        let taken = over(&site, &order(age)).unwrap();
        let scaffolder = Trade::parse("030").unwrap();
        let effect = |age| taken.age_effect(Sex::Male, scaffolder, age);
        assert_eq!(
            (effect(20), effect(21)),
            (AgeEffect::Deny, AgeEffect::Allow)
        );
    }

    #[test]
    fn every_value_outside_its_range_is_named() {
        for (values, why) in [
            ("\"presence_h_max\":0", "presence_h_max"),
            ("\"presence_h_max\":49", "presence_h_max"),
            ("\"repeat_window_ms\":60001", "repeat_window_ms"),
            ("\"day_boundary_h\":13", "day_boundary_h"),
            ("\"anti_passback_by_lane\":{\"\":\"off\"}", "通道"),
            (
                "\"ages\":[{\"age_min\":9,\"age_max\":8,\"effect\":\"warn\"}]",
                "年龄",
            ),
            (
                "\"ages\":[{\"trades\":[\"999\"],\"age_min\":0,\"age_max\":8,\"effect\":\"warn\"}]",
                "工种",
            ),
        ] {
            let told = over(&site(), &order(values)).unwrap_err();
            assert!(told.contains(why), "{values}: {told}");
        }
    }
}
