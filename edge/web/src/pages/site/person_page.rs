//! `/people/{worker}`: one person, his papers and his month, day by day, with the reason of each.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use edge_domain::{
    CertificateKind, Contact, Direction, Person, PhoneNumber, WorkerId, WorkerStanding, hours_text,
};
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::shared::{self, Choice, MonthQuery, MonthTurn};
use crate::books::{
    ConsentWords, DayCell, Listed, Outlook, PersonDay, PersonMonth, SOON_DAYS, Shelf, standing_tag,
};
use crate::error::{SourceError, WebError};
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::pages::layout::{self, Layout};
use crate::site_time::{clock_text, minute_text, weekday_letter};
use crate::state::WebState;

/// A fact of the person with its word.
#[derive(Debug)]
struct Fact {
    word: &'static str,
    text: String,
}

/// A certificate of a special trade.
#[derive(Debug)]
struct CertificateRow {
    kind: &'static str,
    number: String,
    issuer: String,
    until: String,
    /// Class and words.
    state: (&'static str, &'static str),
}

#[derive(Debug)]
struct PunchRow {
    time: String,
    way: &'static str,
    lane: String,
    is_sure: bool,
    /// What the record itself says, where that was an unset clock's time.
    corrected_from: Option<String>,
    /// The correction that it is: number of the request, and in words.
    correction: Option<(u32, String)>,
    seq: u64,
}

/// One day of the calendar and of the list below it.
#[derive(Debug)]
struct DayRow {
    day: i8,
    on: String,
    /// Column of the calendar: 1 for Monday.
    column: i8,
    weekday: &'static str,
    cell: DayCell,
    text: String,
    minutes: String,
    punches: Vec<PunchRow>,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    layout: Layout,
    worker: u32,
    name: String,
    place: &'static str,
    inside_since: Option<String>,
    outlook: Outlook,
    facts: Vec<Fact>,
    turn: MonthTurn,
    days: Vec<DayRow>,
    total_days: String,
    total_hours: String,
    voids: u32,
    unsure: u32,
    corrections: u32,
    seen: String,
    today: String,
    blacklisted: bool,
    /// Whether he allows the use of his face.
    face_agreed: bool,
    words: ConsentWords,
    teams: Vec<Choice>,
    trades: Vec<Choice>,
    certificates: Vec<CertificateRow>,
    certificate_kinds: Vec<Choice>,
    kinships: Vec<Choice>,
    done: Option<&'static str>,
}

struct Answer {
    person: Arc<Listed>,
    month: PersonMonth,
    lanes: Vec<(String, String)>,
    inside_since: Option<i64>,
    outlook: Outlook,
    employer: String,
    teams: Vec<Choice>,
    face_agreed: bool,
    /// What is agreed, in words.
    wage_terms: String,
    sealed: Option<Person>,
    /// What his trade asks for.
    certificate_wanted: Option<CertificateKind>,
}

/// `GET /people/{worker}`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(worker): Path<u32>,
    Query(query): Query<MonthQuery>,
) -> Result<Response, WebError> {
    let now_ms = state.now_ms();
    let first = query.first(state.work_day());
    let found = state
        .books()
        .ask("read a person", move |shelf| {
            answer(shelf, WorkerId(worker), first, now_ms)
        })
        .await?;
    let Some(found) = found else {
        return Ok(error_page::no_such_person());
    };
    let words = state.consent_words();
    let layout = Layout::new(&state, Some(signed_in.account), "/people");
    layout::page(&page(
        layout,
        &found,
        (done_text(&query.done), words),
        (Shelf::today(now_ms), state.work_day()),
    ))
}

fn answer(
    shelf: &mut Shelf,
    worker: WorkerId,
    first: Date,
    now_ms: i64,
) -> Result<Option<Answer>, SourceError> {
    let directory = shelf.directory()?;
    let Some(person) = directory.person(worker).map(Arc::clone) else {
        return Ok(None);
    };
    let month = shelf.person_month(Arc::clone(&person), first, now_ms)?;
    let mut lanes: Vec<(String, String)> = month
        .days
        .iter()
        .flat_map(|day| &day.punches)
        .map(|punch| (punch.lane.clone(), shelf.lane_name(&punch.lane)))
        .collect();
    lanes.sort();
    lanes.dedup();
    let presence = shelf.reader.presence()?;
    let last = presence.last(worker);
    let employer = person
        .entry
        .standing
        .team
        .and_then(|team| directory.team(team))
        .and_then(|team| directory.employer_of(team))
        .map(|employer| employer.name.clone())
        .unwrap_or_default();
    let standing = &person.entry.standing;
    let wanted = shelf.policy.special_trades.get(&standing.trade);
    Ok(Some(Answer {
        wage_terms: wage_terms(shelf, worker, now_ms)?,
        sealed: shelf.reader.desk().person(worker)?,
        certificate_wanted: wanted.and_then(|kinds| kinds.first().copied()),
        inside_since: last
            .filter(|last| last.direction == Direction::In)
            .map(|last| last.at_ms),
        outlook: Outlook::of(&person.entry.standing, &shelf.policy, now_ms),
        teams: shared::team_choices(&directory, person.entry.standing.team),
        face_agreed: shelf.reader.faces()?.consents()?.contains(&worker.0),
        person,
        month,
        lanes,
        employer,
    }))
}

/// `300.00 元/天，2026-10-01 起`.
fn wage_terms(shelf: &Shelf, worker: WorkerId, now_ms: i64) -> Result<String, SourceError> {
    let terms = shelf.reader.wages().terms(Shelf::today(now_ms))?;
    let terms = terms.get(&worker);
    Ok(terms.map_or_else(not_registered, |one| {
        format!("{}，{} 起", one.text(), one.from)
    }))
}

fn not_registered() -> String {
    "没有登记".to_owned()
}

/// `建设银行 ****0018（社会保障卡）`.
fn wage_card_text(sealed: Option<&Person>) -> String {
    let card = sealed.and_then(|one| one.wage_card.as_ref());
    card.map_or_else(not_registered, |card| {
        let kind = if card.is_social {
            "社会保障卡"
        } else {
            "不是社会保障卡，建议换成社保卡账户"
        };
        format!("{} {}（{kind}）", card.bank, card.account.masked())
    })
}

fn contact_text(sealed: Option<&Person>) -> String {
    let contact = sealed.and_then(|one| one.contact.as_ref());
    contact.map_or_else(not_registered, Contact::masked)
}

fn certificates(sealed: Option<&Person>, today: Date) -> Vec<CertificateRow> {
    let soon = today.saturating_add(SOON_DAYS.days());
    let held = sealed.map(|one| one.certificates.as_slice());
    held.unwrap_or_default()
        .iter()
        .map(|one| CertificateRow {
            kind: one.kind.text(),
            number: one.number.masked(),
            issuer: one.issuer.clone(),
            until: one.until.to_string(),
            state: if one.until < today {
                ("bad", "✖ 已过期")
            } else if one.until <= soon {
                ("warn", "! 快到期")
            } else {
                ("good", "✔ 有效")
            },
        })
        .collect()
}

fn page(
    layout: Layout,
    found: &Answer,
    (done, words): (Option<&'static str>, ConsentWords),
    (today, work_day): (Date, Date),
) -> PersonPage {
    let month = &found.month;
    let standing = &found.person.entry.standing;
    PersonPage {
        layout,
        worker: found.person.worker().0,
        name: found.person.name().reveal().to_owned(),
        place: found.person.place(today).word(),
        inside_since: found.inside_since.map(minute_text),
        outlook: found.outlook.clone(),
        facts: facts(found, today),
        turn: MonthTurn::new(month.first, work_day),
        days: month
            .days
            .iter()
            .map(|day| day_row(day, &found.lanes))
            .collect(),
        total_days: month.line.days_text(),
        total_hours: month.line.hours_text(),
        voids: month.line.voids,
        unsure: month.line.unsure,
        corrections: month.line.corrections,
        seen: standing_tag(standing, found.sealed.as_ref()),
        today: today.to_string(),
        blacklisted: standing.blacklisted,
        face_agreed: found.face_agreed,
        words,
        teams: found.teams.clone(),
        trades: shared::trade_choices(&standing.trade.code()),
        certificates: certificates(found.sealed.as_ref(), today),
        certificate_kinds: shared::certificate_choices(found.certificate_wanted),
        kinships: shared::kinship_choices(
            found
                .sealed
                .as_ref()
                .and_then(|one| one.contact.as_ref())
                .map_or("", |contact| contact.kinship.code()),
        ),
        done,
    }
}

/// What was just done, for the person who did it.
fn done_text(act: &str) -> Option<&'static str> {
    match act {
        "registered" => Some("已登记，闸机马上认得这张身份证。"),
        "training" => Some("培训已登记，闸机马上生效。"),
        "contract" => Some("合同已登记。"),
        "entry" => Some("进场已登记，闸机马上生效。"),
        "exit" => Some("退场已登记，到退场日起闸机不再放行进场。"),
        "wage" => Some("工资标准已登记。"),
        "certificate" => Some("特种作业操作证已登记，编号加密保存，闸机马上按它判断。"),
        "certificate_gone" => Some("这本证已删去。"),
        "contact" => Some("紧急联系人已保存，姓名和电话加密保存。"),
        "card" => Some("工资卡已登记，卡号加密保存。"),
        "face_consent" => Some("已保存。撤回同意的，人脸模板几秒内销毁。"),
        "blacklist" => Some("已保存，闸机马上生效。"),
        _ => None,
    }
}

fn facts(found: &Answer, today: Date) -> Vec<Fact> {
    let entry = &found.person.entry;
    let standing = &entry.standing;
    let fact = |word, text: String| Fact { word, text };
    let day =
        |on: Option<Date>, none: &str| on.map_or_else(|| none.to_owned(), |on| on.to_string());
    let team = if found.person.team.is_empty() {
        "未分班组".to_owned()
    } else {
        found.person.team.clone()
    };
    let phone = entry
        .phone
        .as_ref()
        .map_or_else(|| "没有登记".to_owned(), PhoneNumber::masked);
    let mut facts = vec![
        fact("班组", team),
        fact("工种", found.person.trade().to_owned()),
        fact("用工单位", found.employer.clone()),
        fact("性别年龄", shared::sex_and_age(standing, today)),
        fact("证件号码", standing.number.masked()),
        fact("手机", phone),
        fact("进场日期", day(standing.entered_on, "未进场")),
        fact("合同或协议", contract_text(standing)),
        fact("三级教育", day(trained_on(standing), "没有完成")),
        fact("紧急联系人", contact_text(found.sealed.as_ref())),
        fact("工资标准", found.wage_terms.clone()),
        fact("工资卡", wage_card_text(found.sealed.as_ref())),
    ];
    let more = [
        ("退场日期", standing.left_on),
        ("健康证明到", standing.health_certificate_until),
        ("证件有效期到", standing.document_valid_to),
    ];
    if entry.is_unconfirmed && standing.left_on.is_none() {
        facts.push(fact(
            "平台花名册",
            "平台未确认：平台最近的花名册里没有他，照常放行；请与平台核对".to_owned(),
        ));
    }
    for (word, on) in more {
        facts.extend(on.map(|on| fact(word, on.to_string())));
    }
    facts
}

fn trained_on(standing: &WorkerStanding) -> Option<Date> {
    standing
        .trainings
        .iter()
        .rev()
        .find(|training| training.kind.opens_gate())
        .map(|training| training.on)
}

fn contract_text(standing: &WorkerStanding) -> String {
    standing.contract.map_or_else(
        || "没有".to_owned(),
        |contract| {
            let until = contract
                .until
                .map_or_else(|| "至工作完成".to_owned(), |until| format!("到 {until}"));
            format!("{} 签，{until}", contract.signed_on)
        },
    )
}

fn day_row(day: &PersonDay, lanes: &[(String, String)]) -> DayRow {
    let punches = day
        .punches
        .iter()
        .map(|punch| PunchRow {
            time: clock_text(punch.at),
            way: match punch.direction {
                Direction::In => "进",
                Direction::Out => "出",
            },
            lane: lanes
                .iter()
                .find(|(id, _)| *id == punch.lane)
                .map(|(_, name)| name.clone())
                .unwrap_or_default(),
            is_sure: punch.is_sure,
            correction: punch.correction.as_ref().map(|one| {
                let words = format!(
                    "{}，{} 申请，{} 批准",
                    one.reason.text(),
                    one.requester,
                    one.approver
                );
                (one.request, words)
            }),
            corrected_from: (punch.at != punch.recorded_at).then(|| minute_text(punch.recorded_at)),
            seq: punch.seq,
        })
        .collect();
    DayRow {
        day: day.on.day(),
        on: day.on.to_string(),
        column: day.on.weekday().to_monday_one_offset(),
        weekday: weekday_letter(day.on),
        cell: day.cell,
        text: day.cell.text(),
        minutes: hours_text(day.cell.minutes),
        punches,
    }
}
