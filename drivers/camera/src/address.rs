//! Where a camera is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::CameraError;

/// One camera address, as the settings write it.
#[derive(Clone, PartialEq, Eq)]
pub enum CameraAddress {
    /// `v4l2:/dev/video0`: a camera on USB or on the board.
    Device(PathBuf),
    /// `rtsp://…`, `http://…` or `https://…`: a network camera, MJPEG included.
    Stream(String),
    /// `gst:…`: a `GStreamer` pipeline that ends in `appsink`.
    Pipeline(String),
    /// `folder:/path`: pictures in the order of their names, again and again.
    Folder(PathBuf),
}

impl FromStr for CameraAddress {
    type Err = CameraError;

    fn from_str(text: &str) -> Result<Self, CameraError> {
        let absolute = |path: &str| path.starts_with('/').then(|| PathBuf::from(path));
        if let Some(path) = text.strip_prefix("v4l2:") {
            return absolute(path).map(Self::Device).ok_or(CameraError::Address);
        }
        if let Some(path) = text.strip_prefix("folder:") {
            return absolute(path).map(Self::Folder).ok_or(CameraError::Address);
        }
        if let Some(pipeline) = text.strip_prefix("gst:") {
            let ends = pipeline.contains("appsink");
            return ends
                .then(|| Self::Pipeline(pipeline.to_owned()))
                .ok_or(CameraError::Address);
        }
        let stream = ["rtsp://", "http://", "https://"]
            .iter()
            .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        (stream && !text.contains(char::is_whitespace))
            .then(|| Self::Stream(text.to_owned()))
            .ok_or(CameraError::Address)
    }
}

/// A network camera's user and password stay out of the text.
impl fmt::Display for CameraAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(path) => write!(formatter, "v4l2:{}", path.display()),
            Self::Folder(path) => write!(formatter, "folder:{}", path.display()),
            Self::Pipeline(_) => formatter.write_str("gst:…"),
            Self::Stream(url) => match url.split_once("://") {
                Some((scheme, rest)) => {
                    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                    let host = host.split(['?', '#']).next().unwrap_or(host);
                    write!(formatter, "{scheme}://{host}")
                }
                None => formatter.write_str("…"),
            },
        }
    }
}

impl fmt::Debug for CameraAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::CameraAddress;

    #[test]
    fn forms_are_told_apart_and_passwords_are_not_shown() {
        for (text, shown) in [
            ("v4l2:/dev/video0", Some("v4l2:/dev/video0")),
            ("folder:/var/pictures", Some("folder:/var/pictures")),
            ("gst:videotestsrc ! appsink", Some("gst:…")),
            (
                "rtsp://admin:secret@10.0.0.9:554/1?token=t",
                Some("rtsp://10.0.0.9:554/1"),
            ),
            (
                "http://127.0.0.1:81/a.mjpg",
                Some("http://127.0.0.1:81/a.mjpg"),
            ),
            ("v4l2:video0", None),
            ("gst:videotestsrc", None),
            ("http://", None),
            ("rtsp://a b", None),
            ("/dev/video0", None),
        ] {
            let address = text.parse::<CameraAddress>().ok();
            assert_eq!(
                address.map(|address| format!("{address:?}")),
                shown.map(str::to_owned),
                "{text}"
            );
        }
    }
}
