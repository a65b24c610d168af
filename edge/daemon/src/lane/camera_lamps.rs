//! What a camera's lamp says.

use edge_domain::Direction;
use edge_web::{LampState, Remedy};

use crate::health::HealthNews;
use crate::lane::lamps::{DeviceNames, remedy};

/// Why a camera is of no use now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FaceTrouble {
    /// `menwei-face` does not run, hangs, or cannot be spoken to.
    NoProcess,
    /// It runs without its models; why, in Chinese.
    NoModels(String),
    /// No pictures come.
    Offline,
    /// Something hangs before it.
    Covered,
    /// The same picture again and again.
    Frozen,
    /// Too little light.
    Dark,
    /// Out of focus or dirty.
    Blurred,
}

const EFFECT: &str = "刷脸暂停，刷卡照常（记为未比对）";

/// The lamp of a lane's camera.
pub(super) fn camera_news(
    names: &DeviceNames,
    direction: Direction,
    news: &Result<(), FaceTrouble>,
) -> Option<HealthNews> {
    let (_, device) = names.cameras.iter().find(|(way, _)| *way == direction)?;
    let told = names.news_of(device);
    let Err(trouble) = news else {
        return Some(told(LampState::Ok, None, None));
    };
    let (state, remedy) = match trouble {
        FaceTrouble::NoProcess => (LampState::Offline, no_process()),
        FaceTrouble::NoModels(why) => (
            LampState::Fault,
            remedy("E-CM-02", why, EFFECT, "联系运维重新安装模型文件"),
        ),
        FaceTrouble::Offline => (
            LampState::Offline,
            remedy(
                "E-CM-03",
                "摄像头没有画面",
                EFFECT,
                "检查摄像头的电源、网线和地址；恢复后会自动继续",
            ),
        ),
        FaceTrouble::Covered => view("E-CM-04", "摄像头被遮住", "移开遮挡物"),
        FaceTrouble::Frozen => view("E-CM-05", "摄像头画面不动", "给摄像头断电再通电"),
        FaceTrouble::Dark => view("E-CM-06", "摄像头前太暗", "打开补光灯"),
        FaceTrouble::Blurred => view("E-CM-07", "摄像头画面模糊", "擦净镜头，或重新对焦"),
    };
    Some(told(state, Some(remedy), None))
}

fn no_process() -> Remedy {
    remedy(
        "E-CM-01",
        "人脸程序没有应答",
        EFFECT,
        "会自动重启；一直不恢复请联系运维",
    )
}

fn view(code: &str, cause: &str, advice: &str) -> (LampState, Remedy) {
    (LampState::Fault, remedy(code, cause, EFFECT, advice))
}

#[cfg(test)]
mod tests {
    use edge_domain::Direction;

    use super::{FaceTrouble, camera_news};
    use crate::health::HealthNews;
    use crate::lane::lamps::DeviceNames;

    #[test]
    fn every_trouble_has_its_own_words_and_says_that_cards_work() {
        let names = DeviceNames {
            lane: "gate-1".to_owned(),
            readers: Vec::new(),
            gate: None,
            relays: false,
            cameras: vec![(Direction::In, "进口摄像头".to_owned())],
        };
        let troubles = [
            FaceTrouble::NoProcess,
            FaceTrouble::NoModels("模型文件读不了".to_owned()),
            FaceTrouble::Offline,
            FaceTrouble::Covered,
            FaceTrouble::Frozen,
            FaceTrouble::Dark,
            FaceTrouble::Blurred,
        ];
        let mut codes = std::collections::BTreeSet::new();
        for trouble in troubles {
            let news = camera_news(&names, Direction::In, &Err(trouble));
            let Some(HealthNews::Device(lamp)) = news else {
                panic!("no lamp");
            };
            let remedy = lamp.remedy.unwrap();
            assert!(remedy.effect.contains("刷卡照常"));
            codes.insert(remedy.code);
        }
        assert_eq!(codes.len(), 7);
        assert!(camera_news(&names, Direction::Out, &Ok(())).is_none());
    }
}
