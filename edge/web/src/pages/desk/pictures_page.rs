//! `/troubles/{record}/pictures`: who stood at the gate beside whom the card belongs to, this once, for
//! a reason that is on record before they are shown.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edge_domain::{AuditAct, AuditNote};
use edge_store::KeptPictures;
use serde::Deserialize;

use super::fields;
use crate::books::{Shelf, Trouble};
use crate::error::{SourceError, WebError};
use crate::guard::headers;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::{audit, error_page};
use crate::site_time::{date_text, minute_text};
use crate::state::WebState;

/// What the ledger knows of the presentation.
struct Known {
    seq: u64,
    trouble: Trouble,
    lane: String,
    pictures: KeptPictures,
}

/// Both pictures as a page carries them; nothing of them has an address of its own.
struct Shown {
    gate: Option<String>,
    own: Option<String>,
    reason: String,
}

#[derive(Template)]
#[template(path = "pictures.html")]
struct PicturesPage {
    layout: Layout,
    record: i64,
    time: String,
    until: String,
    trouble: Trouble,
    lane: String,
    shown: Option<Shown>,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PicturesForm {
    reason: String,
}

/// `GET /troubles/{record}/pictures`: what there is, and the question why.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(record): Path<i64>,
) -> Result<Response, WebError> {
    match known(&state, record).await? {
        Some(known) => layout::page(&page(&state, signed_in, record, (known, None))),
        None => Ok(gone()),
    }
}

/// `POST /troubles/{record}/pictures`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(record): Path<i64>,
    Form(typed): Form<PicturesForm>,
) -> Result<Response, WebError> {
    let Some(known) = known(&state, record).await? else {
        return Ok(gone());
    };
    let Some(reason) = fields::reason(&typed.reason) else {
        let problem = "没有写查看的理由，照片没有显示。请写明为什么看，例如“核对是不是本人”。";
        let back = format!("/troubles/{record}/pictures");
        return Ok(error_page::refused(problem, &back));
    };
    let note = AuditNote {
        account: Some(signed_in.account.name.clone()),
        what: AuditAct::PicturesSeen,
        worker: known.trouble.worker,
        detail: Some(format!("记录 {} 的门口照片", known.seq)),
        reason: Some(reason.clone()),
    };
    audit::record(&state, note).await?;
    let inline = |jpeg: &Vec<u8>| format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
    let shown = Shown {
        gate: known.pictures.gate.as_ref().map(inline),
        own: known.pictures.own.as_ref().map(inline),
        reason,
    };
    let mut answer = layout::page(&page(&state, signed_in, record, (known, Some(shown))))?;
    let policy = HeaderValue::from_static(headers::PICTURES_POLICY);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(answer)
}

async fn known(state: &WebState, record: i64) -> Result<Option<Known>, WebError> {
    let now_ms = state.now_ms();
    state
        .books()
        .ask("read the pictures of a face", move |shelf| {
            read(shelf, record, now_ms)
        })
        .await
}

fn read(shelf: &Shelf, record: i64, now_ms: i64) -> Result<Option<Known>, SourceError> {
    let found = shelf.reader.faces()?.pictures(record, now_ms)?;
    let Some((act, pictures)) = found else {
        return Ok(None);
    };
    let known = Trouble::of_act(&act).map(|trouble| Known {
        seq: act.seq,
        lane: shelf.lane_name(&trouble.lane),
        trouble,
        pictures,
    });
    Ok(known)
}

fn page(
    state: &WebState,
    signed_in: SignedIn,
    record: i64,
    (known, shown): (Known, Option<Shown>),
) -> PicturesPage {
    PicturesPage {
        layout: Layout::new(state, Some(signed_in.account), "/troubles"),
        record,
        time: minute_text(known.trouble.at_ms),
        until: date_text(known.pictures.until_ms),
        trouble: known.trouble,
        lane: known.lane,
        shown,
    }
}

fn gone() -> Response {
    error_page::refused("这条记录没有照片，或照片已到期删除。", "/troubles")
}
