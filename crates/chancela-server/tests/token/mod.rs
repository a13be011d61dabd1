//! The token endpoints.

mod bs2;
mod celcash;
mod echo;
mod good;
mod refusals;
mod semear;
mod vantage;
