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

/// What a sitting gave.
#[derive(Debug, Default)]
pub(super) struct Sat {
    /// The faces.
    pub(super) template: Vec<Embedding>,
    /// The first of them as a small picture file.
    pub(super) picture: Option<Vec<u8>>,
}

/// All templates.
pub(super) struct Templates {
    pub(super) gallery: Gallery,
    vault: Vault,
    /// Whose consent stands; `None` until somebody has said it.
    consents: Option<BTreeSet<u32>>,
    /// Whose enrolled picture may be kept.
    pictures: BTreeSet<u32>,
}

impl Templates {
    pub(super) fn new(vault: Vault) -> Self {
        Self {
            gallery: Gallery::default(),
            vault,
            consents: None,
            pictures: BTreeSet::new(),
        }
    }

    /// Destroys every template without a consent and loads the others; the same with pictures,
    /// where it is said whose may be kept.
    pub(super) fn obey(
        &mut self,
        consents: BTreeSet<u32>,
        pictures: Option<BTreeSet<u32>>,
    ) -> Result<(), FaceError> {
        if let Some(pictures) = pictures {
            self.pictures = pictures;
        }
        self.pictures.retain(|worker| consents.contains(worker));
        for worker in self.vault.pictured()? {
            if !self.pictures.contains(&worker) {
                self.vault.destroy_picture(worker)?;
                tracing::info!(worker, "A picture without a consent is destroyed");
            }
        }
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

    /// Whose pictures are kept, each with its name.
    pub(super) fn kept(&self) -> Vec<(u32, String)> {
        let workers = self.vault.pictured().unwrap_or_else(|error| {
            tracing::error!(%error, "The kept pictures cannot be listed");
            Vec::new()
        });
        let named = workers.into_iter().filter_map(|worker| {
            let name = self.vault.picture_name(worker).ok().flatten()?;
            Some((worker, name))
        });
        named.collect()
    }

    /// A worker's kept picture.
    pub(super) fn picture(&self, worker: u32) -> Option<Vec<u8>> {
        self.vault.read_picture(worker).unwrap_or_else(|error| {
            tracing::error!(%error, worker, "A picture is not readable");
            None
        })
    }

    /// Makes these faces a worker's template, if they are one person's and nobody else's.
    pub(super) fn settle(
        &mut self,
        worker: u32,
        Sat { template, picture }: Sat,
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
        match picture.filter(|_| self.pictures.contains(&worker)) {
            Some(picture) => self.vault.write_picture(worker, &picture)?,
            // One of an earlier sitting would not be of this template.
            None => self.vault.destroy_picture(worker)?,
        }
        tracing::info!(worker, pictures = template.len(), "Enrolled");
        self.gallery.put(worker, template);
        Ok(Enrollment::Done)
    }
}
