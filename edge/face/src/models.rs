//! The two model files that this release knows.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::FaceError;
use crate::number::hex;
use crate::vault::ModelId;

/// A file by its content.
struct Known {
    name: &'static str,
    sha256: &'static str,
}

/// `YuNet`, 2023mar (MIT): finds faces.
const DETECTOR: Known = Known {
    name: "face_detection_yunet_2023mar.onnx",
    sha256: "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
};
/// `SFace`, 2021dec (Apache-2.0): makes embeddings.
const EMBEDDER: Known = Known {
    name: "face_recognition_sface_2021dec.onnx",
    sha256: "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
};

/// The checked model files.
#[derive(Debug)]
pub(crate) struct Models {
    pub(crate) detector: PathBuf,
    pub(crate) embedder: PathBuf,
    pub(crate) id: ModelId,
}

/// The site's own model of living faces.
#[derive(Debug, Clone)]
pub(crate) struct SpoofModel {
    pub(crate) path: PathBuf,
    /// What the file must be, 64 hexadecimal digits.
    pub(crate) sha256: String,
    /// From this certainty on a face is alive, percent.
    pub(crate) live_min: u8,
}

/// Checks every byte of the site's own model.
///
/// # Errors
/// Says in Chinese that it is missing or another one.
pub(crate) fn check_spoof(model: &SpoofModel) -> Result<(), FaceError> {
    is_file(&model.path, &model.sha256).map(drop)
}

/// The text form of a model id.
pub(crate) fn id_text(id: ModelId) -> String {
    hex(&id)
}

/// Finds both files and checks every byte of them.
///
/// # Errors
/// Says in Chinese which file is missing or another one.
pub(crate) fn check(folder: &Path) -> Result<Models, FaceError> {
    let (detector, first) = checked(folder, &DETECTOR)?;
    let (embedder, second) = checked(folder, &EMBEDDER)?;
    let mut id = ModelId::default();
    for (to, from) in id
        .iter_mut()
        .zip(first.iter().take(8).chain(second.iter().take(8)))
    {
        *to = *from;
    }
    Ok(Models {
        detector,
        embedder,
        id,
    })
}

fn checked(folder: &Path, known: &Known) -> Result<(PathBuf, [u8; 32]), FaceError> {
    let path = folder.join(known.name);
    let digest = is_file(&path, known.sha256)?;
    Ok((path, digest))
}

fn is_file(path: &Path, sha256: &str) -> Result<[u8; 32], FaceError> {
    let digest = digest(path).map_err(|error| {
        FaceError::Models(format!("模型文件 {} 读不了：{error}", path.display()))
    })?;
    if hex(&digest) == sha256 {
        return Ok(digest);
    }
    Err(FaceError::Models(format!(
        "模型文件 {} 不是这个版本要的文件（SHA-256 不符）",
        path.display()
    )))
}

fn digest(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut part = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut part)?;
        let Some(bytes) = part.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return Ok(hasher.finalize().into());
        };
        hasher.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::{DETECTOR, check};

    #[test]
    fn a_missing_and_a_wrong_file_are_named() {
        let folder = TempDir::new().unwrap();
        let missing = check(folder.path()).unwrap_err().to_string();
        assert!(
            missing.contains(DETECTOR.name) && missing.contains("读不了"),
            "{missing}"
        );
        fs::write(folder.path().join(DETECTOR.name), b"no model").unwrap();
        let wrong = check(folder.path()).unwrap_err().to_string();
        assert!(
            wrong.contains(DETECTOR.name) && wrong.contains("不符"),
            "{wrong}"
        );
    }
}
