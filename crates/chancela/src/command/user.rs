//! `chancela user …`

use super::administration::{answer, carry_out, first_line, read};
use crate::cli::{Target, UserAction, UserCreate};
use crate::failure::Failure;
use crate::output;
use chancela_server::control::{Command, ImportedUser, NewUser};
use serde_json::{Map, Value};
use std::path::Path;

/// `chancela user …`
pub(crate) fn user(action: UserAction) -> Result<(), Failure> {
    let (target, command) = match action {
        UserAction::Create(new) => create(*new)?,
        UserAction::List { target } => return list(&target),
        UserAction::Show { target, user } => {
            (target, Command::UserShow { username: user.username, tenant: user.tenant })
        }
        UserAction::Disable { target, user } => {
            let (username, tenant) = (user.username, user.tenant);
            (target, Command::UserSetEnabled { username, tenant, enabled: false })
        }
        UserAction::Enable { target, user } => {
            let (username, tenant) = (user.username, user.tenant);
            (target, Command::UserSetEnabled { username, tenant, enabled: true })
        }
        UserAction::SetPassword { target, user, password_file } => {
            let password = password(password_file.as_deref())?;
            let (username, tenant) = (user.username, user.tenant);
            (target, Command::UserSetPassword { username, tenant, password })
        }
        UserAction::ResetFactors { target, user } => {
            (target, Command::UserResetFactors { username: user.username, tenant: user.tenant })
        }
        UserAction::Delete { target, user } => {
            (target, Command::UserDelete { username: user.username, tenant: user.tenant })
        }
        UserAction::Import { target, replace, file } => {
            let users = imported(&file, &read(&file)?)?;
            (target, Command::UserImport { users, replace })
        }
    };
    carry_out(&target, command)
}

fn create(new: UserCreate) -> Result<(Target, Command), Failure> {
    let mut claims = Map::new();
    let named = [("name", new.name), ("email", new.email)];
    for (name, value) in named.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        claims.insert(name.into(), value.into());
    }
    for text in &new.claims {
        let (name, value) = claim(text)?;
        claims.insert(name, value);
    }
    let password = if new.no_password { None } else { Some(password(new.password_file.as_deref())?) };
    let user = NewUser { username: new.username, tenant: new.tenant, password, claims, ..NewUser::default() };
    Ok((new.target, Command::UserCreate(Box::new(user))))
}

/// `name=text` or `name:=json`.
fn claim(text: &str) -> Result<(String, Value), Failure> {
    let wrong = || Failure::Usage(format!("--claim {text:?}: must be NAME=TEXT or NAME:=JSON"));
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    match name.strip_suffix(':') {
        Some(name) => Ok((name.to_owned(), serde_json::from_str(value).map_err(|_| wrong())?)),
        None => Ok((name.to_owned(), value.into())),
    }
}

fn password(file: Option<&Path>) -> Result<String, Failure> {
    let Some(file) = file else { return first_line("the password") };
    let text = read(file)?;
    match text.lines().next().unwrap_or("") {
        "" => Err(Failure::Usage(format!("{}: its first line must be the password", file.display()))),
        line => Ok(line.to_owned()),
    }
}

/// All users, page by page.
fn list(target: &Target) -> Result<(), Failure> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let mut page = answer(target, Command::UserList { after })?;
        if let Some(Value::Array(users)) = page.get_mut("users").map(Value::take) {
            all.extend(users);
        }
        after = page.get_mut("next").map(Value::take).and_then(|next| serde_json::from_value(next).ok());
        if after.is_none() {
            output::show(&Value::Array(all), target.json);
            return Ok(());
        }
    }
}

/// The users of a file: one array, or one object a line.
fn imported(file: &Path, text: &str) -> Result<Vec<ImportedUser>, Failure> {
    let wrong = |place: &str, error: &dyn std::fmt::Display| {
        Failure::Usage(format!("{}: {place}is not JSON: {error}", file.display()))
    };
    if text.trim_start().starts_with('[') {
        let users: Vec<Value> = serde_json::from_str(text).map_err(|error| wrong("", &error))?;
        let place = |(at, user)| ImportedUser { place: format!("user {}", at + 1), user };
        return Ok(users.into_iter().enumerate().map(place).collect());
    }
    let mut users = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("line {}", at + 1);
        let user = serde_json::from_str(line).map_err(|error| wrong(&format!("{place} "), &error))?;
        users.push(ImportedUser { place, user });
    }
    Ok(users)
}
