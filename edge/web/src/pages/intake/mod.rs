//! 导入: bringing a file of people, looking at what it comes to, taking it in, taking it back.

mod counted;
pub(crate) mod bring_page;
pub(crate) mod job_page;
