//! The first records: the epoch, the site, and two workers with cards.

use edge_store::{Appended, DataKey, Entry, KeyOf, Store};
use sync_wire::record::{
    ClockQuality, Employer, Entry as Entered, EpochBegan, EpochReason, IdKind, Project, Started,
    Team, Worker,
};
use sync_wire::seal::{Person, Sex, Subject, seal};
use sync_wire::{Kind, Record, Stamp};
use tests::outage::{BOX, Fact, SITE, World};
use tests::{Result, with_check};

const SOFTWARE: &str = "crash-victim";
const KERNEL_BOOT: &str = "00000000-0000-4000-8000-000000000001";

/// Number of a worker's card.
pub(crate) fn card(worker: u32) -> u32 {
    0x04a1_b200 + worker
}

/// Notes that the ledger said so.
pub(crate) fn told(store: &Store, world: &mut World, appended: &Appended) -> Result<()> {
    let epoch = store.facts().epoch.clone();
    let (seq, hash) = (appended.head.seq, appended.head.hash.to_hex());
    world.add(Fact::Told { epoch, seq, hash })
}

/// Registers whoever is not yet, one commit after the other.
pub(crate) async fn register(store: &Store, world: &mut World, at: i64) -> Result<()> {
    let writer = store.writer();
    let boot = writer.boot_number(KERNEL_BOOT).await?;
    let began = first_kinds(store)?;
    let already = store.reader()?.head(&store.facts().epoch)?.seq;
    for (kinds, data_key) in began.into_iter().skip(commits_in(already)) {
        let stamp = Stamp {
            at,
            boot,
            mono: 1,
            clock: ClockQuality::Synced,
        };
        let mut entries = Vec::new();
        for kind in kinds {
            let body = Record { stamp, kind }.to_body()?;
            let data_key = data_key
                .clone()
                .map(|(worker, key)| (KeyOf::Worker(worker), key));
            entries.push(Entry { body, data_key });
        }
        let appended = writer.append(entries).await?;
        told(store, world, &appended)?;
    }
    writer.catch_up().await?;
    Ok(())
}

/// How many of the first commits a ledger of so many records has: they are of 5, 2 and 2 records.
fn commits_in(records: u64) -> usize {
    [5, 7, 9].iter().filter(|whole| **whole <= records).count()
}

type Commit = (Vec<Kind>, Option<(u32, DataKey)>);

fn first_kinds(store: &Store) -> Result<Vec<Commit>> {
    let site = vec![
        Kind::EpochBegan(EpochBegan {
            r#box: BOX.to_owned(),
            site: SITE.to_owned(),
            epoch: store.facts().epoch.clone(),
            software: SOFTWARE.to_owned(),
            reason: EpochReason::FirstStart,
            previous: None,
        }),
        Kind::Started(Started {
            boot_id: KERNEL_BOOT.to_owned(),
            software: SOFTWARE.to_owned(),
            off_since: None,
        }),
        Kind::Project(Project {
            code: SITE.to_owned(),
            name: "试验工地".to_owned(),
            area: None,
        }),
        Kind::Employer(Employer {
            employer: 1,
            uscc: "91349900MA00000019".to_owned(),
            name: "试验劳务公司".to_owned(),
            r#type: "006".to_owned(),
        }),
        Kind::Team(Team {
            team: 1,
            employer: 1,
            name: "钢筋班".to_owned(),
        }),
    ];
    let mut commits = vec![(site, None)];
    for worker in [1, 2] {
        let key = DataKey::from_bytes([u8::try_from(worker)?; 32]);
        let kinds = vec![person(worker, &key)?, entered(worker)];
        commits.push((kinds, Some((worker, key))));
    }
    Ok(commits)
}

fn person(worker: u32, key: &DataKey) -> Result<Kind> {
    let person = Person {
        name: format!("试验{worker}"),
        id_kind: IdKind::Resident,
        id_number: with_check(&format!("34990119900307{worker:03}")),
        sex: Sex::Male,
        born: "1990-03-07".to_owned(),
        nation: None,
        phone: None,
        valid_to: None,
        photo_sha256: None,
        ic_card: Some(format!("{:08x}", card(worker))),
        wage_card: None,
        certificates: Vec::new(),
        contact: None,
    };
    let subject = Subject { r#box: BOX, worker };
    Ok(Kind::Worker(Worker {
        worker,
        sealed: seal(&person, key, [3; 12], subject)?,
        wraps: Vec::new(),
    }))
}

fn entered(worker: u32) -> Kind {
    Kind::Entry(Entered {
        worker,
        team: 1,
        trade: "020".to_owned(),
        role: "20".to_owned(),
        on: "2026-09-01".to_owned(),
    })
}
