//! The dialer's policies: no clock, no randomness, no network.

pub(crate) mod attempt;
pub(crate) mod keys;
pub(crate) mod progress;
pub(crate) mod validation;
