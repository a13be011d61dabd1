//! The authorization endpoint's protocol (RFC 6749 §3.1, OpenID Connect Core §3.1.2): which requests are good, what is
//! still to be asked of the user, and what an approval becomes.
//!
//! A request is never stored while the user is busy: [`validate`] runs from scratch at every step, [`decide`] says what
//! comes next, and [`approve`] ends it. Owns neither pages nor cookies nor the session's proof.

pub mod acr;
mod approve;
mod checks;
mod decision;
mod valid_request;

pub use approve::{IssuedCode, approve};
pub use decision::{Approved, Facts, LoginReason, Next, decide};
pub use valid_request::{
    AuthorizationError, Policy, Prompt, RedirectTarget, ResponseMode, ValidRequest, validate,
};
