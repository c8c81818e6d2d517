//! flows/authorization_code.rs, flows/confidential.rs and flows/exchange.rs on a simulated host.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use doorcode::cache::record::Whose;
use doorcode::error::Error;
use doorcode::flows::authorization_code::{self, by_code};
use doorcode::flows::confidential::{self, Plan, renew, token};
use doorcode::flows::{App, Authentication, Config, Renewable, Wish, accounts};
use doorcode::host::Host;
use doorcode::protocol::authority::Authority;
use doorcode::protocol::authorization::{Authorization, EndSession, Response};
use doorcode::protocol::json;
use doorcode::protocol::request::{Client, Code, Credential};
use doorcode::secret::Secret;

use crate::sim::{Answer, ENTRA, SharedDisk, Sim, TENANT, all, entra_id_token, openid, tokens};

const OPENID: &str = "https://id.example";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn app_with(sim: &Sim, authority: &str, credential: Credential) -> App<Sim> {
    let trust = openid();
    let client = Client { client_id: "client".to_owned(), credential, ..Client::default() };
    App::new(sim.clone(), Config { client, authority: Authority::parse(authority, &trust).unwrap(), trust })
}

fn with_secret() -> Credential {
    Credential::Secret { secret: secret("CS-secret"), is_basic: false }
}

fn tenant() -> String {
    format!("https://login.microsoftonline.com/{TENANT}")
}

/// A server that gives tokens with numbers, with further fields.
fn numbered(extra: &'static str) -> Sim {
    let number = Cell::new(0);
    Sim::serve(move |_, _| {
        number.set(number.get() + 1);
        Answer::json(200, &format!(r#"{{"access_token":"AT-{}","expires_in":3600{extra}}}"#, number.get()))
    })
}

fn wish(scope: &str) -> Wish {
    Wish { scopes: vec![scope.to_owned()], ..Wish::default() }
}

fn own() -> confidential::Request {
    confidential::Request { wish: wish("https://api.example/.default"), ..confidential::Request::default() }
}

fn behalf(assertion: &str) -> confidential::Request {
    confidential::Request {
        wish: wish("User.Read"),
        user_assertion: Some(secret(assertion)),
        ..confidential::Request::default()
    }
}

fn words(outcome: Result<Renewable<Plan>, Error>) -> String {
    match outcome {
        Ok(token) => access_token(&token.authentication),
        Err(error) => error.code().to_owned(),
    }
}

fn access_token(authentication: &Authentication) -> String {
    authentication.reply.access_token.expose().to_owned()
}

fn bodies(sim: &Sim) -> Vec<String> {
    sim.requests().iter().map(|(_, request)| request.body.expose().to_owned()).collect()
}

fn later(sim: &Sim, seconds: u64) {
    sim.run(sim.sleep(Duration::from_secs(seconds)));
}

fn code_request(response: Option<&str>) -> authorization_code::Request {
    authorization_code::Request {
        wish: wish("User.Read"),
        code: Code {
            code: secret(if response.is_some() { "" } else { "C-secret" }),
            redirect_uri: "https://app.example/back".to_owned(),
            verifier: Some(secret("V-secret")),
            client_info: None,
        },
        nonce: None,
        state: Some("S".to_owned()),
        response: response.map(|response| Response::new(json::object(response).unwrap())),
    }
}

#[test]
fn a_code_becomes_tokens_that_are_remembered() {
    let sim = Sim::script(vec![tokens()]);
    let app = app_with(&sim, ENTRA, with_secret());
    let signed_in = sim.run(by_code(&app, code_request(None))).unwrap();
    assert_eq!(signed_in.account.unwrap().username, "ada@example.com");
    let body = bodies(&sim).remove(0);
    for field in ["grant_type=authorization_code", "code=C-secret", "code_verifier=V-secret", "client_secret=CS-secret"]
    {
        assert!(body.contains(field), "{field}");
    }
    assert_eq!(sim.run(accounts::known(&app, None, None)).unwrap().unwrap().1.len(), 1);
    assert!(sim.log_lines().iter().all(|line| !line.contains("secret")));
}

#[test]
fn the_code_may_be_in_the_answer_which_is_held_against_what_was_asked() {
    let cases = [
        (r#"{"code":"C-secret","state":"S"}"#, "AT-secret"),
        (r#"{"code":"C-secret","state":"T"}"#, "state_mismatch"),
        (r#"{"error":"access_denied","state":"S"}"#, "access_denied"),
        (r#"{"state":"S"}"#, "request_cannot_be_made"),
    ];
    for (response, expected) in cases {
        let sim = Sim::script(vec![tokens()]);
        let app = app_with(&sim, ENTRA, Credential::None);
        let outcome = sim.run(by_code(&app, code_request(Some(response))));
        assert_eq!(outcome.map_or_else(|error| error.code().to_owned(), |result| access_token(&result)), expected);
        assert_eq!(sim.requests().len(), usize::from(expected == "AT-secret"), "a refused answer costs no request");
    }
}

#[test]
fn an_answer_says_whose_it_is_where_the_server_says_that_all_of_its_do() {
    let document = |more: &str| format!(r#"{{"issuer":"{OPENID}","token_endpoint":"{OPENID}/t"{more}}}"#);
    let says_so = r#","authorization_response_iss_parameter_supported":true"#;
    for (more, answer, outcome) in [
        (says_so, r#"{"code":"C","state":"S"}"#, "issuer_mismatch"),
        (says_so, r#"{"code":"C","state":"S","iss":"https://other.example"}"#, "issuer_mismatch"),
        (says_so, r#"{"error":"access_denied","state":"S"}"#, "issuer_mismatch"),
        (says_so, r#"{"code":"C","state":"S","iss":"https://id.example"}"#, "AT"),
        ("", r#"{"code":"C","state":"S"}"#, "AT"),
    ] {
        let tokens = Answer::json(200, r#"{"access_token":"AT"}"#);
        let sim = Sim::script(vec![Answer::json(200, &document(more)), tokens]);
        let app = app_with(&sim, OPENID, with_secret());
        let result = sim.run(by_code(&app, code_request(Some(answer))));
        let found = result.as_ref().map_or_else(|error| error.code().to_owned(), access_token);
        assert_eq!(found, outcome, "{more} {answer}");
    }
}

#[test]
fn entra_s_word_on_the_account_goes_to_its_gateway() {
    let sim = Sim::script(vec![tokens()]);
    let app = app_with(&sim, ENTRA, Credential::None);
    let info = Base64UrlUnpadded::encode_string(format!(r#"{{"uid":"{TENANT}","utid":"{TENANT}"}}"#).as_bytes());
    let response = format!(r#"{{"code":"C","state":"S","client_info":"{info}"}}"#);
    sim.run(by_code(&app, code_request(Some(&response)))).unwrap();
    let anchor = ("X-AnchorMailbox", format!("Oid:{TENANT}@{TENANT}"));
    assert!(sim.requests()[0].1.headers.contains(&anchor));
}

#[test]
fn a_code_is_spent_once_whatever_happens() {
    for outage in [Answer::json(503, ""), Answer::Break(None), Answer::json(429, "").with_header("retry-after", "1")] {
        let sim = Sim::script(vec![outage, tokens()]);
        let app = app_with(&sim, ENTRA, Credential::None);
        assert!(sim.run(by_code(&app, code_request(None))).is_err());
        assert_eq!(sim.requests().len(), 1);
        assert!(sim.run(by_code(&app, code_request(None))).is_ok(), "another code is not kept waiting");
    }
}

#[test]
fn a_nonce_that_was_sent_must_come_back_in_an_id_token() {
    let with_nonce = |nonce: &str| {
        let token = entra_id_token();
        let claims = Base64UrlUnpadded::decode_vec(token.split('.').nth(1).unwrap()).unwrap();
        let claims = String::from_utf8(claims).unwrap().replacen('{', &format!(r#"{{"nonce":"{nonce}","#), 1);
        Answer::json(200, &format!(r#"{{"access_token":"AT-secret","id_token":"{}"}}"#, crate::sim::jwt(&claims)))
    };
    let cases = [
        (with_nonce("N"), Some("N"), "AT-secret"),
        (with_nonce("M"), Some("N"), "nonce_mismatch"),
        (with_nonce("N"), None, "nonce_mismatch"),
        (tokens(), Some("N"), "nonce_mismatch"),
        (Answer::json(200, r#"{"access_token":"AT-secret"}"#), Some("N"), "nonce_mismatch"),
    ];
    for (answer, nonce, expected) in cases {
        let sim = Sim::script(vec![answer]);
        let app = app_with(&sim, ENTRA, Credential::None);
        let request = authorization_code::Request { nonce: nonce.map(str::to_owned), ..code_request(None) };
        let outcome = sim.run(by_code(&app, request));
        assert_eq!(outcome.map_or_else(|error| error.code().to_owned(), |result| access_token(&result)), expected);
    }
}

#[test]
fn pages_are_those_of_the_server_s_document() {
    let document = r#"{"issuer":"https://id.example","token_endpoint":"https://id.example/t","authorization_endpoint":"https://id.example/a","end_session_endpoint":"https://id.example/e"}"#;
    let bare = r#"{"issuer":"https://id.example","token_endpoint":"https://id.example/t","authorization_endpoint":"http://id.example/a"}"#;
    let page = Authorization { redirect_uri: "https://app.example/".to_owned(), ..Authorization::default() };
    for (document, pages) in [
        (document, ["https://id.example/a?client_id=client", "https://id.example/e?client_id=client"]),
        (bare, ["endpoints_resolution_error", "end_session_endpoint_not_supported"]),
    ] {
        let sim = Sim::script(vec![Answer::json(200, document)]);
        let app = app_with(&sim, OPENID, Credential::None);
        let found = [
            sim.run(authorization_code::url(&app, wish("a"), page.clone())),
            sim.run(authorization_code::end_session_url(&app, wish("a"), EndSession::default())),
        ];
        for (found, page) in found.into_iter().zip(pages) {
            let found = found.unwrap_or_else(|error| error.code().to_owned());
            assert!(found.starts_with(page), "{found}");
        }
    }
}

#[test]
fn a_secret_goes_by_basic_where_the_server_takes_nothing_else() {
    let document = |methods: &str| {
        format!(r#"{{"issuer":"https://id.example","token_endpoint":"https://id.example/t"{methods}}}"#)
    };
    let basic = r#","token_endpoint_auth_methods_supported":["client_secret_basic","private_key_jwt"]"#;
    let both = r#","token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]"#;
    for (methods, is_basic, goes_by_basic) in
        [(basic, false, true), (both, false, false), ("", false, false), (both, true, true)]
    {
        let sim = Sim::script(vec![Answer::json(200, &document(methods)), tokens()]);
        let app = app_with(&sim, OPENID, Credential::Secret { secret: secret("CS-secret"), is_basic });
        words(sim.run(token(&app, own())));
        let request = sim.requests().remove(1).1;
        assert_eq!(request.authorization.is_some(), goes_by_basic, "{methods}");
        assert_eq!(request.body.expose().contains("client_secret=CS-secret"), !goes_by_basic);
        assert!(!format!("{request:?}").contains("Basic Y"), "it is a secret");
    }
}

#[test]
fn each_request_brings_an_assertion_of_its_own() {
    let sim = Sim::script(vec![Answer::json(503, ""), tokens()]);
    let app = app_with(&sim, &tenant(), Credential::Assertion);
    sim.run(token(&app, own())).unwrap();
    let sent = bodies(&sim);
    assert_eq!(sent.len(), 2, "the first was not answered");
    for (number, body) in (1..).zip(&sent) {
        let endpoint = format!("https%3A%2F%2Flogin.microsoftonline.com%2F{TENANT}%2Foauth2%2Fv2.0%2Ftoken");
        assert!(body.contains(&format!("client_assertion=assertion%20{number}%20for%20{endpoint}")), "{body}");
    }
    let given = confidential::Request { client_assertion: Some(secret("GIVEN")), skip_cache: true, ..own() };
    sim.run(token(&app, given)).unwrap();
    assert!(bodies(&sim)[2].contains("client_assertion=GIVEN"));
}

#[test]
fn a_refusal_that_quotes_the_proof_is_passed_on_without() {
    let sim = Sim::script(vec![Answer::json(
        401,
        r#"{"error":"invalid_client","error_description":"no CS-secret, C-secret, V-secret"}"#,
    )]);
    let app = app_with(&sim, ENTRA, with_secret());
    let error = sim.run(by_code(&app, code_request(None))).unwrap_err();
    assert_eq!(error.code(), "invalid_client");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_client_s_own_token_is_nobody_s_and_serves_until_it_expires() {
    let sim = numbered("");
    let app = app_with(&sim, &tenant(), with_secret());
    let of_people = Wish { scopes: ["openid profile", "offline_access"].map(str::to_owned).to_vec(), ..own().wish };
    let scopes = [own().wish.scopes, of_people.scopes].concat();
    let first = confidential::Request { wish: Wish { scopes, ..Wish::default() }, ..own() };
    let first = sim.run(token(&app, first)).unwrap().authentication;
    assert!(first.account.is_none() && !first.from_cache);
    assert!(!bodies(&sim)[0].contains("openid"), "the client is nobody whom an ID token could name");
    let again = sim.run(token(&app, own())).unwrap().authentication;
    assert!(again.from_cache && again.account.is_none());
    assert_eq!(access_token(&again), "AT-1");
    assert_eq!(sim.run(accounts::known(&app, None, None)).unwrap().unwrap().1.len(), 0);
    let other = confidential::Request { wish: wish("https://other.example/.default"), ..own() };
    assert_eq!(words(sim.run(token(&app, other))), "AT-2");
    let skipping = confidential::Request { skip_cache: true, ..own() };
    assert_eq!(words(sim.run(token(&app, skipping))), "AT-3");
    let challenged = Wish { claims: Some(r#"{"access_token":{}}"#.to_owned()), ..own().wish };
    assert_eq!(words(sim.run(token(&app, confidential::Request { wish: challenged, ..own() }))), "AT-4");
    assert_eq!(words(sim.run(token(&app, own()))), "AT-4", "the newest serves");
    later(&sim, 3_301);
    assert_eq!(words(sim.run(token(&app, own()))), "AT-5");
}

#[test]
fn a_client_s_own_token_is_one_tenant_s() {
    for (authority, expected) in
        [(ENTRA, "missing_tenant_id_error"), ("https://login.microsoftonline.com/contoso.com", "AT-1")]
    {
        let sim = numbered("");
        assert_eq!(words(sim.run(token(&app_with(&sim, authority, with_secret()), own()))), expected);
    }
    let sim = numbered("");
    let app = app_with(&sim, &tenant(), with_secret());
    sim.run(token(&app, own())).unwrap();
    let elsewhere = Wish { authority: Some("https://login.microsoftonline.com/contoso.com".to_owned()), ..own().wish };
    assert_eq!(words(sim.run(token(&app, confidential::Request { wish: elsewhere, ..own() }))), "AT-2");
}

#[test]
fn a_client_s_own_token_is_one_server_s_of_those_that_share_a_host() {
    let sim = Sim::serve(|request, _| {
        let (server, _) = request.url.split_once("/.well-known").or(request.url.split_once("/t")).unwrap();
        Answer::json(
            200,
            &match request.url.contains("/.well-known") {
                true => format!(r#"{{"issuer":"{server}","token_endpoint":"{server}/t"}}"#),
                false => format!(r#"{{"access_token":"AT-{server}","expires_in":3600}}"#),
            },
        )
    });
    let [ours, theirs] = ["a", "b"].map(|realm| format!("{OPENID}/realms/{realm}"));
    let app = app_with(&sim, &ours, with_secret());
    let of_theirs = || Wish { authority: Some(theirs.clone()), ..own().wish };
    for _ in 0..2 {
        assert_eq!(words(sim.run(token(&app, own()))), format!("AT-{ours}"));
        let request = confidential::Request { wish: of_theirs(), ..own() };
        assert_eq!(words(sim.run(token(&app, request))), format!("AT-{theirs}"));
    }
    assert_eq!(sim.requests().len(), 4, "each of them is asked once");
}

#[test]
fn of_those_who_want_the_same_one_asks() {
    let sim = numbered("");
    let app = app_with(&sim, &tenant(), with_secret());
    let outcomes = sim.run(all((0..5).map(|_| token(&app, own())).collect()));
    assert!(outcomes.into_iter().all(|outcome| words(outcome) == "AT-1"));
    assert_eq!(sim.requests().len(), 1);
    let refused = Sim::script(vec![Answer::oauth("invalid_client")]);
    let app = app_with(&refused, &tenant(), with_secret());
    let outcomes = refused.run(all((0..5).map(|_| token(&app, own())).collect()));
    assert!(outcomes.into_iter().all(|outcome| words(outcome) == "invalid_client"));
    assert_eq!(refused.requests().len(), 1, "and all hear what it was told");
}

#[test]
fn a_token_that_is_due_is_renewed_behind_the_scenes_and_not_twice() {
    for request in [own, || behalf("a.b.c")] {
        let sim = numbered(r#","refresh_in":600"#);
        let app = app_with(&sim, &tenant(), with_secret());
        sim.run(token(&app, request())).unwrap();
        later(&sim, 700);
        let due = sim.run(token(&app, request())).unwrap();
        assert_eq!(access_token(&due.authentication), "AT-1");
        sim.run(renew(&app, due.renewal.unwrap()));
        let renewed = sim.run(token(&app, request())).unwrap();
        assert_eq!(access_token(&renewed.authentication), "AT-2");
        assert!(renewed.renewal.is_none());
    }
}

#[test]
fn a_renewal_behind_the_scenes_that_failed_is_not_hurried() {
    let due = r#"{"access_token":"AT-1","expires_in":3600,"refresh_in":600}"#;
    let sim = Sim::script(vec![Answer::json(200, due), Answer::oauth("temporarily_unavailable")]);
    let app = app_with(&sim, &tenant(), with_secret());
    sim.run(token(&app, own())).unwrap();
    later(&sim, 700);
    sim.run(renew(&app, sim.run(token(&app, own())).unwrap().renewal.unwrap()));
    assert!(sim.run(token(&app, own())).unwrap().renewal.is_none(), "it has just failed");
    later(&sim, 61);
    assert!(sim.run(token(&app, own())).unwrap().renewal.is_some());
}

#[test]
fn a_token_serves_while_the_server_is_down() {
    let answers = [r#"{"access_token":"AT-1","expires_in":3600}"#].map(|body| Answer::json(200, body));
    let sim = Sim::script(answers.into_iter().chain([Answer::json(503, "")]).collect());
    let app = app_with(&sim, &tenant(), with_secret());
    sim.run(token(&app, own())).unwrap();
    later(&sim, 3_400);
    assert_eq!(words(sim.run(token(&app, own()))), "AT-1");
    later(&sim, 300);
    assert_eq!(words(sim.run(token(&app, own()))), "post_request_failed", "it has expired");
}

#[test]
fn a_server_that_wants_to_be_left_alone_is() {
    let sim = Sim::script(vec![Answer::json(429, "").with_header("retry-after", "30"), tokens()]);
    let app = app_with(&sim, &tenant(), with_secret());
    assert_eq!(words(sim.run(token(&app, own()))), "post_request_failed");
    assert_eq!(words(sim.run(token(&app, own()))), "post_request_failed");
    assert_eq!(sim.requests().len(), 1);
    later(&sim, 31);
    assert_eq!(words(sim.run(token(&app, own()))), "AT-secret");
}

#[test]
fn a_token_on_behalf_of_somebody_is_for_the_very_token_they_called_with() {
    let info = Base64UrlUnpadded::encode_string(br#"{"uid":"ada","utid":"home"}"#);
    let extra: &'static str =
        Box::leak(format!(r#","client_info":"{info}","refresh_token":"RT-secret""#).into_boxed_str());
    let sim = numbered(extra);
    let app = app_with(&sim, &tenant(), with_secret());
    let first = sim.run(token(&app, behalf("first"))).unwrap().authentication;
    assert_eq!(first.account.unwrap().home_account_id, "ada.home");
    let again = sim.run(token(&app, behalf("first"))).unwrap().authentication;
    assert!(again.from_cache);
    assert_eq!(
        (access_token(&again), again.account.unwrap().home_account_id),
        ("AT-1".to_owned(), "ada.home".to_owned())
    );
    assert_eq!(words(sim.run(token(&app, behalf("second")))), "AT-2");
    assert_eq!(words(sim.run(token(&app, behalf("first")))), "AT-1", "still");
    let other = confidential::Request { wish: wish("Mail.Read"), ..behalf("first") };
    assert_eq!(words(sim.run(token(&app, other))), "AT-3");
    let blob = app.cache().borrow().write().expose().to_owned();
    assert!(!blob.contains("RT-secret"), "no refresh token that would outlive theirs");
    assert!(!blob.contains("\"first\""), "nor the token that they called with");
    // Of a person, what has expired makes room.
    later(&sim, 3_601);
    assert_eq!(words(sim.run(token(&app, behalf("third")))), "AT-4");
    let blob = app.cache().borrow().write().expose().to_owned();
    assert!(!blob.contains("AT-1") && !blob.contains("AT-2") && blob.contains("AT-3"), "{blob}");
}

#[test]
fn a_token_on_behalf_of_somebody_is_one_tenant_s() {
    const OTHER: &str = "99999999-2222-3333-4444-555555555555";
    let info = Base64UrlUnpadded::encode_string(format!(r#"{{"uid":"ada","utid":"{TENANT}"}}"#).as_bytes());
    let extra: &'static str = Box::leak(format!(r#","client_info":"{info}""#).into_boxed_str());
    let sim = numbered(extra);
    let app = app_with(&sim, &tenant(), with_secret());
    let at = |tenant: &str| confidential::Request {
        wish: Wish { authority: Some(format!("https://login.microsoftonline.com/{tenant}")), ..wish("User.Read") },
        ..behalf("first")
    };
    for (tenant, expected) in [(TENANT, "AT-1"), (TENANT, "AT-1"), ("contoso.com", "AT-1"), (OTHER, "AT-2")] {
        assert_eq!(words(sim.run(token(&app, at(tenant)))), expected, "{tenant}");
    }
}

#[test]
fn a_long_life_of_sign_outs_does_not_lose_it() {
    let sim = numbered("");
    let app = app_with(&sim, &tenant(), with_secret());
    let mut blob = json::object("{}").unwrap();
    for number in 0..1_500 {
        let person = format!(r#"{{"home_account_id":"p{number}.t","environment":"login.windows.net","realm":"t"}}"#);
        blob.set(&format!("{number}"), json::value(&person).unwrap());
    }
    let blob = format!(r#"{{"Account":{}}}"#, json::written(&blob));
    app.cache().borrow_mut().load(blob).unwrap();
    sim.run(token(&app, behalf("gone"))).unwrap();
    sim.run(token(&app, behalf("first"))).unwrap();
    for number in 0..1_500 {
        let whose = Whose { home_account_id: &format!("p{number}.t"), environment: "" };
        sim.run(accounts::sign_out(&app, &whose, "")).unwrap();
    }
    assert_eq!(words(sim.run(token(&app, behalf("first")))), "AT-2");
    assert_eq!(sim.requests().len(), 2);
}

#[test]
fn without_a_hash_nobody_gets_somebody_else_s_token() {
    let sim = numbered("");
    sim.cannot_hash();
    let app = app_with(&sim, &tenant(), with_secret());
    let own = confidential::Request { user_assertion: None, ..behalf("") };
    assert_eq!(words(sim.run(token(&app, own))), "AT-1");
    for expected in ["AT-2", "AT-3"] {
        assert_eq!(words(sim.run(token(&app, behalf("first")))), expected);
    }
}

#[test]
fn what_is_nobody_s_is_shared_by_a_store_and_outlives_every_sign_out() {
    let disk = SharedDisk::default();
    let sim = numbered("");
    let apps: Vec<Rc<App<Sim>>> = (0..2).map(|_| Rc::new(app_with(&sim, &tenant(), with_secret()))).collect();
    let both = |number: usize| {
        sim.plug(&apps[number], &disk);
        Rc::clone(&apps[number])
    };
    for request in [own, || behalf("a.b.c")] {
        let first = words(sim.run(token(&both(0), request())));
        assert_eq!(words(sim.run(token(&both(1), request()))), first, "another process finds it");
    }
    assert_eq!(sim.requests().len(), 2);
    let nobody = Whose { home_account_id: "", environment: "" };
    sim.run(accounts::sign_out(&both(0), &nobody, "")).unwrap();
    assert_eq!(words(sim.run(token(&both(1), own()))), "AT-1");
}

#[test]
fn what_could_not_be_stored_is_not_lost() {
    let disk = SharedDisk::default();
    let sim = numbered("");
    let app = Rc::new(app_with(&sim, &tenant(), with_secret()));
    sim.plug(&app, &disk);
    disk.borrow_mut().fails = Some("write");
    assert!(sim.run(token(&app, own())).is_err());
    disk.borrow_mut().fails = None;
    disk.borrow_mut().text = r#"{"Account":{}}"#.to_owned();
    assert_eq!(words(sim.run(token(&app, own()))), "AT-1", "what others wrote meanwhile does not undo it");
    assert_eq!(sim.requests().len(), 1);
}

#[test]
fn tokens_on_behalf_of_many_have_a_key_each() {
    let sim = numbered("");
    let app = app_with(&sim, &tenant(), with_secret());
    for number in 0..3 {
        sim.run(token(&app, behalf(&number.to_string()))).unwrap();
    }
    let blob = app.cache().borrow().write().expose().to_owned();
    let keys: Vec<&str> = blob.split('"').filter(|text| text.contains("-accesstoken-")).collect();
    assert_eq!(keys.len(), 3);
    assert!(!keys.iter().any(|key| key.ends_with("-_")), "none is looked for among all the others: {keys:?}");
}
