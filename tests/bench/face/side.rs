//! A program that is asked by lines and answers with nanoseconds.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tests::Result;

/// One of the two; ends when dropped.
pub(super) struct Side {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Side {
    pub(super) fn start(program: &Path, arguments: &[&str], vars: &[(&str, &str)]) -> Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .envs(vars.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} does not start: {error}", program.display()))?;
        let questions = child.stdin.take().ok_or("no way in")?;
        let answers = BufReader::new(child.stdout.take().ok_or("no way out")?);
        Ok(Self {
            child,
            questions,
            answers,
        })
    }

    /// How long it took, ns.
    pub(super) fn ask(&mut self, what: &str) -> Result<f64> {
        writeln!(self.questions, "{what}")?;
        self.questions.flush()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let parsed = answer.trim().parse();
        Ok(parsed.map_err(|_| format!("no answer to {what}: see above"))?)
    }

    /// Its memory now, MiB.
    pub(super) fn rss_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.ok_or("no VmRSS")? / 1024.0)
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            self.child.wait().ok();
        }
    }
}
