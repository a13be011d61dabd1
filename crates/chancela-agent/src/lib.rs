//! The client side: access tokens obtained, kept and renewed.
//!
//! [`engine`] decides when to ask for a token, with what, and who waits; it does nothing itself. What it wants done is an
//! [`engine::Action`], what came of it an [`engine::Event`], and both clocks are arguments: a simulated day takes
//! milliseconds, and no rule of renewal can be tested only by waiting.

pub mod engine;
