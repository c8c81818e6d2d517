//! flows/device_code.rs on a simulated host.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use doorcode::error::{Error, Fault};
use doorcode::flows::device_code::{Pending, Polled, Request, finish, poll, sign_in, start};
use doorcode::flows::{App, Authentication, Wish};
use doorcode::host::Host;
use doorcode::protocol::discovery;
use doorcode::protocol::http::HttpResponse;
use doorcode::secret::Secret;

use crate::sim::{Answer, ENTRA, Person, START, Sim, app, codes, jwt, tokens};

fn request() -> Request {
    wishing(Wish::default())
}

fn wishing(wish: Wish) -> Request {
    let scopes = if wish.scopes.is_empty() { vec!["User.Read".to_owned()] } else { wish.scopes };
    Request { wish: Wish { scopes, ..wish }, ..Request::default() }
}

fn pending() -> Answer {
    Answer::oauth("authorization_pending")
}

/// Signs in against a server that answers as scripted, and tells what came of it.
fn outcome(answers: Vec<Answer>) -> (Sim, Person, Result<Authentication, Error>) {
    let sim = Sim::script(answers);
    let person = Person::default();
    let result = sim.run(sign_in(&app(&sim, ENTRA), request(), &person));
    assert!(sim.is_idle(), "nothing is left running");
    (sim, person, result)
}

fn error(answers: Vec<Answer>) -> (Sim, Error) {
    let (sim, _, result) = outcome(answers);
    (sim, result.expect_err("an error"))
}

#[test]
fn a_person_signs_in() {
    let (sim, person, result) = outcome(vec![codes(""), pending(), pending(), tokens()]);
    let result = result.unwrap();
    assert_eq!(sim.times(), [0, 5, 10, 15]);
    assert_eq!(result.account.unwrap().username, "ada@example.com");
    assert_eq!(result.reply.access_token.expose(), "AT-secret");
    assert_eq!(result.authority, "https://login.microsoftonline.com/organizations/");
    assert_eq!(person.shown.borrow()[0].user_code, "ABCD-EFGH");
    // Counted from when the request was sent.
    assert_eq!(result.expires_on, Some(sim.requests()[3].0 + 3_600_000));
}

#[test]
fn the_first_poll_waits_one_interval() {
    let (sim, ..) = outcome(vec![codes(r#","interval":7"#), tokens()]);
    assert_eq!(sim.times(), [0, 7]);
}

#[test]
fn an_odd_or_missing_interval_never_causes_a_storm() {
    let cases = [
        ("", 5),
        (r#","interval":0"#, 5),
        (r#","interval":-3"#, 5),
        (r#","interval":null"#, 5),
        (r#","interval":"soon""#, 5),
        (r#","interval":"8""#, 8),
        (r#","interval":2.5"#, 3),
        (r#","interval":[]"#, 5),
        (r#","interval":1e300"#, 300),
        (r#","interval":100000"#, 300),
    ];
    for (extra, seconds) in cases {
        let (sim, ..) = outcome(vec![codes(extra), tokens()]);
        assert_eq!(sim.times(), [0, seconds], "{extra}");
    }
}

#[test]
fn slow_down_adds_five_seconds_and_stays() {
    let slow = || Answer::oauth("slow_down");
    let (sim, person, _) = outcome(vec![codes(""), slow(), pending(), slow(), pending(), tokens()]);
    assert_eq!(sim.times(), [0, 5, 15, 25, 40, 55]);
    let seen: Vec<_> = person.progress.borrow().iter().map(|progress| progress.why.name()).collect();
    assert_eq!(seen, ["slow_down", "pending", "slow_down", "pending"]);
}

#[test]
fn an_interval_that_the_server_sends_later_is_honoured() {
    let slow = Answer::json(400, r#"{"error":"slow_down","interval":20}"#);
    let same = Answer::json(400, r#"{"error":"slow_down","interval":5}"#);
    let pending = Answer::json(400, r#"{"error":"authorization_pending","interval":30}"#);
    let (sim, ..) = outcome(vec![codes(""), slow, same, pending, tokens()]);
    assert_eq!(sim.times(), [0, 5, 25, 50, 80], "20 as sent, then five more, for the interval never shrinks; then 30");
}

#[test]
fn a_longer_retry_after_wins_and_a_shorter_one_does_not() {
    let with = |value: &str| Answer::json(429, "").with_header("retry-after", value);
    let (sim, ..) = outcome(vec![codes(""), with("60"), tokens()]);
    assert_eq!(sim.times(), [0, 5, 65]);
    let (sim, ..) = outcome(vec![codes(""), with("1"), tokens()]);
    assert_eq!(sim.times(), [0, 5, 15], "a back-off of twice the interval");
    let slow = Answer::oauth("slow_down").with_header("retry-after", "60");
    let (sim, ..) = outcome(vec![codes(""), slow, tokens()]);
    assert_eq!(sim.times(), [0, 5, 65], "with slow_down too");
    let date = with("Sun, 15 Jun 2025 15:08:25 GMT").with_header("date", "Sun, 15 Jun 2025 15:07:25 GMT");
    let (sim, ..) = outcome(vec![codes(""), date, tokens()]);
    assert_eq!(sim.times(), [0, 5, 65], "by the server's own clock");
}

#[test]
fn lost_packets_and_server_trouble_keep_the_flow_alive_with_a_capped_back_off() {
    let troubles = [
        Answer::Break(None),
        Answer::json(500, "<html>"),
        Answer::json(503, ""),
        Answer::json(408, ""),
        Answer::json(429, "{}"),
        Answer::json(502, r#"{"error":"invalid_client"}"#),
        Answer::oauth("server_error"),
        Answer::oauth("temporarily_unavailable"),
    ];
    for trouble in troubles {
        let five = vec![codes(""), trouble.clone(), trouble.clone(), trouble.clone(), trouble, pending(), tokens()];
        let (sim, person, result) = outcome(five);
        assert!(result.is_ok());
        assert_eq!(sim.times(), [0, 5, 15, 35, 65, 95, 100], "5, 10, 20, 30, 30, and 5 again after an answer");
        assert_eq!(person.progress.borrow()[0].why.name(), "retrying");
    }
}

#[test]
fn a_server_that_is_down_for_the_code_s_whole_life_ends_in_expiry() {
    let (sim, error) = error(vec![codes(r#","expires_in":120"#), Answer::Break(None)]);
    assert_eq!(error.code(), "device_code_expired");
    assert!(sim.elapsed() <= 121_000);
}

#[test]
fn a_success_whose_body_is_lost_is_not_asked_for_again() {
    let (sim, error) = error(vec![codes(""), Answer::Break(Some(200)), tokens()]);
    assert_eq!(error.code(), "network_error");
    assert!(error.to_string().contains("status 200"), "{error}");
    assert_eq!(sim.requests().len(), 2);
}

#[test]
fn a_refusal_whose_body_is_lost_is_asked_for_again() {
    let (_, _, result) = outcome(vec![codes(""), Answer::Break(Some(400)), tokens()]);
    assert!(result.is_ok());
}

#[test]
fn a_request_that_hangs_costs_no_more_than_its_time_limit() {
    let (sim, _, result) = outcome(vec![codes(""), Answer::Hang, tokens()]);
    assert!(result.is_ok());
    assert_eq!(sim.times(), [0, 5, 45], "5 s, 30 s of nothing, 10 s of back-off");
}

#[test]
fn the_code_expires_by_the_wall_clock() {
    let (sim, error) = error(vec![codes(r#","expires_in":12"#), pending()]);
    assert_eq!(error.code(), "device_code_expired");
    assert_eq!(sim.times(), [0, 5, 10], "no poll sooner than the interval, not even the last");
    assert_eq!(sim.elapsed() / 1000, 12);
}

#[test]
fn an_odd_or_missing_lifetime_still_ends() {
    let cases = [
        ("", 900),
        (r#","expires_in":0"#, 900),
        (r#","expires_in":-1"#, 900),
        (r#","expires_in":"900""#, 900),
        (r#","expires_in":"never""#, 900),
        (r#","expires_in":true"#, 900),
        (r#","expires_in":60.5"#, 61),
        (r#","expires_in":1e12"#, 86_400),
    ];
    for (extra, seconds) in cases {
        let (sim, error) = error(vec![codes(extra), pending()]);
        assert_eq!(error.code(), "device_code_expired");
        assert_eq!(sim.elapsed() / 1000, seconds, "{extra}");
    }
}

#[test]
fn after_a_suspend_past_the_expiry_one_last_poll_brings_the_server_s_own_answer() {
    let hour = 3_600_000;
    for (answer, code) in
        [(tokens(), None), (Answer::oauth("expired_token"), Some("expired_token")), (pending(), Some(""))]
    {
        let sim = Sim::script(vec![codes(r#","expires_in":900"#), pending(), answer]);
        sim.jump(7_000, hour);
        let result = sim.run(sign_in(&app(&sim, ENTRA), request(), &Person::default()));
        assert_eq!(sim.requests().len(), 3, "exactly one poll after the suspend");
        match code {
            None => assert!(result.is_ok()),
            Some(words) => {
                let error = result.unwrap_err();
                assert_eq!(error.code(), "device_code_expired");
                assert!(error.to_string().contains(words), "{error}");
            }
        }
    }
}

#[test]
fn a_network_that_is_slow_to_wake_up_is_waited_for_but_not_for_ever() {
    let hour = 3_600_000;
    let lost = || Answer::Break(None);
    // Suspended between polls: the first try after waking fails. Suspended in mid-request: that very request fails.
    for at in [7_000, 5_010] {
        let sim = Sim::script(vec![codes(""), if at == 7_000 { pending() } else { lost() }, lost(), tokens()]);
        sim.jump(at, hour);
        assert!(sim.run(sign_in(&app(&sim, ENTRA), request(), &Person::default())).is_ok(), "suspended at {at}");
    }
    let sim = Sim::script(vec![codes(""), pending(), lost()]);
    sim.jump(7_000, hour);
    let error = sim.run(sign_in(&app(&sim, ENTRA), request(), &Person::default())).unwrap_err();
    assert_eq!(error.code(), "device_code_expired");
    assert_eq!(sim.requests().len(), 6, "one poll before, four after");
}

#[test]
fn a_server_cannot_hold_a_flow_past_the_expiry() {
    let busy = Answer::json(503, "").with_header("retry-after", "99999999");
    let sim = Sim::script(vec![codes(""), pending(), busy]);
    sim.jump(7_000, 3_600_000);
    let error = sim.run(sign_in(&app(&sim, ENTRA), request(), &Person::default())).unwrap_err();
    assert_eq!(error.code(), "device_code_expired");
    assert!(sim.elapsed() < 3_700_000, "{}", sim.elapsed());
}

#[test]
fn a_suspend_within_a_callback_costs_nothing() {
    let sim = Sim::script(vec![codes(""), pending(), tokens()]);
    let person = Person { sim: Some(sim.clone()), takes: 1_000, ..Person::default() };
    sim.jump(6_500, 3_600_000);
    assert!(sim.run(sign_in(&app(&sim, ENTRA), request(), &person)).is_ok());
}

#[test]
fn a_retry_after_past_the_expiry_is_not_cut_short() {
    let limited = Answer::json(429, "").with_header("retry-after", "600");
    let (sim, error) = error(vec![codes(r#","expires_in":60"#), limited, tokens()]);
    assert_eq!(error.code(), "device_code_expired");
    assert_eq!(sim.times(), [0, 5]);
}

#[test]
fn a_clock_set_back_by_a_year_does_not_give_the_code_a_year() {
    let sim = Sim::script(vec![codes(r#","expires_in":60"#), Answer::Break(None)]);
    sim.jump(2_000, -31_536_000_000);
    let error = sim.run(sign_in(&app(&sim, ENTRA), request(), &Person::default())).unwrap_err();
    assert_eq!(error.code(), "device_code_expired");
    assert!(sim.requests().len() < 10, "{}", sim.requests().len());
}

#[test]
fn a_long_wait_notices_the_end_of_a_suspend_within_seconds() {
    let sim = Sim::script(vec![codes(r#","interval":300,"expires_in":900"#), tokens()]);
    sim.jump(10_000, 600_000);
    assert!(sim.run(sign_in(&app(&sim, ENTRA), request(), &Person::default())).is_ok());
    assert!(sim.elapsed() < 620_000, "not the 290 s that the timer still had to run");
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_the_flow() {
    let sim = Sim::script(vec![codes(""), pending(), tokens()]);
    sim.jump(2_000, -1_000_000_000);
    assert!(sim.run(sign_in(&app(&sim, ENTRA), request(), &Person::default())).is_ok());
}

#[test]
fn the_caller_s_timeout_ends_the_flow_between_polls_and_within_a_request() {
    for answer in [pending(), Answer::Hang] {
        let sim = Sim::script(vec![codes(""), answer]);
        let request = Request { timeout: Some(7.5), ..request() };
        let error = sim.run(sign_in(&app(&sim, ENTRA), request, &Person::default())).unwrap_err();
        assert_eq!(error.code(), "user_timeout_reached");
        assert_eq!(sim.elapsed(), 20 + 7_500, "counted from when the code was there");
        assert!(sim.is_idle());
    }
}

#[test]
fn the_code_s_expiry_comes_before_a_later_timeout() {
    let sim = Sim::script(vec![codes(r#","expires_in":10"#), pending()]);
    let request = Request { timeout: Some(60.0), ..request() };
    let error = sim.run(sign_in(&app(&sim, ENTRA), request, &Person::default())).unwrap_err();
    assert_eq!(error.code(), "device_code_expired");
}

#[test]
fn after_a_suspend_past_timeout_and_expiry_the_server_is_still_asked() {
    let sim = Sim::script(vec![codes(""), tokens()]);
    sim.jump(1_000, 3_600_000);
    let request = Request { timeout: Some(60.0), ..request() };
    assert!(sim.run(sign_in(&app(&sim, ENTRA), request, &Person::default())).is_ok());
}

#[test]
fn the_callback_is_awaited_before_the_first_poll() {
    let sim = Sim::script(vec![codes(""), tokens()]);
    let person = Person { sim: Some(sim.clone()), takes: 60_000, ..Person::default() };
    sim.run(sign_in(&app(&sim, ENTRA), request(), &person)).unwrap();
    assert_eq!(sim.times(), [0, 60]);
}

#[test]
fn an_error_of_any_callback_ends_the_flow_and_is_the_flow_s_error() {
    for fail_at in 0..4 {
        let sim = Sim::script(vec![codes(""), pending()]);
        let person = Person { fail_at: Some(fail_at), ..Person::default() };
        let error = sim.run(sign_in(&app(&sim, ENTRA), request(), &person)).unwrap_err();
        assert!(matches!(*error, Fault::Callback(_)));
        assert_eq!(error.cause().unwrap().downcast::<&str>(), Some("thrown"));
        assert_eq!(sim.requests().len(), fail_at + 1, "nothing is sent afterwards");
        assert!(sim.is_idle());
    }
}

#[test]
fn every_end_that_a_server_can_send_has_its_code() {
    let cases = [
        ("authorization_declined", "authorization_declined", "ServerError"),
        ("access_denied", "access_denied", "ServerError"),
        ("expired_token", "device_code_expired", "ClientAuthError"),
        ("bad_verification_code", "bad_verification_code", "ServerError"),
        ("invalid_grant", "invalid_grant", "InteractionRequiredAuthError"),
        ("interaction_required", "interaction_required", "InteractionRequiredAuthError"),
        ("invalid_client", "invalid_client", "ServerError"),
        ("unauthorized_client", "unauthorized_client", "ServerError"),
        ("invalid_request", "invalid_request", "ServerError"),
        ("something_new", "something_new", "ServerError"),
    ];
    for (sent, code, class) in cases {
        let (sim, error) = error(vec![codes(""), pending(), Answer::oauth(sent)]);
        assert_eq!((error.code(), error.class().name()), (code, class));
        let message = format!("{}: {error}", error.code());
        assert!(message.contains(sent), "the server's own word stays: {message}");
        assert_eq!(sim.requests().len(), 3);
    }
}

#[test]
fn hostile_answers_to_a_poll_end_in_a_clear_error_or_go_on() {
    let deep = "[".repeat(100_000);
    let double = r#""{\"access_token\":\"AT-secret\",\"token_type\":\"Bearer\"}""#;
    let bodies = [
        "",
        "{}",
        "[]",
        "null",
        "<html>AT-secret</html>",
        r#"{"access_token":"AT-secr"#,
        r#"{"access_token":42}"#,
        double,
        &deep,
    ];
    for body in bodies {
        let (_, error) = error(vec![codes(""), Answer::json(200, body)]);
        assert_eq!(error.code(), "token_parsing_error", "{body:.40}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("AT-sec") && !shown.contains("DC-secret"), "{shown}");
        assert_eq!(error.status(), Some(200));
        for status in [400, 404] {
            let (_, error) = super::device_flow::error(vec![codes(""), Answer::json(status, body)]);
            assert_eq!(error.code(), "post_request_failed", "tokens in a refusal are not taken: {body:.40}");
        }
    }
}

#[test]
fn a_device_code_that_the_server_echoes_is_removed() {
    let body = r#"{"error":"invalid_request","error_description":"bad DC-secret","claims":"DC-secret","suberror":"DC-secret"}"#;
    let (sim, error) = error(vec![codes(""), Answer::json(400, body)]);
    assert!(!format!("{error} {error:?} {:?}", sim.log_lines()).contains("DC-secret"));
    assert!(error.to_string().contains("[removed]"));
}

#[test]
fn no_secret_is_in_any_log_line() {
    let (sim, ..) = outcome(vec![codes(""), pending(), Answer::Break(None), tokens()]);
    let lines = sim.log_lines().join("\n");
    assert!(lines.contains("device code: signed in"));
    for secret in ["DC-secret", "AT-secret", "RT-secret", "eyJ"] {
        assert!(!lines.contains(secret), "{lines}");
    }
}

#[test]
fn a_redirect_is_not_followed_and_is_named() {
    for status in [301, 302, 303, 307, 308] {
        let redirect = Answer::json(status, "").with_header("location", "https://evil.example/take?code=DC-secret");
        let (sim, error) = error(vec![codes(""), redirect]);
        assert_eq!(error.code(), "post_request_failed");
        assert!(error.to_string().contains("https://evil.example/take"), "{error}");
        assert!(!error.to_string().contains("DC-secret"));
        assert_eq!(sim.requests().len(), 2);
    }
}

#[test]
fn entra_s_refusal_of_the_first_request_comes_with_status_200_and_is_told() {
    let body = r#"{"error":"unauthorized_client","error_description":"AADSTS700016: no such app.\r\nTrace ID: x","error_codes":[700016],
        "timestamp":"2026-01-01 00:00:00Z","trace_id":"t-1","correlation_id":"c-1"}"#;
    let (sim, person, result) = outcome(vec![Answer::json(200, body)]);
    let error = result.unwrap_err();
    let answer = error.server_answer().unwrap();
    assert_eq!(error.code(), "unauthorized_client");
    assert_eq!((answer.trace_id.as_str(), answer.correlation_id.as_str(), answer.codes[0]), ("t-1", "c-1", 700_016));
    assert_eq!(answer.description, "AADSTS700016: no such app. Trace ID: x");
    assert!(answer.remedy().unwrap().advice.contains("client id"));
    assert!(person.shown.borrow().is_empty(), "the person is shown nothing");
    assert_eq!(sim.requests().len(), 1);
}

#[test]
fn an_openid_provider_is_discovered_once() {
    let issuer = "https://id.example/Realms/MyRealm";
    let discovery = format!(
        r#"{{"issuer":"{issuer}","token_endpoint":"{issuer}/t","device_authorization_endpoint":"{issuer}/d"}}"#
    );
    let id_token = jwt(&format!(r#"{{"iss":"{issuer}","aud":"client","exp":{},"sub":"Ada|1"}}"#, START / 1000 + 60));
    let sim = Sim::serve(move |request, _| match request.url.rsplit('/').next().unwrap() {
        "openid-configuration" => Answer::json(200, &discovery),
        "d" => codes(""),
        _ => Answer::json(200, &format!(r#"{{"access_token":"AT","id_token":"{id_token}"}}"#)),
    });
    let app = app(&sim, issuer);
    for _ in 0..2 {
        let result = sim.run(sign_in(&app, request(), &Person::default())).unwrap();
        let account = result.account.unwrap();
        assert_eq!((account.home_account_id.as_str(), account.environment.as_str()), ("Ada|1", "id.example"));
        assert_eq!(result.expires_on, None, "the server did not tell");
    }
    let urls: Vec<_> = sim.requests().into_iter().map(|(_, request)| request.url).collect();
    assert_eq!(urls.len(), 5);
    assert_eq!(urls[0], format!("{issuer}/.well-known/openid-configuration"), "the path keeps its case");
    for (_, request) in sim.requests() {
        assert!(
            !format!("{}{}", request.url, request.body.expose()).contains("client_info"),
            "not Microsoft's business"
        );
    }
}

#[test]
fn nothing_is_sent_for_a_request_that_is_wrong() {
    let wrong = [
        wishing(Wish { claims: Some("{".to_owned()), ..Wish::default() }),
        wishing(Wish { claims: Some("[]".to_owned()), ..Wish::default() }),
        wishing(Wish { authority: Some("http://example.com".to_owned()), ..Wish::default() }),
        wishing(Wish { scopes: vec!["a\"b".to_owned()], ..Wish::default() }),
        wishing(Wish {
            extra_form: [("device_code".to_owned(), "x".to_owned())].into_iter().collect(),
            ..Wish::default()
        }),
    ];
    for request in wrong {
        let sim = Sim::script(vec![codes("")]);
        let error = sim.run(sign_in(&app(&sim, ENTRA), request, &Person::default())).unwrap_err();
        assert_eq!(error.class().name(), "ClientConfigurationError");
        assert!(sim.requests().is_empty());
    }
}

/// A flow with something of everything in it, for the tests that break it at each point.
fn eventful() -> Vec<Answer> {
    vec![
        codes(""),
        pending(),
        Answer::Break(None),
        Answer::oauth("slow_down"),
        Answer::json(503, ""),
        pending(),
        tokens(),
    ]
}

#[test]
fn a_flow_dropped_at_any_await_leaves_nothing_running() {
    let mut steps = 0;
    loop {
        let sim = Sim::script(eventful());
        let person = Person { sim: Some(sim.clone()), takes: 100, ..Person::default() };
        let ended = sim.run_steps(sign_in(&app(&sim, ENTRA), request(), &person), steps).is_some();
        assert!(sim.is_idle(), "dropped after {steps} polls");
        if ended {
            break;
        }
        steps += 1;
    }
    assert!(steps > 10, "the flow was dropped at {steps} points");
}

#[test]
fn a_failure_at_any_request_ends_clearly_or_not_at_all() {
    // What comes of it at the first request, and at a poll; none where the flow goes on.
    let failures = [
        (Answer::Break(None), "network_error", None),
        (Answer::Break(Some(200)), "network_error", Some("network_error")),
        (Answer::Hang, "network_error", None),
        (Answer::json(503, "<html>"), "post_request_failed", None),
        (Answer::json(200, "\u{0}garbage"), "token_parsing_error", Some("token_parsing_error")),
        (Answer::oauth("access_denied"), "access_denied", Some("access_denied")),
    ];
    let last = eventful().len() - 1;
    for (failure, at_first, at_a_poll) in failures {
        for at in 0..=last {
            let mut answers = eventful();
            answers[at] = failure.clone();
            let (sim, _, result) = outcome(answers);
            let expected = match at {
                0 => Some(at_first),
                // The last answer of a script stays: the server never recovers.
                _ if at == last => at_a_poll.or(Some("device_code_expired")),
                _ => at_a_poll,
            };
            assert_eq!(result.err().as_ref().map(|error| error.code()), expected, "at request {at}");
            assert!(sim.elapsed() < 1_200_000, "it ends");
        }
    }
}

#[test]
fn two_flows_of_one_application_do_not_disturb_each_other() {
    let polls = Rc::new(Cell::new(0));
    let count = Rc::clone(&polls);
    let issued = Cell::new(0);
    let sim = Sim::serve(move |request, _| {
        if request.url.ends_with("/devicecode") {
            issued.set(issued.get() + 1);
            let interval = if issued.get() == 1 { 5 } else { 7 };
            let body = format!(
                r#"{{"device_code":"DC-{interval}","user_code":"U","verification_uri":"https://e.example","interval":{interval}}}"#
            );
            return Answer::json(200, &body);
        }
        count.set(count.get() + 1);
        // The first flow is told to slow down; the second must not notice.
        let first = request.body.expose().contains("DC-5");
        match (first, count.get()) {
            (true, 1) => Answer::oauth("slow_down"),
            (_, 6..) => tokens(),
            _ => pending(),
        }
    });
    let app = app(&sim, ENTRA);
    let (one, other) = (Person::default(), Person::default());
    let mut first = pin!(sign_in(&app, request(), &one));
    let mut second = pin!(sign_in(&app, request(), &other));
    let (mut first_result, mut second_result) = (None, None);
    let both = poll_fn(|context| {
        if first_result.is_none()
            && let Poll::Ready(result) = first.as_mut().poll(context)
        {
            first_result = Some(result);
        }
        if second_result.is_none()
            && let Poll::Ready(result) = second.as_mut().poll(context)
        {
            second_result = Some(result);
        }
        if first_result.is_some() && second_result.is_some() { Poll::Ready(()) } else { Poll::Pending }
    });
    sim.run(both);
    assert!(first_result.unwrap().is_ok() && second_result.unwrap().is_ok());
    assert!(sim.is_idle());
    let times = |code: &str| -> Vec<u64> {
        let of_flow = |body: &str| body.contains(code);
        sim.requests()
            .iter()
            .filter(|(_, request)| of_flow(request.body.expose()))
            .map(|(at, _)| (at - START) / 1000)
            .collect()
    };
    assert_eq!(times("DC-7"), [7, 14, 21, 28], "its own pace");
    assert_eq!(times("DC-5"), [5, 15, 25], "its own slow_down");
}

fn started(sim: &Sim) -> (App<Sim>, Pending) {
    let app = app(sim, ENTRA);
    let pending = sim.run(start(&app, request())).unwrap();
    (app, pending)
}

#[test]
fn one_poll_is_one_request() {
    let sim = Sim::script(vec![codes(""), pending(), Answer::oauth("slow_down"), Answer::Break(None), tokens()]);
    let (app, flow) = started(&sim);
    for expected in [5, 10, 20] {
        let Polled::Pending(progress) = sim.run(poll(&app, &flow)).unwrap() else { panic!("pending") };
        assert_eq!(progress.next_poll_in, expected);
    }
    assert!(matches!(sim.run(poll(&app, &flow)).unwrap(), Polled::Done(_)));
    assert_eq!(sim.requests().len(), 5);
}

#[test]
fn a_redirect_that_a_browser_hides_is_told_without_what_is_not_known() {
    let (_, error) = error(vec![codes(""), Answer::json(0, "")]);
    assert_eq!((error.code(), error.status()), ("post_request_failed", None));
    let words = error.to_string();
    assert!(words.contains("redirected the request for a token reply; redirects are not followed"), "{words}");
    let reply = HttpResponse { status: 0, headers: Vec::new(), body: Secret::new(String::new()) };
    let words = discovery::document("https://login.example/document", &reply).unwrap_err().to_string();
    assert!(words.contains("it redirects, which is not followed"), "{words}");
}

#[test]
fn single_polls_end_when_the_codes_have_expired() {
    for (answer, after, over) in [
        (pending(), 899, false),
        (pending(), 900, true),
        (Answer::Break(None), 930, false),
        (Answer::Break(None), 990, true),
        (tokens(), 990, false),
    ] {
        let was_reached = !matches!(answer, Answer::Break(_));
        let sim = Sim::script(vec![codes(r#","expires_in":900"#), answer, pending()]);
        let (app, flow) = started(&sim);
        sim.run(sim.sleep(Duration::from_secs(after)));
        let polled = sim.run(poll(&app, &flow));
        assert_eq!(polled.as_ref().is_err_and(|error| error.code() == "device_code_expired"), over, "after {after} s");
        assert_eq!(polled.is_err(), over);
        if over {
            let words = polled.unwrap_err().to_string();
            assert_eq!(!words.contains("at the end the server could not be reached: "), was_reached, "{words}");
            assert_eq!(sim.run(poll(&app, &flow)).unwrap_err().code(), "request_cannot_be_made");
            assert_eq!(sim.requests().len(), 2, "nobody is asked any more");
        }
    }
}

#[test]
fn a_flow_that_is_over_is_not_polled_again() {
    let sim = Sim::script(vec![codes(""), tokens()]);
    let (app, flow) = started(&sim);
    sim.run(poll(&app, &flow)).unwrap();
    assert_eq!(sim.run(poll(&app, &flow)).unwrap_err().code(), "request_cannot_be_made");
    assert_eq!(sim.requests().len(), 2, "the code is not sent twice");
}

#[test]
fn two_polls_at_once_are_refused_and_a_dropped_one_gives_the_flow_back() {
    let sim = Sim::script(vec![codes(""), Answer::Hang, tokens()]);
    let (app, flow) = started(&sim);
    {
        let mut hanging = pin!(poll(&app, &flow));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(hanging.as_mut().poll(&mut context).is_pending());
        assert_eq!(sim.run(poll(&app, &flow)).unwrap_err().code(), "request_cannot_be_made");
    }
    assert!(sim.is_idle());
    let result = sim.run(finish(&app, &flow, None, &Person::default()));
    assert!(result.is_ok());
    assert_eq!(sim.times(), [0, 0, 5], "not sooner than an interval after the one that was dropped");
}

#[test]
fn a_poll_that_was_given_up_counts_as_sent() {
    let sim = Sim::script(vec![codes(""), Answer::Hang, tokens()]);
    let (app, flow) = started(&sim);
    let given_up = sim.run(finish(&app, &flow, Some(6.0), &Person::default())).unwrap_err();
    assert_eq!(given_up.code(), "user_timeout_reached");
    assert!(sim.run(finish(&app, &flow, None, &Person::default())).is_ok());
    assert_eq!(sim.times(), [0, 5, 10], "an interval after the poll that nobody waited for");
}

#[test]
fn a_saved_flow_goes_on_elsewhere_at_the_same_pace() {
    let sim =
        Sim::script(vec![codes(""), Answer::oauth("slow_down"), Answer::Break(None), Answer::Break(None), tokens()]);
    let (first_app, flow) = started(&sim);
    sim.run(poll(&first_app, &flow)).unwrap();
    sim.run(poll(&first_app, &flow)).unwrap();
    let saved = flow.save("client");
    let resumed = Pending::resume(&saved, &first_app).unwrap();
    assert_eq!(resumed.save("client").expose(), saved.expose(), "nothing is lost on the way");
    let elsewhere = app(&sim, ENTRA);
    let result = sim.run(finish(&elsewhere, &resumed, None, &Person::default())).unwrap();
    assert_eq!(result.account.unwrap().username, "ada@example.com");
    assert_eq!(sim.times(), [0, 0, 0, 20, 50], "the back-off goes on where it was");
}

#[test]
fn what_is_no_saved_flow_is_refused() {
    let sim = Sim::script(vec![codes("")]);
    let (_, flow) = started(&sim);
    let saved = flow.save("client").expose().to_owned();
    let cases = [
        (String::new(), "client"),
        ("{}".to_owned(), "client"),
        (saved.replace(r#""version":1"#, r#""version":2"#), "client"),
        (saved.replace(r#""authority":"#, r#""other":"#), "client"),
        (saved, "another client"),
    ];
    for (saved, client) in cases {
        let app = app(&sim, ENTRA);
        let saved = saved.replace(r#""clientId":"client""#, &format!(r#""clientId":"{client}""#));
        let error = Pending::resume(&Secret::new(saved), &app).unwrap_err();
        assert_eq!(error.field(), Some("saved"));
        assert!(!error.to_string().contains("DC-secret"));
    }
}

#[test]
fn a_saved_flow_that_was_tampered_with_is_refused_or_made_harmless() {
    let sim = Sim::script(vec![codes("")]);
    let (first_app, flow) = started(&sim);
    let saved = flow.save("client").expose().to_owned();
    let resume = |saved: String| Pending::resume(&Secret::new(saved), &first_app);
    let page = saved.replace("https://microsoft.com/devicelogin\"", "javascript:alert(1)\"");
    assert_eq!(resume(page).unwrap_err().code(), "unsafe_verification_uri");
    let form = saved.replace(r#""extraParameters":{}"#, r#""extraParameters":{"grant_type":"x"}"#);
    assert_eq!(resume(form).unwrap_err().field(), Some("extraParameters"));
    let shown = resume(saved.replace("ABCD-EFGH", "AB\\u001b[2J")).unwrap();
    assert_eq!(shown.codes().user_code, "AB [2J");
    let far = saved.replace(r#""nextPollAt":1"#, r#""nextPollAt":9"#).replace(r#""expiresAt":1"#, r#""expiresAt":9"#);
    let sim = Sim::script(vec![pending()]);
    let error = sim.run(finish(&app(&sim, ENTRA), &resume(far).unwrap(), None, &Person::default())).unwrap_err();
    assert_eq!((error.code(), sim.elapsed() / 1000), ("device_code_expired", 86_400));
}

#[test]
fn a_saved_flow_goes_to_its_authority_whatever_else_it_names() {
    let document = r#"{"issuer":"https://id.example","token_endpoint":"https://id.example/t","device_authorization_endpoint":"https://id.example/d"}"#;
    let outage = Rc::new(Cell::new(false));
    let sim = Sim::serve({
        let outage = Rc::clone(&outage);
        move |request, _| match request.url.rsplit('/').next().unwrap() {
            "openid-configuration" if outage.take() => Answer::Break(None),
            "openid-configuration" => Answer::json(200, document),
            "d" => codes(""),
            _ => Answer::oauth("access_denied"),
        }
    });
    let saved = sim.run(start(&app(&sim, "https://id.example"), request())).unwrap().save("client");
    let evil = saved.expose().replacen(
        '{',
        r#"{"tokenEndpoint":"https://evil.example/t","issuer":"https://evil.example","#,
        1,
    );
    let elsewhere = app(&sim, "https://id.example");
    let resumed = Pending::resume(&Secret::new(evil), &elsewhere).unwrap();
    outage.set(true);
    let error = sim.run(finish(&elsewhere, &resumed, None, &Person::default())).unwrap_err();
    assert_eq!(error.code(), "access_denied");
    let asked: Vec<_> = sim.requests().iter().skip(2).map(|(_, request)| request.url.clone()).collect();
    let document = "https://id.example/.well-known/openid-configuration";
    assert_eq!(asked, [document, document, "https://id.example/t"], "an authority that is away is asked again");
    assert!(sim.log_lines().iter().any(|line| line.contains("poll 1") && line.contains("could not be found")));
}

#[test]
fn client_info_counts_from_microsoft_alone() {
    let issuer = "https://id.example";
    let sim = Sim::serve(move |request, _| match request.url.rsplit('/').next().unwrap() {
        "openid-configuration" => Answer::json(
            200,
            r#"{"issuer":"https://id.example","token_endpoint":"https://id.example/t","device_authorization_endpoint":"https://id.example/d"}"#,
        ),
        "d" => codes(""),
        _ => Answer::json(200, r#"{"access_token":"AT","client_info":"something else"}"#),
    });
    let result = sim.run(sign_in(&app(&sim, issuer), request(), &Person::default())).unwrap();
    assert_eq!(result.account, None);
}

#[test]
fn a_network_error_names_the_address_without_its_query() {
    let sim = Sim::script(vec![Answer::Break(None)]);
    let request = wishing(Wish {
        extra_query: [("login_hint".to_owned(), "ada@example.com".to_owned())].into_iter().collect(),
        ..Wish::default()
    });
    let error = sim.run(sign_in(&app(&sim, ENTRA), request, &Person::default())).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("/organizations/oauth2/v2.0/devicecode could") && !text.contains("ada"), "{text}");
}

#[test]
fn nothing_prints_the_device_code() {
    let sim = Sim::script(vec![codes("")]);
    let (_, flow) = started(&sim);
    assert!(!format!("{flow:?}").contains("DC-secret"));
}

#[test]
fn tokens_whose_id_token_is_wrong_are_not_handed_out() {
    let wrong = jwt(r#"{"iss":"https://evil.example","aud":"client","exp":99999999999}"#);
    let body = format!(r#"{{"access_token":"AT-secret","id_token":"{wrong}"}}"#);
    let (_, error) = error(vec![codes(""), Answer::json(200, &body)]);
    assert_eq!(error.code(), "invalid_id_token");
    assert!(!format!("{error:?}").contains("AT-secret"));
}

#[test]
fn a_device_with_a_wrong_clock_believes_the_server_s() {
    let answer = tokens().with_header("date", "Sun, 15 Jun 2025 15:07:25 GMT");
    let sim = Sim::script(vec![codes(""), answer]);
    sim.jump(0, 400_000_000_000); // years ahead
    let app = app(&sim, ENTRA);
    assert!(sim.run(sign_in(&app, request(), &Person::default())).is_ok());
}

#[test]
fn a_saved_flow_asks_for_what_it_asked_for() {
    let one = |name: &str| [(name.to_owned(), "x".to_owned())].into_iter().collect();
    let wish = Wish {
        claims: Some(r#"{"id_token":{}}"#.to_owned()),
        resource: Some("https://api.example".to_owned()),
        extra_query: one("dc"),
        extra_form: one("prompt"),
        ..Wish::default()
    };
    let sim = Sim::script(vec![codes(""), pending()]);
    let app = app(&sim, ENTRA);
    let flow = sim.run(start(&app, Request { timeout: Some(2.5), ..wishing(wish) })).unwrap();
    let resumed = Pending::resume(&flow.save("client"), &app).unwrap();
    assert_eq!(resumed.correlation_id(), flow.correlation_id());
    for flow in [&flow, &resumed] {
        sim.run(poll(&app, flow)).unwrap();
    }
    let sent: Vec<_> =
        sim.requests().into_iter().skip(1).map(|(_, sent)| (sent.url, sent.body.expose().to_owned())).collect();
    assert_eq!(sent[0], sent[1]);
    let error = sim.run(finish(&app, &resumed, None, &Person::default())).unwrap_err();
    assert_eq!(error.code(), "user_timeout_reached");
}

#[test]
fn no_page_of_a_saved_flow_is_believed() {
    let sim = Sim::script(vec![codes("")]);
    let (app, flow) = started(&sim);
    let saved: serde_json::Value = serde_json::from_str(flow.save("client").expose()).unwrap();
    for name in ["verificationUri", "verificationUriComplete", "refusedUri"] {
        let mut evil = saved.clone();
        evil[name] = "http://evil.example/DC-secret".into();
        let error = Pending::resume(&Secret::new(evil.to_string()), &app).unwrap_err();
        assert_eq!(error.code(), "unsafe_verification_uri", "{name}");
        assert!(!format!("{error} {error:?}").contains("DC-secret"));
    }
}

#[test]
fn an_issuer_does_not_tell_the_tokens_of_its_reply() {
    for secret in ["AT-secret", "RT-secret"] {
        let token = jwt(&format!(r#"{{"iss":"{secret}","aud":"client","exp":99999999999}}"#));
        let body = format!(r#"{{"access_token":"AT-secret","refresh_token":"RT-secret","id_token":"{token}"}}"#);
        let (_, error) = error(vec![codes(""), Answer::json(200, &body)]);
        assert_eq!(error.code(), "invalid_id_token");
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
}

#[test]
fn any_yes_whose_body_is_lost_may_have_spent_the_code() {
    for status in [200, 206, 299] {
        let (sim, error) = error(vec![codes(""), Answer::Break(Some(status)), tokens()]);
        assert_eq!((error.code(), sim.requests().len()), ("network_error", 2), "{status}");
    }
}
