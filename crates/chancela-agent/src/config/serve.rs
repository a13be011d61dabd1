//! What the agent's process serves, and to whom, in the words of the file: `[agent]`.

use serde::{Deserialize, Deserializer, de::Error};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What the agent's process serves, and to whom.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServeConfig {
    /// The Unix socket; `chancela/agent.sock` in the folder that `XDG_RUNTIME_DIR` names if absent.
    pub socket: Option<PathBuf>,
    /// Where health and metrics are told, by TCP and to everybody; nowhere if absent.
    pub ops: Option<SocketAddr>,
    /// Providers whose tokens are there before anybody asks, and without which the agent is not ready.
    pub prefetch: Vec<String>,
    /// Who may do what. Without a rule the agent's own user may do everything and nobody else anything; with rules, what
    /// they say is all that is allowed.
    pub allow: Vec<AllowConfig>,
}

/// One rule: every process of this user and group may do this for these providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowConfig {
    /// The process's effective user.
    pub uid: Option<u32>,
    /// The process's effective group; groups that it has beside that are not known to a socket.
    pub gid: Option<u32>,
    /// For these; for all if absent.
    pub providers: Option<Vec<String>>,
    /// This; everything if absent.
    pub operations: Option<Vec<Operation>>,
}

/// What a caller does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Gets a token.
    Token,
    /// Sees how tokens stand.
    Status,
    /// Hears of news.
    Events,
    /// Calls the provider's API through a reverse proxy, without seeing the token.
    Call,
}

impl Operation {
    /// Its name in files and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Status => "status",
            Self::Events => "events",
            Self::Call => "call",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    uid: Option<u32>,
    gid: Option<u32>,
    providers: Option<Vec<String>>,
    operations: Option<Vec<Operation>>,
}

impl<'de> Deserialize<'de> for AllowConfig {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let Written { uid, gid, providers, operations } = Written::deserialize(input)?;
        if uid.is_none() && gid.is_none() {
            return Err(D::Error::custom(
                "a rule that names nobody allows everybody; give it a uid or a gid",
            ));
        }
        Ok(Self { uid, gid, providers, operations })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ServeConfig, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_whole_table_is_read() {
        let text = r#"
            socket = "/run/chancela/agent.sock"
            ops = "127.0.0.1:9464"
            prefetch = ["one"]
            [[allow]]
            uid = 1001
            providers = ["one"]
            operations = ["token", "status"]
        "#;
        let config = read(text).unwrap();
        assert_eq!(config.ops.unwrap().port(), 9464);
        assert_eq!(config.allow[0].operations, Some(vec![Operation::Token, Operation::Status]));
        assert!(read("").unwrap().allow.is_empty());
    }

    #[test]
    fn what_is_misspelt_or_names_nobody_is_refused() {
        let nobody = read("[[allow]]\nproviders = [\"one\"]").unwrap_err();
        assert!(nobody.contains("give it a uid or a gid"), "{nobody}");
        for wrong in [
            "sockets = \"/a\"",
            "[[allow]]\nuid = 1\nexe = \"/bin/a\"",
            "[[allow]]\nuid = -1",
            "ops = \"9464\"",
        ] {
            read(wrong).unwrap_err();
        }
        read("[[allow]]\nuid = 1\noperations = [\"header\"]").unwrap_err();
    }
}
