//! Access tokens: issuing and verifying.

pub mod reference {
    //! Reference tokens (placeholder documentation, see the real module).
}
