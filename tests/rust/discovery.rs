//! protocol/discovery.rs

use doorcode::protocol::authority::Authority;
use doorcode::protocol::discovery::endpoints;
use doorcode::protocol::http::HttpResponse;
use doorcode::secret::Secret;

fn read(
    authority: &str,
    status: u16,
    body: &str,
) -> Result<doorcode::protocol::authority::Endpoints, doorcode::error::Error> {
    let authority = Authority::parse(authority).unwrap();
    let headers = vec![("location".to_owned(), "https://elsewhere.example/".to_owned())];
    endpoints(
        &authority,
        &authority.discovery_url(),
        &HttpResponse { status, headers, body: Secret::new(body.to_owned()) },
    )
}

fn document(issuer: &str, device: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}","token_endpoint":"https://id.example/token","device_authorization_endpoint":"{device}"}}"#
    )
}

#[test]
fn a_document_of_the_authority_itself_is_used() {
    for authority in ["https://id.example/Realm", "https://id.example/Realm/", "https://ID.example/Realm"] {
        for issuer in ["https://id.example/Realm", "https://id.example/Realm/"] {
            let found = read(authority, 200, &document(issuer, "https://other.example/Device")).unwrap();
            assert_eq!(found.device_authorization, "https://other.example/Device");
            assert_eq!(found.issuer, issuer);
        }
    }
}

#[test]
fn a_document_of_somebody_else_is_refused() {
    for issuer in [
        "https://evil.example/Realm",
        "https://id.example/realm",
        "https://id.example",
        "http://id.example/Realm",
        "https://id.example/Realm?x",
        "https://id.example/Realm#x",
        "x",
    ] {
        let error = read("https://id.example/Realm", 200, &document(issuer, "https://id.example/d")).unwrap_err();
        assert_eq!(error.code(), "issuer_validation_failed", "{issuer}");
    }
}

#[test]
fn a_document_that_cannot_be_used_says_where_and_why() {
    let id = "https://id.example";
    let cases = [
        (404, String::new(), "status 404"),
        (302, String::new(), "https://elsewhere.example/"),
        (200, "<html>".to_owned(), "not JSON"),
        (200, "[]".to_owned(), "not an object"),
        (200, "{}".to_owned(), "no issuer"),
        (200, format!(r#"{{"issuer":"{id}","token_endpoint":"{id}/t"}}"#), "does not offer sign-in with a device code"),
        (200, document(id, "http://id.example/d"), "not https"),
        (200, document(id, "http://localhost:2375/x"), "not https"),
        (200, document(id, "https://user@id.example/d"), "user information"),
    ];
    for (status, body, words) in cases {
        let error = read(id, status, &body).unwrap_err();
        assert_eq!(error.code(), "endpoints_resolution_error");
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("https://id.example/.well-known/openid-configuration"), "{text}");
    }
}
