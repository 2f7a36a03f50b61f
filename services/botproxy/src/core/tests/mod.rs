//! The core on a virtual network: carriers and switches are user agents, time is a number, nothing sleeps.

mod calls;
mod failover;
mod network;
mod registered;
mod requests;
mod strangers;
