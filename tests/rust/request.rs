//! protocol/request.rs and protocol/scopes.rs

use doorcode::protocol::json::Members;
use doorcode::protocol::request::{
    Ask, Client, ClientAuth, Code, client_credentials, code, device_authorization, device_token, merged_claims,
    on_behalf_of, refresh,
};
use doorcode::protocol::scopes::Scopes;
use doorcode::secret::Secret;

use crate::sim::{ENTRA, server};

fn client() -> Client {
    Client {
        client_id: "my client".to_owned(),
        app_name: "tool".to_owned(),
        os: "linux".to_owned(),
        ..Client::default()
    }
}

fn map(entries: &[(&str, &str)]) -> Members<String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn ask(client: &Client, claims: Option<&str>) -> Ask {
    plain(claims).checked(client).unwrap()
}

fn plain(claims: Option<&str>) -> Ask {
    Ask {
        scopes: Scopes::to_request(&["User.Read".to_owned(), "openid User.Read".to_owned()], true).unwrap(),
        claims: claims.map(str::to_owned),
        resource: Some("https://api.example".to_owned()),
        extra_query: map(&[("dc", "a&b")]),
        extra_form: map(&[("prompt", "login")]),
        correlation_id: "corr".to_owned(),
        locale: Some("de-DE".to_owned()),
    }
}

const FORM: &str = "client_id=my%20client&scope=User.Read%20openid%20profile%20offline_access";
const API: &str = "resource=https%3A%2F%2Fapi.example&prompt=login";

fn has(form: &Secret, field: &str) -> bool {
    form.expose().split('&').any(|sent| sent.starts_with(field))
}

#[test]
fn the_first_request_is_rfc_8628_section_3_1_with_what_the_caller_adds() {
    let first = |authority: &str, challenge| {
        device_authorization(
            &client(),
            &server(authority),
            "https://id.example/d",
            &ask(&client(), Some(r#"{"id_token":{}}"#)),
            challenge,
        )
    };
    let plain = first("https://id.example", None);
    assert_eq!(plain.url, "https://id.example/d?dc=a%26b");
    assert_eq!(plain.body.expose(), format!("{FORM}&claims=%7B%22id_token%22%3A%7B%7D%7D&{API}"));
    for header in [("Accept", "application/json"), ("Accept-Language", "de-DE")] {
        assert!(plain.headers.contains(&(header.0, header.1.to_owned())));
    }
    let entra = first(ENTRA, None);
    assert_eq!(entra.url, "https://id.example/d?dc=a%26b&mkt=de-DE");
    assert_eq!(entra.body.expose(), plain.body.expose());
    let proven = first("https://id.example", Some("challenge"));
    assert!(proven.body.expose().ends_with("&code_challenge=challenge&code_challenge_method=S256"));
}

#[test]
fn a_poll_is_rfc_8628_section_3_4_and_only_microsoft_is_told_more() {
    let secret = Secret::new("d c".to_owned());
    let poll = |authority: &str, client: &Client| {
        let mut server = server(authority);
        server.endpoints.token = "https://id.example/token?a=b".to_owned();
        device_token(client, &server, &ask(client, None), &secret, None)
    };
    let plain = poll("https://id.example", &client());
    assert_eq!(plain.url, "https://id.example/token?a=b&dc=a%26b");
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=d%20c";
    assert_eq!(plain.body.expose(), format!("{FORM}&{API}&{grant}"));
    let entra = poll(ENTRA, &client());
    assert_eq!(entra.url, "https://id.example/token?a=b&dc=a%26b&client-request-id=corr");
    for field in
        ["client_info=1", "x-client-SKU=doorcode", "x-client-OS=linux", "x-app-name=tool", "client-request-id=corr"]
    {
        assert!(has(&entra.body, field), "{field}");
    }
    let silent = poll(ENTRA, &Client { without_telemetry: true, ..client() });
    for (field, is_there) in
        [("client_info=1", true), ("x-ms-lib-capability", true), ("x-client", false), ("x-app", false)]
    {
        assert_eq!(has(&silent.body, field), is_there, "{field}");
    }
    assert!(poll("https://contoso.ciamlogin.com", &client()).body.expose().contains("client_info=1"));
    assert!(!poll("https://contoso.example/adfs", &client()).body.expose().contains("client_info"));
}

#[test]
fn a_host_whose_issuer_is_external_id_is_microsoft_s() {
    let mut server = server("https://login.contoso.example/tenant");
    assert!(!server.is_microsoft());
    server.endpoints.issuer = Some("https://tenant.ciamlogin.com/tenant/v2.0".to_owned());
    assert!(server.is_microsoft());
    let page = "https://login.contoso.example/common/oauth2/deviceauth";
    assert_eq!(server.external_id_page().as_deref(), Some(page));
}

#[test]
fn a_request_that_is_wrong_says_which_field() {
    let mcp = Client { is_mcp: true, ..client() };
    let cases = [
        (Ask { resource: None, ..plain(None) }, &mcp, "resource_parameter_required", "resource"),
        (
            Ask { extra_form: map(&[("resource", "x")]), ..plain(None) },
            &mcp,
            "misplaced_resource_parameter",
            "resource",
        ),
        (
            Ask { extra_query: map(&[("resource", "x")]), ..plain(None) },
            &mcp,
            "misplaced_resource_parameter",
            "resource",
        ),
        (
            Ask { extra_form: map(&[("code_verifier", "x")]), ..plain(None) },
            &mcp,
            "invalid_request_parameter",
            "extraParameters",
        ),
        (Ask { locale: Some("de_DE".to_owned()), ..plain(None) }, &mcp, "invalid_request_parameter", "locale"),
        (Ask { locale: Some("a-\r\nb".to_owned()), ..plain(None) }, &mcp, "invalid_request_parameter", "locale"),
        (plain(Some("[]")), &mcp, "invalid_claims", "claims"),
    ];
    for (ask, client, code, field) in cases {
        let error = ask.checked(client).unwrap_err();
        assert_eq!((error.code(), error.field()), (code, Some(field)));
    }
    assert!(plain(None).checked(&mcp).is_ok());
    assert!(Ask { resource: None, extra_form: map(&[("resource", "x")]), ..plain(None) }.checked(&client()).is_ok());
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
fn a_challenge_goes_into_the_caller_s_claims() {
    let challenge = r#"{"access_token":{"acrs":{"value":"c2"},"nbf":null}}"#;
    let cases = [
        (
            r#"{"id_token":{"email":null}}"#,
            r#"{"id_token":{"email":null},"access_token":{"acrs":{"value":"c2"},"nbf":null}}"#,
        ),
        (
            r#"{"access_token":{"acrs":{"value":"c1"},"xms_cc":1}}"#,
            r#"{"access_token":{"acrs":{"value":"c2"},"xms_cc":1,"nbf":null}}"#,
        ),
        (r#"{"access_token":null}"#, challenge),
        ("no JSON", challenge),
    ];
    for (own, merged) in cases {
        assert_eq!(merged_claims(own, challenge.to_owned()), merged);
    }
}

#[test]
fn scopes_are_sent_once_each_with_the_openid_ones_behind() {
    let joined = |scopes: &[&str]| {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Scopes::to_request(&scopes, true).map(|scopes| scopes.joined())
    };
    assert_eq!(joined(&[]).unwrap(), "openid profile offline_access");
    assert_eq!(joined(&[" a  b ", "a", "profile"]).unwrap(), "a b profile openid offline_access");
    assert_eq!(joined(&["User.Read", "user.read"]).unwrap(), "User.Read user.read openid profile offline_access");
    assert!(joined(&["ä"]).is_err());
    assert!(joined(&["a\\b"]).is_err());
    assert_eq!(Scopes::to_request(&["repo".to_owned()], false).unwrap().joined(), "repo");
}

#[test]
fn what_belongs_to_the_protocol_is_not_the_caller_s() {
    for name in ["client_id", "client_secret", "code_challenge", "code_challenge_method", "code_verifier"]
        .into_iter()
        .chain(["device_code", "grant_type", "refresh_token", "scope", "claims"])
    {
        let error = Ask { extra_form: map(&[(name, "x")]), ..plain(None) }.checked(&client()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_language_is_of_parts_of_eight_letters_at_most() {
    let ask = |locale: &str| Ask { locale: Some(locale.to_owned()), ..plain(None) }.checked(&client());
    for (locale, is_one) in [("de", true), ("de-12345678", true), ("de-123456789", false), ("de-", false), ("", false)]
    {
        assert_eq!(ask(locale).is_ok(), is_one, "{locale}");
    }
}

#[test]
fn no_scopes_are_asked_for_where_there_are_none() {
    let ask = Ask { scopes: Scopes::default(), ..plain(None) };
    let request = device_authorization(&client(), &server("https://id.example"), "https://id.example/d", &ask, None);
    assert!(!has(&request.body, "scope="));
}

#[test]
fn microsoft_is_told_what_it_wants_once_and_no_more() {
    let secret = Secret::new("RT".to_owned());
    let ask = Ask { extra_form: map(&[("client_info", "0")]), ..plain(None) };
    let renewal = |client: &Client, home: &str| refresh(client, &server(ENTRA), &ask, &ClientAuth::None, &secret, home);
    let form = renewal(&client(), "").body;
    assert_eq!(form.expose().matches("client_info=").count(), 1, "the caller's");
    assert!(has(&form, "x-client-current-telemetry=5%7C62%2C"));
    assert!(!has(&renewal(&Client { app_name: String::new(), ..client() }, "").body, "x-app"));
    let guid = "11111111-2222-3333-4444-555555555555";
    let anchor = ("X-AnchorMailbox", format!("Oid:{guid}@{guid}"));
    assert!(renewal(&client(), &format!("{guid}.{guid}")).headers.contains(&anchor));
    for home in ["", "u.t", &format!("u.{guid}"), &format!("{guid}.t")] {
        assert!(renewal(&client(), home).headers.iter().all(|(name, _)| *name != anchor.0), "{home}");
    }
}

#[test]
fn external_id_s_page_needs_no_issuer() {
    let page = "https://contoso.ciamlogin.com/common/oauth2/deviceauth";
    assert_eq!(server("https://contoso.ciamlogin.com").external_id_page().as_deref(), Some(page));
}

#[test]
fn a_renewal_asks_for_nothing_that_may_not_have_been_granted() {
    let secret = Secret::new("RT".to_owned());
    let renewal =
        |authority: &str| refresh(&client(), &server(authority), &plain(None), &ClientAuth::None, &secret, "").body;
    assert!(has(&renewal("https://id.example"), "scope=User.Read%20openid%20profile"));
    assert!(!renewal("https://id.example").expose().contains("offline_access"));
    for microsoft in [ENTRA, "https://fs.contoso.com/adfs"] {
        assert!(renewal(microsoft).expose().contains("offline_access"), "{microsoft} gives the next one only if asked");
    }
}

#[test]
fn each_grant_has_its_own_fields_and_the_clients_proof() {
    let plain = "https://id.example";
    let ask = ask(&client(), None);
    let secret = |text: &str| Secret::new(text.to_owned());
    let none = ClientAuth::None;
    let sent = code(
        &client(),
        &server(plain),
        &ask,
        &none,
        &Code {
            code: secret("c d"),
            redirect_uri: "https://app.example/back".to_owned(),
            verifier: Some(secret("v")),
            client_info: None,
        },
    );
    let fields =
        "grant_type=authorization_code&code=c%20d&redirect_uri=https%3A%2F%2Fapp.example%2Fback&code_verifier=v";
    assert_eq!(sent.body.expose(), format!("{FORM}&{API}&{fields}"));
    let own = client_credentials(&client(), &server(plain), &ask, &ClientAuth::Secret(secret("s&s")));
    assert_eq!(own.body.expose(), format!("{FORM}&{API}&grant_type=client_credentials&client_secret=s%26s"));
    let behalf =
        on_behalf_of(&client(), &server(plain), &ask, &ClientAuth::Assertion(secret("a.b.c")), &secret("t.t.t"));
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=t.t.t";
    let proof =
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=a.b.c";
    assert_eq!(behalf.body.expose(), format!("{FORM}&{API}&{grant}&requested_token_use=on_behalf_of&{proof}"));
    let basic = client_credentials(&client(), &server(plain), &ask, &ClientAuth::Basic(secret("s:ö")));
    assert!(!has(&basic.body, "client_secret"));
    // "my%20client:s%3A%C3%B6" (RFC 6749 section 2.3.1).
    assert_eq!(basic.authorization.unwrap().expose(), "Basic bXklMjBjbGllbnQ6cyUzQSVDMyVCNg==");
}

#[test]
fn microsoft_is_asked_for_claims_of_a_person_and_the_caller_s_own_stay_as_they_are() {
    let wishes = r#""id_token":{"signin_state":{"essential":false},"login_hint":{"essential":false},"tenant_region_sub_scope":{"essential":false}}}"#;
    let cases = [
        (None, format!("{{{wishes}")),
        (Some("{}"), format!("{{{wishes}")),
        (Some(r#"{"a":"\/", "n":-1 } "#), format!(r#"{{"a":"\/", "n":-1 ,{wishes}"#)),
        (
            Some(r#"{"id_token":{"login_hint":null}}"#),
            wishes.replace(r#""login_hint":{"essential":false}"#, r#""login_hint":null"#).replacen('"', "{\"", 1),
        ),
    ];
    for (given, expected) in cases {
        let sent = |authority: &str| {
            let form = refresh(
                &client(),
                &server(authority),
                &ask(&client(), given),
                &ClientAuth::None,
                &Secret::default(),
                "",
            );
            let form = form.body.expose().to_owned();
            form.split('&').find_map(|field| field.strip_prefix("claims=").map(str::to_owned))
        };
        let encoded = |text: &str| doorcode::protocol::text::percent_encoded(text);
        assert_eq!(sent(ENTRA), Some(encoded(&expected)), "{given:?}");
        assert_eq!(sent("https://id.example"), given.map(encoded), "others are asked for what the caller wants");
    }
}
