//! Somebody with the database's key changes the ledger in every way there is: the box finds it by its own
//! signatures and its sealed note. `./dev prove tampering` does the same a thousand times.

use tests::{Found, Result, flip_bytes, tamper};

const SEED: u64 = 20_261_123;
const TRIALS: u64 = 48;

#[tokio::test]
async fn no_change_of_the_ledger_stays_unseen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let told = tamper(folder.path(), (SEED, TRIALS), |_| true).await?;
    assert_eq!(told.missed, [""; 0], "{told:?}");
    // Put back together with its note, the ledger is as it once was: only the city knows better.
    let by_city = told.found.get(&("PutBack".to_owned(), Found::City));
    assert_eq!(by_city.copied(), Some(TRIALS / 12), "{told:?}");
    let cut = told.found.get(&("CutWithNote".to_owned(), Found::City));
    let by_city = TRIALS / 12 + cut.copied().unwrap_or(0);
    assert_eq!(told.count(Found::City), by_city, "{told:?}");
    Ok(())
}

#[tokio::test]
async fn no_flipped_bit_of_the_file_stays_unseen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let told = flip_bytes(folder.path(), (SEED, TRIALS), |_| true).await?;
    assert_eq!(told.missed, [""; 0], "{told:?}");
    assert_eq!(told.count(Found::Box), TRIALS);
    Ok(())
}
