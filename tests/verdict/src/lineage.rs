//! Which epoch follows which, and which act a row tells: the same one may stand in two places.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// A box and one of its epochs.
pub type EpochName = (String, String);

/// The first record of an epoch, as far as it tells what came before.
#[derive(Deserialize)]
struct Began {
    kind: String,
    previous: Option<Previous>,
}

#[derive(Deserialize)]
struct Previous {
    epoch: String,
}

/// A record that holds another one.
#[derive(Deserialize)]
struct Carried<'a> {
    kind: String,
    epoch: String,
    seq: u64,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// An act by its name: where it was first recorded.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Origin {
    /// The epoch.
    pub epoch: EpochName,
    /// Its number there.
    pub seq: u64,
    /// SHA-256 of its bytes: two histories of one epoch have two acts with one number.
    digest: Vec<u8>,
}

/// What a row tells.
#[derive(Clone, Debug)]
pub struct Told {
    /// The act's name.
    pub origin: Origin,
    /// The act's bytes.
    pub body: Vec<u8>,
    /// Whether it came inside another record.
    pub is_carried: bool,
}

/// The act of a row of this epoch and number: what a `carried` record holds, else the row's own.
pub fn told(epoch: &EpochName, seq: u64, body: &[u8]) -> Told {
    let carried = serde_json::from_slice::<Carried<'_>>(body).ok();
    let carried = carried.filter(|one| one.kind == "carried");
    let is_carried = carried.is_some();
    let (epoch, seq, body) = match &carried {
        Some(one) => {
            let first = (epoch.0.clone(), one.epoch.clone());
            (first, one.seq, one.body.get().as_bytes())
        }
        None => (epoch.clone(), seq, body),
    };
    let digest = Sha256::digest(body).to_vec();
    Told {
        origin: Origin { epoch, seq, digest },
        body: body.to_vec(),
        is_carried,
    }
}

/// Which epoch continues which.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    previous: BTreeMap<EpochName, EpochName>,
}

impl Lineage {
    /// Reads the first record of an epoch.
    pub fn learn(&mut self, epoch: &EpochName, body: &[u8]) {
        let Ok(began) = serde_json::from_slice::<Began>(body) else {
            return;
        };
        if let Some(previous) = began.previous.filter(|_| began.kind == "epoch_began") {
            let previous = (epoch.0.clone(), previous.epoch);
            self.previous.insert(epoch.clone(), previous);
        }
    }

    /// An epoch and all that it continues, newest first.
    pub fn back<'a>(&'a self, epoch: &'a EpochName) -> impl Iterator<Item = &'a EpochName> {
        let mut seen = BTreeSet::new();
        std::iter::successors(Some(epoch), |one| self.previous.get(*one))
            .take_while(move |one| seen.insert(*one))
    }

    /// How many epochs came before one.
    pub fn depth(&self, epoch: &EpochName) -> usize {
        self.back(epoch).count()
    }
}
