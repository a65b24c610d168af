//! Signs messages and puts them into the outbox.

use std::path::{Path, PathBuf};

use sync_wire::down::{
    self, Command, Down, Expected, PolicyOrder, PolicyValues, REVOKED_MAX, Revocation, Series,
    SigningKey,
};
use sync_wire::roster::{RosterHeader, RosterLine};

use super::numbers::{self, Numbers};
use super::outbox::{self, Entry, Letter, Waiting};
use super::rosters;
use crate::clock::{self, DAY_MS};
use crate::db::Session;
use crate::error::CityError;
use crate::pki;

/// A box's own settings number their rules by hand, from 1: the city's versions begin above, so
/// that already the first is newer.
const OWN_POLICIES_MAX: u64 = 1_000;

/// A message that was signed and waits for its box.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Published {
    /// Its number on its topic.
    pub number: u64,
    /// Version of the roster or policy, 0 for a revocation.
    pub version: u64,
    /// What it is, for people.
    pub detail: String,
}

/// Signs with the city's key.
#[derive(Debug)]
pub struct Press {
    dir: PathBuf,
    key: SigningKey,
    /// How boxes reach the files, `https://host:port`.
    url: Option<String>,
}

/// The message in whose place another is signed, and what it is from then on.
type Instead<'a> = (&'a Waiting, &'static str);

/// What is to be signed.
struct Order {
    command: Command,
    version: u64,
    detail: String,
    days: u32,
    again: u32,
}

impl Press {
    /// With the key in the city's folder. Without an address rosters cannot be published.
    pub fn open(dir: &Path, url: Option<String>) -> Result<Self, CityError> {
        Ok(Self {
            dir: dir.to_owned(),
            key: pki::signing_key(dir)?,
            url,
        })
    }

    /// Publishes the numbers of the rules for a box; nobody follows them after `days`.
    pub fn policy(
        &self,
        session: &mut Session,
        id: &str,
        (values, days): (PolicyValues, u32),
    ) -> Result<Published, CityError> {
        let numbers = self.take(session, id, |next| {
            next.cmd += 1;
            next.policy_version = next.policy_version.max(OWN_POLICIES_MAX) + 1;
        })?;
        let version = u32::try_from(numbers.policy_version)
            .map_err(|_| CityError::Refused("规则的版本号已用尽".to_owned()))?;
        let order = Order {
            command: Command::Policy(PolicyOrder { version, values }),
            version: u64::from(version),
            detail: format!("规则第 {version} 版"),
            days,
            again: 0,
        };
        self.send(session, (id, None), (numbers.cmd, order))
    }

    /// Bars workers of a box at once.
    pub fn revoke(
        &self,
        session: &mut Session,
        id: &str,
        (workers, reason, days): (Vec<u32>, &str, u32),
    ) -> Result<Published, CityError> {
        if workers.is_empty() || workers.len() > REVOKED_MAX {
            let told = format!("一次停用 1 到 {REVOKED_MAX} 人");
            return Err(CityError::Refused(told));
        }
        let numbers = self.take(session, id, |next| next.cmd += 1)?;
        let detail = format!("停用 {} 人：{reason}", workers.len());
        let reason = reason.to_owned();
        let order = Order {
            command: Command::Revoke(Revocation { workers, reason }),
            version: 0,
            detail,
            days,
            again: 0,
        };
        self.send(session, (id, None), (numbers.cmd, order))
    }

    /// Publishes a roster: whole, or as a change of the version that was published last.
    pub fn roster(
        &self,
        session: &mut Session,
        id: &str,
        roster: (&[RosterLine], bool, u32),
    ) -> Result<Published, CityError> {
        self.roster_for(session, (id, None), roster)
    }

    fn roster_for(
        &self,
        session: &mut Session,
        (id, instead): (&str, Option<Instead<'_>>),
        (people, is_change, days): (&[RosterLine], bool, u32),
    ) -> Result<Published, CityError> {
        let url = self.url.as_deref().ok_or_else(|| {
            CityError::Refused(
                "盒子没有下载花名册的地址：请在平台配置文件中设置 https_url 后再下发".to_owned(),
            )
        })?;
        let mut base = None;
        let numbers = self.take(session, id, |next| {
            base = Some(next.roster_version).filter(|last| is_change && *last > 0);
            next.roster += 1;
            next.roster_version += 1;
        })?;
        if is_change && base.is_none() {
            let told = "这台盒子还没有下发过花名册，请先下发完整花名册";
            return Err(CityError::Refused(told.to_owned()));
        }
        let version = numbers.roster_version;
        let header = RosterHeader {
            v: sync_wire::VERSION,
            r#box: id.to_owned(),
            version,
            base,
            count: u64::try_from(people.len()).unwrap_or(u64::MAX),
        };
        let mut pointer = rosters::write(&self.dir, &header, people)?;
        pointer.url = format!("{url}/roster/{id}/{version}");
        let kind = if is_change { "增量" } else { "完整" };
        let order = Order {
            command: Command::Roster(pointer),
            version,
            detail: format!("{kind}花名册第 {version} 版，{} 人", people.len()),
            days,
            again: 0,
        };
        self.send(session, (id, instead), (numbers.roster, order))
    }

    /// Signs another message in the place of one that its box could not take: the whole roster for a
    /// change that has no ground, the same under a new number for one that was overtaken.
    pub(crate) fn again(&self, session: &mut Session, one: &Waiting) -> Result<(), CityError> {
        let id = one.letter.id.as_str();
        let days = one
            .expires_at
            .saturating_sub(one.issued_at)
            .div_euclid(DAY_MS);
        let days = u32::try_from(days).unwrap_or(1).max(1);
        if one.is_rebase {
            let people = rosters::whole(&self.dir, id, one.version)?;
            let whole = (&people[..], false, days);
            let placed = self.roster_for(session, (id, Some((one, "refused"))), whole);
            return placed.map(|_| ());
        }
        let expected = Expected {
            key: &self.key.verifying_key(),
            box_name: id,
            series: one.letter.series,
            last_number: one.number.saturating_sub(1),
            now: one.issued_at,
        };
        // The signature is checked, so that nobody who writes into the database has us sign for him.
        let opened = down::open(&one.letter.payload, &expected);
        let Ok(Down { command, .. }) = opened else {
            return Self::note(session, one, "refused");
        };
        let numbers = self.take(session, id, |next| match command.series() {
            Series::Roster => next.roster += 1,
            Series::Command => next.cmd += 1,
        })?;
        let number = match command.series() {
            Series::Roster => numbers.roster,
            Series::Command => numbers.cmd,
        };
        let order = Order {
            detail: format!("重新签发第 {} 号", one.number),
            command,
            version: one.version,
            days,
            again: one.again.saturating_add(1),
        };
        let placed = self.send(session, (id, Some((one, "overtaken"))), (number, order));
        placed.map(|_| ())
    }

    fn note(session: &mut Session, one: &Waiting, state: &'static str) -> Result<(), CityError> {
        let mut tx = session.begin()?;
        outbox::replaced(&mut tx, one, state)?;
        tx.commit()
    }

    fn take(
        &self,
        session: &mut Session,
        id: &str,
        step: impl FnOnce(&mut Numbers),
    ) -> Result<Numbers, CityError> {
        let seen = outbox::seen(session, id)?
            .ok_or_else(|| CityError::Refused(format!("平台没有盒子 {id}；请核对盒子编号")))?;
        numbers::take(&self.dir, id, seen, step)
    }

    /// Signs a message and stores it, in one commit with what becomes of the one that it replaces.
    fn send(
        &self,
        session: &mut Session,
        (id, instead): (&str, Option<Instead<'_>>),
        (number, order): (u64, Order),
    ) -> Result<Published, CityError> {
        let issued_at = clock::now_ms();
        let expires_at = issued_at.saturating_add(DAY_MS.saturating_mul(i64::from(order.days)));
        let (series, what) = (order.command.series(), order.command.word());
        let down = Down {
            r#box: id.to_owned(),
            number,
            issued_at,
            expires_at,
            command: order.command,
        };
        let payload = self
            .key
            .sign(&down)
            .map_err(|error| CityError::Refused(format!("内容无法签发：{error}")))?;
        let letter = Letter {
            id: id.to_owned(),
            series,
            payload,
        };
        let entry = Entry {
            letter: &letter,
            number,
            what,
            version: order.version,
            detail: &order.detail,
            issued_at,
            expires_at,
            again: order.again,
        };
        let mut tx = session.begin()?;
        if let Some((one, state)) = instead {
            outbox::replaced(&mut tx, one, state)?;
        }
        outbox::add(&mut tx, &entry)?;
        tx.commit()?;
        Ok(Published {
            number,
            version: order.version,
            detail: order.detail,
        })
    }
}
