//! The city holds another continuation of this ledger: a new epoch begins at once.

use edge_store::{Entry, Epoch, Head};
use edge_store::{NewEpoch, Reader, StoreError, Writer};
use serde::{Deserialize, Serialize};
use sync_engine::Fork;
use sync_wire::record::{Device, DeviceState, EpochBegan, EpochReason, Kind, PreviousEpoch};

use crate::clock::Clock;
use crate::error::DaemonError;
use crate::health::FORKED;
use crate::records::{self, SOFTWARE};

/// The setting that remembers the last fork, for the screen and for `menwei status`.
const LAST_FORK: &str = "last_fork";
/// So often it is tried to begin behind a record that is still the last: the gate goes on writing.
const TRIES_MAX: u32 = 20;

/// The last fork of this ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastFork {
    /// When it was found, Unix ms by the box's clock.
    pub(crate) at: i64,
    /// The epoch that forked.
    pub(crate) epoch: String,
    /// Its last record that the city has alike.
    pub(crate) common: u64,
    /// Its last record here.
    pub(crate) last: u64,
}

impl LastFork {
    /// As the file remembers it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read(reader: &Reader) -> Result<Option<Self>, StoreError> {
        let text = reader.setting(LAST_FORK)?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

/// Box and site, as records name them.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// The box.
    pub(crate) box_id: String,
    /// Its site.
    pub(crate) site: String,
}

/// Notes what is to be carried over; where the forked epoch is the one that is written to, another one
/// begins. A second time changes nothing.
///
/// # Errors
/// The ledger takes no record, or does not know the epoch.
pub(crate) async fn leave(
    writer: &Writer,
    current: &Epoch,
    fork: &Fork,
    (names, clock): (&Names, &Clock),
) -> Result<(), DaemonError> {
    if current.name != fork.epoch {
        return Ok(writer.fork(&fork.epoch, fork.common).await?);
    }
    let mut tries = 0;
    loop {
        let last = *writer.head().borrow();
        match writer
            .begin_epoch(new_epoch(last, fork, (names, clock))?)
            .await
        {
            Err(StoreError::Overtaken) if tries < TRIES_MAX => tries += 1,
            Err(error) => return Err(error.into()),
            Ok(begun) => {
                let (old, common) = (&fork.epoch, fork.common);
                let (new, last) = (begun.name, last.seq);
                tracing::error!(old, common, last, new, "A new epoch began after a fork");
                return Ok(());
            }
        }
    }
}

fn new_epoch(
    last: Head,
    fork: &Fork,
    (names, clock): (&Names, &Clock),
) -> Result<NewEpoch, DaemonError> {
    let (now, name) = (clock.now(), edge_store::new_epoch_name()?);
    let began = Kind::EpochBegan(EpochBegan {
        r#box: names.box_id.clone(),
        site: names.site.clone(),
        epoch: name.clone(),
        software: SOFTWARE.to_owned(),
        reason: EpochReason::Forked,
        previous: Some(PreviousEpoch {
            epoch: fork.epoch.clone(),
            last: last.seq,
            head: last.hash,
        }),
    });
    let alarm = Kind::Device(Device {
        device: "ledger".to_owned(),
        lane: None,
        state: DeviceState::Fault,
        detail: Some(FORKED.to_owned()),
        identity: None,
    });
    let remembered = LastFork {
        at: now.wall_ms,
        epoch: fork.epoch.clone(),
        common: fork.common,
        last: last.seq,
    };
    let remembered = serde_json::to_string(&remembered).map_err(std::io::Error::other)?;
    Ok(NewEpoch {
        name,
        first: vec![
            Entry::new(records::box_body(now, began)?),
            Entry::new(records::box_body(now, alarm)?),
        ],
        after: Some(last),
        forked: Some((fork.epoch.clone(), fork.common)),
        settings: vec![(LAST_FORK.to_owned(), remembered)],
    })
}
