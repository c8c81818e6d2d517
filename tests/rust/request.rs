//! protocol/request.rs and protocol/scopes.rs

use std::collections::BTreeMap;

use doorcode::protocol::authority::Authority;
use doorcode::protocol::request::{Ask, Client, device_authorization, device_token};
use doorcode::protocol::scopes::Scopes;
use doorcode::secret::Secret;

use crate::sim::ENTRA;

fn client() -> Client {
    Client {
        client_id: "my client".to_owned(),
        app_name: "tool".to_owned(),
        os: "linux".to_owned(),
        ..Client::default()
    }
}

fn map(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn ask(client: &Client, claims: Option<&str>) -> Ask {
    let scopes = Scopes::to_request(&["User.Read".to_owned(), "openid User.Read".to_owned()]).unwrap();
    let (query, form) = (map(&[("dc", "a&b")]), map(&[("mkt", "de-DE")]));
    Ask::checked(client, scopes, claims, Some("https://api.example".to_owned()), query, form, "corr".to_owned())
        .unwrap()
}

#[test]
fn the_first_request_is_rfc_8628_section_3_1_with_what_the_caller_adds() {
    let endpoints = Authority::parse(ENTRA).unwrap().known_endpoints().unwrap();
    let request = device_authorization(&client(), &endpoints, &ask(&client(), Some(r#"{"id_token":{}}"#)));
    assert_eq!(request.url, "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode?dc=a%26b");
    assert_eq!(
        request.body.expose(),
        "client_id=my%20client&scope=User.Read%20openid%20profile%20offline_access&claims=%7B%22id_token%22%3A%7B%7D%7D\
         &resource=https%3A%2F%2Fapi.example&mkt=de-DE"
    );
    assert!(request.headers.contains(&("Accept", "application/json".to_owned())));
}

#[test]
fn a_poll_is_rfc_8628_section_3_4_and_only_microsoft_is_told_more() {
    let secret = Secret::new("d c".to_owned());
    let poll = |authority: &str| {
        let authority = Authority::parse(authority).unwrap();
        device_token(&client(), &authority, "https://id.example/token?a=b", &ask(&client(), None), &secret)
    };
    let plain = poll("https://id.example");
    assert_eq!(plain.url, "https://id.example/token?a=b&dc=a%26b");
    assert_eq!(
        plain.body.expose(),
        "client_id=my%20client&scope=User.Read%20openid%20profile%20offline_access&resource=https%3A%2F%2Fapi.example&mkt=de-DE\
         &grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d%20c"
    );
    let entra = poll(ENTRA);
    assert_eq!(entra.url, "https://id.example/token?a=b&client-request-id=corr&dc=a%26b");
    for field in
        ["client_info=1", "x-client-SKU=doorcode", "x-client-OS=linux", "x-app-name=tool", "client-request-id=corr"]
    {
        assert!(entra.body.expose().split('&').any(|sent| sent == field), "{field}");
    }
}

#[test]
fn capabilities_go_into_the_caller_s_claims() {
    let capable = Client { capabilities: vec!["cp1".to_owned()], ..client() };
    let cases = [
        (None, r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#),
        (
            Some(r#"{"access_token":{"nbf":{"essential":true}}}"#),
            r#"{"access_token":{"nbf":{"essential":true},"xms_cc":{"values":["cp1"]}}}"#,
        ),
        (Some(r#"{"access_token":null}"#), r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#),
    ];
    for (claims, expected) in cases {
        assert_eq!(ask(&capable, claims).claims.as_deref(), Some(expected));
    }
    assert_eq!(ask(&client(), None).claims, None);
    let spaced = r#"{ "id_token" : {} }"#;
    assert_eq!(ask(&client(), Some(spaced)).claims.as_deref(), Some(spaced), "left as it was written");
}

#[test]
fn scopes_are_sent_once_each_with_the_openid_ones_behind() {
    let joined = |scopes: &[&str]| {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Scopes::to_request(&scopes).map(|scopes| scopes.joined())
    };
    assert_eq!(joined(&[]).unwrap(), "openid profile offline_access");
    assert_eq!(joined(&[" a  b ", "a", "profile"]).unwrap(), "a b profile openid offline_access");
    assert_eq!(joined(&["User.Read", "user.read"]).unwrap(), "User.Read user.read openid profile offline_access");
    assert!(joined(&["ä"]).is_err());
    assert!(joined(&["a\\b"]).is_err());
}
