//! Parts of the office that ended with an error are begun again, after a pause that grows.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::error::DaemonError;
use crate::health::HealthNews;
use crate::troubles;

/// Pause before a part is begun again: the first, doubling to the longest. No longer, because the
/// city's part must prove its life to the watchdog.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(8);

/// A part under supervision.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its name on the screen, in Chinese.
    pub(crate) name: &'static str,
    /// Where its troubles are told.
    pub(crate) news: mpsc::Sender<HealthNews>,
}

impl Part {
    /// Says that the part works: its lamp goes out.
    pub(crate) async fn works(&self) {
        self.tell(self.name, None).await;
    }

    /// Tells a trouble of the part by the name of its lamp; or that it is over.
    pub(crate) async fn tell(&self, lamp: &str, remedy: Option<edge_web::Remedy>) {
        let news = HealthNews::Trouble(lamp.to_owned(), remedy);
        if let Err(error) = self.news.send(news).await {
            tracing::warn!(%error, "Health news lost");
        }
    }
}

/// Runs a part until it ends well, which is when the box stops. One that ends with an error is told,
/// on the screen and to `menwei status`, and begun again.
pub(crate) async fn keep_up(
    part: Part,
    mut begin: impl AsyncFnMut(&Part) -> Result<(), DaemonError>,
) {
    let mut pause = PAUSE_FIRST;
    while let Err(error) = begin(&part).await {
        tracing::error!(part = part.name, %error, "A part of the office ended, it is begun again");
        let why = error.to_string();
        let remedy = if matches!(error, DaemonError::ScreenPort { .. }) {
            troubles::screen_port(&why)
        } else {
            troubles::part_ended(part.name, &why)
        };
        part.tell(part.name, Some(remedy)).await;
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_fails_is_told_and_begun_again_until_it_ends_well() {
        let (news, mut heard) = mpsc::channel(16);
        let name = "网页";
        let (mut begun, part) = (0, Part { name, news });
        keep_up(part, async |part| {
            begun += 1;
            if begun < 4 {
                return Err(DaemonError::Refused("内存不足".to_owned()));
            }
            part.works().await;
            Ok(())
        })
        .await;
        assert_eq!(begun, 4);
        for _ in 0..3 {
            let Some(HealthNews::Trouble(part, Some(remedy))) = heard.recv().await else {
                panic!("not told");
            };
            assert_eq!((part.as_str(), remedy.code.as_str()), (name, "E-SV-01"));
            assert!(remedy.cause.contains("内存不足"), "{remedy:?}");
        }
        let last = heard.recv().await;
        assert!(
            matches!(last, Some(HealthNews::Trouble(_, None))),
            "{last:?}"
        );
    }
}
