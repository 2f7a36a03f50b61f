//! The smallest whole service, and the one that the chassis is tested with: it echoes, and remembers what it was given to hold.

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use botstream_api::event::Body;
use botstream_api::{Call, CallCreated, CallEnded, CallGetRequest, Error, Event};
use iracluster::{Chassis, Hold, RequestContext, Service, Where};

#[derive(Debug, Clone, clap::Args)]
struct Config {
    /// Most pieces of work at once.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=10))]
    work_max: u32,
}

fn main() -> ExitCode {
    iracluster::run(Service { name: "echo-service", version: env!("CARGO_PKG_VERSION"), about: "Echoes." }, run)
}

async fn run(chassis: Chassis, config: Config) -> anyhow::Result<()> {
    chassis.serve("example", "echo", Where::Anywhere, echo).await?;

    let work: Arc<Mutex<HashMap<String, Hold>>> = Arc::default();
    let (this, begun) = (chassis.clone(), Arc::clone(&work));
    chassis
        .serve("example", "begin", Where::AnywhereUntilDrain, move |_, request: CallGetRequest| {
            let hold = this.drain.hold();
            let mut work = begun.lock().unwrap_or_else(PoisonError::into_inner);
            let has_room = work.len() < config.work_max as usize;
            if has_room {
                work.insert(request.call_id.clone(), hold);
            }
            async move {
                if has_room {
                    Ok(Call::from_id(request.call_id))
                } else {
                    Err(Error::invalid("call_id", "too much work"))
                }
            }
        })
        .await?;
    chassis
        .serve("example", "finish", Where::ThisNode, move |_, request: CallGetRequest| {
            let held = work.lock().unwrap_or_else(PoisonError::into_inner).remove(&request.call_id);
            async move {
                held.map(|_| Call::from_id(request.call_id.clone()))
                    .ok_or_else(|| Error::call_not_found(&request.call_id))
            }
        })
        .await?;

    let events = chassis.events();
    chassis
        .serve("example", "announce", Where::Anywhere, move |context: RequestContext, request: CallGetRequest| {
            for body in [Body::CallCreated(CallCreated::default()), Body::CallEnded(CallEnded::default())] {
                events.publish(Event {
                    call_id: request.call_id.clone(),
                    tenant: context.tenant.clone(),
                    trace: context.traceparent.clone(),
                    body: Some(body),
                    ..Event::default()
                });
            }
            async move { Ok(Call::from_id(request.call_id)) }
        })
        .await?;

    chassis.on_stats(|| serde_json::json!({ "load": 0.5 }));
    chassis.health.set_ready(true);
    chassis.drain.drained().await;
    Ok(())
}

async fn echo(context: RequestContext, request: CallGetRequest) -> Result<Call, Error> {
    assert_ne!(request.call_id, "panic", "as asked for");
    context.set_reply_header("Example", "yes");
    Ok(Call { tenant: context.tenant, ..Call::from_id(request.call_id) })
}

trait FromId {
    fn from_id(call_id: String) -> Self;
}

impl FromId for Call {
    fn from_id(call_id: String) -> Self {
        Self { call_id, ..Self::default() }
    }
}
