//! `chancela agent init`: a configuration for a running sandbox, so that a partner's first token takes one more command.
//!
//! Owns the conversation with the sandbox and the order of things: all is read and judged before anything is written.

mod files;
mod plan;

use super::{config_folder, shown};
use crate::failure::{AgentFailure, Failure};
use crate::language::{Locale, Said, said};
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

pub(super) fn init(sandbox: &str, folder: Option<PathBuf>, locale: Locale) -> Result<(), Failure> {
    let folder = folder.or_else(config_folder).ok_or_else(|| {
        AgentFailure::said(said!(
            "neither XDG_CONFIG_HOME nor HOME is set; name a folder with --folder",
            "nem XDG_CONFIG_HOME nem HOME está definida; indique uma pasta com --folder",
        ))
    })?;
    // The configuration is read from wherever somebody stands.
    let folder = std::path::absolute(&folder).map_err(Failure::io(shown(&folder)))?;
    let text = folder.to_str().ok_or_else(|| {
        let folder = folder.display();
        AgentFailure::said(said!(
            "{folder} is not UTF-8, and TOML is; name another folder with --folder",
            "{folder} não é UTF-8, e TOML é; indique outra pasta com --folder",
        ))
    })?;
    files::is_free(&folder.join(CONFIG))?;
    let plan = Plan::read(text, &describe(sandbox)?)?;
    files::write(&folder, &plan.files()?)?;
    let names: Vec<&str> = plan.names().collect();
    let config = folder.join(CONFIG);
    let (config, first, names) = (config.display(), *names.first().unwrap_or(&"PROVIDER"), names.join(", "));
    let said = said!(
        "wrote {config} with {names}; try: chancela token {first}",
        "{config} foi escrito com {names}; experimente: chancela token {first}",
    );
    output::tell(locale, &said);
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
    let target = Target::parse(sandbox).map_err(AgentFailure::because)?;
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
    let none = |why: Said| {
        let Said { english, portuguese } = why;
        Failure::from(AgentFailure::said(said!(
            "no sandbox answers at {sandbox} ({english}); start one with `chancela sandbox`",
            "nenhum sandbox responde em {sandbox} ({portuguese}); inicie um com `chancela sandbox`",
        )))
    };
    let answer = answer.map_err(|error| none(Said::of(&error)))?;
    let description: Option<Value> = serde_json::from_slice(answer.body()).ok();
    let known = description.filter(|text| text["realms"].is_object());
    known.ok_or_else(|| {
        let status = answer.status().as_u16();
        none(said!("it answered {status}", "a resposta foi {status}"))
    })
}
