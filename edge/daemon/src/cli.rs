//! What can be typed after `menwei`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::claim::{Claim, Trust};
use crate::commands;
use crate::error::DaemonError;
use crate::people::read_table;
use crate::seal::ProofOrder;

/// Where the settings are if nothing else is said.
const CONFIG_DEFAULT: &str = "/etc/menwei/site.toml";

/// 工地实名制考勤盒
#[derive(Debug, Parser)]
#[command(name = "menwei", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// 配置文件
    #[arg(long, global = true, default_value = CONFIG_DEFAULT)]
    pub config: PathBuf,
    /// 要做的事
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 运行考勤盒（由 systemd 启动）
    Run {
        /// 日志写得更细
        #[arg(long)]
        verbose: bool,
    },
    /// 凭平台给的一次性开通码领取本盒证书；私钥在本机生成
    Claim {
        /// 平台发证书的地址，https://主机名:端口
        #[arg(long)]
        city: String,
        /// 开通码
        #[arg(long)]
        code: String,
        /// 平台的 CA 证书文件
        #[arg(
            long,
            required_unless_present = "ca_fingerprint",
            conflicts_with = "ca_fingerprint"
        )]
        ca: Option<PathBuf>,
        /// 没有 CA 文件时：CA 证书的 SHA-256 指纹，64 个十六进制字符
        #[arg(long)]
        ca_fingerprint: Option<String>,
        /// 写到这个目录；不写则为配置文件所在的目录
        #[arg(long)]
        out: Option<PathBuf>,
        /// 已有证书时换成新的，原来的改名保留
        #[arg(long)]
        replace: bool,
    },
    /// 检查配置文件，一次列出全部错误
    CheckConfig,
    /// 显示账本、上传和今天的情况
    Status {
        /// 输出 JSON
        #[arg(long)]
        json: bool,
    },
    /// 核对整条哈希链，指出第一条不对的记录
    Verify,
    /// 导出账本记录，每行一条 JSON；或一名工人的考勤证明
    #[command(args_conflicts_with_subcommands = true)]
    Export {
        /// 从第几条开始
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// 到第几条为止；不写则到最后
        #[arg(long)]
        to: Option<u64>,
        /// 写到这个文件；不写则显示在屏幕上
        #[arg(long)]
        out: Option<PathBuf>,
        /// 要做的事；不写则导出记录
        #[command(subcommand)]
        what: Option<ExportCommand>,
    },
    /// 核对一名工人的考勤证明文件；只要公钥，不要账本和配置
    VerifyProof {
        /// menwei export proof 写的文件
        file: PathBuf,
        /// 考勤盒的公钥，64 个十六进制字符或存有它们的文件
        #[arg(long)]
        key: String,
        /// 平台的签名公钥，同上；给了才核对平台会签
        #[arg(long)]
        city_key: Option<String>,
    },
    /// 记一条停工通知；考勤盒运行与否都可以
    Suspend {
        /// 从哪天（2027-01-20）或几点（2027-01-20T18:00）起
        #[arg(long)]
        from: String,
        /// 到哪天（含当天）或几点为止
        #[arg(long)]
        to: String,
        /// 停工原因
        #[arg(long)]
        reason: String,
    },
    /// 发一个网页用的一次性开通码：专管员忘记密码、或没有人能登录时用
    ScreenCode,
    /// 闸机控制板
    Board {
        /// 要做的事
        #[command(subcommand)]
        act: BoardCommand,
    },
    /// 用账本备份恢复；考勤盒须先停止，原账本改名保留
    Restore {
        /// 账本备份文件
        file: PathBuf,
    },
    /// 补传旧账本文件（损坏改名的、换下来的）里平台没有的记录；考勤盒运行与否都可以
    Recover {
        /// 旧账本文件
        file: PathBuf,
    },
    /// 用照片登记人脸：目录里的文件以证件号码命名；本人须已同意。考勤盒可以在运行
    Enroll {
        /// 照片目录
        folder: PathBuf,
    },
    /// 本程序自己用：读网页上传的表格
    #[command(hide = true)]
    ReadTable,
    /// 导入花名册文件（JSON）；考勤盒运行与否都可以，运行时闸机照常
    Import {
        /// 花名册文件
        file: PathBuf,
    },
}

/// What can be exported besides records.
#[derive(Debug, Subcommand)]
pub enum ExportCommand {
    /// 一名工人在一段日子里的记录，附签名和证明，别处凭公钥就能核对
    Proof {
        /// 工号（花名册里的编号）
        #[arg(long)]
        worker: u32,
        /// 从哪天（2026-10-01）起
        #[arg(long)]
        from: String,
        /// 到哪天为止，含当天
        #[arg(long)]
        to: String,
        /// 写到这个文件
        #[arg(long)]
        out: PathBuf,
    },
}

/// What can be done with a gate board.
#[derive(Debug, Subcommand)]
pub enum BoardCommand {
    /// 给控制板换上新程序：签名不对、不是新版本或试运行不通过时，仍用原来的程序
    Update {
        /// 厂家签发的升级包
        file: PathBuf,
        /// 通道编号；只有一条通道接有控制板时可省略
        #[arg(long)]
        lane: Option<String>,
    },
}

/// Carries out a command; the exit code is the process's.
pub fn execute(cli: &Cli) -> ExitCode {
    let result = match &cli.command {
        Command::Run { verbose } => commands::run(&cli.config, *verbose),
        Command::Claim {
            city,
            code,
            ca,
            ca_fingerprint,
            out,
            replace,
        } => {
            let home = cli.config.parent().unwrap_or(Path::new("."));
            Trust::of(ca.as_deref(), ca_fingerprint.as_deref()).and_then(|trust| {
                commands::claim(&Claim {
                    city,
                    code,
                    trust,
                    out: out.as_deref().unwrap_or(home),
                    config: &cli.config,
                    replace: *replace,
                })
            })
        }
        Command::CheckConfig => commands::check_config(&cli.config),
        Command::Status { json } => commands::status(&cli.config, *json),
        Command::Verify => commands::verify(&cli.config),
        Command::VerifyProof {
            file,
            key,
            city_key,
        } => commands::verify_proof(file, key, city_key.as_deref()),
        Command::Export {
            from,
            to,
            out,
            what,
        } => match what {
            Some(proof) => export_proof(&cli.config, proof),
            None => commands::export(&cli.config, *from..=to.unwrap_or(u64::MAX), out.as_deref()),
        },
        Command::Suspend { from, to, reason } => commands::suspend(&cli.config, from, to, reason),
        Command::ScreenCode => commands::screen_code(&cli.config),
        Command::Board {
            act: BoardCommand::Update { file, lane },
        } => commands::update_board(&cli.config, file, lane.clone()),
        Command::Restore { file } => commands::restore(&cli.config, file),
        Command::Enroll { folder } => commands::enroll(&cli.config, folder),
        Command::Recover { file } => commands::recover(&cli.config, file),
        Command::ReadTable => read_table(),
        Command::Import { file } => commands::import(&cli.config, file),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn export_proof(config: &Path, what: &ExportCommand) -> Result<(), DaemonError> {
    let ExportCommand::Proof {
        worker,
        from,
        to,
        out,
    } = what;
    let worker = *worker;
    let order = ProofOrder {
        worker,
        from,
        to,
        out,
    };
    commands::export_proof(config, &order)
}

#[expect(clippy::print_stderr, reason = "the command line's own voice")]
fn report(error: &DaemonError) {
    eprintln!("{error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  技术细节：{cause}");
        source = cause.source();
    }
}
