//! protocol/http.rs

use doorcode::protocol::http::{HttpResponse, parse_http_date};
use doorcode::secret::Secret;

fn reply(status: u16, headers: &[(&str, &str)]) -> HttpResponse {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    HttpResponse { status, headers, body: Secret::new(String::new()) }
}

#[test]
fn dates_are_read_as_rfc_9110_writes_them() {
    let cases = [
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777_000)),
        ("Thu, 29 Feb 2024 23:59:60 GMT", Some(1_709_251_200_000)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799_000)),
        ("Sun, 06 Nov 1994 08:49:37 CET", None),
        ("Sun, 06 Nov 1994 24:00:00 GMT", None),
        ("Sun, 06 Foo 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", None),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("", None),
        ("garbage", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_http_date(text), expected, "{text}");
    }
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_server_s_clock() {
    let now = 784_111_777_000;
    type Headers = &'static [(&'static str, &'static str)];
    let cases: [(Headers, Option<u32>); 8] = [
        (&[("retry-after", "17")], Some(17)),
        (&[("retry-after", "99999999999999999999")], Some(u32::MAX)),
        (&[("retry-after", "-5")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], Some(30)),
        (&[("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT")], Some(0)),
        (&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"), ("date", "Sun, 06 Nov 1994 08:49:57 GMT")], Some(10)),
        (&[], None),
    ];
    for (headers, expected) in cases {
        assert_eq!(reply(429, headers).retry_after(now), expected, "{headers:?}");
    }
}

#[test]
fn a_status_is_of_one_kind() {
    for status in 0..=999 {
        let reply = reply(status, &[]);
        let kinds = [reply.is_ok(), reply.is_redirect(), reply.is_transient()];
        assert!(kinds.iter().filter(|kind| **kind).count() <= 1, "{status}");
    }
    assert!(reply(0, &[]).is_redirect(), "a browser hides it so");
    assert!(!reply(304, &[]).is_redirect());
}
