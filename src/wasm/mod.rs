//! Top floor: the [`Host`](crate::host::Host) made of `fetch`, timers and the program's callbacks, and the classes that
//! JavaScript sees.
//!
//! Exported methods take `&self`, clone an `Rc` into the future they return, and hold no borrow across an await: the
//! program's callbacks may call back in. Errors are made by the `error` hook, so that what rejects a promise is already an
//! instance of the right JavaScript class.

mod abort;
mod fetch;
mod host;
mod shapes;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::AbortSignal;

use crate::error::{Cause, Error};
use crate::flows::device_code::{self, Pending, Polled, Progress, Prompt};
use crate::flows::race::{First, race};
use crate::flows::{App, Authentication};
use crate::host::Host as _;
use crate::protocol::device_code::DeviceAuthorization;
use crate::secret::Secret;
use host::{Hooks, JsHost};
use shapes::{CodesShape, ProgressShape, ResultShape};

/// What `PublicClientApplication` holds: the application, in a host made of JavaScript.
#[wasm_bindgen]
pub struct Core {
    app: Rc<App<JsHost>>,
}

#[wasm_bindgen]
impl Core {
    /// Makes the application. `configuration` is JSON text, checked for types by the caller.
    ///
    /// # Errors
    /// A `ClientConfigurationError` that names the field.
    #[wasm_bindgen(constructor)]
    pub fn new(configuration: &str, hooks: Hooks) -> Result<Self, JsValue> {
        let host = JsHost::new(hooks);
        match shapes::configuration(configuration) {
            Ok((config, request_timeout)) => {
                host.limit_requests(request_timeout);
                Ok(Self { app: Rc::new(App::new(host, config)) })
            }
            Err(error) => Err(host.thrown(&error, "")),
        }
    }

    /// Sets which log lines are wanted: MSAL's `LogLevel`, as a number; -1 for none.
    #[wasm_bindgen(js_name = setLogLevel)]
    pub fn set_log_level(&self, level: i8) {
        self.app.host().set_log_level(level);
    }

    /// Signs a person in; resolves to the result's fields.
    #[wasm_bindgen(js_name = acquireTokenByDeviceCode)]
    pub fn acquire_token_by_device_code(
        &self,
        request: &str,
        show: Function,
        progress: Option<Function>,
        signal: AbortSignal,
    ) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let prompt = JsPrompt { show: Some(show), progress };
            device_code::sign_in(&app, request, &prompt).await.map(|result| result_value(&result))
        })
    }

    /// Gets the codes; resolves to a [`DeviceCode`].
    #[wasm_bindgen(js_name = startDeviceCode)]
    pub fn start_device_code(&self, request: &str, signal: AbortSignal) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let pending = device_code::start(&app, request).await?;
            Ok(DeviceCode { app, pending: Rc::new(pending) }.into())
        })
    }

    /// Goes on with a sign-in that `DeviceCode.save` returned.
    ///
    /// # Errors
    /// A `ClientConfigurationError` for what is not that.
    #[wasm_bindgen(js_name = resumeDeviceCode)]
    pub fn resume_device_code(&self, saved: String) -> Result<DeviceCode, JsValue> {
        let now = self.app.host().now();
        match Pending::resume(&Secret::new(saved), &self.app.client().client_id, now) {
            Ok(pending) => Ok(DeviceCode { app: Rc::clone(&self.app), pending: Rc::new(pending) }),
            Err(error) => Err(self.app.host().thrown(&error, "")),
        }
    }
}

impl Core {
    /// A promise for an operation that begins with a request: JSON text, checked for types by the caller. The correlation
    /// id is settled first, so that every error carries it.
    fn promise<F>(&self, request: &str, signal: AbortSignal, operation: F) -> Promise
    where
        F: AsyncFnOnce(device_code::Request) -> Result<JsValue, Error> + 'static,
    {
        let mut request = match shapes::request(request) {
            Ok(request) => request,
            Err(error) => return Promise::reject(&self.app.host().thrown(&error, "")),
        };
        let correlation_id = self.app.correlation_id(request.correlation_id.take());
        request.correlation_id = Some(correlation_id.clone());
        promise(Rc::clone(&self.app), correlation_id, signal, Box::pin(operation(request)))
    }
}

/// What an exported method does. In a box, so that the code around it is compiled once.
type Operation = Pin<Box<dyn Future<Output = Result<JsValue, Error>>>>;

/// A promise for an operation that ends when the signal aborts.
fn promise(app: Rc<App<JsHost>>, correlation_id: String, signal: AbortSignal, operation: Operation) -> Promise {
    future_to_promise(async move {
        until_aborted(&signal, operation).await.map_err(|error| app.host().thrown(&error, &correlation_id))
    })
}

/// The operation's output, or [`Error::Cancelled`] as soon as the signal aborts; the operation is then dropped, and with
/// it its timer and its request.
async fn until_aborted(signal: &AbortSignal, mut operation: Operation) -> Result<JsValue, Error> {
    let cancelled = || Err(Error::Cancelled(Some(Cause::new(signal.reason()))));
    if signal.aborted() {
        return cancelled();
    }
    match race(operation.as_mut(), abort::aborted(signal)).await {
        First::One(outcome) => outcome,
        First::Other(()) => cancelled(),
    }
}

/// A sign-in that waits for the person.
#[wasm_bindgen]
pub struct DeviceCode {
    app: Rc<App<JsHost>>,
    pending: Rc<Pending>,
}

#[wasm_bindgen]
impl DeviceCode {
    /// What to show the person: the fields of MSAL's `DeviceCodeResponse`.
    #[must_use]
    pub fn codes(&self) -> JsValue {
        shapes::write(&CodesShape::from(self.pending.codes()))
    }

    /// The sign-in as JSON text. Holds the device code.
    #[must_use]
    pub fn save(&self) -> String {
        self.pending.save(&self.app.client().client_id).expose().to_owned()
    }

    /// Makes exactly one poll; resolves to `{ status: "pending", retryAfter }` or `{ status: "done", result }`.
    pub fn poll(&self, signal: AbortSignal) -> Promise {
        self.promise(signal, async |app, pending| {
            Ok(match device_code::poll(&app, &pending).await? {
                Polled::Pending(progress) => shapes::pending(progress.next_poll_in),
                Polled::Done(result) => shapes::done(&result_value(&result)),
            })
        })
    }

    /// Polls until there is an end; resolves to the result's fields.
    pub fn finish(&self, timeout: Option<f64>, progress: Option<Function>, signal: AbortSignal) -> Promise {
        self.promise(signal, async move |app, pending| {
            let prompt = JsPrompt { show: None, progress };
            device_code::finish(&app, &pending, timeout, &prompt).await.map(|result| result_value(&result))
        })
    }
}

impl DeviceCode {
    fn promise<F>(&self, signal: AbortSignal, operation: F) -> Promise
    where
        F: AsyncFnOnce(Rc<App<JsHost>>, Rc<Pending>) -> Result<JsValue, Error> + 'static,
    {
        let operation = operation(Rc::clone(&self.app), Rc::clone(&self.pending));
        promise(Rc::clone(&self.app), self.pending.correlation_id().to_owned(), signal, Box::pin(operation))
    }
}

fn result_value(result: &Authentication) -> JsValue {
    shapes::write(&ResultShape::from(result))
}

/// The program's callbacks. Both may be async; what they throw is what the caller gets.
struct JsPrompt {
    show: Option<Function>,
    progress: Option<Function>,
}

impl Prompt for JsPrompt {
    async fn show(&self, codes: &DeviceAuthorization) -> Result<(), Error> {
        call(self.show.as_ref(), || shapes::write(&CodesShape::from(codes))).await
    }

    async fn progress(&self, progress: Progress) -> Result<(), Error> {
        call(self.progress.as_ref(), || shapes::write(&ProgressShape::from(progress))).await
    }
}

/// Calls a callback, if there is one, and waits for what it returns.
async fn call(callback: Option<&Function>, argument: impl FnOnce() -> JsValue) -> Result<(), Error> {
    let Some(callback) = callback else {
        return Ok(());
    };
    let thrown = |value: JsValue| Error::Callback(Cause::new(value));
    let returned = callback.call1(&JsValue::UNDEFINED, &argument()).map_err(thrown)?;
    JsFuture::from(Promise::resolve(&returned)).await.map(drop).map_err(thrown)
}
