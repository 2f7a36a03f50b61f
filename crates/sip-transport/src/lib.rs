//! SIP's sockets: one UDP socket and one TCP listener with its connections, as a stream of
//! `(peer, message)` in and [`sip::Transmit`] out (RFC 3261 §18).
//!
//! The protocol is in the `sip` crate and has no sockets; this crate has no protocol beyond the
//! framing of TCP. It never blocks the caller and never queues without a limit: what can't be
//! sent now is dropped on UDP (SIP retransmits) and ends the connection on TCP.

mod tcp;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use sip::{Peer, Transmit, Transport};
use tokio::net::{TcpListener, UdpSocket};
use tracing::debug;

/// Longest UDP payload there is; a SIP message can't be cut in silence.
const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Asked of the kernel for each direction of the UDP socket, so that a burst of calls survives
/// the time until the next read.
const UDP_BUFFER_BYTES: usize = 4 << 20;

/// Where to listen, and the limits on what strangers can make us hold.
#[derive(Debug, Clone)]
pub struct Options {
    /// UDP address to bind; port 0 takes a free one.
    pub udp: SocketAddr,
    /// TCP address to bind; port 0 takes a free one.
    pub tcp: SocketAddr,
    /// Open TCP connections, both directions together; more are refused.
    pub connections_max: usize,
    /// A TCP connection with nothing to say for this long is closed.
    pub idle: Duration,
    /// Time allowed to a TCP connection attempt.
    pub connect_timeout: Duration,
}

impl Options {
    /// Listens at these addresses, with limits fit for a carrier's edge.
    pub fn new(udp: SocketAddr, tcp: SocketAddr) -> Self {
        Self {
            udp,
            tcp,
            connections_max: 4_096,
            idle: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(4),
        }
    }
}

/// What the network brought.
#[derive(Debug)]
pub enum Received {
    /// One datagram, or one message cut out of a TCP stream.
    Message {
        /// Where it came from.
        from: Peer,
        /// Its bytes, as received.
        payload: Bytes,
    },
    /// Something could not be sent: the connection failed or was never made.
    Failed {
        /// To whom.
        peer: Peer,
    },
}

/// Bound sockets and open connections.
#[derive(Debug)]
pub struct SipTransport {
    udp: UdpSocket,
    udp_addr: SocketAddr,
    tcp_addr: SocketAddr,
    tcp: tcp::Connections,
    datagram: Box<[u8]>,
    udp_sends_dropped: u64,
}

impl SipTransport {
    /// Binds both sockets.
    ///
    /// With equal non-zero ports the addresses name one SIP endpoint; with port 0 in both, the
    /// TCP listener takes the port number that UDP got, when it is free.
    ///
    /// # Errors
    /// When an address can't be bound; the error's text names it.
    pub async fn bind(options: Options) -> io::Result<Self> {
        let udp = bind_udp(options.udp)?;
        let udp_addr = udp.local_addr()?;
        let listener = bind_tcp(options.tcp, udp_addr.port()).await?;
        let tcp_addr = listener.local_addr()?;
        Ok(Self {
            udp,
            udp_addr,
            tcp_addr,
            tcp: tcp::Connections::start(listener, &options),
            datagram: vec![0; DATAGRAM_BYTES_MAX].into_boxed_slice(),
            udp_sends_dropped: 0,
        })
    }

    /// The bound UDP address, with its real port.
    pub fn udp_addr(&self) -> SocketAddr {
        self.udp_addr
    }

    /// The bound TCP address, with its real port.
    pub fn tcp_addr(&self) -> SocketAddr {
        self.tcp_addr
    }

    /// Datagrams that the kernel would not take at once.
    pub fn udp_sends_dropped(&self) -> u64 {
        self.udp_sends_dropped
    }

    /// The next message. Cancel-safe.
    pub async fn receive(&mut self) -> Received {
        loop {
            tokio::select! {
                // ICMP errors of earlier sends surface here: they say nothing about this socket.
                datagram = self.udp.recv_from(&mut self.datagram) => match datagram {
                    Ok((length, addr)) => return Received::Message {
                        from: Peer { transport: Transport::Udp, addr },
                        payload: Bytes::copy_from_slice(&self.datagram[..length]),
                    },
                    Err(error) => debug!(%error, "UDP receive"),
                },
                received = self.tcp.receive() => return received,
            }
        }
    }

    /// One more message if it is there already, without waiting: to take what has gathered.
    pub fn try_receive(&mut self) -> Option<Received> {
        if let Ok((length, addr)) = self.udp.try_recv_from(&mut self.datagram) {
            return Some(Received::Message {
                from: Peer { transport: Transport::Udp, addr },
                payload: Bytes::copy_from_slice(&self.datagram[..length]),
            });
        }
        self.tcp.try_receive()
    }

    /// Sends now, or over TCP as soon as the connection is there. A failure of a TCP peer comes
    /// back as [`Received::Failed`].
    pub fn send(&mut self, transmit: &Transmit) {
        match transmit.peer.transport {
            Transport::Udp => {
                // Straight to the kernel: the runtime would first have to hear that a new socket can be written to.
                let socket = socket2::SockRef::from(&self.udp);
                if let Err(error) = socket.send_to(&transmit.payload, &transmit.peer.addr.into()) {
                    self.udp_sends_dropped += 1;
                    debug!(%error, to = %transmit.peer.addr, "UDP send");
                }
            }
            Transport::Tcp => self.tcp.send(transmit.peer.addr, transmit.payload.clone()),
        }
    }
}

fn named(error: &io::Error, what: &str, addr: SocketAddr) -> io::Error {
    io::Error::new(error.kind(), format!("cannot bind {what} {addr}: {error}"))
}

fn bind_udp(addr: SocketAddr) -> io::Result<UdpSocket> {
    let bind = || {
        let socket = socket2::Socket::new(
            socket2::Domain::for_address(addr),
            socket2::Type::DGRAM,
            Some(socket2::Protocol::UDP),
        )?;
        // The kernel caps these at its own limits without an error.
        socket.set_recv_buffer_size(UDP_BUFFER_BYTES)?;
        socket.set_send_buffer_size(UDP_BUFFER_BYTES)?;
        socket.set_nonblocking(true)?;
        socket.bind(&addr.into())?;
        UdpSocket::from_std(socket.into())
    };
    bind().map_err(|error| named(&error, "UDP", addr))
}

async fn bind_tcp(addr: SocketAddr, udp_port: u16) -> io::Result<TcpListener> {
    if addr.port() == 0 {
        let same_port = SocketAddr::new(addr.ip(), udp_port);
        if let Ok(listener) = TcpListener::bind(same_port).await {
            return Ok(listener);
        }
    }
    TcpListener::bind(addr).await.map_err(|error| named(&error, "TCP", addr))
}
