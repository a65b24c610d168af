//! The ledger a second time: daily files beside the database, so that what stood in a database that is
//! damaged can be recovered. `frame` one record in such a file · `shelf` reads them · `reached` how far
//! they are · `keeper` writes them.

pub(crate) mod frame;
pub(crate) mod shelf;
pub(crate) mod reached;
pub(crate) mod keeper;
