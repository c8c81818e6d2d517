//! What can be said of an outcome, in numbers.

use super::server::{INTERVAL, LIFETIME, Outage, Record};
use super::world::Ms;
use super::{Client, Outcome, Scenario};

/// How long people waited between being done and having their tokens, of all those of one kind: in order, without what the outage took of it.
pub struct Waits {
    pub of: &'static str,
    pub sorted: Vec<Ms>,
}

impl Waits {
    /// Seconds that this share of them waited at most.
    pub fn at(&self, share: f64) -> f64 {
        at(&self.sorted, share)
    }
}

/// What an outage did, in requests a second.
pub struct Recovery {
    /// In the five minutes before.
    pub before: f64,
    pub during: f64,
    /// How many times the mean the busiest second of its second minute has.
    pub pulse: f64,
    /// In the first minute after.
    pub after: f64,
    /// In the busiest of the first ten seconds after: those who have counted the seconds.
    pub herd: u32,
    /// In the busiest second of the ten minutes after.
    pub peak: u32,
    /// How long the devices that it held up went without an answer when the server was back: those that had codes, and those that had none.
    pub answered: [Waits; 2],
}

pub struct Summary {
    pub scenario: Scenario,
    pub client: Client,
    pub capacity: u64,
    pub devices: u64,
    pub requests: u64,
    /// The fewest requests of a client that promises tokens within one interval; see [`fewest`].
    pub optimum: u64,
    /// In the busiest second but the first: what all are switched on in no client can help.
    pub peak: u32,
    /// People who were done and whose device got no tokens.
    pub unserved: u64,
    /// Those of them whose codes lived for less than [`Summary::TOO_LATE`] when they were done, without what the outage took.
    pub too_late: u64,
    /// Of all people, then of those whose devices had trouble.
    pub waits: Vec<Waits>,
    pub recovery: Option<Recovery>,
    /// Requests by the second.
    pub came: Vec<u32>,
}

impl Summary {
    /// The longest back-off, and a second to ask in. Whose code has less than that left cannot count on an answer.
    pub const TOO_LATE: Ms = 31_000;

    pub fn of(outcome: Outcome) -> Self {
        let Outcome { scenario, client, capacity, records, came } = outcome;
        let outage = scenario.outage();
        let is_unserved =
            |record: &&Record| record.done.is_some() && !record.person.declines && record.served.is_none();
        let is_too_late = |record: &&Record| {
            let left = record.done.zip(record.expires());
            left.is_none_or(|(done, expires)| time_with_server(done, expires, outage) < Self::TOO_LATE)
        };
        let waits = |of: &'static str, belongs: fn(&Record) -> bool| {
            let of_them = records.iter().filter(|record| belongs(record));
            let waits = of_them.filter_map(|record| Some(time_with_server(record.done?, record.served?, outage)));
            sorted(of, waits.collect())
        };
        Self {
            scenario,
            client,
            capacity,
            devices: records.len() as u64,
            requests: came.iter().map(|requests| u64::from(*requests)).sum(),
            optimum: records.iter().map(|record| fewest(record, outage)).sum(),
            peak: came.iter().skip(2).max().copied().unwrap_or_default(),
            unserved: records.iter().filter(is_unserved).count() as u64,
            too_late: records.iter().filter(is_unserved).filter(is_too_late).count() as u64,
            waits: vec![
                waits("all", |_| true),
                waits("told to slow down", |record| record.was_told_to_slow_down),
                waits("sent away (429, 503)", |record| record.was_limited),
                waits("held up by the outage", |record| record.met_the_outage),
            ],
            recovery: outage.map(|outage| recovery(&records, &came, outage)),
            came,
        }
    }

    pub fn requests_a_device(&self) -> f64 {
        self.requests as f64 / self.devices as f64
    }

    pub fn optimum_a_device(&self) -> f64 {
        self.optimum as f64 / self.devices as f64
    }
}

fn at(sorted: &[Ms], share: f64) -> f64 {
    let index = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
    sorted.get(index).copied().unwrap_or_default() as f64 / 1000.0
}

fn sorted(of: &'static str, mut times: Vec<Ms>) -> Waits {
    times.sort_unstable();
    Waits { of, sorted: times }
}

/// So much time from one moment to another, without what of it the server was away.
fn time_with_server(from: Ms, to: Ms, outage: Option<Outage>) -> Ms {
    to.saturating_sub(from).saturating_sub(outage.map_or(0, |outage| outage.part_of(from, to)))
}

/// The fewest requests that a device needs: one for the codes, and one an interval until the person is done or the code expires, for a
/// client cannot know when that will be, and is not to let them wait longer than an interval. None while the server was away: asking then
/// brings nothing.
fn fewest(record: &Record, outage: Option<Outage>) -> u64 {
    let Some(issued) = record.issued else {
        return 1;
    };
    let ends = record.done.unwrap_or(issued + LIFETIME * 1000 - 1);
    let polls = time_with_server(issued, ends, outage).div_ceil(INTERVAL * 1000);
    // The poll at which an unused code would expire is not worth making.
    1 + if record.done.is_some() { polls.max(1) } else { polls.saturating_sub(1) }
}

fn recovery(records: &[Record], came: &[u32], outage: Outage) -> Recovery {
    let second = |time: Ms| (time / 1000) as usize;
    let part = |from: usize, to: usize| came.get(from..to.min(came.len())).unwrap_or_default();
    let mean = |part: &[u32]| part.iter().sum::<u32>() as f64 / part.len().max(1) as f64;
    let (begins, ends) = (second(outage.begins), second(outage.ends));
    let answered = |of, had_codes| {
        let of_them = records.iter().filter(|record| (record.issued < record.answered_again) == had_codes);
        sorted(of, of_them.filter_map(|record| Some(record.answered_again? - outage.ends)).collect())
    };
    Recovery {
        before: mean(part(begins - 300, begins)),
        during: mean(part(begins, ends)),
        pulse: {
            let minute = part(begins + 60, begins + 120);
            minute.iter().max().copied().unwrap_or_default() as f64 / mean(minute)
        },
        after: mean(part(ends, ends + 60)),
        herd: part(ends, ends + 10).iter().max().copied().unwrap_or_default(),
        peak: part(ends, ends + 600).iter().max().copied().unwrap_or_default(),
        answered: [answered("with codes", true), answered("without codes", false)],
    }
}
