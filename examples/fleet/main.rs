//! A fleet of devices that sign in through one throttling server, in virtual time. The devices run the flow of the package itself.
//!
//! `cargo run --release --example fleet -- --devices 1000000` prints what comes of it; with `--write docs` it also writes `docs/fleet.md` and
//! its plots. `--seed` chooses another fleet; the same seed gives the same numbers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a program for people who develop: it prints, and an error of its own may end it"
)]

#[allow(unreachable_pub, reason = "a module of a program")]
mod page;
#[allow(unreachable_pub, reason = "a module of a program")]
mod plot;
#[allow(unreachable_pub, reason = "a module of a program")]
mod simulation;

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, process, thread};

use simulation::{Client, Scenario, Summary, simulate};

const USAGE: &str = "usage: fleet [--devices 1000000] [--seed 1] [--write docs]";

/// Simulations at a time. The one in which all devices sign in at once takes 4 GB for a million of them, the others a tenth of that.
const MOST_AT_A_TIME: usize = 4;

struct Arguments {
    devices: u32,
    seed: u64,
    write: Option<PathBuf>,
}

fn main() {
    let arguments = arguments().unwrap_or_else(|problem| {
        eprintln!("fleet: {problem}\n{USAGE}");
        process::exit(2);
    });
    let began = Instant::now();
    let summaries = run(&arguments);
    if let Some(folder) = &arguments.write {
        let run = page::Run { devices: arguments.devices, seed: arguments.seed, took: began.elapsed() };
        if let Err(problem) = page::write(folder, &run, &summaries) {
            eprintln!("fleet: {} cannot be written: {problem}", folder.display());
            process::exit(1);
        }
    }
    let ours: Vec<_> = summaries.iter().filter(|summary| summary.client == Client::Doorcode).collect();
    let mean = |numbers: fn(&Summary) -> f64| ours.iter().copied().map(numbers).sum::<f64>() / ours.len() as f64;
    println!(
        "devices {} in each of {} scenarios, requests a sign-in {:.2}, optimum {:.2}, unserved {}, {} of them with codes that had less than {} s left",
        arguments.devices,
        ours.len(),
        mean(Summary::requests_a_device),
        mean(Summary::optimum_a_device),
        ours.iter().map(|summary| summary.unserved).sum::<u64>(),
        ours.iter().map(|summary| summary.too_late).sum::<u64>(),
        Summary::TOO_LATE / 1000,
    );
}

fn arguments() -> Result<Arguments, String> {
    let mut found = Arguments { devices: 1_000_000, seed: 1, write: None };
    let mut given = env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u32>().map_err(|_| format!("{name} needs a whole number, not {value:?}"));
        match name.as_str() {
            "--devices" if number()? < 1000 => return Err("--devices: a fleet has at least 1000".to_owned()),
            "--devices" => found.devices = number()?,
            "--seed" => found.seed = number()?.into(),
            "--write" => found.write = Some(PathBuf::from(value)),
            _ => return Err(format!("{name} is not known")),
        }
    }
    Ok(found)
}

/// Runs every simulation, some side by side, and prints what came of each, in order.
fn run(arguments: &Arguments) -> Vec<Summary> {
    let of = |client| Scenario::ALL.map(|scenario| (scenario, client));
    let unspread = [(Scenario::Outage, Client::Unspread)];
    let jobs = [&of(Client::Doorcode)[..], &unspread, &of(Client::Loop), &of(Client::Msal)].concat();
    let left = Mutex::new(jobs.iter().rev().copied().collect::<Vec<_>>());
    let done = Mutex::new(Vec::new());
    let work = || {
        loop {
            let Some(job @ (scenario, client)) = left.lock().unwrap().pop() else { break };
            let began = Instant::now();
            let summary = Summary::of(simulate(scenario, client, arguments.devices, arguments.seed));
            eprintln!("{}, {}: took {}", scenario.name(), client.name(), seconds(began.elapsed()));
            done.lock().unwrap().push((job, summary));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from).min(MOST_AT_A_TIME) {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(job, _)| jobs.iter().position(|candidate| candidate == job));
    let summaries: Vec<_> = done.into_iter().map(|(_, summary)| summary).collect();
    for scenario in Scenario::ALL {
        println!("{}: {}", scenario.name(), scenario.what());
        for summary in summaries.iter().filter(|summary| summary.scenario == scenario) {
            print(summary);
        }
        println!();
    }
    summaries
}

fn print(summary: &Summary) {
    println!(
        "  {}: {:.2} requests a sign-in (optimum {:.2}), peak {} a second (the server answers {}), {} unserved",
        summary.client.name(),
        summary.requests_a_device(),
        summary.optimum_a_device(),
        summary.peak,
        summary.capacity,
        summary.unserved,
    );
    for waits in summary.waits.iter().filter(|waits| !waits.sorted.is_empty()) {
        let [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1.0].map(|share| waits.at(share));
        let many = waits.sorted.len();
        println!(
            "    seconds of waiting, {}: p50 {p50:.1}, p95 {p95:.1}, p99 {p99:.1}, max {max:.1} ({many} devices)",
            waits.of
        );
    }
    if let Some(recovery) = &summary.recovery {
        println!(
            "    requests a second: {:.0} before the outage, {:.0} in it, {:.0} in the minute after; at most {} in the ten seconds after ({:.2} \
             times before), {} in the ten minutes after ({:.2} times)",
            recovery.before,
            recovery.during,
            recovery.after,
            recovery.herd,
            f64::from(recovery.herd) / recovery.before,
            recovery.peak,
            f64::from(recovery.peak) / recovery.before,
        );
        for waits in &recovery.answered {
            let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| waits.at(share));
            println!("    seconds until answered again, {}: p50 {p50:.1}, p99 {p99:.1}, max {max:.1}", waits.of);
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
