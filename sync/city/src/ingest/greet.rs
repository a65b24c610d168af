//! Asks boxes to say hello: the city may have lost its place, or lacks records.

use std::collections::BTreeSet;

use super::batch::Batch;
use super::worker::Shared;
use crate::clock;
use crate::db::{Row, Session, Sql};
use crate::error::CityError;

/// Boxes that are asked in one commit: each costs a lock until its end.
const PAGE: u32 = 500;

const NEWEST: Sql = Sql {
    step: "list epochs",
    text: concat!(
        "SELECT b.box, ",
        crate::db::newest_epoch!(),
        " FROM box b WHERE b.box > ?1 AND b.barred = 0 AND NOT EXISTS
            (SELECT 1 FROM epoch g WHERE g.box = b.box AND g.greeted_at >= ?3)
          ORDER BY b.box LIMIT ?2"
    ),
};

/// Asks the page of boxes after this one that said no hello since; says where the next page begins, if
/// there is one.
pub(crate) fn greet_page(
    session: &mut Session,
    (after, since): (&str, i64),
    shared: &Shared,
) -> Result<Option<String>, CityError> {
    let read = |row: &Row| Ok((row.text(0)?, row.maybe_text(1)?));
    let rows = session.rows(NEWEST, &[after.into(), PAGE.into(), since.into()])?;
    let page = rows
        .iter()
        .map(read)
        .collect::<Result<Vec<(String, Option<String>)>, CityError>>()?;
    let next = page.last().map(|(id, _)| id.clone());
    let names = page
        .into_iter()
        .filter_map(|(id, epoch)| Some((id, epoch?)));
    greet(session, &names.collect::<Vec<_>>(), shared)?;
    Ok(next)
}

/// Sends an acknowledgement that asks for a hello to each of these epochs.
pub(crate) fn greet(
    session: &mut Session,
    names: &[(String, String)],
    shared: &Shared,
) -> Result<(), CityError> {
    if names.is_empty() {
        return Ok(());
    }
    let mut tx = session.begin()?;
    tx.lock(
        &names
            .iter()
            .map(|(id, _)| id.as_str())
            .collect::<BTreeSet<_>>(),
    )?;
    let mut batch = Batch::judge(&mut tx, &[], clock::now_ms())?;
    batch.load(
        &mut tx,
        names
            .iter()
            .map(|(id, epoch)| (id.as_str(), epoch.as_str())),
    )?;
    for chain in batch.chains.values_mut() {
        chain.reply.due = true;
        chain.reply.greet = true;
    }
    let answers = batch.answers(&mut tx, None)?;
    tx.commit()?;
    shared.send_patiently(answers, Vec::new());
    Ok(())
}
