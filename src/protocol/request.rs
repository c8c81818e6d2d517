//! What is asked of the server, as forms: device codes (RFC 8628 section 3.1), and tokens for each grant that there is.

use base64ct::{Base64, Encoding};

use crate::VERSION;
use crate::error::{Error, Fault};
use crate::protocol::account::ClientInfo;
use crate::protocol::authority::{Server, is_guid};
use crate::protocol::http::HttpRequest;
use crate::protocol::json::{self, Members, Object, Value};
use crate::protocol::scopes::{OFFLINE_ACCESS, Scopes};
use crate::protocol::text::percent_encoded;
use crate::secret::Secret;

/// The grant type of RFC 8628 section 3.4. MSAL sends the short name that only Entra knows.
pub const DEVICE_CODE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The grant type of RFC 6749 section 6.
pub const REFRESH_TOKEN_GRANT: &str = "refresh_token";

/// The grant type of RFC 6749 section 4.1.3.
pub const AUTHORIZATION_CODE_GRANT: &str = "authorization_code";

/// The grant type of RFC 6749 section 4.4.
pub const CLIENT_CREDENTIALS_GRANT: &str = "client_credentials";

/// The grant type of RFC 7523 section 2.1, by which Entra serves those who act on behalf of somebody.
pub const JWT_BEARER_GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// RFC 7523 section 2.2.
const JWT_BEARER_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// MSAL's numbers for these operations in its telemetry.
const DEVICE_CODE_API: u16 = 671;
const REFRESH_API: u16 = 62;
const CODE_API: u16 = 871;
const CLIENT_CREDENTIALS_API: u16 = 771;
const ON_BEHALF_OF_API: u16 = 772;

/// Form fields that belong to the protocol; a caller's extra parameters may not replace them.
const RESERVED: [&str; 16] = [
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "requested_token_use",
    "scope",
    "claims",
];

/// What Microsoft's servers put into an ID token if they are asked: whether the person is to stay signed in, how to name them when they
/// sign in or out again, and which part of a cloud their tenant is in. Asked for as MSAL does.
const ID_TOKEN_CLAIMS: &str = r#"{"id_token":{"signin_state":{"essential":false},"login_hint":{"essential":false},"tenant_region_sub_scope":{"essential":false}}}"#;

/// Where the API is named, which `auth.isMcp` wants named in one place (RFC 8707).
const RESOURCE: &str = "resource";

/// The program that signs people in, as its servers know it.
#[derive(Debug, Clone, Default)]
pub struct Client {
    /// The id from the app registration.
    pub client_id: String,
    /// What the program can handle, such as `cp1` for claims challenges.
    pub capabilities: Vec<String>,
    /// `telemetry.application.appName`; Microsoft's servers only.
    pub app_name: String,
    /// `telemetry.application.appVersion`; Microsoft's servers only.
    pub app_version: String,
    /// The operating system, as the runtime names it; Microsoft's servers only.
    pub os: String,
    /// The processor architecture, as the runtime names it; Microsoft's servers only.
    pub cpu: String,
    /// `telemetry.disabled`: Microsoft's servers are not told of the library, the program and the machine.
    pub without_telemetry: bool,
    /// `auth.isMcp`: every request must name the API that its token is for.
    pub is_mcp: bool,
    /// What a confidential client proves itself with.
    pub credential: Credential,
}

/// What a client proves itself with (RFC 6749 section 2.3).
#[derive(Debug, Clone, Default)]
pub enum Credential {
    /// Nothing: it is public.
    #[default]
    None,
    /// A secret.
    Secret {
        /// The secret.
        secret: Secret,
        /// Whether to send it by HTTP Basic whatever the server says, rather than in the form.
        is_basic: bool,
    },
    /// A JWT, new for each request, which the host makes (RFC 7523 section 2.2).
    Assertion,
}

/// The proof that a request carries.
#[derive(Debug, Clone, Default)]
pub enum ClientAuth {
    /// None.
    #[default]
    None,
    /// `client_secret_post`.
    Secret(Secret),
    /// `client_secret_basic`.
    Basic(Secret),
    /// `private_key_jwt`.
    Assertion(Secret),
}

impl ClientAuth {
    /// What must not be seen; empty for none.
    #[must_use]
    pub fn secret(&self) -> &str {
        match self {
            Self::None => "",
            Self::Secret(secret) | Self::Basic(secret) | Self::Assertion(secret) => secret.expose(),
        }
    }
}

impl Client {
    /// What Microsoft's servers are told of the library, the machine and the program.
    pub(crate) fn described(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let app = [("x-app-name", &*self.app_name), ("x-app-ver", &*self.app_version)];
        let of_app = app.into_iter().filter(|_| !self.app_name.is_empty());
        let library = ("x-client-SKU", "doorcode");
        [library, ("x-client-VER", VERSION), ("x-client-OS", &*self.os), ("x-client-CPU", &*self.cpu)]
            .into_iter()
            .chain(of_app)
    }
}

/// What one sign-in asks for. Made by [`Ask::checked`], so that nothing wrong in it reaches a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The caller's scopes and the OpenID ones.
    pub scopes: Scopes,
    /// The claims request as JSON text: the caller's, with the client's capabilities.
    pub claims: Option<String>,
    /// The API that the token is for (RFC 8707).
    pub resource: Option<String>,
    /// Added to the query of each request.
    pub extra_query: Members<String>,
    /// Added to the form of each request.
    pub extra_form: Members<String>,
    /// Ties together what client and server log.
    pub correlation_id: String,
    /// The language of what people read, such as `de-DE` (RFC 5646).
    pub locale: Option<String>,
}

impl Ask {
    /// Checks what the caller gave.
    ///
    /// # Errors
    /// [`Fault::InvalidClaims`] for claims that are not a JSON object, [`Fault::InvalidRequest`] for an extra parameter that
    /// belongs to the protocol or a locale that is none; [`Fault::ResourceRequired`] and [`Fault::MisplacedResource`] where the
    /// client is of the Model Context Protocol.
    pub fn checked(self, client: &Client) -> Result<Self, Error> {
        check_extra_form(&self.extra_form)?;
        if client.is_mcp {
            if self.resource.is_none() {
                return Err(Error::new(Fault::ResourceRequired));
            }
            if self.extra_query.has(RESOURCE) || self.extra_form.has(RESOURCE) {
                return Err(Error::new(Fault::MisplacedResource));
            }
        }
        let is_part = |part: &str| matches!(part.len(), 1..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if self.locale.as_ref().is_some_and(|locale| !locale.split('-').all(is_part)) {
            return Err(Error::new(Fault::InvalidRequest {
                field: "locale",
                fix: "it must be a language tag, such as \"de\" or \"pt-BR\"".to_owned(),
            }));
        }
        let claims = with_capabilities(self.claims.as_deref(), &client.capabilities)?;
        Ok(Self { claims, ..self })
    }

    /// The claims request for a person, which asks Microsoft's servers for [`ID_TOKEN_CLAIMS`] as well. What the caller wrote is left to
    /// the letter, unless it has wishes for the ID token of its own.
    pub(crate) fn claims_of_person(&self, server: &Server) -> Option<String> {
        if !server.is_microsoft() {
            return self.claims.clone();
        }
        let claims = self.claims.as_deref().unwrap_or("{}");
        let Some(asked) = json::object(claims).ok().filter(|asked| !asked.has("id_token")) else {
            return Some(merged_claims(ID_TOKEN_CLAIMS, claims.to_owned()));
        };
        let own = claims.trim_end().strip_suffix('}').filter(|_| asked.iter().next().is_some());
        let wishes = ID_TOKEN_CLAIMS.strip_prefix('{').unwrap_or_default();
        Some(own.map_or_else(|| ID_TOKEN_CLAIMS.to_owned(), |own| format!("{own},{wishes}")))
    }

    fn common(&self, client: &Client) -> Form {
        self.form(client, self.claims.as_deref())
    }

    fn common_of_person(&self, client: &Client, server: &Server) -> Form {
        self.form(client, self.claims_of_person(server).as_deref())
    }

    fn form(&self, client: &Client, claims: Option<&str>) -> Form {
        let mut form = Form::default();
        form.add("client_id", &client.client_id);
        if !self.scopes.as_slice().is_empty() {
            form.add("scope", &self.scopes.joined());
        }
        form.add_some("claims", claims);
        form.add_some(RESOURCE, self.resource.as_deref());
        for (name, value) in self.extra_form.iter() {
            form.add(name, value);
        }
        form
    }
}

/// Refuses extra parameters that belong to the protocol.
///
/// # Errors
/// [`Fault::InvalidRequest`] naming the first.
pub fn check_extra_form(extra_form: &Members<String>) -> Result<(), Error> {
    match extra_form.iter().find(|(name, _)| RESERVED.contains(name)) {
        None => Ok(()),
        Some((name, _)) => Err(Error::new(Fault::InvalidRequest {
            field: "extraParameters",
            fix: format!("{name} belongs to the protocol and cannot be replaced: remove it"),
        })),
    }
}

/// Asks `endpoint` for a device code and a user code (RFC 8628 section 3.1). `challenge` is PKCE's (RFC 7636 section 4.3).
///
/// The message to the person is asked for in their language: of Microsoft's servers by `mkt`, of others by the header that HTTP has
/// for it.
#[must_use]
pub fn device_authorization(
    client: &Client,
    server: &Server,
    endpoint: &str,
    ask: &Ask,
    challenge: Option<&str>,
) -> HttpRequest {
    let mut form = ask.common(client);
    if let Some(challenge) = challenge {
        form.add("code_challenge", challenge);
        form.add("code_challenge_method", "S256");
    }
    let mut query = ask.extra_query.clone();
    if let Some(locale) = ask.locale.as_ref().filter(|_| server.is_microsoft()) {
        query.set("mkt", locale.clone());
    }
    let mut request = form.post(with_query(endpoint, &query), client, &ClientAuth::None);
    if let Some(locale) = &ask.locale {
        request.headers.push(("Accept-Language", locale.clone()));
    }
    request
}

/// Asks whether the person is done (RFC 8628 section 3.4). `verifier` is PKCE's (RFC 7636 section 4.5).
#[must_use]
pub fn device_token(
    client: &Client,
    server: &Server,
    ask: &Ask,
    device_code: &Secret,
    verifier: Option<&Secret>,
) -> HttpRequest {
    let mut form = ask.common(client);
    form.add("grant_type", DEVICE_CODE_GRANT);
    form.add("device_code", device_code.expose());
    form.add_some("code_verifier", verifier.map(Secret::expose));
    form.post_for_tokens(client, server, ask, &ClientAuth::None, DEVICE_CODE_API)
}

/// Renews tokens (RFC 6749 section 6).
#[must_use]
pub fn refresh(
    client: &Client,
    server: &Server,
    ask: &Ask,
    auth: &ClientAuth,
    refresh_token: &Secret,
    home_account_id: &str,
) -> HttpRequest {
    // MSAL: Microsoft's servers are asked for the next refresh token each time. Others may have given this one without granting that
    // scope, and refuse what was not granted (RFC 6749 section 6).
    let granted =
        (!server.speaks_as_microsoft()).then(|| Ask { scopes: ask.scopes.without(&[OFFLINE_ACCESS]), ..ask.clone() });
    let ask = granted.as_ref().unwrap_or(ask);
    let mut form = ask.common_of_person(client, server);
    form.add("grant_type", REFRESH_TOKEN_GRANT);
    form.add("refresh_token", refresh_token.expose());
    let mut request = form.post_for_tokens(client, server, ask, auth, REFRESH_API);
    request.headers.extend(anchor(server, home_account_id).map(|anchor| (ANCHOR, anchor)));
    request
}

/// An authorization code, as it came to the redirect URI.
#[derive(Debug, Clone)]
pub struct Code {
    /// The code.
    pub code: Secret,
    /// Where it came to.
    pub redirect_uri: String,
    /// PKCE's (RFC 7636 section 4.5).
    pub verifier: Option<Secret>,
    /// What Entra said with it of whose account it is.
    pub client_info: Option<String>,
}

/// Gets tokens for an authorization code (RFC 6749 section 4.1.3).
#[must_use]
pub fn code(client: &Client, server: &Server, ask: &Ask, auth: &ClientAuth, code: &Code) -> HttpRequest {
    let mut form = ask.common_of_person(client, server);
    form.add("grant_type", AUTHORIZATION_CODE_GRANT);
    form.add("code", code.code.expose());
    form.add("redirect_uri", &code.redirect_uri);
    form.add_some("code_verifier", code.verifier.as_ref().map(Secret::expose));
    let mut request = form.post_for_tokens(client, server, ask, auth, CODE_API);
    let info = code.client_info.as_deref().and_then(|info| ClientInfo::decode(info).ok());
    let home = info.map(|ClientInfo { uid, utid, .. }| format!("{uid}.{utid}")).unwrap_or_default();
    request.headers.extend(anchor(server, &home).map(|anchor| (ANCHOR, anchor)));
    request
}

/// Gets a token for the client itself (RFC 6749 section 4.4.2).
#[must_use]
pub fn client_credentials(client: &Client, server: &Server, ask: &Ask, auth: &ClientAuth) -> HttpRequest {
    let mut form = ask.common(client);
    form.add("grant_type", CLIENT_CREDENTIALS_GRANT);
    form.post_for_tokens(client, server, ask, auth, CLIENT_CREDENTIALS_API)
}

/// Gets a token for whoever sent `assertion`, an access token of theirs for this client (Entra's on-behalf-of flow).
#[must_use]
pub fn on_behalf_of(client: &Client, server: &Server, ask: &Ask, auth: &ClientAuth, assertion: &Secret) -> HttpRequest {
    let mut form = ask.common(client);
    form.add("grant_type", JWT_BEARER_GRANT);
    form.add("assertion", assertion.expose());
    form.add("requested_token_use", "on_behalf_of");
    form.post_for_tokens(client, server, ask, auth, ON_BEHALF_OF_API)
}

/// Where Entra's gateways are told of the account's home, to find its data sooner.
pub(crate) const ANCHOR: &str = "X-AnchorMailbox";

/// That, for a home account id that is Entra's.
pub(crate) fn anchor(server: &Server, home_account_id: &str) -> Option<String> {
    let (uid, utid) = home_account_id.split_once('.').filter(|(uid, utid)| is_guid(uid) && is_guid(utid))?;
    server.is_microsoft().then(|| format!("Oid:{uid}@{utid}"))
}

/// The caller's claims request with the client's capabilities in it, where Entra looks for them: `access_token.xms_cc`.
fn with_capabilities(claims: Option<&str>, capabilities: &[String]) -> Result<Option<String>, Error> {
    let mut object = match claims.map(json::value) {
        None if capabilities.is_empty() => return Ok(None),
        None => Object::default(),
        Some(Some(Value::Object(object))) => object,
        Some(_) => return Err(Error::new(Fault::InvalidClaims)),
    };
    if capabilities.is_empty() {
        return Ok(claims.map(str::to_owned));
    }
    let mut access_token = match object.get("access_token") {
        Some(Value::Object(access_token)) => access_token.clone(),
        _ => Object::default(),
    };
    let mut capable = Object::default();
    capable.set("values", Value::List(capabilities.iter().map(|capability| capability.as_str().into()).collect()));
    access_token.set("xms_cc", Value::Object(capable));
    object.set("access_token", Value::Object(access_token));
    Ok(Some(json::written(&object)))
}

/// A caller's claims request with a server's challenge in it, which goes before where both ask for the same.
#[must_use]
pub fn merged_claims(own: &str, challenge: String) -> String {
    let (Ok(mut merged), Ok(asked)) = (json::object(own), json::object(&challenge)) else {
        return challenge;
    };
    for (member, claims) in asked {
        match (merged.get_mut(&member), claims) {
            (Some(Value::Object(own)), Value::Object(claims)) => {
                for (name, claim) in claims {
                    own.set(&name, claim);
                }
            }
            (_, claims) => merged.set(&member, claims),
        }
    }
    json::written(&merged)
}

/// What goes behind `Basic` (RFC 6749 section 2.3.1); empty for another proof.
pub(crate) fn basic(client: &Client, auth: &ClientAuth) -> Secret {
    let ClientAuth::Basic(secret) = auth else {
        return Secret::default();
    };
    // Both are percent-encoded first.
    let [id, secret] = [&client.client_id, secret.expose()].map(percent_encoded);
    Secret::new(Base64::encode_string(Secret::new(format!("{id}:{secret}")).expose().as_bytes()))
}

pub(crate) fn with_query(url: &str, parameters: &Members<String>) -> String {
    let mut out = url.to_owned();
    let mut separator = if url.contains('?') { '&' } else { '?' };
    for (name, value) in parameters.iter() {
        out.push(separator);
        out.push_str(&percent_encoded(name));
        out.push('=');
        out.push_str(&percent_encoded(value));
        separator = '&';
    }
    out
}

/// An application/x-www-form-urlencoded body in the making.
#[derive(Default)]
struct Form(String);

impl Form {
    fn add(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(&percent_encoded(name));
        self.0.push('=');
        self.0.push_str(&percent_encoded(value));
    }

    fn add_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// What only Microsoft's servers are told: they answer `client_info` with the account's home and `Retry-After` to who can
    /// wait, and keep the rest to tell client libraries apart, which a program may do without.
    fn add_microsoft(&mut self, client: &Client, ask: &Ask, api: u16) {
        // A parameter that the caller has added must not be there twice (RFC 6749 section 3.2).
        let mut add = |name: &str, value: &str| {
            if !ask.extra_form.has(name) {
                self.add(name, value);
            }
        };
        add("client-request-id", &ask.correlation_id);
        if api != CLIENT_CREDENTIALS_API {
            add("client_info", "1");
        }
        add("x-ms-lib-capability", "retry-after, h429");
        if client.without_telemetry {
            return;
        }
        for (name, value) in client.described() {
            add(name, value);
        }
        add("x-client-current-telemetry", &format!("5|{api},0,,,|,"));
        add("x-client-last-telemetry", "5|0|||0,0");
    }

    fn post_for_tokens(
        mut self,
        client: &Client,
        server: &Server,
        ask: &Ask,
        auth: &ClientAuth,
        api: u16,
    ) -> HttpRequest {
        let mut query = ask.extra_query.clone();
        if server.is_microsoft() {
            query.set("client-request-id", ask.correlation_id.clone());
            self.add_microsoft(client, ask, api);
        }
        self.post(with_query(&server.endpoints.token, &query), client, auth)
    }

    /// The request, with the client's proof.
    fn post(mut self, url: String, client: &Client, auth: &ClientAuth) -> HttpRequest {
        match auth {
            ClientAuth::None | ClientAuth::Basic(_) => {}
            ClientAuth::Secret(secret) => self.add("client_secret", secret.expose()),
            ClientAuth::Assertion(assertion) => {
                self.add("client_assertion_type", JWT_BEARER_ASSERTION);
                self.add("client_assertion", assertion.expose());
            }
        }
        let basic = basic(client, auth);
        let authorization = (!basic.expose().is_empty()).then(|| Secret::new(format!("Basic {}", basic.expose())));
        HttpRequest { authorization, ..HttpRequest::post(url, Secret::new(self.0)) }
    }
}
