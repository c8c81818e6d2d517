//! The shapes that cross between Rust and JavaScript, in JavaScript's spelling.
//!
//! js/index.js checks types before it hands anything in, so a shape that cannot be read here is a fault of ours or of a
//! program's network client. Times cross as milliseconds since 1970, claims as JSON text.

use std::collections::BTreeMap;

use js_sys::{Object, Reflect};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use crate::error::Error;
use crate::flows::device_code::{Progress, Request};
use crate::flows::{Authentication, Config};
use crate::protocol::account::Account;
use crate::protocol::authority::{Authority, DEFAULT_AUTHORITY};
use crate::protocol::device_code::DeviceAuthorization;
use crate::protocol::http::{HttpResponse, UnixMs};
use crate::protocol::id_token::Claims;
use crate::protocol::request::Client;
use crate::secret::Secret;

/// Reads a JavaScript value; `field` names it, should it not have the shape. A field that may be undefined is an `Option`:
/// serde's `default` is only for a field that is not there at all.
pub(super) fn read<T: DeserializeOwned>(value: JsValue, field: &'static str) -> Result<T, Error> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| Error::InvalidRequest { field, fix: format!("it has not the right shape: {error}") })
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigShape {
    client_id: String,
    authority: Option<String>,
    capabilities: Option<Vec<String>>,
    app_name: Option<String>,
    app_version: Option<String>,
    os: Option<String>,
    cpu: Option<String>,
    request_timeout: Option<f64>,
}

pub(super) struct Checked {
    pub(super) app: Config,
    /// In milliseconds.
    pub(super) request_timeout: Option<u32>,
}

impl ConfigShape {
    pub(super) fn checked(self) -> Result<Checked, Error> {
        if self.client_id.trim().is_empty() {
            return Err(Error::InvalidConfiguration {
                field: "auth.clientId",
                fix: "it is missing; set it to the application (client) id of your app registration".to_owned(),
            });
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
        let request_timeout = self.request_timeout.map(|milliseconds| milliseconds.min(f64::from(i32::MAX)) as u32);
        Ok(Checked {
            app: Config {
                client: Client {
                    client_id: self.client_id,
                    capabilities: self.capabilities.unwrap_or_default(),
                    app_name: self.app_name.unwrap_or_default(),
                    app_version: self.app_version.unwrap_or_default(),
                    os: self.os.unwrap_or_default(),
                    cpu: self.cpu.unwrap_or_default(),
                },
                authority: Authority::parse(self.authority.as_deref().unwrap_or(DEFAULT_AUTHORITY))?,
            },
            request_timeout,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestShape {
    scopes: Vec<String>,
    authority: Option<String>,
    correlation_id: Option<String>,
    claims: Option<String>,
    resource: Option<String>,
    extra_query_parameters: Option<BTreeMap<String, String>>,
    extra_parameters: Option<BTreeMap<String, String>>,
    timeout: Option<f64>,
}

impl RequestShape {
    pub(super) fn into_request(self) -> Request {
        Request {
            scopes: self.scopes,
            authority: self.authority,
            correlation_id: self.correlation_id,
            claims: self.claims,
            resource: self.resource,
            extra_query: self.extra_query_parameters.unwrap_or_default(),
            extra_form: self.extra_parameters.unwrap_or_default(),
            timeout: self.timeout,
        }
    }
}

/// A request for the program's network client.
#[derive(Serialize)]
pub(super) struct NetworkRequest<'a> {
    pub(super) post: bool,
    pub(super) url: &'a str,
    pub(super) headers: BTreeMap<&'a str, &'a str>,
    pub(super) body: &'a str,
    pub(super) timeout: u32,
}

/// What the program's network client answered, as js/network.js passes it on.
#[derive(Deserialize)]
pub(super) struct NetworkReply {
    pub(super) status: u16,
    headers: BTreeMap<String, String>,
    pub(super) body: String,
}

impl NetworkReply {
    pub(super) fn into_response(self) -> HttpResponse {
        HttpResponse { status: self.status, headers: self.headers.into_iter().collect(), body: Secret::new(self.body) }
    }
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
        let said =
            |field: fn(&crate::protocol::token_reply::ServerAnswer) -> &str| answer.map(field).unwrap_or_default();
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
            remedy: answer.and_then(crate::protocol::token_reply::ServerAnswer::remedy),
            field: error.field(),
        }
    }
}
