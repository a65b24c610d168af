//! Puts the threads to work.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use drivers_camera::{CameraSettings, Condition, FrameSlot};
use edge_face_protocol::{CameraPlace, CameraState};
use sd_notify::NotifyState;

use crate::clock::now_ms;
use crate::error::FaceError;
use crate::models::{self, Models};
use crate::process::analyst::Analyst;
use crate::process::clients::Clients;
use crate::process::door::{Door, Job, spawn};
use crate::settings::{CameraPlan, Settings};
use crate::vault::{ModelId, Vault};
use crate::vision::Engine;

/// Messages that wait for the comparing thread at most.
const JOBS_MAX: usize = 16;
/// States of cameras that wait at most.
const STATES_MAX: usize = 64;
/// How often the thread turns without a frame: then the watchdog is fed and questions end.
const TURN: Duration = Duration::from_millis(500);

/// Runs until the process ends.
///
/// # Errors
/// Settings, key, socket or threads cannot be used. Missing models are no error: the box is told.
pub(crate) fn run(config: &Path) -> Result<(), FaceError> {
    let settings = Settings::load(config)?;
    let (model, engine) = load(&settings);
    if let Err(why) = &engine {
        tracing::error!(why, "No faces are compared");
    }
    let vault = Vault::open(&settings.templates, &settings.key_file, model)?;
    let clients = Clients::default();
    let bell = FrameSlot::default();
    let (jobs, asked) = sync_channel(JOBS_MAX);
    let (states, changes) = sync_channel(STATES_MAX);
    let mut slots = Vec::new();
    for CameraPlan { place, address } in settings.cameras {
        let slot = bell.beside();
        slots.push((place.clone(), slot.clone()));
        let camera = CameraSettings {
            address,
            clock: now_ms,
            stop: Arc::new(AtomicBool::new(false)),
        };
        let states = states.clone();
        spawn("camera", move || {
            drivers_camera::run(&camera, &slot, &mut |news| {
                let state = match news {
                    Ok(condition) => lamp(condition),
                    Err(error) => {
                        tracing::warn!(%error, address = %camera.address, "Camera offline");
                        CameraState::Offline
                    }
                };
                if states.send((place.clone(), state)).is_ok() {
                    slot.ring();
                }
            });
        })?;
    }
    let places = slots.iter().map(|(place, _)| place.clone());
    let mut analyst = Analyst::new(clients.clone(), vault, model, engine, places);
    analyst.still_max = settings.still_max;
    let door = Door {
        clients,
        jobs,
        bell: bell.clone(),
    };
    door.open(&settings.socket)?;
    notify(&[NotifyState::Ready]);
    tracing::info!(cameras = slots.len(), "Ready");
    turn(&mut analyst, &bell, &slots, (&asked, &changes))
}

/// The comparing thread's loop.
fn turn(
    analyst: &mut Analyst,
    bell: &FrameSlot,
    slots: &[(CameraPlace, FrameSlot)],
    (asked, changes): (&Receiver<Job>, &Receiver<(CameraPlace, CameraState)>),
) -> Result<(), FaceError> {
    let mut heard = 0;
    loop {
        heard = bell.wait(heard, TURN);
        notify(&[NotifyState::Watchdog]);
        for (place, state) in changes.try_iter() {
            tracing::info!(?place, ?state, "Camera state");
            analyst.camera(&place, state);
        }
        for job in asked.try_iter() {
            analyst.job(job);
        }
        analyst.end_what_is_over();
        for place in analyst.order() {
            let slot = slots.iter().find(|(other, _)| *other == place);
            let Some(frame) = slot.and_then(|(_, slot)| slot.take()) else {
                continue;
            };
            if let Err(error) = analyst.frame(&place, &frame) {
                tracing::warn!(%error, ?place, number = frame.number, "A frame failed");
            }
        }
    }
}

/// Models and the id of their templates; of missing models, why.
fn load(settings: &Settings) -> (ModelId, Result<Engine, String>) {
    let models: Models = match models::check(&settings.models) {
        Ok(models) => models,
        Err(error) => return (ModelId::default(), Err(error.to_string())),
    };
    let unusable = |error| format!("模型文件载入失败：{error}");
    let mut engine = Engine::load(&models).map_err(unusable);
    if let Some(spoof) = &settings.spoof {
        engine = models::check_spoof(spoof)
            .map_err(|error| error.to_string())
            .and(engine)
            .and_then(|engine| engine.with_spoof(spoof).map_err(unusable));
    } else {
        tracing::warn!(
            "No model of living faces: a picture held before a camera may pass for a person"
        );
    }
    (models.id, engine)
}

fn lamp(condition: Condition) -> CameraState {
    match condition {
        Condition::Ok => CameraState::Ok,
        Condition::Frozen => CameraState::Frozen,
        Condition::Dark => CameraState::Dark,
        Condition::Covered => CameraState::Covered,
        Condition::Blurred => CameraState::Blurred,
    }
}

/// Without systemd there is nobody to tell.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd not told");
    }
}
