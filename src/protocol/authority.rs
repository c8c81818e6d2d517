//! Who is asked: the authority a program names, and what is known of it without asking.
//!
//! Entra's public and national clouds have fixed endpoints, so no discovery is needed for them. Of any other host the endpoints are
//! discovered ([`crate::protocol::discovery`]), where and by whose word depends on its [`Kind`]. Paths keep their case.

use crate::error::{Error, Fault};
use crate::protocol::cloud::Cloud;
use crate::protocol::remedy::Place;
use crate::protocol::text::percent_encoded;
use crate::protocol::trust::Trust;
use crate::protocol::url::{Url, UrlProblem};

/// MSAL's default: work, school and personal accounts of the public cloud.
pub const DEFAULT_AUTHORITY: &str = "https://login.microsoftonline.com/common/";

/// The host of Entra's public cloud, and the name for whichever tenant an account is of.
const PUBLIC_CLOUD: &str = "login.microsoftonline.com";
const ORGANIZATIONS: &str = "organizations";

/// The tenant that all personal Microsoft accounts belong to.
const CONSUMERS_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Stands for the tenant's id in the issuer of an authority that serves many tenants, as in Entra's own metadata.
pub(crate) const TENANT_PLACEHOLDER: &str = "{tenantid}";

/// What is appended to a tenant's first domain.
const FIRST_DOMAIN: &str = ".onmicrosoft.com";

/// External ID for customers gives each tenant a host of its own.
const EXTERNAL_ID: &str = ".ciamlogin.com";

/// So does Azure AD B2C.
const B2C: &str = ".b2clogin.com";

/// The host that knows all of Entra's clouds, and the document in which it tells.
const INSTANCE_DISCOVERY: &str =
    "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=";

/// What sort of server an authority is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A cloud of Entra ID, and the tenant in it: a GUID, a domain, `organizations`, `common` or `consumers`.
    Entra {
        /// The cloud that the host belongs to.
        cloud: Cloud,
        /// The first part of the path.
        tenant: String,
    },
    /// External ID for customers, at a tenant's host below `ciamlogin.com`.
    ExternalId,
    /// Azure AD B2C.
    B2c,
    /// A customer's own host that speaks as Entra does. Somebody has vouched for it.
    CustomDomain,
    /// AD FS, on anybody's host.
    Adfs,
    /// Any OpenID provider, or OAuth server.
    OpenId,
    /// A host that nobody has vouched for yet: Microsoft is to be asked whether it is one of its clouds.
    Unknown,
}

/// An authority, as the program named it and as it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    url: Url,
    kind: Kind,
}

/// Where requests are sent, and who must have issued what comes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// RFC 8628 section 3.1; none where the server does not say that it has one.
    pub device_authorization: Option<String>,
    /// RFC 8628 section 3.4.
    pub token: String,
    /// The `iss` of ID tokens; may contain `{tenantid}`. None where the server is no OpenID provider: an ID token of its is not
    /// looked at.
    pub issuer: Option<String>,
    /// Whether the server says that it knows PKCE with S256 (RFC 7636).
    pub takes_pkce: bool,
    /// RFC 6749 section 3.1; none where the server does not say that it has one.
    pub authorization: Option<String>,
    /// OpenID Connect RP-Initiated Logout 1.0; none where the server does not say that it has one.
    pub end_session: Option<String>,
    /// Whether the server takes a client's secret by HTTP Basic, and not in the form.
    pub wants_basic: bool,
    /// Whether the server says that each of its answers to an authorization request names it (RFC 9207 section 3).
    pub names_itself: bool,
}

/// An authority and its endpoints: all that a request needs to know of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Who is asked.
    pub authority: Authority,
    /// Where.
    pub endpoints: Endpoints,
}

impl Server {
    /// Whether it is Microsoft's, and may be sent parameters that only Microsoft knows. A host of a customer's own is, where its
    /// issuer is External ID.
    #[must_use]
    pub fn is_microsoft(&self) -> bool {
        self.authority.is_microsoft() || self.has_external_id_issuer()
    }

    /// Whether it behaves as Microsoft's do: one of them, or AD FS, which is on anybody's host.
    #[must_use]
    pub fn speaks_as_microsoft(&self) -> bool {
        self.is_microsoft() || self.authority.kind == Kind::Adfs
    }

    /// The page on which people of External ID can type their code. The one that Microsoft's server names takes accounts of
    /// Entra's tenants only (AADSTS500208).
    #[must_use]
    pub fn external_id_page(&self) -> Option<String> {
        let is_external_id = self.authority.kind == Kind::ExternalId || self.has_external_id_issuer();
        is_external_id.then(|| format!("https://{}/common/oauth2/deviceauth", self.authority.url.host()))
    }

    fn has_external_id_issuer(&self) -> bool {
        self.endpoints.issuer.as_deref().is_some_and(is_external_id)
    }
}

/// Whether an issuer is External ID's.
#[must_use]
pub fn is_external_id(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| url.host().ends_with(EXTERNAL_ID))
}

impl Authority {
    /// Understands the `authority` of a configuration or a request, with what the program says of authorities.
    ///
    /// # Errors
    /// [`Fault::EmptyAuthority`], [`Fault::InsecureAuthority`], or [`Fault::MalformedAuthority`] that says what is wrong.
    pub fn parse(text: &str, trust: &Trust) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::new(Fault::EmptyAuthority));
        }
        let url = Url::parse(text).map_err(|problem| match problem {
            UrlProblem::Insecure => Fault::InsecureAuthority,
            other => Fault::MalformedAuthority { problem: other.to_string() },
        })?;
        let kind = Kind::of(&url, trust)?;
        if kind == Kind::ExternalId && url.segments().next().is_none() {
            // The tenant's first domain has the host's own name; or that is the tenant's id.
            let tenant = url.host().split('.').next().unwrap_or_default();
            let path = if is_guid(tenant) { format!("/{tenant}") } else { format!("/{tenant}{FIRST_DOMAIN}") };
            return Ok(Self { url: url.with_path(path), kind });
        }
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
            _ => format!("{}/", self.base()),
        }
    }

    /// The host under which MSAL's caches file what belongs to this authority.
    #[must_use]
    pub fn environment(&self) -> String {
        match &self.kind {
            Kind::Entra { cloud, .. } => cloud.environment.clone().into_owned(),
            _ => self.host_and_port(),
        }
    }

    /// Whether caches may file what belongs to this authority under that host.
    #[must_use]
    pub fn is_filed_under(&self, environment: &str) -> bool {
        match &self.kind {
            // Which need not be one of the names that people use.
            Kind::Entra { cloud, .. } => {
                cloud.is_named(environment) || cloud.environment.eq_ignore_ascii_case(environment)
            }
            _ => self.host_and_port().eq_ignore_ascii_case(environment),
        }
    }

    /// The host, with the port where it is not the scheme's own.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        self.url.host_and_port()
    }

    /// The first part of the path: the tenant, where there is such a thing. Empty where there is none.
    #[must_use]
    pub fn first_segment(&self) -> String {
        match &self.kind {
            Kind::Entra { tenant, .. } => tenant.clone(),
            _ => self.url.segments().next().unwrap_or_default().to_owned(),
        }
    }

    /// What a client's own tokens are filed under: the tenant, or of OpenID providers, many of which may share a host, the whole path.
    #[must_use]
    pub fn realm(&self) -> String {
        match &self.kind {
            Kind::OpenId => self.url.segments().collect::<Vec<_>>().join("/"),
            _ => self.first_segment(),
        }
    }

    /// The same cloud, another tenant. Other servers have no tenants.
    #[must_use]
    pub fn in_tenant(&self, tenant: &str) -> Self {
        let kind = match &self.kind {
            Kind::Entra { cloud, .. } => Kind::Entra { cloud: cloud.clone(), tenant: tenant.to_ascii_lowercase() },
            other => other.clone(),
        };
        Self { url: self.url.clone(), kind }
    }

    /// The tenant's id, from the issuer that its document names.
    #[must_use]
    pub fn tenant_of_issuer(&self, issuer: &str) -> Option<String> {
        let Kind::Entra { cloud, .. } = &self.kind else {
            return None;
        };
        let url = Url::parse(issuer).ok().filter(|url| cloud.is_named(url.host()))?;
        let tenant = url.segments().next().filter(|tenant| is_guid(tenant))?;
        Some(tenant.to_ascii_lowercase())
    }

    /// Where this client and this authority have their pages, for who looks for advice. Only Microsoft's servers have numbers that mean
    /// something.
    #[must_use]
    pub fn place(&self, client_id: &str, is_microsoft: bool) -> Place {
        let (login, tenant) = match &self.kind {
            Kind::Entra { cloud, tenant } => (&*cloud.network, tenant.clone()),
            Kind::ExternalId | Kind::CustomDomain => (PUBLIC_CLOUD, self.first_segment()),
            _ => (PUBLIC_CLOUD, ORGANIZATIONS.to_owned()),
        };
        // An administrator consents for a tenant of theirs, which the authority need not name.
        let tenant = if matches!(&*tenant, "common" | "consumers") { ORGANIZATIONS.to_owned() } else { tenant };
        let page_host = (self.kind == Kind::ExternalId).then(|| self.host_and_port());
        Place { client_id: client_id.to_owned(), tenant, login: login.to_owned(), page_host, is_microsoft }
    }

    /// Whether the host is Microsoft's, and may be sent parameters that only Microsoft knows.
    #[must_use]
    pub const fn is_microsoft(&self) -> bool {
        matches!(self.kind, Kind::Entra { .. } | Kind::ExternalId | Kind::B2c | Kind::CustomDomain)
    }

    /// The endpoints, where they are known without asking: those of Entra's clouds.
    #[must_use]
    pub fn known_endpoints(&self) -> Option<Endpoints> {
        let Kind::Entra { cloud, tenant } = &self.kind else {
            return None;
        };
        if !cloud.is_built_in() {
            return None;
        }
        let base = format!("https://{}/{tenant}/oauth2/v2.0", cloud.network);
        let issuing_tenant = match tenant.as_str() {
            "consumers" => CONSUMERS_TENANT,
            guid if is_guid(guid) => guid,
            _ => TENANT_PLACEHOLDER,
        };
        Some(Endpoints {
            device_authorization: Some(format!("{base}/devicecode")),
            token: format!("{base}/token"),
            issuer: Some(format!("https://{}/{issuing_tenant}/v2.0", cloud.network)),
            takes_pkce: false,
            authorization: Some(format!("{base}/authorize")),
            end_session: Some(format!("{base}/logout")),
            wants_basic: false,
            names_itself: false,
        })
    }

    /// Where the discovery document is (OpenID Connect Discovery 1.0 section 4): behind `v2.0` where the server is Entra's. An
    /// authority that already names the document is taken at its word.
    #[must_use]
    pub fn discovery_url(&self) -> String {
        let base = self.canonical();
        let base = base.trim_end_matches('/');
        let version = if self.is_microsoft() && !base.ends_with("/v2.0") { "/v2.0" } else { "" };
        format!("{base}{version}{DISCOVERY_PATH}")
    }

    /// Where Microsoft tells whether the host is one of its clouds.
    #[must_use]
    pub fn instance_discovery_url(&self) -> String {
        let asked = format!("{}oauth2/v2.0/authorize", self.canonical());
        format!("{INSTANCE_DISCOVERY}{}", percent_encoded(&asked))
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

    /// Whether an issuer belongs to this authority.
    ///
    /// - An OpenID provider is its own issuer; a slash at the end makes no difference.
    /// - Entra's tenants have the cloud's host in their issuer.
    /// - External ID, and hosts that speak as Entra does, name themselves, or the same tenant below `ciamlogin.com`.
    /// - A host that the program has vouched for may be another's issuer, as with MSAL.
    #[must_use]
    pub fn accepts_issuer(&self, issuer: &str, trust: &Trust) -> bool {
        // A placeholder is no part of a URL.
        let Ok(url) = Url::parse(&issuer.replace(TENANT_PLACEHOLDER, CONSUMERS_TENANT)) else {
            return false;
        };
        if issuer.contains(['?', '#']) {
            return false;
        }
        let is_same = url.without_query().trim_end_matches('/') == self.base();
        let is_same_origin = url.origin() == self.url.origin();
        let is_vouched_for = !url.is_plain() && trust.knows(&url.host_and_port());
        match &self.kind {
            Kind::Entra { cloud, .. } => !url.is_plain() && cloud.is_named(url.host()),
            Kind::ExternalId => is_same_origin || self.is_same_customer(&url, true) || is_vouched_for,
            Kind::CustomDomain | Kind::B2c => is_same_origin || self.is_same_customer(&url, false) || is_vouched_for,
            // Its paths are Windows', where capitals make no difference.
            Kind::Adfs => url.without_query().trim_end_matches('/').eq_ignore_ascii_case(&self.base()),
            Kind::OpenId | Kind::Unknown => {
                let is_own = trust.knows(&self.host_and_port()) && self.is_same_customer(&url, false);
                is_same || is_own || (is_vouched_for && !is_same_origin)
            }
        }
    }

    /// Whether an issuer below `ciamlogin.com` is of the tenant that this authority's path names: by its id, or by its first domain.
    /// With `is_known` the authority is below it as well, and any tenant id will do that the issuer is consistent in.
    fn is_same_customer(&self, issuer: &Url, is_known: bool) -> bool {
        let Some(host) = issuer.host().strip_suffix(EXTERNAL_ID) else {
            return false;
        };
        let first = self.first_segment().to_ascii_lowercase();
        let own = first.strip_suffix(FIRST_DOMAIN).unwrap_or(&first);
        let path = issuer.segments().next().unwrap_or(host).to_ascii_lowercase();
        let named = path.strip_suffix(FIRST_DOMAIN).unwrap_or(&path);
        named == host && (named == own || (is_known && is_guid(named) && !is_guid(own)))
    }

    /// Scheme, host, port and path, without a slash at the end.
    fn base(&self) -> String {
        let whole = self.url.without_query();
        let base = whole.trim_end_matches('/');
        base.strip_suffix(DISCOVERY_PATH).unwrap_or(base).to_owned()
    }
}

impl Kind {
    fn of(url: &Url, trust: &Trust) -> Result<Self, Error> {
        let first = url.segments().next().unwrap_or_default();
        let host = url.host_and_port();
        let cloud = trust.cloud(&host).cloned().or_else(|| Cloud::built_in(&host));
        let is_policy = first.eq_ignore_ascii_case("tfp") && (cloud.is_some() || trust.knows(&host));
        Ok(if url.host().ends_with(B2C) || (is_policy && !trust.speaks_openid) {
            Self::B2c
        } else if let Some(cloud) = cloud {
            if first.is_empty() {
                return Err(Error::new(Fault::MalformedAuthority {
                    problem: format!(
                        "it names no tenant: add one, as in https://{host}/organizations or https://{host}/contoso.com"
                    ),
                }));
            }
            Self::Entra { cloud, tenant: first.to_ascii_lowercase() }
        } else if url.host().ends_with(EXTERNAL_ID) {
            Self::ExternalId
        } else if first.eq_ignore_ascii_case("adfs") {
            Self::Adfs
        } else if trust.speaks_openid || trust.describes_plain_oauth(&host) {
            Self::OpenId
        } else if trust.knows(&host) {
            Self::CustomDomain
        } else if url.is_loopback() || trust.describes_host(&host) {
            // Microsoft cannot know a server on this machine, and need not be asked of one that the program describes.
            Self::OpenId
        } else {
            Self::Unknown
        })
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

/// 8-4-4-4-12 hexadecimal digits.
#[must_use]
pub fn is_guid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
