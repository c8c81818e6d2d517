//! Who is signed in, and signing out.

use crate::cache::record::{Known, Whose};
use crate::error::Error;
use crate::flows::app::App;
use crate::flows::remember::with_cache;
use crate::host::{Host, Level};

/// Every account: one for each tenant that each person has signed in to; of one person alone if `home_account_id` says so.
/// Nothing if the cache is still of the generation `since`.
///
/// # Errors
/// What the cache plugin throws; a cache that cannot be read.
pub async fn known<H: Host>(
    app: &App<H>,
    home_account_id: Option<&str>,
    since: Option<u32>,
) -> Result<Option<(u32, Vec<Known>)>, Error> {
    let client_id = &app.client().client_id;
    // In one turn: with a store for each person, the next turn may be another's.
    with_cache(app, false, |store| {
        let generation = store.generation();
        (since != Some(generation)).then(|| {
            let known = match home_account_id {
                Some(home_account_id) => store.accounts_of(&Whose { home_account_id, environment: "" }, client_id),
                None => store.accounts(client_id),
            };
            (generation, known)
        })
    })
    .await
}

/// Forgets an account and all its tokens, of every client. The server is not asked anything.
///
/// # Errors
/// What the cache plugin throws; a cache that cannot be read.
pub async fn sign_out<H: Host>(app: &App<H>, whose: &Whose<'_>, correlation_id: &str) -> Result<(), Error> {
    let found = with_cache(app, true, |store| store.sign_out(whose)).await?;
    app.log(Level::Info, correlation_id, || {
        if found { "signed out".to_owned() } else { "sign-out: no such account".to_owned() }
    });
    Ok(())
}
