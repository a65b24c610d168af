//! Sealing a worker's personal data before it is written down.

use std::path::Path;

use edge_domain::{Act, Person, Record, Sex, WorkerId};
use edge_store::{DataKey, Entry, Reader};
use sync_wire::record::Worker;
use sync_wire::seal::{self, CityPublicKey, Subject};

use crate::advice::refusal;
use crate::error::DaemonError;
use crate::records;

/// Seals people for this box and, where its key is known, for the city.
#[derive(Debug)]
pub(crate) struct Sealer {
    box_id: String,
    city: Option<CityPublicKey>,
}

impl Sealer {
    /// A sealer of a box; `city` is the city's public key.
    pub(crate) fn new(box_id: &str, city: Option<CityPublicKey>) -> Self {
        Self {
            box_id: box_id.to_owned(),
            city,
        }
    }

    /// The ledger's entry of a record, its person sealed if it has one.
    ///
    /// # Errors
    /// No randomness, or the person does not fit into a record.
    pub(crate) fn entry(&self, record: &Record) -> Result<Entry, DaemonError> {
        self.entry_under(record, None)
    }

    /// The same, under the key that the worker has already: all his records open with one key.
    ///
    /// # Errors
    /// As [`entry`](Self::entry), or the ledger cannot be read.
    pub(crate) fn entry_anew(
        &self,
        reader: &Reader,
        record: &Record,
    ) -> Result<Entry, DaemonError> {
        let Act::Worker { worker, .. } = &record.act else {
            return self.entry_under(record, None);
        };
        self.entry_under(record, reader.data_key(*worker)?)
    }

    fn entry_under(&self, record: &Record, held: Option<DataKey>) -> Result<Entry, DaemonError> {
        let Act::Worker { worker, person } = &record.act else {
            return Ok(Entry::new(records::body(record, None)?));
        };
        let key = match held {
            Some(key) => key,
            None => DataKey::from_bytes(random::<32>()?),
        };
        let sealed = self.seal(*worker, person, &key)?;
        let body = records::body(record, Some(sealed))?;
        Ok(Entry {
            body,
            data_key: Some((worker.0, key)),
        })
    }

    fn seal(
        &self,
        worker: WorkerId,
        person: &Person,
        key: &DataKey,
    ) -> Result<Worker, DaemonError> {
        let subject = Subject {
            r#box: &self.box_id,
            worker: worker.0,
        };
        let sealed = seal::seal(&plain(person), key, random::<12>()?, subject)?;
        let mut wraps = Vec::new();
        if let Some(city) = &self.city {
            wraps.push(seal::wrap(key, city, random::<32>()?, subject)?);
        }
        Ok(Worker {
            worker: worker.0,
            sealed,
            wraps,
        })
    }
}

/// Reads the city's public key: one line of 64 hexadecimal characters.
///
/// # Errors
/// The file cannot be read or holds something else.
pub(crate) fn city_key(file: &Path) -> Result<CityPublicKey, DaemonError> {
    let text = std::fs::read_to_string(file).map_err(|error| DaemonError::Setting {
        key: "city.public_key_file",
        file: file.to_path_buf(),
        why: format!("{}。请放好平台公钥文件再导入", refusal(&error)),
    })?;
    let bytes = sync_wire::chain::from_hex::<32>(text.trim()).ok_or(DaemonError::Content {
        file: file.to_path_buf(),
        detail: "应为 64 个小写十六进制字符的平台公钥".to_owned(),
    })?;
    Ok(CityPublicKey::from_bytes(bytes))
}

/// Random bytes from the system.
///
/// # Errors
/// The system has none.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], DaemonError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| DaemonError::System(error.into()))?;
    Ok(bytes)
}

fn plain(person: &Person) -> seal::Person {
    seal::Person {
        name: person.name.reveal().to_owned(),
        id_kind: records::id_kind(person.number.kind()),
        id_number: person.number.reveal().to_owned(),
        sex: match person.sex {
            Sex::Male => seal::Sex::Male,
            Sex::Female => seal::Sex::Female,
            Sex::Unstated => seal::Sex::Unstated,
        },
        born: person.born.to_string(),
        nation: person.nation.clone(),
        phone: person.phone.as_ref().map(|phone| phone.reveal().to_owned()),
        valid_to: person.valid_to.map(|date| date.to_string()),
        photo_sha256: person.photo_sha256.clone(),
        ic_card: person.ic_card.map(edge_domain::IcNumber::to_hex),
    }
}
