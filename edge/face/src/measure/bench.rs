//! One side of `./dev bench face`: does what each line of its input names, and answers with the time
//! that it took, so that two programs can take turns in one run.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use opencv::core::Mat;

use crate::clock::now_ns;
use crate::embedding::{DIMENSIONS, Embedding};
use crate::error::FaceError;
use crate::gallery::Gallery;
use crate::models;
use crate::number::short;
use crate::quality::{Face, Purpose, choose};
use crate::track::Track;
use crate::vision::{Engine, read};

/// People compared with where a whole decision is timed.
const ROSTER: u32 = 10_000;

/// What is measured with.
pub(crate) struct BenchPlan {
    pub(crate) models: PathBuf,
    /// A frame of 640x480 with one face.
    pub(crate) picture: PathBuf,
}

struct Bench {
    engine: Engine,
    frame: Mat,
    face: Face,
    probe: Embedding,
    track: Track,
    galleries: BTreeMap<u32, Gallery>,
    streams: BTreeMap<u32, Vec<[f32; DIMENSIONS]>>,
}

/// Answers lines until there are no more: `detect`, `embed`, `decide`, `decide 1`, `identify N`,
/// `stream N` with nanoseconds.
///
/// # Errors
/// Models or picture cannot be used.
pub(crate) fn bench(plan: &BenchPlan) -> Result<(), FaceError> {
    let unusable = || FaceError::Models(format!("照片用不了：{}", plan.picture.display()));
    let mut engine = Engine::load(&models::check(&plan.models)?)?;
    let frame = read(&plan.picture).map_err(|_| unusable())?;
    let face = choose(&engine.find(&frame)?, Purpose::Gate).map_err(|_| unusable())?;
    let usable = engine.embed(&frame, &face, Purpose::Gate)?;
    let mut bench = Bench {
        engine,
        frame,
        face,
        probe: usable.map_err(|_| unusable())?.embedding,
        track: Track::default(),
        galleries: BTreeMap::new(),
        streams: BTreeMap::new(),
    };
    let failed = |source| FaceError::io("talk over", Path::new("stdin"), source);
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let took = bench.answer(&line.map_err(failed)?)?;
        writeln!(out, "{took}")
            .and_then(|()| out.flush())
            .map_err(failed)?;
    }
    Ok(())
}

impl Bench {
    /// Nanoseconds of what the line names; 0 for anything else.
    fn answer(&mut self, line: &str) -> Result<u64, FaceError> {
        let (what, count) = line.split_once(' ').unwrap_or((line, "0"));
        let count = count.parse().unwrap_or(0);
        self.prepare(what, count);
        let begin = now_ns();
        match what {
            "detect" => drop(black_box(self.engine.find(&self.frame)?)),
            "embed" => {
                let embedded = self.engine.embed(&self.frame, &self.face, Purpose::Gate)?;
                drop(black_box(embedded));
            }
            // Count 0: a frame that shows somebody new; else whoever stood there in the one before.
            "decide" => {
                if count == 0 {
                    self.track.lost();
                }
                if let Ok(usable) = self.engine.watch(&self.frame, &mut self.track)? {
                    let gallery = self.galleries.get(&ROSTER);
                    black_box(gallery.and_then(|gallery| gallery.nearest(&usable.embedding)));
                }
            }
            "identify" => {
                let gallery = self.galleries.get(&count);
                black_box(gallery.and_then(|gallery| gallery.nearest(&self.probe)));
            }
            "stream" => {
                black_box(self.streams.get(&count).map(|rows| sum(rows)));
            }
            _ => return Ok(0),
        }
        Ok(now_ns().saturating_sub(begin))
    }

    fn prepare(&mut self, what: &str, count: u32) {
        match what {
            "decide" => drop(
                self.galleries
                    .entry(ROSTER)
                    .or_insert_with(|| people(ROSTER)),
            ),
            "identify" => drop(self.galleries.entry(count).or_insert_with(|| people(count))),
            "stream" => drop(self.streams.entry(count).or_insert_with(|| rows(count))),
            _ => {}
        }
    }
}

fn people(count: u32) -> Gallery {
    let mut gallery = Gallery::default();
    for (worker, row) in (1..=count).zip(rows(count)) {
        gallery.put(worker, Embedding::new(&row).into_iter().collect());
    }
    gallery
}

/// Numbers without meaning, the same in every run.
fn rows(count: u32) -> Vec<[f32; DIMENSIONS]> {
    let mut state = 20_261_122_u32;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        short(f64::from(state) / f64::from(u32::MAX) - 0.5)
    };
    (0..count)
        .map(|_| std::array::from_fn(|_| number()))
        .collect()
}

/// Reads every number once: nothing that compares can be faster.
fn sum(rows: &[[f32; DIMENSIONS]]) -> f32 {
    let mut sums = [0.0_f32; 32];
    for row in rows {
        for part in row.as_chunks::<32>().0 {
            for (sum, one) in sums.iter_mut().zip(part) {
                *sum += one;
            }
        }
    }
    sums.iter().sum()
}
