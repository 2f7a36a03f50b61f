//! The TCP side: one task for the listener, one for each connection, one bounded channel from all
//! of them to the owner.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sip::message::{Frame, StreamDecoder};
use sip::{Peer, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::{Options, Received};

/// Messages from all connections waiting for the owner; past it the sockets are read no further.
const INCOMING_MAX: usize = 1_024;

/// Messages waiting for one slow peer; past it the connection is given up.
const OUTGOING_MAX: usize = 256;

const READ_BYTES: usize = 16 << 10;

enum Event {
    Accepted { addr: SocketAddr, stream: TcpStream },
    Message { addr: SocketAddr, payload: Bytes },
    Closed { addr: SocketAddr, generation: u64, failed: bool },
}

/// The owner's end of a connection. `generation` tells a connection from a later one to the
/// same peer.
#[derive(Debug)]
struct Connection {
    generation: u64,
    outgoing: mpsc::Sender<Bytes>,
}

/// The listener and all open connections; dropping it closes them.
#[derive(Debug)]
pub(crate) struct Connections {
    tasks: JoinSet<()>,
    open: HashMap<SocketAddr, Connection>,
    generations: u64,
    incoming: mpsc::Receiver<Event>,
    to_owner: mpsc::Sender<Event>,
    connections_max: usize,
    idle: Duration,
    connect_timeout: Duration,
    /// Failures met while sending, told at the next receive.
    failed: Vec<SocketAddr>,
}

impl Connections {
    pub(crate) fn start(listener: TcpListener, options: &Options) -> Self {
        let (to_owner, incoming) = mpsc::channel(INCOMING_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, to_owner.clone()));
        Self {
            tasks,
            open: HashMap::new(),
            generations: 0,
            incoming,
            to_owner,
            connections_max: options.connections_max,
            idle: options.idle,
            connect_timeout: options.connect_timeout,
            failed: Vec::new(),
        }
    }

    /// Cancel-safe: nothing is taken from the channel without being returned or fully handled.
    pub(crate) async fn receive(&mut self) -> Received {
        loop {
            if let Some(addr) = self.failed.pop() {
                return failed(addr);
            }
            match self.incoming.recv().await {
                Some(event) => {
                    if let Some(received) = self.handle(event) {
                        return received;
                    }
                }
                // Can't happen while `to_owner` is held; waiting is right even so.
                None => std::future::pending().await,
            }
        }
    }

    pub(crate) fn try_receive(&mut self) -> Option<Received> {
        if let Some(addr) = self.failed.pop() {
            return Some(failed(addr));
        }
        while let Ok(event) = self.incoming.try_recv() {
            if let Some(received) = self.handle(event) {
                return Some(received);
            }
        }
        None
    }

    pub(crate) fn send(&mut self, addr: SocketAddr, payload: Bytes) {
        if !self.open.contains_key(&addr) && !self.open_connection(addr, None) {
            self.failed.push(addr);
            return;
        }
        let Some(connection) = self.open.get(&addr) else {
            return;
        };
        if connection.outgoing.try_send(payload).is_err() {
            warn!(peer = %addr, "SIP over TCP: peer reads too slowly, connection given up");
            // Dropping the sender ends the task.
            self.open.remove(&addr);
            self.failed.push(addr);
        }
    }

    fn handle(&mut self, event: Event) -> Option<Received> {
        // Ended tasks' results carry nothing; taking them keeps the set small.
        while self.tasks.try_join_next().is_some() {}
        match event {
            Event::Accepted { addr, stream } => {
                // Strangers leave room for the connections that we open.
                let has_room = self.open.len() < self.connections_max - self.connections_max / 4;
                if !has_room || !self.open_connection(addr, Some(stream)) {
                    warn!(peer = %addr, "SIP over TCP: too many connections, refused");
                }
                None
            }
            Event::Message { addr, payload } => {
                Some(Received::Message { from: Peer { transport: Transport::Tcp, addr }, payload })
            }
            Event::Closed { addr, generation, failed: has_failed } => {
                let is_current = self.open.get(&addr).is_some_and(|c| c.generation == generation);
                if is_current {
                    self.open.remove(&addr);
                }
                (is_current && has_failed).then(|| failed(addr))
            }
        }
    }

    fn open_connection(&mut self, addr: SocketAddr, stream: Option<TcpStream>) -> bool {
        if self.open.len() >= self.connections_max {
            return false;
        }
        self.generations += 1;
        let generation = self.generations;
        let (outgoing, mut to_send) = mpsc::channel(OUTGOING_MAX);
        self.open.insert(addr, Connection { generation, outgoing });
        let to_owner = self.to_owner.clone();
        let (idle, connect_timeout) = (self.idle, self.connect_timeout);
        self.tasks.spawn(async move {
            let stream = match stream {
                Some(stream) => Ok(stream),
                None => timeout(connect_timeout, TcpStream::connect(addr))
                    .await
                    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
            };
            let result = match stream {
                Ok(stream) => converse(stream, addr, &mut to_send, &to_owner, idle).await,
                Err(error) => Err(error),
            };
            // What the owner handed over meanwhile is gone, and TCP messages are not sent again: the owner must know.
            to_send.close();
            let has_unsent = to_send.try_recv().is_ok();
            if let Err(error) = &result {
                debug!(peer = %addr, %error, "SIP over TCP");
            }
            let closed = Event::Closed { addr, generation, failed: result.is_err() || has_unsent };
            if to_owner.send(closed).await.is_err() {
                debug!("SIP over TCP: closed after the transport");
            }
        });
        true
    }
}

fn failed(addr: SocketAddr) -> Received {
    Received::Failed { peer: Peer { transport: Transport::Tcp, addr } }
}

async fn accept(listener: TcpListener, to_owner: mpsc::Sender<Event>) {
    loop {
        match listener.accept().await {
            Ok((stream, addr)) => {
                if to_owner.send(Event::Accepted { addr, stream }).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // Out of file descriptors, mostly: give the others time to close.
                warn!(%error, "SIP over TCP: accept");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Carries one connection until either side ends it. An error means that something may not have
/// reached the peer, or that the peer does not speak SIP.
async fn converse(
    stream: TcpStream,
    addr: SocketAddr,
    to_send: &mut mpsc::Receiver<Bytes>,
    to_owner: &mpsc::Sender<Event>,
    idle: Duration,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.into_split();
    // The reader's own answers, to keep-alives and to what is no SIP; it waits when the peer won't take them.
    let (answers, mut to_answer) = mpsc::channel::<Bytes>(1);
    let write = async {
        loop {
            let payload = tokio::select! {
                Some(payload) = to_answer.recv() => payload,
                payload = to_send.recv() => match payload {
                    Some(payload) => payload,
                    // The owner gave the connection up.
                    None => return Ok(()),
                },
            };
            writer.write_all(&payload).await?;
        }
    };
    let read = async {
        let mut decoder = StreamDecoder::new();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let length = match timeout(idle, reader.read(&mut buffer)).await {
                Err(_idle) => return Ok(()),
                Ok(Ok(0)) => return Ok(()),
                Ok(result) => result?,
            };
            decoder.push(&buffer[..length]);
            while let Some(frame) = decoder.next_frame() {
                match frame {
                    Ok(Frame::Message(payload)) => {
                        if to_owner.send(Event::Message { addr, payload }).await.is_err() {
                            return Ok(());
                        }
                    }
                    // RFC 5626 §4.4.1: the pong is a single CRLF. Both halves of this select live together.
                    Ok(Frame::Ping) => answers.send(Bytes::from_static(b"\r\n")).await.map_err(io::Error::other)?,
                    Err(error) => {
                        let sentence = io::Error::other(error.to_string());
                        if let Some(response) = error.response {
                            answers.send(response.to_bytes()).await.map_err(io::Error::other)?;
                            // When the second of these finds room, the first has been taken: the response is written.
                            for _ in 0..2 {
                                answers.send(Bytes::new()).await.map_err(io::Error::other)?;
                            }
                        }
                        return Err(sentence);
                    }
                }
            }
        }
    };
    tokio::select! {
        result = write => result,
        result = read => result,
    }
}
