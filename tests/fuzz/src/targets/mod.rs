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

/// What a target is: its name, as its folder in seeds is called, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const ALL: [Target; 7] = [
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
