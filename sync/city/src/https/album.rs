//! Photos that boxes bring, as files by box and content: `photo/{box}/{two digits}/{sha256}.jpg`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Cursor;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use image::{ImageFormat, ImageReader};
use sha2::{Digest as _, Sha256};
use sync_wire::Hash;

use super::refusal::Refusal;
use crate::error::CityError;
use crate::registry::write_whole;

/// Largest photo, bytes.
pub(crate) const PHOTO_BYTES_MAX: usize = 50 * 1024;
/// Longest side of a photo, pixels.
const SIDE_MAX: u32 = 4_096;
/// Photos of one box: ten for each person that a roster can hold.
const PHOTOS_MAX: u64 = 200_000;
/// What a JPEG file ends with.
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

/// Every photo. Names are box ids from certificates and digests: neither holds a way elsewhere.
#[derive(Debug)]
pub struct Album {
    dir: PathBuf,
    /// How many photos each box has; held while one is written.
    counts: Mutex<BTreeMap<String, u64>>,
}

/// What became of a photo.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kept {
    Now,
    Before,
}

impl Album {
    /// Below the city's folder; counts what is there.
    pub fn open(dir: &Path) -> Result<Self, CityError> {
        let dir = dir.join("photo");
        let mut counts = BTreeMap::new();
        for home in folder(&dir)? {
            let mut count = 0_u64;
            for shelf in folder(&home)? {
                let photos = folder(&shelf)?;
                let whole = photos
                    .iter()
                    .filter(|one| one.extension().is_some_and(|end| end == "jpg"));
                count = count.saturating_add(u64::try_from(whole.count()).unwrap_or(u64::MAX));
            }
            if let Some(id) = home.file_name().and_then(|name| name.to_str()) {
                counts.insert(id.to_owned(), count);
            }
        }
        Ok(Self {
            dir,
            counts: Mutex::new(counts),
        })
    }

    /// How many photos a box has brought.
    pub fn count(&self, id: &str) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(id).copied().unwrap_or(0)
    }

    /// How many photos there are.
    pub fn total(&self) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.values().sum()
    }

    /// Keeps a photo. It is durable when this returns.
    pub(crate) fn keep(&self, id: &str, name: Hash, photo: &[u8]) -> Result<Kept, Refusal> {
        check(name, photo)?;
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(id.to_owned()).or_insert(0);
        let path = self.path(id, name);
        let is_new = match std::fs::read(&path) {
            Ok(old) if old == photo => return Ok(Kept::Before),
            // What the disk spoiled is replaced.
            Ok(_) => false,
            Err(_) => true,
        };
        if is_new && *count >= PHOTOS_MAX {
            return Err(Refusal::Full);
        }
        let written = make_folder(&path).and_then(|()| write_whole(&path, photo));
        written.map_err(|error| Refusal::own(&error))?;
        *count = count.saturating_add(u64::from(is_new));
        Ok(Kept::Now)
    }

    /// A photo of this box, if it is there and unspoiled.
    pub(crate) fn find(&self, id: &str, name: Hash) -> Result<Vec<u8>, Refusal> {
        let path = self.path(id, name);
        let photo = match std::fs::read(&path) {
            Ok(photo) => photo,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Refusal::NotThere);
            }
            Err(source) => return Err(Refusal::own(&CityError::ReadFile { path, source })),
        };
        if digest(&photo) == name {
            return Ok(photo);
        }
        tracing::error!(photo = %path.display(), "A photo is spoiled; its box must bring it again");
        Err(Refusal::NotThere)
    }

    fn path(&self, id: &str, name: Hash) -> PathBuf {
        let digits = name.to_hex();
        let first = digits.get(..2).unwrap_or_default();
        self.dir.join(id).join(first).join(format!("{digits}.jpg"))
    }
}

/// A photo is a whole JPEG file of sensible size, and named by its content.
fn check(name: Hash, photo: &[u8]) -> Result<(), Refusal> {
    if photo.len() > PHOTO_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    // Its head only is read: nothing is unpacked that a stranger made.
    let sides = ImageReader::with_format(Cursor::new(photo), ImageFormat::Jpeg).into_dimensions();
    let fits =
        |(width, height)| (1..=SIDE_MAX).contains(&width) && (1..=SIDE_MAX).contains(&height);
    if !sides.is_ok_and(fits) || !photo.ends_with(&END_OF_IMAGE) {
        return Err(Refusal::NoJpeg);
    }
    if digest(photo) != name {
        return Err(Refusal::WrongDigest);
    }
    Ok(())
}

fn digest(photo: &[u8]) -> Hash {
    Hash::from_bytes(Sha256::digest(photo).into())
}

/// What is in a folder; nothing where there is none.
fn folder(path: &Path) -> Result<Vec<PathBuf>, CityError> {
    let failed = |source| CityError::ReadFile {
        path: path.to_owned(),
        source,
    };
    match std::fs::read_dir(path) {
        Ok(entries) => entries.map(|one| Ok(one.map_err(failed)?.path())).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(failed(source)),
    }
}

/// The folders above a photo, and their entries on the disk.
fn make_folder(photo: &Path) -> Result<(), CityError> {
    let shelf = photo.parent().unwrap_or(photo);
    if shelf.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    let made = builder.create(shelf);
    // Shelf, box, all photos, city: each level's entry stands in the one above it.
    let durable = made.and_then(|()| {
        let mut above = shelf.ancestors().skip(1).take(3);
        above.try_for_each(|one| File::open(one)?.sync_all())
    });
    durable.map_err(|source| CityError::WriteFile {
        path: shelf.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one color.
    fn jpeg(side: u32, color: u8) -> Vec<u8> {
        let picture = image::RgbImage::from_pixel(side, side, image::Rgb([color; 3]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_photo_is_kept_once_and_outlives_the_program() {
        let home = tempfile::tempdir().unwrap();
        let photo = jpeg(64, 7);
        let name = digest(&photo);
        let album = Album::open(home.path()).unwrap();
        assert_eq!(album.keep("box-1", name, &photo), Ok(Kept::Now));
        assert_eq!(album.keep("box-1", name, &photo), Ok(Kept::Before));
        assert_eq!((album.count("box-1"), album.count("box-2")), (1, 0));
        assert_eq!(album.find("box-2", name), Err(Refusal::NotThere));
        let album = Album::open(home.path()).unwrap();
        assert_eq!(album.count("box-1"), 1);
        assert_eq!(album.find("box-1", name).unwrap(), photo);

        // What the disk spoiled is not handed out, and comes again.
        let path = album.path("box-1", name);
        std::fs::write(&path, b"spoiled").unwrap();
        assert_eq!(album.find("box-1", name), Err(Refusal::NotThere));
        assert_eq!(album.keep("box-1", name, &photo), Ok(Kept::Now));
        assert_eq!(album.find("box-1", name).unwrap(), photo);
        assert_eq!(album.count("box-1"), 1);
    }

    #[test]
    fn what_is_no_photo_of_that_name_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let album = Album::open(home.path()).unwrap();
        let photo = jpeg(64, 7);
        let refused = |bytes: &[u8], why: Refusal| {
            assert_eq!(album.keep("box-1", digest(bytes), bytes), Err(why));
        };
        assert_eq!(
            album.keep("box-1", digest(b"another"), &photo),
            Err(Refusal::WrongDigest)
        );
        refused(b"", Refusal::NoJpeg);
        refused(b"\xff\xd8\xff\xd9", Refusal::NoJpeg);
        refused(&photo[..photo.len() - 1], Refusal::NoJpeg);
        refused(b"\x89PNG\r\n\x1a\n", Refusal::NoJpeg);
        let mut large = photo.clone();
        large.truncate(photo.len() - 2);
        large.resize(PHOTO_BYTES_MAX - 1, 0);
        large.extend(END_OF_IMAGE);
        assert_eq!(large.len(), PHOTO_BYTES_MAX + 1);
        refused(&large, Refusal::TooLarge);
        // A head that promises a picture of 65,500 by 64.
        let at = photo
            .windows(2)
            .position(|two| two == [0xff, 0xc0])
            .unwrap();
        let mut wide = photo;
        wide[at + 7..at + 9].copy_from_slice(&65_500_u16.to_be_bytes());
        refused(&wide, Refusal::NoJpeg);
        assert_eq!(album.count("box-1"), 0);
    }
}
