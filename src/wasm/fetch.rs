//! One request through the runtime's own `fetch`: no redirects, a bounded body, aborted when dropped.
//!
//! `fetch` is called as the bare global, which every runtime has; no window and no worker scope is assumed. The options
//! are the few that all of them know (workerd refuses `credentials` and others).

use std::cell::Cell;

use js_sys::{JsString, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit, RequestRedirect};

use crate::protocol::http::{HttpRequest, HttpResponse, Method};
use crate::protocol::text::clean;
use crate::secret::Secret;

/// The largest body that is read, in bytes. Token replies have some thousand.
pub(super) const LARGEST_BODY: usize = 4 << 20;

/// The header that a client proves itself with.
pub(super) const AUTHORIZATION: &str = "Authorization";

/// The headers of a reply that anybody looks at.
pub(super) const HEADERS: [&str; 4] = ["date", "location", "retry-after", "x-ms-request-id"];

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn host_fetch(url: &str, init: &RequestInit) -> Result<JsValue, JsValue>;

    /// A Response. Not web-sys's: a program may have put a `fetch` of its own in place, whose replies lack what the standard
    /// promises, and what is thrown in a call that does not catch would leave a promise that never settles.
    type Reply;

    #[wasm_bindgen(method, getter, catch)]
    fn status(this: &Reply) -> Result<u16, JsValue>;

    #[wasm_bindgen(method, getter, catch)]
    fn headers(this: &Reply) -> Result<ReplyHeaders, JsValue>;

    #[wasm_bindgen(method, getter, catch)]
    fn body(this: &Reply) -> Result<Option<Body>, JsValue>;

    type ReplyHeaders;

    #[wasm_bindgen(method, catch)]
    fn get(this: &ReplyHeaders, name: &str) -> Result<Option<String>, JsValue>;

    type Body;

    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &Body) -> Result<Reader, JsValue>;

    type Reader;

    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader) -> Result<JsValue, JsValue>;
}

/// Why there is no reply.
pub(super) enum Unfetched {
    /// The body is over the limit.
    TooLarge,
    /// What was thrown.
    Thrown(JsValue),
}

impl From<JsValue> for Unfetched {
    fn from(value: JsValue) -> Self {
        Self::Thrown(value)
    }
}

/// Sends the request. `answered` is set as soon as the reply's status is known, so that who gives up on the body knows.
pub(super) async fn fetch(request: &HttpRequest, answered: &Cell<Option<u16>>) -> Result<HttpResponse, Unfetched> {
    let mut abort = AbortOnDrop(Some(AbortController::new()?));
    let init = RequestInit::new();
    init.set_method(match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
    });
    if request.method == Method::Post {
        init.set_body(&JsValue::from_str(request.body.expose()));
    }
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(abort.0.as_ref().map(AbortController::signal).as_ref());
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    if let Some(authorization) = &request.authorization {
        headers.set(AUTHORIZATION, authorization.expose())?;
    }
    init.set_headers(&headers);

    let reply: Reply = settled(&host_fetch(&request.url, &init)?).await?.unchecked_into();
    let status = reply.status()?;
    answered.set(Some(status));
    let mut headers = Vec::new();
    let found = reply.headers()?;
    for name in HEADERS {
        if let Some(value) = found.get(name)? {
            headers.push((name.to_owned(), value));
        }
    }
    let body = read_body(&reply).await?;
    abort.0 = None;
    Ok(HttpResponse { status, headers, body: Secret::new(String::from_utf8_lossy(&body).into_owned()) })
}

/// Reads the body piece by piece, and no further than is allowed.
async fn read_body(reply: &Reply) -> Result<Vec<u8>, Unfetched> {
    let mut body = Vec::new();
    let Some(stream) = reply.body()? else {
        return Ok(body);
    };
    let reader = stream.get_reader()?;
    loop {
        let piece = settled(&reader.read()?).await?;
        if property(&piece, "done").is_truthy() {
            return Ok(body);
        }
        let bytes = Uint8Array::new(&property(&piece, "value"));
        if body.len().saturating_add(bytes.length() as usize) > LARGEST_BODY {
            return Err(Unfetched::TooLarge);
        }
        body.extend(bytes.to_vec());
    }
}

/// Waits for a promise, or for a value that should have been one.
async fn settled(value: &JsValue) -> Result<JsValue, JsValue> {
    JsFuture::from(Promise::resolve(value)).await
}

/// Aborts the request unless it was told that the request is over.
struct AbortOnDrop(Option<AbortController>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}

/// What was thrown, in words: its message, and its cause's, where Node puts the reason (`connect ECONNREFUSED …`).
pub(super) fn describe(thrown: &JsValue) -> String {
    let message = |value: &JsValue| match property(value, "message").as_string() {
        Some(message) if !message.is_empty() => message,
        _ => property(value, "code").as_string().or_else(|| value.as_string()).unwrap_or_default(),
    };
    let (outer, inner) = (message(thrown), message(&property(thrown, "cause")));
    let words = match (outer.is_empty(), inner.is_empty()) {
        (true, true) => "the request failed".to_owned(),
        (false, true) => outer,
        (true, false) => inner,
        (false, false) => format!("{outer} ({inner})"),
    };
    clean(&words)
}

/// The status that an HTTP client's own error carries, as many do.
pub(super) fn status_of(thrown: &JsValue) -> Option<u16> {
    let number = ["status", "statusCode"].iter().find_map(|name| property(thrown, name).as_f64())?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    let status = number as u16;
    Some(status)
}

fn property(value: &JsValue, name: &str) -> JsValue {
    if !value.is_object() {
        return JsValue::UNDEFINED;
    }
    Reflect::get(value, &JsString::from(name)).unwrap_or(JsValue::UNDEFINED)
}
