//! What a request carries: a part of a file that is asked for, a body of bounded size and time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use super::refusal::Refusal;

/// Longest time for a body.
const BODY_MAX: Duration = Duration::from_secs(30);
/// What is still read of a body that is too large, so that its sender hears why: bytes.
const REST_MAX: usize = 256 * 1024;

/// Reads a body of at most `max` bytes.
pub(super) async fn body_of(body: Body, max: usize) -> Result<Vec<u8>, Refusal> {
    timeout(BODY_MAX, read(body, max))
        .await
        .unwrap_or(Err(Refusal::TooSlow))
}

async fn read(body: Body, max: usize) -> Result<Vec<u8>, Refusal> {
    let mut pieces = body.into_data_stream();
    let (mut kept, mut seen) = (Vec::new(), 0_usize);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Refusal::BrokenOff)?;
        seen = seen.saturating_add(piece.len());
        if seen <= max {
            kept.extend_from_slice(&piece);
        } else if seen > REST_MAX {
            break;
        }
    }
    if seen > max {
        return Err(Refusal::TooLarge);
    }
    Ok(kept)
}

/// Which bytes of a file are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// From the first to the last, both included.
    Part(u64, u64),
    /// Bytes that it does not have.
    Beyond,
}

/// Reads `Range: bytes=200-` and `bytes=200-299` (RFC 9110); any other form is answered with the whole.
pub(super) fn wanted(head: &HeaderMap, length: u64) -> Wanted {
    let text = head.get(header::RANGE).and_then(|one| one.to_str().ok());
    let span = text.and_then(|text| text.strip_prefix("bytes="));
    let Some((first, last)) = span.and_then(|span| span.split_once('-')) else {
        return Wanted::Whole;
    };
    let Ok(first) = first.parse::<u64>() else {
        return Wanted::Whole;
    };
    let end = length.saturating_sub(1);
    let last = match last {
        "" => end,
        last => match last.parse::<u64>() {
            Ok(last) if last >= first => last.min(end),
            _ => return Wanted::Whole,
        },
    };
    if first >= length {
        return Wanted::Beyond;
    }
    Wanted::Part(first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_rfc_9110() {
        for (text, expected) in [
            ("bytes=0-", Wanted::Part(0, 736)),
            ("bytes=200-", Wanted::Part(200, 736)),
            ("bytes=200-299", Wanted::Part(200, 299)),
            ("bytes=736-9999", Wanted::Part(736, 736)),
            ("bytes=737-", Wanted::Beyond),
            ("bytes=737-800", Wanted::Beyond),
            ("bytes=300-299", Wanted::Whole),
            ("bytes=-5", Wanted::Whole),
            ("bytes=0-1,5-6", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
            ("lines=1-2", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            let mut head = HeaderMap::new();
            head.insert(header::RANGE, text.parse().unwrap());
            assert_eq!(wanted(&head, 737), expected, "{text}");
        }
        assert_eq!(wanted(&HeaderMap::new(), 737), Wanted::Whole);
    }

    #[tokio::test]
    async fn a_body_has_a_size() {
        let read = async |length: usize| body_of(Body::from(vec![7; length]), 100).await;
        assert_eq!(read(100).await.unwrap().len(), 100);
        assert_eq!(read(101).await, Err(Refusal::TooLarge));
        assert_eq!(read(REST_MAX * 4).await, Err(Refusal::TooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_a_time() {
        let never = Body::from_stream(futures_util::stream::pending::<
            Result<Vec<u8>, std::io::Error>,
        >());
        assert_eq!(body_of(never, 100).await, Err(Refusal::TooSlow));
    }
}
