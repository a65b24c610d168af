//! What devices say they are, kept across restarts, so that two that were swapped are noticed.

use std::collections::BTreeMap;

use edge_store::{Reader, StoreError, Writer};
use edge_web::Remedy;

/// The setting that holds who answered last at each device's place, as a JSON object.
const KNOWN: &str = "device_identities";

/// What a device says it is.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The factory number by which it is told from another of its make.
    pub(crate) number: String,
    /// The version of its program, where it tells one; a new one is no other device.
    pub(crate) version: Option<String>,
    /// What the lamp says where another number belongs here.
    pub(crate) swapped: fn() -> Remedy,
}

impl Identity {
    /// A device that tells no version.
    pub(crate) fn of(number: String, swapped: fn() -> Remedy) -> Self {
        Self {
            number,
            version: None,
            swapped,
        }
    }

    /// As records show it.
    pub(crate) fn shown(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.number),
            None => self.number.clone(),
        }
    }
}

/// Who belongs where. Whoever answered last before the start does, or else the first who answers.
#[derive(Debug, Default)]
pub(crate) struct KnownDevices {
    belongs: BTreeMap<String, String>,
    heard: BTreeMap<String, String>,
    kept: BTreeMap<String, String>,
}

impl KnownDevices {
    /// As the file remembers those of `devices`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read<'a>(
        reader: &Reader,
        devices: impl Iterator<Item = &'a str>,
    ) -> Result<Self, StoreError> {
        let text = reader.setting(KNOWN)?;
        let mut kept: BTreeMap<String, String> = text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let belongs: BTreeMap<_, _> = devices.filter_map(|name| kept.remove_entry(name)).collect();
        Ok(Self {
            heard: belongs.clone(),
            kept: belongs.clone(),
            belongs,
        })
    }

    /// What is wrong where another device answers than the one that belongs here. That one stays the
    /// one that belongs until the next start, so that the lamp stays on while the other one works.
    pub(crate) fn judge(&mut self, device: &str, identity: &Identity) -> Option<Remedy> {
        let number = &identity.number;
        self.heard.insert(device.to_owned(), number.clone());
        let belongs = self
            .belongs
            .entry(device.to_owned())
            .or_insert_with(|| number.clone());
        (belongs != number).then(identity.swapped)
    }

    /// Remembers who was heard for the next start. What cannot be written now is tried at the next
    /// news of a device.
    pub(crate) async fn keep(&mut self, writer: &Writer) {
        if self.heard == self.kept {
            return;
        }
        let Ok(text) = serde_json::to_string(&self.heard) else {
            return;
        };
        match writer.put_setting(KNOWN, &text).await {
            Ok(()) => self.kept.clone_from(&self.heard),
            Err(error) => tracing::warn!(%error, "The devices' identities are not kept"),
        }
    }
}
