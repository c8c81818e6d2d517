//! cache/record.rs

use base64ct::{Base64UrlUnpadded, Encoding};
use doorcode::cache::entity::{Entity, Section};
use doorcode::cache::record::{
    AccessToken, RefreshToken, Tokens, Wanted, Whose, account, profiles_of, realm_of, rebased, recency, replaces,
};
use doorcode::protocol::account::{Account, Profile};
use doorcode::protocol::scopes::Scopes;
use doorcode::secret::Secret;
use serde_json::{Value, json};

const HOME: &str = "11111111-2222-4333-8444-555555555555";
const GUEST: &str = "66666666-2222-4333-8444-555555555555";
const OID: &str = "99999999-8888-4777-8666-555555555555";

fn text(entity: &Value) -> String {
    entity.to_string()
}

fn scopes(text: &str) -> Scopes {
    Scopes::granted(text)
}

#[test]
fn a_person_is_known_by_id_and_cloud() {
    let text = text(&json!({"home_account_id": "auth0|AbC", "environment": "login.microsoftonline.com"}));
    let entity = Entity::read(&text);
    let owns = |home_account_id: &str, environment: &str| Whose { home_account_id, environment }.owns(&entity);
    assert!(owns("auth0|AbC", "login.microsoftonline.com"));
    assert!(owns("auth0|AbC", "login.windows.net") && owns("auth0|AbC", "LOGIN.microsoft.com"), "names of one cloud");
    assert!(owns("auth0|AbC", ""), "any cloud");
    assert!(!owns("auth0|abc", "login.microsoftonline.com"), "somebody else");
    assert!(!owns("auth0|AbC", "login.microsoftonline.us"), "another cloud");
    assert!(!owns("", ""));
}

#[test]
fn an_access_token_serves_what_it_was_made_for() {
    let good = json!({
        "credential_type": "AccessToken", "client_id": "client", "realm": HOME, "target": "User.Read Mail.Read openid",
        "userAssertionHash": "", "key_id": null,
    });
    let is = |change: Value, wanted: &Wanted<'_>| {
        let mut entity = good.clone();
        entity.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let text = text(&entity);
        wanted.is(&Entity::read(&text))
    };
    let read = scopes("mail.read OpenID offline_access profile");
    let wanted = Wanted { client_id: "CLIENT", realm: HOME, scopes: &read, resource: None, user_assertion_hash: None };
    assert!(is(json!({}), &wanted));
    assert!(is(json!({"realm": HOME.to_uppercase()}), &wanted));
    assert!(is(json!({"realm": "organizations", "home_account_id": format!("{OID}.{HOME}")}), &wanted));
    for (change, why) in [
        (json!({"client_id": "other"}), "another client's"),
        (json!({"realm": GUEST}), "another tenant's"),
        (json!({"realm": "organizations", "home_account_id": format!("{OID}.{GUEST}")}), "another home's"),
        (json!({"target": "User.Read"}), "a scope is missing"),
        (json!({"credential_type": "AccessToken_With_AuthScheme"}), "bound to a key"),
        (json!({"key_id": "kid"}), "bound to a key"),
        (json!({"userAssertionHash": "hash"}), "on behalf of somebody"),
        (json!({"additionalCacheKeyComponents": {"a": "b"}}), "for something that is not known here"),
        (json!({"resource": "https://api.example"}), "for one API only"),
    ] {
        assert!(!is(change, &wanted), "{why}");
    }
    let at = |resource| Wanted { resource: Some(resource), ..wanted };
    assert!(is(json!({"resource": "https://api.example"}), &at("https://api.example")));
    assert!(!is(json!({"resource": "https://api.example"}), &at("https://other.example")));
    assert!(!is(json!({}), &at("https://api.example")));
}

#[test]
fn what_replaces_what() {
    let replaces = |section, new: Value, old: Value| {
        let (new, old) = (text(&new), text(&old));
        replaces(section, &Entity::read(&new), &Entity::read(&old))
    };
    let token = |client: &str, realm: &str, target: &str| json!({"credential_type": "AccessToken", "client_id": client, "realm": realm, "target": target});
    let with = |mut entity: Value, name: &str, value: &str| {
        entity[name] = value.into();
        entity
    };
    let new = || token("client", HOME, "User.Read openid");
    for (old, expected) in [
        (token("Client", HOME, "user.read"), true),
        (token("client", HOME, "Mail.Read User.Read"), true),
        (token("client", HOME, "Mail.Read openid"), false),
        (token("client", HOME, "openid profile"), false),
        (token("client", GUEST, "User.Read"), false),
        (token("other", HOME, "User.Read"), false),
        (with(token("client", HOME, "User.Read"), "resource", "https://api.example"), false),
        (with(token("client", HOME, "User.Read"), "key_id", "kid"), false),
        (with(token("client", HOME, "User.Read"), "credential_type", "AccessToken_With_AuthScheme"), false),
    ] {
        assert_eq!(replaces(Section::AccessToken, new(), old.clone()), expected, "{old}");
    }
    assert!(replaces(Section::AccessToken, token("c", HOME, "openid"), token("c", HOME, "email profile")));

    let refresh = |client: &str, family: &str| json!({"client_id": client, "family_id": family});
    for (new, old, expected) in [
        (refresh("client", ""), json!({"client_id": "client"}), true),
        (refresh("client", ""), json!({"client_id": "client", "family_id": null}), true),
        (refresh("client", ""), refresh("other", ""), false),
        (refresh("client", "1"), refresh("sibling", "1"), true),
        (refresh("client", "1"), refresh("client", ""), false),
        (refresh("client", ""), refresh("client", "1"), false),
    ] {
        assert_eq!(replaces(Section::RefreshToken, new.clone(), old.clone()), expected, "{new} {old}");
    }

    assert!(replaces(Section::Account, json!({"realm": HOME}), json!({"realm": HOME.to_uppercase()})));
    assert!(!replaces(Section::Account, json!({"realm": HOME}), json!({"realm": GUEST})));
    assert!(!replaces(Section::IdToken, token("client", HOME, ""), token("client", GUEST, "")));
    assert!(!replaces(Section::IdToken, token("client", HOME, ""), token("other", HOME, "")));
    let app = |client: &str, environment: &str| json!({"client_id": client, "environment": environment});
    let (cloud, alias) = ("login.windows.net", "login.microsoftonline.com");
    assert!(replaces(Section::AppMetadata, app("client", cloud), app("client", alias)));
    assert!(!replaces(Section::AppMetadata, app("client", cloud), app("other", cloud)));
    assert!(!replaces(Section::AppMetadata, app("client", cloud), app("client", "id.example")));
}

#[test]
fn a_tenant_that_stands_for_many_is_the_home_of_the_account() {
    let realm = |realm: &str, home: &str| {
        let text = text(&json!({"realm": realm, "home_account_id": home}));
        realm_of(&Entity::read(&text)).into_owned()
    };
    assert_eq!(realm("organizations", "u.home"), "home");
    assert_eq!(realm("Common", "u.home"), "home");
    assert_eq!(realm(GUEST, "u.home"), GUEST);
    assert_eq!(realm("", "u.home"), "");
    assert_eq!(realm("organizations", "sub"), "organizations");
}

#[test]
fn the_latest_time_that_was_written_down_counts() {
    let recency = |entity: Value| recency(&Entity::read(&text(&entity)));
    assert_eq!(recency(json!({})), 0);
    assert_eq!(recency(json!({"cached_at": "5"})), 5);
    assert_eq!(recency(json!({"cached_at": "5", "last_modification_time": 7})), 7);
    assert_eq!(recency(json!({"cached_at": "soon", "last_modification_time": ""})), 0);
}

#[test]
fn tokens_whose_times_cannot_be_read_are_long_past() {
    let text = text(&json!({"secret": "s", "expires_on": "soon", "cached_at": null, "target": "a b"}));
    let token = AccessToken::read(&Entity::read(&text));
    assert_eq!((token.secret.expose(), token.token_type.as_str(), token.target.as_str()), ("s", "Bearer", "a b"));
    assert_eq!((token.cached_at, token.expires_on), (0, 0));
    assert_eq!((token.extended_expires_on, token.refresh_on), (None, None));
    assert!(RefreshToken::read(&Entity::read(r#"{"secret":""}"#)).is_none());
}

#[test]
fn profiles_are_read_wherever_a_library_has_put_them() {
    let profiles = |entity: Value| profiles_of(&Entity::read(&text(&entity)));
    let written = |tenant: &str| json!({"tenantId": tenant}).to_string();
    let own = json!({"home_account_id": format!("{OID}.{HOME}"), "realm": HOME, "local_account_id": OID,
        "username": "ada@contoso.example", "name": "Ada"});
    let with = |profiles: Value| {
        let mut account = own.clone();
        account["tenantProfiles"] = profiles;
        account
    };
    let found = profiles(with(json!([written(HOME), written(GUEST)])));
    assert_eq!(found.iter().map(|profile| profile.tenant_id.as_str()).collect::<Vec<_>>(), [HOME, GUEST]);
    let itself = Profile {
        tenant_id: HOME.to_owned(),
        local_account_id: OID.to_owned(),
        username: "ada@contoso.example".to_owned(),
        name: Some("Ada".to_owned()),
        is_home_tenant: true,
        ..Profile::default()
    };
    for none in [json!(null), json!([]), json!({}), json!("x"), json!(["not JSON", 5, null, "[]"])] {
        assert_eq!(profiles(with(none.clone())), std::slice::from_ref(&itself), "{none}");
    }
    let mut guest = own.clone();
    guest["realm"] = GUEST.into();
    assert!(!profiles(guest)[0].is_home_tenant);
    assert_eq!(profiles(with(json!(["not JSON", written(GUEST), 5]))).len(), 1);
}

#[test]
fn an_account_is_read_back() {
    let info = Base64UrlUnpadded::encode_string(br#"{"uid":"u","utid":"t","xms_tdbr":"EU"}"#);
    let text =
        text(&json!({"home_account_id": "u.t", "environment": "login.windows.net", "realm": "t", "username": "ada",
        "local_account_id": "u", "authority_type": "MSSTS", "name": "", "client_info": info}));
    let account = account(&Entity::read(&text), Vec::new());
    assert_eq!((account.home_account_id.as_str(), account.local_account_id.as_str()), ("u.t", "u"));
    assert_eq!((account.tenant_id.as_str(), account.username.as_str()), ("t", "ada"));
    assert_eq!((account.name, account.authority_type, account.data_boundary), (None, "MSSTS", Some("EU")));
}

fn ada(tenant: &str) -> Account {
    let is_home = tenant == HOME;
    let mut account = Account {
        home_account_id: format!("{OID}.{HOME}"),
        environment: "login.windows.net".to_owned(),
        tenant_id: tenant.to_owned(),
        username: if is_home { "ada@contoso.example" } else { "ada@guest.example" }.to_owned(),
        local_account_id: if is_home { OID } else { "guest-oid" }.to_owned(),
        name: Some("Ada Lovelace".to_owned()),
        authority_type: "MSSTS",
        is_home_tenant: is_home,
        ..Account::default()
    };
    account.profiles.push(Profile::of(&account));
    account
}

fn access_token() -> AccessToken {
    AccessToken {
        secret: Secret::new("AT-7".to_owned()),
        token_type: "Bearer".to_owned(),
        target: "User.Read profile openid email".to_owned(),
        cached_at: 1_795_245_042,
        expires_on: 1_795_249_042,
        extended_expires_on: Some(1_795_257_042),
        refresh_on: Some(1_795_247_042),
    }
}

fn client_info() -> String {
    Base64UrlUnpadded::encode_string(format!(r#"{{"uid":"{OID}","utid":"{HOME}"}}"#).as_bytes())
}

#[test]
fn a_sign_in_writes_what_msal_node_7_writes() {
    const BLOB: &str = include_str!("blobs/msal-node-7.family.json");
    let mut blob: Value = serde_json::from_str(BLOB).unwrap();
    let id_token = blob["IdToken"].as_object().unwrap().values().next().unwrap()["secret"].as_str().unwrap().to_owned();
    let (account, access_token, id_token, client_info) =
        (ada(HOME), access_token(), Secret::new(id_token), client_info());
    let refresh_token =
        RefreshToken { secret: Secret::new("RT-7".to_owned()), family_id: "1".to_owned(), expires_on: None };
    let tokens = Tokens {
        client_id: "00000000-aaaa-4bbb-8ccc-dddddddddddd",
        account: &account,
        client_info: Some(&client_info),
        id_token: Some(&id_token),
        access_token: &access_token,
        resource: None,
        refresh_token: Some(&refresh_token),
        user_assertion_hash: None,
        is_sign_in: true,
    };
    // Two times more than MSAL, which has no means to tell the newest.
    let time = json!("1795245042");
    for section in ["Account", "RefreshToken"] {
        let entity = blob[section].as_object_mut().unwrap().values_mut().next().unwrap();
        entity["last_modification_time"] = time.clone();
    }
    let (key, draft) = tokens.account_draft(&[]).unwrap();
    let mut written = vec![(Section::Account, key, draft)];
    written.extend(tokens.drafts(None));
    assert_eq!(written.len(), 5);
    for (section, key, draft) in written {
        let mut found: Value = serde_json::from_str(&draft.written(&Entity::default())).unwrap();
        let expected = &mut blob[section.name()][&key];
        for entity in [&mut found, expected] {
            // JSON in a string: its members may have another order.
            if let Some(profile) = entity.get("tenantProfiles").and_then(|profiles| profiles[0].as_str()) {
                entity["tenantProfiles"] = json!([serde_json::from_str::<Value>(profile).unwrap()]);
            }
        }
        assert_eq!(&found, expected, "{key}");
    }
}

#[test]
fn what_the_server_did_not_say_is_not_left_over_from_the_last_time() {
    let account = ada(HOME);
    let token = AccessToken { extended_expires_on: None, refresh_on: None, ..access_token() };
    let refresh_token =
        RefreshToken { secret: Secret::new("RT".to_owned()), family_id: String::new(), expires_on: None };
    let tokens = Tokens {
        client_id: "client",
        account: &account,
        client_info: None,
        id_token: None,
        access_token: &token,
        resource: None,
        refresh_token: Some(&refresh_token),
        user_assertion_hash: None,
        is_sign_in: false,
    };
    let old = r#"{"refresh_on":"1","extended_expires_on":"1","expires_on":"1","family_id":"1","resource":"r","requestedClaims":"c",
        "requestedClaimsHash":"h","unknown":1}"#;
    let drafts = tokens.drafts(None);
    let sections: Vec<Section> = drafts.iter().map(|(section, ..)| *section).collect();
    assert_eq!(sections, [Section::AccessToken, Section::RefreshToken, Section::AppMetadata], "no ID token came");
    for (section, _, draft) in drafts {
        let text = draft.written(&Entity::read(old));
        let written = Entity::read(&text);
        assert_eq!(written.raw("unknown"), Some("1"));
        assert_eq!(written.raw("family_id").is_some(), section == Section::AccessToken);
        let names: &[&str] = match section {
            Section::AccessToken => &["refresh_on", "resource", "requestedClaims", "requestedClaimsHash"],
            Section::RefreshToken => &["expires_on"],
            _ => &[],
        };
        for name in names {
            assert_eq!(written.raw(name), None, "{name}");
        }
        if section == Section::AccessToken {
            assert_eq!(written.text("extended_expires_on"), written.text("expires_on"));
        }
    }
}

fn account_written(tokens: &Tokens<'_>, known: &[Value]) -> Option<Value> {
    let texts: Vec<String> = known.iter().map(text).collect();
    let entities: Vec<Entity<'_>> = texts.iter().map(|text| Entity::read(text)).collect();
    let (key, draft) = tokens.account_draft(&entities)?;
    let replaced = entities.iter().find(|entity| realm_of(entity) == draft.entity().text("realm"));
    let mut written: Value = serde_json::from_str(&draft.written(replaced.unwrap_or(&Entity::default()))).unwrap();
    written["key"] = key.into();
    Some(written)
}

fn tenants(account: &Value) -> Vec<String> {
    let profiles = account["tenantProfiles"].as_array().unwrap().iter();
    profiles.map(|profile| Profile::read(profile.as_str().unwrap()).unwrap().tenant_id).collect()
}

#[test]
fn an_account_has_a_profile_for_each_tenant_and_keeps_the_names_of_its_home() {
    let (home, guest, token, info) = (ada(HOME), ada(GUEST), access_token(), client_info());
    let sign_in = Tokens {
        client_id: "client",
        account: &home,
        client_info: Some(&info),
        id_token: None,
        access_token: &token,
        resource: None,
        refresh_token: None,
        user_assertion_hash: None,
        is_sign_in: true,
    };
    let first = account_written(&sign_in, &[]).unwrap();
    let renewal = Tokens { is_sign_in: false, ..sign_in };
    assert_eq!(account_written(&renewal, std::slice::from_ref(&first)), None, "it tells nothing new");

    let as_guest = Tokens { account: &guest, ..renewal };
    let both = account_written(&as_guest, std::slice::from_ref(&first)).unwrap();
    assert_eq!(tenants(&both), [HOME, GUEST]);
    for field in ["key", "realm", "local_account_id", "username", "name", "client_info", "last_modification_time"] {
        assert_eq!(both[field], first[field], "{field}");
    }
    let again = account_written(&sign_in, std::slice::from_ref(&both)).unwrap();
    assert_eq!(tenants(&again), [HOME, GUEST], "in the order of the first time");

    // The other way round: nothing is known of the home but what Entra says of it.
    let guest_first = account_written(&Tokens { is_sign_in: true, ..as_guest }, &[]).unwrap();
    assert_eq!((&guest_first["realm"], &guest_first["local_account_id"]), (&json!(HOME), &json!(OID)));
    assert_eq!(guest_first["username"], "ada@guest.example");
    let home_later = account_written(&renewal, std::slice::from_ref(&guest_first)).unwrap();
    assert_eq!(tenants(&home_later), [GUEST, HOME]);
    assert_eq!(home_later["username"], "ada@contoso.example");
}

#[test]
fn an_account_of_msal_python_gets_profiles_and_loses_none() {
    let pythons = |realm: &str| {
        json!({"home_account_id": format!("{OID}.{HOME}"), "environment": "login.microsoftonline.com", "realm": realm,
            "local_account_id": "l", "username": "ada@contoso.example", "authority_type": "MSSTS", "account_source": "x"})
    };
    let (home, guest, token, info) = (ada(HOME), ada(GUEST), access_token(), client_info());
    let tokens = |account| Tokens {
        client_id: "client",
        account,
        client_info: Some(info.as_str()),
        id_token: None,
        access_token: &token,
        resource: None,
        refresh_token: None,
        user_assertion_hash: None,
        is_sign_in: true,
    };
    let both = account_written(&tokens(&guest), &[pythons(HOME)]).unwrap();
    assert_eq!(tenants(&both), [HOME, GUEST]);
    assert_eq!((&both["account_source"], &both["username"]), (&json!("x"), &json!("ada@contoso.example")));
    let organizations = account_written(&tokens(&home), &[pythons("organizations")]).unwrap();
    assert_eq!((tenants(&organizations), &organizations["realm"]), (vec![HOME.to_owned()], &json!(HOME)));
    // An account for each tenant: only the one that is replaced hands on its profile, the other stays where it is.
    let beside = account_written(&tokens(&home), &[pythons(GUEST)]).unwrap();
    assert_eq!((tenants(&beside), &beside["realm"]), (vec![HOME.to_owned()], &json!(HOME)));
}

#[test]
fn what_others_have_added_to_a_profile_stays() {
    let (home, token, info) = (ada(HOME), access_token(), client_info());
    let tokens = Tokens {
        client_id: "client",
        account: &home,
        client_info: Some(&info),
        id_token: None,
        access_token: &token,
        resource: None,
        refresh_token: None,
        user_assertion_hash: None,
        is_sign_in: true,
    };
    let old = format!(
        r#"{{"nativeAccountId":9007199254740993,"tenantId":"{HOME}","name":"Old","loginHint":"old","upn":"old"}}"#
    );
    let known = json!({"home_account_id": home.home_account_id, "realm": HOME, "tenantProfiles": [old]});
    let written = account_written(&tokens, &[known]).unwrap();
    assert_eq!(
        written["tenantProfiles"],
        json!([format!(
            r#"{{"tenantId":"{HOME}","localAccountId":"{OID}","name":"Ada Lovelace","username":"ada@contoso.example","isHomeTenant":true,"nativeAccountId":9007199254740993}}"#
        )])
    );
}

#[test]
fn profiles_that_cannot_be_read_stay_where_they_are() {
    let (guest, token, info) = (ada(GUEST), access_token(), client_info());
    let tokens = Tokens {
        client_id: "client",
        account: &guest,
        client_info: Some(&info),
        id_token: None,
        access_token: &token,
        resource: None,
        refresh_token: None,
        user_assertion_hash: None,
        is_sign_in: true,
    };
    let home = format!(r#"{{"isHomeTenant":true,"unknown":1.0e2,"tenantId":"{HOME}"}}"#);
    let known = format!(
        r#"{{"home_account_id":"{OID}.{HOME}","realm":"{HOME}","tenantProfiles":[9007199254740993,{},"?",{{"tenantId":1}}]}}"#,
        json!(home)
    );
    let known = [Entity::read(&known)];
    let (_, draft) = tokens.account_draft(&known).unwrap();
    let list = draft.entity().raw("tenantProfiles").unwrap().to_owned();
    assert!(list.starts_with(&format!(r#"[9007199254740993,{},"?",{{"tenantId":1}},"#, json!(home))), "{list}");
}

#[test]
fn client_info_of_another_server_means_something_else() {
    let (token, info) = (access_token(), client_info());
    let account = Account {
        home_account_id: "auth0|AbC".to_owned(),
        environment: "id.example".to_owned(),
        local_account_id: "auth0|AbC".to_owned(),
        is_home_tenant: true,
        authority_type: "Generic",
        ..Account::default()
    };
    let tokens = Tokens {
        client_id: "client",
        account: &account,
        client_info: Some(&info),
        id_token: None,
        access_token: &token,
        resource: None,
        refresh_token: None,
        user_assertion_hash: None,
        is_sign_in: true,
    };
    let written = account_written(&tokens, &[]).unwrap();
    assert_eq!((&written["realm"], &written["local_account_id"]), (&json!(""), &json!("auth0|AbC")));
    assert_eq!(written.get("client_info"), None);
    assert_eq!(written["key"], "auth0|abc-id.example-");
}

#[test]
fn of_two_who_changed_an_account_the_later_knows_best_and_no_profile_is_lost() {
    let account = |time: &str, username: &str, tenants: &[&str]| {
        let profile = |tenant: &&str| json!({"tenantId": tenant, "username": username}).to_string();
        let profiles: Vec<String> = tenants.iter().map(profile).collect();
        text(&json!({"home_account_id": "u.t", "environment": "login.windows.net", "realm": "t", "username": username,
            "last_modification_time": time, "tenantProfiles": profiles}))
    };
    let written = |mine: &str, theirs: &[&str]| {
        let mine = Entity::read(mine);
        let theirs: Vec<Entity<'_>> = theirs.iter().map(|text| Entity::read(text)).collect();
        let draft = rebased(&mine, &theirs)?;
        let written: Value = serde_json::from_str(&draft.written(&theirs[0])).unwrap();
        let profiles = written["tenantProfiles"].as_array().unwrap().iter();
        let names: Vec<String> = profiles
            .map(|text| Profile::read(text.as_str().unwrap()).unwrap())
            .map(|profile| format!("{} of {}", profile.username, profile.tenant_id))
            .collect();
        Some(format!("{}: {}", written["username"].as_str().unwrap(), names.join(", ")))
    };
    let (older, newer) = (account("5", "old", &["t", "mine"]), account("6", "new", &["theirs", "t"]));
    assert_eq!(written(&older, &[&newer]).unwrap(), "new: new of t, old of mine, new of theirs");
    assert_eq!(written(&newer, &[&older]).unwrap(), "new: new of t, old of mine, new of theirs");
    let newest = account("7", "newest", &["x", "t", "mine"]);
    assert_eq!(written(&older, &[&newest]), None, "nothing of the older is missing");
    assert_eq!(written(&newest, &[&newest]), None);
    assert_eq!(written(&older, &[&newer, &newest]), None);
    assert_eq!(
        written(&newest, &[&older, &newer]).unwrap(),
        "newest: newest of t, newest of mine, new of theirs, newest of x"
    );
}
