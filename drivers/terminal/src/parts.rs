//! Multipart bodies as they come: a stream of events, or one pushed event with its pictures.

/// Longest part worth keeping: an event with a picture of a terminal.
const PART_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Longest head of a part.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its `Content-Type`, lower case, without parameters; empty where it has none.
    pub(crate) kind: String,
    /// Its bytes.
    pub(crate) body: Vec<u8>,
}

/// The boundary that a `Content-Type` names.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let (_, after) = content_type.split_once("boundary=")?;
    let value = after.split(';').next().unwrap_or(after).trim();
    let value = value.trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

/// Takes bytes in and gives whole parts. A part ends with its `Content-Length` where it has one,
/// else with the next boundary.
#[derive(Debug)]
pub(crate) struct Parts {
    mark: Vec<u8>,
    bytes: Vec<u8>,
}

impl Parts {
    pub(crate) fn new(boundary: &str) -> Self {
        // Some terminals write the two dashes into the name as well, and some do not.
        let name = boundary.trim_start_matches('-');
        Self {
            mark: name.as_bytes().to_vec(),
            bytes: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole part; `None` until it is there.
    ///
    /// # Errors
    /// A part longer than any is: the stream is over.
    pub(crate) fn next(&mut self) -> Result<Option<Part>, &'static str> {
        loop {
            let Some(at) = find(&self.bytes, &self.mark) else {
                // What comes before the first boundary is nothing.
                return self.bounded();
            };
            let from = at.saturating_add(self.mark.len());
            let rest = self.bytes.get(from..).unwrap_or_default();
            let Some((head, body)) = split_head(rest) else {
                return self.bounded();
            };
            let head_text = String::from_utf8_lossy(head).into_owned();
            let body_at = self.bytes.len().saturating_sub(body.len());
            let length: Option<usize> = header(&head_text, "content-length")
                .and_then(|text| text.parse().ok())
                .filter(|length| *length <= PART_BYTES_MAX);
            let end = match length {
                Some(length) => body_at.saturating_add(length),
                None => match find(body, &self.mark) {
                    Some(next) => body_at.saturating_add(next),
                    None => return self.bounded(),
                },
            };
            let Some(bytes) = self.bytes.get(body_at..end) else {
                return self.bounded();
            };
            let kind = header(&head_text, "content-type").unwrap_or_default();
            let kind = kind
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_lowercase();
            let body = if length.is_some() {
                bytes.to_vec()
            } else {
                without_end(bytes).to_vec()
            };
            self.bytes.drain(..end);
            if !body.is_empty() {
                return Ok(Some(Part { kind, body }));
            }
        }
    }

    fn bounded(&self) -> Result<Option<Part>, &'static str> {
        if self.bytes.len() > PART_BYTES_MAX.saturating_add(HEAD_BYTES_MAX) {
            return Err("a part without end");
        }
        Ok(None)
    }
}

/// Head and body of what follows a boundary.
fn split_head(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = find(rest, b"\r\n\r\n")?;
    Some((rest.get(..at)?, rest.get(at.saturating_add(4)..)?))
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// A body without the line end and the dashes that lead to the next boundary.
fn without_end(bytes: &[u8]) -> &[u8] {
    let mut body = bytes;
    while let Some(rest) = body.strip_suffix(b"-") {
        body = rest;
    }
    body.strip_suffix(b"\r\n").unwrap_or(body)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len().max(1))
        .position(|part| part == wanted)
}

#[cfg(test)]
mod tests {
    use super::{Part, Parts, boundary};

    const STREAM: &[u8] =
        b"--MIME_boundary\r\nContent-Type: application/json; charset=\"UTF-8\"\r\n\
Content-Length: 9\r\n\r\n{\"a\": 1}\n\r\n--MIME_boundary\r\nContent-Type: image/jpeg\r\n\
Content-Length: 4\r\n\r\n\xff\xd8\r\n\r\n--MIME_boundary\r\nContent-Disposition: form-data; \
name=\"event_log\"\r\n\r\n{\"b\":2}\r\n--MIME_boundary--\r\n";

    fn part(kind: &str, body: &[u8]) -> Part {
        Part {
            kind: kind.to_owned(),
            body: body.to_vec(),
        }
    }

    #[test]
    fn parts_with_and_without_a_length_split_at_every_position() {
        let wanted = [
            part("application/json", b"{\"a\": 1}\n"),
            part("image/jpeg", b"\xff\xd8\r\n"),
            part("", b"{\"b\":2}"),
        ];
        for at in 0..STREAM.len() {
            let mut parts = Parts::new("MIME_boundary");
            let mut heard = Vec::new();
            for piece in [&STREAM[..at], &STREAM[at..]] {
                parts.push(piece);
                while let Some(part) = parts.next().unwrap() {
                    heard.push(part);
                }
            }
            assert_eq!(heard, wanted, "split at {at}");
        }
    }

    #[test]
    fn boundaries_are_found_quoted_or_not() {
        let plain = boundary("multipart/mixed; boundary=MIME_boundary");
        assert_eq!(plain.as_deref(), Some("MIME_boundary"));
        let quoted = boundary("multipart/form-data; boundary=\"--x\"; charset=utf-8");
        assert_eq!(quoted.as_deref(), Some("--x"));
        assert_eq!(boundary("application/json"), None);
    }

    #[test]
    fn a_part_without_end_ends_the_stream() {
        let mut parts = Parts::new("x");
        parts.push(b"--x\r\n\r\n");
        parts.push(&vec![b'a'; 5 * 1024 * 1024]);
        assert!(parts.next().is_err());
    }
}
