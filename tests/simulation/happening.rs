//! What may happen, and how often.

use edge_domain::Direction;

use super::people::Who;
use crate::Dice;

/// Boxes of the site.
pub(super) const BOXES: usize = 2;
/// Gates of a box.
pub(super) const GATES: usize = 2;

/// A gate: its box, and its place there.
pub(super) type Gate = (usize, usize);

/// Where the power of a box goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Now,
    /// When the next record is about to be written.
    BeforeCommit,
    /// When the next record is written, and before anybody heard of it.
    AfterCommit,
    /// When the lane has heard of it, and before anything that follows is done.
    AfterAnswer,
}

/// How the disk of a box is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disk {
    Works,
    /// Does nothing before it works again.
    Slow,
    Full,
}

/// What becomes of a message on its way between a box and the city.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Arrives,
    IsLost,
    ComesTwice,
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    Card(Gate, Direction, Who),
    Walk(Gate, Direction),
    /// Somebody wants to get out and presents until the gate opens.
    Leave(Gate, Who),
    /// A roster so many versions later.
    Roster(usize, u64),
    /// So many messages arrive in their order, both ways.
    Post(usize, usize),
    /// One message to the city; the place in the queue may be any.
    Up(usize, usize, Fate),
    /// One message from the city.
    Down(usize, usize, Fate),
    LineDown(usize),
    LineUp(usize),
    /// The broker forgets everything that it holds for a box.
    SessionLost(usize),
    ClockJump(usize, i64),
    ClockRight(usize),
    PowerCut(usize, Cut),
    PowerBack(usize),
    DiskIs(usize, Disk),
    Silent(Gate),
    Answers(Gate),
    McuReset(Gate),
    CopyBox(usize),
    /// The box's file is the copy again, and nobody says so.
    BoxFromCopy(usize),
    /// A new box with an empty file takes its place.
    BoxReplaced(usize),
    CopyCity,
    CityFromCopy,
    Pass(u64),
    /// Everything is mended, and what must be true then is looked at.
    Quiet,
}

fn way(dice: &mut Dice) -> Direction {
    if dice.below(2) == 0 {
        Direction::In
    } else {
        Direction::Out
    }
}

impl Happening {
    /// The next one.
    pub(super) fn any(dice: &mut Dice) -> Self {
        let of = dice.place(BOXES);
        let gate = (of, dice.place(GATES));
        match dice.below(1_000) {
            0..260 => Self::Card(gate, way(dice), Who::any(dice)),
            260..430 => Self::Walk(gate, way(dice)),
            430..450 => Self::Leave(gate, Who::any(dice)),
            450..465 => Self::Roster(of, 1 + dice.below(3)),
            465..600 => Self::Post(of, dice.place(12) + 1),
            600..640 => Self::Up(of, dice.place(6), fate(dice)),
            640..680 => Self::Down(of, dice.place(6), fate(dice)),
            680..870 => Self::Pass(span(dice)),
            _ => Self::trouble(dice, of, gate),
        }
    }

    fn trouble(dice: &mut Dice, of: usize, gate: Gate) -> Self {
        match dice.below(130) {
            0..10 => Self::LineDown(of),
            10..24 => Self::LineUp(of),
            24..28 => Self::SessionLost(of),
            28..32 => Self::ClockJump(of, jump(dice)),
            32..38 => Self::ClockRight(of),
            38..52 => Self::PowerCut(of, cut(dice)),
            52..70 => Self::PowerBack(of),
            70..82 => Self::DiskIs(of, disk(dice)),
            82..90 => Self::DiskIs(of, Disk::Works),
            90..95 => Self::Silent(gate),
            95..105 => Self::Answers(gate),
            105..109 => Self::McuReset(gate),
            109..114 => Self::CopyBox(of),
            114..118 => Self::BoxFromCopy(of),
            118 => Self::BoxReplaced(of),
            119..123 => Self::CopyCity,
            123..126 => Self::CityFromCopy,
            _ => Self::Quiet,
        }
    }
}

/// So long a line that flaps is up or down at a time, ms: mostly seconds, at times minutes.
fn stretch(dice: &mut Dice) -> u64 {
    match dice.below(4) {
        0 => 60_000 + dice.below(900_000),
        1 => 15_000 + dice.below(60_000),
        _ => 500 + dice.below(15_000),
    }
}

/// So much time with lines that come and go, while people pass; then quiet.
pub(super) fn flapping(mut dice: Dice, for_ms: u64) -> impl Iterator<Item = Happening> {
    let mut left_ms = for_ms;
    let rounds = std::iter::from_fn(move || (left_ms > 0).then(|| round(&mut dice, &mut left_ms)));
    rounds.flatten().chain([Happening::Quiet])
}

/// A line comes, somebody passes, much or little is said, and it goes again.
fn round(dice: &mut Dice, left_ms: &mut u64) -> Vec<Happening> {
    let of = dice.place(BOXES);
    let gate = (of, dice.place(GATES));
    let direction = way(dice);
    let mut pass = |ms: u64| {
        let ms = ms.min(*left_ms);
        *left_ms -= ms;
        Happening::Pass(ms)
    };
    let mut round = vec![
        Happening::LineUp(of),
        pass(stretch(dice)),
        Happening::Post(of, dice.place(12) + 1),
        Happening::Card(gate, direction, Who::any(dice)),
        pass(dice.below(3_000)),
        Happening::Walk(gate, direction),
        Happening::Up(of, dice.place(6), fate(dice)),
        Happening::Down(of, dice.place(6), fate(dice)),
        Happening::Post(of, dice.place(12) + 1),
    ];
    round.push(match dice.below(5) {
        0 => Happening::SessionLost(of),
        _ => Happening::LineDown(of),
    });
    round.push(pass(stretch(dice)));
    round
}

fn fate(dice: &mut Dice) -> Fate {
    match dice.below(4) {
        0 => Fate::IsLost,
        1 => Fate::ComesTwice,
        _ => Fate::Arrives,
    }
}

fn cut(dice: &mut Dice) -> Cut {
    match dice.below(4) {
        0 => Cut::Now,
        1 => Cut::BeforeCommit,
        2 => Cut::AfterCommit,
        _ => Cut::AfterAnswer,
    }
}

fn disk(dice: &mut Dice) -> Disk {
    if dice.below(2) == 0 {
        Disk::Slow
    } else {
        Disk::Full
    }
}

fn span(dice: &mut Dice) -> u64 {
    match dice.below(10) {
        0 => 30_000 + dice.below(600_000),
        1 | 2 => 3_000 + dice.below(12_000),
        _ => 1 + dice.below(2_500),
    }
}

/// Up to ten years either way, or a drift.
fn jump(dice: &mut Dice) -> i64 {
    let far = i64::try_from(dice.below(10 * 365 * 86_400_000)).unwrap_or(0);
    match dice.below(4) {
        0 => far,
        1 => -far,
        2 => far % 120_000,
        _ => -(far % 120_000),
    }
}
