//! What commands that explain things never show.

use super::Bench;
use std::fs;

#[test]
fn no_command_that_explains_shows_a_secret_a_key_or_a_token() {
    let bench = Bench::new();
    let mut hidden: Vec<String> =
        ["bs2", "standard", "semear", "standard-mtls"].map(|one| bench.token(one)).into();
    for entry in fs::read_dir(bench.path("")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("secret") => hidden.push(text),
            Some("key") => {
                hidden.extend(text.lines().filter(|line| !line.starts_with('-')).map(str::to_owned))
            }
            _ => {}
        }
    }
    hidden.retain(|text| text.len() >= 16);
    assert!(hidden.len() > 20, "{}", hidden.len());
    let commands: [&[&str]; 10] = [
        &["agent", "doctor"],
        &["agent", "doctor", "--json"],
        &["agent", "doctor", "bs2", "--probe"],
        &["agent", "status"],
        &["agent", "status", "--json"],
        &["agent", "inspect", "bs2"],
        &["agent", "inspect", "standard", "--json", "--verify"],
        &["agent", "inspect", "standard-mtls"],
        &["agent", "explain", "semear"],
        &["agent", "helper", "docker", "list"],
    ];
    for command in commands {
        let done = bench.run(command);
        assert_eq!(done.code, 0, "{command:?}: {done:?}");
        for text in &hidden {
            let shown = done.stdout.contains(text) || done.stderr.contains(text);
            assert!(!shown, "{command:?} shows {text}");
        }
    }
}
