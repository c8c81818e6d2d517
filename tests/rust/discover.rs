//! flows/discover.rs, and what the device flow makes of it, on a simulated host.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use doorcode::flows::device_code::{Pending, Request, finish, poll, sign_in, start};
use doorcode::flows::silent::{self, silent};
use doorcode::flows::{App, Wish, refresh};
use doorcode::host::Host;
use doorcode::protocol::described::describe;
use doorcode::protocol::http::{HttpRequest, Method};
use doorcode::protocol::trust::Trust;
use doorcode::secret::Secret;

use crate::sim::{Answer, Person, Sim, TENANT, all, app, codes, jwt, openid, trusting};

const DOCUMENT: &str = r#"{"issuer":"https://id.example","token_endpoint":"https://id.example/token","device_authorization_endpoint":"https://id.example/device"}"#;

fn request() -> Request {
    Request::default()
}

/// How often each address was asked, by the end of its path.
fn asked(sim: &Sim, end: &str) -> usize {
    sim.requests().iter().filter(|(_, request)| request.url.split('?').next().unwrap().ends_with(end)).count()
}

/// A server whose documents are asked for; nobody ever signs in.
fn documents(mut document: impl FnMut(&str) -> Answer + 'static) -> Sim {
    Sim::serve(move |request, _| match (request.method, request.url.as_str()) {
        (Method::Get, url) => document(url),
        (_, url) if url.ends_with("/device") || url.ends_with("/devicecode") => codes(""),
        _ => Answer::oauth("access_denied"),
    })
}

/// The codes of so many flows that begin at once.
fn begin(sim: &Sim, app: &App<Sim>, flows: usize) -> Vec<Result<Pending, doorcode::error::Error>> {
    sim.run(all((0..flows).map(|_| start(app, request())).collect()))
}

#[test]
fn flows_that_begin_at_once_share_one_discovery() {
    let sim = documents(|_| Answer::json(200, DOCUMENT));
    let app = app(&sim, "https://id.example");
    assert!(begin(&sim, &app, 5).iter().all(Result::is_ok));
    assert_eq!(asked(&sim, "openid-configuration"), 1);
    assert!(begin(&sim, &app, 1)[0].is_ok());
    assert_eq!(asked(&sim, "openid-configuration"), 1, "it is known by now");
}

#[test]
fn they_share_its_failure_and_the_next_asks_again() {
    let fails = Rc::new(Cell::new(true));
    let sim = documents({
        let fails = Rc::clone(&fails);
        move |_| if fails.get() { Answer::Break(None) } else { Answer::json(200, DOCUMENT) }
    });
    let app = app(&sim, "https://id.example");
    for outcome in begin(&sim, &app, 5) {
        assert_eq!(outcome.unwrap_err().code(), "endpoints_resolution_error");
    }
    assert_eq!(asked(&sim, "openid-configuration"), 1);
    fails.set(false);
    assert!(begin(&sim, &app, 1)[0].is_ok());
    assert_eq!(asked(&sim, "openid-configuration"), 2);
}

#[test]
fn a_failure_says_what_the_server_said_and_which_page_to_open() {
    let sim = documents(|_| Answer::json(400, r#"{"error":"invalid_tenant","error_description":"AADSTS90002: No."}"#));
    let error = begin(&sim, &app(&sim, "https://nowhere.ciamlogin.com"), 1).remove(0).unwrap_err();
    let answer = error.server_answer().unwrap();
    assert_eq!(answer.page.as_deref(), Some("https://learn.microsoft.com/entra/fundamentals/how-to-find-tenant"));
}

#[test]
fn whoever_asks_and_gives_up_takes_nobody_along() {
    let sim = documents(|_| Answer::json(200, DOCUMENT));
    let app = app(&sim, "https://id.example");
    sim.run(async {
        let mut first = Box::pin(start(&app, request()));
        let mut second = pin!(start(&app, request()));
        let mut first_polls = 0;
        let outcome = std::future::poll_fn(|context| {
            first_polls += 1;
            if first_polls == 1 {
                assert!(first.as_mut().poll(context).is_pending());
                assert!(second.as_mut().poll(context).is_pending());
                first = Box::pin(start(&app, Request { timeout: Some(1.0), ..request() }));
            }
            second.as_mut().poll(context)
        });
        assert!(outcome.await.is_ok());
    });
    assert_eq!(asked(&sim, "openid-configuration"), 2, "the second asked in its turn");
    assert!(sim.is_idle());
}

const CLOUDS: &str = r#"{"metadata":[{"preferred_network":"login.new.example","preferred_cache":"cache.new.example","aliases":["login.new.example","alias.new.example"]}]}"#;

/// At a host that nobody has vouched for, where Microsoft says this of it.
fn unknown(instances: Answer) -> (Sim, App<Sim>) {
    let sim = documents(move |url| {
        if url.contains("/common/discovery/instance") {
            return instances.clone();
        }
        let host = url.split('/').nth(2).unwrap();
        let document = DOCUMENT.replace("id.example", host).replace("/device\"", "/devicecode\"");
        Answer::json(
            200,
            &document.replace(&format!("\"https://{host}\""), &format!("\"https://{host}/{{tenantid}}/v2.0\"")),
        )
    });
    let app = trusting(&sim, "https://alias.new.example/contoso.com", Trust::default());
    (sim, app)
}

#[test]
fn a_host_that_microsoft_lists_is_a_cloud_of_entra_s() {
    let (sim, app) = unknown(Answer::json(200, CLOUDS));
    assert!(begin(&sim, &app, 3).iter().all(Result::is_ok));
    assert_eq!(asked(&sim, "/common/discovery/instance"), 1);
    let document = "https://login.new.example/contoso.com/v2.0/.well-known/openid-configuration";
    assert_eq!(asked(&sim, document), 1, "at the host that the cloud prefers");
    assert!(begin(&sim, &app, 1)[0].is_ok());
    assert_eq!(asked(&sim, "/common/discovery/instance"), 1);
}

#[test]
fn a_host_that_microsoft_knows_and_does_not_list_is_a_customer_s_own() {
    let (sim, app) = unknown(Answer::json(200, r#"{"metadata":[]}"#));
    assert!(begin(&sim, &app, 1)[0].is_ok());
    let document = "https://alias.new.example/contoso.com/v2.0/.well-known/openid-configuration";
    assert_eq!(asked(&sim, document), 1);
    let poll = sim.requests().pop().unwrap().1;
    assert!(poll.url.starts_with("https://alias.new.example/devicecode"));
}

#[test]
fn a_host_that_microsoft_does_not_know_is_not_trusted() {
    let cases = [
        (
            Answer::json(400, r#"{"error":"invalid_instance","error_description":"AADSTS50049: No."}"#),
            "untrusted_authority",
        ),
        (Answer::json(400, r#"{"error":"invalid_request"}"#), "endpoints_resolution_error"),
        (Answer::json(200, "{}"), "endpoints_resolution_error"),
        (Answer::Break(None), "endpoints_resolution_error"),
    ];
    for (answer, code) in cases {
        let status = if let Answer::Reply { status, .. } = &answer { *status } else { 0 };
        let (sim, app) = unknown(answer);
        for outcome in begin(&sim, &app, 3) {
            let error = outcome.unwrap_err();
            assert_eq!(error.code(), code);
            assert_eq!(error.server_answer().is_some(), status == 400, "what Microsoft said is kept");
        }
        assert_eq!(sim.requests().len(), 1, "one request, and none to the host");
    }
}

/// A provider that knows PKCE; one that `asks` for it refuses the device request without.
fn proving(asks: bool) -> (Sim, Rc<RefCell<Vec<HttpRequest>>>) {
    let seen: Rc<RefCell<Vec<HttpRequest>>> = Rc::default();
    let sim = Sim::serve({
        let seen = Rc::clone(&seen);
        move |request, now| {
            seen.borrow_mut().push(request.clone());
            let form = request.body.expose();
            match request.url.rsplit('/').next().unwrap() {
                "openid-configuration" => {
                    Answer::json(200, &DOCUMENT.replace('{', r#"{"code_challenge_methods_supported":["S256"],"#))
                }
                "device" if asks && !form.contains("code_challenge_method=S256") => Answer::oauth("invalid_request"),
                "device" => codes(""),
                _ if asks && !form.contains("code_verifier=") => Answer::oauth("invalid_grant"),
                _ => Answer::json(
                    200,
                    &format!(
                        r#"{{"access_token":"AT","id_token":"{}"}}"#,
                        jwt(&format!(
                            r#"{{"iss":"https://id.example","aud":"client","sub":"s","exp":{}}}"#,
                            now / 1000 + 60
                        ))
                    ),
                ),
            }
        }
    });
    (sim, seen)
}

fn field(request: &HttpRequest, name: &str) -> Option<String> {
    request.body.expose().split('&').find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

#[test]
fn a_server_that_asks_for_pkce_gets_it() {
    use sha2::Digest;
    let (sim, seen) = proving(true);
    let app = app(&sim, "https://id.example");
    let mut verifiers = Vec::new();
    for _ in 0..2 {
        sim.run(sign_in(&app, request(), &Person::default())).unwrap();
        let challenge = field(seen.borrow().iter().rev().nth(1).unwrap(), "code_challenge").unwrap();
        let verifier = field(seen.borrow().last().unwrap(), "code_verifier").unwrap();
        assert_eq!(challenge, Base64UrlUnpadded::encode_string(&sha2::Sha256::digest(&verifier)));
        assert_eq!(verifier.len(), 43);
        verifiers.push(verifier);
    }
    assert_ne!(verifiers[0], verifiers[1]);
    assert_eq!(asked(&sim, "/device"), 3, "the second time it is sent at once");
}

#[test]
fn a_server_that_does_not_ask_for_pkce_is_not_sent_it() {
    let (sim, seen) = proving(false);
    sim.run(sign_in(&app(&sim, "https://id.example"), request(), &Person::default())).unwrap();
    assert!(seen.borrow().iter().all(|request| !request.body.expose().contains("code_")));
    // Nor is one that refuses and does not know it.
    let sim = Sim::serve(|request, _| match request.method {
        Method::Get => Answer::json(200, DOCUMENT),
        Method::Post => Answer::oauth("invalid_request"),
    });
    let error = sim.run(start(&app(&sim, "https://id.example"), request())).unwrap_err();
    assert_eq!((error.code(), asked(&sim, "/device")), ("invalid_request", 1));
}

#[test]
fn a_saved_flow_keeps_its_proof() {
    let (sim, seen) = proving(true);
    let app = app(&sim, "https://id.example");
    let saved = sim.run(start(&app, request())).unwrap().save("client");
    let resumed = Pending::resume(&saved, &app).unwrap();
    assert_eq!(resumed.save("client").expose(), saved.expose());
    assert!(sim.run(finish(&app, &resumed, None, &Person::default())).is_ok());
    assert!(!format!("{resumed:?}").contains(&field(seen.borrow().last().unwrap(), "code_verifier").unwrap()));
}

#[test]
fn people_of_external_id_are_sent_to_a_page_that_takes_them() {
    let document = format!(
        r#"{{"issuer":"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0","token_endpoint":"https://contoso.ciamlogin.com/{TENANT}/oauth2/v2.0/token"}}"#
    );
    let shown = |authority: &str, trust: Trust| {
        let document = document.clone();
        let sim = documents(move |_| Answer::json(200, &document));
        let app = trusting(&sim, authority, trust);
        let pending = sim.run(start(&app, request())).unwrap();
        let resumed = Pending::resume(&pending.save("client"), &app).unwrap();
        assert_eq!(format!("{:?}", resumed.codes()), format!("{:?}", pending.codes()));
        assert!(sim.log_lines().iter().any(|line| line.contains("AADSTS500208")));
        pending.codes().clone()
    };
    let codes = shown("https://contoso.ciamlogin.com", Trust::default());
    assert_eq!(codes.verification_uri, "https://contoso.ciamlogin.com/common/oauth2/deviceauth");
    assert_eq!(codes.refused_uri.as_deref(), Some("https://microsoft.com/devicelogin"));
    assert!(codes.message.contains(&codes.verification_uri) && codes.message.contains(&codes.user_code));
    let mut trust = openid();
    trust.know(&["login.contoso.example".to_owned()]).unwrap();
    let codes = shown(&format!("https://login.contoso.example/{TENANT}"), trust);
    assert_eq!(codes.verification_uri, "https://login.contoso.example/common/oauth2/deviceauth");
}

#[test]
fn a_plain_oauth_server_s_people_are_remembered_without_a_name() {
    let metadata =
        r#"{"token_endpoint":"https://github.com/token","device_authorization_endpoint":"https://github.com/device"}"#;
    let mut trust = Trust::default();
    describe(&mut trust, "https://github.com", metadata).unwrap();
    let sim = Sim::serve(|request, _| match request.url.rsplit('/').next().unwrap() {
        "device" => codes(""),
        _ => Answer::json(
            200,
            r#"{"access_token":"AT","token_type":"bearer","scope":"repo,gist","id_token":"not looked at"}"#,
        ),
    });
    let app = trusting(&sim, "https://github.com", trust);
    let repo = || Wish { scopes: vec!["repo".to_owned()], ..Wish::default() };
    let first = sim.run(sign_in(&app, Request { wish: repo(), timeout: None }, &Person::default())).unwrap();
    let second = sim.run(sign_in(&app, Request { wish: repo(), timeout: None }, &Person::default())).unwrap();
    assert!(sim.requests().iter().all(|(_, request)| !request.body.expose().contains("openid")));
    assert_eq!((first.reply.id_token.is_none(), first.expires_on), (true, None));
    let (first, second) = (first.account.unwrap(), second.account.unwrap());
    assert_ne!(first.home_account_id, second.home_account_id, "they may be two people");
    let asked = silent::Request {
        wish: repo(),
        home_account_id: first.home_account_id,
        environment: first.environment,
        ..silent::Request::default()
    };
    let again = sim.run(silent(&app, asked, None)).unwrap().authentication;
    assert_eq!((again.from_cache, again.expires_on), (true, None));
    assert_eq!(again.scopes.as_slice(), ["repo", "gist"]);
}

/// A server with two realms at one host, which gives tokens for whatever it is asked; and what it was asked.
fn realms() -> Sim {
    Sim::serve(|request, now| {
        let realm = if request.url.contains("/b/") { "b" } else { "a" };
        let issuer = format!("https://id.example/{realm}");
        match request.url.rsplit('/').next().unwrap() {
            "openid-configuration" => Answer::json(200, &DOCUMENT.replace("https://id.example", &issuer)),
            "device" => codes(""),
            _ => {
                let id_token = jwt(&format!(
                    r#"{{"iss":"{issuer}","aud":"client","sub":"s-{realm}","exp":{}}}"#,
                    now / 1000 + 3600
                ));
                let tokens = r#""expires_in":3600,"scope":"read openid""#;
                Answer::json(
                    200,
                    &format!(
                        r#"{{"access_token":"AT-{realm}","refresh_token":"RT-{realm}",{tokens},"id_token":"{id_token}"}}"#
                    ),
                )
            }
        }
    })
}

fn reading(authority: &str) -> Wish {
    Wish { scopes: vec!["read".to_owned()], authority: Some(authority.to_owned()), ..Wish::default() }
}

#[test]
fn a_token_of_one_realm_is_no_token_of_another_at_the_same_host() {
    let sim = realms();
    let app = app(&sim, "https://id.example/a");
    let signed_in =
        sim.run(sign_in(&app, Request { wish: reading("https://id.example/a"), timeout: None }, &Person::default()));
    let account = signed_in.unwrap().account.unwrap();
    let asked = |authority: &str, home_account_id: &str, force_refresh| silent::Request {
        wish: reading(authority),
        home_account_id: home_account_id.to_owned(),
        environment: if home_account_id.is_empty() { String::new() } else { account.environment.clone() },
        force_refresh,
        ..silent::Request::default()
    };
    let before = sim.requests().len();
    for (home, force_refresh) in [("", false), ("", true), ("s-a", false), ("s-a", true)] {
        let error = sim.run(silent(&app, asked("https://id.example/b", home, force_refresh), None)).unwrap_err();
        assert_eq!(error.code(), "no_tokens_found");
    }
    assert_eq!(sim.requests().len(), before, "no refresh token goes to another server");
    for home in ["", "s-a"] {
        let own = sim.run(silent(&app, asked("https://id.example/a", home, false), None)).unwrap();
        assert_eq!(own.authentication.reply.access_token.expose(), "AT-a");
    }
}

/// At a cloud of which Microsoft has to be asked, with somebody signed in.
fn signed_in_at_a_new_cloud(instances: &'static str, environment: &str) -> (Sim, App<Sim>, silent::Request) {
    let sim = Sim::serve(move |request, now| {
        if request.url.contains("/common/discovery/instance") {
            return Answer::json(200, instances);
        }
        let tenant = request.url.split('/').nth(3).unwrap().to_owned();
        let issuer = format!("https://login.new.example/{tenant}/v2.0");
        match request.url.split('?').next().unwrap().rsplit('/').next().unwrap() {
            "openid-configuration" => Answer::json(
                200,
                &format!(
                    r#"{{"issuer":"{issuer}","token_endpoint":"https://login.new.example/{tenant}/oauth2/v2.0/token"}}"#
                ),
            ),
            "devicecode" => codes(""),
            _ => {
                let claims =
                    format!(r#""aud":"client","sub":"s","oid":"o","tid":"{tenant}","exp":{}"#, now / 1000 + 3600);
                let id_token = jwt(&format!(r#"{{"iss":"{issuer}",{claims}}}"#));
                let info = Base64UrlUnpadded::encode_string(format!(r#"{{"uid":"o","utid":"{TENANT}"}}"#).as_bytes());
                let tokens =
                    format!(r#""client_info":"{info}","id_token":"{id_token}","expires_in":3600,"scope":"read""#);
                Answer::json(200, &format!(r#"{{"access_token":"AT-{tenant}","refresh_token":"RT",{tokens}}}"#))
            }
        }
    });
    let app = trusting(&sim, &format!("https://login.new.example/{TENANT}"), Trust::default());
    let wish = Wish { scopes: vec!["read".to_owned()], ..Wish::default() };
    let person = sim.run(sign_in(&app, Request { wish: wish.clone(), timeout: None }, &Person::default()));
    let account = person.unwrap().account.unwrap();
    assert_eq!(account.environment, environment);
    let request = silent::Request {
        wish,
        home_account_id: account.home_account_id,
        environment: account.environment,
        tenant_id: account.tenant_id,
        ..silent::Request::default()
    };
    (sim, app, request)
}

const NEW_CLOUD: &str = r#"{"metadata":[{"preferred_network":"login.new.example","preferred_cache":"login.new.example","aliases":["login.new.example"]}]}"#;
const FILED_ELSEWHERE: &str = r#"{"metadata":[{"preferred_network":"login.new.example","preferred_cache":"cache.new.example","aliases":["login.new.example"]}]}"#;
const GUEST: &str = "99999999-2222-3333-4444-555555555555";

#[test]
fn a_cloud_that_microsoft_told_of_has_tenants_like_any_other() {
    for (instances, environment) in [(NEW_CLOUD, "login.new.example"), (FILED_ELSEWHERE, "cache.new.example")] {
        let (sim, app, request) = signed_in_at_a_new_cloud(instances, environment);
        let blob = app.cache().borrow().write();
        let fresh = trusting(&sim, &format!("https://login.new.example/{TENANT}"), Trust::default());
        fresh.cache().borrow_mut().load(blob.expose().to_owned()).unwrap();
        for app in [&app, &fresh] {
            let nobody_named = silent::Request { wish: request.wish.clone(), ..silent::Request::default() };
            for request in [request.clone(), nobody_named] {
                assert!(sim.run(silent(app, request, None)).unwrap().authentication.from_cache);
            }
            let guest = Some(format!("https://login.new.example/{GUEST}"));
            let wish = Wish { authority: guest, ..request.wish.clone() };
            let token = sim.run(silent(app, silent::Request { wish, ..request.clone() }, None)).unwrap().authentication;
            assert_eq!(token.reply.access_token.expose(), format!("AT-{GUEST}"), "the guest's tenant is asked");
        }
    }
}

#[test]
fn a_token_that_is_surely_the_tenant_s_needs_no_word_of_microsoft_s() {
    let (sim, app, request) = signed_in_at_a_new_cloud(NEW_CLOUD, "login.new.example");
    let blob = app.cache().borrow().write();
    let offline = Sim::serve(|_, _| Answer::Break(None));
    offline.jump(0, i64::try_from(sim.elapsed()).unwrap());
    let fresh = trusting(&offline, &format!("https://login.new.example/{TENANT}"), Trust::default());
    fresh.cache().borrow_mut().load(blob.expose().to_owned()).unwrap();
    assert!(offline.run(silent(&fresh, request.clone(), None)).unwrap().authentication.from_cache);
    let guest = Wish { authority: Some(format!("https://login.new.example/{GUEST}")), ..request.wish.clone() };
    let error = offline.run(silent(&fresh, silent::Request { wish: guest, ..request }, None)).unwrap_err();
    assert_eq!(error.code(), "endpoints_resolution_error", "of another tenant nothing can be said");
}

#[test]
fn a_page_that_may_well_work_is_left_as_it_is() {
    let document = format!(
        r#"{{"issuer":"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0","token_endpoint":"https://contoso.ciamlogin.com/{TENANT}/oauth2/v2.0/token"}}"#
    );
    for page in ["https://contoso.ciamlogin.com/x", "https://login.contoso.example/x"] {
        let document = document.clone();
        let sim = Sim::serve(move |request, _| match request.method {
            Method::Get => Answer::json(200, &document),
            Method::Post => Answer::json(
                200,
                &format!(
                    r#"{{"device_code":"D","user_code":"U","verification_uri":"{page}","verification_uri_complete":"{page}?c=U"}}"#
                ),
            ),
        });
        let app = trusting(&sim, "https://contoso.ciamlogin.com", Trust::default());
        let codes = sim.run(start(&app, request())).unwrap().codes().clone();
        assert_eq!((codes.verification_uri.as_str(), codes.refused_uri), (page, None));
        assert!(codes.verification_uri_complete.is_some());
    }
}

#[test]
fn what_the_server_said_first_is_what_is_reported() {
    let sim = Sim::serve(|request, _| match request.method {
        Method::Get => Answer::json(200, &DOCUMENT.replace('{', r#"{"code_challenge_methods_supported":["S256"],"#)),
        Method::Post => {
            let about = if request.body.expose().contains("code_challenge") {
                "unknown parameter"
            } else {
                "audience is missing"
            };
            Answer::json(400, &format!(r#"{{"error":"invalid_request","error_description":"{about}"}}"#))
        }
    });
    let error = sim.run(start(&app(&sim, "https://id.example"), request())).unwrap_err();
    assert!(error.to_string().contains("audience"), "{error}");
    assert_eq!(asked(&sim, "/device"), 2);
}

#[test]
fn a_document_that_was_cut_off_may_come_whole_the_next_time() {
    let sim = documents(|_| Answer::Break(Some(200)));
    let error = begin(&sim, &app(&sim, "https://id.example"), 1).remove(0).unwrap_err();
    assert_eq!((error.code(), error.is_outage()), ("endpoints_resolution_error", true));
}

#[test]
fn a_document_is_believed_for_a_day() {
    let sim = documents(|_| Answer::json(200, DOCUMENT));
    let app = app(&sim, "https://id.example");
    assert!(begin(&sim, &app, 1)[0].is_ok());
    let later = |by| {
        sim.jump(0, by);
        sim.run(sim.sleep(Duration::from_millis(1)));
    };
    later(86_000_000);
    assert!(begin(&sim, &app, 1)[0].is_ok());
    assert_eq!(asked(&sim, "openid-configuration"), 1);
    later(400_000);
    assert!(begin(&sim, &app, 2).iter().all(Result::is_ok));
    assert_eq!(asked(&sim, "openid-configuration"), 2);
}

/// The same program, begun anew elsewhere with the cache that it had.
fn anew(sim: &Sim, old: (&Sim, &App<Sim>), cache: impl Fn(&str) -> String) -> App<Sim> {
    sim.jump(0, i64::try_from(old.0.elapsed()).unwrap());
    let fresh = trusting(sim, &format!("https://login.new.example/{TENANT}"), Trust::default());
    fresh.cache().borrow_mut().load(cache(old.1.cache().borrow().write().expose())).unwrap();
    fresh
}

#[test]
fn without_microsoft_s_word_its_trouble_is_what_is_told() {
    let refused = Answer::json(400, r#"{"error":"invalid_instance"}"#);
    for (instances, environment, answer, code) in [
        (NEW_CLOUD, "login.new.example", refused, "untrusted_authority"),
        (FILED_ELSEWHERE, "cache.new.example", Answer::Break(None), "endpoints_resolution_error"),
    ] {
        let (sim, app, request) = signed_in_at_a_new_cloud(instances, environment);
        let later = Sim::script(vec![answer]);
        let fresh = anew(&later, (&sim, &app), str::to_owned);
        assert_eq!(later.run(silent(&fresh, request, None)).unwrap_err().code(), code);
    }
    let offline = Sim::script(vec![Answer::Break(None)]);
    let app = trusting(&offline, "https://login.new.example/t", Trust::default());
    let error = offline.run(silent(&app, silent::Request::default(), None)).unwrap_err();
    assert!(error.is_outage() && !error.needs_interaction(), "a sign-in would not do either");
}

#[test]
fn what_is_filed_under_another_name_of_the_cloud_is_found() {
    let (sim, app, request) = signed_in_at_a_new_cloud(FILED_ELSEWHERE, "cache.new.example");
    let fresh = anew(&sim, (&sim, &app), |cache| cache.replace("cache.new.example", "login.new.example"));
    let request = silent::Request { environment: "login.new.example".to_owned(), ..request };
    assert!(sim.run(silent(&fresh, request, None)).unwrap().authentication.from_cache);
}

#[test]
fn who_is_not_named_is_the_last_one_of_the_realm() {
    let sim = realms();
    let app = app(&sim, "https://id.example/a");
    for realm in ["https://id.example/a", "https://id.example/b"] {
        sim.jump(0, 10_000);
        sim.run(sign_in(&app, Request { wish: reading(realm), timeout: None }, &Person::default())).unwrap();
    }
    let asked = silent::Request { wish: reading("https://id.example/a"), ..silent::Request::default() };
    let found = sim.run(silent(&app, asked, None)).unwrap();
    assert_eq!(found.authentication.reply.access_token.expose(), "AT-a");
}

#[test]
fn a_realm_that_the_program_describes_has_the_issuer_that_it_says() {
    for (issuer, code) in [("https://issuer.example/b", Some("no_tokens_found")), ("https://id.example/a", None)] {
        let mut trust = openid();
        let metadata = DOCUMENT
            .replace("id.example/", "id.example/b/")
            .replace("\"https://id.example\"", &format!("\"{issuer}\""));
        describe(&mut trust, "https://id.example/b", &metadata).unwrap();
        let sim = realms();
        let app = trusting(&sim, "https://id.example/a", trust);
        let wish = reading("https://id.example/a");
        let account = sim.run(sign_in(&app, Request { wish, timeout: None }, &Person::default())).unwrap().account;
        let asked = silent::Request {
            wish: reading("https://id.example/b"),
            home_account_id: account.unwrap().home_account_id,
            ..silent::Request::default()
        };
        let outcome = sim.run(silent(&app, asked, None)).err();
        assert_eq!(outcome.as_ref().map(|error| error.code()), code);
    }
}

#[test]
fn a_failure_of_before_is_nobody_s_answer() {
    let fails = Rc::new(Cell::new(true));
    let sim = documents({
        let fails = Rc::clone(&fails);
        move |_| if fails.get() { Answer::Break(None) } else { Answer::json(200, DOCUMENT) }
    });
    let app = app(&sim, "https://id.example");
    assert!(begin(&sim, &app, 1)[0].is_err());
    fails.set(false);
    sim.run(async {
        let mut second = pin!(start(&app, request()));
        let mut first = Some(Box::pin(start(&app, request())));
        let outcome = std::future::poll_fn(|context| {
            if let Some(mut first) = first.take() {
                assert!(first.as_mut().poll(context).is_pending());
                assert!(second.as_mut().poll(context).is_pending(), "and here the first gives up");
            }
            second.as_mut().poll(context)
        });
        assert!(outcome.await.is_ok());
    });
}

#[test]
fn of_a_host_that_is_known_by_now_microsoft_is_not_asked() {
    let (sim, app) = unknown(Answer::json(200, CLOUDS));
    let saved = begin(&sim, &app, 1).remove(0).unwrap().save("client");
    let elsewhere = trusting(&sim, "https://alias.new.example/contoso.com", Trust::default());
    for flow in [(); 2].map(|()| Pending::resume(&saved, &elsewhere).unwrap()) {
        assert_eq!(sim.run(poll(&elsewhere, &flow)).unwrap_err().code(), "access_denied");
    }
    assert_eq!(asked(&sim, "/common/discovery/instance"), 2, "once for each program");
}

#[test]
fn numbers_are_microsoft_s_where_microsoft_was_asked() {
    let no = |error: &str| Answer::json(400, &format!(r#"{{"error":"{error}","error_codes":[50049]}}"#));
    let page =
        |sim: &Sim, app: &App<Sim>| begin(sim, app, 1).remove(0).unwrap_err().server_answer().unwrap().page.clone();
    let (sim, unknown) = unknown(no("invalid_instance"));
    assert_eq!(page(&sim, &unknown).as_deref(), Some("https://login.microsoftonline.com/error?code=50049"));
    let sim = documents(move |_| no("invalid_tenant"));
    assert_eq!(page(&sim, &app(&sim, "https://id.example")), None);
}

#[test]
fn b2c_is_not_asked_for_codes() {
    let sim = Sim::script(vec![codes("")]);
    let authority = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_x";
    assert_eq!(begin(&sim, &app(&sim, authority), 1).remove(0).unwrap_err().code(), "device_code_not_offered");
    assert!(sim.requests().is_empty());
}

#[test]
fn a_page_s_query_may_hold_the_code_and_is_not_logged() {
    let document = format!(
        r#"{{"issuer":"https://{TENANT}.ciamlogin.com/{TENANT}/v2.0","token_endpoint":"https://contoso.ciamlogin.com/{TENANT}/oauth2/v2.0/token"}}"#
    );
    let page = r#"{"device_code":"D","user_code":"U","verification_uri":"https://microsoft.com/devicelogin?c=ABCD"}"#;
    let sim = Sim::script(vec![Answer::json(200, &document), Answer::json(200, page)]);
    assert!(begin(&sim, &app(&sim, "https://contoso.ciamlogin.com"), 1)[0].is_ok());
    let lines = sim.log_lines().join("\n");
    assert!(lines.contains("https://microsoft.com/devicelogin does not take") && !lines.contains("ABCD"), "{lines}");
}

/// A provider that knows PKCE, at any host; what its device endpoint says without a challenge and with one.
fn knowing_pkce(says: impl Fn(&str, bool) -> Answer + 'static) -> Sim {
    Sim::serve(move |request, _| {
        let host = request.url.split('/').nth(2).unwrap();
        let form = request.body.expose();
        let document = || DOCUMENT.replace("id.example", host);
        match request.url.rsplit('/').next().unwrap() {
            "openid-configuration" => {
                Answer::json(200, &document().replace('{', r#"{"code_challenge_methods_supported":["S256"],"#))
            }
            "device" => says(host, form.contains("code_challenge=")),
            _ => Answer::json(400, &format!(r#"{{"error":"invalid_grant","error_description":"of {form}"}}"#)),
        }
    })
}

#[test]
fn one_server_s_wish_for_pkce_is_no_other_s() {
    let sim = knowing_pkce(
        |host, proven| {
            if host == "id.example" && !proven { Answer::oauth("invalid_request") } else { codes("") }
        },
    );
    let app = app(&sim, "https://id.example");
    for authority in ["https://id.example", "https://other.example", "https://other.example"] {
        let wish = Wish { authority: Some(authority.to_owned()), ..Wish::default() };
        sim.run(start(&app, Request { wish, timeout: None })).unwrap();
    }
    let others = sim.requests().into_iter().filter(|(_, request)| request.url.contains("other.example"));
    assert!(others.into_iter().all(|(_, request)| !request.body.expose().contains("code_")));
}

#[test]
fn proof_is_offered_where_it_may_be_what_is_missing_and_once() {
    for (without, with, code, times) in [
        ("unauthorized_client", "invalid_request", "unauthorized_client", 1),
        ("invalid_request", "unauthorized_client", "unauthorized_client", 2),
    ] {
        let sim = knowing_pkce(move |_, proven| Answer::oauth(if proven { with } else { without }));
        let error = begin(&sim, &app(&sim, "https://id.example"), 1).remove(0).unwrap_err();
        assert_eq!((error.code(), asked(&sim, "/device")), (code, times));
    }
    let answers = RefCell::new(vec![Answer::oauth("invalid_request"), codes(""), Answer::oauth("invalid_request")]);
    let sim = knowing_pkce(move |_, _| answers.borrow_mut().remove(0));
    let app = app(&sim, "https://id.example");
    assert!(begin(&sim, &app, 1)[0].is_ok());
    assert_eq!(begin(&sim, &app, 1).remove(0).unwrap_err().code(), "invalid_request");
    assert_eq!(asked(&sim, "/device"), 3, "who has sent the proof has no other");
}

#[test]
fn a_verifier_that_the_server_echoes_is_removed() {
    let sim = knowing_pkce(|_, proven| if proven { codes("") } else { Answer::oauth("invalid_request") });
    let error = sim.run(sign_in(&app(&sim, "https://id.example"), request(), &Person::default())).unwrap_err();
    let verifier = field(&sim.requests().pop().unwrap().1, "code_verifier").unwrap();
    let shown = format!("{error} {error:?} {:?}", sim.log_lines());
    assert!(shown.contains("code_verifier=[removed]") && !shown.contains(&verifier), "{shown}");
}

#[test]
fn a_description_without_a_device_endpoint_is_what_is_at_fault() {
    let mut trust = Trust::default();
    describe(&mut trust, "https://github.com", r#"{"token_endpoint":"https://github.com/token"}"#).unwrap();
    let sim = Sim::script(vec![]);
    let error = begin(&sim, &trusting(&sim, "https://github.com", trust), 1).remove(0).unwrap_err();
    assert_eq!(error.code(), "invalid_authority_metadata");
}

#[test]
fn a_flow_whose_authority_is_not_what_it_was_ends() {
    let sim = documents(|_| Answer::json(200, DOCUMENT));
    let saved = begin(&sim, &app(&sim, "https://id.example"), 1).remove(0).unwrap().save("client");
    let evil = documents(|_| Answer::json(200, &DOCUMENT.replace("id.example", "evil.example")));
    let elsewhere = app(&evil, "https://id.example");
    let flow = Pending::resume(&saved, &elsewhere).unwrap();
    assert_eq!(evil.run(poll(&elsewhere, &flow)).unwrap_err().code(), "issuer_validation_failed");
}

#[test]
fn a_flow_keeps_the_server_that_it_began_with() {
    let sim = documents(|_| Answer::json(200, DOCUMENT));
    let app = app(&sim, "https://id.example");
    let later = |by| {
        sim.jump(0, by);
        sim.run(sim.sleep(Duration::from_millis(1)));
    };
    begin(&sim, &app, 1).remove(0).unwrap();
    later(86_000_000);
    let flow = begin(&sim, &app, 1).remove(0).unwrap();
    later(500_000);
    assert_eq!(sim.run(poll(&app, &flow)).unwrap_err().code(), "access_denied");
    assert_eq!(asked(&sim, "openid-configuration"), 1);
}

/// A server that the program describes, and that tells of nobody who they are.
fn plain(tokens: &'static str) -> (Sim, App<Sim>) {
    let metadata =
        r#"{"token_endpoint":"https://github.com/token","device_authorization_endpoint":"https://github.com/device"}"#;
    let mut trust = Trust::default();
    describe(&mut trust, "https://github.com", metadata).unwrap();
    let sim = Sim::serve(
        move |request, _| {
            if request.url.ends_with("/device") { codes("") } else { Answer::json(200, tokens) }
        },
    );
    let app = trusting(&sim, "https://github.com", trust);
    (sim, app)
}

#[test]
fn a_token_whose_life_is_not_told_serves_if_nothing_could_renew_it() {
    for (tokens, from_cache) in
        [(r#"{"access_token":"AT"}"#, true), (r#"{"access_token":"AT","refresh_token":"RT"}"#, false)]
    {
        let (sim, app) = plain(tokens);
        sim.run(sign_in(&app, request(), &Person::default())).unwrap();
        let again = sim.run(silent(&app, silent::Request::default(), None)).unwrap().authentication;
        assert_eq!((again.from_cache, again.expires_on, again.ext_expires_on), (from_cache, None, None));
    }
}

#[test]
fn somebody_has_a_name_only_if_they_are_to_be_remembered() {
    for force_cache in [true, false] {
        let (sim, app) = plain(r#"{"access_token":"AT"}"#);
        let refresh_token = Secret::new("RT".to_owned());
        let asked = refresh::Request { refresh_token, force_cache, wish: Wish::default() };
        let account = sim.run(refresh::by_refresh_token(&app, asked)).unwrap().account;
        assert_eq!(account.is_some(), force_cache);
        assert_eq!(sim.run(silent(&app, silent::Request::default(), None)).is_ok(), force_cache);
    }
}

#[test]
fn who_says_who_they_are_is_not_somebody() {
    let base = format!("https://login.microsoftonline.com/{TENANT}");
    let metadata =
        format!(r#"{{"token_endpoint":"{base}/token","device_authorization_endpoint":"{base}/devicecode"}}"#);
    let mut trust = Trust::default();
    describe(&mut trust, &base, &metadata).unwrap();
    let info = Base64UrlUnpadded::encode_string(br#"{"uid":"u","utid":"t"}"#);
    let tokens = Answer::json(200, &format!(r#"{{"access_token":"AT","client_info":"{info}"}}"#));
    let sim = Sim::script(vec![codes(""), tokens]);
    let person = sim.run(sign_in(&trusting(&sim, &base, trust), request(), &Person::default())).unwrap();
    assert_eq!(person.account.unwrap().home_account_id, "u.t");
}

#[test]
fn where_nothing_can_be_proven_the_refusal_stands() {
    let sim = knowing_pkce(|_, _| Answer::oauth("invalid_request"));
    sim.cannot_hash();
    let error = begin(&sim, &app(&sim, "https://id.example"), 1).remove(0).unwrap_err();
    assert_eq!((error.code(), asked(&sim, "/device")), ("invalid_request", 1));
}

#[test]
fn what_the_network_threw_is_the_cause() {
    let sim = documents(|_| Answer::Break(None));
    let error = begin(&sim, &app(&sim, "https://id.example"), 1).remove(0).unwrap_err();
    assert_eq!(error.cause().unwrap().downcast::<&str>(), Some("thrown"));
    assert!(error.to_string().contains("connection reset"), "{error}");
}

#[test]
fn a_request_s_authority_is_what_the_program_says_of_it() {
    let mut trust = Trust::default();
    trust.know(&["localhost:8443".to_owned()]).unwrap();
    let sim = Sim::script(vec![Answer::Break(None)]);
    let app = trusting(&sim, "https://login.microsoftonline.com/t", trust);
    let wish = Wish { authority: Some("https://localhost:8443/t".to_owned()), ..Wish::default() };
    assert!(sim.run(start(&app, Request { wish, timeout: None })).is_err());
    assert_eq!(asked(&sim, "/t/v2.0/.well-known/openid-configuration"), 1);
}

#[test]
fn a_plain_oauth_server_is_sent_no_refresh_token_of_a_realm_at_its_host() {
    let metadata = r#"{"token_endpoint":"https://id.example/p/token","device_authorization_endpoint":"https://id.example/p/device"}"#;
    let mut trust = openid();
    describe(&mut trust, "https://id.example/p", metadata).unwrap();
    let sim = realms();
    let app = trusting(&sim, "https://id.example/a", trust);
    let wish = reading("https://id.example/a");
    let account = sim.run(sign_in(&app, Request { wish, timeout: None }, &Person::default())).unwrap().account.unwrap();
    let before = sim.requests().len();
    for (home, force_refresh) in [("", false), (&*account.home_account_id, false), (&*account.home_account_id, true)] {
        let wish = reading("https://id.example/p");
        let asked =
            silent::Request { wish, home_account_id: home.to_owned(), force_refresh, ..silent::Request::default() };
        assert_eq!(sim.run(silent(&app, asked, None)).unwrap_err().code(), "no_tokens_found");
    }
    assert_eq!(sim.requests().len(), before, "no refresh token goes to another server");
}

#[test]
fn b2c_that_microsoft_vouches_for_is_not_asked_for_codes() {
    let sim = documents(|_| Answer::json(200, r#"{"metadata":[]}"#));
    let app = trusting(&sim, "https://login.contoso.example/tfp/x/y", Trust::default());
    for _ in 0..2 {
        assert_eq!(begin(&sim, &app, 1).remove(0).unwrap_err().code(), "device_code_not_offered");
    }
    assert_eq!(sim.requests().len(), 1, "Microsoft's word, and nothing else");
}

#[test]
fn a_realm_is_sent_no_refresh_token_of_a_plain_oauth_server_at_its_host() {
    let metadata = r#"{"token_endpoint":"https://id.example/p/token","device_authorization_endpoint":"https://id.example/p/device"}"#;
    let mut trust = openid();
    describe(&mut trust, "https://id.example/p", metadata).unwrap();
    let sim = realms();
    let app = trusting(&sim, "https://id.example/p", trust);
    let wish = reading("https://id.example/p");
    let account = sim.run(sign_in(&app, Request { wish, timeout: None }, &Person::default())).unwrap().account.unwrap();
    let before = sim.requests().len();
    for (home, force_refresh) in [("", false), (&*account.home_account_id, false), (&*account.home_account_id, true)] {
        let wish = reading("https://id.example/b");
        let asked =
            silent::Request { wish, home_account_id: home.to_owned(), force_refresh, ..silent::Request::default() };
        assert_eq!(sim.run(silent(&app, asked, None)).unwrap_err().code(), "no_tokens_found");
    }
    assert_eq!(sim.requests().len(), before, "no refresh token goes to another server");
}
