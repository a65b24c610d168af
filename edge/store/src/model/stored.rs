//! Certificates as one column of a worker's row.

use sync_wire::plain::Certificate;

/// The column's text; `None` for nobody's.
pub(crate) fn certificates(held: &[Certificate]) -> Option<String> {
    if held.is_empty() {
        return None;
    }
    serde_json::to_string(held).ok()
}

/// The certificates in a column. A text that nobody here wrote is as if it were not there.
pub(crate) fn read_certificates(text: Option<String>) -> Vec<edge_domain::Certificate> {
    let held: Vec<Certificate> = text
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    held.iter().filter_map(certificate).collect()
}

fn certificate(one: &Certificate) -> Option<edge_domain::Certificate> {
    Some(edge_domain::Certificate {
        kind: edge_domain::CertificateKind::from_code(&one.kind)?,
        number: edge_domain::CertificateNumber::parse(&one.number).ok()?,
        issuer: one.issuer.clone(),
        until: one.until.parse().ok()?,
    })
}
