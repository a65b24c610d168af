//! The settings of `menwei-face`: `/etc/menwei/face.toml`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use drivers_camera::CameraAddress;
use edge_face_protocol::{CameraPlace, Way};
use serde::Deserialize;

use crate::error::FaceError;

/// Cameras of one box at most: each costs a thread and a decoder.
const CAMERAS_MAX: usize = 8;

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    socket: PathBuf,
    models: PathBuf,
    templates: PathBuf,
    key_file: PathBuf,
    #[serde(default)]
    camera: Vec<WrittenCamera>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCamera {
    lane: String,
    direction: Way,
    address: String,
}

/// One camera.
#[derive(Debug, Clone)]
pub(crate) struct CameraPlan {
    pub(crate) place: CameraPlace,
    pub(crate) address: CameraAddress,
}

/// Checked settings.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) socket: PathBuf,
    pub(crate) models: PathBuf,
    pub(crate) templates: PathBuf,
    pub(crate) key_file: PathBuf,
    pub(crate) cameras: Vec<CameraPlan>,
}

impl Settings {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// In Chinese, one fault a line.
    pub(crate) fn load(path: &Path) -> Result<Self, FaceError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| FaceError::io("read the settings", path, source))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, FaceError> {
        let written: Written = toml::from_str(text)
            .map_err(|error| FaceError::Settings(format!("配置写法有误：{}", error.message())))?;
        let mut faults = Vec::new();
        for (key, path) in [
            ("socket", &written.socket),
            ("models", &written.models),
            ("templates", &written.templates),
            ("key_file", &written.key_file),
        ] {
            if !path.is_absolute() {
                faults.push(format!("{key}：应为以 / 开头的绝对路径"));
            }
        }
        if written.camera.len() > CAMERAS_MAX {
            faults.push(format!("camera：最多 {CAMERAS_MAX} 台摄像头"));
        }
        let mut places = BTreeSet::new();
        let mut cameras = Vec::new();
        for (number, camera) in (1..).zip(written.camera) {
            let place = CameraPlace {
                lane: camera.lane,
                way: camera.direction,
            };
            if !places.insert(place.clone()) {
                faults.push(format!(
                    "camera[{number}]：同一通道同一方向只能有一台摄像头"
                ));
            }
            match camera.address.parse() {
                Ok(address) => cameras.push(CameraPlan { place, address }),
                Err(_) => faults.push(format!(
                    "camera[{number}].address：应为 v4l2:/dev/video0、rtsp://…、http://…、\
                     gst:…appsink 或 folder:/目录"
                )),
            }
        }
        if !faults.is_empty() {
            return Err(FaceError::Settings(faults.join("\n")));
        }
        Ok(Self {
            socket: written.socket,
            models: written.models,
            templates: written.templates,
            key_file: written.key_file,
            cameras,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    const GOOD: &str = r#"
        socket = "/run/menwei/face.sock"
        models = "/usr/share/menwei/models"
        templates = "/var/lib/menwei-face/templates"
        key_file = "/etc/menwei/face.key"
        [[camera]]
        lane = "gate-1"
        direction = "in"
        address = "rtsp://user:secret@10.0.0.9/1"
    "#;

    #[test]
    fn all_faults_at_once_and_no_password_in_them() {
        let settings = Settings::parse(GOOD).unwrap();
        assert_eq!(settings.cameras.len(), 1);
        assert!(!format!("{settings:?}").contains("secret"));
        let twice = format!(
            "{}\n[[camera]]\nlane = \"gate-1\"\ndirection = \"in\"\naddress = \"usb:1\"",
            GOOD.replace("/etc/menwei/face.key", "face.key")
        );
        let faults = Settings::parse(&twice).unwrap_err().to_string();
        assert_eq!(faults.lines().count(), 3, "{faults}");
        assert!(faults.contains("key_file") && faults.contains("camera[2].address"));
        assert!(Settings::parse("speed = 1").is_err());
    }

    #[test]
    fn the_documented_settings_are_right() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../systemd/face.toml");
        Settings::load(std::path::Path::new(path)).unwrap();
    }
}
