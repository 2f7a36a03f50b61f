//! Traces, received by a collector of our own.

use botstream_api::node::State;
use botstream_api::{Call, CallGetRequest, headers};
use cluster_runner::{NatsServer, Signal};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status};

use crate::setup::{Instance, client};

struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.0.send(request.into_inner()).unwrap();
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::test]
async fn a_request_is_a_span_of_its_requesters_trace() {
    let (sender, mut exported) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = tonic::service::Routes::new(TraceServiceServer::new(Collector(sender))).into_axum_router();
    tokio::spawn(async move { axum::serve(listener, router).await });

    let nats = NatsServer::start().await.unwrap();
    let client = client(&nats).await;
    let instance = Instance::start(nats.url(), "n1", &[("--otlp-endpoint", &endpoint)]);
    instance.in_state(&client, State::Ready).await;
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = client.clone().with_header(headers::TRACEPARENT, &format!("00-{trace_id}-00f067aa0ba902b7-01"));
    let request = CallGetRequest { call_id: "c".into() };
    traced.request::<_, Call>("example", "echo", &request).await.unwrap();
    // What is left is sent at the end.
    instance.process.signal(Signal::TERM);
    assert!(instance.ended().await.success(), "{}", instance.log());

    let mut found = None;
    while let Ok(export) = exported.try_recv() {
        for resource in export.resource_spans {
            let attributes = resource.resource.unwrap().attributes;
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                if span.name == "example.echo" {
                    found = Some((attributes.clone(), span));
                }
            }
        }
    }
    let (attributes, span) = found.expect("no span of the request");
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(hex(&span.trace_id), trace_id);
    assert_eq!(hex(&span.parent_span_id), "00f067aa0ba902b7");
    let name = attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
    assert!(format!("{:?}", name.value).contains("echo-service"));
}
