//! What one camera sees.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, Rgb, RgbImage};

use crate::camera::album::{Album, Shot};
use crate::error::SimError;
use crate::seed::Seeded;

/// Size of the camera's picture.
const COLUMNS: u32 = 640;
const ROWS: u32 = 480;
/// Pixels that the sensor's noise touches in each frame.
const NOISE_PIXELS: u32 = 3_000;
const QUALITY: u8 = 88;

/// What a person before the camera does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Showing {
    #[default]
    /// Stands there alive: small changes of place, size and light from frame to frame.
    Alive,
    /// Feeds in one and the same picture.
    Still,
    /// Plays the same second again and again.
    Loop,
    /// Stands there as a print on a stand does: only the sensor's noise differs.
    Print,
    /// Stands there alive, and somebody else as near beside him.
    Beside,
}

/// Frames of a recording that is played again: one second.
const LOOP_FRAMES: usize = 8;

#[derive(Debug)]
struct Scene {
    shot: Option<Shot>,
    showing: Showing,
    seeded: Seeded,
    /// Frames of a recording; the first comes next.
    recording: VecDeque<Vec<u8>>,
    /// The other person beside.
    beside: Option<Shot>,
}

/// One camera. Clones are the same one.
#[derive(Debug, Clone)]
pub struct CameraHandle {
    album: Arc<OnceLock<Album>>,
    scene: Arc<Mutex<Scene>>,
}

impl CameraHandle {
    /// A camera with nobody before it.
    pub fn new(album: Arc<OnceLock<Album>>, seed: u64) -> Self {
        let scene = Scene {
            shot: None,
            showing: Showing::Alive,
            seeded: Seeded::new(seed),
            recording: VecDeque::new(),
            beside: None,
        };
        Self {
            album,
            scene: Arc::new(Mutex::new(scene)),
        }
    }

    /// Puts somebody before the camera, in place of whoever is there; `None` leaves it empty.
    pub fn show(&self, name: Option<&str>, showing: Showing) -> Result<(), SimError> {
        let shot = match name {
            Some(name) => Some(
                self.album
                    .get()
                    .and_then(|album| album.find(name))
                    .cloned()
                    .ok_or_else(|| SimError::Unknown {
                        what: "picture",
                        name: name.to_owned(),
                    })?,
            ),
            None => None,
        };
        let other = self.album.get().zip(name).and_then(|(album, name)| {
            let mut others = album
                .names()
                .filter(|other| other.get(..1) != name.get(..1));
            album.find(others.next()?).cloned()
        });
        let mut scene = self.lock();
        scene.shot = shot;
        scene.showing = showing;
        scene.recording.clear();
        scene.beside = other.filter(|_| showing == Showing::Beside);
        Ok(())
    }

    /// The next frame as a JPEG file. Takes some milliseconds: not for a thread that drives lines.
    pub fn frame(&self) -> Result<Vec<u8>, SimError> {
        let mut scene = self.lock();
        let recorded = match scene.showing {
            Showing::Still => 1,
            Showing::Loop => LOOP_FRAMES,
            Showing::Alive | Showing::Print | Showing::Beside => 0,
        };
        if recorded > 0 && scene.recording.len() >= recorded {
            scene.recording.rotate_left(1);
            return Ok(scene.recording.back().cloned().unwrap_or_default());
        }
        let picture = scene.paint();
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, QUALITY)
            .encode(picture.as_raw(), COLUMNS, ROWS, ExtendedColorType::Rgb8)
            .map_err(|source| SimError::Frame {
                source: Box::new(source),
            })?;
        if recorded > 0 {
            scene.recording.push_back(file.clone());
        }
        Ok(file)
    }

    fn lock(&self) -> MutexGuard<'_, Scene> {
        self.scene.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Scene {
    fn paint(&mut self) -> RgbImage {
        let mut canvas = RgbImage::from_pixel(COLUMNS, ROWS, Rgb([150, 158, 150]));
        // Something with edges behind everybody: posts of the gate.
        for post in 0..8_u32 {
            let bar = RgbImage::from_pixel(18, ROWS, Rgb([70, 74, 70]));
            imageops::overlay(&mut canvas, &bar, i64::from(post * 90 + 10), 0);
        }
        let between = |seeded: &mut Seeded, low: u64, high: u64| {
            i64::try_from(seeded.between(low, high)).unwrap_or(0)
        };
        let moves = self.showing != Showing::Print;
        let aside = i64::from(COLUMNS / 4) * i64::from(self.beside.is_some());
        for (shot, aside) in [(&self.beside, aside), (&self.shot, -aside)] {
            let Some(shot) = shot else { continue };
            let percent = if moves {
                u32::try_from(self.seeded.between(92, 106)).unwrap_or(100)
            } else {
                100
            };
            let scaled = |side: u32| side.saturating_mul(percent) / 100;
            let (columns, rows) = shot.portrait.dimensions();
            let person = imageops::resize(
                &shot.portrait,
                scaled(columns).max(1),
                scaled(rows).max(1),
                FilterType::Triangle,
            );
            let middle = i64::from(COLUMNS / 2) - i64::from(person.width() / 2);
            let (right, down) = if moves {
                let right = between(&mut self.seeded, 0, 24);
                (right, between(&mut self.seeded, 0, 16))
            } else {
                (12, 8)
            };
            let left = middle + aside + right - 12;
            let top = i64::from(ROWS) - i64::from(person.height()) + 20 + down;
            imageops::overlay(&mut canvas, &person, left, top);
        }
        let light = if moves {
            i32::try_from(self.seeded.between(0, 36)).unwrap_or(18) - 18
        } else {
            0
        };
        imageops::colorops::brighten_in_place(&mut canvas, light);
        for _ in 0..NOISE_PIXELS {
            let column = u32::try_from(self.seeded.below(u64::from(COLUMNS))).unwrap_or(0);
            let row = u32::try_from(self.seeded.below(u64::from(ROWS))).unwrap_or(0);
            let byte = self.seeded.byte();
            let Rgb(old) = *canvas.get_pixel(column, row);
            canvas.put_pixel(column, row, Rgb(old.map(|one| one ^ (byte & 0x0f))));
        }
        canvas
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{CameraHandle, Showing};

    #[test]
    fn a_living_view_changes_and_a_still_does_not() {
        let camera = CameraHandle::new(Arc::default(), 1);
        assert_ne!(camera.frame().unwrap(), camera.frame().unwrap());
        camera.show(None, Showing::Still).unwrap();
        assert_eq!(camera.frame().unwrap(), camera.frame().unwrap());
        camera.show(None, Showing::Loop).unwrap();
        let second = || -> Vec<_> { (0..8).map(|_| camera.frame().unwrap()).collect() };
        let first = second();
        assert_ne!(first[0], first[1]);
        assert_eq!(second(), first, "the same second again");
        camera.show(None, Showing::Print).unwrap();
        assert_ne!(camera.frame().unwrap(), camera.frame().unwrap());
        assert!(camera.show(Some("nobody"), Showing::Alive).is_err());
    }
}
