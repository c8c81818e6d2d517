//! The only door outside: what a flow may ask of the world it runs in.
//!
//! In WebAssembly the host is `fetch`, `setTimeout` and the caller's callbacks ([`crate::wasm`]); in the tests it is a
//! virtual clock and a scripted server.

use std::future::Future;
use std::time::Duration;

use crate::error::{Cause, Error};
use crate::protocol::http::{HttpRequest, HttpResponse, UnixMs};
use crate::secret::Secret;

/// How much a log line matters (MSAL's `LogLevel`, same numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error = 0,
    /// Something is odd, and was dealt with.
    Warning = 1,
    /// What happens.
    Info = 2,
    /// Each step of it.
    Verbose = 3,
}

/// Why a request has no reply.
#[derive(Debug, Clone)]
pub struct SendError {
    /// What happened, in words that hold no secret.
    pub problem: String,
    /// The status, where the reply had begun and only its body is missing. The server may have acted.
    pub status: Option<u16>,
    /// What the host's network threw.
    pub cause: Option<Cause>,
}

/// The world outside. Dropping a future that it returned cancels what was begun: no timer and no request is left behind.
pub trait Host {
    /// Sends one request and reads the whole reply. Never follows a redirect. Fails when the reply is not complete within
    /// the host's time limit, or its body is over the host's size limit.
    fn send(&self, request: HttpRequest) -> impl Future<Output = Result<HttpResponse, SendError>>;

    /// The right to look into the cache. Dropping it gives it back, and lets nothing be written.
    type CacheTurn;

    /// Whether the cache is kept in a store, which others may read and write.
    fn has_store(&self) -> bool;

    /// Waits for a turn at the cache, and lets its plugin load what is stored (MSAL's `beforeCacheAccess`). `writes` says that a
    /// change is meant. Fails with what the plugin throws, or with why what is stored cannot be read; nothing is then written.
    fn open_cache(&self, writes: bool) -> impl Future<Output = Result<Self::CacheTurn, Error>>;

    /// Ends a turn, and lets the plugin store what changed (MSAL's `afterCacheAccess`).
    fn close_cache(&self, turn: Self::CacheTurn, has_changed: bool) -> impl Future<Output = Result<(), Error>>;

    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;

    /// The wall clock. It may jump, in either direction: machines are suspended, and clocks are set.
    fn now(&self) -> UnixMs;

    /// A JWT that proves who the client is to that token endpoint (RFC 7523 section 3), new for each request. Fails with what the
    /// program's callback throws.
    fn client_assertion(&self, token_endpoint: &str) -> impl Future<Output = Result<Secret, Error>>;

    /// Sixteen random bytes; none where the runtime has none to give.
    fn random(&self) -> Option<[u8; 16]>;

    /// The SHA-256 of a text, for PKCE; none where the runtime cannot tell.
    fn sha256(&self, text: &str) -> impl Future<Output = Option<[u8; 32]>>;

    /// Whether lines of that level are wanted, so that others need not be made.
    fn logs(&self, level: Level) -> bool;

    /// Takes a log line. It holds no secret.
    fn log(&self, level: Level, correlation_id: &str, line: &str);
}
