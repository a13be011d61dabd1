//! The configuration that an enrolment needs, for whoever has none: it is printed, never written.

use crate::config::ProviderConfig;
use chancela_core::dialect::{Dialect, KeyOrigin};
use std::path::Path;

/// The tables of a provider as they would be, with what is known of it.
pub fn template(name: &str, config: &ProviderConfig, dialect: &Dialect, folder: &Path) -> String {
    let issuance = &dialect.certificate_issuance;
    // A dialect that says to which endpoint registered clients belong is one whose clients register.
    let registers = !dialect.registration.token_endpoint.is_empty();
    let place =
        |end: &str| format!("\"file:{}\"", folder.join("enrolment").join(format!("{name}.{end}")).display());
    let mut out = vec![format!("[provider.{name}]")];
    out.extend(config.dialect.as_ref().map(|dialect| format!("dialect = {dialect:?}")));
    out.extend(config.environment.as_ref().map(|environment| format!("environment = {environment:?}")));
    out.extend(config.address.as_ref().map(|address| format!("address = {address:?}")));
    out.push(format!("scope = {:?}", config.scope.as_deref().unwrap_or("…")));
    out.push(format!("certificate = {}", place("pem")));
    match registers {
        true => out.push(format!("client_id = {}        # written by the enrolment", place("id"))),
        false => out.push("client_id = \"…\"".to_owned()),
    }
    if issuance.is_text() {
        out.push(format!("client_secret = {}    # written by the enrolment", place("secret")));
    }
    out.push(format!("\n[provider.{name}.enrollment]"));
    if registers {
        out.push("client_id = \"…\"                  # who you are before there is a certificate".to_owned());
    }
    if issuance.is_text() {
        out.push("token = \"file:…\"                # the token that the provider sent".to_owned());
    } else {
        out.push("client_secret = \"file:…\"".to_owned());
    }
    if issuance.path.contains("{organization}") || !dialect.registration.organization_member.is_empty() {
        out.push("organization = \"…\"".to_owned());
    }
    if issuance.key == KeyOrigin::Client {
        out.push("subject = { organization = \"…\", organizational_unit = \"…\", locality = \"…\", state_or_province = \"…\", country = \"…\" }".to_owned());
    }
    out.push("renew_before = \"30d\"".to_owned());
    out.join("\n")
}
