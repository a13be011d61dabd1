//! `chancela client …`

use super::administration::{carry_out, one_of, read};
use crate::cli::{ClientAction, ClientCreate, Target};
use crate::failure::Failure;
use chancela_core::client_auth::Method;
use chancela_core::grant::GrantType;
use chancela_core::jose::JwsAlgorithm;
use chancela_core::record::{ApplicationType, RefreshTokenPolicy, SubjectType};
use chancela_server::control::{Command, NewClient};
use serde_json::Value;
use std::fs;

/// `chancela client …`
pub(crate) fn client(action: ClientAction) -> Result<(), Failure> {
    let (target, command) = match action {
        ClientAction::Create(new) => create(*new)?,
        ClientAction::List { target } => (target, Command::ClientList),
        ClientAction::Show { target, client_id } => (target, Command::ClientShow { client_id }),
        ClientAction::Import { target, file } => {
            let text = read(&file)?;
            let metadata: Value = serde_json::from_str(&text)
                .map_err(|error| Failure::Usage(format!("{}: is not JSON: {error}", file.display())))?;
            (target, Command::ClientImport(metadata))
        }
        ClientAction::RotateSecret { target, client_id, overlap } => {
            (target, Command::ClientRotateSecret { client_id, overlap })
        }
        ClientAction::Disable { target, client_id } => {
            (target, Command::ClientSetEnabled { client_id, enabled: false })
        }
        ClientAction::Enable { target, client_id } => {
            (target, Command::ClientSetEnabled { client_id, enabled: true })
        }
        ClientAction::Delete { target, client_id } => (target, Command::ClientDelete { client_id }),
    };
    carry_out(&target, command)
}

fn create(new: ClientCreate) -> Result<(Target, Command), Failure> {
    let grant = |name: &String| one_of::<GrantType>("grant type", name);
    let grant_types = new
        .grant_types
        .map(|names| names.iter().filter(|name| !name.is_empty()).map(grant).collect::<Result<Vec<_>, _>>());
    let certificate_pem = new
        .certificate
        .map(|path| fs::read_to_string(&path).map_err(Failure::io(path.display().to_string())))
        .transpose()?;
    let jwks = match new.jwks {
        Some(path) => Some(
            serde_json::from_str(&read(&path)?)
                .map_err(|error| Failure::Usage(format!("{}: is not JSON: {error}", path.display())))?,
        ),
        None => None,
    };
    let method = new.auth_method.map(|name| one_of::<Method>("method", &name)).transpose()?;
    let client = NewClient {
        client_name: new.name,
        scope: Some(new.scope),
        grant_types: grant_types.transpose()?,
        token_endpoint_auth_method: if new.public { Some(Method::None) } else { method },
        application_type: if new.native { ApplicationType::Native } else { ApplicationType::Web },
        redirect_uris: new.redirect_uris,
        post_logout_redirect_uris: new.post_logout_redirect_uris,
        backchannel_logout_uri: new.backchannel_logout_uri,
        frontchannel_logout_uri: new.frontchannel_logout_uri,
        require_consent: new.no_consent.then_some(false),
        require_pkce: new.danger_pkce_optional.then_some(false),
        subject_type: if new.pairwise { SubjectType::Pairwise } else { SubjectType::Public },
        id_token_signed_response_alg: new
            .id_token_alg
            .map(|name| one_of::<JwsAlgorithm>("algorithm", &name))
            .transpose()?,
        authorization_code_lifetime: new.authorization_code_lifetime,
        refresh_token_lifetime: new.refresh_token_lifetime,
        refresh_token_policy: new
            .refresh_token_policy
            .map(|name| one_of::<RefreshTokenPolicy>("policy", &name))
            .transpose()?,
        tenant: new.tenant,
        token_endpoint: new.token_endpoint,
        chained_to: new.chained_to,
        certificate_pem,
        tls_client_auth_subject_dn: new.tls_subject_dn,
        tls_client_auth_san_dns: new.tls_san_dns,
        tls_client_auth_issuer: new.tls_issuer,
        tls_client_certificate_bound_access_tokens: new.bound_tokens,
        organization: new.organization,
        jwks,
        access_token_lifetime: new.access_token_lifetime,
        may_introspect_any: new.may_introspect_any,
        partner: new.partner,
        ..NewClient::default()
    };
    Ok((new.target, Command::ClientCreate(Box::new(client))))
}
