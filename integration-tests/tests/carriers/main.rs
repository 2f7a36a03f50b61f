//! Trunks at real carriers: digest and registration.

mod digest;
mod register;
