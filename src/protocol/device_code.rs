//! The device flow's own two replies: the codes (RFC 8628 section 3.2), and the answer to each poll (section 3.5).
//!
//! [`judge`] decides what an answer means; [`Pace`] decides when to ask again. Both are pure: the clock is an argument.

use crate::error::{Error, Fault};
use crate::protocol::http::{HttpResponse, UnixMs};
use crate::protocol::json;
use crate::protocol::reply::object_of;
use crate::protocol::text::{clean, clean_without};
use crate::protocol::token_reply::{self, TokenReply};
use crate::protocol::url::Url;
use crate::secret::Secret;

/// Seconds between polls where the server does not say (RFC 8628 section 3.2).
pub const DEFAULT_INTERVAL: u32 = 5;

/// Seconds that `slow_down` adds (RFC 8628 section 3.5).
const SLOW_DOWN_STEP: u32 = 5;

/// The longest interval believed. A server that asks for more than five minutes between polls of a code that people are
/// typing right now has sent nonsense.
pub const LONGEST_INTERVAL: u32 = 300;

/// Lifetime of a code, in seconds, where the server does not say in a way one can read: what most servers use.
const DEFAULT_LIFETIME: u32 = 900;

/// The longest lifetime believed, in seconds: a day.
pub const LONGEST_LIFETIME: u32 = 86_400;

/// While the server cannot be reached the wait doubles up to this many seconds (or the interval, if that is longer), so
/// that the person who is done does not wait minutes for a network that is back.
const LONGEST_BACK_OFF: u32 = 30;

/// The codes, and what to show the person.
#[derive(Debug, Clone)]
pub struct DeviceAuthorization {
    /// The program's own half of the pair. Never shown.
    pub device_code: Secret,
    /// What the person types.
    pub user_code: String,
    /// The page to open. Always https, or http on this machine.
    pub verification_uri: String,
    /// The page with the code already in it, for a QR code or a link; not every server has one.
    pub verification_uri_complete: Option<String>,
    /// Seconds until the codes expire.
    pub expires_in: u32,
    /// Seconds to wait before each poll.
    pub interval: u32,
    /// A sentence to show: the server's own, or one made from the page and the code.
    pub message: String,
    /// The page that the server named, where it is another than the one to open because that one does not work.
    pub refused_uri: Option<String>,
}

impl DeviceAuthorization {
    /// Reads the reply of the device authorization endpoint. `page` is the one that works, where the server is known to name one that
    /// does not ([`Server::external_id_page`](crate::protocol::authority::Server::external_id_page)).
    ///
    /// Entra sends errors with status 200, so the body decides.
    ///
    /// # Errors
    /// The server's refusal; [`Fault::UnreadableReply`] where a code or the page is missing;
    /// [`Fault::UnsafeVerificationUri`] for a page that a person should not be sent to.
    pub fn read(reply: &HttpResponse, page: Option<String>) -> Result<Self, Error> {
        const WHAT: &str = "device authorization reply";
        let object = object_of(reply, WHAT, &[])?;
        let missing = |name: &str| {
            Error::new(Fault::UnreadableReply {
                what: WHAT,
                status: reply.status,
                problem: format!("it has no {name}"),
            })
        };
        let required = |name: &str| json::text(&object, name).ok_or_else(|| missing(name));
        let device_code = Secret::new(required("device_code")?.to_owned());
        let safe_uri = |uri: &str| safe_uri(uri, &[device_code.expose()]);
        let user_code = clean(required("user_code")?);
        if user_code.is_empty() {
            return Err(Error::new(Fault::UnreadableReply {
                what: WHAT,
                status: reply.status,
                problem: "its user_code cannot be shown".to_owned(),
            }));
        }
        let verification_uri = match json::text(&object, "verification_uri") {
            Some(uri) => safe_uri(uri)?,
            // What drafts of the RFC, and Google still, call it.
            None => match json::text(&object, "verification_url") {
                Some(uri) => safe_uri(uri)?,
                None => return Err(missing("verification_uri")),
            },
        };
        let complete = json::text(&object, "verification_uri_complete")
            .or_else(|| json::text(&object, "verification_url_complete"));
        let verification_uri_complete = complete.map(safe_uri).transpose()?;
        let expires_in = json::positive(&object, "expires_in").unwrap_or(DEFAULT_LIFETIME).min(LONGEST_LIFETIME);
        let interval = json::positive(&object, "interval").unwrap_or(DEFAULT_INTERVAL).min(LONGEST_INTERVAL);
        let instruction = |uri: &str| format!("To sign in, open {uri} in a browser and enter the code {user_code}.");
        if let Some(page) = page.filter(|_| is_for_entra_alone(&verification_uri)) {
            return Ok(Self {
                message: format!(
                    "{} (Not {verification_uri}, which does not take accounts of External ID.)",
                    instruction(&page)
                ),
                verification_uri: page,
                verification_uri_complete: None,
                refused_uri: Some(verification_uri),
                device_code,
                user_code,
                expires_in,
                interval,
            });
        }
        let mut message = clean(json::text(&object, "message").unwrap_or_default());
        if message.is_empty() {
            message = instruction(&verification_uri);
        }
        Ok(Self {
            device_code,
            user_code,
            verification_uri,
            verification_uri_complete,
            expires_in,
            interval,
            message,
            refused_uri: None,
        })
    }
}

/// Whether a page is one of those that Microsoft has for the accounts of Entra's own tenants.
fn is_for_entra_alone(uri: &str) -> bool {
    const HOSTS: [&str; 5] =
        ["microsoft.com", "www.microsoft.com", "login.microsoft.com", "login.microsoftonline.com", "aka.ms"];
    Url::parse(uri).is_ok_and(|url| HOSTS.contains(&url.host()))
}

/// A page that a person can be sent to (RFC 8628 section 5.4 warns of others).
///
/// # Errors
/// [`Fault::UnsafeVerificationUri`] for any other. The secrets are taken out of what it quotes.
pub fn safe_uri(text: &str, secrets: &[&str]) -> Result<String, Error> {
    match Url::parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(problem) => Err(Error::new(Fault::UnsafeVerificationUri {
            uri: clean_without(text, secrets),
            problem: problem.to_string(),
        })),
    }
}

/// What a poll was answered with.
#[derive(Debug)]
pub enum Verdict {
    /// Ask again later.
    Wait(Wait),
    /// The person is done.
    Token(Box<TokenReply>),
    /// It is over.
    Stop(Error),
}

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Why there is no answer yet.
    pub why: Why,
    /// An interval that the server sent along, in seconds.
    pub interval: Option<u32>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

/// Why there is no answer yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The person is not done: `authorization_pending`.
    Pending,
    /// The server wants fewer polls: `slow_down`.
    SlowDown,
    /// The server could not be reached or could not answer.
    Retrying,
}

impl Why {
    /// The word that `progressCallback` reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::SlowDown => "slow_down",
            Self::Retrying => "retrying",
        }
    }
}

/// Decides what the answer to a poll means (RFC 8628 section 3.5). `sent` is what was sent in secret, so that it can be
/// removed should the server echo it.
#[must_use]
pub fn judge(reply: &HttpResponse, sent: &[&str], now: UnixMs) -> Verdict {
    let retry_after = reply.retry_after(now);
    let wait = |why, interval| Verdict::Wait(Wait { why, interval, retry_after });
    let refusal = match token_reply::judge(reply, sent) {
        Ok(token) => return Verdict::Token(Box::new(token)),
        Err(error) => error,
    };
    let error = refusal.server_answer().map_or("", |answer| answer.error.as_str());
    let interval = || json::object(reply.body.expose()).ok().and_then(|object| json::positive(&object, "interval"));
    match error {
        "authorization_pending" => wait(Why::Pending, interval()),
        "slow_down" => wait(Why::SlowDown, interval()),
        "server_error" | "temporarily_unavailable" => wait(Why::Retrying, None),
        _ if reply.is_transient() => wait(Why::Retrying, None),
        _ => Verdict::Stop(refusal),
    }
}

/// When to ask next. Each answer makes a new one from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Seconds between polls. Only ever grows.
    pub interval: u32,
    /// Polls in a row that the server could not answer.
    pub failures: u32,
    /// Polls made.
    pub polls: u32,
    /// The earliest time of the next poll.
    pub next_poll_at: UnixMs,
}

impl Pace {
    /// The pace of a flow whose codes were just received: one interval until the first poll.
    #[must_use]
    pub fn first(interval: u32, now: UnixMs) -> Self {
        Self { interval, failures: 0, polls: 0, next_poll_at: after(now, interval) }
    }

    /// The pace after one more poll. `random` spreads what is not the usual wait, or all whom an outage or a limit has hit at the same time
    /// would come back at the same time: a back-off loses up to a half, but is never shorter than the interval; a `Retry-After` gains as much.
    #[must_use]
    pub fn again(self, wait: Wait, now: UnixMs, random: u32) -> Self {
        let sent = wait.interval.unwrap_or(0).min(LONGEST_INTERVAL);
        let interval = match wait.why {
            Why::SlowDown => self.interval.saturating_add(SLOW_DOWN_STEP).max(sent),
            _ => self.interval.max(sent),
        };
        let failures = if wait.why == Why::Retrying { self.failures.saturating_add(1) } else { 0 };
        let doubled = interval.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_BACK_OFF.max(interval));
        let spread = u64::from(doubled).saturating_mul(500).saturating_mul(random.into()) >> 32;
        let back_off = after(0, doubled).saturating_sub(spread).max(after(0, interval));
        let asked_for = after(0, wait.retry_after.unwrap_or(0)).saturating_add(spread);
        let next_poll_at = now.saturating_add(back_off.max(asked_for));
        Self { interval, failures, polls: self.polls.saturating_add(1), next_poll_at }
    }

    /// The pace after a poll was sent and given up before its answer came.
    #[must_use]
    pub fn given_up(self, sent_at: UnixMs) -> Self {
        Self { next_poll_at: self.next_poll_at.max(after(sent_at, self.interval)), ..self }
    }
}

/// The time so many seconds later.
#[must_use]
pub fn after(now: UnixMs, seconds: u32) -> UnixMs {
    now.saturating_add(u64::from(seconds).saturating_mul(1000))
}
