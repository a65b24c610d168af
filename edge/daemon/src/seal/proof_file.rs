//! `menwei export proof` and `menwei verify-proof`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use edge_store::Reader;
use jiff::civil::Date;
use jiff::tz::{TimeZone, offset};
use sync_wire::down::VerifyingKey;
use sync_wire::proof::{self, About, PROOF_BYTES_MAX, ProofFault, Proven};

use crate::clock;
use crate::config::SiteConfig;
use crate::error::DaemonError;
use crate::seal::device_key::device_key_there;
use crate::seal::start::checkpoint_words;

/// What an installer typed.
#[derive(Debug)]
pub(crate) struct ProofOrder<'a> {
    /// The worker's number.
    pub(crate) worker: u32,
    /// First day, `2026-10-01`.
    pub(crate) from: &'a str,
    /// Last day.
    pub(crate) to: &'a str,
    /// The file to write.
    pub(crate) out: &'a Path,
}

/// Writes a worker's records of some days into a file that proves itself; what the installer is told.
pub(crate) fn export(
    config: &SiteConfig,
    reader: &Reader,
    order: &ProofOrder<'_>,
) -> Result<String, DaemonError> {
    let none = || DaemonError::Refused("还没有设备密钥，账本没有签名：请先启动考勤盒".to_owned());
    let key = device_key_there(&config.ledger.device_key_file)?.ok_or_else(none)?;
    let from = day_begins("--from", order.from, 0)?;
    let to = day_begins("--to", order.to, 1)?;
    let proving = reader.proving(order.worker, (from, to))?;
    let (records, uncovered) = (proving.records.len(), proving.uncovered);
    let about = About {
        r#box: config.box_id.clone(),
        worker: order.worker,
        from,
        to,
        made_at: clock::read().wall_ms,
    };
    let bytes = proof::write(&key, about, proving).map_err(|_| {
        DaemonError::Refused("记录太多，一个文件放不下，请把日期分段导出".to_owned())
    })?;
    std::fs::write(order.out, bytes).map_err(|source| DaemonError::File {
        file: order.out.to_owned(),
        source,
    })?;
    let mut told = format!(
        "已写入 {}：{records} 条记录及其证明。核对：menwei verify-proof 文件 --key {}",
        order.out.display(),
        key.verifying_key().to_hex()
    );
    if uncovered > 0 {
        let more = format!("\n另有 {uncovered} 条还没有签名，没有写入；十分钟后再导出就有");
        told.push_str(&more);
    }
    Ok(told)
}

/// When a day begins in China, `later` days on, Unix ms.
fn day_begins(option: &str, text: &str, later: i64) -> Result<i64, DaemonError> {
    let wrong =
        || DaemonError::Refused(format!("{option} {text} 不是日期，请写成 2026-10-01 这样"));
    let day: Date = text.parse().map_err(|_| wrong())?;
    let day = day
        .checked_add(jiff::Span::new().days(later))
        .map_err(|_| wrong())?;
    let zone = TimeZone::fixed(offset(8));
    let begin = day.to_zoned(zone).map_err(|_| wrong())?;
    Ok(begin.timestamp().as_millisecond())
}

/// Checks a file with public keys alone; what whoever holds it is told.
pub(crate) fn verify(
    file: &Path,
    key: &str,
    city_key: Option<&str>,
) -> Result<String, DaemonError> {
    let device = public("--key", key)?;
    let city = city_key
        .map(|text| public("--city-key", text))
        .transpose()?;
    let fault = |source| DaemonError::File {
        file: file.to_owned(),
        source,
    };
    let most = u64::try_from(PROOF_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(fault)?;
    // One more than may be, to notice more.
    let mut limited = opened.take(most.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(fault)?;
    match proof::verify(&bytes, (&device, city.as_ref())) {
        Ok(proven) => Ok(tell(&proven)),
        Err(fault) => Err(DaemonError::Broken(format!(
            "{} 不可信：{}",
            file.display(),
            words(fault)
        ))),
    }
}

/// A key as 64 characters, or a file that holds them.
fn public(option: &str, text: &str) -> Result<VerifyingKey, DaemonError> {
    let read = || std::fs::read_to_string(text).unwrap_or_default();
    VerifyingKey::from_hex(text)
        .or_else(|_| VerifyingKey::from_hex(read().trim()))
        .map_err(|_| {
            DaemonError::Refused(format!(
                "{option} 不是公钥：请给 64 个十六进制字符，或存有它们的文件"
            ))
        })
}

fn day(ms: i64, earlier_ms: i64) -> String {
    moment(ms.saturating_sub(earlier_ms), "%Y-%m-%d")
}

fn moment(ms: i64, shape: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    offset(8).to_datetime(at).strftime(shape).to_string()
}

fn tell(proven: &Proven) -> String {
    let about = &proven.about;
    let mut told = format!(
        "可信：考勤盒 {} 上工人 {} 自 {} 至 {} 的 {} 条记录，都在该盒签过名的账本里，一字未改。\n\
         本盒签名 {} 处",
        about.r#box,
        about.worker,
        day(about.from, 0),
        day(about.to, 1),
        proven.records.len(),
        proven.checkpoints,
    );
    let city = match (proven.countersigned, proven.city_at) {
        (None, _) => "；平台会签没有核对（没有给 --city-key）".to_owned(),
        (Some(0), _) | (Some(_), None) => "；平台还没有会签".to_owned(),
        (Some(count), Some(at)) => format!(
            "；其中平台会签 {count} 处，最后一处在 {}",
            moment(at, "%Y-%m-%d %H:%M")
        ),
    };
    told.push_str(&city);
    if proven.uncovered > 0 {
        let more = format!("\n导出时还有 {} 条没有签名，不在文件里", proven.uncovered);
        told.push_str(&more);
    }
    told.push_str("\n（证明这些记录属实；不证明没有别的记录）");
    for (epoch, seq, body) in &proven.records {
        let body = String::from_utf8_lossy(body);
        let line = format!("\n{{\"epoch\":\"{epoch}\",\"seq\":{seq},\"body\":{body}}}");
        told.push_str(&line);
    }
    told
}

fn words(fault: ProofFault) -> String {
    match fault {
        ProofFault::TooLong => "文件太大，不是本程序导出的".to_owned(),
        ProofFault::Unreadable => "文件残缺，或不是考勤证明".to_owned(),
        ProofFault::OtherKey => "不是这把公钥的盒子签发的：公钥给错了，或文件是伪造的".to_owned(),
        ProofFault::Checkpoint(seq, doubt) => {
            format!("第 {seq} 条是账本签名，{}", checkpoint_words(doubt))
        }
        ProofFault::Countersign(seq) => format!("第 {seq} 条的平台会签不是平台签的"),
        ProofFault::Record(seq) => format!("第 {seq} 条记录被改过，与账本签名不符"),
        ProofFault::Foreign(seq) => format!("第 {seq} 条不是这名工人的，或不在所写的日期内"),
        ProofFault::Order(seq) => format!("第 {seq} 条重复，或次序不对"),
        ProofFault::Signature => {
            "文件在导出之后被改过（抽掉了记录，或改了抬头的工人、日期）".to_owned()
        }
    }
}
