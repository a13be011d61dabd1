//! Manual pages, and completions of what they describe.

use crate::command_line::subcommands;
use crate::support::process::run;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use tempfile::TempDir;

#[test]
fn every_subcommand_has_a_page_that_says_how_it_ends() {
    let folder = TempDir::new().unwrap();
    let into = folder.path().join("man1");
    let done = run(&["man", "--folder", into.to_str().unwrap()]);
    assert_eq!((done.code, done.stdout.as_str(), done.stderr.as_str()), (0, "", ""));
    let mut known = Vec::new();
    subcommands(&[], &mut known);
    let expected: BTreeSet<String> = known
        .into_iter()
        .map(|(path, _)| {
            path.into_iter().fold("chancela".to_owned(), |name, word| format!("{name}-{word}")) + ".1"
        })
        .collect();
    let pages: BTreeSet<String> =
        fs::read_dir(&into).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(expected.is_subset(&pages), "missing: {:?}", expected.difference(&pages).collect::<Vec<_>>());
    assert!(pages.contains("chancela-agent-exec.1") && pages.contains("chancela-agent-helper-git.1"));
    for page in &pages {
        let text = fs::read_to_string(into.join(page)).unwrap();
        for section in
            [".SH NAME", ".SH SYNOPSIS", ".SH \"EXIT STATUS", ".SH \"FILES\"", ".SH \"ENVIRONMENT\""]
        {
            assert!(text.contains(section), "{page} has no {section}");
        }
        let is_agents =
            page.starts_with("chancela-agent") || ["chancela.1", "chancela-token.1"].contains(&page.as_str());
        assert_eq!(text.contains("128+n"), is_agents, "{page}");
    }
}

#[test]
fn a_page_is_read_by_the_manuals_reader_without_complaint() {
    let page = run(&["man"]);
    assert_eq!(page.code, 0);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("chancela.1");
    fs::write(&file, &page.stdout).unwrap();
    match Command::new("groff").args(["-man", "-Tutf8", "-ww"]).arg(&file).output() {
        Ok(shown) => {
            assert!(shown.status.success() && shown.stderr.is_empty(), "{shown:?}");
            let text = String::from_utf8_lossy(&shown.stdout).into_owned();
            assert!(
                text.contains("The agent's configuration") && text.contains("A person has to log in."),
                "{text}"
            );
        }
        // Not every machine has the program; that pages have their sections is tested above.
        Err(error) => println!("groff: {error}"),
    }
}

#[test]
fn completions_know_the_commands_of_the_client_side() {
    let script = run(&["completions", "bash"]).stdout;
    for command in ["exec", "doctor", "inspect", "helper", "mock"] {
        assert!(script.contains(&format!("chancela__subcmd__agent,{command})")), "{command}");
    }
    assert!(script.contains("--danger-keep-secrets") && script.contains("--interval"));
}
