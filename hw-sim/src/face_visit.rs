//! One turn of one person before one camera: steps up, waits for the arm, through or away; with a
//! card on the reader or without.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::camera::Showing;
use crate::direction::Direction;
use crate::error::SimError;
use crate::gate::{LaneView, WalkEnd, WalkStyle};
use crate::journal::{Act, AtLane, TurnedBack};
use crate::people::Person;
use crate::site::Site;

/// Who stands before which camera, and what he does there.
#[derive(Debug, Clone)]
pub struct FacePlan {
    /// Lane, and the way that the camera looks.
    pub place: (String, Direction),
    /// The picture that shows him.
    pub shot: String,
    /// What he does.
    pub showing: Showing,
    /// How long he waits for the arm, in ms.
    pub wait_ms: u64,
    /// Whose card he puts on the reader meanwhile; none for the face alone.
    pub card: Option<Arc<Person>>,
}

/// Waits for the reader beside the camera to be free, and ends when the person is gone.
pub async fn face_visit(site: &Site, plan: &FacePlan) -> Result<WalkEnd, SimError> {
    let (lane, direction) = (plan.place.0.as_str(), plan.place.1);
    let reader = site.reader_at(lane, direction)?;
    let _turn = site.turn(reader)?.lock_owned().await;
    let habits = site.day().habits;
    sleep(Duration::from_millis(habits.step_up_ms)).await;
    let mut view = site.lane(lane)?.view();
    let before = view.borrow().openings(direction);
    let visit = site.next_visit();
    let owner = site.face_owner(&plan.shot).map(|one| one.number.clone());
    let place = (lane, direction);
    site.show_face(place, Some(&plan.shot), plan.showing, Some(visit))?;
    if let Some(card) = &plan.card {
        site.put(reader, &card.number).await?;
    }
    let opens = |view: &LaneView| view.openings(direction) > before;
    let patience = Duration::from_millis(plan.wait_ms);
    let opened = matches!(timeout(patience, view.wait_for(opens)).await, Ok(Ok(_)));
    if plan.card.is_some() {
        site.lift(reader).await?;
    }
    if !opened {
        site.show_face(place, None, plan.showing, None)?;
        let reason = TurnedBack::NotOpened;
        let at = AtLane {
            visit: Some(visit),
            lane: lane.to_owned(),
            direction,
            person: owner,
        };
        site.journal().write(Act::TurnedBack { at, reason });
        return Ok(WalkEnd::TurnedBack(reason));
    }
    sleep(Duration::from_millis(habits.pause_ms)).await;
    site.show_face(place, None, plan.showing, None)?;
    let who = (Some(visit), owner);
    site.walk(lane, who, direction, WalkStyle::Through).await
}
