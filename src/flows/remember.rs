//! What is remembered, on its way from the cache to a result and back.

use crate::cache::record::{AccessToken, Known, RefreshToken, Tokens, UnixSeconds};
use crate::cache::store::Store;
use crate::error::Error;
use crate::flows::accept::Authentication;
use crate::flows::app::App;
use crate::host::Host;
use crate::protocol::account::Account;
use crate::protocol::http::UnixMs;
use crate::protocol::scopes::Scopes;
use crate::protocol::token_reply::TokenReply;

/// The end of the year 9999, in seconds since 1970: when a token expires that does not expire.
const NEVER: UnixSeconds = 253_402_300_799;

/// Looks into the cache, or changes it: in its turn, and between the two callbacks of the cache plugin. The operation itself
/// never waits, so nobody else sees half of it.
pub(crate) async fn with_cache<H: Host, T>(
    app: &App<H>,
    writes: bool,
    operation: impl FnOnce(&mut Store) -> T,
) -> Result<T, Error> {
    let turn = app.host.open_cache(writes).await?;
    in_turn(app, turn, writes, operation).await
}

/// The same, in a turn that has been waited for already.
pub(crate) async fn in_turn<H: Host, T>(
    app: &App<H>,
    turn: H::CacheTurn,
    writes: bool,
    operation: impl FnOnce(&mut Store) -> T,
) -> Result<T, Error> {
    let (output, has_changed) = {
        let mut store = app.cache.borrow_mut();
        let output = operation(&mut store);
        store.tidy();
        (output, store.has_changed())
    };
    app.host.close_cache(turn, writes && has_changed).await?;
    Ok(output)
}

/// What tokens are remembered for.
pub(crate) enum Occasion<'a> {
    /// Somebody signed in.
    SignIn,
    /// Somebody's tokens were renewed.
    Renewal,
    /// The client asked in its own name, in that tenant.
    Own { realm: &'a str },
    /// The client asked on behalf of whoever sent a token of that hash.
    OnBehalfOf { hash: &'a str, realm: &'a str },
}

/// Remembers the tokens of a reply. The result then has the account with all its profiles.
pub(crate) async fn save<H: Host>(
    app: &App<H>,
    authentication: &mut Authentication,
    resource: Option<&str>,
    occasion: Occasion<'_>,
) -> Result<(), Error> {
    let nobody;
    let account = match (&authentication.account, &occasion) {
        (Some(account), _) => account,
        (None, Occasion::Own { realm } | Occasion::OnBehalfOf { realm, .. }) => {
            let environment = authentication.environment.clone();
            nobody = Account { environment, tenant_id: (*realm).to_owned(), ..Account::default() };
            &nobody
        }
        (None, _) => return Ok(()), // nobody could be asked for by name later
    };
    let reply = &authentication.reply;
    let is_lasting = matches!(occasion, Occasion::SignIn | Occasion::Renewal) && reply.refresh_token.is_none();
    // A token whose life the server does not tell, and that nothing could renew, serves until it is refused, as GitHub's do.
    let unknown = if is_lasting { NEVER } else { authentication.received_at };
    let at = |seconds: Option<u32>| Some(authentication.received_at.saturating_add(seconds?.into()));
    let access_token = AccessToken {
        secret: reply.access_token.clone(),
        token_type: reply.token_type.clone(),
        target: authentication.scopes.joined(),
        cached_at: authentication.received_at,
        expires_on: at(reply.expires_in).unwrap_or(unknown),
        extended_expires_on: at(reply.ext_expires_in),
        refresh_on: at(reply.refresh_in),
    };
    let refresh_token = reply.refresh_token.as_ref().map(|secret| RefreshToken {
        secret: secret.clone(),
        family_id: reply.family_id.clone().unwrap_or_default(),
        expires_on: at(reply.refresh_token_expires_in),
    });
    let tokens = Tokens {
        client_id: &app.client().client_id,
        account,
        client_info: reply.client_info.as_deref(),
        id_token: reply.id_token.as_ref(),
        access_token: &access_token,
        resource,
        refresh_token: refresh_token.as_ref(),
        user_assertion_hash: if let Occasion::OnBehalfOf { hash, .. } = occasion { Some(hash) } else { None },
        is_sign_in: !matches!(occasion, Occasion::Renewal),
    };
    let is_somebodys = authentication.account.is_some();
    let write = |store: &mut Store| {
        if is_somebodys {
            store.save(&tokens);
        } else {
            store.save_nobodys(&tokens);
        }
    };
    let saved = with_cache(app, true, |store| {
        write(store);
        store.profiles(&tokens.whose())
    });
    let profiles = match saved.await {
        Ok(profiles) => profiles,
        Err(error) => {
            // The store is away. The tokens stay in memory, to be stored when it is back: a refresh token may be good for one use.
            write(&mut app.cache.borrow_mut());
            return Err(error);
        }
    };
    if let Some(account) = &mut authentication.account
        && !profiles.is_empty()
    {
        account.profiles = profiles;
    }
    Ok(())
}

/// A token from the cache as a result.
pub(crate) fn recalled(
    token: AccessToken,
    known: Option<Known>,
    authority: String,
    correlation_id: String,
) -> Authentication {
    let (account, id_token, claims) =
        known.map_or((None, None, None), |known| (Some(known.account), known.id_token, known.claims));
    Authentication {
        reply: TokenReply {
            access_token: token.secret,
            token_type: token.token_type,
            scopes: None,
            expires_in: None,
            ext_expires_in: None,
            refresh_in: None,
            refresh_token: None,
            refresh_token_expires_in: None,
            id_token,
            client_info: None,
            family_id: None,
            request_id: String::new(),
        },
        scopes: Scopes::granted(&token.target),
        authority,
        account,
        claims,
        received_at: token.cached_at,
        expires_on: Some(token.expires_on).filter(|time| *time < NEVER).map(milliseconds),
        ext_expires_on: token.extended_expires_on.filter(|time| *time < NEVER).map(milliseconds),
        refresh_on: token.refresh_on.map(milliseconds),
        correlation_id,
        from_cache: true,
        serves: None,
        environment: String::new(),
        is_nameless: false,
    }
}

pub(crate) const fn milliseconds(seconds: u64) -> UnixMs {
    seconds.saturating_mul(1000)
}
