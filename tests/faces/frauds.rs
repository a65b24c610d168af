//! What no model is needed for: a still, a recording, a print on a stand and a second face open nothing.

use tests::{Result, eventually};

use crate::Gate;

/// Frames that were looked at and refused for this reason so far.
fn refused(gate: &Gate, why: &str) -> Result<usize> {
    let log = std::fs::read_to_string(gate.faces.log())?;
    Ok(log.lines().filter(|line| line.contains(why)).count())
}

#[tokio::test]
async fn pictures_of_a_worker_open_nothing_and_he_himself_does() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut gate = Gate::start(folder.path()).await?;
    gate.faces.up()?;
    let up = gate.camera_is(0, "online").await?;
    let (code, printed) = gate.enroll(&folder.path().join("good"), &[(1, "a/1.jpg")])?;
    assert_eq!(code, Some(0), "{printed}");
    let by_face = |after: u64| -> Result<usize> {
        let records = gate.site.gate_box.records(after)?;
        let presented = records
            .iter()
            .filter(|record| record["body"]["by"] == "001");
        Ok(presented.count())
    };

    for (showing, why) in [
        ("still", "NotAlive"),
        ("print", "NotAlive"),
        ("beside", "SeveralFaces"),
    ] {
        let before = refused(&gate, why)?;
        gate.show_as(Some("a2"), showing).await?;
        eventually(&format!("a {showing} is refused for long"), async || {
            Ok((refused(&gate, why)? >= before + 10).then_some(()))
        })
        .await?;
        assert_eq!(by_face(up)?, 0, "{showing}");
    }

    // A recording passes while it plays for the first time, and never again.
    gate.show_as(Some("a3"), "loop").await?;
    let before = refused(&gate, "NotAlive")?;
    eventually("the recording is refused for long", async || {
        Ok((refused(&gate, "NotAlive")? >= before + 20).then_some(()))
    })
    .await?;
    let played = by_face(up)?;
    assert!(played <= 1, "{played}");

    gate.show(None).await?;
    let seen = gate.head().await?;
    gate.show(Some("a2")).await?;
    gate.presentation(seen, 1).await?;
    Ok(())
}
