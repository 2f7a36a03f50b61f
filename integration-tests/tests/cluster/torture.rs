//! The torture messages of RFC 4475 and RFC 5118, where their files are at hand, and a set of our own that always is, sent from a trunk's
//! address to a botproxy and to a media switch. Over TCP each gets the answer that it should; over UDP that goes to where its Via
//! says, which is nobody here. Whatever they are, both take calls afterwards.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, ensure};
use cluster_runner::Cluster;
use integration_tests::config::{Format, Telephony};
use integration_tests::world::{LIMIT, World, phone};
use testphone::Script;
use testphone::bot::{BotConfig, EchoBot};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

const NUMBER: &str = "+14155550100";
/// Call-ID of what is asked after each message, on the same connection.
const PROBE: &str = "torture-probe";

/// A message, the statuses of its final responses from the proxy and from the switch, and whether its connection is in step afterwards.
type Case = (&'static str, &'static [u16], &'static [u16], bool);

const IN_STEP: bool = true;
const OUT_OF_STEP: bool = false;

/// A trunk calls (404: there is no such number); it does not register, nor send requests outside a dialog (405, at the switch 501 what it
/// does not know).
const RFC_4475: &[Case] = &[
    ("wsinv", &[481], &[481], IN_STEP),
    ("intmeth", &[405], &[501], IN_STEP),
    ("esc01", &[404], &[404], IN_STEP),
    ("escnull", &[405], &[405], IN_STEP),
    ("esc02", &[405], &[501], IN_STEP),
    ("lwsdisp", &[200], &[200], IN_STEP),
    ("longreq", &[404], &[404], IN_STEP),
    ("semiuri", &[200], &[200], IN_STEP),
    ("transports", &[200], &[200], IN_STEP),
    ("mpart01", &[405], &[405], IN_STEP),
    ("unreason", &[], &[], IN_STEP),
    ("noreason", &[], &[], IN_STEP),
    ("badinv01", &[400], &[400], IN_STEP),
    // Longer than it is: over a stream, the rest may still come.
    ("clerr", &[], &[], OUT_OF_STEP),
    ("ncl", &[400], &[400], OUT_OF_STEP),
    ("scalar02", &[400], &[400], IN_STEP),
    ("scalarlg", &[], &[], IN_STEP),
    ("quotbal", &[400], &[400], IN_STEP),
    ("ltgtruri", &[400], &[400], IN_STEP),
    ("lwsruri", &[400], &[400], IN_STEP),
    ("lwsstart", &[400], &[400], IN_STEP),
    ("trws", &[400], &[400], IN_STEP),
    ("escruri", &[400], &[400], IN_STEP),
    ("baddate", &[404], &[404], IN_STEP),
    ("regbadct", &[400], &[400], IN_STEP),
    ("badaspec", &[400], &[400], IN_STEP),
    ("baddn", &[400], &[400], IN_STEP),
    ("badvers", &[505], &[505], IN_STEP),
    ("mismatch01", &[400], &[400], IN_STEP),
    ("mismatch02", &[400], &[400], IN_STEP),
    ("bigcode", &[], &[], OUT_OF_STEP),
    ("badbranch", &[200], &[200], IN_STEP),
    ("insuf", &[400], &[400], IN_STEP),
    ("unkscm", &[416], &[416], IN_STEP),
    ("novelsc", &[416], &[416], IN_STEP),
    ("unksm2", &[405], &[405], IN_STEP),
    ("bext01", &[420], &[420], IN_STEP),
    ("invut", &[415], &[415], IN_STEP),
    ("regaut01", &[405], &[405], IN_STEP),
    ("multi01", &[400], &[400], IN_STEP),
    ("mcl01", &[400], &[400], OUT_OF_STEP),
    ("bcast", &[], &[], IN_STEP),
    ("zeromf", &[200], &[200], IN_STEP),
    ("cparam01", &[405], &[405], IN_STEP),
    ("cparam02", &[405], &[405], IN_STEP),
    ("regescrt", &[405], &[405], IN_STEP),
    ("sdp01", &[406], &[406], IN_STEP),
    // Without a Content-Length, which a stream needs.
    ("inv2543", &[400], &[400], OUT_OF_STEP),
];

/// What follows its body is dropped; over a stream that is nonsense, for which the connection is closed.
const DATAGRAM: &str = "dblreq";

const RFC_5118: &[Case] = &[
    ("ipv6-good", &[405], &[405], IN_STEP),
    ("ipv6-bad", &[400], &[400], IN_STEP),
    ("port-ambiguous", &[405], &[405], IN_STEP),
    ("port-unambiguous", &[405], &[405], IN_STEP),
    ("via-received-param-with-delim", &[481], &[481], IN_STEP),
    ("via-received-param-no-delim", &[200], &[200], IN_STEP),
    ("ipv6-in-sdp", &[404], &[404], IN_STEP),
    ("mult-ip-in-header", &[481], &[481], IN_STEP),
    ("mult-ip-in-sdp", &[404], &[404], IN_STEP),
    ("ipv4-mapped-ipv6", &[404], &[404], IN_STEP),
    ("ipv6-bug-abnf-3-colons", &[400], &[400], IN_STEP),
    ("ipv6-correct-abnf-2-colons", &[200], &[200], IN_STEP),
];

/// Our own, by their start line and the header fields that differ from what is usual.
const OWN: &[Case] = &[
    ("OPTIONS sip:b@h SIP/2.0|Max-Forwards: 256", &[400], &[400], IN_STEP),
    ("OPTIONS sip:b@h SIP/2.0|Contact: <sip:a@h", &[400], &[400], IN_STEP),
    ("OPTIONS sip:b@h SIP/2.0|Call-ID: second", &[400], &[400], IN_STEP),
    ("OPTIONS sip:b@h SIP/2.0|bad name: x", &[400], &[400], IN_STEP),
    ("OPTIONS sip:b@h SIP/3.0|X: y", &[505], &[505], IN_STEP),
    ("OPTIONS sip:b@h?x=y SIP/2.0|X: y", &[400], &[400], IN_STEP),
    ("OPTIONS mailto:b@h SIP/2.0|X: y", &[416], &[416], IN_STEP),
    ("OPTIONS sip:b@h SIP/2.0|X-Empty:", &[200], &[200], IN_STEP),
    ("INVITE sip:nobody@h SIP/2.0|Require: no-such-thing", &[420], &[420], IN_STEP),
    ("INVITE sip:nobody@h SIP/2.0|Max-Forwards: 0", &[483], &[404], IN_STEP),
    ("CANCEL sip:nobody@h SIP/2.0|X: y", &[481], &[481], IN_STEP),
    ("ACK sip:nobody@h SIP/2.0|X: y", &[], &[], IN_STEP),
    ("UNHEARDOF sip:b@h SIP/2.0|X: y", &[405], &[501], IN_STEP),
];

fn own(text: &str, number: usize) -> Vec<u8> {
    let (start, field) = text.split_once('|').unwrap_or((text, "X: y"));
    let method = start.split(' ').next().unwrap_or_default();
    let hops = if field.starts_with("Max-Forwards") { "X-Hops" } else { "Max-Forwards" };
    format!(
        "{start}\r\nVia: SIP/2.0/TCP own.invalid;branch=z9hG4bKown{number}\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\
         Call-ID: own{number}\r\nCSeq: 1 {method}\r\n{hops}: 70\r\nContact: <sip:a@own.invalid>\r\n{field}\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// A file's message; `None` where the files are not, which are not part of the repository.
fn file(folder: &str, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(folder);
    if !root.is_dir() {
        return Ok(None);
    }
    let mut bytes = std::fs::read(root.join(format!("{name}.dat"))).with_context(|| name.to_owned())?;
    if !bytes.windows(2).any(|pair| pair == b"\r\n") {
        // Some have lost their CRs, and with them the right Content-Length.
        let lines = String::from_utf8(bytes)?;
        let lines: Vec<_> = lines.trim_end().lines().filter(|line| !line.starts_with("Content-Length")).collect();
        let (head, body) = match lines.iter().position(|line| line.is_empty()) {
            Some(at) => (&lines[..at], lines[at + 1..].join("\r\n") + "\r\n"),
            None => (&lines[..], String::new()),
        };
        bytes = format!("{}\r\nContent-Length: {}\r\n\r\n{body}", head.join("\r\n"), body.len()).into_bytes();
    } else if !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    Ok(Some(bytes))
}

/// Sends a message and then asks for something else on the same connection. Gives the statuses of the message's final responses once so
/// many have come and the other answer, or, out of step, once it is closed.
async fn ask(to: SocketAddr, message: &[u8], answers: usize, in_step: bool) -> anyhow::Result<Vec<u16>> {
    let mut stream = TcpStream::connect(to).await?;
    let local = stream.local_addr()?;
    let probe = format!(
        "OPTIONS sip:{to} SIP/2.0\r\nVia: SIP/2.0/TCP {local};branch=z9hG4bKprobe{}\r\nFrom: <sip:t@h>;tag=t\r\nTo: <sip:{to}>\r\n\
         Call-ID: {PROBE}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        local.port()
    );
    stream.write_all(message).await?;
    if in_step {
        stream.write_all(probe.as_bytes()).await?;
    }
    let (mut text, mut bytes, mut is_shut) = (String::new(), [0; 4_096], false);
    loop {
        let finals: Vec<_> = text.split("SIP/2.0 ").skip(1).filter(|part| !part.starts_with('1')).collect();
        let (probes, others): (Vec<&str>, Vec<&str>) = finals.iter().partition(|part| part.contains(PROBE));
        let statuses = || others.iter().filter_map(|part| part.get(..3)?.parse().ok()).collect();
        if others.len() >= answers && in_step && !probes.is_empty() {
            return Ok(statuses());
        }
        if others.len() >= answers && !in_step && !is_shut {
            // It is closed, or will be now.
            stream.shutdown().await.ok();
            is_shut = true;
        }
        let read = tokio::time::timeout(LIMIT, stream.read(&mut bytes)).await;
        match read.with_context(|| format!("no answer; until now {text:?}"))? {
            Ok(count) if count > 0 => text.push_str(&String::from_utf8_lossy(&bytes[..count])),
            _ if in_step => anyhow::bail!("the connection was closed after {text:?}"),
            _ => return Ok(statuses()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn torture_messages_are_answered_as_they_should_be() -> anyhow::Result<()> {
    let (phone, bot) = (phone().await?, EchoBot::bind(BotConfig::default()).await?);
    let telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp)).number(
        NUMBER,
        &bot.url(),
        Format::L16,
    );
    let world = World::start(Cluster::builder(), &telephony).await?;
    let proxy = world.proxy();
    let switch = world.cluster.service("media-switch", 0).sip_addr().context("a switch speaks SIP")?;
    let mut messages = Vec::new();
    for (folder, cases) in [("rfc4475", RFC_4475), ("rfc5118", RFC_5118)] {
        for case in cases {
            messages.extend(file(folder, case.0)?.map(|bytes| (bytes, case)));
        }
    }
    messages.extend(OWN.iter().enumerate().map(|(number, case)| (own(case.0, number), case)));

    let mut wrong = Vec::new();
    let udp = UdpSocket::bind("127.0.0.1:0").await?;
    for (bytes, (name, from_proxy, from_switch, in_step)) in &messages {
        for (to, expected) in [(proxy, from_proxy), (switch, from_switch)] {
            match ask(to, bytes, expected.len(), *in_step).await {
                Ok(statuses) if statuses == **expected => {}
                other => wrong.push(format!("{name} at {to}: {other:?}, not {expected:?}")),
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    let datagram = file("rfc4475", DATAGRAM)?;
    for bytes in messages.iter().map(|(bytes, _)| bytes).chain(&datagram) {
        for to in [proxy, switch] {
            udp.send_to(bytes, to).await?;
        }
    }
    let mut call = world.call(&phone, NUMBER, Script::default()).await?;
    call.answered().await?;
    call.hangup().await?;
    world.stop().await
}
