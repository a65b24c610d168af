//! Portraits of real people, cut to what a gate's camera would see of them.
//!
//! The pictures are fetched at set-up (see `.ci/unpack_faces.py`) and never committed. Where a face is in
//! each of them is known, because only these five files are.

use std::collections::BTreeMap;
use std::path::Path;

use image::RgbImage;
use image::imageops::{self, FilterType};

use crate::error::SimError;

/// Rows of a cut portrait.
const ROWS: u32 = 440;
/// How much more than the face is cut out, in widths of the face: left and right, above, below.
const AROUND: (u32, u32, u32) = (1, 1, 2);

/// The pictures: name, file, and the face's left, top and width in it.
const SHOTS: [(&str, &str, [u32; 3]); 5] = [
    ("a1", "a/1.jpg", [372, 88, 238]),
    ("a2", "a/2.jpg", [195, 229, 274]),
    ("a3", "a/3.jpg", [639, 255, 267]),
    ("b1", "b/1.jpg", [428, 187, 282]),
    ("c1", "c/1.png", [178, 62, 89]),
];

/// One cut portrait.
#[derive(Debug, Clone)]
pub struct Shot {
    pub(super) portrait: RgbImage,
}

/// All portraits by their names: `a1`, `a2` and `a3` show one person, `b1` and `c1` two others.
#[derive(Debug, Clone, Default)]
pub struct Album {
    shots: BTreeMap<String, Shot>,
}

impl Album {
    /// Reads the pictures of a folder.
    pub fn read(folder: &Path) -> Result<Self, SimError> {
        let mut shots = BTreeMap::new();
        for (name, file, face) in SHOTS {
            let path = folder.join(file);
            let picture = image::open(&path).map_err(|source| SimError::Picture {
                path,
                source: Box::new(source),
            })?;
            let portrait = cut(&picture.into_rgb8(), face);
            shots.insert(name.to_owned(), Shot { portrait });
        }
        Ok(Self { shots })
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.shots.keys().map(String::as_str)
    }

    /// One of them.
    pub fn find(&self, name: &str) -> Option<&Shot> {
        self.shots.get(name)
    }
}

fn cut(picture: &RgbImage, [left, top, width]: [u32; 3]) -> RgbImage {
    let (beside, above, below) = AROUND;
    let from_x = left.saturating_sub(beside * width);
    let from_y = top.saturating_sub(above * width);
    let columns = (left + width + beside * width)
        .min(picture.width())
        .saturating_sub(from_x);
    let rows = (top + width + below * width)
        .min(picture.height())
        .saturating_sub(from_y);
    let part = imageops::crop_imm(picture, from_x, from_y, columns, rows).to_image();
    let columns = columns
        .saturating_mul(ROWS)
        .checked_div(rows)
        .unwrap_or(ROWS);
    imageops::resize(&part, columns.max(1), ROWS, FilterType::Triangle)
}
