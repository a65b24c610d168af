//! `POST /people/{worker}/numbers`: the whole numbers of a person, this once, for a reason that is on
//! record before they are shown.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use edge_domain::{AuditAct, AuditNote, Certificate, Contact, PhoneNumber, WorkerId};
use serde::Deserialize;

use super::fields;
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::{audit, error_page};
use crate::state::WebState;

#[derive(Template)]
#[template(path = "numbers.html")]
struct NumbersPage {
    layout: Layout,
    worker: u32,
    name: String,
    number: String,
    phone: Option<String>,
    contact: Option<Contact>,
    certificates: Vec<Certificate>,
    reason: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NumbersForm {
    reason: String,
}

/// `POST /people/{worker}/numbers`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(worker): Path<u32>,
    Form(typed): Form<NumbersForm>,
) -> Result<Response, WebError> {
    let person = state
        .books()
        .ask("read a person", move |shelf| {
            let directory = shelf.directory()?;
            let listed = directory.person(WorkerId(worker)).cloned();
            let person = shelf.reader.desk().person(WorkerId(worker))?;
            Ok(listed.zip(person))
        })
        .await?;
    let Some((listed, person)) = person else {
        return Ok(error_page::no_such_person());
    };
    let Some(reason) = fields::reason(&typed.reason) else {
        let problem = "没有写查看的理由，号码没有显示。请写明用在哪里，例如“填劳动合同”。";
        return Ok(error_page::refused(problem, &format!("/people/{worker}")));
    };
    let note = AuditNote {
        account: Some(signed_in.account.name.clone()),
        what: AuditAct::NumberRevealed,
        worker: Some(WorkerId(worker)),
        detail: None,
        reason: Some(reason.clone()),
    };
    audit::record(&state, note).await?;
    let entry = &listed.entry;
    layout::page(&NumbersPage {
        layout: Layout::new(&state, Some(signed_in.account), "/people"),
        worker,
        name: listed.name().reveal().to_owned(),
        number: entry.standing.number.reveal().to_owned(),
        phone: entry
            .phone
            .as_ref()
            .map(PhoneNumber::reveal)
            .map(str::to_owned),
        contact: person.contact,
        certificates: person.certificates,
        reason,
    })
}
