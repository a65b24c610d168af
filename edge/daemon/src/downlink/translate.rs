//! From a line of the city's roster file to the rules' own words.

use edge_domain::{
    CityOp, CityPerson, CityTeam, IdNumber, PersonName, PhoneNumber, Role, Sex, Trade, Uscc,
};
use jiff::civil::Date;
use sync_wire::roster::{RosterLine, RosterOp};
use sync_wire::seal;

use crate::people::{NATION_ALLOWED, nation_fits};
use crate::records;

/// Reads one person.
///
/// # Errors
/// Which field cannot be used, in Chinese; no personal data is in it.
pub(super) fn person(line: &RosterLine) -> Result<CityPerson, &'static str> {
    let number = IdNumber::parse(&line.id_number).map_err(|_| "证件号码不合规则")?;
    if line
        .id_kind
        .is_some_and(|kind| kind != records::id_kind(number.kind()))
    {
        return Err("证件类型与证件号码不一致");
    }
    let op = match line.op {
        RosterOp::Confirm => CityOp::Confirm,
        RosterOp::Add => CityOp::Add,
        RosterOp::Correct => CityOp::Correct,
        RosterOp::Revoke => CityOp::Revoke,
    };
    let born = date(line.born.as_deref(), "出生日期不对")?;
    if born.is_some() && number.born().is_some() && born != number.born() {
        return Err("出生日期与证件号码不一致");
    }
    if !nation_fits(number.kind(), line.nation.as_deref()) {
        return Err(NATION_ALLOWED);
    }
    let name = line.name.as_deref().map(PersonName::parse).transpose();
    let phone = line.phone.as_deref().map(PhoneNumber::parse).transpose();
    let trade = line.trade.as_deref().map(Trade::parse).transpose();
    let role = match line.role.as_deref() {
        Some(code) => Some(Role::from_code(code).ok_or("岗位代码应为 10 或 20")?),
        None => None,
    };
    let team = match &line.team {
        Some(team) => Some(CityTeam {
            name: team.name.clone(),
            uscc: Uscc::parse(&team.uscc).map_err(|_| "统一社会信用代码不合规则")?,
            employer: team.employer.clone(),
            kind: team.r#type.clone(),
        }),
        None => None,
    };
    Ok(CityPerson {
        name: name.map_err(|_| "姓名为空或过长")?,
        sex: line.sex.map(|sex| match sex {
            seal::Sex::Male => Sex::Male,
            seal::Sex::Female => Sex::Female,
            seal::Sex::Unstated => Sex::Unstated,
        }),
        born,
        nation: line.nation.clone(),
        phone: phone.map_err(|_| "手机号码不合规则")?,
        valid_to: date(line.valid_to.as_deref(), "证件有效期不对")?,
        photo_sha256: line.photo_sha256.clone(),
        team,
        trade: trade.map_err(|_| "工种代码不在表内")?,
        role,
        entered_on: date(line.entered_on.as_deref(), "进场日期不对")?,
        contract_signed_on: date(line.contract_signed_on.as_deref(), "合同签订日期不对")?,
        contract_until: date(line.contract_until.as_deref(), "合同到期日期不对")?,
        trained_on: date(line.trained_on.as_deref(), "培训日期不对")?,
        health_certificate_until: date(
            line.health_certificate_until.as_deref(),
            "健康证有效期不对",
        )?,
        reason: line.reason.clone(),
        ..CityPerson::about(op, number)
    })
}

fn date(text: Option<&str>, wrong: &'static str) -> Result<Option<Date>, &'static str> {
    text.map(|text| text.parse().map_err(|_| wrong)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDED: &str = r#"{"op":"add","id_number":"349901198805120025","name":"李秀英","id_kind":"resident","sex":"female","born":"1988-05-12","nation":"01","phone":"13900000028","team":{"name":"钢筋一班","uscc":"91349900MA8N0TE00Y","employer":"皖城劳务有限公司","type":"006"},"trade":"020","role":"20","entered_on":"2026-11-20","contract_signed_on":"2026-11-19","trained_on":"2026-11-20"}"#;

    fn line(text: &str) -> RosterLine {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_line_becomes_a_person() {
        let person = person(&line(ADDED)).unwrap();
        assert_eq!(person.op, CityOp::Add);
        assert_eq!(person.number.reveal(), "349901198805120025");
        assert_eq!(person.sex, Some(Sex::Female));
        assert_eq!(person.trade.unwrap().text(), "钢筋工");
        assert_eq!(person.team.unwrap().employer, "皖城劳务有限公司");
        assert_eq!(person.trained_on, person.entered_on);
    }

    #[test]
    fn each_field_that_cannot_be_used_is_named() {
        for (right, wrong, why) in [
            ("120025", "120026", "证件号码"),
            ("resident", "hmt", "证件类型"),
            ("1988-05-12", "1988-05-13", "与证件号码不一致"),
            ("1988-05-12", "1988-02-30", "出生日期"),
            ("\"01\"", "\"汉\"", "民族"),
            ("李秀英", " ", "姓名"),
            ("13900000028", "28", "手机号码"),
            ("\"020\"", "\"999\"", "工种"),
            ("\"20\"", "\"30\"", "岗位"),
            ("0TE00Y", "0TE00X", "统一社会信用代码"),
            ("\"2026-11-19\"", "\"昨天\"", "合同签订日期"),
        ] {
            let text = ADDED.replacen(right, wrong, 1);
            assert_ne!(text, ADDED, "{right}");
            let told = person(&line(&text)).unwrap_err();
            assert!(told.contains(why), "{wrong}: {told}");
        }
    }
}
