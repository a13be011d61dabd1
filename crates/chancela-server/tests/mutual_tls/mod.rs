//! Mutual TLS (RFC 8705): whose certificate it is, and what tokens are bound to.

mod bound;
mod forwarded;
mod lists;
mod published;
mod subjects;
mod suitable;

use crate::support::{ClientFacts, Holder, RealmPlan, Root, START, World, client_params, resource_server};
use chancela_core::client_auth::Method;
use chancela_core::dialect::TokenFormat;
use chancela_server::control::NewClient;

/// A realm that trusts an authority outside beside its own.
struct Bank {
    world: World,
    root: Root,
    resource_server: ClientFacts,
}

const REALM: &str = "bank";

fn plan(root: &Root) -> RealmPlan {
    RealmPlan::new(REALM, "standard", "default").with_mtls(&[root])
}

impl Bank {
    async fn open() -> Self {
        Self::with(|_| {}).await
    }

    async fn of(format: TokenFormat) -> Self {
        Self::with(|plan| plan.config.access_token_format = Some(format)).await
    }

    async fn with(change: impl FnOnce(&mut RealmPlan)) -> Self {
        let root = Root::new("Partner root");
        let mut plan = plan(&root);
        change(&mut plan);
        let world = World::open(vec![plan]).await;
        let resource_server = world.client(REALM, resource_server()).await;
        Self { world, root, resource_server }
    }

    /// A client that authenticates with certificates of this subject.
    async fn client(&self, dn: &str) -> String {
        let new = NewClient { tls_client_auth_subject_dn: Some(dn.into()), ..certificate_client() };
        self.world.register(REALM, new).await
    }

    async fn status(&self, client: &str, holder: &Holder) -> u16 {
        self.world.mtls_token(REALM, client, "read", holder).await.status.as_u16()
    }

    async fn is_active(&self, token: &str) -> bool {
        self.world.introspected(REALM, &self.resource_server, token).await["active"] == true
    }
}

fn certificate_client() -> NewClient {
    crate::support::certificate_client("read write certificate.create")
}

fn self_signed_client(holder: &Holder) -> NewClient {
    NewClient {
        token_endpoint_auth_method: Some(Method::SelfSignedTlsClientAuth),
        jwks: Some(holder.jwks()),
        ..certificate_client()
    }
}
