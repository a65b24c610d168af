//! The roster import file of the box.

use jiff::civil::Date;
use serde::Serialize;

use super::crowd::{Crowd, TEAMS};
use super::person::{Person, Standing};
use crate::error::SimError;

/// The version of the words that they signed: the one for a site without face terminals.
const FACE_CONSENT_TEXT: u16 = 3;

#[derive(Serialize)]
struct RosterFile<'a> {
    project: Project,
    employers: Vec<Employer>,
    teams: Vec<Team>,
    workers: Vec<Worker<'a>>,
}

#[derive(Serialize)]
struct Project {
    code: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Employer {
    #[serde(rename = "employer")]
    number: u32,
    uscc: &'static str,
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Team {
    #[serde(rename = "team")]
    number: u32,
    employer: u32,
    name: &'static str,
}

#[derive(Serialize)]
struct Worker<'a> {
    name: &'a str,
    id_kind: &'static str,
    id_number: &'a str,
    sex: &'static str,
    born: Date,
    #[serde(skip_serializing_if = "str::is_empty")]
    nation: &'a str,
    phone: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_to: Option<Date>,
    team: u32,
    trade: &'static str,
    role: &'static str,
    entered_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_signed_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trained_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health_certificate_until: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    face_consent_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    face_consent_text: Option<u16>,
    #[serde(skip_serializing_if = "is_false")]
    blacklisted: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

/// The import file as JSON: one project, two employers, the teams, and everybody but those who are not on the roster;
/// `agreed` are the numbers of those who have agreed to the use of their faces.
pub fn roster_file(crowd: &Crowd, agreed: &[&str]) -> Result<String, SimError> {
    let year = crowd.settings().year;
    let on_roster = |person: &&std::sync::Arc<Person>| person.standing != Standing::NotOnRoster;
    let file = RosterFile {
        project: Project {
            code: "3499002026TEST001",
            name: "测试市滨河家园一期工程",
        },
        employers: vec![
            Employer {
                number: 1,
                uscc: "91349900MA8N0TE00Y",
                name: "测试市第一建筑工程有限公司",
                kind: "009",
            },
            Employer {
                number: 2,
                uscc: "91349900MA8N0TE18Q",
                name: "测试市众力劳务有限公司",
                kind: "006",
            },
        ],
        teams: TEAMS
            .iter()
            .map(|&(team, _, name)| Team {
                number: team,
                employer: if team == 4 { 1 } else { 2 },
                name,
            })
            .collect(),
        workers: crowd
            .people()
            .iter()
            .filter(on_roster)
            .map(|person| worker(person, year, agreed))
            .collect(),
    };
    serde_json::to_string_pretty(&file).map_err(|source| SimError::Encode {
        what: "roster file",
        source,
    })
}

fn worker<'a>(person: &'a Person, year: i16, agreed: &[&str]) -> Worker<'a> {
    let last_year = |month, day| Date::new(year.saturating_sub(1), month, day).ok();
    let trained = person.standing != Standing::Untrained;
    let has_agreed = agreed.contains(&person.number.as_str());
    Worker {
        name: &person.name,
        id_kind: person.card.code(),
        id_number: &person.number,
        sex: person.sex.word(),
        born: person.born,
        nation: &person.nation,
        phone: &person.phone,
        valid_to: person.valid_to,
        team: person.team,
        trade: person.trade,
        role: "20",
        entered_on: last_year(3, 1),
        left_on: (person.standing == Standing::Left)
            .then(|| last_year(12, 20))
            .flatten(),
        contract_signed_on: last_year(3, 1),
        trained_on: trained.then(|| last_year(3, 2)).flatten(),
        health_certificate_until: None,
        face_consent_on: has_agreed.then(|| last_year(3, 2)).flatten(),
        face_consent_text: has_agreed.then_some(FACE_CONSENT_TEXT),
        blacklisted: person.standing == Standing::Blacklisted,
    }
}

#[cfg(test)]
mod tests {
    use super::roster_file;
    use crate::people::{Crowd, CrowdSettings};

    /// GB 32100: The character behind the first seventeen of a unified social credit code; nothing if one of them is not allowed there.
    fn company_check_character(first_seventeen: &str) -> Option<char> {
        const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
        if first_seventeen.chars().count() != 17 {
            return None;
        }
        let (mut sum, mut weight): (usize, usize) = (0, 1);
        for character in first_seventeen.chars() {
            let value = ALPHABET.chars().position(|known| known == character)?;
            sum = sum.checked_add(value.checked_mul(weight)?)?;
            weight = weight.checked_mul(3)?.checked_rem(31)?;
        }
        let check = 31usize.checked_sub(sum.checked_rem(31)?)?.checked_rem(31)?;
        ALPHABET.chars().nth(check)
    }

    #[test]
    fn the_file_has_everybody_but_the_strangers() {
        let crowd = Crowd::invent(CrowdSettings {
            seed: 5,
            count: 20,
            denied_each: 1,
            year: 2026,
        });
        let file: serde_json::Value =
            serde_json::from_str(&roster_file(&crowd, &[]).unwrap()).unwrap();
        let workers = file["workers"].as_array().unwrap();
        assert_eq!(workers.len(), 20 + 6 + 4);
        let stranger = &crowd.find("not_on_roster").unwrap().number;
        assert!(
            workers
                .iter()
                .all(|worker| worker["id_number"] != **stranger)
        );
        let left = &crowd.find("left").unwrap().number;
        let left = workers
            .iter()
            .find(|worker| worker["id_number"] == **left)
            .unwrap();
        assert_eq!(left["left_on"], "2025-12-20");
        assert!(left.get("blacklisted").is_none());
        let untrained = &crowd.find("untrained").unwrap().number;
        let untrained = workers
            .iter()
            .find(|one| one["id_number"] == **untrained)
            .unwrap();
        assert!(untrained.get("trained_on").is_none());
    }

    #[test]
    fn the_companies_have_right_codes() {
        let crowd = Crowd::invent(CrowdSettings {
            seed: 5,
            count: 1,
            denied_each: 0,
            year: 2026,
        });
        let file: serde_json::Value =
            serde_json::from_str(&roster_file(&crowd, &[]).unwrap()).unwrap();
        for employer in file["employers"].as_array().unwrap() {
            let (first, check) = employer["uscc"].as_str().unwrap().split_at(17);
            assert_eq!(company_check_character(first).unwrap().to_string(), check);
        }
    }
}
