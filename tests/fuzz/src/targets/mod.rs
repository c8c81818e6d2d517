//! The fuzz targets: functions of bytes that panic where something does not hold that must.
//!
//! The fuzzer calls them ([`crate`] is then tests/fuzz), and `cargo test` calls them with every input in tests/fuzz/seeds. Inputs are text, so
//! that they can be written and read by hand. What begins with [`MARK`] in them is a secret; no text for people may hold it.

pub mod blob;
pub mod device_reply;
pub mod discovery;
pub mod flow;
pub mod id_token;
pub mod merge;
pub mod token_reply;

mod input;
mod secrecy;

/// By name, as their folders in seeds are called.
pub const ALL: [(&str, fn(&[u8])); 7] = [
    ("blob", blob::run),
    ("device_reply", device_reply::run),
    ("discovery", discovery::run),
    ("flow", flow::run),
    ("id_token", id_token::run),
    ("merge", merge::run),
    ("token_reply", token_reply::run),
];

/// How every secret in the inputs begins.
const MARK: &str = "SECRET";
