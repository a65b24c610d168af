//! The box: its settings, its process, its ledger.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::city::text;
use crate::ports::free_port;
use crate::process::{Process, bin_dir, repository, run};
use crate::screen::Browser;
use crate::service_watch::ServiceWatch;
use crate::{Result, eventually};

/// One lane as it is wired.
#[derive(Debug, Clone)]
pub struct LaneWiring {
    /// Its id.
    pub id: String,
    /// Its name on screens.
    pub name: String,
    /// Its readers: name, `in` or `out`, terminal.
    pub readers: Vec<(String, &'static str, PathBuf)>,
    /// Its cameras: `in`, `out`.
    pub cameras: Vec<&'static str>,
    /// Its gate board's terminal; none for a lane without a gate.
    pub gate: Option<PathBuf>,
}

/// What the box is told.
#[derive(Debug, Clone)]
pub struct BoxPlan {
    /// Its name.
    pub id: String,
    /// Bits per second of the readers.
    pub reader_baud: u32,
    /// Bits per second of the gate boards.
    pub gate_baud: u32,
    /// Pause between two looks for a card, ms.
    pub find_interval_ms: u32,
    /// The lanes.
    pub lanes: Vec<LaneWiring>,
    /// The reader on the office's desk: its name and terminal.
    pub desk_reader: Option<(String, PathBuf)>,
    /// Broker's port; none for a box without a city.
    pub broker_port: Option<u16>,
    /// Further keys of the screen.
    pub screen_more: String,
    /// Further keys of each gate.
    pub gate_more: String,
    /// Further text of `site.toml`.
    pub more: String,
}

/// How a command of the box ended.
#[derive(Debug)]
pub struct Ended {
    /// Exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub printed: String,
    /// Standard error.
    pub complained: String,
}

/// A box as a process in a folder of its own.
#[derive(Debug)]
pub struct GateBox {
    folder: PathBuf,
    screen: String,
    process: Option<Process>,
}

impl GateBox {
    /// Writes key and settings. The certificates of a box with a city stand in the folder already.
    pub fn new(folder: &Path, plan: &BoxPlan) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let key = folder.join("ledger.key");
        if !key.exists() {
            let random: Vec<u8> = fs::read("/proc/sys/kernel/random/uuid")?;
            let doubled = [random.clone(), fs::read("/proc/sys/kernel/random/uuid")?].concat();
            let digits: Vec<u8> = doubled.into_iter().filter(u8::is_ascii_hexdigit).collect();
            fs::write(&key, digits)?;
        }
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600))?;
        let listen = format!("127.0.0.1:{}", free_port()?);
        fs::write(folder.join("site.toml"), settings(folder, plan, &listen)?)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            screen: format!("http://{listen}"),
            process: None,
        })
    }

    /// Starts it and waits until its screen answers.
    pub async fn up(&mut self) -> Result<()> {
        let program = bin_dir()?.join("menwei");
        self.up_as(&program, &[]).await
    }

    /// Starts it so that the limit on its files' sizes is an error of the write and not its death.
    pub async fn up_under_a_size_limit(&mut self) -> Result<()> {
        let program = bin_dir()?.join("menwei");
        let script = "trap '' XFSZ; exec \"$0\" \"$@\"";
        self.up_as(Path::new("/bin/sh"), &["-c", script, text(&program)?])
            .await
    }

    /// Starts it with a watchdog, as systemd does.
    pub async fn up_watched(&mut self, watch: &ServiceWatch) -> Result<()> {
        let program = bin_dir()?.join("menwei");
        let [socket, limit] = watch.environment()?;
        self.up_as(
            Path::new("/usr/bin/env"),
            &[&socket, &limit, text(&program)?],
        )
        .await
    }

    /// The same where no file may be written at all: as on a full disk.
    pub async fn up_watched_without_room(&mut self, watch: &ServiceWatch) -> Result<()> {
        let program = bin_dir()?.join("menwei");
        let [socket, limit] = watch.environment()?;
        let script = "trap '' XFSZ; ulimit -S -f 0; exec \"$0\" \"$@\"";
        let shell = [&socket, &limit, "/bin/sh", "-c", script, text(&program)?];
        self.up_as(Path::new("/usr/bin/env"), &shell).await
    }

    async fn up_as(&mut self, program: &Path, first: &[&str]) -> Result<()> {
        let config = self.config();
        let arguments = [first, &["--config", text(&config)?, "run"]].concat();
        let mut process = Process::start_with(
            "menwei",
            program,
            &arguments,
            unit_environment()?,
            &self.folder.join("menwei.log"),
        )?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}/login", self.screen);
        eventually("the box's screen answers", async || {
            process.check_alive()?;
            Ok(client.get(&url).send().await.ok().map(drop))
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    /// The settings file.
    pub fn config(&self) -> PathBuf {
        self.folder.join("site.toml")
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The address of the clerk's screen.
    pub fn screen(&self) -> &str {
        &self.screen
    }

    /// The running process.
    pub fn process(&mut self) -> Result<&mut Process> {
        self.process
            .as_mut()
            .ok_or_else(|| "the box does not run".into())
    }

    /// The number of the running process.
    pub fn process_id(&self) -> Result<u32> {
        let process = self.process.as_ref();
        process
            .map(Process::id)
            .ok_or_else(|| "the box does not run".into())
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
        }
        Ok(())
    }

    /// SIGTERM, and waits for the end.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            let status = process.terminate().await?;
            if !status.success() {
                return Err(format!("the box ended with {status}:\n{}", process.log()).into());
            }
        }
        Ok(())
    }

    /// Runs `menwei` with these arguments on this box's settings.
    pub fn menwei(&self, arguments: &[&str]) -> Result<String> {
        let config = self.config();
        let mut all = vec!["--config", text(&config)?];
        all.extend(arguments);
        run(&bin_dir()?.join("menwei"), &all)
    }

    /// Runs `menwei` to its end, however it ends: exit code, what it printed, what it complained.
    pub fn menwei_ends(&self, arguments: &[&str]) -> Result<Ended> {
        let config = self.config();
        let output = Command::new(bin_dir()?.join("menwei"))
            .arg("--config")
            .arg(&config)
            .args(arguments)
            .stdin(Stdio::null())
            .output()?;
        Ok(Ended {
            code: output.status.code(),
            printed: String::from_utf8(output.stdout)?,
            complained: String::from_utf8(output.stderr)?,
        })
    }

    /// Changes the settings file; it takes effect with the next start.
    pub fn edit(&self, change: impl FnOnce(String) -> String) -> Result<()> {
        let config = self.config();
        Ok(fs::write(&config, change(fs::read_to_string(&config)?))?)
    }

    /// The ledger after `seq` as `menwei export` tells it.
    pub fn records(&self, after: u64) -> Result<Vec<Value>> {
        let text = self.menwei(&["export", "--from", &(after + 1).to_string()])?;
        Ok(text
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()?)
    }

    /// `menwei status --json`.
    pub fn status(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.menwei(&["status", "--json"])?)?)
    }

    /// Claims the screen in a browser, which is signed in then.
    pub async fn claim_in(&mut self, browser: &Browser) -> Result<()> {
        let code = self.claim_code().await?;
        browser.claim(self.screen(), &code).await
    }

    /// Another one-time code: those before are worthless then.
    pub fn fresh_code(&self) -> Result<String> {
        let said = self.menwei(&["screen-code"])?;
        let is_code = |word: &&str| word.len() == 9 && word.as_bytes().get(4) == Some(&b'-');
        let mut words = said.split(|letter: char| !(letter.is_ascii_digit() || letter == '-'));
        let code = words.find(is_code).map(str::to_owned);
        Ok(code.ok_or_else(|| format!("no code in {said:?}"))?)
    }

    /// The one-time claim code that the box printed.
    pub async fn claim_code(&mut self) -> Result<String> {
        let process = self.process()?;
        eventually("the box prints a claim code", async || {
            let log = process.log();
            let line = log
                .lines()
                .find_map(|line| line.split("开通码：").nth(1).map(str::to_owned));
            Ok(line.map(|code| code.trim().to_owned()))
        })
        .await
    }
}

fn settings(folder: &Path, plan: &BoxPlan, listen: &str) -> Result<String> {
    let dir = text(folder)?;
    let mut toml = format!(
        "[box]\nid = \"{}\"\n\n[site]\ncode = \"3499002026TEST001\"\nname = \"滨河家园一期工程\"\n\n\
         [ledger]\npath = \"{dir}/ledger.db\"\nkey_file = \"{dir}/ledger.key\"\n\n\
         [screen]\nlisten = \"{listen}\"\n{}\n",
        plan.id, plan.screen_more
    );
    if let Some(port) = plan.broker_port {
        write!(
            toml,
            "[city]\nbroker = \"localhost:{port}\"\nca_file = \"{dir}/ca.pem\"\n\
             certificate_file = \"{dir}/box.pem\"\nkey_file = \"{dir}/box.key\"\n\
             public_key_file = \"{dir}/city-seal.pub\"\n"
        )?;
        if let Ok(key) = fs::read_to_string(folder.join("city-sign.pub")) {
            writeln!(toml, "city_signing_key = \"{}\"", key.trim())?;
        }
        toml.push('\n');
    }
    toml.push_str(&plan.more);
    for lane in &plan.lanes {
        write!(
            toml,
            "\n[[lane]]\nid = \"{}\"\nname = \"{}\"\n",
            lane.id, lane.name
        )?;
        for (name, direction, terminal) in &lane.readers {
            write!(
                toml,
                "\n[[lane.reader]]\nname = \"{name}\"\ndirection = \"{direction}\"\n\
                 link = \"serial:{}?baud={}\"\nsimulated = true\nfind_interval_ms = {}\n",
                terminal.display(),
                plan.reader_baud,
                plan.find_interval_ms
            )?;
        }
        for direction in &lane.cameras {
            let word = if *direction == "in" { "进" } else { "出" };
            write!(
                toml,
                "\n[[lane.camera]]\nname = \"{}{word}口摄像头\"\ndirection = \"{direction}\"\n",
                lane.name
            )?;
        }
        if let Some(gate) = &lane.gate {
            write!(
                toml,
                "\n[lane.gate]\nname = \"{}闸机\"\nlink = \"serial:{}?baud={}\"\n{}\n",
                lane.name,
                gate.display(),
                plan.gate_baud,
                plan.gate_more
            )?;
        }
    }
    if let Some((name, terminal)) = &plan.desk_reader {
        write!(
            toml,
            "\n[desk.reader]\nname = \"{name}\"\nlink = \"serial:{}?baud={}\"\n\
             simulated = true\nfind_interval_ms = {}\n",
            terminal.display(),
            plan.reader_baud,
            plan.find_interval_ms
        )?;
    }
    Ok(toml)
}

/// What the unit file sets in the environment of the service: the box is measured as it is run.
fn unit_environment() -> Result<Vec<(String, String)>> {
    let unit = std::fs::read_to_string(repository().join("systemd/menwei.service"))?;
    let settings: Vec<(String, String)> = unit
        .lines()
        .filter_map(|line| line.strip_prefix("Environment="))
        .flat_map(str::split_whitespace)
        .filter_map(|one| one.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if settings.is_empty() {
        return Err("the unit file sets nothing in its environment".into());
    }
    Ok(settings)
}
