//! Orders of the city that are written down and do not reach the lanes at once.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use edge_domain::{Policy, Roster, WorkerId};
use edge_store::{Key, Store, StoreSettings};
use serde_json::{Value, json};
use sync_wire::Report;
use sync_wire::down::{Command, Down, ResultCode, Revocation, Series, SigningKey};
use tokio::sync::{mpsc, watch};

use crate::clock::{Clock, Known};
use crate::downlink::desk::{Desk, Office};
use crate::downlink::tally::Tally;
use crate::people::import::{RosterFile, records};
use crate::people::{Change, PeopleDesk, Sealer};

/// The read models cannot be brought up to the ledger.
static FAILS: AtomicBool = AtomicBool::new(false);

struct Bench {
    _folder: tempfile::TempDir,
    store: Store,
    people: Arc<PeopleDesk>,
    roster: watch::Receiver<Arc<Roster>>,
    policy: watch::Receiver<Arc<Policy>>,
    desk: Desk,
    key: SigningKey,
    number: u64,
}

async fn bench() -> Bench {
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
    let clock = Clock::new(1, &Known::default(), mpsc::channel(1).0);
    let (sender, roster) = watch::channel(Arc::new(Roster::default()));
    let sealer = Sealer::new("box-1", None);
    let ledger = (store.reader().unwrap(), store.writer());
    let desk = PeopleDesk::new(sealer, clock.clone(), ledger, sender).looking(|reader| {
        if FAILS.load(Ordering::SeqCst) {
            return Err("disk full".into());
        }
        Ok(reader.roster()?)
    });
    let people = Arc::new(desk);
    people
        .carry_out(|_, at| {
            let file: RosterFile = serde_json::from_value(json!({
                "project": {"code": "3499002026TEST001", "name": "测试项目"},
                "employers": [{"employer": 1, "uscc": "91349900MA8N0TE00Y", "name": "测试劳务", "type": "006"}],
                "teams": [{"team": 2, "employer": 1, "name": "钢筋一班"}],
                "workers": [{
                    "name": "张三", "id_kind": "resident", "id_number": "349901199003070016", "sex": "male",
                    "born": "1990-03-07", "nation": "01", "team": 2, "trade": "020", "role": "20",
                    "entered_on": "2026-11-01", "contract_signed_on": "2026-10-30",
                    "trained_on": "2026-10-31"
                }]
            }))?;
            let import = records(&file, &std::collections::BTreeMap::new(), at);
            let acts = import.records.into_iter().map(|record| record.act).collect();
            Ok((Change { acts, ..Change::default() }, ()))
        })
        .await
        .unwrap();
    let key = SigningKey::from_bytes(&[9; 32]);
    let (policy_sender, policy) = watch::channel(Arc::new(Policy::anhui()));
    let office = Office {
        box_id: "box-1".to_owned(),
        key: Some(key.verifying_key()),
        site_policy: Arc::new(Policy::anhui()),
        clock,
        people: Arc::clone(&people),
        policy: policy_sender,
        tally: watch::channel(Tally::default()).0,
    };
    let desk = Desk::open_for(office, Series::Command).await.unwrap();
    Bench {
        _folder: folder,
        store,
        people,
        roster,
        policy,
        desk,
        key,
        number: 0,
    }
}

impl Bench {
    /// A signed message.
    fn signed(&mut self, command: Command) -> Vec<u8> {
        self.number += 1;
        let now = self.desk.office.clock.now().wall_ms;
        let down = Down {
            r#box: "box-1".to_owned(),
            number: self.number,
            issued_at: now,
            expires_at: now + 3_600_000,
            command,
        };
        self.key.sign(&down).unwrap()
    }

    async fn hear(&mut self, payload: &[u8]) -> Report {
        match self.desk.open(payload) {
            Ok(down) => self.desk.obey(&down, payload).await,
            Err(report) => report,
        }
    }

    /// How many records of a kind there are.
    fn count(&self, kind: &str) -> usize {
        let (epoch, reader) = (
            self.store.facts().epoch.clone(),
            self.store.reader().unwrap(),
        );
        let stored = reader.records(&epoch, 1, 100, 1 << 20).unwrap();
        let is_kind = |body: &[u8]| {
            serde_json::from_slice::<Value>(body).is_ok_and(|body| body["kind"] == kind)
        };
        stored.iter().filter(|one| is_kind(&one.body)).count()
    }

    fn is_barred(&self) -> bool {
        let roster = self.roster.borrow();
        roster
            .worker(WorkerId(1))
            .is_some_and(|one| one.blacklisted)
    }
}

/// The disk fails between the commit and the lanes: nobody is told that it is done before it is, and
/// nothing is done twice.
#[tokio::test]
async fn what_is_written_down_and_not_with_the_lanes_is_not_called_done() {
    let mut bench = bench().await;
    assert!(!bench.is_barred());
    let revoke = Command::Revoke(Revocation {
        workers: vec![1],
        reason: "证书造假".to_owned(),
    });
    let policy = json!({"type": "policy", "version": 2, "presence_h_max": 9});
    let policy: Command = serde_json::from_value(policy).unwrap();
    for (command, kind) in [(revoke, "blacklist"), (policy, "policy_applied")] {
        let payload = bench.signed(command);
        FAILS.store(true, Ordering::SeqCst);
        for _ in 0..2 {
            let report = bench.hear(&payload).await;
            assert_eq!(report.code, Some(ResultCode::NotStored), "{kind}");
            assert_eq!(bench.count(kind), 1, "{kind}");
            assert!(bench.people.is_stale());
        }
        FAILS.store(false, Ordering::SeqCst);
        // The disk is well again: the lanes hear of it, whoever asks next.
        let keeping = tokio::spawn(Arc::clone(&bench.people).keep_fresh());
        let fresh = async {
            while bench.people.is_stale() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), fresh)
            .await
            .unwrap();
        keeping.abort();
        assert!(bench.is_barred());
        let report = bench.hear(&payload).await;
        assert!(report.ok, "{report:?}");
        assert_eq!(bench.count(kind), 1, "{kind}");
    }
    assert_eq!(bench.policy.borrow().presence_h_max, 9);
}
