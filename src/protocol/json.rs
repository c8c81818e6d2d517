//! Reading a server's JSON: leniently in types, strictly in shape.
//!
//! Servers in the field send numbers as strings and null for "none"; that is read. Anything that is not a JSON object is
//! refused. Error texts tell where, never what: the body may hold tokens.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// A JSON value. Our own tree of it: that of `serde_json` has a search tree for each object, which takes 20 KB of code.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that is whole and not negative.
    Whole(u64),
    /// Any other number.
    Number(f64),
    /// A string.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// An object.
    Object(Object),
}

/// A JSON object, in its own order.
pub type Object = Members<Value>;

/// What has a name each, in a list: there are never so many that finding one takes time. Of what has the same name, the last counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members<T>(Vec<(String, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Members<T> {
    /// The member of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().rfind(|(candidate, _)| *candidate == name).map(|(_, value)| value)
    }

    /// The member of that name, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.0.iter_mut().rfind(|(candidate, _)| *candidate == name).map(|(_, value)| value)
    }

    /// Whether there is one of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets the member of that name.
    pub fn set(&mut self, name: &str, value: T) {
        match self.get_mut(name) {
            Some(place) => *place = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Each in turn.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<T> IntoIterator for Members<T> {
    type Item = (String, T);
    type IntoIter = std::vec::IntoIter<(String, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T> FromIterator<(String, T)> for Members<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

impl Value {
    /// A string's text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A list's items; none where it is no list.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// A number that is whole and not negative.
    #[must_use]
    pub fn as_whole(&self) -> Option<u64> {
        match self {
            Self::Whole(number) => Some(*number),
            _ => None,
        }
    }

    /// A number.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "what is counted here has no use for more than 53 bits")]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Whole(number) => serializer.serialize_u64(*number),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Builds a [`Value`] of what the parser finds.
struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody counts that far below nothing")]
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(Value::Text(name)) = object.next_key()? {
            members.push((name, object.next_value()?));
        }
        Ok(Value::Object(Members(members)))
    }
}

/// The text as a JSON value, if it is one.
#[must_use]
pub fn value(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

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

/// The object as JSON text.
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
    if plain_length(text.as_bytes()) < text.len() {
        // A string always can be written.
        out.push_str(&serde_json::to_string(text).unwrap_or_default());
        return;
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// How many bytes come before the first quote, backslash or control character. Loops by hand, for in a module that is compiled for size
/// iterators are calls, and this reads most of a cache.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    const QUOTES: u64 = ONES.wrapping_mul(b'"' as u64);
    const BACKSLASHES: u64 = ONES.wrapping_mul(b'\\' as u64);
    let mut rest = bytes;
    while let Some((word, others)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        // The top bit of a byte becomes set where it is zero, or below 0x20. A borrow can set more, but only above the first.
        let (quote, backslash) = (word ^ QUOTES, word ^ BACKSLASHES);
        let quote = quote.wrapping_sub(ONES) & !quote;
        let backslash = backslash.wrapping_sub(ONES) & !backslash;
        let control = word.wrapping_sub(ONES.wrapping_mul(0x20)) & !word;
        let found = (quote | backslash | control) & TOPS;
        if found != 0 {
            let before = (found.trailing_zeros() / 8) as usize;
            return bytes.len().saturating_sub(rest.len()).saturating_add(before);
        }
        rest = others;
    }
    while let Some((byte, others)) = rest.split_first()
        && !matches!(byte, b'"' | b'\\' | 0..=0x1F)
    {
        rest = others;
    }
    bytes.len().saturating_sub(rest.len())
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
        Value::Whole(number) => *number,
        Value::Number(number) => whole_seconds(*number)?,
        Value::Text(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Some(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A member that is a list, with those of its items that are strings.
#[must_use]
pub fn texts(object: &Object, name: &str) -> Vec<String> {
    let items = object.get(name).map_or(&[][..], Value::items);
    items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A member that is an object, with those of its members that are strings.
#[must_use]
pub fn texts_by_name(object: &Object, name: &str) -> Members<String> {
    let Some(Value::Object(members)) = object.get(name) else {
        return Members::default();
    };
    members.iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_str()?.to_owned()))).collect()
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
