//! A caller whose datagrams are written by hand, so that a test can send them as often as it likes and see every answer.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// Between two sendings of the same request (T1 of RFC 3261 is 500 ms; loopback answers at once).
const RESEND: Duration = Duration::from_millis(200);
const LIMIT: Duration = Duration::from_secs(20);

/// A caller on a socket of its own.
#[derive(Debug)]
pub struct RawCaller {
    socket: Arc<UdpSocket>,
    proxy: SocketAddr,
    local: SocketAddr,
    call_id: String,
    invite: String,
}

/// A call that was answered: BYEs to it are answered as long as this lives.
#[derive(Debug)]
pub struct RawCall {
    /// Where its RTP goes.
    pub media: SocketAddr,
    /// Distinct To headers of the answers: one for each call that the INVITE has made.
    pub answers: BTreeSet<String>,
    socket: Arc<UdpSocket>,
    proxy: SocketAddr,
    /// What every request within the dialog begins with, its method and number left open.
    request: [String; 3],
    answering: JoinHandle<()>,
}

impl RawCall {
    /// Sends an INFO with this body within the call; `cseq` counts from 2.
    pub async fn info(&self, cseq: u32, content_type: &str, body: &str) -> anyhow::Result<()> {
        let [target, via, rest] = &self.request;
        let info = format!(
            "INFO {target} SIP/2.0\r\nVia: {via}info{cseq}\r\n{rest}CSeq: {cseq} INFO\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        self.socket.send_to(info.as_bytes(), self.proxy).await?;
        Ok(())
    }
}

impl Drop for RawCall {
    fn drop(&mut self) {
        self.answering.abort();
    }
}

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    message.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim()
}

impl RawCaller {
    /// A caller of `uri` by way of `proxy`, with its RTP at `rtp`.
    pub async fn new(uri: &str, proxy: SocketAddr, rtp: SocketAddr) -> anyhow::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let local = socket.local_addr()?;
        let call_id = format!("raw-{}@{}", local.port(), local.ip());
        let body = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n",
            ip = rtp.ip(),
            port = rtp.port(),
        );
        let invite = format!(
            "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {local};branch=z9hG4bKraw\r\nMax-Forwards: 70\r\n\
             From: <sip:raw@{local}>;tag=raw\r\nTo: <{uri}>\r\nCall-ID: {call_id}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:raw@{local}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
        );
        Ok(Self { socket: Arc::new(socket), proxy, local, call_id, invite })
    }

    /// Its Call-ID.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Sends the INVITE again and again until it is answered, and `more` times after that; then acknowledges.
    pub async fn call(self, more: u32) -> anyhow::Result<RawCall> {
        let deadline = tokio::time::Instant::now() + LIMIT;
        let mut answers = BTreeSet::new();
        let mut answer = String::new();
        let mut statuses = Vec::new();
        let mut left = more;
        loop {
            ensure!(tokio::time::Instant::now() < deadline, "no answer; so far {statuses:?}");
            self.socket.send_to(self.invite.as_bytes(), self.proxy).await?;
            while let Ok(message) = tokio::time::timeout(RESEND, receive(&self.socket)).await {
                let message = message?;
                let Some(status) = message.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)) else { continue };
                statuses.push(status.to_owned());
                ensure!(status < "300", "refused: {message}");
                if status >= "200" {
                    answers.insert(field(&message, "To:").to_owned());
                    answer = message;
                }
            }
            if !answers.is_empty() {
                if left == 0 {
                    break;
                }
                left -= 1;
            }
        }
        let request = self.acknowledge(&answer).await?;
        let port = field(&answer, "m=audio ")
            .split(' ')
            .next()
            .unwrap_or_default()
            .parse()
            .context("no port in the answer")?;
        let answering = tokio::spawn(answer_byes(Arc::clone(&self.socket)));
        let (socket, proxy) = (Arc::clone(&self.socket), self.proxy);
        Ok(RawCall { media: SocketAddr::new(self.local.ip(), port), answers, socket, proxy, request, answering })
    }

    /// Returns what requests within the dialog have in common.
    async fn acknowledge(&self, answer: &str) -> anyhow::Result<[String; 3]> {
        let routes: String = answer
            .lines()
            .filter_map(|line| line.strip_prefix("Record-Route:"))
            .map(|route| format!("Route:{route}\r\n"))
            .collect();
        let target = field(answer, "Contact:").trim_start_matches('<').split('>').next().unwrap_or_default().to_owned();
        let via = format!("SIP/2.0/UDP {};branch=z9hG4bK", self.local);
        let rest = format!(
            "Max-Forwards: 70\r\n{routes}From: <sip:raw@{local}>;tag=raw\r\nTo: {to}\r\nCall-ID: {call_id}\r\n",
            local = self.local,
            to = field(answer, "To:"),
            call_id = self.call_id,
        );
        let ack = format!("ACK {target} SIP/2.0\r\nVia: {via}ack\r\n{rest}CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n");
        self.socket.send_to(ack.as_bytes(), self.proxy).await?;
        Ok([target, via, rest])
    }
}

async fn receive(socket: &UdpSocket) -> anyhow::Result<String> {
    let mut buffer = vec![0; 8_192];
    let length = socket.recv(&mut buffer).await?;
    Ok(String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned())
}

/// 200 to every BYE, back the way it came.
async fn answer_byes(socket: Arc<UdpSocket>) {
    let mut buffer = vec![0; 8_192];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let message = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
        if !message.starts_with("BYE ") {
            continue;
        }
        let copied = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let headers: String = message
            .lines()
            .filter(|line| copied.iter().any(|name| line.starts_with(name)))
            .map(|line| format!("{line}\r\n"))
            .collect();
        let answer = format!("SIP/2.0 200 OK\r\n{headers}Content-Length: 0\r\n\r\n");
        socket.send_to(answer.as_bytes(), from).await.ok();
    }
}
