//! The application: its registration, its host, and what it has learned of authorities.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use crate::cache::store::Store;
use crate::error::{Error, Fault};
use crate::flows::turns::Turns;
use crate::host::{Host, Level, SendError};
use crate::protocol::authority::{Authority, Endpoints, Server};
use crate::protocol::http::UnixMs;
use crate::protocol::request::{Client, ClientAuth, Credential};
use crate::protocol::trust::Trust;

/// What an application is made from, already checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The program, as its servers know it.
    pub client: Client,
    /// Whom to ask unless a request says otherwise.
    pub authority: Authority,
    /// What the program says of authorities.
    pub trust: Trust,
}

/// An application and the world it runs in. Every flow starts from one.
pub struct App<H> {
    pub(crate) host: H,
    pub(crate) client: Client,
    pub(crate) default_authority: Authority,
    /// What the program says of authorities, and what was learned of them. Borrowed for one synchronous stretch only.
    pub(crate) trust: RefCell<Trust>,
    /// What was discovered. Few, so a list.
    pub(crate) discovered: RefCell<Vec<Discovered>>,
    /// Tenants' ids by the address of their documents.
    pub(crate) tenants: RefCell<Vec<(String, String)>>,
    /// What is remembered.
    pub(crate) cache: RefCell<Store>,
    /// One renewal at a time for each account.
    pub(crate) turns: Turns,
    /// What was learned on the way.
    pub(crate) notes: Notes,
}

/// What an authority's document said, and when.
pub(crate) struct Discovered {
    /// In its canonical form.
    pub(crate) authority: String,
    pub(crate) at: UnixMs,
    pub(crate) endpoints: Endpoints,
}

/// The most notes that are kept.
const MOST_NOTES: usize = 10_000;

/// What was learned on the way and is worth knowing for a while. Losing one costs a request.
#[derive(Default)]
pub(crate) struct Notes {
    by_name: RefCell<HashMap<String, Note>>,
    written: Cell<u64>,
}

struct Note {
    time: UnixMs,
    error: Option<Error>,
    /// Which note it is, of all that were written.
    number: u64,
}

impl Notes {
    /// A note's time, and its error where there is one.
    pub(crate) fn read(&self, name: &str) -> Option<(UnixMs, Option<Error>)> {
        self.by_name.borrow().get(name).map(|note| (note.time, note.error.clone()))
    }

    /// How many were written so far.
    pub(crate) fn count(&self) -> u64 {
        self.written.get()
    }

    /// The error of a note, if it was written since so many were.
    pub(crate) fn error_since(&self, name: &str, count: u64) -> Option<Error> {
        self.by_name.borrow().get(name).filter(|note| note.number > count)?.error.clone()
    }

    pub(crate) fn write(&self, name: String, time: UnixMs, error: Option<Error>) {
        let number = self.written.get().saturating_add(1);
        self.written.set(number);
        let mut notes = self.by_name.borrow_mut();
        if notes.len() >= MOST_NOTES {
            notes.clear();
        }
        notes.insert(name, Note { time, error, number });
    }
}

impl<H: Host> App<H> {
    /// Puts the two together. Asks nothing of anybody yet.
    pub fn new(host: H, config: Config) -> Self {
        Self {
            host,
            client: config.client,
            default_authority: config.authority,
            trust: RefCell::new(config.trust),
            discovered: RefCell::default(),
            tenants: RefCell::default(),
            cache: RefCell::default(),
            turns: Turns::default(),
            notes: Notes::default(),
        }
    }

    /// What is remembered. Borrowed for one synchronous stretch only.
    pub const fn cache(&self) -> &RefCell<Store> {
        &self.cache
    }

    /// The world it runs in.
    pub const fn host(&self) -> &H {
        &self.host
    }

    /// The program, as its servers know it.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The authority of a request: its own, or the application's.
    pub(crate) fn authority(&self, of_request: Option<&str>) -> Result<Authority, Error> {
        match of_request {
            Some(text) => Authority::parse(text, &self.trust.borrow()),
            None => Ok(self.default_authority.clone()),
        }
    }

    /// The correlation id of a request: its own, or a new GUID (RFC 9562 section 5.4).
    pub(crate) fn correlation_id(&self, of_request: Option<String>) -> String {
        of_request.unwrap_or_else(|| guid(self.host.random().unwrap_or_default()))
    }

    /// The proof of who the client is, for one request to that server.
    pub(crate) async fn client_auth(&self, server: &Server) -> Result<ClientAuth, Error> {
        Ok(match &self.client.credential {
            Credential::None => ClientAuth::None,
            Credential::Secret { secret, is_basic } if *is_basic || server.endpoints.wants_basic => {
                ClientAuth::Basic(secret.clone())
            }
            Credential::Secret { secret, .. } => ClientAuth::Secret(secret.clone()),
            Credential::Assertion => ClientAuth::Assertion(self.host.client_assertion(&server.endpoints.token).await?),
        })
    }

    /// A server's error, with the advice and the page for it.
    pub(crate) fn located(&self, error: Error, server: &Server) -> Error {
        error.located(&server.authority.place(&self.client.client_id, server.is_microsoft()))
    }

    /// Logs a line, if anybody wants it.
    pub(crate) fn log(&self, level: Level, correlation_id: &str, line: impl FnOnce() -> String) {
        if self.host.logs(level) {
            self.host.log(level, correlation_id, &line());
        }
    }
}

/// Why there is no reply, as an error. `url` without its query, which may be long.
pub(crate) fn unreachable(url: &str, error: SendError) -> Error {
    let url = url.split('?').next().unwrap_or_default().to_owned();
    let problem = match error.status {
        Some(status) => format!("it answered with status {status}, but {}", error.problem),
        None => error.problem,
    };
    Error::new(Fault::Network { url, problem, cause: error.cause })
}

/// Random bytes as a version 4 GUID.
fn guid(random: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(random) & !(0xF << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let part = |shift: u32, mask: u128| (bits >> shift) & mask;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 0xFFFF_FFFF),
        part(80, 0xFFFF),
        part(64, 0xFFFF),
        part(48, 0xFFFF),
        part(0, 0xFFFF_FFFF_FFFF)
    )
}
