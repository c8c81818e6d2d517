//! protocol/token_reply.rs

use doorcode::protocol::http::HttpResponse;
use doorcode::protocol::json;
use doorcode::protocol::token_reply::TokenReply;
use doorcode::secret::Secret;

fn reply(body: &str) -> HttpResponse {
    HttpResponse {
        status: 200,
        headers: vec![("x-ms-request-id".to_owned(), "r-1".to_owned())],
        body: Secret::new(body.to_owned()),
    }
}

#[test]
fn every_field_of_a_reply_is_kept() {
    let reply = reply(
        r#"{"access_token":"a","token_type":"Bearer","expires_in":"3599","ext_expires_in":7200,"refresh_in":1800,
            "scope":"User.Read  openid \u001b[2J","refresh_token":"r","id_token":"i","client_info":"c","foci":"1"}"#,
    );
    let token = TokenReply::read(&json::object(reply.body.expose()).unwrap(), &reply).unwrap();
    assert_eq!((token.expires_in, token.ext_expires_in, token.refresh_in), (Some(3599), Some(7200), Some(1800)));
    assert_eq!(token.scopes.unwrap().as_slice(), ["User.Read", "openid", "[2J"]);
    assert_eq!(token.refresh_token.unwrap().expose(), "r");
    assert_eq!((token.family_id.as_deref(), token.request_id.as_str()), (Some("1"), "r-1"));
}

#[test]
fn a_reply_may_begin_with_a_byte_order_mark_and_its_token_be_worth_nothing() {
    let reply = reply("\u{feff}{\"access_token\":\"a\",\"expires_in\":0}");
    let token = TokenReply::read(&json::object(reply.body.expose()).unwrap(), &reply).unwrap();
    assert_eq!(token.expires_in, Some(0), "expired, which is not the same as unknown");
}

#[test]
fn scopes_without_end_are_cut() {
    let scope: Vec<String> = (0..200_000).map(|number| number.to_string()).collect();
    let reply = reply(&format!(r#"{{"access_token":"a","scope":"{}"}}"#, scope.join(" ")));
    let token = TokenReply::read(&json::object(reply.body.expose()).unwrap(), &reply).unwrap();
    assert_eq!(token.scopes.unwrap().as_slice().len(), 1_000);
}

#[test]
fn a_reply_with_the_least_is_enough() {
    let reply = reply(r#"{"access_token":"a"}"#);
    let token = TokenReply::read(&json::object(reply.body.expose()).unwrap(), &reply).unwrap();
    assert_eq!(token.token_type, "Bearer");
    assert!(token.scopes.is_none() && token.expires_in.is_none() && token.refresh_token.is_none());
}

#[test]
fn scopes_have_commas_in_between_only_where_they_have_no_spaces() {
    for (scope, expected) in [("repo,gist", vec!["repo", "gist"]), ("a,b c", vec!["a,b", "c"])] {
        let reply = reply(&format!(r#"{{"access_token":"a","scope":"{scope}"}}"#));
        let token = TokenReply::read(&json::object(reply.body.expose()).unwrap(), &reply).unwrap();
        assert_eq!(token.scopes.unwrap().as_slice(), expected);
    }
}

#[test]
fn a_token_s_type_cannot_move_a_terminal_s_cursor() {
    let reply = reply(r#"{"access_token":"a","token_type":"Bea\u001b[2Jrer"}"#);
    let token = TokenReply::read(&json::object(reply.body.expose()).unwrap(), &reply).unwrap();
    assert_eq!(token.token_type, "Bea [2Jrer");
}

#[test]
fn a_token_that_would_end_the_header_it_is_sent_in_is_none() {
    for token in ["a\\r\\nX-Other: b", "a\\u0000", "a\\u007f", "t\u{f6}ken"] {
        let reply = reply(&format!(r#"{{"access_token":"{token}"}}"#));
        let error = TokenReply::read(&json::object(reply.body.expose()).unwrap(), &reply).unwrap_err();
        assert_eq!(error.code(), "token_parsing_error");
        assert!(error.to_string().contains("access_token has characters"), "{error}");
    }
}
