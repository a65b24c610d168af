//! Pictures of doubtful faces go to the city where the site has a basis and the worker has signed for
//! it: `queue` which one and when · `carrier` HTTPS · `keep` the task. No record waits for any of it.

mod queue;
mod carrier;
mod keep;

pub(crate) use keep::keep_photos;
