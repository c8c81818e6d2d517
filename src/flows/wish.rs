//! What every request of the caller's has, whichever flow it is for (MSAL's `BaseAuthRequest`).

use crate::error::Error;
use crate::flows::app::App;
use crate::host::Host;
use crate::protocol::authority::Authority;
use crate::protocol::json::Members;
use crate::protocol::request::Ask;
use crate::protocol::scopes::{OPENID_SCOPES, Scopes};

/// What the caller wants a token for, and of whom. The defaults are those of a request that says nothing.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The scopes; the OpenID ones are added.
    pub scopes: Vec<String>,
    /// Whom to ask, if not the application's authority.
    pub authority: Option<String>,
    /// The caller's own correlation id.
    pub correlation_id: Option<String>,
    /// A claims request, as JSON text.
    pub claims: Option<String>,
    /// The API that the token is for (RFC 8707).
    pub resource: Option<String>,
    /// Added to the query of each request.
    pub extra_query: Members<String>,
    /// Added to the form of each request.
    pub extra_form: Members<String>,
    /// The language of what people read.
    pub locale: Option<String>,
}

impl Wish {
    /// Checks it: whom to ask, and what.
    ///
    /// # Errors
    /// For whatever is wrong in it.
    pub(crate) fn checked<H: Host>(self, app: &App<H>) -> Result<(Authority, Ask), Error> {
        self.checked_for(app, true)
    }

    /// The same; `of_people` says whether the token is somebody's, whom an ID token could name.
    pub(crate) fn checked_for<H: Host>(self, app: &App<H>, of_people: bool) -> Result<(Authority, Ask), Error> {
        let authority = app.authority(self.authority.as_deref())?;
        // A server that was described without an issuer knows nothing of OpenID, and may refuse scopes that it does not know.
        let is_openid = of_people && !app.trust.borrow().describes_plain_oauth(&authority.host_and_port());
        let scopes = Scopes::to_request(&self.scopes, is_openid)?;
        let ask = Ask {
            // The client is nobody whom an ID token could name.
            scopes: if of_people { scopes } else { scopes.without(&OPENID_SCOPES) },
            claims: self.claims,
            resource: self.resource,
            extra_query: self.extra_query,
            extra_form: self.extra_form,
            correlation_id: app.correlation_id(self.correlation_id),
            locale: self.locale,
        };
        Ok((authority, ask.checked(app.client())?))
    }
}
