//! What is doubtful about a token, in sentences that end with what to do or what follows.

use super::{Form, Inspected};
use chancela_core::message::token_answer::JwtHint;
use chancela_core::message::token_response::iso_8601;
use serde_json::{Map, Value};

/// Seconds by which clocks may differ.
const SKEW: i64 = 30;

/// What whoever looks knows beside the token.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The API that shall take it.
    pub audience: Option<&'a str>,
    /// SHA-256 of our certificate.
    pub certificate: Option<&'a [u8; 32]>,
}

impl Inspected {
    /// What is doubtful at `now`, in seconds since the epoch.
    pub fn doubts(&self, expected: &Expected<'_>, now: i64) -> Vec<String> {
        let mut out = Vec::new();
        match &self.form {
            Form::Opaque { .. } => {}
            Form::Encrypted { .. } => {
                out.push("it is encrypted; only the API that it is for can read the rest".to_owned());
            }
            Form::Jwt { header, .. } => {
                self.signature(header, &mut out);
                self.times(now, &mut out);
                self.audience(expected, &mut out);
                self.binding(expected, &mut out);
            }
        }
        out
    }

    /// Whether a token is bound to this certificate; `None` if it is bound to none (RFC 8705 section 3.1).
    pub fn is_bound_to(&self, sha256: &[u8; 32]) -> Option<bool> {
        let thumbprint = Some(self.confirmation("x5t#S256")?.to_owned());
        JwtHint { exp: None, nbf: None, iat: None, thumbprint }.is_bound_to(sha256)
    }

    /// A member of `cnf` (RFC 7800).
    pub fn confirmation(&self, name: &str) -> Option<&str> {
        self.claim("cnf")?.get(name)?.as_str()
    }

    fn signature(&self, header: &Map<String, Value>, out: &mut Vec<String>) {
        match header.get("alg").and_then(Value::as_str) {
            None => {
                out.push("its header names no algorithm; it is no JWT that anybody should accept".to_owned())
            }
            Some(alg) if alg.eq_ignore_ascii_case("none") => {
                let text = "it is not signed (alg none), so anybody can write one; no API may accept it";
                out.push(text.to_owned());
            }
            Some(alg) if alg.starts_with("HS") => {
                out.push(format!(
                    "it is signed with a shared secret ({alg}): whoever can verify it can make one"
                ));
            }
            Some(_) => {}
        }
        if header.contains_key("crit") {
            out.push(
                "its header has crit: whoever does not know what stands there must refuse it".to_owned(),
            );
        }
    }

    fn times(&self, now: i64, out: &mut Vec<String>) {
        match self.time("exp") {
            None => {
                out.push("it does not say when it ends (exp); the answer's expires_in alone does".to_owned())
            }
            Some(end) if end <= now => {
                out.push(format!("it ended at {}; get another one", date(end)));
            }
            Some(_) => {}
        }
        if let Some(begin) = self.time("nbf").filter(|begin| *begin > now) {
            out.push(format!("it is good only from {} on; check this machine's clock, or wait", date(begin)));
        }
        if let Some(made) = self.time("iat").filter(|made| made.saturating_sub(SKEW) > now) {
            out.push(format!("it was made in the future ({}); check this machine's clock", date(made)));
        }
    }

    fn audience(&self, expected: &Expected<'_>, out: &mut Vec<String>) {
        let Some(wanted) = expected.audience else { return };
        let named: Vec<&str> = match self.claim("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if !named.contains(&wanted) {
            let named = if named.is_empty() { "nobody".to_owned() } else { named.join(", ") };
            out.push(format!(
                "it is for {named}, and not for {wanted}; ask with --resource or another scope"
            ));
        }
    }

    fn binding(&self, expected: &Expected<'_>, out: &mut Vec<String>) {
        if self.confirmation("x5t#S256").is_some() {
            match expected.certificate.and_then(|sha256| self.is_bound_to(sha256)) {
                Some(true) => {}
                Some(false) => {
                    let text = "it is bound to another certificate than ours; no API takes it from us; get another one";
                    out.push(text.to_owned());
                }
                None => {
                    out.push("it is bound to a certificate (cnf), which each call has to show".to_owned())
                }
            }
        }
        if self.confirmation("jkt").is_some() {
            out.push("it is bound to a key (cnf.jkt): each call needs a DPoP proof with it".to_owned());
        }
    }
}

/// A token may say any number.
fn date(seconds: i64) -> String {
    match seconds {
        0..=253_402_300_799 => iso_8601(seconds),
        _ => format!("{seconds} s"),
    }
}
