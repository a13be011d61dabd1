//! `chancela config …`

use crate::cli::ConfigAction;
use crate::failure::Failure;
use crate::{output, serve};
use serde_json::json;

/// Every key with meaning and default: the documented example, which a test reads back.
const SCHEMA: &str = include_str!("schema.toml");

/// Runs the subcommand.
pub(crate) fn run(action: ConfigAction) -> Result<(), Failure> {
    match action {
        ConfigAction::Check { config, json } => {
            let (config, _) = serve::load(&config.config, config.kek_file.as_deref())?;
            let realms: Vec<&String> = config.realm.keys().collect();
            match json {
                true => output::show(&json!({ "ok": true, "realms": realms }), true),
                false => output::line(&format!("ok: {} realms", realms.len())),
            }
        }
        ConfigAction::Show { config, json } => {
            let (config, _) = serve::load(&config.config, config.kek_file.as_deref())?;
            match json {
                true => output::show(&serde_json::to_value(&config).unwrap_or_default(), true),
                false => output::line(&toml::to_string_pretty(&config).unwrap_or_default()),
            }
        }
        ConfigAction::Schema { json } => {
            let table: toml::Table =
                toml::from_str(SCHEMA).map_err(|error| Failure::Other(error.to_string()))?;
            match json {
                true => output::show(&serde_json::to_value(table).unwrap_or_default(), true),
                false => output::line(SCHEMA.trim_end()),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::SCHEMA;
    use chancela_core::dialect::Library;
    use chancela_server::config::Config;

    #[test]
    fn the_printed_schema_is_a_configuration_that_works() {
        let config = Config::parse("schema.toml", SCHEMA).expect("it is read");
        config.check(&Library::builtin()).expect("it is accepted");
    }

    #[test]
    fn the_printed_schema_names_every_key() {
        let config = Config::parse("schema.toml", SCHEMA).expect("it is read");
        let table = toml::Table::try_from(&config).expect("it is written");
        fn keys(table: &toml::Table, out: &mut Vec<String>) {
            for (key, value) in table {
                out.push(key.clone());
                if let toml::Value::Table(below) = value {
                    keys(below, out);
                }
            }
        }
        let mut all = Vec::new();
        keys(&table, &mut all);
        for key in all {
            assert!(SCHEMA.contains(&key), "{key} is missing");
        }
    }
}
