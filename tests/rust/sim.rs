//! A host for tests: a clock that jumps to the next wake-up, a server that is a function, and a count of what is left
//! running.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use doorcode::error::{Cause, Error, Fault};
use doorcode::flows::device_code::{Progress, Prompt};
use doorcode::flows::{App, Config};
use doorcode::host::{Host, Level, SendError};
use doorcode::protocol::authority::{Authority, Endpoints, Server};
use doorcode::protocol::device_code::DeviceAuthorization;
use doorcode::protocol::http::{HttpRequest, HttpResponse, UnixMs};
use doorcode::protocol::request::Client;
use doorcode::protocol::trust::Trust;
use doorcode::secret::Secret;

pub const START: UnixMs = 1_750_000_000_000;

/// What the server does with a request.
#[derive(Clone)]
pub enum Answer {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: String,
        after: u64,
    },
    /// The connection breaks. With a status, after the reply had begun.
    Break(Option<u16>),
    /// Nothing comes, until the host's time limit of 30 s.
    Hang,
}

impl Answer {
    pub fn json(status: u16, body: &str) -> Self {
        Self::Reply { status, headers: Vec::new(), body: body.to_owned(), after: 20 }
    }

    pub fn oauth(error: &str) -> Self {
        Self::json(400, &format!(r#"{{"error":"{error}"}}"#))
    }

    pub fn with_header(self, name: &str, value: &str) -> Self {
        match self {
            Self::Reply { status, mut headers, body, after } => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Reply { status, headers, body, after }
            }
            other => other,
        }
    }
}

type Script = Box<dyn FnMut(&HttpRequest, UnixMs) -> Answer>;

#[derive(Default)]
struct State {
    /// Runs only while the machine does.
    ticks: u64,
    /// What suspends and clock settings have added to the wall clock.
    offset: i64,
    /// Jumps of the wall clock still to come: at these ticks, by so much.
    jumps: Vec<(u64, i64)>,
    wake_ups: BTreeMap<u64, u64>,
    next_id: u64,
    server: Option<Script>,
    requests: Vec<(UnixMs, HttpRequest)>,
    open_requests: usize,
    lines: Vec<String>,
    plugin: Option<Plugin>,
    cannot_hash: bool,
    assertions: u32,
}

/// What a program's processes keep their cache in. Reading and writing take time.
#[derive(Default)]
pub struct Disk {
    pub text: String,
    /// What happens, in order: `read`, `write`.
    pub log: Vec<&'static str>,
    /// Makes the next reads or writes fail.
    pub fails: Option<&'static str>,
    /// In line for the file's lock, by process.
    queue: VecDeque<u64>,
    next: u64,
}

pub type SharedDisk = Rc<RefCell<Disk>>;

#[derive(Clone)]
struct Plugin {
    disk: SharedDisk,
    app: Weak<App<Sim>>,
}

/// A turn at the disk.
pub struct DiskTurn(Option<(SharedDisk, u64)>);

impl Drop for DiskTurn {
    fn drop(&mut self) {
        if let Some((disk, number)) = &self.0 {
            disk.borrow_mut().queue.retain(|waiting| waiting != number);
        }
    }
}

#[derive(Clone, Default)]
pub struct Sim(Rc<RefCell<State>>);

impl Sim {
    pub fn serve(server: impl FnMut(&HttpRequest, UnixMs) -> Answer + 'static) -> Self {
        let sim = Self::default();
        sim.0.borrow_mut().server = Some(Box::new(server));
        sim
    }

    /// Answers the requests one after the other; the last answer stays.
    pub fn script(answers: Vec<Answer>) -> Self {
        let mut at = 0;
        Self::serve(move |_, _| {
            let answer = answers[at.min(answers.len() - 1)].clone();
            at += 1;
            answer
        })
    }

    /// At so many milliseconds after the start the wall clock jumps, while timers do not notice: a suspend, or a clock
    /// that is set.
    pub fn jump(&self, at: u64, by: i64) {
        self.0.borrow_mut().jumps.push((at, by));
    }

    /// Keeps an application's cache on a disk.
    pub fn plug(&self, app: &Rc<App<Self>>, disk: &SharedDisk) {
        self.0.borrow_mut().plugin = Some(Plugin { disk: Rc::clone(disk), app: Rc::downgrade(app) });
    }

    /// The runtime has no SHA-256.
    pub fn cannot_hash(&self) {
        self.0.borrow_mut().cannot_hash = true;
    }

    pub fn requests(&self) -> Vec<(UnixMs, HttpRequest)> {
        self.0.borrow().requests.clone()
    }

    /// When each request was made, in seconds since the start.
    pub fn times(&self) -> Vec<u64> {
        self.requests().iter().map(|(at, _)| (at - START) / 1000).collect()
    }

    pub fn elapsed(&self) -> u64 {
        self.now() - START
    }

    pub fn log_lines(&self) -> Vec<String> {
        self.0.borrow().lines.clone()
    }

    /// Whether a timer or a request is left behind.
    pub fn is_idle(&self) -> bool {
        let state = self.0.borrow();
        state.wake_ups.is_empty() && state.open_requests == 0
    }

    /// Runs a future to its end, letting time pass whenever it waits.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.run_steps(future, usize::MAX).expect("it ends")
    }

    /// Polls a future so many times, letting time pass in between; none if it has not ended by then, and was dropped.
    pub fn run_steps<T>(&self, future: impl Future<Output = T>, steps: usize) -> Option<T> {
        let mut future = pin!(future);
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        for step in 0..steps {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Some(output);
            }
            assert!(step < 100_000, "the flow never ends");
            assert!(woken.0.swap(false, Ordering::Relaxed) || self.advance(), "the flow waits for nothing");
        }
        None
    }

    /// Goes to the next wake-up.
    fn advance(&self) -> bool {
        let mut state = self.0.borrow_mut();
        let Some(next) = state.wake_ups.values().min().copied() else {
            return false;
        };
        state.ticks = state.ticks.max(next);
        let ticks = state.ticks;
        let (due, later) = state.jumps.iter().partition(|(at, _)| *at <= ticks);
        state.jumps = later;
        let due: Vec<(u64, i64)> = due;
        state.offset += due.iter().map(|(_, by)| by).sum::<i64>();
        true
    }

    fn timer(&self, milliseconds: u64) -> Timer {
        let mut state = self.0.borrow_mut();
        let (id, at) = (state.next_id, state.ticks + milliseconds);
        state.next_id += 1;
        state.wake_ups.insert(id, at);
        Timer { sim: self.clone(), id, at }
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// All outputs, of futures that run side by side.
pub async fn all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(move |context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(value) = future.as_mut().poll(context)
            {
                *output = Some(value);
            }
        }
        if outputs.iter().any(Option::is_none) {
            return Poll::Pending;
        }
        Poll::Ready(outputs.iter_mut().filter_map(Option::take).collect())
    })
    .await
}

struct Timer {
    sim: Sim,
    id: u64,
    at: u64,
}

impl Future for Timer {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.sim.0.borrow().ticks >= self.at { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.sim.0.borrow_mut().wake_ups.remove(&self.id);
    }
}

struct OpenRequest(Sim);

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.0.borrow_mut().open_requests -= 1;
    }
}

impl Host for Sim {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let now = self.now();
        let server = self.0.borrow_mut().server.take();
        let mut server = server.expect("a server");
        let answer = server(&request, now);
        let header = request.authorization.as_ref().map_or("", Secret::expose);
        let sent = format!("{header} {}", request.body.expose());
        {
            let mut state = self.0.borrow_mut();
            state.server = Some(server);
            state.requests.push((now, request));
            state.open_requests += 1;
        }
        let _open = OpenRequest(self.clone());
        let failed = |problem: &str, status| SendError {
            problem: problem.to_owned(),
            status,
            cause: Some(Cause::new("thrown")),
        };
        match answer {
            Answer::Reply { status, headers, body, after } => {
                self.timer(after).await;
                Ok(HttpResponse { status, headers, body: Secret::new(body) })
            }
            Answer::Break(status) => {
                self.timer(20).await;
                // HTTP clients have been seen to repeat what they were sent.
                Err(failed(&format!("connection reset while sending {sent}"), status))
            }
            Answer::Hang => {
                self.timer(30_000).await;
                Err(failed("no complete reply within 30 s", None))
            }
        }
    }

    type CacheTurn = DiskTurn;

    fn has_store(&self) -> bool {
        self.0.borrow().plugin.is_some()
    }

    async fn open_cache(&self, _writes: bool) -> Result<DiskTurn, Error> {
        let plugin = self.0.borrow().plugin.clone();
        let Some(Plugin { disk, app }) = plugin else {
            return Ok(DiskTurn(None));
        };
        let number = {
            let mut disk = disk.borrow_mut();
            disk.next += 1;
            let number = disk.next;
            disk.queue.push_back(number);
            number
        };
        let turn = DiskTurn(Some((Rc::clone(&disk), number)));
        loop {
            self.timer(1).await;
            if disk.borrow().queue.front() == Some(&number) {
                break;
            }
        }
        disk.borrow_mut().log.push("read");
        let (text, fails) = (disk.borrow().text.clone(), disk.borrow().fails);
        if fails == Some("read") {
            return Err(Error::new(Fault::Callback(Cause::new("the disk is away"))));
        }
        if !text.is_empty() {
            app.upgrade().expect("an app").cache().borrow_mut().load(text)?;
        }
        Ok(turn)
    }

    async fn close_cache(&self, turn: DiskTurn, has_changed: bool) -> Result<(), Error> {
        let plugin = self.0.borrow().plugin.clone();
        if plugin.is_some() {
            self.timer(1).await;
        }
        if let (Some(Plugin { disk, app }), true) = (plugin, has_changed) {
            let app = app.upgrade().expect("an app");
            let text = app.cache().borrow().write().expose().to_owned();
            disk.borrow_mut().log.push("write");
            if disk.borrow().fails == Some("write") {
                return Err(Error::new(Fault::Callback(Cause::new("the disk is full"))));
            }
            disk.borrow_mut().text = text;
            app.cache().borrow_mut().saved();
        }
        drop(turn);
        Ok(())
    }

    async fn sleep(&self, duration: Duration) {
        self.timer(u64::try_from(duration.as_millis()).unwrap()).await;
    }

    fn now(&self) -> UnixMs {
        let state = self.0.borrow();
        START.saturating_add(state.ticks).saturating_add_signed(state.offset)
    }

    fn random(&self) -> Option<[u8; 16]> {
        let mut state = self.0.borrow_mut();
        state.next_id += 1;
        Some(u128::from(state.next_id).to_be_bytes())
    }

    async fn client_assertion(&self, token_endpoint: &str) -> Result<Secret, Error> {
        let number = {
            let mut state = self.0.borrow_mut();
            state.assertions += 1;
            state.assertions
        };
        self.timer(1).await;
        Ok(Secret::new(format!("assertion {number} for {token_endpoint}")))
    }

    async fn sha256(&self, text: &str) -> Option<[u8; 32]> {
        use sha2::Digest;
        if self.0.borrow().cannot_hash {
            return None;
        }
        Some(sha2::Sha256::digest(text).into())
    }

    fn logs(&self, _: Level) -> bool {
        true
    }

    fn log(&self, _: Level, _: &str, line: &str) {
        self.0.borrow_mut().lines.push(line.to_owned());
    }
}

/// A prompt that remembers what it was shown, and can be told to fail or to take its time.
#[derive(Clone, Default)]
pub struct Person {
    pub shown: Rc<RefCell<Vec<DeviceAuthorization>>>,
    pub progress: Rc<RefCell<Vec<Progress>>>,
    /// Fails the callback of this number, counting both kinds from 0.
    pub fail_at: Option<usize>,
    /// Takes so many milliseconds to show the code.
    pub takes: u64,
    pub sim: Option<Sim>,
}

impl Person {
    fn outcome(&self) -> Result<(), Error> {
        let calls = self.shown.borrow().len() + self.progress.borrow().len();
        if self.fail_at == Some(calls - 1) { Err(Error::new(Fault::Callback(Cause::new("thrown")))) } else { Ok(()) }
    }
}

impl Prompt for Person {
    async fn show(&self, codes: &DeviceAuthorization) -> Result<(), Error> {
        self.shown.borrow_mut().push(codes.clone());
        if let Some(sim) = &self.sim {
            sim.sleep(Duration::from_millis(self.takes)).await;
        }
        self.outcome()
    }

    async fn progress(&self, progress: Progress) -> Result<(), Error> {
        self.progress.borrow_mut().push(progress);
        self.outcome()
    }
}

pub const ENTRA: &str = "https://login.microsoftonline.com/organizations";

pub fn app(sim: &Sim, authority: &str) -> App<Sim> {
    trusting(sim, authority, openid())
}

/// An application that says something of authorities.
pub fn trusting(sim: &Sim, authority: &str, trust: Trust) -> App<Sim> {
    let client = Client { client_id: "client".to_owned(), ..Client::default() };
    App::new(sim.clone(), Config { client, authority: Authority::parse(authority, &trust).unwrap(), trust })
}

/// `protocolMode: "OIDC"`.
pub fn openid() -> Trust {
    let mut trust = Trust::default();
    trust.speaks_openid = true;
    trust
}

/// A server as it is found where hosts that are not Microsoft's are OpenID providers.
pub fn server(authority: &str) -> Server {
    let authority = Authority::parse(authority, &openid()).unwrap();
    let discovered = || Endpoints {
        token: "https://id.example/token?a=b".to_owned(),
        issuer: Some("https://id.example".to_owned()),
        device_authorization: None,
        takes_pkce: false,
        authorization: Some("https://id.example/authorize".to_owned()),
        end_session: None,
        wants_basic: false,
        names_itself: false,
    };
    let endpoints = authority.known_endpoints().unwrap_or_else(discovered);
    Server { authority, endpoints }
}

/// An unsigned JWT.
pub fn jwt(claims: &str) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    format!("{}.{}.sig", Base64UrlUnpadded::encode_string(b"{}"), Base64UrlUnpadded::encode_string(claims.as_bytes()))
}

pub const TENANT: &str = "11111111-2222-3333-4444-555555555555";

pub fn entra_id_token() -> String {
    jwt(&format!(
        r#"{{"iss":"https://login.microsoftonline.com/{TENANT}/v2.0","aud":"client","exp":{},"sub":"s","oid":"o","tid":"{TENANT}","preferred_username":"ada@example.com","name":"Ada"}}"#,
        START / 1000 + 3600
    ))
}

pub fn tokens() -> Answer {
    Answer::json(
        200,
        &format!(
            r#"{{"access_token":"AT-secret","token_type":"Bearer","expires_in":3600,"scope":"User.Read openid","refresh_token":"RT-secret","id_token":"{}"}}"#,
            entra_id_token()
        ),
    )
}

pub fn codes(extra: &str) -> Answer {
    Answer::json(
        200,
        &format!(
            r#"{{"device_code":"DC-secret","user_code":"ABCD-EFGH","verification_uri":"https://microsoft.com/devicelogin"{extra}}}"#
        ),
    )
}
