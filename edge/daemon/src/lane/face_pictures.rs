//! Pictures of doubtful faces on their way from `menwei-face` into the ledger's file: of whoever stood
//! there, and of the card's holder as he was enrolled.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use edge_domain::{LookId, WorkerId};
use edge_face_protocol::{CameraPlace, Picture, ToFace};
use edge_store::{GatePicture, PictureRole, Writer};
use sha2::{Digest as _, Sha256};
use sync_wire::Hash;

use crate::people::Consents;
use crate::troubles::is_disk_short;

/// Looks that are remembered: their pictures are asked for as soon as the presentation is durable.
const OVER_MAX: usize = 16;
/// Pictures that were asked for and have not come at most.
const AWAITED_MAX: usize = 16;

/// A lane's wish to keep the pictures of a look.
#[derive(Debug)]
pub(crate) struct KeepOrder {
    pub(super) lane: String,
    pub(super) look: LookId,
    /// Ledger key of the presentation.
    pub(super) presentation: i64,
    /// Unix ms.
    pub(super) until_ms: i64,
}

/// A look that is over.
#[derive(Debug)]
struct Over {
    /// The question's number on the line.
    id: u64,
    place: CameraPlace,
    look: LookId,
    worker: WorkerId,
}

#[derive(Debug)]
struct Awaited {
    presentation: i64,
    role: PictureRole,
    worker: WorkerId,
    until_ms: i64,
    may_leave: bool,
}

/// Where pictures are kept.
#[derive(Debug)]
pub(crate) struct PictureShelf {
    pub(crate) writer: Writer,
    /// The ledger's file: its disk must have room.
    pub(crate) ledger: PathBuf,
}

/// What there is to ask for and what was asked for, on one connection.
#[derive(Debug)]
pub(super) struct GatePictures {
    shelf: PictureShelf,
    over: VecDeque<Over>,
    awaited: BTreeMap<u64, Awaited>,
}

impl GatePictures {
    pub(super) fn new(shelf: PictureShelf) -> Self {
        Self {
            shelf,
            over: VecDeque::new(),
            awaited: BTreeMap::new(),
        }
    }

    /// A look has ended.
    pub(super) fn over(
        &mut self,
        id: u64,
        (place, look): (&CameraPlace, LookId),
        worker: WorkerId,
    ) {
        self.over.push_front(Over {
            id,
            place: place.clone(),
            look,
            worker,
        });
        self.over.truncate(OVER_MAX);
    }

    /// The connection has ended: its questions have no answers.
    pub(super) fn clear(&mut self) {
        self.over.clear();
        self.awaited.clear();
    }

    /// What to ask for, numbered from `last` on. Nothing of a holder who has not signed for it.
    pub(super) fn ask(
        &mut self,
        order: &KeepOrder,
        consents: &Consents,
        last: &mut u64,
    ) -> Vec<ToFace> {
        let is_meant = |one: &&Over| one.place.lane == order.lane && one.look == order.look;
        let Some(over) = self.over.iter().find(is_meant) else {
            return Vec::new();
        };
        let worker = over.worker;
        if !consents.doubts.contains(&worker.0) || self.awaited.len() >= AWAITED_MAX {
            return Vec::new();
        }
        if is_disk_short(&self.shelf.ledger) {
            tracing::warn!(
                presentation = order.presentation,
                "No picture: the disk is short"
            );
            return Vec::new();
        }
        // The further try may have seen nobody any more: then the first one has the picture.
        let is_his = |one: &&Over| one.place == over.place && one.worker == worker;
        let of = self.over.iter().filter(is_his).map(|one| one.id);
        let of: Vec<u64> = std::iter::once(over.id)
            .chain(of.filter(|id| *id < over.id))
            .collect();
        let may_leave = consents.uploads.contains(&worker.0);
        let mut number = |role| {
            *last += 1;
            let awaited = Awaited {
                presentation: order.presentation,
                role,
                worker,
                until_ms: order.until_ms,
                may_leave,
            };
            self.awaited.insert(*last, awaited);
            *last
        };
        let shot = ToFace::Shot {
            id: number(PictureRole::Gate),
            of,
        };
        let own = ToFace::Portrait {
            id: number(PictureRole::Own),
            worker: worker.0,
        };
        vec![shot, own]
    }

    /// An answer; the lane does not wait until it is on the disk.
    pub(super) fn answered(&mut self, id: u64, picture: Option<Picture>) {
        let Some(awaited) = self.awaited.remove(&id) else {
            return;
        };
        let Some(Picture(jpeg)) = picture else {
            tracing::info!(presentation = awaited.presentation, role = ?awaited.role, "No picture");
            return;
        };
        let digest: [u8; 32] = Sha256::digest(&jpeg).into();
        let picture = GatePicture {
            presentation: awaited.presentation,
            role: awaited.role,
            worker: awaited.worker.0,
            sha256: Hash::from_bytes(digest).to_hex(),
            jpeg,
            until_ms: awaited.until_ms,
            may_leave: awaited.may_leave,
        };
        let writer = self.shelf.writer.clone();
        tokio::spawn(async move {
            if let Err(error) = writer.keep_picture(picture).await {
                tracing::error!(%error, "The picture of a doubtful face is not kept");
            }
        });
    }
}
