//! The store: a blob, its entries by person, and what has changed since it was read.
//!
//! The blob's text is kept as it came, with the spans of its entries; an entry that is written anew holds its own text. So
//! reading is one walk over the text, and writing puts pieces together. A lookup reads the few entries of one person.
//!
//! What was changed and not yet saved is known entry by entry. When a newer blob is read, as another process left it, these
//! changes are made to it again ([`Store::load`]); everything else is as the newer blob says, which is how a sign-out elsewhere
//! stays one, and how two processes that write in turns lose nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::BuildHasher as _;

use crate::cache::entity::{Draft, Entity, Section};
use crate::cache::key;
use crate::cache::record::{
    AccessToken, Known, RefreshToken, Tokens, USER_ASSERTION_HASH, Wanted, Whose, account, profiles_of, realm_of,
    rebased, recency, replaces,
};
use crate::cache::scan::{Problem, Scanner, Span, unescaped, unquoted};
use crate::error::{Error, Fault};
use crate::protocol::account::Profile;
use crate::protocol::cloud::same_environment;
use crate::protocol::id_token::Claims;
use crate::protocol::json;
use crate::secret::Secret;

/// The most removals of a kind that are remembered until they are saved: of an application without a plugin, none ever is.
const MOST_REMOVALS: usize = 10_000;

/// So many entries may be gone before their places are.
const MOST_GONE: usize = 1_000;

/// A token cache.
#[derive(Default)]
pub struct Store {
    text: Secret,
    root: Vec<RootMember>,
    sections: [Entries; 5],
    /// Where each person's entries are, by home account id in lower case. Those of clients are nobody's.
    people: HashMap<String, Vec<Place>>,
    /// Where the access tokens are that are had on behalf of somebody, by the hash of the token that they were got for.
    on_behalf: HashMap<String, Vec<Place>>,
    /// Entries that were written, in order.
    unsaved: Vec<Place>,
    /// Who signed out: home account ids and environments.
    signed_out: Vec<(String, String)>,
    /// Refresh tokens that were forgotten, as [`Store::hash`] has them, with their owners' home account ids.
    refused: Vec<(String, u64)>,
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

/// Keys and values are JSON.
enum Entry {
    Stored { key: Span, value: Span, home_account_id: Span, environment: Span },
    Written { key: String, value: Secret, unsaved: Option<Origin> },
    Gone,
}

/// Where an entry is. Stays the same until the next blob is read, or [`Store::tidy`] moves it.
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
    /// [`Fault::UnreadableCache`] that says where; the store is then as it was.
    pub fn load(&mut self, mut text: String) -> Result<(), Error> {
        if text.starts_with('\u{FEFF}') {
            text.remove(0); // a byte order mark, as some editors put it in front
        }
        let text = Secret::new(text);
        let mut new = Self::read(text.expose()).map_err(|problem| unreadable(text.expose(), problem))?;
        new.text = text;
        new.generation = self.generation.wrapping_add(1);
        for (home_account_id, environment) in &self.signed_out {
            new.sign_out(&Whose { home_account_id, environment });
        }
        for (home_account_id, hash) in &self.refused {
            new.forget_those(&Whose { home_account_id, environment: "" }, |secret| self.hash(secret) == *hash);
        }
        // Accounts first: tokens are of use only to who is signed in.
        for is_account in [true, false] {
            for place in self.unsaved.iter().filter(|place| (place.section == Section::Account) == is_account) {
                if let Some(Entry::Written { key, value, unsaved: Some(origin) }) = self.entry(*place) {
                    new.change_again(place.section, key, value.expose(), *origin);
                }
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
        scanner.object(&mut |scanner, name| {
            let known = unescaped(name.of(text));
            let Some(section) = Section::ALL.into_iter().find(|section| section.name() == known) else {
                let value = scanner.value()?;
                store.root.push(RootMember::Other(name.quoted().until(value)));
                return Ok(());
            };
            let stored = if scanner.ahead() == Some(b'n') {
                scanner.value()?
            } else {
                scanner.object(&mut |scanner, key| store.read_entry(text, scanner, section, key))?
            };
            let is_new = store.lacks(section);
            let entries = store.entries_mut(section);
            entries.stored = Some(stored);
            if is_new {
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

    fn lacks(&self, section: Section) -> bool {
        !self.root.iter().any(|member| matches!(member, RootMember::Section(known) if *known == section))
    }

    fn read_entry(
        &mut self,
        text: &str,
        scanner: &mut Scanner<'_>,
        section: Section,
        key: Span,
    ) -> Result<(), Problem> {
        let (mut home_account_id, mut environment, mut hash) = (Span::default(), Span::default(), Span::default());
        let value = if scanner.ahead() == Some(b'{') {
            scanner.object(&mut |scanner, name| {
                let value = scanner.value()?;
                match name.of(text) {
                    "home_account_id" => home_account_id = value,
                    "environment" => environment = value,
                    USER_ASSERTION_HASH => hash = value,
                    _ => {}
                }
                Ok(())
            })?
        } else {
            scanner.value()?
        };
        let place = self.push(section, Entry::Stored { key: key.quoted(), value, home_account_id, environment });
        self.index(&unquoted(home_account_id.of(text)).unwrap_or_default(), place);
        self.index_on_behalf(&unquoted(hash.of(text)).unwrap_or_default(), place);
        Ok(())
    }

    /// The blob: what was read, with what changed.
    #[must_use]
    pub fn write(&self) -> Secret {
        let text = self.text.expose();
        if !self.sections.iter().any(|section| section.has_changed) && !self.root.is_empty() {
            return self.text.clone();
        }
        let missing = Section::ALL.into_iter().filter(|section| self.lacks(*section));
        let missing: Vec<RootMember> = missing.map(RootMember::Section).collect();
        // Made in one piece: a text that grows leaves a copy behind each time.
        let mut length = text.len().saturating_add(200); // with the sections' names
        for entry in self.sections.iter().flat_map(|section| &section.entries) {
            if let Entry::Written { key, value, .. } = entry {
                length = length.saturating_add(key.len()).saturating_add(value.expose().len()).saturating_add(2);
            }
        }
        let mut out = String::with_capacity(length);
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
        let start = out.len();
        let mut push = |piece: &[&str]| {
            out.push(if out.len() == start { '{' } else { ',' });
            for part in piece {
                out.push_str(part);
            }
        };
        // What stands side by side in the text is copied in one piece.
        let mut run: Option<Span> = None;
        for entry in &entries.entries {
            if let Entry::Stored { key, value, .. } = entry {
                let stored = key.until(*value);
                run = match run {
                    Some(before) if before.is_before(stored) => Some(before.until(stored)),
                    before => {
                        before.into_iter().for_each(|before| push(&[before.of(text)]));
                        Some(stored)
                    }
                };
                continue;
            }
            run.take().into_iter().for_each(|before| push(&[before.of(text)]));
            if let Entry::Written { key, value, .. } = entry {
                push(&[key, ":", value.expose()]);
            }
        }
        run.into_iter().for_each(|last| push(&[last.of(text)]));
        out.push_str(if out.len() == start { "{}" } else { "}" });
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
        let mut best: Option<AccessToken> = None;
        for (_, entity) in self.of(whose, Section::AccessToken) {
            if wanted.is(&entity) {
                let token = AccessToken::read(&entity);
                if best.as_ref().is_none_or(|best| best.expires_on <= token.expires_on) {
                    best = Some(token);
                }
            }
        }
        best
    }

    /// The access token to use on behalf of whoever sent a token of that hash, with their home account id and its tenant.
    #[must_use]
    pub fn access_token_on_behalf(
        &self,
        hash: &str,
        environment: &str,
        wanted: &Wanted<'_>,
    ) -> Option<(String, String, AccessToken)> {
        let places = self.on_behalf.get(hash)?;
        let found = places.iter().map(|place| Entity::read(self.value(*place)));
        let entity = found
            .rev()
            .find(|entity| same_environment(&entity.text("environment"), environment) && wanted.is(entity))?;
        let (home, realm) = (entity.text("home_account_id"), realm_of(&entity));
        Some((home.into_owned(), realm.into_owned(), AccessToken::read(&entity)))
    }

    /// The ID token from a tenant.
    #[must_use]
    pub fn id_token(&self, whose: &Whose<'_>, client_id: &str, realm: &str) -> Option<Secret> {
        let mut best: Option<(bool, Entity<'_>)> = None;
        for (place, entity) in self.of(whose, Section::IdToken) {
            if entity.is("client_id", client_id) && realm_of(&entity).eq_ignore_ascii_case(realm) {
                // MSAL Node 7 writes beside what MSAL Node 2 left, which has one more dash in its key.
                let is_newer = !self.key(place).ends_with("---");
                if best.as_ref().is_none_or(|(best_is_newer, _)| is_newer || !best_is_newer) {
                    best = Some((is_newer, entity));
                }
            }
        }
        best?.1.some_text("secret").map(Secret::new)
    }

    /// The refresh tokens that may serve, the likeliest first: the newest of those that belong to this client or its family.
    #[must_use]
    pub fn refresh_tokens(&self, whose: &Whose<'_>, client_id: &str) -> Vec<RefreshToken> {
        let family = self.family(client_id, whose.environment);
        let rank = |place: Place, entity: &Entity<'_>| {
            let family_id = entity.text("family_id");
            let kind = match &family {
                Some(family) if !family.is_empty() && *family == family_id => 2,
                _ if entity.is("client_id", client_id) => 1,
                // A sibling's: nobody knows that this client is no sibling.
                None if !family_id.is_empty() => 0,
                _ => return None,
            };
            let home = entity.text("home_account_id");
            let owner = if family_id.is_empty() { entity.text("client_id") } else { family_id };
            let newest_key = key::refresh_token(&home, &entity.text("environment"), &owner);
            Some((kind, recency(entity), self.key(place) == newest_key, place.index))
        };
        let mut tokens = Vec::new();
        for (place, entity) in self.of(whose, Section::RefreshToken) {
            if let (Some(rank), Some(token)) = (rank(place, &entity), RefreshToken::read(&entity)) {
                tokens.push((rank, token));
            }
        }
        // Few enough for the simplest of sorts; the general one takes 5 KB of code.
        let mut sorted = Vec::with_capacity(tokens.len());
        while let Some(best) = (0..tokens.len()).max_by_key(|index| tokens.get(*index).map(|(rank, _)| *rank)) {
            sorted.push(tokens.swap_remove(best).1);
        }
        sorted
    }

    /// The family that a client belongs to, empty for none; nothing where nobody knows.
    fn family(&self, client_id: &str, environment: &str) -> Option<String> {
        let nobody = Whose { home_account_id: "", environment };
        let mut family = None;
        for (_, entity) in self.of(&nobody, Section::AppMetadata) {
            if entity.is("client_id", client_id) {
                // Under two names of a cloud it may be known twice, and one of the two may not have heard of the family yet.
                family = family.max(Some(entity.text("family_id").into_owned()));
            }
        }
        family
    }

    /// The client that brought a family's refresh token: MSAL Node finds it by that client alone.
    fn family_owner(&self, whose: &Whose<'_>, family: &str) -> Option<String> {
        let tokens = self.of(whose, Section::RefreshToken);
        tokens.iter().find(|(_, entity)| entity.text("family_id") == family)?.1.some_text("client_id")
    }

    /// Whether the person is signed in, as far as is known.
    #[must_use]
    pub fn knows(&self, whose: &Whose<'_>) -> bool {
        !self.of(whose, Section::Account).is_empty()
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
            if self.of(&whose, Section::Account).first().is_some_and(|(first, _)| *first == place) {
                known.append(&mut self.accounts_of(&whose, client_id));
            }
        }
        known
    }

    /// One person's profiles: one for each tenant that they have signed in to.
    #[must_use]
    pub fn profiles(&self, whose: &Whose<'_>) -> Vec<Profile> {
        let mut profiles: Vec<Profile> = Vec::new();
        for (_, entity) in self.of(whose, Section::Account) {
            for profile in profiles_of(&entity) {
                if !profiles.iter().any(|known| known.tenant_id.eq_ignore_ascii_case(&profile.tenant_id)) {
                    profiles.push(profile);
                }
            }
        }
        profiles
    }

    /// One person's accounts: the same one, as each tenant knows it.
    #[must_use]
    pub fn accounts_of(&self, whose: &Whose<'_>, client_id: &str) -> Vec<Known> {
        let found = self.of(whose, Section::Account);
        let Some((_, first)) = found.first() else {
            return Vec::new();
        };
        // Two servers may each have somebody of that id.
        let environment = first.text("environment");
        let whose = &Whose { environment: &environment, ..*whose };
        let profiles = self.profiles(whose);
        let base = account(first, profiles.clone());
        let mut used_at = recency(first);
        for (_, token) in self.of(whose, Section::AccessToken) {
            used_at = used_at.max(recency(&token));
        }
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
        if whose.home_account_id.is_empty() || !tokens.is_sign_in && !self.knows(&whose) {
            return false;
        }
        let origin = self.put_tokens(tokens);
        let known: Vec<Entity<'_>> = self.of(&whose, Section::Account).into_iter().map(|(_, entity)| entity).collect();
        if let Some((key, draft)) = tokens.account_draft(&known) {
            self.put(Section::Account, &key, &draft, origin);
        }
        true
    }

    /// Remembers tokens that are nobody's: a client's own, or on behalf of somebody whom the server does not name.
    pub fn save_nobodys(&mut self, tokens: &Tokens<'_>) {
        self.put_tokens(tokens);
    }

    fn put_tokens(&mut self, tokens: &Tokens<'_>) -> Origin {
        let whose = tokens.whose();
        let origin = if tokens.is_sign_in { Origin::SignIn } else { Origin::Renewal };
        let owner = tokens.family().and_then(|family| self.family_owner(&whose, family));
        for (section, key, draft) in tokens.drafts(owner.as_deref()) {
            if section == Section::AppMetadata
                && self.family(tokens.client_id, whose.environment).unwrap_or_default()
                    == tokens.family().unwrap_or_default()
            {
                continue; // known, whoever wrote it and under whichever of the cloud's names
            }
            self.put(section, &key, &draft, origin);
        }
        origin
    }

    /// Forgets a person: the account and every token of theirs, of each client. Returns whether there was anything.
    pub fn sign_out(&mut self, whose: &Whose<'_>) -> bool {
        let mut places = Vec::new();
        for place in self.alike(whose.home_account_id) {
            if place.section != Section::AppMetadata && self.is_of(whose, *place) {
                places.push(*place);
            }
        }
        // What is nobody's is the client's own.
        if places.is_empty() || whose.home_account_id.is_empty() {
            return false; // and nothing to do again: who is found in a newer blob has signed in since
        }
        let signed_out = (whose.home_account_id.to_owned(), whose.environment.to_owned());
        // Only who has signed in here since can have signed out here before. The list may be long.
        let may_be_known = places.iter().any(|place| self.unsaved_origin(*place).is_some());
        if !(may_be_known && self.signed_out.contains(&signed_out)) && self.signed_out.len() < MOST_REMOVALS {
            self.signed_out.push(signed_out);
        }
        self.remove(whose.home_account_id, &places);
        true
    }

    /// Forgets a refresh token that the server will never take again.
    pub fn forget(&mut self, whose: &Whose<'_>, secret: &Secret) {
        self.forget_those(whose, |other| other == secret.expose());
    }

    fn forget_those(&mut self, whose: &Whose<'_>, is_refused: impl Fn(&str) -> bool) {
        let mut places = Vec::new();
        let mut refused = Vec::new();
        for (place, entity) in self.of(whose, Section::RefreshToken) {
            let secret = entity.text("secret");
            if is_refused(&secret) {
                places.push(place);
                refused.push((whose.home_account_id.to_owned(), self.hash(&secret)));
            }
        }
        if !places.is_empty() {
            self.remove(whose.home_account_id, &places);
            if self.refused.len() < MOST_REMOVALS {
                self.refused.append(&mut refused);
            }
        }
    }

    /// By what a secret is known again, without being kept.
    fn hash(&self, secret: &str) -> u64 {
        self.people.hasher().hash_one(secret)
    }

    /// The first account, as it stands in the blob.
    #[must_use]
    pub fn first_account(&self) -> Option<&str> {
        let is_account = |entity: &Entity<'_>| !entity.text("home_account_id").is_empty();
        self.all(Section::Account).find(|(_, entity)| is_account(entity)).map(|(place, _)| self.value(place))
    }

    // ── Below: entries and places ───────────────────────────────────────────────────────────────────────────────────

    /// Makes a change again that was made to an older blob, unless the newer one has it.
    fn change_again(&mut self, section: Section, key: &str, value: &str, origin: Origin) {
        let mine = Entity::read(value);
        let home = mine.text("home_account_id");
        let environment = mine.text("environment");
        let whose = Whose { home_account_id: &home, environment: &environment };
        let is_sign_in = section == Section::Account && origin == Origin::SignIn;
        // What is nobody's needs nobody to be signed in.
        if !is_sign_in && !home.is_empty() && !self.knows(&whose) {
            return;
        }
        let mut theirs = Vec::new();
        for (_, entity) in self.of(&whose, section) {
            if replaces(section, &mine, &entity) {
                theirs.push(entity);
            }
        }
        let content = if section == Section::AppMetadata { "family_id" } else { "secret" };
        let has_newer = theirs.iter().any(|theirs| recency(theirs) > recency(&mine));
        let is_there = |theirs: &Entity<'_>| theirs.text(content) == mine.text(content);
        let draft = match section {
            Section::Account => rebased(&mine, &theirs),
            _ if has_newer || theirs.iter().any(is_there) => None,
            _ => Some(Draft::whole(&mine)),
        };
        if let Some(draft) = draft {
            self.put(section, &unquoted(key).unwrap_or_default(), &draft, origin);
        }
        if section == Section::RefreshToken && has_newer {
            // What is newer stands for the sign-in as well: whoever signs out of it elsewhere, signs out of that.
            for place in self.alike(&home).to_vec() {
                if self.is_of(&whose, place)
                    && let Some(Entry::Written { unsaved: Some(origin), .. }) = self.entry_mut(place)
                {
                    *origin = Origin::Renewal;
                }
            }
        }
    }

    /// Puts an entity in the place of those that it replaces, the first of which hands on its unknown fields.
    fn put(&mut self, section: Section, key: &str, draft: &Draft<'_>, origin: Origin) {
        let new = draft.entity();
        let home = new.text("home_account_id");
        let environment = new.text("environment");
        let whose = Whose { home_account_id: &home, environment: &environment };
        let mut replaced = Vec::new();
        for (place, old) in self.of(&whose, section) {
            if replaces(section, &new, &old) {
                replaced.push(place);
            }
        }
        let hash = new.text(USER_ASSERTION_HASH).into_owned();
        let key = self.free_key(section, key, &hash, &home, &replaced);
        let first = replaced.first().copied();
        let kept = Entity::read(first.map(|place| self.value(place)).unwrap_or_default());
        let earlier = first.and_then(|place| self.unsaved_origin(place));
        // What began as a sign-in that is not saved yet is none the less one when its tokens are renewed.
        let origin = if earlier == Some(Origin::SignIn) { Origin::SignIn } else { origin };
        let value = Secret::new(draft.written(&kept));
        if let Some(place) = first {
            self.unindex_on_behalf(place);
        }
        let entry = Entry::Written { key: json::quoted(&key), value, unsaved: Some(origin) };
        if let [_, others @ ..] = replaced.as_slice() {
            self.remove(&home, others);
        }
        let place = match first {
            Some(place) => {
                self.replace(place, entry);
                place
            }
            None => {
                let place = self.push(section, entry);
                self.index(&home, place);
                place
            }
        };
        self.index_on_behalf(&hash, place);
        if earlier.is_none() {
            self.unsaved.push(place);
        }
        self.entries_mut(section).has_changed = true;
        self.changed();
    }

    /// The key, or one like it that nobody has: MSAL's are in lower case, and the ids of two people may differ in their capitals
    /// alone. What MSAL Node looks for in a key is still there.
    fn free_key(&self, section: Section, key: &str, hash: &str, home: &str, replaced: &[Place]) -> String {
        let is_taken = |key: &str| {
            let has_it = |place: &Place| place.section == section && self.key(*place) == key;
            self.alike(home).iter().any(|place| has_it(place) && !replaced.contains(place))
        };
        let mut key = key.to_owned();
        // On behalf of one person there may be many, got for many tokens of theirs.
        if !hash.is_empty() && is_taken(&key) {
            key.push_str(hash);
        }
        while is_taken(&key) {
            key.push('_');
        }
        key
    }

    /// Removes entries of one person.
    fn remove(&mut self, home: &str, gone: &[Place]) {
        let home = home.to_ascii_lowercase();
        if let Some(places) = self.people.get_mut(&home) {
            places.retain(|place| !gone.contains(place));
            if places.is_empty() {
                self.people.remove(&home);
            }
        }
        for place in gone {
            self.unindex_on_behalf(*place);
            self.replace(*place, Entry::Gone);
            self.entries_mut(place.section).has_changed = true;
        }
        self.gone = self.gone.saturating_add(gone.len());
        self.changed();
    }

    /// Puts an entry in the place of another, of which nothing is left.
    fn replace(&mut self, place: Place, new: Entry) {
        let old = self.entry_mut(place).map(|entry| std::mem::replace(entry, new));
        if let Some(Entry::Stored { value, .. }) = old {
            self.text.blank(value.range());
        }
    }

    const fn changed(&mut self) {
        self.has_changed = true;
        self.generation = self.generation.wrapping_add(1);
    }

    /// Gives up the places of entries that are gone, once they are many: a long life with many sign-outs must not fill the memory.
    pub fn tidy(&mut self) {
        if self.gone <= MOST_GONE || self.gone <= self.people.len() {
            return;
        }
        self.gone = 0;
        for place in std::mem::take(&mut self.unsaved) {
            if self.unsaved_origin(place).is_some() {
                self.unsaved.push(place);
            }
        }
        let mut moved: [Vec<usize>; 5] = Default::default();
        for (section, moved) in Section::ALL.into_iter().zip(&mut moved) {
            let entries = &mut self.entries_mut(section).entries;
            for entry in std::mem::take(entries) {
                moved.push(entries.len());
                if !matches!(entry, Entry::Gone) {
                    entries.push(entry);
                }
            }
        }
        let indexed = self.people.values_mut().chain(self.on_behalf.values_mut()).flatten();
        for place in indexed.chain(&mut self.unsaved) {
            let moved = moved.get(place.section as usize).and_then(|moved| moved.get(place.index));
            place.index = moved.copied().unwrap_or(place.index);
        }
    }

    fn push(&mut self, section: Section, entry: Entry) -> Place {
        let entries = &mut self.entries_mut(section).entries;
        entries.push(entry);
        Place { section, index: entries.len().saturating_sub(1) }
    }

    fn index(&mut self, home: &str, place: Place) {
        if let Some(places) = self.people.get_mut(home) {
            places.push(place);
        } else if !home.is_empty() || matches!(place.section, Section::AppMetadata | Section::AccessToken) {
            self.people.entry(home.to_ascii_lowercase()).or_default().push(place);
        }
    }

    fn index_on_behalf(&mut self, hash: &str, place: Place) {
        if !hash.is_empty() {
            self.on_behalf.entry(hash.to_owned()).or_default().push(place);
        }
    }

    fn unindex_on_behalf(&mut self, place: Place) {
        if place.section != Section::AccessToken || self.on_behalf.is_empty() {
            return;
        }
        let hash = Entity::read(self.value(place)).text(USER_ASSERTION_HASH).into_owned();
        if let Some(places) = self.on_behalf.get_mut(&hash) {
            places.retain(|known| *known != place);
            if places.is_empty() {
                self.on_behalf.remove(&hash);
            }
        }
    }

    /// One person's entities in a section. As a list, so that the search is compiled once and not for each who asks.
    fn of(&self, whose: &Whose<'_>, section: Section) -> Vec<(Place, Entity<'_>)> {
        let mut found = Vec::new();
        for place in self.alike(whose.home_account_id) {
            if place.section == section && self.is_of(whose, *place) {
                found.push((*place, Entity::read(self.value(*place))));
            }
        }
        found
    }

    /// The places of everybody whose id differs in its capitals at the most.
    fn alike(&self, home_account_id: &str) -> &[Place] {
        self.people.get(&home_account_id.to_ascii_lowercase()).map(Vec::as_slice).unwrap_or_default()
    }

    fn is_of(&self, whose: &Whose<'_>, place: Place) -> bool {
        match self.entry(place) {
            Some(Entry::Stored { home_account_id, environment, .. }) => {
                let text = |span: &Span| unquoted(span.of(self.text.expose())).unwrap_or_default();
                whose.is(&text(home_account_id), &text(environment))
            }
            Some(Entry::Written { value, .. }) => whose.owns(&Entity::read(value.expose())),
            Some(Entry::Gone) | None => false,
        }
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

    fn key(&self, place: Place) -> Cow<'_, str> {
        let json = match self.entry(place) {
            Some(Entry::Stored { key, .. }) => key.of(self.text.expose()),
            Some(Entry::Written { key, .. }) => key,
            Some(Entry::Gone) | None => "",
        };
        unquoted(json).unwrap_or_default()
    }

    fn unsaved_origin(&self, place: Place) -> Option<Origin> {
        if let Some(Entry::Written { unsaved, .. }) = self.entry(place) { *unsaved } else { None }
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
    Error::new(Fault::UnreadableCache { line, column, problem: problem.what })
}
