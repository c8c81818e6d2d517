//! The shapes that cross between Rust and JavaScript, in JavaScript's spelling.
//!
//! js/shapes.js checks types before it hands anything in, as JSON text: the parser for the servers' JSON is there anyway, and a
//! second one for JavaScript objects would take 30 KB. Times cross as milliseconds since 1970, claims as JSON text.

use js_sys::Reflect;
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::cache::record::Known;
use crate::error::{Error, Fault};
use crate::flows::device_code::{self, Progress};
use crate::flows::diagnose::Finding;
use crate::flows::{Authentication, Config, Wish, authorization_code, confidential, refresh, silent};
use crate::protocol::account::{Account, Profile};
use crate::protocol::authority::{Authority, DEFAULT_AUTHORITY};
use crate::protocol::authorization::{Authorization, EndSession, Expected, Response};
use crate::protocol::described;
use crate::protocol::device_code::DeviceAuthorization;
use crate::protocol::http::HttpRequest;
use crate::protocol::id_token::Claims;
use crate::protocol::json::{self, Object, Value};
use crate::protocol::request::{Client, Code, Credential};
use crate::protocol::server_answer::ServerAnswer;
use crate::protocol::trust::Trust;
use crate::secret::Secret;
use crate::wasm::fetch::AUTHORIZATION;

/// Reads what js/application.js wrote with `JSON.stringify`.
fn read(text: &str, field: &'static str) -> Result<Object, Error> {
    // All that the check in JavaScript lets through and JSON does not carry: half of a surrogate pair.
    let fix = "it contains text that is not Unicode";
    json::object(text).map_err(|_| Fault::InvalidRequest { field, fix: fix.to_owned() }.into())
}

/// Makes a plain JavaScript object.
fn plain(members: &Object) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::json_compatible();
    members.serialize(&serializer).unwrap_or(JsValue::UNDEFINED)
}

fn members<const N: usize>(members: [(&str, Value); N]) -> Object {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn pending(retry_after: u64) -> JsValue {
    plain(&members([("status", "pending".into()), ("retryAfter", Value::Whole(retry_after))]))
}

pub(super) fn done(result: &JsValue) -> JsValue {
    let object = js_sys::Object::new();
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(&object, &"status".into(), &"done".into());
    let _ = Reflect::set(&object, &"result".into(), result);
    object.into()
}

/// A configuration, and the time limit of requests in milliseconds.
pub(super) fn configuration(text: &str) -> Result<(Config, Option<u32>), Error> {
    let object = read(text, "configuration")?;
    let field = |name: &str| json::text(&object, name).unwrap_or_default().to_owned();
    let client_id = field("clientId");
    if client_id.trim().is_empty() {
        return Err(Error::new(Fault::InvalidConfiguration {
            field: "auth.clientId",
            fix: "it is missing; set it to the application (client) id of your app registration".to_owned(),
        }));
    }
    let mut trust = Trust { speaks_openid: field("protocolMode") == "OIDC", ..Trust::default() };
    trust.know(&json::texts(&object, "knownAuthorities"))?;
    if let Some(clouds) = json::text(&object, "cloudDiscoveryMetadata") {
        trust.read_clouds(clouds)?;
    }
    let authority = object.get("authority").and_then(Value::as_str).unwrap_or(DEFAULT_AUTHORITY);
    let authority = match json::text(&object, "authorityMetadata") {
        Some(metadata) => described::describe(&mut trust, authority, metadata)?,
        None => Authority::parse(authority, &trust)?,
    };
    let config = Config {
        client: Client {
            client_id,
            capabilities: json::texts(&object, "capabilities"),
            app_name: field("appName"),
            app_version: field("appVersion"),
            os: field("os"),
            cpu: field("cpu"),
            without_telemetry: is_set(&object, "withoutTelemetry"),
            is_mcp: is_set(&object, "isMcp"),
            credential: match object.get("clientSecret").and_then(Value::as_str) {
                Some(secret) => Credential::Secret {
                    secret: Secret::new(secret.to_owned()),
                    is_basic: is_set(&object, "sendsBasic"),
                },
                None if is_set(&object, "hasClientAssertion") => Credential::Assertion,
                None => Credential::None,
            },
        },
        authority,
        trust,
    };
    Ok((config, json::positive(&object, "requestTimeout")))
}

/// The fields of a request, as js/shapes.js passes them on.
pub(super) struct Fields(Object);

impl Fields {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.0.set(name, value.into());
    }

    fn secret(&self, name: &str) -> Option<Secret> {
        self.text(name).map(Secret::new)
    }

    fn part(&self, name: &str) -> Option<Self> {
        match self.0.get(name) {
            Some(Value::Object(part)) => Some(Self(part.clone())),
            _ => None,
        }
    }

    fn is_set(&self, name: &str) -> bool {
        is_set(&self.0, name)
    }
}

fn is_set(object: &Object, name: &str) -> bool {
    object.get(name) == Some(&Value::Bool(true))
}

/// A request of any kind.
pub(super) fn request(text: &str) -> Result<Fields, Error> {
    read(text, "request").map(Fields)
}

pub(super) fn wish(fields: &Fields) -> Wish {
    Wish {
        scopes: json::texts(&fields.0, "scopes"),
        authority: fields.text("authority"),
        correlation_id: fields.text("correlationId"),
        claims: fields.text("claims"),
        resource: fields.text("resource"),
        extra_query: json::texts_by_name(&fields.0, "extraQueryParameters"),
        extra_form: json::texts_by_name(&fields.0, "extraParameters"),
        locale: fields.text("locale"),
    }
}

pub(super) fn device_code_request(fields: &Fields) -> device_code::Request {
    device_code::Request { wish: wish(fields), timeout: fields.0.get("timeout").and_then(Value::as_number) }
}

pub(super) fn silent_request(fields: &Fields) -> silent::Request {
    silent::Request {
        wish: wish(fields),
        home_account_id: fields.text("homeAccountId").unwrap_or_default(),
        environment: fields.text("environment").unwrap_or_default(),
        tenant_id: fields.text("tenantId").unwrap_or_default(),
        force_refresh: fields.is_set("forceRefresh"),
        refresh_token_expires_within: json::whole(&fields.0, "refreshTokenExpirationOffsetSeconds").unwrap_or(0).into(),
    }
}

pub(super) fn refresh_request(fields: &Fields) -> refresh::Request {
    refresh::Request {
        wish: wish(fields),
        refresh_token: Secret::new(fields.text("refreshToken").unwrap_or_default()),
        force_cache: fields.is_set("forceCache"),
    }
}

pub(super) fn authorization(fields: &Fields) -> Authorization {
    Authorization {
        redirect_uri: fields.text("redirectUri").unwrap_or_default(),
        response_mode: fields.text("responseMode"),
        prefers_post: fields.is_set("prefersPost"),
        state: fields.text("state"),
        nonce: fields.text("nonce"),
        challenge: fields.text("codeChallenge"),
        challenge_method: fields.text("codeChallengeMethod"),
        prompt: fields.text("prompt"),
        login_hint: fields.text("loginHint"),
        domain_hint: fields.text("domainHint"),
        session_id: fields.text("sid"),
        account: fields.part("account").map(|account| Expected {
            login_hint: account.text("loginHint"),
            session_id: account.text("sid"),
            username: account.text("username"),
            home_account_id: account.text("homeAccountId").unwrap_or_default(),
        }),
    }
}

pub(super) fn code_request(fields: &Fields) -> authorization_code::Request {
    authorization_code::Request {
        wish: wish(fields),
        code: Code {
            code: fields.secret("code").unwrap_or_default(),
            redirect_uri: fields.text("redirectUri").unwrap_or_default(),
            verifier: fields.secret("codeVerifier"),
            client_info: fields.text("clientInfo"),
        },
        nonce: fields.text("nonce"),
        state: fields.text("state"),
        response: fields.part("response").map(|Fields(response)| Response::new(response)),
    }
}

pub(super) fn confidential_request(fields: &Fields) -> confidential::Request {
    confidential::Request {
        wish: wish(fields),
        user_assertion: fields.secret("oboAssertion"),
        skip_cache: fields.is_set("skipCache"),
        client_assertion: fields.secret("clientAssertion"),
    }
}

pub(super) fn end_session(fields: &Fields) -> EndSession {
    EndSession {
        redirect_uri: fields.text("postLogoutRedirectUri"),
        id_token: fields.secret("idTokenHint"),
        logout_hint: fields.text("logoutHint"),
        state: fields.text("state"),
    }
}

/// MSAL's `DeviceCodeResponse`, `verificationUriComplete` and `refusedUri`.
pub(super) fn codes(codes: &DeviceAuthorization) -> JsValue {
    let mut object = members([
        ("userCode", (&*codes.user_code).into()),
        ("verificationUri", (&*codes.verification_uri).into()),
        ("expiresIn", Value::Whole(codes.expires_in.into())),
        ("interval", Value::Whole(codes.interval.into())),
        ("message", (&*codes.message).into()),
    ]);
    for (name, uri) in
        [("verificationUriComplete", &codes.verification_uri_complete), ("refusedUri", &codes.refused_uri)]
    {
        if let Some(uri) = uri {
            object.set(name, (&**uri).into());
        }
    }
    let object = plain(&object);
    // Not by way of the members, which would leave a copy behind. Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(&object, &"deviceCode".into(), &codes.device_code.expose().into());
    object
}

/// What `progressCallback` hears.
pub(super) fn progress(progress: Progress) -> JsValue {
    plain(&members([
        ("status", progress.why.name().into()),
        ("secondsLeft", Value::Whole(progress.seconds_left)),
        ("nextPollIn", Value::Whole(progress.next_poll_in)),
        ("polls", Value::Whole(progress.polls.into())),
    ]))
}

/// A JSON object in the making, for results and accounts: JavaScript reads a text sooner than it is handed field after field.
struct Json(String);

impl Json {
    fn with_capacity(capacity: usize) -> Self {
        let mut out = String::with_capacity(capacity);
        out.push('{');
        Self(out)
    }

    fn raw(&mut self, name: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        json::push_quoted(&mut self.0, name);
        self.0.push(':');
        self.0.push_str(json);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.raw(name, "");
        json::push_quoted(&mut self.0, text);
    }

    fn some_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn some_number(&mut self, name: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.raw(name, &number.to_string());
        }
    }

    fn flag(&mut self, name: &str, is_so: bool) {
        self.raw(name, if is_so { "true" } else { "false" });
    }

    fn end(mut self) -> Secret {
        self.0.push('}');
        Secret::new(self.0)
    }
}

fn list(items: impl Iterator<Item = Secret>) -> Secret {
    // In one piece, for a text that grows leaves copies behind.
    let items: Vec<Secret> = items.collect();
    let length =
        items.iter().fold(2, |length: usize, item| length.saturating_add(item.expose().len()).saturating_add(1));
    let mut out = String::with_capacity(length);
    out.push('[');
    for item in &items {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(item.expose());
    }
    out.push(']');
    Secret::new(out)
}

/// The fields of MSAL's `AuthenticationResult` that depend on the reply, as JSON text; js/shapes.js adds the constant ones.
pub(super) fn result(result: &Authentication) -> JsValue {
    let claim = |names: &[&str]| result.claims.as_ref().map(|claims| claims.first_text(names)).unwrap_or_default();
    let id_token = result.reply.id_token.as_ref().map(Secret::expose).unwrap_or_default();
    let claims = result.claims.as_ref().map_or("{}", Claims::json);
    let access_token = result.reply.access_token.expose();
    let mut json = Json::with_capacity(
        access_token.len().saturating_add(id_token.len()).saturating_add(claims.len()).saturating_add(3_000),
    );
    json.text("authority", &result.authority);
    json.raw("scopes", list(result.scopes.as_slice().iter().map(|scope| Secret::new(json::quoted(scope)))).expose());
    json.text("accessToken", access_token);
    json.text("tokenType", &result.reply.token_type);
    json.text("idToken", id_token);
    json.raw("idTokenClaims", claims);
    if let Some(of) = &result.account {
        json.raw("account", account(of, None, None).expose());
    }
    json.text("uniqueId", claim(&["oid", "sub"]));
    json.text("tenantId", claim(&["tid"]));
    json.some_number("expiresOn", result.expires_on);
    json.some_number("extExpiresOn", result.ext_expires_on);
    json.some_number("refreshOn", result.refresh_on);
    json.text("correlationId", &result.correlation_id);
    json.text("requestId", &result.reply.request_id);
    json.text("familyId", result.reply.family_id.as_deref().unwrap_or_default());
    json.flag("fromCache", result.from_cache);
    if let Some(serves) = result.serves {
        json.some_number("servesFrom", Some(serves.from));
        json.some_number("servesUntil", Some(serves.until));
        json.some_number("generation", Some(serves.generation.into()));
    }
    JsValue::from_str(json.end().expose())
}

/// Accounts, of which there may be thousands: JSON text; js/shapes.js makes MSAL's `AccountInfo`s of them.
pub(super) fn accounts(generation: u32, known: &[Known]) -> JsValue {
    let accounts = known.iter().map(|known| account(&known.account, known.id_token.as_ref(), known.claims.as_ref()));
    let accounts = list(accounts);
    let mut json = Json::with_capacity(accounts.expose().len().saturating_add(50));
    json.some_number("generation", Some(generation.into()));
    json.raw("accounts", accounts.expose());
    JsValue::from_str(json.end().expose())
}

/// A request's headers: JSON text.
pub(super) fn headers(request: &HttpRequest) -> Secret {
    let mut json = Json::with_capacity(2_000);
    for (name, value) in &request.headers {
        json.text(name, value);
    }
    json.some_text(AUTHORIZATION, request.authorization.as_ref().map(Secret::expose));
    json.end()
}

/// What the doctor found: JSON text.
pub(super) fn findings(findings: &[Finding]) -> JsValue {
    let findings = findings.iter().map(|finding| {
        let mut json = Json::with_capacity(300);
        json.text("check", finding.check);
        json.text("severity", finding.severity.name());
        json.text("message", &finding.message);
        json.text("remedy", &finding.remedy);
        json.some_text("remedyUrl", finding.page.as_deref());
        json.end()
    });
    JsValue::from_str(list(findings).expose())
}

fn account(account: &Account, id_token: Option<&Secret>, claims: Option<&Claims>) -> Secret {
    let capacity =
        id_token.map_or(0, |token| token.expose().len()).saturating_add(claims.map_or(0, |claims| claims.json().len()));
    let mut json = Json::with_capacity(capacity.saturating_add(1_500));
    json.text("homeAccountId", &account.home_account_id);
    json.text("environment", &account.environment);
    profile(&mut json, &Profile::of(account));
    json.text("authorityType", account.authority_type);
    json.some_text("dataBoundary", account.data_boundary);
    if let Some(kmsi) = account.kmsi {
        json.flag("kmsi", kmsi);
    }
    json.some_text("idToken", id_token.map(Secret::expose));
    if let Some(claims) = claims {
        json.raw("idTokenClaims", claims.json());
    }
    let profiles = account.profiles.iter().map(|of| {
        let mut json = Json::with_capacity(500);
        profile(&mut json, of);
        json.flag("isHomeTenant", of.is_home_tenant);
        json.end()
    });
    json.raw("tenantProfiles", list(profiles).expose());
    json.end()
}

fn profile(json: &mut Json, profile: &Profile) {
    json.text("tenantId", &profile.tenant_id);
    json.text("username", &profile.username);
    json.text("localAccountId", &profile.local_account_id);
    json.some_text("loginHint", profile.login_hint.as_deref());
    json.some_text("name", profile.name.as_deref());
    json.some_text("upn", profile.upn.as_deref());
}

/// What js/errors.js makes an error from.
pub(super) fn error(error: &Error, correlation_id: &str) -> JsValue {
    let mut object = members([
        ("class", error.class().name().into()),
        ("errorCode", error.code().into()),
        ("errorMessage", (&*error.to_string()).into()),
        ("needsInteraction", Value::Bool(error.needs_interaction())),
        ("retryable", Value::Bool(error.is_outage())),
    ]);
    let answer = error.server_answer();
    let said = |field: fn(&ServerAnswer) -> &str| answer.map(field).unwrap_or_default();
    let of_server = said(|answer| &answer.correlation_id);
    let texts = [
        ("correlationId", Some(if of_server.is_empty() { correlation_id } else { of_server })),
        ("subError", Some(said(|answer| &answer.suberror))),
        ("traceId", Some(said(|answer| &answer.trace_id))),
        ("timestamp", Some(said(|answer| &answer.timestamp))),
        ("claims", Some(said(|answer| &answer.claims))),
        ("remedy", error.remedy().map(|remedy| remedy.advice)),
        ("remedyUrl", answer.and_then(|answer| answer.page.as_deref())),
        ("field", error.field()),
        ("url", error.url()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            object.set(name, text.into());
        }
    }
    if let Some(status) = error.status() {
        object.set("status", Value::Whole(status.into()));
    }
    if let Some(answer) = answer {
        if let Some(code) = answer.codes.first() {
            // MSAL: declared as a string, so it is one here.
            object.set("errorNo", Value::Text(code.to_string()));
        }
        object.set("answer", Value::Object(said_by(answer)));
    }
    plain(&object)
}

/// A server's refusal by its own names, as it was received, but cleaned.
fn said_by(answer: &ServerAnswer) -> Object {
    members([
        ("status", Value::Whole(answer.status.into())),
        ("error", (&*answer.error).into()),
        ("error_description", (&*answer.description).into()),
        ("suberror", (&*answer.suberror).into()),
        ("error_codes", Value::List(answer.codes.iter().map(|code| Value::Whole((*code).into())).collect())),
        ("timestamp", (&*answer.timestamp).into()),
        ("trace_id", (&*answer.trace_id).into()),
        ("correlation_id", (&*answer.correlation_id).into()),
        ("claims", (&*answer.claims).into()),
        ("error_uri", (&*answer.uri).into()),
    ])
}
