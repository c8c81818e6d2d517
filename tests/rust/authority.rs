//! protocol/authority.rs

use doorcode::protocol::authority::{Authority, issuer_matches};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

#[test]
fn entra_s_clouds_are_known_without_asking() {
    let cases = [
        (
            "https://login.microsoftonline.com/Contoso.com",
            "login.microsoftonline.com",
            "contoso.com",
            "login.windows.net",
        ),
        ("https://login.microsoftonline.com/common/", "login.microsoftonline.com", "common", "login.windows.net"),
        (
            "https://login.windows.net/organizations/v2.0",
            "login.microsoftonline.com",
            "organizations",
            "login.windows.net",
        ),
        ("https://sts.windows.net/common", "login.microsoftonline.com", "common", "login.windows.net"),
        ("https://LOGIN.microsoftonline.us/t", "login.microsoftonline.us", "t", "login.microsoftonline.us"),
        ("https://login.usgovcloudapi.net/t", "login.microsoftonline.us", "t", "login.microsoftonline.us"),
        (
            "https://login.chinacloudapi.cn/t",
            "login.partner.microsoftonline.cn",
            "t",
            "login.partner.microsoftonline.cn",
        ),
        ("https://login.microsoftonline.de/t", "login.microsoftonline.de", "t", "login.microsoftonline.de"),
        ("https://login.sovcloud-identity.fr/t", "login.sovcloud-identity.fr", "t", "login.sovcloud-identity.fr"),
    ];
    for (text, network, tenant, environment) in cases {
        let authority = Authority::parse(text).unwrap();
        let endpoints = authority.known_endpoints().unwrap();
        assert_eq!(endpoints.device_authorization, format!("https://{network}/{tenant}/oauth2/v2.0/devicecode"));
        assert_eq!(endpoints.token, format!("https://{network}/{tenant}/oauth2/v2.0/token"));
        assert_eq!(authority.canonical(), format!("https://{network}/{tenant}/"));
        assert_eq!(authority.environment(), environment);
        assert!(authority.is_microsoft());
    }
}

#[test]
fn any_other_host_is_an_openid_provider_with_its_path_as_it_is() {
    let cases = [
        ("https://id.example", "https://id.example/.well-known/openid-configuration", "id.example"),
        (
            "https://id.example:8443/realms/MyRealm/",
            "https://id.example:8443/realms/MyRealm/.well-known/openid-configuration",
            "id.example:8443",
        ),
        (
            "https://id.example/r/.well-known/openid-configuration",
            "https://id.example/r/.well-known/openid-configuration",
            "id.example",
        ),
        ("http://localhost:3000", "http://localhost:3000/.well-known/openid-configuration", "localhost:3000"),
    ];
    for (text, discovery, environment) in cases {
        let authority = Authority::parse(text).unwrap();
        assert_eq!(authority.known_endpoints(), None);
        assert_eq!(authority.discovery_url(), discovery);
        assert_eq!(authority.environment(), environment);
        assert!(!authority.is_microsoft());
    }
    assert!(Authority::parse("https://contoso.ciamlogin.com/").unwrap().is_microsoft());
    assert!(!Authority::parse("https://ciamlogin.com.evil.example/").unwrap().is_microsoft());
}

#[test]
fn a_wrong_authority_says_what_is_wrong() {
    let cases = [
        ("", "empty_url_error", "empty"),
        ("  ", "empty_url_error", "empty"),
        ("contoso.com", "url_parse_error", "https://"),
        ("http://login.microsoftonline.com/common", "authority_uri_insecure", "https://"),
        ("https://login.microsoftonline.com/", "url_parse_error", "/organizations"),
        ("https://a b", "url_parse_error", "character"),
    ];
    for (text, code, words) in cases {
        let error = Authority::parse(text).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.field(), Some("authority"));
    }
}

#[test]
fn the_issuer_is_the_tenant_s_own() {
    let issuer = |text: &str| Authority::parse(text).unwrap().known_endpoints().unwrap().issuer;
    let host = "https://login.microsoftonline.com";
    assert_eq!(issuer(&format!("{host}/{TENANT}")), format!("{host}/{TENANT}/v2.0"));
    assert_eq!(issuer(&format!("{host}/consumers")), format!("{host}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"));
    for tenant in ["common", "organizations", "contoso.com"] {
        assert_eq!(issuer(&format!("{host}/{tenant}")), format!("{host}/{{tenantid}}/v2.0"));
    }
}

#[test]
fn an_issuer_with_a_placeholder_matches_the_token_s_own_tenant_only() {
    let expected = "https://h/{tenantid}/v2.0";
    let issued = format!("https://h/{TENANT}/v2.0");
    assert!(issuer_matches(expected, &issued, Some(TENANT)));
    assert!(!issuer_matches(expected, &issued, Some("99999999-2222-3333-4444-555555555555")));
    assert!(!issuer_matches(expected, &issued, None));
    assert!(!issuer_matches(expected, "https://h/../evil/v2.0", Some("../evil")), "a tenant is a GUID");
    assert!(issuer_matches("https://h", "https://h", None));
    assert!(!issuer_matches("https://h", "https://h/", None), "exactly as discovered");
}
