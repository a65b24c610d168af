//! The parts, in the order in which they begin.

use crate::kills;
use crate::part::Part;

/// All of `./dev prove`.
pub(crate) const PARTS: &[Part] = &[Part {
    name: "kills",
    share: 5,
    floors: &[("kills", 200)],
    zeros: &["lost", "duplicated", "reordered"],
    run: kills::prove,
}];

/// All of `./dev prove --mutants`.
pub(crate) const MUTANTS: &[Part] = &[];
