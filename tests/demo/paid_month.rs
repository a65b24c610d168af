//! What an office did with the site's last month before a visitor comes: attendance closed, one team's wages
//! from 编制 to the bank's answer, the project's money, and the certificates of special trades. Each step is a request that somebody's browser
//! would send.

use jiff::ToSpan as _;
use jiff::civil::Date;
use tests::{Clerk, GateBox, Result};

/// Who drew it up; a visitor gets an account of his own.
pub(crate) const CLERK: &str = "王敏";
const LEADER: &str = "李班长";
const SECOND: &str = "赵总";
const TEAM: &str = "1";
/// What is told of the bank.
const BANK: &str = "建设银行城东支行";

/// A signed-in office and the month it works on.
struct Office<'a> {
    screen: &'a str,
    clerk: Clerk,
    month: &'a str,
}

/// Does all of it for the month before `today`'s; the box is up and nobody has an account yet.
pub(crate) async fn write(gate_box: &mut GateBox, today: Date) -> Result<()> {
    let code = gate_box.claim_code().await?;
    let screen = gate_box.screen().to_owned();
    let month = month(today, 1)?;
    let office = Office {
        clerk: Clerk::claim(&screen, CLERK, &code).await?,
        screen: &screen,
        month: &month,
    };
    office.money(today).await?;
    office.certificates(today).await?;
    let people = office.people().await?;
    office.agree(&people).await?;
    office
        .clerk
        .send("/papers/close", &[("month", &month)])
        .await?;
    let first = people.first().ok_or("an empty team")?;
    let entry = [
        ("worker", first.as_str()),
        ("piece", "6480.50"),
        ("other", "200"),
        ("other_why", "预支生活费"),
    ];
    office.send("/papers/wages/entry", &entry).await?;
    office.steps().await?;
    office.bank(today).await
}

/// The month so many before that of `today`, `YYYY-MM`.
fn month(today: Date, back: i64) -> Result<String> {
    let first = today.first_of_month().checked_sub(back.months())?;
    Ok(format!("{:04}-{:02}", first.year(), first.month()))
}

impl Office<'_> {
    /// Sends a form about the team's month.
    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Result<String> {
        let of = [("team", TEAM), ("month", self.month)];
        self.clerk.send(path, &[&of, fields].concat()).await
    }

    /// An account, a deposit that ends soon, and three months: in time, late, and not there yet.
    async fn money(&self, today: Date) -> Result<()> {
        let opened = today.first_of_month().checked_sub(4.months())?;
        let (first, second) = (month(today, 3)?, month(today, 2)?);
        let (opened, ends) = (
            opened.to_string(),
            today.checked_add(20.days())?.to_string(),
        );
        let account = [
            ("seen", "0"),
            ("bank", BANK),
            ("number", "34050100000000000018"),
            ("opened", &opened),
            ("from", &first),
            ("due_day", "10"),
            ("monthly", "468000"),
        ];
        self.clerk.send("/papers/funds/account", &account).await?;
        let deposit = [
            ("seen", "0"),
            ("form", "guarantee"),
            ("holder", BANK),
            ("reference", "BH20260815001"),
            ("amount", "1500000"),
            ("until", &ends),
        ];
        self.clerk.send("/papers/funds/deposit", &deposit).await?;
        for (of, on, number) in [
            (&first, format!("{second}-08"), "Z0031"),
            (&second, format!("{}-15", self.month), "Z0047"),
        ] {
            let transfer = [
                ("month", of.as_str()),
                ("amount", "468000"),
                ("on", &on),
                ("reference", number),
            ];
            self.clerk.send("/papers/funds/transfer", &transfer).await?;
        }
        Ok(())
    }

    /// Nearly everybody of a special trade has his certificate: every ninth none, every ninth one that
    /// ends soon.
    async fn certificates(&self, today: Date) -> Result<()> {
        let page = self.clerk.page("/people?place=special").await?;
        let (soon, late) = (
            today.checked_add(18.days())?.to_string(),
            today.checked_add(2.years())?.to_string(),
        );
        for (at, row) in page.split("<td class=\"c-no num\">").skip(1).enumerate() {
            let worker = row.split('<').next().ok_or("no number")?;
            let kind = match between(row, "<td class=\"c-trade\">", "<")? {
                trade if trade.contains("架子") => "scaffolder",
                _ => "electrician",
            };
            let until = match at % 9 {
                4 => continue,
                7 => &soon,
                _ => &late,
            };
            let number = format!("皖A03{worker:0>6}");
            let fields = [
                ("kind", kind),
                ("number", &number),
                ("issuer", "测试市住房和城乡建设局"),
                ("until", until),
            ];
            self.of_person(worker, "certificate", &fields).await?;
        }
        Ok(())
    }

    fn page(&self) -> String {
        format!("/papers/wages?team={TEAM}&month={}", self.month)
    }

    /// The numbers of the team's people.
    async fn people(&self) -> Result<Vec<String>> {
        let page = self.clerk.page(&self.page()).await?;
        let rows = page.split("<tr id=\"w").skip(1);
        let numbers = rows.filter_map(|row| row.split('"').next());
        Ok(numbers.map(str::to_owned).collect())
    }

    /// Rates and wage cards: the first works by the piece, the second by the month; the third has no card
    /// of his own social security, the last none at all.
    async fn agree(&self, people: &[String]) -> Result<()> {
        for (at, worker) in people.iter().enumerate() {
            let day = (280 + at % 5 * 20).to_string();
            let (kind, rate) = match at {
                0 => ("piece", ""),
                1 => ("monthly", "8500"),
                _ => ("daily", day.as_str()),
            };
            self.of_person(
                worker,
                "wage",
                &[("kind", kind), ("rate", rate), ("on", "2020-01-01")],
            )
            .await?;
            if at + 1 == people.len() {
                continue;
            }
            let number = format!("13020101090{worker:0>8}");
            let social = if at == 2 { "no" } else { "yes" };
            let card = [("bank", BANK), ("account", &number), ("social", social)];
            self.of_person(worker, "card", &card).await?;
        }
        Ok(())
    }

    async fn of_person(&self, worker: &str, act: &str, fields: &[(&str, &str)]) -> Result<()> {
        let page = self.clerk.page(&format!("/people/{worker}")).await?;
        let seen = value(&page, "seen")?;
        let fields = [&[("seen", seen.as_str())], fields].concat();
        let path = format!("/people/{worker}/{act}");
        self.clerk.send(&path, &fields).await.map(drop)
    }

    /// Opens an account and signs in with it.
    async fn colleague(&self, name: &str, duty: &str) -> Result<Clerk> {
        let fields = [
            ("what", "open"),
            ("name", name),
            ("duty", duty),
            ("team", TEAM),
        ];
        let page = self.clerk.send("/accounts", &fields).await?;
        let code = between(&page, "id=\"handed-code\">", "<")?;
        Clerk::claim(self.screen, name, code).await
    }

    /// 编制, 班组确认, 审核, 公示: by three people.
    async fn steps(&self) -> Result<()> {
        let leader = self.colleague(LEADER, "leader").await?;
        let second = self.colleague(SECOND, "clerk").await?;
        for (who, step) in [
            (&self.clerk, "drawn"),
            (&leader, "confirmed"),
            (&second, "reviewed"),
            (&self.clerk, "published"),
        ] {
            let fields = [("team", TEAM), ("month", self.month), ("step", step)];
            who.send("/papers/wages/step", &fields).await?;
        }
        Ok(())
    }

    /// The bank paid everybody but one, in time where that day has come.
    async fn bank(&self, today: Date) -> Result<()> {
        let on = today.min(today.first_of_month().checked_add(8.days())?);
        let why = [("kind", "csv"), ("why", "交建行代发")];
        let file = self.send("/papers/wages/bank", &why).await?;
        let mut answer =
            "序号,收款户名,收款账号,金额,处理结果,失败原因,流水号,交易日期\n".to_owned();
        for (at, row) in file.lines().skip(1).enumerate() {
            let cells: Vec<&str> = row.split(',').map(str::trim).collect();
            let [place, name, account, _, amount, ..] = cells.as_slice() else {
                return Err(format!("the file for the bank: {row}").into());
            };
            let result = match at {
                3 => "处理失败,户名与账号不符",
                _ => "成功,",
            };
            answer.push_str(&format!(
                "{place},{name},{account},{amount},{result},B{place},{on}\n"
            ));
        }
        let path = format!("/papers/wages/receipt?team={TEAM}&month={}", self.month);
        let (_, page) = self.clerk.bring(&path, &answer).await?;
        let rows = value(&page, "rows")?;
        self.send("/papers/wages/receipt/take", &[("rows", &rows)])
            .await
            .map(drop)
    }
}

/// What stands in a hidden field of a page.
fn value(page: &str, name: &str) -> Result<String> {
    let text = between(page, &format!("name=\"{name}\" value=\""), "\"")?;
    Ok(text
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&"))
}

fn between<'a>(page: &'a str, before: &str, after: &str) -> Result<&'a str> {
    let rest = page.split(before).nth(1);
    let found = rest.and_then(|rest| rest.split(after).next());
    Ok(found.ok_or_else(|| format!("no {before} on the page"))?)
}
