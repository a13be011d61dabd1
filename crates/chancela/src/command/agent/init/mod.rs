//! `chancela agent init`: a configuration for a running sandbox, so that a partner's first token takes one more command.
//!
//! Owns the conversation with the sandbox and the order of things: all is read and judged before anything is written.

mod files;
mod plan;

use super::{config_folder, shown};
use crate::failure::{AgentFailure, Failure};
use crate::{output, serve};
use chancela_agent::transport::{Proxies, Route, Target, Tls};
use plan::Plan;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use toml::Table;

const PATIENCE: Duration = Duration::from_secs(5);
/// The configuration's file.
const CONFIG: &str = "agent.toml";
/// The file of the cache's key.
const KEY: &str = "cache.key";

pub(super) fn init(sandbox: &str, folder: Option<PathBuf>) -> Result<(), Failure> {
    let folder = folder.or_else(config_folder).ok_or_else(|| {
        AgentFailure::configuration("neither XDG_CONFIG_HOME nor HOME is set; name a folder with --folder")
    })?;
    // The configuration is read from wherever somebody stands.
    let folder = std::path::absolute(&folder).map_err(Failure::io(shown(&folder)))?;
    let text = folder.to_str().ok_or_else(|| {
        let why =
            format!("{} is not UTF-8, and TOML is; name another folder with --folder", folder.display());
        AgentFailure::configuration(why)
    })?;
    files::is_free(&folder.join(CONFIG))?;
    let plan = Plan::read(text, &describe(sandbox)?)?;
    files::write(&folder, &plan.files()?)?;
    let names: Vec<&str> = plan.names().collect();
    output::complain(&format!(
        "wrote {} with {}; try: chancela token {}",
        folder.join(CONFIG).display(),
        names.join(", "),
        names.first().unwrap_or(&"PROVIDER")
    ));
    Ok(())
}

/// Writes a configuration of what `choose` makes of a sandbox's providers, with a cache of its own beside it.
pub(super) fn write_stand_ins(
    folder: &Path,
    description: &Value,
    choose: impl FnOnce(&Table) -> Result<Table, Failure>,
) -> Result<PathBuf, Failure> {
    let not_text = || AgentFailure::configuration(format!("{} is not UTF-8, and TOML is", folder.display()));
    let text = folder.to_str().ok_or_else(not_text)?;
    files::is_free(&folder.join(CONFIG))?;
    let mut plan = Plan::read(text, description)?;
    plan.replace(choose)?;
    files::write(folder, &plan.files()?)?;
    Ok(folder.join(CONFIG))
}

/// What the sandbox says of itself.
fn describe(sandbox: &str) -> Result<Value, Failure> {
    let target = Target::parse(sandbox).map_err(AgentFailure::configuration)?;
    let route = Route {
        tls: Arc::new(Tls::new(Vec::new(), None)),
        proxies: Proxies::default(),
        connect: PATIENCE,
        carrier: None,
    };
    let path = target.join("/sandbox.json");
    let request = http::Request::get(path).body(bytes::Bytes::new());
    let request = request.map_err(AgentFailure::configuration)?;
    let answer = serve::runtime()?.block_on(route.send(&target, request, PATIENCE));
    let none = |why: String| {
        let text = format!("no sandbox answers at {sandbox} ({why}); start one with `chancela sandbox`");
        Failure::from(AgentFailure::configuration(text))
    };
    let answer = answer.map_err(|error| none(error.to_string()))?;
    let description: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let known = description.filter(|text| text["realms"].is_object());
    known.ok_or_else(|| none(format!("it answered {}", answer.status().as_u16())))
}
