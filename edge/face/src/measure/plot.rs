//! The spread of the similarities as an SVG picture.

use std::fmt::Write as _;

use crate::measure::rates::real;

const BINS: usize = 60;
const LOW: f64 = -0.2;
const HIGH: f64 = 1.0;
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 240.0;

/// Bars of both kinds of pairs, each as shares of its own kind, with lines at the thresholds.
pub(crate) fn svg(genuine: &[f64], impostors: &[f64], lines: &[f64]) -> String {
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {}\" font-family=\"sans-serif\" font-size=\"11\">\n",
        HEIGHT + 30.0
    );
    let x = |similarity: f64| (similarity - LOW) / (HIGH - LOW) * WIDTH;
    for (values, color) in [(impostors, "#c0392b"), (genuine, "#2471a3")] {
        let shares = shares(values);
        let most = shares.iter().copied().fold(0.01, f64::max);
        for (bin, share) in shares.iter().enumerate() {
            let height = share / most * (HEIGHT - 10.0);
            let left = real(bin) * WIDTH / real(BINS);
            let line = writeln!(
                out,
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{color}\" fill-opacity=\"0.6\"/>",
                HEIGHT - height,
                WIDTH / real(BINS) - 1.0
            );
            debug_assert!(line.is_ok(), "a String takes every text");
        }
    }
    for threshold in lines {
        let at = x(*threshold);
        let line = writeln!(
            out,
            "<path d=\"M{at:.1} 0V{HEIGHT}\" stroke=\"#333\" stroke-dasharray=\"3\"/><text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{threshold:.3}</text>",
            HEIGHT + 12.0
        );
        debug_assert!(line.is_ok(), "a String takes every text");
    }
    let line = writeln!(
        out,
        "<text x=\"4\" y=\"{}\">red: impostor pairs ({}), blue: genuine pairs ({}), each as shares of its own; similarity {LOW} to {HIGH}</text>\n</svg>",
        HEIGHT + 26.0,
        impostors.len(),
        genuine.len()
    );
    debug_assert!(line.is_ok(), "a String takes every text");
    out
}

fn shares(values: &[f64]) -> Vec<f64> {
    let step = (HIGH - LOW) / real(BINS);
    let edges = (0..BINS).map(|bin| LOW + step * real(bin));
    edges
        .map(|edge| {
            let inside = values
                .iter()
                .filter(|one| **one >= edge && **one < edge + step);
            real(inside.count()) / real(values.len().max(1))
        })
        .collect()
}
