//! Proof that a form, or a link of ours, was made for this browser, this session and this request, and when
//! (requirement B-19). It is a time under a MAC, so nothing is stored for it.

use crate::realm::Realm;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::pepper::MacPurpose;
use chancela_core::secret::sha256;
use chancela_core::time::Timestamp;

/// How long a page may lie open, in milliseconds: 30 minutes.
const LIFETIME: i64 = 30 * 60 * 1000;
/// How far ahead of our clock a proof may be, in milliseconds: the clock may have been set back a little.
const AHEAD: i64 = 60 * 1000;

/// What a proof is for; one kind of form cannot be sent as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Continues an authorization request after the login.
    Transaction,
    /// The same, after the user chose the account that was logged in.
    Chosen,
    /// The login form.
    Login,
    /// The second factor's form.
    Factor,
    /// The choice of an account.
    Selection,
    /// The consent form.
    Consent,
    /// Forms of the account page.
    Account,
    /// The logout form.
    Logout,
}

/// Why a proof is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproven {
    /// The browser sent no cookie: they are off, or this is not the browser that has the page.
    NoCookie,
    /// It is missing, or was made for another browser, session, request or purpose.
    Foreign,
    /// The page lay open for too long.
    Expired,
}

/// The browser, as its cookies say: what proofs are bound to.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The browser cookie.
    pub browser: Option<&'a str>,
    /// The session cookie; none where nobody is logged in.
    pub session: Option<&'a str>,
}

impl Binding<'_> {
    /// A proof for `purpose` and `context` (the request that it belongs to) that begins at `began`.
    pub fn prove(&self, realm: &Realm, purpose: Purpose, context: &[u8], began: Timestamp) -> String {
        let millis = began.millis();
        let mac = self.mac(realm, purpose, context, millis);
        format!("{millis}.{}", BASE64URL.encode(mac))
    }

    /// When the page began whose proof this is.
    ///
    /// # Errors
    /// [`Unproven`].
    pub fn verify(
        &self,
        realm: &Realm,
        purpose: Purpose,
        context: &[u8],
        proof: Option<&str>,
        now: Timestamp,
    ) -> Result<Timestamp, Unproven> {
        if self.browser.is_none() {
            return Err(Unproven::NoCookie);
        }
        let (millis, mac) = proof.and_then(|proof| proof.split_once('.')).ok_or(Unproven::Foreign)?;
        let canonical = !millis.starts_with('0') && millis.bytes().all(|b| b.is_ascii_digit());
        let millis: i64 = millis.parse().ok().filter(|_| canonical).ok_or(Unproven::Foreign)?;
        let mac = BASE64URL.decode(mac).map_err(|_| Unproven::Foreign)?;
        let genuine = self.mac(realm, purpose, context, millis);
        if aws_lc_rs::constant_time::verify_slices_are_equal(&genuine, &mac).is_err() {
            return Err(Unproven::Foreign);
        }
        let age = now.millis() - millis;
        if !(-AHEAD..LIFETIME).contains(&age) {
            return Err(Unproven::Expired);
        }
        Ok(Timestamp::from_millis(millis))
    }

    fn mac(&self, realm: &Realm, purpose: Purpose, context: &[u8], millis: i64) -> [u8; 32] {
        let mut message = Vec::with_capacity(128);
        message.push(purpose as u8);
        message.extend_from_slice(&millis.to_be_bytes());
        for part in [self.browser.unwrap_or("").as_bytes(), self.session.unwrap_or("").as_bytes(), context] {
            message.extend_from_slice(&sha256(part));
        }
        realm.pepper.mac(MacPurpose::Browser, &message)
    }
}
