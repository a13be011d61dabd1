//! The help in Portuguese: clap's command with the texts of `pt-BR.toml` in the place of its own.
//!
//! Owns how the catalogue is read and laid over; a text that it does not have stays English. Names of commands and options,
//! and what a value may be, are the same in every language.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};
use std::collections::BTreeMap;

/// Texts by the path of their command, then by what they are of: `about`, `after_help`, an argument's id, or `ID=VALUE`.
const CATALOGUE: &str = include_str!("pt-BR.toml");
/// Arguments that mean the same wherever they stand, by their English help; and those that clap adds, by their id.
const ANYWHERE: &str = "*";
/// The command `help`, which clap adds to each that has commands.
const HELP: &str = "help COMMAND";
/// The program itself.
const ROOT: &str = "chancela";
/// Names of values.
const VALUES: &str = "values";

/// The catalogue.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(transparent)]
struct Catalogue(BTreeMap<String, BTreeMap<String, String>>);

impl Catalogue {
    fn read() -> Self {
        // A catalogue that cannot be read is found by the tests; help in English is better than none.
        toml::from_str(CATALOGUE).unwrap_or_default()
    }

    fn get(&self, table: &str, key: &str) -> Option<&str> {
        Some(self.0.get(table)?.get(key)?.as_str())
    }

    /// An argument's text: its command's own, else that of all arguments of which the English help says the same.
    fn argument(&self, path: &str, argument: &Arg) -> Option<&str> {
        let id = argument.get_id().as_str();
        let english = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let of_all = || self.get(ANYWHERE, &english).or_else(|| self.get(ANYWHERE, id));
        self.get(path, id).or_else(of_all)
    }
}

/// The command with all of its help in Portuguese.
pub(super) fn translated(mut command: Command) -> Command {
    // What clap adds by itself is there only then: --help, --version, and the command `help`.
    command.build();
    lay_over(command, "", &Catalogue::read())
}

fn lay_over(command: Command, path: &str, catalogue: &Catalogue) -> Command {
    let table = if path.is_empty() { ROOT } else { path };
    let about = if is_help(path) { catalogue.get(ANYWHERE, HELP) } else { catalogue.get(table, "about") };
    let command = match about {
        Some(text) => command.about(text.to_owned()).long_about(None::<&str>),
        None => command,
    };
    let command = match catalogue.get(table, "after_help") {
        Some(text) => command.after_help(text.trim_end().to_owned()),
        None => command,
    };
    let command = command
        .subcommand_value_name("COMANDO")
        .mut_args(|argument| translated_argument(argument, path, catalogue))
        .mut_subcommands(|inner| {
            let path = format!("{path} {}", inner.get_name());
            lay_over(inner, path.trim_start(), catalogue)
        });
    let template = template(&command);
    let usage = usage(command.clone());
    command.override_usage(usage).help_template(template)
}

/// The command that shows help of others has copies of them below it.
fn is_help(path: &str) -> bool {
    path.split(' ').any(|name| name == "help")
}

fn translated_argument(argument: Arg, path: &str, catalogue: &Catalogue) -> Arg {
    let id = argument.get_id().to_string();
    let names = argument.get_value_names().unwrap_or_default().iter();
    let names: Vec<String> =
        names.map(|name| catalogue.get(VALUES, name).unwrap_or(name.as_str()).to_owned()).collect();
    let argument = if names.is_empty() { argument } else { argument.value_names(names) };
    let Some(help) = catalogue.argument(path, &argument).map(str::to_owned) else { return argument };
    let values = possible_values(&argument);
    let more = [short_values(&values), default(&argument), environment(&argument)];
    let short = more.into_iter().flatten().fold(help.clone(), |help, more| format!("{help} {more}"));
    let has_texts = values.iter().any(|value| value.get_help().is_some());
    let long = has_texts.then(|| {
        let line = |value: &PossibleValue| {
            let text = catalogue.get(path, &format!("{id}={}", value.get_name()));
            format!("- {}: {}", value.get_name(), text.unwrap_or_default())
        };
        let lines: Vec<String> = values.iter().map(line).collect();
        let default = default(&argument).map(|text| format!("\n\n{text}")).unwrap_or_default();
        format!("{help}\n\nValores possíveis:\n{}{default}", lines.join("\n"))
    });
    let argument = argument.help(short).hide_possible_values(true).hide_default_value(true).hide_env(true);
    match long {
        Some(long) => argument.long_help(long),
        None => argument.long_help(None::<&str>),
    }
}

fn possible_values(argument: &Arg) -> Vec<PossibleValue> {
    let takes_one = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let values = if takes_one { argument.get_possible_values() } else { Vec::new() };
    values.into_iter().filter(|value| !value.is_hide_set()).collect()
}

fn short_values(values: &[PossibleValue]) -> Option<String> {
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    (!names.is_empty()).then(|| format!("[valores possíveis: {}]", names.join(", ")))
}

fn default(argument: &Arg) -> Option<String> {
    let takes_one = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let values = argument.get_default_values().iter().filter(|value| takes_one && !value.is_empty());
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    (!values.is_empty()).then(|| format!("[padrão: {}]", values.join(" ")))
}

fn environment(argument: &Arg) -> Option<String> {
    argument.get_env().map(|name| format!("[variável: {}]", name.to_string_lossy()))
}

/// clap's own layout under Portuguese headings.
fn template(command: &Command) -> String {
    let style = command.get_styles().get_header();
    let heading = |text: &str| format!("{style}{text}:{style:#}");
    let mut out = format!("{{before-help}}{{about-with-newline}}\n{} {{usage}}", heading("Uso"));
    let shown = |argument: &&Arg| !argument.is_hide_set();
    let sections = [
        (command.get_subcommands().any(|inner| !inner.is_hide_set()), "Comandos", "subcommands"),
        (command.get_positionals().any(|argument| shown(&argument)), "Argumentos", "positionals"),
        (
            command.get_arguments().filter(shown).any(|argument| !argument.is_positional()),
            "Opções",
            "options",
        ),
    ];
    for (_, title, tag) in sections.into_iter().filter(|(is_there, ..)| *is_there) {
        out.push_str(&format!("\n\n{}\n{{{tag}}}", heading(title)));
    }
    out + "{after-help}"
}

fn usage(mut command: Command) -> String {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage).replace("[OPTIONS]", "[OPÇÕES]");
    // Further lines stand below the first, behind a shorter word.
    usage.replace("\n       ", "\n     ")
}

#[cfg(test)]
mod tests;
