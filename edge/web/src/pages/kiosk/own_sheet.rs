//! What a worker sees of his own: this month's days and punches, his wage lines, his objections.

use askama::Template;
use edge_domain::{Direction, DisputeKind, Fen, WageMonth, WageStep, WorkerId, hours_text};
use jiff::civil::Date;

use crate::books::{DayCell, PersonMonth, Shelf, known_disputes};
use crate::error::{SourceError, WebError};
use crate::site_time::{date_text, hour_text, month_text, weekday_letter};
use crate::state::WebState;

/// Months of wage sheets, this one included.
const WAGE_MONTHS: i8 = 3;

struct Day {
    no: i8,
    on: String,
    column: i8,
    weekday: &'static str,
    cell: DayCell,
    text: String,
    minutes: String,
    /// `进 07:02`, with its place.
    punches: Vec<(String, String)>,
}

/// A line of a wage sheet that has been put up.
struct Wage {
    month: String,
    state: &'static str,
    days: String,
    gross: String,
    deducted: String,
    net: String,
    paid: String,
}

struct Objection {
    number: u32,
    about: String,
    on: String,
    answer: Option<String>,
}

#[derive(Template)]
#[template(path = "part/mine_view.html")]
struct View {
    token: String,
    name: String,
    month: String,
    total_days: String,
    total_hours: String,
    voids: u32,
    days: Vec<Day>,
    wages: Vec<Wage>,
    objections: Vec<Objection>,
    kinds: [(&'static str, &'static str, bool); 5],
}

/// The view; `None` where nobody has that number any more.
pub(super) async fn view(
    state: &WebState,
    worker: WorkerId,
    token: &str,
) -> Result<Option<String>, WebError> {
    let (now_ms, token) = (state.now_ms(), token.to_owned());
    let today = state.work_day();
    let found = state
        .books()
        .ask("read a worker's own view", move |shelf| {
            read(shelf, worker, (today, now_ms), token)
        })
        .await?;
    let html = found.map(|view| view.render().map_err(WebError::Render));
    html.transpose()
}

fn read(
    shelf: &mut Shelf,
    worker: WorkerId,
    (today, now_ms): (Date, i64),
    token: String,
) -> Result<Option<View>, SourceError> {
    let Some(person) = shelf.directory()?.person(worker).cloned() else {
        return Ok(None);
    };
    let name = person.name().reveal().to_owned();
    let team = person.entry.standing.team;
    let first = today.first_of_month();
    let month = shelf.person_month(person, first, now_ms)?;
    let mut wages = Vec::new();
    for back in 0..WAGE_MONTHS {
        let first = first.saturating_sub(jiff::Span::new().months(back));
        if let Some(team) = team {
            wages.extend(wage(shelf, worker, WageMonth { first, team })?);
        }
    }
    let objections = known_disputes(&shelf.reader)?;
    let own = objections.into_iter().filter(|one| one.worker == worker);
    Ok(Some(View {
        token,
        name,
        month: month_text(first),
        total_days: month.line.days_text(),
        total_hours: month.line.hours_text(),
        voids: month.line.voids,
        days: days(shelf, &month, today),
        wages,
        objections: own
            .rev()
            .take(5)
            .map(|one| Objection {
                number: one.number,
                about: one.about,
                on: date_text(one.at_ms),
                answer: one.answer.map(|answer| answer.text),
            })
            .collect(),
        kinds: DisputeKind::ALL.map(|kind| (kind.code(), kind.text(), kind.is_of_a_day())),
    }))
}

/// The days until today: what lies ahead says nothing.
fn days(shelf: &Shelf, month: &PersonMonth, today: Date) -> Vec<Day> {
    let days = month.days.iter().filter(|day| day.on <= today);
    days.map(|day| Day {
        no: day.on.day(),
        on: day.on.to_string(),
        column: day.on.weekday().to_monday_one_offset(),
        weekday: weekday_letter(day.on),
        cell: day.cell,
        text: day.cell.text(),
        minutes: hours_text(day.cell.minutes),
        punches: day
            .punches
            .iter()
            .map(|punch| {
                let way = match punch.direction {
                    Direction::In => "进",
                    Direction::Out => "出",
                };
                let place = match &punch.correction {
                    Some(_) => "补卡".to_owned(),
                    None => shelf.lane_name(&punch.lane),
                };
                (format!("{way} {}", hour_text(punch.at)), place)
            })
            .collect(),
    })
    .collect()
}

/// His line of a month: only where the team or the office has looked it through, so that nobody argues
/// about a draft.
fn wage(shelf: &Shelf, worker: WorkerId, of: WageMonth) -> Result<Option<Wage>, SourceError> {
    let wages = shelf.reader.wages();
    let steps = wages.steps(of)?;
    let Some((sheet, _)) = steps.last().filter(|(sheet, _)| is_shown(sheet.step)) else {
        return Ok(None);
    };
    let lines = wages.lines(of, sheet.version)?;
    let Some(line) = lines.get(&worker) else {
        return Ok(None);
    };
    let payments = wages.payments(of)?;
    let own = payments
        .iter()
        .filter(|one| one.worker == worker && one.paid);
    let paid: Fen = own.map(|one| one.amount).sum();
    Ok(Some(Wage {
        month: month_text(of.first),
        state: sheet.step.text(),
        days: crate::books::halves_text(line.halves),
        gross: line.gross.to_string(),
        deducted: line
            .gross
            .minus(line.net)
            .map_or_else(String::new, |deducted| deducted.to_string()),
        net: line.net.to_string(),
        paid: paid.to_string(),
    }))
}

fn is_shown(step: WageStep) -> bool {
    matches!(
        step,
        WageStep::Confirmed | WageStep::Reviewed | WageStep::Published
    )
}
