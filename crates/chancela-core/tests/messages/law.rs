//! The law of the two halves: what a client writes for any endpoint, its server reads as the same request of the same
//! client, believed by the same proof.

use crate::world::{CERTIFICATE, Sample, VERIFIER, axes, believes, endpoints, presented, read, record};
use chancela_core::client_auth::Method;
use chancela_core::dialect::{BasicEncoding, Dialect, Grant, TokenEndpoint};
use chancela_core::message::HttpRequest;
use chancela_core::message::introspection::TokenParameter;
use chancela_core::message::token_request::{GrantRequest, TokenRequest};
use chancela_core::scope::Scope;
use chancela_core::secret::Secret;
use chancela_core::x509::Certificate;
use proptest::prelude::*;
use proptest::sample::Index;

/// A request of any kind that `endpoint` takes.
fn sample(dialect: &'static Dialect, endpoint: &'static TokenEndpoint) -> impl Strategy<Value = Sample> {
    let names: Vec<&str> = dialect.scopes.keys().map(String::as_str).collect();
    let limit = endpoint.scope.max.map_or(names.len(), usize::from).min(names.len());
    let least = usize::from(endpoint.scope.when_absent == chancela_core::dialect::WhenScopeAbsent::Reject);
    let scope = match &endpoint.exact_scope {
        Some(exact) => {
            let tokens: Vec<String> = exact.iter().map(str::to_owned).collect();
            Just(tokens).prop_shuffle().prop_map(|tokens| Some(tokens.join(" "))).boxed()
        }
        None => proptest::sample::subsequence(names, least..=limit)
            .prop_map(|tokens| Some(tokens.join(" ")).filter(|text| !text.is_empty()))
            .boxed(),
    };
    let has_tenant = endpoint.paths.iter().any(|path| path.contains("{tenant}"));
    let tenant = if has_tenant { "[A-Za-z0-9_~-]{1,20}".prop_map(Some).boxed() } else { Just(None).boxed() };
    let has_partner = endpoint.client_authentication.partner.is_some();
    let partner = if has_partner {
        proptest::option::of(("[!-9;-~é]{1,20}", "[ -~ç]{1,20}")).boxed()
    } else {
        Just(None).boxed()
    };
    // The texts of passwords and the like: anything but nothing.
    let credentials = (any::<Index>(), "[ -~é]{1,30}", "[ -~\u{a0}-\u{3ff}😀]{1,40}", partner);
    let grant = (any::<Index>(), "\\PC{1,30}", "\\PC{1,30}", proptest::option::of("https://\\PC{0,20}"));
    (credentials, grant, scope, tenant, "[!-~]{1,60}").prop_map(
        move |(credentials, grant, scope, tenant, chain_token)| {
            let (method, client_id, secret, partner) = credentials;
            let (wire, first, second, resource) = grant;
            let grants: Vec<Grant> = endpoint.request.grants.values().copied().collect();
            let methods = &endpoint.client_authentication.methods;
            Sample {
                client_id,
                secret: Secret::new(secret),
                method: Some(methods[method.index(methods.len())]),
                grant: grants[wire.index(grants.len())],
                texts: [first, second],
                scope,
                resource,
                chain_token,
                tenant,
                partner: partner.map(|(id, secret)| (id, Secret::new(secret))),
            }
        },
    )
}

fn any_request() -> impl Strategy<Value = (&'static TokenEndpoint, Sample)> {
    let all: Vec<_> = endpoints().chain(axes()).collect();
    proptest::sample::select(all).prop_flat_map(|(dialect, endpoint)| {
        sample(dialect, endpoint).prop_map(move |sample| (endpoint, sample))
    })
}

fn same_grant(sample: &Sample, read: &GrantRequest<'_>) -> bool {
    let [first, second] = &sample.texts;
    match (sample.grant, read) {
        (Grant::ClientCredentials, GrantRequest::ClientCredentials) => true,
        (Grant::DangerPassword, GrantRequest::Password { username, password }) => {
            username == first && password.expose() == second
        }
        (Grant::RefreshToken, GrantRequest::RefreshToken { refresh_token }) => refresh_token == first,
        (Grant::AuthorizationCode, GrantRequest::AuthorizationCode { code, redirect_uri, code_verifier }) => {
            code == first
                && redirect_uri.as_deref() == Some(second)
                && code_verifier.as_deref() == Some(VERIFIER)
        }
        _ => false,
    }
}

fn scope(text: Option<&str>) -> Scope {
    Scope::parse(text.unwrap_or_default()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1200))]

    #[test]
    fn what_a_client_writes_its_server_reads_as_the_same_request((endpoint, sample) in any_request()) {
        let method = sample.method.unwrap();
        let raw = endpoint.client_authentication.basic_encoding == BasicEncoding::Raw;
        let sent = match sample.send(endpoint) {
            // The one thing that cannot be said, and is refused with a reason.
            Err(error) => {
                prop_assert!(raw && method == Method::ClientSecretBasic && sample.client_id.contains(':'), "{error}");
                return Ok(());
            }
            Ok(sent) => sent,
        };
        let certificate = presented(endpoint, method);
        let read = read(endpoint, &sent, certificate.as_ref());
        let read = read.map_err(|rejection| TestCaseError::fail(format!("{}: {rejection}", endpoint.name)))?;
        let TokenRequest { grant, credentials, partner, scope: asked, resource, chain_token, certificate } = &read;
        prop_assert!(same_grant(&sample, grant));
        let client = record(&sample.client_id, sample.secret.expose(), method);
        prop_assert!(believes(credentials, endpoint, &client));
        match (&sample.partner, partner) {
            (Some((id, secret)), Some(partner)) => {
                let mut record = record(id, secret.expose(), Method::ClientSecretBasic);
                record.partner = true;
                prop_assert!(believes(partner, endpoint, &record));
            }
            (sent, read) => prop_assert!(sent.is_none() && read.is_none()),
        }
        prop_assert_eq!(scope(asked.as_deref()), scope(sample.scope.as_deref()));
        prop_assert_eq!(resource.as_deref(), sample.resource.as_deref());
        let chained = endpoint.requires.access_token.is_some();
        prop_assert_eq!(*chain_token, chained.then_some(sample.chain_token.as_str()));
        let own = Certificate::parse_header(CERTIFICATE).unwrap();
        let shown = certificate.map(|text| Certificate::parse_header(text).unwrap().sha256);
        prop_assert_eq!(shown, endpoint.requires.danger_client_certificate.as_ref().map(|_| own.sha256));
        // The same request again, from what the server read.
        let again = read.encode(endpoint, &chancela_core::message::token_request::Envelope {
            tenant: sample.tenant.as_deref(),
            ..Default::default()
        });
        prop_assert_eq!(again.map(|again| again.uri().clone()).ok(), Some(sent.uri().clone()));
    }

    /// RFC 7009 section 2.1.
    #[test]
    fn what_a_client_revokes_its_server_reads((endpoint, sample) in any_request(), token in "\\PC{1,80}") {
        let method = sample.method.unwrap();
        let request = sample.request(endpoint).unwrap();
        let policy = &endpoint.client_authentication;
        let revocation = TokenParameter { token: token.as_str().into(), credentials: request.credentials };
        let Ok(sent) = revocation.encode(&"/oauth/revoke".parse().unwrap(), policy.basic_encoding) else {
            prop_assert!(sample.client_id.contains(':'));
            return Ok(());
        };
        let certificate = presented(endpoint, method);
        let http = HttpRequest {
            method: sent.method(),
            query: None,
            headers: sent.headers(),
            body: sent.body(),
            certificate: certificate.as_ref(),
        };
        let read = TokenParameter::parse(policy, &http);
        let read = read.map_err(|rejection| TestCaseError::fail(rejection.to_string()))?;
        prop_assert_eq!(&*read.token, token.as_str());
        let client = record(&sample.client_id, sample.secret.expose(), method);
        prop_assert!(believes(&read.credentials, endpoint, &client));
    }

    /// The path is the endpoint's, whatever the tenant.
    #[test]
    fn a_tenant_is_one_segment_or_refused(tenant in "[A-Za-z0-9._~%/?# é-]{0,12}") {
        let (endpoint, pattern) = endpoints()
            .find_map(|(_, endpoint)| Some((endpoint, endpoint.paths.iter().find(|path| path.contains("/{tenant}/"))?)))
            .unwrap();
        let (before, after) = pattern.split_once("{tenant}").unwrap();
        let sample = Sample { tenant: Some(tenant.clone()), ..Sample::plain(endpoint) };
        if let Ok(sent) = sample.send(endpoint) {
            let filled = sent.uri().to_string();
            let segment = filled.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            prop_assert_eq!(segment, Some(tenant.as_str()));
            prop_assert!(!tenant.contains(['/', '?', '#', '%']) && tenant != "." && tenant != "..");
        }
    }
}
