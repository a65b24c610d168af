//! What the page shows, as JSON.

use std::collections::BTreeSet;

use serde::Serialize;

use super::server::Stage;
use crate::direction::Direction;
use crate::gate::LaneView;
use crate::people::Person;
use crate::reader::ReaderView;

/// Answer of `GET /api/state`.
#[derive(Debug, Serialize)]
pub(super) struct WholeState<'a> {
    name: &'a str,
    title: &'a str,
    people: Vec<PersonCard<'a>>,
    shots: Vec<Shot<'a>>,
    #[serde(flatten)]
    moving: MovingState<'a>,
}

/// The part that changes, also sent as event `state`.
#[derive(Debug, Serialize)]
pub(super) struct MovingState<'a> {
    play: &'static str,
    lanes: Vec<LaneState<'a>>,
    inside: BTreeSet<String>,
    journal_lost: u64,
}

/// A picture that a camera can show.
#[derive(Debug, Serialize)]
struct Shot<'a> {
    shot: &'a str,
    /// Whose face it is, if he is one of the site's people.
    person: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct PersonCard<'a> {
    person: &'a str,
    name: &'a str,
    id_kind: &'static str,
    standing: &'static str,
    standing_text: &'static str,
    team: u32,
}

#[derive(Debug, Serialize)]
struct LaneState<'a> {
    lane: &'a str,
    text: &'a str,
    /// No lane, but the desk of the office.
    desk: bool,
    view: LaneView,
    readers: Vec<ReaderState<'a>>,
    cameras: Vec<Direction>,
}

#[derive(Debug, Serialize)]
struct ReaderState<'a> {
    reader: &'a str,
    direction: Direction,
    view: ReaderView,
}

/// Everything.
pub(super) fn whole(stage: &Stage) -> WholeState<'_> {
    let day = stage.site.day();
    let people = stage
        .site
        .crowd()
        .people()
        .iter()
        .map(|person| card(person))
        .collect();
    WholeState {
        name: &day.name,
        title: &day.title,
        people,
        shots: shots(stage),
        moving: moving(stage),
    }
}

fn shots(stage: &Stage) -> Vec<Shot<'_>> {
    let names = stage.site.shots().into_iter();
    let shots = names.map(|shot| {
        let owner = stage.site.face_owner(shot);
        let person = owner.map(|owner| owner.number.as_str());
        Shot { shot, person }
    });
    shots.collect()
}

/// What changes.
pub(super) fn moving(stage: &Stage) -> MovingState<'_> {
    let site = &stage.site;
    let lanes = site.day().lane.iter().filter_map(|lane| {
        let view = site.lane(&lane.lane).ok()?.view().borrow().clone();
        let readers = lane.readers().filter_map(|(reader, direction)| {
            let view = site.reader(reader).ok()?.view().borrow().clone();
            Some(ReaderState {
                reader,
                direction,
                view,
            })
        });
        Some(LaneState {
            lane: &lane.lane,
            text: &lane.text,
            desk: lane.reader_desk.is_some(),
            view,
            readers: readers.collect(),
            cameras: lane.cameras().collect(),
        })
    });
    MovingState {
        play: stage.play_word(),
        lanes: lanes.collect(),
        inside: site.journal().inside(),
        journal_lost: site.journal().lost(),
    }
}

fn card(person: &Person) -> PersonCard<'_> {
    PersonCard {
        person: &person.number,
        name: &person.name,
        id_kind: person.card.code(),
        standing: person.standing.code(),
        standing_text: person.standing.text(),
        team: person.team,
    }
}
