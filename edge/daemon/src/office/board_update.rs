//! An order to update a gate board: which board, how it goes, and how it ended, in Chinese.

use std::time::Duration;

use drivers_turnstile::{UpdateFailure, UpdateFault, UpdateImage, UpdateProgress};
use sync_wire::Kind;
use sync_wire::record::{Device, DeviceState};
use tokio::time::timeout;

use crate::lane::BoardDoor;
use crate::orders::ImageText;

/// How long an update may stand still. A new firmware has a minute to prove itself.
const STILL_MAX: Duration = Duration::from_mins(2);
/// How long a board that has all of it waits for an empty lane.
const OCCUPIED_MAX: Duration = Duration::from_mins(10);
/// Pause between two words about how much is sent.
const WORDS_APART: Duration = Duration::from_secs(1);
/// After so long the last word is said again: who waits wants to hear that somebody is there.
const WORD_AGAIN: Duration = Duration::from_secs(5);

/// An update that can begin.
#[derive(Debug)]
pub(super) struct Plan {
    door: BoardDoor,
    image: UpdateImage,
}

/// How an update ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// What the command says: done, or what went wrong and what to do.
    pub(super) outcome: Result<String, String>,
    /// The record of it; none where the board was not touched.
    pub(super) record: Option<Kind>,
}

impl Plan {
    /// Finds the board and looks at the image.
    ///
    /// # Errors
    /// What is wrong with the order.
    pub(super) fn new(
        doors: &[BoardDoor],
        lane: Option<&str>,
        image: &ImageText,
    ) -> Result<Self, String> {
        let image = image.image().and_then(|bytes| UpdateImage::parse(&bytes));
        let image = image.ok_or_else(|| NOT_AN_IMAGE.to_owned())?;
        let door = match (doors, lane) {
            ([], _) => return Err("没有一条通道接有闸机控制板".to_owned()),
            (doors, Some(lane)) => doors.iter().find(|door| door.lane == lane),
            ([only], None) => Some(only),
            (_, None) => None,
        };
        let door = door.cloned().ok_or_else(|| {
            let lanes: Vec<_> = doors.iter().map(|door| door.lane.as_str()).collect();
            format!("请用 --lane 指定通道，可选：{}", lanes.join("、"))
        })?;
        Ok(Self { door, image })
    }

    /// Carries it out. `tell` hears how far it is.
    pub(super) async fn carry_out(self, tell: impl Fn(&str)) -> Ended {
        let Some(mut seen) = self.door.update(self.image.clone()).await else {
            return self.failed("通道已停止工作，没有升级；请重启考勤盒后再试", None);
        };
        let (mut still, mut last) = (Duration::ZERO, UpdateProgress::Waiting);
        while still < patience(last) {
            last = *seen.borrow_and_update();
            match last {
                UpdateProgress::Done => return self.done(),
                UpdateProgress::Failed(failure) => {
                    return self.failed(&words(failure), technical(failure));
                }
                UpdateProgress::Waiting
                | UpdateProgress::Sending { .. }
                | UpdateProgress::Occupied
                | UpdateProgress::Restarting
                | UpdateProgress::Trial => tell(&how_far(last)),
            }
            if is_sending(&last) {
                let other = seen.wait_for(|now| !is_sending(now));
                if let Ok(Ok(_)) = timeout(WORDS_APART, other).await {
                    still = Duration::ZERO;
                    continue;
                }
            }
            match timeout(WORD_AGAIN, seen.changed()).await {
                Ok(Ok(())) => still = Duration::ZERO,
                Ok(Err(_)) => break,
                Err(_) => still += WORD_AGAIN,
            }
        }
        self.given_up(last)
    }

    fn given_up(&self, last: UpdateProgress) -> Ended {
        if last == UpdateProgress::Occupied {
            let online = (DeviceState::Online, "lane occupied");
            return self.failed(STAYED_OCCUPIED, Some(online));
        }
        self.failed(NO_ANSWER, Some((DeviceState::Offline, "no answer")))
    }

    fn done(&self) -> Ended {
        let [major, minor, patch] = self.image.version();
        let version = format!("{major}.{minor}.{patch}");
        Ended {
            outcome: Ok(format!(
                "{}的控制板已升级到 {version}，试运行正常",
                self.door.lane_name
            )),
            record: Some(self.record(DeviceState::Online, format!("updated to {version}"))),
        }
    }

    fn failed(&self, words: &str, technical: Option<(DeviceState, &str)>) -> Ended {
        let record = technical.map(|(state, why)| {
            let [major, minor, patch] = self.image.version();
            let detail = format!("update to {major}.{minor}.{patch} failed: {why}");
            self.record(state, detail)
        });
        Ended {
            outcome: Err(format!("{}：{words}", self.door.lane_name)),
            record,
        }
    }

    fn record(&self, state: DeviceState, detail: String) -> Kind {
        Kind::Device(Device {
            device: self.door.device.clone(),
            lane: Some(self.door.lane.clone()),
            state,
            detail: Some(detail),
            identity: None,
        })
    }
}

/// How long this state may last without a change.
fn patience(progress: UpdateProgress) -> Duration {
    if progress == UpdateProgress::Occupied {
        OCCUPIED_MAX
    } else {
        STILL_MAX
    }
}

fn is_sending(progress: &UpdateProgress) -> bool {
    matches!(progress, UpdateProgress::Sending { .. })
}

fn how_far(progress: UpdateProgress) -> String {
    match progress {
        UpdateProgress::Waiting => "等待控制板应答".to_owned(),
        UpdateProgress::Sending { sent, of } => {
            let percent = u64::from(sent) * 100 / u64::from(of.max(1));
            format!("正在传送，已传 {percent}%")
        }
        UpdateProgress::Occupied => "已传完，有人正在通过，或消防放行中，等通道空出来".to_owned(),
        UpdateProgress::Restarting => "控制板正在重启，核对签名并换上新程序".to_owned(),
        UpdateProgress::Trial => "新程序试运行中".to_owned(),
        UpdateProgress::Done => "升级完成".to_owned(),
        UpdateProgress::Failed(failure) => words(failure),
    }
}

const NO_ANSWER: &str =
    "控制板一直没有应答，升级结果不明；请看屏幕上控制板的状态和版本，稍后再试一次";

const STAYED_OCCUPIED: &str = "升级包已传完，但通道一直没有空出来（有人或物挡着，或消防放行中），没有换上新程序；\
                               通道照常工作。请等通道空闲后再试一次";

const NOT_AN_IMAGE: &str = "文件不是闸机控制板的升级包，或已损坏；请重新取得升级包";

/// Cause, effect and what to do.
fn words(failure: UpdateFailure) -> String {
    let (cause, advice) = match failure {
        UpdateFailure::Refused(fault) => refused(fault),
        UpdateFailure::RolledBack => (
            "新程序试运行没有通过，控制板已自动换回原来的程序",
            "请把升级包的版本和日志交给厂家",
        ),
        UpdateFailure::Unsupported => {
            ("这块控制板不支持在线升级", "请用调试接口升级，或更换控制板")
        }
        UpdateFailure::Busy => ("这块控制板正在升级", "请等它结束再看"),
        UpdateFailure::Occupied => ("有人正在通过，没有开始升级", "请稍后再试"),
    };
    format!("{cause}；通道照常工作。{advice}")
}

fn refused(fault: UpdateFault) -> (&'static str, &'static str) {
    match fault {
        UpdateFault::NotAnImage => ("文件不是升级包，或已损坏", "请重新取得升级包"),
        UpdateFault::OtherBoard => ("升级包不是给这种控制板的", "请核对控制板型号"),
        UpdateFault::NotNewer => (
            "控制板的程序已经是这个版本，或比它新",
            "不用升级；确需退回旧版本请联系厂家",
        ),
        UpdateFault::Length => ("升级包的长度不对，可能没有下载完", "请重新取得升级包"),
        UpdateFault::Incomplete => ("升级包没有传完", "请再试一次"),
        UpdateFault::Digest => ("升级包的内容被改过或已损坏", "请重新取得升级包"),
        UpdateFault::Signature => ("升级包的签名不对，控制板拒绝安装", "请只用厂家签发的升级包"),
        UpdateFault::NoKey => ("控制板里没有厂家的公钥，不接受任何升级包", "请联系厂家"),
        UpdateFault::Flash => ("控制板的存储写不进去", "请更换控制板"),
    }
}

/// For the record, of a board that answers; none where it was not touched.
fn technical(failure: UpdateFailure) -> Option<(DeviceState, &'static str)> {
    let why = match failure {
        UpdateFailure::Refused(fault) => match fault {
            UpdateFault::NotAnImage => "not an image",
            UpdateFault::OtherBoard => "other board",
            UpdateFault::NotNewer => "not newer",
            UpdateFault::Length => "length",
            UpdateFault::Incomplete => "incomplete",
            UpdateFault::Digest => "digest",
            UpdateFault::Signature => "signature",
            UpdateFault::NoKey => "no key",
            UpdateFault::Flash => "flash",
        },
        UpdateFailure::RolledBack => "rolled back",
        UpdateFailure::Unsupported | UpdateFailure::Busy | UpdateFailure::Occupied => return None,
    };
    Some((DeviceState::Online, why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    fn image() -> ImageText {
        let mut bytes = b"MWI1stm32f103\0\0\0\x00\x02\x00".to_vec();
        bytes.resize(300, 7);
        ImageText::new(&bytes)
    }

    fn door(lane: &str) -> (BoardDoor, mpsc::Receiver<crate::lane::BoardUpdate>) {
        let (updates, asked) = mpsc::channel(1);
        let door = BoardDoor {
            lane: lane.to_owned(),
            lane_name: format!("{lane}通道"),
            device: format!("gate-{lane}"),
            updates,
        };
        (door, asked)
    }

    #[test]
    fn the_board_must_be_clear_and_the_file_an_image() {
        let doors = [door("east").0, door("west").0];
        let chosen = |lane| Plan::new(&doors, lane, &image()).map(|plan| plan.door.lane);
        assert_eq!(chosen(Some("west")), Ok("west".to_owned()));
        for unclear in [None, Some("north")] {
            let said = chosen(unclear).unwrap_err();
            assert_eq!(said, "请用 --lane 指定通道，可选：east、west");
        }
        assert!(Plan::new(&doors[..1], None, &image()).is_ok());
        assert!(Plan::new(&[], None, &image()).is_err());
        let said = Plan::new(&doors, Some("east"), &ImageText::new(b"no image")).unwrap_err();
        assert_eq!(said, NOT_AN_IMAGE);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_is_told_and_recorded() {
        for (end, told, recorded) in [
            (
                UpdateProgress::Done,
                Ok("east通道的控制板已升级到 0.2.0，试运行正常".to_owned()),
                Some("updated to 0.2.0"),
            ),
            (
                UpdateProgress::Failed(UpdateFailure::Refused(UpdateFault::Signature)),
                Err("east通道：升级包的签名不对，控制板拒绝安装；通道照常工作。请只用厂家签发的升级包".to_owned()),
                Some("update to 0.2.0 failed: signature"),
            ),
            (
                UpdateProgress::Failed(UpdateFailure::Occupied),
                Err("east通道：有人正在通过，没有开始升级；通道照常工作。请稍后再试".to_owned()),
                None,
            ),
        ] {
            let (door, mut asked) = door("east");
            let plan = Plan::new(&[door], None, &image()).unwrap();
            let lane = async {
                let update = asked.recv().await.unwrap();
                let sending = UpdateProgress::Sending { sent: 150, of: 300 };
                update.progress.send_replace(sending);
                tokio::time::sleep(Duration::from_secs(5)).await;
                update.progress.send_replace(end);
            };
            let heard = std::cell::RefCell::new(Vec::new());
            let tell = |text: &str| heard.borrow_mut().push(text.to_owned());
            let (ended, ()) = tokio::join!(plan.carry_out(tell), lane);
            assert_eq!(ended.outcome, told);
            assert!(heard.borrow().contains(&"正在传送，已传 50%".to_owned()));
            let detail = ended.record.map(|kind| {
                let Kind::Device(device) = kind else {
                    panic!("{kind:?}");
                };
                device.detail.unwrap()
            });
            assert_eq!(detail.as_deref(), recorded);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_lasts_a_moment_only_is_told_too() {
        let (door, mut asked) = door("east");
        let plan = Plan::new(&[door], None, &image()).unwrap();
        let lane = async {
            let update = asked.recv().await.unwrap();
            for progress in [
                UpdateProgress::Sending { sent: 150, of: 300 },
                UpdateProgress::Sending { sent: 300, of: 300 },
                UpdateProgress::Restarting,
                UpdateProgress::Trial,
                UpdateProgress::Done,
            ] {
                update.progress.send_replace(progress);
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        let heard = std::cell::RefCell::new(Vec::new());
        let tell = |text: &str| heard.borrow_mut().push(text.to_owned());
        tokio::join!(plan.carry_out(tell), lane);
        assert_eq!(
            heard.into_inner(),
            [
                "等待控制板应答",
                "正在传送，已传 50%",
                "控制板正在重启，核对签名并换上新程序",
                "新程序试运行中"
            ]
        );
    }

    /// How an update ends that hears one word again and again for an hour.
    async fn after_an_hour_of(progress: UpdateProgress) -> (String, Device) {
        let (door, mut asked) = door("east");
        let plan = Plan::new(&[door], None, &image()).unwrap();
        let lane = async {
            let update = asked.recv().await.unwrap();
            update.progress.send_replace(progress);
            tokio::time::sleep(Duration::from_hours(1)).await;
        };
        let ended = tokio::select! {
            ended = plan.carry_out(|_| ()) => ended,
            () = lane => panic!("the command still waits"),
        };
        let Some(Kind::Device(device)) = ended.record else {
            panic!("{ended:?}");
        };
        (ended.outcome.unwrap_err(), device)
    }

    #[tokio::test(start_paused = true)]
    async fn a_board_that_stays_silent_is_given_up_as_offline() {
        for last in [UpdateProgress::Waiting, UpdateProgress::Restarting] {
            let (said, device) = after_an_hour_of(last).await;
            assert!(said.contains("没有应答"), "{said}");
            assert_eq!(device.state, DeviceState::Offline);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_that_stays_occupied_is_given_up_as_such() {
        let (said, device) = after_an_hour_of(UpdateProgress::Occupied).await;
        assert!(said.contains("一直没有空出来"), "{said}");
        assert!(said.contains("消防"), "{said}");
        assert_eq!(device.state, DeviceState::Online);
    }
}
