//! protocol/server_answer.rs and protocol/remedy.rs

use std::fs;

use doorcode::protocol::json;
use doorcode::protocol::remedy;
use doorcode::protocol::server_answer::ServerAnswer;

fn answer(body: &str) -> ServerAnswer {
    ServerAnswer::read(&json::object(body).unwrap(), 400, "").unwrap()
}

#[test]
fn every_field_of_a_refusal_is_kept() {
    let answer = answer(
        r#"{"error":"interaction_required","error_description":"AADSTS50076: MFA.","error_codes":[50076,"50079",-1,null],
            "suberror":"basic_action","timestamp":"t","trace_id":"tr","correlation_id":"co","claims":"{\"a\":1}"}"#,
    );
    assert_eq!(answer.codes, [50_076, 50_079]);
    assert_eq!(
        (answer.suberror.as_str(), answer.trace_id.as_str(), answer.correlation_id.as_str()),
        ("basic_action", "tr", "co")
    );
    assert_eq!((answer.claims.as_str(), answer.timestamp.as_str(), answer.status), (r#"{"a":1}"#, "t", 400));
}

#[test]
fn an_error_of_control_characters_alone_is_an_error_still() {
    assert_eq!(answer(r#"{"error":"\u0000\u001b","access_token":"a"}"#).error, "post_request_failed");
}

#[test]
fn a_claims_challenge_goes_back_as_it_came() {
    let claims = format!("{{\"a\":\"two  spaces \u{200b}{}\"}}", "x".repeat(3_000));
    let body = serde_json::json!({ "error": "e", "claims": claims }).to_string();
    assert_eq!(answer(&body).claims, claims);
    let body = serde_json::json!({ "error": "e", "claims": "\u{1b}[2J" }).to_string();
    assert_eq!(answer(&body).claims, "[2J");
}

#[test]
fn interaction_is_needed_by_error_and_suberror_never_by_number() {
    let cases = [
        (r#"{"error":"invalid_grant"}"#, true),
        (r#"{"error":"invalid_grant","suberror":"bad_token"}"#, true),
        (r#"{"error":"invalid_grant","suberror":"client_mismatch"}"#, false),
        (r#"{"error":"invalid_grant","suberror":"protection_policy_required"}"#, false),
        (r#"{"error":"consent_required"}"#, true),
        (r#"{"error":"invalid_request","suberror":"basic_action"}"#, true),
        (r#"{"error":"invalid_client","error_codes":[50076],"error_description":"interaction_required"}"#, false),
    ];
    for (body, expected) in cases {
        assert_eq!(answer(body).needs_interaction(), expected, "{body}");
    }
}

#[test]
fn the_remedy_is_found_by_number_then_by_words_then_by_error() {
    let by_number = answer(r#"{"error":"invalid_client","error_codes":[7000218]}"#);
    assert!(by_number.remedy().unwrap().contains("Allow public client flows"));
    let by_words = answer(r#"{"error":"invalid_request","error_description":"AADSTS50059: no tenant"}"#);
    assert!(by_words.remedy().unwrap().contains("/organizations"));
    let by_error = answer(r#"{"error":"invalid_scope","error_codes":[1]}"#);
    assert!(by_error.remedy().unwrap().contains("scopes"));
    assert_eq!(answer(r#"{"error":"something_new"}"#).remedy(), None);
}

#[test]
fn no_number_has_two_remedies() {
    let source = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/protocol/remedy.rs")).unwrap();
    let table = source.split_once("const REMEDIES").unwrap().1;
    let mut numbers: Vec<u32> = table
        .split(|character: char| !character.is_ascii_digit() && character != '_')
        .filter_map(|word| word.replace('_', "").parse().ok())
        .filter(|number| *number > 9_999)
        .collect();
    assert!(numbers.len() > 120);
    assert!(numbers.iter().all(|number| remedy::for_code(*number).is_some()));
    numbers.sort_unstable();
    let twice: Vec<_> = numbers.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
}
