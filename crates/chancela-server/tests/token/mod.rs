//! The token endpoints.

mod authorization_code;
mod bs2;
mod celcash;
mod echo;
mod good;
mod race;
mod refresh_token;
mod refusals;
mod semear;
mod vantage;
