//! AWS's `credential_process`: a role's credentials for a provider's token.
//!
//! A token is no credential there. The token service gives one for it, if a role trusts the provider
//! (AssumeRoleWithWebIdentity, API version 2011-06-15): that call is signed by nobody and made here. What it gives is kept
//! by whoever asks.

use super::{answer, token};
use crate::cli::Aws;
use crate::failure::{AgentFailure, Failure};
use bytes::Bytes;
use chancela_agent::agent::Agent;
use chancela_agent::provider::route;
use chancela_agent::source::Surroundings;
use chancela_agent::transport::Target;
use chancela_core::secret::Secret;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use serde_json::json;
use std::time::Duration;

/// How long the token service is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const VERSION: &str = "2011-06-15";

pub(super) fn aws(arguments: &Aws) -> Result<(), Failure> {
    let endpoint = endpoint(arguments)?;
    answer(&arguments.file, async |agent| {
        let request = arguments.wanted.request(Duration::ZERO);
        let authorized = token(agent, &arguments.provider, request).await?;
        let response = assume(agent, &endpoint, arguments, &authorized.served.token.access_token).await?;
        credentials(&response).map(Some)
    })
}

/// Where the token service is: always by TLS, but on this machine.
fn endpoint(arguments: &Aws) -> Result<Target, Failure> {
    let url = match (&arguments.endpoint, &arguments.region) {
        (Some(url), _) => url.clone(),
        (None, None) => "https://sts.amazonaws.com".to_owned(),
        (None, Some(region)) => {
            let plain = region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            if region.is_empty() || !plain {
                return Err(Failure::Usage(format!(
                    "--region {region:?}: a region is a name as eu-central-1"
                )));
            }
            let china = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://sts.{region}.amazonaws.com{china}")
        }
    };
    Target::parse(&url).map_err(|error| Failure::Usage(format!("--endpoint: {error}")))
}

async fn assume(
    agent: &Agent,
    endpoint: &Target,
    arguments: &Aws,
    token: &Secret,
) -> Result<Response<Bytes>, Failure> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", "AssumeRoleWithWebIdentity")
        .append_pair("Version", VERSION)
        .append_pair("RoleArn", &arguments.role_arn)
        .append_pair("RoleSessionName", &arguments.session_name)
        .append_pair("DurationSeconds", &arguments.duration.to_string())
        .append_pair("WebIdentityToken", token.expose())
        .finish();
    let path = endpoint.join("/");
    let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let request = request.body(Bytes::from(body)).map_err(AgentFailure::configuration)?;
    let around = Surroundings::new(super::super::variable, std::io::empty());
    // The provider's certificate is nobody else's business.
    let route = route(&agent.config().http, &around, None, None).map_err(AgentFailure::from)?;
    let sent = route.send(endpoint, request, PATIENCE).await;
    Ok(sent.map_err(|error| AgentFailure::unavailable(format!("{}: {error}", endpoint.name())))?)
}

/// What `credential_process` prints, from the token service's answer.
fn credentials(response: &Response<Bytes>) -> Result<String, Failure> {
    let text = String::from_utf8_lossy(response.body());
    let status = response.status();
    if !status.is_success() {
        let said = |name| element(&text, name).map(|said| said.chars().filter(|c| !c.is_control()).collect());
        let code: String = said("Code").unwrap_or_else(|| "no reason".to_owned());
        let message: String = said("Message").unwrap_or_default();
        let text = format!(
            "the token service answers {status}: {code} {message}; check the role's trust and its audience"
        );
        return Err(match status.is_server_error() {
            true => AgentFailure::unavailable(text),
            false => AgentFailure::refused(text),
        }
        .into());
    }
    let all = element(&text, "Credentials").unwrap_or_default();
    let one = |name| element(&all, name).filter(|value| !value.is_empty());
    let parts = (one("AccessKeyId"), one("SecretAccessKey"), one("SessionToken"), one("Expiration"));
    let (Some(id), Some(secret), Some(session), Some(expiration)) = parts else {
        let text = "the token service's answer has no credentials; check --endpoint";
        return Err(AgentFailure::refused(text).into());
    };
    Ok(json!({
        "Version": 1,
        "AccessKeyId": id,
        "SecretAccessKey": secret,
        "SessionToken": session,
        "Expiration": expiration,
    })
    .to_string())
}

/// The contents of the first element of this name. The service's answers have no attributes there, no comments, and no
/// sections but text.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = text.trim().replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    Some(text.replace("&apos;", "'").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
        <SessionToken>a+b/c==</SessionToken><SecretAccessKey>s&amp;t</SecretAccessKey>\
        <Expiration>2026-11-23T00:00:00Z</Expiration><AccessKeyId>ID</AccessKeyId></Credentials>\
        <Audience>x</Audience></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>";

    fn read(status: u16, body: &'static str) -> Result<String, String> {
        let response = Response::builder().status(status).body(Bytes::from(body)).unwrap();
        credentials(&response).map_err(|error| error.to_string())
    }

    #[test]
    fn credentials_are_read_from_xml() {
        let read_ok: serde_json::Value = serde_json::from_str(&read(200, ANSWER).unwrap()).unwrap();
        let expected = json!({
            "Version": 1, "AccessKeyId": "ID", "SecretAccessKey": "s&t", "SessionToken": "a+b/c==",
            "Expiration": "2026-11-23T00:00:00Z",
        });
        assert_eq!(read_ok, expected);
        for strange in ["", "<Credentials>", "<Credentials></Credentials>", "<html>"] {
            assert!(read(200, strange).unwrap_err().contains("has no credentials"), "{strange}");
        }
    }

    #[test]
    fn a_refusal_says_the_services_words() {
        let refusal = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not\u{1b} authorized</Message></Error></ErrorResponse>";
        assert!(
            read(403, refusal).unwrap_err().contains("403 Forbidden: AccessDenied Not authorized; check")
        );
        assert!(read(503, "").unwrap_err().contains("503"));
    }
}
