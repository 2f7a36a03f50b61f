//! A phone's place in the network: its SIP sockets and its user agent, for any number of calls.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sip::sdp::{self, CodecKind, Crypto, OfferOptions};
use sip::ua::{InviteParams, UaConfig, UserAgent};
use sip::uri::{DEFAULT_PORT, Host, Uri};
use sip::{Peer, Transport};
use sip_transport::SipTransport;
use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::call::{Call, CallOptions, Incoming, Script};
use crate::call_task::{Role, Setup};
use crate::driver::{Command, Driver, IncomingParts};
use crate::secure::own_keys;
use crate::{Codec, Error, FRAME_MS};

/// Incoming calls that can wait to be taken; the next one is answered 480.
const INCOMING_MAX: usize = 1024;

/// Commands of all calls that can wait for the endpoint's task.
const COMMANDS_MAX: usize = 1024;

/// Payload type that is offered for telephone events.
const DTMF_PAYLOAD_TYPE: u8 = 101;

/// How a phone likes to receive Opus.
pub(crate) const OPUS_FMTP: &str = "useinbandfec=1";

/// Where and as what a phone appears.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Address for SIP over UDP and TCP. Port 0: any free one. Media goes over the same IP address.
    pub listen: SocketAddr,
    /// The user part of the phone's own URI.
    pub user: String,
    /// Calls at once.
    pub calls_max: usize,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), user: "phone".to_owned(), calls_max: 10_000 }
    }
}

/// A phone's place in the network. Dropping it leaves its calls alone: they end by their own handles.
#[derive(Debug)]
pub struct Endpoint {
    udp_addr: SocketAddr,
    tcp_addr: SocketAddr,
    /// Where media sockets are bound.
    media_bind: IpAddr,
    user: String,
    commands: mpsc::Sender<Command>,
    incoming: Mutex<mpsc::Receiver<IncomingParts>>,
}

impl Endpoint {
    /// Opens the sockets and starts the endpoint's task.
    pub async fn bind(config: EndpointConfig) -> Result<Self, Error> {
        let options = sip_transport::Options::new(config.listen, config.listen);
        let bound = SipTransport::bind(options).await;
        let transport = bound.map_err(|source| Error::Bind { addr: config.listen, source })?;
        let ip = match config.listen.ip() {
            ip if ip.is_unspecified() => outward_ip(ip).await,
            ip => ip,
        };
        let udp_addr = SocketAddr::new(ip, transport.udp_addr().port());
        let tcp_addr = SocketAddr::new(ip, transport.tcp_addr().port());
        let ua_config = UaConfig {
            user_agent: concat!("BotStream-testphone/", env!("CARGO_PKG_VERSION")).to_owned(),
            contact_user: config.user.clone(),
            sessions_max: config.calls_max,
            ..UaConfig::new(udp_addr, tcp_addr)
        };
        let (commands, command_queue) = mpsc::channel(COMMANDS_MAX);
        let (incoming_sender, incoming) = mpsc::channel(INCOMING_MAX);
        let ua = UserAgent::new(ua_config, rand::random());
        tokio::spawn(Driver::new(ua, transport, command_queue, incoming_sender).run());
        Ok(Self {
            udp_addr,
            tcp_addr,
            media_bind: config.listen.ip(),
            user: config.user,
            commands,
            incoming: Mutex::new(incoming),
        })
    }

    /// The address of this machine that the system would send from to call `to`, or to reach `next_hop` if there is one.
    pub async fn local_ip(to: &str, next_hop: Option<SocketAddr>) -> Result<IpAddr, Error> {
        let far = match next_hop {
            Some(next_hop) => next_hop,
            None => resolve(to, None).await?.1,
        };
        let refused = |source: std::io::Error| Error::Uri { uri: to.to_owned(), reason: source.to_string() };
        local_ip_toward(far).await.map_err(refused)
    }

    /// The address of SIP over this transport, as it stands in Contact. The port is the same for both, unless it was taken.
    pub fn addr(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Udp => self.udp_addr,
            Transport::Tcp => self.tcp_addr,
        }
    }

    /// A URI that calls this phone over `transport`.
    pub fn uri(&self, transport: Transport) -> String {
        match transport {
            Transport::Udp => format!("sip:{}@{}", self.user, self.udp_addr),
            Transport::Tcp => format!("sip:{}@{};transport=tcp", self.user, self.tcp_addr),
        }
    }

    /// Calls `to`, a SIP URI, and does what `script` says once it is answered. Returns as soon as the INVITE is on its way.
    pub async fn call(&self, to: &str, options: CallOptions, script: Script) -> Result<Call, Error> {
        let (transport, remote) = resolve(to, options.transport).await?;
        let next_hop = Peer { transport, addr: options.next_hop.unwrap_or(remote) };
        let rtp = self.media_socket().await?;
        let local_rtp = self.local_rtp(&rtp)?;
        let keys = own_keys(&script.srtp);
        let offer = default_offer(local_rtp, &script, &keys);
        let call_id = format!("{:032x}@{}", rand::random::<u128>(), self.udp_addr.ip());
        let params = InviteParams {
            request_uri: to.to_owned(),
            from: options.from.unwrap_or_else(|| format!("<sip:{}@{}>", self.user, self.addr(transport))),
            to: format!("<{to}>"),
            call_id: Some(call_id.clone()),
            route: options.route,
            next_hop,
            headers: options.headers,
            body: (!options.delayed_offer).then(|| offer.clone()),
            credentials: options.credentials,
            ring_timeout: options.ring_timeout,
        };
        let (reply, replied) = oneshot::channel();
        self.commands.send(Command::Invite { params: Box::new(params), reply }).await.map_err(|_| Error::Closed)?;
        let (session, ua_events) = replied.await.map_err(|_| Error::Closed)??;
        let role = Role::Caller { offer, delayed_offer: options.delayed_offer };
        let setup = Setup { commands: self.commands.clone(), ua_events, session, rtp, local_rtp, script, role, keys };
        Ok(Call::start(setup, call_id))
    }

    /// The next incoming call; `None` when the endpoint is closed.
    pub async fn incoming(&self) -> Option<Incoming> {
        let parts = self.incoming.lock().await.recv().await?;
        Some(Incoming::new(parts, self.commands.clone(), self.media_bind, self.udp_addr.ip()))
    }

    /// Waits for the hang-ups that are under way, at most 2 s, and closes the sockets.
    pub async fn close(self) {
        let (done, closed) = oneshot::channel();
        if self.commands.send(Command::Close { done }).await.is_ok() {
            closed.await.ok();
        }
    }

    async fn media_socket(&self) -> Result<UdpSocket, Error> {
        bind_media(self.media_bind).await
    }

    fn local_rtp(&self, rtp: &UdpSocket) -> Result<SocketAddr, Error> {
        advertised(rtp, self.udp_addr.ip())
    }
}

/// A media socket on any free port.
pub(crate) async fn bind_media(ip: IpAddr) -> Result<UdpSocket, Error> {
    let addr = SocketAddr::new(ip, 0);
    UdpSocket::bind(addr).await.map_err(|source| Error::Bind { addr, source })
}

/// The address of a media socket as others see it.
pub(crate) fn advertised(rtp: &UdpSocket, ip: IpAddr) -> Result<SocketAddr, Error> {
    let local = rtp.local_addr().map_err(|source| Error::Bind { addr: SocketAddr::new(ip, 0), source })?;
    Ok(SocketAddr::new(ip, local.port()))
}

pub(crate) fn codec_kinds(codecs: &[Codec]) -> Vec<CodecKind> {
    codecs
        .iter()
        .map(|codec| match codec {
            Codec::Pcmu => CodecKind::Pcmu,
            Codec::Pcma => CodecKind::Pcma,
            Codec::G722 => CodecKind::G722,
            Codec::Opus => CodecKind::Opus,
        })
        .collect()
}

/// A first offer of what the script has, with the keys of its SRTP.
pub(crate) fn default_offer(local_rtp: SocketAddr, script: &Script, keys: &[Crypto]) -> String {
    let codecs: Vec<_> = codec_kinds(&script.codecs).into_iter().map(Into::into).collect();
    let options = OfferOptions {
        ptime_ms: FRAME_MS as u32,
        comfort_noise: script.comfort_noise,
        rtcp_mux: script.rtcp,
        opus_fmtp: OPUS_FMTP,
        crypto: keys,
        ..OfferOptions::default()
    };
    let dtmf_payload_type = script.events.then_some(DTMF_PAYLOAD_TYPE);
    sdp::offer_with(local_rtp, rand::random::<u32>().into(), &codecs, dtmf_payload_type, &options)
}

/// The address that the system would send from to the world outside; loopback when there is none.
async fn outward_ip(unspecified: IpAddr) -> IpAddr {
    // Connecting a UDP socket sends nothing; these addresses are for documentation (RFC 5737, RFC 3849).
    let (far, loopback): (SocketAddr, IpAddr) = match unspecified {
        IpAddr::V4(_) => ((Ipv4Addr::new(192, 0, 2, 1), 9).into(), Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(_) => {
            ((std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into(), std::net::Ipv6Addr::LOCALHOST.into())
        }
    };
    local_ip_toward(far).await.unwrap_or(loopback)
}

async fn local_ip_toward(far: SocketAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr = if far.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { std::net::Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
    socket.connect(far).await?;
    Ok(socket.local_addr()?.ip())
}

/// Transport and address that a URI means.
async fn resolve(to: &str, transport: Option<Transport>) -> Result<(Transport, SocketAddr), Error> {
    let refused = |reason: String| Error::Uri { uri: to.to_owned(), reason };
    let uri = Uri::parse(to).map_err(|reason| refused(reason.to_owned()))?;
    let sip = uri.as_sip().ok_or_else(|| refused("not a sip: URI".to_owned()))?;
    let transport = transport.or_else(|| sip.transport()).unwrap_or(Transport::Udp);
    let port = sip.port.unwrap_or(DEFAULT_PORT);
    let addr = match &sip.host {
        Host::Ip(ip) => SocketAddr::new(*ip, port),
        Host::Name(name) => {
            let mut found = lookup_host((name.as_str(), port)).await.map_err(|error| refused(error.to_string()))?;
            found.next().ok_or_else(|| refused("its host has no address".to_owned()))?
        }
    };
    Ok((transport, addr))
}
