//! `/teams`: companies and teams, and the leaving of a whole team.

use askama::Template;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, Employer, EmployerId, Team, TeamId};
use edge_store::Reader;
use serde::Deserialize;

use super::fields;
use crate::books::{Place, Shelf};
use crate::error::{SourceError, WebError};
use crate::guard::session::Holder;
use crate::pages::door::SignedIn;
use crate::pages::form;
use crate::pages::layout::{self, Layout};
use crate::pages::site::shared::Choice;
use crate::recorder::{ActMaker, Refusal};
use crate::state::WebState;

/// corpType of the national table, those that hire workers first.
const KINDS: [(&str, &str); 6] = [
    ("006", "劳务分包"),
    ("001", "专业分包"),
    ("009", "总承包单位"),
    ("008", "建设单位"),
    ("007", "监理单位"),
    ("012", "其它"),
];
const NAME_CHARS_MAX: usize = 60;

#[derive(Debug)]
struct TeamLine {
    number: u32,
    name: String,
    people: usize,
}

#[derive(Debug)]
struct EmployerBlock {
    name: String,
    uscc: String,
    kind: &'static str,
    teams: Vec<TeamLine>,
}

#[derive(Template)]
#[template(path = "teams.html")]
struct TeamsPage {
    layout: Layout,
    employers: Vec<EmployerBlock>,
    choices: Vec<Choice>,
    kinds: &'static [(&'static str, &'static str)],
    today: String,
    problem: Option<String>,
}

/// What the forms send; `what` names the act.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TeamsForm {
    what: String,
    name: String,
    uscc: String,
    kind: String,
    employer: String,
    team: String,
    on: String,
    reason: String,
    typed: String,
}

async fn page(
    state: &WebState,
    account: Holder,
    problem: Option<String>,
) -> Result<Response, WebError> {
    let today = Shelf::today(state.now_ms());
    let (employers, choices) = state
        .books()
        .ask("read the teams", move |shelf| {
            let directory = shelf.directory()?;
            let engaged = |team: TeamId| {
                directory
                    .people
                    .iter()
                    .filter(|one| one.entry.standing.team == Some(team))
                    .filter(|one| one.place(today) == Place::Engaged)
                    .count()
            };
            let block = |one: &Employer| EmployerBlock {
                name: one.name.clone(),
                uscc: one.uscc.as_str().to_owned(),
                kind: kind_text(&one.kind),
                teams: directory
                    .teams
                    .iter()
                    .filter(|team| team.employer == one.employer)
                    .map(|team| TeamLine {
                        number: team.team.0,
                        name: team.name.clone(),
                        people: engaged(team.team),
                    })
                    .collect(),
            };
            let choice = |one: &Employer| Choice {
                value: one.employer.0.to_string(),
                word: one.name.clone(),
                chosen: false,
            };
            let blocks: Vec<EmployerBlock> = directory.employers.iter().map(block).collect();
            let choices: Vec<Choice> = directory.employers.iter().map(choice).collect();
            Ok((blocks, choices))
        })
        .await?;
    layout::page(&TeamsPage {
        layout: Layout::new(state, Some(account), "/people"),
        employers,
        choices,
        kinds: &KINDS,
        today: today.to_string(),
        problem,
    })
}

fn kind_text(code: &str) -> &'static str {
    KINDS
        .iter()
        .find(|(known, _)| *known == code)
        .map_or("其它", |(_, text)| *text)
}

/// `GET /teams`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
) -> Result<Response, WebError> {
    page(&state, signed_in.account, None).await
}

/// `POST /teams`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Form(typed): Form<TeamsForm>,
) -> Result<Response, WebError> {
    let maker: ActMaker = Box::new(move |reader| match typed.what.as_str() {
        "employer" => new_employer(reader, &typed),
        "team" => new_team(reader, &typed),
        "exit" => team_leaves(reader, &typed),
        _ => Ok(Err(Refusal::new("没有这种操作。"))),
    });
    let step = "record a team's act";
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source(step))? {
        Ok(()) => Ok(Redirect::to("/teams").into_response()),
        Err(Refusal(problem)) => {
            let page = page(&state, signed_in.account, Some(problem)).await?;
            Ok(form::with_status(page, StatusCode::UNPROCESSABLE_ENTITY))
        }
    }
}

type Made = Result<Result<Vec<Act>, Refusal>, SourceError>;

fn named(form: &TeamsForm) -> Result<String, Refusal> {
    fields::note(&form.name, NAME_CHARS_MAX).ok_or_else(|| Refusal::new("请填名称。"))
}

fn new_employer(reader: &Reader, form: &TeamsForm) -> Made {
    let read = fields::uscc(&form.uscc).and_then(|uscc| Ok((uscc, named(form)?)));
    let (uscc, name) = match read {
        Ok(read) => read,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(known) = reader.employers()?.iter().find(|one| one.uscc == uscc) {
        let problem = format!("这个信用代码已经登记为“{}”。", known.name);
        return Ok(Err(Refusal::new(problem)));
    }
    let number = reader.numbers_given()?.employer.saturating_add(1);
    let kind = KINDS.iter().find(|(code, _)| *code == form.kind);
    Ok(Ok(vec![Act::Employer(Employer {
        employer: EmployerId(number),
        uscc,
        name,
        kind: kind.map_or("012", |(code, _)| *code).to_owned(),
    })]))
}

fn new_team(reader: &Reader, form: &TeamsForm) -> Made {
    let wanted = form.employer.parse().ok().map(EmployerId);
    let employers = reader.employers()?;
    let Some(employer) = employers.iter().find(|one| Some(one.employer) == wanted) else {
        return Ok(Err(Refusal::new("请选班组所属的单位。")));
    };
    let name = match named(form) {
        Ok(name) => name,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let teams = reader.teams()?;
    if teams
        .iter()
        .any(|team| team.employer == employer.employer && team.name == name)
    {
        return Ok(Err(Refusal::new("这个单位已经有同名班组。")));
    }
    let number = reader.numbers_given()?.team.saturating_add(1);
    Ok(Ok(vec![Act::Team(Team {
        team: TeamId(number),
        employer: employer.employer,
        name,
    })]))
}

/// Everybody of a team leaves; the clerk types the team's name, because forty people are barred.
fn team_leaves(reader: &Reader, form: &TeamsForm) -> Made {
    let team = match fields::team(reader, &form.team)? {
        Ok(team) => team,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if form.typed.trim() != team.name {
        return Ok(Err(Refusal::new(format!(
            "没有退场：请在确认栏里原样输入班组名“{}”。",
            team.name
        ))));
    }
    let on = match fields::needed_day(&form.on, "退场日期") {
        Ok(on) => on,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let roster = reader.roster()?;
    let leaving: Vec<Act> = roster
        .standings()
        .iter()
        .filter(|one| one.team == Some(team.team) && one.left_on.is_none())
        .filter(|one| one.entered_on.is_some_and(|entered| entered <= on))
        .map(|one| Act::Exit {
            worker: one.worker,
            on,
            reason: fields::note(&form.reason, NAME_CHARS_MAX),
        })
        .collect();
    if leaving.is_empty() {
        return Ok(Err(Refusal::new("这个班组没有可以退场的在册工人。")));
    }
    Ok(Ok(leaving))
}
