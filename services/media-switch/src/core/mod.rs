//! What a call is, without any I/O: inputs and time in, outputs out.

pub(crate) mod call;
pub(crate) mod cause;
pub(crate) mod chain;
pub(crate) mod collect;

#[cfg(test)]
mod call_tests;
