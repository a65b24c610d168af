//! Settings of the running city: flags of the command line or one small TOML file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use sync_wire::Hash;

use crate::db::Place;
use crate::error::CityError;
use crate::pki;

/// Where the broker listens for the city unless told otherwise.
const BROKER_DEFAULT: &str = "localhost:8884";
/// Where the page listens unless told otherwise: nobody but this machine sees it.
const LISTEN_DEFAULT: &str = "127.0.0.1:8300";

/// Seconds that a hole may stand unless told otherwise, and at most.
const HOLE_SECONDS_DEFAULT: u32 = 60;
const HOLE_SECONDS_MAX: u32 = 3_600;
/// Workers at most: more do not make one database faster.
const WORKERS_MAX: usize = 16;

/// What the file may say. Every key has a default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Folder with keys and database; relative to the file's own folder.
    pub dir: Option<PathBuf>,
    /// Broker, `host:port` for the city; the host must be in its certificate.
    pub broker: Option<String>,
    /// Address of the page; port 0 picks a free one.
    pub listen: Option<String>,
    /// How many workers store backlogs; one more stores what is live.
    pub workers: Option<usize>,
    /// Name of this city among several on one broker; they share the work. Each has another: without
    /// one it is made of the machine and the folder.
    pub instance: Option<String>,
    /// Address where boxes fetch roster files and bring photos; without it this city serves none.
    pub https_listen: Option<String>,
    /// How boxes reach that address, or another server with the files, `https://host:port`; without
    /// it no roster is published.
    pub https_url: Option<String>,
    /// Address where boxes without a certificate claim one; without it none does.
    pub claim_listen: Option<String>,
    /// How boxes reach that address, `https://host:port`.
    pub claim_url: Option<String>,
    /// How boxes reach the broker, `host:port`; told to boxes that claim a certificate.
    pub box_broker: Option<String>,
    /// Seconds that a hole in a box's records may stand before they are asked for.
    pub hole_seconds: Option<u32>,
    /// The database, if it is not a `SQLite` file in `dir`.
    pub database: Option<Database>,
}

/// What the file may say about the database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `PostgreSQL`: `host=/run/postgresql user=menwei dbname=menwei` or `postgresql://…`.
    pub url: String,
}

/// Checked settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder with keys and database.
    pub dir: PathBuf,
    /// Host of the broker, as in its certificate.
    pub broker_host: String,
    /// The broker's port for the city.
    pub broker_port: u16,
    /// Address of the page.
    pub listen: SocketAddr,
    /// How many workers store backlogs.
    pub workers: usize,
    /// Name of this city among several on one broker.
    pub instance: String,
    /// Address where boxes fetch roster files and bring photos, if this city serves them.
    pub https_listen: Option<SocketAddr>,
    /// How boxes reach it, or another server with the files, if that was said.
    pub https_url: Option<String>,
    /// Address where boxes claim certificates, if any may.
    pub claim_listen: Option<SocketAddr>,
    /// How boxes reach it.
    pub claim_url: Option<String>,
    /// How boxes reach the broker, if that was said.
    pub box_broker: Option<String>,
    /// How long a hole in a box's records may stand before they are asked for.
    pub hole_after: Duration,
    /// Where the database is.
    pub place: Place,
}

impl Settings {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, CityError> {
        let text = pki::read_text(path)?;
        let mut file: File = toml::from_str(&text)
            .map_err(|error| CityError::Config(format!("{}: {error}", path.display())))?;
        let home = path.parent().unwrap_or(Path::new("."));
        file.dir = Some(home.join(file.dir.unwrap_or_default()));
        Self::check(file)
    }

    /// Checks what a file or the command line says.
    pub fn check(file: File) -> Result<Self, CityError> {
        let broker = file.broker.as_deref().unwrap_or(BROKER_DEFAULT);
        let (host, port) = host_and_port("broker", broker)?;
        let listen = address("listen", file.listen.as_deref().unwrap_or(LISTEN_DEFAULT))?;
        let (https_listen, https_url) = way(
            ["https_listen", "https_url"],
            file.https_listen,
            file.https_url,
        )?;
        let (claim_listen, claim_url) = way(
            ["claim_listen", "claim_url"],
            file.claim_listen,
            file.claim_url,
        )?;
        let workers = file.workers.unwrap_or(1);
        if !(1..=WORKERS_MAX).contains(&workers) {
            return Err(CityError::Config(format!(
                "workers = {workers} is not 1 to {WORKERS_MAX}"
            )));
        }
        let hole_seconds = file.hole_seconds.unwrap_or(HOLE_SECONDS_DEFAULT);
        if !(1..=HOLE_SECONDS_MAX).contains(&hole_seconds) {
            return Err(CityError::Config(format!(
                "hole_seconds = {hole_seconds} is not 1 to {HOLE_SECONDS_MAX}"
            )));
        }
        let dir = file.dir.unwrap_or_else(|| PathBuf::from("."));
        let instance = file.instance.unwrap_or_else(|| own_name(&dir));
        if sync_wire::name::check_box_name(&instance).is_err() {
            return Err(CityError::Config(format!(
                "instance = {instance:?} is not 1 to 32 of a-z, 0-9 and '-'"
            )));
        }
        let place = match file.database {
            Some(database) => Place::server(&database.url)?,
            None => Place::File(dir.join("city.db"), Arc::default()),
        };
        Ok(Self {
            dir,
            broker_host: host.to_owned(),
            broker_port: port,
            listen,
            workers,
            instance,
            https_listen,
            https_url,
            claim_listen,
            claim_url,
            box_broker: file
                .box_broker
                .map(|text| checked("box_broker", text))
                .transpose()?,
            hole_after: Duration::from_secs(u64::from(hole_seconds)),
            place,
        })
    }

    /// Where the running city says how to reach it.
    pub fn status_file(&self) -> PathBuf {
        self.dir.join("menwei-city.json")
    }
}

/// A name that another city does not have, and that this one has again after its next start: who connects
/// to a broker under a name that is in use drives the other out.
fn own_name(dir: &Path) -> String {
    let said = ["/etc/machine-id", "/proc/sys/kernel/hostname"]
        .map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let [machine, host] = said;
    let whole = format!("{machine}\n{host}\n{}", dir.display());
    let digest = Hash::from_bytes(Sha256::digest(whole).into()).to_hex();
    let short: String = digest.chars().take(8).collect();
    format!("city-{short}")
}

fn address(key: &str, text: &str) -> Result<SocketAddr, CityError> {
    let fault = || CityError::Config(format!("{key} = {text:?} is not address:port"));
    text.parse().map_err(|_| fault())
}

/// An address to listen on, and how boxes reach it. A city that listens on loopback only needs no
/// name for that.
fn way(
    [listen_key, url_key]: [&str; 2],
    listen: Option<String>,
    url: Option<String>,
) -> Result<(Option<SocketAddr>, Option<String>), CityError> {
    let listen = listen.map(|text| address(listen_key, &text)).transpose()?;
    let url = url.map(|url| url.trim_end_matches('/').to_owned());
    match (url, listen) {
        (Some(url), _) if !url.starts_with("https://") => Err(CityError::Config(format!(
            "{url_key} = {url:?} is not https://host:port"
        ))),
        (None, Some(at)) if at.ip().is_loopback() && at.port() != 0 => {
            let url = format!("https://localhost:{}", at.port());
            Ok((listen, Some(url)))
        }
        (None, Some(at)) => Err(CityError::Config(format!(
            "{listen_key} = \"{at}\" needs {url_key}: how boxes reach it"
        ))),
        (url, _) => Ok((listen, url)),
    }
}

fn host_and_port<'a>(key: &str, text: &'a str) -> Result<(&'a str, u16), CityError> {
    text.rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)))
        .filter(|(host, port)| !host.is_empty() && *port != 0)
        .ok_or_else(|| CityError::Config(format!("{key} = {text:?} is not host:port")))
}

fn checked(key: &str, text: String) -> Result<String, CityError> {
    host_and_port(key, &text).map(drop)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_faults() {
        let settings = Settings::check(File::default()).unwrap();
        assert_eq!(
            (settings.broker_host.as_str(), settings.broker_port),
            ("localhost", 8884)
        );
        assert!(settings.listen.ip().is_loopback());
        for broker in ["", "host", "host:", "host:0", ":1", "host:70000"] {
            let file = File {
                broker: Some(broker.to_owned()),
                ..File::default()
            };
            let message = Settings::check(file).unwrap_err().to_string();
            assert!(message.contains("broker"), "{message}");
        }
        let file = File {
            listen: Some("8300".to_owned()),
            ..File::default()
        };
        assert!(
            Settings::check(file)
                .unwrap_err()
                .to_string()
                .contains("listen")
        );
    }

    #[test]
    fn boxes_are_told_an_address_that_they_can_reach() {
        let url = |listen: &str, url: Option<&str>| {
            let file = File {
                https_listen: Some(listen.to_owned()),
                https_url: url.map(str::to_owned),
                ..File::default()
            };
            Settings::check(file).map(|settings| settings.https_url)
        };
        let local = url("127.0.0.1:8443", None).unwrap();
        assert_eq!(local.as_deref(), Some("https://localhost:8443"));
        let named = url("0.0.0.0:8443", Some("https://city.example:8443/")).unwrap();
        assert_eq!(named.as_deref(), Some("https://city.example:8443"));
        for (listen, given) in [
            ("0.0.0.0:8443", None),
            ("127.0.0.1:0", None),
            ("8443", Some("https://city.example")),
            ("127.0.0.1:8443", Some("http://city.example")),
        ] {
            let message = url(listen, given).unwrap_err().to_string();
            assert!(message.contains("https_"), "{message}");
        }
    }

    #[test]
    fn a_file_is_relative_to_its_folder_and_has_no_unknown_keys() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("city.toml");
        std::fs::write(&path, "broker = \"127.0.0.1:1884\"\ndir = \"keys\"\n").unwrap();
        let settings = Settings::read(&path).unwrap();
        assert_eq!(settings.dir, home.path().join("keys"));
        std::fs::write(&path, "brocker = \"127.0.0.1:1884\"\n").unwrap();
        assert!(
            Settings::read(&path)
                .unwrap_err()
                .to_string()
                .contains("brocker")
        );
    }
}
