//! The stylesheet and the small scripts, and the hashes by which a page's policy allows them. Nothing else may run.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::sync::LazyLock;

/// The stylesheet of every page.
pub(crate) const STYLE: &str = include_str!("../../../../pages/style.css");
/// Asks the browser for a passkey, or makes one.
pub(crate) const PASSKEY: &str = include_str!("../../../../pages/passkey.js");
/// Sends the form of `response_mode=form_post` by itself.
pub(crate) const SUBMIT: &str = include_str!("../../../../pages/submit.js");
/// Leaves the page once every frame of a front-channel logout has loaded.
pub(crate) const LEAVE: &str = include_str!("../../../../pages/leave.js");

/// Sources of the stylesheet and the scripts as a Content-Security-Policy writes them.
pub(crate) struct Hashes {
    pub(crate) style: String,
    pub(crate) passkey: String,
    pub(crate) submit: String,
    pub(crate) leave: String,
}

pub(crate) static HASHES: LazyLock<Hashes> = LazyLock::new(|| Hashes {
    style: source(STYLE),
    passkey: source(PASSKEY),
    submit: source(SUBMIT),
    leave: source(LEAVE),
});

/// The hash source of an inline text (CSP Level 3 §2.3.1), which is what stands between its tags, byte for byte.
fn source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(digest(&SHA256, text.as_bytes())))
}
