//! `/papers/funds`: 项目资金: special account, deposit, and what came in for labor each month.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use edge_domain::{DepositForm, Fen, FundAccount, FundDeposit, FundMonth, FundTransfer};
use serde::Deserialize;

use super::funds::{Funds, Warning, state_text};
use crate::books::Shelf;
use crate::error::WebError;
use crate::pages::door::SignedIn;
use crate::pages::layout::{self, Layout};
use crate::pages::site::shared::Choice;
use crate::site_time::{minute_text, month_text, month_value};
use crate::state::WebState;

/// Where it is.
pub(super) const FUNDS: &str = "/papers/funds";

/// What its address carries.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct FundsQuery {
    done: String,
    /// The transfer that is to be put right.
    edit: String,
}

/// The special account, for the page and its form.
#[derive(Debug)]
struct AccountView {
    bank: String,
    number: String,
    opened: String,
    from: String,
    from_text: String,
    due_day: u8,
    monthly: String,
    monthly_text: String,
    entered: String,
}

/// The deposit, likewise.
#[derive(Debug)]
struct DepositView {
    form_text: &'static str,
    holder: String,
    reference: String,
    amount: String,
    amount_text: String,
    until: String,
    entered: String,
}

#[derive(Debug)]
struct MonthRow {
    month: String,
    due: String,
    needed: String,
    came: String,
    last_on: String,
    wages: String,
    class: &'static str,
    state: String,
}

#[derive(Debug)]
struct TransferRow {
    transfer: u32,
    month: String,
    amount: String,
    on: String,
    reference: String,
    /// Who entered it and when; why it was put right.
    entered: String,
    why: String,
    is_struck: bool,
}

/// The form of a transfer: a new one, or one that is put right.
#[derive(Debug)]
struct TransferForm {
    transfer: u32,
    seen: i64,
    month: String,
    amount: String,
    on: String,
    reference: String,
}

#[derive(Template)]
#[template(path = "funds.html")]
struct FundsPage {
    layout: Layout,
    warnings: Vec<Warning>,
    account: Option<AccountView>,
    account_seen: i64,
    deposit: Option<DepositView>,
    deposit_seen: i64,
    deposit_forms: Vec<Choice>,
    months: Vec<MonthRow>,
    transfers: Vec<TransferRow>,
    form: TransferForm,
    due_days: Vec<Choice>,
    today: String,
    done: Option<&'static str>,
}

fn done_text(word: &str) -> Option<&'static str> {
    match word {
        "account" => Some("工资专用账户已登记。"),
        "deposit" => Some("工资保证金已登记。"),
        "transfer" => Some("人工费拨付已登记。"),
        _ => None,
    }
}

/// `GET /papers/funds`.
pub(crate) async fn show(
    State(state): State<WebState>,
    signed_in: SignedIn,
    Query(query): Query<FundsQuery>,
) -> Result<Response, WebError> {
    let today = Shelf::today(state.now_ms());
    let read = move |shelf: &mut Shelf| Funds::read(shelf, today);
    let funds = state.books().ask("read the project's money", read).await?;
    let layout = Layout::new(&state, Some(signed_in.account), "/papers");
    let asked = query.edit.parse::<u32>().ok();
    let edited = funds
        .transfers
        .iter()
        .find(|(one, _)| Some(one.transfer) == asked && layout.changes());
    let chosen = funds.account.as_ref().map_or(10, |(one, _)| one.due_day);
    layout::page(&FundsPage {
        layout,
        warnings: funds.warnings(),
        account_seen: seen(funds.account.as_ref()),
        deposit_seen: seen(funds.deposit.as_ref()),
        deposit_forms: deposit_forms(&funds),
        form: transfer_form(edited, today),
        months: funds.months.iter().map(month_row).collect(),
        transfers: funds.transfers.iter().rev().map(transfer_row).collect(),
        account: funds.account.map(account_view),
        deposit: funds.deposit.map(deposit_view),
        due_days: (1..=28).map(|day| due_day(day, chosen)).collect(),
        today: today.to_string(),
        done: done_text(&query.done),
    })
}

/// When what is shown was entered; 0 where nothing was.
pub(super) fn seen<T>(one: Option<&(T, i64)>) -> i64 {
    one.map_or(0, |(_, at)| *at)
}

fn due_day(day: u8, chosen: u8) -> Choice {
    Choice {
        value: day.to_string(),
        word: format!("次月 {day} 日"),
        chosen: day == chosen,
    }
}

fn deposit_forms(funds: &Funds) -> Vec<Choice> {
    let chosen = funds.deposit.as_ref().map(|(one, _)| one.form);
    let choice = |form: DepositForm| Choice {
        value: form.code().to_owned(),
        word: form.text().to_owned(),
        chosen: chosen == Some(form),
    };
    DepositForm::ALL.into_iter().map(choice).collect()
}

fn transfer_form(edited: Option<&(FundTransfer, i64)>, today: jiff::civil::Date) -> TransferForm {
    match edited {
        Some((one, at)) => TransferForm {
            transfer: one.transfer,
            seen: *at,
            month: month_value(one.month),
            amount: one.amount.plain(),
            on: one.on.to_string(),
            reference: one.reference.clone().unwrap_or_default(),
        },
        None => TransferForm {
            transfer: 0,
            seen: 0,
            month: month_value(today),
            amount: String::new(),
            on: today.to_string(),
            reference: String::new(),
        },
    }
}

fn account_view((one, at): (FundAccount, i64)) -> AccountView {
    AccountView {
        from: month_value(one.from),
        from_text: month_text(one.from),
        opened: one.opened.to_string(),
        due_day: one.due_day,
        monthly: one.monthly.map(Fen::plain).unwrap_or_default(),
        monthly_text: one
            .monthly
            .map_or_else(|| "按工程进度".to_owned(), |fen| format!("{fen} 元")),
        bank: one.bank,
        number: one.number,
        entered: entered(&one.account, at),
    }
}

fn deposit_view((one, at): (FundDeposit, i64)) -> DepositView {
    DepositView {
        form_text: one.form.text(),
        holder: one.holder,
        reference: one.reference.unwrap_or_default(),
        amount: one.amount.plain(),
        amount_text: one.amount.to_string(),
        until: one.until.map(|on| on.to_string()).unwrap_or_default(),
        entered: entered(&one.account, at),
    }
}

fn entered(account: &str, at: i64) -> String {
    format!("{account} {}", minute_text(at))
}

fn or_empty(amount: Fen) -> String {
    if amount == Fen::ZERO {
        String::new()
    } else {
        amount.to_string()
    }
}

fn month_row(month: &FundMonth) -> MonthRow {
    let (class, state) = state_text(month);
    MonthRow {
        month: month_text(month.first),
        due: month.due.to_string(),
        needed: or_empty(month.needed),
        came: or_empty(month.came),
        last_on: month.last_on.map(|on| on.to_string()).unwrap_or_default(),
        wages: or_empty(month.wages),
        class,
        state,
    }
}

fn transfer_row((one, at): &(FundTransfer, i64)) -> TransferRow {
    TransferRow {
        transfer: one.transfer,
        month: month_text(one.month),
        amount: one.amount.to_string(),
        on: one.on.to_string(),
        reference: one.reference.clone().unwrap_or_default(),
        entered: entered(&one.account, *at),
        why: one.why.clone().unwrap_or_default(),
        is_struck: one.amount == Fen::ZERO,
    }
}
