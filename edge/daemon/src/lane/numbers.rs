//! What a lane calls its records. A record's number begins at 1 again with every epoch, and an epoch may
//! begin while somebody is between the arms: so the lane's number names the epoch, too.

use edge_domain::{Act, LaneMemory, Record};
use edge_store::presentation_key;

/// Numbers of records lie below.
const SEQ_BITS: u32 = 40;

/// The lane's number of a record.
pub fn number(epoch_no: u32, seq: u64) -> u64 {
    u64::from(epoch_no) << SEQ_BITS | (seq & ((1 << SEQ_BITS) - 1))
}

/// The ledger's key of a record by the lane's number of it.
pub(crate) fn ledger_key(number: u64) -> Option<i64> {
    let epoch_no = u32::try_from(number >> SEQ_BITS).ok()?;
    presentation_key(epoch_no, number & ((1 << SEQ_BITS) - 1))
}

/// A lane's memory, which the ledger gives with the numbers of one epoch.
pub fn numbered(epoch_no: u32, mut memory: LaneMemory) -> LaneMemory {
    for grant in &mut memory.grants {
        grant.seq = number(epoch_no, grant.seq);
    }
    memory
}

/// The record as it is written into an epoch: it names others of that epoch by their numbers there, and
/// those of another epoch not at all.
pub(crate) fn within(epoch_no: u32, record: &Record) -> Record {
    let narrow = |number: Option<u64>| {
        let here = |number: &u64| *number >> SEQ_BITS == u64::from(epoch_no);
        number
            .filter(here)
            .map(|number| number & ((1 << SEQ_BITS) - 1))
    };
    let mut record = record.clone();
    match &mut record.act {
        Act::Presentation(one) => one.of = narrow(one.of),
        Act::Passage(one) => one.presentation = narrow(one.presentation),
        Act::Gate(one) => one.presentation = narrow(one.presentation),
        Act::Override(_)
        | Act::Emergency(_)
        | Act::Worker { .. }
        | Act::Project { .. }
        | Act::Employer(_)
        | Act::Team(_)
        | Act::RosterApplied(_)
        | Act::Entry { .. }
        | Act::Exit { .. }
        | Act::Contract { .. }
        | Act::Training { .. }
        | Act::HealthCertificate { .. }
        | Act::FaceConsent { .. }
        | Act::Blacklist { .. }
        | Act::Visit { .. }
        | Act::VisitEnded { .. }
        | Act::CorrectionRequest(_)
        | Act::Correction(_)
        | Act::CorrectionRefused { .. }
        | Act::MonthClosed { .. }
        | Act::Suspended(_)
        | Act::Wage(_)
        | Act::Audit(_) => {}
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use edge_domain::{ClockQuality, Direction, LaneId, Moment, PassageOutcome, PassageRecord};

    fn passage(presentation: Option<u64>) -> Record {
        Record {
            at: Moment {
                wall_ms: 1,
                boot: 1,
                mono_ms: 1,
                quality: ClockQuality::Synced,
            },
            act: Act::Passage(PassageRecord {
                lane: LaneId::parse("gate-1").unwrap(),
                direction: Direction::In,
                outcome: PassageOutcome::Passed,
                presentation,
                worker: None,
                visit: None,
                counted: false,
                moved: false,
                board: None,
            }),
        }
    }

    #[test]
    fn the_key_of_a_record_is_the_ledgers() {
        for (epoch_no, seq) in [(1, 1), (3, 246)] {
            let wanted = presentation_key(epoch_no, seq);
            assert!(wanted.is_some());
            assert_eq!(ledger_key(number(epoch_no, seq)), wanted);
        }
    }

    #[test]
    fn a_record_names_only_records_of_its_own_epoch() {
        let of = |epoch_no| Some(number(epoch_no, 17));
        assert_eq!(within(3, &passage(of(3))), passage(Some(17)));
        assert_eq!(within(4, &passage(of(3))), passage(None));
        assert_eq!(within(4, &passage(None)), passage(None));
    }
}
