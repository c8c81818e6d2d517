//! The authorization server: RFC 8628 behind a door through which only so many requests a second fit.

use super::world::{Device, Ms};

/// Seconds between polls.
pub const INTERVAL: Ms = 5;

/// Seconds that a code lives.
pub const LIFETIME: Ms = 900;

/// Seconds that `Retry-After` asks for.
const RETRY_AFTER: u32 = 10;

/// What a device wants.
#[derive(Clone, Copy)]
pub enum Ask {
    /// The codes, for that device.
    Codes(Device),
    /// The tokens, for that device's code.
    Tokens(Device),
}

/// What it hears.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nobody is there.
    Refused,
    /// 503, with `Retry-After` where it is known when that will end.
    Busy {
        seconds: Option<u32>,
    },
    /// 429 with `Retry-After`.
    Limited {
        seconds: u32,
    },
    Codes {
        device: Device,
        expires_in: Ms,
        interval: Ms,
    },
    Pending,
    SlowDown,
    Declined,
    Expired,
    Tokens,
}

/// A time in which the server is away.
#[derive(Clone, Copy)]
pub struct Outage {
    pub begins: Ms,
    /// Until then connections are refused; from then on something answers 503, and says until when.
    pub busy_from: Ms,
    pub ends: Ms,
}

impl Outage {
    /// How much of a stretch of time is in it.
    pub fn part_of(&self, from: Ms, to: Ms) -> Ms {
        to.min(self.ends).saturating_sub(from.max(self.begins))
    }
}

/// What a device's person will do once they see the code.
#[derive(Clone, Copy)]
pub struct Person {
    /// Milliseconds until they are done. None for those who never are.
    pub takes: Option<Ms>,
    /// Whether they decline.
    pub declines: bool,
    /// Milliseconds after which they try again, where the server is away when they would be done.
    pub returns_after: Ms,
}

/// What the server knows of a device, and what is counted of it.
#[derive(Clone, Copy)]
pub struct Record {
    pub person: Person,
    /// When the codes were given.
    pub issued: Option<Ms>,
    /// When the person was done: before that nobody can be served.
    pub done: Option<Ms>,
    /// When the tokens were given.
    pub served: Option<Ms>,
    /// Where the outage held it up: when it was answered again.
    pub answered_again: Option<Ms>,
    last_poll: Ms,
    interval: Ms,
    pub was_told_to_slow_down: bool,
    /// It was sent away with 429 or 503.
    pub was_limited: bool,
    /// It asked while the server was away.
    pub met_the_outage: bool,
}

impl Record {
    const fn of(person: Person) -> Self {
        Self {
            person,
            issued: None,
            done: None,
            served: None,
            answered_again: None,
            last_poll: 0,
            interval: INTERVAL * 1000,
            was_told_to_slow_down: false,
            was_limited: false,
            met_the_outage: false,
        }
    }

    /// When the codes expire.
    pub fn expires(&self) -> Option<Ms> {
        self.issued.map(|issued| issued + LIFETIME * 1000)
    }
}

pub struct Server {
    /// Requests a second that it can answer.
    pub capacity: u64,
    pub outage: Option<Outage>,
    pub records: Vec<Record>,
    /// Requests that came, by the second.
    pub came: Vec<u32>,
    /// Thousandths of requests that may be answered now. One second's worth can be saved up.
    bucket: u64,
    filled_at: Ms,
    /// How many were too many in this second.
    turned_away: u64,
}

impl Server {
    pub fn new(capacity: u64, outage: Option<Outage>, people: &[Person]) -> Self {
        let records = people.iter().map(|person| Record::of(*person)).collect();
        Self { capacity, outage, records, came: Vec::new(), bucket: capacity * 1000, filled_at: 0, turned_away: 0 }
    }

    pub fn answer(&mut self, ask: Ask, now: Ms) -> Answer {
        let second = (now / 1000) as usize;
        if self.came.len() <= second {
            self.came.resize(second + 1, 0);
            self.turned_away = 0;
        }
        self.came[second] += 1;
        let (Ask::Codes(device) | Ask::Tokens(device)) = ask;
        let record = &mut self.records[device as usize];
        if let Some(outage) = self.outage.filter(|outage| (outage.begins..outage.ends).contains(&now)) {
            record.met_the_outage = true;
            let seconds = (outage.ends - now).div_ceil(1000) as u32;
            return if now < outage.busy_from { Answer::Refused } else { Answer::Busy { seconds: Some(seconds) } };
        }
        // The door: tokens drip into a bucket, and every answer takes one out.
        self.bucket = (self.bucket + (now - self.filled_at) * self.capacity).min(self.capacity * 1000);
        self.filled_at = now;
        let Some(rest) = self.bucket.checked_sub(1000) else {
            self.turned_away += 1;
            // A little too much, and those who poll are asked for patience; more, and everybody is; far more, and there is no time to be polite.
            if self.turned_away <= self.capacity / 2 && matches!(ask, Ask::Tokens(_)) {
                record.was_told_to_slow_down = true;
                return Answer::SlowDown;
            }
            record.was_limited = true;
            return if self.turned_away <= self.capacity * 2 {
                Answer::Limited { seconds: RETRY_AFTER }
            } else {
                Answer::Busy { seconds: None }
            };
        };
        self.bucket = rest;
        if record.met_the_outage && record.answered_again.is_none() {
            record.answered_again = Some(now);
        }
        match ask {
            Ask::Codes(device) => {
                self.issue(device, now);
                Answer::Codes { device, expires_in: LIFETIME, interval: INTERVAL }
            }
            Ask::Tokens(device) => self.judge(device, now),
        }
    }

    fn issue(&mut self, device: Device, now: Ms) {
        let record = &mut self.records[device as usize];
        record.issued = Some(now);
        // The first poll is owed its wait as well, but not refused: some clients poll at once.
        record.last_poll = 0;
        let done = record.person.takes.map(|takes| now + takes);
        let done = done.map(|done| match self.outage {
            // The person's page is away as well. They come back.
            Some(outage) if outage.part_of(done, done + 1) > 0 => outage.ends + record.person.returns_after,
            _ => done,
        });
        record.done = done.filter(|done| *done < now + LIFETIME * 1000);
    }

    fn judge(&mut self, device: Device, now: Ms) -> Answer {
        let record = &mut self.records[device as usize];
        if record.expires().is_none_or(|expires| now >= expires) {
            return Answer::Expired;
        }
        let is_too_soon = record.last_poll > 0 && now < record.last_poll + record.interval;
        record.last_poll = now;
        if is_too_soon {
            record.interval += 5_000;
            record.was_told_to_slow_down = true;
            return Answer::SlowDown;
        }
        match record.done {
            Some(done) if done <= now && record.person.declines => Answer::Declined,
            Some(done) if done <= now => {
                record.served = Some(now);
                Answer::Tokens
            }
            _ => Answer::Pending,
        }
    }
}
