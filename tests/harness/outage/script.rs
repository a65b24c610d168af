//! A short day at one gate: who comes, which way, and whether the arm must open.

/// Who comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// A registered worker's card.
    Worker(u32),
    /// A card that nobody has.
    Stranger,
    /// Something that cannot be read.
    Unreadable,
}

/// One turn at the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub visitor: Visitor,
    /// Inwards.
    pub inward: bool,
    /// Whether the arm must open: never for a stranger who wants in, always for whoever wants out.
    pub opens: bool,
}

const fn turn(visitor: Visitor, inward: bool, opens: bool) -> Turn {
    Turn {
        visitor,
        inward,
        opens,
    }
}

const ROUND: [Turn; 8] = [
    turn(Visitor::Worker(1), true, true),
    turn(Visitor::Stranger, true, false),
    turn(Visitor::Worker(2), true, true),
    turn(Visitor::Unreadable, true, false),
    turn(Visitor::Worker(1), false, true),
    turn(Visitor::Unreadable, false, true),
    turn(Visitor::Stranger, false, true),
    turn(Visitor::Worker(2), false, true),
];

/// The day: so many rounds of the same people.
pub fn day(rounds: usize) -> Vec<Turn> {
    ROUND.repeat(rounds)
}
