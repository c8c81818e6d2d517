//! protocol/device_code.rs: a reply of the device authorization endpoint becomes codes that can be shown.

use doorcode::protocol::device_code::{DeviceAuthorization, LONGEST_INTERVAL, LONGEST_LIFETIME};
use doorcode::protocol::text::clean;
use doorcode::protocol::url::Url;

use super::input;
use super::secrecy::assert_kept;

/// Takes a reply.
pub fn run(bytes: &[u8]) {
    let reply = input::reply(&String::from_utf8_lossy(bytes));
    for page in [None, Some("https://customer.ciamlogin.com/common/oauth2/deviceauth".to_owned())] {
        let outcome = DeviceAuthorization::read(&reply, page);
        assert_kept(&reply, &[], &outcome);
        if let Ok(codes) = outcome {
            assert_eq!(reply.status, 200);
            check(&codes);
        }
    }
}

/// What every prompt must be.
pub(super) fn check(codes: &DeviceAuthorization) {
    assert!(!codes.device_code.expose().is_empty());
    assert!((1..=LONGEST_INTERVAL).contains(&codes.interval), "{codes:?}");
    assert!((1..=LONGEST_LIFETIME).contains(&codes.expires_in), "{codes:?}");
    for text in [&codes.user_code, &codes.message] {
        assert!(!text.is_empty() && *text == clean(text), "it cannot be shown: {codes:?}");
    }
    for uri in [Some(&codes.verification_uri), codes.verification_uri_complete.as_ref()].into_iter().flatten() {
        let url = Url::parse(uri).expect("a page");
        assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri:?}");
        assert!(!url.is_plain() || url.is_loopback(), "{uri}");
        let (_, rest) = uri.split_once("://").expect("a scheme");
        assert!(!rest.split(['/', '?', '#']).next().unwrap_or_default().contains('@'), "{uri}");
    }
}
