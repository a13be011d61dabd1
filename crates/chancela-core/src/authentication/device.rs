//! The cookie of a browser in which users have logged in before: their own tries there are not counted with strangers'
//! (requirements.md 5.2), so nobody outside can keep them out. It proves nothing else, and logs nobody in.
//!
//! A random id, and a short MAC for each account; the server keeps nothing.

use crate::pepper::{MacPurpose, Pepper};
use aws_lc_rs::constant_time;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

const PART: usize = 16;
/// Most accounts that one browser remembers; the one that logged in longest ago goes.
pub const MAX_ACCOUNTS: usize = 5;

/// A browser's id.
pub type Device = [u8; PART];

/// What the cookie holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCookie {
    id: Device,
    accounts: Vec<[u8; PART]>,
}

impl DeviceCookie {
    /// Of a new browser, with a random id.
    pub const fn new(id: Device) -> Self {
        Self { id, accounts: Vec::new() }
    }

    /// Reads a cookie's value. What it claims is checked by [`DeviceCookie::knows`].
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > (PART * (MAX_ACCOUNTS + 1)).div_ceil(3) * 4 {
            return None;
        }
        let bytes = BASE64URL.decode(text).ok()?;
        let (id, rest) = bytes.split_first_chunk::<PART>()?;
        let (accounts, rest) = rest.as_chunks::<PART>();
        (rest.is_empty() && accounts.len() <= MAX_ACCOUNTS)
            .then(|| Self { id: *id, accounts: accounts.to_vec() })
    }

    /// The cookie's value.
    pub fn encode(&self) -> String {
        BASE64URL.encode([&self.id[..], self.accounts.as_flattened()].concat())
    }

    /// The browser's id, if the account of this canonical name has logged in there.
    pub fn knows(&self, pepper: &Pepper, account: &str) -> Option<Device> {
        let own = self.tag(pepper, account);
        let same = |tag: &[u8; PART]| constant_time::verify_slices_are_equal(tag, &own).is_ok();
        self.accounts.iter().any(same).then_some(self.id)
    }

    /// After a login of the account of this canonical name.
    #[must_use]
    pub fn with(&self, pepper: &Pepper, account: &str) -> Self {
        let own = self.tag(pepper, account);
        let others = self.accounts.iter().filter(|tag| **tag != own);
        Self { id: self.id, accounts: [&own].into_iter().chain(others).take(MAX_ACCOUNTS).copied().collect() }
    }

    fn tag(&self, pepper: &Pepper, account: &str) -> [u8; PART] {
        let mac = pepper.mac(MacPurpose::Device, &[&self.id[..], account.as_bytes()].concat());
        let mut tag = [0; PART];
        tag.copy_from_slice(&mac[..PART]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authentication::tests::pepper;
    use proptest::prelude::*;

    #[test]
    fn a_browser_knows_the_accounts_that_logged_in_there_and_no_others() {
        let pepper = pepper();
        let cookie =
            DeviceCookie::new([3; 16]).with(&pepper, "ana").with(&pepper, "bia").with(&pepper, "ana");
        let cookie = DeviceCookie::parse(&cookie.encode()).unwrap();
        assert_eq!(cookie.accounts.len(), 2);
        assert_eq!(cookie.knows(&pepper, "ana"), Some([3; 16]));
        assert_eq!(cookie.knows(&pepper, "bia"), Some([3; 16]));
        assert_eq!(cookie.knows(&pepper, "carla"), None);
        assert_eq!(cookie.knows(&Pepper::from_root(&[9; 32]), "ana"), None, "another realm");
        let forged = DeviceCookie { id: [4; 16], ..cookie };
        assert_eq!(forged.knows(&pepper, "ana"), None, "another browser");
    }

    #[test]
    fn the_account_that_logged_in_longest_ago_is_forgotten() {
        let pepper = pepper();
        let mut cookie = DeviceCookie::new([3; 16]);
        for account in ["a", "b", "c", "d", "e", "f"] {
            cookie = cookie.with(&pepper, account);
        }
        assert_eq!(cookie.knows(&pepper, "a"), None);
        assert!(["b", "c", "d", "e", "f"].iter().all(|name| cookie.knows(&pepper, name).is_some()));
        assert_eq!(DeviceCookie::parse(&cookie.encode()), Some(cookie));
    }

    proptest! {
        #[test]
        fn any_text_is_a_cookie_or_none(text in "[A-Za-z0-9_=-]{0,200}") {
            if let Some(cookie) = DeviceCookie::parse(&text) {
                prop_assert_eq!(cookie.knows(&pepper(), "ana"), None);
            }
        }
    }
}
