//! Who is at the other end: bots see proof that it is the switch, and the switch that it is the bot.

use std::sync::Arc;

use anyhow::Context;
use cluster_runner::{Cluster, WorkDir};
use futures_util::StreamExt;
use integration_tests::config::Telephony;
use integration_tests::raw_bot::RawBot;
use integration_tests::world::{LIMIT, World, over, phone};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use testphone::{End, Script};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto};
use voicebot::dialect::botstream_signature;

use crate::protocol::tell;

#[tokio::test(flavor = "multi_thread")]
async fn bots_are_shown_what_they_want_to_see() -> anyhow::Result<()> {
    const SECRET: &str = "key of the signatures";
    let phone = phone().await?;
    let mut telephony = Telephony::new().trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp));
    let auths = [
        r#"{ bearer = "mF_9.B5f-4.1JqM" }"#.to_owned(),
        r#"{ basic = "Aladdin:open sesame" }"#.to_owned(),
        format!("{{ hmac_secret = {SECRET:?} }}"),
    ];
    let mut bots = Vec::new();
    for (index, auth) in auths.iter().enumerate() {
        let bot = RawBot::listen(None).await?;
        telephony = telephony.bot(&format!("+1415555030{index}"), &bot.url(), &format!("auth = {auth}"));
        bots.push(bot);
    }
    let world = World::start(Cluster::builder(), &telephony).await?;
    for (index, bot) in bots.iter().enumerate() {
        let call = world.call(&phone, &format!("+1415555030{index}"), Script::default()).await?;
        let mut stream = bot.next_stream().await?;
        let header = |name: &str| stream.headers.get(name).map(String::as_str);
        let (authorization, signature) = (header("authorization"), header("x-botstream-signature"));
        match index {
            0 => assert_eq!((authorization, signature), (Some("Bearer mF_9.B5f-4.1JqM"), None)),
            1 => assert_eq!((authorization, signature), (Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), None)),
            _ => {
                let signature = signature.context("no signature")?;
                let (time, _) = signature.split_once(',').context("no time")?;
                let time = time.strip_prefix("t=").context("no time")?.parse()?;
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
                assert!(now.abs_diff(time) < 60, "{signature}");
                let of = |name: &str| header(name).unwrap_or_default();
                let (call_id, stream_id) = (of("x-botstream-call-id"), of("x-botstream-stream-id"));
                assert_eq!(signature, botstream_signature(SECRET, time, call_id, stream_id, "/media?bot=raw"));
                assert_eq!(authorization, None);
            }
        }
        tell(&mut stream, json!({"type": "hangup"})).await?;
        over(call).await?;
    }
    world.stop().await
}

/// An authority, and the certificate of a bot at 127.0.0.1 that it has signed.
fn authority() -> anyhow::Result<(String, Arc<ServerConfig>)> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((issuer.pem(), Arc::new(config)))
}

#[tokio::test(flavor = "multi_thread")]
async fn wss_is_checked_against_a_private_authority() -> anyhow::Result<()> {
    let directory = WorkDir::temporary()?;
    let (pem, config) = authority()?;
    let (_, stranger) = authority()?;
    let file = directory.path().join("bots.pem");
    std::fs::write(&file, pem)?;
    let (known, unknown) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let url = |listener: &TcpListener| anyhow::Ok(format!("wss://127.0.0.1:{}/bot", listener.local_addr()?.port()));
    let phone = phone().await?;
    let telephony = Telephony::new()
        .trunk("carrier", "127.0.0.1", phone.addr(testphone::Transport::Udp))
        .bot("+14155550310", &url(&known)?, "")
        .bot("+14155550311", &url(&unknown)?, "");
    let builder = Cluster::builder().flag("media-switch", "--bot-ca", file.display());
    let world = World::start(builder, &telephony).await?;

    let call = world.call(&phone, "+14155550310", Script::default()).await?;
    let (stream, _) = tokio::time::timeout(LIMIT, known.accept()).await??;
    let stream = TlsAcceptor::from(config).accept(stream).await?;
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    let first = tokio::time::timeout(LIMIT, socket.next()).await?.context("no frame")??;
    let start: Value = serde_json::from_str(first.to_text()?)?;
    assert_eq!(start["type"], "start");
    socket.close(None).await?;
    assert!(matches!(over(call).await?.end, End::RemoteHangup { .. } | End::NotAnswered { .. }));

    // A bot whose authority nobody knows gets no call: not even its `start`.
    let call = world.call(&phone, "+14155550311", Script::default()).await?;
    let (stream, _) = tokio::time::timeout(LIMIT, unknown.accept()).await??;
    assert!(TlsAcceptor::from(stranger).accept(stream).await.is_err());
    assert!(matches!(over(call).await?.end, End::NotAnswered { status: 480, .. }));
    world.stop().await
}
