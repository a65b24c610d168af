//! Whose faces may be used, and where.

use edge_store::{Reader, StoreError};
use edge_web::{PICTURE_WORDS, TERMINAL_WORDS, UPLOAD_WORDS};

use crate::config::SiteConfig;

/// What a site does with faces beside its own cameras: nothing else counts of what is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FaceUses {
    /// It has face terminals.
    pub(crate) terminals: bool,
    /// It has a basis for sending pictures of doubtful faces to the city.
    pub(crate) upload: bool,
}

impl FaceUses {
    /// As the settings say.
    pub(crate) fn of(config: &SiteConfig) -> Self {
        Self {
            terminals: config.has_terminals(),
            upload: config.policy.photo_upload_basis.is_some(),
        }
    }
}

/// Whose faces may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Consents {
    /// A template at the box.
    pub(crate) workers: Vec<u32>,
    /// Of them: the enrolled picture is kept.
    pub(crate) pictures: Vec<u32>,
    /// Of them: a place in the libraries of the site's face terminals.
    pub(crate) terminals: Vec<u32>,
    /// Of them: a picture of the gate is kept where the face that came with the card is doubtful.
    pub(crate) doubts: Vec<u32>,
    /// Of them: such a picture is sent to the city.
    pub(crate) uploads: Vec<u32>,
}

impl Consents {
    /// As the ledger has it.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn read(reader: &Reader, uses: FaceUses) -> Result<Self, StoreError> {
        let faces = reader.faces()?;
        let signed = |is_used: bool, words| {
            if is_used {
                faces.signed(words)
            } else {
                Ok(Vec::new())
            }
        };
        let terminals = signed(uses.terminals, TERMINAL_WORDS)?;
        let uploads = signed(uses.upload, UPLOAD_WORDS)?;
        let doubts = faces.signed(PICTURE_WORDS)?;
        let mut pictures = [terminals.as_slice(), doubts.as_slice()].concat();
        pictures.sort_unstable();
        pictures.dedup();
        Ok(Self {
            workers: faces.consents()?,
            pictures,
            terminals,
            doubts,
            uploads,
        })
    }
}
