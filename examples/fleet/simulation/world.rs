//! Virtual time, a network and what is random, shared by all devices: a [`Host`] for the flows, without a clock or a socket.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use doorcode::error::Error;
use doorcode::host::{Host, Level, SendError};
use doorcode::protocol::http::{HttpRequest, HttpResponse, UnixMs};
use doorcode::secret::Secret;

use super::server::{Answer, Ask, Server};

/// Milliseconds of virtual time, since the simulation began.
pub type Ms = u64;

/// A device, by its number.
pub type Device = u32;

/// What a device does, from being switched on to its end.
pub type Life<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// When virtual time begins.
const START: UnixMs = 1_750_000_000_000;

/// For how many milliseconds ahead the calendar has a page of its own for each. Who waits longer looks in when it is through.
const PAGES: Ms = 1 << 16;

/// Random numbers that are the same for the same seed (SplitMix64).
pub struct Random(Cell<u64>);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    pub fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mixed = (self.0.get() ^ (self.0.get() >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// At least 0 and less than 1.
    pub fn share(&self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// At least the one and less than the other.
    pub fn between(&self, least: Ms, limit: Ms) -> Ms {
        least + (self.share() * (limit - least) as f64) as Ms
    }
}

pub struct World {
    now: Cell<Ms>,
    /// Who is to be woken when: a page for each millisecond, used again and again. A device waits for one thing at a time, so it is on one page.
    calendar: RefCell<Vec<Vec<Device>>>,
    /// Whose future is being polled.
    current: Cell<Device>,
    pub random: Random,
    pub server: RefCell<Server>,
    /// Whether the host has randomness to give; without it no wait is spread.
    gives_random: bool,
}

impl World {
    pub fn new(seed: u64, gives_random: bool, server: Server) -> Self {
        Self {
            now: Cell::default(),
            calendar: RefCell::new(vec![Vec::new(); PAGES as usize]),
            current: Cell::default(),
            random: Random::seeded(seed),
            server: RefCell::new(server),
            gives_random,
        }
    }

    pub fn now(&self) -> Ms {
        self.now.get()
    }

    /// Waits.
    pub async fn wait(&self, duration: Ms) {
        let until = self.now() + duration;
        poll_fn(|_| {
            if self.now() >= until {
                return Poll::Ready(());
            }
            let page = until.min(self.now() + PAGES - 1) % PAGES;
            self.calendar.borrow_mut()[page as usize].push(self.current.get());
            Poll::Pending
        })
        .await;
    }

    /// Sends a request on its way, which takes a while in each direction.
    pub async fn ask(&self, ask: Ask) -> Answer {
        self.wait(self.random.between(10, 100)).await;
        let answer = self.server.borrow_mut().answer(ask, self.now());
        self.wait(self.random.between(10, 100)).await;
        answer
    }

    /// Runs all lives to their ends. Each begins when it is due (`starts` are in order) and is dropped when it has ended; none is there before
    /// or after.
    pub fn run<'a>(&self, starts: &[Ms], begin: impl Fn(Device) -> Life<'a>) {
        let mut lives: Vec<Option<Life<'a>>> = Vec::new();
        lives.resize_with(starts.len(), || None);
        let mut running = 0;
        let mut context = Context::from_waker(Waker::noop());
        let mut awake = Vec::new();
        let mut started = 0;
        while started < starts.len() || running > 0 {
            std::mem::swap(&mut awake, &mut self.calendar.borrow_mut()[(self.now() % PAGES) as usize]);
            while started < starts.len() && starts[started] <= self.now() {
                lives[started] = Some(begin(started as Device));
                awake.push(started as Device);
                started += 1;
                running += 1;
            }
            for device in awake.drain(..) {
                self.current.set(device);
                let life = &mut lives[device as usize];
                if life.as_mut().is_some_and(|life| life.as_mut().poll(&mut context).is_ready()) {
                    *life = None;
                    running -= 1;
                }
            }
            self.now.set(self.now() + 1);
        }
    }
}

/// The world as one of its devices sees it.
#[derive(Clone)]
pub struct Outside(pub Rc<World>);

impl Host for Outside {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let ask = if request.url.ends_with("/devicecode") {
            Ask::Codes(self.0.current.get())
        } else {
            Ask::Tokens(device_of(request.body.expose()))
        };
        drop(request); // a million of them may be on their way
        let retry_after = |seconds: u32| ("retry-after".to_owned(), seconds.to_string());
        let reply = |status, headers, body| Ok(HttpResponse { status, headers, body: Secret::new(body) });
        let refusal = |error: &str| reply(400, Vec::new(), format!(r#"{{"error":"{error}"}}"#));
        match self.0.ask(ask).await {
            Answer::Refused => {
                Err(SendError { problem: "the connection was refused".to_owned(), status: None, cause: None })
            }
            Answer::Busy { seconds } => reply(503, seconds.map(retry_after).into_iter().collect(), String::new()),
            Answer::Limited { seconds } => reply(429, vec![retry_after(seconds)], String::new()),
            Answer::Codes { device, expires_in, interval } => reply(
                200,
                Vec::new(),
                format!(
                    r#"{{"device_code":"{device}","user_code":"{device:09}","verification_uri":"https://microsoft.com/devicelogin","expires_in":{expires_in},"interval":{interval}}}"#
                ),
            ),
            Answer::Pending => refusal("authorization_pending"),
            Answer::SlowDown => refusal("slow_down"),
            Answer::Declined => refusal("authorization_declined"),
            Answer::Expired => refusal("expired_token"),
            Answer::Tokens => reply(
                200,
                Vec::new(),
                r#"{"access_token":"AT","token_type":"Bearer","expires_in":3600,"scope":"User.Read","refresh_token":"RT","client_info":"eyJ1aWQiOiJvIiwidXRpZCI6InQifQ"}"#
                    .to_owned(),
            ),
        }
    }

    type CacheTurn = ();

    fn has_store(&self) -> bool {
        false
    }

    async fn open_cache(&self, _writes: bool) -> Result<(), Error> {
        Ok(())
    }

    async fn close_cache(&self, (): (), _has_changed: bool) -> Result<(), Error> {
        Ok(())
    }

    async fn sleep(&self, duration: Duration) {
        self.0.wait(duration.as_millis() as Ms).await;
    }

    fn now(&self) -> UnixMs {
        START + self.0.now()
    }

    async fn client_assertion(&self, _token_endpoint: &str) -> Result<Secret, Error> {
        Ok(Secret::new(String::new())) // asked of no public client
    }

    fn random(&self) -> Option<[u8; 16]> {
        let halves = [self.0.random.next(), self.0.random.next()].map(u64::to_be_bytes).concat();
        halves.try_into().ok().filter(|_| self.0.gives_random)
    }

    async fn sha256(&self, _text: &str) -> Option<[u8; 32]> {
        None
    }

    fn logs(&self, _level: Level) -> bool {
        false
    }

    fn log(&self, _level: Level, _correlation_id: &str, _line: &str) {}
}

/// The device that a form's code was given to.
fn device_of(form: &str) -> Device {
    let code = form.split('&').find_map(|field| field.strip_prefix("device_code="));
    code.and_then(|code| code.parse().ok()).expect("a device code of this server")
}
