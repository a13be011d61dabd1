//! `chancela man`: a manual page for each subcommand, made of what the parser knows, with the sections that it does not:
//! exit codes, files and variables.

use crate::cli::Cli;
use crate::failure::Failure;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// A name and what it means.
type Entries = &'static [(&'static str, &'static str)];

/// What one side of the program has beside its arguments.
struct Side {
    exit_codes: Entries,
    files: Entries,
    variables: Entries,
}

const SERVER: Side = Side {
    exit_codes: &[
        ("0", "Done."),
        ("1", "Failed."),
        ("2", "Wrong usage or configuration."),
        ("3", "Not found."),
        ("4", "Conflict: it is there already, or was changed meanwhile."),
    ],
    files: &[("chancela.toml", "The server's configuration, if --config names no other file.")],
    variables: &[("CHANCELA_CONFIG", "The server's configuration, instead of --config.")],
};

const AGENT: Side = Side {
    exit_codes: &[
        ("0", "Done."),
        ("1", "Failed; of doctor: a check has failed; of inspect: the signature is not known to be good."),
        ("2", "Wrong usage."),
        ("3", "Wrong configuration."),
        ("4", "A person has to log in."),
        ("5", "Refused by the provider."),
        ("6", "The provider is not available; the sentence says when the next attempt is."),
        ("8", "Not in time."),
        ("9", "A renewed session could not be kept."),
        ("126, 127, 128+n", "Of exec: the program cannot be run, is not found, or was ended by signal n."),
    ],
    files: &[
        (
            "$XDG_CONFIG_HOME/chancela/agent.toml",
            "The agent's configuration (~/.config if the variable is not set).",
        ),
        ("/etc/chancela/agent.toml", "The same, if there is no other."),
        ("$XDG_STATE_HOME/chancela", "Tokens, sealed (~/.local/state if the variable is not set)."),
        ("$XDG_RUNTIME_DIR/chancela/agent.sock", "Where the agent's process serves tokens."),
    ],
    variables: &[
        ("CHANCELA_AGENT_CONFIG", "The agent's configuration, instead of --config."),
        (
            "HTTPS_PROXY, NO_PROXY",
            "The proxy towards providers, and hosts without one, if http.proxy is \"env\".",
        ),
        ("CREDENTIALS_DIRECTORY", "Where systemd-cred: secrets are; systemd sets it."),
    ],
};

/// Prints the program's page, or writes all of them into a folder.
pub(super) fn man(folder: Option<&Path>) -> Result<(), Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let Some(folder) = folder else {
        return page(&program, &mut io::stdout().lock()).map_err(Failure::io("writing the page"));
    };
    fs::create_dir_all(folder).map_err(Failure::io(folder.display().to_string()))?;
    write_all(&program, folder)
}

fn write_all(command: &Command, folder: &Path) -> Result<(), Failure> {
    let path = folder.join(Man::new(command.clone()).get_filename());
    let mut text = Vec::new();
    let written = page(command, &mut text).and_then(|()| fs::write(&path, &text));
    written.map_err(Failure::io(path.display().to_string()))?;
    command.get_subcommands().filter(|one| !one.is_hide_set()).try_for_each(|one| write_all(one, folder))
}

fn page(command: &Command, out: &mut dyn Write) -> io::Result<()> {
    let man = Man::new(command.clone()).manual("Chancela");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(out)?;
    }
    if command.get_subcommands().any(|one| !one.is_hide_set()) {
        man.render_subcommands_section(out)?;
    }
    for (title, entries) in sections(command.get_display_name().unwrap_or_else(|| command.get_name())) {
        writeln!(out, ".SH \"{title}\"")?;
        for (name, meaning) in entries {
            writeln!(out, ".TP\n\\fB{}\\fR\n{}", escaped(name), escaped(meaning))?;
        }
    }
    Ok(())
}

/// What stands in no argument, by the page's name.
fn sections(name: &str) -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let begins = |with: &str| name == with || name.starts_with(&format!("{with}-"));
    let sides: &[Side] = match name {
        "chancela" | "chancela-token" => &[SERVER, AGENT],
        _ if begins("chancela-agent") => &[AGENT],
        _ => &[SERVER],
    };
    // Where both sides stand, their codes differ: one after the other.
    let titles = match sides {
        [_, _] => ["EXIT STATUS OF THE SERVER'S COMMANDS", "EXIT STATUS OF THE AGENT'S COMMANDS"],
        _ => ["EXIT STATUS"; 2],
    };
    let mut out: Vec<_> =
        titles.into_iter().zip(sides).map(|(title, side)| (title, side.exit_codes.to_vec())).collect();
    out.push(("FILES", sides.iter().flat_map(|side| side.files).copied().collect()));
    out.push(("ENVIRONMENT", sides.iter().flat_map(|side| side.variables).copied().collect()));
    out
}

/// A text that roff prints as it is: groff_char(7).
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('~', "\\(ti").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
