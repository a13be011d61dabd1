//! Changes the password and the second factors.

use super::view::Shows;
use super::{Outcome, Problem};
use crate::browser::session::LoggedIn;
use crate::endpoint::authorization::visit::{Submitted, Visit};
use crate::login::{LoginOutcome, PasswordAttempt, password_login};
use crate::logout;
use crate::page::account::{Notice, PendingTotp};
use crate::password::MAX_PASSWORD_BYTES;
use crate::password::rules::{MIN_CHARACTERS, is_common};
use crate::server::store_rejection;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_core::authentication::webauthn::{UserVerification, registration};
use chancela_core::authentication::{factor, recovery_code, totp};
use chancela_core::effect::Effect;
use chancela_core::pepper::SealPurpose;
use chancela_core::record::User;
use chancela_core::rejection::{Rejection, Rule};
use chancela_core::revocation;
use chancela_core::secret::Secret;
use chancela_store::Store;
use zeroize::Zeroizing;

impl<S: Store> Visit<'_, S> {
    /// Another password ends every other session and every token (requirement G-12).
    pub(super) async fn change_password(
        &self,
        one: &LoggedIn,
        form: &Submitted<'_>,
    ) -> Result<Outcome, Rejection> {
        let field = |name| form.text(name).unwrap_or("");
        let (current, new) = (field("current_password"), field("new_password"));
        if new != field("repeated_password") {
            return Ok(Problem::PasswordsDiffer.into());
        }
        if new.chars().count() < MIN_CHARACTERS as usize {
            return Ok(Problem::PasswordTooShort.into());
        }
        if new.len() > MAX_PASSWORD_BYTES || new == current || is_common(new, &one.user.username) {
            return Ok(Problem::PasswordTooCommon.into());
        }
        let attempt = PasswordAttempt {
            tenant: Some(&*one.user.tenant),
            username: &one.user.username,
            password: Secret::new(current),
            source: self.source,
            device: self.device(),
            handed_on: false,
        };
        let user = match password_login(self.server, self.realm, attempt, self.now).await? {
            LoginOutcome::Known(user) if user.subject == one.user.subject => *user,
            LoginOutcome::Wait(seconds) => return Ok(Problem::Wait(u64::from(seconds)).into()),
            LoginOutcome::Busy => return Err(Rule::Overloaded.into()),
            _ => return Ok(Problem::WrongPassword.into()),
        };
        let mut salt = [0; 16];
        self.server.entropy.fill(&mut salt).map_err(|_| Rejection::from(Rule::StoreFailed))?;
        let hashed = self.server.passwords.hash(Secret::new(new), salt).await;
        let hash = hashed.map_err(|_| Rejection::from(Rule::Overloaded))?;
        let sessions = self.sessions(one).await?;
        let grants = self.server.store.grants_of(&user.subject).await.map_err(store_rejection)?;
        let changed = User { password_hash: Some(hash.into()), ..user.clone() };
        let keep = Some(one.session.id);
        let effects = revocation::everything(&user, changed, &grants, &sessions, keep, self.moment());
        self.server.must_commit(effects).await?;
        let ended: Vec<_> = sessions.into_iter().filter(|session| session.id != one.session.id).collect();
        logout::tell(self.server, self.realm, &ended);
        Ok(Outcome::Done(Notice::PasswordChanged))
    }

    /// Shows a new secret, which is kept only once the app has proven that it has it.
    pub(super) fn start_totp(&self, one: &LoggedIn) -> Result<Outcome, Rejection> {
        let mut secret = Zeroizing::new([0; totp::SECRET_BYTES]);
        self.server.entropy.fill(&mut *secret).map_err(|_| Rejection::from(Rule::StoreFailed))?;
        self.pending(one, &*secret, None)
    }

    fn pending(&self, one: &LoggedIn, secret: &[u8], problem: Option<Problem>) -> Result<Outcome, Rejection> {
        let mut nonce = [0; 12];
        self.server.entropy.fill(&mut nonce).map_err(|_| Rejection::from(Rule::StoreFailed))?;
        let sealed = self.realm.pepper.seal(SealPurpose::Form, nonce, &self.totp_context(one), secret);
        let pending = PendingTotp {
            uri: totp::otpauth_uri(secret, &self.realm.title, &one.user.username),
            secret: totp::base32(secret),
            sealed: BASE64URL.encode(sealed),
        };
        Ok(Outcome::Show(Box::new(Shows { pending_totp: Some(pending), problem, ..Shows::default() })))
    }

    pub(super) async fn confirm_totp(
        &self,
        one: &LoggedIn,
        form: &Submitted<'_>,
    ) -> Result<Outcome, Rejection> {
        let sealed = form.text("sealed").and_then(|sealed| BASE64URL.decode(sealed).ok()).unwrap_or_default();
        let secret = self.realm.pepper.open(SealPurpose::Form, &self.totp_context(one), &sealed);
        let Some(secret) = secret.map(Zeroizing::new) else { return self.start_totp(one) };
        let mut nonce = [0; 12];
        self.server.entropy.fill(&mut nonce).map_err(|_| Rejection::from(Rule::StoreFailed))?;
        let seal = totp::Sealing { pepper: &self.realm.pepper, subject: &one.user.subject, nonce };
        match totp::confirm(&secret, form.text("code").unwrap_or(""), &seal, self.now) {
            Some(totp) => {
                self.put(&one.user, |user| user.totp = Some(totp)).await?;
                Ok(Outcome::Done(Notice::TotpAdded))
            }
            None => self.pending(one, &secret, Some(Problem::WrongCode)),
        }
    }

    pub(super) async fn remove_totp(&self, one: &LoggedIn) -> Result<Outcome, Rejection> {
        self.put(&one.user, |user| {
            user.totp = None;
            forget_codes_without_factor(user);
        })
        .await?;
        Ok(Outcome::Done(Notice::TotpRemoved))
    }

    pub(super) async fn add_passkey(
        &self,
        one: &LoggedIn,
        form: &Submitted<'_>,
    ) -> Result<Outcome, Rejection> {
        let (Some(party), Some(credential)) = (&self.realm.relying_party, form.text("credential")) else {
            return Ok(Problem::Passkey.into());
        };
        let challenge = self.registration_challenge(form.began);
        let registered = registration::verify(credential, party, &challenge, UserVerification::Required);
        let name = form.text("passkey_name").unwrap_or("Passkey");
        match registered.and_then(|registered| registered.add_to(&one.user, name, self.now)) {
            Ok(changed) => {
                self.server.must_commit(vec![factor::put(&one.user, changed)]).await?;
                Ok(Outcome::Done(Notice::PasskeyAdded))
            }
            Err(refused) => {
                tracing::info!(realm = self.realm.name, %refused, "a passkey was refused");
                Ok(Problem::Passkey.into())
            }
        }
    }

    pub(super) async fn remove_passkey(
        &self,
        one: &LoggedIn,
        form: &Submitted<'_>,
    ) -> Result<Outcome, Rejection> {
        let id = form.text("passkey").unwrap_or("");
        if one.user.password_hash.is_none() && one.user.passkeys.iter().all(|passkey| &*passkey.id == id) {
            return Ok(Problem::LastWayIn.into());
        }
        self.put(&one.user, |user| {
            user.passkeys.retain(|passkey| &*passkey.id != id);
            forget_codes_without_factor(user);
        })
        .await?;
        Ok(Outcome::Done(Notice::PasskeyRemoved))
    }

    /// Shows new codes once; the old ones are good no more.
    pub(super) async fn make_recovery_codes(&self, one: &LoggedIn) -> Result<Outcome, Rejection> {
        if !one.user.has_second_factor() {
            return Ok(Outcome::Show(Box::default()));
        }
        let (subject, pepper) = (&one.user.subject, &self.realm.pepper);
        let made = recovery_code::generate(subject, pepper, &*self.server.entropy);
        let (texts, digests) = made.map_err(|_| Rejection::from(Rule::StoreFailed))?;
        self.put(&one.user, |user| user.recovery_codes = digests).await?;
        let fresh_codes = texts.iter().map(|text| text.expose().to_owned()).collect();
        let notice = Some(Notice::RecoveryCodesMade);
        Ok(Outcome::Show(Box::new(Shows { fresh_codes, notice, ..Shows::default() })))
    }

    async fn put(&self, user: &User, change: impl FnOnce(&mut User)) -> Result<(), Rejection> {
        let mut changed = User { version: user.version + 1, ..user.clone() };
        change(&mut changed);
        self.server
            .must_commit(vec![Effect::PutUser { user: changed, expected_version: Some(user.version) }])
            .await
    }

    fn totp_context(&self, one: &LoggedIn) -> Vec<u8> {
        [b"pending totp\0", self.browser.value().as_bytes(), b"\0", one.user.subject.as_bytes()].concat()
    }
}

/// Recovery codes stand for a second factor; without one they would be a second password.
fn forget_codes_without_factor(user: &mut User) {
    if !user.has_second_factor() {
        user.recovery_codes.clear();
    }
}
