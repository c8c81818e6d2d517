//! What a server says, made fit to be shown.
//!
//! A server's words reach terminals and logs. Control characters could move the cursor, recolour the screen or forge a
//! line; direction overrides could make an address read as another. None of them leaves this module.

/// The longest text that is passed on, in characters. Entra's longest descriptions have about 700.
const LONGEST: usize = 2_000;

/// The text on one line: each run of white space and control characters becomes one space, invisible formatting
/// characters go, and what is over 2,000 characters is cut with an ellipsis.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut gap = false;
    let mut count = 0_usize;
    for character in text.chars() {
        if is_invisible(character) {
            continue;
        }
        if character.is_control() || character.is_whitespace() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
            count = count.saturating_add(1);
        }
        gap = false;
        if count >= LONGEST {
            out.push('…');
            break;
        }
        out.push(character);
        count = count.saturating_add(1);
    }
    out
}

/// The text as [`clean`] makes it, with every occurrence of the secret replaced: a server may echo what it was sent.
#[must_use]
pub fn clean_without(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return clean(text);
    }
    clean(&text.replace(secret, "[removed]"))
}

/// Zero-width and direction-changing characters.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00AD}' | '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
    )
}
