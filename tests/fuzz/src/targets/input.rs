//! How inputs are written: a reply as it goes over the wire, but for its first line.
//!
//! ```text
//! 400
//! retry-after: 5
//!
//! {"error":"slow_down"}
//! ```

use doorcode::protocol::http::HttpResponse;
use doorcode::secret::Secret;

/// Cuts a text in two; without the separator, the second part is empty.
pub(super) fn cut<'a>(text: &'a str, separator: &str) -> (&'a str, &'a str) {
    text.split_once(separator).unwrap_or((text, ""))
}

/// A header's name and its value.
pub(super) fn header(line: &str) -> (String, String) {
    let (name, value) = cut(line, ":");
    (name.to_ascii_lowercase(), value.trim().to_owned())
}

/// Reads a reply. Whatever is there can be read as one: without a status it is a good one, which most properties are about.
pub(super) fn reply(text: &str) -> HttpResponse {
    let (head, body) = cut(text, "\n\n");
    let (status, headers) = cut(head, "\n");
    HttpResponse {
        status: status.trim().parse().unwrap_or(200),
        headers: headers.lines().map(header).collect(),
        body: Secret::new(body.to_owned()),
    }
}
