//! What a frame says about its camera.

/// How a camera that sends frames is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It shows the gate.
    Ok,
    /// The same frame again and again.
    Frozen,
    /// Too little light to see a face.
    Dark,
    /// Nothing but one even surface: something hangs before it.
    Covered,
    /// No edges: out of focus or dirty.
    Blurred,
}

/// Measurements of one frame, taken on a gray copy of 160 columns with 8 bits a pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameFacts {
    /// Mean, 0 to 255.
    pub brightness: f64,
    /// Standard deviation, 0 to 127.
    pub contrast: f64,
    /// Variance of the Laplacian.
    pub sharpness: f64,
    /// Mean absolute difference to the frame looked at before; `None` for the first.
    pub change: Option<f64>,
}

/// Below this mean no face is found by the detector in practice.
const DARK: f64 = 22.0;
/// A gate's view, even at night, varies more than this.
const EVEN: f64 = 9.0;
/// Below this variance nothing in the view has an edge. On a sharp view it is above 200.
const EDGELESS: f64 = 12.0;
/// A living sensor's noise and compression change each frame by more than this.
const STILL: f64 = 0.002;
/// How long a view must look wrong before the lamp says so, ms: somebody may lean on the camera.
const HOLD_MS: u64 = 4_000;

/// Turns measurements into a lamp that does not flicker.
#[derive(Debug, Default)]
pub struct ConditionWatch {
    shown: Option<Condition>,
    seen: Option<(Condition, u64)>,
}

impl ConditionWatch {
    /// Takes the measurements of one frame; answers with a condition when it changes.
    pub fn take(&mut self, now_ms: u64, facts: &FrameFacts) -> Option<Condition> {
        let condition = judge(facts);
        let since_ms = match self.seen {
            Some((seen, since_ms)) if seen == condition => since_ms,
            _ => now_ms,
        };
        self.seen = Some((condition, since_ms));
        let held = now_ms.saturating_sub(since_ms) >= HOLD_MS;
        // The first look at a healthy view and a view that is healthy again count at once.
        let counts = held || condition == Condition::Ok;
        if !counts || self.shown == Some(condition) {
            return None;
        }
        self.shown = Some(condition);
        Some(condition)
    }
}

fn judge(facts: &FrameFacts) -> Condition {
    if facts.change.is_some_and(|change| change < STILL) {
        Condition::Frozen
    } else if facts.brightness < DARK {
        Condition::Dark
    } else if facts.contrast < EVEN {
        Condition::Covered
    } else if facts.sharpness < EDGELESS {
        Condition::Blurred
    } else {
        Condition::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::{Condition, ConditionWatch, FrameFacts};

    const FINE: FrameFacts = FrameFacts {
        brightness: 110.0,
        contrast: 50.0,
        sharpness: 900.0,
        change: Some(1.5),
    };

    #[test]
    fn each_trouble_has_its_lamp() {
        for (facts, expected) in [
            (
                FrameFacts {
                    change: Some(0.0),
                    ..FINE
                },
                Condition::Frozen,
            ),
            (
                FrameFacts {
                    brightness: 9.0,
                    ..FINE
                },
                Condition::Dark,
            ),
            (
                FrameFacts {
                    contrast: 3.0,
                    ..FINE
                },
                Condition::Covered,
            ),
            (
                FrameFacts {
                    sharpness: 4.0,
                    ..FINE
                },
                Condition::Blurred,
            ),
        ] {
            let mut watch = ConditionWatch::default();
            assert_eq!(watch.take(0, &FINE), Some(Condition::Ok));
            assert_eq!(watch.take(1_000, &facts), None, "a moment is no fault");
            assert_eq!(watch.take(4_999, &facts), None);
            assert_eq!(watch.take(5_000, &facts), Some(expected));
            assert_eq!(watch.take(6_000, &facts), None, "told once");
            assert_eq!(
                watch.take(6_500, &FINE),
                Some(Condition::Ok),
                "back at once"
            );
        }
    }

    #[test]
    fn a_lamp_does_not_flicker() {
        let mut watch = ConditionWatch::default();
        let dark = FrameFacts {
            brightness: 9.0,
            ..FINE
        };
        for now_ms in (0..60_000).step_by(2_000) {
            let facts = if now_ms % 4_000 == 0 { FINE } else { dark };
            let told = watch.take(now_ms, &facts);
            assert_eq!(told, (now_ms == 0).then_some(Condition::Ok));
        }
    }
}
