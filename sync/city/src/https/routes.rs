//! What stands where.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use sync_wire::Hash;

use super::album::{Album, Kept, PHOTO_BYTES_MAX};
use super::door::Guest;
use super::parts::body_of;
use super::refusal::Refusal;
use super::rosters::{self, in_background};

/// What a box with a certificate may do.
pub(crate) fn routes(dir: &FilePath, album: Arc<Album>) -> Router {
    let rosters = Router::new()
        .route("/roster/{box}/{version}", get(rosters::fetch))
        .with_state(Arc::<PathBuf>::new(dir.to_owned()));
    Router::new()
        .route("/photo/{sha256}", get(photo).put(bring))
        .with_state(album)
        .merge(rosters)
        .fallback(async || Refusal::NotThere)
}

/// `GET` and `HEAD /photo/{sha256}`: a box's own photo.
async fn photo(
    State(album): State<Arc<Album>>,
    Extension(guest): Extension<Guest>,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    let guest = guest.id.ok_or(Refusal::NoCertificate)?;
    let name = name_of(&name)?;
    let photo = in_background(move || album.find(&guest, name)).await??;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], photo).into_response())
}

/// `PUT /photo/{sha256}`: on the disk before it is answered; again is as good as once.
async fn bring(
    State(album): State<Arc<Album>>,
    Extension(guest): Extension<Guest>,
    Path(name): Path<String>,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let guest = guest.id.ok_or(Refusal::NoCertificate)?;
    let photo = body_of(body, PHOTO_BYTES_MAX).await?;
    let name = name_of(&name)?;
    let kept = in_background(move || album.keep(&guest, name, &photo)).await??;
    Ok(match kept {
        Kept::Now => StatusCode::CREATED,
        Kept::Before => StatusCode::OK,
    })
}

fn name_of(text: &str) -> Result<Hash, Refusal> {
    Hash::from_hex(text).map_err(|_| Refusal::BadName)
}
