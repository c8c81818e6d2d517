//! What the fuzzer runs: see `targets`.

#[path = "../../rust/sim.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod sim;

pub mod targets;
