//! What a message changes, from the ledger as it is.

use std::collections::BTreeSet;

use edge_domain::{Act, CityPerson, Known, Merge, Moment, Policy, RosterApplied, WorkerId};
use edge_store::{Entry, Reader, UNCONFIRMED_SETTING};
use sync_wire::Kind;
use sync_wire::down::{PolicyOrder, ResultCode, Revocation, RosterPointer};
use sync_wire::record::PolicyApplied;
use sync_wire::roster::RosterLine;

use crate::downlink::answer::Refusal;
use crate::downlink::rules::{self, POLICY_SETTING};
use crate::downlink::translate;
use crate::people::{Change, DeskError};
use crate::records;

/// How the effect of a message ended: carried out, perhaps with a remark, or not (wholly).
pub(super) type Outcome = Result<Option<String>, Refusal>;

/// A policy of a higher version whose values are within their ranges.
pub(super) fn policy(
    order: &PolicyOrder,
    site: &Policy,
    held: u32,
    (at, digest): (Moment, String),
) -> Result<(Change, Outcome), DeskError> {
    if order.version <= held {
        let refusal = Refusal::old_version(held.into(), order.version.into());
        return Ok((Change::default(), Err(refusal)));
    }
    if let Err(why) = rules::over(site, order) {
        let refusal = Refusal::new(ResultCode::BadPolicy, why);
        return Ok((Change::default(), Err(refusal)));
    }
    let kind = Kind::PolicyApplied(PolicyApplied {
        version: order.version,
        digest,
    });
    let change = Change {
        entries: vec![Entry::new(records::box_body(at, kind)?)],
        settings: vec![(POLICY_SETTING.to_owned(), serde_json::to_string(order)?)],
        ..Change::default()
    };
    Ok((change, Ok(None)))
}

/// Bars whom the box has; the others are named.
pub(super) fn revoke(
    revocation: &Revocation,
    reader: &Reader,
) -> Result<(Change, Outcome), DeskError> {
    let roster = reader.roster()?;
    let asked: BTreeSet<WorkerId> = revocation.workers.iter().copied().map(WorkerId).collect();
    let mut acts = Vec::new();
    let mut unknown = Vec::new();
    for worker in asked {
        match roster.worker(worker) {
            None => unknown.push(worker.0.to_string()),
            Some(standing) if standing.blacklisted => {}
            Some(_) => acts.push(Act::Blacklist {
                worker,
                listed: true,
                reason: Some(revocation.reason.clone()),
            }),
        }
    }
    let change = Change {
        acts,
        ..Change::default()
    };
    if unknown.is_empty() {
        return Ok((change, Ok(None)));
    }
    let more = format!("工号 {}", unknown.join("、"));
    Ok((change, Err(Refusal::new(ResultCode::UnknownWorker, more))))
}

/// Whether a roster follows the one in force.
pub(super) fn fits(
    pointer: &RosterPointer,
    reader: &Reader,
) -> Result<Result<(), Refusal>, DeskError> {
    let held = reader.roster_version()?.unwrap_or(0);
    if pointer.version <= held {
        return Ok(Err(Refusal::old_version(held, pointer.version)));
    }
    if pointer.base.is_some_and(|base| base != held) {
        let more = format!("现用第 {held} 版");
        return Ok(Err(Refusal::new(ResultCode::WrongBase, more)));
    }
    Ok(Ok(()))
}

/// Merges a roster whose file is whole: all of it or nothing.
pub(super) fn roster(
    pointer: &RosterPointer,
    lines: &[RosterLine],
    reader: &Reader,
) -> Result<(Change, Outcome), DeskError> {
    if let Err(refusal) = fits(pointer, reader)? {
        return Ok((Change::default(), Err(refusal)));
    }
    let mut people: Vec<CityPerson> = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match translate::person(line) {
            Ok(person) => people.push(person),
            Err(why) => {
                // The header is the file's first line.
                let more = format!("第 {} 行{why}", index.saturating_add(2));
                let refusal = Refusal::new(ResultCode::BadRoster, more);
                return Ok((Change::default(), Err(refusal)));
            }
        }
    }
    let (standings, held) = (reader.roster()?, reader.persons()?);
    let (employers, teams) = (reader.employers()?, reader.teams()?);
    let (given, unconfirmed) = (reader.numbers_given()?, reader.unconfirmed()?);
    let known = Known {
        roster: &standings,
        people: &held,
        employers: &employers,
        teams: &teams,
        worker_max: given.worker,
        team_max: given.team,
        employer_max: given.employer,
        unconfirmed: &unconfirmed,
    };
    let merge = edge_domain::merge(&known, &people, pointer.base.is_none());
    let remark = remark(pointer.version, &merge);
    let numbers: Vec<u32> = merge.unconfirmed.iter().map(|worker| worker.0).collect();
    let applied = Act::RosterApplied(RosterApplied {
        version: pointer.version,
        digest: pointer.sha256.to_hex(),
        added: merge.added,
        changed: merge.changed,
        revoked: merge.revoked,
    });
    let change = Change {
        acts: merge.acts.into_iter().chain([applied]).collect(),
        settings: vec![(
            UNCONFIRMED_SETTING.to_owned(),
            serde_json::to_string(&numbers)?,
        )],
        ..Change::default()
    };
    Ok((change, Ok(Some(remark))))
}

/// What the city's people read beside "carried out".
fn remark(version: u64, merge: &Merge) -> String {
    let mut text = format!(
        "花名册第 {version} 版已采用：新增 {} 人，变更 {} 人，停用 {} 人",
        merge.added, merge.changed, merge.revoked
    );
    for (count, what) in [
        (merge.unknown, "本机没有登记，请下发完整资料"),
        (merge.still_barred, "在本机仍被停用，由专管员解除"),
    ] {
        if count > 0 {
            text = format!("{text}；{count} 人{what}");
        }
    }
    text
}
