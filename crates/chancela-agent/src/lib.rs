//! The client side: access tokens obtained, kept and renewed.
//!
//! [`engine`] decides when to ask for a token, with what, and who waits; it does nothing itself. What it wants done is an
//! [`engine::Action`], what came of it an [`engine::Event`], and both clocks are arguments: a simulated day takes
//! milliseconds, and no rule of renewal can be tested only by waiting.
//!
//! [`source`] reads secrets from where they rest, [`identity`] is the certificate of a client, replaced while it is in use,
//! and [`cache`] keeps records on disk, sealed, for all processes. [`transport`] carries token requests, and [`tokens`] is
//! the engine with all of that attached, for programs that wait for a token. [`agent`] opens a configuration's providers,
//! [`login`] begins and ends the sessions of people at them, [`socket`] serves tokens to other processes, [`reverse_proxy`]
//! serves APIs to programs that never see a token, and the layer of feature `tower` and the middleware of feature `reqwest`
//! put tokens on requests. [`doctor`] looks at what all of that needs, [`inspect`] at what a token says of itself. With feature
//! `portuguese`, every sentence for people has one in Brazilian Portuguese beside it.
//!
//! ```no_run
//! # use chancela_agent::{agent::{Agent, Parts}, config::AgentConfig, layer::{AuthorizeLayer, Replay}};
//! # use std::{path::Path, time::Duration};
//! # async fn example<S: Clone>(client: S, text: &str, parts: Parts) -> Result<(), Box<dyn std::error::Error>> {
//! use tower_layer::Layer;
//! let agent = Agent::open(AgentConfig::parse(Path::new("agent.toml"), text)?, parts)?;
//! let bank = agent.provider("bank")?;
//! let api = AuthorizeLayer::new(bank.clone()).replay(Replay::SafeOrIdempotencyKey).layer(client);
//! let token = bank.token(Default::default(), Duration::from_secs(30)).await?;
//! # Ok(()) }
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod agent;
pub mod cache;
pub mod calendar;
pub mod clock;
pub mod config;
pub mod doctor;
pub mod engine;
pub mod enrolment;
pub mod entropy;
pub mod identity;
pub mod inspect;
#[cfg(feature = "tower")]
pub mod layer;
pub mod login;
#[cfg(feature = "reqwest")]
pub mod middleware;
#[cfg(feature = "portuguese")]
pub mod portuguese;
mod proof;
pub mod provider;
pub mod reverse_proxy;
pub mod socket;
pub mod source;
pub mod tokens;
pub mod transport;

/// The book's examples are compiled.
#[cfg(all(doctest, feature = "reqwest"))]
#[doc = include_str!("../../../docs/book/src/agent-library.md")]
pub struct Book;
