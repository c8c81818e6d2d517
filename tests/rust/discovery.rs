//! protocol/discovery.rs, protocol/described.rs, protocol/trust.rs and protocol/cloud.rs

use doorcode::error::Error;
use doorcode::protocol::authority::{Authority, Endpoints, Kind};
use doorcode::protocol::cloud;
use doorcode::protocol::described::{describe, known_endpoints};
use doorcode::protocol::discovery::{document, endpoints};
use doorcode::protocol::http::HttpResponse;
use doorcode::protocol::json;
use doorcode::protocol::trust::Trust;
use doorcode::secret::Secret;

use crate::sim::openid;

fn read(authority: &str, trust: &Trust, status: u16, body: &str) -> Result<Endpoints, Error> {
    let authority = Authority::parse(authority, trust).unwrap();
    let headers = vec![("location".to_owned(), "https://elsewhere.example/".to_owned())];
    let reply = HttpResponse { status, headers, body: Secret::new(body.to_owned()) };
    let url = authority.discovery_url();
    endpoints(&authority, trust, &url, &document(&url, &reply)?)
}

fn with(issuer: &str, device: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}","token_endpoint":"https://id.example/token","device_authorization_endpoint":"{device}"}}"#
    )
}

#[test]
fn a_document_of_the_authority_itself_is_used() {
    for authority in ["https://id.example/Realm", "https://id.example/Realm/", "https://ID.example/Realm"] {
        for issuer in ["https://id.example/Realm", "https://id.example/Realm/"] {
            let found = read(authority, &openid(), 200, &with(issuer, "https://other.example/Device")).unwrap();
            assert_eq!(found.device_authorization.as_deref(), Some("https://other.example/Device"));
            assert_eq!(found.issuer.as_deref(), Some(issuer));
        }
    }
}

#[test]
fn a_document_that_cannot_be_used_says_where_and_why() {
    let id = "https://id.example";
    let cases = [
        (404, String::new(), "status 404"),
        (302, String::new(), "https://elsewhere.example/"),
        (400, r#"{"error":"invalid_tenant","error_description":"AADSTS90002: No."}"#.to_owned(), "AADSTS90002: No."),
        (200, "<html>".to_owned(), "not JSON"),
        (200, "[]".to_owned(), "not an object"),
        (200, "{}".to_owned(), "no issuer"),
        (200, format!(r#"{{"issuer":"{id}"}}"#), "no token_endpoint"),
        (200, with(id, "http://id.example/d"), "not https"),
        (200, with(id, "http://localhost:2375/x"), "not https"),
        (200, with(id, "https://user@id.example/d"), "user information"),
    ];
    for (status, body, words) in cases {
        let error = read(id, &openid(), status, &body).unwrap_err();
        assert_eq!((error.code(), error.status()), ("endpoints_resolution_error", Some(status)));
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("https://id.example/.well-known/openid-configuration"), "{text}");
        assert_eq!(error.url(), Some("https://id.example/.well-known/openid-configuration"));
    }
}

#[test]
fn a_server_of_microsoft_s_has_its_device_endpoint_beside_the_token_endpoint() {
    let body =
        r#"{"issuer":"https://contoso.example/adfs","token_endpoint":"https://contoso.example/adfs/oauth2/token/"}"#;
    let found = read("https://contoso.example/adfs", &Trust::default(), 200, body).unwrap();
    assert_eq!(found.device_authorization.as_deref(), Some("https://contoso.example/adfs/oauth2/devicecode"));
    let body = r#"{"issuer":"https://id.example","token_endpoint":"https://id.example/token","code_challenge_methods_supported":["plain","S256"]}"#;
    let found = read("https://id.example", &openid(), 200, body).unwrap();
    assert_eq!((found.device_authorization, found.takes_pkce), (None, true), "nothing is guessed of others");
}

#[test]
fn microsoft_s_list_of_clouds_is_read() {
    let list = json::object(
        r#"{"metadata":[{"preferred_network":"login.new.example","preferred_cache":"cache.new.example","aliases":["login.new.example","ALIAS.new.example"]},
            {"preferred_network":"bad host","preferred_cache":"x","aliases":[]},7]}"#,
    );
    let clouds = cloud::listed(&list.unwrap()).unwrap();
    assert_eq!(clouds.len(), 1);
    assert!(clouds[0].is_named("alias.new.example") && !clouds[0].is_named("login.microsoftonline.com"));
    assert!(cloud::listed(&json::object("{}").unwrap()).is_none());
}

#[test]
fn a_cloud_that_the_program_describes_is_entra_s() {
    let mut trust = Trust::default();
    trust
        .read_clouds(
            r#"{"metadata":[{"preferred_network":"login.new.example","preferred_cache":"cache.new.example","aliases":["login.new.example","alias.new.example"]}]}"#,
        )
        .unwrap();
    let authority = Authority::parse("https://alias.new.example/Contoso.com", &trust).unwrap();
    assert_eq!(authority.canonical(), "https://login.new.example/contoso.com/");
    assert_eq!(authority.environment(), "cache.new.example");
    assert_eq!(
        authority.discovery_url(),
        "https://login.new.example/contoso.com/v2.0/.well-known/openid-configuration"
    );
    assert_eq!(known_endpoints(&trust, &authority), None, "where its endpoints are has to be asked");
    for (issuer, is_its_own) in [
        ("https://login.new.example/{tenantid}/v2.0", true),
        ("https://alias.new.example/11111111-2222-3333-4444-555555555555/v2.0", true),
        ("https://login.microsoftonline.com/{tenantid}/v2.0", false),
    ] {
        assert_eq!(authority.accepts_issuer(issuer, &trust), is_its_own, "{issuer}");
    }
    for (text, problem) in [("{", "cut off"), ("[]", "not an object"), ("{}", "metadata")] {
        let error = Trust::default().read_clouds(text).unwrap_err();
        assert!(error.code() == "invalid_cloud_discovery_metadata" && error.to_string().contains(problem), "{error}");
    }
}

const GITHUB: &str = r#"{"token_endpoint":"https://github.com/login/oauth/access_token","device_authorization_endpoint":"https://github.com/login/device/code"}"#;

#[test]
fn an_authority_that_the_program_describes_is_not_asked() {
    let mut trust = Trust::default();
    let authority = describe(&mut trust, "https://github.com", GITHUB).unwrap();
    assert_eq!(*authority.kind(), Kind::OpenId);
    let endpoints = known_endpoints(&trust, &authority).unwrap();
    assert_eq!(endpoints.device_authorization.as_deref(), Some("https://github.com/login/device/code"));
    assert_eq!(endpoints.issuer, None);
    trust.know(&["github.com".to_owned()]).unwrap();
    let known = describe(&mut trust, "https://github.com", GITHUB).unwrap();
    assert_eq!(*known.kind(), Kind::OpenId, "no issuer, so nothing of Microsoft's");
    let other = Authority::parse("https://github.com/other", &trust).unwrap();
    assert_eq!(known_endpoints(&trust, &other), None, "what was given for one is used for no other");
}

#[test]
fn a_description_that_leaves_the_tenant_open_is_every_tenant_s() {
    let mut trust = Trust::default();
    let metadata = r#"{"issuer":"https://login.microsoftonline.com/{tenantid}/v2.0","token_endpoint":"https://login.microsoftonline.com/{tenantid}/token"}"#;
    let tenant = "11111111-2222-3333-4444-555555555555";
    describe(&mut trust, "https://login.microsoftonline.com/organizations", metadata).unwrap();
    let at = |authority: &str| known_endpoints(&trust, &Authority::parse(authority, &trust).unwrap()).unwrap();
    let one = at(&format!("https://login.microsoftonline.com/{tenant}"));
    assert_eq!(one.token, format!("https://login.microsoftonline.com/{tenant}/token"));
    assert_eq!(one.device_authorization, Some(format!("https://login.microsoftonline.com/{tenant}/devicecode")));
    assert_eq!(one.issuer, Some(format!("https://login.microsoftonline.com/{tenant}/v2.0")));
    let common = metadata.replace("{tenantid}/token", "common/token");
    let mut closed = Trust::default();
    describe(&mut closed, "https://login.microsoftonline.com/common", &common).unwrap();
    let other = Authority::parse("https://login.microsoftonline.com/contoso.com", &closed).unwrap();
    assert!(
        known_endpoints(&closed, &other).unwrap().token.contains("/contoso.com/"),
        "its issuer alone leaves it open"
    );
    let many = at("https://login.microsoftonline.com/common");
    assert_eq!(at("https://login.windows.net/common"), many, "by each of the cloud's names");
    assert_eq!(many.issuer.as_deref(), Some("https://login.microsoftonline.com/{tenantid}/v2.0"));
}

#[test]
fn a_description_that_cannot_be_used_says_why() {
    let cases = [
        ("", "empty"),
        ("{}", "no token_endpoint"),
        (r#"{"token_endpoint":"http://github.com/t"}"#, "not https"),
        (
            r#"{"token_endpoint":"https://github.com/t","device_authorization_endpoint":"http://localhost/d"}"#,
            "not https",
        ),
    ];
    for (metadata, problem) in cases {
        let error = describe(&mut Trust::default(), "https://github.com", metadata).unwrap_err();
        assert_eq!((error.code(), error.field()), ("invalid_authority_metadata", Some("auth.authorityMetadata")));
        assert!(error.to_string().contains(problem), "{error}");
    }
    assert_eq!(describe(&mut Trust::default(), "github.com", GITHUB).unwrap_err().code(), "url_parse_error");
}

#[test]
fn known_authorities_are_hosts_or_urls() {
    let mut trust = Trust::default();
    let names = ["Login.Contoso.com", "https://id.example:8443/x", " ", "id.other.example/"].map(str::to_owned);
    trust.know(&names).unwrap();
    for host in ["login.contoso.com", "id.example:8443", "id.other.example"] {
        assert!(trust.knows(host), "{host}");
    }
    assert!(!trust.knows("id.example"));
    let error = trust.know(&["not a host".to_owned()]).unwrap_err();
    assert_eq!(error.field(), Some("auth.knownAuthorities"));
}

#[test]
fn a_server_on_this_machine_may_name_itself() {
    let body = r#"{"issuer":"http://localhost:3000","token_endpoint":"http://localhost:3000/t"}"#;
    assert_eq!(read("http://localhost:3000", &openid(), 200, body).unwrap().token, "http://localhost:3000/t");
}

#[test]
fn a_document_comes_with_200_and_pkce_with_s256() {
    let body = r#"{"issuer":"https://id.example","token_endpoint":"https://id.example/t","code_challenge_methods_supported":["plain"]}"#;
    assert!(!read("https://id.example", &openid(), 200, body).unwrap().takes_pkce);
    assert_eq!(read("https://id.example", &openid(), 203, body).unwrap_err().status(), Some(203));
}

#[test]
fn what_a_document_names_is_cut_before_it_is_shown() {
    let long = format!("https://evil.example/{}", "x".repeat(10_000));
    let error = read("https://id.example", &openid(), 200, &with(&long, "https://id.example/d")).unwrap_err();
    assert!(error.code() == "issuer_validation_failed" && error.to_string().len() < 3_000);
    let headers = vec![("location".to_owned(), long)];
    let reply = HttpResponse { status: 302, headers, body: Secret::new(String::new()) };
    assert!(document("u", &reply).unwrap_err().to_string().len() < 3_000);
}

#[test]
fn a_description_is_of_one_server_alone() {
    let mut trust = Trust::default();
    let open = r#"{"issuer":"https://login.microsoftonline.com/{tenant}/v2.0","token_endpoint":"https://login.microsoftonline.com/{tenant}/t"}"#;
    describe(&mut trust, "https://login.microsoftonline.com/organizations", open).unwrap();
    let at = |authority: &str| known_endpoints(&trust, &Authority::parse(authority, &trust).unwrap()).unwrap().token;
    assert_eq!(at("https://login.windows.net/contoso.com"), "https://login.microsoftonline.com/contoso.com/t");
    assert_eq!(at("https://login.microsoftonline.us/x"), "https://login.microsoftonline.us/x/oauth2/v2.0/token");
    let mut trust = Trust::default();
    describe(&mut trust, "https://github.com", GITHUB).unwrap();
    let kind = |authority: &str| Authority::parse(authority, &trust).unwrap().kind().clone();
    assert_eq!((kind("https://github.com/x"), kind("https://id.example")), (Kind::OpenId, Kind::Unknown));
    let mut trust = Trust::default();
    let openid = GITHUB.replace('{', r#"{"issuer":"https://github.com","#);
    assert_eq!(*describe(&mut trust, " https://github.com ", &openid).unwrap().kind(), Kind::OpenId);
}

#[test]
fn the_program_s_word_on_a_cloud_goes_before_what_is_built_in() {
    let mut trust = Trust::default();
    let own =
        r#"{"metadata":[{"preferred_network":"login.windows.net","preferred_cache":"own.example","aliases":[]}]}"#;
    trust.read_clouds(own).unwrap();
    let authority = Authority::parse("https://login.windows.net/t", &trust).unwrap();
    assert_eq!(
        (authority.canonical().as_str(), authority.environment().as_str()),
        ("https://login.windows.net/t/", "own.example")
    );
    assert_eq!(known_endpoints(&trust, &authority), None, "nobody knows its endpoints");
}
