//! True messages with a few bytes changed, left out or doubled.

use sync_wire::Topic;

use super::{beat, comparison, header, hello_of, lines, message};
use crate::common::{EPOCH, Ledger};

/// `SplitMix64` (Steele, Lea, Flood 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from(mixed ^ (mixed >> 31)).unwrap() % bound
    }
}

/// So many messages, each wrong in another place; the same seed makes the same ones.
pub(crate) fn noise(ledger: &Ledger, seed: u64, count: usize) -> Vec<(Topic, Vec<u8>)> {
    let state = format!(r#"{{"v":1,"state":"online","epoch":"{EPOCH}","software":"t","since":1}}"#);
    let open = message(&header(ledger, 6, 7), &lines(&ledger.bodies[5..7]));
    let sources = [
        (Topic::UpLive, open),
        (Topic::UpLive, ledger.live(6, 7)),
        (Topic::UpBulk, ledger.bulk(1, 9)),
        (Topic::UpCtl, hello_of(EPOCH)),
        (Topic::UpCtl, comparison(ledger, &[1, 2, 9])),
        (Topic::UpCtl, beat(|_| ())),
        (Topic::State, state.into_bytes()),
    ];
    let mut dice = Dice(seed);
    let wrong = |_| {
        let (topic, mut bytes) = sources[dice.below(sources.len())].clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len());
            match dice.below(4) {
                0 => bytes.truncate(at.max(1)),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, bytes[at]),
                _ => bytes[at] ^= 1 << dice.below(8),
            }
            if bytes.is_empty() {
                break;
            }
        }
        (topic, bytes)
    };
    (0..count).map(wrong).collect()
}
