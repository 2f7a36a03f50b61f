//! The trunk-manager's logic: no clock, no files, no network.

pub(crate) mod agent;
pub(crate) mod check;
pub(crate) mod credentials;
pub(crate) mod land;
pub(crate) mod limits;
pub(crate) mod object;
pub(crate) mod refuse;
pub(crate) mod registration;
pub(crate) mod status;
pub(crate) mod telephony;
pub(crate) mod trunk_credentials;
pub(crate) mod view;
