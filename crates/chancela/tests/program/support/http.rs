//! A small HTTP/1.1 client over a blocking socket: it sends exactly the header fields that it is given.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The access token of a successful answer.
    pub(crate) fn token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        super::text(&self.json(), "access_token").to_owned()
    }
}

/// A connection that stays open between requests.
pub(crate) struct Connection<S = TcpStream> {
    authority: String,
    stream: BufReader<S>,
}

impl Connection {
    /// Connects to `host:port`.
    pub(crate) fn open(authority: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(authority)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.set_nodelay(true)?;
        Ok(Self::over(authority, stream))
    }
}

impl<S: Read + Write> Connection<S> {
    /// A connection to `host:port` over something that is open already.
    pub(crate) fn over(authority: &str, stream: S) -> Self {
        Self { authority: authority.to_owned(), stream: BufReader::new(stream) }
    }

    /// Sends bytes as they are.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends a request and reads its answer.
    pub(crate) fn send(&mut self, request: &Request) -> io::Result<Answer> {
        let bytes = request.bytes(&self.authority);
        self.write(&bytes)?;
        self.read()
    }

    /// Reads one answer.
    pub(crate) fn read(&mut self) -> io::Result<Answer> {
        let bad = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let status =
            line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| bad("status"))?;
        let mut headers = HeaderMap::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            let name = HeaderName::try_from(name).map_err(|_| bad("header name"))?;
            headers.append(name, HeaderValue::try_from(value.trim()).map_err(|_| bad("header value"))?);
        }
        let length = headers.get("content-length").and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, headers, body })
    }
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without header fields and body. `url` is absolute.
    pub(crate) fn new(method: &str, url: impl Into<String>) -> Self {
        Self { method: method.to_owned(), url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    /// A POST of a form.
    pub(crate) fn form(url: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        Self::new("POST", url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(encode(fields))
    }

    /// A POST of JSON.
    pub(crate) fn json(url: impl Into<String>, body: &Value) -> Self {
        Self::new("POST", url).header("Content-Type", "application/json").body(body.to_string())
    }

    /// With one more header field.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With HTTP Basic credentials.
    pub(crate) fn basic(self, id: &str, secret: &str) -> Self {
        let pair = STANDARD.encode(format!("{id}:{secret}"));
        self.header("Authorization", format!("Basic {pair}"))
    }

    /// With this body.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it on a connection of its own.
    pub(crate) fn try_send(&self) -> io::Result<Answer> {
        Connection::open(self.authority())?.send(self)
    }

    /// Sends it on a connection of its own, to a server that must answer.
    pub(crate) fn send(&self) -> Answer {
        self.try_send().unwrap_or_else(|error| panic!("{} {}: {error}", self.method, self.url))
    }

    /// `host:port` of its URL.
    pub(crate) fn authority(&self) -> &str {
        let (_, rest) = self.url.split_once("://").expect("an absolute URL");
        rest.split('/').next().unwrap_or(rest)
    }

    /// As it is sent.
    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let (scheme, _) = self.url.split_once("://").expect("an absolute URL");
        let target = &self.url[scheme.len() + 3 + self.authority().len()..];
        let target = if target.is_empty() { "/" } else { target };
        let mut out = format!("{} {target} HTTP/1.1\r\nHost: {host}\r\n", self.method).into_bytes();
        for (name, value) in &self.headers {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        if self.method != "GET" {
            out.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}

/// `GET url`.
pub(crate) fn get(url: &str) -> Answer {
    Request::new("GET", url).send()
}

/// A form's body.
pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    let text = |text: &str| text.bytes().map(byte).collect::<String>();
    fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join("&")
}
