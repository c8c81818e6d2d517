//! protocol/url.rs

use doorcode::protocol::url::{Url, UrlProblem};

#[test]
fn what_is_accepted_keeps_its_path_and_query() {
    let cases = [
        ("https://Example.COM", "https://example.com/"),
        ("https://example.com/Realms/MyRealm?a=B#x", "https://example.com/Realms/MyRealm?a=B"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("HTTP://localhost:3000/a", "http://localhost:3000/a"),
        ("http://127.9.9.9", "http://127.9.9.9/"),
        ("http://[::1]:80/a", "http://[::1]/a"),
        ("https://[::FFFF:1.2.3.4]/", "https://[::ffff:1.2.3.4]/"),
        ("https://example.com?user_code=A", "https://example.com/?user_code=A"),
        ("https://example.com/a@b", "https://example.com/a@b"),
    ];
    for (text, whole) in cases {
        assert_eq!(Url::parse(text).map(|url| url.whole()), Ok(whole.to_owned()), "{text}");
    }
}

#[test]
fn what_is_refused_says_why() {
    let cases = [
        ("", UrlProblem::Scheme),
        ("example.com", UrlProblem::Scheme),
        ("ftp://example.com", UrlProblem::Scheme),
        ("javascript://example.com/%0aalert(1)", UrlProblem::Scheme),
        ("https://", UrlProblem::Host),
        ("https:///path", UrlProblem::Host),
        ("https://exa%6dple.com", UrlProblem::Host),
        ("https://[::zz]/", UrlProblem::Host),
        ("https://microsoft.com@evil.example/", UrlProblem::UserInfo),
        ("https://user:password@example.com/", UrlProblem::UserInfo),
        ("https://example.com:0/", UrlProblem::Port),
        ("https://example.com:99999/", UrlProblem::Port),
        ("https://example.com:8a/", UrlProblem::Port),
        ("https://example.com/a b", UrlProblem::Character),
        ("https://example.com/\u{1b}[31m", UrlProblem::Character),
        ("https://example.com\\@evil.example/", UrlProblem::Character),
        ("https://example.com/\"><script>", UrlProblem::Character),
        ("https://example.com/`id`|sh", UrlProblem::Character),
        ("https://example.com:+443/", UrlProblem::Port),
        ("http://x.localhost/", UrlProblem::Insecure),
        ("https://mіcrosoft.com/", UrlProblem::Character),
        ("http://example.com/", UrlProblem::Insecure),
        ("http://127.0.0.1.evil.example/", UrlProblem::Insecure),
        ("http://localhost.evil.example/", UrlProblem::Insecure),
        ("http://127.0.0.01/", UrlProblem::Insecure),
        ("http://127.0.0.+1/", UrlProblem::Host),
        ("http://127.0.0.256/", UrlProblem::Insecure),
        ("http://127.0.1/", UrlProblem::Insecure),
        ("http://127.0.0.1.2/", UrlProblem::Insecure),
        ("http://128.0.0.1/", UrlProblem::Insecure),
        ("http://127x.0.0.1/", UrlProblem::Insecure),
        ("https://[]/", UrlProblem::Host),
        ("https://[1.2.3.4]/", UrlProblem::Host),
    ];
    for (text, problem) in cases {
        assert_eq!(Url::parse(text), Err(problem), "{text}");
    }
}
