//! Everything that can go wrong, grouped by who is to blame: the caller, the person, the server, the network, the host's
//! own callbacks.
//!
//! [`Fault::code`] is the string that programs go by (`errorCode` in JavaScript: MSAL's, or the server's own), and
//! [`Fault::class`] the JavaScript class that carries it. Both are exhaustive matches, so a new variant cannot forget them.
//! An error's text goes behind its code, as `<code>: <text>`. No text holds a secret: replies are described, never quoted, except for the fields meant to be read.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use crate::protocol::remedy::{self, Place, Remedy};
use crate::protocol::server_answer::{MESSAGE_ONLY, ServerAnswer};

/// The JavaScript class that an error becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// `AuthError`.
    Auth,
    /// `ClientAuthError`.
    ClientAuth,
    /// `ClientConfigurationError`.
    ClientConfiguration,
    /// `InteractionRequiredAuthError`.
    InteractionRequired,
    /// `ServerError`.
    Server,
    /// Not ours: what the caller's own callback threw, handed back as it is.
    Foreign,
}

impl Class {
    /// The name of the class in JavaScript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "AuthError",
            Self::ClientAuth => "ClientAuthError",
            Self::ClientConfiguration => "ClientConfigurationError",
            Self::InteractionRequired => "InteractionRequiredAuthError",
            Self::Server => "ServerError",
            Self::Foreign => "",
        }
    }
}

/// A value of the host's that caused an error: what `fetch` or a callback threw. Opaque here.
#[derive(Clone)]
pub struct Cause(Rc<dyn Any>);

impl Cause {
    /// Wraps the host's value.
    #[must_use]
    pub fn new(value: impl Any) -> Self {
        Self(Rc::new(value))
    }

    /// The host's value, if it is of that type.
    #[must_use]
    pub fn downcast<T: Any + Clone>(&self) -> Option<T> {
        self.0.downcast_ref::<T>().cloned()
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Cause(…)")
    }
}

/// An error, as it travels: by a pointer, for each function on its way hands it on. The whole of it would be a tenth of the code.
pub type Error = Rc<Fault>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    // ── The caller ──────────────────────────────────────────────────────────────────────────────────────────────────
    /// A field of the configuration is missing or wrong.
    #[error("{field}: {fix}")]
    InvalidConfiguration {
        /// Its path, such as `auth.clientId`.
        field: &'static str,
        /// What is wrong, and what to write instead.
        fix: String,
    },
    /// A field of a request is missing or wrong.
    #[error("{field}: {fix}")]
    InvalidRequest {
        /// Its name.
        field: &'static str,
        /// What is wrong, and what to write instead.
        fix: String,
    },
    /// The authority is an empty string.
    #[error("authority: it is empty; name a URL such as https://login.microsoftonline.com/organizations")]
    EmptyAuthority,
    /// The authority is not a URL that can be used.
    #[error("authority: {problem}")]
    MalformedAuthority {
        /// What is wrong with it.
        problem: String,
    },
    /// The authority is plain http.
    #[error("authority: it must begin with https:// (http:// is for this machine alone: localhost, 127.0.0.1, [::1])")]
    InsecureAuthority,
    /// The authority is Azure AD B2C's, which does not offer device codes.
    #[error(
        "authority: Azure AD B2C does not offer sign-in with a device code; use Entra ID or External ID, or another flow"
    )]
    NoDeviceCodes,
    /// The authority is not one of Microsoft's, and nobody has vouched for it.
    #[error(
        "authority: Microsoft does not know the host {host}; if it is an OpenID provider, set system.protocolMode to \"OIDC\", and if it is a domain of your own for External ID, add it to auth.knownAuthorities"
    )]
    UntrustedAuthority {
        /// The host.
        host: String,
        /// What Microsoft said of it.
        answer: Box<ServerAnswer>,
    },
    /// The program's own discovery document cannot be used.
    #[error("auth.authorityMetadata: {problem}; give the discovery document of the authority as JSON text")]
    InvalidAuthorityMetadata {
        /// What is wrong with it.
        problem: String,
    },
    /// The program's own list of clouds cannot be used.
    #[error("auth.cloudDiscoveryMetadata: {problem}; give the answer of instance discovery as JSON text")]
    InvalidCloudMetadata {
        /// What is wrong with it.
        problem: String,
    },
    /// An application of `auth.isMcp` asks for a token without naming the API.
    #[error("resource: it is missing; with auth.isMcp every request names the API that the token is for")]
    ResourceRequired,
    /// An application of `auth.isMcp` names the API twice.
    #[error(
        "resource: it is also among extraQueryParameters or extraParameters; name it once, in the request's resource"
    )]
    MisplacedResource,
    /// The claims request is not a JSON object.
    #[error("claims: it must be the text of a JSON object, such as {{\"access_token\":{{…}}}}")]
    InvalidClaims,
    /// A field of an authorization request is missing or wrong.
    #[error("{field}: {fix}")]
    InvalidAuthorization {
        /// MSAL's code for it.
        code: &'static str,
        /// Its name.
        field: &'static str,
        /// What is wrong, and what to write instead.
        fix: &'static str,
    },
    /// A client asks for a token of its own in no tenant in particular.
    #[error(
        "authority: it names no tenant; a token for the client itself is one tenant's: name it by its id or domain"
    )]
    NoTenant,
    /// A flow was asked for something that it cannot do now.
    #[error("{0}")]
    NotNow(&'static str),

    // ── The person ──────────────────────────────────────────────────────────────────────────────────────────────────
    /// The person, or the server on their behalf, said no.
    #[error("The sign-in was declined. {}", .0.reason())]
    Declined(Box<ServerAnswer>),
    /// The codes expired before the person was done, by this clock or by the server's.
    #[error("The code expired before the sign-in was completed; start again for a new one.{}", aside(.0.as_deref()))]
    Expired(Option<Box<ServerAnswer>>),
    /// The same, but the last poll did not reach the server: who had an answer in mind is not to be blamed.
    #[error("The code expired before the sign-in was completed; at the end the server could not be reached: {problem}")]
    ExpiredUnreached {
        /// What the last poll met.
        problem: String,
    },
    /// The caller's own `timeout` came before the person was done.
    #[error("The sign-in was not completed within the {} s that the request allows (timeout).", in_seconds(*.milliseconds))]
    TimedOut {
        /// The request's `timeout`, in milliseconds.
        milliseconds: u64,
    },
    /// The caller gave up: `cancel` was set, or `signal` aborted.
    #[error("The sign-in was cancelled by the program.")]
    Cancelled(Option<Cause>),
    /// Only the person can set it right, by signing in anew.
    #[error("{}", .0.reason())]
    InteractionRequired(Box<ServerAnswer>),

    // ── The server ──────────────────────────────────────────────────────────────────────────────────────────────────
    /// The server refused, and said why.
    #[error("{}", .0.reason())]
    Refused(Box<ServerAnswer>),
    /// The server refused without an OAuth error.
    #[error("The server answered the request for a {what} with status {status} and no OAuth error.")]
    UnexpectedStatus {
        /// What the reply should have been.
        what: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// The server redirected a request that carries a secret.
    #[error(
        "The server redirected the request for a {what}{}; redirects are not followed, because the request carries a secret.", redirect(*status, target)
    )]
    Redirected {
        /// What the reply should have been.
        what: &'static str,
        /// Where to, without the query.
        target: String,
        /// The HTTP status.
        status: u16,
    },
    /// The server's reply is not what the protocol says.
    #[error("The server's {what} cannot be read: {problem} (status {status}).")]
    UnreadableReply {
        /// What the reply should have been.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// What is wrong with it. Never quotes it.
        problem: String,
    },
    /// The page that the server wants people to open is not one to send them to.
    #[error("The server's verification address \"{uri}\" was refused: {problem}.")]
    UnsafeVerificationUri {
        /// The address, cleaned.
        uri: String,
        /// Why.
        problem: String,
    },
    /// The ID token does not speak for this authority to this program.
    #[error("The ID token was refused, its claim {claim} is wrong: {problem}.")]
    IdToken {
        /// The claim.
        claim: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// An answer at the redirect URI that answers something else.
    #[error("The answer at the redirect URI was refused: {problem}. It may be an old one, or somebody else's.")]
    ForeignResponse {
        /// MSAL's code for it.
        code: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The server has no page to sign out on.
    #[error("The authority has no end_session_endpoint: people cannot be signed out there.")]
    NoEndSession,
    /// The discovery document could not be had or used.
    #[error("The authority's endpoints could not be found at {url}: {problem}.")]
    Discovery {
        /// The document's address.
        url: String,
        /// What is wrong.
        problem: String,
        /// The HTTP status, if there was an answer.
        status: Option<u16>,
        /// The server's own words, if it had some.
        answer: Option<Box<ServerAnswer>>,
        /// The network's error, if it was that.
        cause: Option<Cause>,
    },
    /// The discovery document speaks for another authority.
    #[error(
        "The authority {authority} answered as issuer \"{issuer}\"; name the issuer itself as the authority, or add its host to auth.knownAuthorities if it is yours."
    )]
    IssuerMismatch {
        /// The authority that was asked.
        authority: String,
        /// The issuer that the document names.
        issuer: String,
    },

    // ── The network ─────────────────────────────────────────────────────────────────────────────────────────────────
    /// No reply, or not all of it.
    #[error("{url} could not be reached: {problem}.")]
    Network {
        /// What was asked; without the query.
        url: String,
        /// What happened.
        problem: String,
        /// What the host's network threw.
        cause: Option<Cause>,
    },

    // ── The cache ───────────────────────────────────────────────────────────────────────────────────────────────────
    /// Nothing is remembered that would do without the person.
    #[error("There is no token for this account that could be used or renewed; the person has to sign in.")]
    NoTokens,
    /// The refresh token has expired, or will within the time that the caller allows for.
    #[error("The refresh token of this account has expired; the person has to sign in.")]
    RefreshTokenExpired,
    /// A stored cache is not what it should be. It is left as it is.
    #[error(
        "The stored token cache cannot be read: {problem} (line {line}, column {column}). It was left as it is; move it away to start anew, or mend it."
    )]
    UnreadableCache {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
        /// What should have been there. Never quotes it.
        problem: &'static str,
    },

    // ── The host ────────────────────────────────────────────────────────────────────────────────────────────────────
    /// The caller's own callback threw; this very value goes back to the caller.
    #[error("A callback of the program threw.")]
    Callback(Cause),
}

/// Codes that MSAL has not. The others are MSAL's or the server's own.
const INVALID_CONFIGURATION: &str = "invalid_configuration";
const INVALID_REQUEST: &str = "invalid_request_parameter";
const DEVICE_CODE_NOT_OFFERED: &str = "device_code_not_offered";
const UNSAFE_VERIFICATION_URI: &str = "unsafe_verification_uri";
const INVALID_ID_TOKEN: &str = "invalid_id_token";

/// What is known of a redirect: nothing where a browser hides it.
fn redirect(status: u16, target: &str) -> String {
    if status == 0 { String::new() } else { format!(" (status {status}) to \"{target}\"") }
}

impl Fault {
    /// The error that a server's refusal stands for.
    #[must_use]
    pub fn refused(answer: ServerAnswer) -> Self {
        let needs_interaction = answer.needs_interaction();
        let answer = Box::new(answer);
        match answer.error.as_str() {
            "expired_token" => Self::Expired(Some(answer)),
            "access_denied" | "authorization_declined" => Self::Declined(answer),
            _ if needs_interaction => Self::InteractionRequired(answer),
            _ => Self::Refused(answer),
        }
    }

    /// What programs go by: MSAL's code for what happens here, the server's own for its refusals.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::InvalidConfiguration { .. } => INVALID_CONFIGURATION,
            Self::InvalidRequest { .. } => INVALID_REQUEST,
            Self::EmptyAuthority => "empty_url_error",
            Self::MalformedAuthority { .. } => "url_parse_error",
            Self::InsecureAuthority => "authority_uri_insecure",
            Self::NoDeviceCodes => DEVICE_CODE_NOT_OFFERED,
            Self::UntrustedAuthority { .. } => "untrusted_authority",
            Self::InvalidAuthorityMetadata { .. } => "invalid_authority_metadata",
            Self::InvalidCloudMetadata { .. } => "invalid_cloud_discovery_metadata",
            Self::ResourceRequired => "resource_parameter_required",
            Self::MisplacedResource => "misplaced_resource_parameter",
            Self::InvalidClaims => "invalid_claims",
            Self::InvalidAuthorization { code, .. } | Self::ForeignResponse { code, .. } => code,
            Self::NoTenant => "missing_tenant_id_error",
            Self::NoEndSession => "end_session_endpoint_not_supported",
            Self::NotNow(_) => "request_cannot_be_made",
            Self::Expired(_) | Self::ExpiredUnreached { .. } => "device_code_expired",
            Self::TimedOut { .. } => "user_timeout_reached",
            Self::Cancelled(_) => "device_code_polling_cancelled",
            Self::Declined(answer) | Self::InteractionRequired(answer) | Self::Refused(answer) => &answer.error,
            Self::UnexpectedStatus { .. } | Self::Redirected { .. } => "post_request_failed",
            Self::UnreadableReply { .. } => "token_parsing_error",
            Self::UnsafeVerificationUri { .. } => UNSAFE_VERIFICATION_URI,
            Self::IdToken { claim: "nonce", .. } => "nonce_mismatch",
            Self::IdToken { .. } => INVALID_ID_TOKEN,
            Self::Discovery { .. } => "endpoints_resolution_error",
            Self::IssuerMismatch { .. } => "issuer_validation_failed",
            Self::Network { .. } => "network_error",
            Self::NoTokens => "no_tokens_found",
            Self::RefreshTokenExpired => "refresh_token_expired",
            Self::UnreadableCache { .. } => "invalid_cache_record",
            Self::Callback(_) => "",
        }
    }

    /// The JavaScript class that carries it.
    #[must_use]
    pub const fn class(&self) -> Class {
        match self {
            Self::InvalidConfiguration { .. }
            | Self::InvalidRequest { .. }
            | Self::EmptyAuthority
            | Self::MalformedAuthority { .. }
            | Self::InsecureAuthority
            | Self::NoDeviceCodes
            | Self::UntrustedAuthority { .. }
            | Self::InvalidAuthorityMetadata { .. }
            | Self::InvalidCloudMetadata { .. }
            | Self::InvalidClaims
            | Self::InvalidAuthorization { .. }
            | Self::IssuerMismatch { .. } => Class::ClientConfiguration,
            Self::NotNow(_)
            | Self::NoTenant
            | Self::ForeignResponse { .. }
            | Self::NoEndSession
            | Self::ResourceRequired
            | Self::MisplacedResource
            | Self::Expired(_)
            | Self::ExpiredUnreached { .. }
            | Self::TimedOut { .. }
            | Self::Cancelled(_)
            | Self::IdToken { .. }
            | Self::Discovery { .. }
            | Self::UnreadableCache { .. }
            | Self::Network { .. } => Class::ClientAuth,
            Self::InteractionRequired(_) | Self::NoTokens | Self::RefreshTokenExpired => Class::InteractionRequired,
            Self::Declined(_) | Self::Refused(_) | Self::UnexpectedStatus { .. } | Self::Redirected { .. } => {
                Class::Server
            }
            Self::UnreadableReply { .. } | Self::UnsafeVerificationUri { .. } => Class::Auth,
            Self::Callback(_) => Class::Foreign,
        }
    }

    /// The server's own answer, where it is one.
    #[must_use]
    pub fn server_answer(&self) -> Option<&ServerAnswer> {
        match self {
            Self::Declined(answer)
            | Self::InteractionRequired(answer)
            | Self::Refused(answer)
            | Self::Expired(Some(answer))
            | Self::UntrustedAuthority { answer, .. }
            | Self::Discovery { answer: Some(answer), .. } => Some(answer),
            _ => None,
        }
    }

    /// The HTTP status, where the server answered and it is known: browsers hide that of a redirect.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let status = match self {
            Self::UnexpectedStatus { status, .. }
            | Self::Redirected { status, .. }
            | Self::UnreadableReply { status, .. } => Some(*status),
            Self::Discovery { status, .. } => *status,
            other => other.server_answer().map(|answer| answer.status),
        };
        status.filter(|status| *status != 0)
    }

    /// The address that was asked in vain; of a request with a form, without its query.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Network { url, .. } | Self::Discovery { url, .. } => Some(url),
            _ => None,
        }
    }

    /// What the host's network or callback threw, where it is that.
    #[must_use]
    pub const fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Cancelled(cause) | Self::Discovery { cause, .. } | Self::Network { cause, .. } => cause.as_ref(),
            Self::Callback(cause) => Some(cause),
            _ => None,
        }
    }

    /// Whether the server could not answer, rather than refused: the same request may do later.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        let says = |answer: &ServerAnswer| matches!(answer.error.as_str(), "server_error" | "temporarily_unavailable");
        match self {
            Self::Network { .. } => true,
            Self::Discovery { status: None, .. } => true,
            other => matches!(other.status(), Some(408 | 429 | 500..)) || other.server_answer().is_some_and(says),
        }
    }

    /// Whether the person can help, by signing in: again, or as the error's claims want it. Where Entra says that a page would only
    /// show a message (`message_only`), they cannot.
    #[must_use]
    pub fn needs_interaction(&self) -> bool {
        match self {
            Self::InteractionRequired(answer) => answer.suberror != MESSAGE_ONLY,
            Self::Expired(_) | Self::ExpiredUnreached { .. } | Self::NoTokens | Self::RefreshTokenExpired => true,
            _ => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static Remedy> {
        let said = self.server_answer().and_then(ServerAnswer::remedy);
        said.or_else(|| match self {
            // Its code is the server's own word, and none of ours.
            Self::Declined(_) | Self::InteractionRequired(_) | Self::Refused(_) => Some(&remedy::UNKNOWN),
            // It is busy, or down: what an OAuth server would call so.
            Self::UnexpectedStatus { .. } if self.is_outage() => remedy::for_error("temporarily_unavailable"),
            other => remedy::for_code(other.code()),
        })
    }

    /// The same error, with the page to open for it.
    #[must_use]
    pub fn located(mut self: Rc<Self>, place: &Place) -> Error {
        if let Some(
            Self::Declined(answer)
            | Self::InteractionRequired(answer)
            | Self::Refused(answer)
            | Self::Expired(Some(answer))
            | Self::UntrustedAuthority { answer, .. }
            | Self::Discovery { answer: Some(answer), .. },
        ) = Rc::get_mut(&mut self)
        {
            answer.locate(place);
        }
        self
    }

    /// The field at fault, where the caller is to blame.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::InvalidConfiguration { field, .. }
            | Self::InvalidRequest { field, .. }
            | Self::InvalidAuthorization { field, .. } => Some(field),
            Self::EmptyAuthority
            | Self::MalformedAuthority { .. }
            | Self::InsecureAuthority
            | Self::NoDeviceCodes
            | Self::NoTenant
            | Self::UntrustedAuthority { .. }
            | Self::IssuerMismatch { .. } => Some("authority"),
            Self::InvalidAuthorityMetadata { .. } => Some("auth.authorityMetadata"),
            Self::InvalidCloudMetadata { .. } => Some("auth.cloudDiscoveryMetadata"),
            Self::ResourceRequired | Self::MisplacedResource => Some("resource"),
            Self::InvalidClaims => Some("claims"),
            _ => None,
        }
    }
}

/// The server's words, put behind our own.
fn aside(answer: Option<&ServerAnswer>) -> String {
    answer.map(|answer| format!(" ({})", answer.words())).unwrap_or_default()
}

/// Milliseconds as seconds, to be read. Made of whole numbers: printing a float takes 17 KB of code.
#[must_use]
pub fn in_seconds(milliseconds: u64) -> String {
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    if rest == 0 { seconds.to_string() } else { format!("{seconds}.{rest:03}").trim_end_matches('0').to_owned() }
}
