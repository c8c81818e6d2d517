//! What the program itself says of the authorities it uses: `protocolMode`, `knownAuthorities`, `cloudDiscoveryMetadata` and
//! `authorityMetadata` of MSAL's configuration; and what Microsoft's instance discovery has added to that.

use serde_json::Value;

use crate::error::Error;
use crate::protocol::authority::{Authority, Cloud, Endpoints, TENANT_PLACEHOLDER, is_guid};
use crate::protocol::discovery;
use crate::protocol::json::{self, Object};
use crate::protocol::url::Url;

/// Whom the program trusts, and what it knows of them without asking.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// `protocolMode: "OIDC"`: a host that is not known to be Microsoft's is an OpenID provider.
    pub speaks_openid: bool,
    /// Hosts, with their ports, that somebody has vouched for: the program, or Microsoft.
    pub hosts: Vec<String>,
    /// Clouds beside those that are built in.
    pub clouds: Vec<Cloud>,
    /// The authority whose endpoints the program gave.
    described: Option<Described>,
}

#[derive(Debug, Clone)]
struct Described {
    /// Its host and port, as the program wrote them.
    host: String,
    /// None until what sort of server it is has been found out, which depends on its being described.
    authority: Option<Authority>,
    metadata: Object,
}

impl Trust {
    /// Understands MSAL's `knownAuthorities`: host names, or URLs of which the host counts.
    ///
    /// # Errors
    /// [`Error::InvalidConfiguration`] for what is neither.
    pub fn know(&mut self, authorities: &[String]) -> Result<(), Error> {
        for text in authorities.iter().filter(|text| !text.trim().is_empty()) {
            let host = text.trim().split_once("://").map_or(text.trim(), |(_, host)| host);
            let url = Url::parse(&format!("https://{host}")).map_err(|problem| Error::InvalidConfiguration {
                field: "auth.knownAuthorities",
                fix: format!("{problem}; name hosts, such as \"login.contoso.com\""),
            })?;
            self.hosts.push(url.host_and_port());
        }
        Ok(())
    }

    /// Understands MSAL's `cloudDiscoveryMetadata`: the JSON text that instance discovery answers with.
    ///
    /// # Errors
    /// [`Error::InvalidCloudMetadata`] for what is not that.
    pub fn read_clouds(&mut self, text: &str) -> Result<(), Error> {
        let object = json::object(text).map_err(|problem| Error::InvalidCloudMetadata { problem })?;
        let clouds = discovery::clouds(&object)
            .ok_or_else(|| Error::InvalidCloudMetadata { problem: "it has no list named metadata".to_owned() })?;
        self.clouds.extend(clouds);
        Ok(())
    }

    /// Understands the program's authority, and MSAL's `authorityMetadata`: the JSON text of its discovery document.
    ///
    /// # Errors
    /// [`Authority::parse`]'s; [`Error::InvalidAuthorityMetadata`].
    pub fn describe(&mut self, authority: &str, metadata: &str) -> Result<Authority, Error> {
        let mut metadata = json::object(metadata).map_err(|problem| Error::InvalidAuthorityMetadata { problem })?;
        metadata.retain(|name, _| discovery::MEMBERS.contains(&name.as_str()));
        let host = Url::parse(authority.trim()).map(|url| url.host_and_port()).unwrap_or_default();
        self.described = Some(Described { host, authority: None, metadata });
        let authority = Authority::parse(authority, self)?;
        if let Some(described) = &mut self.described {
            described.authority = Some(authority.clone());
        }
        self.endpoints(&authority).transpose()?;
        Ok(authority)
    }

    /// Whether somebody has vouched for a host (with its port).
    #[must_use]
    pub fn knows(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known.eq_ignore_ascii_case(host))
    }

    /// Whether the program gave the endpoints of an authority.
    #[must_use]
    pub fn describes(&self, authority: &Authority) -> bool {
        self.endpoints(authority).is_some()
    }

    /// Whether the program described a server at a host (with its port).
    #[must_use]
    pub fn describes_host(&self, host: &str) -> bool {
        self.described.as_ref().is_some_and(|described| described.host == host)
    }

    /// Whether the program described a server there that knows nothing of OpenID.
    #[must_use]
    pub fn describes_plain_oauth(&self, host: &str) -> bool {
        let is_plain = |described: &Described| !described.metadata.contains_key("issuer");
        self.describes_host(host) && self.described.as_ref().is_some_and(is_plain)
    }

    /// The cloud that a host belongs to, as the program or Microsoft says.
    #[must_use]
    pub fn cloud(&self, host: &str) -> Option<&Cloud> {
        self.clouds.iter().find(|cloud| cloud.is_named(host))
    }

    /// The endpoints that need not be asked for: those that the program gave, and those of Entra's clouds. What was given for one
    /// tenant is used for no other, unless it leaves the tenant open.
    #[must_use]
    pub fn known_endpoints(&self, authority: &Authority) -> Option<Endpoints> {
        match self.endpoints(authority) {
            Some(Ok(endpoints)) => Some(endpoints),
            _ => authority.known_endpoints(),
        }
    }

    fn endpoints(&self, authority: &Authority) -> Option<Result<Endpoints, Error>> {
        let described = self.described.as_ref()?;
        let own = described.authority.as_ref().filter(|own| own.environment() == authority.environment())?;
        let is_open = json::text(&described.metadata, "token_endpoint").is_some_and(names_any_tenant);
        if own.canonical() != authority.canonical() && !is_open {
            return None;
        }
        let tenant = authority.first_segment();
        let mut metadata = described.metadata.clone();
        for (name, value) in metadata.iter_mut() {
            let in_tenant = match value.as_str() {
                // The issuer of many tenants stays open, to be held against each token's own.
                Some(text) if name == "issuer" && !is_guid(&tenant) => in_tenant(text, TENANT_PLACEHOLDER),
                Some(text) => in_tenant(text, &tenant),
                None => continue,
            };
            *value = Value::from(in_tenant);
        }
        let endpoints = discovery::described(authority, &metadata);
        Some(endpoints.map_err(|problem| Error::InvalidAuthorityMetadata { problem }))
    }
}

const OPEN_TENANTS: [&str; 2] = ["{tenantid}", "{tenant}"];

fn names_any_tenant(text: &str) -> bool {
    OPEN_TENANTS.iter().any(|open| text.contains(open))
}

fn in_tenant(text: &str, tenant: &str) -> String {
    OPEN_TENANTS.iter().fold(text.to_owned(), |text, open| text.replace(open, tenant))
}
