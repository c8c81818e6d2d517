//! What the program itself says of the authorities it uses: `protocolMode`, `knownAuthorities`, `cloudDiscoveryMetadata` and
//! `authorityMetadata` of MSAL's configuration; and what Microsoft's instance discovery has added to that.

use crate::error::{Error, Fault};
use crate::protocol::cloud::{self, Cloud};
use crate::protocol::json::{self, Object};
use crate::protocol::url::Url;

/// Whom the program trusts, and what it knows of them without asking.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// `protocolMode: "OIDC"`: a host that is not known to be Microsoft's is an OpenID provider.
    pub speaks_openid: bool,
    /// Hosts in lower case, with their ports, that somebody has vouched for: the program, or Microsoft.
    pub hosts: Vec<String>,
    /// Clouds beside those that are built in.
    pub clouds: Vec<Cloud>,
    /// The authority whose endpoints the program gave.
    pub(crate) described: Option<Described>,
}

/// A server as the program describes it ([`crate::protocol::described`]).
#[derive(Debug, Clone)]
pub(crate) struct Described {
    /// Its host and port, as the program wrote them.
    pub(crate) host: String,
    /// Where caches file what is its, and its canonical form. Empty until what sort of server it is has been found out, which
    /// depends on its being described.
    pub(crate) environment: String,
    pub(crate) authority: String,
    /// Its discovery document, as far as it is used.
    pub(crate) metadata: Object,
}

impl Trust {
    /// Understands MSAL's `knownAuthorities`: host names, or URLs of which the host counts.
    ///
    /// # Errors
    /// [`Fault::InvalidConfiguration`] for what is neither.
    pub fn know(&mut self, authorities: &[String]) -> Result<(), Error> {
        for text in authorities.iter().filter(|text| !text.trim().is_empty()) {
            let host = text.trim().split_once("://").map_or(text.trim(), |(_, host)| host);
            let url = Url::parse(&format!("https://{host}")).map_err(|problem| Fault::InvalidConfiguration {
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
    /// [`Fault::InvalidCloudMetadata`] for what is not that.
    pub fn read_clouds(&mut self, text: &str) -> Result<(), Error> {
        let object = json::object(text).map_err(|problem| Fault::InvalidCloudMetadata { problem })?;
        let clouds = cloud::listed(&object)
            .ok_or_else(|| Fault::InvalidCloudMetadata { problem: "it has no list named metadata".to_owned() })?;
        self.clouds.extend(clouds);
        Ok(())
    }

    /// Whether somebody has vouched for a host (with its port).
    #[must_use]
    pub fn knows(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| known == host)
    }

    /// Whether the program described a server at a host (with its port).
    #[must_use]
    pub fn describes_host(&self, host: &str) -> bool {
        self.described.as_ref().is_some_and(|described| described.host == host)
    }

    /// Whether the program described a server there that knows nothing of OpenID.
    #[must_use]
    pub fn describes_plain_oauth(&self, host: &str) -> bool {
        let is_plain = |described: &Described| !described.metadata.has("issuer");
        self.describes_host(host) && self.described.as_ref().is_some_and(is_plain)
    }

    /// The cloud that a host belongs to, as the program or Microsoft says.
    #[must_use]
    pub fn cloud(&self, host: &str) -> Option<&Cloud> {
        self.clouds.iter().find(|cloud| cloud.is_named(host))
    }
}
