//! 工人异议, from the acts on record.

use edge_domain::{AuditAct, AuditNote, Dispute, WorkerId, disputes};
use edge_store::{AuditLine, Reader};

use crate::error::SourceError;

/// Acts on record that are read at a time.
const PAGE: usize = 1_000;

/// Every objection of the site, oldest first.
pub(crate) fn known_disputes(reader: &Reader) -> Result<Vec<Dispute>, SourceError> {
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let lines = reader.audits(before, PAGE)?;
        let is_last = lines.len() < PAGE;
        before = lines.last().map(|line| line.id);
        found.extend(lines.into_iter().filter_map(note));
        if is_last {
            break;
        }
    }
    found.reverse();
    Ok(disputes(found))
}

fn note(line: AuditLine) -> Option<(i64, AuditNote)> {
    let what = AuditAct::from_code(&line.audit.what)
        .filter(|what| matches!(what, AuditAct::Disputed | AuditAct::DisputeAnswered))?;
    let note = AuditNote {
        account: line.audit.account,
        what,
        worker: line.audit.worker.map(WorkerId),
        detail: line.audit.detail,
        reason: line.audit.reason,
    };
    Some((line.at_ms, note))
}
