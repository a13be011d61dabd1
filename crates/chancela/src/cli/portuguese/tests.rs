//! The catalogue against the command line: nothing is missing, and nothing is left over.

use super::{ANYWHERE, Catalogue, HELP, ROOT, VALUES, possible_values, translated};
use crate::cli::Cli;
use clap::builder::StyledStr;
use clap::{Command, CommandFactory};
use std::collections::BTreeSet;

/// Each command that has help of its own, with its path.
fn commands() -> Vec<(String, Command)> {
    let mut command = Cli::command();
    command.build();
    let mut out = Vec::new();
    let mut left = vec![(String::new(), command)];
    while let Some((path, command)) = left.pop() {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let path = format!("{path} {}", inner.get_name());
            left.push((path.trim_start().to_owned(), inner.clone()));
        }
        out.push((path, command));
    }
    out
}

/// What each command wants of the catalogue: its table, the key, and the English text.
fn wanted() -> Vec<(String, String, String)> {
    let mut out = Vec::new();
    for (path, command) in commands() {
        let table = if path.is_empty() { ROOT.to_owned() } else { path };
        let mut want = |key: String, text: String| out.push((table.clone(), key, text));
        let text = |text: Option<&StyledStr>| text.map(ToString::to_string).unwrap_or_default();
        want("about".to_owned(), text(command.get_about()));
        if command.get_after_help().is_some() {
            want("after_help".to_owned(), text(command.get_after_help()));
        }
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            want(argument.get_id().to_string(), text(argument.get_help()));
            for value in possible_values(argument).iter().filter(|value| value.get_help().is_some()) {
                want(format!("{}={}", argument.get_id(), value.get_name()), text(value.get_help()));
            }
            let names = argument.get_value_names().unwrap_or_default();
            if argument.get_action().takes_values() {
                names.iter().for_each(|name| want(format!("{VALUE}{name}"), String::new()));
            }
        }
    }
    out
}

/// Marks the name of a value among keys.
const VALUE: &str = "value ";

/// The tables and keys that may have a text.
fn places((table, key, text): &(String, String, String)) -> Vec<(&str, &str)> {
    match key.strip_prefix(VALUE) {
        Some(name) => vec![(VALUES, name)],
        None => vec![(table, key), (ANYWHERE, text), (ANYWHERE, key)],
    }
}

#[test]
fn every_command_and_argument_has_its_text() {
    let catalogue = Catalogue::read();
    let lacks = |wanted: &&(String, String, String)| {
        places(wanted).iter().all(|(table, key)| catalogue.get(table, key).is_none())
    };
    let missing: BTreeSet<String> = wanted()
        .iter()
        .filter(lacks)
        .map(|(table, key, text)| format!("[{table:?}]\n{key} = {text:?}"))
        .collect();
    assert!(missing.is_empty(), "pt-BR.toml lacks:\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn nothing_in_the_catalogue_is_left_over() {
    let catalogue = Catalogue::read();
    let wanted = wanted();
    let places: BTreeSet<(&str, &str)> = wanted.iter().flat_map(places).chain([(ANYWHERE, HELP)]).collect();
    let entries = catalogue.0.iter().flat_map(|(table, texts)| texts.keys().map(move |key| (table, key)));
    let over: Vec<_> =
        entries.filter(|(table, key)| !places.contains(&(table.as_str(), key.as_str()))).collect();
    assert!(!catalogue.0.is_empty() && over.is_empty(), "no command has: {over:?}");
}

#[test]
fn the_translated_command_is_sound_and_reads_the_same_arguments() {
    translated(Cli::command()).debug_assert();
    let matches =
        translated(Cli::command()).try_get_matches_from(["chancela", "token", "bank", "--format", "env"]);
    let matches = matches.unwrap();
    let (name, inner) = matches.subcommand().unwrap();
    assert_eq!((name, inner.get_one::<String>("provider").unwrap().as_str()), ("token", "bank"));
    assert!(matches!(inner.get_one::<crate::cli::Format>("format"), Some(crate::cli::Format::Env)));
}

#[test]
fn no_word_of_claps_own_layout_stays_english() {
    for (path, _) in commands() {
        let mut arguments = vec!["chancela"];
        arguments.extend(path.split(' ').filter(|name| !name.is_empty()));
        arguments.push("--help");
        let help = translated(Cli::command()).try_get_matches_from(&arguments).unwrap_err().to_string();
        for word in [
            "Usage",
            "Options",
            "Commands",
            "Arguments",
            "OPTIONS",
            "COMMAND]",
            "COMMAND>",
            "[default",
            "[env",
            "[possible",
            "Possible",
            "Print ",
        ] {
            assert!(!help.contains(word), "{word} stands in\n{help}");
        }
        assert!(help.contains("Uso: chancela") && help.contains("Opções:"), "{help}");
    }
}
