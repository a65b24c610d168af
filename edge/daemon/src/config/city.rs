//! The `[city]` section: where the city is, and how it is known.

use std::path::{Path, PathBuf};

use sync_mqtt::{Proxy, TlsFiles};
use sync_wire::down::VerifyingKey;

use crate::config::walk::Walk;

const SIGNING_KEY_ALLOWED: &str =
    "64 个小写十六进制字符的平台签名公钥（平台发放的 city-sign.pub 里那一行）";
const PROXY_ALLOWED: &str = "代理的主机名:端口，如 proxy.example.cn:3128（HTTP 代理，CONNECT）";
/// What may stand where the city takes photos.
pub(super) const PHOTOS_ALLOWED: &str = "平台收照片的主机名:端口（HTTPS），如 city.example.cn:8443";
const LOGIN_ALLOWED: &str = "代理的用户名:密码";
/// What may stand where a file is named.
pub(super) const PATH_ALLOWED: &str = "以 / 开头的绝对路径";

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
    /// The key with which the city signs what comes down; without it none of that is followed.
    pub(crate) signing_key: Option<VerifyingKey>,
    /// Where the city takes photos, host and port; needed where pictures may leave.
    pub(crate) photo_address: Option<(String, u16)>,
    /// The way through a proxy, for broker and files.
    pub(crate) proxy: Option<Proxy>,
}

impl CityConfig {
    /// The certificate files.
    pub(crate) fn tls_files(&self) -> TlsFiles {
        TlsFiles {
            ca: self.ca_file.clone(),
            certificate: self.certificate_file.clone(),
            key: self.key_file.clone(),
        }
    }

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

/// Reads the `[city]` section.
pub(super) fn city(walk: &mut Walk) -> Option<CityConfig> {
    let broker = walk.parsed(
        "broker",
        "主机名:端口，如 city.example.cn:8883",
        host_and_port,
    );
    let ca_file = walk.parsed("ca_file", PATH_ALLOWED, absolute);
    let certificate_file = walk.parsed("certificate_file", PATH_ALLOWED, absolute);
    let key_file = walk.parsed("key_file", PATH_ALLOWED, absolute);
    let public_key_file = walk.parsed_or("public_key_file", None, PATH_ALLOWED, |text| {
        absolute(text).map(Some)
    });
    let signing_key = walk.parsed_or("city_signing_key", None, SIGNING_KEY_ALLOWED, |text| {
        VerifyingKey::from_hex(text).ok().map(Some)
    });
    let photo_address = walk.parsed_or("photo_address", None, PHOTOS_ALLOWED, |text| {
        host_and_port(text).map(Some)
    });
    let proxy = proxy(walk);
    let (host, port) = broker?;
    Some(CityConfig {
        host,
        port,
        ca_file: ca_file?,
        certificate_file: certificate_file?,
        key_file: key_file?,
        public_key_file: public_key_file?,
        signing_key: signing_key?,
        photo_address: photo_address?,
        proxy,
    })
}

/// The proxy, if there is one. A fault of it is noted in `walk`.
fn proxy(walk: &mut Walk) -> Option<Proxy> {
    if walk.has("proxy_login") && !walk.has("proxy") {
        walk.fault("proxy", None, PROXY_ALLOWED);
    }
    let address = walk.parsed_or("proxy", None, PROXY_ALLOWED, |text| {
        host_and_port(text).map(Some)
    });
    let login = walk.parsed_or("proxy_login", None, LOGIN_ALLOWED, |text| {
        login(text).map(Some)
    });
    let (host, port) = address.flatten()?;
    Some(Proxy {
        host,
        port,
        login: login.flatten(),
    })
}

/// `name:password`.
pub(super) fn login(text: &str) -> Option<(String, String)> {
    let (user, password) = text.split_once(':')?;
    (!user.is_empty()).then(|| (user.to_owned(), password.to_owned()))
}

/// `host:port`.
pub(super) fn host_and_port(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port: u16 = port.parse().ok().filter(|port| *port != 0)?;
    let is_host = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    is_host.then(|| (host.to_owned(), port))
}

/// A path from the root.
pub(super) fn absolute(text: &str) -> Option<PathBuf> {
    let path = PathBuf::from(text);
    path.is_absolute().then_some(path)
}
