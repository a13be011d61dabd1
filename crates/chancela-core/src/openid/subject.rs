//! What a user is called to a client (OpenID Connect Core §8). To clients of type `pairwise`, a user has another name in
//! each sector; it is the sealed user's id, so the server finds the user again and nothing is stored.

use crate::pepper::Pepper;
use crate::record::{Client, SubjectType};
use crate::secret::{from_hex, hex};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use std::borrow::Cow;

/// What the subject of every user begins with; no client id may (requirement F-11).
pub const PREFIX: &str = "user-";

/// Most bytes of a subject that is looked at.
const MAX_BYTES: usize = 255;

/// The name of the user `subject` to `client`.
pub fn for_client<'s>(client: &Client, subject: &'s str, pepper: &Pepper) -> Cow<'s, str> {
    if client.subject_type == SubjectType::Public {
        return Cow::Borrowed(subject);
    }
    match pepper.pairwise(&sector(client)) {
        Some(key) => Cow::Owned(BASE64URL.encode(key.seal(&plain(subject)))),
        // Should the primitive fail, nobody has a name, rather than everybody their public one.
        None => Cow::Borrowed(""),
    }
}

/// The user whom `client` knows as `sub`; `None` if the name was not made for its sector.
pub fn user_of(client: &Client, sub: &str, pepper: &Pepper) -> Option<Box<str>> {
    if sub.len() > MAX_BYTES {
        return None;
    }
    match client.subject_type {
        SubjectType::Public => Some(sub.into()),
        SubjectType::Pairwise => {
            let bytes = pepper.pairwise(&sector(client))?.open(&BASE64URL.decode(sub).ok()?)?;
            text(bytes)
        }
    }
}

/// The clients among whom a user has one name: those of one registered sector, or of one host of redirect URIs. A client
/// without either is a sector of its own.
fn sector(client: &Client) -> Cow<'_, str> {
    if let Some(own) = &client.sector_identifier {
        return Cow::Borrowed(own);
    }
    let host = |uri: &str| uri.parse::<http::Uri>().ok()?.host().map(str::to_ascii_lowercase);
    match client.redirect_uris.iter().find_map(|uri| host(uri)) {
        Some(host) => Cow::Owned(host),
        None => Cow::Owned(format!("client {}", client.client_id)),
    }
}

/// The bytes that are sealed: 16 for a subject of our own making, others never 16.
fn plain(subject: &str) -> Vec<u8> {
    let own = subject.strip_prefix(PREFIX).and_then(from_hex::<16>);
    match own.filter(|id| subject[PREFIX.len()..] == hex(id)) {
        Some(id) => id.to_vec(),
        None if subject.len() == 16 => [subject.as_bytes(), b"\0"].concat(),
        None => subject.into(),
    }
}

fn text(bytes: Vec<u8>) -> Option<Box<str>> {
    if bytes.len() == 16 {
        return Some(format!("{PREFIX}{}", hex(&bytes)).into());
    }
    let text = String::from_utf8(bytes).ok()?;
    Some(match text.strip_suffix('\0') {
        Some(short) if text.len() == 17 => short.into(),
        _ => text.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openid::tests::client;
    use proptest::prelude::*;

    const ALICE: &str = "user-000102030405060708090a0b0c0d0e0f";

    fn pairwise(uri: &str) -> Client {
        Client { subject_type: SubjectType::Pairwise, redirect_uris: vec![uri.into()], ..client() }
    }

    #[test]
    fn a_public_subject_is_the_users_own() {
        let pepper = Pepper::from_root(&[1; 32]);
        assert_eq!(for_client(&client(), ALICE, &pepper), ALICE);
        assert_eq!(user_of(&client(), ALICE, &pepper).as_deref(), Some(ALICE));
    }

    #[test]
    fn clients_of_one_host_or_sector_share_a_name_and_others_do_not() {
        let pepper = Pepper::from_root(&[1; 32]);
        let (a, b) = (pairwise("https://App.example/a"), pairwise("https://app.example:8443/b"));
        let c = pairwise("https://other.example/a");
        let sector = |client: &Client| Client { sector_identifier: Some("one".into()), ..client.clone() };
        let name = |client: &Client| for_client(client, ALICE, &pepper).into_owned();
        assert_eq!(name(&a), name(&b));
        assert_ne!(name(&a), name(&c));
        assert_eq!(name(&sector(&a)), name(&sector(&c)));
        assert_eq!(name(&a).len(), 43);
        assert_eq!(user_of(&c, &name(&a), &pepper), None);
        assert_eq!(user_of(&a, ALICE, &pepper), None, "the public name means nothing to a pairwise client");
        let other = Pepper::from_root(&[2; 32]);
        assert_ne!(name(&a), for_client(&a, ALICE, &other));
    }

    #[test]
    fn a_client_without_hosts_is_a_sector_of_its_own() {
        let pepper = Pepper::from_root(&[1; 32]);
        let a = pairwise("com.example.app:/callback");
        let b = Client { client_id: "other".into(), ..a.clone() };
        assert_ne!(for_client(&a, ALICE, &pepper), for_client(&b, ALICE, &pepper));
    }

    proptest! {
        #[test]
        fn the_user_of_a_name_is_the_one_it_was_made_for(id: [u8; 16], other in "[a-z-]{0,40}", upper: bool) {
            let (pepper, client) = (Pepper::from_root(&[1; 32]), pairwise("https://app.example/"));
            let own = format!("{PREFIX}{}", hex(&id));
            let own = if upper { own.to_uppercase() } else { own };
            for subject in [own, other, "exactly-16-bytes".into()] {
                let name = for_client(&client, &subject, &pepper);
                let user = user_of(&client, &name, &pepper);
                prop_assert_eq!(user.as_deref(), Some(&*subject));
            }
        }

        #[test]
        fn no_text_makes_the_reader_fail(text in ".{0,80}") {
            let _ = user_of(&pairwise("https://app.example/"), &text, &Pepper::from_root(&[1; 32]));
        }
    }
}
