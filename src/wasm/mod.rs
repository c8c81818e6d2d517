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
mod task;
#[cfg(target_family = "wasm")]
mod wipe;

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::{Function, JsString, Promise, RangeError};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use crate::cache::record::Whose;
use crate::error::{Cause, Error, Fault};
use crate::flows::device_code::{self, Pending, Polled, Progress, Prompt};
use crate::flows::race::{First, race};
use crate::flows::silent::{self, Silent};
use crate::flows::{App, Authentication, accounts, authorization_code, confidential, diagnose, refresh};
use crate::protocol::device_code::DeviceAuthorization;
use crate::secret::Secret;
use host::{CacheAccess, CacheTurn, Hooks, JsHost};
use shapes::Fields;

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
        signal: Option<AbortSignal>,
    ) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let request = shapes::device_code_request(&request);
            let prompt = JsPrompt { show: Some(show), progress };
            device_code::sign_in(&app, request, &prompt).await.map(|result| shapes::result(&result))
        })
    }

    /// Gets a token without the person; resolves to the result's fields. `access` is a turn at the cache that is open already.
    #[wasm_bindgen(js_name = acquireTokenSilent)]
    pub fn acquire_token_silent(
        &self,
        request: &str,
        signal: Option<AbortSignal>,
        access: Option<CacheAccess>,
    ) -> Promise {
        let app = Rc::clone(&self.app);
        let turn = access.map(CacheTurn::opened);
        let runs_on = signal.is_some();
        self.promise(request, signal, async move |request| {
            let silent = without_the_person(&app, shapes::silent_request(&request), turn);
            let silent = if runs_on { to_its_end(&app, silent).await? } else { silent.await? };
            Ok(served(&app, silent))
        })
    }

    /// Gets a token without the person if that can be, and with them if not; resolves to the result's fields.
    #[wasm_bindgen(js_name = acquireToken)]
    pub fn acquire_token(
        &self,
        request: &str,
        show: Function,
        progress: Option<Function>,
        signal: Option<AbortSignal>,
    ) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let sign_in = shapes::device_code_request(&request);
            let request = shapes::silent_request(&request);
            match to_its_end(&app, without_the_person(&app, request, None)).await {
                Ok(silent) => Ok(served(&app, silent)),
                Err(error) => {
                    let sign_in = silent::sign_in_after(error, sign_in)?;
                    let prompt = JsPrompt { show: Some(show), progress };
                    device_code::sign_in(&app, sign_in, &prompt).await.map(|result| shapes::result(&result))
                }
            }
        })
    }

    /// Looks for what could keep people from signing in; resolves to a list of findings, JSON text.
    pub fn diagnose(&self, request: &str, signal: Option<AbortSignal>) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            Ok(shapes::findings(&diagnose::diagnose(&app, shapes::wish(&request)).await))
        })
    }

    /// Where to send a person to sign in; resolves to the address.
    #[wasm_bindgen(js_name = authorizationUrl)]
    pub fn authorization_url(&self, request: &str, signal: Option<AbortSignal>) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let url = authorization_code::url(&app, shapes::wish(&request), shapes::authorization(&request)).await?;
            Ok(JsValue::from_str(&url))
        })
    }

    /// Gets tokens for an authorization code; resolves to the result's fields.
    #[wasm_bindgen(js_name = acquireTokenByCode)]
    pub fn acquire_token_by_code(&self, request: &str, signal: Option<AbortSignal>) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let request = shapes::code_request(&request);
            authorization_code::by_code(&app, request).await.map(|result| shapes::result(&result))
        })
    }

    /// Gets a token for the client itself, or on behalf of somebody; resolves to the result's fields.
    #[wasm_bindgen(js_name = acquireTokenAsClient)]
    pub fn acquire_token_as_client(&self, request: &str, signal: Option<AbortSignal>) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let token = confidential::token(&app, shapes::confidential_request(&request)).await?;
            let renewing = Rc::clone(&app);
            let renewal =
                token.renewal.map(|plan| background(async move { confidential::renew(&renewing, plan).await }));
            Ok(handed_out(&app, &token.authentication, renewal))
        })
    }

    /// Where to send a person to sign out; resolves to the address.
    #[wasm_bindgen(js_name = endSessionUrl)]
    pub fn end_session_url(&self, request: &str, signal: Option<AbortSignal>) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let end_session = shapes::end_session(&request);
            let url = authorization_code::end_session_url(&app, shapes::wish(&request), end_session).await?;
            Ok(JsValue::from_str(&url))
        })
    }

    /// Gets tokens for a refresh token; resolves to the result's fields.
    #[wasm_bindgen(js_name = acquireTokenByRefreshToken)]
    pub fn acquire_token_by_refresh_token(&self, request: &str, signal: Option<AbortSignal>) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let request = shapes::refresh_request(&request);
            let renewal = {
                let app = Rc::clone(&app);
                Box::pin(async move {
                    let authentication = refresh::by_refresh_token(&app, request).await?;
                    Ok(Silent { authentication, renewal: None })
                })
            };
            to_its_end(&app, renewal).await.map(|silent| served(&app, silent))
        })
    }

    /// The accounts, or those of one person: resolves to `{ generation, accounts }`, JSON text as js/shapes.js reads it; to
    /// nothing if the cache is still of the generation `since`.
    pub fn accounts(&self, home_account_id: Option<String>, since: Option<u32>) -> Promise {
        let app = Rc::clone(&self.app);
        let operation = {
            let app = Rc::clone(&app);
            async move {
                let known = accounts::known(&app, home_account_id.as_deref(), since).await?;
                Ok(known.map_or(JsValue::UNDEFINED, |(generation, known)| shapes::accounts(generation, &known)))
            }
        };
        promise(app, String::new(), None, Box::pin(operation))
    }

    /// The first account as the blob has it: JSON text.
    #[wasm_bindgen(js_name = firstAccountEntity)]
    #[must_use]
    pub fn first_account_entity(&self) -> Option<String> {
        self.app.cache().borrow().first_account().map(str::to_owned)
    }

    /// Forgets an account.
    #[wasm_bindgen(js_name = signOut)]
    pub fn sign_out(&self, home_account_id: String, environment: String, correlation_id: String) -> Promise {
        let app = Rc::clone(&self.app);
        let operation = {
            let (app, correlation_id) = (Rc::clone(&app), correlation_id.clone());
            async move {
                let whose = Whose { home_account_id: &home_account_id, environment: &environment };
                accounts::sign_out(&app, &whose, &correlation_id).await.map(|()| JsValue::UNDEFINED)
            }
        };
        promise(app, correlation_id, None, Box::pin(operation))
    }

    /// Reads a stored cache.
    ///
    /// # Errors
    /// A `ClientAuthError` that says where it is not one; a `RangeError` if there is no room for it in memory.
    #[wasm_bindgen(js_name = loadCache)]
    pub fn load_cache(&self, text: &JsString) -> Result<(), JsValue> {
        let host = self.app.host();
        let Some(text) = host.text(text) else {
            // Not `invalid_cache_record`, for which a plugin moves away what is stored: it may be whole.
            return Err(RangeError::new("There is not enough memory for the token cache that is stored.").into());
        };
        let loaded = self.app.cache().borrow_mut().load(text);
        loaded.map_err(|error| host.thrown(&error, ""))
    }

    /// The cache as it is to be stored.
    #[wasm_bindgen(js_name = writeCache)]
    #[must_use]
    pub fn write_cache(&self) -> JsValue {
        JsValue::from_str(self.app.cache().borrow().write().expose())
    }

    /// What `writeCache` returned is stored.
    #[wasm_bindgen(js_name = cacheIsStored)]
    pub fn cache_is_stored(&self) {
        self.app.cache().borrow_mut().saved();
    }

    /// Forgets everything, here only.
    #[wasm_bindgen(js_name = clearCache)]
    pub fn clear_cache(&self) {
        self.app.cache().borrow_mut().clear();
    }

    /// Whether something changed that is not stored.
    #[wasm_bindgen(js_name = cacheHasChanged)]
    #[must_use]
    pub fn cache_has_changed(&self) -> bool {
        self.app.cache().borrow().has_changed()
    }

    /// Counts the changes: as long as it stays the same, so do all answers.
    #[wasm_bindgen(getter, js_name = cacheGeneration)]
    #[must_use]
    pub fn cache_generation(&self) -> u32 {
        self.app.cache().borrow().generation()
    }

    /// Gets the codes; resolves to a [`DeviceCode`].
    #[wasm_bindgen(js_name = startDeviceCode)]
    pub fn start_device_code(&self, request: &str, signal: Option<AbortSignal>) -> Promise {
        let app = Rc::clone(&self.app);
        self.promise(request, signal, async move |request| {
            let pending = device_code::start(&app, shapes::device_code_request(&request)).await?;
            Ok(DeviceCode { app, pending: Rc::new(pending) }.into())
        })
    }

    /// Goes on with a sign-in that `DeviceCode.save` returned.
    ///
    /// # Errors
    /// A `ClientConfigurationError` for what is not that.
    #[wasm_bindgen(js_name = resumeDeviceCode)]
    pub fn resume_device_code(&self, saved: String) -> Result<DeviceCode, JsValue> {
        match Pending::resume(&Secret::new(saved), &self.app) {
            Ok(pending) => Ok(DeviceCode { app: Rc::clone(&self.app), pending: Rc::new(pending) }),
            Err(error) => Err(self.app.host().thrown(&error, "")),
        }
    }
}

impl Core {
    /// A promise for an operation that begins with a request: JSON text, checked for types by the caller. The correlation
    /// id is settled first, so that every error carries it.
    fn promise<F>(&self, request: &str, signal: Option<AbortSignal>, operation: F) -> Promise
    where
        F: AsyncFnOnce(Fields) -> Result<JsValue, Error> + 'static,
    {
        let mut request = match shapes::request(request) {
            Ok(request) => request,
            Err(error) => return Promise::reject(&self.app.host().thrown(&error, "")),
        };
        let correlation_id = self.app.correlation_id(request.text("correlationId").filter(|id| !id.is_empty()));
        request.set("correlationId", &correlation_id);
        promise(Rc::clone(&self.app), correlation_id, signal, Box::pin(operation(request)))
    }
}

/// What an exported method does. In a box, so that the code around it is compiled once.
type Operation = Pin<Box<dyn Future<Output = Result<JsValue, Error>>>>;

/// A promise for an operation that ends when the signal aborts.
fn promise(app: Rc<App<JsHost>>, correlation_id: String, signal: Option<AbortSignal>, operation: Operation) -> Promise {
    let host = Rc::clone(&app);
    host.host().promise(Box::pin(async move {
        until_aborted(signal.as_ref(), operation).await.map_err(|error| app.host().thrown(&error, &correlation_id))
    }))
}

/// The operation's output, or [`Fault::Cancelled`] as soon as the signal aborts; the operation is then dropped, and with
/// it its timer and its request.
async fn until_aborted(signal: Option<&AbortSignal>, mut operation: Operation) -> Result<JsValue, Error> {
    let Some(signal) = signal else {
        return operation.await;
    };
    let cancelled = || Err(Fault::Cancelled(Some(Cause::new(signal.reason()))).into());
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
        shapes::codes(self.pending.codes())
    }

    /// The sign-in as JSON text. Holds the device code.
    #[must_use]
    pub fn save(&self) -> String {
        self.pending.save(&self.app.client().client_id).expose().to_owned()
    }

    /// Makes exactly one poll; resolves to `{ status: "pending", retryAfter }` or `{ status: "done", result }`.
    pub fn poll(&self, signal: Option<AbortSignal>) -> Promise {
        self.promise(signal, async |app, pending| {
            Ok(match device_code::poll(&app, &pending).await? {
                Polled::Pending(progress) => shapes::pending(progress.next_poll_in),
                Polled::Done(result) => shapes::done(&shapes::result(&result)),
            })
        })
    }

    /// Polls until there is an end; resolves to the result's fields.
    pub fn finish(&self, timeout: Option<f64>, progress: Option<Function>, signal: Option<AbortSignal>) -> Promise {
        self.promise(signal, async move |app, pending| {
            let prompt = JsPrompt { show: None, progress };
            device_code::finish(&app, &pending, timeout, &prompt).await.map(|result| shapes::result(&result))
        })
    }
}

impl DeviceCode {
    fn promise<F>(&self, signal: Option<AbortSignal>, operation: F) -> Promise
    where
        F: AsyncFnOnce(Rc<App<JsHost>>, Rc<Pending>) -> Result<JsValue, Error> + 'static,
    {
        let operation = operation(Rc::clone(&self.app), Rc::clone(&self.pending));
        promise(Rc::clone(&self.app), self.pending.correlation_id().to_owned(), signal, Box::pin(operation))
    }
}

/// A token on its way.
type Renewal = Pin<Box<dyn Future<Output = Result<Silent, Error>>>>;

fn without_the_person(app: &Rc<App<JsHost>>, request: silent::Request, turn: Option<CacheTurn>) -> Renewal {
    let app = Rc::clone(app);
    Box::pin(async move { silent::silent(&app, request, turn).await })
}

/// The output of a renewal, which runs to its end even if nobody waits for it any more: a server that takes each refresh token
/// once has taken this one, and what it sent must not be lost.
async fn to_its_end(app: &App<JsHost>, renewal: Renewal) -> Result<Silent, Error> {
    let outcome = Rc::new(RefCell::new(None));
    let running = app.host().promise({
        let outcome = Rc::clone(&outcome);
        Box::pin(async move {
            let output = renewal.await;
            *outcome.borrow_mut() = Some(output);
            Ok(JsValue::UNDEFINED)
        })
    });
    let thrown = JsFuture::from(running).await.err().unwrap_or_default();
    let outcome = outcome.borrow_mut().take();
    outcome.unwrap_or_else(|| Err(Error::new(Fault::Callback(Cause::new(thrown)))))
}

/// A silent token as a value; if it is due to be renewed, that is begun.
fn served(app: &Rc<App<JsHost>>, silent: Silent) -> JsValue {
    let renewing = Rc::clone(app);
    let renewal = silent.renewal.map(|plan| background(async move { silent::renew(&renewing, &plan).await }));
    handed_out(app, &silent.authentication, renewal)
}

/// What is done behind the scenes, and never fails.
fn background(work: impl Future<Output = ()> + 'static) -> task::Operation {
    Box::pin(async move {
        work.await;
        Ok(JsValue::UNDEFINED)
    })
}

/// A token as a value; its renewal is begun, if it is due.
fn handed_out(app: &App<JsHost>, authentication: &Authentication, renewal: Option<task::Operation>) -> JsValue {
    if let Some(renewal) = renewal {
        // Nobody waits for this promise, and it never rejects.
        drop(app.host().promise(renewal));
    }
    shapes::result(authentication)
}

/// The program's callbacks. Both may be async; what they throw is what the caller gets.
struct JsPrompt {
    show: Option<Function>,
    progress: Option<Function>,
}

impl Prompt for JsPrompt {
    async fn show(&self, codes: &DeviceAuthorization) -> Result<(), Error> {
        call(self.show.as_ref(), || shapes::codes(codes)).await
    }

    async fn progress(&self, progress: Progress) -> Result<(), Error> {
        call(self.progress.as_ref(), || shapes::progress(progress)).await
    }
}

/// Calls a callback, if there is one, and waits for what it returns.
async fn call(callback: Option<&Function>, argument: impl FnOnce() -> JsValue) -> Result<(), Error> {
    let Some(callback) = callback else {
        return Ok(());
    };
    let thrown = |value: JsValue| Error::from(Fault::Callback(Cause::new(value)));
    let returned = callback.call1(&JsValue::UNDEFINED, &argument()).map_err(thrown)?;
    JsFuture::from(Promise::resolve(&returned)).await.map(drop).map_err(thrown)
}
