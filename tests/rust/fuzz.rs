//! The fuzz targets of tests/fuzz with the inputs that are kept: what was found once is seen here, without a fuzzer.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use crate::targets::ALL;

/// The most that all inputs together may weigh, in bytes.
const MOST: u64 = 400_000;

#[test]
fn every_kept_input_of_the_fuzzer_runs_through() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    let mut weight = 0;
    let mut failed = Vec::new();
    for (name, run) in ALL {
        let mut count = 0;
        for entry in fs::read_dir(seeds.join(name)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            weight += bytes.len() as u64;
            count += 1;
            if catch_unwind(|| run(&bytes)).is_err() {
                failed.push(path.strip_prefix(&seeds).unwrap().display().to_string());
            }
        }
        assert!(count > 0, "{name} has no inputs");
    }
    assert_eq!(fs::read_dir(seeds).unwrap().count(), ALL.len(), "a folder for each target");
    assert!(failed.is_empty(), "these fail, as said above: {failed:?}");
    assert!(weight < MOST, "{weight} bytes of inputs: keep fewer");
}
