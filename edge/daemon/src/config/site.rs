//! The settings of one box, checked as a whole.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use drivers_link::LinkAddress;
use drivers_relay::RelayMap;
use edge_domain::{AntiPassback, Direction, LaneId, Policy};
use toml::{Table, Value};

use crate::config::error::ConfigError;
use crate::config::policy;
use crate::config::relay::relay;
use crate::config::walk::Walk;

/// Most lanes that one box serves.
const LANES_MAX: usize = 16;
/// Most readers at one lane.
const READERS_MAX: usize = 4;
/// Most cameras at one lane: one for each way.
const CAMERAS_MAX: usize = 2;

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
    /// The city, absent where there is none yet.
    pub(crate) city: Option<CityConfig>,
    /// Where `menwei-face` listens; absent at a box without faces.
    pub(crate) face_socket: Option<PathBuf>,
    /// The lanes in the order of the file.
    pub(crate) lanes: Vec<LaneConfig>,
    /// The numbers that the rules use.
    pub(crate) policy: Policy,
}

/// Where the ledger lives.
#[derive(Debug, Clone)]
pub(crate) struct LedgerConfig {
    /// The database file.
    pub(crate) path: PathBuf,
    /// A file of 32 bytes (or 64 hex digits) that only the service can read.
    pub(crate) key_file: PathBuf,
}

/// How to reach the city.
#[derive(Debug, Clone)]
pub(crate) struct CityConfig {
    /// Host of the broker, as its certificate names it.
    pub(crate) host: String,
    /// Port of the broker's TLS listener.
    pub(crate) port: u16,
    /// PEM file of the authority that signed the broker's certificate.
    pub(crate) ca_file: PathBuf,
    /// PEM file of the box's certificate.
    pub(crate) certificate_file: PathBuf,
    /// PKCS#8 PEM file of the box's private key.
    pub(crate) key_file: PathBuf,
    /// File of the city's public key, for which workers' data keys are wrapped.
    pub(crate) public_key_file: Option<PathBuf>,
}

impl CityConfig {
    /// The files without which no connection can be tried and that cannot be read now: the
    /// setting, the file, and why.
    pub(crate) fn unreadable(&self) -> Vec<(&'static str, &Path, std::io::Error)> {
        let files = [
            ("city.ca_file", &self.ca_file),
            ("city.certificate_file", &self.certificate_file),
            ("city.key_file", &self.key_file),
        ];
        let faults = files.into_iter().filter_map(|(key, file)| {
            let error = std::fs::File::open(file).err()?;
            Some((key, file.as_path(), error))
        });
        faults.collect()
    }
}

/// One lane.
#[derive(Debug, Clone)]
pub(crate) struct LaneConfig {
    /// Its id in records.
    pub(crate) id: LaneId,
    /// Its name on screens.
    pub(crate) name: String,
    /// What happens if somebody enters twice.
    pub(crate) anti_passback: AntiPassback,
    /// Its readers.
    pub(crate) readers: Vec<ReaderConfig>,
    /// Its cameras, at most one for each way.
    pub(crate) cameras: Vec<CameraConfig>,
    /// Its gate board; a lane without one counts attendance on the grant.
    pub(crate) gate: Option<GateConfig>,
}

/// One reader.
#[derive(Debug, Clone)]
pub(crate) struct ReaderConfig {
    /// Its name on screens and in records.
    pub(crate) name: String,
    /// The way that a card on it means.
    pub(crate) direction: Direction,
    /// Where it is plugged in.
    pub(crate) link: LinkAddress,
    /// Pause between two looks for a card, ms.
    pub(crate) find_interval_ms: u32,
}

/// One camera. Where it is stands in the settings of `menwei-face`.
#[derive(Debug, Clone)]
pub(crate) struct CameraConfig {
    /// Its name on screens and in records.
    pub(crate) name: String,
    /// The way that it looks.
    pub(crate) direction: Direction,
}

/// One gate board.
#[derive(Debug, Clone)]
pub(crate) struct GateConfig {
    /// Its name on screens and in records.
    pub(crate) name: String,
    /// Where it is plugged in.
    pub(crate) link: LinkAddress,
    /// Its address on the line.
    pub(crate) address: u8,
    /// Length of the opening pulse, ms.
    pub(crate) open_pulse_ms: u32,
    /// How long an opening waits for the person, ms.
    pub(crate) pass_timeout_ms: u32,
    /// What the board does without the box.
    pub(crate) link_loss: LinkLossWord,
    /// What is wired where, if the gate has only relays.
    pub(crate) relay: Option<RelayMap>,
}

/// What the board does without the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkLossWord {
    /// Going out is free, coming in is closed.
    FreeExit,
    /// Both ways are free.
    FreeBoth,
    /// Both ways stay closed.
    StayLocked,
}

impl SiteConfig {
    /// The lanes' names on screens by their ids.
    pub(crate) fn lane_names(&self) -> BTreeMap<String, String> {
        let lanes = self.lanes.iter();
        lanes
            .map(|lane| (lane.id.as_str().to_owned(), lane.name.clone()))
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
                detail: source.message().to_owned(),
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
        Some(LedgerConfig {
            path: path?,
            key_file: key_file?,
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
    let lanes = lanes(root);
    let (site_code, site_name) = names?;
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
        screen: screen?,
        city: city.flatten(),
        face_socket: face_socket.flatten(),
        lanes,
        policy,
    })
}

/// The screen has no TLS: cookies and passwords cross the network in clear. Who serves it beyond
/// the box itself must say so.
fn screen(walk: &mut Walk) -> Option<SocketAddr> {
    let listen: Option<SocketAddr> = walk.parsed(
        "listen",
        "IP:端口，如 127.0.0.1:8480（只供本机）",
        |text| text.parse().ok(),
    );
    let plain_http_on_lan = walk.flag_or("plain_http_on_lan", false);
    let listen = listen?;
    if !listen.ip().is_loopback() && !plain_http_on_lan {
        walk.fault(
            "listen",
            Some(&Value::String(listen.to_string())),
            LAN_ALLOWED,
        );
    }
    Some(listen)
}

fn section<T>(
    root: &mut Walk,
    key: &'static str,
    read: impl FnOnce(&mut Walk) -> Option<T>,
) -> Option<T> {
    let walk = root.table(key, true)?;
    finish(root, walk, read)
}

fn finish<T>(
    parent: &mut Walk,
    mut walk: Walk,
    read: impl FnOnce(&mut Walk) -> Option<T>,
) -> Option<T> {
    let value = read(&mut walk);
    parent.absorb(walk.finish());
    value
}

fn city(walk: &mut Walk) -> Option<CityConfig> {
    let broker = walk.parsed(
        "broker",
        "主机名:端口，如 city.example.cn:8883",
        |text| {
            let (host, port) = text.rsplit_once(':')?;
            let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
            (!host.is_empty() && !host.contains(char::is_whitespace))
                .then(|| (host.to_owned(), port))
        },
    );
    let ca_file = walk.parsed("ca_file", PATH_ALLOWED, absolute);
    let certificate_file = walk.parsed("certificate_file", PATH_ALLOWED, absolute);
    let key_file = walk.parsed("key_file", PATH_ALLOWED, absolute);
    let public_key_file = walk.parsed_or("public_key_file", None, PATH_ALLOWED, |text| {
        absolute(text).map(Some)
    });
    let (host, port) = broker?;
    Some(CityConfig {
        host,
        port,
        ca_file: ca_file?,
        certificate_file: certificate_file?,
        key_file: key_file?,
        public_key_file: public_key_file?,
    })
}

fn lanes(root: &mut Walk) -> Vec<LaneConfig> {
    let mut lanes: Vec<LaneConfig> = Vec::new();
    let mut links: Vec<LinkAddress> = Vec::new();
    for mut walk in root.tables("lane", LANES_MAX) {
        if let Some(lane) = lane(&mut walk, &mut links) {
            if lanes.iter().any(|known| known.id == lane.id) {
                walk.fault("id", None, "与其他通道不同的名称");
            }
            lanes.push(lane);
        }
        root.absorb(walk.finish());
    }
    lanes
}

fn lane(walk: &mut Walk, links: &mut Vec<LinkAddress>) -> Option<LaneConfig> {
    let id = walk.parsed("id", "1 至 32 个字的通道编号，如 gate-1", |text| {
        LaneId::parse(text).ok()
    });
    let default_name = id
        .as_ref()
        .map(|id| id.as_str().to_owned())
        .unwrap_or_default();
    let name = walk.parsed_or("name", default_name, "1 至 32 个字", |text| {
        short_text(text, 32)
    });
    let anti_passback = walk.word_or_first(
        "anti_passback",
        &[
            ("soft", AntiPassback::Soft),
            ("hard", AntiPassback::Hard),
            ("off", AntiPassback::Off),
        ],
    );
    let mut readers = Vec::new();
    for mut reader_walk in walk.tables("reader", READERS_MAX) {
        readers.extend(reader(&mut reader_walk, links));
        walk.absorb(reader_walk.finish());
    }
    let mut cameras: Vec<CameraConfig> = Vec::new();
    let camera_walks = if walk.has("camera") {
        walk.tables("camera", CAMERAS_MAX)
    } else {
        Vec::new()
    };
    for mut camera_walk in camera_walks {
        if let Some(camera) = camera(&mut camera_walk) {
            if cameras
                .iter()
                .any(|known| known.direction == camera.direction)
            {
                camera_walk.fault("direction", None, "与本通道另一台摄像头不同的方向");
            }
            cameras.push(camera);
        }
        walk.absorb(camera_walk.finish());
    }
    let gate = walk
        .table("gate", false)
        .map(|gate_walk| finish(walk, gate_walk, |gate_walk| gate(gate_walk, links)));
    Some(LaneConfig {
        id: id?,
        name: name?,
        anti_passback: anti_passback?,
        readers,
        cameras,
        gate: gate.flatten(),
    })
}

fn reader(walk: &mut Walk, links: &mut Vec<LinkAddress>) -> Option<ReaderConfig> {
    let name = walk.parsed("name", "1 至 32 个字", |text| short_text(text, 32));
    let direction = walk.word(
        "direction",
        &[("in", Direction::In), ("out", Direction::Out)],
    );
    let link = own_link(walk, links);
    let find_interval_ms = walk.number_or("find_interval_ms", 300, 10..=2_000, "毫秒");
    Some(ReaderConfig {
        name: name?,
        direction: direction?,
        link: link?,
        find_interval_ms,
    })
}

fn camera(walk: &mut Walk) -> Option<CameraConfig> {
    let name = walk.parsed("name", "1 至 32 个字", |text| short_text(text, 32));
    let direction = walk.word(
        "direction",
        &[("in", Direction::In), ("out", Direction::Out)],
    );
    Some(CameraConfig {
        name: name?,
        direction: direction?,
    })
}

fn gate(walk: &mut Walk, links: &mut Vec<LinkAddress>) -> Option<GateConfig> {
    let name = walk.parsed("name", "1 至 32 个字", |text| short_text(text, 32));
    let link = own_link(walk, links);
    let relays = walk.has("relay");
    let address_max = if relays { drivers_relay::UNIT_MAX } else { 30 };
    let address = walk.number_or("address", 1, 1..=address_max.into(), "线上地址");
    let open_pulse_ms = walk.number_or("open_pulse_ms", 400, 50..=5_000, "毫秒");
    let pass_timeout_ms = walk.number_or("pass_timeout_ms", 5_000, 1_000..=30_000, "毫秒");
    if relays && walk.has("link_loss") {
        walk.fault("link_loss", None, LINK_LOSS_ALLOWED);
    }
    let link_loss = walk.word_or_first(
        "link_loss",
        &[
            ("free_exit", LinkLossWord::FreeExit),
            ("free_both", LinkLossWord::FreeBoth),
            ("stay_locked", LinkLossWord::StayLocked),
        ],
    );
    let relay = walk
        .table("relay", false)
        .map(|relay_walk| finish(walk, relay_walk, relay));
    Some(GateConfig {
        name: name?,
        link: link?,
        address: u8::try_from(address).ok()?,
        open_pulse_ms,
        pass_timeout_ms,
        link_loss: link_loss?,
        relay: match relay {
            Some(relay) => Some(relay?),
            None => None,
        },
    })
}

/// A device's address; one port serves one device.
fn own_link(walk: &mut Walk, links: &mut Vec<LinkAddress>) -> Option<LinkAddress> {
    let link = walk.parsed("link", LINK_ALLOWED, |text| {
        text.parse::<LinkAddress>().ok()
    })?;
    if links.contains(&link) {
        walk.fault("link", None, "没有被其他设备占用的端口");
    }
    links.push(link.clone());
    Some(link)
}

const BOX_ALLOWED: &str = "1 至 32 个小写字母、数字或横线（与证书名称一致）";
const LAN_ALLOWED: &str = "本机地址（如 127.0.0.1:8480），因为网页还没有加密，密码会以明文经过网络；\
     确认内网可信、仍要让其他电脑访问时，同时写 plain_http_on_lan = true";
const LINK_LOSS_ALLOWED: &str =
    "不写：继电器板没有断线规则，断线时放不放行由闸机自己决定（请接好闸机的应急按钮和消防线）";
const PATH_ALLOWED: &str = "以 / 开头的绝对路径";
const LINK_ALLOWED: &str =
    "serial:/dev/menwei/reader-1?baud=115200（波特率 1200 至 921600）或 tcp:主机:端口";

fn box_name(text: &str) -> Option<String> {
    sync_wire::name::check_box_name(text)
        .ok()
        .map(|()| text.to_owned())
}

fn project_code(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!text.is_empty() && text.len() <= 32 && text.chars().all(allowed)).then(|| text.to_owned())
}

fn short_text(text: &str, chars_max: usize) -> Option<String> {
    let chars = text.chars().count();
    let fits = chars > 0 && chars <= chars_max && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

fn absolute(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    path.is_absolute().then_some(path)
}
