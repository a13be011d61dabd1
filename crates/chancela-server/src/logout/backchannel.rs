//! Logout tokens on their way to applications (OpenID Connect Back-Channel Logout §2.5, requirement N-06): in the
//! background, a bounded number at once, a few tries each. Whoever logs out never waits for an application.
//!
//! What is on its way is in memory: after a crash, applications learn of the end when their tokens are refused.

use crate::fetch::Call;
use crate::metrics::Delivered;
use crate::realm::Realm;
use crate::server::Server;
use chancela_core::entropy::Entropy;
use chancela_core::id::ClientKey;
use chancela_core::openid::logout_token::LogoutToken;
use chancela_core::openid::subject;
use chancela_core::record::{Client, Session};
use chancela_store::Store;
use http::StatusCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Most deliveries that wait or are under way.
const MAX_DELIVERIES: u32 = 4096;
/// Most requests at once: half of what the fetcher does, so that silent applications leave room for others.
const MAX_REQUESTS: usize = 16;
/// Pauses between tries. All of them fit into the two minutes that a logout token lives.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];

/// One application and the session of whose end it has to hear.
#[derive(Debug)]
struct Delivery {
    realm: Arc<Realm>,
    client: ClientKey,
    subject: Box<str>,
    sid: Option<Box<str>>,
    /// Its place among all deliveries, free when it is done.
    _place: OwnedSemaphorePermit,
}

/// Deliveries that wait.
#[derive(Debug)]
pub struct Deliveries {
    places: Arc<Semaphore>,
    sender: UnboundedSender<Delivery>,
    receiver: Mutex<Option<UnboundedReceiver<Delivery>>>,
}

impl Default for Deliveries {
    fn default() -> Self {
        // The channel needs no bound of its own: everything in it has a place.
        let (sender, receiver) = unbounded_channel();
        let places = Arc::new(Semaphore::new(MAX_DELIVERIES as usize));
        Self { places, sender, receiver: Mutex::new(Some(receiver)) }
    }
}

impl Deliveries {
    /// Adds a delivery; with no place left it is dropped, counted and logged.
    pub(super) fn add(&self, realm: &Arc<Realm>, client: ClientKey, session: &Session) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            realm.metrics.delivered(Delivered::Dropped);
            tracing::warn!(realm = realm.name, "too many logout deliveries wait; one is dropped");
            return;
        };
        let delivery = Delivery {
            realm: Arc::clone(realm),
            client,
            subject: session.subject.clone(),
            sid: session.authentication.sid.clone(),
            _place: place,
        };
        // The receiver lives as long as this does, in the mutex or in `run`.
        let _ = self.sender.send(delivery);
    }

    /// Waits until nothing is under way, or until `limit` has passed; answers how many are left.
    pub async fn finish(&self, limit: Duration) -> usize {
        let all = Arc::clone(&self.places).acquire_many_owned(MAX_DELIVERIES);
        let _ = tokio::time::timeout(limit, all).await;
        (MAX_DELIVERIES as usize).saturating_sub(self.places.available_permits())
    }
}

/// Delivers until it is dropped. Runs once for each server.
pub async fn run<S: Store>(server: Arc<Server<S>>) {
    let receiver = server.deliveries.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut receiver) = receiver else { return };
    let turns = Arc::new(Semaphore::new(MAX_REQUESTS));
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            delivery = receiver.recv() => match delivery {
                Some(delivery) => {
                    tasks.spawn(deliver(Arc::clone(&server), delivery, Arc::clone(&turns)));
                }
                None => return,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// How one try ended.
enum Tried {
    /// For good.
    Done(Delivered),
    /// Another try may end better.
    Again,
}

async fn deliver<S: Store>(server: Arc<Server<S>>, delivery: Delivery, turns: Arc<Semaphore>) {
    let mut outcome = Delivered::Failed;
    for pause in [None].into_iter().chain(PAUSES.map(Some)) {
        if let Some(pause) = pause {
            tokio::time::sleep(jittered(pause, &*server.entropy)).await;
        }
        let Ok(_turn) = turns.acquire().await else { return };
        match attempt(&server, &delivery).await {
            Tried::Done(done) => {
                outcome = done;
                break;
            }
            Tried::Again => {}
        }
    }
    delivery.realm.metrics.delivered(outcome);
    let client = delivery.realm.directory.client_of(delivery.client);
    let client = client.as_ref().map(|client| &*client.client_id);
    let (realm, outcome) = (&delivery.realm.name, outcome.as_str());
    tracing::info!(realm, client, outcome, "an application was told of a logout");
}

async fn attempt<S: Store>(server: &Server<S>, delivery: &Delivery) -> Tried {
    // As the client is registered now: it may have moved, or gone.
    let client = delivery.realm.directory.client_of(delivery.client).filter(|client| client.enabled);
    let Some(client) = client else { return Tried::Done(Delivered::Dropped) };
    let Some(uri) = &client.backchannel_logout_uri else { return Tried::Done(Delivered::Dropped) };
    let Some(token) = token(server, delivery, &client) else { return Tried::Done(Delivered::Failed) };
    // Base64url and dots: nothing to encode.
    let form = format!("logout_token={token}");
    match server.fetcher.fetch(Call::post_form(uri, form)).await {
        Ok(answer) => judge(answer.status()),
        Err(error) if error.is_lasting() => Tried::Done(Delivered::Failed),
        Err(_) => Tried::Again,
    }
}

/// What an answer means (§2.8): 400 says that the application could not log the user out, and will not.
fn judge(status: StatusCode) -> Tried {
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Tried::Again,
        status if status.is_success() => Tried::Done(Delivered::Accepted),
        status if status.is_client_error() => Tried::Done(Delivered::Refused),
        _ => Tried::Again,
    }
}

/// A token for this try: each lives two minutes from its own beginning.
fn token<S: Store>(server: &Server<S>, delivery: &Delivery, client: &Client) -> Option<String> {
    let Delivery { realm, subject, sid, .. } = delivery;
    let sub = subject::for_client(client, subject, &realm.pepper);
    let facts = LogoutToken {
        issuer: &realm.issuer,
        client_id: &client.client_id,
        sub: Some(&*sub).filter(|sub| !sub.is_empty()),
        sid: sid.as_deref(),
    };
    let key = realm.id_token_key(client)?;
    let issued = facts.issue(&key, &*server.entropy, server.clock.now());
    issued.inspect_err(|error| tracing::error!(%error, "a logout token could not be made")).ok()
}

/// Three quarters to five quarters of `pause`, so that what failed together is not tried together again.
fn jittered(pause: Duration, entropy: &dyn Entropy) -> Duration {
    let mut byte = [128];
    // Without random numbers the pause is as it is.
    let _ = entropy.fill(&mut byte);
    pause * (384 + u32::from(byte[0])) / 512
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancela_core::entropy::Seeded;

    #[test]
    fn pauses_vary_around_their_length() {
        let entropy = Seeded::new(1);
        let pauses: Vec<Duration> = (0..64).map(|_| jittered(Duration::from_secs(4), &entropy)).collect();
        assert!(pauses.iter().all(|pause| (3000..5000).contains(&pause.as_millis())));
        assert!(pauses.iter().any(|pause| pause.as_millis() < 3500));
        assert!(pauses.iter().any(|pause| pause.as_millis() > 4500));
    }

    #[test]
    fn an_application_that_refuses_is_not_asked_again() {
        let again = |status: u16| matches!(judge(StatusCode::from_u16(status).unwrap()), Tried::Again);
        assert!([500, 502, 503, 429, 408, 100].into_iter().all(again));
        assert!(![200, 204, 202, 400, 401, 404, 413].into_iter().any(again));
    }
}
