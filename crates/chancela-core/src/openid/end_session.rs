//! The end of a session (OpenID Connect RP-Initiated Logout): whether the user has to be asked, where the browser may go
//! afterwards, and what ends with it. Does not own how clients hear of it (the server's `logout`).

use super::id_token_hint::IdTokenHint;
use super::subject;
use crate::id::GrantId;
use crate::jose::VerifyingKey;
use crate::message::logout_request::{LogoutRequest, with_parameters};
use crate::pepper::Pepper;
use crate::record::{Client, Grant, Session};
use crate::redirect_uri;
use crate::rejection::{Rejection, Rule};
use std::sync::Arc;

/// The scope of grants that outlive the session in which they were made.
const OFFLINE_ACCESS: &str = "offline_access";

/// What is true when a logout request arrives.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds a function")]
pub struct Facts<'a> {
    /// The realm's issuer.
    pub issuer: &'a str,
    /// The realm's published keys.
    pub keys: &'a [VerifyingKey],
    /// The realm's keys, for pairwise names.
    pub pepper: &'a Pepper,
    /// The client of an id.
    pub client: &'a dyn Fn(&str) -> Option<Arc<Client>>,
    /// The session of the browser that sent it.
    pub session: Option<&'a Session>,
    /// Whether the user said yes on a page of ours.
    pub confirmed: bool,
}

/// What becomes of a logout request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What is next.
    pub next: Next,
    /// Who asks, if that is known.
    pub client: Option<Arc<Client>>,
    /// Where the browser goes at the end, `state` included.
    pub leads_to: Option<String>,
}

/// What is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask the user (requirement N-05).
    Ask,
    /// End the session.
    End,
    /// Nobody is logged in here: there is nothing to end.
    NobodyThere,
}

/// Decides on a logout request. What cannot be verified is refused and not left out: a client that believes the user to
/// come back should learn why not.
///
/// # Errors
/// The rule that the request breaks. Nothing was ended, and the browser goes nowhere.
pub fn decide(request: &LogoutRequest, facts: &Facts<'_>) -> Result<Decision, Rejection> {
    let hint = request
        .id_token_hint
        .as_ref()
        .map(|text| IdTokenHint::verify(text, facts.keys, facts.issuer).ok_or(Rule::InvalidIdTokenHint));
    let hint = hint.transpose()?;
    let client = client(request, hint.as_ref(), facts)?;
    let leads_to = leads_to(request, client.as_deref())?;
    let names_user = |session: &Session| match (&hint, &client) {
        (Some(hint), Some(client)) => {
            subject::for_client(client, &session.subject, facts.pepper) == *hint.sub
        }
        _ => false,
    };
    let next = match facts.session {
        None => Next::NobodyThere,
        Some(session) if facts.confirmed || names_user(session) => Next::End,
        Some(_) => Next::Ask,
    };
    Ok(Decision { next, client, leads_to })
}

/// The client that asks: the hint's, and no other one beside it (§2).
fn client(
    request: &LogoutRequest,
    hint: Option<&IdTokenHint>,
    facts: &Facts<'_>,
) -> Result<Option<Arc<Client>>, Rejection> {
    let named = request.client_id.as_deref();
    let id = match (hint.map(|hint| &*hint.client_id), named) {
        (Some(own), Some(named)) if own != named => return Err(Rule::ForeignIdTokenHint.into()),
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => return Ok(None),
    };
    let client = (facts.client)(id).filter(|client| client.enabled);
    client.map(Some).ok_or_else(|| Rule::UnknownClientAtLogout.into())
}

/// The address at the end. Without a client there is none: an address that nobody registered is an open redirector.
fn leads_to(request: &LogoutRequest, client: Option<&Client>) -> Result<Option<String>, Rejection> {
    let (Some(uri), Some(client)) = (&request.post_logout_redirect_uri, client) else { return Ok(None) };
    if !redirect_uri::matches(&client.post_logout_redirect_uris, uri, client.application_type, false) {
        return Err(Rule::UnregisteredPostLogoutRedirectUri.into());
    }
    let state = request.state.as_deref().map(|state| ("state", state));
    Ok(Some(with_parameters(uri, state.as_slice())))
}

/// The grants that end with a session: those of its user's `grants` that were made in it and not for offline access
/// (OpenID Connect Back-Channel Logout §2.7).
pub fn ended_grants(session: &Session, grants: &[Grant]) -> Vec<GrantId> {
    let sid = session.authentication.sid.as_deref();
    let of_session = |grant: &&Grant| {
        let own = grant.details.authentication.as_ref().and_then(|own| own.sid.as_deref());
        sid.is_some() && own == sid && !grant.scope.split(' ').any(|name| name == OFFLINE_ACCESS)
    };
    grants.iter().filter(of_session).map(|grant| grant.id).collect()
}

/// The frame by which a client's page in the browser hears of the end (OpenID Connect Front-Channel Logout §2).
pub fn frame(client: &Client, issuer: &str, sid: Option<&str>) -> Option<String> {
    let uri = client.frontchannel_logout_uri.as_deref()?;
    let sid = sid.map(|sid| [("iss", issuer), ("sid", sid)]);
    Some(with_parameters(uri, sid.as_ref().map_or(&[], |both| both.as_slice())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientKey, SessionId};
    use crate::jose::{JwsAlgorithm, SigningKey};
    use crate::openid::id_token::tests::{issued, login};
    use crate::openid::tests::{client, user};
    use crate::record::{GrantDetails, SubjectType};

    const OUT: &str = "https://app.example/out";

    /// A realm with the client `app` and its ID token for the user who is logged in.
    struct World {
        client: Client,
        key: Arc<SigningKey>,
        session: Option<Session>,
    }

    impl World {
        fn new() -> Self {
            let key = Arc::new(crate::jose::tests::key(JwsAlgorithm::Es256));
            let client = Client { post_logout_redirect_uris: vec![OUT.into()], ..client() };
            Self { client, key, session: Some(session(&user().subject)) }
        }

        fn hint(&self) -> String {
            issued(&self.client, &self.key)
        }

        fn decide(&self, request: &LogoutRequest, confirmed: bool) -> Result<Decision, Rule> {
            let client = |id: &str| (id == "app").then(|| Arc::new(self.client.clone()));
            let facts = Facts {
                issuer: "https://id.example",
                keys: &[self.key.verifying_key()],
                pepper: &Pepper::from_root(&[1; 32]),
                client: &client,
                session: self.session.as_ref(),
                confirmed,
            };
            decide(request, &facts).map_err(|rejection| rejection.rule)
        }

        fn next(&self, request: &LogoutRequest) -> Next {
            self.decide(request, false).unwrap().next
        }
    }

    fn session(subject: &str) -> Session {
        Session {
            id: SessionId([7; 16]),
            realm: "r".into(),
            subject: subject.into(),
            authentication: login(),
            device: "".into(),
            created_at: 0,
            last_seen_at: 0,
            expires_at: i64::MAX,
            clients: Vec::new(),
            version: 1,
        }
    }

    fn with_hint(hint: String) -> LogoutRequest {
        LogoutRequest { id_token_hint: Some(hint), ..LogoutRequest::default() }
    }

    fn to(uri: &str) -> LogoutRequest {
        LogoutRequest {
            client_id: Some("app".into()),
            post_logout_redirect_uri: Some(uri.into()),
            ..LogoutRequest::default()
        }
    }

    /// N-05.
    #[test]
    fn the_user_is_asked_unless_the_hint_names_who_is_logged_in() {
        let mut world = World::new();
        let hinted = with_hint(world.hint());
        assert_eq!(world.next(&LogoutRequest::default()), Next::Ask);
        assert_eq!(world.next(&to(OUT)), Next::Ask);
        assert_eq!(
            world.next(&LogoutRequest { logout_hint: Some(user().subject.into()), ..to(OUT) }),
            Next::Ask
        );
        assert_eq!(world.next(&hinted), Next::End);
        assert_eq!(world.decide(&to(OUT), true).unwrap().next, Next::End);
        world.session = Some(session("user-ffffffffffffffffffffffffffffffff"));
        assert_eq!(world.next(&hinted), Next::Ask);
        world.session = None;
        assert_eq!(world.next(&hinted), Next::NobodyThere);
        assert_eq!(world.next(&LogoutRequest::default()), Next::NobodyThere);
    }

    #[test]
    fn a_hint_with_a_pairwise_name_names_the_user_too() {
        let mut world = World::new();
        world.client.subject_type = SubjectType::Pairwise;
        assert_eq!(world.next(&with_hint(world.hint())), Next::End);
        let hint = world.hint();
        world.client.sector_identifier = Some("other.example".into());
        assert_eq!(world.next(&with_hint(hint)), Next::Ask);
    }

    /// N-05, RU-12.
    #[test]
    fn only_a_registered_address_is_gone_to() {
        let world = World::new();
        let hinted = LogoutRequest { id_token_hint: Some(world.hint()), client_id: None, ..to(OUT) };
        assert_eq!(world.decide(&hinted, false).unwrap().leads_to.as_deref(), Some(OUT));
        let state = LogoutRequest { state: Some("a b\r\nset-cookie: x".into()), ..hinted };
        assert_eq!(
            world.decide(&state, false).unwrap().leads_to.as_deref(),
            Some("https://app.example/out?state=a%20b%0D%0Aset-cookie%3A%20x")
        );
        for uri in [
            "https:evil.test",
            "https:/evil.test",
            "//evil.test",
            "/\\evil.test",
            "https:\\\\evil.test",
            "https://app.example/out/",
            "https://app.example/out?a=b",
            "https://app.example/out#f",
            "https://app.example/OUT",
            "https://APP.example/out",
            "http://app.example/out",
            "https://app.example:443/out",
            "https://app.example/out/../out",
            "https://app.example@evil.test/out",
            "https://app.example/callback",
            "javascript:alert(1)",
            "https://app.example/out ",
            "https://app.example",
        ] {
            for confirmed in [false, true] {
                let refused = world.decide(&to(uri), confirmed);
                assert_eq!(refused, Err(Rule::UnregisteredPostLogoutRedirectUri), "{uri}");
            }
        }
    }

    /// N-05.
    #[test]
    fn without_a_client_the_browser_goes_nowhere() {
        let world = World::new();
        let request = LogoutRequest { client_id: None, ..to(OUT) };
        for confirmed in [false, true] {
            assert_eq!(world.decide(&request, confirmed).unwrap().leads_to, None);
        }
    }

    #[test]
    fn what_cannot_be_verified_is_refused() {
        let mut world = World::new();
        let hint = world.hint();
        let forged = |text: &str| world.decide(&with_hint(text.to_owned()), true);
        assert_eq!(forged("a.b.c"), Err(Rule::InvalidIdTokenHint));
        assert_eq!(forged(&hint[..hint.len() - 4]), Err(Rule::InvalidIdTokenHint));
        let other = LogoutRequest { client_id: Some("other".into()), ..with_hint(hint.clone()) };
        assert_eq!(world.decide(&other, true), Err(Rule::ForeignIdTokenHint));
        let unknown = LogoutRequest { client_id: Some("other".into()), ..LogoutRequest::default() };
        assert_eq!(world.decide(&unknown, true), Err(Rule::UnknownClientAtLogout));
        world.client.enabled = false;
        assert_eq!(world.decide(&with_hint(hint), true), Err(Rule::UnknownClientAtLogout));
    }

    /// OpenID Connect Back-Channel Logout §2.7.
    #[test]
    fn grants_of_the_session_end_with_it_but_not_those_for_offline_access() {
        let grant = |at: u8, sid: Option<&str>, scope: &str| {
            let authentication = crate::record::Authentication { sid: sid.map(Into::into), ..login() };
            Grant {
                id: GrantId([at; 16]),
                client: ClientKey(1),
                subject: user().subject,
                scope: scope.into(),
                generation: 0,
                issued_at: 0,
                rotated_at: 0,
                refresh_expires_at: 0,
                expires_at: 0,
                revoked: false,
                details: GrantDetails { authentication: Some(authentication), ..GrantDetails::default() },
            }
        };
        let grants = [
            grant(1, Some("s1"), "openid"),
            grant(2, Some("s1"), "openid offline_access"),
            grant(3, Some("s2"), "openid"),
            grant(4, None, "openid"),
            grant(5, Some("s1"), "offline_accessory"),
        ];
        let ended =
            |session: &Session| ended_grants(session, &grants).iter().map(|id| id.0[0]).collect::<Vec<_>>();
        let mut session = session(&user().subject);
        assert_eq!(ended(&session), [1, 5]);
        session.authentication.sid = None;
        assert!(ended(&session).is_empty());
    }

    #[test]
    fn a_frame_says_which_session_of_which_server_ended() {
        let mut client = client();
        assert_eq!(frame(&client, "https://id.example", Some("s1")), None);
        client.frontchannel_logout_uri = Some("https://app.example/front?a=b".into());
        assert_eq!(
            frame(&client, "https://id.example", Some("s1")).as_deref(),
            Some("https://app.example/front?a=b&iss=https%3A%2F%2Fid.example&sid=s1")
        );
        assert_eq!(
            frame(&client, "https://id.example", None).as_deref(),
            Some("https://app.example/front?a=b")
        );
    }
}
