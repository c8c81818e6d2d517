//! How good a token at hand is, and whether to renew it behind the scenes.

use crate::cache::record::AccessToken;
use crate::flows::accept::Authentication;
use crate::protocol::http::{CLOCK_SKEW, UnixMs};

/// A token that expires so soon, in seconds, is renewed before it is handed out (MSAL's).
pub(crate) const EXPIRES_SOON: u64 = 300;

/// How long a renewal in the background is not tried again, in milliseconds, once it failed.
pub(crate) const RENEWAL_REST: u64 = 60_000;

/// A token, and whether to renew it in the background: the server would like that by now.
#[derive(Debug)]
pub struct Renewable<P> {
    /// The token.
    pub authentication: Authentication,
    /// What to renew it by.
    pub renewal: Option<P>,
}

/// What to do about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// It is good.
    Good,
    /// It is good, and the server would like it to be renewed.
    Due,
    /// It has to be renewed, and could serve while the server is down.
    Stale,
    /// It is of no use.
    Gone,
}

impl Condition {
    pub(crate) fn of(token: Option<&AccessToken>, now: UnixMs) -> Self {
        let now = now / 1000;
        let Some(token) = token else {
            return Self::Gone;
        };
        let lasts = token.expires_on > now.saturating_add(EXPIRES_SOON);
        // Received in the future: the clock was set back, and says nothing of when it expires. Some write half a second too late
        // a time, and two machines that share a cache are never quite agreed.
        let is_in_order = token.cached_at <= now.saturating_add(CLOCK_SKEW);
        if lasts && is_in_order {
            return if token.refresh_on.is_some_and(|time| time <= now) { Self::Due } else { Self::Good };
        }
        if now < token.expires_on.max(token.extended_expires_on.unwrap_or(0)) { Self::Stale } else { Self::Gone }
    }
}
