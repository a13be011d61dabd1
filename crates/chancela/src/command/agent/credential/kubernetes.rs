//! client-go's credential plugins (client.authentication.k8s.io): a request in a variable, an `ExecCredential` as answer.

use super::super::variable;
use super::{answer, token};
use crate::cli::{AgentFile, Wanted};
use crate::failure::Failure;
use chancela_agent::clock::{Clock, SystemClock};
use chancela_agent::config::HostName;
use chancela_core::message::token_response::iso_8601;
use serde_json::{Value, json};
use std::time::Duration;

/// The request.
const VARIABLE: &str = "KUBERNETES_EXEC_INFO";
const GROUP: &str = "client.authentication.k8s.io/";
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];
/// client-go keeps a token until the time that it is told; so much earlier it is to ask again. Milliseconds.
const MARGIN: i64 = 10_000;

pub(super) fn kubernetes(
    provider: &str,
    file: &AgentFile,
    wanted: &Wanted,
    host: Option<&HostName>,
) -> Result<(), Failure> {
    let info = variable(VARIABLE).map(|info| info.to_string_lossy().into_owned());
    let asked = Asked::parse(info.as_deref())?;
    if let Some(host) = host
        && asked.host.as_ref() != Some(&host.without_port(443))
    {
        return Err(Failure::Usage(match asked.host {
            Some(other) => {
                format!("the cluster is at {other}, and the token is for {host}; name it with --host")
            }
            None => "the cluster's address is not told; add provideClusterInfo: true to the user's exec"
                .to_owned(),
        }));
    }
    answer(file, async |agent| {
        let authorized = token(agent, provider, wanted.request(Duration::ZERO)).await?;
        let left = authorized.served.left;
        let ends_at = SystemClock.now().wall.saturating_add(left - MARGIN.min(left / 2)).div_euclid(1000);
        let status = json!({
            "token": authorized.served.token.access_token.expose(),
            "expirationTimestamp": iso_8601(ends_at),
        });
        let version = asked.version;
        let answer = json!({ "apiVersion": version, "kind": "ExecCredential", "status": status });
        Ok(Some(answer.to_string()))
    })
}

/// What client-go wants.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    /// The version of the answer.
    version: String,
    /// The cluster's host, if it is told.
    host: Option<HostName>,
}

impl Asked {
    /// Reads the variable; without it somebody tries the command by hand.
    fn parse(info: Option<&str>) -> Result<Self, Failure> {
        let wrong =
            |what: &str| Failure::Usage(format!("{VARIABLE} {what}; let kubectl or client-go set it"));
        let Some(info) = info else { return Ok(Self { version: format!("{GROUP}v1"), host: None }) };
        let info: Value = serde_json::from_str(info).map_err(|_| wrong("is no JSON"))?;
        let version = info["apiVersion"].as_str().unwrap_or_default();
        if info["kind"] != "ExecCredential" || !VERSIONS.iter().any(|own| *version == format!("{GROUP}{own}"))
        {
            return Err(wrong("asks for no ExecCredential of version v1 or v1beta1"));
        }
        let server = &info["spec"]["cluster"]["server"];
        let host = server.as_str().and_then(|server| server.strip_prefix("https://")?.split('/').next());
        let host = host.and_then(|host| HostName::parse(host).ok()).map(|host| host.without_port(443));
        Ok(Self { version: version.to_owned(), host })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_version_and_cluster() {
        let read = |text: &str| Asked::parse(Some(text)).map_err(|error| error.to_string());
        let asked = read(
            r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1",
                "spec":{"interactive":false,"cluster":{"server":"https://K8s.example:443/path"}}}"#,
        );
        let asked = asked.unwrap();
        assert_eq!(asked.version, "client.authentication.k8s.io/v1beta1");
        assert_eq!(asked.host, HostName::parse("k8s.example").ok());
        assert_eq!(Asked::parse(None).unwrap().version, "client.authentication.k8s.io/v1");
        let plain = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",
            "spec":{"cluster":{"server":"http://k8s.example"}}}"#;
        assert_eq!(read(plain).unwrap().host, None, "a token is for TLS alone");
        for wrong in
            ["", "{}", "[]", r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v9"}"#]
        {
            assert!(read(wrong).unwrap_err().contains(VARIABLE), "{wrong}");
        }
    }
}
