//! Masked names of workers. A name is unsealed in memory, masked at once, and only the masked one
//! is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_wire::seal::CityPrivateKey;
use sync_wire::{Kind, Record};

use crate::error::CityError;
use crate::meaning::{act, unseal};
use crate::show::facts::Reader;

/// Masked names kept; beyond it all are forgotten and looked up anew.
const NAMES_MAX: usize = 20_000;

/// Masked names, by box, epoch and worker, with the record they come from.
#[derive(Debug)]
pub struct People {
    key: Arc<CityPrivateKey>,
    names: BTreeMap<(String, String, u32), String>,
}

impl People {
    /// With the city's private key.
    pub fn new(key: Arc<CityPrivateKey>) -> Self {
        Self {
            key,
            names: BTreeMap::new(),
        }
    }

    /// A record of this worker may have arrived: forget all that is kept.
    pub fn forget(&mut self) {
        self.names.clear();
    }

    /// The masked name of a worker; none if the worker is not known here or the seal is not for
    /// this city.
    pub fn name(
        &mut self,
        reader: &mut Reader,
        (id, epoch, worker): (&str, &str, u32),
    ) -> Result<Option<String>, CityError> {
        let key = (id.to_owned(), epoch.to_owned(), worker);
        if let Some(known) = self.names.get(&key) {
            return Ok(Some(known.clone()));
        }
        let Some(body) = reader.worker_body((id, epoch), worker)? else {
            return Ok(None);
        };
        let name = self.open(id, &body);
        if let Some(name) = &name {
            if self.names.len() >= NAMES_MAX {
                self.names.clear();
            }
            self.names.insert(key, name.clone());
        }
        Ok(name)
    }

    fn open(&self, id: &str, body: &[u8]) -> Option<String> {
        let record = Record::from_body(body).ok()?;
        let record = act(&record);
        let Kind::Worker(worker) = &record.kind else {
            return None;
        };
        unseal(id, worker, &self.key).map(|person| mask(&person.name))
    }
}

/// The first character, then two stars: 姓+`**`.
fn mask(name: &str) -> String {
    name.chars()
        .next()
        .map_or_else(String::new, |first| format!("{first}**"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_the_first_character_is_shown() {
        assert_eq!(super::mask("张三"), "张**");
        assert_eq!(super::mask("阿依古丽·买买提"), "阿**");
        assert_eq!(super::mask(""), "");
    }
}
