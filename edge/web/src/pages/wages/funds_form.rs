//! `POST /papers/funds/{what}`: what is entered of the project's money.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use edge_domain::{Act, DepositForm, Fen, FundAccount, FundDeposit, FundTransfer, WageAct};
use edge_store::Wages;
use jiff::civil::Date;
use serde::Deserialize;

use super::funds_page::{FUNDS, seen};
use crate::books::Shelf;
use crate::error::{SourceError, WebError};
use crate::pages::desk::fields;
use crate::pages::door::SignedIn;
use crate::pages::error_page;
use crate::recorder::{ActMaker, Refusal};
use crate::site_time::parse_month;
use crate::state::WebState;

const BANK_CHARS_MAX: usize = 40;
const REFERENCE_CHARS_MAX: usize = 40;
const WHY_CHARS_MAX: usize = 100;
/// Digits of a company's account.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 8..=30;

/// What the three forms send; each uses some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FundForm {
    /// When what the page showed was entered: somebody else's change in between is noticed by it.
    seen: i64,
    bank: String,
    number: String,
    opened: String,
    from: String,
    due_day: String,
    monthly: String,
    form: String,
    holder: String,
    reference: String,
    amount: String,
    until: String,
    /// The transfer that is put right; 0 for a new one.
    transfer: u32,
    month: String,
    on: String,
    why: String,
}

/// `POST /papers/funds/{what}`.
pub(crate) async fn submit(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Path(what): Path<String>,
    Form(typed): Form<FundForm>,
) -> Result<Response, WebError> {
    let (today, account) = (Shelf::today(state.now_ms()), signed_in.account.name);
    let done = what.clone();
    let maker: ActMaker = Box::new(move |reader| {
        let wages = reader.wages();
        if shown(&wages, &what, &typed)? != typed.seen {
            return Ok(Err(Refusal::new(
                "刚才有人改过这一项，您的这一次没有保存。请看过最新内容后再操作。",
            )));
        }
        let made = match what.as_str() {
            "account" => fund_account(&typed, account, today),
            "deposit" => deposit(&typed, account),
            "transfer" => {
                let last = wages.fund_transfers()?.last().map(|(one, _)| one.transfer);
                transfer(&typed, account, (today, last))
            }
            _ => Err(Refusal::new("没有这种操作。")),
        };
        Ok(made.map(|act| vec![Act::Wage(act)]))
    });
    let step = "enter the project's money";
    match state
        .recorder()
        .record(maker)
        .await
        .map_err(WebError::source(step))?
    {
        Ok(()) => Ok(Redirect::to(&format!("{FUNDS}?done={done}")).into_response()),
        Err(Refusal(problem)) => Ok(error_page::refused(&problem, FUNDS)),
    }
}

/// When what the form is about was entered, as it stands now.
fn shown(wages: &Wages<'_>, what: &str, typed: &FundForm) -> Result<i64, SourceError> {
    Ok(match what {
        "account" => seen(wages.fund_account()?.as_ref()),
        "deposit" => seen(wages.fund_deposit()?.as_ref()),
        _ => {
            let all = wages.fund_transfers()?;
            let same = all.iter().find(|(one, _)| one.transfer == typed.transfer);
            same.map_or(0, |(_, at)| *at)
        }
    })
}

fn amount(typed: &str, word: &str) -> Result<Fen, Refusal> {
    Fen::parse_of_project(typed).ok_or_else(|| {
        Refusal::new(format!(
            "{word}看不懂，请写成 468000 或 468,000.50 这样的元数，最多一亿元。没有保存。"
        ))
    })
}

fn first_of(typed: &str, word: &str) -> Result<Date, Refusal> {
    parse_month(typed.trim())
        .ok_or_else(|| Refusal::new(format!("请选{word}，例如 2026-10。没有保存。")))
}

/// A text that has to be there.
fn needed(typed: &str, chars_max: usize, problem: &str) -> Result<String, Refusal> {
    fields::note(typed, chars_max).ok_or_else(|| Refusal::new(problem))
}

fn number(typed: &str) -> Result<String, Refusal> {
    let digits: String = typed
        .chars()
        .filter(|one| !matches!(one, ' ' | '-'))
        .collect();
    let is_number = digits.bytes().all(|one| one.is_ascii_digit());
    if is_number && NUMBER_DIGITS.contains(&digits.len()) {
        Ok(digits)
    } else {
        Err(Refusal::new(
            "专用账户的账号应是 8 到 30 位数字，请对照开户资料重新输入。没有保存。",
        ))
    }
}

fn fund_account(form: &FundForm, account: String, today: Date) -> Result<WageAct, Refusal> {
    let bank = needed(
        &form.bank,
        BANK_CHARS_MAX,
        "请填开户行，例如“建设银行城东支行”。",
    )?;
    let opened = fields::needed_day(&form.opened, "开户日期")?;
    if opened > today {
        return Err(Refusal::new("开户日期在今天之后，请核对。没有保存。"));
    }
    let due_day = form.due_day.parse().ok();
    let due_day = due_day.filter(|day| (1..=28).contains(day));
    let monthly = match form.monthly.trim() {
        "" => None,
        typed => Some(amount(typed, "每月约定拨付")?).filter(|fen| *fen > Fen::ZERO),
    };
    Ok(WageAct::FundAccount(FundAccount {
        bank,
        number: number(&form.number)?,
        opened,
        from: first_of(&form.from, "从哪个月起拨付")?,
        due_day: due_day
            .ok_or_else(|| Refusal::new("请选最晚到账日：次月 1 日到 28 日。没有保存。"))?,
        monthly,
        account,
    }))
}

fn deposit(form: &FundForm, account: String) -> Result<WageAct, Refusal> {
    let Some(kind) = DepositForm::from_code(&form.form) else {
        return Err(Refusal::new(
            "请选保证金的方式：现金存储、银行保函或保险。没有保存。",
        ));
    };
    let amount = amount(&form.amount, "保证金金额")?;
    if amount == Fen::ZERO {
        return Err(Refusal::new("保证金金额不能是 0。没有保存。"));
    }
    let until = fields::day(&form.until, "到期日")?;
    if until.is_none() && kind != DepositForm::Cash {
        return Err(Refusal::new(
            "保函和保险都有到期日，请照原件填写，到期前会提醒。没有保存。",
        ));
    }
    Ok(WageAct::FundDeposit(FundDeposit {
        form: kind,
        holder: needed(
            &form.holder,
            BANK_CHARS_MAX,
            "请填存放的银行，或者出保函、保单的机构。没有保存。",
        )?,
        reference: fields::note(&form.reference, REFERENCE_CHARS_MAX),
        amount,
        until,
        account,
    }))
}

fn transfer(
    form: &FundForm,
    account: String,
    (today, last): (Date, Option<u32>),
) -> Result<WageAct, Refusal> {
    let is_new = form.transfer == 0;
    if !is_new && form.seen == 0 {
        return Err(Refusal::new("没有这一笔拨付。"));
    }
    let amount = amount(&form.amount, "拨付金额")?;
    let why = fields::note(&form.why, WHY_CHARS_MAX).filter(|_| !is_new);
    if is_new && amount == Fen::ZERO {
        return Err(Refusal::new(
            "拨付金额不能是 0。要作废一笔，请在那一笔上点“更正”。没有保存。",
        ));
    }
    if !is_new && why.is_none() {
        return Err(Refusal::new(
            "更正要写原因，例如“金额录错”。原来那笔会保留在账本里。没有保存。",
        ));
    }
    let on = fields::needed_day(&form.on, "到账日期")?;
    if on > today {
        return Err(Refusal::new(
            "到账日期在今天之后。钱到账以后再登记。没有保存。",
        ));
    }
    Ok(WageAct::FundTransfer(FundTransfer {
        transfer: if is_new {
            last.unwrap_or(0).saturating_add(1)
        } else {
            form.transfer
        },
        month: first_of(&form.month, "是哪个月的人工费")?,
        amount,
        on,
        reference: fields::note(&form.reference, REFERENCE_CHARS_MAX),
        why,
        account,
    }))
}
