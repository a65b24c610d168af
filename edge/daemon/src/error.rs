//! What can go wrong in the box as a whole.

use std::io::ErrorKind;
use std::path::PathBuf;

use thiserror::Error;

use crate::advice::{advice, refusal};
use crate::config::ConfigError;

/// A failure that ends a command. The text is for the installer, so it is Chinese.
#[derive(Debug, Error)]
pub(crate) enum DaemonError {
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The ledger does not open or does not take a record.
    #[error("账本：{}", advice(.0))]
    Store(#[from] edge_store::StoreError),
    /// A file beside the ledger cannot be used.
    #[error("用不了文件 {}：{}", file.display(), refusal(source))]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The content of a file is not what it should be.
    #[error("{} 的内容不对：{detail}", file.display())]
    Content {
        /// Which.
        file: PathBuf,
        /// What is wrong, in Chinese.
        detail: String,
    },
    /// A record cannot be written down.
    #[error("记录无法写成正文")]
    Wire(#[from] sync_wire::WireError),
    /// A person would have been written down in clear.
    #[error("内部错误：个人信息尚未加密，记录没有写")]
    NotSealed,
    /// The screen's port cannot be had.
    #[error(
        "网页地址 {address} 打不开：端口可能被另一个进程占用，或本机没有这个地址。请检查 screen.listen"
    )]
    ScreenPort {
        /// As the settings say.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system refused.
    #[error("系统拒绝：{}", refusal(.0))]
    System(#[from] std::io::Error),
    /// A setting is well formed, but the file that it names cannot be used.
    #[error("{key} = \"{}\"：{why}", file.display())]
    Setting {
        /// The setting.
        key: &'static str,
        /// The file.
        file: PathBuf,
        /// What is wrong and what to do, in Chinese.
        why: String,
    },
    /// What was asked for cannot be done; why, in Chinese.
    #[error("{0}")]
    Refused(String),
    /// The chain is broken; where.
    #[error("{0}")]
    Broken(String),
}

impl DaemonError {
    /// The disk takes no records: full, read-only or broken. A person must do something about it,
    /// and meanwhile the gate works without the ledger.
    pub(crate) fn is_disk(&self) -> bool {
        match self {
            Self::Store(error) => error.is_disk(),
            Self::File { source, .. } | Self::System(source) => matches!(
                source.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
            ),
            Self::Config(_)
            | Self::Broken(_)
            | Self::Content { .. }
            | Self::Wire(_)
            | Self::NotSealed
            | Self::ScreenPort { .. }
            | Self::Refused(_)
            | Self::Setting { .. } => false,
        }
    }

    /// Exit code: 78 (`EX_CONFIG`) keeps systemd from trying again in a loop.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => 78,
            Self::Broken(_) => 2,
            Self::Store(_)
            | Self::File { .. }
            | Self::Content { .. }
            | Self::Wire(_)
            | Self::NotSealed
            | Self::ScreenPort { .. }
            | Self::System(_)
            | Self::Refused(_)
            | Self::Setting { .. } => 1,
        }
    }
}
