//! protocol/authority.rs

use doorcode::protocol::authority::{Authority, Kind, issuer_matches};
use doorcode::protocol::trust::Trust;

use crate::sim::openid;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

fn parse(text: &str) -> Authority {
    Authority::parse(text, &openid()).unwrap()
}

fn knowing(hosts: &[&str]) -> Trust {
    let mut trust = openid();
    trust.hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    trust
}

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
        let authority = parse(text);
        let endpoints = authority.known_endpoints().unwrap();
        assert_eq!(
            endpoints.device_authorization.unwrap(),
            format!("https://{network}/{tenant}/oauth2/v2.0/devicecode")
        );
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
        let authority = parse(text);
        assert_eq!(authority.known_endpoints(), None);
        assert_eq!(authority.discovery_url(), discovery);
        assert_eq!(authority.environment(), environment);
        assert!(!authority.is_microsoft());
    }
}

#[test]
fn what_sort_of_server_it_is_says_where_its_document_is() {
    let default = Trust::default();
    let known = {
        let mut trust = Trust::default();
        trust.know(&["login.contoso.example".to_owned(), "127.0.0.1:8443".to_owned()]).unwrap();
        trust
    };
    let cases = [
        (
            &default,
            "https://contoso.ciamlogin.com/",
            Kind::ExternalId,
            "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0",
        ),
        (
            &default,
            "https://contoso.ciamlogin.com/Contoso.com",
            Kind::ExternalId,
            "https://contoso.ciamlogin.com/Contoso.com/v2.0",
        ),
        (&default, "https://contoso.ciamlogin.com/t/v2.0/", Kind::ExternalId, "https://contoso.ciamlogin.com/t/v2.0"),
        (
            &default,
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_x",
            Kind::B2c,
            "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_x/v2.0",
        ),
        (
            &default,
            "https://login.microsoftonline.com/tfp/contoso.onmicrosoft.com/B2C_1_x",
            Kind::B2c,
            "https://login.microsoftonline.com/tfp/contoso.onmicrosoft.com/B2C_1_x/v2.0",
        ),
        (&default, "https://fs.contoso.example/adfs/", Kind::Adfs, "https://fs.contoso.example/adfs"),
        (&default, "https://fs.contoso.example/ADFS", Kind::Adfs, "https://fs.contoso.example/ADFS"),
        (&default, "https://login.contoso.example/t", Kind::Unknown, "https://login.contoso.example/t"),
        (&default, "https://ciamlogin.com.evil.example/", Kind::Unknown, "https://ciamlogin.com.evil.example"),
        (&default, "http://127.0.0.1:3000/Realm", Kind::OpenId, "http://127.0.0.1:3000/Realm"),
        (&known, "https://login.contoso.example/t", Kind::CustomDomain, "https://login.contoso.example/t/v2.0"),
        (&known, "https://127.0.0.1:8443/t", Kind::CustomDomain, "https://127.0.0.1:8443/t/v2.0"),
        (&openid(), "https://login.contoso.example/t", Kind::OpenId, "https://login.contoso.example/t"),
        (&openid(), "https://contoso.ciamlogin.com/t", Kind::ExternalId, "https://contoso.ciamlogin.com/t/v2.0"),
    ];
    for (trust, text, kind, document) in cases {
        let authority = Authority::parse(text, trust).unwrap();
        assert_eq!(*authority.kind(), kind, "{text}");
        assert_eq!(authority.discovery_url(), format!("{document}/.well-known/openid-configuration"));
        let is_microsoft = matches!(kind, Kind::ExternalId | Kind::B2c | Kind::CustomDomain);
        assert_eq!(authority.is_microsoft(), is_microsoft, "{text}");
    }
    assert_eq!(
        Authority::parse("https://login.new.example/a&b", &default).unwrap().instance_discovery_url(),
        "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=https%3A%2F%2Flogin.new.example%2Fa%26b%2Foauth2%2Fv2.0%2Fauthorize"
    );
}

#[test]
fn an_issuer_belongs_to_the_authority_or_is_refused() {
    const OTHER: &str = "99999999-2222-3333-4444-555555555555";
    let entra = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let guid = format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0");
    let realm = "https://id.example/Realm";
    let custom = format!("https://login.contoso.example/{TENANT}");
    let custom_domain = || {
        let mut trust = knowing(&["login.contoso.example"]);
        trust.speaks_openid = false;
        trust
    };
    let (contoso, adfs) = ("https://contoso.ciamlogin.com/", "https://fs.contoso.example/adfs");
    let own = format!("{contoso}{TENANT}");
    let cases: &[(&str, &str, Trust, bool)] = &[
        (realm, "https://id.example/Realm", openid(), true),
        (realm, "https://id.example/Realm/", openid(), true),
        (realm, "https://id.example/realm", openid(), false),
        (realm, "https://id.example", openid(), false),
        (realm, "http://id.example/Realm", openid(), false),
        (realm, "https://id.example/Realm?x", openid(), false),
        (realm, "https://id.example/Realm#x", openid(), false),
        (realm, "https://evil.example/Realm", openid(), false),
        (realm, "x", openid(), false),
        (realm, &entra, openid(), false),
        (realm, &guid, openid(), false),
        (realm, "https://id.example/Other", knowing(&["id.example"]), false),
        (realm, "https://issuer.example/x", knowing(&["issuer.example"]), true),
        (realm, "http://localhost/x", knowing(&["localhost"]), false),
        (contoso, &guid, openid(), true),
        (contoso, &format!("{contoso}{TENANT}/v2.0"), openid(), true),
        (contoso, &format!("https://{TENANT}.ciamlogin.com/{OTHER}/v2.0"), openid(), false),
        (contoso, "https://fabrikam.ciamlogin.com/fabrikam.onmicrosoft.com/v2.0", openid(), false),
        (contoso, &entra, openid(), false),
        (&own, &guid, openid(), true),
        (&own, &format!("https://{OTHER}.ciamlogin.com/{OTHER}/v2.0"), openid(), false),
        (&custom, &guid, openid(), false),
        (&custom, &guid, knowing(&["login.contoso.example"]), true),
        (&custom, &guid, custom_domain(), true),
        (&custom, &format!("{custom}/v2.0"), custom_domain(), true),
        (&custom, &format!("https://{OTHER}.ciamlogin.com/{OTHER}/v2.0"), custom_domain(), false),
        (&custom, &entra, custom_domain(), false),
        (adfs, adfs, Trust::default(), true),
        ("https://fs.contoso.example/ADFS", adfs, Trust::default(), true),
        (adfs, "http://fs.contoso.example/adfs", Trust::default(), false),
        (adfs, &entra, Trust::default(), false),
    ];
    for (authority, issuer, trust, is_its_own) in cases {
        let parsed = Authority::parse(authority, trust).unwrap();
        assert_eq!(parsed.accepts_issuer(issuer, trust), *is_its_own, "{authority} {issuer}");
    }
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
        let error = Authority::parse(text, &Trust::default()).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.field(), Some("authority"));
    }
}

#[test]
fn the_issuer_is_the_tenant_s_own() {
    let issuer = |text: &str| parse(text).known_endpoints().unwrap().issuer.unwrap();
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

/// Hosts that somebody has vouched for, spoken to as Entra is.
fn vouched_for(hosts: &[&str]) -> Trust {
    let mut trust = knowing(hosts);
    trust.speaks_openid = false;
    trust
}

#[test]
fn what_is_filed_elsewhere_is_another_server_s() {
    let cases = [
        ("https://id.example:8443/r", "ID.example:8443", true),
        ("https://id.example:8443/r", "id.example", false),
        ("https://id.example", "login.windows.net", false),
        ("https://login.microsoftonline.com/t", "STS.windows.net", true),
        ("https://login.microsoftonline.com/t", "login.microsoftonline.us", false),
    ];
    for (authority, environment, is_there) in cases {
        assert_eq!(parse(authority).is_filed_under(environment), is_there, "{authority} {environment}");
    }
}

#[test]
fn a_tenant_is_told_by_an_issuer_of_the_cloud_alone() {
    let authority = parse("https://login.microsoftonline.com/contoso.com");
    let tenant = |issuer: &str| authority.tenant_of_issuer(issuer);
    let guest = "AAAAAAAA-2222-3333-4444-555555555555";
    assert_eq!(tenant(&format!("https://sts.windows.net/{guest}/")), Some(guest.to_lowercase()));
    assert_eq!(tenant(&format!("https://evil.example/{TENANT}/v2.0")), None);
    assert_eq!(tenant("https://login.microsoftonline.com/contoso.com/v2.0"), None);
    assert_eq!(parse("https://id.example").tenant_of_issuer(&format!("https://id.example/{TENANT}")), None);
    assert_eq!(authority.in_tenant(guest).first_segment(), guest.to_lowercase());
}

#[test]
fn an_administrator_consents_in_the_authority_s_tenant() {
    let custom = vouched_for(&["login.contoso.example"]);
    let cases = [
        ("https://login.microsoftonline.com/Contoso.com", "contoso.com"),
        ("https://login.microsoftonline.com/common", "organizations"),
        ("https://login.microsoftonline.com/consumers", "organizations"),
        ("https://contoso.ciamlogin.com", "contoso.onmicrosoft.com"),
        ("https://login.contoso.example/t", "t"),
        ("https://fs.contoso.example/adfs", "organizations"),
    ];
    for (authority, tenant) in cases {
        assert_eq!(Authority::parse(authority, &custom).unwrap().place("client", true).tenant, tenant, "{authority}");
    }
}

#[test]
fn which_host_it_is_tells_what_a_path_means() {
    let known = knowing(&["login.contoso.example"]);
    let custom = vouched_for(&["login.contoso.example"]);
    let policy = "https://login.contoso.example/tfp/contoso.onmicrosoft.com/B2C_1_x";
    assert_eq!(*Authority::parse(policy, &custom).unwrap().kind(), Kind::B2c);
    assert_eq!(*Authority::parse(policy, &known).unwrap().kind(), Kind::OpenId);
    assert_eq!(*Authority::parse(policy, &Trust::default()).unwrap().kind(), Kind::Unknown);
    let guid = Authority::parse(&format!("https://{TENANT}.ciamlogin.com/"), &custom).unwrap();
    assert_eq!(guid.canonical(), format!("https://{TENANT}.ciamlogin.com/{TENANT}/"));
}

#[test]
fn an_issuer_of_the_same_customer_or_of_a_host_vouched_for_will_do() {
    let custom = |more: &str| vouched_for(&["login.contoso.example", more]);
    let b2c = "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_x";
    let named = "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0";
    let cases = [
        ("https://contoso.ciamlogin.com/t", "https://login.contoso.example/t/v2.0", custom(""), true),
        ("https://contoso.ciamlogin.com/t", "https://login.contoso.example/t/v2.0", openid(), false),
        ("https://login.contoso.example/t", "https://issuer.example/x", custom("issuer.example"), true),
        ("https://login.contoso.example/t", "https://issuer.example/x", custom(""), false),
        ("https://login.contoso.example/contoso.onmicrosoft.com", named, custom(""), true),
        ("https://login.contoso.example/Contoso", named, custom(""), true),
        ("https://login.contoso.example/fabrikam.onmicrosoft.com", named, custom(""), false),
        (b2c, "https://contoso.b2clogin.com/x/v2.0/", openid(), true),
        (b2c, "https://fabrikam.b2clogin.com/x/v2.0/", openid(), false),
    ];
    for (authority, issuer, trust, is_its_own) in cases {
        let parsed = Authority::parse(authority, &trust).unwrap();
        assert_eq!(parsed.accepts_issuer(issuer, &trust), is_its_own, "{authority} {issuer}");
    }
}
