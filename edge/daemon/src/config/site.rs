//! The settings of one box, checked as a whole.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use edge_domain::Policy;
use toml::{Table, Value};

use crate::config::city::{CityConfig, PATH_ALLOWED, PHOTOS_ALLOWED, absolute, city};
use crate::config::desk::{DeskReaderConfig, desk_reader};
use crate::config::error::{ConfigError, SyntaxFault};
use crate::config::lane::{LaneConfig, lanes};
use crate::config::policy;
use crate::config::taken::Taken;
use crate::config::walk::{Walk, finish, short_text};

/// Everything that `site.toml` says.
#[derive(Debug, Clone)]
pub(crate) struct SiteConfig {
    /// The box's name: the common name of its certificate and a level of its topics.
    pub(crate) box_id: String,
    /// Project code of the city platform.
    pub(crate) site_code: String,
    /// Name of the project as people know it.
    pub(crate) site_name: String,
    /// Where the ledger lives and what opens it.
    pub(crate) ledger: LedgerConfig,
    /// Address of the clerk's screen.
    pub(crate) screen: SocketAddr,
    /// Machines that are screens of the gate, beside the box itself.
    pub(crate) gate_screens: Vec<IpAddr>,
    /// What they say aloud; `None` where they make tones only.
    pub(crate) voice: Option<Says>,
    /// The city, absent where there is none yet.
    pub(crate) city: Option<CityConfig>,
    /// Where `menwei-face` listens; absent at a box without faces.
    pub(crate) face_socket: Option<PathBuf>,
    /// The lanes in the order of the file.
    pub(crate) lanes: Vec<LaneConfig>,
    /// The card reader on the office's desk.
    pub(crate) desk_reader: Option<DeskReaderConfig>,
    /// The numbers that the rules use.
    pub(crate) policy: Policy,
}

/// What the screens at the gate say aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// The lines that are the same for everybody.
    Lines,
    /// The name of whom they let pass, too.
    Names,
}

/// Where the ledger lives.
#[derive(Debug, Clone)]
pub(crate) struct LedgerConfig {
    /// The database file.
    pub(crate) path: PathBuf,
    /// A file of 32 bytes (or 64 hex digits) that only the service can read.
    pub(crate) key_file: PathBuf,
    /// The key with which the box signs its ledger; made where there is none.
    pub(crate) device_key_file: PathBuf,
}

/// Whether a text is a settings file without a fault.
///
/// # Errors
/// Its faults, in Chinese.
pub fn check_settings(text: &str) -> Result<(), String> {
    match SiteConfig::parse(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

impl SiteConfig {
    /// The lanes' names on screens by their ids.
    pub(crate) fn lane_names(&self) -> BTreeMap<String, String> {
        let lanes = self.lanes.iter();
        lanes
            .map(|lane| (lane.id.as_str().to_owned(), lane.name.clone()))
            .collect()
    }

    /// Whether any lane has a face terminal.
    pub(crate) fn has_terminals(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.terminals.is_empty())
    }

    /// The names of all devices, each with the id of its lane, if it has one.
    pub(crate) fn devices(&self) -> Vec<(String, Option<String>)> {
        let desk = self.desk_reader.iter();
        let desk = desk.map(|reader| (reader.name.clone(), None));
        self.lanes
            .iter()
            .flat_map(|lane| {
                let readers = lane.readers.iter().map(|reader| reader.name.clone());
                let gate = lane.gate.iter().map(|gate| gate.name.clone());
                let cameras = lane.cameras.iter().map(|camera| camera.name.clone());
                let terminals = lane.terminals.iter().map(|terminal| terminal.name.clone());
                readers
                    .chain(gate)
                    .chain(cameras)
                    .chain(terminals)
                    .map(|name| (name, Some(lane.id.as_str().to_owned())))
            })
            .chain(desk)
            .collect()
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or holds faults: then all of them.
    pub(crate) fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Read {
            file: file.to_path_buf(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Checks a text.
    ///
    /// # Errors
    /// No TOML, or faults: then all of them.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let table: Table = text.parse().map_err(|source: toml::de::Error| {
            let line = source.span().map_or(1, |span| {
                text.bytes()
                    .take(span.start)
                    .filter(|byte| *byte == b'\n')
                    .count()
                    + 1
            });
            ConfigError::Syntax {
                line,
                source: SyntaxFault(source.message().to_owned()),
            }
        })?;
        let mut root = Walk::new("", table);
        let config = site(&mut root);
        let faults = root.finish();
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(ConfigError::Faults(faults)),
        }
    }
}

fn site(root: &mut Walk) -> Option<SiteConfig> {
    let box_id = section(root, "box", |walk| walk.parsed("id", BOX_ALLOWED, box_name));
    let names = section(root, "site", |walk| {
        let code = walk.parsed(
            "code",
            "1 至 32 个字母、数字或横线（平台的项目编码）",
            project_code,
        );
        let name = walk.parsed("name", "1 至 60 个字", |text| short_text(text, 60));
        Some((code?, name?))
    });
    let ledger = section(root, "ledger", |walk| {
        let path = walk.parsed("path", PATH_ALLOWED, absolute);
        let key_file = walk.parsed("key_file", PATH_ALLOWED, absolute);
        let beside = path
            .as_ref()
            .map(|path: &PathBuf| path.with_file_name("device.key"));
        let device_key_file = walk.parsed_or("device_key_file", beside, PATH_ALLOWED, |text| {
            absolute(text).map(Some)
        });
        Some(LedgerConfig {
            path: path?,
            key_file: key_file?,
            device_key_file: device_key_file??,
        })
    });
    let screen = section(root, "screen", screen);
    let city = root
        .table("city", false)
        .map(|walk| finish(root, walk, city));
    let face_socket = root.table("face", false).map(|walk| {
        finish(root, walk, |walk| {
            walk.parsed("socket", PATH_ALLOWED, absolute)
        })
    });
    let policy = match root.table("policy", false) {
        Some(walk) => finish(root, walk, policy::policy),
        None => Some(Policy::default()),
    };
    let has_basis = |policy: &Policy| policy.photo_upload_basis.is_some();
    let has_address = |city: &CityConfig| city.photo_address.is_some();
    // A city with a fault of its own is told as that.
    let city_lacks = city
        .as_ref()
        .is_none_or(|city| city.as_ref().is_some_and(|city| !has_address(city)));
    if policy.as_ref().is_some_and(has_basis) && city_lacks {
        root.fault("city.photo_address", None, PHOTOS_ALLOWED);
    }
    let mut taken = Taken::default();
    let lanes = lanes(root, &mut taken);
    let desk_reader = desk_reader(root, &mut taken);
    let (site_code, site_name) = names?;
    let screen = screen?;
    let mut policy = policy?;
    policy.anti_passback_by_lane = lanes
        .iter()
        .map(|lane| (lane.id.clone(), lane.anti_passback))
        .collect();
    Some(SiteConfig {
        box_id: box_id?,
        site_code,
        site_name,
        ledger: ledger?,
        screen: screen.listen,
        gate_screens: screen.gate_screens,
        voice: screen.voice,
        city: city.flatten(),
        face_socket: face_socket.flatten(),
        lanes,
        desk_reader,
        policy,
    })
}

/// What `[screen]` says.
struct ScreenConfig {
    listen: SocketAddr,
    gate_screens: Vec<IpAddr>,
    voice: Option<Says>,
}

/// The screen has no TLS: cookies and passwords cross the network in clear. Who serves it beyond
/// the box itself must say so.
fn screen(walk: &mut Walk) -> Option<ScreenConfig> {
    let listen: Option<SocketAddr> = walk.parsed(
        "listen",
        "IP:端口，如 127.0.0.1:8480（只供本机）",
        |text| text.parse().ok(),
    );
    let plain_http_on_lan = walk.flag_or("plain_http_on_lan", false);
    let gate_screens = walk.texts("gate_screens", SCREENS_ALLOWED, |text| text.parse().ok());
    let voice = walk.word_or_first(
        "voice",
        &[
            ("off", None),
            ("lines", Some(Says::Lines)),
            ("names", Some(Says::Names)),
        ],
    );
    let listen = listen?;
    if !listen.ip().is_loopback() && !plain_http_on_lan {
        walk.fault(
            "listen",
            Some(&Value::String(listen.to_string())),
            LAN_ALLOWED,
        );
    }
    Some(ScreenConfig {
        listen,
        gate_screens: gate_screens.unwrap_or_default(),
        voice: voice?,
    })
}

fn section<T>(
    root: &mut Walk,
    key: &'static str,
    read: impl FnOnce(&mut Walk) -> Option<T>,
) -> Option<T> {
    let walk = root.table(key, true)?;
    finish(root, walk, read)
}

const BOX_ALLOWED: &str = "1 至 32 个小写字母、数字或横线（与证书名称一致）";
const SCREENS_ALLOWED: &str = "闸机屏的 IP 地址清单，如 [\"192.168.88.20\"]；不写则只有考勤盒本机";
const LAN_ALLOWED: &str = "本机地址（如 127.0.0.1:8480），因为网页还没有加密，密码会以明文经过网络；\
     确认内网可信、仍要让其他电脑访问时，同时写 plain_http_on_lan = true";

fn box_name(text: &str) -> Option<String> {
    sync_wire::name::check_box_name(text)
        .ok()
        .map(|()| text.to_owned())
}

fn project_code(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!text.is_empty() && text.len() <= 32 && text.chars().all(allowed)).then(|| text.to_owned())
}
