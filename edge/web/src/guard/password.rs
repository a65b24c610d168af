//! Passwords: Argon2id, off the runtime's thread, one at a time.
//!
//! Cost: 8 MiB and 5 passes. The box has 20 MiB for everything, so memory is the scarce side and
//! passes make up for it: the OWASP table asks for 7 MiB with 5 passes or 9 MiB with 4.
//! One hash at a time keeps the peak at 8 MiB however many people sign in. The hash is stored in
//! PHC form with its cost, so the cost can be raised later without asking anyone for a new password.

use argon2::password_hash::phc::{Decimal, Ident, Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::error::WebError;

const MEMORY_KIB: u32 = 8 * 1024;
const CODE_MEMORY_KIB: u32 = 256;
const PASSES: u32 = 5;
const LANES: u32 = 1;
const OUTPUT_BYTES: usize = 32;
const SALT_BYTES: usize = 16;
/// Hashes of a greater cost than this were not made here and are refused.
const MEMORY_KIB_MAX: u32 = 64 * 1024;
const PASSES_MAX: u32 = 16;
/// Above 32 MiB, glibc always maps an allocation and gives it back when freed; below, it may
/// keep it for good. The reserve is address space only: no more than the cost is ever touched.
const RESERVE_BLOCKS: usize = 33 * 1024;
/// People who may wait for their turn; more are turned away at once.
const WAITING_MAX: usize = 4;

/// Fewest characters of a password.
pub(crate) const LENGTH_MIN: usize = 10;
/// Most characters of a password.
pub(crate) const LENGTH_MAX: usize = 128;

/// Hands out the turns for hashing.
#[derive(Debug)]
pub(crate) struct PasswordDesk {
    turn: Semaphore,
    places: Semaphore,
}

impl Default for PasswordDesk {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
            places: Semaphore::new(WAITING_MAX),
        }
    }
}

impl PasswordDesk {
    /// Hashes `clear` with a fresh salt.
    pub(crate) async fn hash(&self, clear: String) -> Result<String, WebError> {
        self.at_turn(move || hash(&clear)).await
    }

    /// Whether `attempt` is the password of `stored`. Takes as long where there is none.
    pub(crate) async fn verify(
        &self,
        stored: Option<String>,
        attempt: String,
    ) -> Result<bool, WebError> {
        self.at_turn(move || match stored {
            Some(stored) => verify(&stored, &attempt),
            None => hash(&attempt).map(|_| false),
        })
        .await
    }

    async fn at_turn<T, F>(&self, work: F) -> Result<T, WebError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, WebError> + Send + 'static,
    {
        let _place = self.places.try_acquire().map_err(|_| WebError::Busy)?;
        let _turn = self.turn.acquire().await.map_err(|_| WebError::Busy)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(WebError::Background)?
    }
}

/// Hashes `clear` with a fresh salt. Takes some tenths of a second on the box.
pub(crate) fn hash(clear: &str) -> Result<String, WebError> {
    hash_at(MEMORY_KIB, clear)
}

/// Hashes a code that is random, good once and throttled, as [`hash`] does but with little memory: it
/// is made while the box starts, where a password's cost would be the peak of the box's memory.
pub(crate) fn hash_code(clear: &str) -> Result<String, WebError> {
    hash_at(CODE_MEMORY_KIB, clear)
}

fn hash_at(memory_kib: u32, clear: &str) -> Result<String, WebError> {
    let params = Params::new(memory_kib, PASSES, LANES, Some(OUTPUT_BYTES)).map_err(hash_error)?;
    let mut salt = [0_u8; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(WebError::Random)?;
    let output = derive(&params, Version::V0x13, &salt, clear)?;
    let phc = PasswordHash {
        algorithm: Ident::new(Algorithm::Argon2id.as_str()).map_err(hash_error)?,
        version: Some(Decimal::from(Version::V0x13)),
        params: ParamsString::try_from(&params).map_err(hash_error)?,
        salt: Some(Salt::new(&salt).map_err(hash_error)?),
        hash: Some(Output::new(&output).map_err(hash_error)?),
    };
    Ok(phc.to_string())
}

/// Whether `attempt` is what `stored` was made from.
pub(crate) fn verify(stored: &str, attempt: &str) -> Result<bool, WebError> {
    let phc = PasswordHash::new(stored).map_err(hash_error)?;
    let params = Params::try_from(&phc).map_err(hash_error)?;
    let algorithm = phc.algorithm.as_str() == Algorithm::Argon2id.as_str();
    let affordable = params.m_cost() <= MEMORY_KIB_MAX && params.t_cost() <= PASSES_MAX;
    let (true, true, Some(salt), Some(expected)) = (algorithm, affordable, phc.salt, phc.hash)
    else {
        return Err(WebError::Hash(
            "not an Argon2id hash of this program".into(),
        ));
    };
    let output = derive(&params, Version::V0x13, &salt, attempt)?;
    // `Output` compares in constant time.
    Ok(Output::new(&output).map_err(hash_error)? == expected)
}

fn derive(
    params: &Params,
    version: Version,
    salt: &[u8],
    clear: &str,
) -> Result<[u8; OUTPUT_BYTES], WebError> {
    let mut memory: Vec<Block> = Vec::with_capacity(RESERVE_BLOCKS.max(params.block_count()));
    memory.resize(params.block_count(), Block::new());
    let mut output = [0_u8; OUTPUT_BYTES];
    Argon2::new(Algorithm::Argon2id, version, params.clone())
        .hash_password_into_with_memory(clear.as_bytes(), salt, &mut output, &mut memory)
        .map_err(hash_error)?;
    Ok(output)
}

fn hash_error(source: impl std::error::Error + Send + Sync + 'static) -> WebError {
    WebError::Hash(Box::new(source))
}

#[cfg(test)]
mod tests {
    use super::{hash, verify};

    #[test]
    fn a_hash_verifies_its_own_password_only() {
        let stored = hash("工地大门 2026").unwrap();
        assert!(
            stored.starts_with("$argon2id$v=19$m=8192,t=5,p=1$"),
            "{stored}"
        );
        assert!(verify(&stored, "工地大门 2026").unwrap());
        assert!(!verify(&stored, "工地大门 2027").unwrap());
        assert_ne!(
            stored,
            hash("工地大门 2026").unwrap(),
            "each hash has its own salt"
        );
    }

    /// The reference implementation's test vector: `argon2id`, v=19, t=2, m=256 KiB, p=1,
    /// password "password", salt "somesalt".
    #[test]
    fn agrees_with_the_reference_implementation() {
        let stored = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ\
            $nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert!(verify(stored, "password").unwrap());
        assert!(!verify(stored, "Password").unwrap());
    }

    #[test]
    fn refuses_what_it_did_not_make() {
        for stored in [
            "",
            "plain text",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHQ\
                $nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ] {
            assert!(verify(stored, "password").is_err(), "{stored}");
        }
    }
}
