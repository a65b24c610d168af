//! Rows about visitors.

use rusqlite::{ToSql, params};
use sync_wire::record::Visit;
use sync_wire::seal::{self, DataKey, VisitSubject};

use crate::model::fold::VisitChange;

/// Runs a statement that is prepared once.
type Run<'a> = dyn FnMut(&'static str, &[&dyn ToSql]) -> rusqlite::Result<()> + 'a;

/// Applies what a record says of a visit. `key` is that of the visit, where it can still be read.
pub(crate) fn apply(
    run: &mut Run<'_>,
    (box_id, key): (&str, Option<&DataKey>),
    change: &VisitChange,
) -> rusqlite::Result<()> {
    match change {
        VisitChange::Began(visit) => began(run, (box_id, key), visit),
        VisitChange::Ended { visit, at } => run(
            "UPDATE visit SET ended_at = ?2 WHERE visit = ?1 AND ended_at IS NULL",
            params![visit, at],
        ),
        VisitChange::Moved { visit, at, is_in } => run(
            "UPDATE visit SET inside_at = ?2 WHERE visit = ?1",
            params![visit, is_in.then_some(*at)],
        ),
    }
}

fn began(
    run: &mut Run<'_>,
    (box_id, key): (&str, Option<&DataKey>),
    visit: &Visit,
) -> rusqlite::Result<()> {
    let subject = VisitSubject {
        r#box: box_id,
        visit: visit.visit,
    };
    let opened = key.and_then(|key| seal::unseal_visitor(&visit.sealed, key, subject).ok());
    let one = opened.as_ref();
    run(
        "INSERT INTO visit (visit, name, company, host, reason, id_number, ic_card, \
         from_ms, until_ms, account) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
         ON CONFLICT (visit) DO NOTHING",
        params![
            visit.visit,
            one.map(|v| &v.name),
            one.and_then(|v| v.company.as_ref()),
            one.and_then(|v| v.host.as_ref()),
            one.and_then(|v| v.reason.as_ref()),
            one.and_then(|v| v.id_number.as_ref()),
            one.and_then(|v| v.ic_card.as_ref()),
            visit.from,
            visit.until,
            visit.account,
        ],
    )
}
