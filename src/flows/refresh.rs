//! Renewing tokens with a refresh token (RFC 6749 section 6).

use std::time::Duration;

use crate::cache::record::{RefreshToken, Whose};
use crate::error::{Error, Fault};
use crate::flows::accept::{Asked, Authentication, accept};
use crate::flows::app::{App, unreachable};
use crate::flows::discover;
use crate::flows::remember::{save, with_cache};
use crate::flows::wish::Wish;
use crate::host::{Host, Level};
use crate::protocol::authority::Authority;
use crate::protocol::device_code::after;
use crate::protocol::request::{self, Ask};
use crate::protocol::server_answer::ServerAnswer;
use crate::protocol::text::clean_without;
use crate::protocol::token_reply;
use crate::secret::Secret;

/// How long to wait before a server that could not answer is asked once more, in seconds.
const PAUSE: u32 = 1;

/// The longest `Retry-After`, in seconds, that is waited for rather than passed on.
const LONGEST_PAUSE: u32 = 5;

/// How often the store is looked into for what another process may have renewed.
const LOOKS: u32 = 2;

/// How soon, in milliseconds, a request must have failed to be tried again.
const LONGEST_FAILURE: u64 = 5_000;

/// How long a server that asks to be left alone, without saying how long, is left alone; and the longest, in seconds. MSAL's.
const REST: u32 = 60;
const LONGEST_REST: u32 = 3_600;

/// What the caller asks for (MSAL's `RefreshTokenRequest`).
#[derive(Debug, Clone)]
pub struct Request {
    /// The refresh token.
    pub refresh_token: Secret,
    /// Whether to remember the tokens of an account that is not known yet.
    pub force_cache: bool,
    /// What for, and of whom.
    pub wish: Wish,
}

/// Gets tokens for a refresh token that the caller has. They are remembered if the account is known, or if asked to.
///
/// # Errors
/// For a request that is wrong, before anything is sent; for a server that refuses or cannot be reached.
pub async fn by_refresh_token<H: Host>(app: &App<H>, request: Request) -> Result<Authentication, Error> {
    let (authority, ask) = request.wish.checked(app)?;
    let renewal = Renewal { ask: &ask, authority: &authority, whose: None };
    let mut authentication = renewal.get(app, &request.refresh_token).await?;
    if request.force_cache {
        authentication.name_somebody(app);
    }
    save(app, &mut authentication, ask.resource.as_deref(), request.force_cache).await?;
    Ok(authentication)
}

/// What is renewed.
pub(crate) struct Renewal<'a> {
    pub(crate) ask: &'a Ask,
    pub(crate) authority: &'a Authority,
    /// Whose tokens, where that is known before.
    pub(crate) whose: Option<Whose<'a>>,
}

impl Renewal<'_> {
    /// Tries the remembered refresh tokens, the likeliest first, and remembers what comes of it. `expiring_within` is in
    /// seconds: a refresh token that expires so soon counts as expired.
    pub(crate) async fn with_remembered<H: Host>(
        &self,
        app: &App<H>,
        whose: &Whose<'_>,
        mut tokens: Vec<RefreshToken>,
        expiring_within: u64,
    ) -> Result<Authentication, Error> {
        let mut tried: Vec<Secret> = Vec::new();
        let mut outcome: Error = Fault::NoTokens.into();
        let mut looks = 0_u32;
        loop {
            let next = tokens.iter().find(|token| !tried.contains(&token.secret)).cloned();
            let Some(token) = next else {
                if looks == LOOKS || tried.is_empty() || !app.host.has_store() {
                    return Err(outcome);
                }
                // Another process may have renewed them meanwhile: with tokens that can be used once, ours is then spent. It may
                // not have stored the new ones yet.
                if looks > 0 {
                    app.host.sleep(Duration::from_secs(PAUSE.into())).await;
                }
                looks = looks.saturating_add(1);
                tokens = with_cache(app, false, |store| store.refresh_tokens(whose, &app.client().client_id)).await?;
                continue;
            };
            tried.push(token.secret.clone());
            let now = app.host.now() / 1000;
            if token.expires_on.is_some_and(|time| time <= now.saturating_add(expiring_within)) {
                outcome = Fault::RefreshTokenExpired.into();
                continue;
            }
            match self.get(app, &token.secret).await {
                Ok(mut authentication) => {
                    save(app, &mut authentication, self.ask.resource.as_deref(), false).await?;
                    return Ok(authentication);
                }
                Err(error) => {
                    let answer = error.server_answer();
                    let says =
                        |word: &str| answer.is_some_and(|answer| answer.error == word || answer.suberror == word);
                    if says("bad_token") || says("token_expired") {
                        with_cache(app, true, |store| store.forget(whose, &token.secret)).await?;
                    } else if !answer.is_some_and(ServerAnswer::refuses_refresh_token) {
                        return Err(error);
                    }
                    // The first refusal is of the likeliest token, and tells most.
                    if !matches!(*outcome, Fault::InteractionRequired(_)) {
                        outcome = error;
                    }
                }
            }
        }
    }

    /// Spends one refresh token.
    async fn get<H: Host>(&self, app: &App<H>, refresh_token: &Secret) -> Result<Authentication, Error> {
        let correlation_id = &self.ask.correlation_id;
        let server = discover::server(app, self.authority.clone(), correlation_id).await?;
        let token_endpoint = &server.endpoints.token;
        let home = self.whose.map(|whose| whose.home_account_id).unwrap_or_default();
        let rest = format!("rest {token_endpoint} {home}");
        if let Some((until, Some(error))) = app.notes.read(&rest)
            && app.host.now() < until
        {
            return Err(error);
        }
        app.log(Level::Info, correlation_id, || format!("refresh: asking {token_endpoint}"));
        let sent_at = app.host.now();
        let request = || request::refresh(app.client(), &server, self.ask, refresh_token, home);
        let mut reply = app.host.send(request()).await;
        let asked_for = app.host.now().saturating_sub(sent_at);
        let pause = match &reply {
            Ok(reply) if reply.is_transient() && reply.status != 429 => {
                reply.retry_after(app.host.now()).or(Some(PAUSE))
            }
            // What fails at once may have been one lost packet; a server that hangs will hang again.
            Err(error) if error.status.is_none() && asked_for < LONGEST_FAILURE => Some(PAUSE),
            _ => None,
        };
        if let Some(seconds) = pause.filter(|seconds| *seconds <= LONGEST_PAUSE) {
            app.log(Level::Warning, correlation_id, || "refresh: no answer; asking once more".to_owned());
            app.host.sleep(Duration::from_secs(seconds.into())).await;
            reply = app.host.send(request()).await;
        }
        let reply = reply.map_err(|mut error| {
            error.problem = clean_without(&error.problem, &[refresh_token.expose()]);
            unreachable(token_endpoint, error)
        })?;
        let now = app.host.now();
        let token = token_reply::judge(&reply, &[refresh_token.expose()]).map_err(|error| {
            let error = app.located(error, &server);
            app.log(Level::Error, correlation_id, || format!("refresh: {}", error.code()));
            let wait = reply.retry_after(now).or((reply.status == 429).then_some(REST));
            if let (true, Some(wait)) = (reply.is_transient(), wait) {
                app.notes.write(rest, after(now, wait.min(LONGEST_REST)), Some(error.clone()));
            }
            error
        })?;
        let now = reply.date().unwrap_or(now);
        let asked = Asked { client: app.client(), server: &server, ask: self.ask, sent_at, now };
        self.of_whom(app, accept(token, &asked)?).await
    }

    /// Holds the account of a reply against the one whose refresh token was spent.
    async fn of_whom<H: Host>(
        &self,
        app: &App<H>,
        mut authentication: Authentication,
    ) -> Result<Authentication, Error> {
        let Some(whose) = self.whose else {
            return Ok(authentication);
        };
        match &authentication.account {
            // OpenID Connect Core 1.0 section 12.2: the subject stays.
            Some(account) if account.home_account_id != whose.home_account_id => Err(Error::new(Fault::IdToken {
                claim: "sub",
                problem: "the renewed token is somebody else's".to_owned(),
            })),
            Some(_) => Ok(authentication),
            None => {
                // A provider need not say again who it is.
                let client_id = &app.client().client_id;
                let known = with_cache(app, false, |store| store.account(&whose, client_id, "")).await?;
                if let Some(known) = known {
                    authentication.account = Some(known.account);
                    authentication.reply.id_token = known.id_token;
                    authentication.claims = known.claims;
                }
                Ok(authentication)
            }
        }
    }
}
