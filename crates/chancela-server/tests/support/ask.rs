//! A request that a test builds and spoils step by step, and its answer.

use super::World;
use bytes::Bytes;
use chancela_server::transport::peer::Peer;
use chancela_store::Store;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use std::fmt::Write;

/// A request.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: Method,
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub peer: Peer,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

pub const FORM: &str = "application/x-www-form-urlencoded";
pub const JSON: &str = "application/json";

impl Ask {
    pub fn post(target: &str) -> Self {
        Self {
            method: Method::POST,
            target: target.into(),
            headers: Vec::new(),
            body: Vec::new(),
            peer: Peer::plain(super::PEER),
        }
    }

    pub fn get(target: &str) -> Self {
        Self { method: Method::GET, ..Self::post(target) }
    }

    pub fn form(target: &str, fields: &[(&str, &str)]) -> Self {
        Self::post(target).header("content-type", FORM).body(super::form(fields))
    }

    pub fn json(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::post(target).header("content-type", JSON).body(body)
    }

    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub fn target(mut self, target: &str) -> Self {
        self.target = target.into();
        self
    }

    /// Adds a header, beside others of its name.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().to_vec()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(own, _)| own != name);
        self
    }

    /// Puts a header in the place of those of its name.
    pub fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).header(name, value)
    }

    /// Comes from this address.
    pub fn from(mut self, peer: &str) -> Self {
        self.peer.address = peer.parse().unwrap();
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Appends to the body.
    pub fn and(mut self, more: &str) -> Self {
        self.body.extend_from_slice(more.as_bytes());
        self
    }

    /// Replaces text in the body.
    pub fn swap(mut self, from: &str, to: &str) -> Self {
        let body = String::from_utf8(self.body).unwrap();
        assert!(body.contains(from), "{from} is not in {body}");
        self.body = body.replacen(from, to, 1).into_bytes();
        self
    }

    pub fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(self.method.clone()).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value.as_slice());
        }
        request.body(Full::new(Bytes::from(self.body.clone()))).unwrap()
    }

    pub async fn send<S: Store>(&self, world: &World<S>) -> Answer {
        let response =
            chancela_server::endpoint::respond(&world.server, &world.router, &self.peer, self.request())
                .await;
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        };
        answer.assert_sound();
        answer
    }

    /// The request for people: long parts are cut and counted.
    fn show(&self, out: &mut String, masks: &[(String, &str)]) {
        let cut = |bytes: &[u8]| {
            let mut text = String::from_utf8_lossy(bytes).into_owned();
            for (from, to) in masks {
                text = text.replace(from, to);
            }
            if text.len() > 160 { format!("{}…", &text[..48]) } else { text }
        };
        let _ = writeln!(out, "{} {}", self.method, cut(self.target.as_bytes()));
        for (name, value) in &self.headers {
            let _ = writeln!(out, "{name}: {}", cut(value));
        }
        if !self.body.is_empty() {
            let _ = writeln!(out, "\n{}", cut(&self.body));
        }
    }

    /// Sends, and writes the whole exchange; `masks` are what differs from run to run or says nothing, and its name.
    pub async fn exchange<S: Store>(
        &self,
        title: &str,
        world: &World<S>,
        masks: &[(String, &str)],
    ) -> String {
        let answer = self.send(world).await;
        let mut out = format!("### {title}\n");
        self.show(&mut out, masks);
        out.push('\n');
        answer.show(&mut out);
        out
    }
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A member of the body as text.
    pub fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member}: {}", self.body)).to_owned()
    }

    pub fn token(&self) -> String {
        assert!(self.status.is_success(), "{} {}", self.status, self.body);
        self.text("access_token")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Status and what every dialect's error shape says of the reason.
    pub fn refusal(&self) -> (u16, String) {
        let status = self.status.as_u16();
        let json = self.json();
        let text = match &json["error"] {
            serde_json::Value::Object(error) => error["details"].to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        (status, text)
    }

    /// What holds for every answer: a token is never cached (HS-09), a refusal says how to do better where HTTP
    /// demands it, and nothing of the inside shows (LG-06).
    fn assert_sound(&self) {
        let context = || format!("{} {:?} {}", self.status, self.headers, self.body);
        if self.body.contains("access_token\"") || self.body.contains("\"active\"") {
            assert_eq!(self.header("cache-control"), Some("no-store"), "{}", context());
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            assert!(self.headers.contains_key("allow"), "{}", context());
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(self.headers.contains_key("retry-after"), "{}", context());
        }
        for inside in ["panicked", ".rs:", "SELECT ", "sqlite", "/src/"] {
            assert!(!self.body.contains(inside), "{}", context());
        }
    }

    pub fn show(&self, out: &mut String) {
        let _ = writeln!(out, "HTTP {}", self.status.as_u16());
        let mut headers: Vec<String> =
            self.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        headers.sort();
        for header in headers {
            let _ = writeln!(out, "{header}");
        }
        if !self.body.is_empty() {
            let body = self.body.replace('\r', "");
            let _ = writeln!(out, "\n{}", mask_jws(&body));
        }
    }
}

/// Signatures and key ids come from the system's random numbers, so a JWS is shown by its beginning only.
fn mask_jws(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        out.push_str(&rest[..at]);
        out.push_str("(jws)");
        let tail = &rest[at..];
        let end =
            tail.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(tail.len());
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}
