//! Every target in short: its seeds are still understood, and damaged ones do no harm.

use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::sample::Index;
use proptest::test_runner::Config;

use crate::TARGETS;

#[test]
fn every_target_understands_some_seed_of_its_own() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        let understood = seeds.iter().filter(|seed| (target.run)(seed)).count();
        let sealed = target.name == "sealed_text";
        assert!(
            understood > 0 || sealed,
            "{}: no seed is understood",
            target.name
        );
    }
}

proptest! {
    #![proptest_config(Config::with_cases(64))]

    #[test]
    fn damaged_seeds_do_no_harm(
        which in any::<Index>(),
        cut in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>()), 0..6),
    ) {
        for target in TARGETS {
            let seeds = (target.seeds)();
            let mut bytes = seeds[which.index(seeds.len())].clone();
            for (at, byte) in &changes {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            (target.run)(&bytes);
            bytes.truncate(cut.index(bytes.len() + 1).min(target.bytes_max));
            (target.run)(&bytes);
        }
    }

    #[test]
    fn noise_does_no_harm(bytes in vec(any::<u8>(), 0..400)) {
        for target in TARGETS {
            (target.run)(&bytes);
        }
    }
}
