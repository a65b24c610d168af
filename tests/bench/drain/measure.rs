//! Rounds of both, and the report.

use hw_sim::{SiteDay, TimingSink};
use tests::{Generator, Result, SitePlan, percentile, repository};

use crate::drain::bridge;
use crate::drain::ours::Backlog;
use crate::folder;
use crate::report::Report;

/// The year that the simulator counts birthdays from.
const YEAR: i16 = 2026;
/// A drain takes a second or two, in which few people swipe.
const ROUNDS: usize = 5;

/// Drains so many records several times, ours and the bridge in turn.
pub(crate) async fn measure(records: u64) -> Result<()> {
    let folder = folder("drain-files")?;
    let plan = SitePlan {
        site_day: repository().join("tests/bench/drain/site-day.toml"),
        find_interval_ms: 10,
        ..SitePlan::of("bench-drain")
    };
    let day = SiteDay::read(&plan.site_day)?;
    let site = hw_sim::Site::start(day, YEAR, &folder.join("sim"), &TimingSink::default())?;
    let backlog = Backlog::record(&folder.join("offline"), plan, &site, (records, true)).await?;
    let events = backlog.events() as f64;
    let mut generator = Generator::new(3);
    let bodies: Result<Vec<Vec<u8>>> = (1..=records).map(|seq| generator.body(seq)).collect();
    let bodies = bodies?;

    let (mut ours, mut bridged, mut live_ms) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let drain = backlog
            .drain(&site, &folder.join(format!("round-{round}")))
            .await?;
        let bridge = bridge::drain(&folder.join(format!("bridge-{round}")), bodies.clone()).await?;
        eprintln!(
            "{round} / {ROUNDS}: {:.0} events/s, the bridge {:.0}",
            events / drain.seconds,
            records as f64 / bridge.seconds
        );
        live_ms.extend_from_slice(&drain.live_ms);
        ours.push(drain);
        bridged.push(bridge);
    }

    let of = |value: &dyn Fn(&crate::drain::ours::Drain) -> f64| -> Vec<f64> {
        ours.iter().map(value).collect()
    };
    let of_bridge = |value: &dyn Fn(&bridge::Bridged) -> f64| -> Vec<f64> {
        bridged.iter().map(value).collect()
    };
    let ours_per_s = percentile(&of(&|drain| events / drain.seconds), 0.5);
    let bridge_per_s = percentile(&of_bridge(&|one| records as f64 / one.seconds), 0.5);
    let mut report = Report::new("drain");
    report.add("events", events);
    report.add("rounds", ROUNDS as f64);
    report.add("events_per_s", ours_per_s);
    report.add("bridge_events_per_s", bridge_per_s);
    report.add_at_least("times_bridge", ours_per_s / bridge_per_s, 2.0);
    let wire = of(&|drain| (drain.wire.0 + drain.wire.1) as f64 / events);
    report.add_at_most("wire_bytes_per_event", percentile(&wire, 1.0), 40.0);
    let wire = of_bridge(&|one| (one.wire.0 + one.wire.1) as f64 / records as f64);
    report.add("bridge_wire_bytes_per_event", percentile(&wire, 0.5));
    report.add_at_most(
        "rss_mib_peak",
        percentile(&of(&|one| one.box_mib), 1.0),
        20.0,
    );
    report.add(
        "city_rss_mib_peak",
        percentile(&of(&|one| one.city_mib), 1.0),
    );
    report.add(
        "bridge_rss_mib_peak",
        percentile(&of_bridge(&|one| one.rss_mib), 1.0),
    );
    report.add("live_swipes", live_ms.len() as f64);
    report.add("live_ms_p50", percentile(&live_ms, 0.50));
    report.add_at_most("live_ms_p99", percentile(&live_ms, 0.99), 100.0);
    report.finish()
}
