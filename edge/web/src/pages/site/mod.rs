//! The pages of people, attendance and papers.

pub(crate) mod shared;
pub(crate) mod people_page;
pub(crate) mod person_page;
pub(crate) mod month_page;
pub(crate) mod moment_page;
pub(crate) mod sheets;
pub(crate) mod papers_page;
pub(crate) mod close_page;
pub(crate) mod verify_page;
pub(crate) mod list_papers;
pub(crate) mod objections_page;
pub(crate) mod troubles_page;
pub(crate) mod to_do;
pub(crate) mod upload_page;
