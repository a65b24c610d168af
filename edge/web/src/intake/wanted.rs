//! What a row asks for: every cell read, every fault told.

use edge_domain::{IdNumber, PersonName, PhoneNumber, Role, Sex, Trade, WorkerId};
use jiff::civil::Date;

use super::columns::{Columns, Field};
use super::table::Cell;
use super::values;

/// A number as it stands in the file.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Numbered {
    /// Whole.
    Whole(IdNumber),
    /// Masked, as the box itself writes it out: it names nobody without the worker's number.
    Masked(String),
}

/// A phone as it stands in the file.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Phone {
    Whole(PhoneNumber),
    Masked(String),
}

/// A row without faults; what its file does not say stays as it is.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) worker: Option<WorkerId>,
    pub(super) name: PersonName,
    pub(super) number: Numbered,
    pub(super) sex: Option<Sex>,
    pub(super) born: Option<Date>,
    pub(super) nation: Option<String>,
    pub(super) phone: Option<Phone>,
    pub(super) employer: Option<String>,
    pub(super) team: Option<String>,
    pub(super) trade: Option<Trade>,
    pub(super) role: Option<Role>,
    pub(super) entered: Option<Date>,
    pub(super) left: Option<Date>,
    pub(super) contract: Option<Date>,
    pub(super) trained: Option<Date>,
    pub(super) valid_to: Option<Date>,
    pub(super) health: Option<Date>,
}

/// Reads the cells of one row and collects what is wrong.
struct Reading<'a> {
    columns: &'a Columns,
    cells: &'a [Cell],
    today: Date,
    faults: Vec<String>,
}

impl Reading<'_> {
    fn text(&self, field: Field) -> Option<&str> {
        let cell = self.columns.cell(self.cells, field);
        cell.map(|cell| cell.text.as_str())
    }

    /// What `read` makes of a cell; a cell that it cannot read is a fault.
    fn read<T>(
        &mut self,
        field: Field,
        read: impl FnOnce(&Cell) -> Option<T>,
        advice: &str,
    ) -> Option<T> {
        let cell = self.columns.cell(self.cells, field)?;
        let found = read(cell);
        if found.is_none() {
            let fault = format!("{}“{}”{advice}", field.word(), cell.text);
            self.faults.push(fault);
        }
        found
    }

    fn day(&mut self, field: Field) -> Option<Date> {
        self.read(field, values::day, "看不懂，请写成 2026-06-03 这样")
    }

    /// A day of something that was done.
    fn past_day(&mut self, field: Field) -> Option<Date> {
        let day = self.day(field)?;
        if day > self.today {
            self.faults
                .push(format!("{} {day} 在今天之后", field.word()));
        }
        Some(day)
    }

    fn name(&mut self) -> Option<PersonName> {
        let Some(text) = self.text(Field::Name) else {
            self.faults.push("姓名没有填".to_owned());
            return None;
        };
        let name = PersonName::parse(&values::name(text)).ok();
        if name.is_none() {
            self.faults.push("姓名超过 70 个字".to_owned());
        }
        name
    }

    fn number(&mut self) -> Option<Numbered> {
        let Some(cell) = self.columns.cell(self.cells, Field::Number) else {
            self.faults.push("证件号码没有填".to_owned());
            return None;
        };
        if cell.text.contains(['*', '＊']) {
            return Some(Numbered::Masked(values::narrow(&cell.text)));
        }
        match values::number(cell, self.today) {
            Ok(number) => Some(Numbered::Whole(number)),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    fn phone(&mut self) -> Option<Phone> {
        let read = |cell: &Cell| {
            let text = values::narrow(&cell.text).replace('-', "");
            let text = text.strip_prefix("+86").unwrap_or(&text).to_owned();
            if text.contains('*') {
                return Some(Phone::Masked(text));
            }
            PhoneNumber::parse(&text).ok().map(Phone::Whole)
        };
        self.read(Field::Phone, read, "不对，手机号应是 1 开头的 11 位数字")
    }

    fn worker(&mut self) -> Option<WorkerId> {
        let read = |cell: &Cell| values::narrow(&cell.text).parse().ok().map(WorkerId);
        self.read(Field::Worker, read, "不是数字；新工人请把工号留空")
    }

    fn valid_to(&mut self) -> Option<Date> {
        if self.text(Field::ValidTo) == Some("长期") {
            return None;
        }
        self.day(Field::ValidTo)
    }
}

impl Wanted {
    /// Reads a row.
    ///
    /// # Errors
    /// All its faults in Chinese, joined.
    pub(super) fn read(columns: &Columns, cells: &[Cell], today: Date) -> Result<Self, String> {
        let mut row = Reading {
            columns,
            cells,
            today,
            faults: Vec::new(),
        };
        let note = |row: &Reading<'_>, field| row.text(field).map(str::to_owned);
        let text = |read: fn(&str) -> Option<Sex>| move |cell: &Cell| read(&cell.text);
        let (name, number) = (row.name(), row.number());
        let wanted = (
            row.worker(),
            row.read(Field::Sex, text(values::sex), "看不懂，请写男或女"),
            row.day(Field::Born),
            row.phone(),
        );
        let nation = row.read(
            Field::Nation,
            |cell| values::nation(&cell.text),
            "不是 56 个民族之一，请对照身份证",
        );
        let trade = row.read(
            Field::Trade,
            |cell| values::trade(&cell.text),
            "不在国家工种表里，请在导入模板的下拉框里选",
        );
        let role = row.read(
            Field::Role,
            |cell| values::role(&cell.text),
            "看不懂，请写管理人员或建筑工人",
        );
        let (entered, left) = (row.day(Field::Entered), row.day(Field::Left));
        let (contract, trained) = (row.past_day(Field::Contract), row.past_day(Field::Trained));
        let (valid_to, health) = (row.valid_to(), row.day(Field::Health));
        let (employer, team) = (note(&row, Field::Employer), note(&row, Field::Team));
        let (worker, sex, born, phone) = wanted;
        match (name, number) {
            (Some(name), Some(number)) if row.faults.is_empty() => Ok(Self {
                worker,
                name,
                number,
                sex,
                born,
                nation,
                phone,
                employer,
                team,
                trade,
                role,
                entered,
                left,
                contract,
                trained,
                valid_to,
                health,
            }),
            _ => Err(row.faults.join("；")),
        }
    }
}
