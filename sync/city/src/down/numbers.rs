//! Numbers and versions that only grow, one file beside the signing key: a database that is restored
//! from an older copy must not make the city use a number twice.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::CityError;
use crate::registry;

/// The file's name in the city's folder.
const FILE: &str = "city-sign-numbers.json";

/// The last ones that were used for a box.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Numbers {
    /// On `dn/roster`.
    pub(super) roster: u64,
    /// On `dn/cmd`.
    pub(super) cmd: u64,
    /// Version of the roster.
    pub(super) roster_version: u64,
    /// Version of the policy.
    pub(super) policy_version: u64,
}

/// Takes the next numbers of a box: they are used up when this returns, whatever happens then.
/// `seen` is what the database knows, should the file be lost.
pub(super) fn take(
    dir: &Path,
    id: &str,
    seen: Numbers,
    step: impl FnOnce(&mut Numbers),
) -> Result<Numbers, CityError> {
    registry::change(&dir.join(FILE), |all: &mut BTreeMap<String, Numbers>| {
        let last = all.entry(id.to_owned()).or_default();
        *last = Numbers {
            roster: last.roster.max(seen.roster),
            cmd: last.cmd.max(seen.cmd),
            roster_version: last.roster_version.max(seen.roster_version),
            policy_version: last.policy_version.max(seen.policy_version),
        };
        step(last);
        Ok(*last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_for_each_box_and_survive_an_older_database() {
        let home = tempfile::tempdir().unwrap();
        let next = |id: &str, seen: Numbers| take(home.path(), id, seen, |n| n.cmd += 1).unwrap();
        assert_eq!(next("a", Numbers::default()).cmd, 1);
        assert_eq!(next("a", Numbers::default()).cmd, 2);
        assert_eq!(next("b", Numbers::default()).cmd, 1);
        let seen = Numbers {
            cmd: 9,
            roster_version: 4,
            ..Numbers::default()
        };
        let after = next("a", seen);
        assert_eq!((after.cmd, after.roster_version), (10, 4));
    }
}
