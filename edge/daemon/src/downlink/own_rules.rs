//! The rules of the box's own settings: whether they are others than at the last start, and that this
//! is on record. What the city changes is a record of its own (`policy_applied`).

use edge_domain::{Act, AuditAct, AuditNote, Policy};
use sha2::{Digest as _, Sha256};

use crate::people::{Change, PeopleDesk};

/// Name of the setting that holds the digest of the rules at the last start.
const SEEN: &str = "policy.own_digest";

/// Puts a change of the settings' rules on record. A ledger that does not take it keeps nobody from
/// working: the next start tries again.
pub(crate) async fn note_own_rules(people: &PeopleDesk, policy: &Policy) {
    let (digest, version) = (digest(policy), policy.version);
    let noted = people.carry_out(move |reader, _| {
        let seen = reader.setting(SEEN)?;
        if seen.as_ref() == Some(&digest) {
            return Ok((Change::default(), ()));
        }
        let change = Change {
            acts: seen.map(|_| changed(version)).into_iter().collect(),
            settings: vec![(SEEN.to_owned(), digest)],
            ..Change::default()
        };
        Ok((change, ()))
    });
    if let Err(error) = noted.await {
        tracing::warn!(error = %error, "Changed rules are not on record yet");
    }
}

fn changed(version: u32) -> Act {
    Act::Audit(AuditNote {
        account: None,
        what: AuditAct::PolicyChanged,
        worker: None,
        detail: Some(format!(
            "本机设置里的规则（第 {version} 版）与上次启动时不同"
        )),
        reason: None,
    })
}

/// Another one for other rules. Another version of the software may see rules that it did not know,
/// so it may tell them apart, too.
fn digest(policy: &Policy) -> String {
    sync_wire::chain::hex(&Sha256::digest(format!("{policy:?}")))
}

#[cfg(test)]
mod tests {
    use super::digest;
    use edge_domain::Policy;

    #[test]
    fn other_rules_have_another_digest() {
        let rules = Policy::anhui();
        assert_eq!(digest(&rules), digest(&rules.clone()));
        let mut other = rules.clone();
        other.day_boundary_h += 1;
        assert_ne!(digest(&rules), digest(&other));
    }
}
