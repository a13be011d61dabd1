//! The demo clients that send people to log in: their authorization requests, as they are printed and as the demo makes
//! them.

use super::credentials::Credentials;
use super::plan::{Plan, PlannedDemo};
use crate::failure::Failure;
use crate::store::ConfiguredStore;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::client_auth::Method;
use chancela_core::entropy::Entropy;
use chancela_core::secret::sha256;
use chancela_server::realm::Realm;
use chancela_server::server::Server;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A client of a realm where people log in.
#[derive(Debug, Clone)]
pub(super) struct RelyingParty {
    pub(super) realm: Arc<Realm>,
    pub(super) plan: PlannedDemo,
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) method: Method,
    pub(super) redirect_uri: String,
    pub(super) post_logout_redirect_uri: Option<String>,
    /// Username and password of each user.
    pub(super) users: Vec<(String, String)>,
}

/// What only the two ends of one authorization request know.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) code_verifier: String,
}

/// The relying parties of all realms that have one, in the plan's order.
pub(super) fn all(
    server: &Server<ConfiguredStore>,
    plan: &Plan,
    credentials: &Credentials,
    origin: &str,
) -> Vec<RelyingParty> {
    let mut parties = Vec::new();
    for planned in &plan.realms {
        let (Some(demo), Some(realm), Some(own)) =
            (&planned.demo, server.realm(&planned.name), credentials.get(&planned.name))
        else {
            continue;
        };
        let Some(client) = planned.clients.iter().find(|client| client.label == demo.client) else {
            continue;
        };
        let Some(kept) = own.clients.get(&client.label) else { continue };
        let Some(redirect_uri) = client.redirect_uris(origin).into_iter().next() else { continue };
        let users = planned
            .users
            .iter()
            .map(|user| (user.username.clone(), own.users.get(&user.username).cloned().unwrap_or_default()));
        parties.push(RelyingParty {
            realm: Arc::clone(realm),
            plan: demo.clone(),
            client_id: kept.client_id.clone(),
            client_secret: kept.client_secret.clone(),
            method: client.method,
            redirect_uri,
            post_logout_redirect_uri: client.post_logout_redirect_uris(origin).into_iter().next(),
            users: users.collect(),
        });
    }
    parties
}

impl Secrets {
    /// New ones.
    pub(super) fn new(entropy: &dyn Entropy) -> Result<Self, Failure> {
        let random = |length: usize| {
            let mut bytes = vec![0; length];
            entropy.fill(&mut bytes).map_err(|error| Failure::Other(error.to_string()))?;
            Ok::<_, Failure>(BASE64URL.encode(bytes))
        };
        Ok(Self { state: random(12)?, nonce: random(12)?, code_verifier: random(32)? })
    }
}

impl RelyingParty {
    /// The parameters of an authorization request, in the order in which RFC 6749 and RFC 7636 introduce them.
    pub(super) fn parameters(&self, secrets: &Secrets) -> Vec<(String, String)> {
        let challenge = BASE64URL.encode(sha256(secrets.code_verifier.as_bytes()));
        let mut parameters = vec![
            ("response_type".to_owned(), "code".to_owned()),
            ("client_id".to_owned(), self.client_id.clone()),
            ("redirect_uri".to_owned(), self.redirect_uri.clone()),
            ("scope".to_owned(), self.plan.scope.clone()),
            ("state".to_owned(), secrets.state.clone()),
            ("code_challenge".to_owned(), challenge),
            ("code_challenge_method".to_owned(), "S256".to_owned()),
        ];
        if self.is_openid() {
            parameters.push(("nonce".to_owned(), secrets.nonce.clone()));
        }
        let own = self.realm.dialect.authorization.parameters.iter();
        parameters.extend(own.map(|fixed| (fixed.name.clone(), fixed.value.clone())));
        parameters
    }

    /// The authorization endpoint.
    pub(super) fn authorization_endpoint(&self) -> String {
        self.realm.url(&self.realm.dialect.endpoints.authorization)
    }

    /// An authorization request as an address.
    pub(super) fn authorization_url(&self, parameters: &[(String, String)]) -> String {
        format!("{}?{}", self.authorization_endpoint(), form(parameters))
    }

    /// The scope of the token request; empty where there is none.
    pub(super) fn scope_at_redemption(&self) -> String {
        match self.plan.scope_at_redemption.as_str() {
            "" => String::new(),
            more => format!("{} {more}", self.plan.scope),
        }
    }

    /// Whether the request asks for an ID token.
    pub(super) fn is_openid(&self) -> bool {
        self.plan.scope.split(' ').any(|scope| scope == "openid")
    }
}

/// Pairs as `application/x-www-form-urlencoded`, with `%20` for spaces: that is good in every place.
pub(super) fn form(pairs: &[(String, String)]) -> String {
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    text.replace('+', "%20")
}

/// An authorization request for a browser and the token request that follows it, ready to paste. Lines of comment: the
/// code has to be put in by hand.
#[derive(Debug)]
pub(super) struct Printed {
    user: Option<(String, String)>,
    address: String,
    curl: Vec<String>,
}

/// What is printed for each realm where people log in.
///
/// # Errors
/// If there are no random numbers.
pub(super) fn printed(
    parties: &[RelyingParty],
    entropy: &dyn Entropy,
) -> Result<BTreeMap<String, Printed>, Failure> {
    let mut out = BTreeMap::new();
    for party in parties {
        let secrets = Secrets::new(entropy)?;
        let address = party.authorization_url(&party.parameters(&secrets));
        let mut curl = vec![format!("curl '{}'", party.realm.metadata().token_endpoint)];
        let mut fields = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", "CODE".to_owned()),
            ("redirect_uri", party.redirect_uri.clone()),
            ("code_verifier", secrets.code_verifier.clone()),
        ];
        let secret = party.client_secret.clone().unwrap_or_default();
        match party.method {
            Method::ClientSecretBasic => curl.push(format!("--user '{}:{secret}'", party.client_id)),
            method => {
                fields.push(("client_id", party.client_id.clone()));
                if method != Method::None {
                    fields.push(("client_secret", secret));
                }
            }
        }
        fields.push(("scope", party.scope_at_redemption()));
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        curl.extend(fields.map(|(name, value)| format!("--data-urlencode '{name}={value}'")));
        let user = party.users.first().cloned();
        out.insert(party.realm.name.clone(), Printed { user, address, curl });
    }
    Ok(out)
}

impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (username, password) = self.user.clone().unwrap_or_default();
        writeln!(f, "# or as {username} with {password}, in a browser:")?;
        writeln!(f, "#   {}", self.address)?;
        writeln!(f, "# and then, with the code that the browser comes back with in place of CODE:")?;
        writeln!(f, "#   {}", self.curl.join(" \\\n#     "))
    }
}
