//! What is printed of a token: never the token nor its signature, unless that is asked for.

use super::{Kept, Known, Verified};
use crate::cli::Inspect;
use crate::output::{self, harmless};
use chancela_agent::inspect::{Form, Verification};
use chancela_core::message::token_response::iso_8601;
use serde_json::{Map, Value, json};

/// Times of a JWT that people look for (RFC 7519 section 4.1).
const TIMES: [(&str, &str); 4] =
    [("auth_time", "logged in"), ("iat", "issued"), ("nbf", "good from"), ("exp", "good until")];

pub(super) fn show(known: &Known, arguments: &Inspect) {
    match arguments.json {
        true => output::show(&document(known, arguments.raw), true),
        false => output::line(&harmless(&text(known, arguments.raw))),
    }
}

fn document(known: &Known, raw: bool) -> Value {
    let inspected = &known.inspected;
    let mut out = json!({
        "format_version": 1,
        "length": inspected.length,
        "fingerprint": inspected.fingerprint.to_string(),
        "expires_in": inspected.time("exp").map(|end| end.saturating_sub(known.now)),
        "is_bound_to_our_certificate": known.is_bound,
        "doubts": known.doubts,
        "kept": known.kept.as_ref().map(Kept::document),
        "verification": known.verification.as_ref().map(|verified| json!({
            "result": word(verified.result), "keys": verified.keys,
        })),
    });
    let form = match &inspected.form {
        Form::Jwt { header, claims } => json!({ "form": "jwt", "header": header, "claims": claims }),
        Form::Encrypted { header } => json!({ "form": "jwe", "header": header }),
        Form::Opaque { alphabet } => json!({ "form": "opaque", "alphabet": alphabet }),
    };
    if let (Value::Object(out), Value::Object(form)) = (&mut out, form) {
        out.extend(form);
        if raw {
            out.insert("token".to_owned(), known.token.expose().into());
        }
    }
    out
}

impl Kept {
    fn document(&self) -> Value {
        let token = self.record.token.as_ref();
        json!({
            "step": self.step,
            "seconds_left": self.left.max(0) / 1000,
            "lives": token.map(|token| token.life.length / 1000),
            "renewed_before": self.margins.map(|margins| margins.soft / 1000),
            "withheld_before": self.margins.map(|margins| margins.hard / 1000),
            "scope": token.and_then(|token| token.scope.clone()),
            "token_type": token.and_then(|token| token.token_type.clone()),
            "logged_in_at": self.record.session.as_ref().map(|session| session.login_at),
            "session_ends_at": self.session_ends_at,
            "refresh_is_uncertain": self.record.journal.is_some(),
        })
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let seconds = |millis: i64| millis.max(0) / 1000;
        let life = self.record.token.as_ref().map_or(0, |token| token.life.length);
        let mut out = vec![(
            "kept",
            format!("of step {}, good for {} s of {} s", self.step, seconds(self.left), seconds(life)),
        )];
        if let Some(margins) = self.margins {
            let (soft, hard) = (seconds(margins.soft), seconds(margins.hard));
            out.push(("renewed", format!("with {soft} s left; not handed out with less than {hard} s")));
        }
        if let Some(scope) = self.record.token.as_ref().and_then(|token| token.scope.as_ref()) {
            out.push(("granted", scope.clone()));
        }
        if let Some(session) = &self.record.session {
            let end = self.session_ends_at.map(|end| format!(", ends {}", iso_8601(end)));
            let begin = iso_8601(session.login_at);
            out.push(("session", format!("since {begin}{}", end.unwrap_or_default())));
        }
        out
    }
}

fn text(known: &Known, raw: bool) -> String {
    let mut lines = vec![("form", form(&known.inspected.form))];
    lines.push(("fingerprint", known.inspected.fingerprint.to_string()));
    lines.push(("length", known.inspected.length.to_string()));
    for (claim, word) in TIMES {
        if let Some(at) = known.inspected.time(claim) {
            lines.push((word, moment(at, known.now)));
        }
    }
    lines.extend(known.kept.iter().flat_map(Kept::lines));
    if let Some(is_ours) = known.is_bound {
        let whose = if is_ours { "ours" } else { "not ours" };
        lines.push(("bound to", format!("a certificate: {whose}")));
    }
    if let Some(Verified { keys, result }) = &known.verification {
        lines.push(("signature", format!("{}, by the keys at {keys}", word(*result).replace('_', " "))));
    }
    lines.extend(known.doubts.iter().map(|doubt| ("warning", doubt.clone())));
    if raw {
        lines.push(("token", known.token.expose().to_owned()));
    }
    let mut out: Vec<String> = lines.into_iter().map(|(name, value)| format!("{name:<12} {value}")).collect();
    let part = |name: &str, object: &Map<String, Value>| {
        format!("\n{name}\n{}", serde_json::to_string_pretty(object).unwrap_or_default())
    };
    match &known.inspected.form {
        Form::Jwt { header, claims } => out.extend([part("header", header), part("claims", claims)]),
        Form::Encrypted { header } => out.push(part("header", header)),
        Form::Opaque { .. } => {}
    }
    out.join("\n")
}

fn form(form: &Form) -> String {
    let alg =
        |header: &Map<String, Value>| header.get("alg").map_or_else(|| "?".to_owned(), Value::to_string);
    match form {
        Form::Jwt { header, .. } => format!("JWT, algorithm {}", alg(header)),
        Form::Encrypted { header } => format!("encrypted JWT, algorithm {}", alg(header)),
        Form::Opaque { alphabet } => format!("opaque: {alphabet}"),
    }
}

const fn word(result: Verification) -> &'static str {
    match result {
        Verification::Good => "good",
        Verification::Bad => "bad",
        Verification::UnknownKey => "unknown_key",
        Verification::Unsupported => "unsupported_algorithm",
        Verification::NotSigned => "not_signed",
    }
}

/// A moment with how far it is.
fn moment(at: i64, now: i64) -> String {
    let date = match at {
        0..=253_402_300_799 => iso_8601(at),
        _ => return at.to_string(),
    };
    match at.saturating_sub(now) {
        left @ 0.. => format!("{date} (in {left} s)"),
        past => format!("{date} ({} s ago)", past.saturating_neg()),
    }
}
