//! A backlog drains over a line that chokes, loses, is cut and is reset, while box, city and broker die.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::Result;
use crate::backlog::bad_line::{BadLine, Weather};
use crate::backlog::generator::Generator;
use crate::backlog::kills::{compare, through};
use crate::backlog::offline::record_offline;
use crate::figures::Dice;
use crate::site::{Site, SitePlan};

/// With fewer records left than this a round shows nothing: more are added.
const LEFT_MIN: u64 = 800;
/// A round is over when at most so many further records have come through, or it has lasted too long.
const STRIDE: u64 = 500;
/// Between two cuts or resets, at least and at most: connections come about between most of them.
const GAP_MS: (u64, u64) = (500, 2_500);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How hard it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Toil {
    /// Records that wait at the first start, and that are added whenever few are left.
    pub backlog: u64,
    /// A round is over after so long, whatever has come through.
    pub round_max: Duration,
}

/// What a round does to the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Narrow,
    Cuts,
    Resets,
    NarrowAndResets,
}

impl Round {
    const ALL: [Self; 4] = [
        Self::Narrow,
        Self::Cuts,
        Self::Resets,
        Self::NarrowAndResets,
    ];

    const fn weather(self) -> Weather {
        match self {
            Self::Narrow | Self::NarrowAndResets => Weather::NARROW,
            Self::Cuts | Self::Resets => Weather::MOBILE,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    GateBox,
    City,
    Broker,
}

impl Victim {
    /// In turn: each meets every kind of line, of which there is another number.
    const ALL: [Self; 3] = [Self::GateBox, Self::City, Self::Broker];
}

/// What a soak has seen.
#[derive(Debug, Default)]
struct Seen {
    rounds: u64,
    /// Rounds in which records came through although the line was bad.
    moved: u64,
    resets: u64,
    cuts: u64,
    /// Of box, city and broker.
    deaths: [u64; 3],
}

/// A soak under way.
#[derive(Debug)]
struct Soak {
    site: Site,
    line: BadLine,
    toil: Toil,
    dice: Dice,
    bodies: Generator,
    /// The last record that was added.
    last: u64,
    seen: Seen,
}

/// Goes on, round after round and every kind of them in turn, as long as `goes_on` says so; then the line
/// is fair again, everything must arrive, and the judge compares ledger and city.
///
/// # Errors
/// A program does not start, the rest never gets through, or the judge fails.
pub async fn soak(
    folder: &Path,
    plan: &SitePlan,
    (seed, toil): (u64, Toil),
    mut goes_on: impl FnMut(u64) -> bool,
) -> Result<Value> {
    let site = Site::prepare(folder, plan).await?;
    let line = BadLine::lay(site.broker.port(), seed).await?;
    let (direct, bad) = (
        format!("\"localhost:{}\"", site.broker.port()),
        format!("\"localhost:{}\"", line.port()),
    );
    site.gate_box.edit(|text| text.replace(&direct, &bad))?;
    let mut soak = Soak {
        site,
        line,
        toil,
        dice: Dice::new(seed),
        bodies: Generator::new(seed),
        last: 0,
        seen: Seen::default(),
    };
    soak.add().await?;
    soak.line.set(Round::ALL[0].weather());
    soak.site.gate_box.up().await?;
    for round in Round::ALL.into_iter().cycle() {
        if !goes_on(soak.seen.rounds) {
            break;
        }
        soak.round(round).await?;
        soak.death().await?;
    }
    soak.end().await
}

impl Soak {
    /// What the city has without a hole.
    fn through(&self) -> Result<u64> {
        through(&self.site.city.database()?)
    }

    /// The line is bad until it has shown it and some records have come through, or it is time for the next.
    async fn round(&mut self, round: Round) -> Result<()> {
        let city = self.site.city.database()?;
        let (begun, from) = (Instant::now(), through(&city)?);
        let wanted = from + 1 + self.dice.below(STRIDE);
        self.line.set(round.weather());
        let mut next = self.gap() / 4;
        let (mut is_cut, mut has_shown) = (false, round == Round::Narrow);
        while begun.elapsed() < self.toil.round_max && !(has_shown && through(&city)? >= wanted) {
            sleep(LOOK_EVERY).await;
            if begun.elapsed() < next || round == Round::Narrow {
                continue;
            }
            next = begun.elapsed() + self.gap();
            has_shown = true;
            if round == Round::Cuts {
                is_cut = !is_cut;
                self.seen.cuts += u64::from(is_cut);
                let weather = round.weather();
                self.line.set(Weather {
                    is_silent: is_cut,
                    ..weather
                });
            } else {
                self.seen.resets += 1;
                self.line.reset();
            }
        }
        self.seen.rounds += 1;
        self.seen.moved += u64::from(through(&city)? > from);
        Ok(())
    }

    fn gap(&mut self) -> Duration {
        let (least, most) = GAP_MS;
        Duration::from_millis(least + self.dice.below(most - least))
    }

    /// kill -9 of the next of the three, while the line is as the round left it; of the box as well where
    /// little is left, which finds more to send when it is back.
    async fn death(&mut self) -> Result<()> {
        let is_little = self.last.saturating_sub(self.through()?) < LEFT_MIN;
        let turn = usize::try_from(self.seen.rounds)? % Victim::ALL.len();
        let victim = Victim::ALL[turn];
        self.kill(victim, is_little).await?;
        if is_little && victim != Victim::GateBox {
            self.kill(Victim::GateBox, is_little).await?;
        }
        Ok(())
    }

    async fn kill(&mut self, victim: Victim, is_little: bool) -> Result<()> {
        self.seen.deaths[victim as usize] += 1;
        match victim {
            Victim::GateBox => {
                self.site.gate_box.kill()?;
                if is_little {
                    self.add().await?;
                }
                self.site.gate_box.up().await
            }
            Victim::City => {
                self.site.city.kill()?;
                self.site.city.up().await
            }
            Victim::Broker => {
                self.site.broker.down()?;
                self.site.broker.up().await
            }
        }
    }

    /// Records that the box wrote while it was away from the city.
    async fn add(&mut self) -> Result<()> {
        let folder = self.site.gate_box.folder();
        let end = record_offline(folder, self.toil.backlog, &mut self.bodies).await?;
        self.last = end.last;
        Ok(())
    }

    /// Fair weather, a last start that waits for no turn to connect, everything arrives, and the judge looks.
    async fn end(mut self) -> Result<Value> {
        self.line.set(Weather::FAIR);
        self.site.gate_box.kill()?;
        self.site.gate_box.up().await?;
        // What never arrives is counted, too.
        let settled = self.site.settled().await;
        self.site.gate_box.stop().await?;
        let mut found = compare(&self.site)?;
        found["all_arrived"] = json!(settled.is_ok());
        found["ledger_intact"] = json!(self.site.gate_box.menwei(&["verify"]).is_ok());
        let seen = self.seen;
        let [boxes, cities, brokers] = seen.deaths;
        let counts = [
            ("soak_rounds", seen.rounds),
            ("soak_rounds_with_progress", seen.moved),
            ("soak_resets", seen.resets),
            ("soak_cuts", seen.cuts),
            ("soak_box_kills", boxes),
            ("soak_city_kills", cities),
            ("soak_broker_kills", brokers),
            ("soak_bytes", self.line.carried()),
            ("soak_records", self.last),
        ];
        for (name, count) in counts {
            found[name] = json!(count);
        }
        Ok(found)
    }
}
