//! Everything that is on the stage: the cluster, the bot, the telephone at the carrier's end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use botstream_api::event::Body;
use botstream_api::{Client, Event};
use cluster_runner::{Cluster, Service, WorkDir};
use testphone::bot::{BotConfig, DtmfAnswer, EchoBot};
use testphone::{Clip, Endpoint, EndpointConfig};
use tokio::sync::watch;

/// Longest wait for anything that should come soon.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) dir: PathBuf,
    pub(super) clip: Arc<Clip>,
    pub(super) phone: Endpoint,
    pub(super) bot: EchoBot,
    pub(super) cluster: Cluster,
    events: watch::Receiver<Vec<Event>>,
}

impl Stage {
    pub(super) async fn set(dir: &Path, clip: Clip) -> anyhow::Result<Self> {
        let phone = Endpoint::bind(EndpointConfig::default()).await?;
        let bot = EchoBot::bind(BotConfig {
            // Said at once, so that the switch need not wait for the bot to choose.
            format: Some(voicebot::Format::default()),
            dtmf: DtmfAnswer::SameDigit,
            ..BotConfig::default()
        })
        .await?;
        let telephony = format!(
            "[[trunks]]\nname = \"carrier\"\naddresses = [\"127.0.0.0/8\"]\npeer = \"{}\"\n\n\
             [[numbers]]\nnumber = \"*\"\nroute = \"echo\"\n\n[[routes]]\nname = \"echo\"\nbot = \"echo\"\n\n\
             [[bots]]\nname = \"echo\"\nurl = \"{}\"\n",
            phone.addr(testphone::Transport::Udp),
            bot.url(),
        );
        let logs = dir.join("cluster");
        // Logs of an earlier demo would be read as this one's.
        if logs.exists() {
            std::fs::remove_dir_all(&logs).with_context(|| format!("cannot remove {}", logs.display()))?;
        }
        let cluster =
            Cluster::builder().switches(2).config(telephony).directory(WorkDir::at(logs)?).fresh_keys().start().await?;
        let events = collect(cluster.client()).await?;
        Ok(Self { dir: dir.to_owned(), clip: Arc::new(clip), phone, bot, cluster, events })
    }

    pub(super) fn describe(&self) -> Vec<String> {
        let mut lines = vec![format!("{:<12} {}", "NATS", self.cluster.nats_url())];
        for service in self.cluster.services() {
            let sip = service.sip_addr().map_or_else(String::new, |sip| format!("SIP {sip}"));
            lines.push(format!("{:<12} {:<14} {sip}", service.node(), service.name()));
        }
        lines.push(format!("{:<12} {}", "echo bot", self.bot.url()));
        lines.push(format!("{:<12} SIP {}", "telephone", self.phone.addr(testphone::Transport::Udp)));
        lines
    }

    /// The URI by which a carrier reaches a number of ours.
    pub(super) fn uri(&self, number: &str) -> anyhow::Result<String> {
        let proxy = self.cluster.service("botproxy", 0).sip_addr().context("the botproxy has no SIP address")?;
        Ok(format!("sip:{number}@{proxy}"))
    }

    /// The switches that run.
    pub(super) fn switches(&self) -> impl Iterator<Item = &Service> {
        self.cluster.services_named("media-switch").filter(|switch| switch.process().exit_status().is_none())
    }

    /// Waits until `found` finds something in the events so far.
    pub(super) async fn until<T>(&self, what: &str, mut found: impl FnMut(&[Event]) -> Option<T>) -> anyhow::Result<T> {
        let mut events = self.events.clone();
        let mut outcome = None;
        let waiting = events.wait_for(|events| {
            outcome = found(events);
            outcome.is_some()
        });
        let waited = tokio::time::timeout(LIMIT, waiting).await;
        drop(waited.with_context(|| format!("no event tells {what}"))??);
        outcome.with_context(|| format!("no event tells {what}"))
    }

    /// The call_id that belongs to a SIP Call-ID at the carrier's end.
    pub(super) async fn call_id(&self, sip_call_id: &str) -> anyhow::Result<String> {
        let created = |events: &[Event]| {
            events.iter().find_map(|event| match &event.body {
                Some(Body::CallCreated(created)) if created.sip_call_id == sip_call_id => Some(event.call_id.clone()),
                _ => None,
            })
        };
        self.until("that the call was created", created).await
    }

    /// The states that a call went through, when it has ended.
    pub(super) async fn states(&self, call_id: &str) -> anyhow::Result<String> {
        let states = |events: &[Event]| {
            let bodies = events.iter().filter(|event| event.call_id == call_id).filter_map(|event| event.body.as_ref());
            let names: Vec<&str> = bodies
                .map(|body| body.class_and_type())
                .filter(|(class, _)| *class == "call")
                .map(|(_, kind)| kind)
                .collect();
            (names.last() == Some(&"ended")).then(|| names.join(" "))
        };
        self.until(&format!("the end of {call_id}"), states).await
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        let Self { phone, bot, cluster, .. } = self;
        phone.close().await;
        bot.close().await;
        Ok(cluster.stop().await?)
    }
}

async fn collect(client: &Client) -> anyhow::Result<watch::Receiver<Vec<Event>>> {
    let mut stream = client.all_events().await?;
    let (sender, receiver) = watch::channel(Vec::new());
    tokio::spawn(async move {
        // Ends with the connection, or when nobody looks any more.
        while let Some(event) = stream.next_event().await
            && !sender.is_closed()
        {
            if let Ok(event) = event {
                sender.send_modify(|events| events.push(event));
            }
        }
    });
    Ok(receiver)
}
