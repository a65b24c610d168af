//! What the form of a request brings, read into the rules' types.

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use edge_domain::{
    CorrectionReason, CorrectionRequest, Direction, Evidence, NOTE_CHARS_MAX, WorkerId,
};
use sha2::{Digest as _, Sha256};

use crate::recorder::Refusal;
use crate::site_time::parse_minute;

/// Largest picture or document: a telephone's photo, a scan of a page.
pub(crate) const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What was typed, to be shown again where it cannot be taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    pub(crate) worker: u32,
    pub(crate) on: String,
    pub(crate) time: String,
    pub(crate) way: String,
    pub(crate) reason: String,
    pub(crate) note: String,
    pub(crate) file: Vec<u8>,
}

impl Typed {
    /// Reads the form.
    pub(crate) async fn read(mut form: Multipart) -> Result<Self, Refusal> {
        let mut typed = Self::default();
        while let Some(field) = form.next_field().await.map_err(|_| broken())? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                typed.file = file(field).await?;
                continue;
            }
            let text = field.text().await.map_err(|_| broken())?;
            match name.as_str() {
                "worker" => typed.worker = text.parse().unwrap_or(0),
                "on" => typed.on = text,
                "time" => typed.time = text,
                "way" => typed.way = text,
                "reason" => typed.reason = text,
                "note" => typed.note = text,
                _ => {}
            }
        }
        Ok(typed)
    }

    /// The request that it means, with number 0; a sentence for the first thing that is wrong.
    pub(crate) fn request(&self, requester: &str) -> Result<CorrectionRequest, Refusal> {
        let minute = format!("{}T{}", self.on.trim(), self.time.trim());
        let at_ms = parse_minute(&minute)
            .ok_or_else(|| Refusal::new("请填日期和时间，例如 2026-06-03 和 18:00。"))?;
        let direction = match self.way.as_str() {
            "in" => Direction::In,
            "out" => Direction::Out,
            _ => return Err(Refusal::new("请选进场还是出场。")),
        };
        let reason = CorrectionReason::from_code(&self.reason)
            .ok_or_else(|| Refusal::new("请选补卡原因。"))?;
        Ok(CorrectionRequest {
            request: 0,
            worker: WorkerId(self.worker),
            direction,
            at_ms,
            reason,
            requester: requester.to_owned(),
            evidence: Evidence {
                note: note(&self.note),
                file: (!self.file.is_empty()).then(|| digest(&self.file)),
                file_kind: file_kind(&self.file).map(str::to_owned),
            },
        })
    }
}

/// One line, a character more than is allowed at most, so that a longer one is noticed.
fn note(typed: &str) -> String {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let clean = words.join(" ");
    let letters = clean.chars().filter(|one| !one.is_control());
    letters.take(NOTE_CHARS_MAX + 1).collect()
}

/// SHA-256, lower-case hexadecimal.
fn digest(bytes: &[u8]) -> String {
    let hex = |byte: &u8| format!("{byte:02x}");
    Sha256::digest(bytes).iter().map(hex).collect()
}

/// What a file is, by its first bytes; its name and what the browser says count for nothing.
fn file_kind(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 3] = [
        (&[0xFF, 0xD8, 0xFF], "image/jpeg"),
        (
            &[0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A],
            "image/png",
        ),
        (b"%PDF-", "application/pdf"),
    ];
    let found = KINDS.iter().find(|(begin, _)| bytes.starts_with(begin));
    found.map(|(_, kind)| *kind)
}

async fn file(mut field: Field<'_>) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(part) = field.chunk().await.map_err(|_| broken())? {
        bytes.extend_from_slice(&part);
        if bytes.len() > FILE_BYTES_MAX {
            let most = FILE_BYTES_MAX / (1024 * 1024);
            return Err(Refusal(format!(
                "证明文件太大，最多 {most} MB，没有保存。请把照片尺寸调小后再传。"
            )));
        }
    }
    if !bytes.is_empty() && file_kind(&bytes).is_none() {
        return Err(Refusal::new(
            "证明文件只收照片（JPG、PNG）或 PDF，没有保存。请换一个文件，或不附文件。",
        ));
    }
    Ok(bytes)
}

fn broken() -> Refusal {
    Refusal::new("表单没有传完，没有保存。请重试；附件不能超过 4 MB。")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Spoil = fn(&mut Typed);

    fn typed() -> Typed {
        Typed {
            worker: 17,
            on: "2026-11-20".to_owned(),
            time: "18:00".to_owned(),
            way: "out".to_owned(),
            reason: "forgot_card".to_owned(),
            note: "  手机没电\r\n班长  在场\u{7}".to_owned(),
            file: Vec::new(),
        }
    }

    #[test]
    fn a_form_becomes_a_request_or_says_what_is_missing() {
        let request = typed().request("李工").unwrap();
        assert_eq!(request.at_ms, 1_795_168_800_000);
        assert_eq!(request.evidence.note, "手机没电 班长 在场");
        assert_eq!(request.evidence.file, None);
        let spoils: [(Spoil, &str); 4] = [
            (|form| form.time.clear(), "日期和时间"),
            (|form| form.on = "2026-02-30".to_owned(), "日期和时间"),
            (|form| form.way.clear(), "进场还是出场"),
            (|form| form.reason = "because".to_owned(), "原因"),
        ];
        for (spoil, expected) in spoils {
            let mut form = typed();
            spoil(&mut form);
            let Refusal(said) = form.request("李工").unwrap_err();
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(file_kind(b"\xFF\xD8\xFF\xE0rest"), Some("image/jpeg"));
        assert_eq!(file_kind(b"%PDF-1.7"), Some("application/pdf"));
        for bad in [&b"<html>"[..], b"MZ\x90", b"", b"GIF89a", b"PK\x03\x04"] {
            assert_eq!(file_kind(bad), None);
        }
        let mut with = typed();
        with.file = b"%PDF-1.7".to_vec();
        let request = with.request("李工").unwrap();
        assert_eq!(request.evidence.file.map(|digest| digest.len()), Some(64));
    }
}
