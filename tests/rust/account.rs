//! protocol/account.rs

use base64ct::{Base64UrlUnpadded, Encoding};
use doorcode::protocol::account::{Account, ClientInfo};
use doorcode::protocol::authority::Authority;
use doorcode::protocol::id_token::{Claims, Expected};
use doorcode::secret::Secret;

use crate::sim::{ENTRA, jwt};

fn claims(extra: &str) -> Claims {
    let token = jwt(&format!(r#"{{"iss":"i","aud":"c","exp":99999999999{extra}}}"#));
    Claims::checked(&Secret::new(token), &Expected { issuer: "i", client_id: "c", nonce: None, now: 0 }).unwrap()
}

fn client_info(json: &str) -> ClientInfo {
    ClientInfo::decode(&Base64UrlUnpadded::encode_string(json.as_bytes())).unwrap()
}

#[test]
fn a_guest_is_at_home_elsewhere() {
    let info = client_info(r#"{"uid":"u","utid":"home","xms_tdbr":"EU"}"#);
    let claims = claims(
        r#","oid":"o","sub":"s","tid":"guest","preferred_username":"ada@example.com","login_hint":"h"
        ,"signin_state":["kmsi"]"#,
    );
    let account = Account::from_reply(&Authority::parse(ENTRA).unwrap(), Some(&claims), Some(&info)).unwrap();
    assert_eq!(account.home_account_id, "u.home");
    assert_eq!((account.tenant_id.as_str(), account.local_account_id.as_str()), ("guest", "o"));
    assert!(!account.is_home_tenant);
    assert_eq!(account.login_hint.as_deref(), Some("h"));
    assert_eq!((account.kmsi, account.data_boundary), (Some(true), Some("EU")));
    assert_eq!((account.authority_type, account.environment.as_str()), ("MSSTS", "login.windows.net"));
}

#[test]
fn the_username_comes_from_the_first_claim_that_has_one() {
    let cases = [
        (r#","preferred_username":"p","upn":"u","emails":["e"],"email":"m""#, "p"),
        (r#","upn":"u","emails":["e"],"email":"m""#, "u"),
        (r#","emails":["e","f"],"email":"m""#, "e"),
        (r#","email":"m""#, "m"),
        (r#","preferred_username":42"#, ""),
    ];
    for (extra, username) in cases {
        let account =
            Account::from_reply(&Authority::parse("https://id.example").unwrap(), Some(&claims(extra)), None).unwrap();
        assert_eq!(account.username, username, "{extra}");
        assert_eq!(account.authority_type, "Generic");
        assert_eq!(account.kmsi, Some(false));
    }
}

#[test]
fn a_name_cannot_move_a_terminal_s_cursor() {
    let claims = claims(r#","preferred_username":"a\u001b[2J","name":"Ada\r\nroot""#);
    let account = Account::from_reply(&Authority::parse(ENTRA).unwrap(), Some(&claims), None).unwrap();
    assert_eq!((account.username.as_str(), account.name.as_deref()), ("a [2J", Some("Ada root")));
}

#[test]
fn without_claims_and_client_info_there_is_no_account() {
    assert_eq!(Account::from_reply(&Authority::parse(ENTRA).unwrap(), None, None), None);
}

#[test]
fn client_info_that_cannot_be_read_is_an_error() {
    for text in ["", "!!", "e30x", "W10"] {
        assert!(ClientInfo::decode(text).is_err(), "{text}");
    }
    assert_eq!(client_info("{}"), ClientInfo::default());
}
