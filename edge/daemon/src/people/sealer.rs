//! Sealing a worker's personal data before it is written down.

use std::path::Path;

use edge_domain::{Act, Evidence, Person, Record, Sex, VisitCard, VisitId, Visitor, WorkerId};
use edge_store::{DataKey, Entry, KeyOf, Reader};
use sync_wire::record::Worker;
use sync_wire::seal::{self, CityPublicKey, FilePart, Subject, VisitSubject};

use crate::advice::refusal;
use crate::error::DaemonError;
use crate::records::{self, Sealed};

/// Bytes of a file that stand in one row: the gate's records never wait long behind one.
const FILE_PART_BYTES: usize = 64 * 1024;

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
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "nothing else of a record is sealed"
        )]
        match &record.act {
            Act::Worker { worker, .. } => self.entry_under(record, reader.data_key(*worker)?),
            Act::CorrectionRequest(asked) => {
                let key = reader.data_key(asked.worker)?;
                let key = key.ok_or(DaemonError::NotSealed)?;
                let sealed = self.seal_evidence(asked.worker, &asked.evidence, &key)?;
                let sealed = Some(Sealed::Evidence(sealed));
                Ok(Entry::new(records::body(record, sealed)?))
            }
            _ => self.entry_under(record, None),
        }
    }

    fn entry_under(&self, record: &Record, held: Option<DataKey>) -> Result<Entry, DaemonError> {
        if let Act::Visit { visit, visitor, .. } = &record.act {
            return self.visit_entry(record, *visit, visitor);
        }
        let Act::Worker { worker, person } = &record.act else {
            return Ok(Entry::new(records::body(record, None)?));
        };
        let key = match held {
            Some(key) => key,
            None => DataKey::from_bytes(random::<32>()?),
        };
        let sealed = self.seal(*worker, person, &key)?;
        let body = records::body(record, Some(Sealed::Person(sealed)))?;
        Ok(Entry {
            body,
            data_key: Some((KeyOf::Worker(worker.0), key)),
        })
    }

    /// Every visit has a key of its own.
    fn visit_entry(
        &self,
        record: &Record,
        visit: VisitId,
        visitor: &Visitor,
    ) -> Result<Entry, DaemonError> {
        let key = DataKey::from_bytes(random::<32>()?);
        let subject = VisitSubject {
            r#box: &self.box_id,
            visit: visit.0,
        };
        let sealed = seal::seal_visitor(&plain_visitor(visitor), &key, random::<12>()?, subject)?;
        let mut wraps = Vec::new();
        if let Some(city) = &self.city {
            wraps.push(seal::wrap_of_visit(&key, city, random::<32>()?, subject)?);
        }
        let body = records::body(record, Some(Sealed::Visitor { sealed, wraps }))?;
        Ok(Entry {
            body,
            data_key: Some((KeyOf::Visit(visit.0), key)),
        })
    }

    fn seal_evidence(
        &self,
        worker: WorkerId,
        evidence: &Evidence,
        key: &DataKey,
    ) -> Result<String, DaemonError> {
        let evidence = seal::Evidence {
            note: evidence.note.clone(),
            file: evidence.file.clone(),
            file_kind: evidence.file_kind.clone(),
        };
        let subject = self.subject(worker);
        Ok(seal::seal_evidence(
            &evidence,
            key,
            random::<12>()?,
            subject,
        )?)
    }

    /// The parts of a file that the box keeps, each sealed with the worker's key.
    ///
    /// # Errors
    /// No randomness.
    pub(crate) fn file_parts(
        &self,
        worker: WorkerId,
        (digest, bytes): (&str, &[u8]),
        key: &DataKey,
    ) -> Result<Vec<Vec<u8>>, DaemonError> {
        let parts = (0..).zip(bytes.chunks(FILE_PART_BYTES));
        let seal = |(part, plain): (u32, &[u8])| {
            let place = (self.subject(worker), FilePart { digest, part });
            Ok(seal::seal_part(plain, key, random::<12>()?, place)?)
        };
        parts.map(seal).collect()
    }

    fn subject(&self, worker: WorkerId) -> Subject<'_> {
        Subject {
            r#box: &self.box_id,
            worker: worker.0,
        }
    }

    fn seal(
        &self,
        worker: WorkerId,
        person: &Person,
        key: &DataKey,
    ) -> Result<Worker, DaemonError> {
        let subject = self.subject(worker);
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
        wage_card: person.wage_card.as_ref().map(|card| seal::WageCard {
            bank: card.bank.clone(),
            account: card.account.reveal().to_owned(),
            social: card.is_social,
        }),
        certificates: person.certificates.iter().map(certificate).collect(),
        contact: person.contact.as_ref().map(|contact| seal::Contact {
            name: contact.name.reveal().to_owned(),
            kinship: contact.kinship.code().to_owned(),
            phone: contact.phone.reveal().to_owned(),
        }),
    }
}

fn plain_visitor(one: &Visitor) -> seal::Visitor {
    let told = |text: &String| (!text.is_empty()).then(|| text.clone());
    let (id_number, ic_card) = match &one.card {
        VisitCard::Document(number) => (Some(number.reveal().to_owned()), None),
        VisitCard::Ic(number) => (None, Some(number.to_hex())),
    };
    seal::Visitor {
        name: one.name.reveal().to_owned(),
        company: told(&one.company),
        host: told(&one.host),
        reason: told(&one.reason),
        id_number,
        ic_card,
    }
}

fn certificate(one: &edge_domain::Certificate) -> seal::Certificate {
    seal::Certificate {
        kind: one.kind.code().to_owned(),
        number: one.number.reveal().to_owned(),
        issuer: one.issuer.clone(),
        until: one.until.to_string(),
    }
}
