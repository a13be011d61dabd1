//! Commands that change or show what the store holds. They go to the running server through its control socket; if none
//! runs, this process opens the store itself and carries them out with the same code.

use crate::cli::{KeyAction, ScopeAction, Target, TokenAction};
use crate::failure::Failure;
use crate::{output, serve};
use chancela_server::clock::SystemClock;
use chancela_server::control::{self, Command, Request, socket};
use chancela_store_sqlite::OpenError;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::Arc;

/// `chancela scope …`
pub(crate) fn scope(action: ScopeAction) -> Result<(), Failure> {
    let (target, command) = match action {
        ScopeAction::Create { target, name, description } => {
            (target, Command::ScopeCreate { name, description })
        }
        ScopeAction::List { target } => (target, Command::ScopeList),
        ScopeAction::Delete { target, name } => (target, Command::ScopeDelete { name }),
    };
    carry_out(&target, command)
}

/// `chancela key …`
pub(crate) fn key(action: KeyAction) -> Result<(), Failure> {
    let (target, command) = match action {
        KeyAction::List { target } => (target, Command::KeyList),
        KeyAction::Rotate { target, urgency } => (target, Command::KeyRotate { urgency: urgency.into() }),
    };
    carry_out(&target, command)
}

/// `chancela token …`
pub(crate) fn token(action: TokenAction) -> Result<(), Failure> {
    match action {
        TokenAction::Inspect { target } => {
            let token = first_line("the token")?;
            carry_out(&target, Command::TokenInspect { token })
        }
        TokenAction::Revoke { target, grant: Some(grant), .. } => {
            carry_out(&target, Command::TokenRevokeGrant { grant })
        }
        TokenAction::Revoke { target, grant: None, client: None, user: None, .. } => {
            let token = first_line("the token")?;
            carry_out(&target, Command::TokenRevoke { token })
        }
        TokenAction::Revoke { target, grant: None, client: client_id, user, tenant } => {
            carry_out(&target, Command::TokenRevokeAll { client_id, user, tenant })
        }
    }
}

pub(super) fn carry_out(target: &Target, command: Command) -> Result<(), Failure> {
    output::show(&answer(target, command)?, target.json);
    Ok(())
}

/// What the command answers.
pub(super) fn answer(target: &Target, command: Command) -> Result<Value, Failure> {
    let request = Request { realm: target.realm.clone(), command };
    match &target.data {
        Some(data) => call(data, &request)?.ok_or_else(|| Failure::Data {
            path: data.clone(),
            message: "no server runs on this folder; start it, or name the configuration file with --config"
                .into(),
        }),
        None => {
            let (config, library) = serve::load(&target.config, target.kek_file.as_deref())?;
            match call(&config.data, &request)? {
                Some(value) => Ok(value),
                None => serve::runtime()?.block_on(async {
                    let server = serve::open(&config, &library, Arc::new(SystemClock))
                        .await
                        .map_err(|failure| locked(failure, &config.data))?;
                    Ok::<_, Failure>(control::execute(&server, request).await?)
                }),
            }
        }
    }
}

/// The running server's answer; `None` if no server listens.
fn call(data: &Path, request: &Request) -> Result<Option<Value>, Failure> {
    let path = serve::control_socket(data);
    match socket::call(&path, request) {
        Ok(answer) => Ok(Some(answer?)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            Ok(None)
        }
        Err(error) => Err(Failure::io(path.display().to_string())(error)),
    }
}

fn locked(failure: Failure, data: &Path) -> Failure {
    match failure {
        Failure::Store(OpenError::LockedByAnotherProcess { .. }) => Failure::Data {
            path: data.to_owned(),
            message: "a server owns this folder and does not answer on its control socket; look at its log, \
                      or run the command as the server's user"
                .into(),
        },
        other => other,
    }
}

/// A value of a closed list, by its name on the wire.
pub(super) fn one_of<T: DeserializeOwned>(what: &str, name: &str) -> Result<T, Failure> {
    serde_json::from_value(Value::from(name)).map_err(|error| Failure::Usage(format!("{what}: {error}")))
}

pub(super) fn read(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let result = if file == Path::new("-") {
        io::stdin().lock().read_to_string(&mut text).map(|_| ())
    } else {
        fs::read_to_string(file).map(|read| text = read)
    };
    result.map_err(Failure::io(file.display().to_string()))?;
    Ok(text)
}

pub(super) fn first_line(what: &str) -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Failure::io("standard input"))?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(Failure::Usage(format!("give {what} on standard input")));
    }
    Ok(line.to_owned())
}
