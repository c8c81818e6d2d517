//! One entity of the cache: an object with fields of text, read in place and written so that unknown fields survive.

use std::borrow::Cow;

use serde_json::Value;

use crate::cache::scan::{Scanner, unescaped};
use crate::protocol::json;

/// The sections of the blob, in the order in which MSAL writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Who signed in.
    Account,
    /// ID tokens.
    IdToken,
    /// Access tokens.
    AccessToken,
    /// Refresh tokens.
    RefreshToken,
    /// What is known of client ids: whether they belong to a family.
    AppMetadata,
}

impl Section {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Account, Self::IdToken, Self::AccessToken, Self::RefreshToken, Self::AppMetadata];

    /// The section's name in the blob, which is also the `credential_type` of what is in it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::IdToken => "IdToken",
            Self::AccessToken => "AccessToken",
            Self::RefreshToken => "RefreshToken",
            Self::AppMetadata => "AppMetadata",
        }
    }
}

/// The fields of one entity. Borrowed from the blob.
#[derive(Debug, Clone, Default)]
pub struct Entity<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Entity<'a> {
    /// Reads an object. What is not one has no fields.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let mut fields = Vec::with_capacity(12);
        let read = Scanner::new(text).and_then(|mut scanner| {
            scanner.object(|scanner, name| {
                let value = scanner.value()?;
                fields.push((name.of(text), value.of(text)));
                Ok(())
            })
        });
        Self(if read.is_ok() { fields } else { Vec::new() })
    }

    /// All fields, as they stand in the text.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }

    /// A field as it stands in the text: JSON. Of fields with one name the last counts, as in JavaScript.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A field that is a string, or a number as its digits; empty where it is anything else.
    #[must_use]
    pub fn text(&self, name: &str) -> Cow<'a, str> {
        let raw = self.raw(name).unwrap_or_default();
        match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(inside) => unescaped(inside),
            None if raw.bytes().all(|byte| byte.is_ascii_digit()) => Cow::Borrowed(raw),
            None => Cow::Borrowed(""),
        }
    }

    /// A field that is not empty.
    #[must_use]
    pub fn some_text(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty()).map(Cow::into_owned)
    }

    /// A time in seconds since 1970, which MSAL writes as a string.
    #[must_use]
    pub fn seconds(&self, name: &str) -> Option<u64> {
        let text = self.text(name);
        text.split('.').next()?.parse().ok()
    }

    /// A field that is a list of strings.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        let list = self.raw(name).and_then(|raw| serde_json::from_str(raw).ok());
        let Some(Value::Array(items)) = list else {
            return Vec::new();
        };
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// Whether a field of ids or hosts is that, whatever its capitals.
    #[must_use]
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.text(name).eq_ignore_ascii_case(value)
    }
}

/// An entity in the making: the fields that are set, over those of the entity that it replaces.
#[derive(Debug, Default)]
pub struct Draft<'a>(Vec<(&'a str, Option<String>)>);

impl<'a> Draft<'a> {
    /// Sets a field to a text.
    pub fn set(&mut self, name: &'a str, value: &str) {
        self.0.push((name, Some(json::quoted(value))));
    }

    /// Sets a field to a text, or removes it.
    pub fn set_or_remove(&mut self, name: &'a str, value: Option<&str>) {
        match value {
            Some(value) => self.set(name, value),
            None => self.0.push((name, None)),
        }
    }

    /// Sets a field to a text, if there is one.
    pub fn set_some(&mut self, name: &'a str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Sets a field to a list of texts.
    pub fn set_list(&mut self, name: &'a str, values: &[String]) {
        let items: Vec<String> = values.iter().map(|value| json::quoted(value)).collect();
        self.0.push((name, Some(format!("[{}]", items.join(",")))));
    }

    /// Sets a field to what stands for it in another text.
    pub fn set_raw(&mut self, name: &'a str, raw: &str) {
        self.0.push((name, Some(raw.to_owned())));
    }

    /// The entity as JSON text. Fields of the replaced one that are not named here stay as they are.
    #[must_use]
    pub fn written(&self, replaced: &Entity<'_>) -> String {
        let named = |name: &str| self.0.iter().any(|(known, _)| *known == name);
        let kept = replaced.0.iter().filter(|(name, _)| !named(name)).copied();
        let set = self.0.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let mut out = String::from("{");
        for (name, value) in set.chain(kept) {
            if out.len() > 1 {
                out.push(',');
            }
            out.push('"');
            out.push_str(name); // as it stood between its quotes
            out.push_str("\":");
            out.push_str(value);
        }
        out.push('}');
        out
    }
}
