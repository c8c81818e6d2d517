//! Writes `docs/fleet.md` and its plots from what came of the simulations.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};

use crate::plot::{Axis, Line, Plot};
use crate::simulation::{Client, INTERVAL, LIFETIME, Scenario, Summary};

/// What was run.
pub struct Run {
    pub devices: u32,
    pub seed: u64,
    pub took: Duration,
}

const DOORCODE: &str = "#0969da";
const UNSPREAD: &str = "#8250df";
const LOOP: &str = "#bc4c00";
const MSAL: &str = "#57606a";

/// Writes the page and its plots into that folder.
pub fn write(folder: &Path, run: &Run, summaries: &[Summary]) -> io::Result<()> {
    let of = |scenario, client| {
        let is_it = |summary: &&Summary| summary.scenario == scenario && summary.client == client;
        summaries.iter().find(is_it).expect("it was run")
    };
    fs::create_dir_all(folder.join("fleet"))?;
    for (name, plot) in [("outage", outage(&of)), ("recovery", recovery(&of)), ("waiting", waiting(&of))] {
        fs::write(folder.join("fleet").join(name).with_extension("svg"), plot.svg())?;
    }
    fs::write(folder.join("fleet.md"), page(run, &of))
}

type Find<'a> = dyn Fn(Scenario, Client) -> &'a Summary + 'a;

/// Minutes of the outage, which the plots are about.
fn minutes_of_outage() -> (f64, f64) {
    let outage = Scenario::Outage.outage().expect("its outage");
    (outage.begins as f64 / 60_000.0, outage.ends as f64 / 60_000.0)
}

/// Round steps from 0 to a little above the greatest value.
fn from_zero(label: &str, greatest: f64) -> Axis {
    let rough = greatest / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let steps = (greatest / step).ceil();
    let ticks = (0..=steps as u64).map(|number| (number as f64 * step, thousands(number as f64 * step))).collect();
    Axis { label: label.to_owned(), from: 0.0, to: steps * step, is_logarithmic: false, ticks }
}

fn minutes(from: f64, to: f64, step: f64, label: fn(f64) -> String) -> Axis {
    let ticks = (0..=((to - from) / step).round() as u64).map(|number| from + number as f64 * step);
    let label_of_axis = "virtual time since the first device was switched on, in minutes".to_owned();
    Axis {
        label: label_of_axis,
        from,
        to,
        is_logarithmic: false,
        ticks: ticks.map(|time| (time, label(time))).collect(),
    }
}

/// The greatest value of any line.
fn greatest(lines: &[Line]) -> f64 {
    lines.iter().flat_map(|line| &line.points).map(|(_, value)| *value).fold(0.0, f64::max)
}

/// Requests a second over time, as the mean of so many seconds.
fn requests(summary: &Summary, seconds: usize, from: f64, to: f64) -> Vec<(f64, f64)> {
    let came = summary.came.chunks(seconds).enumerate().map(|(number, chunk)| {
        let mean = chunk.iter().map(|requests| f64::from(*requests)).sum::<f64>() / chunk.len() as f64;
        ((number * seconds) as f64 / 60.0, mean)
    });
    came.filter(|(time, _)| (from..=to).contains(time)).collect()
}

fn capacity_line(summary: &Summary, from: f64, to: f64) -> Line {
    let level = summary.capacity as f64;
    let points = vec![(from, level), (to, level)];
    Line { name: "what the server answers".to_owned(), colour: "#1a7f37", is_dashed: true, points }
}

fn line(summary: &Summary, name: &str, colour: &'static str, points: Vec<(f64, f64)>) -> Line {
    let name = if name.is_empty() { summary.client.name() } else { name };
    Line { name: name.to_owned(), colour, is_dashed: false, points }
}

fn outage<'a>(of: &Find<'a>) -> Plot {
    let (begins, ends) = minutes_of_outage();
    let (from, to) = (0.0, 45.0);
    let mut lines: Vec<_> = [(Client::Loop, LOOP), (Client::Msal, MSAL), (Client::Doorcode, DOORCODE)]
        .map(|(client, colour)| {
            let summary = of(Scenario::Outage, client);
            line(summary, "", colour, requests(summary, 10, from, to))
        })
        .into();
    lines.insert(0, capacity_line(of(Scenario::Outage, Client::Doorcode), from, to));
    Plot {
        title: "Requests at the server around a ten-minute outage".to_owned(),
        subtitle: "Means of ten seconds. Devices are switched on in the first 30 minutes.".to_owned(),
        x: minutes(from, to, 5.0, |time| format!("{time:.0}")),
        y: from_zero("requests a second", greatest(&lines)),
        band: Some((begins, ends, "the server is away".to_owned())),
        lines,
    }
}

fn recovery<'a>(of: &Find<'a>) -> Plot {
    let (_, ends) = minutes_of_outage();
    let (from, to) = (ends - 0.5, ends + 1.5);
    let mut lines: Vec<_> = [(Client::Loop, LOOP), (Client::Unspread, UNSPREAD), (Client::Doorcode, DOORCODE)]
        .map(|(client, colour)| {
            let summary = of(Scenario::Outage, client);
            line(summary, "", colour, requests(summary, 1, from, to))
        })
        .into();
    lines.insert(0, capacity_line(of(Scenario::Outage, Client::Doorcode), from, to));
    Plot {
        title: "The recovery, second by second".to_owned(),
        subtitle: "The 503 of the last two minutes said with Retry-After when the server would be back.".to_owned(),
        x: minutes(from, to, 0.25, |time| format!("{:.0}:{:02.0}", time.floor(), time.fract() * 60.0)),
        y: from_zero("requests a second", greatest(&lines)),
        band: Some((from, ends, "the server is away".to_owned())),
        lines,
    }
}

/// The share of people who still wait after so many seconds.
fn still_waiting(summary: &Summary) -> Vec<(f64, f64)> {
    let waits = &summary.waits[0];
    // Even steps of a logarithmic scale, from a tenth of a second to a thousand.
    let times = (0..=400).map(|step| 0.1 * 10_f64.powf(f64::from(step) / 100.0));
    let points = times.map(|time| {
        let served = waits.sorted.partition_point(|wait| *wait as f64 <= time * 1000.0);
        (time, 100.0 * (waits.sorted.len() - served) as f64 / waits.sorted.len().max(1) as f64)
    });
    points.take_while(|(_, share)| *share > 0.0).collect()
}

fn waiting<'a>(of: &Find<'a>) -> Plot {
    let named = |scenario, client, colour, name: &str| {
        let summary = of(scenario, client);
        line(summary, name, colour, still_waiting(summary))
    };
    let mut lines = vec![
        named(Scenario::Plain, Client::Doorcode, "#1a7f37", "plain"),
        named(Scenario::Outage, Client::Doorcode, DOORCODE, "outage"),
        named(Scenario::Boot, Client::Doorcode, UNSPREAD, "boot"),
    ];
    let fixed = named(Scenario::Boot, Client::Loop, LOOP, "boot, with a fixed loop instead of doorcode");
    lines.push(Line { is_dashed: true, ..fixed });
    let decades = |from: i32, to: i32| (from..=to).map(|power| 10_f64.powi(power));
    Plot {
        title: "How long people wait between being done and having their tokens".to_owned(),
        subtitle: "Both scales are logarithmic. What the outage itself took is not counted.".to_owned(),
        x: Axis {
            label: "seconds of waiting".to_owned(),
            from: 0.1,
            to: 1000.0,
            is_logarithmic: true,
            ticks: decades(-1, 3).map(|time| (time, format!("{time}"))).collect(),
        },
        y: Axis {
            label: "share that still waits".to_owned(),
            from: 0.001,
            to: 100.0,
            is_logarithmic: true,
            ticks: decades(-3, 2).map(|share| (share, format!("{share} %"))).collect(),
        },
        band: None,
        lines,
    }
}

fn page<'a>(run: &Run, of: &Find<'a>) -> String {
    let ours = |scenario| of(scenario, Client::Doorcode);
    let (plain, boot, out) = (ours(Scenario::Plain), ours(Scenario::Boot), ours(Scenario::Outage));
    let recovery = |client| of(Scenario::Outage, client).recovery.as_ref().expect("it has an outage");
    let times = |client: Client| f64::from(recovery(client).herd) / recovery(client).before;
    let unserved = |client| of(Scenario::Outage, client).unserved;
    let devices = thousands(run.devices.into());
    let capacity = thousands(plain.capacity as f64);
    let (interval, lifetime) = (INTERVAL, LIFETIME / 60);

    let mut page = format!(
        "# A fleet on paper, made real

{devices} devices sign their people in through one server that throttles. The time is virtual, the network is simulated, and the client is
the package's own code: each device runs `doorcode::flows::device_code::sign_in`, the function behind `acquireTokenByDeviceCode`.

This page and its plots are written by the program that ran it,
`{faster}cargo run --release --example fleet -- --devices {number} --seed {seed} --write docs`.
It was last run on {date}, with doorcode {version}, and took {took} min{memory} on a machine that was busy with other things as
well. The same seed gives the same numbers. Cargo's release profile is made for small WebAssembly; with
`CARGO_PROFILE_RELEASE_OPT_LEVEL=3` before it the command takes half the time.

## What is simulated

- **The server** speaks RFC 8628: a poll every {interval} s, codes that live {lifetime} minutes, `slow_down` for who polls sooner. It answers {capacity} requests a
  second, about twice what comes on an ordinary day. What is too much in a second it sends away: of the first, half as many as it answers,
  those that poll with `slow_down`; up to twice as many as it answers with 429 and a `Retry-After` of ten seconds; the rest with a bare 503.
- **The people**: half are done within 45 s of seeing the code, one in a hundred takes more than four minutes. 1 % never come, 2 % decline. Those who
  meet the server in an outage come back after it, a minute later on average.
- **The programs** call the package. If it cannot even get a code, they wait and call again: at random 15 to 30 s, then longer, up to four minutes.
- **The network** takes 20 to 200 ms for a request and its answer, and loses nothing.

| scenario | |
|---|---|
",
        faster = option_env!("CARGO_PROFILE_RELEASE_OPT_LEVEL")
            .map(|level| format!("CARGO_PROFILE_RELEASE_OPT_LEVEL={level} "))
            .unwrap_or_default(),
        number = run.devices,
        seed = run.seed,
        date = today(),
        version = doorcode::VERSION,
        took = run.took.as_secs().div_ceil(60),
        memory = most_memory().map(|bytes| format!(" and {:.1} GB", bytes / 1e9)).unwrap_or_default(),
    );
    let mut add = |line: String| writeln!(page, "{line}").expect("a string takes it");
    for scenario in Scenario::ALL {
        add(format!("| {} | {} |", scenario.name(), scenario.what()));
    }
    add("
In the outage connections are refused for eight minutes; for two more something answers 503, whose `Retry-After` says when the server will be back.

For comparison the same fleet signs in by other means. **Fixed loop** asks once an interval whatever the answer is, as loops written by hand do; so
does its program. **As msal-node** does what `DeviceCodeClient` of `@azure/msal-node` does: it polls at once, then an interval after each
answer, and ends at the first answer that is neither pending nor tokens, `slow_down` included, and at the first request that fails.
**Unspread** is doorcode on a host without randomness: its back-off is always as long as it may be, and nothing is spread.

## Requests

The optimum is one request for the codes, and then one poll an interval until the person is done or the code expires: a client cannot know when that
will be, and is not to let people wait longer than an interval. The time of the outage does not count, in which asking brings nothing. A client that
polls more slowly sends fewer and lets people wait longer; so the waiting stands below.

| scenario | client | requests a sign-in | optimum | busiest second | unserved |
|---|---|---:|---:|---:|---:|".to_owned());
    let all = [
        (Scenario::Plain, &[Client::Doorcode, Client::Loop, Client::Msal][..]),
        (Scenario::Boot, &[Client::Doorcode, Client::Loop, Client::Msal]),
        (Scenario::Outage, &[Client::Doorcode, Client::Unspread, Client::Loop, Client::Msal]),
    ];
    for (scenario, clients) in all {
        for client in clients {
            let summary = of(scenario, *client);
            add(format!(
                "| {} | {} | {:.2} | {:.2} | {} | {} |",
                scenario.name(),
                client.name(),
                summary.requests_a_device(),
                summary.optimum_a_device(),
                thousands(summary.peak.into()),
                thousands(summary.unserved as f64),
            ));
        }
    }
    add(format!("
Unserved are people who were done and whose device got no tokens. Of the {} with doorcode in the outage, {} had codes with less than {} s
left, not counting the outage: no longer than a back-off may take. That is its price; the fixed loop, which asks in vain all the time, loses {}.
The busiest second does not count the first two, in which a boot sends everything there is.

## Waiting

![How long people wait](fleet/waiting.svg)

With doorcode, in seconds from when the person was done until the tokens were given:

| scenario | devices | p50 | p95 | p99 | longest | how many |
|---|---|---:|---:|---:|---:|---:|", out.unserved, out.too_late, Summary::TOO_LATE / 1000, unserved(Client::Loop)));
    for summary in [plain, boot, out] {
        for waits in summary.waits.iter().filter(|waits| !waits.sorted.is_empty()) {
            let [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1.0].map(|share| waits.at(share));
            let many = thousands(waits.sorted.len() as f64);
            let scenario = summary.scenario.name();
            add(format!("| {scenario} | {} | {p50:.1} | {p95:.1} | {p99:.1} | {max:.1} | {many} |", waits.of));
        }
    }
    let recovered = recovery(Client::Doorcode);
    add(format!("
On an ordinary day nobody waits longer than an interval and a round trip. A boot asks more of the server than it can answer, for minutes, and
up to {:.1} times as much: then `slow_down` makes the intervals of those it meets longer for good, as the RFC wants it, and these people wait longest.
Without tokens at the end: {} of {devices}, {} of them with codes that had less than {} s left.

## The outage and the recovery

![Requests around the outage](fleet/outage.svg)

| client | before | in the outage | minute after | busiest of the first ten seconds | that is, times before | busiest second of ten minutes |
|---|---:|---:|---:|---:|---:|---:|", f64::from(boot.peak) / boot.capacity as f64, boot.unserved, boot.too_late, Summary::TOO_LATE / 1000));
    for client in [Client::Doorcode, Client::Unspread, Client::Loop, Client::Msal] {
        let recovery = recovery(client);
        add(format!(
            "| {} | {} | {} | {} | {} | {:.2} | {} |",
            client.name(),
            thousands(recovery.before),
            thousands(recovery.during),
            thousands(recovery.after),
            thousands(recovery.herd.into()),
            f64::from(recovery.herd) / recovery.before,
            thousands(recovery.peak.into()),
        ));
    }
    let [with, without] = &recovered.answered;
    add(format!("
Requests a second. When the server is back, the devices that wait with a code hear from it after {:.1} s (median; 99 of 100 within {:.1} s, the last after
{:.1} s); those that were switched on meanwhile and have no code when their program tries again (median {:.0} s, the last after {:.0} s).

![The recovery](fleet/recovery.svg)

## What it taught

- A back-off alone makes no herd: devices that fail at different times stay apart, whatever they wait. What gathers them is a time that the server
  names. With the same `Retry-After` for all, the first seconds after the outage bring {:.1} times the usual load if nothing is spread, and {:.1} times as
  it is. So doorcode waits up to half a back-off longer than `Retry-After` asks for, and never less.
- Without spreading, one more thing was seen: an outage that begins suddenly packs all polls into five seconds of every ten, twenty, thirty. The
  busiest second of its second minute had {:.1} times the mean of that minute, against {:.1}. So a back-off loses up to half of itself at random,
  but never goes below the interval.
- Who is in step stays in step: the pulses of the unspread fleet after the recovery come back every five seconds, for half a minute and more.
- The usual polls need no spreading for all that. Only as many devices are in step from the start as got their codes in the same second, and so
  many the server can answer. So they come exactly an interval after the last answer, as MSAL's do, and nobody waits longer for the sake of others.
- What is left of the peak after the outage is people: those who were kept from signing in come back, and no client can help that. It is the first
  request, for the codes, that matters then, and it is the program that repeats it. A program that starts with its machine should wait a random
  while before it tries again; `retryable` says when trying again makes sense.
- A client that ends at the first trouble spares the server and loses the people: {} in the outage of ten minutes.

## Limits

Connections cost nothing here: no TCP, no TLS, no DNS, none of which is free for a server that comes back. No answer is lost on the way, so no granted code
is. Clocks are right. The server is one, and decides in no time. Devices do not sleep. All share one program in memory, whose cache is emptied after each
sign-in. What people do is invented: the numbers tell clients apart, and promise nothing of a service.",
        with.at(0.5),
        with.at(0.99),
        with.at(1.0),
        without.at(0.5),
        without.at(1.0),
        times(Client::Unspread),
        times(Client::Doorcode),
        recovery(Client::Unspread).pulse,
        recovery(Client::Doorcode).pulse,
        thousands(unserved(Client::Msal) as f64),
    ));
    page
}

/// The most memory that this process has held, where the system tells.
fn most_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?;
    kilobytes.trim().parse::<f64>().ok().map(|number| number * 1024.0)
}

/// A number with a comma before each group of three digits; halves and smaller only where it is below ten.
fn thousands(number: f64) -> String {
    if number < 10.0 && number.fract() != 0.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Today's date in Greenwich: the days since 1970 as a date of the Gregorian calendar, whose years are counted from March.
fn today() -> String {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400) + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}
