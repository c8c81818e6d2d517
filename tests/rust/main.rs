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

#[allow(unreachable_pub, reason = "modules of a crate of their own as well")]
#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

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
mod fleet;
mod fuzz;
mod house;
mod http;
mod id_token;
mod json;
mod key;
mod merge;
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
