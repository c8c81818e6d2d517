//! protocol/device_code.rs

use doorcode::protocol::device_code::{DeviceAuthorization, Pace, Wait, Why};
use doorcode::protocol::http::HttpResponse;
use doorcode::secret::Secret;

fn read(body: &str) -> Result<DeviceAuthorization, doorcode::error::Error> {
    DeviceAuthorization::read(
        &HttpResponse { status: 200, headers: Vec::new(), body: Secret::new(body.to_owned()) },
        None,
    )
}

fn with(fields: &str) -> String {
    format!(r#"{{"device_code":"DC-secret","user_code":"AB-CD"{fields}}}"#)
}

#[test]
fn a_message_is_made_where_the_server_has_none() {
    let codes = read(&with(r#","verification_uri":"https://id.example/Device""#)).unwrap();
    assert_eq!(codes.message, "To sign in, open https://id.example/Device in a browser and enter the code AB-CD.");
    let codes = read(&with(r#","verification_uri":"https://id.example","message":"\u001b[1mGo\nthere""#)).unwrap();
    assert_eq!(codes.message, "[1mGo there");
    let codes = read(&with(r#","verification_uri":"https://id.example","message":"\u0000 \u202e""#)).unwrap();
    assert_eq!(codes.message, "To sign in, open https://id.example in a browser and enter the code AB-CD.");
    let null = with(r#","verification_uri":null,"verification_url":"https://id.example""#);
    assert_eq!(read(&null).unwrap().verification_uri, "https://id.example");
}

#[test]
fn the_page_has_two_names_and_may_come_complete() {
    let codes = read(&with(
        r#","verification_url":"https://id.example/d","verification_uri_complete":"https://id.example/d?c=AB-CD""#,
    ));
    let codes = codes.unwrap();
    assert_eq!(codes.verification_uri, "https://id.example/d");
    assert_eq!(codes.verification_uri_complete.as_deref(), Some("https://id.example/d?c=AB-CD"));
}

#[test]
fn a_page_that_nobody_should_open_is_refused() {
    let pages = [
        "http://id.example/d",
        "javascript:alert(1)",
        "https://microsoft.com@evil.example/",
        "https://id.example/\\u001b[2J",
        "https://id.example/a b",
        "file:///etc/passwd",
        "id.example",
    ];
    for page in pages {
        for field in ["verification_uri", "verification_url"] {
            let error = read(&with(&format!(r#","{field}":"{page}""#))).unwrap_err();
            assert_eq!(error.code(), "unsafe_verification_uri", "{page}");
            assert!(!error.to_string().contains('\u{1b}'));
        }
        let complete = format!(r#","verification_uri":"https://id.example","verification_uri_complete":"{page}""#);
        assert_eq!(read(&with(&complete)).unwrap_err().code(), "unsafe_verification_uri", "{page}");
    }
    assert!(read(&with(r#","verification_uri":"http://localhost:3000/device""#)).is_ok());
}

#[test]
fn a_missing_field_is_named() {
    let cases = [
        ("{}", "device_code"),
        (r#"{"device_code":"DC-secret"}"#, "user_code"),
        (r#"{"device_code":"DC-secret","user_code":"A"}"#, "verification_uri"),
        (r#"{"device_code":"","user_code":"A","verification_uri":"https://e.example"}"#, "device_code"),
        (r#"{"device_code":1,"user_code":"A","verification_uri":"https://e.example"}"#, "device_code"),
    ];
    for (body, field) in cases {
        let error = read(body).unwrap_err();
        assert_eq!(error.code(), "token_parsing_error");
        assert!(error.to_string().contains(&format!("no {field}")), "{error}");
        assert!(!error.to_string().contains("DC-secret"));
    }
}

#[test]
fn a_code_that_nobody_could_see_is_refused() {
    let error =
        read(r#"{"device_code":"d","user_code":"\u200b\n","verification_uri":"https://e.example"}"#).unwrap_err();
    assert!(error.to_string().contains("user_code cannot be shown"), "{error}");
}

#[test]
fn the_pace_follows_what_the_server_says() {
    let wait = |why, interval, retry_after| Wait { why, interval, retry_after };
    let pace = Pace::first(5, 0);
    assert_eq!(pace.next_poll_at, 5_000);
    let next = |wait| pace.again(wait, 10_000, 0);
    assert_eq!(next(wait(Why::Pending, None, None)).next_poll_at, 15_000);
    assert_eq!(next(wait(Why::Pending, Some(9), None)).next_poll_at, 19_000);
    assert_eq!(next(wait(Why::Pending, Some(1), None)).next_poll_at, 15_000, "never shorter than before");
    assert_eq!(next(wait(Why::SlowDown, None, None)).interval, 10);
    assert_eq!(next(wait(Why::SlowDown, Some(7), None)).interval, 10, "five more at least, as the RFC says");
    assert_eq!(next(wait(Why::SlowDown, Some(12), None)).interval, 12);
    assert_eq!(next(wait(Why::SlowDown, Some(5), None)).interval, 10);
    assert_eq!(next(wait(Why::SlowDown, Some(u32::MAX), None)).interval, 300);
    assert_eq!(next(wait(Why::Pending, None, Some(90))).next_poll_at, 100_000);
    let tired = Pace { failures: 40, ..pace };
    assert_eq!(tired.again(wait(Why::Retrying, None, None), 0, 0).next_poll_at, 30_000);
    let slow = Pace { interval: 120, failures: 3, ..pace };
    assert_eq!(slow.again(wait(Why::Retrying, None, None), 0, 0).next_poll_at, 120_000, "not sooner than the interval");
    let end = Pace { interval: u32::MAX, failures: u32::MAX, polls: u32::MAX, next_poll_at: 0 };
    let after = end.again(wait(Why::SlowDown, None, Some(u32::MAX)), u64::MAX, u32::MAX);
    assert_eq!((after.interval, after.polls, after.next_poll_at), (u32::MAX, u32::MAX, u64::MAX), "nothing overflows");
}

#[test]
fn who_was_sent_away_comes_back_at_random_but_never_sooner_than_the_interval_or_than_asked() {
    let delays = |pace: Pace, why, retry_after| {
        let wait = Wait { why, interval: None, retry_after };
        [0, 1 << 31, u32::MAX].map(|random| pace.again(wait, 0, random).next_poll_at)
    };
    let failed = |failures| Pace { failures, ..Pace::first(5, 0) };
    assert_eq!(delays(failed(0), Why::Retrying, None), [10_000, 7_500, 5_001]);
    assert_eq!(delays(failed(1), Why::Retrying, None), [20_000, 15_000, 10_001]);
    assert_eq!(delays(failed(9), Why::Retrying, None), [30_000, 22_500, 15_001]);
    assert_eq!(delays(failed(0), Why::Retrying, Some(60)), [60_000, 62_500, 64_999], "Retry-After is the least");
    assert_eq!(delays(failed(0), Why::Pending, Some(60)), [60_000, 61_250, 62_499]);
    let slow = Pace { interval: 20, ..failed(9) };
    assert_eq!(delays(slow, Why::Retrying, None), [30_000, 22_500, 20_000], "the interval is the least");
    // An answer that says when, or nothing, is heeded to the letter.
    assert_eq!(delays(failed(9), Why::Pending, None), [5_000; 3]);
    assert_eq!(delays(failed(9), Why::SlowDown, None), [10_000; 3]);
}

#[test]
fn the_complete_page_has_two_names_as_well() {
    let codes =
        read(&with(r#","verification_url":"https://e.example","verification_url_complete":"https://e.example/c""#));
    assert_eq!(codes.unwrap().verification_uri_complete.as_deref(), Some("https://e.example/c"));
}

#[test]
fn a_page_for_entra_alone_is_replaced_whichever_it_is() {
    let pages = ["microsoft.com", "www.microsoft.com", "login.microsoft.com", "login.microsoftonline.com", "aka.ms"];
    for host in pages {
        let uri = format!("https://{host}/x");
        let body = with(&format!(r#","verification_uri":"{uri}","verification_uri_complete":"{uri}?c=AB-CD""#));
        let reply = HttpResponse { status: 200, headers: Vec::new(), body: Secret::new(body) };
        let codes = DeviceAuthorization::read(&reply, Some("https://c.ciamlogin.com/d".to_owned())).unwrap();
        assert_eq!((codes.verification_uri.as_str(), codes.refused_uri), ("https://c.ciamlogin.com/d", Some(uri)));
        assert_eq!(codes.verification_uri_complete, None, "it is of the other page");
    }
}

#[test]
fn an_unsafe_page_does_not_tell_the_device_code() {
    let error = read(&with(r#","verification_uri":"http://evil.example/DC-secret""#)).unwrap_err();
    assert!(error.to_string().contains("[removed]") && !format!("{error:?}").contains("DC-secret"));
}
