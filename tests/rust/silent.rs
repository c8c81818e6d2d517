//! flows/silent.rs, flows/refresh.rs and flows/accounts.rs on a simulated host, with a cache in memory or on a simulated disk.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use doorcode::cache::record::{Known, Whose};
use doorcode::error::{Class, Error, Fault};
use doorcode::flows::silent::{self, Request, Silent, renew, sign_in_after};
use doorcode::flows::{App, Authentication, Wish, accounts, device_code, refresh};
use doorcode::host::Host;
use doorcode::protocol::http::HttpRequest;
use doorcode::protocol::server_answer::ServerAnswer;
use doorcode::secret::Secret;

use crate::sim::{Answer, ENTRA, Person, SharedDisk, Sim, all, app, codes, jwt};

const HOME: &str = "11111111-2222-3333-4444-555555555555";
const GUEST: &str = "99999999-2222-3333-4444-555555555555";
const ADA: &str = "aaaaaaaa-2222-3333-4444-555555555555";
const BEA: &str = "bbbbbbbb-2222-3333-4444-555555555555";

/// A server that gives tokens with numbers, and takes each refresh token once.
#[derive(Clone)]
struct Server {
    tokens: Rc<Cell<u32>>,
    /// Whose browser it is.
    person: Rc<Cell<&'static str>>,
    /// Answers to requests for renewal, before its own.
    next: Rc<RefCell<Vec<Answer>>>,
    /// Further fields of a grant.
    extra: Rc<Cell<&'static str>>,
    good: Rc<RefCell<BTreeSet<String>>>,
}

impl Server {
    fn new() -> (Self, Sim) {
        let server = Self {
            tokens: Rc::default(),
            person: Rc::new(Cell::new(ADA)),
            next: Rc::default(),
            extra: Rc::new(Cell::new("")),
            good: Rc::default(),
        };
        let sim = Sim::serve({
            let server = server.clone();
            move |request, now| server.answer(request, now)
        });
        (server, sim)
    }

    fn answer(&self, request: &HttpRequest, now: u64) -> Answer {
        if request.url.contains("openid-configuration") {
            return Answer::json(200, &format!(r#"{{"issuer":"https://login.microsoftonline.com/{GUEST}/v2.0"}}"#));
        }
        if request.url.contains("/devicecode") {
            return codes("");
        }
        let body = request.body.expose();
        if let Some((_, token)) = body.split_once("refresh_token=") {
            let mut next = self.next.borrow_mut();
            if !next.is_empty() {
                return next.remove(0);
            }
            if !self.good.borrow_mut().remove(token.split('&').next().unwrap()) {
                return Answer::oauth("invalid_grant");
            }
        }
        self.grant(request, now)
    }

    fn grant(&self, request: &HttpRequest, now: u64) -> Answer {
        let number = self.tokens.get() + 1;
        self.tokens.set(number);
        let tenant = if request.url.contains(GUEST) { GUEST } else { HOME };
        let person = self.person.get();
        let scope = request.body.expose().split_once("scope=").unwrap().1.split('&').next().unwrap();
        let scope = scope.replace("%20", " ").replace('+', " ").replace("offline_access", "");
        let id_token = jwt(&format!(
            r#"{{"iss":"https://login.microsoftonline.com/{tenant}/v2.0","aud":"client","exp":{},"sub":"s","oid":"{person}","tid":"{tenant}","preferred_username":"{}@example.com"}}"#,
            now / 1000 + 3600,
            if person == ADA { "ada" } else { "bea" }
        ));
        let client_info =
            Base64UrlUnpadded::encode_string(format!(r#"{{"uid":"{person}","utid":"{HOME}"}}"#).as_bytes());
        self.good.borrow_mut().insert(format!("RT-{number}"));
        Answer::json(
            200,
            &format!(
                r#"{{"access_token":"AT-{number}","token_type":"Bearer","expires_in":3600,"scope":"{scope}","refresh_token":"RT-{number}","id_token":"{id_token}","client_info":"{client_info}"{}}}"#,
                self.extra.get()
            ),
        )
    }

    /// Answers the next renewals so.
    fn says(&self, answers: &[Answer]) {
        *self.next.borrow_mut() = answers.to_vec();
    }
}

fn home(person: &str) -> String {
    format!("{person}.{HOME}")
}

fn wish() -> Wish {
    Wish { scopes: vec!["User.Read".to_owned()], ..Wish::default() }
}

fn request() -> Request {
    Request {
        wish: wish(),
        home_account_id: home(ADA),
        environment: "login.windows.net".to_owned(),
        tenant_id: HOME.to_owned(),
        ..Request::default()
    }
}

async fn sign_in(app: &App<Sim>) -> Authentication {
    let request = device_code::Request { wish: wish(), ..device_code::Request::default() };
    device_code::sign_in(app, request, &Person::default()).await.unwrap()
}

fn token(silent: &Silent) -> &str {
    silent.authentication.reply.access_token.expose()
}

fn words(result: Result<Silent, Error>) -> String {
    match result {
        Ok(silent) => token(&silent).to_owned(),
        Err(error) => error.code().to_owned(),
    }
}

async fn silent(app: &App<Sim>, request: Request) -> Result<Silent, Error> {
    silent::silent(app, request, None).await
}

/// Ada has signed in.
fn signed_in() -> (Server, Sim, App<Sim>) {
    let (server, sim) = Server::new();
    let app = app(&sim, ENTRA);
    sim.run(sign_in(&app));
    (server, sim, app)
}

/// Asks for a token so many seconds later.
fn later(sim: &Sim, app: &App<Sim>, seconds: i64, request: Request) -> Result<Silent, Error> {
    sim.jump(0, seconds * 1000);
    sim.run(async {
        sim.sleep(Duration::from_millis(1)).await;
        silent(app, request).await
    })
}

fn renewals(sim: &Sim) -> usize {
    sim.requests().iter().filter(|(_, request)| request.body.expose().contains("grant_type=refresh_token")).count()
}

fn accounts_of(sim: &Sim, app: &App<Sim>) -> Vec<Known> {
    sim.run(accounts::known(app, None, None)).unwrap().unwrap().1
}

fn plugged(sim: &Sim, disk: &SharedDisk) -> Rc<App<Sim>> {
    let app = Rc::new(app(sim, ENTRA));
    sim.plug(&app, disk);
    app
}

#[test]
fn a_token_at_hand_is_used_and_nobody_is_asked() {
    let (_, sim, app) = signed_in();
    let asked = sim.requests().len();
    let found = sim.run(silent(&app, request())).unwrap();
    assert_eq!(token(&found), "AT-1");
    assert!(found.authentication.from_cache);
    assert_eq!(found.authentication.account.as_ref().unwrap().username, "ada@example.com");
    assert_eq!(sim.requests().len(), asked);
    let serves = found.authentication.serves.unwrap();
    assert!(serves.from <= sim.now() && serves.until == found.authentication.expires_on.unwrap() - 300_000);
    assert_eq!(serves.generation, app.cache().borrow().generation());
}

#[test]
fn a_token_is_renewed_five_minutes_before_it_expires() {
    let (_, sim, app) = signed_in();
    assert_eq!(words(later(&sim, &app, 3_280, request())), "AT-1");
    assert_eq!(words(later(&sim, &app, 20, request())), "AT-2");
    assert_eq!(words(later(&sim, &app, 0, request())), "AT-2");
    let (_, renewal) = sim.requests().pop().unwrap();
    assert!(
        renewal.url.starts_with("https://login.microsoftonline.com/organizations/oauth2/v2.0/token?client-request-id=")
    );
    assert!(renewal.body.expose().contains("refresh_token=RT-1"));
    assert!(renewal.headers.contains(&("X-AnchorMailbox", format!("Oid:{ADA}@{HOME}"))));
}

#[test]
fn another_scope_is_another_token_by_the_same_refresh_token() {
    let (_, sim, app) = signed_in();
    let mail = || Request { wish: Wish { scopes: vec!["Mail.Read".to_owned()], ..wish() }, ..request() };
    assert_eq!(words(sim.run(silent(&app, mail()))), "AT-2");
    assert_eq!(words(sim.run(silent(&app, mail()))), "AT-2");
    assert_eq!(words(sim.run(silent(&app, request()))), "AT-1");
    // Entra writes scopes with its own capitals.
    let small = Request { wish: Wish { scopes: vec!["user.read".to_owned()], ..wish() }, ..request() };
    assert_eq!(words(sim.run(silent(&app, small))), "AT-1");
}

#[test]
fn a_challenge_or_force_refresh_renews_in_any_case() {
    let (_, sim, app) = signed_in();
    assert_eq!(words(sim.run(silent(&app, Request { force_refresh: true, ..request() }))), "AT-2");
    let claims = Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.to_owned());
    assert_eq!(words(sim.run(silent(&app, Request { wish: Wish { claims, ..wish() }, ..request() }))), "AT-3");
    let cut_short = Some(r#"{"access_token":"#.to_owned());
    assert_eq!(
        words(sim.run(silent(&app, Request { wish: Wish { claims: cut_short, ..wish() }, ..request() }))),
        "invalid_claims"
    );
}

#[test]
fn a_clock_that_was_set_back_says_nothing_of_a_token() {
    let (_, sim, app) = signed_in();
    assert_eq!(words(later(&sim, &app, -7_200, request())), "AT-2");
}

#[test]
fn nobody_signed_in_means_no_tokens() {
    let (_, sim) = Server::new();
    let app = app(&sim, ENTRA);
    let error = sim.run(silent(&app, request())).unwrap_err();
    assert_eq!((error.code(), error.class()), ("no_tokens_found", Class::InteractionRequired));
    assert!(sim.requests().is_empty());
}

#[test]
fn a_token_that_was_good_when_it_was_looked_at_is_good() {
    let (_, sim) = Server::new();
    let disk = SharedDisk::default();
    let app = plugged(&sim, &disk);
    sim.run(sign_in(&app));
    // The clock passes the mark while the plugin closes: a millisecond for its reading, and one for that.
    sim.jump(sim.elapsed() + 2, 3_400_000);
    assert_eq!(words(sim.run(silent(&app, request()))), "AT-1");
}

#[test]
fn who_is_not_named_is_the_last_one_at_this_server() {
    let (_, sim, app) = signed_in();
    let blob = app.cache().borrow().write().expose().to_owned();
    let elsewhere = r#"{"Account":{"x":{"home_account_id":"x","environment":"id.example","realm":"","local_account_id":"x","username":"x","authority_type":"Generic","last_modification_time":"9999999999"},"#;
    app.cache().borrow_mut().load(blob.replacen(r#"{"Account":{"#, elsewhere, 1)).unwrap();
    assert_eq!(accounts_of(&sim, &app).len(), 2);
    assert_eq!(words(sim.run(silent(&app, Request { wish: wish(), ..Request::default() }))), "AT-1");
}

#[test]
fn a_refresh_token_goes_to_the_server_that_gave_it_and_to_no_other() {
    let (_, sim, app) = signed_in();
    let asked = sim.requests().len();
    let forced = || Request { force_refresh: true, ..request() };
    let elsewhere = [
        Request { environment: "id.example".to_owned(), ..forced() },
        Request { wish: Wish { authority: Some("https://id.example".to_owned()), ..wish() }, ..forced() },
        Request {
            wish: Wish { authority: Some("https://id.example".to_owned()), ..wish() },
            environment: String::new(),
            ..forced()
        },
        Request {
            wish: Wish { authority: Some("https://login.microsoftonline.us/organizations".to_owned()), ..wish() },
            ..forced()
        },
    ];
    for request in elsewhere {
        assert_eq!(words(sim.run(silent(&app, request))), "no_tokens_found");
    }
    assert_eq!(sim.requests().len(), asked);
    for environment in ["", "sts.windows.net", "login.microsoftonline.com"] {
        assert_eq!(words(sim.run(silent(&app, Request { environment: environment.to_owned(), ..request() }))), "AT-1");
    }
}

#[test]
fn a_token_that_is_due_is_handed_out_and_renewed_behind_the_scenes() {
    let (server, sim) = Server::new();
    server.extra.set(r#","refresh_in":600"#);
    let app = app(&sim, ENTRA);
    sim.run(sign_in(&app));
    assert!(sim.run(silent(&app, request())).unwrap().renewal.is_none());
    let due = later(&sim, &app, 700, request()).unwrap();
    assert_eq!(token(&due), "AT-1");
    let plan = due.renewal.expect("a renewal");
    sim.run(renew(&app, &plan));
    assert_eq!(words(sim.run(silent(&app, request()))), "AT-2");
}

#[test]
fn renewals_behind_the_scenes_are_not_hurried() {
    let (server, sim) = Server::new();
    server.extra.set(r#","refresh_in":600"#);
    let app = app(&sim, ENTRA);
    sim.run(sign_in(&app));
    let plan = later(&sim, &app, 700, request()).unwrap().renewal.unwrap();
    server.says(&[Answer::json(400, r#"{"error":"temporarily_unavailable"}"#)]);
    sim.run(renew(&app, &plan));
    let again = sim.run(silent(&app, request())).unwrap();
    assert!(again.renewal.is_none(), "it has just failed");
    assert_eq!(token(&again), "AT-1");
    assert!(later(&sim, &app, 61, request()).unwrap().renewal.is_some());
}

#[test]
fn a_valid_token_serves_while_the_server_is_down() {
    for outage in [
        Answer::Break(None),
        Answer::json(503, "<html>"),
        Answer::Hang,
        Answer::json(400, r#"{"error":"server_error"}"#),
    ] {
        let (server, sim, app) = signed_in();
        server.says(&[outage.clone(), outage]);
        let served = later(&sim, &app, 3_400, request()).unwrap();
        assert_eq!(token(&served), "AT-1");
        assert!(served.authentication.from_cache);
        assert!(served.authentication.serves.unwrap().until <= sim.now(), "the server is asked again the next time");
    }
}

#[test]
fn an_expired_token_serves_while_the_server_is_down_as_long_as_the_server_allowed() {
    let (server, sim) = Server::new();
    server.extra.set(r#","ext_expires_in":7200"#);
    let app = app(&sim, ENTRA);
    sim.run(sign_in(&app));
    server.says(&[Answer::Break(None), Answer::Break(None)]);
    assert_eq!(words(later(&sim, &app, 5_000, request())), "AT-1");
    server.says(&[Answer::Break(None), Answer::Break(None)]);
    assert_eq!(words(later(&sim, &app, 3_000, request())), "network_error");
}

#[test]
fn a_token_that_was_not_good_enough_never_serves() {
    let (server, sim, app) = signed_in();
    server.says(&[Answer::Break(None), Answer::Break(None)]);
    assert_eq!(words(later(&sim, &app, 3_400, Request { force_refresh: true, ..request() })), "network_error");
}

#[test]
fn a_refusal_is_no_outage() {
    let (server, sim, app) = signed_in();
    server.says(&[Answer::oauth("interaction_required")]);
    assert_eq!(words(later(&sim, &app, 3_400, request())), "interaction_required");
}

#[test]
fn an_answer_of_the_server_s_trouble_is_asked_for_once_more() {
    let (server, sim, app) = signed_in();
    for trouble in
        [Answer::json(500, ""), Answer::json(503, "<html>").with_header("retry-after", "3"), Answer::Break(None)]
    {
        server.says(&[trouble]);
        assert!(words(sim.run(silent(&app, Request { force_refresh: true, ..request() }))).starts_with("AT-"));
    }
    let before = renewals(&sim);
    server.says(&[Answer::json(500, ""), Answer::json(500, "")]);
    assert_eq!(words(sim.run(silent(&app, Request { force_refresh: true, ..request() }))), "post_request_failed");
    assert_eq!(renewals(&sim) - before, 2, "once, not for ever");
}

#[test]
fn a_reply_that_was_cut_off_is_not_asked_for_again() {
    let (server, sim, app) = signed_in();
    server.says(&[Answer::Break(Some(200))]);
    assert_eq!(words(sim.run(silent(&app, Request { force_refresh: true, ..request() }))), "network_error");
    assert_eq!(renewals(&sim), 1, "the refresh token may be spent");
}

#[test]
fn a_server_that_wants_to_be_left_alone_is_left_alone() {
    let (server, sim, app) = signed_in();
    let forced = || Request { force_refresh: true, ..request() };
    server.says(&[Answer::json(429, r#"{"error":"too_many"}"#).with_header("retry-after", "30")]);
    assert_eq!(words(sim.run(silent(&app, forced()))), "too_many");
    assert_eq!(words(later(&sim, &app, 20, forced())), "too_many");
    assert_eq!(renewals(&sim), 1);
    assert_eq!(words(later(&sim, &app, 11, forced())), "AT-2");
}

#[test]
fn every_invalid_grant_that_needs_the_person_says_so() {
    for suberror in ["", r#","suberror":"token_expired""#, r#","error_codes":[700082]"#, r#","error_codes":[50173]"#] {
        let (server, sim, app) = signed_in();
        server.says(&[Answer::json(400, &format!(r#"{{"error":"invalid_grant"{suberror},"claims":"{{}}"}}"#))]);
        let error = sim.run(silent(&app, Request { force_refresh: true, ..request() })).unwrap_err();
        assert_eq!((error.code(), error.class()), ("invalid_grant", Class::InteractionRequired));
        assert_eq!(error.server_answer().unwrap().claims, "{}");
    }
}

#[test]
fn a_refresh_token_that_expires_is_not_sent() {
    let (server, sim) = Server::new();
    server.extra.set(r#","refresh_token_expires_in":5000"#);
    let app = app(&sim, ENTRA);
    sim.run(sign_in(&app));
    let forced = |within| Request { force_refresh: true, refresh_token_expires_within: within, ..request() };
    assert_eq!(words(later(&sim, &app, 100, forced(4_990))), "refresh_token_expired");
    assert_eq!(renewals(&sim), 0);
    assert_eq!(words(sim.run(silent(&app, forced(0)))), "AT-2");
    assert_eq!(words(later(&sim, &app, 5_100, forced(0))), "refresh_token_expired");
}

#[test]
fn a_guest_tenant_is_asked_where_the_guest_tenant_is_meant() {
    let (_, sim, app) = signed_in();
    // By its id, by its domain, and by the profile that the account was looked at by.
    let by_id = Request {
        wish: Wish { authority: Some(format!("https://login.microsoftonline.com/{GUEST}")), ..wish() },
        ..request()
    };
    let found = sim.run(silent(&app, by_id)).unwrap();
    assert_eq!(token(&found), "AT-2");
    assert_eq!(found.authentication.account.as_ref().unwrap().tenant_id, GUEST);
    assert_eq!(found.authentication.authority, format!("https://login.microsoftonline.com/{GUEST}/"));
    let by_domain = || Request {
        wish: Wish { authority: Some("https://login.microsoftonline.com/guest.example".to_owned()), ..wish() },
        ..request()
    };
    assert_eq!(words(sim.run(silent(&app, by_domain()))), "AT-2");
    let asked = sim.requests().len();
    assert_eq!(words(sim.run(silent(&app, by_domain()))), "AT-2");
    assert_eq!(sim.requests().len(), asked, "its id is known by now");
    let by_profile = || Request { tenant_id: GUEST.to_owned(), ..request() };
    assert_eq!(words(sim.run(silent(&app, by_profile()))), "AT-2");
    let renewed = sim.run(silent(&app, Request { force_refresh: true, ..by_profile() })).unwrap();
    assert_eq!(renewed.authentication.account.unwrap().tenant_id, GUEST);
    assert_eq!(words(sim.run(silent(&app, request()))), "AT-1", "the home tenant has its own");
    let names: Vec<_> = accounts_of(&sim, &app).into_iter().map(|known| known.account.tenant_id).collect();
    assert_eq!(names, [HOME, GUEST]);
}

#[test]
fn parallel_requests_share_one_renewal() {
    let (_, sim, app) = signed_in();
    let forced = || Request { force_refresh: true, ..request() };
    let results = sim.run(all((0..20).map(|_| silent(&app, forced())).collect()));
    let tokens: BTreeSet<String> = results.into_iter().map(words).collect();
    assert_eq!(tokens.into_iter().collect::<Vec<_>>(), ["AT-2"]);
    assert_eq!(renewals(&sim), 1);
}

#[test]
fn parallel_requests_for_other_scopes_take_turns_so_that_a_refresh_token_is_spent_once() {
    let (_, sim, app) = signed_in();
    let scopes =
        (0..10).map(|number| Request { wish: Wish { scopes: vec![format!("Scope.{number}")], ..wish() }, ..request() });
    let results = sim.run(all(scopes.map(|request| silent(&app, request)).collect()));
    assert!(results.into_iter().all(|result| words(result).starts_with("AT-")));
    assert_eq!(renewals(&sim), 10);
    assert!(sim.is_idle());
}

#[test]
fn parallel_requests_share_one_refusal() {
    let (server, sim, app) = signed_in();
    server.says(&[Answer::oauth("interaction_required")]);
    let forced = || Request { force_refresh: true, ..request() };
    let results = sim.run(all((0..5).map(|_| silent(&app, forced())).collect()));
    assert!(results.into_iter().all(|result| words(result) == "interaction_required"));
    assert_eq!(renewals(&sim), 1);
}

#[test]
fn who_gives_up_lets_the_next_one_go_on() {
    let (_, sim, app) = signed_in();
    let forced = || Request { force_refresh: true, ..request() };
    // Whatever step the first one is dropped at.
    for steps in 1..6 {
        let second = async {
            let mut first = Box::pin(silent(&app, forced()));
            for _ in 0..steps {
                std::future::poll_fn(|context| {
                    let _ = first.as_mut().poll(context);
                    std::task::Poll::Ready(())
                })
                .await;
            }
            let second = silent(&app, forced());
            drop(first);
            second.await
        };
        let result = sim.run(second);
        // The server may have taken the refresh token of the first one. Then it is over, but it is over.
        assert!(result.is_ok() || result.unwrap_err().code() == "invalid_grant");
        sim.run(sign_in(&app));
    }
    assert!(sim.is_idle());
}

#[test]
fn a_token_that_the_server_calls_bad_is_forgotten_for_good() {
    let (server, sim) = Server::new();
    let disk = SharedDisk::default();
    let app = plugged(&sim, &disk);
    sim.run(sign_in(&app));
    server.says(&[Answer::json(400, r#"{"error":"invalid_grant","suberror":"bad_token"}"#)]);
    let forced = || Request { force_refresh: true, ..request() };
    assert_eq!(words(sim.run(silent(&app, forced()))), "invalid_grant");
    assert!(!disk.borrow().text.contains("RT-1"));
    assert_eq!(words(sim.run(silent(&app, forced()))), "no_tokens_found");
}

#[test]
fn a_refresh_token_that_another_process_renewed_is_read_again() {
    let (_, sim) = Server::new();
    let disk = SharedDisk::default();
    let (one, other) = (plugged(&sim, &disk), app(&sim, ENTRA));
    sim.run(sign_in(&one));
    let old = disk.borrow().text.clone();
    sim.run(silent(&one, Request { force_refresh: true, ..request() })).unwrap();
    // The other has read the cache before, and finds the new tokens only when its own is refused.
    other.cache().borrow_mut().load(old).unwrap();
    let new = disk.borrow().text.clone();
    let renewed = sim.run(async {
        let other_silent = silent(&other, Request { force_refresh: true, ..request() });
        other_silent.await
    });
    assert_eq!(words(renewed), "invalid_grant", "without a plugin there is nothing newer");
    let again = plugged(&sim, &disk);
    again.cache().borrow_mut().load(new).unwrap();
    assert_eq!(words(sim.run(silent(&again, Request { force_refresh: true, ..request() }))), "AT-3");
}

#[test]
fn silent_tokens_of_a_hundred_threads_never_miss() {
    let (_, sim) = Server::new();
    let disk = SharedDisk::default();
    let app = plugged(&sim, &disk);
    sim.run(sign_in(&app));
    let results = sim.run(all((0..100).map(|_| silent(&app, request())).collect()));
    assert!(results.into_iter().all(|result| words(result) == "AT-1"));
    assert!(disk.borrow().log.iter().skip(2).all(|what| *what == "read"), "a hit writes nothing");
}

#[test]
fn a_sign_out_by_another_process_stays_one() {
    let (server, sim) = Server::new();
    let disk = SharedDisk::default();
    let (one, other) = (Sim::clone(&sim), Sim::default());
    let ours = plugged(&one, &disk);
    let theirs = plugged(&other, &disk);
    sim.run(sign_in(&ours));
    other.run(accounts::sign_out(&theirs, &Whose { home_account_id: &home(ADA), environment: "" }, "")).unwrap();
    server.person.set(BEA);
    sim.run(sign_in(&ours));
    assert!(!disk.borrow().text.contains(ADA));
    assert!(disk.borrow().text.contains(BEA));
    assert_eq!(words(sim.run(silent(&ours, request()))), "no_tokens_found");
}

#[test]
fn a_renewal_does_not_bring_back_who_signed_out_meanwhile() {
    let (_, sim) = Server::new();
    let disk = SharedDisk::default();
    let app = plugged(&sim, &disk);
    sim.run(sign_in(&app));
    let home = home(ADA);
    let whose = Whose { home_account_id: &home, environment: "login.windows.net" };
    let renewal = async { words(silent(&app, Request { force_refresh: true, ..request() }).await) };
    let sign_out = async {
        accounts::sign_out(&app, &whose, "").await.unwrap();
        String::new()
    };
    let futures: Vec<std::pin::Pin<Box<dyn Future<Output = String>>>> = vec![Box::pin(renewal), Box::pin(sign_out)];
    sim.run(all(futures));
    assert!(!disk.borrow().text.contains(ADA));
    assert!(accounts_of(&sim, &app).is_empty());
}

#[test]
fn what_could_not_be_read_is_not_written() {
    let (_, sim) = Server::new();
    let disk = SharedDisk::default();
    let app = plugged(&sim, &disk);
    sim.run(sign_in(&app));
    let whole = disk.borrow().text.clone();
    for (text, fails) in [(whole.clone(), Some("read")), (whole.trim_end_matches('}').to_owned(), None)] {
        disk.borrow_mut().text = text.clone();
        disk.borrow_mut().fails = fails;
        disk.borrow_mut().log.clear();
        let request = device_code::Request { wish: wish(), ..device_code::Request::default() };
        sim.run(device_code::sign_in(&app, request, &Person::default())).unwrap_err();
        assert_eq!(disk.borrow().log, ["read"]);
        assert_eq!(disk.borrow().text, text);
    }
}

#[test]
fn what_could_not_be_written_is_written_the_next_time() {
    let (server, sim) = Server::new();
    let disk = SharedDisk::default();
    let app = plugged(&sim, &disk);
    sim.run(sign_in(&app));
    server.person.set(BEA);
    disk.borrow_mut().fails = Some("write");
    let sign_in_request = || device_code::Request { wish: wish(), ..device_code::Request::default() };
    sim.run(device_code::sign_in(&app, sign_in_request(), &Person::default())).unwrap_err();
    assert!(!disk.borrow().text.contains(BEA));
    disk.borrow_mut().fails = None;
    server.person.set(ADA);
    sim.run(silent(&app, Request { force_refresh: true, ..request() })).unwrap();
    assert!(disk.borrow().text.contains(BEA));
}

#[test]
fn what_came_while_the_store_was_away_is_kept() {
    let (_, sim) = Server::new();
    let disk = SharedDisk::default();
    let app = plugged(&sim, &disk);
    sim.run(sign_in(&app));
    let forced = || Request { force_refresh: true, ..request() };
    let renewal = async { words(silent(&app, forced()).await) };
    let trouble = async {
        sim.sleep(Duration::from_millis(10)).await;
        disk.borrow_mut().fails = Some("read"); // while the server answers
        String::new()
    };
    let futures: Vec<std::pin::Pin<Box<dyn Future<Output = String>>>> = vec![Box::pin(renewal), Box::pin(trouble)];
    assert_eq!(sim.run(all(futures)), ["", ""], "the plugin's own error");
    disk.borrow_mut().fails = None;
    assert_eq!(words(sim.run(silent(&app, forced()))), "AT-3", "by the refresh token that came then");
    assert!(disk.borrow().text.contains("RT-3"));
}

#[test]
fn a_sign_out_removes_everything_of_the_account_and_nothing_else() {
    let (server, sim, app) = signed_in();
    server.person.set(BEA);
    sim.run(sign_in(&app));
    sim.run(accounts::sign_out(&app, &Whose { home_account_id: &home(ADA), environment: "sts.windows.net" }, ""))
        .unwrap();
    assert_eq!(words(sim.run(silent(&app, request()))), "no_tokens_found");
    let blob = app.cache().borrow().write();
    assert!(!blob.expose().contains(ADA) && !blob.expose().contains("RT-1"));
    assert_eq!(words(sim.run(silent(&app, Request { home_account_id: home(BEA), ..request() }))), "AT-2");
}

#[test]
fn one_call_without_telemetry_if_it_can_be_and_asks_the_person_if_it_must() {
    let (server, sim) = Server::new();
    let app = app(&sim, ENTRA);
    let person = Person::default();
    let get = |request: Request| {
        let sign_in = device_code::Request {
            wish: Wish { scopes: request.wish.scopes.clone(), ..Wish::default() },
            ..device_code::Request::default()
        };
        words(sim.run(async {
            match silent(&app, request).await {
                Ok(silent) => Ok(silent),
                Err(error) => {
                    let sign_in = sign_in_after(error, sign_in)?;
                    let authentication = device_code::sign_in(&app, sign_in, &person).await?;
                    Ok(Silent { authentication, renewal: None })
                }
            }
        }))
    };
    let anybody = || Request { wish: wish(), ..Request::default() };
    assert_eq!(get(anybody()), "AT-1");
    assert_eq!(person.shown.borrow().len(), 1);
    assert_eq!(get(anybody()), "AT-1");
    assert_eq!(person.shown.borrow().len(), 1);
    // Whoever signed in last is meant.
    server.person.set(BEA);
    sim.jump(0, 10_000);
    sim.run(sign_in(&app));
    assert_eq!(get(anybody()), "AT-2");
    assert_eq!(get(Request { ..request() }), "AT-1");
    // A challenge goes into the sign-in that it asks for.
    server
        .says(&[Answer::json(400, r#"{"error":"interaction_required","claims":"{\"access_token\":{\"acrs\":{}}}"}"#)]);
    assert_eq!(get(Request { force_refresh: true, ..anybody() }), "AT-3");
    assert_eq!(person.shown.borrow().len(), 2);
    let device_request =
        sim.requests().into_iter().rev().find(|(_, request)| request.url.contains("/devicecode")).unwrap().1;
    assert!(device_request.body.expose().contains("claims=%7B%22access_token%22"));
    // What the person cannot help is not asked of them.
    server.says(&[Answer::oauth("invalid_client")]);
    assert_eq!(get(Request { force_refresh: true, ..anybody() }), "invalid_client");
    assert_eq!(person.shown.borrow().len(), 2);
}

#[test]
fn a_refresh_token_from_elsewhere_is_kept_only_if_asked_or_known() {
    let (server, sim) = Server::new();
    let app = app(&sim, ENTRA);
    server.good.borrow_mut().insert("RT-old".to_owned());
    let ask = |refresh_token: &str, force_cache| refresh::Request {
        refresh_token: Secret::new(refresh_token.to_owned()),
        force_cache,
        wish: wish(),
    };
    let result = sim.run(refresh::by_refresh_token(&app, ask("RT-old", false))).unwrap();
    assert_eq!(result.account.unwrap().home_account_id, home(ADA));
    assert!(accounts_of(&sim, &app).is_empty());
    sim.run(refresh::by_refresh_token(&app, ask("RT-1", true))).unwrap();
    assert_eq!(words(sim.run(silent(&app, request()))), "AT-2");
    sim.run(refresh::by_refresh_token(&app, ask("RT-2", false))).unwrap();
    assert_eq!(words(sim.run(silent(&app, request()))), "AT-3", "the account is known by now");
}

#[test]
fn a_renewed_token_of_somebody_else_is_refused() {
    let (server, sim, app) = signed_in();
    server.person.set(BEA);
    assert_eq!(words(sim.run(silent(&app, Request { force_refresh: true, ..request() }))), "invalid_id_token");
    assert_eq!(words(sim.run(silent(&app, request()))), "AT-1");
}

#[test]
fn no_line_of_the_log_and_no_error_holds_a_token() {
    let (server, sim, app) = signed_in();
    server.says(&[Answer::json(400, r#"{"error":"invalid_grant","error_description":"RT-1 is expired"}"#)]);
    let error = sim.run(silent(&app, Request { force_refresh: true, ..request() })).unwrap_err();
    let mut lines = sim.log_lines();
    lines.push(format!("{error} {error:?}"));
    assert!(lines.iter().all(|line| !line.contains("AT-1") && !line.contains("RT-1")), "{lines:?}");
}

#[test]
fn a_cloud_that_is_not_named_is_not_any_cloud() {
    let (_, sim, app) = signed_in();
    let asked = sim.requests().len();
    let elsewhere = || Wish { authority: Some("https://login.microsoftonline.us/organizations".to_owned()), ..wish() };
    for force_refresh in [false, true] {
        let request = Request { wish: elsewhere(), environment: String::new(), force_refresh, ..request() };
        assert_eq!(words(sim.run(silent(&app, request))), "no_tokens_found");
    }
    assert_eq!(sim.requests().len(), asked, "no refresh token goes to another cloud");
}

#[test]
fn who_is_not_named_may_be_a_guest() {
    let (_, sim, app) = signed_in();
    let guest = Wish { authority: Some(format!("https://login.microsoftonline.com/{GUEST}")), ..wish() };
    assert_eq!(words(sim.run(silent(&app, Request { wish: guest, ..Request::default() }))), "AT-2");
}

#[test]
fn a_refusal_of_before_is_nobody_s_answer() {
    let (server, sim, app) = signed_in();
    let forced = || Request { force_refresh: true, ..request() };
    server.says(&[Answer::oauth("interaction_required")]);
    assert_eq!(words(sim.run(silent(&app, forced()))), "interaction_required");
    let results = sim.run(all((0..3).map(|_| silent(&app, forced())).collect()));
    assert!(results.into_iter().all(|result| words(result) == "AT-2"));
}

#[test]
fn a_challenge_goes_before_the_claims_that_the_caller_had() {
    let refusal = |claims: &str| {
        let (error, claims) = ("interaction_required".to_owned(), claims.to_owned());
        Fault::refused(ServerAnswer { error, claims, ..ServerAnswer::default() })
    };
    let ours = r#"{"a":1}"#;
    for (error, claims) in [
        (refusal(r#"{"b":2}"#), r#"{"a":1,"b":2}"#),
        (refusal("theirs"), "theirs"),
        (refusal(""), ours),
        (Fault::NoTokens, ours),
    ] {
        let wish = Wish { claims: Some(ours.to_owned()), ..wish() };
        let sign_in = sign_in_after(Error::new(error), device_code::Request { wish, timeout: None }).unwrap();
        assert_eq!(sign_in.wish.claims.as_deref(), Some(claims));
    }
}

#[test]
fn a_tenant_is_asked_for_its_id_once_however_many_want_it() {
    let (_, sim, app) = signed_in();
    let by_domain = || Wish { authority: Some("https://login.microsoftonline.com/guest.example".to_owned()), ..wish() };
    let results = sim.run(all((0..3).map(|_| silent(&app, Request { wish: by_domain(), ..request() })).collect()));
    assert!(results.iter().all(Result::is_ok));
    let documents = sim.requests().into_iter().filter(|(_, request)| request.url.contains("openid-configuration"));
    assert_eq!(documents.count(), 1);
}

#[test]
fn a_refresh_token_that_the_server_calls_expired_is_forgotten() {
    for suberror in ["bad_token", "token_expired"] {
        let (server, sim, app) = signed_in();
        server.says(&[Answer::json(400, &format!(r#"{{"error":"invalid_grant","suberror":"{suberror}"}}"#))]);
        let forced = || Request { force_refresh: true, ..request() };
        assert_eq!(words(sim.run(silent(&app, forced()))), "invalid_grant");
        assert_eq!(words(sim.run(silent(&app, forced()))), "no_tokens_found", "{suberror}");
    }
}

#[test]
fn a_refusal_to_renew_has_its_page() {
    let (server, sim, app) = signed_in();
    server.says(&[Answer::json(400, r#"{"error":"interaction_required","error_codes":[50079]}"#)]);
    let error = sim.run(silent(&app, Request { force_refresh: true, ..request() })).unwrap_err();
    let page = error.server_answer().unwrap().page.as_deref();
    assert_eq!(page, Some("https://mysignins.microsoft.com/security-info"));
}

#[test]
fn who_had_to_wait_is_not_given_the_token_that_was_to_be_renewed() {
    let (server, sim, app) = signed_in();
    server.says(&[Answer::Hang]);
    let forced = || Request { force_refresh: true, ..request() };
    let second = sim.run(async {
        let mut first = Some(Box::pin(silent(&app, forced())));
        let mut second = std::pin::pin!(silent(&app, forced()));
        std::future::poll_fn(|context| {
            if let Some(mut first) = first.take() {
                assert!(first.as_mut().poll(context).is_pending());
                assert!(second.as_mut().poll(context).is_pending(), "and here the first gives up");
            }
            second.as_mut().poll(context)
        })
        .await
    });
    assert_eq!(words(second), "AT-2");
}

#[test]
fn a_challenge_is_not_answered_with_what_came_for_another() {
    let (_, sim, app) = signed_in();
    let challenged = Wish { claims: Some(r#"{"access_token":{"nbf":{"essential":true}}}"#.to_owned()), ..wish() };
    let requests = [Request { force_refresh: true, ..request() }, Request { wish: challenged, ..request() }];
    let results = sim.run(all(requests.map(|request| silent(&app, request)).into()));
    assert_eq!(results.into_iter().map(words).collect::<Vec<_>>(), ["AT-2", "AT-3"]);
}

#[test]
fn an_account_whose_tenant_is_not_told_is_asked_for_at_home() {
    let (_, sim, app) = signed_in();
    for tenant in ["", "contoso.com"] {
        let nowhere = Request { tenant_id: tenant.to_owned(), force_refresh: true, ..request() };
        assert!(sim.run(silent(&app, nowhere)).is_ok());
        assert!(sim.requests().pop().unwrap().1.url.contains("/organizations/"), "{tenant}");
    }
}

#[test]
fn a_program_s_own_tenant_need_not_be_asked_for_its_id() {
    let (_, sim) = Server::new();
    let app = app(&sim, "https://login.microsoftonline.com/contoso.com");
    sim.run(sign_in(&app));
    let asked = sim.requests().len();
    assert_eq!(words(sim.run(silent(&app, request()))), "AT-1");
    assert_eq!(sim.requests().len(), asked);
}
