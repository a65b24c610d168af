//! Against a real broker.

use sync_wire::ctl::ReportTopic;
use sync_wire::down::{ResultCode, Series};
use sync_wire::record::ClockQuality;
use sync_wire::{Presence, Report, Topic};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use crate::session::run;
use crate::settings::{MqttSettings, Outbound, TlsFiles};
use crate::status::{SyncLink, SyncStatus};
use crate::tests::harness::{
    Broker, DeskEnd, Memory, WALL_MS, free_port, settings, surroundings, until, until_city,
};
use crate::tests::pki::Pki;
use crate::trouble::{NO_ROOM, UNREADABLE};

pub(crate) struct Running {
    pub(crate) status: watch::Receiver<SyncStatus>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    desk: DeskEnd,
}

impl Running {
    /// Waits until so many words of the city were refused.
    pub(crate) async fn refused(&mut self, count: u64) -> SyncStatus {
        let all = |status: &SyncStatus| status.refusals.total() == count;
        until(&mut self.status, all).await
    }
}

pub(crate) fn start(settings: MqttSettings, ledger: Memory) -> Running {
    start_at((WALL_MS, ClockQuality::Synced), settings, ledger)
}

/// A box that believes this time so far.
pub(crate) fn start_at(
    (wall_ms, clock): (i64, ClockQuality),
    settings: MqttSettings,
    ledger: Memory,
) -> Running {
    let (sender, status) = watch::channel(SyncStatus::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let (surroundings, desk) = surroundings(wall_ms, clock);
    let task = spawn_local(run(settings, ledger, surroundings, sender, async {
        // A dropped sender stops as well.
        let _either_way = stopped.await;
    }));
    Running {
        status,
        stop,
        task,
        desk,
    }
}

#[tokio::test]
async fn drains_and_outlives_the_broker() {
    let everything = async {
        let mut broker = Broker::start(None);
        let (table, _) = broker.city();
        let ledger = Memory::new(3_000);
        let mut running = start(settings(broker.port, None), ledger.clone());
        let online = until(&mut running.status, |status| status.acked_through == 3_000).await;
        assert_eq!((online.link, online.backlog), (SyncLink::Online, 0));
        assert_eq!(online.skew_ms, Some(500));

        ledger.append(5);
        until(&mut running.status, |status| status.acked_through == 3_005).await;
        broker.kill().await;
        until(&mut running.status, |status| {
            status.link == SyncLink::Offline
        })
        .await;
        ledger.append(700);
        broker.restart();
        until(&mut running.status, |status| status.acked_through == 3_705).await;
        ledger.check(&table.borrow());

        let turns = running.status.borrow().turns;
        running.stop.send(()).unwrap();
        running.task.await.unwrap();
        assert!(turns > 10);
        assert_eq!(
            *ledger.cursor.borrow(),
            3_705,
            "the cursor is written down at the end"
        );
        until_city(&table, |table| {
            table
                .states
                .last()
                .is_some_and(|state| state.state == Presence::Offline)
        })
        .await;
    };
    LocalSet::new().run_until(everything).await;
}

#[tokio::test]
async fn a_city_that_comes_back_gets_what_it_missed() {
    let everything = async {
        let broker = Broker::start(None);
        let (table, first) = broker.city();
        let ledger = Memory::new(10);
        let mut running = start(settings(broker.port, None), ledger.clone());
        until(&mut running.status, |status| status.acked_through == 10).await;
        // The broker takes what nobody listens to, and says that it did.
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        ledger.append(10);
        until(&mut running.status, |status| {
            status.link == SyncLink::Connecting
        })
        .await;
        broker.city_with(&table);
        until(&mut running.status, |status| status.acked_through == 20).await;
        ledger.check(&table.borrow());
    };
    LocalSet::new().run_until(everything).await;
}

#[tokio::test]
async fn what_comes_down_reaches_the_desk_and_its_result_the_city() {
    let everything = async {
        let broker = Broker::start(None);
        let (table, _) = broker.city();
        let ledger = Memory::new(1);
        let mut running = start(settings(broker.port, None), ledger.clone());
        until(&mut running.status, |status| status.acked_through == 1).await;
        table.borrow_mut().to_publish = vec![
            (Topic::DownAck, b"{}".to_vec()),
            (Topic::DownCmd, b"order".to_vec()),
            (Topic::DownRoster, b"pointer".to_vec()),
        ];
        ledger.append(1);
        let order = running.desk.inbox.recv().await.unwrap();
        assert_eq!(
            (order.series, order.payload.as_slice()),
            (Series::Command, &b"order"[..])
        );
        let pointer = running.desk.inbox.recv().await.unwrap();
        assert_eq!(pointer.series, Series::Roster);
        let seen = running.refused(1).await;
        assert_eq!(seen.refusals.last, Some(UNREADABLE));
        let report = Report {
            v: 1,
            r#box: "box-demo".to_owned(),
            topic: ReportTopic::Cmd,
            number: Some(7),
            command: None,
            ok: true,
            code: None,
            message: None,
            sent_at: 1,
        };
        let outbox = &running.desk.outbox;
        outbox.send(Outbound::Report(report.clone())).await.unwrap();
        until_city(&table, |table| table.results == [report.clone()]).await;
        // Of what is far too long no more waits than tells so.
        table.borrow_mut().to_publish = vec![(Topic::DownRoster, vec![b'x'; 100_000])];
        ledger.append(1);
        let long = running.desk.inbox.recv().await.unwrap();
        assert_eq!(long.payload.len(), 32 * 1024 + 1);
        // Nobody empties the inbox: what has no room is dropped, the records go on.
        table.borrow_mut().to_publish = vec![(Topic::DownCmd, b"again".to_vec()); 9];
        ledger.append(1);
        let seen = until(&mut running.status, |status| {
            status.acked_through == 4 && status.refusals.total() == 6
        });
        assert_eq!(seen.await.refusals.last, Some(NO_ROOM));
        // The city is told, once for all of them.
        until_city(&table, |table| table.results.len() > 1).await;
        let told = table.borrow().results.last().cloned().unwrap();
        assert_eq!(
            (told.code, told.number),
            (Some(ResultCode::NotStored), None)
        );
        assert!(told.message.unwrap().contains("稍后再发"));
        assert_eq!(table.borrow().results.len(), 2);
    };
    LocalSet::new().run_until(everything).await;
}

#[tokio::test]
async fn a_box_that_vanishes_is_declared_offline() {
    let everything = async {
        let broker = Broker::start(None);
        let (table, _) = broker.city();
        let mut running = start(settings(broker.port, None), Memory::new(1));
        until(&mut running.status, |status| status.acked_through == 1).await;
        assert_eq!(
            table.borrow().states.last().unwrap().state,
            Presence::Online
        );
        running.task.abort();
        until_city(&table, |table| {
            table
                .states
                .last()
                .is_some_and(|state| state.state == Presence::Offline)
        })
        .await;
    };
    LocalSet::new().run_until(everything).await;
}

/// Waits for the trouble of a connection that cannot work.
async fn trouble_of(port: u16, tls: Option<TlsFiles>) -> String {
    let mut running = start(settings(port, tls), Memory::new(1));
    let status = until(&mut running.status, |status| status.last_error.is_some()).await;
    assert_ne!(status.link, SyncLink::Online);
    println!("{:?}", status.last_error_detail);
    status.last_error.unwrap()
}

#[tokio::test]
async fn certificates_right_and_wrong() {
    let everything = async {
        let pki = Pki::new();
        let broker = Broker::start(Some(&pki));
        let (table, _) = broker.city();
        until_city(&table, |table| table.connections > 0).await;

        let ledger = Memory::new(50);
        let files = pki.files("ca", "box-demo");
        let mut running = start(settings(broker.port, Some(files.clone())), ledger.clone());
        until(&mut running.status, |status| status.acked_through == 50).await;
        ledger.check(&table.borrow());
        drop(running.stop);
        running.task.await.unwrap();

        let stranger = trouble_of(broker.port, Some(pki.files("ca", "stranger"))).await;
        assert!(stranger.contains("没有接受本机证书"), "{stranger}");
        let wrong_ca = trouble_of(broker.port, Some(pki.files("other-ca", "box-demo"))).await;
        assert!(wrong_ca.contains("不是由配置的CA签发"), "{wrong_ca}");
        let mut missing = files;
        missing.key = "/nowhere/box.key".into();
        let missing = trouble_of(broker.port, Some(missing)).await;
        assert!(missing.contains("证书文件读不出来"), "{missing}");
    };
    LocalSet::new().run_until(everything).await;
}

#[tokio::test]
async fn nobody_there_is_said_in_words() {
    let everything = async {
        let refused = trouble_of(free_port(), None).await;
        assert!(refused.contains("平台没有应答"), "{refused}");
        let mut unknown = settings(1883, None);
        unknown.host = "no-such-host.invalid".to_owned();
        let mut running = start(unknown, Memory::new(1));
        let status = until(&mut running.status, |status| status.last_error.is_some()).await;
        assert!(status.last_error.unwrap().contains("找不到平台地址"));
    };
    LocalSet::new().run_until(everything).await;
}
