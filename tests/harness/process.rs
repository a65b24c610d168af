//! Child processes that end with the test, and the binaries of this build.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::{Result, eventually};

/// The folder of this build's binaries: the nearest ancestor of the running program that holds `menwei`.
pub fn bin_dir() -> Result<PathBuf> {
    folder_of("menwei")
}

/// One of the tests' own programs, which are built where no other crate's is.
pub(crate) fn own_program(name: &str) -> Result<PathBuf> {
    Ok(folder_of(name)?.join(name))
}

fn folder_of(program: &str) -> Result<PathBuf> {
    let me = std::env::current_exe()?;
    me.ancestors()
        .skip(1)
        .find(|folder| folder.join(program).is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| {
            format!("{program} is not built beside this program: run through ./dev").into()
        })
}

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// A running program whose output goes to a log file; killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with its output appended to `log`.
    pub fn start(name: &str, program: &Path, arguments: &[&str], log: &Path) -> Result<Self> {
        Self::start_with(name, program, arguments, Vec::new(), log)
    }

    /// As [`Self::start`], with more in its environment.
    pub fn start_with(
        name: &str,
        program: &Path,
        arguments: &[&str],
        environment: Vec<(String, String)>,
        log: &Path,
    ) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .args(arguments)
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", program.display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_path_buf(),
        })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGKILL: no chance to tidy up.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Any signal by its name, such as `STOP`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()?;
        if sent.success() {
            Ok(())
        } else {
            Err(format!("kill -{name}: {sent}").into())
        }
    }

    /// SIGTERM, then waits for the end.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        self.ended().await
    }

    /// Waits until the program has ended by itself.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let name = self.name.clone();
        let child = &mut self.child;
        eventually(&format!("{name} ends"), async || Ok(child.try_wait()?)).await
    }

    /// An error with the end of the log if the program is gone.
    pub fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            let tail: Vec<&str> = tail.into_iter().rev().collect();
            return Err(format!("{} ended with {status}:\n{}", self.name, tail.join("\n")).into());
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().ok();
        }
    }
}

/// Runs a program to its end and returns what it printed; an error if it fails.
pub fn run(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} {arguments:?} failed: {errors}", program.display()).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
