//! Credentials that are replaced while tokens are kept ready: the old ones are not asked for any more.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::Clock;
use chancela_agent::config::AgentConfig;
use chancela_agent::engine::Moment;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::identity::ClientIdentity;
use chancela_agent::source::Surroundings;
use chancela_agent::tokens::BoxFuture;
use chancela_agent::transport::{Carrier, Target, TransportError};
use chancela_core::dialect::Library;
use http::{Request, Response};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The runtime's clock, which is paused.
struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Moment {
        let millis = i64::try_from(self.0.elapsed().as_millis()).unwrap();
        Moment { wall: 1_767_700_800_000 + millis, boot: 3_600_000 + millis }
    }
}

/// A provider that gives tokens of five minutes, and remembers to whom.
#[derive(Debug, Default)]
struct Provider(Mutex<Vec<String>>);

impl Carrier for Provider {
    fn carry<'a>(
        &'a self,
        _: &'a Target,
        _: Option<&'a ClientIdentity>,
        request: Request<Bytes>,
    ) -> BoxFuture<'a, Result<Response<Bytes>, TransportError>> {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let client = body.split('&').find_map(|pair| pair.strip_prefix("client_id=")).unwrap().to_owned();
        let mut asked = self.0.lock().unwrap();
        asked.push(client);
        let answer = format!(r#"{{"access_token":"token-{}","expires_in":300}}"#, asked.len());
        Box::pin(async { Ok(Response::new(answer.into())) })
    }
}

impl Provider {
    /// Who has asked since the last time, each once, and how often all of them together.
    fn take(&self) -> (Vec<String>, usize) {
        let mut asked = std::mem::take(&mut *self.0.lock().unwrap());
        let calls = asked.len();
        asked.sort_unstable();
        asked.dedup();
        (asked, calls)
    }
}

#[tokio::test(start_paused = true)]
async fn the_tokens_of_a_replaced_client_are_not_kept_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let id = folder.path().join("id");
    std::fs::write(&id, "old").unwrap();
    let config = format!(
        "[provider.standard]\naddress = \"https://id.example\"\nclient_id = \"file:{}\"\nclient_secret = \"env:S\"\n\
         method = \"client_secret_post\"\nrenew.keep = true\n",
        id.display()
    );
    let provider = Arc::new(Provider::default());
    let parts = Parts {
        library: Library::builtin(),
        around: Arc::new(Surroundings::new(|name| (name == "S").then(|| "s3cr3t".into()), std::io::empty())),
        clock: Arc::new(Paused(Instant::now())),
        entropy: Arc::new(SystemEntropy),
        observer: Arc::new(()),
        state: std::env::temp_dir(),
        boot: None,
        memory: true,
        carrier: Some(Arc::clone(&provider) as _),
    };
    let agent = Agent::open(AgentConfig::parse(Path::new("agent.toml"), &config).unwrap(), parts).unwrap();
    let ask = async || {
        let token =
            agent.provider("standard").unwrap().token(Default::default(), Duration::from_secs(5)).await;
        token.unwrap().served.token.fingerprint
    };
    let hour = Duration::from_secs(3600);
    ask().await;
    sleep(hour).await;
    let (who, calls) = provider.take();
    assert!(who == ["old"] && (12..20).contains(&calls), "{who:?} {calls}");
    std::fs::write(&id, "new").unwrap();
    // The first call notices, the next one is served what it brought.
    ask().await;
    sleep(Duration::from_secs(2)).await;
    ask().await;
    provider.take();
    sleep(hour).await;
    let (who, calls) = provider.take();
    assert!(who == ["new"] && (12..20).contains(&calls), "{who:?} {calls}");
}
