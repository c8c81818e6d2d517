//! The requests of the device flow: what is asked of the server, as forms (RFC 8628 sections 3.1 and 3.4).

use crate::VERSION;
use crate::error::{Error, Fault};
use crate::protocol::authority::{Server, is_guid};
use crate::protocol::http::HttpRequest;
use crate::protocol::json::{self, Members, Object, Value};
use crate::protocol::scopes::Scopes;
use crate::protocol::text::percent_encoded;
use crate::secret::Secret;

/// The grant type of RFC 8628 section 3.4. MSAL sends the short name that only Entra knows.
pub const DEVICE_CODE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The grant type of RFC 6749 section 6.
pub const REFRESH_TOKEN_GRANT: &str = "refresh_token";

/// MSAL's numbers for these operations in its telemetry.
const DEVICE_CODE_API: u16 = 671;
const REFRESH_API: u16 = 62;

/// Form fields that belong to the protocol; a caller's extra parameters may not replace them.
const RESERVED: [&str; 10] = [
    "client_id",
    "client_secret",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "device_code",
    "grant_type",
    "refresh_token",
    "scope",
    "claims",
];

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

    fn common(&self, client: &Client) -> Form {
        let mut form = Form::default();
        form.add("client_id", &client.client_id);
        if !self.scopes.as_slice().is_empty() {
            form.add("scope", &self.scopes.joined());
        }
        form.add_some("claims", self.claims.as_deref());
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
    let mut request = HttpRequest::post(with_query(endpoint, &query), form.finish());
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
    let mut query = ask.extra_query.clone();
    if server.is_microsoft() {
        query.set("client-request-id", ask.correlation_id.clone());
        form.add_microsoft(client, ask, DEVICE_CODE_API);
    }
    HttpRequest::post(with_query(&server.endpoints.token, &query), form.finish())
}

/// Renews tokens (RFC 6749 section 6). Of the account's home, Entra's gateways are told, to find its data sooner.
#[must_use]
pub fn refresh(
    client: &Client,
    server: &Server,
    ask: &Ask,
    refresh_token: &Secret,
    home_account_id: &str,
) -> HttpRequest {
    let mut form = ask.common(client);
    form.add("grant_type", REFRESH_TOKEN_GRANT);
    form.add("refresh_token", refresh_token.expose());
    let mut query = ask.extra_query.clone();
    let mut anchor = None;
    if server.is_microsoft() {
        query.set("client-request-id", ask.correlation_id.clone());
        form.add_microsoft(client, ask, REFRESH_API);
        if let Some((uid, utid)) = home_account_id.split_once('.').filter(|(uid, utid)| is_guid(uid) && is_guid(utid)) {
            anchor = Some(("X-AnchorMailbox", format!("Oid:{uid}@{utid}")));
        }
    }
    let mut request = HttpRequest::post(with_query(&server.endpoints.token, &query), form.finish());
    request.headers.extend(anchor);
    request
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

fn with_query(url: &str, parameters: &Members<String>) -> String {
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
        add("client_info", "1");
        add("x-ms-lib-capability", "retry-after, h429");
        if client.without_telemetry {
            return;
        }
        add("x-client-SKU", "doorcode");
        add("x-client-VER", VERSION);
        add("x-client-OS", &client.os);
        add("x-client-CPU", &client.cpu);
        if !client.app_name.is_empty() {
            add("x-app-name", &client.app_name);
            add("x-app-ver", &client.app_version);
        }
        add("x-client-current-telemetry", &format!("5|{api},0,,,|,"));
        add("x-client-last-telemetry", "5|0|||0,0");
    }

    fn finish(self) -> Secret {
        Secret::new(self.0)
    }
}
