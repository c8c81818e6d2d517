//! The pages that people are sent to: the authorization request of RFC 6749 section 4.1.1 with PKCE (RFC 7636) and OpenID Connect's
//! parameters, the answer that comes back to the redirect URI, and signing out (OpenID Connect RP-Initiated Logout 1.0).

use crate::error::{Error, Fault};
use crate::protocol::authority::{Server, issuer_matches};
use crate::protocol::json::{self, Members, Object};
use crate::protocol::request::{ANCHOR, Ask, Client, anchor, with_query};
use crate::protocol::server_answer::ServerAnswer;
use crate::protocol::text::clean;
use crate::protocol::trust::Trust;
use crate::secret::Secret;

/// How the answer comes back: in the query or the fragment of the redirect URI, or as a form.
const RESPONSE_MODES: [&str; 3] = ["query", "fragment", FORM_POST];
const FORM_POST: &str = "form_post";

/// What a sign-in in a browser asks for (MSAL's `AuthorizationUrlRequest`), besides what every request does.
#[derive(Debug, Clone, Default)]
pub struct Authorization {
    /// Where the answer is to go.
    pub redirect_uri: String,
    /// `query`, `fragment` or `form_post`; without one it is the query.
    pub response_mode: Option<String>,
    /// Whether a form is preferred, where the server is known to send one: Microsoft's are.
    pub prefers_post: bool,
    /// Comes back with the answer.
    pub state: Option<String>,
    /// Comes back in the ID token.
    pub nonce: Option<String>,
    /// PKCE's challenge, and how it was made.
    pub challenge: Option<String>,
    /// `S256`, or `plain`.
    pub challenge_method: Option<String>,
    /// Whether to ask the person at all, and what.
    pub prompt: Option<String>,
    /// Who is expected.
    pub login_hint: Option<String>,
    /// Which tenant's sign-in page is expected.
    pub domain_hint: Option<String>,
    /// Which of the browser's sessions is meant.
    pub session_id: Option<String>,
    /// Whose account is expected.
    pub account: Option<Expected>,
}

/// Whose account is expected, as its ID token says it.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// The `login_hint` claim.
    pub login_hint: Option<String>,
    /// The `sid` claim.
    pub session_id: Option<String>,
    /// What they type to sign in.
    pub username: Option<String>,
    /// `AccountInfo.homeAccountId`.
    pub home_account_id: String,
}

impl Authorization {
    /// Checks what the caller gave.
    ///
    /// # Errors
    /// [`Fault::InvalidAuthorization`] naming the field.
    pub fn checked(self) -> Result<Self, Error> {
        check_redirect_uri(&self.redirect_uri)?;
        if self.response_mode.as_ref().is_some_and(|mode| !RESPONSE_MODES.contains(&mode.as_str())) {
            return Err(wrong(
                "invalid_response_mode",
                "responseMode",
                "it must be \"query\", \"fragment\" or \"form_post\"",
            ));
        }
        match (&self.challenge, self.challenge_method.as_deref()) {
            (None, None) | (Some(_), Some("S256" | "plain")) => Ok(self),
            (Some(_), Some(_)) => {
                Err(wrong("invalid_code_challenge_method", "codeChallengeMethod", "it must be \"S256\" or \"plain\""))
            }
            (Some(_), None) => Err(wrong(
                "pkce_params_missing",
                "codeChallengeMethod",
                "it is missing; it goes with codeChallenge: \"S256\"",
            )),
            (None, Some(_)) => Err(wrong(
                "pkce_params_missing",
                "codeChallenge",
                "it is missing; pass the challenge of generatePkceCodes",
            )),
        }
    }

    /// The address to send the person to. What only Microsoft knows is for Microsoft.
    #[must_use]
    pub fn url(&self, client: &Client, server: &Server, endpoint: &str, ask: &Ask) -> String {
        let mut query = Members::default();
        let mut add = |name: &str, value: &str| query.set(name, value.to_owned());
        add("client_id", &client.client_id);
        add("response_type", "code");
        add("redirect_uri", &self.redirect_uri);
        let given = self.response_mode.as_deref();
        let preferred = if self.prefers_post && server.speaks_as_microsoft() { FORM_POST } else { "query" };
        add("response_mode", given.unwrap_or(preferred));
        if !ask.scopes.as_slice().is_empty() {
            add("scope", &ask.scopes.joined());
        }
        let claims = ask.claims_of_person(server);
        let optional = [
            ("claims", &claims),
            ("resource", &ask.resource),
            ("state", &self.state),
            ("nonce", &self.nonce),
            ("code_challenge", &self.challenge),
            ("code_challenge_method", &self.challenge_method),
            ("prompt", &self.prompt),
            ("domain_hint", &self.domain_hint),
            ("ui_locales", &ask.locale),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                add(name, value);
            }
        }
        let (hint, gateway) = self.hints(server);
        if let Some((name, hint)) = hint {
            add(name, hint);
        }
        if server.is_microsoft() {
            if let Some(gateway) = gateway {
                add(ANCHOR, &gateway);
            }
            if let Some(locale) = &ask.locale {
                add("mkt", locale);
            }
            add("client-request-id", &ask.correlation_id);
            add("client_info", "1");
            add("clidata", "1");
            for (name, value) in client.described().filter(|_| !client.without_telemetry) {
                add(name, value);
            }
        }
        add_extra(&mut query, ask);
        with_query(endpoint, &query)
    }

    /// Who is expected, as one parameter, and where Entra's gateways find them. In MSAL's order: what the ID token calls the person
    /// goes first, and tells which tenant, so that it does not go with a domain; who is to choose is told nothing.
    fn hints(&self, server: &Server) -> (Option<(&'static str, &str)>, Option<String>) {
        let is_silent = self.prompt.as_deref() == Some("none");
        if self.prompt.as_deref() == Some("select_account") {
            return (None, None);
        }
        if let Some(session) = self.session_id.as_deref().filter(|_| is_silent) {
            return (Some(("sid", session)), None);
        }
        let own = self.login_hint.as_deref().map(|hint| ("login_hint", hint));
        let by_name = |hint: Option<(_, &str)>| hint.map(|(_, hint)| format!("UPN:{hint}"));
        let Some(account) = &self.account else {
            return (own, by_name(own));
        };
        let of_token = account.login_hint.as_deref().filter(|_| self.domain_hint.is_none());
        let session = account.session_id.as_deref().filter(|_| is_silent);
        let hint = of_token.map(|hint| ("login_hint", hint)).or(session.map(|session| ("sid", session)));
        if let (None, Some(_)) = (hint, own) {
            return (own, by_name(own));
        }
        let hint = hint.or(account.username.as_deref().map(|username| ("login_hint", username)));
        (hint, hint.and_then(|_| anchor(server, &account.home_account_id)))
    }
}

/// What signing out at the server is told.
#[derive(Debug, Clone, Default)]
pub struct EndSession {
    /// Where the browser is to go afterwards.
    pub redirect_uri: Option<String>,
    /// The ID token of who signs out.
    pub id_token: Option<Secret>,
    /// What they are called.
    pub logout_hint: Option<String>,
    /// Comes back to the redirect URI.
    pub state: Option<String>,
}

impl EndSession {
    /// The address to send the person to.
    #[must_use]
    pub fn url(&self, client: &Client, server: &Server, endpoint: &str, ask: &Ask) -> String {
        let mut query = Members::default();
        query.set("client_id", client.client_id.clone());
        let id_token = self.id_token.as_ref().map(|token| token.expose().to_owned());
        let optional = [
            ("post_logout_redirect_uri", &self.redirect_uri),
            ("id_token_hint", &id_token),
            ("logout_hint", &self.logout_hint),
            ("state", &self.state),
            ("ui_locales", &ask.locale),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                query.set(name, value.clone());
            }
        }
        if server.is_microsoft() {
            query.set("client-request-id", ask.correlation_id.clone());
        }
        add_extra(&mut query, ask);
        with_query(endpoint, &query)
    }
}

/// Adds what the caller wants added. It replaces nothing.
fn add_extra(query: &mut Members<String>, ask: &Ask) {
    for (name, value) in ask.extra_query.iter() {
        if !query.has(name) {
            query.set(name, value.clone());
        }
    }
}

/// The answer to an authorization request, as it came to the redirect URI (RFC 6749 section 4.1.2).
#[derive(Debug, Clone)]
pub struct Response(Object);

impl Response {
    /// Takes the parameters.
    #[must_use]
    pub const fn new(parameters: Object) -> Self {
        Self(parameters)
    }

    /// A parameter that is not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        json::text(&self.0, name)
    }

    /// Holds it against what was asked for: it must bring the state back, and come from the server that was asked (RFC 9207).
    ///
    /// # Errors
    /// [`Fault::ForeignResponse`]; the server's refusal, where it is one. A refusal that was not asked for says nothing.
    pub fn check(&self, state: Option<&str>, server: &Server, trust: &Trust) -> Result<(), Error> {
        if state.is_some_and(|state| self.text("state") != Some(state)) {
            let problem = if self.text("state").is_some() { "it has another state" } else { "it has no state" };
            return Err(Error::new(Fault::ForeignResponse { code: "state_mismatch", problem: problem.to_owned() }));
        }
        if let (Some(issuer), Some(expected)) = (self.text("iss"), &server.endpoints.issuer) {
            let is_own = issuer_matches(expected, issuer, None)
                || (expected.contains('{') && server.authority.accepts_issuer(issuer, trust));
            if !is_own {
                let problem = format!("it comes from \"{}\", not from \"{}\"", clean(issuer), clean(expected));
                return Err(Error::new(Fault::ForeignResponse { code: "issuer_mismatch", problem }));
            }
        }
        if server.endpoints.names_itself && self.text("iss").is_none() {
            let problem = "it has no iss, which this server sends: pass on the whole answer".to_owned();
            return Err(Error::new(Fault::ForeignResponse { code: "issuer_mismatch", problem }));
        }
        let sent = self.text("code").unwrap_or_default();
        ServerAnswer::read(&self.0, 0, &[sent]).map_or(Ok(()), |answer| Err(Error::new(Fault::refused(answer))))
    }
}

/// Refuses an empty redirect URI.
///
/// # Errors
/// [`Fault::InvalidAuthorization`].
pub fn check_redirect_uri(redirect_uri: &str) -> Result<(), Error> {
    if redirect_uri.trim().is_empty() {
        let fix =
            "it is missing; name the address of yours that the server is to send the person back to, as registered";
        return Err(wrong("redirect_uri_empty", "redirectUri", fix));
    }
    Ok(())
}

fn wrong(code: &'static str, field: &'static str, fix: &'static str) -> Error {
    Error::new(Fault::InvalidAuthorization { code, field, fix })
}
