//! What the ledger knows of people, as far as a file can say something about it.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::{
    BankAccount, Certificate, CertificateKind, CertificateNumber, Contact, Contract, IcNumber,
    IdNumber, Kinship, Person, PersonName, PhoneNumber, Role, Sex, Team, TeamId, Trade, WageCard,
    WorkerId, WorkerStanding,
};
use edge_store::Reader;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::error::SourceError;

/// One person as the ledger knows him.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) person: Person,
    pub(super) team: Option<TeamId>,
    pub(super) trade: Trade,
    pub(super) role: Role,
    pub(super) entered_on: Option<Date>,
    pub(super) left_on: Option<Date>,
    pub(super) contract: Option<Contract>,
    /// Day of the newest training that opens the gate.
    pub(super) trained_on: Option<Date>,
    pub(super) health_until: Option<Date>,
}

impl Kept {
    fn of(standing: &WorkerStanding, person: Person) -> Self {
        let trained = standing.trainings.iter().rev();
        Self {
            person,
            team: standing.team,
            trade: standing.trade,
            role: standing.role,
            entered_on: standing.entered_on,
            left_on: standing.left_on,
            contract: standing.contract,
            trained_on: trained
                .filter(|training| training.kind.opens_gate())
                .map(|training| training.on)
                .next(),
            health_until: standing.health_certificate_until,
        }
    }
}

/// A person as text, for keeping beside the row that changed him.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptText {
    name: String,
    number: String,
    sex: String,
    born: String,
    nation: Option<String>,
    phone: Option<String>,
    valid_to: Option<String>,
    photo: Option<String>,
    ic_card: Option<String>,
    /// Bank, account, and whether it is the social security card's.
    #[serde(default)]
    wage_card: Option<(String, String, bool)>,
    /// Kind, number, issuer and last day of each.
    #[serde(default)]
    certificates: Vec<CertificateText>,
    /// Name, kinship, phone.
    #[serde(default)]
    contact: Option<(String, String, String)>,
    team: Option<u32>,
    trade: String,
    role: String,
    entered_on: Option<String>,
    left_on: Option<String>,
    contract_on: Option<String>,
    contract_until: Option<String>,
    trained_on: Option<String>,
    health_until: Option<String>,
}

fn text(day: Option<Date>) -> Option<String> {
    day.map(|day| day.to_string())
}

fn day(text: Option<&String>) -> Option<Date> {
    text.and_then(|text| text.parse().ok())
}

impl From<&Kept> for KeptText {
    fn from(one: &Kept) -> Self {
        let person = &one.person;
        Self {
            name: person.name.reveal().to_owned(),
            number: person.number.reveal().to_owned(),
            sex: person.sex.code().to_owned(),
            born: person.born.to_string(),
            nation: person.nation.clone(),
            phone: person.phone.as_ref().map(|phone| phone.reveal().to_owned()),
            valid_to: text(person.valid_to),
            photo: person.photo_sha256.clone(),
            ic_card: person.ic_card.map(IcNumber::to_hex),
            wage_card: person.wage_card.as_ref().map(|card| {
                let account = card.account.reveal().to_owned();
                (card.bank.clone(), account, card.is_social)
            }),
            certificates: person.certificates.iter().map(certificate_text).collect(),
            contact: person.contact.as_ref().map(|contact| {
                (
                    contact.name.reveal().to_owned(),
                    contact.kinship.code().to_owned(),
                    contact.phone.reveal().to_owned(),
                )
            }),
            team: one.team.map(|team| team.0),
            trade: one.trade.code(),
            role: one.role.code().to_owned(),
            entered_on: text(one.entered_on),
            left_on: text(one.left_on),
            contract_on: text(one.contract.map(|contract| contract.signed_on)),
            contract_until: text(one.contract.and_then(|contract| contract.until)),
            trained_on: text(one.trained_on),
            health_until: text(one.health_until),
        }
    }
}

impl KeptText {
    /// The person again; `None` where the text is not one that was written here.
    pub(super) fn read(&self) -> Option<Kept> {
        let phone = self.phone.as_ref().map(|phone| PhoneNumber::parse(phone));
        let ic_card = self.ic_card.as_ref().map(|card| IcNumber::parse(card));
        let wage_card = match &self.wage_card {
            None => None,
            Some((bank, account, is_social)) => Some(WageCard {
                bank: bank.clone(),
                account: BankAccount::parse(account).ok()?,
                is_social: *is_social,
            }),
        };
        Some(Kept {
            person: Person {
                name: PersonName::parse(&self.name).ok()?,
                number: IdNumber::parse(&self.number).ok()?,
                sex: Sex::from_code(&self.sex)?,
                born: self.born.parse().ok()?,
                nation: self.nation.clone(),
                phone: phone.transpose().ok()?,
                valid_to: day(self.valid_to.as_ref()),
                photo_sha256: self.photo.clone(),
                ic_card: ic_card.transpose().ok()?,
                wage_card,
                certificates: self
                    .certificates
                    .iter()
                    .map(certificate)
                    .collect::<Option<_>>()?,
                contact: match &self.contact {
                    None => None,
                    Some((name, kinship, phone)) => Some(Contact {
                        name: PersonName::parse(name).ok()?,
                        kinship: Kinship::from_code(kinship)?,
                        phone: PhoneNumber::parse(phone).ok()?,
                    }),
                },
            },
            team: self.team.map(TeamId),
            trade: Trade::parse(&self.trade).ok()?,
            role: Role::from_code(&self.role)?,
            entered_on: day(self.entered_on.as_ref()),
            left_on: day(self.left_on.as_ref()),
            contract: day(self.contract_on.as_ref()).map(|signed_on| Contract {
                signed_on,
                until: day(self.contract_until.as_ref()),
            }),
            trained_on: day(self.trained_on.as_ref()),
            health_until: day(self.health_until.as_ref()),
        })
    }
}

type CertificateText = (String, String, String, String);

fn certificate_text(one: &Certificate) -> CertificateText {
    (
        one.kind.code().to_owned(),
        one.number.reveal().to_owned(),
        one.issuer.clone(),
        one.until.to_string(),
    )
}

fn certificate((kind, number, issuer, until): &CertificateText) -> Option<Certificate> {
    Some(Certificate {
        kind: CertificateKind::from_code(kind)?,
        number: CertificateNumber::parse(number).ok()?,
        issuer: issuer.clone(),
        until: until.parse().ok()?,
    })
}

/// Everybody, and the teams that he can be in.
#[derive(Default)]
pub(crate) struct Known {
    people: BTreeMap<WorkerId, Kept>,
    by_number: BTreeMap<IdNumber, WorkerId>,
    pub(super) barred: BTreeSet<WorkerId>,
    /// Each team with the name of its employer.
    pub(super) teams: Vec<(Team, String)>,
    last_worker: u32,
}

impl Known {
    /// What the ledger knows now.
    pub(crate) fn read(reader: &Reader) -> Result<Self, SourceError> {
        let mut persons = reader.persons()?;
        let roster = reader.roster()?;
        let employers = reader.employers()?;
        let mut known = Self {
            last_worker: reader.numbers_given()?.worker,
            ..Self::default()
        };
        for team in reader.teams()? {
            let employer = employers.iter().find(|one| one.employer == team.employer);
            let name = employer.map(|one| one.name.clone()).unwrap_or_default();
            known.teams.push((team, name));
        }
        for standing in roster.standings() {
            if standing.blacklisted {
                known.barred.insert(standing.worker);
            }
            if let Some(person) = persons.remove(&standing.worker) {
                known.keep(standing.worker, Kept::of(standing, person));
            }
        }
        Ok(known)
    }

    /// From now on this is known of a worker.
    pub(super) fn keep(&mut self, worker: WorkerId, one: Kept) {
        self.last_worker = self.last_worker.max(worker.0);
        self.by_number.insert(one.person.number.clone(), worker);
        self.people.insert(worker, one);
    }

    pub(super) fn person(&self, worker: WorkerId) -> Option<&Kept> {
        self.people.get(&worker)
    }

    pub(super) fn worker_of(&self, number: &IdNumber) -> Option<WorkerId> {
        self.by_number.get(number).copied()
    }

    pub(super) fn is_barred(&self, worker: WorkerId) -> bool {
        self.barred.contains(&worker)
    }

    /// The number for the next new worker.
    pub(super) fn next_worker(&self) -> WorkerId {
        WorkerId(self.last_worker.saturating_add(1))
    }

    /// A team by its name, and its employer's where one is given.
    pub(super) fn team(&self, name: &str, employer: Option<&str>) -> Result<TeamId, String> {
        let same = |(team, of): &&(Team, String)| {
            team.name == name && employer.is_none_or(|employer| of == employer)
        };
        let found: Vec<&(Team, String)> = self.teams.iter().filter(same).collect();
        match (found.as_slice(), employer) {
            ([(team, _)], _) => Ok(team.team),
            ([], Some(employer)) if self.teams.iter().any(|(team, _)| team.name == name) => {
                Err(format!("班组“{name}”不属于“{employer}”，请核对所属单位"))
            }
            ([], _) => Err(format!("没有班组“{name}”，请先在“单位和班组”页建好再导入")),
            _ => Err(format!(
                "有几个单位都有班组“{name}”，请加一列“所属单位”写明"
            )),
        }
    }

    /// A team's name.
    pub(super) fn team_name(&self, team: Option<TeamId>) -> &str {
        let found = self.teams.iter().find(|(one, _)| Some(one.team) == team);
        found.map_or("", |(one, _)| one.name.as_str())
    }
}
