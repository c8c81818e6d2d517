//! cache/store.rs

use std::collections::{BTreeMap, BTreeSet};

use doorcode::cache::entity::Entity;
use doorcode::cache::record::{AccessToken, RefreshToken, Tokens, Wanted, Whose};
use doorcode::cache::scan::{Scanner, unescaped};
use doorcode::cache::store::Store;
use doorcode::protocol::account::{Account, Profile};
use doorcode::protocol::scopes::Scopes;
use doorcode::secret::Secret;
use serde_json::{Value, json};

use crate::random::Random;

const CLIENT: &str = "client";
const CLOUD: &str = "login.windows.net";
const OTHER_NAME: &str = "login.microsoftonline.com";
const SECTIONS: [&str; 5] = ["Account", "IdToken", "AccessToken", "RefreshToken", "AppMetadata"];

fn account(home: &str, environment: &str) -> Account {
    let mut account = Account {
        home_account_id: home.to_owned(),
        environment: environment.to_owned(),
        tenant_id: home.split('.').nth(1).unwrap_or_default().to_owned(),
        username: format!("{home}@example.com"),
        local_account_id: home.split('.').next().unwrap_or_default().to_owned(),
        name: Some("Name".to_owned()),
        authority_type: "MSSTS",
        is_home_tenant: true,
        ..Account::default()
    };
    account.profiles.push(Profile::of(&account));
    account
}

fn ada() -> Account {
    account("ada.tenant", CLOUD)
}

fn grace() -> Account {
    account("grace.tenant", CLOUD)
}

fn as_guest(account: &Account, tenant: &str) -> Account {
    Account { tenant_id: tenant.to_owned(), is_home_tenant: false, ..account.clone() }
}

const fn whose(account: &Account) -> Whose<'_> {
    Whose { home_account_id: account.home_account_id.as_str(), environment: account.environment.as_str() }
}

/// What a server gives: `AT-n`, `RT-n` and `ID-n`, at the time `n`.
#[derive(Clone)]
struct Given<'a> {
    client: &'a str,
    target: &'a str,
    resource: Option<&'a str>,
    family: &'a str,
    refresh_on: Option<u64>,
    refresh_expires_on: Option<u64>,
}

impl Default for Given<'_> {
    fn default() -> Self {
        Self {
            client: CLIENT,
            target: "User.Read openid profile",
            resource: None,
            family: "",
            refresh_on: None,
            refresh_expires_on: None,
        }
    }
}

impl Given<'_> {
    fn save(&self, store: &mut Store, account: &Account, number: u64, is_sign_in: bool) -> bool {
        let secret = |kind: &str| Secret::new(format!("{kind}-{number}"));
        store.save(&Tokens {
            client_id: self.client,
            account,
            client_info: None,
            id_token: Some(&secret("ID")),
            access_token: &AccessToken {
                secret: secret("AT"),
                token_type: "Bearer".to_owned(),
                target: self.target.to_owned(),
                cached_at: number,
                expires_on: number + 3_600,
                extended_expires_on: None,
                refresh_on: self.refresh_on,
            },
            resource: self.resource,
            refresh_token: Some(&RefreshToken {
                secret: secret("RT"),
                family_id: self.family.to_owned(),
                expires_on: self.refresh_expires_on,
            }),
            user_assertion_hash: None,
            is_sign_in,
        })
    }
}

fn sign_in(store: &mut Store, account: &Account, number: u64) {
    assert!(Given::default().save(store, account, number, true));
}

fn renew(store: &mut Store, account: &Account, number: u64) -> bool {
    Given::default().save(store, account, number, false)
}

fn loaded(blob: &str) -> Store {
    let mut store = Store::default();
    store.load(blob.to_owned()).unwrap();
    store
}

fn written(store: &Store) -> String {
    store.write().expose().to_owned()
}

/// A blob in which these have signed in, at the times 1, 2, …
fn blob_of(accounts: &[&Account]) -> String {
    let mut store = Store::default();
    for (number, account) in (1..).zip(accounts) {
        sign_in(&mut store, account, number);
    }
    written(&store)
}

/// Reads what is stored, does something, and stores what came of it.
fn turn<T>(store: &mut Store, disk: &mut String, act: impl FnOnce(&mut Store) -> T) -> T {
    store.load(disk.clone()).unwrap();
    let output = act(store);
    *disk = written(store);
    store.saved();
    output
}

fn refresh_tokens(store: &Store, account: &Account, client: &str) -> Vec<String> {
    let tokens = store.refresh_tokens(&whose(account), client);
    tokens.iter().map(|token| token.secret.expose().to_owned()).collect()
}

fn access_token_at(store: &Store, account: &Account, client: &str, scopes: &str, resource: Option<&str>) -> String {
    let scopes = Scopes::granted(scopes);
    let wanted =
        Wanted { client_id: client, realm: &account.tenant_id, scopes: &scopes, resource, user_assertion_hash: None };
    store.access_token(&whose(account), &wanted).map(|token| token.secret.expose().to_owned()).unwrap_or_default()
}

fn access_token(store: &Store, account: &Account) -> String {
    access_token_at(store, account, CLIENT, "User.Read", None)
}

fn people(store: &Store) -> Vec<String> {
    store.accounts(CLIENT).into_iter().map(|known| known.account.home_account_id).collect()
}

/// The entities of a section in their order: keys, and JSON. No key of the blob is there twice: others would see the last one only.
fn members(text: &str, wanted: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    let mut scanner = Scanner::new(text).unwrap();
    let outcome = scanner.object(&mut |scanner, section| {
        let section = unescaped(section.of(text));
        assert!(names.insert(section.to_string()), "{section} twice in {text}");
        if scanner.ahead() != Some(b'{') {
            return scanner.value().map(drop);
        }
        let walked = scanner.object(&mut |scanner, key| {
            let key = unescaped(key.of(text));
            assert!(names.insert(format!("{section}/{key}")), "{key} twice in {text}");
            let value = scanner.value()?.of(text);
            if section == wanted {
                found.push((key.into_owned(), value.to_owned()));
            }
            Ok(())
        });
        walked.map(drop)
    });
    outcome.unwrap();
    scanner.end().unwrap();
    found
}

fn entities(blob: &str, section: &str) -> Vec<Value> {
    members(blob, section).iter().map(|(_, entity)| serde_json::from_str(entity).unwrap()).collect()
}

fn secrets(blob: &str, section: &str) -> Vec<String> {
    entities(blob, section).iter().map(|entity| entity["secret"].as_str().unwrap().to_owned()).collect()
}

fn keys(blob: &str, section: &str) -> Vec<String> {
    members(blob, section).into_iter().map(|(key, _)| key).collect()
}

fn value(blob: &str) -> Value {
    serde_json::from_str(blob).unwrap()
}

// ── Reading and writing ─────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn an_empty_text_is_a_cache_with_nothing_in_it() {
    for text in ["", "  \n", "{}", "\u{FEFF}", "\u{FEFF}{}"] {
        let mut store = loaded(text);
        assert!(people(&store).is_empty());
        assert_eq!(
            written(&store),
            r#"{"Account":{},"IdToken":{},"AccessToken":{},"RefreshToken":{},"AppMetadata":{}}"#
        );
        sign_in(&mut store, &ada(), 1);
        assert_eq!(keys(&written(&store), "Account"), ["ada.tenant-login.windows.net-tenant"]);
    }
}

#[test]
fn what_is_not_changed_is_written_as_it_came() {
    let blobs = [
        include_str!("blobs/msal-node-7.signed-in.json"),
        include_str!("blobs/msal-python.family.json"),
        "{ \"Account\" :\t{ } , \"x\":1e400,\"x\":[\"\\ud800\"]}\n",
        r#"{"Account":null}"#,
        r#"{"Account":{"a":{},"a":{}},"Account":{}}"#,
    ];
    for blob in blobs {
        let store = loaded(blob);
        assert!(!store.has_changed());
        if !blob.ends_with(r#""Account":{}}"#) {
            assert_eq!(written(&store), blob);
        }
    }
    assert_eq!(written(&loaded("\u{FEFF}{\"x\":1}")), "{\"x\":1}", "JSON has no byte order mark");
}

#[test]
fn what_is_not_known_here_survives_every_change() {
    let pieces = [
        r#""Unknown":{ "deep":[[[]]], "n":9007199254740993, "e":1.50E+400, "half":"\ud800" }"#,
        r#""__proto__":{"constructor":{"prototype":1}}"#,
        r#""":"empty name""#,
        r#""__proto__":{"credential_type":"Unknown","secret":"s"}"#,
        r#""constructor":5"#,
        r#""null":null"#,
        r#""a list":[ {"home_account_id":"ada.tenant"} ]"#,
        r#""no home":{"secret":"s"}"#,
        r#""odd home":{"home_account_id":["ada.tenant"],"environment":"login.windows.net"}"#,
        r#""half a home":{"home_account_id":"\ud800","environment":"login.windows.net"}"#,
        r#""no name":{"home_account_id":"","environment":"login.windows.net","realm":""}"#,
        r#""unknown":{ "large" : 12345678901234567890.5 }"#,
    ];
    let entities = pieces.get(3..).unwrap().join(" ,\n");
    let section = |name: &str| format!(r#""{name}" : {{ {entities} }}"#);
    let sections = SECTIONS.map(section).join(",");
    let blob = format!("{{{},{},{},{sections}}}", pieces[0], pieces[1], pieces[2]);
    let mut store = loaded(&blob);
    let mut steps: Vec<String> = Vec::new();
    sign_in(&mut store, &ada(), 1);
    steps.push(written(&store));
    renew(&mut store, &ada(), 2);
    store.forget(&whose(&ada()), &Secret::new("RT-2".to_owned()));
    steps.push(written(&store));
    assert!(store.sign_out(&whose(&ada())));
    steps.push(written(&store));
    for step in &steps {
        members(step, "");
        for piece in &pieces {
            assert_eq!(step.matches(piece).count(), blob.matches(piece).count(), "{piece} in {step}");
        }
    }
    assert!(people(&store).is_empty(), "nobody has an empty name");
    assert!(!store.sign_out(&Whose { home_account_id: "", environment: "" }));
}

#[test]
fn unknown_fields_survive_a_renewal_and_known_ones_do_not() {
    let store_of = |blob: &str| {
        let mut store = loaded(blob);
        assert!(renew(&mut store, &ada(), 5));
        written(&store)
    };
    let given = Given { refresh_on: Some(10), refresh_expires_on: Some(20), ..Given::default() };
    let mut store = Store::default();
    given.save(&mut store, &ada(), 1, true);
    let blob = written(&store).replace(r#""environment":"#, r#""unknown":{"n":9007199254740993},"environment":"#);
    let renewed = store_of(&blob);
    assert_eq!(renewed.matches(r#""unknown":{"n":9007199254740993}"#).count(), 4, "{renewed}");
    assert_eq!(secrets(&renewed, "AccessToken"), ["AT-5"]);
    assert_eq!(entities(&renewed, "AccessToken")[0].get("refresh_on"), None, "{renewed}");
    assert_eq!(entities(&renewed, "RefreshToken")[0].get("expires_on"), None, "{renewed}");
}

#[test]
fn sections_may_be_missing_null_or_twice() {
    let (ada_blob, grace_blob) = (blob_of(&[&ada()]), blob_of(&[&grace()]));
    for (nulls, absent) in [(true, ""), (false, "IdToken"), (false, "RefreshToken")] {
        let mut blob = value(&ada_blob);
        for section in ["IdToken", "AppMetadata"] {
            if nulls {
                blob[section] = Value::Null;
            }
        }
        blob.as_object_mut().unwrap().remove(absent);
        let mut store = loaded(&blob.to_string());
        assert_eq!(people(&store), ["ada.tenant"]);
        sign_in(&mut store, &grace(), 2);
        let blob = written(&store);
        assert_eq!(keys(&blob, "IdToken").len(), if nulls || absent == "IdToken" { 1 } else { 2 }, "{blob}");
        assert_eq!(people(&loaded(&blob)), ["ada.tenant", "grace.tenant"]);
    }

    // Twice: JSON's readers see the last one only. Nothing is lost by reading both.
    let mut store =
        loaded(&format!("{},{}", ada_blob.strip_suffix('}').unwrap(), grace_blob.strip_prefix('{').unwrap()));
    assert_eq!(people(&store), ["ada.tenant", "grace.tenant"]);
    let blob = written(&store);
    assert_eq!(keys(&blob, "RefreshToken").len(), 2, "{blob}");
    assert!(store.sign_out(&whose(&ada())));
    assert_eq!(secrets(&written(&store), "RefreshToken"), ["RT-1"]);
    assert_eq!(people(&loaded(&written(&store))), ["grace.tenant"]);
}

#[test]
fn a_name_may_be_written_in_escapes() {
    let blob =
        blob_of(&[&ada()]).replace(r#""Account""#, r#""\u0041ccount""#).replace("ada.tenant", r"\u0061da.tenant");
    let mut store = loaded(&blob);
    assert_eq!(people(&store), ["ada.tenant"]);
    assert_eq!(access_token(&store, &ada()), "AT-1");
    sign_in(&mut store, &grace(), 2);
    assert_eq!(people(&loaded(&written(&store))), ["ada.tenant", "grace.tenant"]);
    sign_in(&mut store, &ada(), 3);
    assert_eq!(secrets(&written(&store), "RefreshToken"), ["RT-3", "RT-2"]);
}

#[test]
fn of_fields_with_one_name_the_last_counts() {
    let (key, entity) = refresh_entity("client---", CLIENT, "", "", "found");
    let entity = entity.to_string().replacen('{', r#"{"home_account_id":"grace.tenant","secret":"not this","#, 1);
    let blob = format!(r#"{{"RefreshToken":{{"{key}":{entity}}}}}"#);
    assert_eq!(refresh_tokens(&loaded(&blob), &ada(), CLIENT), ["found"]);
    assert!(refresh_tokens(&loaded(&blob), &grace(), CLIENT).is_empty());
}

#[test]
fn a_damaged_blob_is_refused_and_the_store_is_as_it_was() {
    let mut store = loaded(&blob_of(&[&ada()]));
    sign_in(&mut store, &grace(), 2);
    let (before, generation) = (written(&store), store.generation());
    let cases = [
        ("{\"Account\":{}", 1, 14, "it is cut off"),
        ("{\n \"Account\": [],\n}", 2, 13, "there should be an object"),
        ("{\"Account\":\"\"}", 1, 12, "there should be an object"),
        ("{\"AccessToken\":0}", 1, 16, "there should be an object"),
        ("{\"Account\":nul}", 1, 15, "there should be a value"),
        ("{}\n\n {}", 3, 2, "something follows behind the end of the JSON"),
        ("[]", 1, 1, "there should be an object"),
        ("null", 1, 1, "there should be an object"),
        ("\"secret\"", 1, 1, "there should be an object"),
        ("\0\0\0\0", 1, 1, "there should be an object"),
        ("\u{FEFF}\u{FEFF}{}", 1, 1, "there should be an object"),
    ];
    for (text, line, column, problem) in cases {
        let error = store.load(text.to_owned()).unwrap_err();
        let expected = doorcode::error::Fault::UnreadableCache { line, column, problem };
        assert_eq!(error.to_string(), expected.to_string(), "{text}");
        assert_eq!((written(&store), store.generation()), (before.clone(), generation), "{text}");
    }
    assert!(store.load(format!("{{\"x\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000))).is_err());
    assert!(store.load(format!("{{\"Account\":{{\"k\":{}1{}}}}}", "{\"a\":".repeat(98), "}".repeat(98))).is_ok());
}

#[test]
fn a_blob_that_is_cut_off_anywhere_is_refused() {
    let mut store = loaded(&blob_of(&[&ada()]));
    for blob in [include_str!("blobs/msal-node-7.family.json"), include_str!("blobs/msal-python.family.json")] {
        let blob = blob.trim_end();
        for end in 1..blob.len() {
            assert!(store.load(blob.get(..end).unwrap().to_owned()).is_err(), "{end}");
        }
        assert_eq!(people(&store), ["ada.tenant"]);
    }
}

#[test]
fn whatever_was_read_can_be_asked_changed_and_written() {
    const PIECES: [&str; 16] = [
        "null",
        "5",
        "1.5e3",
        "true",
        "{}",
        "[]",
        "[[1],{}]",
        r#"{"home_account_id":5}"#,
        r#""""#,
        r#""x""#,
        r#""\ud800""#,
        r#""\"\\""#,
        r#""login.windows.net""#,
        r#""organizations""#,
        r#""Account""#,
        r#""99999999999999999999""#,
    ];
    let mut random = Random::seeded(3);
    let (mut read, mut refused) = (0, 0);
    for (_, blob, _) in BLOBS {
        for _ in 0..60 {
            // Every other part is in quotes: a name, or a value.
            let parts: Vec<&str> = blob.split('"').collect();
            let mut text = String::new();
            let damaged: BTreeSet<usize> = (0..=random.below(4)).map(|_| random.below(parts.len() / 2)).collect();
            for (index, part) in parts.iter().enumerate() {
                match index % 2 {
                    0 => text.push_str(part),
                    _ if damaged.contains(&(index / 2)) => text.push_str(random.pick(&PIECES)),
                    _ => text.push_str(&format!("\"{part}\"")),
                }
            }
            let mut store = Store::default();
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            if store.load(text.clone()).is_err() {
                refused += 1;
                continue;
            }
            assert!(is_json, "{text}");
            read += 1;
            let before = store.accounts(THEIR_CLIENT);
            let whose = Whose { home_account_id: THEIR_HOME, environment: CLOUD };
            let home = account(THEIR_HOME, CLOUD);
            for is_sign_in in [false, true] {
                Given { client: THEIR_CLIENT, ..Given::default() }.save(&mut store, &home, 2_000_000_000, is_sign_in);
            }
            assert_eq!(refresh_tokens(&store, &home, THEIR_CLIENT).first().unwrap(), "RT-2000000000", "{text}");
            let after = loaded(&written(&store)).accounts(THEIR_CLIENT);
            assert!(after.len() >= before.len() && !after.is_empty(), "{text}");
            assert!(store.sign_out(&whose));
            let left = loaded(&written(&store));
            assert!(!left.knows(&whose) && left.refresh_tokens(&whose, THEIR_CLIENT).is_empty(), "{text}");
        }
    }
    assert!(read > 200 && refused > 50, "{read} were read, {refused} refused");
}

#[test]
fn an_id_cannot_break_out_of_its_key() {
    let mut store = Store::default();
    let evil = account("x\",\"y\":{\"home_account_id\":\"ada.tenant\"},\"\\\n\u{0}é", "id.example");
    for client in [CLIENT, "cl\"ient\\"] {
        Given { client, target: "a\"b", ..Given::default() }.save(&mut store, &evil, 1, true);
    }
    let blob = written(&store);
    let mut store = loaded(&blob);
    assert_eq!(people(&store), [evil.home_account_id.as_str()]);
    sign_in(&mut store, &evil, 2);
    assert_eq!(refresh_tokens(&store, &evil, CLIENT), ["RT-2"]);
    store.load(blob_of(&[&ada()])).unwrap();
    assert_eq!(keys(&written(&store), "Account").len(), 2);
    assert!(store.sign_out(&whose(&evil)));
    assert_eq!(people(&loaded(&written(&store))), ["ada.tenant"]);
}

#[test]
fn ten_thousand_accounts_are_sixty_megabytes_and_each_is_found() {
    let mut blob = String::from("{\"Account\":{},\"RefreshToken\":{");
    let filler = "x".repeat(5_800);
    for number in 0..10_000 {
        let comma = if number == 0 { "" } else { "," };
        blob.push_str(&format!(
            r#"{comma}"p{number}.t-rt":{{"home_account_id":"p{number}.t","environment":"{CLOUD}","client_id":"{CLIENT}","secret":"RT-{number}","filler":"{filler}"}}"#
        ));
    }
    blob.push_str("}}");
    assert!(blob.len() > 59_000_000);
    let mut store = loaded(&blob);
    for number in [0, 1, 5_000, 9_999] {
        assert_eq!(refresh_tokens(&store, &account(&format!("p{number}.t"), CLOUD), CLIENT), [format!("RT-{number}")]);
    }
    assert!(store.sign_out(&whose(&account("p5000.t", CLOUD))));
    let length = store.write().expose().len();
    assert!(blob.len() - length > 5_800 && blob.len() - length < 6_200);
}

// ── What other libraries wrote ──────────────────────────────────────────────────────────────────────────────────────

const THEIR_CLIENT: &str = "00000000-aaaa-4bbb-8ccc-dddddddddddd";
const SIBLING: &str = "00000000-1111-4bbb-8ccc-dddddddddddd";
const THEIR_HOME: &str = "99999999-8888-4777-8666-555555555555.11111111-2222-4333-8444-555555555555";
const BLOBS: [(&str, &str, &[&str]); 9] = [
    ("msal-node 7", include_str!("blobs/msal-node-7.signed-in.json"), &[]),
    ("msal-node 7, family", include_str!("blobs/msal-node-7.family.json"), &["RT-7"]),
    ("msal-node 7, guest", include_str!("blobs/msal-node-7.home-and-guest.json"), &[]),
    ("msal-node 2", include_str!("blobs/msal-node-2.signed-in.json"), &["RT-10"]),
    ("MSAL Python, family", include_str!("blobs/msal-python.family.json"), &["RT-26"]),
    ("MSAL Python, guest", include_str!("blobs/msal-python.home-and-guest.json"), &["RT-25"]),
    ("MSAL Python, /organizations", include_str!("blobs/msal-python.organizations.json"), &["RT-23"]),
    ("msal-node 2, then 7", include_str!("blobs/upgraded-2-to-7.json"), &["RT-12", "RT-11"]),
    ("MSAL Python, then msal-node 7", include_str!("blobs/msal-python-then-node-7.json"), &["RT-30", "RT-31"]),
];

#[test]
fn what_any_library_wrote_is_found_renewed_and_signed_out() {
    for (name, blob, expected) in BLOBS {
        for environment in [CLOUD, OTHER_NAME] {
            let mut store = loaded(blob);
            let whose = Whose { home_account_id: THEIR_HOME, environment };
            let accounts = store.accounts(THEIR_CLIENT);
            let is_guest = name.contains("guest");
            assert_eq!(accounts.len(), if is_guest { 2 } else { 1 }, "{name}");
            for known in &accounts {
                assert_eq!(known.account.username, "ada@contoso.example", "{name}");
                assert_eq!(known.account.name.as_deref(), Some("Ada Lovelace"), "{name}");
                assert_eq!(known.account.profiles.len(), accounts.len(), "{name}");
                assert!(known.id_token.is_some() && known.claims.is_some() && known.used_at > 1_795_000_000, "{name}");
            }
            let home = &accounts[0].account;
            assert_eq!((home.tenant_id.as_str(), home.is_home_tenant), ("11111111-2222-4333-8444-555555555555", true));
            let tokens =
                refresh_tokens(&store, &Account { environment: environment.to_owned(), ..home.clone() }, THEIR_CLIENT);
            assert!(expected.is_empty() || tokens == *expected, "{name}: {tokens:?}");
            assert!(access_token_at(&store, home, THEIR_CLIENT, "User.Read", None).starts_with("AT-"), "{name}");
            assert_eq!(access_token_at(&store, home, SIBLING, "User.Read", None), "");

            let family = if name.contains("family") { "1" } else { "" };
            let renewed = Account { environment: CLOUD.to_owned(), ..home.clone() };
            let given = Given { client: THEIR_CLIENT, family, ..Given::default() };
            assert!(given.save(&mut store, &renewed, 2_000_000_000, false), "{name}");
            let text = written(&store);
            let secrets = secrets(&text, "RefreshToken");
            assert_eq!(secrets, ["RT-2000000000"], "{name}: one is left");
            assert_eq!(entities(&text, "AccessToken").len(), accounts.len(), "{name}");
            assert_eq!(entities(&text, "IdToken").len(), accounts.len(), "{name}");
            assert_eq!(store.accounts(THEIR_CLIENT).len(), accounts.len(), "{name}");

            assert!(store.sign_out(&whose));
            let left = written(&store);
            for section in SECTIONS.into_iter().take(4) {
                assert!(members(&left, section).is_empty(), "{name}");
            }
            assert!(!store.knows(&whose));
        }
    }
}

#[test]
fn a_sign_in_to_what_msal_python_wrote_leaves_one_account() {
    for (name, blob, _) in BLOBS {
        let mut store = loaded(blob);
        let before = store.accounts(THEIR_CLIENT);
        let home = Account { environment: CLOUD.to_owned(), ..before[0].account.clone() };
        Given { client: THEIR_CLIENT, ..Given::default() }.save(&mut store, &home, 2_000_000_000, true);
        let after = loaded(&written(&store)).accounts(THEIR_CLIENT);
        let tenants = |list: &[doorcode::cache::record::Known]| {
            list.iter().map(|known| known.account.tenant_id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(tenants(&after), tenants(&before), "{name}");
        assert!(after.iter().all(|known| known.used_at == 2_000_000_000), "{name}");
    }
}

#[test]
fn an_id_token_of_msal_node_7_is_newer_than_one_of_msal_node_2() {
    let entity = |key: &str, secret: &str| {
        format!(
            r#""h.t-{CLOUD}-idtoken-client-t{key}":{{"home_account_id":"h.t","environment":"{CLOUD}","client_id":"client","realm":"t","secret":"{secret}"}}"#
        )
    };
    for (first, second) in [("--", "---"), ("---", "--")] {
        let secret = |key: &str| if key == "--" { "new" } else { "old" };
        let blob = format!(r#"{{"IdToken":{{{},{}}}}}"#, entity(first, secret(first)), entity(second, secret(second)));
        let store = loaded(&blob);
        let token = store.id_token(&Whose { home_account_id: "h.t", environment: CLOUD }, CLIENT, "t");
        assert_eq!(token.unwrap().expose(), "new");
    }
}

// ── Which tokens ────────────────────────────────────────────────────────────────────────────────────────────────────

fn refresh_entity(key: &str, client: &str, family: &str, time: &str, secret: &str) -> (String, Value) {
    let mut entity = json!({"home_account_id": "ada.tenant", "environment": CLOUD, "credential_type": "RefreshToken",
        "client_id": client, "secret": secret});
    for (name, value) in [("family_id", family), ("last_modification_time", time)] {
        if !value.is_empty() {
            entity[name] = value.into();
        }
    }
    (format!("ada.tenant-{CLOUD}-refreshtoken-{key}"), entity)
}

fn blob_with(refresh: &[(String, Value)], apps: &[Value]) -> String {
    let members = |entities: &[(String, Value)]| {
        entities.iter().map(|(key, entity)| format!("{}:{entity}", json!(key))).collect::<Vec<_>>().join(",")
    };
    let apps: Vec<(String, Value)> =
        (0..).zip(apps).map(|(index, app): (i32, _)| (index.to_string(), app.clone())).collect();
    format!(r#"{{"RefreshToken":{{{}}},"AppMetadata":{{{}}}}}"#, members(refresh), members(&apps))
}

#[test]
fn the_newest_refresh_token_comes_first() {
    let entity = |key: &str, time: &str, secret: &str| refresh_entity(key, CLIENT, "", time, secret);
    let found = |list: &[(String, Value)]| refresh_tokens(&loaded(&blob_with(list, &[])), &ada(), CLIENT);
    let (old, new) = (entity("client--user.read", "5", "old"), entity("client---", "7", "new"));
    assert_eq!(found(&[old.clone(), new.clone()]), ["new", "old"]);
    assert_eq!(found(&[new.clone(), old.clone()]), ["new", "old"]);
    let odd = entity("odd", "8", "odd");
    assert_eq!(found(&[odd, old.clone(), new.clone()]), ["odd", "new", "old"], "whatever its key");
    let untimed = entity("client----", "", "untimed");
    assert_eq!(found(&[untimed.clone(), old.clone(), new]), ["new", "old", "untimed"]);
    assert_eq!(
        found(&[untimed.clone(), entity("client---", "", "seven")]),
        ["seven", "untimed"],
        "the key of MSAL Node 7"
    );
    assert_eq!(found(&[entity("client---", "", "seven"), untimed.clone()]), ["seven", "untimed"]);
    assert_eq!(found(&[entity("x", "", "first"), entity("y", "", "later")]), ["later", "first"]);
    assert_eq!(found(&[entity("client---", "", ""), untimed]), ["untimed"], "an empty one is none");
}

#[test]
fn a_family_shares_its_refresh_token_and_nobody_else_does() {
    let own = || refresh_entity("client---", CLIENT, "", "9", "own");
    let shared = || refresh_entity("1---", "sibling", "1", "5", "family");
    let strangers = || refresh_entity("stranger---", "stranger", "", "9", "stranger's");
    let app = |environment: &str, family: Value| json!({"client_id": "Client", "environment": environment, "family_id": family});
    let found =
        |apps: &[Value], list: &[(String, Value)]| refresh_tokens(&loaded(&blob_with(list, apps)), &ada(), CLIENT);
    let all = [own(), shared(), strangers()];
    assert_eq!(found(&[app(CLOUD, json!("1"))], &all), ["family", "own"], "the family's first");
    assert_eq!(found(&[app(OTHER_NAME, json!("1"))], &all), ["family", "own"], "under any name of the cloud");
    assert_eq!(found(&[], &all), ["own", "family"], "nobody knows");
    assert_eq!(found(&[app("id.example", json!("1"))], &all), ["own", "family"], "nobody knows in this cloud");
    assert_eq!(found(&[app(CLOUD, json!(""))], &all), ["own"], "it is known to have none");
    assert_eq!(found(&[app(CLOUD, Value::Null)], &all), ["own"]);
    assert_eq!(found(&[app(CLOUD, json!("2"))], &all), ["own"], "another family");
    let apps = [app(OTHER_NAME, json!("")), app(CLOUD, json!("1")), app(OTHER_NAME, json!(""))];
    assert_eq!(found(&apps, &all), ["family", "own"], "one of its names has heard of the family");
    let brought = refresh_entity("1---", CLIENT, "1", "5", "brought");
    assert_eq!(found(&[app(CLOUD, json!(""))], &[brought]), ["brought"], "one's own in any case");
}

#[test]
fn a_family_s_refresh_token_stays_that_of_the_client_that_brought_it() {
    let mut store = Store::default();
    let given = |client| Given { client, family: "1", ..Given::default() };
    given(CLIENT).save(&mut store, &ada(), 1, true);
    given("sibling").save(&mut store, &ada(), 2, false);
    let blob = written(&store);
    let tokens = entities(&blob, "RefreshToken");
    assert_eq!(tokens.len(), 1);
    assert_eq!((&tokens[0]["client_id"], &tokens[0]["secret"]), (&json!(CLIENT), &json!("RT-2")));
    assert_eq!(keys(&blob, "RefreshToken"), ["ada.tenant-login.windows.net-refreshtoken-1---"]);
    assert_eq!(keys(&blob, "AppMetadata").len(), 2);
    assert_eq!(secrets(&blob, "AccessToken"), ["AT-1", "AT-2"]);
}

#[test]
fn a_client_is_known_to_belong_to_a_family_once() {
    let pythons = json!({"client_id": CLIENT, "environment": OTHER_NAME, "unknown": 1});
    let mut store = loaded(&blob_with(&[], &[pythons]));
    let families = |store: &Store| {
        let apps = entities(&written(store), "AppMetadata");
        apps.iter().map(|app| (app["family_id"].clone(), app["unknown"].clone())).collect::<Vec<_>>()
    };
    sign_in(&mut store, &ada(), 1);
    assert_eq!(families(&store), [(Value::Null, json!(1))], "no family, as was known");
    Given { family: "1", ..Given::default() }.save(&mut store, &ada(), 2, true);
    assert_eq!(families(&store), [(json!("1"), json!(1))]);
    let generation = store.generation();
    store.load(written(&store)).unwrap();
    assert!(!store.has_changed() && store.generation() != generation);
    sign_in(&mut store, &ada(), 3);
    assert_eq!(families(&store), [(Value::Null, json!(1))], "it has left the family");
}

#[test]
fn a_new_access_token_replaces_those_it_overlaps_with() {
    let mut store = Store::default();
    let save = |store: &mut Store, target, number| {
        Given { target, ..Given::default() }.save(store, &ada(), number, true);
    };
    save(&mut store, "User.Read openid", 1);
    save(&mut store, "api://x/.default openid", 2);
    assert_eq!(secrets(&written(&store), "AccessToken"), ["AT-1", "AT-2"]);
    save(&mut store, "openid User.Read Mail.Read", 3);
    let blob = written(&store);
    assert_eq!(secrets(&blob, "AccessToken").len(), 2);
    let token = |scopes| access_token_at(&store, &ada(), CLIENT, scopes, None);
    assert_eq!(token("user.read"), "AT-3");
    assert_eq!(token("api://x/.default"), "AT-2");
    assert_eq!(token("Files.Read"), "");
    assert_eq!(token("openid"), "AT-3", "for who it is, any will do: the one that lasts longest");
    assert_eq!(secrets(&blob, "RefreshToken"), ["RT-3"]);
}

#[test]
fn tokens_for_two_apis_with_scopes_of_one_name_are_kept_apart() {
    let mut store = Store::default();
    let (one, two) = (Some("https://one.example"), Some("https://two.example"));
    for (number, resource) in [(1, one), (2, two), (3, None), (4, one)] {
        Given { target: "read", resource, ..Given::default() }.save(&mut store, &ada(), number, true);
    }
    for store in [&store, &loaded(&written(&store))] {
        let token = |resource| access_token_at(store, &ada(), CLIENT, "read", resource);
        assert_eq!((token(one), token(two), token(None)), ("AT-4".to_owned(), "AT-2".to_owned(), "AT-3".to_owned()));
    }
    assert_eq!(keys(&written(&store), "AccessToken").len(), 3);
}

#[test]
fn tokens_bound_to_a_key_are_neither_served_nor_replaced() {
    let bound = json!({"home_account_id": "ada.tenant", "environment": CLOUD, "credential_type": "AccessToken_With_AuthScheme",
        "client_id": CLIENT, "realm": "tenant", "target": "User.Read", "secret": "pop", "key_id": "kid",
        "expires_on": "99999999999", "cached_at": "1"});
    let key = doorcode::cache::key::access_token("ada.tenant", CLOUD, CLIENT, "tenant", "User.Read openid profile");
    let mut store = loaded(&json!({"AccessToken": {key: bound.clone()}}).to_string());
    assert_eq!(access_token(&store, &ada()), "");
    sign_in(&mut store, &ada(), 2);
    assert_eq!(access_token(&store, &ada()), "AT-2");
    assert_eq!(entities(&written(&store), "AccessToken")[0], bound);
    assert_eq!(entities(&written(&store), "AccessToken").len(), 2);
}

#[test]
fn a_refused_refresh_token_is_forgotten_wherever_it_stands() {
    let list = [
        refresh_entity("client---", CLIENT, "", "5", "refused"),
        refresh_entity("client----", CLIENT, "", "", "refused"),
        refresh_entity("1---", CLIENT, "1", "", "other"),
    ];
    let mut store = loaded(&blob_with(&list, &[]));
    let refused = Secret::new("refused".to_owned());
    store.forget(&whose(&grace()), &refused);
    assert!(!store.has_changed(), "somebody else's");
    store.forget(&whose(&ada()), &refused);
    assert_eq!(secrets(&written(&store), "RefreshToken"), ["other"]);
    store.load(blob_with(&list, &[])).unwrap();
    assert_eq!(refresh_tokens(&store, &ada(), CLIENT), ["other"], "also from a blob that still has it");
    store.saved();
    store.load(blob_with(&list, &[])).unwrap();
    assert_eq!(refresh_tokens(&store, &ada(), CLIENT).len(), 3, "but who has it back since it was saved, has it");
}

// ── Who ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn ids_that_differ_in_their_capitals_are_two_people() {
    let (one, two) = (account("auth0|AbC", "id.example"), account("auth0|abc", "id.example"));
    for (first, second) in [(&one, &two), (&two, &one)] {
        let mut store = Store::default();
        sign_in(&mut store, first, 1);
        sign_in(&mut store, second, 2);
        let mut store = loaded(&written(&store));
        assert_eq!(keys(&written(&store), "IdToken").len(), 2);
        assert_eq!((access_token(&store, first), access_token(&store, second)), ("AT-1".to_owned(), "AT-2".to_owned()));
        assert_eq!(refresh_tokens(&store, first, CLIENT), ["RT-1"]);
        assert!(renew(&mut store, second, 3));
        assert!(store.sign_out(&whose(first)));
        assert!(!store.sign_out(&whose(first)));
        assert_eq!(people(&store), [second.home_account_id.as_str()]);
        assert_eq!(secrets(&written(&store), "RefreshToken"), ["RT-3"]);
        // Its key is free now. Whoever takes it, nobody else does.
        assert!(renew(&mut store, second, 4));
        sign_in(&mut store, first, 5);
        sign_in(&mut store, &account("AUTH0|ABC", "id.example"), 6);
        let blob = written(&store);
        assert_eq!(keys(&blob, "RefreshToken").len(), 3);
        assert!(keys(&blob, "Account").iter().all(|key| key.starts_with("auth0|abc-id.example-")), "{blob}");
        let store = loaded(&blob);
        assert_eq!((access_token(&store, first), access_token(&store, second)), ("AT-5".to_owned(), "AT-4".to_owned()));
    }
}

#[test]
fn two_servers_may_each_have_somebody_of_one_id() {
    let (one, two) = (account("sub", "one.example"), account("sub", "two.example"));
    let mut store = Store::default();
    sign_in(&mut store, &one, 1);
    let two = Account { username: "other".to_owned(), tenant_id: "t".to_owned(), ..two };
    sign_in(&mut store, &two, 2);
    let found = store.accounts_of(&Whose { home_account_id: "sub", environment: "" }, CLIENT);
    assert_eq!(found.len(), 1, "the first; not a mixture");
    assert_eq!((found[0].account.environment.as_str(), found[0].account.profiles.len()), ("one.example", 1));
    assert_eq!(found[0].id_token.as_ref().unwrap().expose(), "ID-1");
    assert_eq!(people(&store), ["sub", "sub"]);
    assert!(store.sign_out(&whose(&one)));
    assert_eq!(store.accounts(CLIENT)[0].account.username, "other");
    sign_in(&mut store, &one, 3);
    assert!(store.sign_out(&Whose { home_account_id: "sub", environment: "" }), "wherever");
    assert!(people(&store).is_empty());
}

#[test]
fn one_person_under_two_names_of_a_cloud_is_one_person() {
    let blob = include_str!("blobs/msal-python-then-node-7.json");
    let mut store = loaded(blob);
    assert_eq!(store.accounts(THEIR_CLIENT).len(), 1);
    let home = Account { environment: CLOUD.to_owned(), ..store.accounts(THEIR_CLIENT)[0].account.clone() };
    Given { client: THEIR_CLIENT, ..Given::default() }.save(&mut store, &home, 2_000_000_000, true);
    let blob = written(&store);
    for section in SECTIONS.into_iter().take(4) {
        let found = entities(&blob, section);
        assert_eq!(found.len(), 1, "{section}");
        assert_eq!(found[0]["environment"], CLOUD, "{section}");
    }
    assert_eq!(entities(&blob, "Account")[0]["account_source"], "urn:ietf:params:oauth:grant-type:device_code");
}

#[test]
fn an_account_is_looked_at_by_its_tenants() {
    let mut store = Store::default();
    sign_in(&mut store, &ada(), 1);
    renew(&mut store, &as_guest(&ada(), "guest"), 2);
    let tenants: Vec<_> = store.accounts(CLIENT).into_iter().map(|known| known.account.tenant_id).collect();
    assert_eq!(tenants, ["tenant", "guest"]);
    let at = |tenant| store.account(&whose(&ada()), CLIENT, tenant).unwrap();
    assert_eq!(at("GUEST").account.tenant_id, "guest");
    assert_eq!(at("unheard of").account.tenant_id, "tenant", "the first");
    assert_eq!(at("guest").id_token.unwrap().expose(), "ID-2");
    assert_eq!(at("guest").account.profiles.len(), 2);
    assert_eq!(at("guest").used_at, 2);
    assert_eq!(access_token(&store, &as_guest(&ada(), "guest")), "AT-2");
    assert_eq!(access_token(&store, &ada()), "AT-1");
    assert!(store.account(&whose(&grace()), CLIENT, "tenant").is_none());
}

#[test]
fn only_who_is_signed_in_has_tokens_renewed() {
    let mut store = loaded(&blob_of(&[&ada()]));
    assert!(!renew(&mut store, &grace(), 2) && !store.has_changed());
    assert!(renew(&mut store, &ada(), 3) && store.has_changed());
    let nobody = account("", "id.example");
    assert!(!Given::default().save(&mut store, &nobody, 4, true), "nobody could ask for it later");
}

#[test]
fn the_first_account_is_as_the_blob_has_it() {
    let blob = r#"{"Account":{"a":5,"b":{"home_account_id":""},"c":{ "home_account_id":"h", "x":1.0 }}}"#;
    assert_eq!(loaded(blob).first_account(), Some(r#"{ "home_account_id":"h", "x":1.0 }"#));
    assert_eq!(loaded("{}").first_account(), None);
}

#[test]
fn the_generation_tells_whether_anything_is_different() {
    let mut store = loaded(&blob_of(&[&ada()]));
    let mut last = store.generation();
    let mut changes = |store: &Store| {
        let before = std::mem::replace(&mut last, store.generation());
        assert!(last >= before, "no generation comes twice");
        last > before
    };
    assert!(!changes(&store));
    store.forget(&whose(&ada()), &Secret::new("unheard of".to_owned()));
    assert!(!store.sign_out(&whose(&grace())));
    renew(&mut store, &grace(), 2);
    store.saved();
    store.tidy();
    assert!(!changes(&store) && !store.has_changed());
    renew(&mut store, &ada(), 3);
    assert!(changes(&store) && store.has_changed());
    store.saved();
    assert!(!changes(&store) && !store.has_changed());
    store.forget(&whose(&ada()), &Secret::new("RT-3".to_owned()));
    assert!(changes(&store));
    store.sign_out(&whose(&ada()));
    assert!(changes(&store));
    store.clear();
    assert!(changes(&store));
    for _ in 0..3 {
        store.load(String::new()).unwrap();
        assert!(changes(&store));
    }
}

#[test]
fn clearing_forgets_here_only() {
    let disk = blob_of(&[&ada()]);
    let mut store = loaded(&disk);
    sign_in(&mut store, &grace(), 2);
    store.sign_out(&whose(&ada()));
    store.clear();
    assert!(people(&store).is_empty() && !store.has_changed());
    store.load(disk).unwrap();
    assert_eq!(people(&store), ["ada.tenant"], "neither the sign-in nor the sign-out");
    assert!(!store.has_changed());
}

// ── Several processes ───────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn two_who_write_in_turns_lose_nothing() {
    let mut disk = String::new();
    let (mut one, mut two) = (Store::default(), Store::default());
    for number in 0..20 {
        let store = if number % 2 == 0 { &mut one } else { &mut two };
        turn(store, &mut disk, |store| sign_in(store, &account(&format!("p{number}.t"), CLOUD), number));
    }
    let mut store = loaded(&disk);
    assert_eq!(people(&store).len(), 20);
    assert!((0..20).all(|number| store.sign_out(&whose(&account(&format!("p{number}.t"), CLOUD)))));
}

#[test]
fn a_sign_out_elsewhere_stays_one() {
    let mut disk = blob_of(&[&ada(), &grace()]);
    let (mut here, mut elsewhere) = (Store::default(), Store::default());
    turn(&mut here, &mut disk, |store| renew(store, &ada(), 5));
    assert!(turn(&mut elsewhere, &mut disk, |store| store.sign_out(&whose(&ada()))));
    turn(&mut here, &mut disk, |store| sign_in(store, &account("new.tenant", CLOUD), 6));
    assert_eq!(people(&loaded(&disk)), ["grace.tenant", "new.tenant"]);
    assert!(!disk.contains("ada.tenant"), "nor is any token left");
}

#[test]
fn what_could_not_be_saved_is_changed_again() {
    let mut disk = blob_of(&[&ada(), &grace()]);
    let mut here = loaded(&disk);
    sign_in(&mut here, &account("new.tenant", CLOUD), 5);
    renew(&mut here, &ada(), 6);
    here.sign_out(&whose(&grace()));
    // The save fails. Meanwhile somebody else stores something.
    turn(&mut Store::default(), &mut disk, |store| sign_in(store, &account("other.tenant", CLOUD), 7));
    here.load(disk.clone()).unwrap();
    assert!(here.has_changed());
    assert_eq!(people(&here), ["ada.tenant", "other.tenant", "new.tenant"]);
    assert_eq!(access_token(&here, &ada()), "AT-6");
    let disk = written(&here);
    assert_eq!(people(&loaded(&disk)), ["ada.tenant", "other.tenant", "new.tenant"]);
    here.saved();
    assert!(!here.has_changed());
    here.load(disk).unwrap();
    assert!(!here.has_changed(), "once saved it is not changed again");
}

#[test]
fn an_unsaved_renewal_is_dropped_once_the_person_has_signed_out_elsewhere() {
    let mut disk = blob_of(&[&ada(), &grace()]);
    let mut here = loaded(&disk);
    renew(&mut here, &ada(), 5);
    renew(&mut here, &as_guest(&ada(), "guest"), 6);
    turn(&mut Store::default(), &mut disk, |store| store.sign_out(&whose(&ada())));
    here.load(disk.clone()).unwrap();
    assert_eq!((people(&here), here.has_changed()), (vec!["grace.tenant".to_owned()], false));
    assert!(!written(&here).contains("ada.tenant"));
    // And for good: even if they come back.
    turn(&mut Store::default(), &mut disk, |store| sign_in(store, &ada(), 7));
    here.load(disk).unwrap();
    assert_eq!(access_token(&here, &ada()), "AT-7");
}

#[test]
fn an_unsaved_sign_in_survives_a_sign_out_elsewhere_with_what_was_renewed_since() {
    // In each order, the last word is that of the sign-in: the person did it, and nobody undid it since.
    const SIGN_IN: (bool, bool) = (true, false);
    const RENEWAL: (bool, bool) = (false, false);
    const AS_GUEST: (bool, bool) = (false, true);
    let orders: [&[(bool, bool)]; 6] = [
        &[SIGN_IN],
        &[SIGN_IN, RENEWAL],
        &[RENEWAL, SIGN_IN],
        &[RENEWAL, SIGN_IN, RENEWAL],
        &[AS_GUEST, SIGN_IN],
        &[SIGN_IN, AS_GUEST],
    ];
    for order in orders {
        let mut disk = blob_of(&[&ada(), &grace()]);
        let mut here = loaded(&disk);
        for (number, (is_sign_in, is_guest)) in (5..).zip(order) {
            let account = if *is_guest { as_guest(&ada(), "guest") } else { ada() };
            assert!(Given::default().save(&mut here, &account, number, *is_sign_in));
        }
        let last = 4 + order.len();
        turn(&mut Store::default(), &mut disk, |store| store.sign_out(&whose(&ada())));
        here.load(disk).unwrap();
        let known = loaded(&written(&here));
        let found = people(&known);
        assert_eq!(found.first().map(String::as_str), Some("grace.tenant"), "{order:?}");
        assert_eq!(found.len(), if order.contains(&AS_GUEST) { 3 } else { 2 }, "{order:?}: {found:?}");
        assert!(!access_token(&known, &ada()).is_empty(), "{order:?}");
        assert_eq!(refresh_tokens(&known, &ada(), CLIENT), [format!("RT-{last}")], "{order:?}");
    }
}

#[test]
fn a_sign_in_that_newer_tokens_stand_for_ends_with_them() {
    let mut disk = blob_of(&[&ada(), &grace()]);
    let mut here = loaded(&disk);
    sign_in(&mut here, &ada(), 5);
    // Before that is saved, somebody else renews what was there, and then she signs out of it.
    turn(&mut Store::default(), &mut disk, |store| renew(store, &ada(), 6));
    here.load(disk.clone()).unwrap();
    assert_eq!(refresh_tokens(&here, &ada(), CLIENT), ["RT-6"]);
    assert!(turn(&mut Store::default(), &mut disk, |store| store.sign_out(&whose(&ada()))));
    here.load(disk).unwrap();
    assert_eq!(people(&here), ["grace.tenant"], "nobody is signed in without a token");
    assert!(!written(&here).contains("ada.tenant"));
}

#[test]
fn of_two_who_renewed_the_same_tokens_the_newer_wins() {
    let blob = blob_of(&[&ada()]);
    for (here_at, elsewhere_at) in [(5, 6), (6, 5)] {
        let mut here = loaded(&blob);
        let given = Given { refresh_on: Some(1), refresh_expires_on: Some(2), ..Given::default() };
        let (mine, theirs) = if here_at > elsewhere_at { (Given::default(), given) } else { (given, Given::default()) };
        mine.save(&mut here, &ada(), here_at, false);
        let mut disk = blob.clone();
        turn(&mut Store::default(), &mut disk, |store| theirs.save(store, &ada(), elsewhere_at, false));
        here.load(disk).unwrap();
        let newest = here_at.max(elsewhere_at);
        let blob = written(&here);
        assert_eq!(secrets(&blob, "AccessToken"), [format!("AT-{newest}")]);
        assert_eq!(secrets(&blob, "RefreshToken"), [format!("RT-{newest}")]);
        // No field of the older token is left.
        assert_eq!(entities(&blob, "AccessToken")[0].get("refresh_on"), None);
        assert_eq!(entities(&blob, "RefreshToken")[0].get("expires_on"), None);
    }
}

#[test]
fn an_unsaved_sign_out_is_one_again_whoever_renewed_meanwhile() {
    let mut disk = blob_of(&[&ada(), &grace()]);
    let mut here = loaded(&disk);
    here.sign_out(&whose(&ada()));
    turn(&mut Store::default(), &mut disk, |store| {
        renew(store, &ada(), 5);
        Given { client: "other", ..Given::default() }.save(store, &ada(), 6, true)
    });
    here.load(disk.clone()).unwrap();
    assert_eq!(people(&here), ["grace.tenant"]);
    assert!(here.has_changed() && !written(&here).contains("ada.tenant"));
    // Read again before it is saved, it still is.
    here.load(disk.clone()).unwrap();
    assert_eq!(people(&here), ["grace.tenant"]);
    // Signed in again here, only that is left: the other client's tokens were signed out of.
    sign_in(&mut here, &ada(), 7);
    here.load(disk).unwrap();
    assert_eq!(secrets(&written(&here), "RefreshToken"), ["RT-2", "RT-7"]);
}

#[test]
fn a_sign_out_counts_for_one_server_only() {
    let (one, two) = (account("sub", "one.example"), account("sub", "two.example"));
    let disk = blob_of(&[&one, &two]);
    let mut here = loaded(&disk);
    here.sign_out(&whose(&one));
    sign_in(&mut here, &two, 5);
    here.load(disk).unwrap();
    let environments: Vec<_> = here.accounts(CLIENT).into_iter().map(|known| known.account.environment).collect();
    assert_eq!(environments, ["two.example"]);
}

#[test]
fn a_save_that_was_said_to_fail_and_did_not_is_noticed() {
    let mut disk = blob_of(&[&ada(), &grace()]);
    let mut here = loaded(&disk);
    sign_in(&mut here, &account("new.tenant", CLOUD), 5);
    renew(&mut here, &as_guest(&grace(), "guest"), 6);
    here.sign_out(&whose(&ada()));
    disk = written(&here); // and an error
    here.load(disk.clone()).unwrap();
    assert!(!here.has_changed(), "it is all there");
    // So what others do later counts.
    turn(&mut Store::default(), &mut disk, |store| {
        store.sign_out(&whose(&account("new.tenant", CLOUD)));
        sign_in(store, &ada(), 7);
    });
    here.load(disk).unwrap();
    assert_eq!(people(&here), ["grace.tenant", "grace.tenant", "ada.tenant"]);
    assert!(!here.has_changed());
}

#[test]
fn it_is_noticed_in_whatever_form_others_have_written_it() {
    let mut here = Store::default();
    sign_in(&mut here, &ada(), 1);
    let pretty = serde_json::to_string_pretty(&value(&written(&here))).unwrap();
    here.load(pretty).unwrap();
    assert!(!here.has_changed());
}

#[test]
fn a_profile_that_somebody_else_added_meanwhile_stays() {
    let mut disk = blob_of(&[&ada()]);
    let mut here = loaded(&disk);
    renew(&mut here, &as_guest(&ada(), "mine"), 5);
    turn(&mut Store::default(), &mut disk, |store| renew(store, &as_guest(&ada(), "theirs"), 6));
    here.load(disk).unwrap();
    let tenants: Vec<_> =
        loaded(&written(&here)).accounts(CLIENT).into_iter().map(|known| known.account.tenant_id).collect();
    assert_eq!(tenants, ["tenant", "mine", "theirs"]);
}

#[test]
fn a_long_life_of_sign_ins_and_sign_outs_loses_nothing() {
    let mut disk = blob_of(&[&grace()]);
    let mut store = loaded(&disk);
    sign_in(&mut store, &account("unsaved.tenant", CLOUD), 2);
    renew(&mut store, &grace(), 3);
    let ada = ada();
    let access_token = AccessToken::read(&Entity::default());
    let tokens = Tokens {
        client_id: CLIENT,
        account: &ada,
        client_info: None,
        id_token: None,
        access_token: &access_token,
        resource: None,
        refresh_token: None,
        user_assertion_hash: None,
        is_sign_in: true,
    };
    // More than are remembered; but one who signs out often is one.
    let middle = account("middle.tenant", CLOUD);
    for number in 0..10_100 {
        assert!(store.save(&tokens) && store.sign_out(&whose(&ada)));
        if number == 50 {
            sign_in(&mut store, &middle, 3);
        }
        store.tidy();
    }
    sign_in(&mut store, &account("late.tenant", CLOUD), 4);
    store.tidy();
    store.sign_out(&whose(&account("late.tenant", CLOUD)));
    turn(&mut Store::default(), &mut disk, |store| {
        sign_in(store, &account("late.tenant", CLOUD), 5);
        sign_in(store, &ada, 6);
    });
    for _ in 0..2 {
        assert_eq!(people(&store), ["grace.tenant", "unsaved.tenant", "middle.tenant"]);
        assert_eq!(self::access_token(&store, &grace()), "AT-3");
        assert_eq!(self::access_token(&store, &middle), "AT-3");
        assert_eq!(self::access_token(&store, &account("unsaved.tenant", CLOUD)), "AT-2");
        assert_eq!(keys(&written(&store), "RefreshToken").len(), 3);
        store.load(disk.clone()).unwrap();
    }
}

// ── Any order ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Who signed in, and when last.
type People = BTreeMap<usize, u64>;

/// What one process has done and not saved, as it should be: by person.
#[derive(Clone, Default)]
struct Unsaved {
    has_signed_out: bool,
    signed_in_at: Option<u64>,
    /// Somebody else's newer tokens stand for the sign-in: it ends with them.
    is_replaced: bool,
}

#[derive(Default)]
struct Process {
    store: Store,
    people: People,
    unsaved: BTreeMap<usize, Unsaved>,
    /// The latest tokens it has written itself and not saved: by person and client.
    tokens: BTreeMap<(usize, usize), u64>,
}

const IDS: [(&str, &str); 5] = [
    ("ada.tenant", CLOUD),
    ("grace.tenant", CLOUD),
    ("auth0|AbC", "id.example"),
    ("auth0|abc", "id.example"),
    ("auth0|abc", "other.example"),
];
const CLIENTS: [&str; 2] = ["client", "another"];

fn newest_token(store: &Store, (person, client): (usize, usize)) -> Option<u64> {
    let tokens = refresh_tokens(store, &account(IDS[person].0, IDS[person].1), CLIENTS[client]);
    assert!(tokens.len() < 2, "{tokens:?}");
    tokens.first().map(|secret| secret.split('-').nth(1).unwrap().parse().unwrap())
}

impl Process {
    fn sign_in(&mut self, person: usize, client: usize, now: u64, is_sign_in: bool) {
        let account = account(IDS[person].0, IDS[person].1);
        let given = Given { client: CLIENTS[client], ..Given::default() };
        let expected = is_sign_in || self.people.contains_key(&person);
        assert_eq!(given.save(&mut self.store, &account, now, is_sign_in), expected);
        if is_sign_in {
            self.people.insert(person, now);
            let unsaved = self.unsaved.entry(person).or_default();
            (unsaved.signed_in_at, unsaved.is_replaced) = (Some(now), false);
        }
        if expected {
            self.tokens.insert((person, client), now);
        }
    }

    fn sign_out(&mut self, person: usize) {
        let found = self.store.sign_out(&whose(&account(IDS[person].0, IDS[person].1)));
        assert_eq!(found, self.people.remove(&person).is_some());
        if found {
            self.unsaved.insert(person, Unsaved { has_signed_out: true, ..Unsaved::default() });
            self.tokens.retain(|(of, _), _| *of != person);
        }
    }

    fn load(&mut self, disk: &str, stored: &People) {
        self.store.load(disk.to_owned()).unwrap();
        self.people = stored.clone();
        for (person, unsaved) in &mut self.unsaved {
            if unsaved.has_signed_out {
                unsaved.has_signed_out = self.people.remove(person).is_some();
            }
            let known = self.people.get(person).copied();
            if unsaved.signed_in_at <= known || (known.is_none() && unsaved.is_replaced) {
                unsaved.signed_in_at = None;
            }
            if let Some(time) = unsaved.signed_in_at {
                self.people.insert(*person, time);
            }
        }
        self.unsaved.retain(|_, unsaved| unsaved.has_signed_out || unsaved.signed_in_at.is_some());
        let theirs = loaded(disk);
        for (key, time) in std::mem::take(&mut self.tokens) {
            let newest = newest_token(&self.store, key);
            let is_due = self.people.contains_key(&key.0);
            assert!(!is_due || newest >= Some(time), "token {time} of {key:?} is lost; there is {newest:?}");
            if let Some(unsaved) = self.unsaved.get_mut(&key.0) {
                unsaved.is_replaced |= newest > Some(time);
            }
            // What is stored is saved; what has gone with a sign-out is gone.
            if newest == Some(time) && newest_token(&theirs, key) < newest {
                self.tokens.insert(key, time);
            }
        }
    }

    fn saved(&mut self) {
        self.store.saved();
        self.unsaved.clear();
        self.tokens.clear();
    }

    /// The store holds what it should, as its own answers say and as anybody reads its blob.
    fn check(&self) {
        let blob = written(&self.store);
        let mut found = People::new();
        for account in entities(&blob, "Account") {
            let is_it = |(home, environment): &(&str, &str)| {
                account["home_account_id"] == *home && account["environment"] == *environment
            };
            if let Some(person) = IDS.iter().position(is_it) {
                let time = account["last_modification_time"].as_str().unwrap().parse().unwrap();
                assert_eq!(found.insert(person, time), None, "an account twice: {blob}");
            }
        }
        assert_eq!(found, self.people, "{blob}");
        for (person, (home, environment)) in IDS.iter().enumerate() {
            assert_eq!(self.store.knows(&whose(&account(home, environment))), self.people.contains_key(&person));
        }
        let all = value(&blob);
        for section in ["IdToken", "AccessToken", "RefreshToken"] {
            for (key, token) in all[section].as_object().into_iter().flatten().filter(|(key, _)| *key != "__proto__") {
                let is_it = |(person, _): (&usize, &u64)| {
                    token["home_account_id"] == IDS[*person].0 && token["environment"] == IDS[*person].1
                };
                assert!(self.people.iter().any(is_it), "a token of nobody: {key}");
            }
        }
        for piece in [UNKNOWN_SECTION, UNKNOWN_ENTITY] {
            assert_eq!(blob.matches(piece).count(), 1, "{piece} in {blob}");
        }
    }
}

const UNKNOWN_SECTION: &str = r#""Unknown" : [ 9007199254740993 ]"#;
const UNKNOWN_ENTITY: &str = r#""__proto__":{ "n" : 1.50 }"#;

#[test]
fn in_any_order_no_sign_in_is_lost_and_no_sign_out_undone() {
    let mut saves = 0;
    for seed in 0..20 {
        let mut random = Random::seeded(seed);
        let mut disk = format!(r#"{{{UNKNOWN_SECTION},"RefreshToken":{{{UNKNOWN_ENTITY}}}}}"#);
        let mut stored = People::new();
        let mut processes = [Process::default(), Process::default()];
        for process in &mut processes {
            process.load(&disk, &stored);
        }
        for now in 1..60 {
            let process = &mut processes[random.below(2)];
            // Each reads first, as a rule.
            if !random.once_in(4) {
                process.load(&disk, &stored);
                process.check();
            }
            for step in 0..random.below(3) {
                let (person, client) = (random.below(IDS.len()), random.below(2));
                let now = 10 * now + step as u64;
                match random.below(5) {
                    0 | 1 => process.sign_in(person, client, now, true),
                    2 | 3 => process.sign_in(person, client, now, false),
                    _ => process.sign_out(person),
                }
                process.check();
            }
            if random.once_in(5) {
                process.store.tidy();
            }
            match random.below(6) {
                // A damaged file is no reason to forget anything.
                0 => assert!(process.store.load(disk.trim_end_matches('}').to_owned()).is_err()),
                // Nothing reaches the disk.
                1 => {}
                // It does, and the store is not told so.
                2 => {
                    process.load(&disk, &stored);
                    disk = written(&process.store);
                    stored = process.people.clone();
                }
                _ => {
                    process.load(&disk, &stored);
                    disk = written(&process.store);
                    stored = process.people.clone();
                    process.saved();
                    saves += 1;
                }
            }
            process.check();
        }
    }
    assert!(saves > 400);
}
