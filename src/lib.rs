//! Sign people in from programs that have no browser: the OAuth 2.0 Device Authorization Grant (RFC 8628). Where there is one, the
//! authorization code (RFC 6749 section 4.1) serves; where there is no person, the client's own credentials.
//!
//! ```text
//!   program                        authorization server                    person's phone
//!      │  1. client_id, scope             │                                      │
//!      ├─────────────────────────────────>│                                      │
//!      │  2. device_code, user_code, page │                                      │
//!      │<─────────────────────────────────┤                                      │
//!      │  3. "open the page, enter the code" ───────────────────────────────────>│
//!      │                                  │  4. opens the page, enters the code, │
//!      │  5. device_code                  │<───────── signs in, agrees ──────────┤
//!      ├─────────────────────────────────>│                                      │
//!      │     authorization_pending        │                                      │
//!      │<─────────────────────────────────┤   5. again, one interval later …     │
//!      │  6. tokens                       │                                      │
//!      │<─────────────────────────────────┤                                      │
//! ```
//!
//! The house has four floors; a file imports only from its own floor or from one below.
//!
//! | floor | what lives there |
//! |---|---|
//! | [`wasm`] | the [`host::Host`] made of `fetch`, timers and callbacks, and the class that JavaScript sees |
//! | [`flows`], [`host`] | what happens: straight async functions over a [`host::Host`] |
//! | [`cache`] | what is remembered: MSAL's token cache, as an indexed store over its blob |
//! | [`protocol`], [`error`], [`secret`] | bytes and types: no clock, no network, no randomness, no async |
//!
//! Nothing here reads a clock, opens a connection or draws a random number except through [`host::Host`]. So the flows
//! run natively under `cargo test` with a virtual clock, and the very same code runs in WebAssembly.

pub mod error;
pub mod secret;

pub mod protocol;

pub mod cache;

pub mod host;

pub mod flows;

pub mod wasm;

/// The version that the package carries, and that Microsoft's servers are told (`x-client-VER`).
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
