//! The notary against a ledger in memory: what it tells, and what it makes of the answers.

use sync_engine::{Action, DigestRun, Now};
use sync_wire::ack::DigestAnswer;
use sync_wire::ctl::Digest;
use sync_wire::record::ClockQuality;
use sync_wire::{Ack, Countersign, Ctl, Hash};

use crate::notary::Notary;
use crate::tests::harness::{EPOCH, Memory, WALL_MS};
use crate::tests::pki::BOX;
use crate::trouble::WRONG_COUNTERSIGN;

fn at(mono_ms: u64) -> Now {
    Now {
        mono_ms,
        wall_ms: WALL_MS,
        clock: ClockQuality::Synced,
    }
}

fn told(action: Option<Action>) -> Option<Digest> {
    let Action::Publish { payload, .. } = action? else {
        panic!("not a message");
    };
    let Ctl::Digest(digest) = Ctl::decode(&payload).unwrap() else {
        panic!("not a digest");
    };
    Some(digest)
}

fn answer(number: u64, ask: &[(u64, u64)], differs: &[u64]) -> Ack {
    let line = format!(
        "{{\"v\":1,\"epoch\":\"{EPOCH}\",\"through\":0,\"head\":\"{}\",\"now\":{WALL_MS}}}",
        Hash::from_bytes([0; 32])
    );
    let mut ack = Ack::decode(line.as_bytes()).unwrap();
    ack.digest = Some(Box::new(DigestAnswer {
        number,
        same: ask.is_empty() && differs.is_empty(),
        ask: ask.to_vec(),
        differs: differs.to_vec(),
    }));
    ack
}

fn run(records: (u64, u64)) -> DigestRun {
    DigestRun {
        epoch: EPOCH.to_owned(),
        records: Some(records),
        unsigned: vec![2],
    }
}

#[tokio::test]
async fn a_record_that_the_city_has_otherwise_is_found_in_smaller_and_smaller_runs() {
    let ledger = Memory::new(100);
    let mut notary = Notary::default();
    ledger
        .runs
        .borrow_mut()
        .extend([run((1, 100)), run((51, 60))]);
    assert_eq!(
        notary.tell(&ledger, (at(0), BOX), false).await,
        None,
        "not quiet"
    );
    let asked = told(notary.tell(&ledger, (at(0), BOX), true).await).unwrap();
    let runs = |digest: &Digest| {
        digest
            .parts
            .iter()
            .map(|one| (one.from, one.to))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (asked.number, runs(&asked), asked.unsigned),
        (1, vec![(1, 100)], vec![2])
    );
    assert_eq!(
        told(notary.tell(&ledger, (at(1), BOX), true).await),
        None,
        "no answer yet"
    );
    // An answer to another question, and runs that are none of this one, are not heard.
    notary
        .hear(&ledger, at(2), &answer(7, &[(1, 50)], &[]))
        .await;
    assert_eq!(told(notary.tell(&ledger, (at(2), BOX), true).await), None);
    let more = [(1, 50), (51, 101), (51, 100), (60, 70)];
    notary.hear(&ledger, at(3), &answer(1, &more, &[])).await;
    let asked = told(notary.tell(&ledger, (at(3), BOX), false).await).unwrap();
    assert_eq!((asked.number, runs(&asked)), (2, vec![(1, 50), (51, 100)]));
    notary
        .hear(&ledger, at(4), &answer(2, &[], &[17, 900]))
        .await;
    assert_eq!(*ledger.compared.borrow(), [(100, vec![17])]);
    // The next run, and after the last nothing for the day.
    let asked = told(notary.tell(&ledger, (at(5), BOX), true).await).unwrap();
    assert_eq!((asked.number, runs(&asked)), (3, vec![(51, 60)]));
    notary.hear(&ledger, at(6), &answer(3, &[], &[])).await;
    assert_eq!(*ledger.compared.borrow(), [(100, vec![17]), (60, vec![])]);
    assert_eq!(told(notary.tell(&ledger, (at(7), BOX), true).await), None);
    ledger.runs.borrow_mut().push_back(run((1, 2)));
    assert_eq!(
        told(notary.tell(&ledger, (at(8), BOX), true).await),
        None,
        "tomorrow"
    );
    let tomorrow = Now {
        wall_ms: WALL_MS + 24 * 60 * 60 * 1_000,
        ..at(9)
    };
    assert!(notary.tell(&ledger, (tomorrow, BOX), true).await.is_some());
}

#[tokio::test]
async fn what_nobody_answers_is_told_again_later() {
    let ledger = Memory::new(10);
    let mut notary = Notary::default();
    ledger
        .runs
        .borrow_mut()
        .extend([run((1, 10)), run((1, 10)), run((1, 10))]);
    assert!(notary.tell(&ledger, (at(0), BOX), true).await.is_some());
    let after = 2 * 60_000;
    assert!(notary.tell(&ledger, (at(after), BOX), true).await.is_none());
    let later = after + 10 * 60_000;
    assert!(
        notary
            .tell(&ledger, (at(later - 1), BOX), true)
            .await
            .is_none()
    );
    assert!(notary.tell(&ledger, (at(later), BOX), true).await.is_some());
    notary.disconnected(at(later + 1));
    assert!(
        notary
            .tell(&ledger, (at(later + 2), BOX), true)
            .await
            .is_none()
    );
    let later = later + 1 + 10 * 60_000;
    assert!(notary.tell(&ledger, (at(later), BOX), true).await.is_some());
}

#[tokio::test]
async fn countersignatures_are_written_down_together_and_a_wrong_one_is_told() {
    let ledger = Memory::new(10);
    let mut notary = Notary::default();
    let signed = |signature: &str| Countersign {
        seq: 3,
        head: Hash::from_bytes([0; 32]),
        at: 5,
        signature: signature.to_owned(),
    };
    let mut ack = answer(9, &[], &[]);
    assert_eq!(notary.due_ms(), None);
    ack.countersign = vec![signed("good")];
    notary.hear(&ledger, at(100), &ack).await;
    notary.hear(&ledger, at(1_000), &ack).await;
    assert_eq!(notary.due_ms(), Some(2_100));
    assert_eq!(notary.keep(&ledger).await, None);
    assert_eq!((*ledger.kept.borrow(), notary.due_ms()), (2, None));
    ack.countersign = vec![signed("bad"); 64];
    notary.hear(&ledger, at(3_000), &ack).await;
    assert_eq!(notary.due_ms(), Some(3_000), "many do not wait");
    assert_eq!(notary.keep(&ledger).await, Some(WRONG_COUNTERSIGN));
}
