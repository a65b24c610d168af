//! What can be wrong with the settings file.

use std::path::PathBuf;

use thiserror::Error;

use crate::config::walk::Fault;

/// Why the settings cannot be used. The text is for the installer, so it is Chinese.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("读不了配置文件 {}", file.display())]
    Read {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no TOML.
    #[error(
        "配置文件第 {line} 行不合 TOML 语法，请检查这一行和上一行的引号、等号、括号，以及有没有重复的键"
    )]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// The parser's own words.
        source: SyntaxFault,
    },
    /// Faults; all of them.
    #[error("配置有 {} 处错误：\n{}", .0.len(), listed(.0))]
    Faults(Vec<Fault>),
}

/// What the parser says, without the text of the line: a password may stand there.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct SyntaxFault(pub(super) String);

fn listed(faults: &[Fault]) -> String {
    faults
        .iter()
        .map(|fault| format!("  · {fault}"))
        .collect::<Vec<_>>()
        .join("\n")
}
