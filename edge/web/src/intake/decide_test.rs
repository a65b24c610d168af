//! Rows against what is known: one question each.

use edge_domain::{Act, IdNumber, Team, TeamId, WorkerId};
use jiff::civil::{Date, date};

use super::columns::Columns;
use super::decide::{Decision, acts_to, decide, differences};
use super::known::{Kept, KeptText, Known};
use super::table::Cell;
use super::wanted::Wanted;

const HEADS: [&str; 11] = [
    "工号",
    "姓名",
    "身份证号码",
    "联系电话",
    "班组",
    "工种",
    "进场日期",
    "退场日期",
    "合同签订日期",
    "三级教育日期",
    "性别",
];
const FIRST: &str = "349901199003070016";
const SECOND: &str = "349901199003070024";

fn today() -> Date {
    date(2026, 11, 23)
}

fn wanted(cells: [&str; 11]) -> Result<Wanted, String> {
    let columns = Columns::of(HEADS.map(str::to_owned).into());
    Wanted::read(&columns, &cells.map(Cell::of_text), today())
}

/// Two teams and one worker, number 7, who has entered with all his papers.
fn known() -> Known {
    let mut known = Known::default();
    for (team, name) in [(1, "钢筋一班"), (2, "木工班")] {
        let team = Team {
            team: TeamId(team),
            employer: edge_domain::EmployerId(1),
            name: name.to_owned(),
        };
        known.teams.push((team, "测试劳务".to_owned()));
    }
    let row = [
        "",
        "张三",
        FIRST,
        "13900001234",
        "钢筋一班",
        "钢筋工",
        "2026-06-01",
        "",
        "2026-05-31",
        "2026-06-01",
        "男",
    ];
    let Decision::New { kept, .. } = decide(&wanted(row).unwrap(), &known, today()) else {
        panic!("he is new");
    };
    known.keep(WorkerId(7), *kept);
    known
}

/// What a row comes to, in one line.
fn verdict(known: &Known, cells: [&str; 11]) -> String {
    let wanted = match wanted(cells) {
        Ok(wanted) => wanted,
        Err(faults) => return format!("fault: {faults}"),
    };
    match decide(&wanted, known, today()) {
        Decision::New { worker, .. } => format!("new {}", worker.0),
        Decision::Changed { worker, kept } => {
            let told = differences(known.person(worker).unwrap(), &kept, known);
            format!("changed {}: {told}", worker.0)
        }
        Decision::Same { worker } => format!("same {}", worker.0),
        Decision::Refused(why) => format!("refused: {why}"),
    }
}

/// Cells in the order of the heads, and what they come to.
const ROWS: [(&str, &str); 14] = [
    (
        ",李四,349901199003070024,,木工班,木工,2026-11-23,,,,",
        "new 8",
    ),
    (
        "7,张 三,349901********0016,139****1234,钢筋一班,钢筋工,2026/6/1,,,,男",
        "same 7",
    ),
    (",张三,349901199003070016,,,,,,,,", "same 7"),
    (
        ",张三,349901199003070016,13900005678,木工班,,,,,,",
        "changed 7: 手机 139****1234 → 139****5678；班组 钢筋一班 → 木工班",
    ),
    (
        ",张三,349901199003070016,,,,,2026-11-20,,,",
        "changed 7: 退场日期 空 → 2026-11-20",
    ),
    (
        ",李四,349901199003070024,,木工班,木工,,,,,",
        "refused: 新工人还要填进场日期",
    ),
    (
        ",李四,349901199003070024,,瓦工班,木工,2026-11-23,,,,",
        "refused: 没有班组“瓦工班”，请先在“单位和班组”页建好再导入",
    ),
    (
        ",李四,349901199003070024,,木工班,木工,2026-11-23,,,,男",
        "refused: 性别和证件号码不一致，请对照证件",
    ),
    (
        ",张三,349901199003070016,,,,2026-06-01,2026-05-01,,,",
        "refused: 退场日期在进场日期之前",
    ),
    (
        "8,张三,349901********0016,,,,,,,,",
        "refused: 证件号码是遮盖的（有 *），和工号对不上，请填完整号码",
    ),
    (
        "7,张三,349901********0016,139****9999,,,,,,,",
        "refused: 手机号是遮盖的（有 *），和登记的不一样；要改请填完整号码",
    ),
    (
        "7,李四,349901199003070024,,木工班,木工,2026-11-23,,,,",
        "refused: 工号 7 是另一个证件号码；证件号码不能改，换了人请把工号留空",
    ),
    (
        ",小明,349901201104010071,,木工班,木工,2026-11-23,,,,",
        "refused: 不满 16 周岁，禁止使用童工",
    ),
    (
        ",,349901199003070016,12,,太空人,,明天,2027-01-01,,不明",
        "fault: 姓名没有填；性别“不明”看不懂，请写男或女；联系电话“12”不对，手机号应是 1 开头的 11 位数字；工种“太空人”不在国家工种表里，请在导入模板的下拉框里选；退场日期“明天”看不懂，请写成 2026-06-03 这样；合同签订日期 2027-01-01 在今天之后",
    ),
];

#[test]
fn a_row_is_new_the_same_changed_or_refused() {
    let known = known();
    for (row, expected) in ROWS {
        let cells: Vec<&str> = row.split(',').collect();
        let cells = <[&str; 11]>::try_from(cells).unwrap();
        assert_eq!(verdict(&known, cells), expected, "{row}");
    }
}

/// What is known once the acts are in the ledger, as the read models fold them.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an import makes no other acts"
)]
fn after(now: Option<&Kept>, then: &Kept, acts: &[Act]) -> Kept {
    let mut kept = now.cloned().unwrap_or_else(|| Kept {
        contract: None,
        trained_on: None,
        health_until: None,
        left_on: None,
        ..then.clone()
    });
    for act in acts {
        match act {
            Act::Worker { person, .. } => kept.person = (**person).clone(),
            Act::Entry {
                team,
                trade,
                role,
                on,
                ..
            } => {
                (kept.team, kept.trade, kept.role) = (Some(*team), *trade, *role);
                (kept.entered_on, kept.left_on) = (Some(*on), None);
            }
            Act::Exit { on, .. } => kept.left_on = Some(*on),
            Act::Contract { contract, .. } => kept.contract = Some(*contract),
            Act::Training { training, .. } => kept.trained_on = Some(training.on),
            Act::HealthCertificate { until, .. } => kept.health_until = Some(*until),
            _ => panic!("{act:?}"),
        }
    }
    kept
}

#[test]
fn the_acts_lead_to_what_was_wanted_and_back() {
    let known = known();
    let worker = WorkerId(7);
    let now = known.person(worker).unwrap().clone();
    for cells in [
        [
            "",
            "张三丰",
            FIRST,
            "13900005678",
            "木工班",
            "木工",
            "2026-07-01",
            "",
            "",
            "",
            "",
        ],
        ["", "张三", FIRST, "", "", "", "", "2026-11-20", "", "", ""],
        [
            "",
            "张三",
            FIRST,
            "",
            "木工班",
            "",
            "",
            "2026-12-20",
            "2026-11-01",
            "",
            "",
        ],
    ] {
        let Decision::Changed { kept, .. } = decide(&wanted(cells).unwrap(), &known, today())
        else {
            panic!("{cells:?} changes something");
        };
        let acts = acts_to(worker, Some(&now), &kept);
        assert!(
            after(Some(&now), &kept, &acts) == *kept,
            "{cells:?}: {acts:?}"
        );
        let back = acts_to(worker, Some(&kept), &now);
        assert!(
            after(Some(&kept), &now, &back) == now,
            "{cells:?}: {back:?}"
        );
    }
    let first = acts_to(worker, None, &now);
    assert!(after(None, &now, &first) == now);
    assert_eq!(
        first.len(),
        4,
        "person, entry, contract, training: {first:?}"
    );
}

#[test]
fn who_left_comes_again_only_with_a_later_day() {
    let mut known = known();
    let worker = WorkerId(7);
    let mut gone = known.person(worker).unwrap().clone();
    gone.left_on = Some(date(2026, 10, 1));
    known.keep(worker, gone);
    let row = |entered, left| ["", "张三", FIRST, "", "", "", entered, left, "", "", ""];
    assert_eq!(
        verdict(&known, row("", "")),
        "same 7",
        "an empty cell takes nobody back"
    );
    assert_eq!(verdict(&known, row("2026-06-01", "2026-10-01")), "same 7");
    let again = "changed 7: 进场日期 2026-06-01 → 2026-11-01；退场日期 2026-10-01 → 空";
    assert_eq!(verdict(&known, row("2026-11-01", "")), again);
    assert_eq!(verdict(&known, row("2026-11-01", "2026-10-01")), again);
    known.barred.insert(worker);
    assert!(verdict(&known, row("2026-11-01", "")).contains("黑名单"));
    assert!(verdict(&known, row("2026-06-02", "")).starts_with("changed"));
}

#[test]
fn a_person_is_kept_as_text_and_read_again() {
    let known = known();
    let one = known.person(WorkerId(7)).unwrap();
    let text = serde_json::to_string(&KeptText::from(one)).unwrap();
    let read: KeptText = serde_json::from_str(&text).unwrap();
    assert!(read.read().is_some_and(|read| read == *one));
    assert!(known.worker_of(&IdNumber::parse(SECOND).unwrap()).is_none());
}
