//! The thread of one camera.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use opencv::core::{Mat, Size, Vector};
use opencv::prelude::*;
use opencv::{core, imgcodecs, imgproc, videoio};

use crate::address::CameraAddress;
use crate::condition::{Condition, ConditionWatch, FrameFacts};
use crate::error::CameraError;
use crate::slot::{Frame, FrameSlot};

/// Longest wait for an open and for a frame, ms. `OpenCV`'s own limit is half a minute.
const TIMEOUT_MS: i32 = 2_000;
/// Pause before the first try again, and the longest one, ms.
const BACKOFF_FIRST_MS: u64 = 500;
const BACKOFF_MAX_MS: u64 = 10_000;
/// Pause between two measurements of the view, ms.
const LOOK_MS: u64 = 500;
/// Pause between two pictures of a folder, ms.
const PICTURE_MS: u64 = 200;
/// Columns of the copy that is measured.
const FACTS_COLUMNS: i32 = 160;
/// Larger frames are refused: 4K is more than any gate needs.
const SIDE_MAX: i32 = 4_096;

/// One camera to run.
#[derive(Debug, Clone)]
pub struct CameraSettings {
    /// Where it is.
    pub address: CameraAddress,
    /// Milliseconds of a clock that never goes back.
    pub clock: fn() -> u64,
    /// Ends the thread.
    pub stop: Arc<AtomicBool>,
}

/// Runs one camera until it is told to stop: frames into `slot`, changes of its state to `tell`,
/// where `Err` is a camera that is gone.
pub fn run(
    settings: &CameraSettings,
    slot: &FrameSlot,
    tell: &mut dyn FnMut(Result<Condition, CameraError>),
) {
    let mut number = 0;
    let mut backoff_ms = BACKOFF_FIRST_MS;
    let mut offline = false;
    while !settings.stop.load(Ordering::Relaxed) {
        let mut got_one = false;
        let ended = Source::open(&settings.address).and_then(|mut source| {
            let mut eye = Eye::default();
            while !settings.stop.load(Ordering::Relaxed) {
                let image = source.next(&settings.stop)?;
                let at_ms = (settings.clock)();
                got_one = true;
                number += 1;
                if let Some(condition) = eye.look(at_ms, &image)? {
                    tell(Ok(condition));
                }
                slot.put(Frame {
                    number,
                    at_ms,
                    image,
                });
            }
            Ok(())
        });
        if got_one {
            backoff_ms = BACKOFF_FIRST_MS;
            offline = false;
        }
        if let Err(error) = ended
            && !offline
        {
            offline = true;
            tell(Err(error));
        }
        rest(&settings.stop, backoff_ms);
        backoff_ms = backoff_ms.saturating_mul(2).min(BACKOFF_MAX_MS);
    }
}

/// Waits without a clock of its own, in small steps so that a stop is heard.
fn rest(stop: &AtomicBool, total_ms: u64) {
    let (nobody, never) = (Mutex::new(()), Condvar::new());
    let mut left_ms = total_ms;
    while left_ms > 0 && !stop.load(Ordering::Relaxed) {
        let step_ms = left_ms.min(100);
        let guard = nobody.lock().unwrap_or_else(PoisonError::into_inner);
        drop(never.wait_timeout_while(guard, Duration::from_millis(step_ms), |()| true));
        left_ms -= step_ms;
    }
}

enum Source {
    Capture(videoio::VideoCapture),
    Pictures { files: Vec<PathBuf>, next: usize },
}

impl Source {
    fn open(address: &CameraAddress) -> Result<Self, CameraError> {
        let limits = Vector::<i32>::from_slice(&[
            videoio::CAP_PROP_OPEN_TIMEOUT_MSEC,
            TIMEOUT_MS,
            videoio::CAP_PROP_READ_TIMEOUT_MSEC,
            TIMEOUT_MS,
        ]);
        let capture = match address {
            CameraAddress::Folder(folder) => return pictures(folder),
            // This back end takes no limit when it opens; its own one comes from the environment
            // (OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT, set by the service's unit).
            CameraAddress::Device(path) => {
                let path = path.display().to_string();
                let mut capture = videoio::VideoCapture::from_file(&path, videoio::CAP_V4L2)?;
                // One buffer, where the driver allows it: an old frame is of no use.
                capture.set(videoio::CAP_PROP_BUFFERSIZE, 1.0)?;
                capture
            }
            CameraAddress::Stream(url) => {
                videoio::VideoCapture::from_file_with_params(url, videoio::CAP_FFMPEG, &limits)?
            }
            CameraAddress::Pipeline(pipeline) => {
                videoio::VideoCapture::from_file(pipeline, videoio::CAP_GSTREAMER)?
            }
        };
        if capture.is_opened()? {
            Ok(Self::Capture(capture))
        } else {
            Err(CameraError::NotOpened)
        }
    }

    fn next(&mut self, stop: &AtomicBool) -> Result<Mat, CameraError> {
        let mut image = Mat::default();
        match self {
            Self::Capture(capture) => {
                if !capture.read(&mut image)? {
                    return Err(CameraError::NoFrame);
                }
            }
            Self::Pictures { files, next } => {
                rest(stop, PICTURE_MS);
                let file = files.get(*next).ok_or(CameraError::NoFrame)?;
                *next = next.saturating_add(1).checked_rem(files.len()).unwrap_or(0);
                image = imgcodecs::imread(file.display().to_string(), imgcodecs::IMREAD_COLOR)?;
            }
        }
        let size = image.size()?;
        let fits = (1..=SIDE_MAX).contains(&size.width) && (1..=SIDE_MAX).contains(&size.height);
        if !fits || image.typ() != core::CV_8UC3 {
            return Err(CameraError::NoFrame);
        }
        Ok(image)
    }
}

fn pictures(folder: &Path) -> Result<Source, CameraError> {
    let none = || CameraError::NoPictures {
        folder: folder.to_owned(),
    };
    let entries = fs::read_dir(folder).map_err(|_| none())?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|word| word == "jpg" || word == "png")
        })
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(none());
    }
    Ok(Source::Pictures { files, next: 0 })
}

/// Looks at the view twice a second.
#[derive(Default)]
struct Eye {
    watch: ConditionWatch,
    looked_ms: Option<u64>,
    before: Option<Mat>,
}

impl Eye {
    fn look(&mut self, now_ms: u64, image: &Mat) -> Result<Option<Condition>, CameraError> {
        let due = self
            .looked_ms
            .is_none_or(|looked_ms| now_ms.saturating_sub(looked_ms) >= LOOK_MS);
        if !due {
            return Ok(None);
        }
        self.looked_ms = Some(now_ms);
        let (facts, gray) = facts(image, self.before.as_ref())?;
        self.before = Some(gray);
        Ok(self.watch.take(now_ms, &facts))
    }
}

fn facts(image: &Mat, before: Option<&Mat>) -> Result<(FrameFacts, Mat), CameraError> {
    let size = image.size()?;
    let rows = (size.height * FACTS_COLUMNS / size.width).max(1);
    let (mut gray, mut small) = (Mat::default(), Mat::default());
    imgproc::resize(
        image,
        &mut small,
        Size::new(FACTS_COLUMNS, rows),
        0.0,
        0.0,
        imgproc::INTER_AREA,
    )?;
    imgproc::cvt_color_def(&small, &mut gray, imgproc::COLOR_BGR2GRAY)?;
    let (brightness, contrast) = mean_and_deviation(&gray)?;
    let mut edges = Mat::default();
    imgproc::laplacian_def(&gray, &mut edges, core::CV_64F)?;
    let (_, edge_deviation) = mean_and_deviation(&edges)?;
    let change = match before.filter(|before| before.size().ok() == gray.size().ok()) {
        Some(before) => {
            let mut difference = Mat::default();
            core::absdiff(&gray, before, &mut difference)?;
            Some(mean_and_deviation(&difference)?.0)
        }
        None => None,
    };
    let facts = FrameFacts {
        brightness,
        contrast,
        sharpness: edge_deviation * edge_deviation,
        change,
    };
    Ok((facts, gray))
}

fn mean_and_deviation(image: &Mat) -> Result<(f64, f64), CameraError> {
    let (mut mean, mut deviation) = (Mat::default(), Mat::default());
    core::mean_std_dev_def(image, &mut mean, &mut deviation)?;
    Ok((*mean.at::<f64>(0)?, *deviation.at::<f64>(0)?))
}
