//! TLS and keys on the bus.

use std::path::{Path, PathBuf};

use botstream_api::Client;
use botstream_api::node::State;
use cluster_runner::{NatsServer, WorkDir};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::setup::{CLUSTER, Instance, eventually};

/// A directory with an authority, and a certificate of it that is good for 127.0.0.1.
fn certificates() -> WorkDir {
    let directory = WorkDir::temporary().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = certificate.signed_by(&key, &authority).unwrap();
    for (name, text) in [("ca.pem", authority.pem()), ("cert.pem", certificate.pem()), ("key.pem", key.serialize_pem())]
    {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

fn text(path: PathBuf) -> String {
    path.to_str().unwrap().to_owned()
}

fn file(directory: &Path, name: &str) -> String {
    text(directory.join(name))
}

#[tokio::test]
async fn tls_with_certificates_on_both_sides() {
    let files = certificates();
    let (ca, cert, key) = (file(files.path(), "ca.pem"), file(files.path(), "cert.pem"), file(files.path(), "key.pem"));
    let tls = format!("tls {{ cert_file: {cert:?}, key_file: {key:?}, ca_file: {ca:?}, verify: true }}");
    let nats = NatsServer::builder().config(&tls).start().await.unwrap();
    let options = async_nats::ConnectOptions::new()
        .add_root_certificates(ca.clone().into())
        .add_client_certificate(cert.clone().into(), key.clone().into())
        .require_tls(true);
    let client = Client::new(options.connect(nats.url()).await.unwrap(), CLUSTER, "default");

    let flags = [
        ("--nats-tls-required", None),
        ("--nats-tls-ca", Some(ca.as_str())),
        ("--nats-tls-cert", Some(cert.as_str())),
        ("--nats-tls-key", Some(key.as_str())),
    ];
    let good = Instance::start_with(nats.url(), "good", &flags);
    good.in_state(&client, State::Ready).await;

    let stranger = Instance::start(nats.url(), "stranger", &[]);
    eventually("a stranger is told", async || stranger.log().contains("NATS does not let us in").then_some(())).await;
    assert!(client.get_node("stranger").await.is_err());
}

#[tokio::test]
async fn an_nkey_lets_its_holder_in() {
    let (user, other) = (nkeys::KeyPair::new_user(), nkeys::KeyPair::new_user());
    let users = format!("authorization {{ users = [ {{ nkey: {} }} ] }}", user.public_key());
    let nats = NatsServer::builder().config(&users).start().await.unwrap();
    let options = async_nats::ConnectOptions::with_nkey(user.seed().unwrap());
    let client = Client::new(options.connect(nats.url()).await.unwrap(), CLUSTER, "default");

    let directory = WorkDir::temporary().unwrap();
    let seed_file = |name: &str, key: &nkeys::KeyPair| {
        let path = directory.path().join(name);
        std::fs::write(&path, format!("{}\n", key.seed().unwrap())).unwrap();
        text(path)
    };
    let good = Instance::start(nats.url(), "good", &[("--nats-nkey", &seed_file("good", &user))]);
    good.in_state(&client, State::Ready).await;

    let bad = Instance::start(nats.url(), "bad", &[("--nats-nkey", &seed_file("bad", &other))]);
    eventually("the other is refused", async || bad.log().contains("authorization violation").then_some(())).await;
    assert!(!bad.log().contains(&other.seed().unwrap()));
}
