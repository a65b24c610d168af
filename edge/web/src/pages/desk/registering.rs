//! Pure: a filled form becomes the acts that register a worker.

use edge_domain::{
    Act, Contract, DocumentKind, IdDocument, IdNumber, Person, Role, Sex, TeamId, Training,
    TrainingKind, WorkerId,
};
use jiff::civil::Date;
use serde::Deserialize;

use super::fields;
use super::paper_acts;
use crate::intake::TRAINING_HOURS;
use crate::recorder::Refusal;

/// The registration form as sent.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct RegisterForm {
    pub(super) name: String,
    pub(super) number: String,
    pub(super) sex: String,
    pub(super) phone: String,
    pub(super) valid_to: String,
    /// As the chip has it; nobody types it.
    pub(super) nation: String,
    pub(super) team: String,
    pub(super) trade: String,
    pub(super) role: String,
    pub(super) entered_on: String,
    pub(super) contract_on: String,
    pub(super) trained_on: String,
    pub(super) contact_name: String,
    pub(super) contact_kinship: String,
    pub(super) contact_phone: String,
}

impl RegisterForm {
    /// Takes over what a card says.
    pub(super) fn fill(&mut self, card: &IdDocument) {
        card.name.reveal().clone_into(&mut self.name);
        card.number.reveal().clone_into(&mut self.number);
        self.valid_to = card.valid_to.map(|on| on.to_string()).unwrap_or_default();
        self.nation = card.nation.clone().unwrap_or_default();
        let sex = match (card.number.sex(), card.sex) {
            (None, Sex::Male) => "male",
            (None, Sex::Female) => "female",
            _ => "",
        };
        sex.clone_into(&mut self.sex);
    }
}

/// A form that makes sense.
#[derive(Debug)]
pub(super) struct Registration {
    pub(super) person: Person,
    entry: (edge_domain::Trade, Role, Date),
    contract: Option<Contract>,
    training: Option<Training>,
}

impl Registration {
    /// Reads a form. The sex of a resident follows from his number.
    pub(super) fn read(form: &RegisterForm, today: Date) -> Result<Self, Refusal> {
        let number = fields::number(&form.number, today)?;
        let sex = sex(&number, &form.sex)?;
        let Some(born) = number.born() else {
            return Err(Refusal::new(
                "这种外国人永久居留证的号码里没有完整出生日期，请用导入文件登记。",
            ));
        };
        let entered_on = fields::needed_day(&form.entered_on, "进场日期")?;
        let contract = fields::day(&form.contract_on, "合同签订日期")?;
        let trained = fields::day(&form.trained_on, "三级教育日期")?;
        for (on, word) in [(contract, "合同签订日期"), (trained, "三级教育日期")] {
            if on.is_some_and(|on| on > today) {
                return Err(Refusal::new(format!("{word}在今天之后，请核对。")));
            }
        }
        Ok(Self {
            person: Person {
                name: fields::name(&form.name)?,
                sex,
                born,
                // Only what a card of this kind would state; a number typed anew has none.
                nation: Some(form.nation.clone()).filter(|code| number.kind().states_nation(code)),
                phone: fields::phone(&form.phone)?,
                valid_to: fields::day(&form.valid_to, "证件有效期")?,
                photo_sha256: None,
                ic_card: None,
                wage_card: None,
                certificates: Vec::new(),
                contact: paper_acts::contact(
                    &form.contact_name,
                    &form.contact_kinship,
                    &form.contact_phone,
                )?,
                number,
            },
            entry: (
                fields::trade(&form.trade)?,
                Role::from_code(&form.role).unwrap_or(Role::Worker),
                entered_on,
            ),
            contract: contract.map(|signed_on| Contract {
                signed_on,
                until: None,
            }),
            training: trained.map(|on| Training {
                kind: TrainingKind::Safety,
                on,
                hours: TRAINING_HOURS,
            }),
        })
    }

    /// The acts for a worker of this number in this team.
    pub(super) fn acts(self, worker: WorkerId, team: TeamId) -> Vec<Act> {
        let (trade, role, on) = self.entry;
        let mut acts = vec![
            Act::Worker {
                worker,
                person: Box::new(self.person),
            },
            Act::Entry {
                worker,
                team,
                trade,
                role,
                on,
            },
        ];
        acts.extend(
            self.contract
                .map(|contract| Act::Contract { worker, contract }),
        );
        acts.extend(
            self.training
                .map(|training| Act::Training { worker, training }),
        );
        acts
    }
}

fn sex(number: &IdNumber, typed: &str) -> Result<Sex, Refusal> {
    match (number.sex(), number.kind()) {
        (Some(sex), _) => Ok(sex),
        (None, DocumentKind::Foreigner2017 | DocumentKind::Foreigner2023) => {
            Sex::from_code(typed).ok_or_else(|| Refusal::new("外国人证件请选性别。"))
        }
        (None, DocumentKind::Resident | DocumentKind::Hmt) => Ok(Sex::Unstated),
    }
}

#[cfg(test)]
mod tests {
    use edge_domain::{Act, TeamId, WorkerId};
    use jiff::civil::date;

    use super::{RegisterForm, Registration};

    /// Region 3499 is unassigned: nobody real has this number.
    fn form() -> RegisterForm {
        let text = |text: &str| text.to_owned();
        RegisterForm {
            name: text(" 单雄信 "),
            number: text("34990119860512001x"),
            phone: text("13900001234"),
            team: text("1"),
            trade: text("020"),
            contact_name: text("李秀英"),
            contact_kinship: text("spouse"),
            contact_phone: text("13900000028"),
            role: text("20"),
            entered_on: text("2026-06-03"),
            ..RegisterForm::default()
        }
    }

    fn refusal(change: impl FnOnce(&mut RegisterForm)) -> String {
        let mut form = form();
        change(&mut form);
        Registration::read(&form, date(2026, 6, 3)).unwrap_err().0
    }

    #[test]
    fn a_form_becomes_a_person_and_an_entry() {
        let mut form = form();
        form.number = number_with_check("34990119860512001");
        "2026-06-02".clone_into(&mut form.trained_on);
        let registration = Registration::read(&form, date(2026, 6, 3)).unwrap();
        assert_eq!(registration.person.name.reveal(), "单雄信");
        assert_eq!(registration.person.born, date(1986, 5, 12));
        let contact = registration.person.contact.as_ref().unwrap();
        assert_eq!(contact.masked(), "李**（配偶）139****0028");
        let acts = registration.acts(WorkerId(7), TeamId(2));
        assert!(matches!(
            acts[0],
            Act::Worker {
                worker: WorkerId(7),
                ..
            }
        ));
        assert!(matches!(
            acts[1],
            Act::Entry {
                team: TeamId(2),
                ..
            }
        ));
        assert!(matches!(acts[2], Act::Training { .. }));
        assert_eq!(acts.len(), 3);
    }

    fn number_with_check(first: &str) -> String {
        let all = "0123456789X".chars().map(|last| format!("{first}{last}"));
        all.into_iter()
            .find(|number| edge_domain::IdNumber::parse(number).is_ok())
            .unwrap()
    }

    #[test]
    fn each_fault_has_its_sentence() {
        let good = number_with_check("34990119860512001");
        assert!(refusal(|form| form.number.clear()).contains("18 位"));
        let mut wrong = good.clone();
        wrong.replace_range(
            16..17,
            if good.as_bytes()[16] == b'3' {
                "5"
            } else {
                "3"
            },
        );
        assert!(refusal(move |form| form.number = wrong).contains("校验位"));
        let set = |form: &mut RegisterForm| form.number = number_with_check("34990119860512001");
        assert!(
            refusal(|form| {
                set(form);
                form.name.clear();
            })
            .contains("姓名")
        );
        assert!(
            refusal(|form| {
                set(form);
                "12345".clone_into(&mut form.phone);
            })
            .contains("手机")
        );
        assert!(
            refusal(|form| {
                set(form);
                form.contact_phone.clear();
            })
            .contains("紧急联系人")
        );
        assert!(
            refusal(|form| {
                set(form);
                form.entered_on.clear();
            })
            .contains("进场日期")
        );
        let future = |form: &mut RegisterForm| {
            set(form);
            "2026-06-04".clone_into(&mut form.trained_on);
        };
        assert!(refusal(future).contains("今天之后"));
    }
}
