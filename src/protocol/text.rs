//! What a server says, made fit to be shown.
//!
//! A server's words reach terminals and logs. Control characters could move the cursor, recolour the screen or forge a
//! line; direction overrides could make an address read as another. None of them leaves this module.

use crate::protocol::json;

/// The longest text that is passed on, in characters. Entra's longest descriptions have about 700.
const LONGEST: usize = 2_000;

/// The text on one line: each run of white space and control characters becomes one space, invisible formatting
/// characters go, and what is over 2,000 characters is cut with an ellipsis.
#[must_use]
pub fn clean(text: &str) -> String {
    cut(one_line(text))
}

/// The text as [`clean`] makes it, with every occurrence of the secrets replaced: a server, or an HTTP client, may echo what
/// it was sent.
#[must_use]
pub fn clean_without(text: &str, secrets: &[&str]) -> String {
    // On one line first, so that an invisible character inside the echo does not hide it; cut last, so that no half of one
    // is left at the end.
    cut(without(&one_line(text), secrets))
}

/// The text with every occurrence of the secrets replaced, as they are, percent-encoded in one of the usual ways, or as JSON has
/// them.
#[must_use]
pub fn without(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        if !may_hold(&text, secret) {
            continue;
        }
        let json = json::quoted(secret);
        let json = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or(secret);
        let forms = [
            // `encodeURIComponent` leaves five more characters alone than RFC 3986 does; others write the digits in lower case.
            encode(secret, "-._~!'()*", false),
            encode(secret, "-._~", true),
            percent_encoded(secret),
            // HTML forms have a way of their own.
            encode(secret, "-._* ", false).replace(' ', "+"),
            json.replace('/', "\\/"),
            json.to_owned(),
            (*secret).to_owned(),
        ];
        for form in forms {
            if text.contains(&form) {
                text = text.replace(&form, "[removed]");
            }
        }
    }
    text
}

/// Whether the text can hold the secret, however it is written: letters and digits stay what they are in each way. To write it in all ways
/// for each field of each reply would take ten times as long as the poll.
fn may_hold(text: &str, secret: &str) -> bool {
    let longest = || secret.split(|character: char| !character.is_ascii_alphanumeric()).max_by_key(|run| run.len());
    text.len() >= secret.len() && longest().is_none_or(|longest| text.contains(longest))
}

/// The text with all but the unreserved characters of RFC 3986 section 2.3 percent-encoded.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    encode(text, "-._~", false)
}

fn encode(text: &str, kept: &str, lower_case: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // In runs: of a token nearly all is kept.
    while let Some((plain, others)) = rest.split_at_checked(kept_length(rest.as_bytes(), kept.as_bytes())) {
        out.push_str(plain);
        let mut others = others.chars();
        let Some(character) = others.next() else { break };
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                let digit = char::from_digit(digit.into(), 16).unwrap_or_default();
                out.push(if lower_case { digit } else { digit.to_ascii_uppercase() });
            }
        }
        rest = others.as_str();
    }
    out
}

/// How many bytes come before the first that is to be encoded.
fn kept_length(bytes: &[u8], kept: &[u8]) -> usize {
    let mut length: usize = 0;
    while let Some(byte) = bytes.get(length)
        && (byte.is_ascii_alphanumeric() || kept.contains(byte))
    {
        length = length.saturating_add(1);
    }
    length
}

fn one_line(text: &str) -> String {
    // As nearly all are.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.trim() == text && !text.contains("  ") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for character in text.chars().filter(|character| !is_invisible(*character)) {
        if character.is_control() || character.is_whitespace() {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push(' ');
        }
        gap = false;
        out.push(character);
    }
    out
}

fn cut(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(at);
        text.push('…');
    }
    text
}

/// Zero-width and direction-changing characters.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00AD}' | '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
    )
}
