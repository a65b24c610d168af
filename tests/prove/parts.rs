//! The parts, in the order in which they begin.

use crate::part::Part;
use crate::{crash, fuzz, kills, mutants, power_cut, seeds, soak, tampering};

/// All of `./dev prove`.
pub(crate) const PARTS: &[Part] = &[
    Part {
        name: "tampering",
        share: 1,
        floors: &[("edits", 1_000), ("flips", 1_000)],
        zeros: &["undetected_edits"],
        run: tampering::prove,
    },
    Part {
        name: "kills",
        share: 5,
        floors: &[("kills", 200)],
        zeros: &["lost", "duplicated", "reordered"],
        run: kills::prove,
    },
    Part {
        name: "power_cut",
        share: 3,
        floors: &[("power_cut_points", 1_000)],
        zeros: &["lost", "opened_without_record"],
        run: power_cut::prove,
    },
    Part {
        name: "crash",
        share: 3,
        floors: &[("crash_points", 500)],
        zeros: &[
            "lost",
            "duplicated",
            "reordered",
            "opened_without_record",
            "trapped",
        ],
        run: crash::prove,
    },
    Part {
        name: "seeds",
        share: 2,
        floors: &[("seeds", 256), ("happenings", 100_000)],
        zeros: &[
            "lost",
            "duplicated",
            "reordered",
            "opened_without_record",
            "trapped",
        ],
        run: seeds::prove,
    },
    Part {
        name: "soak",
        share: 2,
        floors: &[
            ("soak_rounds_with_progress", 16),
            ("soak_resets", 16),
            ("soak_cuts", 8),
            ("soak_box_kills", 4),
            ("soak_city_kills", 4),
            ("soak_broker_kills", 4),
        ],
        zeros: &["lost", "duplicated", "reordered"],
        run: soak::prove,
    },
    Part {
        name: fuzz::NAME,
        share: 5,
        floors: &[("fuzz_execs", 1_000_000)],
        zeros: &["fuzz_crashes"],
        run: fuzz::prove,
    },
];

/// All of `./dev prove --mutants`.
pub(crate) const MUTANTS: &[Part] = &[Part {
    name: "mutants",
    share: 1,
    floors: &[("total", 25)],
    zeros: &[],
    run: mutants::prove,
}];
