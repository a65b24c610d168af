//! Records into a message that fits.

use sync_wire::message::{Compression, Header, Message, Tier};
use sync_wire::record::{ClockQuality, Sketch, at_of};
use sync_wire::{Hash, VERSION, WireError};

use crate::input::{LedgerRecord, Now};
use crate::settings::{Identity, Settings};

/// From here on, compression pays for its time.
const COMPRESS_BYTES_MIN: usize = 512;

/// A packed message and the last record in it.
pub(crate) struct Packed {
    pub(crate) payload: Vec<u8>,
    pub(crate) to: u64,
}

/// Packs as many of `records` as fit into `bytes_max`, at least one. `records` are without a gap from
/// `from`.
pub(crate) fn pack(
    (identity, settings, now): (&Identity, &Settings, Now),
    (epoch, tier): (&str, Tier),
    (prev, mut records): (Hash, Vec<LedgerRecord>),
    bytes_max: usize,
) -> Result<Packed, WireError> {
    loop {
        let message = message(identity, settings, now, (epoch, tier), (prev, &records))?;
        match message.encode() {
            Ok(payload) if payload.len() > bytes_max && records.len() > 1 => {
                // As many as fit by this message's measure, at least one fewer.
                let fit = records.len().saturating_mul(bytes_max) / payload.len();
                records.truncate(fit.clamp(1, records.len() - 1));
            }
            Ok(payload) => {
                return Ok(Packed {
                    payload,
                    to: message.header.to,
                });
            }
            Err(WireError::MessageTooLarge { .. }) if records.len() > 1 => {
                records.truncate(records.len() / 2);
            }
            Err(error) => return Err(error),
        }
    }
}

fn message(
    identity: &Identity,
    settings: &Settings,
    now: Now,
    (epoch, tier): (&str, Tier),
    (prev, records): (Hash, &[LedgerRecord]),
) -> Result<Message, WireError> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return Err(WireError::WrongRecordCount { promised: 0 });
    };
    let bytes: usize = records.iter().map(|record| record.body.len()).sum();
    let small = records.len() < 2 || bytes < COMPRESS_BYTES_MIN;
    let header = Header {
        v: VERSION,
        site: identity.site.clone(),
        r#box: identity.box_name.clone(),
        epoch: epoch.to_owned(),
        lane: tier,
        from: first.seq,
        to: last.seq,
        n: last.seq.saturating_sub(first.seq).saturating_add(1),
        z: if small {
            Compression::None
        } else {
            Compression::Zstd
        },
        prev,
        head: last.hash,
        sent_at: now.wall_ms,
        replay: records
            .iter()
            .any(|record| is_old(&record.body, now, settings)),
    };
    let bodies = records.iter().map(|record| record.body.clone()).collect();
    Ok(Message { header, bodies })
}

/// A record whose age is unknown, or that lies in the future, is treated as old: without the right time,
/// then or now, nobody can tell its age. So is one that was carried over: its act happened earlier
/// than its own time says.
fn is_old(body: &[u8], now: Now, settings: &Settings) -> bool {
    let late = at_of(body).is_none_or(|at| now.wall_ms.abs_diff(at) > settings.replay_age_ms);
    let sketch = Sketch::from_body(body);
    let timeless = |sketch: &Sketch| sketch.stamp.clock == ClockQuality::Unset;
    let odd = sketch.is_ok_and(|sketch| timeless(&sketch) || sketch.kind == "carried");
    late || odd || now.clock == ClockQuality::Unset
}

#[cfg(test)]
mod tests {
    use sync_wire::record::ClockQuality::{self, Holdover, Synced, Unset};

    use super::is_old;
    use crate::input::Now;
    use crate::settings::Settings;

    #[test]
    fn what_happened_just_now_is_new_and_what_nobody_can_date_is_old() {
        let settings = Settings::default();
        let wall_ms = 1_795_302_124_000;
        let body = |at: i64, clock: &str, kind: &str| {
            let stamp = format!(r#""at":{at},"boot":1,"mono":1,"clock":"{clock}""#);
            format!(r#"{{{stamp},"kind":"{kind}"}}"#).into_bytes()
        };
        let old = |body: Vec<u8>, clock: ClockQuality| {
            let now = Now {
                mono_ms: 1,
                wall_ms,
                clock,
            };
            is_old(&body, now, &settings)
        };
        let late = i64::try_from(settings.replay_age_ms).unwrap() + 1;
        for (at, written, kind, now, expected) in [
            (wall_ms, "synced", "presentation", Synced, false),
            (wall_ms - 1_000, "holdover", "presentation", Holdover, false),
            (wall_ms - late, "synced", "presentation", Synced, true),
            (wall_ms + late, "synced", "presentation", Synced, true),
            (wall_ms, "synced", "carried", Synced, true),
            (wall_ms, "unset", "presentation", Synced, true),
            (wall_ms, "synced", "presentation", Unset, true),
        ] {
            let said = old(body(at, written, kind), now);
            assert_eq!(said, expected, "{at} {written} {kind} {now:?}");
        }
        assert!(old(b"{}".to_vec(), Synced));
    }
}
