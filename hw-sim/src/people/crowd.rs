//! The seeded generator of people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;

use super::names::{MEN, NATIONS, RARE, SURNAMES, WOMEN};
use super::number::check_character;
use super::person::{CardKind, Person, Sex, Standing};
use crate::seed::Seeded;

/// Unassigned administrative regions: nobody real has such a number.
const REGIONS: [&str; 8] = [
    "349901", "349902", "349903", "349905", "349908", "349911", "349921", "349930",
];

/// Team number, trade code, and what is written above the team: teams of the roster file in order.
pub(super) const TEAMS: [(u32, &str, &str); 6] = [
    (1, "020", "钢筋一班"),
    (2, "050", "模板一班"),
    (3, "010", "砌筑班"),
    (4, "130", "电工班"),
    (5, "030", "架子班"),
    (6, "390", "杂工班"),
];

/// What the generator is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrowdSettings {
    /// Same seed, same people.
    pub seed: u64,
    /// Residents who may pass; permit holders and the refused come on top.
    pub count: u32,
    /// How many of each refused standing.
    pub denied_each: u32,
    /// The year the site day is in: birthdays and dates of joining are counted back from it.
    pub year: i16,
}

/// Everybody of one site day, in a fixed order.
#[derive(Debug, Clone)]
pub struct Crowd {
    settings: CrowdSettings,
    people: Vec<Arc<Person>>,
    by_number: BTreeMap<String, usize>,
}

impl Crowd {
    /// Invents the crowd: admitted residents, six permit holders, then the refused.
    pub fn invent(settings: CrowdSettings) -> Self {
        let mut maker = Maker {
            year: settings.year,
            seeded: Seeded::new(settings.seed),
            used: BTreeSet::new(),
            made: 0,
        };
        let mut people = Vec::new();
        for rare in 0..settings.count {
            let name = usize::try_from(rare).ok().and_then(|index| RARE.get(index));
            people.extend(maker.resident(Standing::Admitted, name.copied()));
        }
        people.extend(permit_holders(&mut maker));
        for standing in Standing::DENIED {
            for _ in 0..settings.denied_each {
                people.extend(maker.resident(standing, None));
            }
        }
        let people: Vec<_> = people.into_iter().map(Arc::new).collect();
        let by_number = people
            .iter()
            .enumerate()
            .map(|(at, person)| (person.number.clone(), at))
            .collect();
        Self {
            settings,
            people,
            by_number,
        }
    }

    /// What it was made from.
    pub fn settings(&self) -> CrowdSettings {
        self.settings
    }

    /// Everybody, in order.
    pub fn people(&self) -> &[Arc<Person>] {
        &self.people
    }

    /// The person with this number.
    pub fn by_number(&self, number: &str) -> Option<&Arc<Person>> {
        self.by_number
            .get(number)
            .and_then(|at| self.people.get(*at))
    }

    /// Everybody of this standing, in order.
    pub fn of_standing(&self, standing: Standing) -> impl Iterator<Item = &Arc<Person>> {
        self.people
            .iter()
            .filter(move |person| person.standing == standing)
    }

    /// Finds a person by a word of the scenario: a full number, or a group and a place in it from 0, such as
    /// `admitted:3`, `left:0`, `hmt:1`, `foreigner_2017:0`, `foreigner_2023:0`; without a place the first.
    pub fn find(&self, word: &str) -> Option<&Arc<Person>> {
        if let Some(person) = self.by_number(word) {
            return Some(person);
        }
        let (group, place) = word.split_once(':').unwrap_or((word, "0"));
        let place: usize = place.parse().ok()?;
        self.people
            .iter()
            .filter(|person| match person.card {
                CardKind::Resident => person.standing.code() == group,
                CardKind::HongKongMacaoTaiwan { .. }
                | CardKind::Foreigner2017 { .. }
                | CardKind::Foreigner2023 { .. } => person.card.code() == group,
            })
            .nth(place)
    }
}

struct Maker {
    year: i16,
    seeded: Seeded,
    used: BTreeSet<String>,
    made: u32,
}

impl Maker {
    /// A resident nobody has been before; nothing only if the calendar refuses the date.
    fn resident(&mut self, standing: Standing, rare: Option<(&str, &str)>) -> Option<Person> {
        let sex = if self.seeded.percent(12) {
            Sex::Female
        } else {
            Sex::Male
        };
        let born = self.birthday(standing, sex)?;
        let number = self.number(born, sex)?;
        let (name, nation) = match rare {
            Some((name, nation)) => (name.to_owned(), nation.to_owned()),
            None => (
                self.name(sex),
                self.seeded.pick(NATIONS).copied()?.to_owned(),
            ),
        };
        let (team, trade, _) = *self.seeded.pick(&TEAMS)?;
        let road = self.seeded.between(1, 400);
        let valid_from = Date::new(self.year.checked_sub(3)?, 3, 15).ok()?;
        let valid_to = if self.seeded.percent(10) {
            None
        } else {
            Some(Date::new(self.year.checked_add(17)?, 3, 15).ok()?)
        };
        Some(Person {
            name,
            card: CardKind::Resident,
            number,
            sex,
            born,
            nation,
            address: format!("测试省测试市测试路{road}号"),
            issuer: "测试市公安局测试分局".to_owned(),
            valid_from,
            valid_to,
            phone: self.phone(),
            team,
            trade,
            standing,
        })
    }

    /// Adults between twenty and forty-eight, so that no age rule of any site touches them; the under-age turn
    /// thirteen to fifteen in the year.
    fn birthday(&mut self, standing: Standing, _sex: Sex) -> Option<Date> {
        let age = match standing {
            Standing::UnderAge => self.seeded.between(13, 15),
            Standing::Admitted
            | Standing::NotOnRoster
            | Standing::Left
            | Standing::Untrained
            | Standing::Blacklisted => self.seeded.between(20, 48),
        };
        let year = self.year.checked_sub(i16::try_from(age).ok()?)?;
        let month = i8::try_from(self.seeded.between(1, 12)).ok()?;
        let day = i8::try_from(self.seeded.between(1, 28)).ok()?;
        Date::new(year, month, day).ok()
    }

    fn number(&mut self, born: Date, sex: Sex) -> Option<String> {
        loop {
            let region = self.seeded.pick(&REGIONS)?;
            let even = self.seeded.below(499).saturating_add(1).saturating_mul(2);
            let order = match sex {
                Sex::Female => even,
                Sex::Male => even.saturating_sub(1),
            };
            let first = format!("{region}{}{order:03}", compact(born));
            let number = format!("{first}{}", check_character(&first)?);
            if self.used.insert(number.clone()) {
                return Some(number);
            }
        }
    }

    fn name(&mut self, sex: Sex) -> String {
        let given = match sex {
            Sex::Male => MEN,
            Sex::Female => WOMEN,
        };
        let surname = self.seeded.pick(SURNAMES).copied().unwrap_or("张");
        let given = self.seeded.pick(given).copied().unwrap_or("三");
        format!("{surname}{given}")
    }

    fn phone(&mut self) -> String {
        self.made = self.made.saturating_add(1);
        format!("1390000{:04}", self.made % 10_000)
    }
}

/// A date as on the chip and in a number: `YYYYMMDD`.
pub(crate) fn compact(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// The worked vectors of the permits, and two invented old foreigners' numbers.
fn permit_holders(maker: &mut Maker) -> Vec<Person> {
    let hmt = |permit: &str| CardKind::HongKongMacaoTaiwan {
        travel_permit: permit.to_owned(),
        times_issued: "01".to_owned(),
    };
    let new = |english: &str, nationality: &str| CardKind::Foreigner2023 {
        english_name: english.to_owned(),
        nationality: nationality.to_owned(),
    };
    let old = CardKind::Foreigner2017 {
        english_name: "MARTIN, ALEXANDRE TESTCASE".to_owned(),
        nationality: "FRA".to_owned(),
    };
    [
        (
            "何港生",
            hmt("H34990001"),
            "81000019850505001X",
            Sex::Male,
            (1985, 5, 5),
        ),
        (
            "区澳莲",
            hmt("M34990002"),
            "820000199111110020",
            Sex::Female,
            (1991, 11, 11),
        ),
        (
            "林台生",
            hmt("T34990003"),
            "830000197809090036",
            Sex::Male,
            (1978, 9, 9),
        ),
        (
            "史密斯",
            new("SMITH, JOHN TESTCASE", "USA"),
            "93484019800101001X",
            Sex::Male,
            (1980, 1, 1),
        ),
        (
            "田中友子",
            new("TANAKA, YUKO", "JPN"),
            "931392199108150021",
            Sex::Female,
            (1991, 8, 15),
        ),
        ("马丁", old, "FRA349982070112", Sex::Male, (1982, 7, 1)),
    ]
    .into_iter()
    .filter_map(|(name, card, number, sex, (year, month, day))| {
        let nation = String::new();
        let mut person = maker.resident(Standing::Admitted, Some((name, &nation)))?;
        person.card = card;
        number.clone_into(&mut person.number);
        person.sex = sex;
        person.born = Date::new(year, month, day).ok()?;
        person.valid_to = Some(Date::new(maker.year.checked_add(2)?, 3, 15).ok()?);
        Some(person)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Crowd, CrowdSettings, check_character, compact};
    use crate::people::{CardKind, Sex, Standing};

    fn crowd(count: u32) -> Crowd {
        Crowd::invent(CrowdSettings {
            seed: 20_261_122,
            count,
            denied_each: 2,
            year: 2026,
        })
    }

    #[test]
    fn every_resident_has_a_right_number_of_the_unassigned_region() {
        let crowd = crowd(2_000);
        let mut seen = BTreeSet::new();
        for person in crowd.people() {
            assert!(
                seen.insert(person.number.clone()),
                "twice: {}",
                person.number
            );
            if person.card != CardKind::Resident {
                continue;
            }
            let (first, check) = person.number.split_at(17);
            assert!(first.starts_with("3499"));
            assert_eq!(first.get(6..14), Some(compact(person.born).as_str()));
            assert_eq!(check_character(first).unwrap().to_string(), check);
            let odd = first.get(14..).unwrap().parse::<u32>().unwrap() % 2 == 1;
            assert_eq!(odd, person.sex == Sex::Male);
        }
        assert_eq!(seen.len(), 2_000 + 6 + 10);
    }

    #[test]
    fn the_same_seed_gives_the_same_people_and_another_seed_others() {
        let one = crowd(50);
        assert_eq!(one.people(), crowd(50).people());
        let other = Crowd::invent(CrowdSettings {
            seed: 1,
            ..one.settings()
        });
        assert_ne!(one.people(), other.people());
    }

    #[test]
    fn the_under_age_stay_under_sixteen_all_year_and_the_rest_are_grown_up() {
        for person in crowd(300).people() {
            let turns = 2026 - person.born.year();
            assert_eq!(
                person.standing == Standing::UnderAge,
                turns < 16,
                "{person:?}"
            );
        }
    }

    #[test]
    fn people_are_found_by_group_and_by_number() {
        let crowd = crowd(10);
        assert_eq!(crowd.find("left:1").unwrap().standing, Standing::Left);
        assert_eq!(crowd.find("hmt:2").unwrap().number, "830000197809090036");
        assert_eq!(
            crowd.find("foreigner_2023").unwrap().number,
            "93484019800101001X"
        );
        assert_eq!(
            crowd.find("admitted:3").unwrap().name,
            "阿卜杜热合曼·麦麦提明"
        );
        assert_eq!(crowd.find("931392199108150021").unwrap().name, "田中友子");
        assert!(crowd.find("left:2").is_none() && crowd.find("nobody").is_none());
    }

    #[test]
    fn debug_does_not_show_a_whole_number() {
        let crowd = crowd(1);
        assert!(!format!("{:?}", crowd.people()).contains(&crowd.people()[0].number));
    }
}
