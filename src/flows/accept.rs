//! A token reply becomes an authentication: the ID token is checked, the account named, the expiry put on our clock.

use crate::cache::record::UnixSeconds;
use crate::error::{Error, Fault};
use crate::flows::app::App;
use crate::host::Host;
use crate::protocol::account::{Account, ClientInfo};
use crate::protocol::authority::Server;
use crate::protocol::device_code::after;
use crate::protocol::http::UnixMs;
use crate::protocol::id_token::{Claims, Expected, Nonce};
use crate::protocol::request::{Ask, Client};
use crate::protocol::scopes::Scopes;
use crate::protocol::text::clean_without;
use crate::protocol::token_reply::TokenReply;
use crate::secret::Secret;

/// Who signed in, and the tokens (MSAL's `AuthenticationResult`). The refresh token is not handed out.
#[derive(Debug, Clone)]
pub struct Authentication {
    /// The reply's tokens.
    pub reply: TokenReply,
    /// What was granted.
    pub scopes: Scopes,
    /// The canonical authority.
    pub authority: String,
    /// Who signed in; none where the server does not tell.
    pub account: Option<Account>,
    /// The ID token's claims.
    pub claims: Option<Claims>,
    /// When the access token expires; none where the server does not tell.
    pub expires_on: Option<UnixMs>,
    /// Until when it may serve while the server is unreachable.
    pub ext_expires_on: Option<UnixMs>,
    /// When it should be renewed.
    pub refresh_on: Option<UnixMs>,
    /// Ties together what client and server log.
    pub correlation_id: String,
    /// When the request was sent that brought it: seconds since 1970.
    pub received_at: UnixSeconds,
    /// Whether it was remembered, rather than received just now.
    pub from_cache: bool,
    /// For how long the very same answer is right.
    pub serves: Option<Serves>,
    /// Where it is filed, if it was received just now.
    pub(crate) environment: String,
    /// Whether the server tells of nobody who they are.
    pub(crate) is_nameless: bool,
}

impl Authentication {
    /// Gives somebody an account, to be asked for by later, at a server that tells of nobody who they are.
    pub(crate) fn name_somebody<H: Host>(&mut self, app: &App<H>) {
        if self.account.is_none() && self.is_nameless {
            self.account = Some(Account::of_somebody(self.environment.clone(), app.correlation_id(None)));
        }
    }
}

/// For how long an answer from the cache is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serves {
    /// From when.
    pub from: UnixMs,
    /// Until when.
    pub until: UnixMs,
    /// While the cache is of this generation.
    pub generation: u32,
}

/// What a reply is held against.
pub(crate) struct Asked<'a> {
    pub(crate) client: &'a Client,
    pub(crate) server: &'a Server,
    pub(crate) ask: &'a Ask,
    /// What nonce the ID token must have.
    pub(crate) nonce: Nonce<'a>,
    /// When the request was sent: a token's life is counted from there, so that it is never believed longer than it lives.
    pub(crate) sent_at: UnixMs,
    /// The clock that the ID token's expiry is held against.
    pub(crate) now: UnixMs,
}

pub(crate) fn accept(mut reply: TokenReply, asked: &Asked<'_>) -> Result<Authentication, Error> {
    let Server { authority, endpoints } = asked.server;
    // Of a server whose issuer is not known no ID token can be believed.
    reply.id_token = reply.id_token.filter(|_| endpoints.issuer.is_some());
    let issuer = endpoints.issuer.as_deref().unwrap_or_default();
    let expected = Expected { issuer, client_id: &asked.client.client_id, nonce: asked.nonce, now: asked.now };
    if reply.id_token.is_none() && matches!(asked.nonce, Nonce::Sent(_)) && endpoints.issuer.is_some() {
        let problem = "the server sent no ID token, which was to bring it back".to_owned();
        return Err(Error::new(Fault::IdToken { claim: "nonce", problem }));
    }
    let claims = reply.id_token.as_ref().map(|token| Claims::checked(token, &expected)).transpose();
    let claims = claims.map_err(|error| match &*error {
        // It quotes the token's issuer.
        Fault::IdToken { claim, problem } => {
            let secrets = [Some(&reply.access_token), reply.refresh_token.as_ref()];
            let secrets: Vec<&str> = secrets.into_iter().flatten().map(Secret::expose).collect();
            Error::new(Fault::IdToken { claim, problem: clean_without(problem, &secrets) })
        }
        _ => error,
    })?;
    // Other servers have no such thing; if one sends a field of that name, it means something else.
    let info =
        reply.client_info.as_deref().filter(|_| asked.server.is_microsoft()).map(ClientInfo::decode).transpose()?;
    let at = |seconds: Option<u32>| seconds.map(|seconds| after(asked.sent_at, seconds));
    Ok(Authentication {
        scopes: reply.scopes.clone().unwrap_or_else(|| asked.ask.scopes.clone()),
        authority: authority.canonical(),
        account: Account::from_reply(asked.server, claims.as_ref(), info.as_ref()),
        claims,
        expires_on: at(reply.expires_in),
        ext_expires_on: at(reply.ext_expires_in),
        refresh_on: at(reply.refresh_in),
        correlation_id: asked.ask.correlation_id.clone(),
        received_at: asked.sent_at / 1000,
        from_cache: false,
        serves: None,
        environment: authority.environment(),
        is_nameless: endpoints.issuer.is_none(),
        reply,
    })
}
