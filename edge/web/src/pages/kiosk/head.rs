//! What the pages of all screens at the gate begin with.

use crate::assets;
use crate::state::WebState;

/// Frame of a screen's page (`templates/kiosk.html`).
pub(super) struct Head {
    pub(super) site_name: String,
    /// The lane's id: the page's script listens to it.
    pub(super) lane: String,
    pub(super) name: String,
    /// What goes on where the screen is cut off.
    pub(super) works: &'static str,
    pub(super) style: String,
    pub(super) watch: String,
    pub(super) script: String,
    pub(super) icon: String,
}

impl Head {
    /// Of the screen of a lane by id and name, alive by this script.
    pub(super) fn new(
        state: &WebState,
        (lane, name): (String, &str),
        script: &'static str,
        works: &'static str,
    ) -> Self {
        Self {
            site_name: state.settings().site_name.clone(),
            lane,
            name: name.to_owned(),
            works,
            style: assets::address("kiosk.css"),
            watch: assets::address("kiosk.js"),
            script: assets::address(script),
            icon: assets::address("icon.svg"),
        }
    }
}
