//! The merge of cache/store.rs in orders made at random; what is tried and held against what is in `targets::merge`.
//!
//! The orders are the same each time, so that a change that has nothing to do with it does not fail by chance: the fuzzer goes on from here.
//! A failure prints the shortest order that fails; as a file of tests/fuzz/seeds/merge it is tried ever after.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy};
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestCaseError, TestRunner};

use crate::targets::merge::{Act, PEOPLE, Step, WRITERS, merge};

/// Steps as writers take them: mostly they read before they change something and write after it, each with others in between.
fn steps(writers: usize) -> impl Strategy<Value = Vec<Step>> {
    // Mostly about one person: it takes several acts about somebody for one to meet another.
    let person = prop_oneof![3 => Just(0), 1 => 0..PEOPLE.len()];
    let often = select(vec![Act::SignIn, Act::Renew, Act::SignOut]);
    let act = prop_oneof![3 => often, 2 => select(Act::ALL.map(|(act, _)| act).to_vec())];
    let turn = (0..writers, person, act);
    let turn = turn.prop_flat_map(|(writer, person, act)| {
        let acts = vec![vec![act], vec![Act::Read, act], vec![act, Act::Write], vec![Act::Read, act, Act::Write]];
        (select(acts), Just(writer), Just(person))
    });
    let turn = turn.prop_map(|(acts, writer, person)| acts.into_iter().map(move |act| Step { act, writer, person }));
    // Side by side: of two turns the steps are dealt out in any order, each turn's in its own.
    let woven = (vec(turn, 1..3), vec(0..2_usize, 6)).prop_map(|(turns, order)| {
        let mut turns: Vec<_> = turns.into_iter().map(Iterator::peekable).collect();
        let mut woven = Vec::new();
        for next in order.into_iter().chain([0, 0, 0, 1, 1, 1]) {
            woven.extend(turns.get_mut(next).and_then(Iterator::next));
        }
        woven
    });
    vec(woven, 0..30).prop_map(|pieces| pieces.concat())
}

fn any_order_of(writers: usize) {
    let config = Config {
        cases: 400,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(8628),
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&steps(writers), |steps| {
        merge(&steps);
        Ok::<(), TestCaseError>(())
    });
    if let Err(error) = outcome {
        panic!("{error}\n(put these steps into a file of tests/fuzz/seeds/merge, without brackets and commas)");
    }
}

#[test]
fn however_two_writers_interleave_no_sign_in_is_lost_and_no_sign_out_undone() {
    any_order_of(2);
}

#[test]
fn however_three_writers_interleave_no_sign_in_is_lost_and_no_sign_out_undone() {
    any_order_of(WRITERS);
}
