//! The demo's pages: what happened, as the pages' structs want it.

use super::progress::Progress;
use super::wire::{Spoken, Tokens};
use super::words::{Step, Words, words};
use super::{EXCHANGE, REFRESH, TOKENS, USER_INFO, filled};
use crate::sandbox::relying_party::{RelyingParty, Secrets, form};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use chancela_server::page::demo::{Action, Block, DemoRealm, DemoStep, Parameter, Way};
use chancela_server::page::{Form, Frame, Locale};
use serde_json::Value;

/// A realm to choose.
pub(super) fn choice(party: &RelyingParty, locale: Locale) -> DemoRealm {
    let summary = match locale {
        Locale::PtBr => &party.plan.summary.pt_br,
        Locale::En => &party.plan.summary.en,
    };
    let users = party.users.iter();
    DemoRealm {
        title: party.realm.title.as_str().into(),
        summary: summary.as_str().into(),
        address: format!("/demo/request?realm={}", party.realm.name),
        users: users.map(|(name, password)| (name.as_str().into(), password.as_str().into())).collect(),
    }
}

/// Step 1: what the application asks.
pub(super) fn request(frame: Frame, party: &RelyingParty, secrets: &Secrets) -> DemoStep {
    let words = words(frame.locale);
    let mut parameters = party.parameters(secrets);
    if party.is_openid() {
        parameters.push(("ui_locales".to_owned(), frame.locale.tag().to_owned()));
    }
    let address = party.authorization_url(&parameters);
    let blocks = vec![
        table(words, words.caption.parameters, &parameters),
        table(words, words.caption.verifier, &[("code_verifier".to_owned(), secrets.code_verifier.clone())]),
        code(words.caption.address, address.replacen('?', "\n?", 1).replace('&', "\n&")),
    ];
    let actions = vec![link(words.action.authorize, address), begin(words)];
    step(frame, 1, &words.request, blocks, actions)
}

/// Step 2: what came back. `known` is the run that this browser remembers.
pub(super) fn callback(
    frame: Frame,
    known: Option<(&str, &Progress, &RelyingParty)>,
    query: &[(String, String)],
) -> DemoStep {
    let words = words(frame.locale);
    let blocks = vec![table(words, words.caption.came_back, query)];
    let value = |name: &str| query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let Some((run, progress, party)) = known else {
        return step(frame, 2, &words.unasked, blocks, vec![begin(words)]);
    };
    let again = link(words.action.again, format!("/demo/request?realm={}", party.realm.name));
    let expected = value("state") == Some(&progress.secrets.state)
        && value("iss").is_none_or(|iss| iss == party.realm.issuer);
    match (expected, value("code")) {
        (false, _) => step(frame, 2, &words.foreign, blocks, vec![again, begin(words)]),
        (true, None) => step(frame, 2, &words.refused, blocks, vec![again, begin(words)]),
        (true, Some(code)) => {
            let exchange = Form::to(EXCHANGE).with("run", run).with("code", code);
            let actions = vec![send(words.action.exchange, exchange), again];
            step(frame, 2, &words.granted, blocks, actions)
        }
    }
}

/// Step 3: the code for tokens.
pub(super) fn exchange(frame: Frame, run: &str, spoken: &Spoken) -> DemoStep {
    let words = words(frame.locale);
    let blocks = said(words, spoken);
    if !spoken.success {
        return step(frame, 3, &words.exchange_refused, blocks, vec![begin(words)]);
    }
    let actions = vec![send(words.action.decode, with_tokens(TOKENS, run, &spoken.tokens)), begin(words)];
    step(frame, 3, &words.exchange, blocks, actions)
}

/// Step 4: what is in them.
pub(super) fn tokens(
    frame: Frame,
    run: &str,
    party: &RelyingParty,
    progress: &Progress,
    held: &Tokens,
) -> DemoStep {
    let words = words(frame.locale);
    let mut blocks = Vec::new();
    for (name, token) in [
        ("id_token", &held.id_token),
        ("access_token", &held.access_token),
        ("refresh_token", &held.refresh_token),
    ] {
        if token.is_empty() {
            continue;
        }
        match decode(token) {
            Some((header, claims)) => {
                blocks.push(code(&filled(words.caption.header, name), header));
                blocks.push(code(&filled(words.caption.claims, name), claims));
            }
            None => {
                blocks
                    .push(code(&filled(words.caption.opaque, name), format!("{token}\n\n{}", words.opaque)));
            }
        }
    }
    if !held.id_token.is_empty() {
        let nonce = [("nonce".to_owned(), progress.secrets.nonce.clone())];
        blocks.push(table(words, words.caption.verifier, &nonce));
    }
    let actions = uses(words, run, party, held);
    step(frame, 4, &words.tokens, blocks, actions)
}

/// Step 5: access goes on.
pub(super) fn refreshed(
    frame: Frame,
    run: &str,
    party: &RelyingParty,
    held: &Tokens,
    spoken: &Spoken,
) -> DemoStep {
    let words = words(frame.locale);
    let what = if spoken.success { &words.refreshed } else { &words.refresh_refused };
    let actions = uses(words, run, party, &spoken.tokens.or(held));
    step(frame, 5, what, said(words, spoken), actions)
}

/// Step 5: who the user is.
pub(super) fn user_info(
    frame: Frame,
    run: &str,
    party: &RelyingParty,
    held: &Tokens,
    spoken: &Spoken,
) -> DemoStep {
    let words = words(frame.locale);
    let actions = uses(words, run, party, held);
    step(frame, 5, &words.user_info, said(words, spoken), actions)
}

/// A form of another process, or of nobody.
pub(super) fn lost(frame: Frame) -> DemoStep {
    let words = words(frame.locale);
    step(frame, 1, &words.lost, Vec::new(), vec![begin(words)])
}

/// What can be done with tokens.
fn uses(words: &Words, run: &str, party: &RelyingParty, held: &Tokens) -> Vec<Action> {
    let mut actions = Vec::new();
    if !held.refresh_token.is_empty() {
        actions.push(send(words.action.refresh, with_tokens(REFRESH, run, held)));
    }
    if party.is_openid() {
        actions.push(send(words.action.user_info, with_tokens(USER_INFO, run, held)));
    }
    actions.push(send(words.action.decode, with_tokens(TOKENS, run, held)));
    if let (Some(back), false) = (&party.post_logout_redirect_uri, held.id_token.is_empty()) {
        let parameters = [
            ("id_token_hint".to_owned(), held.id_token.clone()),
            ("post_logout_redirect_uri".to_owned(), back.clone()),
        ];
        let address = party.realm.url(&party.realm.dialect.endpoints.end_session);
        actions.push(link(words.action.sign_out, format!("{address}?{}", form(&parameters))));
    }
    actions.push(begin(words));
    actions
}

fn step(frame: Frame, number: usize, what: &Step, blocks: Vec<Block>, actions: Vec<Action>) -> DemoStep {
    let steps = words(frame.locale).steps;
    DemoStep {
        realm: frame.realm.clone(),
        frame,
        number,
        steps: steps.into_iter().map(Into::into).collect(),
        title: what.title.into(),
        explanation: what.explanation.iter().map(|text| (*text).to_owned()).collect(),
        blocks,
        actions,
        leads_to: None,
    }
}

fn said(words: &Words, spoken: &Spoken) -> Vec<Block> {
    vec![
        code(words.caption.request, spoken.request.clone()),
        code(words.caption.response, spoken.response.clone()),
    ]
}

fn table(words: &Words, caption: &str, pairs: &[(String, String)]) -> Block {
    let row = |(name, value): &(String, String)| Parameter {
        name: name.clone(),
        value: value.clone(),
        explanation: words.parameter(name).to_owned(),
    };
    Block::Parameters { caption: caption.to_owned(), rows: pairs.iter().map(row).collect() }
}

fn code(caption: &str, text: String) -> Block {
    Block::Code { caption: caption.to_owned(), text }
}

fn link(label: &str, address: String) -> Action {
    Action { label: label.to_owned(), way: Way::Link(address) }
}

fn send(label: &str, form: Form) -> Action {
    Action { label: label.to_owned(), way: Way::Send(form) }
}

fn begin(words: &Words) -> Action {
    link(words.action.begin, "/demo".to_owned())
}

fn with_tokens(path: &str, run: &str, tokens: &Tokens) -> Form {
    Form::to(path)
        .with("run", run)
        .with("access_token", tokens.access_token.as_str())
        .with("refresh_token", tokens.refresh_token.as_str())
        .with("id_token", tokens.id_token.as_str())
}

/// Header and claims of a JWT, for reading; nothing is checked.
fn decode(token: &str) -> Option<(String, String)> {
    let mut parts = token.split('.');
    let mut part = || {
        let bytes = BASE64URL.decode(parts.next()?).ok()?;
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        serde_json::to_string_pretty(&value).ok()
    };
    Some((part()?, part()?))
}
