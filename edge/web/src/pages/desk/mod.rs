//! The pages where the clerk writes: registering people, their papers, coming and leaving.

pub(crate) mod fields;
mod paper_acts;
mod registering;
mod card_verdict;
pub(crate) mod cards_page;
pub(crate) mod register_page;
pub(crate) mod person_acts;
pub(crate) mod numbers_page;
pub(crate) mod pictures_page;
pub(crate) mod face_page;
pub(crate) mod teams_page;
pub(crate) mod suspension_page;
pub(crate) mod visits_page;
