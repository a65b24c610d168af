//! The settings of `menwei-face`: `/etc/menwei/face.toml`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use drivers_camera::CameraAddress;
use edge_face_protocol::{CameraPlace, Way};
use serde::Deserialize;

use crate::error::FaceError;
use crate::models::SpoofModel;

/// Cameras of one box at most: each costs a thread and a decoder.
const CAMERAS_MAX: usize = 8;
/// Below this change of the tiles where the face is, in tenths of a gray level, nothing has moved: the
/// noise of a sensor changes them by 0.3, a face that moves by one pixel of a hundred by more than 1.
const STILL_MAX_DEFAULT: u16 = 8;
/// A face that moves by its own width changes them by no more.
const STILL_MAX_MAX: u16 = 200;

/// The file as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    socket: PathBuf,
    models: PathBuf,
    templates: PathBuf,
    key_file: PathBuf,
    #[serde(default = "still_max_default")]
    still_max: u16,
    liveness: Option<WrittenLiveness>,
    #[serde(default)]
    camera: Vec<WrittenCamera>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenLiveness {
    model: PathBuf,
    sha256: String,
    live_min: u8,
}

impl WrittenLiveness {
    fn checked(self, faults: &mut Vec<String>) -> SpoofModel {
        if !self.model.is_absolute() {
            faults.push("liveness.model：应为以 / 开头的绝对路径".to_owned());
        }
        let sha256 = self.sha256.to_ascii_lowercase();
        if sha256.len() != 64 || !sha256.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            faults.push("liveness.sha256：应为 64 位十六进制数（sha256sum 的结果）".to_owned());
        }
        if !(1..=99).contains(&self.live_min) {
            faults.push("liveness.live_min：应为 1 至 99 的整数（百分之几）".to_owned());
        }
        SpoofModel {
            path: self.model,
            sha256,
            live_min: self.live_min,
        }
    }
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
    /// Below this change a frame shows what the one before showed: tenths of a gray level, 0 to 200;
    /// 0 for not at all.
    pub(crate) still_max: u16,
    /// The site's own model of living faces.
    pub(crate) spoof: Option<SpoofModel>,
    pub(crate) cameras: Vec<CameraPlan>,
}

fn still_max_default() -> u16 {
    STILL_MAX_DEFAULT
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
        if written.still_max > STILL_MAX_MAX {
            faults.push(format!(
                "still_max：应为 0 至 {STILL_MAX_MAX} 的整数（十分之一灰度级）"
            ));
        }
        let spoof = written
            .liveness
            .map(|liveness| liveness.checked(&mut faults));
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
            still_max: written.still_max,
            spoof,
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
    fn liveness_is_off_unless_a_model_is_named_and_its_faults_are_told() {
        let settings = Settings::parse(GOOD).unwrap();
        assert!(settings.spoof.is_none() && settings.still_max == 8);
        let named = |rest: &str| format!("still_max = 0\n{GOOD}\n[liveness]\n{rest}");
        let digest = "a".repeat(64);
        let good = named(&format!(
            "model = \"/usr/share/live.onnx\"\nsha256 = \"{digest}\"\nlive_min = 80"
        ));
        let settings = Settings::parse(&good).unwrap();
        assert_eq!(settings.still_max, 0);
        assert_eq!(settings.spoof.unwrap().sha256, digest);
        let bad = named("model = \"live.onnx\"\nsha256 = \"12\"\nlive_min = 100");
        let told = Settings::parse(&bad.replace("still_max = 0", "still_max = 201"))
            .unwrap_err()
            .to_string();
        for key in [
            "still_max",
            "liveness.model",
            "liveness.sha256",
            "liveness.live_min",
        ] {
            assert!(told.contains(key), "{key}: {told}");
        }
    }

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
