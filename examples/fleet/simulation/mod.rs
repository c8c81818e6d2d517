//! A fleet of devices that sign people in through one server, in virtual time. Each runs the flow that the package has,
//! `doorcode::flows::device_code::sign_in`; for comparison, some run what others do.

mod server;
mod summary;
mod world;

use std::cell::Cell;
use std::f64::consts::TAU;
use std::rc::Rc;

use doorcode::error::Error;
use doorcode::flows::device_code::{Progress, Prompt, Request, sign_in};
use doorcode::flows::{App, Config, Wish};
use doorcode::protocol::authority::Authority;
use doorcode::protocol::device_code::DeviceAuthorization;
use doorcode::protocol::request::Client as Registration;
use doorcode::protocol::trust::Trust;

use server::{Answer, Ask, Outage, Person, Record, Server};
pub use server::{INTERVAL, LIFETIME};
pub use summary::Summary;
pub use world::Ms;
use world::{Device, Life, Outside, Random, World};

const MINUTE: Ms = 60_000;

/// In how many milliseconds the devices of a fleet are switched on, one after the other.
pub const ARRIVALS: Ms = 30 * MINUTE;

/// How often a program tries to get codes.
const MOST_STARTS: u32 = 100;

/// The longest pause between two of these tries.
const LONGEST_PAUSE: Ms = 4 * MINUTE;

/// What happens to a fleet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scenario {
    /// Devices are switched on one after the other.
    Plain,
    /// All are switched on within one second.
    Boot,
    /// As in `Plain`; and in the middle the server is away for ten minutes.
    Outage,
}

impl Scenario {
    pub const ALL: [Self; 3] = [Self::Plain, Self::Boot, Self::Outage];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Boot => "boot",
            Self::Outage => "outage",
        }
    }

    pub const fn what(self) -> &'static str {
        match self {
            Self::Plain => "switched on one after the other within half an hour",
            Self::Boot => "all switched on within the same second",
            Self::Outage => "as plain; and for ten minutes in the middle the server is away",
        }
    }

    pub const fn outage(self) -> Option<Outage> {
        match self {
            Self::Outage => Some(Outage { begins: 15 * MINUTE, busy_from: 23 * MINUTE, ends: 25 * MINUTE }),
            _ => None,
        }
    }
}

/// How a device signs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    /// The package.
    Doorcode,
    /// The package on a host that has no randomness: it waits as long as it would, and spreads nothing.
    Unspread,
    /// A loop that asks once an interval, whatever the answer is.
    Loop,
    /// What `@azure/msal-node` does: asks at once, then an interval after each answer, and ends at the first answer that is neither pending nor
    /// tokens, and at the first request that fails.
    Msal,
}

impl Client {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Doorcode => "doorcode",
            Self::Unspread => "doorcode, unspread",
            Self::Loop => "fixed loop",
            Self::Msal => "as msal-node",
        }
    }
}

/// Requests a second that the server of so many devices can answer: about twice what comes while they are switched on one after the other.
pub const fn capacity(devices: u32) -> u64 {
    devices as u64 / 50
}

/// What came of it.
pub struct Outcome {
    pub scenario: Scenario,
    pub client: Client,
    pub capacity: u64,
    pub records: Vec<Record>,
    /// Requests by the second.
    pub came: Vec<u32>,
}

/// Lets a fleet sign in. The same numbers come of the same arguments.
pub fn simulate(scenario: Scenario, client: Client, devices: u32, seed: u64) -> Outcome {
    let random = Random::seeded(seed);
    let people: Vec<_> = (0..devices).map(|_| person(&random)).collect();
    let mut starts: Vec<_> =
        (0..devices).map(|_| random.between(0, if scenario == Scenario::Boot { 1000 } else { ARRIVALS })).collect();
    starts.sort_unstable();
    let server = Server::new(capacity(devices), scenario.outage(), &people);
    let world = Rc::new(World::new(random.next(), client == Client::Doorcode, server));
    let app = app(&world);
    let world = &*world;
    world.run(&starts, |device| -> Life<'_> {
        match client {
            Client::Doorcode | Client::Unspread => Box::pin(with_doorcode(world, &app)),
            Client::Loop => Box::pin(with_a_loop(world, device)),
            Client::Msal => Box::pin(as_msal(world, device)),
        }
    });
    let Server { capacity, records, came, .. } = world.server.replace(Server::new(0, None, &[]));
    Outcome { scenario, client, capacity, records, came }
}

/// Half the people take less than 45 s, one in a hundred more than four minutes; some never come, some decline.
fn person(random: &Random) -> Person {
    let normal = (-2.0 * (1.0 - random.share()).ln()).sqrt() * (TAU * random.share()).cos();
    let takes = (45_000.0 * (0.7 * normal).exp()) as Ms;
    let fate = random.share();
    Person {
        takes: (fate >= 0.01).then_some(takes),
        declines: fate >= 0.98,
        returns_after: (-(1.0 - random.share()).ln() * MINUTE as f64) as Ms,
    }
}

/// The program of all devices. They share it to save memory; what one remembers is gone before the next looks.
fn app(world: &Rc<World>) -> App<Outside> {
    let trust = Trust::default();
    let authority = Authority::parse("https://login.microsoftonline.com/organizations", &trust).expect("an authority");
    let client = Registration { client_id: "fleet".to_owned(), ..Registration::default() };
    App::new(Outside(Rc::clone(world)), Config { client, authority, trust })
}

/// The screen of a device. Its person is played by the server.
#[derive(Default)]
struct Screen {
    has_shown: Cell<bool>,
}

impl Prompt for Screen {
    async fn show(&self, _codes: &DeviceAuthorization) -> Result<(), Error> {
        self.has_shown.set(true);
        Ok(())
    }

    async fn progress(&self, _progress: Progress) -> Result<(), Error> {
        Ok(())
    }
}

/// A program that uses the package: it signs in, and tries again later if there was not even a code to show. After that it does not: the
/// person has typed the code, and does not come back for another.
async fn with_doorcode(world: &World, app: &App<Outside>) {
    let screen = Screen::default();
    for tries in 0..MOST_STARTS {
        let request = Request { wish: Wish { scopes: vec!["User.Read".to_owned()], ..Wish::default() }, timeout: None };
        // Boxed, so that it takes no memory while the program pauses.
        let result = Box::pin(sign_in(app, request, &screen)).await;
        match result {
            Err(error) if error.is_outage() && !screen.has_shown.get() => pause(world, tries).await,
            _ => break,
        }
    }
    *app.cache().borrow_mut() = Default::default();
}

/// How long a program waits until it tries to get codes again: at random, and longer each time.
async fn pause(world: &World, tries: u32) {
    let longest = ((MINUTE / 2) << tries.min(8)).min(LONGEST_PAUSE);
    world.wait(world.random.between(longest / 2, longest)).await;
}

async fn with_a_loop(world: &World, device: Device) {
    while !matches!(world.ask(Ask::Codes(device)).await, Answer::Codes { .. }) {
        world.wait(INTERVAL * 1000).await;
    }
    let expires = world.now() + LIFETIME * 1000;
    while world.now() < expires {
        world.wait(INTERVAL * 1000).await;
        if matches!(world.ask(Ask::Tokens(device)).await, Answer::Tokens | Answer::Declined | Answer::Expired) {
            break;
        }
    }
}

async fn as_msal(world: &World, device: Device) {
    let mut tries = 0;
    while !matches!(world.ask(Ask::Codes(device)).await, Answer::Codes { .. }) {
        pause(world, tries).await;
        tries += 1;
    }
    let expires = world.now() + LIFETIME * 1000;
    while world.now() < expires && world.ask(Ask::Tokens(device)).await == Answer::Pending {
        world.wait(INTERVAL * 1000).await;
    }
}
