//! protocol/discovery.rs and protocol/cloud.rs: a document is believed as far as the authority that was asked.

use doorcode::protocol::authority::{Authority, Kind};
use doorcode::protocol::cloud;
use doorcode::protocol::discovery::{document, endpoints};
use doorcode::protocol::trust::Trust;
use doorcode::protocol::url::Url;

use super::input;
use super::secrecy::shown;
use crate::sim::openid;

/// Each with the hosts that may speak for it.
const AUTHORITIES: [(&str, &str); 5] = [
    ("https://id.example/realms/One", "id.example"),
    ("http://localhost:8080/one", "localhost"),
    ("https://customer.ciamlogin.com/customer.onmicrosoft.com", "customer.ciamlogin.com"),
    ("https://fs.example/adfs", "fs.example"),
    ("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "login.microsoftonline.com"),
];

/// Takes the reply to a request for a document.
pub fn run(bytes: &[u8]) {
    let reply = input::reply(&String::from_utf8_lossy(bytes));
    let url = "https://id.example/.well-known/openid-configuration";
    let document = match document(url, &reply) {
        Ok(document) => document,
        Err(error) => {
            let text = shown(&error);
            assert!(error.url() == Some(url) && !error.to_string().contains(['\n', '\r', '\u{1b}']), "{text}");
            return;
        }
    };
    assert_eq!(reply.status, 200);
    for cloud in cloud::listed(&document).into_iter().flatten() {
        for host in [&cloud.network, &cloud.environment] {
            assert!(Url::parse(&format!("https://{host}")).is_ok_and(|url| url.host_and_port() == **host), "{host}");
        }
    }
    let mut trust = Trust::default();
    // That it is anything but an error is all that can be said of it here.
    let _ = trust.read_clouds(reply.body.expose());
    for (address, host) in AUTHORITIES {
        let authority = Authority::parse(address, &openid()).expect("an authority");
        let endpoints = match endpoints(&authority, &openid(), url, &document) {
            Ok(endpoints) => endpoints,
            Err(error) => {
                assert!(!error.to_string().contains(['\n', '\r', '\u{1b}']), "{error}");
                continue;
            }
        };
        let issuer = endpoints.issuer.as_deref().expect("the issuer was checked");
        let speaks = Url::parse(&issuer.replace("{tenantid}", "x")).expect("a URL");
        let is_one_cloud = matches!(authority.kind(), Kind::Entra { cloud, .. } if cloud.is_named(speaks.host()));
        let is_below = host.ends_with(".ciamlogin.com") && speaks.host().ends_with(".ciamlogin.com");
        assert!(speaks.host() == host || is_one_cloud || is_below, "{issuer} speaks for {address}");
        let others = [&endpoints.device_authorization, &endpoints.authorization, &endpoints.end_session];
        for endpoint in others.into_iter().flatten().chain([&endpoints.token]) {
            let url = Url::parse(endpoint).expect("a URL");
            assert!(!url.is_plain() || address.starts_with("http:"), "{endpoint} for {address}");
        }
    }
}
