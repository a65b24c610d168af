//! Whether a found face can be compared.

use edge_face_protocol::Unusable;

/// Columns that a face must cover before the gate's camera. At 60 the held-out pairs still verify.
pub(crate) const WIDTH_MIN_GATE: f32 = 60.0;
/// Columns that a face must cover to be enrolled.
pub(crate) const WIDTH_MIN_ENROLL: f32 = 80.0;
/// A second face this large beside the first, by area, makes it unclear who is meant.
const RIVAL_AREA_GATE: f32 = 0.7;
const RIVAL_AREA_ENROLL: f32 = 0.3;
/// How much of a face's box may lie outside the picture.
const OUTSIDE_MAX: f32 = 0.10;
/// How far eyes, nose and mouth must be from the picture's edge, in widths of the face.
const EDGE_MIN: f32 = 0.05;
/// How far the nose may stand from the middle of the eyes, in distances between the eyes.
const TURN_MAX: f32 = 0.42;
/// How far the line through the eyes may lean, as rise over run: 35 degrees.
const LEAN_MAX: f32 = 0.70;
/// Bounds of the mean of the aligned face, 0 to 255.
const DARK_MAX: f32 = 38.0;
const BRIGHT_MIN: f32 = 228.0;
/// Variance of the Laplacian of the aligned face of 112 columns below which it is smeared.
const SHARP_MIN: f32 = 18.0;

/// A found face, in pixels of its picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Face {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Right eye, left eye, nose, right and left corner of the mouth, as the person has them.
    pub(crate) points: [[f32; 2]; 5],
    /// 0 to 1.
    pub(crate) score: f32,
}

impl Face {
    pub(crate) fn area(&self) -> f32 {
        self.width * self.height
    }

    /// The same face on a copy whose sides are `share` as long.
    pub(crate) fn scaled(&self, share: f32) -> Self {
        Self {
            left: self.left * share,
            top: self.top * share,
            width: self.width * share,
            height: self.height * share,
            points: self.points.map(|[x, y]| [x * share, y * share]),
            score: self.score,
        }
    }

    /// The same face in a picture that begins so far to the left and above.
    pub(crate) fn moved(&self, right: f32, down: f32) -> Self {
        Self {
            left: self.left + right,
            top: self.top + down,
            points: self.points.map(|[x, y]| [x + right, y + down]),
            ..*self
        }
    }

    /// Common area over joint area.
    pub(crate) fn overlap(&self, other: &Self) -> f32 {
        let across =
            (self.left + self.width).min(other.left + other.width) - self.left.max(other.left);
        let down = (self.top + self.height).min(other.top + other.height) - self.top.max(other.top);
        let common = across.max(0.0) * down.max(0.0);
        common / (self.area() + other.area() - common).max(f32::EPSILON)
    }
}

/// What a picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To let somebody pass.
    Gate,
    /// To make a template.
    Enroll,
    /// To measure how good the models are: only a face is asked for.
    Measure,
}

/// Measurements of the aligned face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Crop {
    pub(crate) brightness: f32,
    pub(crate) sharpness: f32,
}

/// The face that is meant: the largest, if it stands out.
pub(crate) fn choose(faces: &[Face], purpose: Purpose) -> Result<Face, Unusable> {
    let mut by_area: Vec<&Face> = faces.iter().collect();
    by_area.sort_by(|a, b| b.area().total_cmp(&a.area()));
    let first = by_area.first().ok_or(Unusable::NoFace)?;
    let rival = match purpose {
        Purpose::Gate => RIVAL_AREA_GATE,
        Purpose::Enroll => RIVAL_AREA_ENROLL,
        Purpose::Measure => f32::INFINITY,
    };
    match by_area.get(1) {
        Some(second) if second.area() > first.area() * rival => Err(Unusable::SeveralFaces),
        _ => Ok(**first),
    }
}

/// Whether size, place and pose allow a comparison; the picture has so many columns and rows.
pub(crate) fn check_place(face: &Face, size: (f32, f32), purpose: Purpose) -> Result<(), Unusable> {
    let width_min = match purpose {
        Purpose::Gate => WIDTH_MIN_GATE,
        Purpose::Enroll => WIDTH_MIN_ENROLL,
        Purpose::Measure => return Ok(()),
    };
    if face.width < width_min {
        return Err(Unusable::TooSmall);
    }
    let across = (face.left + face.width).min(size.0) - face.left.max(0.0);
    let down = (face.top + face.height).min(size.1) - face.top.max(0.0);
    if across.max(0.0) * down.max(0.0) < face.area() * (1.0 - OUTSIDE_MAX) {
        return Err(Unusable::Cut);
    }
    // Of half a face the detector guesses the rest within the picture: its points crowd at the edge.
    let inside = |at: f32, side: f32| {
        let edge = face.width * EDGE_MIN;
        at >= edge && at <= side - edge
    };
    let mut points = face.points.iter();
    if !points.all(|[x, y]| inside(*x, size.0) && inside(*y, size.1)) {
        return Err(Unusable::Cut);
    }
    let [right, left, nose, ..] = face.points;
    let (run, rise) = (left[0] - right[0], left[1] - right[1]);
    let distance = run.hypot(rise).max(f32::EPSILON);
    let middle = f32::midpoint(left[0], right[0]);
    // A leaning head moves the nose sideways too: measured along the line of the eyes.
    let aside = ((nose[0] - middle) * run + (nose[1] - f32::midpoint(left[1], right[1])) * rise)
        / (distance * distance);
    if run <= 0.0 || (rise / run).abs() > LEAN_MAX || aside.abs() > TURN_MAX {
        return Err(Unusable::Turned);
    }
    Ok(())
}

/// Whether light and focus allow a comparison.
pub(crate) fn check_crop(crop: Crop, purpose: Purpose) -> Result<(), Unusable> {
    if purpose == Purpose::Measure {
        return Ok(());
    }
    if crop.brightness < DARK_MAX {
        Err(Unusable::TooDark)
    } else if crop.brightness > BRIGHT_MIN {
        Err(Unusable::TooBright)
    } else if crop.sharpness < SHARP_MIN {
        Err(Unusable::Blurred)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use edge_face_protocol::Unusable;

    use super::{Crop, Face, Purpose, check_crop, check_place, choose};

    const SIZE: (f32, f32) = (640.0, 480.0);

    /// A face as wide as told that looks straight ahead.
    fn straight(left: f32, width: f32) -> Face {
        let at = |x: f32, y: f32| [left + x * width, 100.0 + y * width];
        Face {
            left,
            top: 100.0,
            width,
            height: width * 1.3,
            points: [
                at(0.3, 0.5),
                at(0.7, 0.5),
                at(0.5, 0.75),
                at(0.35, 1.0),
                at(0.65, 1.0),
            ],
            score: 0.9,
        }
    }

    #[test]
    fn the_largest_is_meant_unless_another_is_nearly_as_large() {
        let (near, far) = (straight(50.0, 120.0), straight(300.0, 60.0));
        assert_eq!(choose(&[far, near], Purpose::Gate), Ok(near));
        assert_eq!(choose(&[], Purpose::Gate), Err(Unusable::NoFace));
        let beside = straight(300.0, 110.0);
        assert_eq!(
            choose(&[near, beside], Purpose::Gate),
            Err(Unusable::SeveralFaces)
        );
        let behind = straight(300.0, 75.0);
        assert_eq!(choose(&[near, behind], Purpose::Gate), Ok(near));
        assert_eq!(
            choose(&[near, behind], Purpose::Enroll),
            Err(Unusable::SeveralFaces)
        );
    }

    #[test]
    fn each_reason_of_the_place() {
        let good = straight(200.0, 100.0);
        let check = |face: &Face| check_place(face, SIZE, Purpose::Gate);
        assert_eq!(check(&good), Ok(()));
        assert_eq!(check(&straight(200.0, 59.0)), Err(Unusable::TooSmall));
        assert_eq!(check(&straight(200.0, 61.0)), Ok(()));
        assert_eq!(
            check_place(&straight(200.0, 70.0), SIZE, Purpose::Enroll),
            Err(Unusable::TooSmall)
        );
        assert_eq!(check(&straight(-20.0, 100.0)), Err(Unusable::Cut));
        assert_eq!(check(&straight(-8.0, 100.0)), Ok(()));
        let mut aside = good;
        aside.points[2][0] = good.points[1][0];
        assert_eq!(check(&aside), Err(Unusable::Turned));
        let mut leaning = good;
        leaning.points[1][1] += 40.0;
        assert_eq!(check(&leaning), Err(Unusable::Turned));
        let mut mirrored = good;
        mirrored.points.swap(0, 1);
        assert_eq!(check(&mirrored), Err(Unusable::Turned));
    }

    #[test]
    fn each_reason_of_the_crop() {
        for (brightness, sharpness, expected) in [
            (110.0, 400.0, Ok(())),
            (20.0, 400.0, Err(Unusable::TooDark)),
            (240.0, 400.0, Err(Unusable::TooBright)),
            (110.0, 5.0, Err(Unusable::Blurred)),
        ] {
            let crop = Crop {
                brightness,
                sharpness,
            };
            assert_eq!(check_crop(crop, Purpose::Gate), expected);
            assert_eq!(check_crop(crop, Purpose::Measure), Ok(()));
        }
    }
}
