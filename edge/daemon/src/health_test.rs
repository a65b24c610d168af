//! The snapshot that the clerk's lamps are drawn from.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use edge_store::{Key, Store, StoreSettings};
use edge_web::{HealthView, LampState, LedgerView, LinkView, Remedy};
use serde_json::{Value, json};
use sync_mqtt::{SyncLink, SyncStatus};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

use crate::clock::{Clock, Known};
use crate::config::CityConfig;
use crate::devices::{Identity, KnownDevices};
use crate::health::{DeviceNews, HealthDesk, HealthNews, Waiting};
use crate::troubles::{DAMAGED, Told, UNREADABLE, damaged, told};

const WAITING: Waiting = Waiting {
    oldest_at_ms: Some(5),
    parked: 3,
};

struct Bench {
    folder: TempDir,
    store: Store,
    news: mpsc::Sender<HealthNews>,
    sync: watch::Sender<SyncStatus>,
    view: watch::Receiver<HealthView>,
}

fn bench(city: Option<CityConfig>) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key");
    std::fs::write(&key_file, [7; 32]).unwrap();
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let settings = StoreSettings {
        path: folder.path().join("ledger.db"),
        box_id: "box-1".to_owned(),
        site: "site-1".to_owned(),
    };
    let store = Store::open(&settings, &Key::from_file(&key_file).unwrap()).unwrap();
    let (changes, _) = mpsc::channel(1);
    let devices = [("进".to_owned(), Some("gate-1".to_owned()))];
    let lanes = BTreeMap::from([("gate-1".to_owned(), "1号通道".to_owned())]);
    let clock = Clock::new(1, &Known::default(), changes);
    let (desk, view) = HealthDesk::new(clock, store.writer(), &devices, lanes);
    let (news, heard) = mpsc::channel(8);
    let (sync, status) = watch::channel(SyncStatus::default());
    let desk = desk.with_city(city.map(|city| (city, "ah-000001".to_owned())));
    tokio::spawn(desk.run(heard, Some(status), async || WAITING));
    Bench {
        folder,
        store,
        news,
        sync,
        view,
    }
}

/// One key of all records.
fn recorded(bench: &Bench, key: &str) -> Vec<Value> {
    let epoch = bench.store.facts().epoch.clone();
    let reader = bench.store.reader().unwrap();
    let stored = reader.records(&epoch, 1, 10, 1 << 20).unwrap();
    let body = |one: &[u8]| serde_json::from_slice::<Value>(one).unwrap();
    stored
        .iter()
        .map(|one| body(&one.body)[key].clone())
        .collect()
}

impl Bench {
    async fn until(&mut self, fits: impl FnMut(&HealthView) -> bool) -> HealthView {
        self.view.wait_for(fits).await.unwrap().clone()
    }
}

fn news(state: LampState) -> HealthNews {
    HealthNews::Device(DeviceNews {
        device: "进".to_owned(),
        lane: Some("gate-1".to_owned()),
        state,
        remedy: (state != LampState::Ok).then(|| Remedy {
            code: "E-RD-01".to_owned(),
            ..Remedy::default()
        }),
        identity: None,
    })
}

fn swapped() -> Remedy {
    Remedy {
        code: "E-RD-02".to_owned(),
        ..Remedy::default()
    }
}

/// A reader that answers and says who it is.
fn answers(number: &str) -> HealthNews {
    HealthNews::Device(DeviceNews {
        device: "进".to_owned(),
        lane: Some("gate-1".to_owned()),
        state: LampState::Ok,
        remedy: None,
        identity: Some(Identity::of(number.to_owned(), swapped)),
    })
}

/// The code on the reader's lamp; none where it is well.
fn code(view: &HealthView) -> Option<String> {
    let lamp = view.devices.first()?;
    lamp.remedy.as_ref().map(|remedy| remedy.code.clone())
}

#[tokio::test]
async fn another_reader_is_told_until_the_right_one_is_back() {
    let mut bench = bench(None);
    let well = |view: &HealthView| {
        view.devices
            .first()
            .is_some_and(|lamp| lamp.state == LampState::Ok)
    };
    bench.news.send(answers("05.01-1")).await.unwrap();
    bench.until(well).await;
    for _ in 0..2 {
        // It answers, is pulled, answers again: still the other one.
        bench.news.send(answers("05.01-2")).await.unwrap();
        bench
            .until(|view| code(view).as_deref() == Some("E-RD-02"))
            .await;
        bench.news.send(news(LampState::Offline)).await.unwrap();
        bench
            .until(|view| code(view).as_deref() == Some("E-RD-01"))
            .await;
    }
    bench.news.send(answers("05.01-1")).await.unwrap();
    bench.until(well).await;
    assert_eq!(
        recorded(&bench, "detail"),
        [
            Value::Null,
            json!("E-RD-02"),
            json!("E-RD-01"),
            json!("E-RD-02"),
            json!("E-RD-01"),
            Value::Null
        ]
    );
    assert_eq!(recorded(&bench, "identity")[1], "05.01-2");
}

#[tokio::test]
async fn who_answered_last_is_known_after_a_restart_and_whoever_came_since_is_told() {
    let mut first = bench(None);
    first.news.send(answers("05.01-1")).await.unwrap();
    first.until(|view| code(view).is_none()).await;
    first.news.send(answers("05.01-2")).await.unwrap();
    first.until(|view| code(view).is_some()).await;
    let mut known = KnownDevices::read(&first.store.reader().unwrap(), ["进"].into_iter()).unwrap();
    let said = |number: &str| Identity::of(number.to_owned(), swapped);
    assert!(known.judge("进", &said("05.01-2")).is_none());
    assert!(known.judge("进", &said("05.01-1")).is_some());
    assert!(
        known.judge("出", &said("05.01-9")).is_none(),
        "a new device"
    );
    assert!(known.judge("出", &said("05.01-8")).is_some());
    let newer = Identity {
        version: Some("2.0.0".to_owned()),
        ..said("05.01-2")
    };
    assert!(
        known.judge("进", &newer).is_none(),
        "the same board, updated"
    );
}

#[tokio::test]
async fn a_device_is_unknown_until_heard_of_and_each_change_is_one_record() {
    let mut bench = bench(None);
    let view = bench.until(|view| !view.devices.is_empty()).await;
    assert_eq!(view.devices[0].state, LampState::Unknown);
    assert_eq!(view.devices[0].lane.as_deref(), Some("1号通道"));
    for state in [LampState::Ok, LampState::Ok, LampState::Offline] {
        bench.news.send(news(state)).await.unwrap();
    }
    let view = bench
        .until(|view| {
            view.devices
                .iter()
                .any(|lamp| lamp.state == LampState::Offline)
        })
        .await;
    assert_eq!(view.devices[0].remedy.as_ref().unwrap().code, "E-RD-01");
    let states = recorded(&bench, "state");
    assert_eq!(states, ["online", "offline"]);
}

#[tokio::test]
async fn a_ledger_that_fails_is_told_until_it_writes_again() {
    let mut bench = bench(None);
    bench
        .news
        .send(HealthNews::LedgerFails("磁盘已满".to_owned()))
        .await
        .unwrap();
    let view = bench
        .until(|view| view.ledger != LedgerView::Writable)
        .await;
    let LedgerView::Failing(remedy) = view.ledger else {
        panic!("{view:?}");
    };
    assert_eq!(
        (remedy.code.as_str(), remedy.cause.as_str()),
        ("E-DB-01", "磁盘已满")
    );
    bench.news.send(HealthNews::LedgerWrites).await.unwrap();
    bench
        .until(|view| view.ledger == LedgerView::Writable)
        .await;
}

#[tokio::test]
async fn the_way_to_the_city_says_what_is_wrong() {
    let mut bench = bench(None);
    bench.sync.send_replace(SyncStatus {
        link: SyncLink::Offline,
        acked_through: 0,
        last_error: Some("平台没有应答".to_owned()),
        ..SyncStatus::default()
    });
    let view = bench.until(|view| view.sync.remedy.is_some()).await;
    let remedy = view.sync.remedy.unwrap();
    assert_eq!(
        (view.sync.link, remedy.code.as_str()),
        (LinkView::Offline, "E-UP-01")
    );
    assert_eq!(remedy.cause, "平台没有应答");
    bench.sync.send_replace(SyncStatus {
        link: SyncLink::Online,
        ..SyncStatus::default()
    });
    let view = bench
        .until(|view| view.sync.link == LinkView::Online && view.sync.oldest_at_ms == Some(5))
        .await;
    assert_eq!((view.sync.remedy, view.sync.parked), (None, 3));
}

#[tokio::test]
async fn missing_certificates_are_named_with_setting_and_file() {
    let city = CityConfig {
        host: "city".to_owned(),
        port: 8883,
        ca_file: "/no/ca.pem".into(),
        certificate_file: "/dev/null".into(),
        key_file: "/dev/null".into(),
        public_key_file: None,
        signing_key: None,
        photo_address: None,
        proxy: None,
    };
    let mut bench = bench(Some(city));
    bench.sync.send_replace(SyncStatus {
        last_error: Some("本机证书文件读不出来".to_owned()),
        ..SyncStatus::default()
    });
    let view = bench.until(|view| view.sync.remedy.is_some()).await;
    let remedy = view.sync.remedy.unwrap();
    assert_eq!(remedy.code, "E-UP-02");
    assert_eq!(
        remedy.cause,
        "证书文件用不了：city.ca_file（/no/ca.pem）：文件不存在"
    );
    assert!(bench.folder.path().exists());
}

#[tokio::test]
async fn a_trouble_of_the_box_is_a_lamp_and_stands_in_the_file_until_it_is_over() {
    let mut bench = bench(None);
    let tell = |remedy| HealthNews::Trouble(DAMAGED.to_owned(), remedy);
    bench.news.send(tell(Some(damaged()))).await.unwrap();
    let lit = |view: &HealthView| view.devices.iter().any(|lamp| lamp.name == DAMAGED);
    let view = bench.until(lit).await;
    let lamp = view.devices.iter().find(|lamp| lamp.name == DAMAGED);
    let remedy = lamp.and_then(|lamp| lamp.remedy.clone()).unwrap();
    assert_eq!(remedy.code, "E-DB-04");
    let told = told(&bench.store.reader().unwrap()).unwrap();
    assert_eq!(told.0[DAMAGED].code, "E-DB-04");
    bench.news.send(tell(None)).await.unwrap();
    bench
        .until(|view| !view.devices.is_empty() && !lit(view))
        .await;
    let told = crate::troubles::told(&bench.store.reader().unwrap()).unwrap();
    assert_eq!(told, Told::default());
}

#[tokio::test]
async fn records_that_cannot_be_read_are_a_lamp_until_they_can() {
    let mut bench = bench(None);
    let lamp = |view: &HealthView| {
        let lamp = view.devices.iter().find(|lamp| lamp.name == UNREADABLE);
        lamp.and_then(|lamp| lamp.remedy.clone())
    };
    for records in [2, 21] {
        bench.sync.send_modify(|status| status.unreadable = records);
        let says = format!(" {records} 条记录读不出来");
        let is_told = |view: &HealthView| lamp(view).is_some_and(|one| one.cause.contains(&says));
        let view = bench.until(is_told).await;
        assert_eq!(lamp(&view).unwrap().code, "E-DB-06");
    }
    let told = told(&bench.store.reader().unwrap()).unwrap();
    assert_eq!(told.0[UNREADABLE].code, "E-DB-06");
    bench.sync.send_modify(|status| status.unreadable = 0);
    bench.until(|view| lamp(view).is_none()).await;
}
