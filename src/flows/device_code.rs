//! The device authorization grant (RFC 8628), from "here is your code" to "you are signed in".
//!
//! [`sign_in`] is the whole of it. It is made of [`start`] (sections 3.1 and 3.2), which returns a [`Pending`] sign-in,
//! and [`finish`] (sections 3.4 and 3.5), which polls until there is an end. A program that cannot wait that long calls
//! [`poll`] once in a while instead, and carries the sign-in over with [`Pending::save`] and [`Pending::resume`].

use std::cell::{Cell, OnceCell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::error::{Error, Fault};
use crate::flows::accept::{Asked, Authentication, accept};
use crate::flows::app::{App, unreachable};
use crate::flows::discover;
use crate::flows::race::{First, race};
use crate::flows::remember::{Occasion, save};
use crate::flows::wish::Wish;
use crate::host::{Host, Level, SendError};
use crate::protocol::authority::{Authority, Kind, Server};
use crate::protocol::device_code::{DeviceAuthorization, Pace, Verdict, Wait, Why, after, judge};
use crate::protocol::http::{HttpRequest, HttpResponse, UnixMs};
use crate::protocol::id_token::Nonce;
use crate::protocol::request::{self, Ask};
use crate::protocol::text::clean_without;
use crate::secret::Secret;

/// The longest single sleep, in milliseconds. Timers stand still while a machine is suspended and the wall clock does not,
/// so a long wait is cut into pieces, and the clock is looked at in between.
const LONGEST_SLEEP: u64 = 5_000;

/// How often a server that cannot be reached is asked again when the codes have expired.
const TRIES_PAST_EXPIRY: u32 = 3;

/// The longest wait before such a try, in seconds: `Retry-After` may ask for days.
const LONGEST_WAIT_PAST_EXPIRY: u64 = 60;

/// What the caller asks for (MSAL's `DeviceCodeRequest`). The defaults are those of a request that says nothing.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What for, and of whom.
    pub wish: Wish,
    /// Seconds of polling after which to give up. The code's own expiry comes first if it is earlier.
    pub timeout: Option<f64>,
}

/// How far a sign-in has come, after a poll that brought no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Why there is no answer yet.
    pub why: Why,
    /// Seconds until the codes expire.
    pub seconds_left: u64,
    /// Seconds until the next poll.
    pub next_poll_in: u64,
    /// Polls made so far.
    pub polls: u32,
}

/// The program's side of the conversation with the person. An error from either ends the flow and is the flow's error.
pub trait Prompt {
    /// Shows the page and the code. Polling waits until this is done.
    fn show(&self, codes: &DeviceAuthorization) -> impl Future<Output = Result<(), Error>>;

    /// Hears of each poll that brought no answer.
    fn progress(&self, progress: Progress) -> impl Future<Output = Result<(), Error>>;
}

/// What one poll brought.
#[derive(Debug)]
pub enum Polled {
    /// Nothing yet.
    Pending(Progress),
    /// The person is signed in.
    Done(Box<Authentication>),
}

/// A sign-in that waits for the person.
#[derive(Debug)]
pub struct Pending {
    pub(crate) authority: Authority,
    /// What the authority means; looked up again where the sign-in was begun by another process.
    pub(crate) server: OnceCell<Server>,
    pub(crate) ask: Ask,
    /// PKCE's, where the server wanted it.
    pub(crate) verifier: Option<Secret>,
    pub(crate) codes: DeviceAuthorization,
    pub(crate) expires_at: UnixMs,
    pub(crate) pace: Cell<Pace>,
    pub(crate) phase: Cell<Phase>,
    /// Why the last poll had no answer, if it had none.
    pub(crate) problem: RefCell<Option<String>>,
    /// The request's `timeout`, in milliseconds.
    pub(crate) timeout: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting,
    Busy,
    Over,
}

/// Signs a person in: gets the codes, has them shown, and polls until there is an end.
///
/// # Errors
/// Whatever ended the flow; see [`Error`].
pub async fn sign_in<H: Host>(app: &App<H>, request: Request, prompt: &impl Prompt) -> Result<Authentication, Error> {
    let pending = start(app, request).await?;
    prompt.show(&pending.codes).await?;
    finish(app, &pending, None, prompt).await
}

/// Gets the codes (RFC 8628 sections 3.1 and 3.2).
///
/// # Errors
/// For a request that is wrong, before anything is sent; for a server that refuses or cannot be reached.
pub async fn start<H: Host>(app: &App<H>, request: Request) -> Result<Pending, Error> {
    let (authority, ask) = request.wish.checked(app)?;
    let authority = discover::vouched_for(app, authority, &ask.correlation_id).await?;
    if *authority.kind() == Kind::B2c {
        return Err(Error::new(Fault::NoDeviceCodes));
    }
    let server = discover::server(app, authority, &ask.correlation_id).await?;
    let (codes, verifier) = codes(app, &server, &ask).await.map_err(|error| app.located(error, &server))?;
    if let Some(refused) = &codes.refused_uri {
        app.log(Level::Warning, &ask.correlation_id, || {
            let refused = refused.split(['?', '#']).next().unwrap_or_default();
            format!(
                "device code: {refused} does not take accounts of External ID (AADSTS500208); the page is {}",
                codes.verification_uri
            )
        });
    }
    let now = app.host.now();
    app.log(Level::Info, &ask.correlation_id, || {
        format!("device code: issued for {} s, to be polled every {} s", codes.expires_in, codes.interval)
    });
    Ok(Pending {
        authority: server.authority.clone(),
        server: OnceCell::from(server),
        verifier,
        ask,
        expires_at: after(now, codes.expires_in),
        pace: Cell::new(Pace::first(codes.interval, now)),
        phase: Cell::new(Phase::Waiting),
        problem: RefCell::default(),
        timeout: request.timeout.map(whole_milliseconds),
        codes,
    })
}

/// Asks for the codes. A server that wants PKCE says so by refusing the request without it (`invalid_request`); one that has said so is
/// asked with it from then on. It is not sent unasked, for there are servers that refuse what they do not know.
async fn codes<H: Host>(
    app: &App<H>,
    server: &Server,
    ask: &Ask,
) -> Result<(DeviceAuthorization, Option<Secret>), Error> {
    let endpoint = server.endpoints.device_authorization.as_deref().ok_or_else(|| {
        let why = "this server does not offer sign-in with a device code, or it is switched off";
        discover::no_endpoint(app, server, "device_authorization_endpoint", why)
    })?;
    let wants_pkce = format!("pkce {endpoint}");
    let mut pkce = if app.notes.read(&wants_pkce).is_some() { proof_key(app).await } else { None };
    let mut refusal = None;
    loop {
        app.log(Level::Info, &ask.correlation_id, || format!("device code: asking {endpoint}"));
        let challenge = pkce.as_ref().map(|(_, challenge)| challenge.as_str());
        let reply = send(app, request::device_authorization(app.client(), server, endpoint, ask, challenge)).await?;
        match DeviceAuthorization::read(&reply, server.external_id_page()) {
            Ok(codes) => {
                if pkce.is_some() {
                    app.notes.write(wants_pkce, app.host.now(), None);
                }
                return Ok((codes, pkce.map(|(verifier, _)| verifier)));
            }
            Err(error) if pkce.is_none() && server.endpoints.takes_pkce && error.code() == "invalid_request" => {
                pkce = proof_key(app).await;
                if pkce.is_none() {
                    return Err(error);
                }
                refusal = Some(error);
            }
            // It was not PKCE that the server missed: what it said first tells most.
            Err(error) if error.code() == "invalid_request" => return Err(refusal.unwrap_or(error)),
            Err(error) => return Err(error),
        }
    }
}

/// PKCE's verifier and challenge (RFC 7636 sections 4.1 and 4.2); none where the runtime has no randomness or cannot hash.
async fn proof_key<H: Host>(app: &App<H>) -> Option<(Secret, String)> {
    let bytes = [app.host.random()?, app.host.random()?].concat();
    let verifier = Secret::new(Base64UrlUnpadded::encode_string(&bytes));
    let challenge = Base64UrlUnpadded::encode_string(&app.host.sha256(verifier.expose()).await?);
    Some((verifier, challenge))
}

/// Polls until the person is done, declines, or lets the code expire (RFC 8628 sections 3.4 and 3.5). A `timeout`, in
/// seconds, counts instead of the request's own.
///
/// # Errors
/// Whatever ended the flow.
pub async fn finish<H: Host>(
    app: &App<H>,
    pending: &Pending,
    timeout: Option<f64>,
    prompt: &impl Prompt,
) -> Result<Authentication, Error> {
    let mut polling = pin!(poll_until_done(app, pending, prompt));
    if let Some(milliseconds) = timeout.map(whole_milliseconds).or(pending.timeout) {
        let give_up_at = app.host.now().saturating_add(milliseconds);
        match race(polling.as_mut(), sleep_until(&app.host, give_up_at)).await {
            First::One(result) => return result,
            First::Other(_) if app.host.now() < pending.expires_at => {
                return Err(Error::new(Fault::TimedOut { milliseconds }));
            }
            // The code has expired, or the machine was suspended past both: expiry comes first.
            First::Other(_) => {}
        }
    }
    polling.await
}

async fn poll_until_done<H: Host>(
    app: &App<H>,
    pending: &Pending,
    prompt: &impl Prompt,
) -> Result<Authentication, Error> {
    // How long there is to sleep, should the clock be set back meanwhile.
    let mut sleep_left = pending.expires_at.saturating_sub(app.host.now());
    let mut tries_past_expiry = 0_u32;
    loop {
        let due = pending.pace.get().next_poll_at;
        let past_expiry = tries_past_expiry > 0;
        let until = if past_expiry { due } else { due.min(pending.expires_at) };
        sleep_left = sleep_left.saturating_sub(sleep_until(&app.host, until).await);
        if pending.pace.get().next_poll_at != due {
            continue; // polled meanwhile by somebody else
        }
        let now = app.host.now();
        // A poll that is due is made even past the expiry: after a suspend the server's own word is worth having.
        let due_too_late = due > pending.expires_at && now < due;
        let clock_was_set_back = sleep_left == 0 && now < pending.expires_at;
        if !past_expiry && (due_too_late || clock_was_set_back) {
            return Err(pending.expired());
        }
        let progress = match poll_once(app, pending).await? {
            Polled::Done(authentication) => return Ok(*authentication),
            Polled::Pending(progress) => progress,
        };
        if progress.seconds_left == 0 {
            // The server has said that the person is not done; or it cannot be reached, as happens for some seconds when a
            // machine wakes up.
            tries_past_expiry = tries_past_expiry.saturating_add(1);
            let is_over = progress.why != Why::Retrying || tries_past_expiry > TRIES_PAST_EXPIRY;
            if is_over || progress.next_poll_in > LONGEST_WAIT_PAST_EXPIRY {
                return Err(pending.expired());
            }
        }
        prompt.progress(progress).await?;
    }
}

/// Makes exactly one poll, now. Once the codes have expired, it is the last one, but for a minute in which a server that cannot be
/// reached may come back.
///
/// # Errors
/// Whatever ends the flow; [`Fault::NotNow`] for one that is over or is being polled.
pub async fn poll<H: Host>(app: &App<H>, pending: &Pending) -> Result<Polled, Error> {
    let polled = poll_once(app, pending).await?;
    if let Polled::Pending(progress) = &polled
        && progress.seconds_left == 0
    {
        let seconds_over = app.host.now().saturating_sub(pending.expires_at) / 1000;
        if progress.why != Why::Retrying || seconds_over > LONGEST_WAIT_PAST_EXPIRY {
            return Err(pending.expired());
        }
    }
    Ok(polled)
}

async fn poll_once<H: Host>(app: &App<H>, pending: &Pending) -> Result<Polled, Error> {
    let sent_at = app.host.now();
    let turn = Turn::take(pending, sent_at)?;
    let answer = match pending.server(app).await {
        Ok(server) => ask(app, pending, server).await,
        // The authority could not say where to ask; the code may be good all the same.
        Err(error) if error.is_outage() => Answer::none(error.to_string()),
        Err(error) => Answer { verdict: Verdict::Stop(error), date: None, problem: None },
    };
    let now = app.host.now();
    match answer.verdict {
        Verdict::Wait(wait) => {
            let random = app.host.random().map_or(0, |[a, b, c, d, ..]| u32::from_be_bytes([a, b, c, d]));
            pending.pace.set(pending.pace.get().again(wait, now, random));
            let progress = pending.progress(wait.why, now);
            let level = if wait.why == Why::Retrying { Level::Warning } else { Level::Verbose };
            app.log(level, &pending.ask.correlation_id, || {
                let why = answer.problem.as_deref().unwrap_or(wait.why.name());
                format!("device code: poll {}: {why}; next in {} s", progress.polls, progress.next_poll_in)
            });
            *pending.problem.borrow_mut() = answer.problem;
            turn.give_back();
            Ok(Polled::Pending(progress))
        }
        Verdict::Token(token) => {
            turn.end();
            let server = pending.server(app).await?;
            let now = answer.date.unwrap_or(now);
            let asked = Asked { client: app.client(), server, ask: &pending.ask, nonce: Nonce::None, sent_at, now };
            let mut authentication = accept(*token, &asked)?;
            authentication.name_somebody(app);
            save(app, &mut authentication, pending.ask.resource.as_deref(), Occasion::SignIn).await?;
            app.log(Level::Info, &pending.ask.correlation_id, || "device code: signed in".to_owned());
            Ok(Polled::Done(Box::new(authentication)))
        }
        Verdict::Stop(error) => {
            turn.end();
            app.log(Level::Error, &pending.ask.correlation_id, || format!("device code: {}", error.code()));
            Err(error)
        }
    }
}

/// What came of one poll.
struct Answer {
    verdict: Verdict,
    /// The server's clock.
    date: Option<UnixMs>,
    /// Why there was no answer, in words.
    problem: Option<String>,
}

impl Answer {
    /// Nothing came back; it may do so later.
    fn none(problem: String) -> Self {
        let wait = Wait { why: Why::Retrying, interval: None, retry_after: None };
        Self { verdict: Verdict::Wait(wait), date: None, problem: Some(problem) }
    }
}

/// Asks the server whether the person is done.
async fn ask<H: Host>(app: &App<H>, pending: &Pending, server: &Server) -> Answer {
    let Pending { codes, verifier, ask, .. } = pending;
    let request = request::device_token(app.client(), server, ask, &codes.device_code, verifier.as_ref());
    let sent = [codes.device_code.expose(), verifier.as_ref().map_or("", Secret::expose)];
    let url = request.url.clone();
    match app.host.send(request).await {
        Ok(reply) => Answer {
            verdict: match judge(&reply, &sent, app.host.now()) {
                Verdict::Stop(error) => Verdict::Stop(app.located(error, server)),
                other => other,
            },
            date: reply.date(),
            problem: None,
        },
        Err(error) => {
            let error = SendError { problem: clean_without(&error.problem, &sent), ..error };
            // The server has begun to say yes: the code may be spent, and another poll would only hear that it is unknown.
            if error.status.is_some_and(|status| (200..300).contains(&status)) {
                return Answer { verdict: Verdict::Stop(unreachable(&url, error)), date: None, problem: None };
            }
            Answer::none(error.problem)
        }
    }
}

impl Pending {
    /// What the authority means. Where the sign-in was begun by another process the authority is asked, and nobody else believed:
    /// what lay in a store may name any address.
    async fn server<H: Host>(&self, app: &App<H>) -> Result<&Server, Error> {
        if let Some(server) = self.server.get() {
            return Ok(server);
        }
        let server = discover::server(app, self.authority.clone(), self.correlation_id()).await?;
        Ok(self.server.get_or_init(|| server))
    }

    /// The codes, and what to show the person.
    #[must_use]
    pub const fn codes(&self) -> &DeviceAuthorization {
        &self.codes
    }

    /// Ties together what client and server log.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        &self.ask.correlation_id
    }

    fn expired(&self) -> Error {
        self.phase.set(Phase::Over);
        Error::new(match self.problem.take() {
            Some(problem) => Fault::ExpiredUnreached { problem },
            None => Fault::Expired(None),
        })
    }

    fn progress(&self, why: Why, now: UnixMs) -> Progress {
        let pace = self.pace.get();
        let seconds_until = |time: UnixMs| time.saturating_sub(now).div_ceil(1000);
        Progress {
            why,
            seconds_left: seconds_until(self.expires_at),
            next_poll_in: seconds_until(pace.next_poll_at),
            polls: pace.polls,
        }
    }
}

/// The right to make a poll. Dropped in mid-poll, it gives the sign-in back, to be polled an interval later: the request may
/// have reached the server.
struct Turn<'a> {
    pending: &'a Pending,
    sent_at: UnixMs,
}

impl<'a> Turn<'a> {
    fn take(pending: &'a Pending, sent_at: UnixMs) -> Result<Self, Error> {
        match pending.phase.replace(Phase::Busy) {
            Phase::Waiting => Ok(Self { pending, sent_at }),
            Phase::Busy => Err(Error::new(Fault::NotNow("A poll of this sign-in is under way; wait for it to end."))),
            Phase::Over => {
                pending.phase.set(Phase::Over);
                Err(Error::new(Fault::NotNow("This sign-in is over; start a new one.")))
            }
        }
    }

    /// The answer was to wait.
    fn give_back(self) {
        self.pending.phase.set(Phase::Waiting);
    }

    /// The answer was final.
    fn end(self) {
        self.pending.phase.set(Phase::Over);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.pending.phase.get() == Phase::Busy {
            self.pending.phase.set(Phase::Waiting);
            self.pending.pace.set(self.pending.pace.get().given_up(self.sent_at));
        }
    }
}

/// Waits until the wall clock says so, and returns how many milliseconds of sleep that took. If the clock is set back
/// meanwhile, waits no longer than was meant.
async fn sleep_until(host: &impl Host, time: UnixMs) -> u64 {
    let meant = time.saturating_sub(host.now());
    let mut slept = 0;
    while slept < meant && host.now() < time {
        let piece = meant.saturating_sub(slept).min(LONGEST_SLEEP);
        host.sleep(Duration::from_millis(piece)).await;
        slept = slept.saturating_add(piece);
    }
    slept
}

async fn send<H: Host>(app: &App<H>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let url = request.url.clone();
    app.host.send(request).await.map_err(|error| unreachable(&url, error))
}

/// Seconds, as the caller wrote them, in whole milliseconds.
fn whole_milliseconds(seconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be positive; `as` saturates"
    )]
    let whole = (seconds * 1000.0).ceil() as u64;
    whole
}
