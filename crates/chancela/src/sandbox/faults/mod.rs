//! The sandbox's faults: what goes wrong on purpose, so that clients can be tested against it. They stand between the
//! connections and the endpoints ([`Intermediary`]): those that refuse act before the endpoint is asked, those that change
//! an answer after it has committed, so that a rotation whose answer is lost has happened.
//!
//! `chancela serve` has none of this.

mod action;
mod answer;
mod board;
mod certificate;
mod control;
mod definition;
mod delivery;
mod requests;
mod script;
mod sight;

pub(super) use certificate::{Shown, read as read_certificate};
pub(super) use control::{FaultControl, PATHS};
pub(super) use script::Script;

use super::clock::MovableClock;
use super::credentials::Credentials;
use crate::failure::Failure;
use crate::store::ConfiguredStore;
use action::Action;
use board::{Board, Strike};
use chancela_server::control::{Command, ControlError, KeyUrgency, Request, execute};
use chancela_server::extension::{Answer, Arriving, Closed, Intermediary, Passage, Passed};
use chancela_server::router::Route;
use chancela_server::server::Server;
use definition::{Definition, Kind};
use delivery::Delivered;
use requests::{Requests, State};
use sight::Sight;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a fault that waits looks whether the sandbox stops.
const LOOK: Duration = Duration::from_millis(100);

/// The faults of a sandbox, and what arrived at it.
pub(super) struct Faults {
    server: Arc<Server<ConfiguredStore>>,
    clock: Arc<MovableClock>,
    /// Labels of the demo clients by realm and id.
    labels: BTreeMap<String, BTreeMap<String, String>>,
    state: Mutex<(Board, Requests)>,
}

impl Faults {
    /// None at first.
    pub(super) fn new(
        server: &Arc<Server<ConfiguredStore>>,
        clock: &Arc<MovableClock>,
        credentials: &Credentials,
    ) -> Self {
        let labels = credentials.iter().map(|(realm, own)| {
            let clients = own.clients.iter().map(|(label, client)| (client.client_id.clone(), label.clone()));
            (realm.clone(), clients.collect())
        });
        Self {
            server: Arc::clone(server),
            clock: Arc::clone(clock),
            labels: labels.collect(),
            state: Mutex::default(),
        }
    }

    /// Sets the faults of a script.
    ///
    /// # Errors
    /// [`Failure::Usage`] that names the line of the first that cannot be.
    pub(super) fn play(&self, script: &Script) -> Result<(), Failure> {
        for (line, definition) in &script.faults {
            self.set(definition.clone()).map_err(|message| script.wrong(*line, &message))?;
        }
        Ok(())
    }

    /// Sets a fault; its id.
    fn set(&self, definition: Definition) -> Result<u64, String> {
        self.check_names(&definition)?;
        self.state().0.set(definition, self.server.clock.now())
    }

    /// Checks that realm, endpoint and client exist: a fault for none of them would never strike.
    fn check_names(&self, definition: &Definition) -> Result<(), String> {
        let all =
            || self.server.realms.iter().map(|realm| realm.name.as_str()).collect::<Vec<_>>().join(", ");
        let mut realms = self.server.realms.clone();
        if let Some(name) = &definition.realm {
            realms.retain(|realm| realm.name == *name);
            let realm =
                realms.first().ok_or_else(|| format!("there is no realm {name:?}; realms are {}", all()))?;
            if definition.kind == Kind::RotateKeys && realm.algorithms().is_empty() {
                return Err(format!(
                    "realm {name:?} signs nothing, so it has no keys to rotate; name another realm"
                ));
            }
        }
        if let Some(name) = &definition.token_endpoint {
            let endpoints = realms.iter().flat_map(|realm| &realm.endpoints);
            let known: Vec<&str> = endpoints.map(|endpoint| endpoint.dialect.name.as_str()).collect();
            if !known.contains(&name.as_str()) {
                return Err(format!("there is no token endpoint {name:?}; there are {}", known.join(", ")));
            }
        }
        if let Some(name) = &definition.client {
            let labelled = |realm: &str| self.labels.get(realm).into_iter().flat_map(BTreeMap::values);
            let known = realms.iter().any(|realm| {
                realm.directory.client(name).is_some() || labelled(&realm.name).any(|label| label == name)
            });
            if !known {
                let labels: Vec<&String> = realms.iter().flat_map(|realm| labelled(&realm.name)).collect();
                return Err(format!("there is no client {name:?}; give an id, or a label: {labels:?}"));
            }
        }
        Ok(())
    }

    /// Whether this handshake is shown the expired certificate.
    fn strike_handshake(&self) -> bool {
        self.state().0.strike_handshake(self.server.clock.now())
    }

    /// Remembers a request, and which faults strike it.
    fn arrive(&self, mut sight: Sight) -> (u64, Vec<Strike>) {
        let own = sight.realm.as_ref().and_then(|realm| self.labels.get(realm));
        sight.client = own.zip(sight.client_id.as_ref()).and_then(|(own, id)| own.get(id).cloned());
        let now = self.server.clock.now();
        let mut state = self.state();
        let strikes = state.0.strike(&sight, now);
        let ids = strikes.iter().map(|strike| strike.id).collect();
        (state.1.arrive(sight, ids, now), strikes)
    }

    async fn passed(&self, arriving: Arriving<'_>, answer: Answer<'_>) -> Passed {
        let Some(sight) = Sight::of(&self.server, &arriving) else {
            return Ok(delivery::whole(answer.await));
        };
        let realm = sight.realm.clone();
        let (number, strikes) = self.arrive(sight);
        for strike in &strikes {
            tracing::info!(
                fault = strike.id,
                kind = strike.kind.name(),
                realm,
                request = number,
                "a fault strikes"
            );
            self.happen(&strike.action, realm.as_deref()).await;
        }
        let delivered = self.answered(number, &strikes, arriving.route, answer).await;
        let (status, end) = match &delivered {
            Ok((response, end)) => (Some(response.status().as_u16()), *end),
            Err(Closed) => (None, State::Closed),
        };
        self.state().1.end(number, status, end);
        delivered.map(|(response, _)| response)
    }

    /// Events: what happens just before a request.
    async fn happen(&self, action: &Action, realm: Option<&str>) {
        match (action, realm) {
            (Action::AdvanceClock(seconds), _) => self.clock.advance(*seconds, &self.server).await,
            (Action::RotateKeys(urgency), Some(realm)) => {
                if let Err(error) = self.rotate_keys(realm, *urgency).await {
                    tracing::warn!(realm, %error, "the keys were not rotated");
                }
            }
            _ => {}
        }
    }

    async fn rotate_keys(&self, realm: &str, urgency: KeyUrgency) -> Result<(), ControlError> {
        let request = Request { realm: realm.to_owned(), command: Command::KeyRotate { urgency } };
        execute(&self.server, request).await.map(|_| ())
    }

    /// What the client gets. What refuses comes first, whatever else strikes: then the endpoint is not asked.
    async fn answered(
        &self,
        number: u64,
        strikes: &[Strike],
        route: Option<&Route>,
        answer: Answer<'_>,
    ) -> Result<(Delivered, State), Closed> {
        for Strike { action, .. } in strikes {
            let refusal = match action {
                Action::Refuse(rejection, headers) => answer::refusal(route, *rejection, headers),
                Action::Status(page) => answer::page(page),
                Action::Close => return Err(Closed),
                Action::Hang(time) => {
                    self.wait(*time).await;
                    return Err(Closed);
                }
                _ => continue,
            };
            return Ok((delivery::whole(refusal), State::Answered));
        }
        let mut response = answer.await;
        self.state().1.endpoint_answered(number, response.status().as_u16());
        let (mut slow, mut truncated) = (None, None);
        for Strike { action, .. } in strikes {
            match action {
                Action::LoseAnswer => return Err(Closed),
                Action::Delay(time) => self.wait(*time).await,
                Action::SlowBody(time) => slow = Some(*time),
                Action::Truncate(bytes) => truncated = Some(*bytes),
                Action::Replace(page) => response = answer::replaced(response, page),
                Action::Edit(edit) => response = answer::edited(response, edit),
                _ => {}
            }
        }
        Ok(match (truncated, slow) {
            (Some(bytes), _) => (delivery::truncated(response, bytes), State::Truncated),
            (None, Some(time)) => (delivery::slow(response, time), State::Answered),
            (None, None) => (delivery::whole(response), State::Answered),
        })
    }

    /// Waits, but not longer than the sandbox runs.
    async fn wait(&self, time: Duration) {
        let until = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < until && !self.server.draining.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK.min(until - tokio::time::Instant::now())).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, (Board, Requests)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intermediary for Faults {
    fn pass<'a>(&'a self, arriving: Arriving<'a>, answer: Answer<'a>) -> Passage<'a> {
        Box::pin(self.passed(arriving, answer))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}
