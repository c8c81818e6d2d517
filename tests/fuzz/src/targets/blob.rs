//! cache/store.rs, with cache/scan.rs and cache/record.rs: two blobs, one read after the other, with changes in between.
//!
//! An input is a line of [`act`]'s letters and two blobs, with [`NEXT`] in between.

use std::collections::BTreeSet;

use doorcode::cache::entity::Section;
use doorcode::cache::record::{AccessToken, RefreshToken, Tokens, Wanted, Whose};
use doorcode::cache::store::Store;
use doorcode::protocol::account::{Account, Profile};
use doorcode::protocol::json::{self, Object, Value};
use doorcode::protocol::scopes::Scopes;
use doorcode::secret::Secret;
use serde::de::IgnoredAny;

use super::secrecy::{assert_without, shown};
use super::{MARK, input};

const NEXT: &str = "\n----\n";

/// The most changes that are made.
const MOST: usize = 12;

const CLIENT: &str = "client";
const CLOUD: &str = "login.windows.net";

/// Who changes something here.
const PEOPLE: [&str; 2] = ["ada.tenant", "grace.tenant"];

/// Takes letters and two blobs.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (letters, blobs) = input::cut(&text, NEXT);
    let (first, second) = input::cut(blobs, NEXT);
    let mut store = Store::default();
    load(&mut store, first);
    let read = written(&store);

    let mut unsaved = [Unsaved::Nothing; 2];
    for (number, letter) in letters.chars().take(MOST).enumerate() {
        act(&mut store, letter, 2_000_000_000 + number as u64, &mut unsaved);
    }
    ask(&store);
    if !store.has_changed() && !letters.contains(['p', 'c']) {
        assert_eq!(read, written(&store), "nothing was changed");
    }
    assert_keeps(&read, &store, letters);

    if !load(&mut store, second) {
        return;
    }
    let mut fresh = Store::default();
    assert!(load(&mut fresh, second));
    assert_keeps(&written(&fresh), &store, letters);
    ask(&store);
    for (home, unsaved) in PEOPLE.iter().zip(unsaved) {
        let expected = match unsaved {
            Unsaved::Nothing => fresh.knows(&whose(home)),
            Unsaved::SignIn => true,
            Unsaved::SignOut => false,
        };
        assert_eq!(store.knows(&whose(home)), expected, "{home}, {unsaved:?}: {}", written(&store));
    }
}

/// The last that a person did and that is not saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unsaved {
    Nothing,
    SignIn,
    SignOut,
}

const fn whose(home_account_id: &str) -> Whose<'_> {
    Whose { home_account_id, environment: CLOUD }
}

fn written(store: &Store) -> String {
    store.write().expose().to_owned()
}

/// Reads a blob, or does nothing at all. What is read is JSON, and what is refused is not a cache.
fn load(store: &mut Store, text: &str) -> bool {
    let before = (written(store), store.generation(), store.has_changed());
    let is_json = serde_json::from_str::<IgnoredAny>(text.strip_prefix('\u{FEFF}').unwrap_or(text)).is_ok();
    match store.load(text.to_owned()) {
        Ok(()) => {
            assert!(is_json || text.trim_start_matches('\u{FEFF}').trim().is_empty(), "that is no JSON: {text}");
            true
        }
        Err(error) => {
            assert_without(&shown(&error), &[MARK]);
            assert!(!is_json || !is_cache(text), "refused: {error}: {text}");
            assert_eq!(before, (written(store), store.generation(), store.has_changed()));
            false
        }
    }
}

/// Whether a text is a blob that must be read, as far as another parser can tell.
fn is_cache(text: &str) -> bool {
    json::object(text).is_ok_and(|object| {
        let is_section =
            |(name, value): (&str, &Value)| !is_known(name) || matches!(value, Value::Object(_) | Value::Null);
        depth(&Value::Object(object.clone())) <= 100
            && !text.starts_with("\u{FEFF}\u{FEFF}")
            && object.iter().all(is_section)
    })
}

fn depth(value: &Value) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

fn is_known(section: &str) -> bool {
    Section::ALL.iter().any(|known| known.name() == section)
}

/// One change: `s` and `S` sign in, `f` as one of a family, `r` and `R` renew, `o` and `O` sign out, `x` forgets a refresh token, `n` is a token
/// of the client's own and `b` one on behalf of somebody, `t` tidies, `p` saves, `c` clears.
fn act(store: &mut Store, letter: char, now: u64, unsaved: &mut [Unsaved; 2]) {
    let index = usize::from(letter.is_ascii_uppercase());
    let home = PEOPLE[index];
    match letter {
        's' | 'S' | 'f' => {
            let family = if letter == 'f' { "1" } else { "" };
            assert!(save(store, home, family, None, now, true));
            unsaved[index] = Unsaved::SignIn;
        }
        'r' | 'R' => {
            let knows = store.knows(&whose(home));
            assert_eq!(save(store, home, "", None, now, false), knows);
        }
        'b' => {
            assert!(save(store, home, "", Some("hash"), now, true));
            unsaved[index] = Unsaved::SignIn;
            let scopes = Scopes::granted("User.Read");
            let wanted = Wanted {
                client_id: CLIENT,
                realm: "tenant",
                scopes: &scopes,
                resource: None,
                user_assertion_hash: Some("hash"),
            };
            assert!(store.access_token_on_behalf("hash", CLOUD, &wanted).is_some());
        }
        'n' => {
            save(store, "", "", None, now, true);
        }
        'o' | 'O' => {
            if store.sign_out(&whose(home)) {
                unsaved[index] = Unsaved::SignOut;
            }
            assert!(!store.knows(&whose(home)) && store.refresh_tokens(&whose(home), CLIENT).is_empty());
        }
        'x' => {
            if let Some(token) = store.refresh_tokens(&whose(home), CLIENT).first() {
                store.forget(&whose(home), &token.secret);
                let left = store.refresh_tokens(&whose(home), CLIENT);
                assert!(left.iter().all(|left| left.secret != token.secret));
            }
        }
        't' => store.tidy(),
        'p' => {
            store.saved();
            *unsaved = [Unsaved::Nothing; 2];
        }
        'c' => {
            store.clear();
            *unsaved = [Unsaved::Nothing; 2];
        }
        _ => {}
    }
}

/// Remembers tokens; nobody's where there is no id.
fn save(store: &mut Store, home: &str, family: &str, hash: Option<&str>, now: u64, is_sign_in: bool) -> bool {
    let secret = |kind: &str| Secret::new(format!("{MARK}-{kind}-{now}"));
    let (local, tenant) = home.split_once('.').unwrap_or(("", "tenant"));
    let mut account = Account {
        home_account_id: home.to_owned(),
        environment: CLOUD.to_owned(),
        tenant_id: tenant.to_owned(),
        username: format!("{local}@example.com"),
        local_account_id: local.to_owned(),
        authority_type: "MSSTS",
        is_home_tenant: true,
        ..Account::default()
    };
    account.profiles.push(Profile::of(&account));
    let (id_token, refresh_token) =
        (secret("id"), RefreshToken { secret: secret("rt"), family_id: family.to_owned(), expires_on: None });
    let is_plain = !home.is_empty() && hash.is_none();
    let tokens = Tokens {
        client_id: CLIENT,
        account: &account,
        client_info: None,
        id_token: is_plain.then_some(&id_token),
        access_token: &AccessToken {
            secret: secret("at"),
            token_type: "Bearer".to_owned(),
            target: "User.Read openid".to_owned(),
            cached_at: now,
            expires_on: now + 3600,
            extended_expires_on: None,
            refresh_on: None,
        },
        resource: None,
        refresh_token: is_plain.then_some(&refresh_token),
        user_assertion_hash: hash,
        is_sign_in,
    };
    if home.is_empty() {
        store.save_nobodys(&tokens);
        return true;
    }
    let saved = store.save(&tokens);
    if saved && is_plain {
        let scopes = Scopes::granted("User.Read");
        let wanted =
            Wanted { client_id: CLIENT, realm: tenant, scopes: &scopes, resource: None, user_assertion_hash: None };
        assert!(store.access_token(&whose(home), &wanted).is_some(), "{}", written(store));
        let found = store.refresh_tokens(&whose(home), CLIENT);
        assert!(found.iter().any(|token| token.secret == refresh_token.secret), "{}", written(store));
    }
    saved
}

/// Asks everything that can be asked, of everybody.
fn ask(store: &Store) {
    for known in store.accounts(CLIENT) {
        let account = &known.account;
        let whose = Whose { home_account_id: &account.home_account_id, environment: &account.environment };
        assert!(store.knows(&whose));
        assert!(store.account(&whose, CLIENT, &account.tenant_id).is_some());
        assert!(store.profiles(&whose).iter().any(|profile| profile.tenant_id == account.tenant_id));
        for token in store.refresh_tokens(&whose, CLIENT) {
            assert!(!token.secret.expose().is_empty());
        }
        let scopes = Scopes::granted("openid");
        let wanted = Wanted {
            client_id: CLIENT,
            realm: &account.tenant_id,
            scopes: &scopes,
            resource: None,
            user_assertion_hash: None,
        };
        let _ = store.access_token(&whose, &wanted);
    }
    let _ = store.first_account();
}

/// What is written is JSON and reads as it was written, and holds whatever of `text` was nobody's business here.
fn assert_keeps(text: &str, store: &Store, letters: &str) {
    let blob = written(store);
    assert!(serde_json::from_str::<IgnoredAny>(&blob).is_ok() || blob.trim().is_empty(), "no JSON: {blob}");
    let mut again = Store::default();
    assert!(load(&mut again, &blob));
    assert_eq!(written(&again), blob);
    if letters.contains('c') {
        return;
    }
    // What our other parser cannot hold, such as 1e999, is left to the tests.
    let (Ok(before), Ok(after)) = (json::object(text), json::object(&blob)) else {
        return;
    };
    let others = |object: &Object| -> Vec<(String, Value)> {
        let is_other = |name: &str| !is_known(name);
        object.clone().into_iter().filter(|(name, _)| is_other(name)).collect()
    };
    assert_eq!(others(&before), others(&after), "{blob}");
    for section in Section::ALL.iter().filter(|section| **section != Section::AppMetadata) {
        let after = entries(&after, *section);
        let mut found = after.iter();
        for entry in entries(&before, *section) {
            let whole = json::written(&[entry.clone()].into_iter().collect());
            let is_ours = PEOPLE.iter().any(|home| whole.contains(home));
            let is_nobodys = *section == Section::AccessToken && letters.contains('n') && home_of(&entry.1).is_empty();
            assert!(is_ours || is_nobodys || found.any(|found| *found == entry), "{entry:?} is lost: {blob}");
        }
        if has_names_of_its_own(&entries(&before, *section)) {
            assert!(has_names_of_its_own(&after), "a key is there twice, or somebody else's: {blob}");
        }
    }
}

fn entries(object: &Object, section: Section) -> Vec<(String, Value)> {
    let sections = object.iter().filter(|(name, _)| *name == section.name());
    let members =
        sections.filter_map(|(_, value)| if let Value::Object(members) = value { Some(members.clone()) } else { None });
    members.flatten().collect()
}

fn home_of(entity: &Value) -> &str {
    if let Value::Object(entity) = entity { json::text(entity, "home_account_id").unwrap_or_default() } else { "" }
}

/// Whether each entry has a key that nobody else has, and that begins with its owner.
fn has_names_of_its_own(entries: &[(String, Value)]) -> bool {
    let mut names = BTreeSet::new();
    entries.iter().all(|(key, entity)| {
        names.insert(key) && key.starts_with(&format!("{}-", home_of(entity).to_ascii_lowercase()))
    })
}
