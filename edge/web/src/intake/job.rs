//! A file from its check to its undoing: what is noted of each row, and the records of each step.

use std::collections::{BTreeMap, BTreeSet};

use edge_domain::{Act, WorkerId};
use edge_store::{ImportJob, ImportOutcome, ImportRow, ImportStep, Reader};
use jiff::civil::Date;

use super::columns::{Columns, Field};
use super::decide::{Decision, acts_to, decide, differences, target};
use super::known::{Kept, KeptText, Known};
use super::table::{Cell, Table};
use super::values;
use super::wanted::{Numbered, Wanted};
use crate::error::SourceError;

/// Rows of one step: what it commits at once never keeps the gate waiting long.
const STEP_ROWS: usize = 100;
const DAY_MS: i64 = 86_400_000;

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Checked, nothing recorded.
    Ready,
    /// Being recorded.
    Saving,
    /// Recorded.
    Saved,
    /// Being reversed.
    Undoing,
    /// Reversed.
    Undone,
}

impl Stage {
    /// Those that nothing is done in, so that an old file can be forgotten.
    pub(crate) const AT_REST: [Self; 3] = [Self::Ready, Self::Saved, Self::Undone];

    /// The word it is stored as.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Saving => "saving",
            Self::Saved => "saved",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    /// Reads what was stored.
    pub(crate) fn read(code: &str) -> Option<Self> {
        [
            Self::Ready,
            Self::Saving,
            Self::Saved,
            Self::Undoing,
            Self::Undone,
        ]
        .into_iter()
        .find(|stage| stage.code() == code)
    }

    /// Whether steps are still to be made.
    pub(crate) fn is_running(self) -> bool {
        matches!(self, Self::Saving | Self::Undoing)
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    New,
    Changed,
    Same,
    Refused,
    /// Its records were reversed.
    Undone,
    /// Its records stand: something happened since.
    Stands,
}

impl Fate {
    /// The word it is stored as.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Refused => "refused",
            Self::Undone => "undone",
            Self::Stands => "stands",
        }
    }
}

/// Rows that make records.
const ACTIVE: [&str; 2] = ["new", "changed"];

fn fate(fate: Fate, why: impl Into<String>, worker: Option<WorkerId>) -> ImportOutcome {
    ImportOutcome {
        word: fate.code().to_owned(),
        why: why.into(),
        worker: worker.map(|worker| worker.0),
        before: None,
    }
}

/// A row's cells as they are stored.
fn cells_text(cells: &[Cell]) -> Result<String, SourceError> {
    let texts: Vec<&str> = cells.iter().map(|cell| cell.text.as_str()).collect();
    Ok(serde_json::to_string(&texts)?)
}

/// A stored row's cells.
pub(crate) fn texts_of(row: &ImportRow) -> Result<Vec<String>, SourceError> {
    Ok(serde_json::from_str(&row.cells)?)
}

/// A stored job's columns.
pub(crate) fn columns_of(job: &ImportJob) -> Result<Columns, SourceError> {
    Ok(Columns::of(serde_json::from_str(&job.head)?))
}

/// What every row of a table comes to as things are; nothing is recorded. Rows without a name and a
/// number are counted in the table's notes.
pub(crate) fn check(
    table: &mut Table,
    columns: &Columns,
    known: &mut Known,
    today: Date,
) -> Result<Vec<ImportRow>, SourceError> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let (mut rows, mut blank) = (Vec::with_capacity(table.lines.len()), 0_usize);
    for line in &table.lines {
        let cell = |field| columns.cell(&line.cells, field);
        let (name, number) = (cell(Field::Name), cell(Field::Number));
        if name.is_none() && number.is_none() {
            blank += usize::from(!line.is_empty());
            continue;
        }
        if name.is_some_and(|name| name.text.starts_with("示例")) {
            continue;
        }
        let outcome = match Wanted::read(columns, &line.cells, today) {
            Err(faults) => fate(Fate::Refused, faults, None),
            Ok(wanted) => match twice(&wanted, &mut seen, line.number) {
                Some(first) => {
                    let why = format!("和第 {first} 行是同一个人，只导入第 {first} 行");
                    fate(Fate::Refused, why, None)
                }
                None => preview(&wanted, known, today),
            },
        };
        rows.push(ImportRow {
            line: line.number,
            cells: cells_text(&line.cells)?,
            outcome,
        });
    }
    if blank > 0 {
        let note = format!("{blank} 行没有姓名和证件号码（合计、签字之类），没有读");
        table.notes.push(note);
    }
    Ok(rows)
}

/// The earlier row about the same person.
fn twice(wanted: &Wanted, seen: &mut BTreeMap<String, u32>, line: u32) -> Option<u32> {
    let key = match (&wanted.number, wanted.worker) {
        (Numbered::Whole(number), _) => number.reveal().to_owned(),
        (Numbered::Masked(_), Some(worker)) => worker.0.to_string(),
        (Numbered::Masked(_), None) => return None,
    };
    let first = *seen.entry(key).or_insert(line);
    (first != line).then_some(first)
}

fn preview(wanted: &Wanted, known: &mut Known, today: Date) -> ImportOutcome {
    match decide(wanted, known, today) {
        Decision::New { worker, kept } => {
            let private = values::has_private(kept.person.name.reveal());
            known.keep(worker, *kept);
            let note = if private {
                "姓名里有电脑造的字，别的电脑上可能显示不出来"
            } else {
                ""
            };
            fate(Fate::New, note, None)
        }
        Decision::Changed { worker, kept } => {
            let now = known.person(worker);
            let told = now.map(|now| differences(now, &kept, known));
            fate(Fate::Changed, told.unwrap_or_default(), Some(worker))
        }
        Decision::Same { worker } => fate(Fate::Same, "", Some(worker)),
        Decision::Refused(why) => fate(Fate::Refused, why, None),
    }
}

/// The acts of a step, and what is noted of it.
pub(crate) type Step = (Vec<Act>, ImportStep);

/// Says that a job goes from one stage to another; `None` where it is not in that stage any more.
pub(crate) fn turn(
    reader: &Reader,
    (job, now_ms): (u64, i64),
    (from, to): (Stage, Stage),
) -> Result<Option<Step>, SourceError> {
    let found = reader.import(job)?;
    let fits = found.is_some_and(|found| found.state == from.code());
    Ok(fits.then(|| (Vec::new(), step(job, to, (now_ms, 0), Vec::new()))))
}

fn step(
    job: u64,
    stage: Stage,
    (state_at, through): (i64, u32),
    rows: Vec<(u32, ImportOutcome)>,
) -> ImportStep {
    ImportStep {
        job,
        state: stage.code().to_owned(),
        state_at,
        through,
        rows,
    }
}

/// The next step of a job that is being recorded or reversed; `None` where nothing is left to do.
pub(crate) fn next_step(
    reader: &Reader,
    job: u64,
    (now_ms, today): (i64, Date),
) -> Result<Option<Step>, SourceError> {
    let Some(found) = reader.import(job)? else {
        return Ok(None);
    };
    let stage = Stage::read(&found.state);
    let Some(stage) = stage.filter(|stage| stage.is_running()) else {
        return Ok(None);
    };
    let rows = reader.import_rows(job, &ACTIVE, (found.through, STEP_ROWS))?;
    let (next, through) = match rows.last() {
        Some(last) if rows.len() == STEP_ROWS => (stage, last.line),
        _ => (done(stage), u32::MAX),
    };
    let mut known = Known::read(reader)?;
    let columns = columns_of(&found)?;
    let moved = if stage == Stage::Undoing {
        moved_since(reader, found.at, now_ms)?
    } else {
        BTreeSet::new()
    };
    let (mut acts, mut outcomes) = (Vec::new(), Vec::with_capacity(rows.len()));
    for row in &rows {
        let texts = texts_of(row)?;
        let cells: Vec<Cell> = texts.iter().map(|text| Cell::of_text(text)).collect();
        let (made, outcome) = match Wanted::read(&columns, &cells, today) {
            Err(faults) => (Vec::new(), fate(Fate::Refused, faults, None)),
            Ok(wanted) if stage == Stage::Saving => save(&wanted, &mut known, today)?,
            Ok(wanted) => {
                let kept = Undoing {
                    known: &known,
                    job,
                    moved: &moved,
                    today,
                };
                kept.undo(row, &wanted)?
            }
        };
        acts.extend(made);
        outcomes.push((row.line, outcome));
    }
    Ok(Some((acts, step(job, next, (now_ms, through), outcomes))))
}

fn moved_since(
    reader: &Reader,
    from_ms: i64,
    now_ms: i64,
) -> Result<BTreeSet<WorkerId>, SourceError> {
    // A clock that was set back does not hide anybody.
    let until_ms = now_ms.max(from_ms).saturating_add(DAY_MS);
    Ok(reader
        .counted_acts(from_ms, until_ms)?
        .into_keys()
        .collect())
}

fn done(stage: Stage) -> Stage {
    if stage == Stage::Undoing {
        Stage::Undone
    } else {
        Stage::Saved
    }
}

type Made = (Vec<Act>, ImportOutcome);

fn save(wanted: &Wanted, known: &mut Known, today: Date) -> Result<Made, SourceError> {
    Ok(match decide(wanted, known, today) {
        Decision::New { worker, kept } => {
            let acts = acts_to(worker, None, &kept);
            known.keep(worker, *kept);
            (acts, fate(Fate::New, "", Some(worker)))
        }
        Decision::Changed { worker, kept } => {
            let now = known.person(worker);
            let told = now.map(|now| differences(now, &kept, known));
            let acts = acts_to(worker, now, &kept);
            let before = now.map(|now| serde_json::to_string(&KeptText::from(now)));
            let outcome = ImportOutcome {
                before: before.transpose()?,
                ..fate(Fate::Changed, told.unwrap_or_default(), Some(worker))
            };
            known.keep(worker, *kept);
            (acts, outcome)
        }
        Decision::Same { worker } => (Vec::new(), fate(Fate::Same, "", Some(worker))),
        Decision::Refused(why) => (Vec::new(), fate(Fate::Refused, why, None)),
    })
}

/// What the reversing of a row may ask.
struct Undoing<'a> {
    known: &'a Known,
    job: u64,
    /// Who has moved through a gate since the file was brought.
    moved: &'a BTreeSet<WorkerId>,
    today: Date,
}

impl Undoing<'_> {
    /// New records that lead back to before the row. What happened since is not overwritten.
    fn undo(&self, row: &ImportRow, wanted: &Wanted) -> Result<Made, SourceError> {
        let outcome = &row.outcome;
        let worker = outcome.worker.map(WorkerId);
        let stands = |why: &str| (Vec::new(), fate(Fate::Stands, why, worker));
        let Some((worker, now)) = worker.and_then(|one| Some((one, self.known.person(one)?)))
        else {
            return Ok(stands("他的资料已经不在了"));
        };
        let before: Option<KeptText> = match &outcome.before {
            Some(text) => Some(serde_json::from_str(text)?),
            None => None,
        };
        let before = before.and_then(|text| text.read());
        if outcome.word == Fate::Changed.code() && before.is_none() {
            return Ok(stands("看不出导入前的资料"));
        }
        if !self.is_as_imported(wanted, now, before.as_ref()) {
            return Ok(stands("导入后有人改过他的资料，没有撤回"));
        }
        let came = before.as_ref().is_none_or(|before| {
            before.entered_on != now.entered_on || before.left_on.is_some() && now.left_on.is_none()
        });
        if came && self.moved.contains(&worker) {
            return Ok(stands("导入后他已经打过卡，没有撤回"));
        }
        Ok(match before {
            Some(before) => self.back_to(worker, now, before),
            None => self.send_away(worker, now),
        })
    }

    /// Whether he is as the import left him.
    fn is_as_imported(&self, wanted: &Wanted, now: &Kept, before: Option<&Kept>) -> bool {
        let then = target(wanted, self.known, before.unwrap_or(now));
        then.is_ok_and(|then| then == *now)
    }

    fn back_to(&self, worker: WorkerId, now: &Kept, before: Kept) -> Made {
        let stays: Vec<&str> = [
            ("三级教育", before.trained_on != now.trained_on),
            (
                "合同日期",
                before.contract.is_none() && now.contract.is_some(),
            ),
            (
                "健康证",
                before.health_until.is_none() && now.health_until.is_some(),
            ),
        ]
        .into_iter()
        .filter_map(|(word, differs)| differs.then_some(word))
        .collect();
        let told = if stays.is_empty() {
            "已恢复到导入前".to_owned()
        } else {
            format!(
                "已恢复到导入前；{}已记入账本，不能撤回，还留着",
                stays.join("、")
            )
        };
        let then = Kept {
            trained_on: now.trained_on,
            ..before
        };
        let mut acts = acts_to(worker, Some(now), &then);
        self.give_reason(&mut acts);
        (acts, fate(Fate::Undone, told, Some(worker)))
    }

    /// Who was registered stays registered, and is refused from today on.
    fn send_away(&self, worker: WorkerId, now: &Kept) -> Made {
        let told = "已退场，闸机不再放行；登记的记录还在账本里";
        if now.left_on.is_some_and(|left| left <= self.today) {
            return (Vec::new(), fate(Fate::Undone, "本来就已退场", Some(worker)));
        }
        let on = now
            .entered_on
            .map_or(self.today, |entered| entered.max(self.today));
        let mut acts = vec![Act::Exit {
            worker,
            on,
            reason: None,
        }];
        self.give_reason(&mut acts);
        (acts, fate(Fate::Undone, told, Some(worker)))
    }

    fn give_reason(&self, acts: &mut [Act]) {
        for act in acts {
            if let Act::Exit { reason, .. } = act {
                *reason = Some(format!("撤销导入（第 {} 批）", self.job));
            }
        }
    }
}
