//! People at four readers, ten a second in all.

use std::time::Duration;

use hw_sim::Site;
use tests::Result;
use tokio::time::{MissedTickBehavior, interval};

const READERS: [&str; 4] = ["gate-1-in", "gate-2-in", "gate-3-in", "gate-4-in"];
const EVERY: Duration = Duration::from_millis(100);

/// Puts one card after the other, for ever: at each reader for four tenths of a second, and no one
/// twice before everybody else has been there.
pub(crate) async fn swipe(site: &Site) -> Result<()> {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let people = site.crowd().people().iter().cycle();
    for (reader, person) in READERS.iter().cycle().zip(people) {
        ticks.tick().await;
        site.lift(reader).await?;
        site.put(reader, &person.number).await?;
    }
    Ok(())
}
