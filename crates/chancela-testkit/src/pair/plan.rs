//! The sandbox's realms, as data: which dialects there are to try, and with which clients.

use chancela_server::control::NewClient;
use toml::{Table, Value};

const FILE: &str = include_str!("../../../../dialects/sandbox/realms.toml");

/// A realm of the sandbox.
#[derive(Debug, Clone)]
pub struct PlannedRealm(Table);

/// A client of such a realm.
#[derive(Debug, Clone)]
pub struct PlannedClient(Table);

/// Every realm that the sandbox can start.
pub fn realms() -> Vec<PlannedRealm> {
    let file: Table = FILE.parse().expect("the sandbox reads it too");
    tables(&file, "realm").map(PlannedRealm).collect()
}

impl PlannedRealm {
    /// Its name.
    pub fn name(&self) -> &str {
        text(&self.0, "name").expect("every realm has a name")
    }

    /// Its dialect.
    pub fn dialect(&self) -> &str {
        text(&self.0, "dialect").expect("every realm has a dialect")
    }

    /// Its environment.
    pub fn environment(&self) -> &str {
        text(&self.0, "environment").expect("every realm has an environment")
    }

    /// Its clients.
    pub fn clients(&self) -> Vec<PlannedClient> {
        tables(&self.0, "clients").map(PlannedClient).collect()
    }

    /// The label of the client with which its demo logs people in, and the scope for which it does.
    pub fn login(&self) -> Option<(&str, String)> {
        let demo = self.0.get("demo")?.as_table()?;
        let scopes = [text(demo, "scope"), text(demo, "scope_at_redemption")];
        let scopes: Vec<&str> = scopes.into_iter().flatten().collect();
        Some((text(demo, "client")?, scopes.join(" ")))
    }

    /// Whether clients may register themselves with a certificate.
    pub(super) fn lets_register(&self) -> bool {
        self.0.get("registration").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The first tenant.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.0.get("tenants")?.as_array()?.first()?.as_str()
    }
}

impl PlannedClient {
    /// Its label.
    pub fn label(&self) -> &str {
        text(&self.0, "label").expect("every client has a label")
    }

    /// `token_endpoint_auth_method`.
    pub fn method(&self) -> &str {
        text(&self.0, "method").expect("every client has a method")
    }

    /// Whether it may use a grant.
    pub fn has_grant(&self, grant: &str) -> bool {
        let grants = self.0.get("grant_types").and_then(Value::as_array);
        grants.is_some_and(|all| all.iter().any(|own| own.as_str() == Some(grant)))
    }

    /// Label of the client of the step before.
    pub(super) fn chained_to(&self) -> Option<&str> {
        text(&self.0, "chained_to")
    }

    pub(super) fn token_endpoint(&self) -> Option<&str> {
        text(&self.0, "token_endpoint")
    }

    pub(super) fn has_certificate(&self) -> bool {
        self.0.get("certificate").and_then(Value::as_bool) == Some(true)
    }

    /// The scope that it may ask for, of all that there are.
    pub(super) fn scope(&self, everything: &str) -> String {
        text(&self.0, "scope").unwrap_or(everything).to_owned()
    }

    /// As the server registers it: the members of the same names.
    pub(super) fn registration(
        &self,
        chained_to: Option<String>,
        scope: String,
        redirect: &str,
    ) -> NewClient {
        let mut table = self.0.clone();
        let any_method = table.get("any_method").and_then(Value::as_bool) == Some(true);
        for name in
            ["label", "any_method", "certificate", "organization", "name", "chained_to", "redirect_uris"]
        {
            table.remove(name);
        }
        table.remove("post_logout_redirect_uris");
        let method = table.remove("method").filter(|_| !any_method);
        table.extend(method.map(|method| ("token_endpoint_auth_method".to_owned(), method)));
        table.insert("client_name".to_owned(), "Pair".into());
        table.insert("scope".to_owned(), scope.into());
        table.extend(chained_to.map(|id| ("chained_to".to_owned(), id.into())));
        if self.has_grant("authorization_code") {
            table.insert("redirect_uris".to_owned(), vec![redirect].into());
        }
        table.try_into().expect("the sandbox registers it too")
    }
}

fn tables(table: &Table, name: &str) -> impl Iterator<Item = Table> {
    let all = table.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    all.into_iter().filter_map(|value| value.as_table().cloned())
}

fn text<'a>(table: &'a Table, name: &str) -> Option<&'a str> {
    table.get(name)?.as_str()
}
