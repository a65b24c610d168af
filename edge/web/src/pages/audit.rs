//! Puts on record who looked at what is masked, took data away, or changed an account.

use edge_domain::{Act, AuditAct, AuditNote};

use crate::error::WebError;
use crate::state::WebState;

/// Records it. Whoever is to be told something secret is told only after this has succeeded.
pub(crate) async fn record(state: &WebState, note: AuditNote) -> Result<(), WebError> {
    let step = "record an act of the office";
    let maker = Box::new(move |_: &edge_store::Reader| Ok(Ok(vec![Act::Audit(note)])));
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source(step))? {
        Ok(()) => Ok(()),
        Err(refusal) => Err(WebError::source(step)(refusal.0.into())),
    }
}

/// What somebody did to his own account.
pub(crate) fn own(account: &str, what: AuditAct) -> AuditNote {
    AuditNote {
        account: Some(account.to_owned()),
        what,
        worker: None,
        detail: None,
        reason: None,
    }
}
