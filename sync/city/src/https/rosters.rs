//! Roster files: each box gets its own.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::door::Guest;
use super::parts::{Wanted, wanted};
use super::refusal::Refusal;
use crate::down;
use crate::error::CityError;

/// Bytes that are read and sent at a time.
const PIECE: usize = 64 * 1024;

/// `GET /roster/{box}/{version}`.
pub(super) async fn fetch(
    State(dir): State<Arc<PathBuf>>,
    Extension(guest): Extension<Guest>,
    Path((id, version)): Path<(String, String)>,
    head: HeaderMap,
) -> Result<Response, Refusal> {
    let guest = guest.id.ok_or(Refusal::NoCertificate)?;
    if guest != id {
        return Err(Refusal::OtherBox);
    }
    let version: u64 = version.parse().map_err(|_| Refusal::NotThere)?;
    // From here on the name is the certificate's, and the version a number: no way leads elsewhere.
    let path = down::file_of(&dir, &guest, version);
    let (mut file, length) = in_background(move || open(&path)).await??;
    let kind = (header::CONTENT_TYPE, "application/x-ndjson".to_owned());
    let parts = (header::ACCEPT_RANGES, "bytes".to_owned());
    let (status, first, last, range) = match wanted(&head, length) {
        Wanted::Whole => (StatusCode::OK, 0, length.saturating_sub(1), None),
        Wanted::Part(first, last) => {
            let range = format!("bytes {first}-{last}/{length}");
            (StatusCode::PARTIAL_CONTENT, first, last, Some(range))
        }
        Wanted::Beyond => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, range).into_response());
        }
    };
    file.seek(SeekFrom::Start(first)).map_err(failed)?;
    let count = last.saturating_sub(first).saturating_add(1).min(length);
    let sized = (header::CONTENT_LENGTH, count.to_string());
    let mut answer = (status, [kind, parts, sized], pieces(file, count)).into_response();
    if let Some(range) = range.and_then(|range| range.parse().ok()) {
        answer.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    Ok(answer)
}

fn open(path: &std::path::Path) -> Result<(File, u64), Refusal> {
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?.len(), file)));
    match opened {
        Ok((length, file)) => Ok((file, length)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Refusal::NotThere),
        Err(source) => Err(failed(source)),
    }
}

fn failed(source: std::io::Error) -> Refusal {
    let path = PathBuf::from("roster");
    Refusal::own(&CityError::ReadFile { path, source })
}

/// The next `count` bytes of a file, piece by piece.
fn pieces(file: File, count: u64) -> Body {
    Body::from_stream(stream::try_unfold(
        (file, count),
        |(mut file, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = Vec::with_capacity(PIECE);
                let most = left.min(u64::try_from(PIECE).unwrap_or(u64::MAX));
                let read = file.by_ref().take(most).read_to_end(&mut piece);
                read.map(|_| (file, piece))
            });
            let (file, piece) = read.await.map_err(std::io::Error::other)??;
            if piece.is_empty() {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            }
            let left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            Ok(Some((piece, (file, left))))
        },
    ))
}

/// Work that waits for a disk.
pub(super) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Refusal::own(&CityError::Ended("a file's work")))
}
