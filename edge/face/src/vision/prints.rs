//! Names for the very pixels of a face.

use opencv::core::{self, Mat, Rect};
use opencv::prelude::*;

use crate::error::FaceError;
use crate::number::{coordinate, pixel, short};
use crate::quality::Face;

/// Sides of a tile, pixels. Tiles lie on a grid of the frame, so that a face that is found a little
/// aside in the same frame has the same tiles.
const TILE: i32 = 24;

/// One tile of the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tile {
    pub(crate) column: i32,
    pub(crate) row: i32,
    /// Mean of its gray levels, 0 to 255.
    pub(crate) mean: f32,
}

/// The tiles of a face, each by its pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prints {
    /// Those that lie wholly inside the face.
    pub(crate) inside: Vec<u64>,
    /// Those that touch it.
    pub(crate) around: Vec<u64>,
    /// The same with their light.
    pub(crate) tiles: Vec<Tile>,
}

impl Prints {
    /// # Errors
    /// `OpenCV` fails.
    pub(crate) fn of(image: &Mat, face: &Face) -> Result<Self, FaceError> {
        let size = image.size()?;
        let first = |start: f32| (pixel(start) / TILE).max(0);
        let last = |end: f32, side: i32| (pixel(end) / TILE).min(side / TILE - 1);
        let (left, top) = (first(face.left), first(face.top));
        let right = last(face.left + face.width, size.width);
        let bottom = last(face.top + face.height, size.height);
        let mut prints = Self {
            inside: Vec::new(),
            around: Vec::new(),
            tiles: Vec::new(),
        };
        for row in top..=bottom {
            for column in left..=right {
                let place = Rect::new(column * TILE, row * TILE, TILE, TILE);
                let part = Mat::roi(image, place)?;
                let [blue, green, red, _] = core::mean_def(&part)?.0;
                prints.tiles.push(Tile {
                    column,
                    row,
                    mean: short((blue + green + red) / 3.0),
                });
                let name = name(&part)?;
                prints.around.push(name);
                let (x, y) = (coordinate(column * TILE), coordinate(row * TILE));
                let tile = coordinate(TILE);
                let across = x >= face.left && x + tile <= face.left + face.width;
                if across && y >= face.top && y + tile <= face.top + face.height {
                    prints.inside.push(name);
                }
            }
        }
        Ok(prints)
    }
}

/// FNV-1a: tells whether the very same bytes came before, nothing more.
fn name(tile: &impl MatTraitConst) -> Result<u64, FaceError> {
    let tile = tile.try_clone()?;
    let bytes = tile.data_bytes()?.iter();
    Ok(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}
