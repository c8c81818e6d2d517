//! Ground floor: what goes over the wire, as bytes and types.
//!
//! Everything here is a pure function or a plain value. Time is an argument; nothing waits, nothing connects.

pub mod text;

pub mod url;

pub mod http;

pub mod json;

pub mod scopes;

pub mod cloud;

pub mod trust;

pub mod authority;

pub mod discovery;

pub mod described;

pub mod request;

pub mod authorization;

pub mod remedy;

pub mod server_answer;

pub mod reply;

pub mod token_reply;

pub mod device_code;

pub mod id_token;

pub mod account;
