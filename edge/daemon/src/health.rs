//! One snapshot of the box's health: for the clerk's lamps, the heartbeat and the watchdog.

use std::collections::BTreeMap;
use std::path::Path;

use edge_domain::ClockQuality;
use edge_store::{Entry, Writer};
use edge_web::{
    ClockView, DeviceLamp, HealthView, LampState, LedgerView, LinkView, PhotosView, Remedy,
    SyncView,
};
use sync_mqtt::{SyncLink, SyncStatus};
use sync_wire::Kind;
use sync_wire::record::{Device, DeviceState};
use tokio::sync::{mpsc, watch};

use crate::advice::refusal;
use crate::certificate::{self, CertificateFault};
use crate::clock::Clock;
use crate::config::CityConfig;
use crate::devices::{Identity, KnownDevices};
use crate::downlink::Tally;
use crate::records;
use crate::troubles::{DAMAGED_CODE, Told, UNREADABLE, unreadable};

/// The code of a ledger that was set aside, on the screen and in the record.
pub(crate) const SET_ASIDE: &str = "E-DB-02";

/// The code of a ledger of which the city holds another continuation.
pub(crate) const FORKED: &str = "E-DB-03";
/// How long a fork is shown on the screen: somebody must have seen it, ms.
const FORK_SHOWN_MS: i64 = 7 * 86_400_000;

/// News that wait at most.
pub(crate) const NEWS_MAX: usize = 256;

/// What the health desk asks the ledger for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Waiting {
    /// When the oldest record that the city has not acknowledged happened, Unix ms.
    pub(crate) oldest_at_ms: Option<i64>,
    /// Records that the city has and cannot use yet.
    pub(crate) parked: u64,
}

/// What the gate thread tells the health desk.
#[derive(Debug)]
pub(crate) enum HealthNews {
    /// A device came, went or broke.
    Device(DeviceNews),
    /// A commit worked.
    LedgerWrites,
    /// Box and city do not have the same ledger.
    Ledger(LedgerAlarm),
    /// Commits fail: cause, effect and what to do, in Chinese.
    LedgerFails(String),
    /// Something of the box itself, by the name of its lamp, is wrong; or no longer.
    Trouble(String, Option<Remedy>),
    /// How pictures are on their way to the city.
    Photos(PhotosView),
}

/// How box and city came to have different ledgers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LedgerAlarm {
    /// The city holds another continuation: a new epoch began.
    Forked,
    /// The city has less than it had.
    CityWentBack,
}

/// A device's new state.
#[derive(Debug)]
pub(crate) struct DeviceNews {
    /// Its name in the settings.
    pub(crate) device: String,
    /// The lane it belongs to; `None` for the reader on the desk.
    pub(crate) lane: Option<String>,
    /// Its state.
    pub(crate) state: LampState,
    /// What is wrong and what to do.
    pub(crate) remedy: Option<Remedy>,
    /// What it says it is.
    pub(crate) identity: Option<Identity>,
}

/// A device of the settings: its name and its lane, if it has one.
pub(crate) type DeviceName = (String, Option<String>);

/// Collects news and status into the snapshot, and writes device changes into the ledger.
#[derive(Debug)]
pub(crate) struct HealthDesk {
    clock: Clock,
    writer: Writer,
    order: Vec<String>,
    lamps: BTreeMap<String, DeviceLamp>,
    lanes: BTreeMap<String, String>,
    ledger: LedgerView,
    known: KnownDevices,
    waiting: Waiting,
    city: Option<(CityConfig, String)>,
    refusals: Option<watch::Receiver<Tally>>,
    /// Troubles of the box itself, as they stand in the ledger's file.
    told: Told,
    /// Records that could not be read when they were to go to the city, as told last.
    unreadable: u64,
    photos: Option<PhotosView>,
    view: watch::Sender<HealthView>,
}

impl HealthDesk {
    /// A desk for the devices of the settings, none of them heard of yet; `lanes` are the names of
    /// the lanes on screens by their ids.
    pub(crate) fn new(
        clock: Clock,
        writer: Writer,
        devices: &[DeviceName],
        lanes: BTreeMap<String, String>,
    ) -> (Self, watch::Receiver<HealthView>) {
        let name_of = |lane: &String| lanes.get(lane).unwrap_or(lane).clone();
        let lamps = devices.iter().map(|(name, lane)| {
            let lamp = DeviceLamp {
                name: name.clone(),
                lane: lane.as_ref().map(name_of),
                state: LampState::Unknown,
                remedy: None,
            };
            (name.clone(), lamp)
        });
        let (view, seen) = watch::channel(HealthView::default());
        let desk = Self {
            clock,
            writer,
            order: devices.iter().map(|(name, _)| name.clone()).collect(),
            lamps: lamps.collect(),
            lanes,
            ledger: LedgerView::Writable,
            known: KnownDevices::default(),
            waiting: Waiting::default(),
            city: None,
            refusals: None,
            told: Told::default(),
            unreadable: 0,
            photos: None,
            view,
        };
        (desk, seen)
    }

    /// Shows a file that was set aside as damaged, until it is gone from beside the ledger.
    #[must_use]
    pub(crate) fn with_set_aside(mut self, file: Option<&Path>) -> Self {
        if let Some(file) = file {
            self.alarm("账本文件", set_aside_remedy(file));
        }
        self
    }

    /// Shows again what the box told before it stopped, of what a start does not mend: damage.
    #[must_use]
    pub(crate) fn with_told(mut self, before: Told) -> Self {
        for (name, trouble) in &before.0 {
            if trouble.code == DAMAGED_CODE {
                self.alarm(name, trouble.clone().into());
            }
        }
        self.told = before;
        self
    }

    /// A trouble of the box itself came or went: its lamp, and the setting that `menwei status` reads.
    async fn trouble(&mut self, name: String, remedy: Option<Remedy>) {
        let before = self.told.clone();
        if let Some(remedy) = remedy {
            self.told.0.insert(name.clone(), remedy.clone().into());
            self.alarm(&name, remedy);
        } else {
            self.told.0.remove(&name);
            self.lamps.remove(&name);
            self.order.retain(|known| *known != name);
        }
        if self.told == before {
            return;
        }
        let (setting, text) = self.told.setting();
        if let Err(error) = self.writer.put_setting(setting, &text).await {
            tracing::error!(%error, "`menwei status` cannot tell of a trouble");
        }
    }

    /// Judges devices by what they said they were before this start.
    #[must_use]
    pub(crate) fn with_known(mut self, known: KnownDevices) -> Self {
        self.known = known;
        self
    }

    /// Shows what was refused of what the city sent.
    #[must_use]
    pub(crate) fn with_refusals(mut self, refusals: watch::Receiver<Tally>) -> Self {
        self.refusals = Some(refusals);
        self
    }

    /// Shows a fork of the last days (`at`: Unix ms), also after a restart.
    #[must_use]
    pub(crate) fn with_last_fork(mut self, at: Option<i64>) -> Self {
        let since = self.clock.now().wall_ms.saturating_sub(FORK_SHOWN_MS);
        if at.is_some_and(|at| at > since) {
            self.alarm("账本分叉", forked_remedy());
        }
        self
    }

    /// A lamp of the box itself that stays on until the next start.
    fn alarm(&mut self, name: &str, remedy: Remedy) {
        let lamp = DeviceLamp {
            name: name.to_owned(),
            lane: None,
            state: LampState::Fault,
            remedy: Some(remedy),
        };
        if self.lamps.insert(name.to_owned(), lamp).is_none() {
            self.order.push(name.to_owned());
        }
    }

    /// Names the certificate files of `city` where they are what keeps the box, whose name is the
    /// second part, from connecting.
    #[must_use]
    pub(crate) fn with_city(mut self, city: Option<(CityConfig, String)>) -> Self {
        self.city = city;
        self
    }

    /// Runs until nobody tells news any more. `backlog` asks the ledger what waits.
    pub(crate) async fn run(
        mut self,
        mut news: mpsc::Receiver<HealthNews>,
        mut sync: Option<watch::Receiver<SyncStatus>>,
        backlog: impl AsyncFn() -> Waiting,
    ) {
        let mut look = tokio::time::interval(std::time::Duration::from_secs(2));
        loop {
            tokio::select! {
                item = news.recv() => match item {
                    Some(item) => self.take(item).await,
                    None => return,
                },
                () = changed(&mut sync) => self.note_unreadable(sync.as_ref()).await,
                _ = look.tick() => self.waiting = backlog().await,
            }
            self.publish(sync.as_ref());
        }
    }

    async fn take(&mut self, news: HealthNews) {
        match news {
            HealthNews::Device(news) => self.device(news).await,
            HealthNews::Ledger(LedgerAlarm::Forked) => self.alarm("账本分叉", forked_remedy()),
            HealthNews::Ledger(LedgerAlarm::CityWentBack) => {
                self.alarm("平台数据", city_went_back_remedy());
            }
            HealthNews::Trouble(name, remedy) => self.trouble(name, remedy).await,
            HealthNews::Photos(view) => self.photos = Some(view),
            HealthNews::LedgerWrites => self.ledger = LedgerView::Writable,
            HealthNews::LedgerFails(why) => self.ledger = LedgerView::Failing(ledger_remedy(why)),
        }
    }

    /// Records that cannot be read when they are to go to the city are a trouble, as long as they are.
    async fn note_unreadable(&mut self, sync: Option<&watch::Receiver<SyncStatus>>) {
        let records = sync.map_or(0, |status| status.borrow().unreadable);
        if records != self.unreadable {
            self.unreadable = records;
            let remedy = (records > 0).then(|| unreadable(records));
            self.trouble(UNREADABLE.to_owned(), remedy).await;
        }
    }

    async fn device(&mut self, mut news: DeviceNews) {
        if let Some(identity) = &news.identity {
            if let Some(swapped) = self.known.judge(&news.device, identity) {
                (news.state, news.remedy) = (LampState::Fault, Some(swapped));
            }
            self.known.keep(&self.writer).await;
        }
        let told = |state, remedy: &Option<Remedy>| {
            (state, remedy.as_ref().map(|remedy| remedy.code.clone()))
        };
        let before = self.lamps.get(&news.device);
        let before = before.map(|lamp| told(lamp.state, &lamp.remedy));
        let changed = before != Some(told(news.state, &news.remedy));
        if changed {
            self.record(&news).await;
        }
        tracing::info!(device = news.device, state = ?news.state, "Device state");
        let lane = news.lane;
        let lamp = DeviceLamp {
            name: news.device.clone(),
            lane: lane.map(|lane| self.lanes.get(&lane).cloned().unwrap_or(lane)),
            state: news.state,
            remedy: news.remedy,
        };
        self.lamps.insert(news.device, lamp);
    }

    async fn record(&self, news: &DeviceNews) {
        let state = match news.state {
            LampState::Ok => DeviceState::Online,
            LampState::Fault => DeviceState::Fault,
            LampState::Offline | LampState::Unknown => DeviceState::Offline,
        };
        let kind = Kind::Device(Device {
            device: news.device.clone(),
            lane: news.lane.clone(),
            state,
            detail: news.remedy.as_ref().map(|remedy| remedy.code.clone()),
            identity: news.identity.as_ref().map(Identity::shown),
        });
        let entry = match records::box_body(self.clock.now(), kind) {
            Ok(body) => Entry::new(body),
            Err(error) => {
                tracing::error!(%error, "A device record has no body");
                return;
            }
        };
        if let Err(error) = self.writer.append(vec![entry]).await {
            tracing::error!(%error, "Device change not recorded");
        }
    }

    fn publish(&self, sync: Option<&watch::Receiver<SyncStatus>>) {
        let clock = match self.clock.now().quality {
            ClockQuality::Synced => ClockView::Synced,
            ClockQuality::Holdover => ClockView::Holdover,
            ClockQuality::Unset => ClockView::Unset,
        };
        let mut sync = sync_view(sync, self.writer.head().borrow().seq, self.waiting);
        if sync.link != LinkView::Online
            && let Some((city, box_id)) = &self.city
        {
            let now = self.clock.now().wall_ms;
            let of_files = files_remedy(city);
            let why = of_files.or_else(|| certificate_remedy((city, box_id), now));
            sync.remedy = why.or(sync.remedy);
        }
        let refusals = self.refusals.as_ref();
        sync.refused = refusals.and_then(|tally| tally.borrow().shown());
        let view = HealthView {
            devices: self
                .order
                .iter()
                .filter_map(|name| self.lamps.get(name).cloned())
                .collect(),
            clock,
            sync,
            ledger: self.ledger.clone(),
            photos: self.photos.clone(),
        };
        self.view.send_if_modified(|current| {
            let differs = *current != view;
            *current = view;
            differs
        });
    }
}

async fn changed(sync: &mut Option<watch::Receiver<SyncStatus>>) {
    let gone = match sync {
        Some(status) => status.changed().await.is_err(),
        None => true,
    };
    if gone {
        *sync = None;
        std::future::pending::<()>().await;
    }
}

fn sync_view(sync: Option<&watch::Receiver<SyncStatus>>, last: u64, waiting: Waiting) -> SyncView {
    let (oldest_at_ms, parked) = (waiting.oldest_at_ms, waiting.parked);
    let Some(status) = sync.map(|status| status.borrow().clone()) else {
        return SyncView {
            backlog: last,
            oldest_at_ms,
            parked,
            ..SyncView::default()
        };
    };
    SyncView {
        link: match status.link {
            SyncLink::Connecting => LinkView::Connecting,
            SyncLink::Online => LinkView::Online,
            SyncLink::Offline | SyncLink::Forked => LinkView::Offline,
        },
        backlog: last.saturating_sub(status.acked_through),
        oldest_at_ms,
        last_ack_at_ms: status.last_ack_at,
        acked_through: status.acked_through,
        parked,
        remedy: status.last_error.map(uplink_remedy),
        refused: None,
    }
}

fn uplink_remedy(cause: String) -> Remedy {
    let is_certificate = cause.starts_with(sync_mqtt::OUR_CERTIFICATE);
    let advice = if is_certificate {
        "请联系平台核实；要换证书的，请平台给一个开通码，在本机执行 menwei claim --replace，不用重启"
    } else {
        "检查网线和平台地址；一直不恢复请联系运维"
    };
    Remedy {
        code: if is_certificate { "E-UP-03" } else { "E-UP-01" }.to_owned(),
        cause,
        effect: "打卡照常记录，恢复后自动补传".to_owned(),
        advice: advice.to_owned(),
    }
}

/// What is wrong with the certificate files; `None` where they can be read.
fn files_remedy(city: &CityConfig) -> Option<Remedy> {
    let faults = city.unreadable();
    let listed: Vec<String> = faults
        .iter()
        .map(|(key, file, error)| format!("{key}（{}）：{}", file.display(), refusal(error)))
        .collect();
    (!listed.is_empty()).then(|| Remedy {
        code: "E-UP-02".to_owned(),
        cause: format!("证书文件用不了：{}", listed.join("；")),
        effect: "打卡照常记录，暂时不上传，补好后自动补传".to_owned(),
        advice: "把文件放到这个位置，让服务能读；不用重启".to_owned(),
    })
}

/// What is wrong with the certificate itself; `None` where the box can find nothing.
fn certificate_remedy((city, box_id): (&CityConfig, &str), now_ms: i64) -> Option<Remedy> {
    let fault = certificate::fault(city, box_id, now_ms)?;
    if matches!(fault, CertificateFault::Soon(_)) {
        return None;
    }
    let (cause, advice) = fault.words(box_id);
    Some(Remedy {
        code: "E-UP-03".to_owned(),
        cause,
        effect: "打卡照常记录，暂时不上传，换好后自动补传".to_owned(),
        advice: advice.to_owned(),
    })
}

fn forked_remedy() -> Remedy {
    Remedy {
        code: FORKED.to_owned(),
        cause: "平台上有本盒账本的另一份后续：账本文件曾被换回旧的，或被复制到另一台设备"
            .to_owned(),
        effect: "闸机和打卡照常；已自动另起新账本，平台没有的记录会带入补传，不丢也不重复"
            .to_owned(),
        advice: "请核对近期是否恢复过备份、换过存储卡，或有第二台设备用着同一份账本，并告诉运维"
            .to_owned(),
    }
}

fn city_went_back_remedy() -> Remedy {
    Remedy {
        code: "E-UP-03".to_owned(),
        cause: "平台的数据比它确认过的少，可能恢复过旧备份".to_owned(),
        effect: "打卡照常；平台缺的记录已自动开始补传".to_owned(),
        advice: "请告诉平台核对；补传完后无需处理".to_owned(),
    }
}

fn set_aside_remedy(file: &Path) -> Remedy {
    Remedy {
        code: SET_ASIDE.to_owned(),
        cause: format!("原账本损坏，已整份改名保存为 {}，现用新账本记录", file.display()),
        effect: "闸机照常；能读出的人员已带入新账本，读不出的刷卡会提示未登记".to_owned(),
        advice: "不要删除这个文件，用 menwei recover 补传其中的记录；缺的人员请平台重新下发花名册，或用 menwei import 导入"
            .to_owned(),
    }
}

fn ledger_remedy(cause: String) -> Remedy {
    Remedy {
        code: "E-DB-01".to_owned(),
        cause,
        effect: "新的打卡记不下来：进场关闭，出场照开并计数".to_owned(),
        advice: "清理磁盘或更换存储卡，恢复后自动补记".to_owned(),
    }
}
