//! Reading a server's JSON: leniently in types, strictly in shape.
//!
//! Servers in the field send numbers as strings and null for "none"; that is read. Anything that is not a JSON object is
//! refused. Error texts tell where, never what: the body may hold tokens.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A JSON object, as received.
pub type Object = Map<String, Value>;

/// The text as a JSON object.
///
/// # Errors
/// What is wrong with it, in words that quote none of it.
pub fn object(text: &str) -> Result<Object, String> {
    // Some servers put a byte order mark in front; a browser's parser takes no notice of it either.
    match serde_json::from_str::<Value>(text.trim_start_matches('\u{FEFF}')) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("it is JSON, but not an object".to_owned()),
        Err(_) if text.trim().is_empty() => Err("it is empty".to_owned()),
        Err(error) if error.is_eof() => Err("its JSON is cut off".to_owned()),
        Err(error) => Err(format!("it is not JSON (line {}, column {})", error.line(), error.column())),
    }
}

/// The object as JSON text. Not by `to_string`, which brings the printing of indented JSON along.
#[must_use]
pub fn written(object: &Object) -> String {
    // Strings for keys, and values that came from JSON: this cannot fail.
    serde_json::to_string(object).unwrap_or_default()
}

/// A text as a JSON string.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    push_quoted(&mut out, text);
    out
}

/// Writes a text as a JSON string behind what is there.
pub fn push_quoted(out: &mut String, text: &str) {
    if text.bytes().any(|byte| matches!(byte, 0..0x20 | b'"' | b'\\')) {
        // A string always can be written.
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
        return;
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// A member that is a string and not empty.
#[must_use]
pub fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A member as [`whole`] reads it, if it is at least one.
#[must_use]
pub fn positive(object: &Object, name: &str) -> Option<u32> {
    whole(object, name).filter(|number| *number > 0)
}

/// A member that is a number and not negative, or a string of digits that says one. Fractions are rounded up.
#[must_use]
pub fn whole(object: &Object, name: &str) -> Option<u32> {
    let number = match object.get(name)? {
        Value::Number(number) => match number.as_u64() {
            Some(whole) => whole,
            None => whole_seconds(number.as_f64()?)?,
        },
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A member that is a list, with those of its items that are strings.
#[must_use]
pub fn texts(object: &Object, name: &str) -> Vec<String> {
    let items = object.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A member that is an object, with those of its members that are strings.
#[must_use]
pub fn texts_by_name(object: &Object, name: &str) -> BTreeMap<String, String> {
    // Not collected: collecting into a map sorts first, which takes 5 KB of code.
    let mut map = BTreeMap::new();
    for (name, value) in object.get(name).and_then(Value::as_object).into_iter().flatten() {
        if let Some(value) = value.as_str() {
            map.insert(name.clone(), value.to_owned());
        }
    }
    map
}

/// A float as a whole number, rounded up; none for a negative one or NaN.
fn whole_seconds(number: f64) -> Option<u64> {
    if number >= 0.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; `as` saturates")]
        Some(number.ceil() as u64)
    } else {
        None
    }
}
