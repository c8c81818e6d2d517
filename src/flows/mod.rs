//! What happens: straight async functions over a [`Host`](crate::host::Host), each of which reads like its section of
//! the RFC. No borrow is held across an await, and cancelling is dropping.

mod accept;
mod app;
mod condition;
mod discover;
mod exchange;
pub(crate) mod race;
mod remember;
mod saved;
mod turns;
mod wish;

pub mod accounts;
pub mod authorization_code;
pub mod confidential;
pub mod device_code;
pub mod diagnose;
pub mod refresh;
pub mod silent;

pub use accept::{Authentication, Serves};
pub use app::{App, Config};
pub use condition::Renewable;
pub use wish::Wish;
