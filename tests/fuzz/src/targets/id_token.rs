//! protocol/id_token.rs and protocol/account.rs: whose token it is, and whether it is meant for this program.
//!
//! An input is two lines: the token and `client_info`, each as it is sent, or as the JSON that is in it, which the fuzzer can change better.

use base64ct::{Base64UrlUnpadded, Encoding};
use doorcode::protocol::account::{Account, ClientInfo};
use doorcode::protocol::id_token::{Claims, Expected, Nonce};
use doorcode::protocol::text::clean;
use doorcode::secret::Secret;
use serde_json::Value;

use super::secrecy::{assert_without, shown};
use super::{MARK, input};
use crate::sim::{ENTRA, START, server};

const ISSUERS: [&str; 3] =
    ["https://login.microsoftonline.com/{tenantid}/v2.0", "https://id.example", "https://sts.example/{tenantid}/"];

/// Takes a token and client info.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (token, info) = input::cut(&text, "\n");
    let encoded = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let (token, info) = (
        if token.starts_with('{') { format!("e30.{}.{MARK}", encoded(token)) } else { token.to_owned() },
        if info.starts_with('{') { encoded(info) } else { info.to_owned() },
    );
    let token = Secret::new(token);

    let info = ClientInfo::decode(&info);
    if let Err(error) = &info {
        assert_without(&shown(error), &[MARK]);
    }
    let read = Claims::read(&token);
    let Ok(claims) = read else {
        assert_without(&shown(&read.expect_err("an error")), &[MARK]);
        return;
    };
    let object: Value = serde_json::from_str(claims.json()).expect("claims are JSON");
    for (issuer, nonce) in ISSUERS
        .into_iter()
        .flat_map(|issuer| [Nonce::None, Nonce::Sent("n"), Nonce::Renewed].map(|nonce| (issuer, nonce)))
    {
        let expected = Expected { issuer, client_id: "client", nonce, now: START };
        match Claims::checked(&token, &expected) {
            Ok(_) => assert!(is_good(&object, &expected), "{object} is not what {expected:?} means"),
            Err(error) => {
                assert!(!error.to_string().contains(['\n', '\r', '\u{1b}']), "{error}");
                if !claims.json().contains(MARK) && !claims.json().contains('\\') {
                    assert_without(&shown(&error), &[MARK]);
                }
            }
        }
    }

    for address in [ENTRA, "https://id.example"] {
        let Some(account) = Account::from_reply(&server(address), Some(&claims), info.as_ref().ok()) else {
            panic!("there are claims");
        };
        for text in [Some(&account.username), account.name.as_ref(), account.upn.as_ref()].into_iter().flatten() {
            assert_eq!(*text, clean(text), "people are greeted by it");
        }
        let of_info = info.as_ref().ok().filter(|info| !info.uid.is_empty() && !info.utid.is_empty());
        let expected = of_info.map(|info| format!("{}.{}", info.uid, info.utid));
        assert_eq!(account.home_account_id, expected.unwrap_or_else(|| claims.text("sub").to_owned()));
        assert_eq!(account.profiles.len(), 1);
    }
}

/// What OpenID Connect Core 1.0 section 3.1.3.7 asks for, written once more.
fn is_good(claims: &Value, expected: &Expected<'_>) -> bool {
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let is_client = |value: &Value| value.as_str() == Some(expected.client_id);
    let audience = &claims["aud"];
    let is_listed = is_client(audience) || audience.as_array().is_some_and(|list| list.iter().any(is_client));
    let is_one_of_many = audience.as_array().is_some_and(|list| list.len() > 1);
    let is_party = is_client(&claims["azp"]) || (text("azp").is_empty() && !is_one_of_many);
    let lasts = claims["exp"].as_f64().is_some_and(|time| time >= (expected.now / 1000 - 300) as f64);
    let nonce = match expected.nonce {
        Nonce::None => text("nonce").is_empty(),
        Nonce::Sent(sent) => text("nonce") == sent,
        Nonce::Renewed => true,
    };
    let has_tenant = !expected.issuer.contains("{tenantid}") || !text("tid").is_empty();
    let is_issuer = has_tenant && text("iss") == expected.issuer.replace("{tenantid}", text("tid"));
    is_issuer && is_listed && is_party && lasts && nonce
}
