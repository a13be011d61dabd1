//! Sessions: who is logged in in a browser. The cookie's value is random and only its keyed digest is stored, so a
//! reader of the store enters no session; each login makes a new one (requirement B-20).

use super::cookies::CookieKind;
use super::csrf::Binding;
use crate::realm::Realm;
use crate::server::{Server, store_rejection};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::authentication::factor::Achieved;
use chancela_core::effect::Effect;
use chancela_core::entropy::{Entropy, EntropyError};
use chancela_core::id::SessionId;
use chancela_core::pepper::MacPurpose;
use chancela_core::record::{Authentication, Session, User};
use chancela_core::rejection::Rejection;
use chancela_core::secret::hex;
use chancela_core::time::Timestamp;
use chancela_store::Store;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue};

/// How exactly `last_seen_at` is kept, in seconds: finer would write at every page.
const SEEN_EVERY: i64 = 300;

/// A browser in which a user is logged in.
#[derive(Debug)]
pub struct LoggedIn {
    /// The session.
    pub session: Session,
    /// Its user, as now.
    pub user: User,
}

/// A browser: its cookies, and who is logged in in it.
#[derive(Debug)]
pub struct Browser {
    /// The browser cookie; made for this answer if the request had none.
    value: String,
    /// Whether the request had it.
    pub known: bool,
    session_cookie: Option<String>,
    /// Who is logged in.
    pub logged_in: Option<LoggedIn>,
}

impl Browser {
    /// The browser of a request. A browser without a cookie gets one, by [`Browser::cookie`].
    ///
    /// # Errors
    /// The store's or the random numbers' failure.
    pub async fn of<S: Store>(
        server: &Server<S>,
        realm: &Realm,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        let known = realm.cookies.get(headers, CookieKind::Browser).filter(|value| value.len() <= 64);
        let value = match known {
            Some(value) => value.to_owned(),
            None => random(&*server.entropy).map_err(|_| chancela_core::rejection::Rule::StoreFailed)?,
        };
        let cookie = realm.cookies.get(headers, CookieKind::Session);
        let logged_in = match cookie {
            Some(cookie) => current(server, realm, cookie, now).await?,
            None => None,
        };
        let session_cookie = cookie.filter(|_| logged_in.is_some()).map(str::to_owned);
        Ok(Self { value, known: known.is_some(), session_cookie, logged_in })
    }

    /// The browser cookie's value: what passkey challenges and sealed notes are bound to.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What proofs are bound to.
    pub fn binding(&self) -> Binding<'_> {
        Binding { browser: Some(&self.value), session: self.session_cookie.as_deref() }
    }

    /// The same for checking: a browser that sent no cookie can prove nothing.
    pub fn presented(&self) -> Binding<'_> {
        Binding {
            browser: Some(&*self.value).filter(|_| self.known),
            session: self.session_cookie.as_deref(),
        }
    }

    /// The cookie that the answer has to set, if the request had none.
    pub fn cookie(&self, realm: &Realm) -> Option<HeaderValue> {
        (!self.known).then(|| realm.cookies.set(CookieKind::Browser, &self.value, None))
    }
}

/// A session that begins: its record, and the cookies to set once it is durable.
#[derive(Debug)]
pub struct NewSession {
    /// The record.
    pub session: Session,
    /// The session cookie's value.
    pub cookie: String,
    /// The new browser cookie's value.
    pub browser: String,
}

/// Begins a session of `user`.
///
/// # Errors
/// If there are no random numbers.
pub fn begin(
    realm: &Realm,
    user: &User,
    achieved: Achieved,
    headers: &HeaderMap,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<NewSession, EntropyError> {
    let (cookie, browser) = (random(entropy)?, random(entropy)?);
    let mut sid = [0; 16];
    entropy.fill(&mut sid)?;
    // A session that begins in the second in which all others were ended is not one of them.
    let at = now.seconds().max(user.tokens_not_before);
    let authentication = Authentication {
        auth_time: at,
        acr: achieved.acr.as_str().into(),
        amr: achieved.amr,
        sid: Some(hex(&sid).into()),
    };
    let session = Session {
        id: id_of(realm, &cookie),
        realm: realm.name.as_str().into(),
        subject: user.subject.clone(),
        authentication,
        device: device(headers).into(),
        created_at: at,
        last_seen_at: at,
        expires_at: at + i64::from(realm.session_lifetime),
        clients: Vec::new(),
        version: 1,
    };
    Ok(NewSession { session, cookie, browser })
}

/// The session that a cookie's value means, and its user, if both are good now.
async fn current<S: Store>(
    server: &Server<S>,
    realm: &Realm,
    cookie: &str,
    now: Timestamp,
) -> Result<Option<LoggedIn>, Rejection> {
    if cookie.len() > 64 {
        return Ok(None);
    }
    let id = id_of(realm, cookie);
    let Some(mut session) = server.store.session(&realm.name, id).await.map_err(store_rejection)? else {
        return Ok(None);
    };
    let user = server.store.user_of(&realm.name, &session.subject).await.map_err(store_rejection)?;
    let Some(user) = user.filter(|user| session.is_good_for(user, now)) else { return Ok(None) };
    if now.seconds() - session.last_seen_at >= SEEN_EVERY {
        let expected_version = Some(session.version);
        session.last_seen_at = now.seconds();
        session.version += 1;
        let seen = Effect::PutSession { session: session.clone(), expected_version };
        // A lost race means that somebody else changed it: read it again at the next page.
        if server.commit(vec![seen]).await? == chancela_store::CommitOutcome::Conflict {
            session.version -= 1;
        }
    }
    Ok(Some(LoggedIn { session, user }))
}

fn id_of(realm: &Realm, cookie: &str) -> SessionId {
    let mac = realm.pepper.mac(MacPurpose::Session, cookie.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&mac[..16]);
    SessionId(id)
}

fn random(entropy: &dyn Entropy) -> Result<String, EntropyError> {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes)?;
    Ok(BASE64URL.encode(bytes))
}

/// A word for a browser and its system, for the list of devices. Never a copy of what was sent.
fn device(headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("");
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = find(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = find(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_from_what_is_known_and_never_from_what_was_sent() {
        let name = |agent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(USER_AGENT, HeaderValue::from_str(agent).unwrap());
            device(&headers)
        };
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36";
        assert_eq!(name(chrome), "Chrome, Linux");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605 Version/17.4 Mobile Safari/604.1";
        assert_eq!(name(phone), "Safari, iPhone");
        assert_eq!(name("<script>alert(1)</script>"), "");
    }
}
