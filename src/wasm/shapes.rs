//! The shapes that cross between Rust and JavaScript, in JavaScript's spelling.
//!
//! js/index.js checks types before it hands anything in, as JSON text: the parser for the servers' JSON is there anyway, and a
//! second one for JavaScript objects would take 30 KB. Times cross as milliseconds since 1970, claims as JSON text.

use js_sys::Reflect;
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::cache::record::Known;
use crate::error::{Error, Fault};
use crate::flows::device_code::{self, Progress};
use crate::flows::diagnose::Finding;
use crate::flows::{Authentication, Config, Wish, refresh, silent};
use crate::protocol::account::{Account, Profile};
use crate::protocol::authority::{Authority, DEFAULT_AUTHORITY};
use crate::protocol::described;
use crate::protocol::device_code::DeviceAuthorization;
use crate::protocol::id_token::Claims;
use crate::protocol::json::{self, Object, Value};
use crate::protocol::request::Client;
use crate::protocol::server_answer::ServerAnswer;
use crate::protocol::trust::Trust;
use crate::secret::Secret;

/// Reads what js/index.js wrote with `JSON.stringify`.
fn read(text: &str, field: &'static str) -> Result<Object, Error> {
    // All that the check in JavaScript lets through and JSON does not carry: half of a surrogate pair.
    let fix = "it contains text that is not Unicode";
    json::object(text).map_err(|_| Fault::InvalidRequest { field, fix: fix.to_owned() }.into())
}

/// Makes a plain JavaScript object; a field that is `None` is left undefined.
pub(super) fn write(shape: &impl Serialize) -> JsValue {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_maps_as_objects(true);
    shape.serialize(&serializer).unwrap_or(JsValue::UNDEFINED)
}

pub(super) fn pending(retry_after: u64) -> JsValue {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Pending {
        status: &'static str,
        retry_after: u64,
    }
    write(&Pending { status: "pending", retry_after })
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
        return Err(Box::new(Fault::InvalidConfiguration {
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

/// MSAL's `DeviceCodeResponse`, `verificationUriComplete` and `refusedUri`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodesShape<'a> {
    user_code: &'a str,
    device_code: &'a str,
    verification_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<&'a str>,
    expires_in: u32,
    interval: u32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_uri: Option<&'a str>,
}

impl<'a> From<&'a DeviceAuthorization> for CodesShape<'a> {
    fn from(codes: &'a DeviceAuthorization) -> Self {
        Self {
            user_code: &codes.user_code,
            device_code: codes.device_code.expose(),
            verification_uri: &codes.verification_uri,
            verification_uri_complete: codes.verification_uri_complete.as_deref(),
            expires_in: codes.expires_in,
            interval: codes.interval,
            message: &codes.message,
            refused_uri: codes.refused_uri.as_deref(),
        }
    }
}

/// What `progressCallback` hears.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProgressShape {
    status: &'static str,
    seconds_left: u64,
    next_poll_in: u64,
    polls: u32,
}

impl From<Progress> for ProgressShape {
    fn from(progress: Progress) -> Self {
        Self {
            status: progress.why.name(),
            seconds_left: progress.seconds_left,
            next_poll_in: progress.next_poll_in,
            polls: progress.polls,
        }
    }
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
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorShape<'a> {
    class: &'static str,
    error_code: &'a str,
    error_message: String,
    sub_error: &'a str,
    error_no: Option<String>,
    correlation_id: &'a str,
    trace_id: &'a str,
    timestamp: &'a str,
    claims: &'a str,
    status: Option<u16>,
    remedy: Option<&'static str>,
    remedy_url: Option<&'a str>,
    needs_interaction: bool,
    retryable: bool,
    field: Option<&'static str>,
    url: Option<&'a str>,
    /// What the server said, by its own names.
    answer: Option<AnswerShape<'a>>,
}

/// A server's refusal, as it was received, but cleaned.
#[derive(Serialize)]
struct AnswerShape<'a> {
    status: u16,
    error: &'a str,
    error_description: &'a str,
    suberror: &'a str,
    error_codes: &'a [u32],
    timestamp: &'a str,
    trace_id: &'a str,
    correlation_id: &'a str,
    claims: &'a str,
    error_uri: &'a str,
}

impl<'a> AnswerShape<'a> {
    fn new(answer: &'a ServerAnswer) -> Self {
        Self {
            status: answer.status,
            error: &answer.error,
            error_description: &answer.description,
            suberror: &answer.suberror,
            error_codes: &answer.codes,
            timestamp: &answer.timestamp,
            trace_id: &answer.trace_id,
            correlation_id: &answer.correlation_id,
            claims: &answer.claims,
            error_uri: &answer.uri,
        }
    }
}

impl<'a> ErrorShape<'a> {
    pub(super) fn new(error: &'a Error, correlation_id: &'a str) -> Self {
        let answer = error.server_answer();
        let said = |field: fn(&ServerAnswer) -> &str| answer.map(field).unwrap_or_default();
        let server_correlation_id = said(|answer| &answer.correlation_id);
        Self {
            class: error.class().name(),
            error_code: error.code(),
            error_message: error.to_string(),
            sub_error: said(|answer| &answer.suberror),
            // MSAL: declared as a string, so it is one here.
            error_no: answer.and_then(|answer| answer.codes.first()).map(u32::to_string),
            correlation_id: if server_correlation_id.is_empty() { correlation_id } else { server_correlation_id },
            trace_id: said(|answer| &answer.trace_id),
            timestamp: said(|answer| &answer.timestamp),
            claims: said(|answer| &answer.claims),
            status: error.status(),
            remedy: error.remedy().map(|remedy| remedy.advice),
            remedy_url: answer.and_then(|answer| answer.page.as_deref()),
            needs_interaction: error.needs_interaction(),
            retryable: error.is_outage(),
            field: error.field(),
            url: error.url(),
            answer: answer.map(AnswerShape::new),
        }
    }
}
