//! error.rs: each variant has its code, its class and a message.

use doorcode::error::{Cause, Class, Fault};
use doorcode::protocol::remedy::{self, Place};
use doorcode::protocol::server_answer::ServerAnswer;

fn answer(error: &str) -> Box<ServerAnswer> {
    Box::new(ServerAnswer {
        error: error.to_owned(),
        description: "Words.".to_owned(),
        status: 400,
        ..ServerAnswer::default()
    })
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// Every variant.
pub(crate) fn all() -> Vec<Fault> {
    vec![
        Fault::InvalidConfiguration { field: "auth.clientId", fix: text("it is missing") },
        Fault::InvalidRequest { field: "scopes", fix: text("it is missing") },
        Fault::EmptyAuthority,
        Fault::MalformedAuthority { problem: text("p") },
        Fault::InsecureAuthority,
        Fault::NoDeviceCodes,
        Fault::UntrustedAuthority { host: text("h"), answer: answer("invalid_instance") },
        Fault::InvalidAuthorityMetadata { problem: text("p") },
        Fault::InvalidCloudMetadata { problem: text("p") },
        Fault::ResourceRequired,
        Fault::MisplacedResource,
        Fault::InvalidClaims,
        Fault::InvalidAuthorization { code: "redirect_uri_empty", field: "redirectUri", fix: "f" },
        Fault::NoTenant,
        Fault::NotNow("n"),
        Fault::Declined(answer("access_denied")),
        Fault::Expired(None),
        Fault::ExpiredUnreached { problem: "reset".to_owned() },
        Fault::TimedOut { milliseconds: 2_500 },
        Fault::Cancelled(Some(Cause::new(1))),
        Fault::InteractionRequired(answer("login_required")),
        Fault::Refused(answer("invalid_client")),
        Fault::UnexpectedStatus { what: "w", status: 404 },
        Fault::Redirected { what: "w", target: text("https://e.example"), status: 302 },
        Fault::UnreadableReply { what: "w", status: 200, problem: text("p") },
        Fault::UnsafeVerificationUri { uri: text("u"), problem: text("p") },
        Fault::IdToken { claim: "aud", problem: text("p") },
        Fault::ForeignResponse { code: "state_mismatch", problem: text("p") },
        Fault::NoEndSession,
        Fault::Discovery { url: text("u"), problem: text("p"), status: None, answer: None, cause: None },
        Fault::IssuerMismatch { authority: text("a"), issuer: text("i") },
        Fault::Network { url: text("u"), problem: text("p"), cause: Some(Cause::new(2)) },
        Fault::NoTokens,
        Fault::RefreshTokenExpired,
        Fault::UnreadableCache { line: 1, column: 2, problem: "p" },
        Fault::Callback(Cause::new("mine")),
    ]
}

/// What the table in DESIGN says of a variant.
fn expected(error: &Fault) -> (&'static str, Class) {
    match error {
        Fault::InvalidConfiguration { .. } => ("invalid_configuration", Class::ClientConfiguration),
        Fault::InvalidRequest { .. } => ("invalid_request_parameter", Class::ClientConfiguration),
        Fault::EmptyAuthority => ("empty_url_error", Class::ClientConfiguration),
        Fault::MalformedAuthority { .. } => ("url_parse_error", Class::ClientConfiguration),
        Fault::InsecureAuthority => ("authority_uri_insecure", Class::ClientConfiguration),
        Fault::NoDeviceCodes => ("device_code_not_offered", Class::ClientConfiguration),
        Fault::UntrustedAuthority { .. } => ("untrusted_authority", Class::ClientConfiguration),
        Fault::InvalidAuthorityMetadata { .. } => ("invalid_authority_metadata", Class::ClientConfiguration),
        Fault::InvalidCloudMetadata { .. } => ("invalid_cloud_discovery_metadata", Class::ClientConfiguration),
        Fault::ResourceRequired => ("resource_parameter_required", Class::ClientAuth),
        Fault::MisplacedResource => ("misplaced_resource_parameter", Class::ClientAuth),
        Fault::InvalidClaims => ("invalid_claims", Class::ClientConfiguration),
        Fault::InvalidAuthorization { .. } => ("redirect_uri_empty", Class::ClientConfiguration),
        Fault::NoTenant => ("missing_tenant_id_error", Class::ClientAuth),
        Fault::ForeignResponse { .. } => ("state_mismatch", Class::ClientAuth),
        Fault::NoEndSession => ("end_session_endpoint_not_supported", Class::ClientAuth),
        Fault::NotNow(_) => ("request_cannot_be_made", Class::ClientAuth),
        Fault::Declined(_) => ("access_denied", Class::Server),
        Fault::Expired(_) | Fault::ExpiredUnreached { .. } => ("device_code_expired", Class::ClientAuth),
        Fault::TimedOut { .. } => ("user_timeout_reached", Class::ClientAuth),
        Fault::Cancelled(_) => ("device_code_polling_cancelled", Class::ClientAuth),
        Fault::InteractionRequired(_) => ("login_required", Class::InteractionRequired),
        Fault::Refused(_) => ("invalid_client", Class::Server),
        Fault::UnexpectedStatus { .. } | Fault::Redirected { .. } => ("post_request_failed", Class::Server),
        Fault::UnreadableReply { .. } => ("token_parsing_error", Class::Auth),
        Fault::UnsafeVerificationUri { .. } => ("unsafe_verification_uri", Class::Auth),
        Fault::IdToken { .. } => ("invalid_id_token", Class::ClientAuth),
        Fault::Discovery { .. } => ("endpoints_resolution_error", Class::ClientAuth),
        Fault::IssuerMismatch { .. } => ("issuer_validation_failed", Class::ClientConfiguration),
        Fault::Network { .. } => ("network_error", Class::ClientAuth),
        Fault::NoTokens => ("no_tokens_found", Class::InteractionRequired),
        Fault::RefreshTokenExpired => ("refresh_token_expired", Class::InteractionRequired),
        Fault::UnreadableCache { .. } => ("invalid_cache_record", Class::ClientAuth),
        Fault::Callback(_) => ("", Class::Foreign),
        other => panic!("{other:?} is not in the table"),
    }
}

#[test]
fn each_variant_has_its_code_its_class_and_words() {
    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/error.rs")).unwrap();
    let body = source.split_once("pub enum Fault {").unwrap().1.split_once("\n}").unwrap().0;
    let is_variant = |line: &&str| line.starts_with("    ") && line.chars().nth(4).is_some_and(char::is_uppercase);
    assert_eq!(all().len(), body.lines().filter(is_variant).count(), "each variant of the enum is in the table");
    for error in all() {
        assert_eq!((error.code(), error.class()), expected(&error));
        assert!(!error.to_string().is_empty() && !error.to_string().contains('\n'));
    }
}

#[test]
fn milliseconds_are_read_as_seconds() {
    for (milliseconds, text) in [(0, "0"), (12_000, "12"), (2_500, "2.5"), (30, "0.03"), (1_001, "1.001")] {
        assert_eq!(doorcode::error::in_seconds(milliseconds), text);
    }
}

#[test]
fn a_nonce_has_msal_s_own_code() {
    assert_eq!(Fault::IdToken { claim: "nonce", problem: String::new() }.code(), "nonce_mismatch");
}

#[test]
fn the_server_s_code_and_words_stay_in_the_message() {
    for error in ["access_denied", "login_required", "invalid_client", "expired_token"] {
        let refused = Fault::refused(*answer(error));
        let text = format!("{}: {refused}", refused.code());
        assert!(text.contains(error) && text.contains("Words."), "{text}");
    }
}

#[test]
fn status_field_and_cause_are_there_where_they_mean_something() {
    for error in all() {
        let caller = matches!(error.class(), Class::ClientConfiguration)
            || error.code().contains("resource")
            || matches!(error, Fault::NoTenant);
        assert_eq!(error.field().is_some(), caller, "{error:?}");
        let server = matches!(error.class(), Class::Server)
            || matches!(error, Fault::InteractionRequired(_) | Fault::UntrustedAuthority { .. })
            || error.code() == "token_parsing_error";
        assert_eq!(error.status().is_some(), server, "{error:?}");
    }
    assert_eq!(Fault::Callback(Cause::new("mine")).cause().unwrap().downcast::<&str>(), Some("mine"));
}

#[test]
fn every_code_and_class_exists_in_javascript() {
    let script = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/js/errors.js")).unwrap();
    for error in all() {
        if error.server_answer().is_some_and(|answer| answer.error == error.code()) || error.code().is_empty() {
            continue; // the server's own word, or no error of ours
        }
        assert!(script.contains(&format!("'{}'", error.code())), "{}", error.code());
        assert!(script.contains(&format!("class {}", error.class().name())));
    }
}

#[test]
fn whoever_can_help_is_told_so() {
    let entra = |error: &str, suberror: &str, status| {
        Fault::refused(ServerAnswer { suberror: suberror.to_owned(), status, ..*answer(error) })
    };
    let discovery = |status| Fault::Discovery { url: text("u"), problem: text("p"), status, answer: None, cause: None };
    let cases = [
        (entra("invalid_grant", "", 400), true, false),
        (entra("interaction_required", "basic_action", 400), true, false),
        (entra("interaction_required", "message_only", 400), false, false),
        (entra("invalid_grant", "client_mismatch", 400), false, false),
        (entra("invalid_grant", "protection_policy_required", 400), false, false),
        (entra("expired_token", "", 400), true, false),
        (entra("access_denied", "", 400), false, false),
        (entra("server_error", "", 400), false, true),
        (entra("temporarily_unavailable", "", 400), false, true),
        (entra("invalid_client", "", 503), false, true),
        (Fault::UnexpectedStatus { what: "w", status: 429 }, false, true),
        (Fault::UnexpectedStatus { what: "w", status: 404 }, false, false),
        (Fault::Network { url: text("u"), problem: text("p"), cause: None }, false, true),
        (discovery(None), false, true),
        (discovery(Some(502)), false, true),
        (discovery(Some(404)), false, false),
        (Fault::NoTokens, true, false),
        (Fault::RefreshTokenExpired, true, false),
        (Fault::Expired(None), true, false),
        (Fault::Cancelled(None), false, false),
    ];
    for (error, needs_interaction, retryable) in cases {
        assert_eq!((error.needs_interaction(), error.is_outage()), (needs_interaction, retryable), "{error:?}");
    }
}

#[test]
fn each_error_says_what_to_do() {
    for error in all().iter().filter(|error| error.class() != Class::Foreign) {
        assert!(error.remedy().is_some(), "{error:?}");
    }
    let advice = |status| Fault::UnexpectedStatus { what: "w", status }.remedy().unwrap().advice;
    assert_eq!((advice(429), advice(503)), ("Try again in a while.", "Try again in a while."));
    assert!(advice(404).starts_with("Check the authority"), "a server that answers like this is none");
}

#[test]
fn every_answer_has_its_page() {
    let place = Place {
        client_id: text("c"),
        tenant: text("t"),
        login: text("login.microsoftonline.com"),
        page_host: None,
        is_microsoft: true,
    };
    let refused = |error: &str| ServerAnswer { codes: vec![50_079], ..*answer(error) };
    let boxed = || Box::new(refused("e"));
    let discovery =
        Fault::Discovery { url: text("u"), problem: text("p"), status: None, answer: Some(boxed()), cause: None };
    let errors = ["access_denied", "expired_token", "login_required", "invalid_client"]
        .map(|error| Fault::refused(refused(error)))
        .into_iter()
        .chain([Fault::UntrustedAuthority { host: text("h"), answer: boxed() }, discovery]);
    for error in errors {
        let error = std::rc::Rc::new(error).located(&place);
        let page = error.server_answer().unwrap().page.as_deref();
        assert_eq!(page, Some("https://mysignins.microsoft.com/security-info"), "{error:?}");
    }
}

#[test]
fn a_server_s_word_is_not_one_of_ours() {
    for word in ["something_new", "network_error", "cache_conflict"] {
        assert_eq!(Fault::refused(*answer(word)).remedy(), Some(&remedy::UNKNOWN), "{word}");
    }
}

#[test]
fn a_request_that_took_too_long_may_do_later() {
    assert!(Fault::UnexpectedStatus { what: "w", status: 408 }.is_outage());
}
