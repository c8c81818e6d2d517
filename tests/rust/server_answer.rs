//! protocol/server_answer.rs and protocol/remedy.rs

use doorcode::protocol::json;
use doorcode::protocol::remedy;
use doorcode::protocol::server_answer::ServerAnswer;
use doorcode::protocol::url::Url;

use crate::sim::{ENTRA, server};

fn answer(body: &str) -> ServerAnswer {
    ServerAnswer::read(&json::object(body).unwrap(), 400, &[]).unwrap()
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
    let at_entra = |body: &str| {
        let mut answer = answer(body);
        answer.locate(&server(ENTRA).authority.place("client", true));
        answer
    };
    let by_number = at_entra(r#"{"error":"invalid_client","error_codes":[7000218]}"#);
    assert!(by_number.remedy().unwrap().advice.contains("Allow public client flows"));
    let by_words = at_entra(r#"{"error":"invalid_request","error_description":"AADSTS50059: no tenant"}"#);
    assert!(by_words.remedy().unwrap().advice.contains("/organizations"));
    let by_error = at_entra(r#"{"error":"invalid_scope","error_codes":[1]}"#);
    assert!(by_error.remedy().unwrap().advice.contains("scopes"));
    assert_eq!(at_entra(r#"{"error":"something_new"}"#).remedy(), None);
    let elsewhere = answer(r#"{"error":"invalid_scope","error_codes":[700016]}"#);
    assert!(elsewhere.remedy().unwrap().advice.contains("scopes"), "another server's numbers mean nothing");
    let by_suberror = at_entra(r#"{"error":"invalid_grant","suberror":"message_only","error_codes":[1]}"#);
    assert!(by_suberror.remedy().unwrap().advice.contains("would not help"));
    let of_the_known = at_entra(r#"{"error":"invalid_grant","error_codes":[999999,70019]}"#);
    assert!(of_the_known.page.unwrap().ends_with("code=70019"), "page and advice are of one number");
}

#[test]
fn a_known_error_is_whole_even_where_a_secret_is_a_part_of_it() {
    let object = json::object(r#"{"error":"invalid_client","error_description":"client is wrong"}"#).unwrap();
    let answer = ServerAnswer::read(&object, 401, &["client"]).unwrap();
    assert_eq!((&*answer.error, &*answer.description), ("invalid_client", "[removed] is wrong"));
}

#[test]
fn no_number_and_no_word_has_two_remedies() {
    let mut numbers: Vec<u32> = remedy::ENTRA.iter().flat_map(|(numbers, _)| numbers.iter().copied()).collect();
    assert!(numbers.len() > 120);
    numbers.sort_unstable();
    let servers = remedy::SERVERS.iter().flat_map(|(errors, _)| errors.iter().copied());
    let mut words: Vec<&str> = servers.chain(remedy::OURS.iter().map(|(code, _)| *code)).collect();
    words.sort_unstable();
    assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]) && words.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn a_page_is_that_of_the_client_and_of_the_authority_s_cloud() {
    let page = |authority: &str, code: u32| {
        let mut answer = answer(&format!(r#"{{"error":"e","error_codes":[{code}]}}"#));
        answer.locate(&server(authority).authority.place("CLIENT", true));
        answer.page.unwrap()
    };
    let authentication = "#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Authentication/appId/CLIENT";
    let contoso = "https://login.microsoftonline.com/contoso.onmicrosoft.com/adminconsent?client_id=CLIENT";
    let cases = [
        ("https://contoso.ciamlogin.com", 65_001, contoso.to_owned()),
        (ENTRA, 500_208, "https://login.microsoftonline.com/error?code=500208".to_owned()),
        (ENTRA, 7_000_218, format!("https://entra.microsoft.com/{authentication}")),
        ("https://login.usgovcloudapi.net/t", 7_000_218, format!("https://entra.microsoft.us/{authentication}")),
        (ENTRA, 65_001, "https://login.microsoftonline.com/organizations/adminconsent?client_id=CLIENT".to_owned()),
        (
            "https://login.chinacloudapi.cn/contoso.cn",
            90_094,
            "https://login.partner.microsoftonline.cn/contoso.cn/adminconsent?client_id=CLIENT".to_owned(),
        ),
        (
            "https://login.microsoftonline.com/common",
            65_001,
            "https://login.microsoftonline.com/organizations/adminconsent?client_id=CLIENT".to_owned(),
        ),
        ("https://contoso.ciamlogin.com", 500_208, "https://contoso.ciamlogin.com/common/oauth2/deviceauth".to_owned()),
        (ENTRA, 50_074, "https://login.microsoftonline.com/error?code=50074".to_owned()),
        (ENTRA, 12_345, "https://login.microsoftonline.com/error?code=12345".to_owned()),
    ];
    for (authority, code, expected) in cases {
        assert_eq!(page(authority, code), expected);
    }
    let mut unnumbered = answer(r#"{"error":"invalid_client"}"#);
    unnumbered.locate(&server(ENTRA).authority.place("CLIENT", true));
    assert_eq!(unnumbered.page, None);
}

#[test]
fn every_page_is_a_whole_url() {
    let rows = remedy::ENTRA.iter().map(|(_, remedy)| remedy).chain(remedy::SERVERS.iter().map(|(_, remedy)| remedy));
    for page in rows.filter_map(|remedy| remedy.page) {
        let page = server("https://contoso.ciamlogin.com").authority.place("client", true).page(page).unwrap();
        assert!(Url::parse(&page).is_ok(), "{page}");
    }
}

#[test]
fn a_server_s_own_page_is_kept_if_it_is_safe() {
    let uri = |text: &str| answer(&format!(r#"{{"error":"e","error_uri":"{text}"}}"#)).uri;
    assert_eq!(uri("https://login.microsoftonline.com/error?code=1"), "https://login.microsoftonline.com/error?code=1");
    assert_eq!(uri("javascript:alert(1)"), "");
}

#[test]
fn a_refusal_does_not_tell_what_it_brings_along() {
    for name in ["device_code", "access_token", "refresh_token", "id_token"] {
        let answer = answer(&format!(r#"{{"error":"e","error_description":"made s3cret","{name}":"s3cret"}}"#));
        assert_eq!(answer.description, "made [removed]", "{name}");
    }
}

#[test]
fn a_number_tells_more_than_a_suberror() {
    let mut answer = answer(r#"{"error":"invalid_grant","suberror":"bad_token","error_codes":[50173]}"#);
    answer.locate(&server(ENTRA).authority.place("client", true));
    assert_eq!(answer.remedy(), remedy::for_number(50_173));
}

#[test]
fn a_refresh_token_is_refused_by_two_names() {
    for (error, refused, interaction) in
        [("invalid_grant", true, true), ("bad_refresh_token", true, true), ("invalid_client", false, false)]
    {
        let answer = answer(&format!(r#"{{"error":"{error}"}}"#));
        assert_eq!((answer.refuses_refresh_token(), answer.needs_interaction()), (refused, interaction), "{error}");
    }
}

#[test]
fn a_page_is_of_the_cloud_and_of_this_client_whatever_it_is_called() {
    let page = |authority: &str| {
        let mut answer = answer(r#"{"error":"e","error_codes":[7000218]}"#);
        answer.locate(&server(authority).authority.place("a b/c", true));
        answer.page.unwrap()
    };
    assert!(page("https://login.chinacloudapi.cn/t").starts_with("https://entra.microsoftonline.cn/#view/"));
    assert!(page(ENTRA).starts_with("https://entra.microsoft.com/#view/") && page(ENTRA).ends_with("/a%20b%2Fc"));
}
