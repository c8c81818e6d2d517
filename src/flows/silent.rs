//! A token without the person: from the cache while it is good, renewed when it is not.

use crate::cache::record::{AccessToken, Known, RefreshToken, Wanted, Whose};
use crate::cache::store::Store;
use crate::error::{Error, Fault};
use crate::flows::accept::{Authentication, Serves};
use crate::flows::app::App;
use crate::flows::condition::{Condition, EXPIRES_SOON, RENEWAL_REST, Renewable};
use crate::flows::device_code;
use crate::flows::discover;
use crate::flows::refresh::Renewal;
use crate::flows::remember::{in_turn, milliseconds, recalled, with_cache};
use crate::flows::wish::Wish;
use crate::host::{Host, Level};
use crate::protocol::authority::{Authority, Kind, is_guid, is_multi_tenant, issuer_matches};
use crate::protocol::described;
use crate::protocol::http::{CLOCK_SKEW, UnixMs};
use crate::protocol::request::{self, Ask};

/// What the caller asks for (MSAL's `SilentFlowRequest`).
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// What for, and of whom. With `claims` the token is renewed: the one at hand was not good enough.
    pub wish: Wish,
    /// `account.homeAccountId`.
    pub home_account_id: String,
    /// `account.environment`.
    pub environment: String,
    /// `account.tenantId`.
    pub tenant_id: String,
    /// Renew the token in any case.
    pub force_refresh: bool,
    /// A refresh token that expires so soon, in seconds, counts as expired.
    pub refresh_token_expires_within: u64,
}

/// A token, and the plan to call [`renew`] with, if the server would like that by now.
pub type Silent = Renewable<Plan>;

/// A request that was checked, and whom to ask.
#[derive(Debug, Clone)]
pub struct Plan {
    ask: Ask,
    authority: Authority,
    realm: String,
    home_account_id: String,
    environment: String,
    force_refresh: bool,
    /// Whether the caller answers a challenge: no token that was not asked for with it will do.
    is_challenged: bool,
    refresh_token_expires_within: u64,
}

/// What the cache knows of it.
#[derive(Clone)]
struct Found {
    token: Option<AccessToken>,
    /// The token's, when it was looked at: whether there are refresh tokens goes by it.
    condition: Condition,
    known: Option<Known>,
    refresh_tokens: Vec<RefreshToken>,
    generation: u32,
}

/// A token for an account, without the person; for the account that was used last if the request names none. `turn` is one at the
/// cache that has been waited for already.
///
/// # Errors
/// [`Fault::NoTokens`], [`Fault::RefreshTokenExpired`] or [`Fault::InteractionRequired`] when the person has to sign in; for a
/// server that cannot be reached, if no token could serve meanwhile.
pub async fn silent<H: Host>(app: &App<H>, mut request: Request, turn: Option<H::CacheTurn>) -> Result<Silent, Error> {
    let (authority, ask) = request.wish.clone().checked(app)?;
    // By what names a host goes, and whether it has tenants, may have to be asked. A token that is surely of this tenant's can do
    // without the answer.
    let (authority, unanswered) = match discover::vouched_for(app, authority.clone(), &ask.correlation_id).await {
        Ok(vouched) => (vouched, None),
        Err(error) if error.is_outage() => (authority, Some(error)),
        Err(error) => return Err(error),
    };
    if request.home_account_id.is_empty() {
        let client_id = &app.client().client_id;
        let accounts = with_cache(app, false, |store| store.accounts(client_id)).await?;
        let here = accounts.into_iter().filter(|known| {
            authority.is_filed_under(&known.account.environment) && !is_of_another(app, &authority, known)
        });
        let last = here
            .max_by_key(|known| known.used_at)
            .ok_or_else(|| unanswered.clone().unwrap_or(Error::new(Fault::NoTokens)))?;
        request.home_account_id = last.account.home_account_id;
        request.environment = last.account.environment;
        request.tenant_id = last.account.tenant_id;
    }
    let is_here = request.environment.is_empty() || authority.is_filed_under(&request.environment);
    if let Some(error) = unanswered
        && !(is_here && authority.first_segment().eq_ignore_ascii_case(&request.tenant_id))
    {
        return Err(error);
    }
    // A refresh token goes to the server that gave it, and to no other.
    if !is_here {
        return Err(Error::new(Fault::NoTokens));
    }
    let plan = plan(app, request, authority, ask).await?;
    let turn = match turn {
        Some(turn) => turn,
        None => app.host.open_cache(false).await?,
    };
    let now = app.host.now();
    let found = in_turn(app, turn, false, |store| plan.look(app, store, now, !plan.force_refresh)).await?;
    let condition = found.condition;
    if !plan.force_refresh && matches!(condition, Condition::Good | Condition::Due) {
        let is_due = condition == Condition::Due && plan.may_renew(app);
        return Ok(Silent { authentication: plan.recalled(found)?, renewal: is_due.then_some(plan) });
    }
    match plan.renewed(app, found.clone()).await {
        Err(error) if !plan.force_refresh && condition == Condition::Stale && error.is_outage() => {
            app.log(Level::Warning, &plan.ask.correlation_id, || {
                format!("silent: {}; the token at hand serves meanwhile", error.code())
            });
            Ok(Silent { authentication: plan.recalled(found)?, renewal: None })
        }
        outcome => Ok(Silent { authentication: outcome?, renewal: None }),
    }
}

/// Renews a token in the background. What goes wrong is logged; it will be tried again.
pub async fn renew<H: Host>(app: &App<H>, plan: &Plan) {
    app.notes.write(plan.note("renewal"), app.host.now().saturating_add(RENEWAL_REST), None);
    let renewed = async { plan.renewed(app, plan.look_again(app).await?).await };
    if let Err(error) = renewed.await {
        app.log(Level::Warning, &plan.ask.correlation_id, || {
            format!("silent: renewing in the background: {}", error.code())
        });
    }
}

/// The sign-in that is to follow when no token could be had without the person. A challenge says what it must bring.
///
/// # Errors
/// The error itself, if the person cannot help.
pub fn sign_in_after(error: Error, mut sign_in: device_code::Request) -> Result<device_code::Request, Error> {
    if !error.needs_interaction() {
        return Err(error);
    }
    let challenge = error.server_answer().map(|answer| answer.claims.clone()).filter(|claims| !claims.is_empty());
    sign_in.wish.claims = match (sign_in.wish.claims, challenge) {
        (Some(own), Some(challenge)) => Some(request::merged_claims(&own, challenge)),
        (own, challenge) => challenge.or(own),
    };
    Ok(sign_in)
}

/// Whether an account is another server's, of those that share a host: its ID token says who gave it. In Entra's clouds, and in
/// what may be one, it is the tenant that tells tokens apart.
fn is_of_another<H>(app: &App<H>, authority: &Authority, known: &Known) -> bool {
    if matches!(authority.kind(), Kind::Entra { .. } | Kind::Unknown) {
        return false;
    }
    let trust = app.trust.borrow();
    let Some(claims) = &known.claims else {
        // Who has no ID token is of the server at this host that gives none, if the program describes one.
        return trust.describes_plain_oauth(&authority.host_and_port()) && !described::is_described(&trust, authority);
    };
    let is_own = |issuer: &str| match described::known_endpoints(&trust, authority) {
        Some(known) => known.issuer.is_some_and(|expected| issuer_matches(&expected, issuer, Some(claims.text("tid")))),
        None => authority.accepts_issuer(issuer, &trust),
    };
    !is_own(claims.text("iss"))
}

/// Finds out which tenant's tokens are meant.
async fn plan<H: Host>(app: &App<H>, request: Request, authority: Authority, ask: Ask) -> Result<Plan, Error> {
    let is_challenged = request.wish.claims.is_some_and(|claims| !claims.is_empty());
    let environment =
        if request.environment.is_empty() { authority.environment() } else { request.environment.clone() };
    let home_tenant = request.home_account_id.split('.').nth(1).unwrap_or_default();
    let (authority, realm) = match authority.kind() {
        Kind::Entra { tenant, .. } if is_guid(tenant) => {
            let tenant = tenant.clone();
            (authority, tenant)
        }
        // For everybody, so for the tenant that the account was looked at by; its home needs no naming.
        Kind::Entra { tenant, .. } if is_multi_tenant(tenant) => {
            let is_guest = is_guid(&request.tenant_id) && !request.tenant_id.eq_ignore_ascii_case(home_tenant);
            let authority = if is_guest { authority.in_tenant(&request.tenant_id) } else { authority };
            (authority, request.tenant_id)
        }
        // A tenant by its domain, which need not be the account's.
        Kind::Entra { .. } if request.wish.authority.is_some() => {
            let realm = discover::tenant_id(app, &authority, &ask.correlation_id).await?;
            (authority, realm)
        }
        _ => (authority, request.tenant_id),
    };
    Ok(Plan {
        ask,
        authority,
        realm,
        home_account_id: request.home_account_id,
        environment,
        force_refresh: request.force_refresh || is_challenged,
        is_challenged,
        refresh_token_expires_within: request.refresh_token_expires_within,
    })
}

impl Plan {
    fn whose(&self) -> Whose<'_> {
        Whose { home_account_id: &self.home_account_id, environment: &self.environment }
    }

    /// No host is asked in here: what it calls might call back while the store is borrowed.
    fn look<H: Host>(&self, app: &App<H>, store: &Store, now: UnixMs, may_serve: bool) -> Found {
        let client_id = &app.client().client_id;
        let wanted = Wanted {
            client_id,
            realm: &self.realm,
            scopes: &self.ask.scopes,
            resource: self.ask.resource.as_deref(),
            user_assertion_hash: None,
        };
        let whose = self.whose();
        let mut found = Found {
            token: None,
            condition: Condition::Gone,
            known: None,
            refresh_tokens: Vec::new(),
            generation: store.generation(),
        };
        if !store.knows(&whose) {
            return found; // signed out, even if tokens are left: MSAL Python leaves those whose keys are not as it writes them
        }
        let account = || store.account(&whose, client_id, &self.realm);
        // In Entra's clouds nothing of the account is needed to tell whose token it is.
        let known = if matches!(self.authority.kind(), Kind::Entra { .. }) { None } else { account() };
        if known.as_ref().is_some_and(|known| is_of_another(app, &self.authority, known)) {
            return found;
        }
        found.token = store.access_token(&whose, &wanted);
        found.condition = Condition::of(found.token.as_ref(), now);
        if self.force_refresh || found.condition != Condition::Good {
            found.refresh_tokens = store.refresh_tokens(&whose, client_id);
        }
        if found.token.is_some() && may_serve {
            found.known = known.or_else(account);
        }
        found
    }

    async fn look_again<H: Host>(&self, app: &App<H>) -> Result<Found, Error> {
        let now = app.host.now();
        with_cache(app, false, |store| self.look(app, store, now, true)).await
    }

    fn recalled(&self, found: Found) -> Result<Authentication, Error> {
        let token = found.token.ok_or(Fault::NoTokens)?;
        let until = token.expires_on.saturating_sub(EXPIRES_SOON).min(token.refresh_on.unwrap_or(u64::MAX));
        let serves = Serves {
            from: milliseconds(token.cached_at.saturating_sub(CLOCK_SKEW)),
            until: milliseconds(until),
            generation: found.generation,
        };
        let authentication = recalled(token, found.known, self.authority.canonical(), self.ask.correlation_id.clone());
        Ok(Authentication { serves: Some(serves), ..authentication })
    }

    /// The name of a note on this very request.
    fn note(&self, about: &str) -> String {
        let Ask { scopes, claims, resource, .. } = &self.ask;
        let [claims, resource] = [claims, resource].map(|text| text.as_deref().unwrap_or_default());
        format!(
            "{about} {} {} {} {claims} {resource}",
            self.home_account_id,
            self.authority.canonical(),
            scopes.joined()
        )
    }

    /// Whether a renewal in the background is not under way, nor has just failed.
    fn may_renew<H: Host>(&self, app: &App<H>) -> bool {
        app.notes.read(&self.note("renewal")).is_none_or(|(until, _)| until <= app.host.now())
    }

    /// Renews the token, one at a time for each account: refresh tokens may be good for one use only. Whoever had to wait
    /// looks again first, for what they want may have come.
    async fn renewed<H: Host>(&self, app: &App<H>, mut found: Found) -> Result<Authentication, Error> {
        let noted = app.notes.count();
        let (must_wait, turn) = app.turns.queue(&self.home_account_id);
        turn.comes().await;
        if must_wait {
            if let Some(error) = app.notes.error_since(&self.note("refusal"), noted) {
                return Err(error);
            }
            let seen = found.token.take();
            found = self.look_again(app).await?;
            let has_come = match (&found.token, &seen) {
                (Some(token), Some(seen)) => token.secret != seen.secret,
                (token, _) => token.is_some(),
            };
            if has_come && !self.is_challenged && found.condition == Condition::Good {
                // It came from the server just now, and is no answer for later.
                return Ok(Authentication { from_cache: false, serves: None, ..self.recalled(found)? });
            }
        }
        let renewal = Renewal { ask: &self.ask, authority: &self.authority, whose: Some(self.whose()) };
        let (tokens, within) = (found.refresh_tokens, self.refresh_token_expires_within);
        let outcome = renewal.with_remembered(app, &self.whose(), tokens, within).await;
        if let Err(error) = &outcome {
            app.notes.write(self.note("refusal"), app.host.now(), Some(error.clone()));
        }
        drop(turn);
        outcome
    }
}
