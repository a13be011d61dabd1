//! The account page as it is now.

use crate::browser::csrf::Purpose;
use crate::browser::session::LoggedIn;
use crate::endpoint::authorization::scopes::meanings;
use crate::endpoint::authorization::visit::Visit;
use crate::page::account::{
    Account, Application, Device, Notice, Passkey, Passkeys, PasswordRules, PendingTotp, Problem, Recovery,
    Totp,
};
use crate::page::{Locale, Person};
use crate::password::rules::MIN_CHARACTERS;
use crate::router::Place;
use crate::server::store_rejection;
use bytes::Bytes;
use chancela_core::authentication::webauthn::{self, Ceremony, MAX_PASSKEYS, UserVerification, options};
use chancela_core::record::{Consent, User};
use chancela_core::rejection::Rejection;
use chancela_core::secret::hex;
use chancela_store::Store;
use http::Response;

/// What the page shows beside the state of the account.
#[derive(Debug, Default)]
pub(super) struct Shows {
    pub notice: Option<Notice>,
    pub problem: Option<Problem>,
    pub pending_totp: Option<PendingTotp>,
    pub fresh_codes: Vec<String>,
    pub language: Option<String>,
}

const NOTICES: [(&str, Notice); 8] = [
    ("session_ended", Notice::SessionEnded),
    ("application_revoked", Notice::ApplicationRevoked),
    ("password_changed", Notice::PasswordChanged),
    ("totp_added", Notice::TotpAdded),
    ("totp_removed", Notice::TotpRemoved),
    ("passkey_added", Notice::PasskeyAdded),
    ("passkey_removed", Notice::PasskeyRemoved),
    ("recovery_codes_made", Notice::RecoveryCodesMade),
];

/// A notice's name in the page's address.
pub(super) fn name_of(notice: Notice) -> &'static str {
    NOTICES.iter().find(|(_, own)| *own == notice).map_or("", |(name, _)| name)
}

impl Shows {
    /// What the page's address says: only words of ours.
    pub(super) fn of_query(query: Option<&str>) -> Self {
        let mut shows = Self::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
            match &*name {
                "done" => {
                    shows.notice = NOTICES.iter().find(|(own, _)| *own == value).map(|(_, notice)| *notice);
                }
                "ui_locales" => shows.language = Some(value.into_owned()),
                _ => {}
            }
        }
        shows
    }
}

impl<S: Store> Visit<'_, S> {
    pub(super) async fn account(&self, one: &LoggedIn, shows: Shows) -> Result<Response<Bytes>, Rejection> {
        // After a change the record is not the one that the request began with.
        let store = &self.server.store;
        let found = store.user_of(&self.realm.name, &one.user.subject).await.map_err(store_rejection)?;
        let user = found.unwrap_or_else(|| one.user.clone());
        let consents = store.consents_of(&self.realm.name, &user.subject).await.map_err(store_rejection)?;
        let frame = self.frame(shows.language.as_deref(), "");
        let locale = frame.locale;
        let person = self.person().unwrap_or_else(|| Person::new(&*user.username, &*user.username));
        let page = Account {
            form: self.form(Place::Account, Purpose::Account, "", self.now),
            person,
            notice: shows.notice,
            problem: shows.problem,
            devices: self.devices(one).await?,
            applications: consents.iter().filter_map(|consent| self.application(consent, locale)).collect(),
            password: user.password_hash.is_some().then_some(PasswordRules { minimum: MIN_CHARACTERS }),
            totp: match (shows.pending_totp, &user.totp) {
                (Some(pending), _) => Totp::Pending(pending),
                (None, Some(totp)) => Totp::Active(totp.created_at),
                (None, None) => Totp::Absent,
            },
            passkeys: self.passkeys(&user),
            recovery: user
                .has_second_factor()
                .then_some(Recovery { left: user.recovery_codes.len(), fresh: shows.fresh_codes }),
            frame,
        };
        let mut response = self.show(&page);
        self.remember_language(&mut response, shows.language.as_deref());
        Ok(response)
    }

    async fn devices(&self, one: &LoggedIn) -> Result<Vec<Device>, Rejection> {
        let sessions = self
            .sessions(one)
            .await?
            .into_iter()
            .filter(|session| session.is_good_for(&one.user, self.now) || session.id == one.session.id);
        let device = |session: chancela_core::record::Session| Device {
            session: session.authentication.sid.as_deref().unwrap_or("").to_owned(),
            label: (&*session.device).into(),
            since: session.authentication.auth_time,
            last_seen: session.last_seen_at,
            current: session.id == one.session.id,
        };
        Ok(sessions.map(device).collect())
    }

    /// An application that is still there.
    fn application(&self, consent: &Consent, locale: Locale) -> Option<Application> {
        let client = self.realm.directory.client_of(consent.client)?;
        let sentences = consent.scope.split(' ').flat_map(|scope| {
            let meanings = meanings(self.realm, scope, locale);
            if meanings.is_empty() { vec![scope.to_owned()] } else { meanings }
        });
        Some(Application {
            key: hex(&consent.client.0.to_be_bytes()),
            name: client.client_name.as_deref().unwrap_or(&client.client_id).into(),
            permissions: sentences.map(Into::into).collect(),
            since: consent.granted_at,
        })
    }

    fn passkeys(&self, user: &User) -> Option<Passkeys> {
        let party = self.realm.relying_party.as_ref()?;
        let challenge = self.registration_challenge(self.now);
        let list = user.passkeys.iter().map(|passkey| Passkey {
            id: passkey.id.to_string(),
            name: (&*passkey.name).into(),
            since: passkey.created_at,
        });
        let room = user.passkeys.len() < MAX_PASSKEYS;
        let create = || options::creation(party, user, &challenge, UserVerification::Required).to_string();
        Some(Passkeys { list: list.collect(), create_options: room.then(create), sealed: String::new() })
    }

    /// The challenge of a passkey registration on a page that began then.
    pub(super) fn registration_challenge(&self, began: chancela_core::time::Timestamp) -> [u8; 32] {
        let browser = self.browser.value().as_bytes();
        webauthn::challenge(&self.realm.pepper, Ceremony::Registration, browser, began)
    }
}
