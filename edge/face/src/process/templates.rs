//! Who may have a template, and whose there are: in memory and sealed on the disk.

use std::collections::BTreeSet;

use edge_face_protocol::{Enrollment, HeldTemplate, Unusable};

use crate::embedding::Embedding;
use crate::error::FaceError;
use crate::gallery::Gallery;
use crate::number::ten_thousandths;
use crate::vault::{Held, Vault};

/// Pictures of one person are at least so alike: the genuine pairs measured begin at 0.38.
const SAME_PERSON: f32 = 0.40;
/// A face this near to another worker's template is that worker: no impostor measured is nearer
/// than 0.40.
const OTHER_PERSON: f32 = 0.60;

/// All templates.
pub(super) struct Templates {
    pub(super) gallery: Gallery,
    vault: Vault,
    /// Whose consent stands; `None` until somebody has said it.
    consents: Option<BTreeSet<u32>>,
}

impl Templates {
    pub(super) fn new(vault: Vault) -> Self {
        Self {
            gallery: Gallery::default(),
            vault,
            consents: None,
        }
    }

    /// Destroys every template without a consent and loads the others.
    pub(super) fn obey(&mut self, consents: BTreeSet<u32>) -> Result<(), FaceError> {
        for worker in self.gallery.workers() {
            if !consents.contains(&worker) {
                self.gallery.remove(worker);
            }
        }
        for worker in self.vault.workers()? {
            if !consents.contains(&worker) {
                self.vault.destroy(worker)?;
                tracing::info!(worker, "A template without a consent is destroyed");
            } else if !self.gallery.has(worker) {
                match self.vault.read(worker) {
                    Ok(Some(Held::Template(template))) => self.gallery.put(worker, template),
                    Ok(Some(Held::OtherModel)) => {
                        tracing::warn!(worker, "A template is of another model: enroll again");
                    }
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, worker, "A template is not readable"),
                }
            }
        }
        tracing::info!(
            consents = consents.len(),
            enrolled = self.gallery.len(),
            "Templates are as the consents want them"
        );
        self.consents = Some(consents);
        Ok(())
    }

    /// Whether a worker's consent stands.
    pub(super) fn allows(&self, worker: u32) -> bool {
        let consents = self.consents.as_ref();
        consents.is_some_and(|consents| consents.contains(&worker))
    }

    /// What there is of a worker.
    pub(super) fn held(&self, worker: u32) -> HeldTemplate {
        if self.gallery.has(worker) {
            return HeldTemplate::Present;
        }
        match self.vault.read(worker) {
            Ok(Some(Held::OtherModel)) => HeldTemplate::OtherModel,
            Ok(Some(Held::Template(_)) | None) | Err(_) => HeldTemplate::Nothing,
        }
    }

    /// Makes these faces a worker's template, if they are one person's and nobody else's.
    pub(super) fn settle(
        &mut self,
        worker: u32,
        template: Vec<Embedding>,
    ) -> Result<Enrollment, FaceError> {
        let Some(first) = template.first() else {
            return Ok(Enrollment::Refused {
                picture: 0,
                why: Unusable::NotAPicture,
            });
        };
        let alike = template.iter().map(|one| one.similarity(first));
        let least = alike.min_by(f32::total_cmp).unwrap_or(1.0);
        if least < SAME_PERSON {
            return Ok(Enrollment::Disagree {
                similarity: ten_thousandths(least),
            });
        }
        for other in self.gallery.workers() {
            let near = self.gallery.compare(other, first);
            if other != worker && near.is_some_and(|near| near >= OTHER_PERSON) {
                return Ok(Enrollment::Taken { worker: other });
            }
        }
        self.vault.write(worker, &template)?;
        tracing::info!(worker, pictures = template.len(), "Enrolled");
        self.gallery.put(worker, template);
        Ok(Enrollment::Done)
    }
}
