//! `menwei import`: a roster file becomes records of the ledger.

use std::collections::BTreeMap;
use std::path::Path;

use edge_domain::{
    Act, Contract, DocumentKind, Employer, EmployerId, IcNumber, IdNumber, Moment, Person,
    PersonName, PhoneNumber, Record, Role, Sex, Team, TeamId, Trade, Training, TrainingKind, Uscc,
    WorkerId,
};
use edge_store::{Reader, StoreError};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::error::Category;

use crate::error::DaemonError;

/// Records of one commit: the gate's own records never wait long behind one.
pub(crate) const BATCH_RECORDS: usize = 100;
/// Most workers in one file.
const WORKERS_MAX: usize = 20_000;

/// The roster file as written (JSON).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RosterFile {
    project: ProjectRow,
    employers: Vec<EmployerRow>,
    teams: Vec<TeamRow>,
    workers: Vec<WorkerRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectRow {
    code: String,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmployerRow {
    employer: u32,
    uscc: String,
    name: String,
    r#type: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamRow {
    team: u32,
    employer: u32,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkerRow {
    name: String,
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "the number itself tells the kind of document; kept so that the file may say it"
    )]
    id_kind: Option<String>,
    id_number: String,
    sex: String,
    born: Date,
    #[serde(default)]
    nation: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    valid_to: Option<Date>,
    #[serde(default)]
    ic_card: Option<String>,
    team: u32,
    trade: String,
    role: String,
    entered_on: Date,
    #[serde(default)]
    left_on: Option<Date>,
    #[serde(default)]
    contract_signed_on: Option<Date>,
    #[serde(default)]
    trained_on: Option<Date>,
    #[serde(default)]
    health_certificate_until: Option<Date>,
    #[serde(default)]
    face_consent_on: Option<Date>,
    #[serde(default)]
    face_consent_text: Option<u16>,
    #[serde(default)]
    blacklisted: bool,
}

impl std::fmt::Debug for WorkerRow {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WorkerRow")
            .field("team", &self.team)
            .finish_non_exhaustive()
    }
}

impl RosterFile {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no JSON of this form, or is too large.
    pub(crate) fn load(file: &Path) -> Result<Self, DaemonError> {
        let text = std::fs::read(file).map_err(|source| DaemonError::File {
            file: file.to_path_buf(),
            source,
        })?;
        let roster: Self = serde_json::from_slice(&text).map_err(|error| DaemonError::Content {
            file: file.to_path_buf(),
            detail: format!(
                "第 {} 行第 {} 列：{}",
                error.line(),
                error.column(),
                json_words(&error)
            ),
        })?;
        if roster.workers.len() > WORKERS_MAX {
            return Err(DaemonError::Content {
                file: file.to_path_buf(),
                detail: format!("工人超过 {WORKERS_MAX} 名"),
            });
        }
        Ok(roster)
    }
}

/// What is wrong with a JSON text, in Chinese; a key stands as it is written.
fn json_words(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let key = told.split('`').nth(1).unwrap_or_default();
    match error.classify() {
        Category::Io => "文件读不了".to_owned(),
        Category::Eof => "文件不完整，后面还应有内容".to_owned(),
        Category::Syntax => "不合 JSON 语法，请检查引号、逗号和括号".to_owned(),
        Category::Data if told.starts_with("missing field") => format!("缺少 {key}"),
        Category::Data if told.starts_with("unknown field") => {
            format!("不认识 {key}，请检查拼写或删除")
        }
        Category::Data if told.starts_with("duplicate field") => format!("{key} 写了两次"),
        Category::Data => "这里的值不是应有的种类（文本、数字、日期或列表）".to_owned(),
    }
}

/// What an import makes, and what it could not take.
#[derive(Debug)]
pub(crate) struct Import {
    /// The records in order.
    pub(crate) records: Vec<Record>,
    /// Rows that were refused: place in the file and why, in Chinese.
    pub(crate) refused: Vec<String>,
}

impl Import {
    /// The records that a file makes of the ledger as it is.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub(crate) fn of(file: &RosterFile, reader: &Reader, at: Moment) -> Result<Self, StoreError> {
        let roster = reader.roster()?;
        let known = roster
            .standings()
            .iter()
            .map(|standing| (standing.number.clone(), standing.worker))
            .collect();
        Ok(records(file, &known, at))
    }
}

/// How an import ended, in Chinese.
pub(crate) fn summary(records: usize, refused: &[String]) -> String {
    format!("导入完成：{records} 条记录，{} 行有错", refused.len())
}

/// Pure: the records of a roster file. `known` are the numbers that the box already has, so that
/// an imported person keeps his.
pub(crate) fn records(
    file: &RosterFile,
    known: &BTreeMap<IdNumber, WorkerId>,
    at: Moment,
) -> Import {
    let mut import = Import {
        records: Vec::new(),
        refused: Vec::new(),
    };
    let mut add = |act: Act| import.records.push(Record { at, act });
    add(Act::Project {
        code: file.project.code.clone(),
        name: file.project.name.clone(),
    });
    for row in &file.employers {
        match Uscc::parse(&row.uscc) {
            Ok(uscc) => add(Act::Employer(Employer {
                employer: EmployerId(row.employer),
                uscc,
                name: row.name.clone(),
                kind: row.r#type.clone(),
            })),
            Err(_) => import
                .refused
                .push(format!("单位 {}：统一社会信用代码不合规则", row.name)),
        }
    }
    for row in &file.teams {
        import.records.push(Record {
            at,
            act: Act::Team(Team {
                team: TeamId(row.team),
                employer: EmployerId(row.employer),
                name: row.name.clone(),
            }),
        });
    }
    let mut numbers = known.clone();
    let mut next = known.values().map(|worker| worker.0).max().unwrap_or(0) + 1;
    for (index, row) in file.workers.iter().enumerate() {
        match worker(row) {
            Ok((person, acts)) => {
                let id = *numbers.entry(person.number.clone()).or_insert_with(|| {
                    let id = WorkerId(next);
                    next += 1;
                    id
                });
                let first = Act::Worker {
                    worker: id,
                    person: Box::new(person),
                };
                let rest = acts.into_iter().map(|act| act(id));
                import.records.extend(
                    std::iter::once(first)
                        .chain(rest)
                        .map(|act| Record { at, act }),
                );
            }
            Err(why) => import
                .refused
                .push(format!("第 {} 名工人：{why}", index + 1)),
        }
    }
    import
}

/// What may stand as nation.
pub(crate) const NATION_ALLOWED: &str =
    "民族应为两位代码（如 01 汉族），外国人的国籍应为三个大写字母（如 FRA），其他证件不写";

/// Whether the code is of the kind that a document's chip would state.
pub(crate) fn nation_fits(document: DocumentKind, nation: Option<&str>) -> bool {
    nation.is_none_or(|code| document.states_nation(code))
}

type WorkerAct = Box<dyn FnOnce(WorkerId) -> Act>;

fn worker(row: &WorkerRow) -> Result<(Person, Vec<WorkerAct>), &'static str> {
    let person = Person {
        name: PersonName::parse(&row.name).map_err(|_| "姓名为空或过长")?,
        number: IdNumber::parse(&row.id_number).map_err(|_| "证件号码不合规则")?,
        sex: Sex::from_code(&row.sex).ok_or("性别应为 male、female 或 unstated")?,
        born: row.born,
        nation: row.nation.clone(),
        phone: row
            .phone
            .as_deref()
            .map(PhoneNumber::parse)
            .transpose()
            .map_err(|_| "手机号码不合规则")?,
        valid_to: row.valid_to,
        photo_sha256: None,
        ic_card: row
            .ic_card
            .as_deref()
            .map(IcNumber::parse)
            .transpose()
            .map_err(|_| "实名卡号应为卡芯片序列号的 8 位十六进制数")?,
        wage_card: None,
        certificates: Vec::new(),
        contact: None,
    };
    if !nation_fits(person.number.kind(), person.nation.as_deref()) {
        return Err(NATION_ALLOWED);
    }
    if person.number.born().is_some_and(|born| born != row.born) {
        return Err("出生日期与证件号码不一致");
    }
    Ok((person, acts(row)?))
}

/// What is known of him beside his document, as one act each.
fn acts(row: &WorkerRow) -> Result<Vec<WorkerAct>, &'static str> {
    let trade = Trade::parse(&row.trade).map_err(|_| "工种代码不在表内")?;
    let role = Role::from_code(&row.role).ok_or("岗位代码应为 10 或 20")?;
    let (team, on) = (TeamId(row.team), row.entered_on);
    let mut acts: Vec<WorkerAct> = vec![Box::new(move |worker| Act::Entry {
        worker,
        team,
        trade,
        role,
        on,
    })];
    if let Some(signed_on) = row.contract_signed_on {
        acts.push(Box::new(move |worker| Act::Contract {
            worker,
            contract: Contract {
                signed_on,
                until: None,
            },
        }));
    }
    if let Some(on) = row.trained_on {
        let training = Training {
            kind: TrainingKind::Safety,
            on,
            hours: 24,
        };
        acts.push(Box::new(move |worker| Act::Training { worker, training }));
    }
    if let Some(until) = row.health_certificate_until {
        acts.push(Box::new(move |worker| Act::HealthCertificate {
            worker,
            until,
        }));
    }
    if let Some(on) = row.face_consent_on {
        let text = row.face_consent_text;
        acts.push(Box::new(move |worker| Act::FaceConsent {
            worker,
            given: true,
            on,
            text,
        }));
    }
    if row.blacklisted {
        acts.push(Box::new(|worker| Act::Blacklist {
            worker,
            listed: true,
            reason: None,
        }));
    }
    if let Some(on) = row.left_on {
        acts.push(Box::new(move |worker| Act::Exit {
            worker,
            on,
            reason: None,
        }));
    }
    Ok(acts)
}
