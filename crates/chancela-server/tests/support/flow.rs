//! The authorization code flow of one client, from the request to its tokens.

use super::{Answer, Ask, Browser, ClientFacts, RealmPlan, Seen, World};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::dialect::TokenEndpoint;
use chancela_core::effect::Effect;
use chancela_core::grant::GrantType;
use chancela_core::record::{Client, User};
use chancela_core::secret::sha256;
use chancela_server::control::{Command, NewClient, NewUser};
use chancela_server::realm::Realm;
use chancela_store::{CommitOutcome, MemoryStore, Store};
use serde_json::{Value, json};
use std::sync::Arc;

/// The redirect URI of every client, unless a test says otherwise.
pub const CALLBACK: &str = "https://app.example/cb";
/// Every user's password, unless a test says otherwise.
pub const PASSWORD: &str = "correct horse battery";
/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// What the client of the standard realm may ask for.
pub const SCOPE: &str = "openid profile email read write offline_access";

/// The challenge of a verifier.
pub fn challenge(verifier: &str) -> String {
    BASE64URL.encode(sha256(verifier.as_bytes()))
}

/// Claims of an ID token, without a look at its signature.
pub fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL.decode(part).unwrap()).unwrap()
}

/// A realm with a user, a client and a resource server.
pub struct Flow<S = MemoryStore> {
    pub world: World<S>,
    pub realm: &'static str,
    pub client: ClientFacts,
    pub resource_server: ClientFacts,
}

/// An authorization request that a test builds and spoils.
#[derive(Debug, Clone)]
pub struct Request {
    path: String,
    pub parameters: Vec<(String, String)>,
}

/// What arrives at the client.
#[derive(Debug, Clone)]
pub struct Callback {
    /// The redirect URI, as far as its query.
    pub uri: String,
    pub parameters: Vec<(String, String)>,
}

/// A client for the code flow.
pub fn web_client(scope: &str) -> NewClient {
    NewClient {
        client_name: Some("Padaria".into()),
        scope: Some(scope.into()),
        redirect_uris: vec![CALLBACK.into()],
        grant_types: Some(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]),
        ..NewClient::default()
    }
}

/// The same without the consent page.
pub fn own_client(scope: &str) -> NewClient {
    NewClient { require_consent: Some(false), ..web_client(scope) }
}

impl Flow {
    /// The standard realm, in memory.
    pub async fn standard() -> Self {
        Self::with(web_client(SCOPE)).await
    }

    /// The standard realm with this client.
    pub async fn with(client: NewClient) -> Self {
        Self::over(MemoryStore::new(), RealmPlan::standard(), client).await
    }

    /// Any realm, in memory.
    pub async fn of(plan: RealmPlan, client: NewClient) -> Self {
        Self::over(MemoryStore::new(), plan, client).await
    }
}

impl<S: Store> Flow<S> {
    /// Any realm in any store. The user is alice, in the realm's first tenant if it has tenants.
    pub async fn over(store: S, plan: RealmPlan, client: NewClient) -> Self {
        let (realm, tenant) = (plan.name, plan.config.tenants.first().cloned());
        let world = World::over(store, vec![plan]).await;
        let resource_server =
            NewClient { may_introspect_any: true, grant_types: Some(Vec::new()), ..NewClient::default() };
        let resource_server = world.client(realm, resource_server).await;
        let nobody = ClientFacts { id: String::new(), secret: String::new() };
        let mut flow = Self { world, realm, client: nobody, resource_server };
        flow.client = flow.register(client).await;
        flow.add_user("alice", tenant.as_deref()).await;
        flow
    }

    /// A client, perhaps without a secret.
    pub async fn register(&self, new: NewClient) -> ClientFacts {
        let shown = self.world.control(self.realm, Command::ClientCreate(Box::new(new))).await;
        let text = |member: &str| shown[member].as_str().unwrap_or_default().to_owned();
        ClientFacts { id: text("client_id"), secret: text("client_secret") }
    }

    pub async fn add_user(&self, name: &str, tenant: Option<&str>) {
        let claims = json!({ "name": name, "email": format!("{name}@example.com"), "email_verified": true });
        let user = NewUser {
            username: name.into(),
            tenant: tenant.map(str::to_owned),
            password: Some(PASSWORD.into()),
            claims: claims.as_object().unwrap().clone(),
            ..NewUser::default()
        };
        self.world.control(self.realm, Command::UserCreate(Box::new(user))).await;
    }

    pub fn run_time(&self) -> &Arc<Realm> {
        self.world.server.realm(self.realm).unwrap()
    }

    pub async fn user(&self, name: &str) -> User {
        self.world.server.store.users_named(self.realm, name).await.unwrap().pop().unwrap()
    }

    /// Changes a client's record as an operator's import would.
    pub async fn change_client(&self, facts: &ClientFacts, change: impl FnOnce(&mut Client)) {
        let before = self.run_time().directory.client(&facts.id).unwrap();
        let mut client = Client { version: before.version + 1, ..(*before).clone() };
        change(&mut client);
        let put = Effect::PutClient { client: client.clone(), expected_version: Some(before.version) };
        assert_eq!(self.world.server.record(vec![put]).await.unwrap(), CommitOutcome::Committed);
        self.run_time().directory.put(client);
    }

    fn below(&self, path: &str) -> String {
        format!("{}{path}", self.run_time().location.path)
    }

    pub fn authorize(&self) -> String {
        self.below(&self.run_time().dialect.endpoints.authorization)
    }

    pub fn account(&self) -> String {
        self.below(&self.run_time().dialect.endpoints.account)
    }

    /// A good request of the client.
    pub fn request(&self) -> Request {
        self.request_of(&self.client)
    }

    pub fn request_of(&self, client: &ClientFacts) -> Request {
        let request = Request { path: self.authorize(), parameters: Vec::new() };
        request
            .with("client_id", &client.id)
            .with("redirect_uri", CALLBACK)
            .with("response_type", "code")
            .with("scope", "openid profile")
            .with("state", "xyz")
            .with("nonce", "n-0S6_WzA2Mj")
            .with("code_challenge", &challenge(VERIFIER))
            .with("code_challenge_method", "S256")
    }

    pub async fn open(&self, browser: &mut Browser, request: &Request) -> Answer {
        browser.open(&self.world, &request.target()).await
    }

    /// Says yes to whatever is asked, until the client is told.
    pub async fn pass(&self, browser: &mut Browser, request: &Request) -> Callback {
        self.pass_as(browser, request, "alice").await
    }

    pub async fn pass_as(&self, browser: &mut Browser, request: &Request, user: &str) -> Callback {
        let mut answer = self.open(browser, request).await;
        for _ in 0..6 {
            answer = match answer.seen() {
                Seen::Login => self.log_in(browser, &answer, user).await,
                Seen::Consent => browser.press(&self.world, &answer, "allow", &[]).await,
                Seen::Selection => browser.press(&self.world, &answer, "continue", &[]).await,
                _ => return Callback::of(&answer),
            };
        }
        panic!("the flow does not end: {}", answer.body);
    }

    /// Fills in a login page.
    pub async fn log_in(&self, browser: &mut Browser, page: &Answer, user: &str) -> Answer {
        let typed = [("username", user), ("password", PASSWORD)];
        browser.press(&self.world, page, "login", &typed).await
    }

    /// A new browser's login, as far as the code.
    pub async fn code(&self, request: &Request) -> String {
        self.pass(&mut Browser::new(), request).await.code()
    }

    /// A token request of this client.
    pub fn ask(&self, client: &ClientFacts, fields: &[(&str, &str)]) -> Ask {
        let endpoints = &self.run_time().dialect.token_endpoints;
        let redeems = |endpoint: &&TokenEndpoint| {
            endpoint.request.grants.values().any(|grant| grant.grant_type() == GrantType::AuthorizationCode)
        };
        let endpoint = endpoints.iter().find(redeems).unwrap_or(&endpoints[0]);
        let ask = Ask::form(&self.below(&endpoint.paths[0]), fields);
        if client.secret.is_empty() {
            ask.and(&format!("&client_id={}", client.id))
        } else {
            match endpoint.client_authentication.methods.first().unwrap().as_str() {
                "client_secret_post" => {
                    let pair = [("client_id", client.id.as_str()), ("client_secret", &client.secret)];
                    ask.and(&format!("&{}", super::form(&pair)))
                }
                _ => ask.header("authorization", client.basic()),
            }
        }
    }

    /// The redemption of a code.
    pub fn redemption(&self, code: &str) -> Ask {
        self.redemption_by(&self.client, code)
    }

    pub fn redemption_by(&self, client: &ClientFacts, code: &str) -> Ask {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.ask(client, &fields)
    }

    pub async fn redeem(&self, code: &str) -> Answer {
        self.redemption(code).send(&self.world).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.ask(&self.client, &fields).send(&self.world).await
    }

    /// Login and redemption in a new browser.
    pub async fn tokens(&self, request: &Request) -> Answer {
        let answer = self.redeem(&self.code(request).await).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    pub async fn introspect(&self, token: &str) -> Value {
        let target = self.below(&self.run_time().dialect.endpoints.introspection);
        let ask = Ask::form(&target, &[("token", token)]);
        let answer = ask.header("authorization", self.resource_server.basic()).send(&self.world).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    pub async fn is_active(&self, token: &str) -> bool {
        self.introspect(token).await["active"] == json!(true)
    }

    pub async fn userinfo(&self, token: &str) -> Answer {
        let ask = Ask::get(&self.below(&self.run_time().dialect.endpoints.userinfo));
        ask.header("authorization", format!("Bearer {token}")).send(&self.world).await
    }

    pub async fn revoke(&self, token: &str) -> Answer {
        let target = self.below(&self.run_time().dialect.endpoints.revocation);
        let ask = Ask::form(&target, &[("token", token)]);
        ask.header("authorization", self.client.basic()).send(&self.world).await
    }

    pub async fn consents(&self, user: &str) -> usize {
        let subject = self.user(user).await.subject;
        self.world.server.store.consents_of(self.realm, &subject).await.unwrap().len()
    }

    /// Number of codes made so far.
    pub fn codes_made(&self) -> u64 {
        self.run_time().metrics.authorized.get()
    }
}

impl Request {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.retain(|(own, _)| own != name);
        self.and(name, value)
    }

    /// Beside others of the name.
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(own, _)| own != name);
        self
    }

    pub fn query(&self) -> String {
        let pairs: Vec<(&str, &str)> =
            self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        super::form(&pairs)
    }

    pub fn target(&self) -> String {
        format!("{}?{}", self.path, self.query())
    }

    /// The same by POST.
    pub fn posted(&self) -> Ask {
        Ask::post(&self.path).header("content-type", super::FORM).body(self.query())
    }
}

impl Callback {
    /// From a redirect to the client.
    pub fn of(answer: &Answer) -> Self {
        let location = answer.header("location");
        let location = location.unwrap_or_else(|| panic!("no redirect: {} {}", answer.status, answer.body));
        let (uri, rest) = location.split_once('?').unwrap();
        let query = rest.split('#').next().unwrap();
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { uri: uri.into(), parameters: pairs }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|(own, _)| own == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} twice: {self:?}");
        value
    }

    pub fn code(&self) -> String {
        self.get("code").unwrap_or_else(|| panic!("no code: {self:?}")).to_owned()
    }

    pub fn error(&self) -> &str {
        assert!(self.get("code").is_none(), "{self:?}");
        self.get("error").unwrap_or_else(|| panic!("no error: {self:?}"))
    }
}
