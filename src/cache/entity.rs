//! One entity of the cache: an object with fields of text, read in place and written so that unknown fields survive.

use std::borrow::Cow;

use crate::cache::scan::{Scanner, unquoted};
use crate::protocol::json;
use crate::secret::Secret;

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
#[derive(Clone, Default)]
pub struct Entity<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Entity<'a> {
    /// Reads an object. What is not one has no fields.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let mut fields = Vec::with_capacity(12);
        let read = Scanner::new(text).and_then(|mut scanner| {
            scanner.object(&mut |scanner, name| {
                let value = scanner.value()?;
                fields.push((name.of(text), value.of(text)));
                Ok(())
            })
        });
        Self(if read.is_ok() { fields } else { Vec::new() })
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
        let is_number = raw.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
        unquoted(raw).unwrap_or(Cow::Borrowed(if is_number { raw } else { "" }))
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

    /// The items of a list, as they stand in the text; none where the field is anything else.
    #[must_use]
    pub fn items(&self, name: &str) -> Vec<&'a str> {
        let list = self.raw(name).unwrap_or_default();
        let mut items = Vec::new();
        // It was walked through before, so nothing but its being no list can be wrong with it.
        let _ = Scanner::new(list).and_then(|mut scanner| {
            scanner.list(&mut |scanner, ()| {
                items.push(scanner.value()?.of(list));
                Ok(())
            })
        });
        items
    }

    /// Whether a field of ids or hosts is that, whatever its capitals.
    #[must_use]
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.text(name).eq_ignore_ascii_case(value)
    }
}

/// An entity in the making: the fields that are set, over those of the entity that it replaces.
#[derive(Default)]
pub struct Draft<'a> {
    fields: Vec<(&'a str, Option<Secret>)>,
    is_whole: bool,
}

impl<'a> Draft<'a> {
    /// All fields of an entity. Nothing stays of the one that it replaces.
    #[must_use]
    pub fn whole(entity: &Entity<'a>) -> Self {
        Self { is_whole: true, ..Self::over(entity) }
    }

    /// All fields of an entity, over those of the one that it replaces.
    #[must_use]
    pub fn over(entity: &Entity<'a>) -> Self {
        let mut draft = Self::default();
        for (name, value) in &entity.0 {
            draft.set_raw(name, value);
        }
        draft
    }

    /// Sets a field to a text.
    pub fn set(&mut self, name: &'a str, value: &str) {
        self.put(name, Some(json::quoted(value)));
    }

    /// Sets a field to a text, or removes it.
    pub fn set_or_remove(&mut self, name: &'a str, value: Option<&str>) {
        self.put(name, value.map(json::quoted));
    }

    /// Sets a field to a text, if there is one.
    pub fn set_some(&mut self, name: &'a str, value: Option<&str>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Sets a field to what is JSON already.
    pub fn set_raw(&mut self, name: &'a str, raw: &str) {
        self.put(name, Some(raw.to_owned()));
    }

    fn put(&mut self, name: &'a str, value: Option<String>) {
        let value = value.map(Secret::new);
        match self.fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.fields.push((name, value)),
        }
    }

    /// The fields that are set.
    #[must_use]
    pub fn entity(&self) -> Entity<'_> {
        Entity(self.fields.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?.expose()))).collect())
    }

    /// The entity as JSON text. Unless the draft is whole, those fields of the replaced one stay as they are that are not named here.
    #[must_use]
    pub fn written(&self, replaced: &Entity<'_>) -> String {
        let mut fields = self.entity().0;
        for (name, value) in &replaced.0 {
            if !self.is_whole && !self.fields.iter().any(|(known, _)| known == name) {
                fields.push((*name, *value));
            }
        }
        // Made in one piece, so that no half of a token is left behind where the text was before it grew.
        let mut length: usize = 2;
        for (name, value) in &fields {
            length = length.saturating_add(name.len()).saturating_add(value.len()).saturating_add("\"\":,".len());
        }
        let mut out = String::with_capacity(length);
        out.push('{');
        for (name, value) in &fields {
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
