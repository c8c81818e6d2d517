//! protocol/authorization.rs

use doorcode::error::Error;
use doorcode::protocol::authorization::{Authorization, EndSession, Expected, Response};
use doorcode::protocol::json::{self, Members};
use doorcode::protocol::request::{Ask, Client};
use doorcode::protocol::scopes::Scopes;
use doorcode::secret::Secret;

use crate::sim::{ENTRA, openid, server};

const PLAIN: &str = "https://id.example";
const ADA: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const HOME: &str = "11111111-2222-3333-4444-555555555555";

fn client() -> Client {
    Client { client_id: "my client".to_owned(), os: "linux".to_owned(), ..Client::default() }
}

fn ask() -> Ask {
    Ask {
        scopes: Scopes::to_request(&["User.Read".to_owned()], true).unwrap(),
        claims: Some("{}".to_owned()),
        resource: None,
        extra_query: [("state", "theirs"), ("slice", "a b")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
        extra_form: Members::default(),
        correlation_id: "corr".to_owned(),
        locale: Some("de".to_owned()),
    }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn authorization() -> Authorization {
    Authorization { redirect_uri: "https://app.example/back?a=b".to_owned(), ..Authorization::default() }
}

/// The parameters of the address that the person is sent to.
fn query(authority: &str, authorization: &Authorization) -> Vec<String> {
    let url = authorization.clone().checked().unwrap().url(
        &client(),
        &server(authority),
        "https://id.example/authorize",
        &ask(),
    );
    let (endpoint, query) = url.split_once('?').unwrap();
    assert_eq!(endpoint, "https://id.example/authorize");
    query.split('&').map(str::to_owned).collect()
}

#[test]
fn the_address_is_rfc_6749_section_4_1_1_and_microsoft_is_told_more() {
    let full = Authorization {
        state: some("S S"),
        nonce: some("N"),
        challenge: some("C"),
        challenge_method: some("S256"),
        prompt: some("consent"),
        domain_hint: some("contoso.com"),
        response_mode: some("form_post"),
        ..authorization()
    };
    let plain = "client_id=my%20client&response_type=code&redirect_uri=https%3A%2F%2Fapp.example%2Fback%3Fa%3Db\
        &response_mode=form_post&scope=User.Read%20openid%20profile%20offline_access&claims=%7B%7D&state=S%20S&nonce=N\
        &code_challenge=C&code_challenge_method=S256&prompt=consent&domain_hint=contoso.com&ui_locales=de&slice=a%20b";
    assert_eq!(query(PLAIN, &full).join("&"), plain, "and what the caller adds replaces nothing");
    let entra = query(ENTRA, &full);
    for parameter in
        ["client-request-id=corr", "client_info=1", "clidata=1", "mkt=de", "x-client-SKU=doorcode", "x-client-OS=linux"]
    {
        assert!(entra.contains(&parameter.to_owned()), "{parameter}");
    }
    let quiet = Client { without_telemetry: true, ..client() };
    assert!(!full.url(&quiet, &server(ENTRA), "https://id.example/a", &ask()).contains("x-client"));
    let given = full.url(&client(), &server(PLAIN), "https://id.example/a?tenant=t", &ask());
    assert!(given.starts_with("https://id.example/a?tenant=t&client_id="));
}

#[test]
fn the_answer_is_posted_where_that_is_preferred_and_can_be() {
    let mode = |authority: &str, authorization: &Authorization| query(authority, authorization).remove(3);
    let preferred = Authorization { prefers_post: true, ..authorization() };
    assert_eq!(mode(PLAIN, &preferred), "response_mode=query");
    assert_eq!(mode(ENTRA, &preferred), "response_mode=form_post");
    assert_eq!(mode(ENTRA, &authorization()), "response_mode=query");
    assert_eq!(mode(ENTRA, &Authorization { response_mode: some("fragment"), ..preferred }), "response_mode=fragment");
}

#[test]
fn who_is_expected_is_said_in_msal_s_order() {
    let account = Expected {
        login_hint: some("HINT"),
        session_id: some("SESSION"),
        username: some("ada@example.com"),
        home_account_id: format!("{ADA}.{HOME}"),
    };
    let unhinted = Expected { login_hint: None, ..account.clone() };
    let of = |account: &Expected| Authorization { account: Some(account.clone()), ..authorization() };
    let own = |authorization: Authorization| Authorization { login_hint: some("grace"), ..authorization };
    let prompted = |prompt: &str, authorization: Authorization| Authorization { prompt: some(prompt), ..authorization };
    let oid = format!("X-AnchorMailbox=Oid%3A{ADA}%40{HOME}");
    let upn = "X-AnchorMailbox=UPN%3Agrace".to_owned();
    let cases = [
        ("nobody", authorization(), vec![]),
        ("a hint", own(authorization()), vec!["login_hint=grace".to_owned(), upn.clone()]),
        ("an account", own(of(&account)), vec!["login_hint=HINT".to_owned(), oid.clone()]),
        (
            "an account of a domain",
            Authorization { domain_hint: some("contoso.com"), ..own(of(&account)) },
            vec!["login_hint=grace".to_owned(), upn.clone()],
        ),
        ("an account without a hint", of(&unhinted), vec!["login_hint=ada%40example.com".to_owned(), oid.clone()]),
        ("the same, and a hint", own(of(&unhinted)), vec!["login_hint=grace".to_owned(), upn]),
        ("the same, asked nothing", prompted("none", own(of(&unhinted))), vec!["sid=SESSION".to_owned(), oid]),
        (
            "a session",
            prompted("none", Authorization { session_id: some("MINE"), ..own(of(&account)) }),
            vec!["sid=MINE".to_owned()],
        ),
        ("a session, and a page", Authorization { session_id: some("MINE"), ..authorization() }, vec![]),
        ("a choice", prompted("select_account", own(of(&account))), vec![]),
    ];
    for (name, authorization, expected) in cases {
        let found: Vec<String> = query(ENTRA, &authorization)
            .into_iter()
            .filter(|parameter| ["login_hint=", "sid=", "X-Anchor"].iter().any(|hint| parameter.starts_with(hint)))
            .collect();
        assert_eq!(found, expected, "{name}");
    }
    assert!(!query(PLAIN, &own(of(&account))).iter().any(|parameter| parameter.contains("Anchor")));
}

#[test]
fn what_is_wrong_in_it_is_named() {
    let broken = [
        (Authorization::default(), "redirect_uri_empty", "redirectUri"),
        (Authorization { response_mode: some("ear"), ..authorization() }, "invalid_response_mode", "responseMode"),
        (Authorization { challenge: some("C"), ..authorization() }, "pkce_params_missing", "codeChallengeMethod"),
        (Authorization { challenge_method: some("S256"), ..authorization() }, "pkce_params_missing", "codeChallenge"),
        (
            Authorization { challenge: some("C"), challenge_method: some("S512"), ..authorization() },
            "invalid_code_challenge_method",
            "codeChallengeMethod",
        ),
    ];
    for (authorization, code, field) in broken {
        let error = authorization.checked().unwrap_err();
        assert_eq!((error.code(), error.field()), (code, Some(field)));
    }
}

fn check(response: &str, state: Option<&str>, issuer: &str) -> Result<(), Error> {
    let mut server = server(ENTRA);
    server.endpoints.issuer = some(issuer);
    Response::new(json::object(response).unwrap()).check(state, &server, &openid())
}

#[test]
fn an_answer_must_bring_the_state_back_and_come_from_the_server() {
    let open = "https://login.microsoftonline.com/{tenantid}/v2.0";
    for response in [r#"{"state":"S","code":"C"}"#, r#"{"state":"S","iss":"https://id.example"}"#] {
        assert!(check(response, Some("S"), PLAIN).is_ok(), "{response}");
    }
    assert!(check(r#"{"code":"C"}"#, None, PLAIN).is_ok());
    assert!(check(&format!(r#"{{"iss":"https://login.microsoftonline.com/{HOME}/v2.0"}}"#), None, open).is_ok());
    let refused = [
        (r#"{"state":"T","code":"C"}"#, "state_mismatch", PLAIN),
        (r#"{"code":"C"}"#, "state_mismatch", PLAIN),
        (r#"{"state":["S"]}"#, "state_mismatch", PLAIN),
        (r#"{"error":"access_denied","state":"T"}"#, "state_mismatch", PLAIN),
        (r#"{"state":"S","iss":"https://evil.example"}"#, "issuer_mismatch", PLAIN),
        (r#"{"state":"S","iss":"https://id.example/"}"#, "issuer_mismatch", PLAIN),
        (r#"{"state":"S","iss":"https://evil.example/v2.0"}"#, "issuer_mismatch", open),
        (r#"{"state":"S","error":"access_denied"}"#, "access_denied", PLAIN),
        (r#"{"state":"S","error":"interaction_required","code":"C"}"#, "interaction_required", PLAIN),
    ];
    for (response, code, issuer) in refused {
        assert_eq!(check(response, Some("S"), issuer).unwrap_err().code(), code, "{response}");
    }
}

#[test]
fn a_code_that_a_refusal_quotes_is_not_passed_on() {
    let error = check(
        r#"{"state":"S","error":"e","error_description":"what about C-secret?","code":"C-secret"}"#,
        Some("S"),
        PLAIN,
    );
    assert!(!error.unwrap_err().to_string().contains("C-secret"));
}

#[test]
fn signing_out_is_openid_connect_s() {
    let end = EndSession {
        redirect_uri: some("https://app.example/"),
        id_token: Some(Secret::new("a.b.c".to_owned())),
        logout_hint: some("HINT"),
        state: some("S"),
    };
    let url = end.url(&client(), &server(PLAIN), "https://id.example/end", &ask());
    let query = "client_id=my%20client&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2F&id_token_hint=a.b.c&logout_hint=HINT\
        &state=S&ui_locales=de&slice=a%20b";
    assert_eq!(url, format!("https://id.example/end?{query}"));
    assert!(end.url(&client(), &server(ENTRA), "https://id.example/end", &ask()).contains("client-request-id=corr"));
}
