//! What a face terminal's lamp says.

use drivers_terminal::{LibraryState, TerminalFault, TerminalNews};
use edge_web::{LampState, Remedy};

use crate::devices::Identity;
use crate::health::HealthNews;
use crate::lane::lamps::{DeviceNames, remedy};

const EFFECT: &str = "这台人脸机暂停，刷卡照常";
/// A clock that is off by more than this is told, ms; the box takes the error out by itself.
const CLOCK_MS_MAX: i64 = 120_000;

/// What is known about one terminal.
#[derive(Debug, Default)]
pub(in crate::lane) struct TerminalLamp {
    fault: Option<TerminalFault>,
    ahead_ms: i64,
    library: LibraryState,
}

impl TerminalLamp {
    /// Takes news in; gives what the lamp says now, where it may have changed.
    pub(in crate::lane) fn take(
        &mut self,
        names: &DeviceNames,
        device: &str,
        news: &TerminalNews,
    ) -> Option<HealthNews> {
        let mut identity = None;
        match news {
            TerminalNews::Online { serial } => {
                self.fault = None;
                let of = |serial: &String| Identity::of(serial.clone(), swapped);
                identity = serial.as_ref().map(of);
            }
            TerminalNews::Offline(fault) => self.fault = Some(fault.clone()),
            TerminalNews::ClockOff(ahead_ms) => self.ahead_ms = *ahead_ms,
            TerminalNews::Library(state) => self.library = state.clone(),
            TerminalNews::Now(_) | TerminalNews::Past(_) => return None,
        }
        let (state, remedy) = self.says();
        Some(names.news_of(device)(state, remedy, identity))
    }

    /// The worst first.
    fn says(&self) -> (LampState, Option<Remedy>) {
        if let Some(fault) = &self.fault {
            let (state, remedy) = away(fault);
            return (state, Some(remedy));
        }
        let refused = &self.library.refused;
        if let Some((worker, why)) = refused.first() {
            let several = refused.len();
            let remedy = remedy(
                "E-TM-05",
                &format!("{worker} 号工人等 {several} 人的登记照，人脸机用不了（{why}）"),
                "他们在这台人脸机上刷不了脸，刷卡照常",
                "在他们的“人脸”页重新登记一张更清楚的正面照",
            );
            return (LampState::Fault, Some(remedy));
        }
        if self.ahead_ms.saturating_abs() > CLOCK_MS_MAX {
            let minutes = self.ahead_ms.saturating_abs() / 60_000;
            let way = if self.ahead_ms > 0 { "快" } else { "慢" };
            let remedy = remedy(
                "E-TM-04",
                &format!("人脸机的时钟{way}了 {minutes} 分钟"),
                "考勤以考勤盒的时间为准，不受影响",
                "在人脸机的菜单里校准时间",
            );
            return (LampState::Fault, Some(remedy));
        }
        (LampState::Ok, None)
    }
}

fn away(fault: &TerminalFault) -> (LampState, Remedy) {
    match fault {
        TerminalFault::Refused { locked_s } => {
            let locked = locked_s.map_or_else(String::new, |seconds| {
                format!("，人脸机已自锁约 {} 分钟", seconds.div_ceil(60))
            });
            let cause = format!("人脸机（或 MQTT 服务器）不认配置里的用户名、密码{locked}");
            (
                LampState::Fault,
                remedy(
                    "E-TM-02",
                    &cause,
                    EFFECT,
                    "核对配置里的 login 后重启考勤盒；为免把人脸机锁死，十分钟以上才会再试一次",
                ),
            )
        }
        TerminalFault::NotUnderstood(why) | TerminalFault::Declined(why) => {
            tracing::warn!(why, "A face terminal is not understood");
            (
                LampState::Fault,
                remedy(
                    "E-TM-03",
                    "人脸机的应答看不懂，可能型号或固件不支持",
                    EFFECT,
                    "核对配置里的 make，升级人脸机固件，或联系运维",
                ),
            )
        }
        TerminalFault::NoLink(why) => {
            tracing::warn!(why, "A face terminal is away");
            (LampState::Offline, offline())
        }
        TerminalFault::Silent => (LampState::Offline, offline()),
    }
}

fn offline() -> Remedy {
    remedy(
        "E-TM-01",
        "人脸机没有应答",
        EFFECT,
        "检查人脸机的电源、网线和配置里的 address；恢复后会自动继续，其间的记录会补报",
    )
}

fn swapped() -> Remedy {
    remedy(
        "E-TM-06",
        "这个地址换了一台人脸机",
        "进出方向可能记反",
        "核对地址：写错了就改回来；确实换了新机，就重启考勤盒，提示消失",
    )
}

#[cfg(test)]
mod tests {
    use drivers_terminal::{LibraryState, TerminalFault, TerminalNews};
    use edge_web::LampState;

    use super::TerminalLamp;
    use crate::health::HealthNews;
    use crate::lane::lamps::DeviceNames;

    fn said(lamp: &mut TerminalLamp, news: &TerminalNews) -> (LampState, String) {
        let names = DeviceNames {
            lane: "gate-1".to_owned(),
            readers: Vec::new(),
            gate: None,
            relays: false,
            cameras: Vec::new(),
        };
        let Some(HealthNews::Device(told)) = lamp.take(&names, "人脸机", news) else {
            panic!("no lamp");
        };
        let code = told.remedy.map(|remedy| {
            assert!(!remedy.effect.is_empty() && !remedy.advice.is_empty());
            remedy.code
        });
        (told.state, code.unwrap_or_default())
    }

    #[test]
    fn the_worst_is_told_and_each_trouble_has_its_own_code() {
        let mut lamp = TerminalLamp::default();
        let online = TerminalNews::Online {
            serial: Some("DS-1".to_owned()),
        };
        assert_eq!(said(&mut lamp, &online), (LampState::Ok, String::new()));
        let off = TerminalNews::ClockOff(-3_600_000);
        assert_eq!(said(&mut lamp, &off).1, "E-TM-04");
        let refused = TerminalNews::Library(LibraryState {
            wanted: 2,
            held: 1,
            refused: vec![(7, "468".to_owned())],
        });
        assert_eq!(said(&mut lamp, &refused).1, "E-TM-05");
        for (fault, state, code) in [
            (TerminalFault::Silent, LampState::Offline, "E-TM-01"),
            (
                TerminalFault::Refused { locked_s: Some(60) },
                LampState::Fault,
                "E-TM-02",
            ),
            (
                TerminalFault::Declined("notSupport".to_owned()),
                LampState::Fault,
                "E-TM-03",
            ),
        ] {
            let told = said(&mut lamp, &TerminalNews::Offline(fault));
            assert_eq!(told, (state, code.to_owned()));
        }
        // Back again, what was wrong before still is.
        assert_eq!(said(&mut lamp, &online).1, "E-TM-05");
        let good = TerminalNews::Library(LibraryState::default());
        assert_eq!(said(&mut lamp, &good).1, "E-TM-04");
        let right = TerminalNews::ClockOff(0);
        assert_eq!(said(&mut lamp, &right), (LampState::Ok, String::new()));
    }
}
