//! All of it, in turn.

use std::sync::{Arc, OnceLock};

use hw_sim::{Album, CameraHandle, Showing};
use tests::{Faces, Result, bin_dir, percentile, repository};

use super::side::Side;
use crate::folder;
use crate::report::Report;

/// Measures this often; searches among 100,000 a tenth as often.
pub(crate) fn measure(rounds: u32) -> Result<()> {
    let folder = folder("face-files")?;
    let models = Faces::models();
    let frame = folder.join("frame.jpg");
    std::fs::write(&frame, somebody()?)?;
    let words = [models.display().to_string(), frame.display().to_string()];
    let program = bin_dir()?.join("menwei-face");
    let [models, picture] = &words;
    let ours = ["bench", "--models", models, picture];
    // As the unit file starts it.
    let without_avx512 = [("OPENCV_CPU_DISABLE", "AVX512-SKX")];
    let mut ours = Side::start(&program, &ours, &without_avx512)?;
    let script = repository().join("tests/bench/face/cv2_side.py");
    let script = script.display().to_string();
    let packages = repository().join("target/tools/cv2").display().to_string();
    // One thread for numpy's multiplication as for everything else.
    let one_thread = [
        ("PYTHONPATH", packages.as_str()),
        ("OPENBLAS_NUM_THREADS", "1"),
    ];
    let theirs = [script.as_str(), models, picture];
    let mut theirs = Side::start("/usr/bin/python3".as_ref(), &theirs, &one_thread)?;

    let mut report = Report::new("face");
    let mut seen = Figures::default();
    for _ in 0..rounds.div_ceil(10) {
        seen.look(&mut ours, &mut theirs)?;
    }
    seen = Figures::default();
    for _ in 0..rounds {
        seen.look(&mut ours, &mut theirs)?;
    }
    let rss_mib = ours.rss_mib()?;
    let (mut decide, mut followed) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        decide.push(ours.ask("decide")?);
        followed.push(ours.ask("decide 1")?);
    }
    let ms = |taken: &[f64], share| percentile(taken, share) / 1e6;
    report.add("cv2_detect_ms_p50", ms(&seen.their_detect, 0.5));
    report.add("cv2_embed_ms_p50", ms(&seen.their_embed, 0.5));
    let at_most = ms(&seen.their_detect, 0.5);
    report.add_at_most("detect_640x480_ms_p50", ms(&seen.detect, 0.5), at_most);
    let at_most = ms(&seen.their_embed, 0.5);
    report.add_at_most("embed_ms_p50", ms(&seen.embed, 0.5), at_most);
    report.add_at_most("frame_to_decision_ms_p50", ms(&decide, 0.5), 120.0);
    report.add("frame_to_decision_ms_p99", ms(&decide, 0.99));
    report.add("followed_frame_ms_p50", ms(&followed, 0.5));
    report.add_at_most("rss_mib", rss_mib, 200.0);
    identify(&mut report, (&mut ours, &mut theirs), rounds)?;
    report.finish()
}

/// What both sides took, ns.
#[derive(Default)]
struct Figures {
    detect: Vec<f64>,
    embed: Vec<f64>,
    their_detect: Vec<f64>,
    their_embed: Vec<f64>,
}

impl Figures {
    fn look(&mut self, ours: &mut Side, theirs: &mut Side) -> Result<()> {
        self.detect.push(ours.ask("detect")?);
        self.their_detect.push(theirs.ask("detect")?);
        self.embed.push(ours.ask("embed")?);
        self.their_embed.push(theirs.ask("embed")?);
        Ok(())
    }
}

fn identify(
    report: &mut Report,
    (ours, theirs): (&mut Side, &mut Side),
    rounds: u32,
) -> Result<()> {
    let (mut ten, mut stream, mut numpy, mut hundred) =
        <(Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
    for round in 0..rounds * 2 {
        let taken = [
            ours.ask("identify 10000")?,
            ours.ask("stream 10000")?,
            theirs.ask("identify 10000")?,
        ];
        // The first ones build what is searched.
        if round > 2 {
            ten.push(taken[0]);
            stream.push(taken[1]);
            numpy.push(taken[2]);
        }
    }
    for round in 0..rounds.div_ceil(10) + 2 {
        let taken = ours.ask("identify 100000")?;
        if round > 1 {
            hundred.push(taken);
        }
    }
    let us = |taken: &[f64]| percentile(taken, 0.5) / 1e3;
    report.add_at_most("identify_10k_us", us(&ten), 1.5 * us(&stream));
    report.add("stream_10k_us", us(&stream));
    report.add("numpy_10k_us", us(&numpy));
    report.add("identify_100k_us", us(&hundred));
    Ok(())
}

/// A frame of the simulator's camera with one person.
fn somebody() -> Result<Vec<u8>> {
    let album = OnceLock::new();
    let people = Faces::portrait("");
    album.set(Album::read(&people)?).map_err(|_| "set twice")?;
    let camera = CameraHandle::new(Arc::new(album), 1);
    camera.show(Some("a2"), Showing::Alive)?;
    Ok(camera.frame()?)
}
