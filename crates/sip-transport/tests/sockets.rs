//! Messages over real sockets, by UDP and TCP.
#![allow(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::time::Duration;

use bytes::Bytes;
use sip::{Peer, Transmit, Transport};
use sip_transport::{Options, Received, SipTransport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const MESSAGE: &str = "OPTIONS sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n\
    From: <sip:b@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 4\r\n\r\nbody";

async fn bind() -> SipTransport {
    let any = "127.0.0.1:0".parse().unwrap();
    SipTransport::bind(Options::new(any, any)).await.unwrap()
}

async fn message(transport: &mut SipTransport) -> (Peer, Bytes) {
    match timeout(Duration::from_secs(10), transport.receive()).await.expect("a message in time") {
        Received::Message { from, payload } => (from, payload),
        Received::Failed { peer } => panic!("{peer} failed"),
    }
}

fn transmit(transport: Transport, addr: std::net::SocketAddr) -> Transmit {
    Transmit { peer: Peer { transport, addr }, payload: Bytes::from_static(MESSAGE.as_bytes()) }
}

#[tokio::test]
async fn a_message_goes_there_and_back_by_udp_and_tcp() {
    for transport in [Transport::Udp, Transport::Tcp] {
        let (mut a, mut b) = (bind().await, bind().await);
        let to = if transport == Transport::Udp { b.udp_addr() } else { b.tcp_addr() };
        a.send(&transmit(transport, to));
        // Both sides have to run for a connection to be made and accepted.
        let (from, payload) = tokio::select! {
            received = message(&mut b) => received,
            received = a.receive() => panic!("{received:?}"),
        };
        assert_eq!(payload, MESSAGE.as_bytes());
        assert_eq!(from.transport, transport);
        // By TCP the answer takes the same connection, whose far port no one listens at.
        b.send(&transmit(transport, from.addr));
        let (_, payload) = tokio::select! {
            received = message(&mut a) => received,
            received = b.receive() => panic!("{received:?}"),
        };
        assert_eq!(payload, MESSAGE.as_bytes());
    }
}

#[tokio::test]
async fn messages_cut_anywhere_come_out_whole() {
    let mut transport = bind().await;
    let mut stream = TcpStream::connect(transport.tcp_addr()).await.unwrap();
    let two = format!("{MESSAGE}{MESSAGE}");
    let writing = tokio::spawn(async move {
        for piece in two.as_bytes().chunks(7) {
            stream.write_all(piece).await.unwrap();
            stream.flush().await.unwrap();
        }
        stream
    });
    for _ in 0..2 {
        assert_eq!(message(&mut transport).await.1, MESSAGE.as_bytes());
    }
    drop(writing.await.unwrap());
}

#[tokio::test]
async fn a_keep_alive_is_answered() {
    let mut transport = bind().await;
    let mut stream = TcpStream::connect(transport.tcp_addr()).await.unwrap();
    stream.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    tokio::select! {
        result = timeout(Duration::from_secs(10), stream.read_exact(&mut pong)) => { result.unwrap().unwrap(); }
        received = transport.receive() => panic!("{received:?}"),
    }
    assert_eq!(&pong, b"\r\n");
}

#[tokio::test]
async fn what_is_no_sip_is_told_so_and_cut_off() {
    let mut transport = bind().await;
    let mut stream = TcpStream::connect(transport.tcp_addr()).await.unwrap();
    // No Content-Length that could be read: the stream can't be cut into messages any more.
    stream.write_all(MESSAGE.replace(": 4", ": -4").as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::select! {
        result = timeout(Duration::from_secs(10), stream.read_to_string(&mut answer)) => { result.unwrap().unwrap(); }
        () = async { while !matches!(transport.receive().await, Received::Message { .. }) {} } => panic!("a message"),
    }
    assert!(answer.starts_with("SIP/2.0 400 "), "{answer}");
}

#[tokio::test]
async fn a_peer_that_is_not_there_is_told() {
    let mut transport = bind().await;
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    transport.send(&transmit(Transport::Tcp, gone));
    match timeout(Duration::from_secs(10), transport.receive()).await.unwrap() {
        Received::Failed { peer } => assert_eq!(peer, Peer::tcp(gone)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_next_connection_waits_for_room() {
    let any = "127.0.0.1:0".parse().unwrap();
    let mut options = Options::new(any, any);
    options.connections_max = 1;
    let mut transport = SipTransport::bind(options).await.unwrap();
    let mut first = TcpStream::connect(transport.tcp_addr()).await.unwrap();
    first.write_all(MESSAGE.as_bytes()).await.unwrap();
    message(&mut transport).await;
    let mut second = TcpStream::connect(transport.tcp_addr()).await.unwrap();
    let mut end = [0; 1];
    tokio::select! {
        result = timeout(Duration::from_secs(10), second.read(&mut end)) => assert_eq!(result.unwrap().unwrap(), 0),
        received = transport.receive() => panic!("{received:?}"),
    }
    // The first one is as it was.
    first.write_all(MESSAGE.as_bytes()).await.unwrap();
    message(&mut transport).await;
}
