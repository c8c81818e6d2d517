//! The store: a blob, its entries by person, and what has changed since it was read.
//!
//! The blob's text is kept as it came, with the spans of its entries; an entry that is written anew holds its own text. So
//! reading is one walk over the text, and writing puts pieces together. A lookup reads the few entries of one person.
//!
//! What was changed and not yet saved is known entry by entry. When a newer blob is read, as another process left it, these
//! changes are made to it again ([`Store::load`]); everything else is as the newer blob says, which is how a sign-out elsewhere
//! stays one, and how two processes that write in turns lose nothing.

use std::collections::HashMap;

use crate::cache::entity::{Draft, Entity, Section};
use crate::cache::key;
use crate::cache::record::{
    AccessToken, Known, RefreshToken, Tokens, Wanted, Whose, account, profiles_of, realm_of, recency, replaces,
};
use crate::cache::scan::{Problem, Scanner, Span, unescaped};
use crate::error::Error;
use crate::protocol::account::Profile;
use crate::protocol::authority::same_environment;
use crate::protocol::id_token::Claims;
use crate::secret::Secret;

/// The most sign-outs that are remembered until they are saved. They are for good when they are.
const MOST_SIGN_OUTS: usize = 10_000;

/// So many entries may be gone before the text is made anew.
const MOST_GONE: usize = 1_000;

/// A token cache.
#[derive(Default)]
pub struct Store {
    text: Secret,
    root: Vec<RootMember>,
    sections: [Entries; 5],
    /// Where each person's entries are, by home account id in lower case.
    people: HashMap<String, Vec<Place>>,
    unsaved: Vec<Place>,
    signed_out: Vec<(String, String)>,
    refused: Vec<(String, Secret)>,
    has_changed: bool,
    gone: usize,
    generation: u32,
}

/// A member of the blob's root object.
enum RootMember {
    Section(Section),
    /// A section or a field that is not known here: the whole member.
    Other(Span),
}

#[derive(Default)]
struct Entries {
    entries: Vec<Entry>,
    /// As it stands in the text, if it does.
    stored: Option<Span>,
    /// Whether it is to be written from its entries.
    has_changed: bool,
}

enum Entry {
    Stored { key: Span, value: Span },
    Written { key: String, value: Secret, unsaved: Option<Origin> },
    Gone,
}

/// Where an entry is. Stays the same until the next blob is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    section: Section,
    index: usize,
}

/// How an entry came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The person signed in.
    SignIn,
    /// Tokens were renewed: of no use once the person has signed out elsewhere.
    Renewal,
}

impl Store {
    /// Reads a blob; an empty one is a cache with nothing in it. What was changed here and not saved is changed again.
    ///
    /// # Errors
    /// [`Error::UnreadableCache`] that says where; the store is then as it was.
    pub fn load(&mut self, text: String) -> Result<(), Error> {
        let text = Secret::new(text);
        let mut new = Self::read(text.expose()).map_err(|problem| unreadable(text.expose(), problem))?;
        new.text = text;
        new.generation = self.generation.wrapping_add(1);
        for (home_account_id, environment) in &self.signed_out {
            new.sign_out(&Whose { home_account_id, environment });
        }
        for (home_account_id, secret) in &self.refused {
            new.forget(&Whose { home_account_id, environment: "" }, secret);
        }
        for place in &self.unsaved {
            if let Some(Entry::Written { key, value, unsaved: Some(origin) }) = self.entry(*place) {
                new.change_again(place.section, key, value.expose(), *origin);
            }
        }
        *self = new;
        Ok(())
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let mut store = Self::default();
        let mut scanner = Scanner::new(text)?;
        if scanner.ahead().is_none() {
            return Ok(store);
        }
        scanner.object(|scanner, name| {
            let Some(section) = Section::ALL.into_iter().find(|section| section.name() == name.of(text)) else {
                let value = scanner.value()?;
                store.root.push(RootMember::Other(name.quoted_until(value)));
                return Ok(());
            };
            let stored = if scanner.ahead() == Some(b'n') {
                scanner.value()?
            } else {
                scanner.object(|scanner, key| store.read_entry(text, scanner, section, key))?
            };
            let is_first =
                !store.root.iter().any(|member| matches!(member, RootMember::Section(known) if *known == section));
            let entries = store.entries_mut(section);
            entries.stored = Some(stored);
            if is_first {
                store.root.push(RootMember::Section(section));
            } else {
                // The section is there twice; it is written once, with the entries of both.
                entries.has_changed = true;
            }
            Ok(())
        })?;
        scanner.end()?;
        Ok(store)
    }

    fn read_entry(
        &mut self,
        text: &str,
        scanner: &mut Scanner<'_>,
        section: Section,
        key: Span,
    ) -> Result<(), Problem> {
        let mut home = None;
        let value = if scanner.ahead() == Some(b'{') {
            scanner.object(|scanner, name| {
                let value = scanner.value()?;
                if name.of(text) == "home_account_id" {
                    home = Some(value);
                }
                Ok(())
            })?
        } else {
            scanner.value()?
        };
        let place = self.push(section, Entry::Stored { key, value });
        let home = home.and_then(|span| span.of(text).strip_prefix('"')?.strip_suffix('"'));
        if let Some(home) = home {
            self.index(&unescaped(home), place);
        }
        Ok(())
    }

    /// The blob: what was read, with what changed.
    #[must_use]
    pub fn write(&self) -> Secret {
        let text = self.text.expose();
        if !self.sections.iter().any(|section| section.has_changed) && !self.root.is_empty() {
            return self.text.clone();
        }
        let written = self.unsaved.len().saturating_mul(8_000);
        let mut out = String::with_capacity(text.len().saturating_add(written).saturating_add(200));
        let missing = Section::ALL.into_iter().filter(|section| {
            !self.root.iter().any(|member| matches!(member, RootMember::Section(known) if known == section))
        });
        let missing: Vec<RootMember> = missing.map(RootMember::Section).collect();
        for member in self.root.iter().chain(&missing) {
            out.push(if out.is_empty() { '{' } else { ',' });
            match member {
                RootMember::Other(span) => out.push_str(span.of(text)),
                RootMember::Section(section) => {
                    out.push('"');
                    out.push_str(section.name());
                    out.push_str("\":");
                    self.write_section(*section, &mut out);
                }
            }
        }
        out.push('}');
        Secret::new(out)
    }

    fn write_section(&self, section: Section, out: &mut String) {
        let text = self.text.expose();
        let entries = self.entries(section);
        if let (false, Some(stored)) = (entries.has_changed, entries.stored) {
            out.push_str(stored.of(text));
            return;
        }
        let mut separator = '{';
        for entry in &entries.entries {
            let (key, value) = match entry {
                Entry::Stored { key, value } => (key.of(text), value.of(text)),
                Entry::Written { key, value, .. } => (key.as_str(), value.expose()),
                Entry::Gone => continue,
            };
            out.push(separator);
            out.push('"');
            out.push_str(key);
            out.push_str("\":");
            out.push_str(value);
            separator = ',';
        }
        if separator == '{' {
            out.push('{');
        }
        out.push('}');
    }

    /// Whether anything changed since the blob was read or last saved.
    #[must_use]
    pub const fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// Counts the changes: as long as it stays the same, so do all answers.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// What [`Store::write`] returned is saved.
    pub fn saved(&mut self) {
        for place in std::mem::take(&mut self.unsaved) {
            if let Some(Entry::Written { unsaved, .. }) = self.entry_mut(place) {
                *unsaved = None;
            }
        }
        self.signed_out.clear();
        self.refused.clear();
        self.has_changed = false;
    }

    /// Forgets everything, here only: what is saved elsewhere is read again.
    pub fn clear(&mut self) {
        *self = Self { generation: self.generation.wrapping_add(1), ..Self::default() };
    }

    /// The access token to use: of those that serve, the one that expires last.
    #[must_use]
    pub fn access_token(&self, whose: &Whose<'_>, wanted: &Wanted<'_>) -> Option<AccessToken> {
        let tokens = self.of(whose, Section::AccessToken).filter(|(_, entity)| wanted.is(entity));
        tokens.map(|(_, entity)| AccessToken::read(&entity)).max_by_key(|token| token.expires_on)
    }

    /// The ID token from a tenant.
    #[must_use]
    pub fn id_token(&self, whose: &Whose<'_>, client_id: &str, realm: &str) -> Option<Secret> {
        let is_it =
            |entity: &Entity<'_>| entity.is("client_id", client_id) && realm_of(entity).eq_ignore_ascii_case(realm);
        let tokens = self.of(whose, Section::IdToken).filter(|(_, entity)| is_it(entity));
        // MSAL Node 7 writes beside what MSAL Node 2 left, which has one more dash in its key.
        let newest = |place: Place| (!self.key(place).ends_with("---"), place.index);
        let (_, token) = tokens.max_by_key(|(place, _)| newest(*place))?;
        token.some_text("secret").map(Secret::new)
    }

    /// The refresh tokens that may serve, the likeliest first: the newest of those that belong to this client or its family.
    #[must_use]
    pub fn refresh_tokens(&self, whose: &Whose<'_>, client_id: &str) -> Vec<RefreshToken> {
        let family = self.family(client_id, whose.environment);
        let rank = |place: Place, entity: &Entity<'_>| {
            let family_id = entity.text("family_id");
            let kind = match &family {
                Some(family) if !family.is_empty() && *family == family_id => 2,
                _ if family_id.is_empty() && entity.is("client_id", client_id) => 1,
                // A sibling's; or one's own that was shared, should the family be known no more.
                None if !family_id.is_empty() => 0,
                _ => return None,
            };
            let home = entity.text("home_account_id");
            let owner = if family_id.is_empty() { entity.text("client_id") } else { family_id };
            let newest_key = key::refresh_token(&home, &entity.text("environment"), &owner);
            Some((kind, recency(entity), self.key(place) == newest_key, place.index))
        };
        let mut tokens: Vec<_> = self
            .of(whose, Section::RefreshToken)
            .filter_map(|(place, entity)| Some((rank(place, &entity)?, entity)))
            .collect();
        // Few enough for the simplest of sorts; the general one takes 5 KB of code.
        let mut sorted = Vec::with_capacity(tokens.len());
        while let Some(best) = (0..tokens.len()).max_by_key(|index| tokens.get(*index).map(|(rank, _)| *rank)) {
            let (_, entity) = tokens.swap_remove(best);
            sorted.extend(RefreshToken::read(&entity));
        }
        sorted
    }

    /// The family that a client belongs to, empty for none; nothing where nobody knows.
    fn family(&self, client_id: &str, environment: &str) -> Option<String> {
        let is_it = |entity: &Entity<'_>| {
            entity.is("client_id", client_id) && same_environment(&entity.text("environment"), environment)
        };
        let known = self.all(Section::AppMetadata).map(|(_, entity)| entity).find(is_it)?;
        Some(known.text("family_id").into_owned())
    }

    /// The client that brought a family's refresh token: MSAL Node finds it by that client alone.
    fn family_owner(&self, whose: &Whose<'_>, family: &str) -> Option<String> {
        let mut shared = self.of(whose, Section::RefreshToken).map(|(_, entity)| entity);
        shared.find(|entity| entity.text("family_id") == family)?.some_text("client_id")
    }

    /// Whether the person is signed in, as far as is known.
    #[must_use]
    pub fn knows(&self, whose: &Whose<'_>) -> bool {
        self.of(whose, Section::Account).next().is_some()
    }

    /// One account, by tenant; the one it signed in to first where the tenant is not known.
    #[must_use]
    pub fn account(&self, whose: &Whose<'_>, client_id: &str, tenant_id: &str) -> Option<Known> {
        let mut known = self.accounts_of(whose, client_id);
        let wanted = known.iter().position(|known| known.account.tenant_id.eq_ignore_ascii_case(tenant_id));
        if known.is_empty() { None } else { Some(known.swap_remove(wanted.unwrap_or(0))) }
    }

    /// All accounts: one for each tenant that each person has signed in to, in the order of the blob.
    #[must_use]
    pub fn accounts(&self, client_id: &str) -> Vec<Known> {
        let mut known = Vec::new();
        for (place, entity) in self.all(Section::Account) {
            let home_account_id = entity.text("home_account_id");
            let environment = entity.text("environment");
            let whose = Whose { home_account_id: &home_account_id, environment: &environment };
            // A person whom two libraries filed under two names of one cloud is still one person.
            if self.of(&whose, Section::Account).next().is_some_and(|(first, _)| first == place) {
                known.append(&mut self.accounts_of(&whose, client_id));
            }
        }
        known
    }

    /// One person's profiles: one for each tenant that they have signed in to.
    #[must_use]
    pub fn profiles(&self, whose: &Whose<'_>) -> Vec<Profile> {
        let mut profiles: Vec<Profile> = Vec::new();
        for profile in self.of(whose, Section::Account).flat_map(|(_, entity)| profiles_of(&entity)) {
            if !profiles.iter().any(|known| known.tenant_id == profile.tenant_id) {
                profiles.push(profile);
            }
        }
        profiles
    }

    /// One person's accounts: the same one, as each tenant knows it.
    #[must_use]
    pub fn accounts_of(&self, whose: &Whose<'_>, client_id: &str) -> Vec<Known> {
        let mut entities = self.of(whose, Section::Account).map(|(_, entity)| entity);
        let Some(first) = entities.next() else {
            return Vec::new();
        };
        let profiles = self.profiles(whose);
        let base = account(&first, profiles.clone());
        let newest_token = self.of(whose, Section::AccessToken).map(|(_, entity)| recency(&entity)).max();
        let used_at = newest_token.unwrap_or(0).max(recency(&first));
        let in_tenant = |profile: &Profile| {
            let id_token = self.id_token(whose, client_id, &profile.tenant_id);
            let claims = id_token.as_ref().and_then(|token| Claims::read(token).ok());
            Known { account: base.in_tenant(profile, claims.as_ref()), id_token, claims, used_at }
        };
        profiles.iter().map(in_tenant).collect()
    }

    /// Remembers tokens, in place of the older ones they renew. Returns whether it did.
    pub fn save(&mut self, tokens: &Tokens<'_>) -> bool {
        let whose = tokens.whose();
        if !tokens.is_sign_in && !self.knows(&whose) {
            return false;
        }
        let origin = if tokens.is_sign_in { Origin::SignIn } else { Origin::Renewal };
        if tokens.is_sign_in {
            self.signed_out.retain(|(home, _)| *home != whose.home_account_id);
        }
        let owner = tokens.family().and_then(|family| self.family_owner(&whose, family));
        for (section, key, draft) in tokens.drafts(owner.as_deref()) {
            if section == Section::AppMetadata
                && self.family(tokens.client_id, whose.environment).unwrap_or_default()
                    == tokens.family().unwrap_or_default()
            {
                continue; // known, whoever wrote it and under whichever of the cloud's names
            }
            self.put(section, key, &draft, origin);
        }
        let known: Vec<Entity<'_>> = self.of(&whose, Section::Account).map(|(_, entity)| entity).collect();
        if let Some((key, draft)) = tokens.account_draft(&known) {
            self.put(Section::Account, key, &draft, origin);
        }
        true
    }

    /// Forgets a person: the account and every token of theirs, of each client. Returns whether there was anything.
    pub fn sign_out(&mut self, whose: &Whose<'_>) -> bool {
        let mut found = false;
        for section in Section::ALL {
            let places: Vec<Place> = self.of(whose, section).map(|(place, _)| place).collect();
            for place in places {
                self.remove(place);
                found = true;
            }
        }
        if self.signed_out.len() < MOST_SIGN_OUTS {
            self.signed_out.push((whose.home_account_id.to_owned(), whose.environment.to_owned()));
        }
        found
    }

    /// Forgets a refresh token that the server will never take again.
    pub fn forget(&mut self, whose: &Whose<'_>, secret: &Secret) {
        let is_it = |entity: &Entity<'_>| entity.text("secret") == secret.expose();
        let found = self.of(whose, Section::RefreshToken).find(|(_, entity)| is_it(entity)).map(|(place, _)| place);
        if let Some(place) = found {
            self.remove(place);
            self.refused.push((whose.home_account_id.to_owned(), secret.clone()));
        }
    }

    /// The first account, as it stands in the blob.
    #[must_use]
    pub fn first_account(&self) -> Option<&str> {
        let is_account = |entity: &Entity<'_>| !entity.text("home_account_id").is_empty();
        self.all(Section::Account).find(|(_, entity)| is_account(entity)).map(|(place, _)| self.value(place))
    }

    // ── Below: entries and places ───────────────────────────────────────────────────────────────────────────────────

    /// Makes a change again that was made to an older blob.
    fn change_again(&mut self, section: Section, key: &str, value: &str, origin: Origin) {
        let mine = Entity::read(value);
        let home = mine.text("home_account_id");
        let environment = mine.text("environment");
        let whose = Whose { home_account_id: &home, environment: &environment };
        if origin == Origin::Renewal && section != Section::AppMetadata && !self.knows(&whose) {
            return;
        }
        let mut draft = Draft::default();
        for (name, raw) in mine.fields() {
            draft.set_raw(name, raw);
        }
        if section == Section::Account {
            let mut profiles = mine.texts("tenantProfiles");
            let tenant = |text: &str| Profile::read(text).map(|profile| profile.tenant_id);
            for theirs in self.of(&whose, section).flat_map(|(_, entity)| entity.texts("tenantProfiles")) {
                if !profiles.iter().any(|known| tenant(known) == tenant(&theirs)) {
                    profiles.push(theirs);
                }
            }
            draft.set_list("tenantProfiles", &profiles);
        } else if self
            .of(&whose, section)
            .any(|(_, theirs)| replaces(section, &mine, &theirs) && recency(&theirs) > recency(&mine))
        {
            return; // somebody was faster
        }
        self.put(section, key.to_owned(), &draft, origin);
    }

    /// Puts an entity in the place of those that it replaces, the first of which hands on its unknown fields.
    fn put(&mut self, section: Section, key: String, draft: &Draft, origin: Origin) {
        let text = draft.written(&Entity::default());
        let new = Entity::read(&text);
        let home = new.text("home_account_id").into_owned();
        let environment = new.text("environment").into_owned();
        let replaced: Vec<Place> = if section == Section::AppMetadata {
            self.all(section).filter(|(_, old)| replaces(section, &new, old)).map(|(place, _)| place).collect()
        } else {
            let whose = Whose { home_account_id: &home, environment: &environment };
            self.of(&whose, section).filter(|(_, old)| replaces(section, &new, old)).map(|(place, _)| place).collect()
        };
        let kept = replaced.first().map(|place| self.value(*place)).unwrap_or_default();
        let value = draft.written(&Entity::read(kept));
        let key = self.free_key(section, key, &home, &replaced);
        let (first, others) =
            replaced.split_first().map_or((None, [].as_slice()), |(first, others)| (Some(*first), others));
        for place in others {
            self.remove(*place);
        }
        let earlier = match first.and_then(|place| self.entry(place)) {
            Some(Entry::Written { unsaved, .. }) => *unsaved,
            _ => None,
        };
        // A sign-in that is not saved yet stays one when its tokens are renewed.
        let entry = Entry::Written { key, value: Secret::new(value), unsaved: earlier.or(Some(origin)) };
        let place = match first {
            Some(place) => {
                if let Some(old) = self.entry_mut(place) {
                    *old = entry;
                }
                place
            }
            None => self.push(section, entry),
        };
        if first.is_none() && section != Section::AppMetadata {
            self.index(&home, place);
        }
        if earlier.is_none() {
            self.unsaved.push(place);
        }
        self.entries_mut(section).has_changed = true;
        self.changed();
    }

    /// MSAL's keys are in lower case, and two people's ids may differ in their capitals alone. One more dash does no harm: MSAL
    /// Node 2 has it everywhere.
    fn free_key(&self, section: Section, mut key: String, home: &str, replaced: &[Place]) -> String {
        let others = self.people.get(&home.to_ascii_lowercase()).into_iter().flatten();
        let others: Vec<Place> =
            others.filter(|place| place.section == section && !replaced.contains(place)).copied().collect();
        while others.iter().any(|place| self.key(*place) == key) {
            key.push('-');
        }
        key
    }

    fn remove(&mut self, place: Place) {
        let home = Entity::read(self.value(place)).text("home_account_id").to_ascii_lowercase();
        if let Some(places) = self.people.get_mut(&home) {
            places.retain(|known| *known != place);
            if places.is_empty() {
                self.people.remove(&home);
            }
        }
        if let Some(entry) = self.entry_mut(place) {
            *entry = Entry::Gone;
            self.gone = self.gone.saturating_add(1);
        }
        self.entries_mut(place.section).has_changed = true;
        self.changed();
    }

    const fn changed(&mut self) {
        self.has_changed = true;
        self.generation = self.generation.wrapping_add(1);
    }

    /// Makes the text anew when much of it is gone, so that a long life with many sign-outs does not fill the memory.
    pub fn tidy(&mut self) {
        if self.gone > MOST_GONE && self.gone > self.people.len() {
            let text = self.write().expose().to_owned();
            let has_changed = self.has_changed;
            // What was just written can be read.
            let _ = self.load(text);
            self.has_changed = has_changed;
        }
    }

    fn push(&mut self, section: Section, entry: Entry) -> Place {
        let entries = &mut self.entries_mut(section).entries;
        entries.push(entry);
        Place { section, index: entries.len().saturating_sub(1) }
    }

    fn index(&mut self, home: &str, place: Place) {
        if let Some(places) = self.people.get_mut(home) {
            if !places.contains(&place) {
                places.push(place);
            }
            return;
        }
        let lower = home.to_ascii_lowercase();
        let places = self.people.entry(lower).or_default();
        if !places.contains(&place) {
            places.push(place);
        }
    }

    /// One person's entities in a section.
    fn of<'a>(&'a self, whose: &'a Whose<'_>, section: Section) -> impl Iterator<Item = (Place, Entity<'a>)> {
        let places = self.people.get(&whose.home_account_id.to_ascii_lowercase()).into_iter().flatten();
        places
            .filter(move |place| place.section == section)
            .map(|place| (*place, Entity::read(self.value(*place))))
            .filter(|(_, entity)| whose.owns(entity))
    }

    fn all(&self, section: Section) -> impl Iterator<Item = (Place, Entity<'_>)> {
        (0..self.entries(section).entries.len()).map(move |index| {
            let place = Place { section, index };
            (place, Entity::read(self.value(place)))
        })
    }

    fn value(&self, place: Place) -> &str {
        match self.entry(place) {
            Some(Entry::Stored { value, .. }) => value.of(self.text.expose()),
            Some(Entry::Written { value, .. }) => value.expose(),
            Some(Entry::Gone) | None => "",
        }
    }

    fn key(&self, place: Place) -> &str {
        match self.entry(place) {
            Some(Entry::Stored { key, .. }) => key.of(self.text.expose()),
            Some(Entry::Written { key, .. }) => key,
            Some(Entry::Gone) | None => "",
        }
    }

    fn entry(&self, place: Place) -> Option<&Entry> {
        self.entries(place.section).entries.get(place.index)
    }

    fn entry_mut(&mut self, place: Place) -> Option<&mut Entry> {
        self.entries_mut(place.section).entries.get_mut(place.index)
    }

    const fn entries(&self, section: Section) -> &Entries {
        let [account, id_token, access_token, refresh_token, app_metadata] = &self.sections;
        match section {
            Section::Account => account,
            Section::IdToken => id_token,
            Section::AccessToken => access_token,
            Section::RefreshToken => refresh_token,
            Section::AppMetadata => app_metadata,
        }
    }

    const fn entries_mut(&mut self, section: Section) -> &mut Entries {
        let [account, id_token, access_token, refresh_token, app_metadata] = &mut self.sections;
        match section {
            Section::Account => account,
            Section::IdToken => id_token,
            Section::AccessToken => access_token,
            Section::RefreshToken => refresh_token,
            Section::AppMetadata => app_metadata,
        }
    }
}

fn unreadable(text: &str, problem: Problem) -> Error {
    let before = text.as_bytes().get(..problem.at).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count().saturating_add(1);
    Error::UnreadableCache { line, column, problem: problem.what }
}
