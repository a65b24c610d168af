//! Which column holds what: heads as clerks write them.

use super::table::{Cell, Line, Table};
use crate::recorder::Refusal;

/// Rows in which the head is looked for; titles stand above it.
const HEAD_WITHIN: usize = 30;

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Worker,
    Name,
    Sex,
    Nation,
    Born,
    Number,
    Phone,
    Employer,
    Team,
    Trade,
    Role,
    Entered,
    Left,
    Contract,
    Trained,
    ValidTo,
    Health,
    Account,
    Amount,
    Result,
    Why,
    PaidOn,
    Reference,
}

/// Every field with its own word first, then what else it is called.
const WORDS: [(Field, &[&str]); 23] = [
    (Field::Worker, &["工号", "人员编号", "工人编号"]),
    (
        Field::Name,
        &[
            "姓名",
            "名字",
            "工人姓名",
            "人员姓名",
            "员工姓名",
            "农民工姓名",
            "户名",
            "收款户名",
            "收款人",
            "收款人姓名",
            "收款人名称",
        ],
    ),
    (Field::Sex, &["性别"]),
    (Field::Nation, &["民族"]),
    (Field::Born, &["出生日期", "出生年月", "出生年月日", "生日"]),
    (
        Field::Number,
        &[
            "身份证号码",
            "身份证号",
            "身份证",
            "身份证件号码",
            "证件号码",
            "证件号",
            "公民身份号码",
            "居民身份证号码",
            "居民身份证号",
        ],
    ),
    (
        Field::Phone,
        &[
            "联系电话",
            "手机号",
            "手机号码",
            "手机",
            "电话",
            "电话号码",
            "联系方式",
            "移动电话",
            "本人电话",
        ],
    ),
    (
        Field::Employer,
        &[
            "所属单位",
            "单位",
            "单位名称",
            "用工单位",
            "劳务公司",
            "劳务单位",
            "分包单位",
            "所属公司",
            "公司",
            "企业名称",
            "参建单位",
        ],
    ),
    (
        Field::Team,
        &[
            "班组",
            "班组名称",
            "所属班组",
            "队伍",
            "施工队",
            "劳务队伍",
            "所在班组",
        ],
    ),
    (Field::Trade, &["工种", "工种名称", "当前工种", "岗位工种"]),
    (Field::Role, &["岗位", "岗位类型", "人员类型", "工人类型"]),
    (
        Field::Entered,
        &[
            "进场日期",
            "进场时间",
            "入场日期",
            "入场时间",
            "入职日期",
            "上岗日期",
        ],
    ),
    (
        Field::Left,
        &[
            "退场日期",
            "退场时间",
            "离场日期",
            "离场时间",
            "出场日期",
            "离职日期",
        ],
    ),
    (
        Field::Contract,
        &[
            "合同签订日期",
            "合同日期",
            "劳动合同签订日期",
            "劳动合同日期",
            "签订日期",
            "合同签订时间",
            "书面协议签订日期",
            "合同或书面协议签订日期",
        ],
    ),
    (
        Field::Trained,
        &[
            "三级教育日期",
            "三级教育",
            "三级教育时间",
            "三级教育完成日期",
            "安全教育日期",
            "入场教育日期",
            "三级安全教育日期",
            "培训日期",
        ],
    ),
    (
        Field::ValidTo,
        &[
            "证件有效期",
            "身份证有效期",
            "证件有效期至",
            "身份证有效期至",
            "有效期至",
            "证件到期日",
        ],
    ),
    (
        Field::Health,
        &[
            "健康证有效期",
            "健康证到期日",
            "体检有效期",
            "健康证有效期至",
        ],
    ),
    (
        Field::Account,
        &[
            "收款账号",
            "收款帐号",
            "账号",
            "帐号",
            "收款人账号",
            "收款人帐号",
            "银行账号",
            "卡号",
        ],
    ),
    (
        Field::Amount,
        &[
            "金额",
            "交易金额",
            "实发金额",
            "代发金额",
            "发放金额",
            "实发工资",
        ],
    ),
    (
        Field::Result,
        &[
            "处理结果",
            "交易状态",
            "交易结果",
            "处理状态",
            "代发结果",
            "状态",
            "结果",
        ],
    ),
    (
        Field::Why,
        &[
            "失败原因",
            "错误信息",
            "退票原因",
            "退回原因",
            "处理信息",
            "原因",
        ],
    ),
    (
        Field::PaidOn,
        &[
            "交易日期",
            "处理日期",
            "入账日期",
            "发放日期",
            "记账日期",
            "交易时间",
        ],
    ),
    (
        Field::Reference,
        &["流水号", "交易流水号", "银行流水号", "业务编号"],
    ),
];

/// Columns that no file changes: the box works them out, or they are entered on a person's page. Nobody
/// misses them.
const OWN: [&str; 7] = [
    "序号",
    "年龄",
    "状态",
    "特种作业操作证",
    "没有导入的原因",
    "本人签字",
    "签字",
];

impl Field {
    /// Its own word.
    pub(crate) fn word(self) -> &'static str {
        let found = WORDS.iter().find(|(field, _)| *field == self);
        found
            .and_then(|(_, words)| words.first().copied())
            .unwrap_or_default()
    }

    /// Only a bank's file has it.
    fn is_of_bank(self) -> bool {
        matches!(
            self,
            Self::Account
                | Self::Amount
                | Self::Result
                | Self::Why
                | Self::PaidOn
                | Self::Reference
        )
    }

    fn of_head(head: &str) -> Option<Self> {
        let head = plain(head);
        let known =
            |(field, words): &(Self, &[&str])| words.contains(&head.as_str()).then_some(*field);
        WORDS.iter().find_map(known)
    }
}

/// A head without spaces, stars, colons, and what stands in brackets behind it.
fn plain(head: &str) -> String {
    head.chars()
        .take_while(|one| !"(（[【".contains(*one))
        .filter(|one| !one.is_whitespace() && !"*＊:：".contains(*one))
        .collect()
}

/// The columns of a file.
pub(crate) struct Columns {
    heads: Vec<String>,
    fields: Vec<Option<Field>>,
}

impl Columns {
    /// Columns with these heads. Where two say the same, the first one counts.
    pub(crate) fn of(heads: Vec<String>) -> Self {
        let mut fields: Vec<Option<Field>> = Vec::with_capacity(heads.len());
        for head in &heads {
            let field = Field::of_head(head);
            fields.push(field.filter(|_| !fields.contains(&field)));
        }
        Self { heads, fields }
    }

    /// Takes the head, and what stands above it, off a table.
    ///
    /// # Errors
    /// No row looks like a head.
    pub(crate) fn take(table: &mut Table) -> Result<Self, Refusal> {
        let found = table.lines.iter().take(HEAD_WITHIN).position(|line| {
            let columns = Self::of_line(line);
            let known = [Field::Number, Field::Worker, Field::Account];
            columns.has(Field::Name) && known.into_iter().any(|one| columns.has(one))
        });
        let Some(at) = found else {
            return Err(Refusal::new(
                "没有找到表头：前 30 行里要有一行同时写着“姓名”和“身份证号码”。请对照导入模板改好表头再传。",
            ));
        };
        let columns = table.lines.get(at).map(Self::of_line);
        table.lines.drain(..=at);
        columns.ok_or_else(|| Refusal::new("没有找到表头。"))
    }

    fn of_line(line: &Line) -> Self {
        Self::of(line.cells.iter().map(|cell| cell.text.clone()).collect())
    }

    /// Whether there is a column of it.
    pub(crate) fn has(&self, field: Field) -> bool {
        self.fields.contains(&Some(field))
    }

    /// The heads as they stand in the file.
    pub(crate) fn heads(&self) -> &[String] {
        &self.heads
    }

    /// The cell of a field in a row.
    pub(crate) fn cell<'a>(&self, cells: &'a [Cell], field: Field) -> Option<&'a Cell> {
        let at = self.fields.iter().position(|one| *one == Some(field))?;
        cells.get(at).filter(|cell| !cell.text.is_empty())
    }

    /// The text of a field in a row whose cells are only texts.
    pub(crate) fn text<'a>(&self, cells: &'a [String], field: Field) -> &'a str {
        let at = self.fields.iter().position(|one| *one == Some(field));
        at.and_then(|at| cells.get(at)).map_or("", String::as_str)
    }

    /// Heads of columns that hold something which is not taken in.
    pub(crate) fn left_out(&self) -> Vec<&str> {
        let mut heads: Vec<&str> = self
            .heads
            .iter()
            .zip(&self.fields)
            .filter(|(head, field)| field.is_none_or(Field::is_of_bank) && !head.is_empty())
            .map(|(head, _)| head.as_str())
            .filter(|head| !OWN.contains(&plain(head).as_str()))
            .collect();
        heads.dedup();
        heads
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Columns, Field, Line, Table};

    fn line(number: u32, cells: &[&str]) -> Line {
        Line {
            number,
            cells: cells.iter().map(|text| Cell::of_text(text)).collect(),
        }
    }

    #[test]
    fn the_head_is_found_below_titles_and_by_other_names() {
        let mut table = Table {
            lines: vec![
                line(1, &["江湾新城二期农民工实名制花名册"]),
                line(2, &["项目名称：江湾新城", "", "填报人：王敏"]),
                line(
                    4,
                    &[
                        "序号",
                        "姓 名*",
                        "身份证号（18位）",
                        "手机号：",
                        "队伍",
                        "家庭住址",
                        "手机",
                    ],
                ),
                line(
                    5,
                    &[
                        "1",
                        "张三",
                        "349901199003070016",
                        "13900001234",
                        "钢筋一班",
                        "某村",
                        "",
                    ],
                ),
            ],
            ..Table::default()
        };
        let columns = Columns::take(&mut table).unwrap_or_else(|refusal| panic!("{}", refusal.0));
        assert_eq!(table.lines.len(), 1);
        let cells = &table.lines[0].cells;
        for (field, text) in [
            (Field::Name, "张三"),
            (Field::Number, "349901199003070016"),
            (Field::Phone, "13900001234"),
            (Field::Team, "钢筋一班"),
        ] {
            assert!(
                columns
                    .cell(cells, field)
                    .is_some_and(|cell| cell.text == text)
            );
        }
        assert!(columns.cell(cells, Field::Trade).is_none());
        assert_eq!(columns.left_out(), ["家庭住址", "手机"]);
    }

    #[test]
    fn a_table_without_a_head_is_refused() {
        let mut table = Table {
            lines: vec![line(1, &["张三", "349901199003070016"])],
            ..Table::default()
        };
        assert!(Columns::take(&mut table).is_err_and(|refusal| refusal.0.contains("表头")));
    }

    #[test]
    fn no_two_fields_share_a_word() {
        let all: Vec<&str> = super::WORDS
            .iter()
            .flat_map(|(_, words)| words.iter().copied())
            .collect();
        let mut once = all.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), all.len());
    }
}
