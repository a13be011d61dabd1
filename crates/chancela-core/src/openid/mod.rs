//! OpenID Connect: what a client learns of a user and of a login. Owns claims and the tokens and answers that carry
//! them. Does not own the login itself (the server's pages) nor access tokens ([`crate::token`]).

pub mod claims;
