//! A real nats-server: several at once, killed and brought back, its files gone afterwards.

use cluster_runner::{Error, NatsServer};
use futures_util::StreamExt;

#[tokio::test]
async fn servers_side_by_side_do_not_hear_each_other() {
    let (one, two) = tokio::try_join!(NatsServer::start(), NatsServer::start()).unwrap();
    assert_ne!(one.url(), two.url());
    let (one_client, two_client) =
        tokio::try_join!(async_nats::connect(one.url()), async_nats::connect(two.url())).unwrap();
    let mut heard = one_client.subscribe("t").await.unwrap();
    one_client.flush().await.unwrap();
    two_client.publish("t", "from two".into()).await.unwrap();
    two_client.flush().await.unwrap();
    one_client.publish("t", "from one".into()).await.unwrap();
    assert_eq!(heard.next().await.unwrap().payload, "from one");
}

#[tokio::test]
async fn killed_it_comes_back_with_its_store_and_address() {
    let mut server = NatsServer::start().await.unwrap();
    let url = server.url().to_owned();
    let config = async_nats::jetstream::kv::Config { bucket: "b".into(), ..Default::default() };

    let jetstream = async_nats::jetstream::new(async_nats::connect(&url).await.unwrap());
    jetstream.create_key_value(config).await.unwrap().put("k", "v".into()).await.unwrap();
    server.kill().await;
    server.restart().await.unwrap();

    assert_eq!(server.url(), url);
    let jetstream = async_nats::jetstream::new(async_nats::connect(&url).await.unwrap());
    let value = jetstream.get_key_value("b").await.unwrap().get("k").await.unwrap();
    assert_eq!(value.unwrap(), "v");
}

#[tokio::test]
async fn its_files_go_with_it() {
    let server = NatsServer::start().await.unwrap();
    let directory = server.directory().to_owned();
    assert!(directory.join("nats-server.log").exists());
    server.stop().await.unwrap();
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why_at_once() {
    let error = NatsServer::builder().config("nonsense: {").start().await.unwrap_err();
    let Error::Ended { ref log, .. } = error else { panic!("{error}") };
    assert!(error.to_string().contains("Parse error"), "{error}");
    std::fs::remove_dir_all(log.parent().unwrap()).unwrap();
}
