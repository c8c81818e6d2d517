//! The discovery document of an OpenID provider (OpenID Connect Discovery 1.0, RFC 8414).
//!
//! It is trusted only as far as the authority that was asked: its issuer must be that authority, and its endpoints must
//! be https.

use crate::error::Error;
use crate::protocol::authority::{Authority, Endpoints};
use crate::protocol::http::HttpResponse;
use crate::protocol::json::{self, Object};
use crate::protocol::text::clean;

/// Reads the document that `url` answered with.
///
/// # Errors
/// [`Error::Discovery`] for a document that is missing, unreadable or without a usable device endpoint;
/// [`Error::IssuerMismatch`] where it speaks for somebody else.
pub fn endpoints(authority: &Authority, url: &str, reply: &HttpResponse) -> Result<Endpoints, Error> {
    let failed = |problem: String| Error::Discovery { url: url.to_owned(), problem, cause: None };
    if reply.is_redirect() {
        let target = reply.header("location").map(clean).unwrap_or_default();
        return Err(failed(format!(
            "it redirects to {target:?}, which is not followed: name that address as the authority"
        )));
    }
    if reply.status != 200 {
        return Err(failed(format!("it answered with status {}", reply.status)));
    }
    let document = json::object(reply.body.expose()).map_err(failed)?;
    let issuer = json::text(&document, "issuer").ok_or_else(|| failed("it names no issuer".to_owned()))?;
    if !authority.is_issuer(issuer) {
        return Err(Error::IssuerMismatch { authority: authority.canonical(), issuer: clean(issuer) });
    }
    let endpoint = |name: &str| usable(authority, &document, name).map_err(failed);
    Ok(Endpoints {
        device_authorization: endpoint("device_authorization_endpoint")?,
        token: endpoint("token_endpoint")?,
        issuer: issuer.to_owned(),
    })
}

fn usable(authority: &Authority, document: &Object, name: &str) -> Result<String, String> {
    let Some(value) = json::text(document, name) else {
        return Err(match name {
            "device_authorization_endpoint" => {
                "it has no device_authorization_endpoint: this server does not offer sign-in with a device code, or it is switched off".to_owned()
            }
            _ => format!("it has no {name}"),
        });
    };
    authority.endpoint(value).map_err(|problem| format!("its {name} cannot be used: {problem}"))
}
