//! The authorization code grant (RFC 6749 section 4.1), for programs whose people have a browser: where to send them, what to make of
//! the answer that comes back, and where to send them to sign out.

use crate::error::{Error, Fault};
use crate::flows::accept::Authentication;
use crate::flows::app::App;
use crate::flows::discover;
use crate::flows::exchange::Exchange;
use crate::flows::remember::{Occasion, save};
use crate::flows::wish::Wish;
use crate::host::{Host, Level};
use crate::protocol::authorization::{Authorization, EndSession, Response, check_redirect_uri};
use crate::protocol::id_token::Nonce;
use crate::protocol::request::{self, Code};
use crate::secret::Secret;

/// The page to send the person to.
///
/// # Errors
/// For a request that is wrong; for an authority without such a page, or whose endpoints cannot be had.
pub async fn url<H: Host>(app: &App<H>, wish: Wish, authorization: Authorization) -> Result<String, Error> {
    let (authority, ask) = wish.checked(app)?;
    let authorization = authorization.checked()?;
    let server = discover::server(app, authority, &ask.correlation_id).await?;
    let endpoint = server.endpoints.authorization.as_deref().ok_or_else(|| {
        discover::no_endpoint(
            app,
            &server,
            "authorization_endpoint",
            "this server does not sign people in in a browser",
        )
    })?;
    app.log(Level::Info, &ask.correlation_id, || format!("authorization: people are sent to {endpoint}"));
    Ok(authorization.url(app.client(), &server, endpoint, &ask))
}

/// What the caller has (MSAL's `AuthorizationCodeRequest`).
#[derive(Debug, Clone)]
pub struct Request {
    /// What for, and of whom. As it was when the person was sent away.
    pub wish: Wish,
    /// The code, if the caller took it out of the response.
    pub code: Code,
    /// What the ID token must bring back.
    pub nonce: Option<String>,
    /// What the response must bring back.
    pub state: Option<String>,
    /// The response, if the caller passes it on.
    pub response: Option<Response>,
}

/// Gets tokens for an authorization code, and remembers them. A code is good for one request, which is made once.
///
/// # Errors
/// [`Fault::ForeignResponse`] for an answer to something else; the server's refusal; what is wrong with the tokens.
pub async fn by_code<H: Host>(app: &App<H>, request: Request) -> Result<Authentication, Error> {
    let Request { wish, mut code, nonce, state, response } = request;
    let (authority, ask) = wish.checked(app)?;
    check_redirect_uri(&code.redirect_uri)?;
    let server = discover::server(app, authority, &ask.correlation_id).await?;
    if let Some(response) = response {
        let judged = response.check(state.as_deref(), &server, &app.trust.borrow());
        judged.map_err(|error| app.located(error, &server))?;
        if let Some(sent) = response.text("code").filter(|_| code.code.expose().is_empty()) {
            code.code = Secret::new(sent.to_owned());
        }
        code.client_info = code.client_info.or_else(|| response.text("client_info").map(str::to_owned));
    }
    if code.code.expose().is_empty() {
        return Err(Error::new(Fault::NotNow(
            "There is no authorization code: pass the one that came to the redirect URI, or the whole answer.",
        )));
    }
    let secrets = [code.code.expose(), code.verifier.as_ref().map_or("", Secret::expose)];
    let exchange = Exchange {
        what: "authorization code",
        ask: &ask,
        server: &server,
        secrets: &secrets,
        whose: None,
        nonce: nonce.as_deref().map_or(Nonce::None, Nonce::Sent),
        assertion: None,
    };
    let mut authentication =
        exchange.tokens(app, &|auth| request::code(app.client(), &server, &ask, auth, &code)).await?;
    authentication.name_somebody(app);
    save(app, &mut authentication, ask.resource.as_deref(), Occasion::SignIn).await?;
    app.log(Level::Info, &ask.correlation_id, || "authorization code: signed in".to_owned());
    Ok(authentication)
}

/// The page to send the person to, to sign out at the server.
///
/// # Errors
/// [`Fault::NoEndSession`] for a server that has none; for an authority whose endpoints cannot be had.
pub async fn end_session_url<H: Host>(app: &App<H>, wish: Wish, end_session: EndSession) -> Result<String, Error> {
    let (authority, ask) = wish.checked(app)?;
    let server = discover::server(app, authority, &ask.correlation_id).await?;
    let endpoint = server.endpoints.end_session.as_deref().ok_or(Fault::NoEndSession)?;
    Ok(end_session.url(app.client(), &server, endpoint, &ask))
}
