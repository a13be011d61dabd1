//! Tools for tests: fake clock, seeded entropy, golden exchanges.
