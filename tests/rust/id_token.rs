//! protocol/id_token.rs

use doorcode::protocol::id_token::{Claims, Expected, Nonce};
use doorcode::secret::Secret;

use crate::sim::jwt;

const NOW: u64 = 1_750_000_000;

fn check(claims: &str, nonce: Option<&str>) -> Result<Claims, doorcode::error::Error> {
    let nonce = nonce.map_or(Nonce::None, Nonce::Sent);
    let expected = Expected { issuer: "https://id.example", client_id: "client", nonce, now: NOW * 1000 };
    Claims::checked(&Secret::new(jwt(claims)), &expected)
}

fn wrong_claim(claims: &str, nonce: Option<&str>) -> &'static str {
    match &*check(claims, nonce).unwrap_err() {
        doorcode::error::Fault::IdToken { claim, .. } => claim,
        other => panic!("{other}"),
    }
}

#[test]
fn a_token_for_us_is_believed() {
    let accepted = [
        format!(r#"{{"iss":"https://id.example","aud":"client","exp":{NOW}}}"#),
        format!(r#"{{"iss":"https://id.example","aud":["client"],"exp":{NOW}}}"#),
        format!(r#"{{"iss":"https://id.example","aud":["client","api"],"azp":"client","exp":{NOW}.5}}"#),
        format!(r#"{{"iss":"https://id.example","aud":"client","exp":{}}}"#, NOW - 299),
    ];
    for claims in accepted {
        assert_eq!(check(&claims, None).unwrap().json(), claims);
    }
}

#[test]
fn a_token_for_somebody_else_is_not() {
    let exp = NOW + 60;
    let cases = [
        (format!(r#"{{"iss":"https://evil.example","aud":"client","exp":{exp}}}"#), "iss"),
        (format!(r#"{{"aud":"client","exp":{exp}}}"#), "iss"),
        (format!(r#"{{"iss":["https://id.example"],"aud":"client","exp":{exp}}}"#), "iss"),
        (format!(r#"{{"iss":"https://id.example","aud":"other","exp":{exp}}}"#), "aud"),
        (format!(r#"{{"iss":"https://id.example","exp":{exp}}}"#), "aud"),
        (format!(r#"{{"iss":"https://id.example","aud":[],"exp":{exp}}}"#), "aud"),
        (format!(r#"{{"iss":"https://id.example","aud":["other"],"exp":{exp}}}"#), "aud"),
        (format!(r#"{{"iss":"https://id.example","aud":{{"client":1}},"exp":{exp}}}"#), "aud"),
        (format!(r#"{{"iss":"https://id.example","aud":["client","api"],"exp":{exp}}}"#), "azp"),
        (format!(r#"{{"iss":"https://id.example","aud":"client","azp":"other","exp":{exp}}}"#), "azp"),
        (format!(r#"{{"iss":"https://id.example","aud":"client","exp":{}}}"#, NOW - 301), "exp"),
        (r#"{"iss":"https://id.example","aud":"client"}"#.to_owned(), "exp"),
        (format!(r#"{{"iss":"https://id.example","aud":"client","exp":"{exp}"}}"#), "exp"),
        (format!(r#"{{"iss":"https://id.example","aud":"client","exp":{exp},"nonce":"n"}}"#), "nonce"),
    ];
    for (claims, claim) in cases {
        assert_eq!(wrong_claim(&claims, None), claim, "{claims}");
    }
}

#[test]
fn a_nonce_that_was_sent_must_come_back() {
    let with = |nonce: &str| format!(r#"{{"iss":"https://id.example","aud":"client","exp":{NOW}{nonce}}}"#);
    assert!(check(&with(r#","nonce":"n""#), Some("n")).is_ok());
    assert_eq!(wrong_claim(&with(r#","nonce":"m""#), Some("n")), "nonce");
    assert_eq!(wrong_claim(&with(""), Some("n")), "nonce");
    assert_eq!(wrong_claim(&with(r#","nonce":"n""#), None), "nonce");
    let renewed =
        Expected { issuer: "https://id.example", client_id: "client", nonce: Nonce::Renewed, now: NOW * 1000 };
    for nonce in ["", r#","nonce":"n""#] {
        assert!(Claims::checked(&Secret::new(jwt(&with(nonce))), &renewed).is_ok(), "{nonce}");
    }
}

#[test]
fn what_is_no_jwt_is_refused_without_being_shown() {
    for token in ["", "a.b", "a.b.c.d", "a.!!.c", "e30.e30", "e30.W10.s", "e30._w.s", "e30.bm90anNvbg.s"] {
        let expected = Expected { issuer: "i", client_id: "c", nonce: Nonce::None, now: 0 };
        let error = Claims::checked(&Secret::new(token.to_owned()), &expected).unwrap_err();
        assert_eq!(error.code(), "token_parsing_error", "{token}");
    }
}
