//! A cluster with its events, for one test.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use botstream_api::{AudioFormat, Client, DialRequest, StreamSpec, audio_format};
use cluster_runner::{Cluster, ClusterBuilder};
use testphone::{Call, CallOptions, Endpoint, EndpointConfig, Incoming, Outcome, Script};

use crate::config::{Format, Telephony};
use crate::events::EventLog;

/// Longest wait for what a peer should do at once.
pub const LIMIT: Duration = Duration::from_secs(20);

/// A running cluster whose events are collected.
#[derive(Debug)]
pub struct World {
    /// The cluster.
    pub cluster: Cluster,
    /// Its events.
    pub events: EventLog,
}

impl World {
    /// Starts a cluster with these trunks, numbers and bots.
    pub async fn start(builder: ClusterBuilder, telephony: &Telephony) -> anyhow::Result<Self> {
        let cluster = builder.config(telephony.toml()).start().await?;
        let events = EventLog::start(cluster.client()).await?;
        Ok(Self { cluster, events })
    }

    /// A client of the API.
    pub fn client(&self) -> &Client {
        self.cluster.client()
    }

    /// Where carriers send their calls.
    ///
    /// # Panics
    /// The cluster was built without a botproxy.
    pub fn proxy(&self) -> SocketAddr {
        match self.cluster.service("botproxy", 0).sip_addr() {
            Some(addr) => addr,
            None => panic!("a botproxy has a SIP address"),
        }
    }

    /// The URI that reaches a number of ours.
    pub fn uri(&self, number: &str) -> String {
        format!("sip:{number}@{}", self.proxy())
    }

    /// Has a phone call a number of ours.
    pub async fn call(&self, phone: &Endpoint, number: &str, script: Script) -> anyhow::Result<Call> {
        Ok(phone.call(&self.uri(number), CallOptions::default(), script).await?)
    }

    /// The call_id of the call that a phone's Call-ID belongs to.
    pub async fn call_id(&self, sip_call_id: &str) -> anyhow::Result<String> {
        let what = format!("the call with Call-ID {sip_call_id}");
        let created = |events: &[botstream_api::Event]| {
            events.iter().find_map(|event| match &event.body {
                Some(botstream_api::event::Body::CallCreated(created)) if created.sip_call_id == sip_call_id => {
                    Some(event.call_id.clone())
                }
                _ => None,
            })
        };
        self.events.until(&what, created).await
    }

    /// Ends the cluster; every service must end well.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { cluster, events } = self;
        drop(events);
        Ok(cluster.stop().await?)
    }
}

/// A phone on a free port.
pub async fn phone() -> anyhow::Result<Endpoint> {
    Ok(Endpoint::bind(EndpointConfig::default()).await?)
}

/// The next call that comes to a phone.
pub async fn incoming(phone: &Endpoint) -> anyhow::Result<Incoming> {
    let incoming = tokio::time::timeout(LIMIT, phone.incoming()).await.context("no call comes to the phone")?;
    incoming.context("the phone is closed")
}

/// Waits until a phone's call is over, by itself.
pub async fn over(call: Call) -> anyhow::Result<Outcome> {
    Ok(tokio::time::timeout(LIMIT, call.wait()).await.context("the call does not end")??)
}

/// A dial to this number with this bot.
pub fn dial(to: &str, bot_url: &str, format: Format) -> DialRequest {
    let (encoding, rate) = match format {
        Format::L16 => (audio_format::Encoding::L16, 16_000),
        Format::Mulaw => (audio_format::Encoding::Mulaw, 8_000),
        Format::Alaw => (audio_format::Encoding::Alaw, 8_000),
    };
    DialRequest {
        to: to.to_owned(),
        from: "+14155550100".to_owned(),
        bot: Some(StreamSpec {
            url: bot_url.to_owned(),
            format: Some(AudioFormat { encoding: encoding.into(), rate, ..AudioFormat::default() }),
            ..StreamSpec::default()
        }),
        ..DialRequest::default()
    }
}
