//! The living parts of a gate's screen: the words of the moment, and what stands between them.

use askama::Template;
use edge_domain::{Screen, Tone};
use tokio::time::Duration;

use crate::error::WebError;
use crate::site_time::grouped;
use crate::view::{DeviceLamp, HealthView, LampState, LedgerView, LinkView, TodayView};

#[derive(Template)]
#[template(path = "part/gate_scene.html")]
struct Scene<'a> {
    screen: &'a Screen,
    tone: &'static str,
    /// Class for the size of the name.
    size: &'static str,
    /// Class for the size of a title without a name.
    title_size: &'static str,
    /// How long it stands, ms; empty until it is taken back.
    hold: String,
    /// Tells one message from the next.
    key: u64,
    said: Option<Said>,
}

/// What is said aloud with the words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    /// One of [`edge_domain::spoken_lines`].
    pub(super) line: &'static str,
    /// The number of the show whose name is said before it.
    pub(super) name: Option<u64>,
}

#[derive(Template)]
#[template(path = "part/gate_idle.html")]
struct Idle {
    figures: Option<(String, String)>,
    time: String,
    fault: Option<Fault>,
    city: (LampState, &'static str),
    devices: (LampState, &'static str),
}

/// Why nobody gets in here, and where to go instead.
struct Fault {
    what: String,
    advice: String,
}

/// The words of the moment.
pub(super) fn scene(
    screen: &Screen,
    left: Option<Duration>,
    key: u64,
    said: Option<Said>,
) -> Result<String, WebError> {
    let scene = Scene {
        screen,
        tone: tone(screen.tone),
        size: size(&screen.name),
        title_size: title_size(&screen.title),
        hold: left.map_or_else(String::new, |left| left.as_millis().to_string()),
        key,
        said,
    };
    scene.render().map_err(WebError::Render)
}

/// What stands while nobody presents anything. Figures that cannot be read are left out.
pub(super) fn idle(
    lane_name: &str,
    today: Option<&TodayView>,
    health: &HealthView,
    time: String,
) -> Result<String, WebError> {
    let idle = Idle {
        figures: today.map(|today| (grouped(today.on_site), grouped(today.entered_today))),
        time,
        fault: fault(lane_name, health),
        city: city(health),
        devices: if health.lamps_not_ok() == 0 {
            (LampState::Ok, "设备正常")
        } else {
            (LampState::Fault, "有设备要检修")
        },
    };
    idle.render().map_err(WebError::Render)
}

/// Without the city everything works: the words say so, that nobody turns back.
fn city(health: &HealthView) -> (LampState, &'static str) {
    match health.sync.link {
        LinkView::Online => (LampState::Ok, "平台已连接"),
        LinkView::Connecting => (LampState::Unknown, "正在连平台，照常刷卡"),
        LinkView::Offline => (LampState::Fault, "外网不通，照常刷卡"),
        LinkView::NotConfigured => (LampState::Unknown, "未接平台，照常刷卡"),
    }
}

/// The ledger's trouble is every lane's; a lane's own one sends people to a lane that works.
fn fault(lane_name: &str, health: &HealthView) -> Option<Fault> {
    if matches!(health.ledger, LedgerView::Failing(_)) {
        return Some(Fault {
            what: "设备无法记录".to_owned(),
            advice: "进场请找门卫登记，出场照常".to_owned(),
        });
    }
    let here = |lamp: &&DeviceLamp| lamp.lane.as_deref() == Some(lane_name);
    let dead = health
        .devices
        .iter()
        .filter(here)
        .find(|lamp| stops_people(lamp))?;
    let others = health.devices.iter().filter(|lamp| !here(lamp));
    let works = |name: &str| {
        let mut its = health
            .devices
            .iter()
            .filter(|lamp| lamp.lane.as_deref() == Some(name));
        its.all(|lamp| !stops_people(lamp))
    };
    let way_out = others
        .filter_map(|lamp| lamp.lane.as_deref())
        .find(|name| works(name));
    Some(Fault {
        what: format!("{} 故障", dead.name),
        advice: way_out.map_or_else(
            || "请找门卫".to_owned(),
            |name| format!("请走 {name}，或找门卫"),
        ),
    })
}

/// Readers and gates; a camera or a face terminal that is gone keeps no card out.
fn stops_people(lamp: &DeviceLamp) -> bool {
    let code = lamp.remedy.as_ref().map_or("", |remedy| &remedy.code);
    lamp.state == LampState::Offline && (code.starts_with("E-RD") || code.starts_with("E-GT"))
}

fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Pass => "pass",
        Tone::Deny => "deny",
        Tone::Retry => "retry",
        Tone::Wait => "wait",
        Tone::Evacuate => "evacuate",
        Tone::Idle => "idle",
    }
}

/// At three meters four characters fill the line; a longer name gets smaller, never cut off.
fn size(name: &str) -> &'static str {
    match name.chars().count() {
        0..=4 => "short",
        5..=6 => "middle",
        7..=10 => "long",
        11..=12 => "longer",
        _ => "longest",
    }
}

/// A reason stands on one line: a character alone on the next one is not read.
fn title_size(title: &str) -> &'static str {
    match title.chars().count() {
        0..=6 => "short",
        7 => "middle",
        _ => "long",
    }
}

#[cfg(test)]
mod tests {
    use edge_domain::{Denial, Display};

    use super::*;
    use crate::view::Remedy;

    fn lamp(lane: &str, name: &str, code: &str) -> DeviceLamp {
        DeviceLamp {
            name: name.to_owned(),
            lane: Some(lane.to_owned()),
            state: if code.is_empty() {
                LampState::Ok
            } else {
                LampState::Offline
            },
            remedy: (!code.is_empty()).then(|| Remedy {
                code: code.to_owned(),
                ..Remedy::default()
            }),
        }
    }

    fn said(devices: Vec<DeviceLamp>) -> String {
        let health = HealthView {
            devices,
            ..HealthView::default()
        };
        idle("1号", None, &health, "07:02".to_owned()).unwrap()
    }

    #[test]
    fn a_dead_reader_sends_people_to_a_lane_that_works() {
        let dead = lamp("1号", "1号进口读卡器", "E-RD-02");
        let page = said(vec![
            dead.clone(),
            lamp("2号", "2号闸机", "E-GT-01"),
            lamp("3号", "3号闸机", ""),
        ]);
        assert!(page.contains("1号进口读卡器 故障"), "{page}");
        assert!(page.contains("请走 3号"), "{page}");
        assert!(
            said(vec![dead, lamp("2号", "2号闸机", "E-GT-01")]).contains("请找门卫"),
            "no lane works"
        );
        let camera = lamp("1号", "1号进口摄像头", "E-CM-01");
        assert!(!said(vec![camera]).contains("故障"), "cards work");
        assert!(!said(vec![lamp("2号", "2号读卡器", "E-RD-02")]).contains("请走"));
    }

    #[test]
    fn a_refusal_says_what_to_do_in_words_and_by_shape() {
        let refused = Display::Denied {
            name: None,
            denial: Denial::TrainingMissing,
        };
        let html = scene(
            &refused.screen(),
            Some(Duration::from_millis(2_500)),
            7,
            None,
        )
        .unwrap();
        for part in ["未完成三级教育", "请到安全部", "data-tone=\"deny\"", "<svg"] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }
}
