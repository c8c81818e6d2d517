//! A small fleet in virtual time (`examples/fleet`), held to what `docs/fleet.md` says of a large one.

#[allow(unreachable_pub, dead_code, reason = "a module of the example, which uses more of it")]
#[path = "../../examples/fleet/simulation/mod.rs"]
mod simulation;

use simulation::{Client, Scenario, Summary, simulate};

const DEVICES: u32 = 1_000;

fn summary(scenario: Scenario) -> Summary {
    Summary::of(simulate(scenario, Client::Doorcode, DEVICES, 1))
}

#[test]
fn a_fleet_on_an_ordinary_day_sends_no_more_than_it_must_and_lets_nobody_wait() {
    let plain = summary(Scenario::Plain);
    assert_eq!(plain.unserved, 0);
    assert!(plain.requests <= plain.optimum, "{} of {}", plain.requests, plain.optimum);
    let [all, slowed, sent_away, _] = &plain.waits[..] else { panic!("four kinds") };
    assert!(all.sorted.len() > 900 && all.at(1.0) <= 5.4, "{}", all.at(1.0));
    assert!(slowed.sorted.is_empty() && sent_away.sorted.is_empty(), "nobody polls too soon");
}

#[test]
fn a_fleet_that_starts_within_one_second_is_served_whole() {
    let boot = summary(Scenario::Boot);
    assert_eq!(boot.unserved, 0);
    assert!(boot.requests <= boot.optimum, "{} of {}", boot.requests, boot.optimum);
    assert!(f64::from(boot.peak) < 6.5 * boot.capacity as f64, "{} of {}", boot.peak, boot.capacity);
    for waits in &boot.waits {
        assert!(waits.at(0.5) < 20.0 && waits.at(1.0) < 300.0, "{}: {}", waits.of, waits.at(1.0));
    }
    let slowed = &boot.waits[1].sorted;
    assert!(slowed.len() > 500, "the server throttles");
}

#[test]
fn a_fleet_survives_an_outage_and_does_not_come_back_as_a_herd() {
    let outage = summary(Scenario::Outage);
    assert_eq!(outage.unserved, outage.too_late, "but for those whose codes expired");
    assert!(outage.too_late <= 3, "{}", outage.too_late);
    let requests = outage.requests as f64 / outage.optimum as f64;
    assert!(requests < 1.15, "{requests}");
    let recovery = outage.recovery.as_ref().unwrap();
    let (herd, peak) = (f64::from(recovery.herd) / recovery.before, f64::from(recovery.peak) / outage.capacity as f64);
    assert!(herd < 3.0, "the first seconds bring {herd} times the usual load");
    assert!(peak < 2.0, "the busiest second brings {peak} times what the server answers");
    assert!(recovery.pulse < 3.0, "in the outage there are pulses of {} times the mean", recovery.pulse);
    let [with_codes, _] = &recovery.answered;
    assert!(with_codes.at(1.0) < 35.0, "{}", with_codes.at(1.0));
    let held_up = &outage.waits[3];
    assert!(held_up.sorted.len() > 250 && held_up.at(0.99) < 45.0, "{}", held_up.at(0.99));
}

#[test]
fn the_same_seed_gives_the_same_fleet() {
    let numbers = |seed| {
        let Summary { requests, optimum, came, waits, .. } =
            Summary::of(simulate(Scenario::Outage, Client::Doorcode, 300, seed));
        (requests, optimum, came, waits.into_iter().next().unwrap().sorted)
    };
    assert!(numbers(7) == numbers(7));
    assert!(numbers(7) != numbers(8));
}
