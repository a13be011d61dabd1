//! Which realm and endpoint a request is for: exact, canonical paths below each realm's issuer, by host. Nothing is
//! normalised, so there is no second spelling of a path (requirement HS-06).

use crate::extension::{Extension, Intermediary};
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
    /// Where clients get certificates; the path may name the client's organization.
    Certificates(Arc<Realm>),
    /// One certificate, by its serial number.
    Certificate(Arc<Realm>),
    /// RFC 7591.
    Registration(Arc<Realm>),
    /// RFC 7592, by client id.
    RegisteredClient(Arc<Realm>),
    /// RFC 6960; the request may stand in the path.
    Ocsp(Arc<Realm>),
    /// Revocation lists and certificates of the realm's authority, by file name.
    Authority(Arc<Realm>),
    /// Whether an access token is good, for proxies.
    Verification(Arc<Realm>),
    /// A protected resource to try tokens at.
    Resource(Arc<Realm>),
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
    open: Vec<OpenPath>,
}

/// A path with one segment that a request fills in.
#[derive(Debug)]
struct OpenPath {
    before: Box<str>,
    after: Box<str>,
    route: Route,
}

/// All hosts of one listener.
#[derive(Debug, Default)]
pub struct Router {
    hosts: HashMap<Box<str>, Table>,
    intermediary: Option<Arc<dyn Intermediary>>,
}

/// A found route and what stands in the path's open segment.
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

    /// A router for the realms at the URLs where they ask for client certificates: without pages.
    pub fn for_mtls(realms: &[Arc<Realm>]) -> Self {
        let mut router = Self::default();
        router.add_mtls(realms);
        router
    }

    /// A router for requests that a proxy passes on, whichever of a realm's two URLs they were for.
    pub fn for_proxy(realms: &[Arc<Realm>]) -> Self {
        let mut router = Self::for_issuers(realms);
        router.add_mtls(realms);
        router
    }

    fn add_mtls(&mut self, realms: &[Arc<Realm>]) {
        for realm in realms {
            let Some(location) = &realm.mtls_location else { continue };
            let table = self.hosts.entry(location.authority.as_str().into()).or_default();
            table.mount_machines(realm, &location.path);
        }
    }

    /// Adds the protected resource of each realm, at its issuer and where it asks for client certificates.
    pub fn add_resources(&mut self, realms: &[Arc<Realm>], path: &str) {
        for realm in realms {
            if let Some(root) = self.hosts.get_mut("") {
                root.add("", path, Route::Resource(Arc::clone(realm)));
            }
            for location in [Some(&realm.location), realm.mtls_location.as_ref()].into_iter().flatten() {
                if let Some(table) = self.hosts.get_mut(location.authority.as_str()) {
                    table.add(&location.path, path, Route::Resource(Arc::clone(realm)));
                }
            }
        }
    }

    /// A router for one realm at the root, whatever the host: for a port of its own.
    pub fn for_root(realm: &Arc<Realm>) -> Self {
        let mut table = Table::default();
        table.mount(realm, "");
        Self { hosts: HashMap::from([(Box::from(""), table)]), intermediary: None }
    }

    /// Adds a fixed JSON document on every host.
    pub fn add_json(&mut self, path: &str, body: &Bytes) {
        for table in self.hosts.values_mut() {
            table.exact.insert(path.into(), Route::Json(body.clone()));
        }
    }

    /// Adds what the program serves beside its realms, on every host. The path may have one segment in braces.
    pub fn add_extension(&mut self, path: &str, extension: &Arc<dyn Extension>) {
        for table in self.hosts.values_mut() {
            table.add("", path, Route::Extension(Arc::clone(extension)));
        }
    }

    /// Lets all requests of this router's connections pass through an intermediary.
    pub fn set_intermediary(&mut self, intermediary: Arc<dyn Intermediary>) {
        self.intermediary = Some(intermediary);
    }

    /// Through what the requests of its connections pass, if through anything.
    pub fn intermediary(&self) -> Option<&Arc<dyn Intermediary>> {
        self.intermediary.as_ref()
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
        self.mount_machines(realm, prefix);
        if realm.has_users() {
            for place in Place::ALL {
                self.add(prefix, &realm.place(place), Route::Browser(Arc::clone(realm), place));
            }
        }
    }

    /// Everything but pages. Where nobody asks for a certificate, an endpoint that requires one says so.
    fn mount_machines(&mut self, realm: &Arc<Realm>, prefix: &str) {
        let mut add =
            |path: &str, route: fn(Arc<Realm>) -> Route| self.add(prefix, path, route(Arc::clone(realm)));
        let own = &realm.dialect.endpoints;
        add(&own.introspection, Route::Introspection);
        add(&own.revocation, Route::Revocation);
        add(&own.jwks, Route::Jwks);
        add(&own.verification, Route::Verification);
        for path in &own.discovery {
            add(path, Route::Metadata);
        }
        if realm.has_users() {
            add(&own.userinfo, Route::UserInfo);
        }
        if realm.certificate_authority.is_some() {
            let issuance = &realm.dialect.certificate_issuance;
            for path in std::iter::once(&issuance.path).chain(&issuance.renewal_path) {
                add(path, Route::Certificates);
            }
            add("/certificates/{serial}", Route::Certificate);
            add(&own.ocsp, Route::Ocsp);
            add(&format!("{}/{{request}}", own.ocsp), Route::Ocsp);
            add(&format!("{}/{{file}}", own.authority), Route::Authority);
        }
        if realm.registers() {
            let path = &realm.dialect.registration.path;
            add(path, Route::Registration);
            add(&format!("{path}/{{client_id}}"), Route::RegisteredClient);
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
        let open = path.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?.1)));
        match open {
            Some((before, after)) => self.open.push(OpenPath {
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
        self.open.iter().find_map(|open| {
            let rest = path.strip_prefix(&*open.before)?;
            let segment = rest.strip_suffix(&*open.after)?;
            (!segment.is_empty() && !segment.contains('/')).then_some((&open.route, Some(segment)))
        })
    }
}
