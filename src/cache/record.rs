//! What MSAL's entities say: from their fields to values, and back.

use std::borrow::Cow;

use crate::cache::entity::{Draft, Entity, Section};
use crate::cache::key;
use crate::cache::scan::unquoted;
use crate::protocol::account::{Account, ClientInfo, Profile, authority_type};
use crate::protocol::authority::{is_guid, is_multi_tenant};
use crate::protocol::cloud::same_environment;
use crate::protocol::id_token::Claims;
use crate::protocol::json;
use crate::protocol::scopes::Scopes;
use crate::secret::Secret;

/// Seconds since 1970, as caches have it.
pub type UnixSeconds = u64;

/// Whose tokens are meant.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// `AccountInfo.homeAccountId`.
    pub home_account_id: &'a str,
    /// A host of the cloud; empty for any.
    pub environment: &'a str,
}

impl Whose<'_> {
    /// Whether that is the person. Ids are compared as they are: `AbC` and `abc` can be two people.
    #[must_use]
    pub fn is(&self, home_account_id: &str, environment: &str) -> bool {
        home_account_id == self.home_account_id
            && (self.environment.is_empty() || same_environment(environment, self.environment))
    }

    /// Whether an entity is that person's.
    #[must_use]
    pub fn owns(&self, entity: &Entity<'_>) -> bool {
        self.is(&entity.text("home_account_id"), &entity.text("environment"))
    }
}

/// Which access token is meant.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The client it was issued to.
    pub client_id: &'a str,
    /// The tenant it is for.
    pub realm: &'a str,
    /// The scopes it must have.
    pub scopes: &'a Scopes,
    /// The API it is for (RFC 8707), where one was named.
    pub resource: Option<&'a str>,
    /// The hash of the token that it was got for, where it is had on behalf of somebody.
    pub user_assertion_hash: Option<&'a str>,
}

impl Wanted<'_> {
    /// Whether a token of that tenant will do. On behalf of somebody any will, unless another is named: the token that they called with is
    /// of one.
    fn is_of_realm(&self, realm: &str) -> bool {
        let is_open = self.user_assertion_hash.is_some() && !(is_guid(self.realm) && is_guid(realm));
        is_open || realm.eq_ignore_ascii_case(self.realm)
    }

    /// Whether an access token will do.
    #[must_use]
    pub fn is(&self, entity: &Entity<'_>) -> bool {
        entity.is("client_id", self.client_id)
            && self.is_of_realm(&realm_of(entity))
            && entity.text("resource") == self.resource.unwrap_or_default()
            && entity.text(USER_ASSERTION_HASH) == self.user_assertion_hash.unwrap_or_default()
            && is_plain(entity)
            && Scopes::granted(&entity.text("target")).cover(self.scopes)
    }
}

/// An access token that is remembered.
#[derive(Debug, Clone)]
pub struct AccessToken {
    /// The token.
    pub secret: Secret,
    /// `Bearer`, as the server wrote it.
    pub token_type: String,
    /// What it is good for: scopes with spaces in between.
    pub target: String,
    /// When it was received.
    pub cached_at: UnixSeconds,
    /// When it expires.
    pub expires_on: UnixSeconds,
    /// Until when it may serve while the server is down.
    pub extended_expires_on: Option<UnixSeconds>,
    /// When it should be renewed.
    pub refresh_on: Option<UnixSeconds>,
}

impl AccessToken {
    /// Reads one; a time that cannot be read is long past.
    #[must_use]
    pub fn read(entity: &Entity<'_>) -> Self {
        let token_type = entity.some_text("token_type");
        Self {
            secret: Secret::new(entity.text("secret").into_owned()),
            token_type: token_type.unwrap_or_else(|| "Bearer".to_owned()),
            target: entity.text("target").into_owned(),
            cached_at: entity.seconds("cached_at").unwrap_or(0),
            expires_on: entity.seconds("expires_on").unwrap_or(0),
            extended_expires_on: entity.seconds("extended_expires_on"),
            refresh_on: entity.seconds("refresh_on"),
        }
    }
}

/// A refresh token that is remembered.
#[derive(Debug, Clone)]
pub struct RefreshToken {
    /// The token.
    pub secret: Secret,
    /// The family of clients that share it; empty for none.
    pub family_id: String,
    /// When it expires, where the server told. Ours: MSAL forgets it.
    pub expires_on: Option<UnixSeconds>,
}

impl RefreshToken {
    /// Reads one; none where it is empty.
    #[must_use]
    pub fn read(entity: &Entity<'_>) -> Option<Self> {
        Some(Self {
            secret: Secret::new(entity.some_text("secret")?),
            family_id: entity.text("family_id").into_owned(),
            expires_on: entity.seconds("expires_on"),
        })
    }
}

/// An account that is remembered, as the tenant of one of its profiles knows it.
#[derive(Debug, Clone)]
pub struct Known {
    /// The account.
    pub account: Account,
    /// The ID token from that tenant, where this client has one.
    pub id_token: Option<Secret>,
    /// Its claims.
    pub claims: Option<Claims>,
    /// When somebody last signed in to it, or its tokens were renewed; 0 where nobody wrote that down.
    pub used_at: UnixSeconds,
}

/// Tokens to remember.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    /// The client they were issued to.
    pub client_id: &'a str,
    /// Whose they are, as the tenant knows them that issued the tokens.
    pub account: &'a Account,
    /// `client_info`, as the server sent it.
    pub client_info: Option<&'a str>,
    /// The ID token.
    pub id_token: Option<&'a Secret>,
    /// The access token.
    pub access_token: &'a AccessToken,
    /// The API that the access token is for (RFC 8707), where one was named.
    pub resource: Option<&'a str>,
    /// The refresh token; none where the one that was used stays good.
    pub refresh_token: Option<&'a RefreshToken>,
    /// The hash of the token that the access token was got for, where it is had on behalf of somebody.
    pub user_assertion_hash: Option<&'a str>,
    /// Whether the person signed in. If not, and the account is no longer known, nothing is remembered: they have signed out.
    pub is_sign_in: bool,
}

impl Tokens<'_> {
    /// Whose they are.
    #[must_use]
    pub fn whose(&self) -> Whose<'_> {
        Whose { home_account_id: &self.account.home_account_id, environment: &self.account.environment }
    }

    /// The family of clients that share the refresh token, if it is shared.
    #[must_use]
    pub fn family(&self) -> Option<&str> {
        self.refresh_token.map(|token| token.family_id.as_str()).filter(|family| !family.is_empty())
    }

    /// The entities to write, other than the account: section, key, and fields. `family_owner` is the client that brought the
    /// family's refresh token.
    #[must_use]
    pub fn drafts<'a>(&'a self, family_owner: Option<&'a str>) -> Vec<(Section, String, Draft<'a>)> {
        let Account { home_account_id: home, environment, tenant_id: realm, .. } = self.account;
        let draft = |section: Section, client_id: &str| {
            let mut draft = Draft::default();
            draft.set("home_account_id", home);
            draft.set("environment", environment);
            draft.set("credential_type", section.name());
            draft.set("client_id", client_id);
            draft
        };
        let token = self.access_token;
        let mut drafts = Vec::with_capacity(4);
        if let Some(id_token) = self.id_token {
            let mut fields = draft(Section::IdToken, self.client_id);
            fields.set("secret", id_token.expose());
            fields.set("realm", realm);
            drafts.push((Section::IdToken, key::id_token(home, environment, self.client_id, realm), fields));
        }

        let mut fields = draft(Section::AccessToken, self.client_id);
        fields.set("secret", token.secret.expose());
        fields.set("realm", realm);
        fields.set("target", &token.target);
        fields.set("cached_at", &token.cached_at.to_string());
        fields.set("expires_on", &token.expires_on.to_string());
        let extended = token.extended_expires_on.unwrap_or(token.expires_on);
        fields.set("extended_expires_on", &extended.to_string());
        fields.set_or_remove("refresh_on", token.refresh_on.map(|time| time.to_string()).as_deref());
        fields.set("token_type", &token.token_type);
        fields.set_or_remove("resource", self.resource);
        fields.set_or_remove(USER_ASSERTION_HASH, self.user_assertion_hash);
        // MSAL 2 wrote down what the replaced token had been asked for.
        fields.set_or_remove("requestedClaims", None);
        fields.set_or_remove("requestedClaimsHash", None);
        let key = key::access_token(home, environment, self.client_id, realm, &token.target);
        drafts.push((Section::AccessToken, key, fields));

        let family_id = self.family();
        if let Some(refresh_token) = self.refresh_token {
            let mut fields = draft(Section::RefreshToken, family_owner.unwrap_or(self.client_id));
            fields.set("secret", refresh_token.secret.expose());
            fields.set_or_remove("family_id", family_id);
            fields.set_or_remove("expires_on", refresh_token.expires_on.map(|time| time.to_string()).as_deref());
            // As MSAL Python does: of several refresh tokens, this tells the newest.
            fields.set("last_modification_time", &token.cached_at.to_string());
            let key = key::refresh_token(home, environment, family_id.unwrap_or(self.client_id));
            drafts.push((Section::RefreshToken, key, fields));

            let mut fields = Draft::default();
            fields.set("client_id", self.client_id);
            fields.set("environment", environment);
            fields.set_or_remove("family_id", family_id);
            drafts.push((Section::AppMetadata, key::app_metadata(environment, self.client_id), fields));
        }
        drafts
    }

    /// The account to write: its key and its fields; none where nothing new is known of it. `known` are this person's account
    /// entities.
    #[must_use]
    pub fn account_draft(&self, known: &[Entity<'_>]) -> Option<(String, Draft<'static>)> {
        let account = self.account;
        let profile = Profile::of(account);
        // A server other than Entra may mean something else by a field of that name.
        let is_home = |info: &ClientInfo| account.home_account_id == format!("{}.{}", info.uid, info.utid);
        let info = self.client_info.and_then(|info| ClientInfo::decode(info).ok()).filter(is_home);
        let client_info = self.client_info.filter(|_| info.is_some());
        let (local_account_id, home_realm) =
            info.as_ref().map_or((&account.local_account_id, &account.tenant_id), |info| (&info.uid, &info.utid));
        let base = known.iter().find(|entity| realm_of(entity).eq_ignore_ascii_case(home_realm)).or(known.first());
        let is_known = |known: Profile| known.tenant_id.eq_ignore_ascii_case(&profile.tenant_id);
        if !self.is_sign_in && known.iter().flat_map(profiles_of).any(is_known) {
            return None; // renewing tokens tells nothing new of the person
        }
        let mut draft = Draft::default();
        draft.set("home_account_id", &account.home_account_id);
        draft.set("environment", &account.environment);
        let realm = match base {
            // A guest tenant's names are those of its profile; the account itself has those of its home.
            Some(base) if !account.is_home_tenant => realm_of(base),
            _ => {
                draft.set("local_account_id", local_account_id);
                draft.set("username", &account.username);
                draft.set("authority_type", account.authority_type);
                draft.set("name", account.name.as_deref().unwrap_or_default());
                Cow::Borrowed(home_realm.as_str())
            }
        };
        draft.set("realm", &realm);
        let client_info = client_info.map(Cow::Borrowed).or(base.map(|base| base.text("client_info")));
        draft.set_or_remove("client_info", client_info.as_deref().filter(|info| !info.is_empty()));
        if self.is_sign_in {
            draft.set("last_modification_time", &self.access_token.cached_at.to_string());
        }
        let mut profiles = Vec::new();
        for entity in known {
            if realm_of(entity).eq_ignore_ascii_case(&realm) {
                profiles.append(&mut profile_items(entity));
            }
        }
        draft.set_raw(PROFILES, &merged(profiles, vec![ProfileItem::written(profile, "")]));
        Some((key::account(&account.home_account_id, &account.environment, &realm), draft))
    }
}

/// Whether of two entities of one person the first replaces the second.
#[must_use]
pub fn replaces(section: Section, new: &Entity<'_>, old: &Entity<'_>) -> bool {
    let both = |name: &str| old.is(name, &new.text(name));
    let same_realm = || realm_of(old).eq_ignore_ascii_case(&realm_of(new));
    match section {
        Section::Account => same_realm(),
        Section::IdToken => both("client_id") && same_realm(),
        Section::AccessToken => {
            both("client_id")
                && same_realm()
                && new.text("resource") == old.text("resource")
                && is_same_behalf(new, old)
                && is_plain(old)
                && Scopes::granted(&new.text("target")).overlap(&Scopes::granted(&old.text("target")))
        }
        Section::RefreshToken => both("family_id") && (!new.text("family_id").is_empty() || both("client_id")),
        Section::AppMetadata => {
            both("client_id") && same_environment(&new.text("environment"), &old.text("environment"))
        }
    }
}

/// Where an access token that is had on behalf of somebody says for which token of theirs: MSAL's name.
pub(crate) const USER_ASSERTION_HASH: &str = "userAssertionHash";

/// Whether two access tokens are had for the same token of somebody's, or for none. Of a person, one that has expired is replaced by any:
/// a service sees a new token of theirs every hour.
fn is_same_behalf(new: &Entity<'_>, old: &Entity<'_>) -> bool {
    let [new_hash, old_hash] = [new, old].map(|entity| entity.text(USER_ASSERTION_HASH));
    let has_expired = || old.seconds("expires_on") <= new.seconds("cached_at");
    new_hash == old_hash || (!new_hash.is_empty() && !old_hash.is_empty() && has_expired())
}

/// Whether an access token is for whoever bears it: not bound to a key, nor to what else was asked.
fn is_plain(entity: &Entity<'_>) -> bool {
    const BOUND: [&str; 2] = ["key_id", "additionalCacheKeyComponents"];
    entity.is("credential_type", Section::AccessToken.name())
        && BOUND.iter().all(|name| matches!(entity.raw(name), None | Some("null" | "\"\"")))
}

/// The tenant that an entity is for. MSAL Python writes down `organizations` where it was asked for that: it is then the
/// account's home that answered.
#[must_use]
pub fn realm_of<'a>(entity: &Entity<'a>) -> Cow<'a, str> {
    let realm = entity.text("realm");
    if is_multi_tenant(&realm) {
        let home = entity.text("home_account_id");
        if let Some(utid) = home.split('.').nth(1) {
            return Cow::Owned(utid.to_owned());
        }
    }
    realm
}

/// When an entity was written, where somebody wrote that down.
#[must_use]
pub fn recency(entity: &Entity<'_>) -> UnixSeconds {
    let time = |name: &str| entity.seconds(name).unwrap_or(0);
    time("cached_at").max(time("last_modification_time"))
}

/// The field of an account that lists its profiles: JSON in strings.
const PROFILES: &str = "tenantProfiles";

/// One of them.
struct ProfileItem<'a> {
    /// What it says, if it can be read.
    profile: Option<Profile>,
    /// As it stands in the list.
    json: Cow<'a, str>,
}

impl ProfileItem<'_> {
    /// As MSAL writes it, with what others have added to an older one.
    fn written(profile: Profile, old: &str) -> Self {
        let mut draft = Draft::default();
        draft.set("tenantId", &profile.tenant_id);
        draft.set("localAccountId", &profile.local_account_id);
        draft.set_or_remove("name", profile.name.as_deref());
        draft.set("username", &profile.username);
        draft.set_or_remove("loginHint", profile.login_hint.as_deref());
        draft.set_or_remove("upn", profile.upn.as_deref());
        draft.set_raw("isHomeTenant", if profile.is_home_tenant { "true" } else { "false" });
        Self { json: Cow::Owned(json::quoted(&draft.written(&Entity::read(old)))), profile: Some(profile) }
    }

    fn replaces(&self, old: &Self) -> bool {
        match (&self.profile, &old.profile) {
            (Some(new), Some(old)) => new.tenant_id.eq_ignore_ascii_case(&old.tenant_id),
            _ => self.json == old.json,
        }
    }

    fn put_over(self, old: &mut Self) {
        if let Some(profile) = self.profile {
            *old = Self::written(profile, &unquoted(&old.json).unwrap_or_default());
        }
    }
}

fn profile_items<'a>(entity: &Entity<'a>) -> Vec<ProfileItem<'a>> {
    let read = |json: &str| Profile::read(&unquoted(json)?);
    let items = entity.items(PROFILES).into_iter();
    let mut items: Vec<_> = items.map(|json| ProfileItem { profile: read(json), json: Cow::Borrowed(json) }).collect();
    if !items.iter().any(|item| item.profile.is_some()) {
        // MSAL Python writes none, and an account for each tenant.
        let realm = realm_of(entity);
        let home = entity.text("home_account_id");
        let own = Profile {
            local_account_id: entity.text("local_account_id").into_owned(),
            username: entity.text("username").into_owned(),
            name: entity.some_text("name"),
            is_home_tenant: home.split('.').nth(1).is_none_or(|utid| realm.eq_ignore_ascii_case(utid)),
            tenant_id: realm.into_owned(),
            ..Profile::default()
        };
        items.push(ProfileItem::written(own, ""));
    }
    items
}

/// The profiles of an account: one for each tenant it has signed in to.
pub fn profiles_of(entity: &Entity<'_>) -> Vec<Profile> {
    profile_items(entity).into_iter().filter_map(|item| item.profile).collect()
}

/// Profiles with newer ones among them, as a list of JSON: of one tenant's the newer, over the older and in its place.
fn merged<'a>(known: Vec<ProfileItem<'a>>, newer: Vec<ProfileItem<'a>>) -> String {
    let mut merged: Vec<ProfileItem<'a>> = Vec::with_capacity(known.len());
    for (is_newer, items) in [(false, known), (true, newer)] {
        for item in items {
            match merged.iter_mut().find(|known| item.replaces(known)) {
                Some(known) if is_newer => item.put_over(known),
                Some(_) => {}
                None => merged.push(item),
            }
        }
    }
    let mut list = String::from("[");
    for item in &merged {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&item.json);
    }
    list.push(']');
    list
}

/// An account that was changed here, over what others have made of it meanwhile: `theirs`, which it replaces. Whoever wrote last
/// knows best, and nobody's profiles are lost. None where nothing of it is missing there.
#[must_use]
pub fn rebased<'a>(mine: &Entity<'a>, theirs: &[Entity<'_>]) -> Option<Draft<'a>> {
    let my_profiles = profile_items(mine);
    let mut profiles = Vec::new();
    let mut time = None;
    for entity in theirs {
        time = time.max(Some(recency(entity)));
        profiles.append(&mut profile_items(entity));
    }
    if time < Some(recency(mine)) {
        let mut draft = Draft::over(mine);
        draft.set_raw(PROFILES, &merged(profiles, my_profiles));
        return Some(draft);
    }
    if my_profiles.iter().all(|mine| profiles.iter().any(|known| mine.replaces(known))) {
        return None;
    }
    let mut draft = Draft::default();
    for name in ["home_account_id", "environment", "realm"] {
        draft.set(name, &mine.text(name));
    }
    draft.set_raw(PROFILES, &merged(my_profiles, profiles));
    Some(draft)
}

/// The account itself.
#[must_use]
pub fn account(entity: &Entity<'_>, profiles: Vec<Profile>) -> Account {
    let info = ClientInfo::decode(&entity.text("client_info")).ok();
    Account {
        home_account_id: entity.text("home_account_id").into_owned(),
        environment: entity.text("environment").into_owned(),
        tenant_id: realm_of(entity).into_owned(),
        username: entity.text("username").into_owned(),
        local_account_id: entity.text("local_account_id").into_owned(),
        name: entity.some_text("name"),
        authority_type: authority_type(&entity.text("authority_type")),
        data_boundary: info.and_then(|info| info.data_boundary),
        profiles,
        ..Account::default()
    }
}
