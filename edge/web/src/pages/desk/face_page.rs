//! `/people/{worker}/face`: the consent's words, the template's standing, and enrollment from a
//! camera of the gate or from picture files.

use askama::Template;
use axum::extract::multipart::Field;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::WorkerId;
use serde::Deserialize;

use crate::books::{ConsentWords, Shelf, standing_tag};
use crate::desks::{
    FaceCamera, FaceSource, FaceStanding, PICTURE_BYTES_MAX, PICTURES_MAX, TemplateStanding,
};
use crate::error::{SourceError, WebError};
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::form::with_status;
use crate::pages::layout::{self, Layout};
use crate::recorder::Refusal;
use crate::state::WebState;

const NO_LIVENESS: &str =
    "没有装活体模型：拿着照片或手机站到摄像头前可能被当成本人，刷脸的通道请有人看着。";

/// What the address may carry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FaceQuery {
    done: String,
}

/// The template's line at the top of the page.
#[derive(Debug)]
struct TemplateLine {
    class: &'static str,
    text: String,
}

/// What he has signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consent {
    /// Nothing, or he took it back.
    Open,
    /// Older words than are needed here now.
    Older,
    /// The words of now.
    Signed,
}

impl Consent {
    fn agreed(self) -> bool {
        self != Self::Open
    }

    fn is_older(self) -> bool {
        self == Self::Older
    }

    fn is_signed(self) -> bool {
        self == Self::Signed
    }
}

#[derive(Template)]
#[template(path = "face.html")]
struct FacePage {
    layout: Layout,
    worker: u32,
    name: String,
    /// Engaged here: nobody else is enrolled.
    engaged: bool,
    consent: Consent,
    seen: String,
    today: String,
    words: ConsentWords,
    /// Words that also let a picture go to the city, and on what basis.
    upload: Option<(ConsentWords, String)>,
    /// He has signed those.
    upload_signed: bool,
    line: TemplateLine,
    /// The face program answers.
    ready: bool,
    /// What this site's faces do not stop.
    warning: Option<&'static str>,
    cameras: Vec<FaceCamera>,
    picture_mib: usize,
    pictures_max: usize,
    done: Option<&'static str>,
    problem: Option<String>,
}

/// What the ledger knows.
struct Known {
    name: String,
    seen: String,
    engaged: bool,
    consent: Consent,
    /// He has signed words that also let a picture go to the city.
    upload_signed: bool,
}

/// `GET /people/{worker}/face`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(worker): Path<u32>,
    Query(query): Query<FaceQuery>,
) -> Result<Response, WebError> {
    let done = match query.done.as_str() {
        "face" => Some("人脸已登记，闸机马上认得。"),
        "face_consent" => Some("同意已保存，现在可以登记人脸。"),
        _ => None,
    };
    page(&state, signed_in, worker, (done, None)).await
}

/// `POST /people/{worker}/face`: a camera's name, or files.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(worker): Path<u32>,
    form: Multipart,
) -> Result<Response, WebError> {
    let Some(desk) = state.faces() else {
        return Ok(error_page::refused("这个考勤盒没有配置刷脸。", "/people"));
    };
    let enrolled = match source(form).await {
        Ok(source) => desk.enroll(worker, source).await,
        Err(refusal) => Err(refusal),
    };
    match enrolled {
        Ok(()) => {
            tracing::info!(worker, "A face was enrolled on the screen");
            Ok(Redirect::to(&format!("/people/{worker}/face?done=face")).into_response())
        }
        Err(Refusal(problem)) => {
            let shown = page(&state, signed_in, worker, (None, Some(problem))).await?;
            Ok(with_status(shown, StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

/// What the form sends: `camera` as `in:gate-1`, or any number of `picture`.
async fn source(mut form: Multipart) -> Result<FaceSource, Refusal> {
    let broken = || Refusal::new("照片没有传完，请重试。");
    let mut pictures = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        match field.name() {
            Some("camera") => {
                let place = field.text().await.map_err(|_| broken())?;
                let (way, lane) = place.split_once(':').ok_or_else(broken)?;
                return Ok(FaceSource::Camera {
                    lane: lane.to_owned(),
                    inward: way == "in",
                });
            }
            Some("picture") => pictures.push(picture(field).await?),
            _ => {}
        }
    }
    pictures.retain(|picture| !picture.is_empty());
    if pictures.is_empty() {
        return Err(Refusal::new("没有选照片，请先选一张本人的正面照片。"));
    }
    if pictures.len() > PICTURES_MAX {
        return Err(Refusal(format!(
            "一次最多 {PICTURES_MAX} 张照片，请少选几张。"
        )));
    }
    Ok(FaceSource::Pictures(pictures))
}

async fn picture(mut field: Field<'_>) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(part) = field
        .chunk()
        .await
        .map_err(|_| Refusal::new("照片没有传完，请重试。"))?
    {
        bytes.extend_from_slice(&part);
        if bytes.len() > PICTURE_BYTES_MAX {
            let most = PICTURE_BYTES_MAX / (1024 * 1024);
            return Err(Refusal(format!(
                "照片太大，一张最多 {most} MB。请把相机的照片尺寸调小后重拍。"
            )));
        }
    }
    Ok(bytes)
}

async fn page(
    state: &WebState,
    signed_in: SignedIn,
    worker: u32,
    (done, problem): (Option<&'static str>, Option<String>),
) -> Result<Response, WebError> {
    let today = Shelf::today(state.now_ms());
    let words = state.consent_words();
    let upload = state.upload_words();
    let upload_enough = upload.as_ref().map(|one| one.0.enough).unwrap_or_default();
    let known = state
        .books()
        .ask("read a person", move |shelf| {
            let directory = shelf.directory()?;
            let Some(person) = directory.person(WorkerId(worker)) else {
                return Ok(None);
            };
            let standing = &person.entry.standing;
            let sealed = shelf.reader.desk().person(WorkerId(worker))?;
            let faces = shelf.reader.faces()?;
            let signed = |words| Ok::<_, SourceError>(faces.signed(words)?.contains(&worker));
            let consent = match (faces.consents()?.contains(&worker), signed(words.enough)?) {
                (false, _) => Consent::Open,
                (true, false) => Consent::Older,
                (true, true) => Consent::Signed,
            };
            Ok(Some(Known {
                name: person.name().reveal().to_owned(),
                seen: standing_tag(standing, sealed.as_ref()),
                engaged: standing.entered_on.is_some() && standing.left_on.is_none(),
                consent,
                upload_signed: signed(upload_enough)?,
            }))
        })
        .await?;
    let Some(known) = known else {
        return Ok(error_page::no_such_person());
    };
    let (standing, cameras) = match state.faces() {
        None => (None, Vec::new()),
        Some(desk) => (Some(desk.standing(worker).await), desk.cameras()),
    };
    let known_standing = standing.as_ref().and_then(|asked| asked.as_ref().ok());
    let ready = known_standing.is_some();
    let warning = known_standing
        .filter(|standing| !standing.liveness)
        .map(|_| NO_LIVENESS);
    let line = template_line(standing);
    layout::page(&FacePage {
        layout: Layout::new(state, Some(signed_in.account), "/people"),
        worker,
        name: known.name,
        engaged: known.engaged,
        consent: known.consent,
        seen: known.seen,
        today: today.to_string(),
        words,
        upload,
        upload_signed: known.upload_signed,
        line,
        ready,
        warning,
        cameras,
        picture_mib: PICTURE_BYTES_MAX / (1024 * 1024),
        pictures_max: PICTURES_MAX,
        done,
        problem,
    })
}

fn template_line(standing: Option<Result<FaceStanding, Refusal>>) -> TemplateLine {
    let (class, text) = match standing {
        None => (
            "warn",
            "! 这个考勤盒没有配置刷脸，大家照常刷卡。要用刷脸，请联系运维。".to_owned(),
        ),
        Some(Err(Refusal(why))) => ("bad", format!("✖ {why}")),
        Some(Ok(standing)) => match standing.template {
            TemplateStanding::Nothing => ("warn", "! 还没有登记人脸，现在只能刷卡。".to_owned()),
            TemplateStanding::Enrolled => ("good", "✔ 人脸已登记，刷卡刷脸都可以。".to_owned()),
            TemplateStanding::OtherModel => (
                "bad",
                "✖ 人脸模型换过了，他原来的登记已经不能用，现在只能刷卡 → 请重新登记".to_owned(),
            ),
        },
    };
    TemplateLine { class, text }
}
