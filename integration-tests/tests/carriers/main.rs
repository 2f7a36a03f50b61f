//! Trunks at real carriers: digest, registration, health.

mod digest;
