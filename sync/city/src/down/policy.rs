//! The numbers of the rules as an operator writes them down.

use sync_wire::down::PolicyValues;

use crate::error::CityError;

/// Reads a TOML file with the fields of a policy. A key that no policy has is a mistyped one.
pub fn policy_of(text: &str) -> Result<PolicyValues, CityError> {
    let refused = |told: String| CityError::Refused(format!("规则文件有误：{told}"));
    let table: toml::Table = text.parse().map_err(|error| refused(format!("{error}")))?;
    let values: PolicyValues = toml::from_str(text).map_err(|error| refused(format!("{error}")))?;
    let known = serde_json::to_value(&values).map_err(|error| refused(format!("{error}")))?;
    let strange = table.iter().find(|(key, value)| {
        let empty = value.as_table().is_some_and(toml::Table::is_empty);
        known.get(key).is_none() && !empty
    });
    match strange {
        Some((key, _)) => Err(refused(format!("不认识 {key}"))),
        None if table.is_empty() => Err(refused("没有内容".to_owned())),
        None => check(&values)
            .map_err(|told| refused(told.to_owned()))
            .map(|()| values),
    }
}

/// The ranges of the protocol: what is outside, every box would refuse.
fn check(values: &PolicyValues) -> Result<(), &'static str> {
    let within = |value: Option<u8>, range: std::ops::RangeInclusive<u8>| {
        value.is_none_or(|value| range.contains(&value))
    };
    if !within(values.presence_h_max, 1..=48) {
        return Err("presence_h_max 应为 1 到 48");
    }
    if !within(values.day_boundary_h, 0..=12) {
        return Err("day_boundary_h 应为 0 到 12");
    }
    let mut ages = values.ages.iter().flatten();
    if ages.any(|rule| rule.age_min > rule.age_max) {
        return Err("ages 中 age_min 大于 age_max");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_and_mistakes_are_told() {
        let text = "training = \"required\"\nday_boundary_h = 4\n[anti_passback_by_lane]\neast-1 = \"hard\"\n";
        let values = policy_of(text).unwrap();
        assert_eq!(values.day_boundary_h, Some(4));
        assert_eq!(values.anti_passback_by_lane.len(), 1);
        for (text, said) in [
            ("", "没有内容"),
            ("trainning = \"required\"", "trainning"),
            ("training = \"sometimes\"", "sometimes"),
            ("presence_h_max = 49", "presence_h_max"),
            ("day_boundary_h = 13", "day_boundary_h"),
            (
                "[[ages]]\nage_min = 9\nage_max = 8\neffect = \"deny\"",
                "age_min",
            ),
        ] {
            let told = policy_of(text).unwrap_err().to_string();
            assert!(told.contains(said), "{text}: {told}");
        }
    }
}
