//! `[[lane.terminal]]`: face terminals that look by themselves.

use drivers_terminal::{Address, Login};
use edge_domain::Direction;

use crate::config::city::{host_and_port, login};
use crate::config::taken::Taken;
use crate::config::walk::Walk;

/// One face terminal.
#[derive(Debug, Clone)]
pub(crate) struct TerminalConfig {
    /// Its name on screens and in records.
    pub(crate) name: String,
    /// The way that it faces.
    pub(crate) direction: Direction,
    /// Where it is, and in which language.
    pub(crate) address: Address,
    /// Who asks.
    pub(crate) login: Option<Login>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    Hikvision,
    Panel,
}

const HTTP_ALLOWED: &str = "人脸机的网址，如 http://192.168.1.64（后面不带路径）";
const BROKER_ALLOWED: &str = "本地 MQTT 服务器的主机名:端口，如 127.0.0.1:1884";
const PANEL_ALLOWED: &str = "人脸机自己的编号（facesluiceId），1 至 32 个字母、数字或横线";
const LOGIN_ALLOWED: &str = "用户名:密码（人脸机的，或本地 MQTT 服务器的）";
const MAKE_FIRST: &str = "等 make 写对以后再写";
const GATE_ALLOWED: &str =
    "hikvision：mqtt_face 的人脸机自己判断，它的继电器不能接闸机，所以本通道要有 [lane.gate]";

/// Reads one section. `has_gate`: the lane has a gate board.
pub(super) fn terminal(
    walk: &mut Walk,
    taken: &mut Taken,
    has_gate: bool,
) -> Option<TerminalConfig> {
    let name = taken.name(walk);
    let direction = walk.word(
        "direction",
        &[("in", Direction::In), ("out", Direction::Out)],
    );
    let make = walk.word(
        "make",
        &[("hikvision", Make::Hikvision), ("mqtt_face", Make::Panel)],
    );
    let (address, login) = match make {
        Some(Make::Hikvision) => hikvision(walk),
        Some(Make::Panel) => panel(walk, has_gate),
        None => {
            for key in ["address", "panel", "login"] {
                walk.reject(key, MAKE_FIRST);
            }
            (None, None)
        }
    };
    if let Some(address) = &address {
        taken.terminal(walk, address);
    }
    Some(TerminalConfig {
        name: name?,
        direction: direction?,
        address: address?,
        login: login?,
    })
}

type Place = (Option<Address>, Option<Option<Login>>);

fn hikvision(walk: &mut Walk) -> Place {
    walk.reject("panel", "不写：只有 mqtt_face 的人脸机才有");
    let base = walk.parsed("address", HTTP_ALLOWED, http_base);
    let login = walk.parsed("login", LOGIN_ALLOWED, |text| whole_login(text).map(Some));
    (base.map(|base| Address::Hikvision { base }), login)
}

fn panel(walk: &mut Walk, has_gate: bool) -> Place {
    if !has_gate {
        walk.fault_of("make", "mqtt_face", GATE_ALLOWED);
    }
    let broker = walk.parsed("address", BROKER_ALLOWED, host_and_port);
    let panel = walk.parsed("panel", PANEL_ALLOWED, panel_name);
    let login = walk.parsed_or("login", None, LOGIN_ALLOWED, |text| {
        whole_login(text).map(Some)
    });
    let address = broker.zip(panel);
    let address = address.map(|((host, port), panel)| Address::Panel { host, port, panel });
    (address, login)
}

fn whole_login(text: &str) -> Option<Login> {
    let (user, password) = login(text)?;
    Some(Login { user, password })
}

fn panel_name(text: &str) -> Option<String> {
    let plain = |one: char| one.is_ascii_alphanumeric() || one == '-';
    ((1..=32).contains(&text.len()) && text.chars().all(plain)).then(|| text.to_owned())
}

fn http_base(text: &str) -> Option<String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))?;
    let is_host = |one: char| one.is_ascii_alphanumeric() || matches!(one, '.' | '-' | ':');
    (!rest.is_empty() && rest.chars().all(is_host)).then(|| text.to_owned())
}
