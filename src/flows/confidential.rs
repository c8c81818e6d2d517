//! Tokens that a confidential client gets without a sign-in: for itself (client credentials, RFC 6749 section 4.4), and on behalf of
//! whoever called it with a token of theirs (RFC 7523 section 2.1, as Entra speaks it).
//!
//! They are remembered as MSAL does: the client's own as nobody's, the others with the hash of the token that they were got for.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::cache::record::{AccessToken, Known, Wanted, Whose};
use crate::error::{Error, Fault};
use crate::flows::accept::Authentication;
use crate::flows::app::App;
use crate::flows::condition::{Condition, RENEWAL_REST, Renewable};
use crate::flows::discover;
use crate::flows::exchange::Exchange;
use crate::flows::remember::{Occasion, recalled, save, with_cache};
use crate::flows::wish::Wish;
use crate::host::{Host, Level};
use crate::protocol::authority::{Authority, Kind, is_multi_tenant};
use crate::protocol::id_token::Nonce;
use crate::protocol::request::{self, Ask, ClientAuth};
use crate::secret::Secret;

/// What the caller asks for (MSAL's `ClientCredentialRequest` and `OnBehalfOfRequest`).
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What for, and of whom.
    pub wish: Wish,
    /// The access token of whoever called; none for a token of the client's own.
    pub user_assertion: Option<Secret>,
    /// Ask the server in any case.
    pub skip_cache: bool,
    /// The proof to bring instead of the application's.
    pub client_assertion: Option<Secret>,
}

/// A request that was checked.
#[derive(Debug, Clone)]
pub struct Plan {
    ask: Ask,
    authority: Authority,
    /// The tenant.
    realm: String,
    user_assertion: Option<Secret>,
    /// Its SHA-256, in base64url.
    hash: Option<String>,
    client_assertion: Option<Secret>,
    skip_cache: bool,
}

/// What the cache knows of it.
#[derive(Default)]
struct Found {
    token: Option<AccessToken>,
    known: Option<Known>,
}

/// A token for the client itself, or on behalf of somebody.
///
/// # Errors
/// For a request that is wrong, before anything is sent; for a server that refuses or cannot be reached, if no token could serve
/// meanwhile.
pub async fn token<H: Host>(app: &App<H>, request: Request) -> Result<Renewable<Plan>, Error> {
    let plan = plan(app, request).await?;
    let found = plan.look(app).await?;
    let now = app.host.now();
    let condition = Condition::of(found.token.as_ref(), now);
    if matches!(condition, Condition::Good | Condition::Due) {
        let is_due =
            condition == Condition::Due && app.notes.read(&plan.note("renewal")).is_none_or(|(until, _)| until <= now);
        let authentication = plan.recalled(found)?;
        return Ok(Renewable { authentication, renewal: is_due.then_some(plan) });
    }
    let authentication = match plan.asked(app).await {
        Err(error) if condition == Condition::Stale && error.is_outage() => plan.recalled(found)?,
        outcome => outcome?,
    };
    Ok(Renewable { authentication, renewal: None })
}

/// Renews a token in the background. What goes wrong is logged; it will be tried again.
pub async fn renew<H: Host>(app: &App<H>, mut plan: Plan) {
    app.notes.write(plan.note("renewal"), app.host.now().saturating_add(RENEWAL_REST), None);
    plan.skip_cache = true;
    if let Err(error) = plan.asked(app).await {
        app.log(Level::Warning, &plan.ask.correlation_id, || {
            format!("token: renewing in the background: {}", error.code())
        });
    }
}

async fn plan<H: Host>(app: &App<H>, request: Request) -> Result<Plan, Error> {
    let is_own = request.user_assertion.is_none();
    let skip_cache = request.skip_cache || request.wish.claims.as_ref().is_some_and(|claims| !claims.is_empty());
    let (authority, ask) = request.wish.checked_for(app, !is_own)?;
    let authority = discover::vouched_for(app, authority, &ask.correlation_id).await?;
    let realm = authority.realm();
    if is_own && matches!(authority.kind(), Kind::Entra { .. }) && is_multi_tenant(&realm) {
        return Err(Error::new(Fault::NoTenant));
    }
    let mut hash = None;
    if let Some(assertion) = &request.user_assertion {
        hash = app.host.sha256(assertion.expose()).await.map(|hash| Base64UrlUnpadded::encode_string(&hash));
    }
    // Without a hash nobody could tell whose token it is.
    let skip_cache = skip_cache || (!is_own && hash.is_none());
    let Request { user_assertion, client_assertion, .. } = request;
    Ok(Plan { ask, authority, realm, user_assertion, hash, client_assertion, skip_cache })
}

impl Plan {
    /// The name of a note on this very request.
    fn note(&self, about: &str) -> String {
        let Ask { scopes, claims, resource, .. } = &self.ask;
        let [claims, resource, hash] = [claims, resource, &self.hash].map(|text| text.as_deref().unwrap_or_default());
        format!("{about} {} {} {claims} {resource} {hash}", self.authority.canonical(), scopes.joined())
    }

    async fn look<H: Host>(&self, app: &App<H>) -> Result<Found, Error> {
        if self.skip_cache {
            return Ok(Found::default());
        }
        let client_id = &app.client().client_id;
        let wanted = Wanted {
            client_id,
            realm: &self.realm,
            scopes: &self.ask.scopes,
            resource: self.ask.resource.as_deref(),
            user_assertion_hash: self.hash.as_deref(),
        };
        let environment = self.authority.environment();
        with_cache(app, false, |store| {
            let Some(hash) = wanted.user_assertion_hash else {
                let nobody = Whose { home_account_id: "", environment: &environment };
                return Found { token: store.access_token(&nobody, &wanted), known: None };
            };
            let Some((home_account_id, realm, token)) = store.access_token_on_behalf(hash, &environment, &wanted)
            else {
                return Found::default();
            };
            let whose = Whose { home_account_id: &home_account_id, environment: &environment };
            Found { token: Some(token), known: store.account(&whose, client_id, &realm) }
        })
        .await
    }

    fn recalled(&self, found: Found) -> Result<Authentication, Error> {
        let token = found.token.ok_or(Fault::NoTokens)?;
        Ok(recalled(token, found.known, self.authority.canonical(), self.ask.correlation_id.clone()))
    }

    /// Asks the server; of those who want the same at the same time one does.
    async fn asked<H: Host>(&self, app: &App<H>) -> Result<Authentication, Error> {
        let name = self.note("confidential");
        let noted = app.notes.count();
        let (must_wait, turn) = app.turns.queue(&name);
        turn.comes().await;
        if must_wait && !self.skip_cache {
            if let Some(error) = app.notes.error_since(&name, noted) {
                return Err(error);
            }
            let found = self.look(app).await?;
            if Condition::of(found.token.as_ref(), app.host.now()) == Condition::Good {
                // It came from the server just now.
                return Ok(Authentication { from_cache: false, ..self.recalled(found)? });
            }
        }
        let outcome = self.exchanged(app).await;
        if let Err(error) = &outcome {
            app.notes.write(name, app.host.now(), Some(error.clone()));
        }
        drop(turn);
        outcome
    }

    async fn exchanged<H: Host>(&self, app: &App<H>) -> Result<Authentication, Error> {
        let server = discover::server(app, self.authority.clone(), &self.ask.correlation_id).await?;
        let user_assertion = self.user_assertion.as_ref();
        let client_assertion = self.client_assertion.as_ref();
        let secrets = [user_assertion, client_assertion].map(|secret| secret.map_or("", Secret::expose));
        let exchange = Exchange {
            what: if user_assertion.is_some() { "on behalf of" } else { "client credentials" },
            ask: &self.ask,
            server: &server,
            secrets: &secrets,
            whose: Some(self.hash.as_deref().unwrap_or("the client's own")),
            nonce: Nonce::Renewed,
            assertion: client_assertion,
        };
        let request = |auth: &ClientAuth| match user_assertion {
            Some(assertion) => request::on_behalf_of(app.client(), &server, &self.ask, auth, assertion),
            None => request::client_credentials(app.client(), &server, &self.ask, auth),
        };
        let mut authentication = exchange.tokens(app, &request).await?;
        // MSAL: what is had on behalf of somebody is had again so, and not by a refresh token that outlives their own.
        authentication.reply.refresh_token = None;
        let occasion = match (&self.hash, user_assertion) {
            (Some(hash), _) => Occasion::OnBehalfOf { hash, realm: &self.realm },
            (None, None) => Occasion::Own { realm: &self.realm },
            (None, Some(_)) => return Ok(authentication),
        };
        save(app, &mut authentication, self.ask.resource.as_deref(), occasion).await?;
        Ok(authentication)
    }
}
