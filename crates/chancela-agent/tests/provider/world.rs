//! A provider with written answers, an agent that asks it, and a reader of what was signed.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_agent::agent::{Agent, Parts};
use chancela_agent::clock::SystemClock;
use chancela_agent::config::AgentConfig;
use chancela_agent::entropy::SystemEntropy;
use chancela_agent::provider::{Authorized, ProviderError, Request};
use chancela_agent::source::Surroundings;
use chancela_core::dialect::Library;
use chancela_core::jose::{SigningKey, UnverifiedJwt, VerifyingKey};
use chancela_core::x509::encode_pem;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The dialect of these tests: it offers everything.
const DIALECT: &str = r#"
format = 1
name = "signing"
title = "a provider"
sources = ["these tests"]
[environments.only]
[token_endpoint.token]
paths = ["/token"]
[device_authorization]
path = "/device"
[request.grants]
client_credentials = "client_credentials"
authorization_code = "authorization_code"
refresh_token = "refresh_token"
[client_authentication]
methods = ["client_secret_post", "private_key_jwt", "none"]
"#;

pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Asked {
    /// A parameter of the form. Nothing in these tests has a space.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.body.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.into_iter().find(|(own, _)| *own == name)?;
        Some(percent_encoding::percent_decode_str(found.1).decode_utf8().unwrap().into_owned())
    }

    pub(crate) fn proof(&self) -> Option<String> {
        let mut all = self.headers.get_all("dpop").iter();
        let proof = all.next().map(|proof| proof.to_str().unwrap().to_owned());
        assert!(all.next().is_none(), "more than one proof");
        proof
    }
}

/// Status, further header lines and body of an answer.
type Answer = (u16, String, String);

pub(crate) struct Provider {
    pub(crate) address: String,
    answers: Mutex<VecDeque<Answer>>,
    asked: Mutex<Vec<Asked>>,
}

impl Provider {
    pub(crate) async fn start() -> Arc<Self> {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let own = Arc::new(Self { address, answers: Mutex::default(), asked: Mutex::default() });
        let provider = Arc::clone(&own);
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                Box::pin(provider.talk(stream)).await;
            }
        });
        own
    }

    async fn talk(&self, mut stream: TcpStream) {
        let mut text = String::new();
        let mut buffer = [0; 16 * 1024];
        loop {
            let read = stream.read(&mut buffer).await.unwrap();
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if read == 0 || body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers =
            headers.map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()));
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value);
        }
        let path = head.split(' ').nth(1).unwrap().to_owned();
        self.asked.lock().unwrap().push(Asked { path, headers: all, body: body.to_owned() });
        let (status, more, body) = self.answers.lock().unwrap().pop_front().expect("one question too many");
        let answer = format!("HTTP/1.1 {status} X\r\n{more}Content-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    pub(crate) fn will_say(&self, status: u16, headers: &[&str], body: &Value) {
        let headers = headers.iter().map(|line| format!("{line}\r\n")).collect();
        self.answers.lock().unwrap().push_back((status, headers, body.to_string()));
    }

    pub(crate) fn will_grant(&self, token: &str, token_type: &str) {
        self.will_say(
            200,
            &[],
            &json!({"access_token": token, "token_type": token_type, "expires_in": 3600}),
        );
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// An agent of this provider as the client `app`, without a cache.
    pub(crate) fn agent(&self, more: &str) -> Agent {
        self.agent_in(None, more)
    }

    /// The same with a cache in a folder.
    pub(crate) fn agent_in(&self, folder: Option<&Path>, more: &str) -> Agent {
        let cache = folder.map(|folder| format!("[cache]\nfolder = {folder:?}\nkey = \"env:CACHE_KEY\"\n"));
        let text = format!(
            "{}[provider.signing]\naddress = \"http://{}\"\nclient_id = \"app\"\n{more}",
            cache.unwrap_or_default(),
            self.address
        );
        let mut library = Library::builtin();
        library.add("signing", "signing.toml", DIALECT);
        let parts = Parts {
            library,
            around: Arc::new(Surroundings::new(variable, std::io::empty())),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            observer: Arc::new(()),
            state: PathBuf::new(),
            boot: None,
            memory: folder.is_none(),
            carrier: None,
        };
        Agent::open(AgentConfig::parse(Path::new("agent.toml"), &text).unwrap(), parts).unwrap()
    }
}

fn variable(name: &str) -> Option<OsString> {
    ["SECRET", "CACHE_KEY"].contains(&name).then(|| format!("{name} 0123456789abcdef0123456789abcdef").into())
}

pub(crate) async fn token(agent: &Agent) -> Result<Authorized, ProviderError> {
    agent.provider("signing").unwrap().token(Request::default(), Duration::from_secs(3)).await
}

/// A new key in a file, in PEM, and its public half.
pub(crate) fn key_file(path: &Path) -> VerifyingKey {
    let key = SigningKey::generate().unwrap();
    std::fs::write(path, encode_pem("PRIVATE KEY", key.pkcs8())).unwrap();
    key.verifying_key()
}

/// A key of the configuration that names a file.
pub(crate) fn line(key: &str, path: &Path) -> String {
    format!("{key} = {:?}\n", format!("file:{}", path.display()))
}

pub(crate) fn header(jwt: &str) -> Value {
    serde_json::from_slice(&BASE64URL.decode(jwt.split('.').next().unwrap()).unwrap()).unwrap()
}

/// The claims of a JWT that one of these keys has signed.
pub(crate) fn claims(jwt: &str, key: &VerifyingKey) -> Map<String, Value> {
    UnverifiedJwt::parse(jwt).unwrap().verify([key]).expect("the signature is another key's").payload
}

/// The claims of a proof that the key in its header has signed, and that key.
pub(crate) fn proven(proof: &str) -> (Map<String, Value>, VerifyingKey) {
    assert_eq!(header(proof)["typ"], "dpop+jwt");
    let set = json!({"keys": [header(proof)["jwk"]]}).to_string();
    let key = VerifyingKey::read_jwk_set(set.as_bytes()).unwrap().remove(0);
    (claims(proof, &key), key)
}
