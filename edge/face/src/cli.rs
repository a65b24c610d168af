//! What can be typed after `menwei-face`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::FaceError;
use crate::measure::{BenchPlan, ReportPlan, bench, report};
use crate::process;

/// Where the settings are if nothing else is said.
const CONFIG_DEFAULT: &str = "/etc/menwei/face.toml";
/// Where the models are if nothing else is said.
const MODELS_DEFAULT: &str = "/usr/share/menwei/models";
/// Faulty settings: systemd does not try again.
const EXIT_CONFIG: u8 = 78;

/// 工地实名制考勤盒的人脸程序
#[derive(Debug, Parser)]
#[command(name = "menwei-face", version, about, disable_help_subcommand = true)]
pub struct Cli {
    /// 要做的事
    #[command(subcommand)]
    command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// 运行（由 systemd 启动）
    Run {
        /// 配置文件
        #[arg(long, default_value = CONFIG_DEFAULT)]
        config: PathBuf,
        /// 日志写得更细
        #[arg(long)]
        verbose: bool,
    },
    /// 用现场照片测算：各阈值的通过率和误识率、分布图、建议阈值
    Report {
        /// 照片目录（每人一个子目录）或列表文件（每行：照片,照片,1 或 0）
        pictures: PathBuf,
        /// 模型目录
        #[arg(long, default_value = MODELS_DEFAULT)]
        models: PathBuf,
        /// 花名册人数
        #[arg(long, default_value_t = 500)]
        roster: u32,
        /// 分布图写到这个文件（SVG）
        #[arg(long)]
        svg: Option<PathBuf>,
        /// 再把照片变暗、逆光、模糊、歪斜、戴帽、戴口罩、缩小后各测一遍
        #[arg(long)]
        robust: bool,
    },
    /// 逐行报出各步骤的用时，供开发者的 bench 使用
    #[command(hide = true)]
    Bench {
        /// 一张 640x480 的照片
        picture: PathBuf,
        /// 模型目录
        #[arg(long, default_value = MODELS_DEFAULT)]
        models: PathBuf,
    },
}

/// Carries out a command; the exit code is the process's.
pub fn execute(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Run { config, verbose } => {
            start_log(verbose);
            process::run(&config)
        }
        Command::Report {
            pictures,
            models,
            roster,
            svg,
            robust,
        } => report(&ReportPlan {
            pictures,
            models,
            roster,
            svg,
            robust,
        })
        .map(|text| print(&text)),
        Command::Bench { picture, models } => bench(&BenchPlan { models, picture }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            if matches!(error, FaceError::Settings(_)) {
                ExitCode::from(EXIT_CONFIG)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

fn start_log(verbose: bool) {
    let level = if verbose {
        tracing::Level::DEBUG
    } else {
        tracing::Level::INFO
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .log_internal_errors(false)
        .init();
}

#[expect(clippy::print_stdout, reason = "the answer of a command")]
fn print(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "the command line's own voice")]
fn complain(error: &FaceError) {
    eprintln!("{error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        eprintln!("  技术细节：{cause}");
        source = cause.source();
    }
}
