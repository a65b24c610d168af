//! `POST /people/{worker}/…`: papers, coming, leaving, barring of one person.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{
    Act, BankAccount, Contract, Fen, Person, Role, Training, TrainingKind, WageAct, WageBasis,
    WageCard, WageTerms, WorkerId, WorkerStanding,
};
use edge_store::Reader;
use jiff::civil::Date;
use serde::Deserialize;

use super::fields;
use super::paper_acts::{self, TypedCertificate};
use crate::books::{ConsentWords, Shelf, standing_tag};
use crate::error::{SourceError, WebError};
use crate::intake::TRAINING_HOURS;
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::recorder::{ActMaker, Refusal};
use crate::state::WebState;

const NOTE_CHARS_MAX: usize = 100;
const BANK_CHARS_MAX: usize = 40;

/// What the forms of a person's page send; each uses some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PersonForm {
    /// What the page showed: somebody else's change in between is noticed by it.
    seen: String,
    on: String,
    until: String,
    kind: String,
    team: String,
    trade: String,
    role: String,
    reason: String,
    /// Which version of the consent's words was signed.
    text: String,
    rate: String,
    bank: String,
    account: String,
    social: String,
    number: String,
    issuer: String,
    /// Which of a list, from 0.
    place: String,
    name: String,
    phone: String,
    /// The page to go on with: `face`, or the person's own.
    then: String,
}

/// `POST /people/{worker}/{act}`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    _: SignedIn,
    Path((worker, act)): Path<(u32, String)>,
    Form(typed): Form<PersonForm>,
) -> Result<Response, WebError> {
    let today = Shelf::today(state.now_ms());
    let worker = WorkerId(worker);
    let what = act.clone();
    let to_face = typed.then == "face";
    let words = [
        Some(state.consent_words()),
        state.upload_words().map(|one| one.0),
    ];
    let maker: ActMaker = Box::new(move |reader| {
        let Some(standing) = reader.worker(worker)? else {
            return Ok(Err(Refusal::new("花名册上没有这个人。")));
        };
        let person = reader.desk().person(worker)?;
        if standing_tag(&standing, person.as_ref()) != typed.seen {
            return Ok(Err(Refusal::new(
                "刚才有人改过这个人的资料，您的这一次没有保存。请看过最新内容后再操作。",
            )));
        }
        let made = match what.as_str() {
            "training" => training(worker, &typed, today),
            "contract" => contract(worker, &typed, today),
            "exit" => exit(&standing, &typed),
            "face_consent" => face_consent(reader, worker, &typed, (today, words))?,
            "wage" => wage_terms(worker, &typed),
            "card" | "certificate" | "certificate_gone" | "contact" => {
                changed_person(person, worker, &what, (&typed, today))
            }
            "blacklist" => Ok(blacklist(&standing, &typed)),
            "entry" => return entry(reader, &standing, &typed),
            _ => Err(Refusal::new("没有这种操作。")),
        };
        Ok(made.map(|act| vec![act]))
    });
    let step = "record an act on a worker";
    let done = state.recorder().record(maker).await;
    match done.map_err(WebError::source(step))? {
        Ok(()) => {
            tracing::info!(act, "Act on a worker recorded");
            let page = if to_face { "/face" } else { "" };
            let address = format!("/people/{}{page}?done={act}", worker.0);
            Ok(Redirect::to(&address).into_response())
        }
        Err(Refusal(problem)) => Ok(error_page::refused(
            &problem,
            &format!("/people/{}", worker.0),
        )),
    }
}

fn training(worker: WorkerId, form: &PersonForm, today: Date) -> Result<Act, Refusal> {
    let on = fields::needed_day(&form.on, "培训日期")?;
    if on > today {
        return Err(Refusal::new("培训日期在今天之后，请核对。"));
    }
    let kind = TrainingKind::from_code(&form.kind).unwrap_or(TrainingKind::Safety);
    let hours = if kind == TrainingKind::Safety {
        TRAINING_HOURS
    } else {
        8
    };
    let training = Training { kind, on, hours };
    Ok(Act::Training { worker, training })
}

fn contract(worker: WorkerId, form: &PersonForm, today: Date) -> Result<Act, Refusal> {
    let signed_on = fields::needed_day(&form.on, "签订日期")?;
    let until = fields::day(&form.until, "到期日期")?;
    if signed_on > today {
        return Err(Refusal::new("签订日期在今天之后，请核对。"));
    }
    if until.is_some_and(|until| until < signed_on) {
        return Err(Refusal::new("到期日期在签订日期之前，请核对。"));
    }
    let contract = Contract { signed_on, until };
    Ok(Act::Contract { worker, contract })
}

/// From a day on; earlier months keep what was agreed then.
fn wage_terms(worker: WorkerId, form: &PersonForm) -> Result<Act, Refusal> {
    let Some(basis) = WageBasis::from_code(&form.kind) else {
        return Err(Refusal::new("请选计日、月薪或计件。"));
    };
    let from = fields::needed_day(&form.on, "从哪天起")?;
    let rate = match basis {
        WageBasis::Piece => Fen::ZERO,
        WageBasis::Daily | WageBasis::Monthly => Fen::parse(&form.rate)
            .filter(|rate| *rate > Fen::ZERO)
            .ok_or_else(|| Refusal::new("工资标准请写成 300 或 300.50 这样的元数。"))?,
    };
    Ok(Act::Wage(WageAct::Terms(WageTerms {
        worker,
        basis,
        rate,
        from,
    })))
}

/// Another record of the same person, sealed as a whole.
fn changed_person(
    person: Option<Person>,
    worker: WorkerId,
    what: &str,
    (form, today): (&PersonForm, Date),
) -> Result<Act, Refusal> {
    let Some(mut person) = person else {
        return Err(Refusal::new("这个人的资料读不出来，没有保存。"));
    };
    match what {
        "certificate" => {
            let typed = TypedCertificate {
                kind: &form.kind,
                number: &form.number,
                issuer: &form.issuer,
                until: &form.until,
            };
            paper_acts::add_certificate(&mut person, &typed, today)?;
        }
        "certificate_gone" => paper_acts::remove_certificate(&mut person, &form.place)?,
        "contact" => person.contact = paper_acts::contact(&form.name, &form.kind, &form.phone)?,
        _ => person.wage_card = Some(wage_card(form)?),
    }
    let person = Box::new(person);
    Ok(Act::Worker { worker, person })
}

fn wage_card(form: &PersonForm) -> Result<WageCard, Refusal> {
    let Some(bank) = fields::note(&form.bank, BANK_CHARS_MAX) else {
        return Err(Refusal::new("请填开户行，例如“建设银行城东支行”。"));
    };
    let Ok(account) = BankAccount::parse(&form.account) else {
        return Err(Refusal::new(
            "银行卡号不对：应是 8 到 30 位数字，62 开头的卡末位是校验位。请对照银行卡重新输入，没有保存。",
        ));
    };
    Ok(WageCard {
        bank,
        account,
        is_social: form.social == "yes",
    })
}

/// Taking a consent back needs no day of its own: it holds from now on.
fn face_consent(
    reader: &Reader,
    worker: WorkerId,
    form: &PersonForm,
    (today, words): (Date, [Option<ConsentWords>; 2]),
) -> Result<Result<Act, Refusal>, SourceError> {
    let given = form.kind == "given";
    let agreed = reader.faces()?.consents()?.contains(&worker.0);
    // Who signed older words may sign the present ones.
    let text = form.text.parse().ok().filter(|_| given);
    let mut offered = words.into_iter().flatten();
    let meant = offered.find(|one| Some(one.version) == text);
    let has_signed = match meant {
        Some(words) => reader.faces()?.signed(words.enough)?.contains(&worker.0),
        None => false,
    };
    let is_renewed = given && agreed && !has_signed;
    if given == agreed && !is_renewed {
        return Ok(Err(Refusal::new(
            "刚才有人改过这一项，请看过最新内容后再操作。",
        )));
    }
    let signed = if given {
        fields::needed_day(&form.on, "签字日期")
    } else {
        Ok(today)
    };
    Ok(signed.and_then(|on| {
        if on > today {
            return Err(Refusal::new("签字日期在今天之后，请核对。"));
        }
        if given && meant.is_none() {
            return Err(Refusal::new(
                "同意书的文字刚换过新版，请让本人看过新版、签字后再登记。",
            ));
        }
        Ok(Act::FaceConsent {
            worker,
            given,
            on,
            text,
        })
    }))
}

fn exit(standing: &WorkerStanding, form: &PersonForm) -> Result<Act, Refusal> {
    let on = fields::needed_day(&form.on, "退场日期")?;
    if standing.entered_on.is_some_and(|entered| on < entered) {
        return Err(Refusal::new("退场日期在进场日期之前，请核对。"));
    }
    Ok(Act::Exit {
        worker: standing.worker,
        on,
        reason: fields::note(&form.reason, NOTE_CHARS_MAX),
    })
}

fn blacklist(standing: &WorkerStanding, form: &PersonForm) -> Act {
    Act::Blacklist {
        worker: standing.worker,
        listed: !standing.blacklisted,
        reason: fields::note(&form.reason, NOTE_CHARS_MAX),
    }
}

/// Coming again keeps the person: his number, papers and history.
fn entry(
    reader: &Reader,
    standing: &WorkerStanding,
    form: &PersonForm,
) -> Result<Result<Vec<Act>, Refusal>, SourceError> {
    let team = match fields::team(reader, &form.team)? {
        Ok(team) => team.team,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let read = fields::needed_day(&form.on, "进场日期").and_then(|on| {
        let trade = fields::trade(&form.trade)?;
        Ok(Act::Entry {
            worker: standing.worker,
            team,
            trade,
            role: Role::from_code(&form.role).unwrap_or(standing.role),
            on,
        })
    });
    Ok(read.map(|act| vec![act]))
}
