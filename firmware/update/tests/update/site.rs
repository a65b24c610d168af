//! A board with two slots, and somebody who signs images for it.

use crate::flash::{Flash, PAGE};
use ed25519_dalek::{Signer, SigningKey};
use firmware_protocol::{Reply, UpdatePhase, UpdateStatus};
use firmware_update::{
    BoardKind, FlashFailed, HEAD_BYTES, Header, Loader, Running, Start, TrustedKey, Updater,
    Updates, Window,
};
use sha2::{Digest, Sha512};
use std::cell::RefCell;

/// Pages of the first slot; the second one has one more.
const PAGES: u32 = 3;
const PAGE_BYTES: u32 = 256;
pub(crate) const ROOM: u32 = PAGES * PAGE_BYTES;

pub(crate) type Part<'a> = Window<'a, Flash>;

pub(crate) fn kind() -> BoardKind {
    BoardKind::named("test")
}

pub(crate) fn signer() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// A program of so many bytes that no other version has.
pub(crate) fn body(version: u8, bytes: u32) -> Vec<u8> {
    (0..bytes)
        .map(|at| u8::try_from(at % 251).unwrap() ^ version.wrapping_mul(73))
        .collect()
}

pub(crate) fn header(version: u8, body: &[u8]) -> Header {
    Header {
        kind: kind(),
        version: [0, version, 0],
        body_bytes: u32::try_from(body.len()).unwrap(),
        digest: *Sha512::digest(body).first_chunk().unwrap(),
    }
}

/// The file of a header and a body, signed by this key.
pub(crate) fn sign(header: &Header, body: &[u8], key: &SigningKey) -> Vec<u8> {
    let mut image = header.write().to_vec();
    let signature = key.sign(&image);
    image.extend(signature.to_bytes());
    image.resize(usize::try_from(HEAD_BYTES).unwrap(), 0xff);
    image.extend(body);
    image
}

pub(crate) fn image(version: u8) -> Vec<u8> {
    let body = body(version, 100 + 16 * u32::from(version));
    sign(&header(version, &body), &body, &signer())
}

pub(crate) fn name_of(image: &[u8]) -> [u8; 8] {
    *image[64..].first_chunk().unwrap()
}

/// The board.
pub(crate) struct Board {
    pub(crate) flash: RefCell<Flash>,
    pub(crate) key: Option<TrustedKey>,
}

impl Board {
    /// A board on which this image was put by its maker.
    pub(crate) fn with(image: &[u8]) -> Self {
        let pages = usize::try_from(2 * PAGES + 3).unwrap();
        let mut flash = Flash::erased(pages);
        flash.bytes[..image.len()].copy_from_slice(image);
        Self {
            flash: RefCell::new(flash),
            key: Some(TrustedKey(signer().verifying_key().to_bytes())),
        }
    }

    fn parts(&self) -> (Part<'_>, Part<'_>, Part<'_>) {
        let window = |from, bytes| Window::new(&self.flash, from, bytes);
        (
            window(0, ROOM),
            window(ROOM, ROOM + PAGE_BYTES),
            window(2 * ROOM + PAGE_BYTES, 2 * PAGE_BYTES),
        )
    }

    /// A reset: the boot loader runs.
    pub(crate) fn boot(&self) -> Result<Start, FlashFailed> {
        let (active, staged, journal) = self.parts();
        Loader::new((active, staged), journal, kind(), self.key).run()
    }

    /// Then the program in the first slot runs.
    pub(crate) fn program(&self) -> Updater<Part<'_>, Part<'_>> {
        let (_, staged, journal) = self.parts();
        let version = match self.runs()[..64].first_chunk().and_then(Header::read) {
            Some(header) => header.version,
            None => [0; 3],
        };
        let running = Running {
            kind: kind(),
            version,
            room: ROOM,
        };
        Updater::new(staged, journal, running)
    }

    /// The first slot.
    pub(crate) fn runs(&self) -> Vec<u8> {
        self.flash.borrow().bytes[..usize::try_from(ROOM).unwrap()].to_vec()
    }

    /// Whether the first slot holds exactly this image.
    pub(crate) fn runs_image(&self, image: &[u8]) -> bool {
        self.runs().starts_with(image)
    }

    pub(crate) fn power_for(&self, steps: usize) {
        self.flash.borrow_mut().power_for(steps);
    }

    pub(crate) fn phase(&self) -> UpdatePhase {
        phase_of(&self.program().status())
    }
}

pub(crate) fn phase_of(reply: &Reply) -> UpdatePhase {
    let Reply::Update(UpdateStatus { phase, .. }) = reply else {
        panic!("{reply:?}");
    };
    *phase
}

/// Sends a whole image; the first answer that is not "go on" ends it.
pub(crate) fn send(program: &mut impl Updates, image: &[u8]) -> Reply {
    let image_bytes = u32::try_from(image.len()).unwrap();
    let begun = program.begin(image_bytes, name_of(image));
    if !matches!(begun, Reply::Update(_)) {
        return begun;
    }
    for (offset, piece) in (0_u32..).step_by(PAGE / 2).zip(image.chunks(PAGE / 2)) {
        let answer = program.chunk(offset, piece);
        if !matches!(answer, Reply::Update(_)) {
            return answer;
        }
    }
    program.commit()
}
