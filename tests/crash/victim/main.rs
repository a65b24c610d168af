//! `crash-victim FOLDER ROUNDS`: a short day at one gate, with the rules, the ledger and the way to the
//! city that the box has, and a world that is a file. It goes on where the world stands, so whoever
//! killed it starts it again. What kills it stands between it and the system (`tests/outage/preload.rs`).
//!
//! `people` who is registered · `city` the model city · `uplink` the engine and its city · `gate` the lane
//! and its board · this file, the day.

mod people;
mod city;
mod uplink;
mod gate;

use std::path::PathBuf;
use std::process::ExitCode;

use edge_store::{Key, Store, StoreSettings};
use tests::Result;
use tests::outage::{BOX, Fact, KEY, SITE, World, day};

use crate::gate::Gate;
use crate::uplink::Uplink;

/// When the day begins, Unix ms: 2026-11-23, 07:00 in China.
const BEGIN_MS: i64 = 1_795_388_400_000;
/// Between two turns, ms.
const TURN_MS: u64 = 20_000;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crash-victim: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("a folder")?);
    let rounds = arguments.next().ok_or("how many rounds")?.parse()?;
    let mut world = World::open(&folder.join("world"))?;
    let settings = StoreSettings {
        path: folder.join("box/ledger.db"),
        box_id: BOX.to_owned(),
        site: SITE.to_owned(),
    };
    let store = Store::open_with_daily_files(&settings, &Key::from_bytes(KEY))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let done = runtime.block_on(the_day(&store, &mut world, rounds));
    done?;
    store.close()?;
    world.add(Fact::Over)
}

async fn the_day(store: &Store, world: &mut World, rounds: usize) -> Result<()> {
    people::register(store, world, BEGIN_MS).await?;
    let mut uplink = Uplink::new(store, world)?;
    let mut gate = Gate::new(store)?;
    gate.hear_the_board(world).await?;
    for (step, turn) in day(rounds).iter().enumerate() {
        if world.facts().contains(&Fact::Done { step }) {
            continue;
        }
        let mono_ms = TURN_MS.saturating_mul(step as u64 + 1);
        gate.turn(world, (step, *turn), mono_ms).await?;
        world.add(Fact::Done { step })?;
        uplink.drain(store, world, mono_ms).await?;
    }
    store.writer().catch_up().await?;
    let last_ms = TURN_MS.saturating_mul(day(rounds).len() as u64 + 2);
    uplink.drain(store, world, last_ms).await
}
