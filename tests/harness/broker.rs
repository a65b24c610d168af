//! A real Mosquitto on a free loopback port, with the settings that a city would use.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::net::TcpStream;

use crate::city::text;
use crate::ports::free_port;
use crate::process::{Process, repository, run};
use crate::{Result, eventually};

const MOSQUITTO: &str = "/usr/sbin/mosquitto";

/// The broker; it may be stopped and started again on the same ports.
#[derive(Debug)]
pub struct Broker {
    port: u16,
    city_port: u16,
    folder: PathBuf,
    process: Option<Process>,
}

impl Broker {
    /// Starts a broker with the certificates of the city's folder.
    pub async fn start(city: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let (port, city_port) = (free_port()?, free_port()?);
        let templates = repository().join("sync/city/broker");
        let settings = fs::read_to_string(templates.join("mosquitto.conf.template"))?
            .replace("@PORT@", &port.to_string())
            .replace("@LISTEN@", "127.0.0.1")
            .replace("@CITY_PORT@", &city_port.to_string())
            .replace("@CITY_LISTEN@", "127.0.0.1")
            .replace(
                "@DIR@",
                city.to_str().ok_or("the folder's name is no text")?,
            );
        for name in ["acl", "city.acl"] {
            fs::copy(templates.join(name), city.join(name))?;
        }
        // Started by root, Mosquitto would change to a user that cannot read the folder.
        let user = run(Path::new("/usr/bin/id"), &["-un"])?;
        fs::write(
            folder.join("mosquitto.conf"),
            format!("user {}\n{settings}", user.trim()),
        )?;
        let mut broker = Self {
            port,
            city_port,
            folder: folder.to_path_buf(),
            process: None,
        };
        broker.up().await?;
        Ok(broker)
    }

    /// The port for boxes.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port for the city, and for who listens beside it.
    pub fn city_port(&self) -> u16 {
        self.city_port
    }

    /// How often a box of this name has connected since the broker was started.
    pub fn connections_of(&self, box_id: &str) -> Result<usize> {
        let log = fs::read_to_string(self.folder.join("mosquitto.log"))?;
        Ok(log.matches(&format!(" as {box_id} (")).count())
    }

    /// Starts it again after [`Broker::down`].
    pub async fn up(&mut self) -> Result<()> {
        let settings = self.folder.join("mosquitto.conf");
        let settings = settings.to_str().ok_or("the folder's name is no text")?;
        let log = self.folder.join("mosquitto.log");
        let mut process =
            Process::start("mosquitto", Path::new(MOSQUITTO), &["-c", settings], &log)?;
        let port = self.port;
        eventually("the broker listens", async || {
            process.check_alive()?;
            Ok(TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop))
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    /// Kills it: every connection breaks.
    pub fn down(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }
}

/// A broker as it stands beside face terminals, with the settings that installers get.
#[derive(Debug)]
pub struct LocalBroker {
    port: u16,
    _process: Process,
}

impl LocalBroker {
    /// Starts it for these names and passwords.
    pub async fn start(folder: &Path, logins: &[(&str, &str)]) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let port = free_port()?;
        let templates = repository().join("systemd/terminals");
        let passwords = folder.join("passwords");
        fs::write(&passwords, "")?;
        for (name, password) in logins {
            let arguments = ["-b", text(&passwords)?, name, password];
            run(Path::new("/usr/bin/mosquitto_passwd"), &arguments)?;
        }
        fs::copy(templates.join("acl"), folder.join("acl"))?;
        // Mosquitto wants neither to be readable by others.
        let user = run(Path::new("/usr/bin/id"), &["-un"])?;
        let settings = fs::read_to_string(templates.join("mosquitto.conf"))?
            .replace("/etc/menwei/terminals", text(folder)?)
            .replace(
                "listener 1884 192.168.1.10",
                &format!("listener {port} 127.0.0.1"),
            );
        let file: PathBuf = folder.join("mosquitto.conf");
        fs::write(&file, format!("user {}\n{settings}", user.trim()))?;
        let log = folder.join("mosquitto.log");
        let program = Path::new(MOSQUITTO);
        let mut process = Process::start("mosquitto", program, &["-c", text(&file)?], &log)?;
        eventually("the local broker listens", async || {
            process.check_alive()?;
            Ok(TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop))
        })
        .await?;
        Ok(Self {
            port,
            _process: process,
        })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }
}
