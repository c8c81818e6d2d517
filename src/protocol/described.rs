//! Servers that the program describes itself, by MSAL's `authorityMetadata`; and which endpoints need not be asked for.

use crate::error::{Error, Fault};
use crate::protocol::authority::{Authority, Endpoints, TENANT_PLACEHOLDER, is_guid};
use crate::protocol::discovery;
use crate::protocol::json::{self, Value};
use crate::protocol::trust::{Described, Trust};
use crate::protocol::url::Url;

/// Understands the program's authority, and MSAL's `authorityMetadata`: the JSON text of its discovery document.
///
/// # Errors
/// [`Authority::parse`]'s; [`Fault::InvalidAuthorityMetadata`].
pub fn describe(trust: &mut Trust, authority: &str, metadata: &str) -> Result<Authority, Error> {
    let metadata = json::object(metadata).map_err(|problem| Fault::InvalidAuthorityMetadata { problem })?;
    let metadata = metadata.into_iter().filter(|(name, _)| discovery::MEMBERS.contains(&name.as_str())).collect();
    let host = Url::parse(authority.trim()).map(|url| url.host_and_port()).unwrap_or_default();
    trust.described = Some(Described { host, environment: String::new(), authority: String::new(), metadata });
    let authority = Authority::parse(authority, trust)?;
    if let Some(described) = &mut trust.described {
        described.environment = authority.environment();
        described.authority = authority.canonical();
    }
    endpoints(trust, &authority).transpose()?;
    Ok(authority)
}

/// Whether the program gave the endpoints of an authority.
#[must_use]
pub fn is_described(trust: &Trust, authority: &Authority) -> bool {
    endpoints(trust, authority).is_some()
}

/// The endpoints that need not be asked for: those that the program gave, and those of Entra's clouds. What was given for one tenant
/// is used for no other, unless it leaves the tenant open.
#[must_use]
pub fn known_endpoints(trust: &Trust, authority: &Authority) -> Option<Endpoints> {
    match endpoints(trust, authority) {
        Some(Ok(endpoints)) => Some(endpoints),
        _ => authority.known_endpoints(),
    }
}

fn endpoints(trust: &Trust, authority: &Authority) -> Option<Result<Endpoints, Error>> {
    let described = trust.described.as_ref().filter(|described| described.environment == authority.environment())?;
    let is_open = json::text(&described.metadata, "token_endpoint").is_some_and(names_any_tenant);
    if described.authority != authority.canonical() && !is_open {
        return None;
    }
    let tenant = authority.first_segment();
    let mut metadata = described.metadata.clone();
    for (name, value) in described.metadata.iter() {
        let in_tenant = match value.as_str() {
            // The issuer of many tenants stays open, to be held against each token's own.
            Some(text) if name == "issuer" && !is_guid(&tenant) => in_tenant(text, TENANT_PLACEHOLDER),
            Some(text) => in_tenant(text, &tenant),
            None => continue,
        };
        metadata.set(name, Value::Text(in_tenant));
    }
    let endpoints = discovery::described(authority, &metadata);
    Some(endpoints.map_err(|problem| Fault::InvalidAuthorityMetadata { problem }.into()))
}

const OPEN_TENANTS: [&str; 2] = ["{tenantid}", "{tenant}"];

fn names_any_tenant(text: &str) -> bool {
    OPEN_TENANTS.iter().any(|open| text.contains(open))
}

fn in_tenant(text: &str, tenant: &str) -> String {
    OPEN_TENANTS.iter().fold(text.to_owned(), |text, open| text.replace(open, tenant))
}
