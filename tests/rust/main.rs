//! The Rust tests: protocol rules as tables, flows on a simulated host. Nothing here waits for real time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics is a test that fails"
)]

#[allow(unreachable_pub, reason = "a module of a test crate")]
mod sim;

mod account;
mod authority;
mod authorization;
mod confidential;
mod device_code;
mod device_flow;
mod diagnose;
mod discover;
mod discovery;
mod docs;
mod entity;
mod error;
mod house;
mod http;
mod id_token;
mod json;
mod key;
mod random;
mod record;
mod request;
mod scan;
mod scopes;
mod secret;
mod server_answer;
mod silent;
mod store;
mod text;
mod token_reply;
mod url;
