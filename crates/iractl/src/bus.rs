//! `iractl pub`, `sub` and `req`: plain NATS, as far as operating BotStream needs it.

use std::io::Read;
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_nats::{HeaderMap, Message};
use futures_util::StreamExt;

use crate::context::Target;
use crate::out::{self, Paint};

/// Publishes a message
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl pub greet.world 'hello'
  echo '{\"a\":1}' | iractl pub greet.world - -H Content-Type:application/json")]
pub(crate) struct PubArgs {
    #[command(flatten)]
    message: Outgoing,
}

/// Prints messages as they come
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl sub 'bs.v1.main.default.ev.>'
  iractl sub '$SRV.>' --count 1")]
pub(crate) struct SubArgs {
    /// Subject; * is any one token, > at the end any number of them
    subject: String,
    /// Shares the messages with the other members of this queue group
    #[arg(long, value_name = "GROUP")]
    queue: Option<String>,
    /// Ends after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,
}

/// Sends a request and prints the reply
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl req bs.v1.main.default.call.list '{}'
  iractl req bs.v1.main.default.call.dial '{\"to\":\"+14155550100\",\"bot\":{\"url\":\"ws://127.0.0.1:8080/\"}}'
  iractl req '$SRV.INFO' '' --replies 10")]
pub(crate) struct ReqArgs {
    #[command(flatten)]
    message: Outgoing,
    /// How long to wait for a reply
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    timeout_ms: u64,
    /// Takes up to so many replies, until none has come for the time-out
    #[arg(long, value_name = "N", default_value_t = 1)]
    replies: u64,
}

#[derive(Debug, clap::Args)]
struct Outgoing {
    /// Subject
    subject: String,
    /// Body; - reads it from standard input
    #[arg(default_value = "")]
    body: String,
    /// A header; may be given several times
    #[arg(short = 'H', long = "header", value_name = "NAME:VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write it as NAME:VALUE")?;
    let name = name.trim();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        return Err("the name must have ASCII letters, digits and signs only, no spaces".to_owned());
    }
    if value.contains(['\r', '\n']) {
        return Err("the value must be one line".to_owned());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

impl Outgoing {
    fn body(&self) -> anyhow::Result<Vec<u8>> {
        if self.body != "-" {
            return Ok(self.body.clone().into_bytes());
        }
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("cannot read standard input")?;
        Ok(bytes)
    }

    fn headers(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in &self.headers {
            map.append(name.as_str(), value.as_str());
        }
        map
    }
}

pub(crate) async fn publish(args: PubArgs, target: &Target) -> anyhow::Result<()> {
    let PubArgs { message } = args;
    let nats = target.nats().await?;
    let body = message.body()?.into();
    nats.publish_with_headers(message.subject.clone(), message.headers(), body)
        .await
        .with_context(|| format!("cannot publish to {}", message.subject))?;
    nats.flush().await.context("the message may not have been sent")?;
    Ok(())
}

pub(crate) async fn subscribe(args: SubArgs, target: &Target) -> anyhow::Result<()> {
    let nats = target.nats().await?;
    let subscription = match args.queue {
        Some(group) => nats.queue_subscribe(args.subject.clone(), group).await,
        None => nats.subscribe(args.subject.clone()).await,
    };
    let mut messages = subscription.with_context(|| format!("cannot subscribe to {}", args.subject))?;
    botstream_api::round_trip(&nats).await?;
    out::note(format!("listening on {}", args.subject));
    let mut count = 0;
    while args.count.is_none_or(|count_max| count < count_max) {
        tokio::select! {
            message = messages.next() => match message {
                Some(message) => {
                    count += 1;
                    show(&message, true)?;
                }
                None => bail!("the connection to NATS was closed"),
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    Ok(())
}

pub(crate) async fn request(args: ReqArgs, target: &Target) -> anyhow::Result<()> {
    let ReqArgs { message, timeout_ms, replies } = args;
    let nats = target.nats().await?;
    let inbox = nats.new_inbox();
    let mut answers = nats.subscribe(inbox.clone()).await?;
    let body = message.body()?.into();
    nats.publish_with_reply_and_headers(message.subject.clone(), inbox, message.headers(), body)
        .await
        .with_context(|| format!("cannot publish to {}", message.subject))?;
    nats.flush().await?;

    let mut failed = false;
    for count in 0..replies {
        let Ok(answer) = tokio::time::timeout(Duration::from_millis(timeout_ms), answers.next()).await else {
            if count > 0 {
                break;
            }
            bail!("no reply on {} within {timeout_ms} ms", message.subject);
        };
        let answer = answer.context("the connection to NATS was closed")?;
        if answer.status == Some(async_nats::StatusCode::NO_RESPONDERS) {
            bail!("nobody answers {}: does the service run, and is this the right cluster?", message.subject);
        }
        failed |= answer.headers.as_ref().is_some_and(|headers| headers.get("Nats-Service-Error-Code").is_some());
        show(&answer, replies > 1)?;
    }
    if failed {
        bail!("the service refused the request");
    }
    Ok(())
}

fn show(message: &Message, subject: bool) -> anyhow::Result<()> {
    let paint = Paint::for_stdout();
    if subject {
        out::line(paint.bold(&crate::table::printable(&message.subject)))?;
    }
    if let Some(headers) = &message.headers {
        for (name, values) in headers.iter() {
            for value in values {
                let line = format!("{name}: {}", value.as_str());
                out::line(paint.dim(&crate::table::printable(&line)))?;
            }
        }
    }
    match std::str::from_utf8(&message.payload) {
        Ok(text) => out::line(text.replace('\u{1b}', "\u{fffd}"))?,
        Err(_) => out::line(format!("({} bytes, no text)", message.payload.len()))?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_checked() {
        assert_eq!(header("A-b: c:d "), Ok(("A-b".to_owned(), "c:d".to_owned())));
        for bad in ["no colon", ": v", "a b: v", "a: v\r\nc: d", "é: v"] {
            assert!(header(bad).is_err(), "{bad:?}");
        }
    }
}
