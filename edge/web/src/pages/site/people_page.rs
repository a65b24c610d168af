//! `/people`: 花名册, everybody found by two letters.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_domain::{PhoneNumber, Policy, TeamId, WorkerId, WorkerStanding};
use serde::Deserialize;

use super::shared::{self, Choice, DeskPart};
use crate::books::{Filter, Listed, Outlook, Place, Shelf, attended, ending};
use crate::error::{SourceError, WebError};
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::site_time::hour_text;
use crate::state::WebState;

/// People on one page of the list.
const PAGE_PEOPLE: usize = 100;

/// What the address carries.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PeopleQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    team: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    page: Option<usize>,
    /// Only the list: asked for while somebody types.
    #[serde(default)]
    part: Option<u8>,
}

/// Who is engaged and has something that somebody must see to.
const DUE: &str = "due";
/// Who is engaged and works at a special trade, or has a certificate of one.
const SPECIAL: &str = "special";
/// Who came in today.
const CAME: &str = "came";
/// Who is engaged and not here today.
const ABSENT: &str = "absent";
const PLACES: [(&str, &str, Option<Place>); 8] = [
    ("engaged", "在册", Some(Place::Engaged)),
    (CAME, "今日出勤", None),
    (ABSENT, "在册，今日未出勤", Some(Place::Engaged)),
    (DUE, "在册，有要办的", Some(Place::Engaged)),
    (SPECIAL, "在册，特种作业", Some(Place::Engaged)),
    ("waiting", "未进场", Some(Place::Waiting)),
    ("left", "已退场", Some(Place::Left)),
    ("all", "全部", None),
];

impl PeopleQuery {
    /// Who types looks among all, who types nothing sees the engaged.
    fn place(&self) -> &'static (&'static str, &'static str, Option<Place>) {
        let wanted = match (self.place.as_str(), self.q.trim()) {
            ("", "") => "engaged",
            ("", _) => "all",
            (place, _) => place,
        };
        let [first, ..] = &PLACES;
        PLACES
            .iter()
            .find(|(value, ..)| *value == wanted)
            .unwrap_or(first)
    }

    fn address(&self, page: usize) -> String {
        let place = self.place().0;
        let typed: String = shared::address_text(self.q.trim());
        format!(
            "/people?q={typed}&team={}&place={place}&page={page}",
            self.team
        )
    }
}

/// One line of the list.
#[derive(Debug)]
struct Line {
    worker: u32,
    name: String,
    is_inside: Option<String>,
    /// When he first came in today, told in the list of who did.
    came: Option<String>,
    place: Place,
    team: String,
    trade: &'static str,
    /// His certificates, told in the list of special trades.
    certificates: Vec<String>,
    number: String,
    phone: String,
    about: String,
    refused: Option<&'static str>,
    flags: Vec<&'static str>,
    /// Papers that have ended or end soon.
    ending: Vec<String>,
    is_unconfirmed: bool,
}

impl Line {
    /// Where he stands in the list of what is to be seen to: refused, flagged, ending; `None` where
    /// nothing is.
    fn urgency(&self) -> Option<u8> {
        let reasons = [
            self.refused.is_some(),
            !self.flags.is_empty(),
            !self.ending.is_empty(),
        ];
        (0..).zip(reasons).find_map(|(at, is)| is.then_some(at))
    }
}

#[derive(Template)]
#[template(path = "part/people.html")]
struct PeoplePart {
    lines: Vec<Line>,
    found: usize,
    typed: String,
    /// What the list means, where its name does not say all.
    hint: &'static str,
    nobody: bool,
    changes: bool,
    from: usize,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    layout: Layout,
    part: String,
    typed: String,
    teams: Vec<Choice>,
    places: Vec<Choice>,
    total: usize,
    script: String,
    /// The reader on the desk, for whom it may fill a form.
    desk: Option<DeskPart>,
}

struct Answer {
    part: PeoplePart,
    teams: Vec<Choice>,
    total: usize,
}

/// `GET /people`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<PeopleQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let only_part = query.part.is_some();
    let changes = signed_in.account.duty.changes();
    let (place, ..) = *query.place();
    let places = PLACES.map(|(value, word, _)| Choice {
        value: value.to_owned(),
        word: word.to_owned(),
        chosen: value == place,
    });
    let typed = query.q.trim().to_owned();
    let answer = state
        .books()
        .ask("read the people", move |shelf| {
            answer(shelf, &query, (now_ms, changes))
        })
        .await?;
    if only_part {
        return layout::page(&answer.part);
    }
    let layout = Layout::new(&state, Some(signed_in.account), "/people");
    layout::page(&PeoplePage {
        layout,
        part: answer.part.render().map_err(WebError::Render)?,
        typed,
        teams: answer.teams,
        places: places.into(),
        total: answer.total,
        script: crate::assets::address("people.js"),
        desk: DeskPart::of(&state, "/people/cards?auto=1").filter(|_| changes),
    })
}

fn answer(
    shelf: &mut Shelf,
    query: &PeopleQuery,
    (now_ms, changes): (i64, bool),
) -> Result<Answer, SourceError> {
    let today = Shelf::today(now_ms);
    let directory = shelf.directory()?;
    let attended = attended(shelf, now_ms)?;
    let inside = &attended.inside;
    let team = query.team.parse().ok().map(TeamId);
    let filter = Filter {
        typed: query.q.chars().take(40).collect(),
        team,
        place: query.place().2,
    };
    let mut found = directory.find(&filter, today);
    let wanted = query.place().0;
    let is_special = wanted == SPECIAL;
    match wanted {
        SPECIAL => found.retain(|one| is_about_special_trades(one, &shelf.policy)),
        CAME => found.retain(|one| attended.came.contains_key(&one.worker())),
        ABSENT => found.retain(|one| attended.is_absent(one.worker())),
        _ => {}
    }
    let line = |one: &Arc<Listed>| Line {
        certificates: if is_special {
            certificates(&one.entry.standing)
        } else {
            Vec::new()
        },
        came: attended
            .came
            .get(&one.worker())
            .filter(|_| wanted == CAME)
            .map(|first| hour_text(*first)),
        ..line(one, inside, &shelf.policy, now_ms)
    };
    if wanted == DUE {
        let due = found.into_iter().filter_map(|one| {
            let urgency = line(&one).urgency()?;
            Some((urgency, one))
        });
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(urgency, _)| *urgency);
        found = due.into_iter().map(|(_, one)| one).collect();
    }
    let pages = found.len().div_ceil(PAGE_PEOPLE).max(1);
    let page = query.page.unwrap_or(1).clamp(1, pages);
    let skip = (page - 1) * PAGE_PEOPLE;
    let lines = found
        .iter()
        .skip(skip)
        .take(PAGE_PEOPLE)
        .map(line)
        .collect();
    Ok(Answer {
        part: PeoplePart {
            lines,
            found: found.len(),
            typed: query.q.trim().to_owned(),
            hint: hint(wanted),
            nobody: directory.people.is_empty(),
            changes,
            from: skip + 1,
            before: (page > 1).then(|| query.address(page - 1)),
            after: (page < pages).then(|| query.address(page + 1)),
        },
        teams: shared::team_choices(&directory, team),
        total: directory.people.len(),
    })
}

/// Where the list of them is.
pub(crate) const DUE_PATH: &str = "/people?place=due";

/// How many people that list has.
pub(super) fn count_due(shelf: &mut Shelf, now_ms: i64) -> Result<usize, SourceError> {
    let filter = Filter {
        place: Some(Place::Engaged),
        ..Filter::default()
    };
    let engaged = shelf.directory()?.find(&filter, Shelf::today(now_ms));
    let (policy, inside) = (&shelf.policy, BTreeMap::new());
    let is_due = |one: &&Arc<Listed>| line(one, &inside, policy, now_ms).urgency().is_some();
    Ok(engaged.iter().filter(is_due).count())
}

fn hint(place: &str) -> &'static str {
    match place {
        CAME => "这个工作日里闸机记下进场的人，包括已经出场的；补卡不算。",
        ABSENT => "在册、这个工作日没有刷卡进场、也不是从前一天留在场内的人。",
        _ => "",
    }
}

fn is_about_special_trades(one: &Listed, policy: &Policy) -> bool {
    let standing = &one.entry.standing;
    policy.special_trades.contains_key(&standing.trade) || !standing.certificates.is_empty()
}

/// `建筑电工 到 2027-05-01`.
fn certificates(standing: &WorkerStanding) -> Vec<String> {
    let held = standing.certificates.iter();
    held.map(|one| format!("{} 到 {}", one.kind.text(), one.until))
        .collect()
}

fn line(one: &Arc<Listed>, inside: &BTreeMap<WorkerId, i64>, policy: &Policy, now_ms: i64) -> Line {
    let today = Shelf::today(now_ms);
    let standing = &one.entry.standing;
    let place = one.place(today);
    let outlook = Outlook::of(standing, policy, now_ms);
    Line {
        worker: one.worker().0,
        name: one.name().reveal().to_owned(),
        is_inside: inside.get(&one.worker()).map(|since| hour_text(*since)),
        came: None,
        place,
        team: one.team.clone(),
        trade: one.trade(),
        certificates: Vec::new(),
        number: standing.number.masked(),
        phone: one
            .entry
            .phone
            .as_ref()
            .map(PhoneNumber::masked)
            .unwrap_or_default(),
        about: shared::sex_and_age(standing, today),
        refused: outlook
            .refused
            .map(|(reason, _)| reason)
            .filter(|_| place == Place::Engaged),
        flags: outlook.flags,
        ending: if place == Place::Engaged {
            ending(standing, today)
        } else {
            Vec::new()
        },
        is_unconfirmed: one.entry.is_unconfirmed && place != Place::Left,
    }
}
