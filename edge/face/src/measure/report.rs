//! `menwei-face report`: what the models do with the pictures of a site.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::embedding::Embedding;
use crate::error::FaceError;
use crate::measure::pairs::{self, Pair};
use crate::measure::plot::svg;
use crate::measure::rates::{Rate, at_least, proposed, spread};
use crate::measure::robust::robustness;
use crate::models;
use crate::quality::Purpose;
use crate::vision::{Engine, read};

/// Rows of the table. 0.363 is what the model's authors recommend for one pair.
const THRESHOLDS: [f64; 8] = [0.30, 0.363, 0.40, 0.45, 0.50, 0.55, 0.60, 0.65];

/// What to measure.
#[derive(Debug)]
pub(crate) struct ReportPlan {
    pub(crate) pictures: PathBuf,
    pub(crate) models: PathBuf,
    pub(crate) roster: u32,
    pub(crate) svg: Option<PathBuf>,
    /// Whether the second picture of each pair is spoiled, too, in every way that is known.
    pub(crate) robust: bool,
}

/// Measures and describes.
///
/// # Errors
/// No models, no pictures, or a file that cannot be written.
pub(crate) fn report(plan: &ReportPlan) -> Result<String, FaceError> {
    let mut engine = Engine::load(&models::check(&plan.models)?)?;
    let pairs = pairs::read(&plan.pictures)?;
    let mut faces: BTreeMap<&Path, Option<Embedding>> = BTreeMap::new();
    for path in pairs.iter().flat_map(|pair| [&pair.a, &pair.b]) {
        if !faces.contains_key(path.as_path()) {
            let looked = match read(path) {
                Ok(image) => engine.look(&image, Purpose::Measure)?,
                Err(why) => Err(why),
            };
            faces.insert(path, looked.ok().map(|usable| usable.embedding));
        }
    }
    let similarities = |same: bool| -> Vec<f64> {
        let of_kind = pairs.iter().filter(|pair| pair.same == same);
        of_kind
            .filter_map(|Pair { a, b, .. }| {
                let (a, b) = (faces.get(a.as_path())?, faces.get(b.as_path())?);
                Some(f64::from(a.as_ref()?.similarity(b.as_ref()?)))
            })
            .collect()
    };
    let (genuine, impostors) = (similarities(true), similarities(false));
    let proposal = proposed(&impostors, plan.roster);
    if let Some(path) = &plan.svg {
        let lines: Vec<f64> = [0.363].into_iter().chain(proposal).collect();
        std::fs::write(path, svg(&genuine, &impostors, &lines))
            .map_err(|source| FaceError::io("write the plot", path, source))?;
    }
    let without = faces.values().filter(|face| face.is_none()).count();
    let summary = Summary {
        genuine: &genuine,
        impostors: &impostors,
        pictures: faces.len(),
        without,
    };
    let mut text = summary.text(plan.roster, proposal);
    if plan.robust {
        text.push_str(&robustness(&mut engine, &pairs)?);
    }
    Ok(text)
}

struct Summary<'a> {
    genuine: &'a [f64],
    impostors: &'a [f64],
    pictures: usize,
    without: usize,
}

impl Summary<'_> {
    fn text(&self, roster: u32, proposal: Option<f64>) -> String {
        let mut out = format!(
            "pictures {} (without a face {}), genuine pairs {}, impostor pairs {}\n\n\
             threshold   TAR               95 %               FAR               95 %\n",
            self.pictures,
            self.without,
            self.genuine.len(),
            self.impostors.len()
        );
        for threshold in THRESHOLDS {
            let cells = [self.genuine, self.impostors].map(|kind| at_least(kind, threshold));
            let [tar, far] = cells.map(cell);
            let line = writeln!(out, "{threshold:<11.3} {tar}  {far}");
            debug_assert!(line.is_ok(), "a String takes every text");
        }
        let (mean, deviation) = spread(self.impostors);
        let most = |values: &[f64]| values.iter().copied().max_by(f64::total_cmp);
        let least = self.genuine.iter().copied().min_by(f64::total_cmp);
        let lines = writeln!(
            out,
            "\nimpostors: mean {mean:.3}, deviation {deviation:.3}, highest {:.3}; lowest genuine {:.3}",
            most(self.impostors).unwrap_or(f64::NAN),
            least.unwrap_or(f64::NAN)
        );
        debug_assert!(lines.is_ok(), "a String takes every text");
        let lines = match proposal {
            Some(threshold) => writeln!(
                out,
                "proposed for one face among {roster}: {threshold:.3} (one stranger of a thousand, \
                 if impostors are spread as a normal curve beyond the pairs seen)"
            ),
            None => writeln!(out, "no impostor pairs: no threshold can be proposed"),
        };
        debug_assert!(lines.is_ok(), "a String takes every text");
        out.push_str(
            "Pairs that share a picture or a person are not independent: the intervals are too narrow for them.\n",
        );
        out
    }
}

fn cell(rate: Rate) -> String {
    let count = format!("{}/{}", rate.count, rate.total);
    let share = format!("{:.4}", rate.share());
    let interval = format!("{:.4}..{:.4}", rate.low, rate.high);
    format!("{count:>9} {share}  {interval:<17}")
}
