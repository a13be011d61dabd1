//! `chancela dialect …`

use crate::cli::DialectAction;
use crate::failure::Failure;
use crate::{output, serve};
use chancela_core::dialect::{Dialect, DialectError, Library, survey};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Runs the subcommand.
pub(crate) fn run(action: DialectAction) -> Result<(), Failure> {
    match action {
        DialectAction::List { dialects, json } => {
            let library = serve::library(dialects.as_deref())?;
            let all = library.names().map(|name| library.load(name)).collect::<Result<Vec<_>, _>>()?;
            output::show(&all.iter().map(|dialect| summary(dialect)).collect(), json);
        }
        DialectAction::Show { name, dialects, json } => {
            let dialect = serve::library(dialects.as_deref())?.load(&name)?;
            match json {
                true => output::show(&serde_json::to_value(&dialect.file).unwrap_or_default(), true),
                false => output::line(&toml::to_string_pretty(&dialect.file).unwrap_or_default()),
            }
        }
        DialectAction::Check { names, dialects, json } => {
            return check_all(&names, dialects.as_deref(), json);
        }
    }
    Ok(())
}

fn summary(dialect: &Dialect) -> Value {
    let endpoints = dialect.token_endpoints.iter();
    json!({
        "name": dialect.name,
        "title": dialect.title,
        "environments": dialect.environments.keys().collect::<Vec<_>>(),
        "token_endpoints": endpoints.flat_map(|endpoint| endpoint.paths.clone()).collect::<Vec<_>>(),
        "scopes": dialect.scopes.len(),
    })
}

/// Checks all of them before it fails, so that one run shows every mistake.
fn check_all(names: &[String], dialects: Option<&Path>, json: bool) -> Result<(), Failure> {
    let mut library = serve::library(dialects)?;
    let mut checked = Vec::new();
    for name in names {
        checked.push(if name.ends_with(".toml") {
            add_file(&mut library, Path::new(name))?
        } else {
            name.clone()
        });
    }
    if checked.is_empty() {
        checked = library.names().map(str::to_owned).collect();
    }
    let mut first_error: Option<DialectError> = None;
    let mut reports = Vec::new();
    for name in checked {
        reports.push(match library.load(&name) {
            Ok(dialect) => report(&dialect),
            Err(error) => {
                let report = json!({ "name": name, "error": error.to_string() });
                first_error.get_or_insert(error);
                report
            }
        });
    }
    output::show(&Value::Array(reports), json);
    first_error.map_or(Ok(()), |error| Err(error.into()))
}

fn report(dialect: &Dialect) -> Value {
    let marks = dialect.marks.iter().map(|(file, key, mark)| {
        let mark = serde_json::to_value(mark).unwrap_or_default();
        format!("{file}: {key} ({})", mark.as_str().unwrap_or_default())
    });
    json!({
        "name": dialect.name,
        "ok": true,
        "danger": survey::dangers(dialect).into_iter().chain(survey::issuance_dangers(dialect)).collect::<Vec<_>>(),
        "not_served_yet": survey::unsupported(dialect),
        "undocumented": marks.collect::<Vec<_>>(),
    })
}

/// Adds a file by its path, under the name of the file.
fn add_file(library: &mut Library, path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(Failure::io(path.display().to_string()))?;
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    library.add(&name, &path.display().to_string(), &text);
    Ok(name)
}
