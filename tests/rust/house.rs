//! The house keeps its floors: a file imports only from its own floor or from one below.

use std::fs;
use std::path::Path;

/// From the ground up. A module that is on no floor fails the test.
const FLOORS: [&[&str]; 4] = [&["VERSION", "error", "secret", "protocol"], &["cache"], &["host", "flows"], &["wasm"]];

fn floor(module: &str) -> usize {
    FLOORS.iter().position(|modules| modules.contains(&module)).unwrap_or_else(|| panic!("{module} is on no floor"))
}

fn visit(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push((
                path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string(),
                fs::read_to_string(&path).unwrap(),
            ));
        }
    }
}

#[test]
fn no_file_imports_from_a_floor_above() {
    let mut files = Vec::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut imports = 0;
    for (path, text) in files.iter().filter(|(path, _)| path != "src/lib.rs") {
        let own = path.trim_start_matches("src/").split(['/', '.']).next().unwrap();
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let module =
                    used.split(|character: char| !(character.is_alphanumeric() || character == '_')).next().unwrap();
                assert!(floor(module) <= floor(own), "{path} imports from the floor above: {line}");
                imports += 1;
            }
        }
    }
    assert!(imports > 50, "the test reads the imports");
}
