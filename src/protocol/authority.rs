//! Who is asked: the authority a program names, and what is known of it without asking.
//!
//! Entra's public and national clouds have fixed endpoints, so no discovery is needed for them. Any other host is an
//! OpenID provider, whose endpoints are discovered ([`crate::protocol::discovery`]). Paths keep their case.

use crate::error::Error;
use crate::protocol::url::{Url, UrlProblem};

/// MSAL's default: work, school and personal accounts of the public cloud.
pub const DEFAULT_AUTHORITY: &str = "https://login.microsoftonline.com/common/";

/// The tenant that all personal Microsoft accounts belong to.
const CONSUMERS_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Stands for the tenant's id in the issuer of an authority that serves many tenants, as in Entra's own metadata.
const TENANT_PLACEHOLDER: &str = "{tenantid}";

/// A cloud of Entra ID and the names it goes by.
#[derive(Debug, PartialEq, Eq)]
pub struct Cloud {
    /// The host that is asked, and that issues ID tokens.
    pub network: &'static str,
    /// The host under which MSAL's caches file what belongs to this cloud.
    pub environment: &'static str,
    /// Every host that means this cloud.
    aliases: &'static [&'static str],
}

const CLOUDS: [Cloud; 8] = [
    Cloud {
        network: "login.microsoftonline.com",
        environment: "login.windows.net",
        aliases: &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
    },
    Cloud {
        network: "login.partner.microsoftonline.cn",
        environment: "login.partner.microsoftonline.cn",
        aliases: &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    },
    Cloud {
        network: "login.microsoftonline.us",
        environment: "login.microsoftonline.us",
        aliases: &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    },
    Cloud {
        network: "login.microsoftonline.de",
        environment: "login.microsoftonline.de",
        aliases: &["login.microsoftonline.de"],
    },
    Cloud {
        network: "login-us.microsoftonline.com",
        environment: "login-us.microsoftonline.com",
        aliases: &["login-us.microsoftonline.com"],
    },
    Cloud {
        network: "login.sovcloud-identity.fr",
        environment: "login.sovcloud-identity.fr",
        aliases: &["login.sovcloud-identity.fr"],
    },
    Cloud {
        network: "login.sovcloud-identity.de",
        environment: "login.sovcloud-identity.de",
        aliases: &["login.sovcloud-identity.de"],
    },
    Cloud {
        network: "login.sovcloud-identity.sg",
        environment: "login.sovcloud-identity.sg",
        aliases: &["login.sovcloud-identity.sg"],
    },
];

/// Microsoft's sign-in hosts beside the clouds: External ID and B2C give each customer a host of its own.
const MICROSOFT_SUFFIXES: [&str; 2] = [".ciamlogin.com", ".b2clogin.com"];

/// What sort of server an authority is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A cloud of Entra ID, and the tenant in it: a GUID, a domain, `organizations`, `common` or `consumers`.
    Entra {
        /// The cloud that the host belongs to.
        cloud: &'static Cloud,
        /// The first part of the path.
        tenant: String,
    },
    /// Any OpenID provider.
    OpenId,
}

/// An authority, as the program named it and as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    url: Url,
    kind: Kind,
}

/// Where a device flow sends its requests, and who must have issued what comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// RFC 8628 section 3.1.
    pub device_authorization: String,
    /// RFC 8628 section 3.4.
    pub token: String,
    /// The `iss` of ID tokens; may contain `{tenantid}`.
    pub issuer: String,
}

impl Authority {
    /// Understands the `authority` of a configuration or a request.
    ///
    /// # Errors
    /// [`Error::EmptyAuthority`], [`Error::InsecureAuthority`], or [`Error::MalformedAuthority`] that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::EmptyAuthority);
        }
        let url = Url::parse(text).map_err(|problem| match problem {
            UrlProblem::Insecure => Error::InsecureAuthority,
            other => Error::MalformedAuthority { problem: other.to_string() },
        })?;
        let kind = match CLOUDS.iter().find(|cloud| cloud.aliases.contains(&url.host())) {
            None => Kind::OpenId,
            Some(cloud) => match url.segments().next() {
                Some(tenant) => Kind::Entra { cloud, tenant: tenant.to_ascii_lowercase() },
                None => {
                    return Err(Error::MalformedAuthority {
                        problem: format!(
                            "it names no tenant: add one, as in https://{}/organizations or https://{0}/contoso.com",
                            url.host()
                        ),
                    });
                }
            },
        };
        Ok(Self { url, kind })
    }

    /// What sort of server it is.
    #[must_use]
    pub const fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The authority in its one written form, with a slash at the end: what results and caches call it.
    #[must_use]
    pub fn canonical(&self) -> String {
        match &self.kind {
            Kind::Entra { cloud, tenant } => format!("https://{}/{tenant}/", cloud.network),
            Kind::OpenId => format!("{}/", self.base()),
        }
    }

    /// The host under which MSAL's caches file what belongs to this authority.
    #[must_use]
    pub fn environment(&self) -> String {
        match &self.kind {
            Kind::Entra { cloud, .. } => cloud.environment.to_owned(),
            Kind::OpenId => self.url.host_and_port(),
        }
    }

    /// The same cloud, another tenant. Other servers have no tenants.
    #[must_use]
    pub fn in_tenant(&self, tenant: &str) -> Self {
        let kind = match &self.kind {
            Kind::Entra { cloud, .. } => Kind::Entra { cloud, tenant: tenant.to_ascii_lowercase() },
            Kind::OpenId => Kind::OpenId,
        };
        Self { url: self.url.clone(), kind }
    }

    /// Where a tenant's own document is, which names the tenant's id in its issuer.
    #[must_use]
    pub fn tenant_document(&self) -> String {
        format!("{}v2.0{DISCOVERY_PATH}", self.canonical())
    }

    /// The tenant's id, from the issuer that its document names.
    #[must_use]
    pub fn tenant_of_issuer(&self, issuer: &str) -> Option<String> {
        let Kind::Entra { cloud, .. } = &self.kind else {
            return None;
        };
        let tenant =
            issuer.strip_prefix("https://")?.strip_prefix(cloud.network)?.strip_prefix('/')?.strip_suffix("/v2.0")?;
        is_guid(tenant).then(|| tenant.to_ascii_lowercase())
    }

    /// Whether the host is Microsoft's, and may be sent parameters that only Microsoft knows.
    #[must_use]
    pub fn is_microsoft(&self) -> bool {
        matches!(self.kind, Kind::Entra { .. })
            || MICROSOFT_SUFFIXES.iter().any(|suffix| self.url.host().ends_with(suffix))
    }

    /// The endpoints, where they are known without asking.
    #[must_use]
    pub fn known_endpoints(&self) -> Option<Endpoints> {
        let Kind::Entra { cloud, tenant } = &self.kind else {
            return None;
        };
        let base = format!("https://{}/{tenant}/oauth2/v2.0", cloud.network);
        let issuing_tenant = match tenant.as_str() {
            "consumers" => CONSUMERS_TENANT,
            guid if is_guid(guid) => guid,
            _ => TENANT_PLACEHOLDER,
        };
        Some(Endpoints {
            device_authorization: format!("{base}/devicecode"),
            token: format!("{base}/token"),
            issuer: format!("https://{}/{issuing_tenant}/v2.0", cloud.network),
        })
    }

    /// Where the discovery document is (OpenID Connect Discovery 1.0 section 4). An authority that already names the
    /// document is taken at its word.
    #[must_use]
    pub fn discovery_url(&self) -> String {
        format!("{}{DISCOVERY_PATH}", self.base())
    }

    /// An endpoint that this authority may name, in its one written form.
    ///
    /// # Errors
    /// [`UrlProblem`]; [`UrlProblem::Insecure`] also for plain http on this machine, unless the authority is there itself: a
    /// provider elsewhere has no business naming a server here.
    pub fn endpoint(&self, text: &str) -> Result<String, UrlProblem> {
        let url = Url::parse(text)?;
        if url.is_plain() && !self.url.is_plain() { Err(UrlProblem::Insecure) } else { Ok(url.whole()) }
    }

    /// Whether an issuer is this very authority; a slash at the end makes no difference.
    #[must_use]
    pub fn is_issuer(&self, issuer: &str) -> bool {
        !issuer.contains(['?', '#'])
            && Url::parse(issuer).is_ok_and(|url| url.without_query().trim_end_matches('/') == self.base())
    }

    /// Scheme, host, port and path, without a slash at the end.
    fn base(&self) -> String {
        let whole = self.url.without_query();
        let base = whole.trim_end_matches('/');
        base.strip_suffix(DISCOVERY_PATH).unwrap_or(base).to_owned()
    }
}

const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

/// Whether an ID token's issuer is the one expected, where `{tenantid}` stands for the tenant that the token itself names.
#[must_use]
pub fn issuer_matches(expected: &str, issuer: &str, tenant: Option<&str>) -> bool {
    if !expected.contains(TENANT_PLACEHOLDER) {
        return expected == issuer;
    }
    tenant.is_some_and(|tenant| is_guid(tenant) && expected.replace(TENANT_PLACEHOLDER, tenant) == issuer)
}

/// Whether a tenant's name stands for many tenants.
#[must_use]
pub fn is_multi_tenant(tenant: &str) -> bool {
    ["common", "organizations", "consumers"].iter().any(|known| known.eq_ignore_ascii_case(tenant))
}

/// Whether two hosts mean the same cloud. Each library files under another of a cloud's names.
#[must_use]
pub fn same_environment(one: &str, other: &str) -> bool {
    let named = |cloud: &Cloud, host: &str| cloud.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host));
    one.eq_ignore_ascii_case(other) || CLOUDS.iter().any(|cloud| named(cloud, one) && named(cloud, other))
}

/// 8-4-4-4-12 hexadecimal digits.
#[must_use]
pub fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
