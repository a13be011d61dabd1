//! What a browser holds of us, and what it may do with it: cookies, sessions, and the proof that a form or a link was
//! made for this browser and this request.
//!
//! Nothing is stored for a browser in which nobody is logged in: whoever opens pages by the million costs no row.

pub mod cookies;
pub mod csrf;
pub mod session;
