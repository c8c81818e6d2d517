//! One request for tokens, as every grant but the device code's makes it: with the client's proof, once more where that can do no harm,
//! and not at all while the server wants to be left alone.

use std::time::Duration;

use crate::error::Error;
use crate::flows::accept::{Asked, Authentication, accept};
use crate::flows::app::{App, unreachable};
use crate::host::{Host, Level};
use crate::protocol::authority::Server;
use crate::protocol::device_code::after;
use crate::protocol::http::HttpRequest;
use crate::protocol::id_token::Nonce;
use crate::protocol::request::{Ask, ClientAuth, basic};
use crate::protocol::text::clean_without;
use crate::protocol::token_reply;
use crate::secret::Secret;

/// How long to wait before a server that could not answer is asked once more, in seconds.
pub(crate) const PAUSE: u32 = 1;

/// The longest `Retry-After`, in seconds, that is waited for rather than passed on.
const LONGEST_PAUSE: u32 = 5;

/// How soon, in milliseconds, a request must have failed to be tried again.
const LONGEST_FAILURE: u64 = 5_000;

/// How long a server that asks to be left alone, without saying how long, is left alone; and the longest, in seconds. MSAL's.
const REST: u32 = 60;
const LONGEST_REST: u32 = 3_600;

/// What is exchanged for tokens.
pub(crate) struct Exchange<'a> {
    /// What it is, for the log.
    pub(crate) what: &'static str,
    pub(crate) ask: &'a Ask,
    pub(crate) server: &'a Server,
    /// What is spent.
    pub(crate) secrets: &'a [&'a str],
    /// Whose tokens: in their name the server is left alone for a while, if it asks for that. None for what is good for one request,
    /// which is then made once.
    pub(crate) whose: Option<&'a str>,
    /// What nonce the ID token must have.
    pub(crate) nonce: Nonce<'a>,
    /// The proof that this request brings itself.
    pub(crate) assertion: Option<&'a Secret>,
}

impl Exchange<'_> {
    /// Asks for the tokens.
    ///
    /// # Errors
    /// For a server that refuses or cannot be reached, and tokens that cannot be believed.
    pub(crate) async fn tokens<H: Host>(
        &self,
        app: &App<H>,
        request: &dyn Fn(&ClientAuth) -> HttpRequest,
    ) -> Result<Authentication, Error> {
        let correlation_id = &self.ask.correlation_id;
        let token_endpoint = &self.server.endpoints.token;
        let rest = self.whose.map(|whose| format!("rest {token_endpoint} {whose}"));
        if let Some((until, Some(error))) = rest.as_ref().and_then(|rest| app.notes.read(rest))
            && app.host.now() < until
        {
            return Err(error);
        }
        app.log(Level::Info, correlation_id, || format!("{}: asking {token_endpoint}", self.what));
        let mut auth = self.auth(app).await?;
        let sent_at = app.host.now();
        let mut reply = app.host.send(request(&auth)).await;
        let asked_for = app.host.now().saturating_sub(sent_at);
        let pause = match &reply {
            Ok(reply) if reply.is_transient() && reply.status != 429 => {
                reply.retry_after(app.host.now()).or(Some(PAUSE))
            }
            // What fails at once may have been one lost packet; a server that hangs will hang again.
            Err(error) if error.status.is_none() && asked_for < LONGEST_FAILURE => Some(PAUSE),
            _ => None,
        };
        if let Some(seconds) = pause.filter(|seconds| rest.is_some() && *seconds <= LONGEST_PAUSE) {
            app.log(Level::Warning, correlation_id, || format!("{}: no answer; asking once more", self.what));
            app.host.sleep(Duration::from_secs(seconds.into())).await;
            auth = self.auth(app).await?;
            reply = app.host.send(request(&auth)).await;
        }
        let header = basic(app.client(), &auth);
        let secrets: Vec<&str> = self.secrets.iter().copied().chain([auth.secret(), header.expose()]).collect();
        let reply = reply.map_err(|mut error| {
            error.problem = clean_without(&error.problem, &secrets);
            unreachable(token_endpoint, error)
        })?;
        let now = app.host.now();
        let token = token_reply::judge(&reply, &secrets).map_err(|error| {
            let error = app.located(error, self.server);
            app.log(Level::Error, correlation_id, || format!("{}: {}", self.what, error.code()));
            let wait = reply.retry_after(now).or((reply.status == 429).then_some(REST));
            if let (true, Some(rest), Some(wait)) = (reply.is_transient(), rest, wait) {
                app.notes.write(rest, after(now, wait.min(LONGEST_REST)), Some(error.clone()));
            }
            error
        })?;
        let now = reply.date().unwrap_or(now);
        let asked = Asked { client: app.client(), server: self.server, ask: self.ask, nonce: self.nonce, sent_at, now };
        accept(token, &asked)
    }

    async fn auth<H: Host>(&self, app: &App<H>) -> Result<ClientAuth, Error> {
        match self.assertion {
            Some(assertion) => Ok(ClientAuth::Assertion(assertion.clone())),
            None => app.client_auth(self.server).await,
        }
    }
}
