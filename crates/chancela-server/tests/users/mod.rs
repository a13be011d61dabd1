//! Users: how guesses at their passwords are slowed down, and what ends when an operator says so.

mod commands;
mod guesses;
