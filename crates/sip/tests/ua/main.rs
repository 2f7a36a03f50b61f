//! The user agent: against a far end that says what a test wants, and against another user agent on a network with faults.
#![allow(clippy::unwrap_used)] // helpers of tests may panic as tests do

mod after_the_end;
mod bodies;
mod calls;
mod early_dialogs;
mod far_end;
mod loss;
mod overload;
mod requests;
mod simulator;
