//! Renewing tokens with a refresh token (RFC 6749 section 6).

use std::time::Duration;

use crate::cache::record::{RefreshToken, Whose};
use crate::error::{Error, Fault};
use crate::flows::accept::Authentication;
use crate::flows::app::App;
use crate::flows::discover;
use crate::flows::exchange::{Exchange, PAUSE};
use crate::flows::remember::{Occasion, save, with_cache};
use crate::flows::wish::Wish;
use crate::host::Host;
use crate::protocol::authority::Authority;
use crate::protocol::id_token::Nonce;
use crate::protocol::request::{self, Ask, ClientAuth};
use crate::protocol::server_answer::ServerAnswer;
use crate::secret::Secret;

/// How often the store is looked into for what another process may have renewed.
const LOOKS: u32 = 2;

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
    let occasion = if request.force_cache { Occasion::SignIn } else { Occasion::Renewal };
    save(app, &mut authentication, ask.resource.as_deref(), occasion).await?;
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
                    save(app, &mut authentication, self.ask.resource.as_deref(), Occasion::Renewal).await?;
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
        let server = discover::server(app, self.authority.clone(), &self.ask.correlation_id).await?;
        let home = self.whose.map(|whose| whose.home_account_id).unwrap_or_default();
        let exchange = Exchange {
            what: "refresh",
            ask: self.ask,
            server: &server,
            secrets: &[refresh_token.expose()],
            whose: Some(home),
            nonce: Nonce::Renewed,
            assertion: None,
        };
        let request = |auth: &ClientAuth| request::refresh(app.client(), &server, self.ask, auth, refresh_token, home);
        self.of_whom(app, exchange.tokens(app, &request).await?).await
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
