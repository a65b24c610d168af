//! What every page has around its content: top bar, sections, footer, addresses of the assets.

use askama::Template;
use axum::http::Method;
use axum::response::{Html, IntoResponse as _, Response};

use crate::assets;
use crate::error::WebError;
use crate::guard::session::Holder;
use crate::state::{WebSettings, WebState};

/// A section of the top bar. A section is listed here when its page works, not before.
#[derive(Debug)]
pub(crate) struct Section {
    /// Word in the bar.
    pub(crate) word: &'static str,
    /// Address of its page.
    pub(crate) path: &'static str,
}

/// The top bar, left to right (at most eight).
static SECTIONS: [Section; 8] = [
    Section {
        word: "今日",
        path: "/",
    },
    Section {
        word: "花名册",
        path: "/people",
    },
    Section {
        word: "考勤",
        path: "/attendance",
    },
    Section {
        word: "补卡审批",
        path: "/corrections",
    },
    Section {
        word: "异常",
        path: "/troubles",
    },
    Section {
        word: "报表",
        path: "/papers",
    },
    Section {
        word: "上传",
        path: "/upload",
    },
    Section {
        word: "设备与设置",
        path: "/settings",
    },
];

/// The frame of a page.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub(crate) site_name: String,
    pub(crate) box_id: String,
    pub(crate) version: String,
    /// Who is signed in; `None` hides the sections.
    pub(crate) account: Option<Holder>,
    /// Address of the section that is shown.
    pub(crate) here: &'static str,
    pub(crate) sections: Vec<&'static Section>,
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
}

impl Layout {
    /// Whether the person in front of the page may change people and teams.
    pub(crate) fn changes(&self) -> bool {
        self.account.as_ref().is_some_and(|one| one.duty.changes())
    }

    /// Whether the person in front of the page may open the page at `path`.
    pub(crate) fn opens(&self, path: &str) -> bool {
        let account = self.account.as_ref();
        account.is_some_and(|one| one.duty.may(&Method::GET, path))
    }

    /// Whether the person in front of the page may open a worker's page.
    pub(crate) fn sees_people(&self) -> bool {
        self.account
            .as_ref()
            .is_some_and(|one| one.duty.sees_people())
    }

    /// The frame for `account`, with the section at `here` marked.
    pub(crate) fn new(state: &WebState, account: Option<Holder>, here: &'static str) -> Self {
        Self::of(state.settings(), account, here)
    }

    /// The frame of a page that stands alone.
    pub(crate) fn of(settings: &WebSettings, account: Option<Holder>, here: &'static str) -> Self {
        let duty = account.as_ref().map(|one| one.duty);
        let sections = SECTIONS
            .iter()
            .filter(|one| duty.is_some_and(|duty| duty.may(&Method::GET, one.path)))
            .collect();
        Self {
            site_name: settings.site_name.clone(),
            box_id: settings.box_id.clone(),
            version: settings.version.clone(),
            account,
            here,
            sections,
            style: assets::address("app.css"),
            script: assets::address("live.js"),
            icon: assets::address("icon.svg"),
        }
    }
}

/// Renders a whole page.
pub(crate) fn page(template: &impl Template) -> Result<Response, WebError> {
    Ok(Html(template.render().map_err(WebError::Render)?).into_response())
}
