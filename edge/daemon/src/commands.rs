//! The commands beside `run`, each from the settings to its last printed line.

use std::fs::File;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;

use drivers_turnstile::UpdateImage;
use edge_store::{BrokenHow, Reader, RecordLine, SealKeys, VerifyProgress};
use edge_web::{ClaimCode, WebError};
use serde_json::json;

use crate::app;
use crate::claim::{self, Claim};
use crate::config::SiteConfig;
use crate::downlink::Tally;
use crate::error::DaemonError;
use crate::office::{LastFork, Unreached};
use crate::opening::{self, OnDamage, Opened};
use crate::orders::{self, CodeHash, ImageText, Order, OrderFolder};
use crate::people::enroll;
use crate::people::import::{self, BATCH_RECORDS, Import, RosterFile};
use crate::people::{Sealer, city_key};
use crate::seal::{self, ProofOrder};
use crate::troubles;

/// Records read at a time.
const PAGE_RECORDS: u32 = 500;
const PAGE_BYTES: usize = 1 << 20;
/// Records between two lines of progress.
const PROGRESS_RECORDS: u64 = 200_000;

/// `menwei run`.
///
/// # Errors
/// The settings have faults, or the ledger does not open.
pub(crate) fn run(config: &Path, verbose: bool) -> Result<(), DaemonError> {
    crate::logging::start(verbose);
    app::run(SiteConfig::load(config)?)
}

/// `menwei claim`: a certificate for a code.
///
/// # Errors
/// The city refuses or cannot be reached, or a file cannot be written.
pub(crate) fn claim(claim: &Claim<'_>) -> Result<(), DaemonError> {
    print(&claim::claim(claim)?)
}

/// `menwei check-config`: the settings as they take effect.
///
/// # Errors
/// All faults of the settings.
pub(crate) fn check_config(config: &Path) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    print(&format!(
        "配置没有错误。考勤盒 {}，项目 {}（{}）",
        config.box_id, config.site_name, config.site_code
    ))?;
    print(&format!(
        "账本 {}，网页 http://{}",
        config.ledger.path.display(),
        config.screen
    ))?;
    match &config.city {
        Some(city) => print(&format!("平台 {}:{}", city.host, city.port))?,
        None => print("没有配置平台：只在本地记账")?,
    }
    for lane in &config.lanes {
        let gate = lane
            .gate
            .as_ref()
            .map_or("没有闸机，刷卡即计考勤".to_owned(), |gate| {
                gate.link.to_string()
            });
        print(&format!(
            "通道 {}：{} 台读卡器，闸机 {gate}",
            lane.id,
            lane.readers.len()
        ))?;
    }
    if let Some(reader) = &config.desk_reader {
        print(&format!("办公室读卡器 {}：{}", reader.name, reader.link))?;
    }
    Ok(())
}

/// `menwei status`, beside a running box or without one.
///
/// # Errors
/// The ledger does not open.
pub(crate) fn status(config: &Path, as_json: bool) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let reader = reader(&config)?;
    let Some(epoch) = reader.epochs()?.pop() else {
        return print("账本是空的，考勤盒还没有启动过");
    };
    let head = reader.head(&epoch.name)?;
    let cursor = reader.cursor(&epoch.name)?;
    let (all, fork) = (reader.backlog()?.records, LastFork::read(&reader)?);
    let inside = reader.presence()?.inside_count();
    let backlog = head.seq.saturating_sub(cursor.through);
    let roster_version = reader.roster_version()?;
    let refused = Tally::stored(&reader)?;
    let (parked, oldest) = (reader.parked_count()?, reader.parked_lines(1)?.pop());
    let unreached = config.city.is_some().then(|| Unreached::stored(&reader));
    let unreached = unreached.transpose()?.flatten();
    let troubles = troubles::told(&reader)?.0;
    if as_json {
        return print(&json!({
            "box": config.box_id, "epoch": epoch.name, "records": head.seq, "head": head.hash.to_hex(),
            "acked_through": cursor.through, "backlog": backlog, "backlog_all": all,
            "on_site": inside, "last_fork": fork, "troubles": troubles,
            "parked": parked, "roster_version": roster_version, "down_refused": refused.counts, "down_refused_last": refused.last,
            "unreached": unreached,
        }).to_string());
    }
    print(&format!("考勤盒 {}，账本 {}", config.box_id, epoch.name))?;
    print(&format!(
        "已记 {} 条，平台已确认到 {}，待上传 {all} 条（含以前的账本）",
        head.seq, cursor.through
    ))?;
    if let Some(fork) = fork {
        let (old, common, last) = (&fork.epoch, fork.common, fork.last);
        print(&format!(
            "告警 E-DB-03：账本 {old} 与平台在第 {common} 条之后不同（本机到第 {last} 条），已另起新账本并带入平台没有的记录"
        ))?;
    }
    if let Some(unreached) = unreached {
        print(&unreached.tell())?;
    }
    for (name, trouble) in &troubles {
        print(&trouble.tell(name))?;
    }
    print(&format!("在场 {inside} 人"))?;
    if let Some(version) = roster_version {
        print(&format!("平台花名册第 {version} 版"))?;
    }
    if let Some(line) = oldest {
        print(&tell_parked(parked, &line))?;
    }
    for (code, count) in &refused.counts {
        print(&format!("平台发来的未采用：{code} {count} 次"))?;
    }
    for last in refused.last.values() {
        print(&format!("最近一次（{}）：{}", last.code, last.message))?;
    }
    Ok(())
}

/// `menwei verify`: the whole chain of every epoch.
///
/// # Errors
/// The first broken record, or the damage of the file.
pub(crate) fn verify(config: &Path) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let key = opening::ledger_key(&config)?;
    let mut shown = 0;
    let device = seal::device_key_there(&config.ledger.device_key_file)?;
    let keys = SealKeys {
        device: device.map(|key| key.verifying_key()),
        city: config.city.as_ref().and_then(|city| city.signing_key),
    };
    let report =
        edge_store::verify_sealed(&config.ledger.path, &key, &keys, &mut |step| match step {
            VerifyProgress::Pages => progress("正在核对文件的每一页"),
            VerifyProgress::Records { done, total } if done >= shown + PROGRESS_RECORDS => {
                shown = done;
                progress(&format!("已核对 {done} / {total} 条"));
            }
            VerifyProgress::Records { .. } => {}
        })?;
    for epoch in &report.epochs {
        let (seq, hash) = (epoch.head.seq, epoch.head.hash.to_hex());
        print(&format!(
            "账本 {}：{} 条相符，到第 {seq} 条，哈希 {hash}",
            epoch.epoch, epoch.records
        ))?;
        let seen = &epoch.checkpoints;
        print(&format!(
            "  本盒签名 {} 处，签到第 {} 条；平台会签 {} 处",
            seen.count, seen.covered, seen.countersigned
        ))?;
    }
    let mut faults = Vec::new();
    if let Some((epoch, broken)) = report.first_broken() {
        faults.push(format!(
            "账本 {epoch} 不完好：第一处不对的是第 {} 条（{}）",
            broken.seq,
            how(broken.how)
        ));
    }
    for (epoch, seq, doubt) in report.doubts() {
        let why = seal::doubt_words(doubt);
        faults.push(format!("账本 {epoch} 第 {seq} 条签名不可信：{why}"));
    }
    faults.extend(report.note.as_ref().map(seal::note_words));
    let is_signed = report.epochs.iter().any(|one| one.checkpoints.count > 0);
    if is_signed && keys.device.is_none() {
        faults.push("账本有签名，设备密钥文件却不见了：签名是谁的无法核对".to_owned());
    }
    if faults.is_empty() {
        return print(&format!("账本完好，共 {} 条", report.records));
    }
    Err(DaemonError::Broken(faults.join("\n")))
}

fn how(how: BrokenHow) -> &'static str {
    match how {
        BrokenHow::Missing => "缺失",
        BrokenHow::BodyChanged => "内容被改",
        BrokenHow::HashChanged => "哈希被改",
        BrokenHow::Unfit => "内容与哈希不符",
    }
}

/// `menwei export`: records as NDJSON.
///
/// # Errors
/// The ledger does not open, or the file cannot be written.
pub(crate) fn export(
    config: &Path,
    range: RangeInclusive<u64>,
    out: Option<&Path>,
) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let reader = reader(&config)?;
    let mut sink: Box<dyn Write> = match out {
        Some(file) => Box::new(std::io::BufWriter::new(File::create(file).map_err(
            |source| DaemonError::File {
                file: file.to_path_buf(),
                source,
            },
        )?)),
        None => Box::new(std::io::stdout().lock()),
    };
    let Some(epoch) = reader.epochs()?.pop() else {
        return Ok(());
    };
    let mut from = (*range.start()).max(1);
    loop {
        let page = reader.records(&epoch.name, from, PAGE_RECORDS, PAGE_BYTES)?;
        let wanted = page.iter().take_while(|record| record.seq <= *range.end());
        let mut written = 0;
        for record in wanted {
            let body = String::from_utf8_lossy(&record.body);
            let hash = record.hash.to_hex();
            writeln!(
                sink,
                "{{\"epoch\":\"{}\",\"seq\":{},\"hash\":\"{hash}\",\"body\":{body}}}",
                epoch.name, record.seq
            )?;
            from = record.seq + 1;
            written += 1;
        }
        if page.is_empty() || written < page.len() {
            sink.flush()?;
            return Ok(());
        }
    }
}

/// `menwei export proof`: a worker's records in a file that proves itself.
///
/// # Errors
/// The ledger does not open, or the file cannot be written.
pub(crate) fn export_proof(config: &Path, order: &ProofOrder<'_>) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    print(&seal::export(&config, &reader(&config)?, order)?)
}

/// `menwei verify-proof`, without settings or ledger.
///
/// # Errors
/// The file is not as it was signed; why.
pub(crate) fn verify_proof(file: &Path, key: &str, city: Option<&str>) -> Result<(), DaemonError> {
    print(&seal::verify(file, key, city)?)
}

/// `menwei restore`: a backup takes the ledger's place, under a new epoch.
///
/// # Errors
/// The box runs, or the backup is not whole.
pub(crate) fn restore(config: &Path, backup: &Path) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let restored = app::office_runtime()?.block_on(opening::restore(&config, backup))?;
    print(&restored)
}

/// `menwei recover`: an old file of this box for the running box, or for the next one.
///
/// # Errors
/// The file is not there, or the box refuses it.
pub(crate) fn recover(config: &Path, file: &Path) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let file = std::fs::canonicalize(file).map_err(|source| DaemonError::File {
        file: file.to_path_buf(),
        source,
    })?;
    hand_over(&config, &Order::Recover { file })
}

/// `menwei suspend`: a 停工 notice for the running box, or for the next one.
///
/// # Errors
/// The notice is faulty, or the box refuses it.
pub(crate) fn suspend(
    config: &Path,
    from: &str,
    to: &str,
    reason: &str,
) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let order = orders::notice(from, to, reason).map_err(DaemonError::Refused)?;
    hand_over(&config, &order)
}

/// `menwei screen-code`: a new one-time code for the clerk's screen.
///
/// # Errors
/// The box refuses it.
pub(crate) fn screen_code(config: &Path) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let random = |error: WebError| DaemonError::System(std::io::Error::other(error));
    let code = ClaimCode::random().map_err(random)?;
    let hash = CodeHash(code.hash().map_err(random)?);
    hand_over(&config, &Order::ScreenCode { hash })?;
    print(&format!(
        "用浏览器打开 http://{}/claim，输入开通码 {}，填专管员的账号和新密码；只能用一次",
        config.screen,
        code.reveal()
    ))
}

/// `menwei board update`: a new firmware for a gate board, through the running box.
///
/// # Errors
/// The file is no image, no box runs, or the update did not succeed.
pub(crate) fn update_board(
    config: &Path,
    file: &Path,
    lane: Option<String>,
) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let read = |source| DaemonError::File {
        file: file.to_path_buf(),
        source,
    };
    let length = std::fs::metadata(file).map_err(read)?.len();
    let bytes = if usize::try_from(length).is_ok_and(|length| length <= UpdateImage::BYTES_MAX) {
        std::fs::read(file).map_err(read)?
    } else {
        Vec::new()
    };
    if UpdateImage::parse(&bytes).is_none() {
        let file = file.display();
        return Err(DaemonError::Refused(format!(
            "{file} 不是闸机控制板的升级包，或已损坏；请重新取得升级包"
        )));
    }
    if !edge_store::is_in_use(&config.ledger.path)? {
        return Err(DaemonError::Refused(
            "考勤盒没有在运行，控制板升级不了；请先启动考勤盒".to_owned(),
        ));
    }
    let image = ImageText::new(&bytes);
    hand_over(&config, &Order::UpdateBoard { lane, image })
}

/// Leaves an order, and waits for the answer where a box runs.
fn hand_over(config: &SiteConfig, order: &Order) -> Result<(), DaemonError> {
    let folder = OrderFolder::beside(&config.ledger.path);
    let stem = folder.leave(order)?;
    if !edge_store::is_in_use(&config.ledger.path)? {
        return print("考勤盒没有在运行：下次启动时自动办理");
    }
    let answer = app::office_runtime()?.block_on(folder.wait(&stem, progress))?;
    match answer {
        Some(Ok(text)) => print(&text),
        Some(Err(why)) => Err(DaemonError::Refused(why)),
        None => print("考勤盒还没有答复：会自动办理，结果见日志"),
    }
}

/// `menwei import`: a roster file into the ledger, through the running box where one runs.
///
/// # Errors
/// The file or the ledger cannot be used; or rows were refused: the others are in.
pub(crate) fn import(config: &Path, file: &Path) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let roster = RosterFile::load(file)?;
    if edge_store::is_in_use(&config.ledger.path)? {
        let file = std::fs::canonicalize(file)?;
        return hand_over(&config, &Order::Import { file });
    }
    let city = config
        .city
        .as_ref()
        .and_then(|city| city.public_key_file.as_deref());
    let sealer = Sealer::new(&config.box_id, city.map(city_key).transpose()?);
    let office = app::office_runtime()?;
    office.block_on(async {
        let Opened { store, clock, .. } = opening::open(&config, OnDamage::Refuse).await?;
        let import = Import::of(&roster, &store.reader()?, clock.now())?;
        let entries: Vec<_> = import
            .records
            .iter()
            .map(|record| sealer.entry(record))
            .collect::<Result<_, _>>()?;
        let writer = store.writer();
        let mut written = 0;
        for batch in entries.chunks(BATCH_RECORDS) {
            writer.append(batch.to_vec()).await?;
            written += batch.len();
            progress(&format!("已写入 {written} / {} 条", entries.len()));
        }
        writer.catch_up().await?;
        store.close()?;
        print(&import::summary(entries.len(), &import.refused))?;
        if import.refused.is_empty() {
            return Ok(());
        }
        Err(DaemonError::Content {
            file: file.to_path_buf(),
            detail: import.refused.join("\n"),
        })
    })
}

/// Pictures become face templates; each refused one is named with its reason.
///
/// # Errors
/// No faces are set up, the line to them fails, or a picture was refused.
pub(crate) fn enroll(config: &Path, folder: &Path) -> Result<(), DaemonError> {
    let config = SiteConfig::load(config)?;
    let Some(socket) = &config.face_socket else {
        return Err(DaemonError::Refused(
            "配置里没有 [face] 一节，这台考勤盒不刷脸".to_owned(),
        ));
    };
    let reader = reader(&config)?;
    let outcomes = enroll::enroll(
        folder,
        socket,
        &reader.roster()?,
        &reader.faces()?.consents()?,
    )?;
    let mut refused = Vec::new();
    for outcome in outcomes {
        let line = format!("{}：{}", outcome.who, outcome.words);
        print(&line)?;
        if !outcome.done {
            refused.push(line);
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(DaemonError::Content {
        file: folder.to_path_buf(),
        detail: format!("{} 张照片没有登记", refused.len()),
    })
}

/// How much the city has and cannot use yet, and why the oldest of it.
fn tell_parked(count: u64, oldest: &RecordLine) -> String {
    let of = oldest.older_epoch.as_ref();
    let of = of.map_or_else(String::new, |epoch| format!("以前的账本 {epoch} "));
    let why = oldest.parked.as_ref().map_or("", |parked| &parked.message);
    let seq = oldest.seq;
    format!("平台暂存未入库 {count} 条，最早的是{of}第 {seq} 条：{why}")
}

fn reader(config: &SiteConfig) -> Result<Reader, DaemonError> {
    let key = opening::ledger_key(config)?;
    Ok(Reader::open(&config.ledger.path, &key, &config.box_id)?)
}

fn print(line: &str) -> Result<(), DaemonError> {
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(())
}

#[expect(
    clippy::print_stderr,
    reason = "progress belongs on the terminal, not in the output"
)]
fn progress(line: &str) {
    eprintln!("{line}");
}
