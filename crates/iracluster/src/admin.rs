//! The admin port: gRPC health and `/metrics` on one listener, HTTP/2 and HTTP/1.1 told apart by their first bytes.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tonic_health::server::{HealthReporter, HealthService};

use crate::drain::Drain;
use crate::metrics::Metrics;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves until the process closes.
pub(crate) fn start(listener: TcpListener, reporter: HealthReporter, metrics: Metrics, drain: &Drain) {
    let health = tonic_health::pb::health_server::HealthServer::new(HealthService::from_health_reporter(reporter));
    let grpc = tonic::service::Routes::new(health).into_axum_router();
    let router = Router::new().route("/metrics", get(scrape).with_state(metrics)).merge(grpc);
    let closing = drain.closing_token();
    drain.spawn("admin", async move {
        // Not graceful: a health watch never ends by itself.
        tokio::select! {
            served = axum::serve(listener, router) => {
                if let Err(e) = served {
                    tracing::error!(error = %e, "the admin port has failed");
                }
            }
            () = closing.cancelled() => {}
        }
    });
}

async fn scrape(State(metrics): State<Metrics>) -> Response {
    match metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
