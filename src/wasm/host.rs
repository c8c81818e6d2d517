//! The host made of JavaScript: `fetch` or the program's own network client, timers, the clock, the logger.

use std::cell::Cell;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Date, JsString, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::{Cause, Class, Error, Fault, in_seconds};
use crate::flows::race::{First, race};
use crate::host::{Host, Level, SendError};
use crate::protocol::http::{HttpRequest, HttpResponse, Method, UnixMs};
use crate::protocol::text::percent_encoded;
use crate::secret::Secret;
use crate::wasm::fetch::{HEADERS, LARGEST_BODY, Unfetched, describe, fetch, status_of};
use crate::wasm::shapes;
use crate::wasm::task::{Operation, Task};

/// The time limit of a request, in milliseconds, unless `system.requestTimeout` says otherwise.
const REQUEST_TIMEOUT: u32 = 30_000;

/// The longest time that `setTimeout` can wait, in milliseconds: 25 days. It takes a longer one for none at all.
const LONGEST_TIMER: u32 = i32::MAX.unsigned_abs();

/// How many zeros are written at once.
const PAGE: usize = 4_096;

#[wasm_bindgen]
extern "C" {
    /// What JavaScript hands in: functions that only it can provide. See js/application.js.
    pub type Hooks;

    /// Makes an instance of the right error class.
    #[wasm_bindgen(method)]
    fn error(this: &Hooks, details: JsValue, cause: JsValue) -> JsValue;

    /// Drives a task in the context of whoever calls this; see js/drive.js.
    #[wasm_bindgen(method)]
    fn drive(this: &Hooks, task: Task) -> Promise;

    /// What a network threw, without the secrets of the form that was sent, should it hold them.
    #[wasm_bindgen(method)]
    fn harmless(this: &Hooks, thrown: JsValue, form: &str) -> JsValue;

    #[wasm_bindgen(method)]
    fn log(this: &Hooks, level: u8, correlation_id: &str, line: &str);

    /// Whether the program brought a network client.
    #[wasm_bindgen(method, getter, js_name = hasNetwork)]
    fn has_network(this: &Hooks) -> bool;

    /// One request through the program's network client.
    #[wasm_bindgen(method, catch)]
    fn send(this: &Hooks, post: bool, url: &str, headers: &str, body: &str, timeout: u32) -> Result<Promise, JsValue>;

    /// What that request was answered with, as js/network.js passes it on.
    type Answer;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Answer) -> u16;

    #[wasm_bindgen(method, getter)]
    fn body(this: &Answer) -> JsString;

    #[wasm_bindgen(method)]
    fn header(this: &Answer, name: &str) -> Option<String>;

    /// Whether the program brought a clock.
    #[wasm_bindgen(method, getter, js_name = hasClock)]
    fn has_clock(this: &Hooks) -> bool;

    #[wasm_bindgen(method, catch)]
    fn now(this: &Hooks) -> Result<f64, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn sleep(this: &Hooks, milliseconds: f64) -> Result<Promise, JsValue>;

    /// Whether the program brought a cache plugin.
    #[wasm_bindgen(method, getter, js_name = hasCachePlugin)]
    fn has_cache_plugin(this: &Hooks) -> bool;

    /// Queues for a turn at the cache.
    #[wasm_bindgen(method, js_name = openCache)]
    fn open_cache(this: &Hooks, writes: bool) -> CacheAccess;

    /// Writes a text as UTF-8 into the bytes, and returns how many it took; -1 if they were too few.
    #[wasm_bindgen(method)]
    fn encode(this: &Hooks, text: &JsString, bytes: &mut [u8]) -> f64;

    /// A JWT that proves who the client is to that token endpoint.
    #[wasm_bindgen(method, catch, js_name = clientAssertion)]
    fn client_assertion(this: &Hooks, token_endpoint: &str) -> Result<Promise, JsValue>;

    /// The SHA-256 of a text.
    #[wasm_bindgen(method, catch)]
    fn sha256(this: &Hooks, text: &str) -> Result<Promise, JsValue>;

    /// A turn at the cache; see js/cache-access.js.
    pub type CacheAccess;

    #[wasm_bindgen(method, getter)]
    fn ready(this: &CacheAccess) -> Promise;

    #[wasm_bindgen(method)]
    fn close(this: &CacheAccess, has_changed: bool) -> Promise;

    #[wasm_bindgen(method)]
    fn abandon(this: &CacheAccess);

    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]) -> Result<(), JsValue>;
}

/// The world, as JavaScript has it.
pub(super) struct JsHost {
    hooks: Hooks,
    log_level: Cell<i8>,
    request_timeout: Cell<u32>,
}

impl JsHost {
    pub(super) fn new(hooks: Hooks) -> Self {
        Self { hooks, log_level: Cell::new(Level::Info as i8), request_timeout: Cell::new(REQUEST_TIMEOUT) }
    }

    pub(super) fn set_log_level(&self, level: i8) {
        self.log_level.set(level);
    }

    /// Sets the time limit of requests, in milliseconds.
    pub(super) fn limit_requests(&self, milliseconds: Option<u32>) {
        self.request_timeout.set(milliseconds.unwrap_or(REQUEST_TIMEOUT).min(LONGEST_TIMER));
    }

    /// A promise of what the operation brings.
    pub(super) fn promise(&self, operation: Operation) -> Promise {
        let task = Task::new(operation);
        // Much needs nobody to be waited for, and is done at once.
        match task.go_on() {
            Poll::Ready(Ok(value)) => Promise::resolve(&value),
            Poll::Ready(Err(thrown)) => Promise::reject(&thrown),
            Poll::Pending => self.hooks.drive(task),
        }
    }

    /// The error as what JavaScript throws: an instance of the right class, or what the program's own callback threw.
    pub(super) fn thrown(&self, error: &Error, correlation_id: &str) -> JsValue {
        let cause = error.cause().and_then(Cause::downcast::<JsValue>);
        if error.class() == Class::Foreign {
            return cause.unwrap_or(JsValue::UNDEFINED);
        }
        let details = shapes::error(error, correlation_id);
        self.hooks.error(details, cause.unwrap_or(JsValue::UNDEFINED))
    }

    /// What a network threw, as an error. A status that the thrown value carries counts as one that was answered.
    fn failed(&self, thrown: JsValue, answered: Option<u16>, request: &HttpRequest) -> SendError {
        let secrets = match &request.authorization {
            None => request.body.clone(),
            Some(header) => {
                Secret::new(format!("{}&authorization={}", request.body.expose(), percent_encoded(header.expose())))
            }
        };
        let thrown = self.hooks.harmless(thrown, secrets.expose());
        SendError {
            problem: describe(&thrown),
            status: answered.or_else(|| status_of(&thrown)),
            cause: Some(Cause::new(thrown)),
        }
    }

    /// A JavaScript string, which wasm-bindgen would copy character by character; none where memory does not suffice.
    pub(super) fn text(&self, text: &JsString) -> Option<String> {
        let length = text.length() as usize;
        // Three bytes a UTF-16 unit are the most; nearly always one is enough.
        for capacity in [length, length.checked_mul(3)?] {
            let mut bytes = Vec::new();
            bytes.try_reserve_exact(capacity).ok()?;
            // By the page: `resize` goes by the byte in a module that is compiled for size.
            while let Some(page) =
                [0; PAGE].get(..capacity.saturating_sub(bytes.len()).min(PAGE)).filter(|page| !page.is_empty())
            {
                bytes.extend_from_slice(page);
            }
            let written = self.hooks.encode(text, &mut bytes);
            if written >= 0.0 {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the capacity")]
                bytes.truncate(written as usize);
                return String::from_utf8(bytes).ok();
            }
        }
        None
    }

    async fn send_by_hook(&self, request: &HttpRequest) -> Result<HttpResponse, SendError> {
        let failed = |value: JsValue| self.failed(value, None, request);
        let headers = shapes::headers(request);
        let post = request.method == Method::Post;
        let timeout = self.request_timeout.get();
        let promise =
            self.hooks.send(post, &request.url, headers.expose(), request.body.expose(), timeout).map_err(failed)?;
        let answer: Answer = JsFuture::from(promise).await.map_err(failed)?.unchecked_into();
        let (status, body) = (answer.status(), answer.body());
        let body = Some(body).filter(|body| body.length() as usize <= LARGEST_BODY).and_then(|body| self.text(&body));
        let body = body.filter(|body| body.len() <= LARGEST_BODY).ok_or_else(|| too_large(Some(status)))?;
        let header = |name: &str| answer.header(name).map(|value| (name.to_owned(), value));
        let headers = HEADERS.into_iter().filter_map(header).collect();
        Ok(HttpResponse { status, headers, body: Secret::new(body) })
    }
}

/// A turn at the cache, which is given back if it is dropped. None where there is no plugin: nobody is waited for then.
pub(super) struct CacheTurn(Option<CacheAccess>);

impl CacheTurn {
    /// A turn that was waited for elsewhere.
    pub(super) const fn opened(access: CacheAccess) -> Self {
        Self(Some(access))
    }
}

impl Drop for CacheTurn {
    fn drop(&mut self) {
        if let Some(access) = self.0.take() {
            access.abandon();
        }
    }
}

fn too_large(status: Option<u16>) -> SendError {
    SendError { problem: format!("its body is over {} MB", LARGEST_BODY >> 20), status, cause: None }
}

impl Host for JsHost {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let answered = Cell::new(None);
        let limit = self.request_timeout.get();
        let mut sending = pin!(async {
            if self.hooks.has_network() {
                return self.send_by_hook(&request).await;
            }
            fetch(&request, &answered).await.map_err(|problem| match problem {
                Unfetched::TooLarge => too_large(answered.get()),
                Unfetched::Thrown(value) => self.failed(value, answered.get(), &request),
            })
        });
        // Always the runtime's own timer: a program's clock for tests must not time out a real request.
        match race(sending.as_mut(), TimeoutFuture::new(limit)).await {
            First::One(outcome) => outcome,
            First::Other(()) => Err(SendError {
                problem: format!("no complete reply within {} s", in_seconds(limit.into())),
                status: answered.get(),
                cause: None,
            }),
        }
    }

    type CacheTurn = CacheTurn;

    fn has_store(&self) -> bool {
        self.hooks.has_cache_plugin()
    }

    async fn open_cache(&self, writes: bool) -> Result<CacheTurn, Error> {
        if !self.has_store() {
            return Ok(CacheTurn(None));
        }
        let access = self.hooks.open_cache(writes);
        let ready = access.ready();
        let mut turn = CacheTurn(Some(access));
        match JsFuture::from(ready).await {
            Ok(_) => Ok(turn),
            Err(thrown) => {
                turn.0 = None; // it has given itself back
                Err(Error::new(Fault::Callback(Cause::new(thrown))))
            }
        }
    }

    async fn close_cache(&self, mut turn: CacheTurn, has_changed: bool) -> Result<(), Error> {
        let Some(access) = turn.0.take() else {
            return Ok(());
        };
        JsFuture::from(access.close(has_changed))
            .await
            .map(drop)
            .map_err(|thrown| Fault::Callback(Cause::new(thrown)).into())
    }

    async fn sleep(&self, duration: Duration) {
        let milliseconds = u32::try_from(duration.as_millis()).unwrap_or(LONGEST_TIMER).min(LONGEST_TIMER);
        // A program's clock that throws or rejects is no reason to poll without a pause.
        if self.hooks.has_clock()
            && let Ok(promise) = self.hooks.sleep(f64::from(milliseconds))
            && JsFuture::from(promise).await.is_ok()
        {
            return;
        }
        TimeoutFuture::new(milliseconds).await;
    }

    fn now(&self) -> UnixMs {
        let now = if self.hooks.has_clock() { self.hooks.now().unwrap_or_else(|_| Date::now()) } else { Date::now() };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "`as` saturates, and NaN becomes 0"
        )]
        let whole = now as u64;
        whole
    }

    fn random(&self) -> Option<[u8; 16]> {
        let mut bytes = [0; 16];
        get_random_values(&mut bytes).ok()?;
        Some(bytes)
    }

    async fn client_assertion(&self, token_endpoint: &str) -> Result<Secret, Error> {
        let thrown = |value: JsValue| Error::new(Fault::Callback(Cause::new(value)));
        let made = self.hooks.client_assertion(token_endpoint).map_err(thrown)?;
        let made = JsFuture::from(made).await.map_err(thrown)?;
        Ok(Secret::new(made.as_string().unwrap_or_default()))
    }

    async fn sha256(&self, text: &str) -> Option<[u8; 32]> {
        let digest = JsFuture::from(self.hooks.sha256(text).ok()?).await.ok()?;
        js_sys::Uint8Array::new(&digest).to_vec().try_into().ok()
    }

    fn logs(&self, level: Level) -> bool {
        level as i8 <= self.log_level.get()
    }

    fn log(&self, level: Level, correlation_id: &str, line: &str) {
        self.hooks.log(level as u8, correlation_id, line);
    }
}
