//! Logs and traces.

use std::fmt::Write as _;

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use rand::RngExt;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::Error;
use crate::metrics::ChassisMetrics;
use crate::settings::{LogFormat, Settings};

/// Keeps the exporter of traces alive.
pub(crate) struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

/// Starts logging, and exporting traces where that is configured. Inside the runtime: the exporter needs it.
pub(crate) fn start(settings: &Settings, service: &str, version: &str, node: &str) -> Result<Telemetry, Error> {
    let filter = EnvFilter::try_new(&settings.log_filter)
        .map_err(|e| crate::ConfigError::new(format!("log-filter = {:?} is not allowed: {e}", settings.log_filter)))?;
    let log = match settings.log_format {
        LogFormat::Text => fmt::layer().with_writer(std::io::stderr).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_writer(std::io::stderr).boxed(),
    };
    let provider = match &settings.otlp_endpoint {
        None => None,
        Some(endpoint) => {
            let exporter = opentelemetry_otlp::SpanExporter::builder()
                .with_tonic()
                .with_endpoint(endpoint)
                .build()
                .map_err(|e| Error::Telemetry(e.to_string()))?;
            let resource = Resource::builder()
                .with_service_name(service.to_owned())
                .with_attributes([
                    KeyValue::new("service.version", version.to_owned()),
                    KeyValue::new("service.instance.id", node.to_owned()),
                    KeyValue::new("service.namespace", settings.cluster.clone()),
                ])
                .build();
            let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
            Some(provider)
        }
    };
    // Not below: the exporter's own connection has spans at debug level, each of which would make more of them.
    let traces = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer().with_tracer(provider.tracer("botstream")).with_filter(LevelFilter::INFO)
    });
    tracing_subscriber::registry()
        .with(log.with_filter(filter))
        .with(traces)
        .try_init()
        .map_err(|e| Error::Telemetry(e.to_string()))?;
    Ok(Telemetry { provider })
}

impl Telemetry {
    /// Sends what is left.
    pub(crate) fn stop(self) {
        let Some(provider) = self.provider else {
            return;
        };
        if let Err(e) = provider.shutdown() {
            tracing::warn!(error = %e, "some traces could not be exported");
        }
    }
}

/// Logs every panic with its place, instead of the default text that no log parser reads.
pub(crate) fn install_panic_hook(metrics: &ChassisMetrics) {
    let panics = metrics.panics.clone();
    std::panic::set_hook(Box::new(move |info| {
        panics.inc();
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("(no message)");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(
            place,
            thread = thread.name().unwrap_or_default(),
            backtrace = %std::backtrace::Backtrace::capture(),
            "panic: {message}"
        );
    }));
}

/// The span of a request, child of the requester's trace, and the `traceparent` that goes on from here.
pub(crate) fn request_span(verb: &str, tenant: &str, incoming: Option<&str>) -> (Span, String) {
    let parent = incoming.and_then(parse_traceparent);
    let span = tracing::info_span!("request", otel.name = verb, otel.kind = "server", verb, tenant);
    if let Some(parent) = &parent {
        let context = Context::new().with_remote_span_context(parent.clone());
        // Fails where no traces are exported; the header goes on all the same.
        span.set_parent(context).ok();
    }
    let exported = span.context().span().span_context().clone();
    let own = if exported.is_valid() { exported } else { own_context(parent.as_ref()) };
    (span, format_traceparent(&own))
}

/// A span id of our own in the parent's trace, or in a new one, for when nothing is exported.
fn own_context(parent: Option<&SpanContext>) -> SpanContext {
    let mut rng = rand::rng();
    let trace_id = parent
        .map_or_else(|| TraceId::from_bytes(rng.random_range(1..=u128::MAX).to_be_bytes()), SpanContext::trace_id);
    let flags = parent.map_or(TraceFlags::NOT_SAMPLED, SpanContext::trace_flags);
    let span_id = SpanId::from_bytes(rng.random_range(1..=u64::MAX).to_be_bytes());
    SpanContext::new(trace_id, span_id, flags, false, TraceState::default())
}

/// W3C Trace Context §3.2. Later versions may have more fields, which are not read.
fn parse_traceparent(text: &str) -> Option<SpanContext> {
    let mut fields = text.split('-');
    let mut hex = |len: usize| {
        let field = fields.next()?;
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (field.len() == len && field.bytes().all(is_hex)).then_some(field)
    };
    let (version, trace_id, span_id, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
    if version == "ff" || (version == "00" && fields.next().is_some()) {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace_id).ok()?,
        SpanId::from_hex(span_id).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

fn format_traceparent(context: &SpanContext) -> String {
    let mut text = String::with_capacity(55);
    let (trace, span, flags) = (context.trace_id(), context.span_id(), context.trace_flags().to_u8());
    // Writing to a String cannot fail.
    write!(text, "00-{trace}-{span}-{flags:02x}").ok();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_given_trace_goes_on_under_a_new_span() {
        let (_, passed_on) = request_span("call.dial", "default", Some(GIVEN));
        assert_eq!(passed_on.len(), GIVEN.len());
        assert_eq!(passed_on[..36], GIVEN[..36]);
        assert_ne!(passed_on[36..52], GIVEN[36..52]);
        assert_eq!(passed_on[52..], GIVEN[52..]);
    }

    #[test]
    fn without_one_a_trace_begins() {
        let (_, first) = request_span("call.dial", "default", None);
        let (_, second) = request_span("call.dial", "default", Some("nonsense"));
        assert!(parse_traceparent(&first).is_some());
        assert!(parse_traceparent(&second).is_some());
        assert_ne!(first, second);
    }

    #[test]
    fn malformed_headers_are_ignored() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert!(parse_traceparent(text).is_none(), "{text}");
        }
        assert!(parse_traceparent(&GIVEN.replacen("00", "cc", 1)).is_some());
    }
}
