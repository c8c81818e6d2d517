//! An authority's discovery document (OpenID Connect Discovery 1.0, RFC 8414).
//!
//! A document is trusted only as far as the authority that was asked: its issuer must belong to that authority, and its endpoints
//! must be https.

use crate::error::{Error, Fault};
use crate::protocol::authority::{Authority, Endpoints, Kind, is_external_id};
use crate::protocol::http::HttpResponse;
use crate::protocol::json::{self, Object, Value};
use crate::protocol::server_answer::ServerAnswer;
use crate::protocol::text::clean;
use crate::protocol::trust::Trust;

/// What is read of a document.
pub(crate) const MEMBERS: [&str; 8] = [
    "issuer",
    "token_endpoint",
    "device_authorization_endpoint",
    "authorization_endpoint",
    "end_session_endpoint",
    "code_challenge_methods_supported",
    AUTH_METHODS,
    NAMES_ITSELF,
];

/// How clients may prove themselves.
const AUTH_METHODS: &str = "token_endpoint_auth_methods_supported";

/// Whether answers to authorization requests have `iss` (RFC 9207 section 3).
const NAMES_ITSELF: &str = "authorization_response_iss_parameter_supported";

/// The document that `url` answered with.
///
/// # Errors
/// [`Fault::Discovery`] for one that is missing or unreadable, with the server's own words where it has some.
pub fn document(url: &str, reply: &HttpResponse) -> Result<Object, Error> {
    let object = json::object(reply.body.expose());
    if reply.status == 200 {
        return object.map_err(|problem| unusable(url, problem));
    }
    let answer = object.ok().and_then(|object| ServerAnswer::read(&object, reply.status, &[]));
    let problem = if reply.is_redirect() {
        // Browsers do not tell where to.
        let target = reply.header("location").map(|target| format!(" to \"{}\"", clean(target))).unwrap_or_default();
        format!("it redirects{target}, which is not followed: name the address where that leads as the authority")
    } else if let Some(answer) = &answer {
        format!("it answered with status {}: {}", reply.status, answer.words().trim_end_matches('.'))
    } else {
        format!("it answered with status {}", reply.status)
    };
    Err(Error::new(Fault::Discovery {
        url: url.to_owned(),
        problem,
        status: Some(reply.status),
        answer: answer.map(Box::new),
        cause: None,
    }))
}

/// Reads the document that `url` answered with.
///
/// # Errors
/// [`Fault::Discovery`] for one without usable endpoints; [`Fault::IssuerMismatch`] where it speaks for somebody else.
pub fn endpoints(authority: &Authority, trust: &Trust, url: &str, document: &Object) -> Result<Endpoints, Error> {
    let issuer = json::text(document, "issuer").ok_or_else(|| unusable(url, "it names no issuer".to_owned()))?;
    if !authority.accepts_issuer(issuer, trust) {
        return Err(Error::new(Fault::IssuerMismatch { authority: authority.canonical(), issuer: clean(issuer) }));
    }
    described(authority, document).map_err(|problem| unusable(url, problem))
}

/// Reads a document whose issuer is none of our business: the program's own `authorityMetadata`.
///
/// # Errors
/// What is wrong with it.
pub fn described(authority: &Authority, document: &Object) -> Result<Endpoints, String> {
    let endpoint = |name: &str| match json::text(document, name) {
        None => Ok(None),
        Some(value) => match authority.endpoint(value) {
            Ok(endpoint) => Ok(Some(endpoint)),
            Err(problem) => Err(format!("its {name} cannot be used: {problem}")),
        },
    };
    let token = endpoint("token_endpoint")?.ok_or_else(|| "it has no token_endpoint".to_owned())?;
    let issuer = json::text(document, "issuer");
    let is_microsoft =
        authority.is_microsoft() || *authority.kind() == Kind::Adfs || issuer.is_some_and(is_external_id);
    let device_authorization = match endpoint("device_authorization_endpoint")? {
        // Older servers of Microsoft's have it, and do not say so. AD FS puts a slash behind its endpoints.
        None if is_microsoft => {
            token.trim_end_matches('/').strip_suffix("/token").map(|base| format!("{base}/devicecode"))
        }
        found => found,
    };
    let lists = |name: &str, item: &str| json::texts(document, name).iter().any(|listed| listed == item);
    Ok(Endpoints {
        device_authorization,
        token,
        issuer: issuer.map(str::to_owned),
        takes_pkce: lists("code_challenge_methods_supported", "S256"),
        // Who needs no browser can do without them, whatever is wrong with them.
        authorization: endpoint("authorization_endpoint").unwrap_or_default(),
        end_session: endpoint("end_session_endpoint").unwrap_or_default(),
        // MSAL: the form, unless the server says otherwise.
        wants_basic: lists(AUTH_METHODS, "client_secret_basic") && !lists(AUTH_METHODS, "client_secret_post"),
        names_itself: document.get(NAMES_ITSELF) == Some(&Value::Bool(true)),
    })
}

/// The error of a document that was had, and is of no use.
pub(crate) fn unusable(url: &str, problem: String) -> Error {
    Error::new(Fault::Discovery { url: url.to_owned(), problem, status: Some(200), answer: None, cause: None })
}
