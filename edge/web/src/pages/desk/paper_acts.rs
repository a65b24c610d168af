//! Certificates of special trades and the emergency contact: all go into the person's sealed record.

use edge_domain::{
    CERTIFICATES_MAX, Certificate, CertificateKind, CertificateNumber, Contact, ISSUER_CHARS_MAX,
    Kinship, Person,
};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::fields;
use crate::recorder::Refusal;

/// No certificate is valid longer: beyond it somebody mistyped the year.
const YEARS_MAX: i64 = 10;

/// What a form says of a certificate.
#[derive(Debug)]
pub(super) struct TypedCertificate<'a> {
    pub(super) kind: &'a str,
    pub(super) number: &'a str,
    pub(super) issuer: &'a str,
    pub(super) until: &'a str,
}

impl TypedCertificate<'_> {
    fn read(&self, today: Date) -> Result<Certificate, Refusal> {
        let Some(kind) = CertificateKind::from_code(self.kind) else {
            return Err(Refusal::new("请选操作类别。"));
        };
        let Ok(number) = CertificateNumber::parse(self.number) else {
            return Err(Refusal::new(
                "证书编号不对：应是 4 到 40 位字母、数字或汉字，可以有连字符。请对照证书重新输入，没有保存。",
            ));
        };
        let Some(issuer) = fields::note(self.issuer, ISSUER_CHARS_MAX) else {
            return Err(Refusal::new("请填发证机关。"));
        };
        let until = fields::needed_day(self.until, "有效期")?;
        if until < today {
            return Err(Refusal::new(format!(
                "这本证 {until} 已经过期，没有保存。请核对有效期；确实过期的，换了新证再登记。"
            )));
        }
        if until > today.saturating_add(YEARS_MAX.years()) {
            return Err(Refusal::new(format!(
                "有效期到 {until}，超过 {YEARS_MAX} 年，请核对年份，没有保存。"
            )));
        }
        Ok(Certificate {
            kind,
            number,
            issuer,
            until,
        })
    }
}

/// Adds a certificate; one of the same kind and number is renewed.
pub(super) fn add_certificate(
    person: &mut Person,
    typed: &TypedCertificate<'_>,
    today: Date,
) -> Result<(), Refusal> {
    let new = typed.read(today)?;
    let held = &mut person.certificates;
    held.retain(|one| (one.kind, &one.number) != (new.kind, &new.number));
    if held.len() >= CERTIFICATES_MAX {
        return Err(Refusal::new(format!(
            "一个人最多登记 {CERTIFICATES_MAX} 本证，请先删去用不着的。"
        )));
    }
    held.push(new);
    Ok(())
}

/// Takes away the certificate at this place of the list, from 0.
pub(super) fn remove_certificate(person: &mut Person, place: &str) -> Result<(), Refusal> {
    let place = place.parse().ok();
    match place.filter(|at: &usize| *at < person.certificates.len()) {
        Some(at) => {
            person.certificates.remove(at);
            Ok(())
        }
        None => Err(Refusal::new("没有这本证，请看过最新内容后再操作。")),
    }
}

/// An emergency contact; `None` where nothing of one was typed.
pub(super) fn contact(name: &str, kinship: &str, phone: &str) -> Result<Option<Contact>, Refusal> {
    if name.trim().is_empty() && phone.trim().is_empty() {
        return Ok(None);
    }
    let Ok(name) = edge_domain::PersonName::parse(name) else {
        return Err(Refusal::new("请填紧急联系人的姓名，最多 70 个字。"));
    };
    let Some(kinship) = Kinship::from_code(kinship) else {
        return Err(Refusal::new("请选紧急联系人与本人的关系。"));
    };
    match edge_domain::PhoneNumber::parse(phone) {
        Ok(phone) => Ok(Some(Contact {
            name,
            kinship,
            phone,
        })),
        Err(_) => Err(Refusal::new("紧急联系人的手机号应是 1 开头的 11 位数字。")),
    }
}

#[cfg(test)]
mod tests {
    use edge_domain::{IdNumber, PersonName, Sex};
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 23);

    fn person() -> Person {
        Person {
            name: PersonName::parse("𬭼䶮").unwrap(),
            number: IdNumber::parse("349901199003070016").unwrap(),
            sex: Sex::Male,
            born: date(1990, 3, 7),
            nation: None,
            phone: None,
            valid_to: None,
            photo_sha256: None,
            ic_card: None,
            wage_card: None,
            certificates: Vec::new(),
            contact: None,
        }
    }

    fn typed<'a>(number: &'a str, until: &'a str) -> TypedCertificate<'a> {
        TypedCertificate {
            kind: "welder",
            number,
            issuer: "<b>应急局</b>",
            until,
        }
    }

    #[test]
    fn several_are_kept_a_renewed_one_replaces_itself_and_one_can_go() {
        let mut one = person();
        for (number, until) in [
            ("T-0017", "2026-11-23"),
            ("T-0018", "2027-01-01"),
            ("t-0017 ", "2029-11-23"),
        ] {
            add_certificate(&mut one, &typed(number, until), TODAY).unwrap();
        }
        let held = |one: &Person| -> Vec<(String, String)> {
            let texts = one.certificates.iter();
            texts
                .map(|one| (one.number.reveal().to_owned(), one.until.to_string()))
                .collect()
        };
        let text = |number: &str, until: &str| (number.to_owned(), until.to_owned());
        assert_eq!(
            held(&one),
            [text("T-0018", "2027-01-01"), text("T-0017", "2029-11-23")]
        );
        assert!(remove_certificate(&mut one, "2").is_err());
        assert!(remove_certificate(&mut one, "x").is_err());
        remove_certificate(&mut one, "0").unwrap();
        assert_eq!(held(&one), [text("T-0017", "2029-11-23")]);
    }

    #[test]
    fn each_fault_has_its_sentence_and_changes_nothing() {
        let mut one = person();
        for (number, until, word) in [
            ("=1+1", "2027-01-01", "证书编号"),
            ("T-0017", "2026-11-22", "已经过期"),
            ("T-0017", "2062-11-23", "请核对年份"),
            ("T-0017", "", "有效期"),
            ("T-0017", "明年", "看不懂"),
        ] {
            let fault = add_certificate(&mut one, &typed(number, until), TODAY).unwrap_err();
            assert!(fault.0.contains(word), "{}", fault.0);
        }
        assert!(one == person());
        for at in 0..CERTIFICATES_MAX {
            let number = format!("T-00{at}");
            add_certificate(&mut one, &typed(&number, "2027-01-01"), TODAY).unwrap();
        }
        let more = add_certificate(&mut one, &typed("T-9999", "2027-01-01"), TODAY);
        assert!(more.unwrap_err().0.contains("最多"));
    }

    #[test]
    fn a_contact_is_whole_or_not_at_all() {
        assert!(contact(" ", "", "").unwrap().is_none());
        let name = "阿卜杜热合曼·麦麦提明江阿吉汗";
        let whole = contact(name, "spouse", "13900000028").unwrap().unwrap();
        assert_eq!(whole.name.reveal(), name);
        for (name, kinship, phone, word) in [
            ("李秀英", "spouse", "", "手机号"),
            ("", "spouse", "13900000028", "姓名"),
            ("李秀英", "", "13900000028", "关系"),
            ("李秀英", "spouse", "05511234567", "手机号"),
        ] {
            let fault = contact(name, kinship, phone).unwrap_err();
            assert!(fault.0.contains(word), "{}", fault.0);
        }
    }
}
