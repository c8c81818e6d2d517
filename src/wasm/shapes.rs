//! The shapes that cross between Rust and JavaScript, in JavaScript's spelling.
//!
//! js/index.js checks types before it hands anything in, as JSON text: the parser for the servers' JSON is there anyway, and a
//! second one for JavaScript objects would take 30 KB. Times cross as milliseconds since 1970, claims as JSON text.

use js_sys::{Object, Reflect};
use serde::Serialize;
use serde_json::Value;
use wasm_bindgen::JsValue;

use crate::error::Error;
use crate::flows::device_code::{Progress, Request};
use crate::flows::{Authentication, Config};
use crate::protocol::account::Account;
use crate::protocol::authority::{Authority, DEFAULT_AUTHORITY};
use crate::protocol::device_code::DeviceAuthorization;
use crate::protocol::http::UnixMs;
use crate::protocol::id_token::Claims;
use crate::protocol::json;
use crate::protocol::request::Client;
use crate::protocol::server_answer::ServerAnswer;
use crate::secret::Secret;

/// Reads what js/index.js wrote with `JSON.stringify`.
fn read(text: &str, field: &'static str) -> Result<json::Object, Error> {
    // All that the check in JavaScript lets through and JSON does not carry: half of a surrogate pair.
    let fix = "it contains text that is not Unicode";
    json::object(text).map_err(|_| Error::InvalidRequest { field, fix: fix.to_owned() })
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
    let object = Object::new();
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
        return Err(Error::InvalidConfiguration {
            field: "auth.clientId",
            fix: "it is missing; set it to the application (client) id of your app registration".to_owned(),
        });
    }
    let authority = object.get("authority").and_then(Value::as_str).unwrap_or(DEFAULT_AUTHORITY);
    let config = Config {
        client: Client {
            client_id,
            capabilities: json::texts(&object, "capabilities"),
            app_name: field("appName"),
            app_version: field("appVersion"),
            os: field("os"),
            cpu: field("cpu"),
        },
        authority: Authority::parse(authority)?,
    };
    Ok((config, json::positive(&object, "requestTimeout")))
}

/// A device code request.
pub(super) fn request(text: &str) -> Result<Request, Error> {
    let object = read(text, "request")?;
    let field = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Request {
        scopes: json::texts(&object, "scopes"),
        authority: field("authority"),
        correlation_id: field("correlationId"),
        claims: field("claims"),
        resource: field("resource"),
        extra_query: json::texts_by_name(&object, "extraQueryParameters"),
        extra_form: json::texts_by_name(&object, "extraParameters"),
        timeout: object.get("timeout").and_then(Value::as_f64),
    })
}

/// MSAL's `DeviceCodeResponse`, and `verificationUriComplete`.
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

/// The fields of MSAL's `AuthenticationResult` that depend on the reply; js/index.js adds the constant ones.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResultShape<'a> {
    authority: &'a str,
    scopes: &'a [String],
    access_token: &'a str,
    token_type: &'a str,
    id_token: &'a str,
    /// JSON text: the claims are JavaScript's to parse, with its own numbers.
    id_token_claims: &'a str,
    account: Option<AccountShape<'a>>,
    unique_id: &'a str,
    tenant_id: &'a str,
    expires_on: Option<UnixMs>,
    ext_expires_on: Option<UnixMs>,
    refresh_on: Option<UnixMs>,
    correlation_id: &'a str,
    request_id: &'a str,
    family_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountShape<'a> {
    home_account_id: &'a str,
    environment: &'a str,
    tenant_id: &'a str,
    username: &'a str,
    local_account_id: &'a str,
    login_hint: Option<&'a str>,
    name: Option<&'a str>,
    upn: Option<&'a str>,
    authority_type: &'static str,
    is_home_tenant: bool,
    kmsi: Option<bool>,
    data_boundary: Option<&'static str>,
}

impl<'a> From<&'a Account> for AccountShape<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            home_account_id: &account.home_account_id,
            environment: &account.environment,
            tenant_id: &account.tenant_id,
            username: &account.username,
            local_account_id: &account.local_account_id,
            login_hint: account.login_hint.as_deref(),
            name: account.name.as_deref(),
            upn: account.upn.as_deref(),
            authority_type: account.authority_type,
            is_home_tenant: account.is_home_tenant,
            kmsi: account.kmsi,
            data_boundary: account.data_boundary,
        }
    }
}

impl<'a> From<&'a Authentication> for ResultShape<'a> {
    fn from(result: &'a Authentication) -> Self {
        let claim = |names: &[&str]| result.claims.as_ref().map(|claims| claims.first_text(names)).unwrap_or_default();
        Self {
            authority: &result.authority,
            scopes: result.scopes.as_slice(),
            access_token: result.reply.access_token.expose(),
            token_type: &result.reply.token_type,
            id_token: result.reply.id_token.as_ref().map(Secret::expose).unwrap_or_default(),
            id_token_claims: result.claims.as_ref().map_or("{}", Claims::json),
            account: result.account.as_ref().map(AccountShape::from),
            unique_id: claim(&["oid", "sub"]),
            tenant_id: claim(&["tid"]),
            expires_on: result.expires_on,
            ext_expires_on: result.ext_expires_on,
            refresh_on: result.refresh_on,
            correlation_id: &result.correlation_id,
            request_id: &result.reply.request_id,
            family_id: result.reply.family_id.as_deref().unwrap_or_default(),
        }
    }
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
    field: Option<&'static str>,
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
            remedy: answer.and_then(ServerAnswer::remedy),
            field: error.field(),
        }
    }
}
