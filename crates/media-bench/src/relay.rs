//! The floor: a process that does for each call what no media switch can do without, and nothing else. A packet of RTP comes and leaves as a
//! WebSocket frame; a frame comes and leaves as a packet. No SIP, no jitter buffer, no playout, no clock; one thread.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use rtp::{HEADER_LEN, Header};
use rustix::event::epoll;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};
use voicebot::message::{CallInfo, Direction, PlayoutInfo, Track};
use voicebot::{Encoding, Format, SUBPROTOCOL, StartInfo, SwitchSession};

const FRAME_SAMPLES: u32 = 160;
const BUFFER_BYTES: usize = 4_096;
/// Time allowed to the bot for its part of the opening.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// RFC 6455 §5.2: the last frame of a message, binary; a frame that carries a mask; a length of two bytes follows.
const FINAL_BINARY: u8 = 0x82;
const MASKED: u8 = 0x80;
const LENGTH_16: u8 = 126;
/// Frames of audio are the only ones that come, but for a close.
const CLOSE: u8 = 0x88;

#[derive(Debug, Args)]
pub(crate) struct RelayArgs {
    /// Calls.
    #[arg(long)]
    calls: usize,
    /// The bot.
    #[arg(long)]
    bot: SocketAddr,
}

struct Call {
    rtp: UdpSocket,
    caller: Option<SocketAddr>,
    bot: TcpStream,
    /// Bytes of a frame that is not whole.
    buffer: [u8; BUFFER_BYTES],
    filled: usize,
    mask: u32,
    sequence: u16,
    timestamp: u32,
}

/// Connects all calls to the bot, prints where their media goes as one line of JSON, and relays until standard input ends.
pub(crate) fn run(args: &RelayArgs) -> Result<()> {
    let mut calls = (0..args.calls).map(|number| Call::new(args.bot, number)).collect::<Result<Vec<_>>>()?;
    let ports = calls.iter().map(|call| Ok(call.rtp.local_addr()?.port())).collect::<Result<Vec<_>>>()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(&ports)?)?;
    out.flush()?;

    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let watch = |source: &dyn AsFd, data: u64| {
        epoll::add(&poll, source.as_fd(), epoll::EventData::new_u64(data), epoll::EventFlags::IN)
    };
    for (number, call) in calls.iter().enumerate() {
        watch(&call.rtp, 2 * number as u64)?;
        watch(&call.bot, 2 * number as u64 + 1)?;
    }
    let end = 2 * calls.len() as u64;
    watch(&std::io::stdin(), end)?;
    let mut events = Vec::with_capacity(calls.len().max(16));
    loop {
        events.clear();
        epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), None)?;
        for event in &events {
            let data = event.data.u64();
            if data == end {
                return Ok(());
            }
            let Some(call) = calls.get_mut((data / 2) as usize) else { continue };
            if data % 2 == 0 { call.carry_to_bot() } else { call.carry_to_caller() }?;
        }
    }
}

impl Call {
    fn new(bot: SocketAddr, number: usize) -> Result<Self> {
        let rtp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        rtp.set_nonblocking(true)?;
        let bot = connect(bot, number).context("connecting to the bot")?;
        bot.set_nodelay(true)?;
        bot.set_nonblocking(true)?;
        let mask = rand::random::<u32>() | 1;
        Ok(Self { rtp, caller: None, bot, buffer: [0; BUFFER_BYTES], filled: 0, mask, sequence: 0, timestamp: 0 })
    }

    fn carry_to_bot(&mut self) -> Result<()> {
        let mut datagram = [0; BUFFER_BYTES / 2];
        loop {
            let (length, caller) = match self.rtp.recv_from(&mut datagram) {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("from a caller"),
            };
            self.caller = Some(caller);
            let Ok((_, payload)) = Header::parse(&datagram[..length]) else { continue };
            let payload = &datagram[payload];
            self.mask = self.mask.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            let mask = self.mask.to_ne_bytes();
            let mut frame = [0; BUFFER_BYTES];
            let (head, body) = frame.split_at_mut(8);
            head[..2].copy_from_slice(&[FINAL_BINARY, MASKED | LENGTH_16]);
            head[2..4].copy_from_slice(&(payload.len() as u16).to_be_bytes());
            head[4..8].copy_from_slice(&mask);
            for (index, (out, byte)) in body.iter_mut().zip(payload).enumerate() {
                *out = byte ^ mask[index % 4];
            }
            // Half a frame would put all that follows out of step.
            self.bot.write_all(&frame[..8 + payload.len()]).context("to the bot")?;
        }
    }

    fn carry_to_caller(&mut self) -> Result<()> {
        match self.bot.read(&mut self.buffer[self.filled..]) {
            Ok(0) => bail!("the bot has closed a call"),
            Ok(read) => self.filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error).context("from the bot"),
        }
        let mut at = 0;
        while let Some(&[kind, short]) = self.buffer[at..self.filled].first_chunk() {
            let rest = &self.buffer[at + 2..self.filled];
            let (head, length) = match (short, rest.first_chunk()) {
                (LENGTH_16, Some(length)) => (4, usize::from(u16::from_be_bytes(*length))),
                (LENGTH_16, None) => break,
                (short, _) if short < LENGTH_16 => (2, usize::from(short)),
                _ => bail!("a frame of the bot is too long, or masked"),
            };
            let Some(payload) = self.buffer[at + head..self.filled].get(..length) else { break };
            match kind {
                FINAL_BINARY => {
                    let header = Header {
                        marker: false,
                        payload_type: 0,
                        sequence: self.sequence,
                        timestamp: self.timestamp,
                        ssrc: 1,
                    };
                    let mut packet = [0; BUFFER_BYTES];
                    packet[..HEADER_LEN].copy_from_slice(&header.to_bytes());
                    packet[HEADER_LEN..HEADER_LEN + length].copy_from_slice(payload);
                    if let Some(caller) = self.caller {
                        self.rtp.send_to(&packet[..HEADER_LEN + length], caller).context("to a caller")?;
                    }
                    self.sequence = self.sequence.wrapping_add(1);
                    self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES);
                }
                CLOSE => bail!("the bot closes a call"),
                _ => {}
            }
            at += head + length;
        }
        self.buffer.copy_within(at..self.filled, 0);
        self.filled -= at;
        Ok(())
    }
}

/// Opens a stream of `botstream.v1` as a switch does, and leaves its connection.
fn connect(bot: SocketAddr, number: usize) -> Result<TcpStream> {
    let mut request = format!("ws://{bot}/").into_client_request()?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(SUBPROTOCOL));
    let connection = TcpStream::connect(bot)?;
    connection.set_read_timeout(Some(CONNECT_LIMIT))?;
    let (mut socket, _) = tungstenite::client::client(request, connection)?;
    let info = StartInfo {
        stream_id: format!("relay-{number}"),
        call: CallInfo {
            call_id: format!("relay-{number}"),
            tenant: "default".to_owned(),
            direction: Direction::Inbound,
            from: String::new(),
            to: String::new(),
            trunk: String::new(),
            sip_call_id: String::new(),
            headers: Default::default(),
            vars: Default::default(),
        },
        tracks: vec![Track::Inbound],
        playout: PlayoutInfo::default(),
        features: Vec::new(),
        resume_token: None,
        resumed: false,
    };
    let session = SwitchSession::new(info, Format::new(Encoding::Mulaw, 8_000, 20)?);
    // The bot may accept the format in so many words: what is no audio is passed over.
    socket.send(Message::text(session.start_frame()))?;
    Ok(socket.into_inner())
}
