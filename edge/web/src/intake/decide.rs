//! Pure: what a row means for what is known, and the acts that lead from one to the other.

use edge_domain::{Act, Contract, Person, Role, Trade, Training, TrainingKind, WorkerId, age_on};
use jiff::civil::Date;

use super::known::{Kept, Known};
use super::values::TRAINING_HOURS;
use super::wanted::{Numbered, Phone, Wanted};

/// Nobody younger may be employed (禁止使用童工规定).
const AGE_MIN: u8 = 16;

/// What a row comes to.
pub(super) enum Decision {
    /// A worker whom nobody knew.
    New { worker: WorkerId, kept: Box<Kept> },
    /// Somebody known, with something new.
    Changed { worker: WorkerId, kept: Box<Kept> },
    /// Somebody known, with nothing new.
    Same { worker: WorkerId },
    /// Why not, in Chinese.
    Refused(String),
}

/// Decides about a row.
pub(super) fn decide(wanted: &Wanted, known: &Known, today: Date) -> Decision {
    let decided = match worker_of(wanted, known) {
        Ok(Some(worker)) => known_person(wanted, known, worker, today),
        Ok(None) => new_person(wanted, known, today),
        Err(why) => Err(why),
    };
    decided.unwrap_or_else(Decision::Refused)
}

/// Who is meant: by his number, or by the box's own number where that is masked.
fn worker_of(wanted: &Wanted, known: &Known) -> Result<Option<WorkerId>, String> {
    let by_id = wanted
        .worker
        .filter(|worker| known.person(*worker).is_some());
    match &wanted.number {
        Numbered::Whole(number) => {
            let found = known.worker_of(number);
            match (found, by_id) {
                (None, Some(other)) => Err(format!(
                    "工号 {} 是另一个证件号码；证件号码不能改，换了人请把工号留空",
                    other.0
                )),
                (Some(found), Some(other)) if found != other => Err(format!(
                    "这个证件号码是工号 {}，不是工号 {}",
                    found.0, other.0
                )),
                (found, _) => Ok(found),
            }
        }
        Numbered::Masked(text) => {
            let same = |worker: &WorkerId| {
                known
                    .person(*worker)
                    .is_some_and(|one| one.person.number.masked() == *text)
            };
            by_id
                .filter(same)
                .map(Some)
                .ok_or_else(|| "证件号码是遮盖的（有 *），和工号对不上，请填完整号码".to_owned())
        }
    }
}

fn new_person(wanted: &Wanted, known: &Known, today: Date) -> Result<Decision, String> {
    let Numbered::Whole(number) = &wanted.number else {
        return Err("证件号码是遮盖的（有 *），请填完整号码".to_owned());
    };
    let born = number
        .born()
        .or(wanted.born)
        .ok_or("请填出生日期：这种证件的号码里没有")?;
    let sex = number
        .sex()
        .or(wanted.sex)
        .ok_or("请填性别：这种证件的号码里没有")?;
    let missing: Vec<&str> = [
        ("班组", wanted.team.is_none()),
        ("工种", wanted.trade.is_none()),
        ("进场日期", wanted.entered.is_none()),
    ]
    .into_iter()
    .filter_map(|(word, missing)| missing.then_some(word))
    .collect();
    let (Some(team), Some(trade), Some(entered_on)) = (&wanted.team, wanted.trade, wanted.entered)
    else {
        return Err(format!("新工人还要填{}", missing.join("、")));
    };
    if age_on(born, entered_on) < AGE_MIN || age_on(born, today) < AGE_MIN {
        return Err(format!("不满 {AGE_MIN} 周岁，禁止使用童工"));
    }
    let phone = match &wanted.phone {
        Some(Phone::Masked(_)) => return Err("手机号是遮盖的（有 *），请填完整号码".to_owned()),
        Some(Phone::Whole(phone)) => Some(phone.clone()),
        None => None,
    };
    let kept = Kept {
        person: Person {
            name: wanted.name.clone(),
            number: number.clone(),
            sex,
            born,
            nation: wanted.nation.clone(),
            phone,
            valid_to: wanted.valid_to,
            photo_sha256: None,
            ic_card: None,
            wage_card: None,
            certificates: Vec::new(),
            contact: None,
        },
        team: Some(known.team(team, wanted.employer.as_deref())?),
        trade,
        role: wanted.role.unwrap_or_else(|| role_of(trade)),
        entered_on: Some(entered_on),
        left_on: wanted.left,
        contract: wanted.contract.map(contract),
        trained_on: wanted.trained,
        health_until: wanted.health,
    };
    fits(&kept, wanted)?;
    Ok(Decision::New {
        worker: known.next_worker(),
        kept: Box::new(kept),
    })
}

/// 管理人员 stands in the table of trades too.
fn role_of(trade: Trade) -> Role {
    if trade.text() == "管理人员" {
        Role::Manager
    } else {
        Role::Worker
    }
}

fn contract(signed_on: Date) -> Contract {
    Contract {
        signed_on,
        until: None,
    }
}

/// What must agree with itself.
fn fits(kept: &Kept, wanted: &Wanted) -> Result<(), String> {
    let number = &kept.person.number;
    if number
        .born()
        .zip(wanted.born)
        .is_some_and(|(of_number, given)| of_number != given)
    {
        return Err("出生日期和证件号码不一致，请对照证件".to_owned());
    }
    if number
        .sex()
        .zip(wanted.sex)
        .is_some_and(|(of_number, given)| of_number != given)
    {
        return Err("性别和证件号码不一致，请对照证件".to_owned());
    }
    let order = kept.entered_on.zip(kept.left_on);
    if order.is_some_and(|(entered, left)| left < entered) {
        return Err("退场日期在进场日期之前".to_owned());
    }
    Ok(())
}

fn known_person(
    wanted: &Wanted,
    known: &Known,
    worker: WorkerId,
    today: Date,
) -> Result<Decision, String> {
    let Some(now) = known.person(worker) else {
        return Err("花名册上没有这个人".to_owned());
    };
    let kept = target(wanted, known, now)?;
    if kept == *now {
        return Ok(Decision::Same { worker });
    }
    let comes = now.left_on.is_some() && kept.left_on.is_none_or(|left| left > today);
    if comes && known.is_barred(worker) {
        return Err("这个人在黑名单上，不能导入进场".to_owned());
    }
    Ok(Decision::Changed {
        worker,
        kept: Box::new(kept),
    })
}

/// What is known of a person once the row is taken in; an empty cell leaves everything as it is.
pub(super) fn target(wanted: &Wanted, known: &Known, now: &Kept) -> Result<Kept, String> {
    let mut kept = now.clone();
    let person = &mut kept.person;
    let loose =
        |name: &str| -> String { name.chars().filter(|one| !one.is_whitespace()).collect() };
    if loose(person.name.reveal()) != loose(wanted.name.reveal()) {
        person.name = wanted.name.clone();
    }
    match &wanted.phone {
        Some(Phone::Whole(phone)) => person.phone = Some(phone.clone()),
        Some(Phone::Masked(text)) => {
            let same = person
                .phone
                .as_ref()
                .is_some_and(|phone| phone.masked() == *text);
            if !same {
                return Err("手机号是遮盖的（有 *），和登记的不一样；要改请填完整号码".to_owned());
            }
        }
        None => {}
    }
    if person.number.sex().is_none() {
        person.sex = wanted.sex.unwrap_or(person.sex);
    }
    if person.number.born().is_none() {
        person.born = wanted.born.unwrap_or(person.born);
    }
    person.nation = wanted.nation.clone().or(person.nation.take());
    person.valid_to = wanted.valid_to.or(person.valid_to);
    if let Some(team) = &wanted.team
        && known.team_name(now.team) != team
    {
        kept.team = Some(known.team(team, wanted.employer.as_deref())?);
    }
    kept.trade = wanted.trade.unwrap_or(now.trade);
    kept.role = wanted.role.unwrap_or(now.role);
    kept.entered_on = wanted.entered.or(now.entered_on);
    // A day of entering after the day of leaving: he comes again.
    let comes_again = wanted
        .entered
        .zip(now.left_on)
        .is_some_and(|(entered, left)| entered > left);
    kept.left_on = if comes_again {
        wanted.left.filter(|left| now.left_on != Some(*left))
    } else {
        wanted.left.or(now.left_on)
    };
    if let Some(signed_on) = wanted.contract
        && now.contract.map(|contract| contract.signed_on) != Some(signed_on)
    {
        kept.contract = Some(contract(signed_on));
    }
    kept.trained_on = wanted.trained.or(now.trained_on);
    kept.health_until = wanted.health.or(now.health_until);
    fits(&kept, wanted)?;
    let belongs = |one: &Kept| (one.team, one.trade, one.role, one.entered_on);
    if belongs(&kept) != belongs(now) && (kept.team.is_none() || kept.entered_on.is_none()) {
        return Err("他还没有进场，请填班组和进场日期".to_owned());
    }
    Ok(kept)
}

/// The acts that lead from what is known to what shall be known.
pub(super) fn acts_to(worker: WorkerId, now: Option<&Kept>, then: &Kept) -> Vec<Act> {
    let mut acts = Vec::new();
    if now.is_none_or(|now| now.person != then.person) {
        let person = Box::new(then.person.clone());
        acts.push(Act::Worker { worker, person });
    }
    let left_now = standing_acts(worker, now, then, &mut acts);
    if let Some(contract) = then.contract
        && now.is_none_or(|now| now.contract != then.contract)
    {
        acts.push(Act::Contract { worker, contract });
    }
    if let Some(on) = then.trained_on
        && now.is_none_or(|now| now.trained_on != then.trained_on)
    {
        let training = Training {
            kind: TrainingKind::Safety,
            on,
            hours: TRAINING_HOURS,
        };
        acts.push(Act::Training { worker, training });
    }
    if let Some(until) = then.health_until
        && now.is_none_or(|now| now.health_until != then.health_until)
    {
        acts.push(Act::HealthCertificate { worker, until });
    }
    if let Some(on) = then.left_on
        && left_now != then.left_on
    {
        let reason = None;
        acts.push(Act::Exit { worker, on, reason });
    }
    acts
}

/// Coming, and coming again; gives the day of leaving that stands afterwards.
fn standing_acts(
    worker: WorkerId,
    now: Option<&Kept>,
    then: &Kept,
    acts: &mut Vec<Act>,
) -> Option<Date> {
    let belongs = |one: &Kept| (one.team, one.trade, one.role, one.entered_on);
    let left_now = now.and_then(|now| now.left_on);
    let comes = left_now.is_some() && then.left_on.is_none();
    let moves = now.is_none_or(|now| belongs(now) != belongs(then));
    let (Some(team), Some(on)) = (then.team, then.entered_on) else {
        return left_now;
    };
    if !moves && !comes {
        return left_now;
    }
    let (trade, role) = (then.trade, then.role);
    acts.push(Act::Entry {
        worker,
        team,
        trade,
        role,
        on,
    });
    None
}

/// What differs between two, in the clerk's words; phones masked.
pub(super) fn differences(now: &Kept, then: &Kept, known: &Known) -> String {
    let day = |day: Option<Date>| day.map_or("空".to_owned(), |day| day.to_string());
    let phone = |one: &Kept| {
        let phone = one.person.phone.as_ref();
        phone.map_or("空".to_owned(), edge_domain::PhoneNumber::masked)
    };
    let signed = |one: &Kept| day(one.contract.map(|contract| contract.signed_on));
    let word = |one: &Kept| match one.role {
        Role::Manager => "管理人员".to_owned(),
        Role::Worker => "建筑工人".to_owned(),
    };
    let name = |one: &Kept| one.person.name.reveal().to_owned();
    let mut told: Vec<String> = [
        ("姓名", name(now), name(then)),
        ("手机", phone(now), phone(then)),
        (
            "班组",
            known.team_name(now.team).to_owned(),
            known.team_name(then.team).to_owned(),
        ),
        (
            "工种",
            now.trade.text().to_owned(),
            then.trade.text().to_owned(),
        ),
        ("岗位", word(now), word(then)),
        ("进场日期", day(now.entered_on), day(then.entered_on)),
        ("退场日期", day(now.left_on), day(then.left_on)),
        ("合同签订日期", signed(now), signed(then)),
        ("三级教育日期", day(now.trained_on), day(then.trained_on)),
        (
            "证件有效期",
            day(now.person.valid_to),
            day(then.person.valid_to),
        ),
        (
            "健康证有效期",
            day(now.health_until),
            day(then.health_until),
        ),
    ]
    .into_iter()
    .filter(|(_, before, after)| before != after)
    .map(|(word, before, after)| format!("{word} {before} → {after}"))
    .collect();
    if told.is_empty() && now != then {
        told.push("民族、性别等资料".to_owned());
    }
    told.join("；")
}
