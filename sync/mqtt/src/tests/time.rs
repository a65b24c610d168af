//! Certificates are judged by the time that the box believes, whatever the machine's clock says.

use sync_wire::record::ClockQuality;
use tokio::task::LocalSet;

use crate::tests::broker::start_at;
use crate::tests::harness::{Broker, Memory, settings, until};
use crate::tests::pki::Pki;

const YEAR_MS: i64 = 31_556_952_000;

/// The middle of a year.
fn in_year(year: i64) -> i64 {
    (year - 1970) * YEAR_MS + YEAR_MS / 2
}

/// What a box says that believes this time; `None` where it reached its city.
async fn said(
    broker: &Broker,
    (pki, authority): (&Pki, &str),
    time: (i64, ClockQuality),
) -> Option<String> {
    let files = pki.files(authority, "box-demo");
    let mut running = start_at(time, settings(broker.port, Some(files)), Memory::new(3));
    let ended = until(&mut running.status, |status| {
        status.acked_through == 3 || status.last_error.is_some()
    });
    ended.await.last_error
}

/// No machine that runs this test has such a clock.
#[tokio::test]
async fn a_certificate_is_good_at_the_boxs_own_time() {
    let everything = async {
        let pki = Pki::new();
        pki.broker_good(2090..2092);
        let broker = Broker::start(Some(&pki));
        let (_table, _) = broker.city();
        let expired = "证书不在有效期内";
        let (synced, floor) = (ClockQuality::Synced, ClockQuality::Unset);
        for (year, clock, wanted) in [
            (2091, synced, None),
            (2091, ClockQuality::Holdover, None),
            (2080, synced, Some(expired)),
            (2080, ClockQuality::Holdover, Some(expired)),
            (2099, synced, Some(expired)),
            // A dead clock: the ledger is of 2091, or of long before the certificate was renewed.
            (2091, floor, None),
            (2080, floor, None),
            // What had ended before the ledger's last sign of life is over.
            (2099, floor, Some(expired)),
        ] {
            let said = said(&broker, (&pki, "ca"), (in_year(year), clock)).await;
            let fits = match (&said, wanted) {
                (Some(said), Some(wanted)) => said.contains(wanted),
                (said, wanted) => said.as_deref() == wanted,
            };
            assert!(fits, "{year} {clock:?}: {said:?}");
        }
        // A floor excuses nothing else.
        let stranger = said(&broker, (&pki, "other-ca"), (in_year(2080), floor)).await;
        assert!(stranger.unwrap().contains("不是由配置的CA签发"));
    };
    LocalSet::new().run_until(everything).await;
}
