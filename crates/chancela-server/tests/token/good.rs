//! For each token endpoint of the six dialects, a request that succeeds: what other tests spoil.

use crate::support::{Ask, ClientFacts, RealmPlan, World, certificate, form, new_client};
use chancela_core::grant::GrantType;
use chancela_server::control::NewClient;
use chancela_store::Store;
use serde_json::Value;

/// How the documented request writes its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    Form,
    Json,
}

/// How the documented request carries the client's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    Basic,
    Post,
}

/// A request that succeeds, in parts.
#[derive(Debug, Clone)]
pub struct Good {
    /// Name in snapshots.
    pub name: &'static str,
    pub realm: &'static str,
    pub path: String,
    pub body: Body,
    pub auth: Auth,
    pub client: ClientFacts,
    pub headers: Vec<(String, String)>,
    /// Parameters without credentials.
    pub fields: Vec<(String, String)>,
    /// A scope that the realm knows and the client may not have.
    pub foreign_scope: &'static str,
}

pub const SEMEAR_SCOPE: &str = "cob.write cob.read cobv.write cobv.read lotecobv.write lotecobv.read pix.write pix.read \
    webhook.read webhook.write payloadlocation.write payloadlocation.read \
    GI_006_ENDERECAMENTO_CLIENTE_CONSULTA_CHAVE:GET";

impl Good {
    fn new(
        name: &'static str,
        realm: &'static str,
        path: &str,
        body: Body,
        auth: Auth,
        client: ClientFacts,
    ) -> Self {
        let path = format!("/{realm}{path}");
        let fields = vec![("grant_type".into(), "client_credentials".into())];
        Self { name, realm, path, body, auth, client, headers: Vec::new(), fields, foreign_scope: "" }
    }

    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(own, _)| own != name);
        self.fields.push((name.into(), value.into()));
        self
    }

    pub fn without_field(mut self, name: &str) -> Self {
        self.fields.retain(|(own, _)| own != name);
        self
    }

    /// As another client.
    pub fn of(mut self, client: &ClientFacts) -> Self {
        self.client = client.clone();
        self
    }

    pub fn with_secret(mut self, secret: &str) -> Self {
        self.client.secret = secret.into();
        self
    }

    pub fn by(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// What of the request says nothing in a snapshot, and its name there.
    pub fn masks(&self) -> Vec<(String, &'static str)> {
        let basic = self.client.basic();
        let mut masks = vec![
            (basic.clone(), "Basic (id:secret)"),
            (basic.replacen("Basic", "BASIC", 1), "BASIC (id:secret)"),
        ];
        masks.extend([(self.client.id.clone(), "(id)"), (self.client.secret.clone(), "(secret)")]);
        masks.extend(self.headers.iter().map(|(name, value)| {
            (value.clone(), if name == "client-cert" { "(certificate)" } else { "(token of the first step)" })
        }));
        masks
    }

    /// The request without any credentials.
    pub fn bare(&self) -> Ask {
        let fields: Vec<(&str, &str)> = self.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.write(&fields)
    }

    /// The request.
    pub fn ask(&self) -> Ask {
        if self.auth == Auth::Basic {
            return self.bare().header("authorization", self.client.basic());
        }
        let mut fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        fields.push(("client_id", &self.client.id));
        fields.push(("client_secret", &self.client.secret));
        self.write(&fields)
    }

    fn write(&self, fields: &[(&str, &str)]) -> Ask {
        let ask = match self.body {
            Body::Form => Ask::form(&self.path, &[]).body(form(fields)),
            Body::Json => Ask::json(&self.path, json(fields)),
        };
        self.headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value))
    }
}

/// An object; unlike a map it may hold a name twice.
pub fn json(fields: &[(&str, &str)]) -> String {
    let members: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}:{}", Value::from(*name), Value::from(*value)))
        .collect();
    format!("{{{}}}", members.join(","))
}

pub async fn bankly<S: Store>(world: &World<S>) -> Good {
    let scope = "certificate.create account.read account.create boleto.read boleto.create card.read card.create \
                 customer.read customer.write events.read pix.account.read";
    let client = world.client("bankly", new_client(scope)).await;
    let good = Good::new("bankly", "bankly", "/connect/token", Body::Form, Auth::Post, client);
    Good { foreign_scope: "kyc.document.read", ..good.field("scope", "certificate.create") }
}

/// In any realm of this dialect.
pub async fn bs2<S: Store>(world: &World<S>, realm: &'static str) -> Good {
    use GrantType::{ClientCredentials, Password, RefreshToken};
    let grant_types = Some(vec![ClientCredentials, Password, RefreshToken]);
    let client =
        world.client(realm, NewClient { grant_types, ..new_client("cob.read cob.write pix.read") }).await;
    let good = Good::new("bs2", realm, "/auth/oauth/v2/token", Body::Form, Auth::Basic, client);
    Good { foreign_scope: "webhook.write", ..good.field("scope", "cob.read pix.read") }
}

pub async fn semear_gateway<S: Store>(world: &World<S>) -> Good {
    let new = NewClient { token_endpoint: Some("gateway".into()), ..new_client("") };
    let client = world.client("semear", new).await;
    Good::new("semear-gateway", "semear", "/oauth/access-token", Body::Json, Auth::Basic, client)
}

/// With a certificate of its own and a fresh token of `gateway`.
pub async fn semear_application<S: Store>(world: &World<S>, gateway: &Good) -> Good {
    let certificate = certificate(2020, 2030);
    let new = NewClient {
        token_endpoint: Some("application".into()),
        chained_to: Some(gateway.client.id.clone()),
        certificate_pem: Some(certificate.pem.clone()),
        ..new_client(SEMEAR_SCOPE)
    };
    let client = world.client("semear", new).await;
    let token = gateway.ask().send(world).await.token();
    let good = Good::new(
        "semear-application",
        "semear",
        "/oauth-apipix/oauth/token",
        Body::Form,
        Auth::Post,
        client,
    );
    let headers = vec![("access_token".into(), token), ("client-cert".into(), certificate.with_spaces())];
    Good { headers, foreign_scope: "cob.read", ..good.field("scope", SEMEAR_SCOPE) }
}

pub async fn celcash<S: Store>(world: &World<S>) -> Good {
    let client = world.client("celcash", new_client("customers.read customers.write plans.read")).await;
    let good = Good::new("celcash", "celcash", "/v2/token", Body::Json, Auth::Basic, client);
    let good = good.field("grant_type", "authorization_code").field("scope", "customers.read plans.read");
    Good { foreign_scope: "webhooks.write", ..good }
}

pub async fn vantage<S: Store>(world: &World<S>) -> Good {
    use GrantType::{ClientCredentials, Password, RefreshToken};
    let new = NewClient {
        grant_types: Some(vec![ClientCredentials, Password, RefreshToken]),
        tenant: Some("acme".into()),
        ..new_client("openid permissions offline_access")
    };
    let client = world.client("vantage", new).await;
    let good = Good::new("vantage", "vantage", "/auth2/connect/token", Body::Form, Auth::Post, client);
    Good { foreign_scope: "global.wildcard", ..good.field("scope", "openid permissions") }
}

/// In any realm of this dialect.
pub async fn standard<S: Store>(world: &World<S>, realm: &'static str) -> Good {
    let client = world.client(realm, new_client("read write")).await;
    let good = Good::new("standard", realm, "/oauth/token", Body::Form, Auth::Basic, client);
    Good { foreign_scope: "pix.read", ..good.field("scope", "read") }
}

/// A world of all dialects and the good request of each of their endpoints.
pub async fn all() -> (World, Vec<Good>) {
    let world = World::open(vec![
        RealmPlan::bankly(),
        RealmPlan::bs2(),
        RealmPlan::bs2_production(),
        RealmPlan::semear(),
        RealmPlan::celcash(),
        RealmPlan::vantage(),
        RealmPlan::standard(),
    ])
    .await;
    let gateway = semear_gateway(&world).await;
    let goods = vec![
        bankly(&world).await,
        bs2(&world, "bs2").await,
        semear_application(&world, &gateway).await,
        gateway,
        celcash(&world).await,
        vantage(&world).await,
        standard(&world, "standard").await,
    ];
    (world, goods)
}
