//! protocol/account.rs

use base64ct::{Base64UrlUnpadded, Encoding};
use doorcode::protocol::account::{Account, ClientInfo, Profile, authority_type};
use doorcode::protocol::authority::Server;
use doorcode::protocol::id_token::{Claims, Expected, Nonce};
use doorcode::secret::Secret;

use crate::sim::{ENTRA, jwt, server};

fn claims(extra: &str) -> Claims {
    let token = jwt(&format!(r#"{{"iss":"i","aud":"c","exp":99999999999{extra}}}"#));
    Claims::checked(&Secret::new(token), &Expected { issuer: "i", client_id: "c", nonce: Nonce::None, now: 0 }).unwrap()
}

fn client_info(json: &str) -> ClientInfo {
    ClientInfo::decode(&Base64UrlUnpadded::encode_string(json.as_bytes())).unwrap()
}

#[test]
fn a_guest_is_at_home_elsewhere() {
    let info = client_info(r#"{"uid":"u","utid":"home","xms_tdbr":"EU"}"#);
    let claims = claims(
        r#","oid":"o","sub":"s","tid":"guest","preferred_username":"ada@example.com","login_hint":"h"
        ,"signin_state":["kmsi"]"#,
    );
    let account = Account::from_reply(&server(ENTRA), Some(&claims), Some(&info)).unwrap();
    assert_eq!(account.home_account_id, "u.home");
    assert_eq!((account.tenant_id.as_str(), account.local_account_id.as_str()), ("guest", "o"));
    assert!(!account.is_home_tenant);
    assert_eq!(account.login_hint.as_deref(), Some("h"));
    assert_eq!((account.kmsi, account.data_boundary), (Some(true), Some("EU")));
    assert_eq!((account.authority_type, account.environment.as_str()), ("MSSTS", "login.windows.net"));
}

#[test]
fn the_username_comes_from_the_first_claim_that_has_one() {
    let cases = [
        (r#","preferred_username":"p","upn":"u","emails":["e"],"email":"m""#, "p"),
        (r#","upn":"u","emails":["e"],"email":"m""#, "u"),
        (r#","emails":["e","f"],"email":"m""#, "e"),
        (r#","email":"m""#, "m"),
        (r#","preferred_username":42"#, ""),
    ];
    for (extra, username) in cases {
        let account = Account::from_reply(&server("https://id.example"), Some(&claims(extra)), None).unwrap();
        assert_eq!(account.username, username, "{extra}");
        assert_eq!(account.authority_type, "Generic");
        assert_eq!(account.kmsi, Some(false));
    }
}

#[test]
fn a_name_cannot_move_a_terminal_s_cursor() {
    let claims = claims(r#","preferred_username":"a\u001b[2J","name":"Ada\r\nroot""#);
    let account = Account::from_reply(&server(ENTRA), Some(&claims), None).unwrap();
    assert_eq!((account.username.as_str(), account.name.as_deref()), ("a [2J", Some("Ada root")));
}

#[test]
fn without_claims_and_client_info_there_is_no_account() {
    assert_eq!(Account::from_reply(&server(ENTRA), None, None), None);
}

#[test]
fn client_info_that_cannot_be_read_is_an_error() {
    for text in ["", "!!", "e30x", "W10"] {
        assert!(ClientInfo::decode(text).is_err(), "{text}");
    }
    assert_eq!(client_info("{}"), ClientInfo::default());
}

#[test]
fn an_account_begins_with_the_profile_of_the_tenant_that_it_signed_in_to() {
    let info = client_info(r#"{"uid":"u","utid":"home"}"#);
    let claims = claims(r#","oid":"o","tid":"guest","preferred_username":"ada@example.com","name":"Ada","upn":"upn""#);
    let account = Account::from_reply(&server(ENTRA), Some(&claims), Some(&info)).unwrap();
    let profile = Profile {
        tenant_id: "guest".to_owned(),
        local_account_id: "o".to_owned(),
        username: "ada@example.com".to_owned(),
        login_hint: None,
        name: Some("Ada".to_owned()),
        upn: Some("upn".to_owned()),
        is_home_tenant: false,
    };
    assert_eq!(account.profiles, [profile]);
}

#[test]
fn a_profile_is_read_from_whatever_a_cache_holds() {
    let text = r#"{"tenantId":"t","localAccountId":"l","username":"u","loginHint":"h","name":"n","upn":"p","isHomeTenant":true,"x":1}"#;
    let profile = Profile {
        tenant_id: "t".to_owned(),
        local_account_id: "l".to_owned(),
        username: "u".to_owned(),
        login_hint: Some("h".to_owned()),
        name: Some("n".to_owned()),
        upn: Some("p".to_owned()),
        is_home_tenant: true,
    };
    assert_eq!(Profile::read(text), Some(profile));
    assert_eq!(Profile::read("{}"), Some(Profile::default()));
    let odd = r#"{"tenantId":5,"username":null,"name":"","isHomeTenant":"true"}"#;
    assert_eq!(Profile::read(odd), Some(Profile::default()));
    for text in ["", "null", "[]", "x", r#"{"tenantId":"#] {
        assert_eq!(Profile::read(text), None, "{text}");
    }
}

#[test]
fn a_tenant_s_id_token_knows_best_and_the_account_knows_the_rest() {
    let account = Account {
        home_account_id: "u.home".to_owned(),
        environment: "login.windows.net".to_owned(),
        tenant_id: "home".to_owned(),
        username: "account".to_owned(),
        local_account_id: "local".to_owned(),
        name: Some("Account".to_owned()),
        authority_type: "MSSTS",
        is_home_tenant: true,
        ..Account::default()
    };
    let nameless = Profile { tenant_id: "guest".to_owned(), ..Profile::default() };
    let named = Profile {
        local_account_id: "there".to_owned(),
        username: "profile".to_owned(),
        login_hint: Some("hint".to_owned()),
        name: Some("Profile".to_owned()),
        upn: Some("upn".to_owned()),
        ..nameless.clone()
    };
    let names = |profile: &Profile, claims: Option<&Claims>| {
        let account = account.in_tenant(profile, claims);
        assert_eq!((account.home_account_id.as_str(), account.tenant_id.as_str()), ("u.home", "guest"));
        assert!(!account.is_home_tenant);
        let Account { username, local_account_id, name, login_hint, upn, kmsi, .. } = account;
        let [name, login_hint, upn] = [name, login_hint, upn].map(Option::unwrap_or_default);
        (format!("{username}, {local_account_id}, {name}, {login_hint}, {upn}"), kmsi)
    };
    assert_eq!(names(&nameless, None), ("account, local, Account, , ".to_owned(), None));
    assert_eq!(names(&named, None), ("profile, there, Profile, hint, upn".to_owned(), None));
    let nothing = claims("");
    assert_eq!(names(&named, Some(&nothing)), ("profile, there, Profile, hint, upn".to_owned(), Some(false)));
    let token = claims(
        r#","preferred_username":"to\u001bken","name":"To\nken","login_hint":"h","upn":"u","signin_state":["dvc_dmjd"]"#,
    );
    assert_eq!(names(&named, Some(&token)), ("to ken, there, To ken, h, u".to_owned(), Some(true)));
}

#[test]
fn sorts_of_servers_have_the_names_that_caches_know() {
    for (name, expected) in
        [("MSSTS", "MSSTS"), ("ADFS", "ADFS"), ("Generic", "Generic"), ("", "Generic"), ("mssts", "Generic")]
    {
        assert_eq!(authority_type(name), expected);
    }
}

#[test]
fn an_account_is_of_the_sort_of_its_server() {
    let of =
        |server: &Server| Account::from_reply(server, Some(&claims(r#","sub":"s","acr":"policy""#)), None).unwrap();
    let mut custom = server("https://login.contoso.example/tenant");
    assert_eq!(of(&custom).authority_type, "Generic");
    custom.endpoints.issuer = Some("https://tenant.ciamlogin.com/tenant/v2.0".to_owned());
    assert_eq!(of(&custom).authority_type, "MSSTS", "External ID at a domain of a customer's own");
    assert_eq!(of(&server("https://contoso.ciamlogin.com")).authority_type, "MSSTS");
    let adfs = of(&server("https://fs.contoso.example/adfs"));
    assert_eq!((adfs.authority_type, adfs.tenant_id.as_str()), ("ADFS", "policy"));
}

#[test]
fn somebody_is_at_home_where_they_are() {
    let account = Account::of_somebody("github.com".to_owned(), "id".to_owned());
    assert_eq!((account.home_account_id.as_str(), account.local_account_id.as_str()), ("id", "id"));
    assert_eq!((account.authority_type, account.is_home_tenant), ("Generic", true));
    assert_eq!(account.profiles, [Profile::of(&account)]);
}
