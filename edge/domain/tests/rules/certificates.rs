//! Certificates of special trades at the gate.

use edge_domain::*;
use jiff::civil::date;

use crate::admission::Case;
use crate::fixtures::*;

/// Scaffolders need a scaffolder's certificate; by default who has none is told and let in.
#[test]
fn certificate_of_a_special_trade_warns_refuses_or_is_not_asked() {
    let held = |kind, until| CertificateTerm { kind, until };
    let case = |certificates: &[CertificateTerm]| {
        let certificates = certificates.to_vec();
        Case::worker(move |worker| {
            worker.trade = Trade::parse("030").unwrap();
            worker.certificates = certificates;
        })
    };
    let (scaffolder, welder) = (CertificateKind::Scaffolder, CertificateKind::Welder);
    let yesterday = date(2026, 11, 21);
    for (certificates, denial) in [
        (vec![], Some(Denial::CertificateMissing)),
        (
            vec![held(welder, date(2030, 1, 1))],
            Some(Denial::CertificateMissing),
        ),
        (
            vec![held(scaffolder, yesterday)],
            Some(Denial::CertificateEnded),
        ),
        (
            vec![held(scaffolder, yesterday), held(scaffolder, today())],
            None,
        ),
    ] {
        let required = |policy: &mut Policy| policy.certificate = Requirement::Required;
        let ignored = |policy: &mut Policy| policy.certificate = Requirement::Ignored;
        case(&certificates).with(ignored).flags(&[]);
        if let Some(denial) = denial {
            case(&certificates).flags(&[Flag::Warned(denial)]);
            case(&certificates).with(required).refuses(denial);
        } else {
            case(&certificates).flags(&[]);
            case(&certificates).with(required).flags(&[]);
        }
    }
    // Without a clock nobody is refused for a date; what is missing is missing whatever the time.
    let required = |policy: &mut Policy| policy.certificate = Requirement::Required;
    case(&[held(scaffolder, yesterday)])
        .with(required)
        .clock_unset()
        .flags(&[Flag::Warned(Denial::CertificateEnded), Flag::ClockUnset]);
    case(&[])
        .with(required)
        .clock_unset()
        .refuses(Denial::CertificateMissing);
    // Another trade needs none, unless the site says so.
    let steel = Trade::parse("020").unwrap();
    Case::worker(move |worker| worker.trade = steel).flags(&[]);
    Case::worker(move |worker| worker.trade = steel)
        .with(move |policy| {
            let any = [CertificateKind::Heights].into();
            policy.special_trades.insert(steel, any);
        })
        .flags(&[Flag::Warned(Denial::CertificateMissing)]);
}
