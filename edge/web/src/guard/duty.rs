//! What each kind of account sees and may do. What is not listed is refused.

use axum::http::Method;
use edge_domain::TeamId;

/// What a person with an account does on the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// 劳资专管员: everything.
    Clerk,
    /// 班组长: the attendance of his own team; asks for corrections of it.
    Leader(TeamId),
    /// 门卫: 今日, who is inside, and visitors.
    Guard,
    /// 查看: every page, changes nothing; for inspectors, with an end.
    Viewer,
    /// 运维: 今日 with its lamps, and the upload; nothing about a person.
    Operator,
}

/// Pages of whoever is signed in.
const OWN: [&str; 5] = ["/", "/events", "/alive", "/logout", "/account"];
const LEADER: [&str; 14] = [
    "/verify",
    "/papers/punches",
    "/papers/punches.xlsx",
    "/papers/day",
    "/papers/day.xlsx",
    "/corrections",
    "/attendance",
    "/papers",
    "/papers/month",
    "/papers/month.xlsx",
    "/papers/wages",
    "/papers/wages/paper",
    "/papers/wages/sheet.xlsx",
    "/papers/wages/troubles",
];
const CHANGING: [&str; 8] = [
    "/people/new",
    "/people/new/cards",
    "/people/cards",
    "/accounts",
    ASKING,
    "/papers/wages/entry",
    "/papers/wages/bank",
    "/papers/wages/receipt",
];
const OPERATOR: [&str; 2] = ["/upload", "/settings"];
/// What cameras see now: for who sets them up, and for the clerk.
const CAMERA: &str = "/settings/camera/";
/// Pictures of faces are for the clerk alone.
const PICTURES: &str = "/pictures";
/// Where a step of a wage sheet is taken; which one, the page decides.
const WAGE_STEP: &str = "/papers/wages/step";
/// Visitors.
const VISITS: &str = "/visits";
/// Where a correction is asked for.
const ASKING: &str = "/corrections/new";
const CORRECTIONS: &str = "/corrections/";
/// Files of people hold whole numbers: they are for those only who change people.
const IMPORT: &str = "/import";

impl Duty {
    /// All of them for a drop-down: code and word. The team of a leader is chosen beside it.
    pub(crate) const WORDS: [(&str, &str); 5] = [
        ("clerk", "劳资专管员"),
        ("leader", "班组长"),
        ("guard", "门卫"),
        ("viewer", "查看"),
        ("operator", "运维"),
    ];

    /// The code it is stored under.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Clerk => "clerk",
            Self::Leader(_) => "leader",
            Self::Guard => "guard",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }

    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(code, _)| *code == self.code());
        found.map_or("", |(_, word)| word)
    }

    /// Reads what was stored or chosen; a leader without a team is none.
    pub(crate) fn read(code: &str, team: Option<u32>) -> Option<Self> {
        match code {
            "clerk" => Some(Self::Clerk),
            "leader" => team.map(|team| Self::Leader(TeamId(team))),
            "guard" => Some(Self::Guard),
            "viewer" => Some(Self::Viewer),
            "operator" => Some(Self::Operator),
            _ => None,
        }
    }

    /// The team that its holder is bound to.
    pub(crate) fn team(self) -> Option<TeamId> {
        match self {
            Self::Leader(team) => Some(team),
            Self::Clerk | Self::Guard | Self::Viewer | Self::Operator => None,
        }
    }

    /// Whether its holder may ask for `path`.
    pub(crate) fn may(self, method: &Method, path: &str) -> bool {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        if OWN.contains(&path) {
            return true;
        }
        match self {
            Self::Clerk => true,
            Self::Leader(_) => {
                path == ASKING
                    || path == WAGE_STEP
                    || reads && (LEADER.contains(&path) || path.starts_with(CORRECTIONS))
            }
            Self::Guard => path == VISITS || reads && path == "/attendance/moment",
            Self::Viewer => {
                let is_kept = path.starts_with(IMPORT)
                    || path.starts_with(CAMERA)
                    || path.ends_with(PICTURES);
                reads && !CHANGING.contains(&path) && !is_kept
            }
            Self::Operator => reads && (OPERATOR.contains(&path) || path.starts_with(CAMERA)),
        }
    }

    /// Whether its holder may change people and teams.
    pub(crate) fn changes(self) -> bool {
        self == Self::Clerk
    }

    /// Whether its holder may let visitors in.
    pub(crate) fn issues_visits(self) -> bool {
        self.may(&Method::POST, VISITS)
    }

    /// Whether its holder may ask for corrections of attendance.
    pub(crate) fn asks_corrections(self) -> bool {
        self.may(&Method::POST, ASKING)
    }

    /// Whether its holder may decide on what others asked for.
    pub(crate) fn decides_corrections(self) -> bool {
        self == Self::Clerk
    }

    /// Whether its holder may open a person's page.
    pub(crate) fn sees_people(self) -> bool {
        self.may(&Method::GET, "/people")
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Method;
    use edge_domain::TeamId;

    use super::Duty;

    fn check(method: &str, path: &str, expected: [bool; 5]) {
        let duties = [
            Duty::Clerk,
            Duty::Leader(TeamId(1)),
            Duty::Guard,
            Duty::Viewer,
            Duty::Operator,
        ];
        let method: Method = method.parse().unwrap();
        let may = duties.map(|duty| duty.may(&method, path));
        assert_eq!(may, expected, "{method} {path}");
    }

    #[test]
    fn each_sees_what_the_work_needs_and_only_the_clerk_changes() {
        for (method, path, expected) in [
            ("GET", "/", [true, true, true, true, true]),
            ("POST", "/account", [true, true, true, true, true]),
            ("GET", "/people", [true, false, false, true, false]),
            ("GET", "/people/7", [true, false, false, true, false]),
            ("GET", "/people/new", [true, false, false, false, false]),
            (
                "GET",
                "/people/new/cards",
                [true, false, false, false, false],
            ),
            ("GET", "/people/cards", [true, false, false, false, false]),
            ("POST", "/people/7/exit", [true, false, false, false, false]),
            ("GET", "/attendance", [true, true, false, true, false]),
            (
                "GET",
                "/attendance/moment",
                [true, false, true, true, false],
            ),
            (
                "GET",
                "/papers/month.xlsx",
                [true, true, false, true, false],
            ),
            (
                "GET",
                "/papers/people.xlsx",
                [true, false, false, true, false],
            ),
            ("GET", "/upload", [true, false, false, true, true]),
            ("GET", "/accounts", [true, false, false, false, false]),
            ("POST", "/accounts", [true, false, false, false, false]),
            ("GET", "/import", [true, false, false, false, false]),
            ("POST", "/import/7", [true, false, false, false, false]),
            (
                "GET",
                "/import/7/errors.xlsx",
                [true, false, false, false, false],
            ),
            ("POST", "/teams", [true, false, false, false, false]),
            ("GET", "/visits", [true, false, true, true, false]),
            ("POST", "/visits", [true, false, true, false, false]),
            ("DELETE", "/people/7", [true, false, false, false, false]),
            ("GET", "/something/new", [true, false, false, true, false]),
            ("GET", "/settings", [true, false, false, true, true]),
            ("GET", "/audit", [true, false, false, true, false]),
            ("GET", "/suspensions", [true, false, false, true, false]),
            ("POST", "/suspensions", [true, false, false, false, false]),
            (
                "POST",
                "/people/7/numbers",
                [true, false, false, false, false],
            ),
            ("GET", "/verify", [true, true, false, true, false]),
            ("GET", "/papers/close", [true, false, false, true, false]),
            ("POST", "/papers/close", [true, false, false, false, false]),
            ("GET", "/papers/day.xlsx", [true, true, false, true, false]),
            ("GET", "/corrections", [true, true, false, true, false]),
            ("GET", "/corrections/7", [true, true, false, true, false]),
            ("POST", "/corrections/7", [true, false, false, false, false]),
            (
                "POST",
                "/corrections/new",
                [true, true, false, false, false],
            ),
            ("GET", "/corrections/new", [true, true, false, false, false]),
        ] {
            check(method, path, expected);
        }
    }

    /// A leader confirms and returns wages of his team; accounts and amounts are the clerk's.
    #[test]
    fn wages_are_entered_and_handed_to_the_bank_by_the_clerk() {
        for (method, path, expected) in [
            ("GET", "/papers/wages", [true, true, false, true, false]),
            (
                "POST",
                "/papers/wages/step",
                [true, true, false, false, false],
            ),
            (
                "POST",
                "/papers/wages/entry",
                [true, false, false, false, false],
            ),
            (
                "GET",
                "/papers/wages/bank",
                [true, false, false, false, false],
            ),
            (
                "POST",
                "/papers/wages/bank",
                [true, false, false, false, false],
            ),
            ("GET", "/papers/funds", [true, false, false, true, false]),
            (
                "POST",
                "/papers/funds/transfer",
                [true, false, false, false, false],
            ),
        ] {
            check(method, path, expected);
        }
    }

    #[test]
    fn a_duty_is_read_from_what_it_was_stored_as() {
        for duty in [
            Duty::Clerk,
            Duty::Leader(TeamId(4)),
            Duty::Guard,
            Duty::Viewer,
            Duty::Operator,
        ] {
            let team = duty.team().map(|team| team.0);
            assert_eq!(Duty::read(duty.code(), team), Some(duty));
            assert!(!duty.word().is_empty());
        }
        assert_eq!(Duty::read("leader", None), None);
        assert_eq!(Duty::read("king", None), None);
    }

    #[test]
    fn faces_are_for_the_clerk_and_cameras_for_who_sets_them_up() {
        let may = |duty: Duty, method, path| duty.may(&method, path);
        for duty in [
            Duty::Leader(TeamId(1)),
            Duty::Guard,
            Duty::Viewer,
            Duty::Operator,
        ] {
            assert!(!may(duty, Method::GET, "/troubles/7/pictures"), "{duty:?}");
            assert!(!may(duty, Method::POST, "/troubles/7/pictures"), "{duty:?}");
            let sees = may(duty, Method::GET, "/settings/camera/in/gate-1");
            assert_eq!(sees, duty == Duty::Operator, "{duty:?}");
        }
        assert!(may(Duty::Clerk, Method::POST, "/troubles/7/pictures"));
        assert!(may(Duty::Clerk, Method::GET, "/settings/camera/in/gate-1"));
    }
}
