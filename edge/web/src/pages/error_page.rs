//! A failure as a person reads it: cause, effect, what to do, code. The details go to the log.

use askama::Template;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};

use crate::assets;
use crate::error::WebError;
use crate::guard::duty::Duty;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    style: String,
    icon: String,
    code: &'static str,
    cause: &'static str,
    effect: &'static str,
    advice: &'static str,
}

fn answer(status: StatusCode, page: &ErrorPage) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => (status, page.cause).into_response(),
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let (style, icon) = (assets::address("app.css"), assets::address("icon.svg"));
        if matches!(self, Self::Busy) {
            let page = ErrorPage {
                style,
                icon,
                code: "E-WEB-503",
                cause: "同时登录的人太多。",
                effect: "这一次没有登录，打卡不受影响。",
                advice: "请等几秒再试。",
            };
            return answer(StatusCode::SERVICE_UNAVAILABLE, &page);
        }
        log(&self);
        let page = ErrorPage {
            style,
            icon,
            code: "E-WEB-500",
            cause: "本机读不出这一页的数据。",
            effect: "网页暂时看不到，打卡和上传不受网页影响。",
            advice: "请过一分钟刷新；仍不行，请把编号 E-WEB-500 和现在的时间告诉运维。",
        };
        answer(StatusCode::INTERNAL_SERVER_ERROR, &page)
    }
}

/// Logs a failure with all its causes, once.
pub(crate) fn log(error: &WebError) {
    let mut causes = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    tracing::warn!(error = %error, causes = causes.join(": "), "The screen could not answer");
}

/// No such page.
pub(crate) async fn not_found(method: Method, uri: Uri) -> Response {
    tracing::debug!(%method, path = uri.path(), "No such page");
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-404",
        cause: "没有这一页。",
        effect: "网址可能输错了，或者这一页还没有。",
        advice: "请回到首页。",
    };
    answer(StatusCode::NOT_FOUND, &page)
}

#[derive(Template)]
#[template(path = "refused.html")]
struct RefusedPage<'a> {
    style: String,
    icon: String,
    problem: &'a str,
    back: &'a str,
}

/// An act that was not recorded: why, and the way back.
pub(crate) fn refused(problem: &str, back: &str) -> Response {
    let page = RefusedPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        problem,
        back,
    };
    match page.render() {
        Ok(html) => (StatusCode::UNPROCESSABLE_ENTITY, Html(html)).into_response(),
        Err(_) => (StatusCode::UNPROCESSABLE_ENTITY, problem.to_owned()).into_response(),
    }
}

/// A page that this kind of account does not open.
pub(crate) fn not_for(duty: Duty) -> Response {
    let (style, icon) = (assets::address("app.css"), assets::address("icon.svg"));
    let (cause, advice) = match duty {
        Duty::Clerk => ("您的账号打不开这一页。", "请回到首页。"),
        Duty::Leader(_) => (
            "班组长的账号只看自己班组的考勤，可以申请补卡。",
            "请回到首页，从“考勤”或“报表”进入；别的事请找劳资专管员。",
        ),
        Duty::Guard => (
            "门卫的账号只看今日进出和谁在场，可以开访客卡。",
            "请回到首页；别的事请找劳资专管员。",
        ),
        Duty::Viewer => (
            "查看的账号只能看，不能登记和修改。",
            "请回到首页；要改的请告诉劳资专管员。",
        ),
        Duty::Operator => (
            "运维的账号不看人员资料。",
            "请回到首页；别的事请找劳资专管员。",
        ),
    };
    let page = ErrorPage {
        style,
        icon,
        code: "E-WEB-403",
        cause,
        effect: "这一次什么也没有改动。",
        advice,
    };
    answer(StatusCode::FORBIDDEN, &page)
}

/// A worker number that nobody has.
pub(crate) fn no_such_person() -> Response {
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-404",
        cause: "花名册上没有这个人。",
        effect: "工号可能输错了，或者这个人的资料已按法律要求销毁。",
        advice: "请回到首页，在花名册里查找。",
    };
    answer(StatusCode::NOT_FOUND, &page)
}

/// A file that is not kept here.
pub(crate) fn no_such_import() -> Response {
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-404",
        cause: "没有这一批导入。",
        effect: "可能已被放弃，或者超过 30 天已清除。已导入的人不受影响。",
        advice: "请回到首页，从花名册的“导入”进入。",
    };
    answer(StatusCode::NOT_FOUND, &page)
}

/// A team number that no team has.
pub(crate) fn no_such_team() -> Response {
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-404",
        cause: "没有这个班组。",
        effect: "没有可以打印或下载的表。",
        advice: "请回到首页，从“报表”里选班组。",
    };
    answer(StatusCode::NOT_FOUND, &page)
}

/// A number that no request for a correction has.
pub(crate) fn no_such_correction() -> Response {
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-404",
        cause: "没有这个补卡申请，或者它没有附件。",
        effect: "编号可能输错了，或者不是您班组的人。",
        advice: "请回到首页，从“补卡审批”进入。",
    };
    answer(StatusCode::NOT_FOUND, &page)
}

/// A screen of the gate on a machine that is none.
pub(crate) fn no_kiosk() -> Response {
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-403",
        cause: "这台电脑不是闸机屏。",
        effect: "闸机屏上有工人的姓名，只在考勤盒本机和登记过的屏幕上显示。",
        advice: "请运维把这块屏幕的 IP 地址写进 site.toml 的 [screen] gate_screens，再重启服务。",
    };
    answer(StatusCode::FORBIDDEN, &page)
}

/// A lane that the settings do not know.
pub(crate) fn no_such_lane() -> Response {
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-404",
        cause: "没有这条通道。",
        effect: "这块屏幕没有内容可显示，刷卡不受影响。",
        advice: "请打开 /gate，从列出的通道里选。",
    };
    answer(StatusCode::NOT_FOUND, &page)
}

/// A request that another site made the browser send.
pub(crate) fn forbidden() -> Response {
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-403",
        cause: "这个请求不是从本机的网页发出的。",
        effect: "为防止别的网站冒用您的登录，本机没有执行。",
        advice: "请回到首页，从本机网页上重新操作。",
    };
    answer(StatusCode::FORBIDDEN, &page)
}

/// A request that took too long.
pub(crate) fn too_slow() -> Response {
    let page = ErrorPage {
        style: assets::address("app.css"),
        icon: assets::address("icon.svg"),
        code: "E-WEB-504",
        cause: "本机太忙，没能及时答复。",
        effect: "这一次操作可能没有完成，打卡不受影响。",
        advice: "请等几秒后刷新再看。",
    };
    answer(StatusCode::GATEWAY_TIMEOUT, &page)
}
