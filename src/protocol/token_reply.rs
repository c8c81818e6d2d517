//! The tokens: the successful reply of RFC 6749 section 5.1, with what Entra adds to it.

use crate::error::{Error, Fault};
use crate::protocol::http::HttpResponse;
use crate::protocol::json::{self, Object};
use crate::protocol::reply::object_of;
use crate::protocol::scopes::Scopes;
use crate::protocol::text::clean;
use crate::secret::Secret;

/// A successful reply.
#[derive(Debug, Clone)]
pub struct TokenReply {
    /// `access_token`.
    pub access_token: Secret,
    /// `token_type`; Bearer where the server left it out.
    pub token_type: String,
    /// `scope`; none where the server granted exactly what was asked.
    pub scopes: Option<Scopes>,
    /// `expires_in`, in seconds.
    pub expires_in: Option<u32>,
    /// `ext_expires_in`, in seconds: how long Entra lets the token serve while it is itself unreachable.
    pub ext_expires_in: Option<u32>,
    /// `refresh_in`, in seconds: when Entra would like the token to be renewed.
    pub refresh_in: Option<u32>,
    /// `refresh_token`.
    pub refresh_token: Option<Secret>,
    /// `refresh_token_expires_in`, in seconds.
    pub refresh_token_expires_in: Option<u32>,
    /// `id_token`.
    pub id_token: Option<Secret>,
    /// `client_info`: Entra's word on whose account it is, base64url JSON.
    pub client_info: Option<String>,
    /// `foci`: the family of clients that may share the refresh token.
    pub family_id: Option<String>,
    /// `x-ms-request-id`: the server's name for this exchange.
    pub request_id: String,
}

/// Decides what the answer to a request for tokens means. `sent` is what was sent in secret, so that it can be removed should
/// the server echo it.
///
/// # Errors
/// The server's refusal; [`Fault::UnreadableReply`] for what is neither that nor tokens.
pub fn judge(reply: &HttpResponse, sent: &[&str]) -> Result<TokenReply, Error> {
    TokenReply::read(&object_of(reply, "token reply", sent)?, reply)
}

impl TokenReply {
    /// Reads the object of a reply whose status said success.
    ///
    /// # Errors
    /// [`Fault::UnreadableReply`] where there is no access token in it, or one that RFC 6749 appendix A.12 does not know: a line break in it
    /// would end the header that it is sent in.
    pub fn read(object: &Object, reply: &HttpResponse) -> Result<Self, Error> {
        let secret = |name: &str| json::text(object, name).map(|text| Secret::new(text.to_owned()));
        let unreadable = |problem: &str| Fault::UnreadableReply {
            what: "token reply",
            status: reply.status,
            problem: problem.to_owned(),
        };
        let access_token =
            secret("access_token").ok_or_else(|| unreadable("it has neither an access_token nor an error"))?;
        if !access_token.expose().bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(unreadable("its access_token has characters that none may have").into());
        }
        Ok(Self {
            access_token,
            token_type: json::text(object, "token_type").map_or_else(|| "Bearer".to_owned(), clean),
            // GitHub puts commas in between.
            scopes: json::text(object, "scope").map(|scopes| match scopes.contains(' ') {
                true => Scopes::granted(scopes),
                false => Scopes::granted(&scopes.replace(',', " ")),
            }),
            expires_in: json::whole(object, "expires_in"),
            ext_expires_in: json::whole(object, "ext_expires_in"),
            refresh_in: json::whole(object, "refresh_in"),
            refresh_token: secret("refresh_token"),
            refresh_token_expires_in: json::whole(object, "refresh_token_expires_in"),
            id_token: secret("id_token"),
            client_info: json::text(object, "client_info").map(str::to_owned),
            family_id: json::text(object, "foci").map(str::to_owned),
            request_id: reply.header("x-ms-request-id").map(clean).unwrap_or_default(),
        })
    }
}
