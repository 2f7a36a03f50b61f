//! A whole cluster: real services, a real nats-server, real SIP peers, real bots. One program, because each takes as long to build as all
//! its tests take to run; those that measure delay have programs of their own.

mod bad_input;
mod bridge;
mod call_verbs;
mod call_verbs_hold;
mod codecs;
mod drain;
mod dtmf;
mod iractl;
mod iratdbot_examples;
mod keys;
mod layers;
mod least_load;
mod marks_and_clear;
mod sipp;
mod switch_killed;
mod torture;
mod trunks;
mod up;
