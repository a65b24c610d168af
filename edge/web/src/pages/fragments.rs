//! The living parts of 今日, each rendered alone: the page puts them in at first, the live stream
//! replaces them one by one, so that both always show the same.

use askama::Template;

use crate::books::DayCounts;
use crate::error::WebError;
use crate::site_time::{age_text, clock_text, date_text, grouped, minute_text};
use crate::state::WebState;
use crate::view::{
    ClockView, DeviceLamp, DownRefusal, HealthView, LampState, LedgerView, LinkView, PassageRow,
    SyncView, TodayView,
};

#[derive(Template)]
#[template(path = "part/tiles.html")]
struct Tiles {
    on_site: String,
    /// How many of them are visitors.
    visitors: Option<String>,
    entered_today: String,
    absent: String,
    troubles: String,
    backlog: String,
    devices: usize,
    devices_not_ok: usize,
}

#[derive(Template)]
#[template(path = "part/alarm.html")]
struct Alarm<'a> {
    ledger: &'a LedgerView,
}

#[derive(Template)]
#[template(path = "part/upload.html")]
struct Upload<'a> {
    sync: &'a SyncView,
    class: &'static str,
    mark: &'static str,
    headline: String,
    backlog: String,
    oldest: Option<String>,
    last_ack: Option<String>,
    refused: Option<(String, &'a DownRefusal)>,
}

#[derive(Template)]
#[template(path = "part/devices.html")]
struct Devices<'a> {
    /// What needs a person comes first.
    not_ok: Vec<&'a DeviceLamp>,
    ok: Vec<&'a DeviceLamp>,
    clock: ClockView,
}

#[derive(Template)]
#[template(path = "part/row.html")]
struct Row<'a> {
    passage: &'a PassageRow,
    time: String,
    note: String,
    uploaded: bool,
}

#[derive(Template)]
#[template(path = "part/empty.html")]
struct Empty {
    nobody_registered: bool,
}

/// The rendered parts, by the id of the element that holds each.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    pub(crate) alarm: String,
    pub(crate) tiles: String,
    pub(crate) upload: String,
    pub(crate) devices: String,
}

impl Fragments {
    /// Renders all of them for one moment.
    pub(crate) fn render(
        state: &WebState,
        today: &TodayView,
        counts: DayCounts,
        health: &HealthView,
    ) -> Result<Self, WebError> {
        Ok(Self {
            alarm: html(&Alarm {
                ledger: &health.ledger,
            })?,
            tiles: html(&tiles(today, counts, health))?,
            upload: upload_card(&health.sync, state.now_ms())?,
            devices: device_card(health)?,
        })
    }

    /// Each part with its element's id, in the order of the page.
    pub(crate) fn named(&self) -> [(&'static str, &str); 4] {
        [
            ("alarm", &self.alarm),
            ("tiles", &self.tiles),
            ("upload", &self.upload),
            ("devices", &self.devices),
        ]
    }
}

/// One passage; `acked_through` decides whether it is marked as uploaded.
pub(crate) fn row(row: &PassageRow, acked_through: u64) -> Result<String, WebError> {
    let time = clock_text(row.at_ms);
    html(&Row {
        passage: row,
        time,
        note: row.note_text(),
        uploaded: row.uploaded || row.seq <= acked_through,
    })
}

/// What stands in the strip while it has no passages.
pub(crate) fn empty(today: &TodayView) -> Result<String, WebError> {
    html(&Empty {
        nobody_registered: today.on_roster == 0,
    })
}

/// The way to the city, as the card of 今日 has it.
pub(crate) fn upload_card(sync: &SyncView, now_ms: i64) -> Result<String, WebError> {
    html(&upload(sync, now_ms))
}

/// `2026-06-03 周三`, and `07:02:11`.
pub(crate) fn now_texts(now_ms: i64) -> (String, String) {
    (date_text(now_ms), clock_text(now_ms))
}

fn html(template: &impl Template) -> Result<String, WebError> {
    template.render().map_err(WebError::Render)
}

fn tiles(today: &TodayView, counts: DayCounts, health: &HealthView) -> Tiles {
    let number = |count: usize| grouped(u64::try_from(count).unwrap_or(u64::MAX));
    Tiles {
        on_site: grouped(today.on_site.saturating_add(today.visitors)),
        visitors: (today.visitors > 0).then(|| grouped(today.visitors)),
        entered_today: grouped(today.entered_today),
        absent: number(counts.absent),
        troubles: number(counts.troubles),
        backlog: grouped(health.sync.backlog),
        devices: health.devices.len(),
        devices_not_ok: health.lamps_not_ok(),
    }
}

/// Devices and clock.
pub(crate) fn device_card(health: &HealthView) -> Result<String, WebError> {
    html(&devices(health))
}

fn devices(health: &HealthView) -> Devices<'_> {
    let (ok, not_ok) = health
        .devices
        .iter()
        .partition(|lamp| lamp.state == LampState::Ok);
    Devices {
        not_ok,
        ok,
        clock: health.clock,
    }
}

fn upload(sync: &SyncView, now_ms: i64) -> Upload<'_> {
    let backlog = grouped(sync.backlog);
    let (lamp, headline) = match sync.link {
        LinkView::Online if sync.backlog == 0 => {
            (LampState::Ok, "已全部上传，市平台已确认。".to_owned())
        }
        LinkView::Online => (LampState::Ok, format!("正在上传，还有 {backlog} 条。")),
        LinkView::Offline => (
            LampState::Fault,
            format!("外网不通，打卡照常记录，已存 {backlog} 条待上传。"),
        ),
        LinkView::Connecting => (
            LampState::Unknown,
            format!("正在连接市平台，{backlog} 条待上传。"),
        ),
        LinkView::NotConfigured => (
            LampState::Unknown,
            format!("未配置市平台，打卡照常记录，已存 {backlog} 条。"),
        ),
    };
    Upload {
        sync,
        class: lamp.class(),
        mark: lamp.mark(),
        headline,
        backlog,
        oldest: sync
            .oldest_at_ms
            .filter(|_| sync.backlog > 0)
            .map(|at_ms| age_text(now_ms, at_ms)),
        last_ack: sync.last_ack_at_ms.map(minute_text),
        refused: sync
            .refused
            .as_ref()
            .map(|one| (minute_text(one.at_ms), one)),
    }
}
