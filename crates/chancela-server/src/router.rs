//! Which realm and endpoint a request is for: exact, canonical paths below each realm's issuer, by host. Nothing is
//! normalised, so there is no second spelling of a path (requirement HS-06).

use crate::extension::Extension;
use crate::realm::Realm;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;

/// What a path leads to.
#[derive(Debug, Clone)]
pub enum Route {
    /// Token endpoint of this index in the realm.
    Token(Arc<Realm>, usize),
    /// RFC 7662.
    Introspection(Arc<Realm>),
    /// RFC 7009.
    Revocation(Arc<Realm>),
    /// A page, or a form of one.
    Browser(Arc<Realm>, Place),
    /// RFC 7517 §5.
    Jwks(Arc<Realm>),
    /// RFC 8414 §3, OpenID Connect Discovery §4.
    Metadata(Arc<Realm>),
    /// OpenID Connect Core §5.3.
    UserInfo(Arc<Realm>),
    /// A fixed JSON document.
    Json(Bytes),
    /// What the program serves beside its realms.
    Extension(Arc<dyn Extension>),
}

/// A page or form below a realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The authorization endpoint (RFC 6749 §3.1).
    Authorization,
    /// Takes the login form.
    Login,
    /// Takes the second factor's form.
    Factor,
    /// Takes the choice of an account.
    Selection,
    /// Takes the consent form.
    Consent,
    /// The account page and its forms.
    Account,
    /// Where applications send users who log out (OpenID Connect RP-Initiated Logout §2).
    EndSession,
    /// Takes the logout form.
    Logout,
}

impl Place {
    /// Every place.
    pub const ALL: [Self; 8] = [
        Self::Authorization,
        Self::Login,
        Self::Factor,
        Self::Selection,
        Self::Consent,
        Self::Account,
        Self::EndSession,
        Self::Logout,
    ];
}

/// Paths of one host (or of one port of its own).
#[derive(Debug, Default)]
pub struct Table {
    exact: HashMap<Box<str>, Route>,
    tenant: Vec<TenantPath>,
}

#[derive(Debug)]
struct TenantPath {
    before: Box<str>,
    after: Box<str>,
    route: Route,
}

/// All hosts of one listener.
#[derive(Debug, Default)]
pub struct Router {
    hosts: HashMap<Box<str>, Table>,
}

/// A found route and the tenant that the path names.
pub type Found<'a> = (&'a Route, Option<&'a str>);

impl Router {
    /// A router for the realms at their issuers.
    pub fn for_issuers(realms: &[Arc<Realm>]) -> Self {
        let mut router = Self::default();
        for realm in realms {
            let table = router.hosts.entry(realm.location.authority.as_str().into()).or_default();
            table.mount(realm, &realm.location.path);
        }
        router
    }

    /// A router for one realm at the root, whatever the host: for a port of its own.
    pub fn for_root(realm: &Arc<Realm>) -> Self {
        let mut table = Table::default();
        table.mount(realm, "");
        Self { hosts: HashMap::from([(Box::from(""), table)]) }
    }

    /// Adds a fixed JSON document on every host.
    pub fn add_json(&mut self, path: &str, body: &Bytes) {
        for table in self.hosts.values_mut() {
            table.exact.insert(path.into(), Route::Json(body.clone()));
        }
    }

    /// Adds what the program serves beside its realms, on every host.
    pub fn add_extension(&mut self, path: &str, extension: &Arc<dyn Extension>) {
        for table in self.hosts.values_mut() {
            table.exact.insert(path.into(), Route::Extension(Arc::clone(extension)));
        }
    }

    /// The route of a request. Where all realms share one host, any host is that one: the `Host` header then decides
    /// nothing (requirement HF-05). `Err` if several hosts are served and this is none of them.
    ///
    /// # Errors
    /// `()`: the request is misdirected.
    #[expect(clippy::result_unit_err, reason = "there is one way to fail")]
    pub fn find<'a>(&'a self, host: &str, path: &'a str) -> Result<Option<Found<'a>>, ()> {
        let table = match self.hosts.values().next() {
            Some(only) if self.hosts.len() == 1 => only,
            _ => match self.hosts.get(host) {
                Some(table) => table,
                None => self.hosts.get(host.to_ascii_lowercase().as_str()).ok_or(())?,
            },
        };
        Ok(table.find(path))
    }
}

impl Table {
    fn mount(&mut self, realm: &Arc<Realm>, prefix: &str) {
        let mut add =
            |path: &str, route: fn(Arc<Realm>) -> Route| self.add(prefix, path, route(Arc::clone(realm)));
        let own = &realm.dialect.endpoints;
        add(&own.introspection, Route::Introspection);
        add(&own.revocation, Route::Revocation);
        add(&own.jwks, Route::Jwks);
        for path in &own.discovery {
            add(path, Route::Metadata);
        }
        if realm.has_users() {
            add(&own.userinfo, Route::UserInfo);
            for place in Place::ALL {
                self.add(prefix, &realm.place(place), Route::Browser(Arc::clone(realm), place));
            }
        }
        for (index, endpoint) in realm.endpoints.iter().enumerate() {
            for path in &endpoint.dialect.paths {
                self.add(prefix, path, Route::Token(Arc::clone(realm), index));
            }
        }
        self.mount_well_known(realm, prefix);
    }

    /// RFC 8414 §3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery §4 appends it, and
    /// clients of either do the other.
    fn mount_well_known(&mut self, realm: &Arc<Realm>, prefix: &str) {
        let openid = realm.has_users().then_some("/.well-known/openid-configuration");
        for well_known in openid.into_iter().chain(["/.well-known/oauth-authorization-server"]) {
            self.add("", &format!("{well_known}{prefix}"), Route::Metadata(Arc::clone(realm)));
            self.add(prefix, well_known, Route::Metadata(Arc::clone(realm)));
        }
    }

    fn add(&mut self, prefix: &str, path: &str, route: Route) {
        match path.split_once("{tenant}") {
            Some((before, after)) => self.tenant.push(TenantPath {
                before: format!("{prefix}{before}").into(),
                after: after.into(),
                route,
            }),
            None => {
                self.exact.insert(format!("{prefix}{path}").into(), route);
            }
        }
    }

    fn find<'a>(&'a self, path: &'a str) -> Option<Found<'a>> {
        if let Some(route) = self.exact.get(path) {
            return Some((route, None));
        }
        self.tenant.iter().find_map(|tenant| {
            let rest = path.strip_prefix(&*tenant.before)?;
            let name = rest.strip_suffix(&*tenant.after)?;
            (!name.is_empty() && !name.contains('/')).then_some((&tenant.route, Some(name)))
        })
    }
}
