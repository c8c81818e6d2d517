//! One request through the runtime's own `fetch`: no redirects, a bounded body, aborted when dropped.
//!
//! `fetch` is called as the bare global, which every runtime has; no window and no worker scope is assumed. The options
//! are the few that all of them know (workerd refuses `credentials` and others).

use std::cell::Cell;

use js_sys::{JsString, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, ReadableStreamDefaultReader, RequestInit, RequestRedirect, Response};

use crate::error::Cause;
use crate::host::SendError;
use crate::protocol::http::{HttpRequest, HttpResponse, Method};
use crate::protocol::text::clean;
use crate::secret::Secret;

/// The largest body that is read, in bytes. Token replies have some thousand.
pub(super) const LARGEST_BODY: usize = 4 << 20;

/// The headers of a reply that anybody looks at.
pub(super) const HEADERS: [&str; 4] = ["date", "location", "retry-after", "x-ms-request-id"];

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = fetch)]
    fn host_fetch(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// Sends the request. `answered` is set as soon as the reply's status is known, so that who gives up on the body knows.
pub(super) async fn fetch(request: &HttpRequest, answered: &Cell<Option<u16>>) -> Result<HttpResponse, SendError> {
    let failed = |value: JsValue| SendError {
        problem: describe(&value),
        status: answered.get(),
        cause: Some(Cause::new(value)),
    };
    let mut abort = AbortOnDrop(Some(AbortController::new().map_err(failed)?));
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
    let headers = Headers::new().map_err(failed)?;
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(failed)?;
    }
    init.set_headers(&headers);

    let response = JsFuture::from(host_fetch(&request.url, &init).map_err(failed)?).await.map_err(failed)?;
    // Unchecked: a polyfill's Response, or another realm's, is no instance of this realm's class.
    let response: Response = response.unchecked_into();
    answered.set(Some(response.status()));
    let body = read_body(&response).await.map_err(|problem| match problem {
        BodyProblem::TooLarge => SendError {
            problem: format!("its body is over {} MB", LARGEST_BODY >> 20),
            status: answered.get(),
            cause: None,
        },
        BodyProblem::Broken(value) => failed(value),
    })?;
    abort.0 = None;
    let header = |name: &str| response.headers().get(name).ok().flatten().map(|value| (name.to_owned(), value));
    Ok(HttpResponse {
        status: response.status(),
        headers: HEADERS.into_iter().filter_map(header).collect(),
        body: Secret::new(String::from_utf8_lossy(&body).into_owned()),
    })
}

enum BodyProblem {
    TooLarge,
    Broken(JsValue),
}

/// Reads the body piece by piece, and no further than is allowed.
async fn read_body(response: &Response) -> Result<Vec<u8>, BodyProblem> {
    let mut body = Vec::new();
    let Some(stream) = response.body() else {
        return Ok(body);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let piece = JsFuture::from(reader.read()).await.map_err(BodyProblem::Broken)?;
        if property(&piece, "done").is_truthy() {
            return Ok(body);
        }
        let bytes = Uint8Array::new(&property(&piece, "value"));
        if body.len().saturating_add(bytes.length() as usize) > LARGEST_BODY {
            return Err(BodyProblem::TooLarge);
        }
        body.extend(bytes.to_vec());
    }
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

fn property(value: &JsValue, name: &str) -> JsValue {
    if !value.is_object() {
        return JsValue::UNDEFINED;
    }
    Reflect::get(value, &JsString::from(name)).unwrap_or(JsValue::UNDEFINED)
}
