//! The screen's sources over a real file.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use edge_domain::{Policy, TeamId};
use edge_store::{Entry, Key, Store, StoreSettings};
use edge_web::{
    Account, AccountCode, AccountStore as _, CLAIM_CODE_SETTING, ClaimCode, Duty, LedgerSource,
    TodaySource as _, Verdict, Way,
};
use tempfile::TempDir;
use tokio::sync::watch;

/// 2026-06-03 07:02:11 in Shanghai.
const MORNING_MS: i64 = 1_780_441_331_000;
const DAY_STARTS_H: u8 = 4;

fn open(folder: &TempDir) -> Store {
    let settings = StoreSettings {
        path: folder.path().join("menwei.db"),
        box_id: "box-349900-01".to_owned(),
        site: "江湾新城二期".to_owned(),
    };
    Store::open(&settings, &Key::from_bytes([7; 32])).unwrap()
}

fn source(store: &Store) -> LedgerSource {
    let policy = watch::channel(Arc::new(Policy {
        day_boundary_h: DAY_STARTS_H,
        ..Policy::anhui()
    }));
    LedgerSource::new(store.reader().unwrap(), store.writer(), policy.1)
}

fn presentation(at_ms: i64, rest: &str) -> Entry {
    let body = format!(
        "{{\"at\":{at_ms},\"boot\":1,\"mono\":1,\"clock\":\"synced\",\"kind\":\"presentation\",\
         \"lane\":\"1号通道\",\"direction\":\"in\",\"by\":\"005\",{rest},\"counted\":false,\
         \"policy\":1}}"
    );
    Entry::new(body.into_bytes())
}

#[tokio::test]
async fn a_claim_code_makes_one_account_and_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let source = source(&store);
    assert_eq!(source.accounts().await.unwrap(), []);
    assert_eq!(source.claim_code_hash().await.unwrap(), None);

    let hash = ClaimCode::random().unwrap().hash().unwrap();
    store
        .writer()
        .put_setting(CLAIM_CODE_SETTING, &hash)
        .await
        .unwrap();
    assert_eq!(source.claim_code_hash().await.unwrap(), Some(hash.clone()));
    let account = |name: &str| Account::clerk(name, "hash");
    assert!(
        !source
            .claim(account("李工"), "another".to_owned())
            .await
            .unwrap()
    );
    assert!(source.claim(account("王工"), hash.clone()).await.unwrap());
    assert!(!source.claim(account("李工"), hash).await.unwrap());
    assert_eq!(source.account("王工").await.unwrap(), Some(account("王工")));
    assert_eq!(source.account("李工").await.unwrap(), None);
    assert_eq!(source.claim_code_hash().await.unwrap(), None);
}

#[tokio::test]
async fn an_account_is_read_as_it_was_stored() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let source = source(&store);
    let invited = Account {
        password_hash: None,
        duty: Duty::Leader(TeamId(3)),
        ends_at_ms: Some(MORNING_MS),
        code: Some(AccountCode {
            hash: "code".to_owned(),
            ends_at_ms: MORNING_MS,
        }),
        ..Account::clerk("李工", "")
    };
    source.put(invited.clone()).await.unwrap();
    assert_eq!(
        source.accounts().await.unwrap(),
        std::slice::from_ref(&invited)
    );
    let set = source.set_password("李工", "hash".to_owned()).await;
    assert!(set.unwrap());
    let known = Account {
        password_hash: Some("hash".to_owned()),
        code: None,
        ..invited
    };
    assert_eq!(source.account("李工").await.unwrap(), Some(known));
    assert!(source.remove("李工").await.unwrap());
    assert!(!source.remove("李工").await.unwrap());
    let set = source.set_password("李工", "hash".to_owned()).await;
    assert!(!set.unwrap(), "who was removed stays removed");
}

#[tokio::test]
async fn the_day_is_read_from_the_ledger_and_refusals_are_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let source = source(&store);
    let denied = "\"result\":\"denied\",\"reason\":\"training_missing\"";
    let yesterday_ms = MORNING_MS - 86_400_000;
    let mut entries = vec![presentation(yesterday_ms, denied)];
    entries.extend((0..60).map(|second| presentation(MORNING_MS + second * 1_000, denied)));
    entries.push(presentation(
        MORNING_MS + 70_000,
        "\"result\":\"granted\",\"flags\":[\"age_refused\"]",
    ));
    let appended = store.writer().append(entries).await.unwrap();

    let look = || source.today(MORNING_MS + 80_000, 40).unwrap();
    let today = look();
    assert_eq!(today.through, appended.head.seq);
    assert_eq!(today.denied_today, 60, "yesterday's does not count");
    assert_eq!(today.rows.len(), 40);
    assert_eq!(
        today.rows[0].verdict,
        Verdict::Granted {
            notes: vec!["年龄需关注".to_owned()]
        }
    );
    assert_eq!(today.rows[0].way, Way::In);
    let refusal = Verdict::Denied {
        reason: "未完成三级教育".to_owned(),
        advice: "请到安全部".to_owned(),
    };
    assert_eq!(today.rows[1].verdict, refusal);
    assert!(!today.rows[1].uploaded);

    store
        .writer()
        .append(vec![presentation(MORNING_MS + 90_000, denied)])
        .await
        .unwrap();
    assert_eq!(look().denied_today, 61);
    assert_eq!(
        look().denied_today,
        61,
        "looking again counts nothing twice"
    );
    assert_eq!(
        source
            .today(MORNING_MS + 86_400_000, 40)
            .unwrap()
            .denied_today,
        0
    );
}
