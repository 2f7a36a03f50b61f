//! A nats-server, dialers, and switches made of a subscription and rows.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use botstream_api::call::{Direction, State as CallState};
use botstream_api::encoding::{self, Encoding};
use botstream_api::event::Body;
use botstream_api::node::State;
use botstream_api::{
    Call, CallGetRequest, Client, DialRequest, Error, Event, NodeListReply, NodeListRequest, OriginateReply,
    OriginateRequest, StreamSpec, Trunk, headers, subjects,
};
use botstream_state::calls::{self, CallRow};
use botstream_state::load::{self, SwitchLoad, SwitchState};
use botstream_state::{config, dialing};
use cluster_runner::{Command, KeySet, NatsServer, Process, WorkDir};
use futures_util::StreamExt;
use iratdb::IraTdb;

pub(crate) const CLUSTER: &str = "test";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const CAPACITY: u32 = 1_000;

pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) struct Bench {
    pub(crate) client: Client,
    pub(crate) calls: IraTdb,
    pub(crate) config: IraTdb,
    pub(crate) load: IraTdb,
    pub(crate) dialing: IraTdb,
    directory: WorkDir,
    nats: NatsServer,
    keys: KeySet,
}

impl Bench {
    /// One trunk, no switch, no dialer yet.
    pub(crate) async fn new() -> Self {
        let nats = NatsServer::start().await.unwrap();
        let connection = async_nats::connect(nats.url()).await.unwrap();
        let keys = KeySet::for_tests().await.unwrap();
        let open = async |options: iratdb::Options| {
            let writer = keys.writer(options.name()).unwrap();
            let options = options.cluster(CLUSTER).node("bench").nats(connection.clone()).keys(writer);
            let db = IraTdb::open(options).await.unwrap();
            db.ready().await.unwrap();
            db
        };
        let (calls, config) = (open(calls::options()).await, open(config::options()).await);
        let (load, dialing) = (open(load::options()).await, open(dialing::options()).await);
        let bench = Self {
            client: Client::new(connection, CLUSTER, "default").with_timeout(PATIENCE),
            calls,
            config,
            load,
            dialing,
            directory: WorkDir::temporary().unwrap(),
            nats,
            keys,
        };
        bench.trunk("carrier");
        bench
    }

    /// A trunk that takes so many calls a second.
    pub(crate) fn limited_trunk(&self, name: &str, max_cps: u32) {
        let trunk = Trunk { max_cps, ..Self::to_carrier(name) };
        self.config.write(|conn| config::put(conn, &trunk)).unwrap();
    }

    pub(crate) fn trunk(&self, name: &str) {
        self.config.write(|conn| config::put(conn, &Self::to_carrier(name))).unwrap();
    }

    fn to_carrier(name: &str) -> Trunk {
        Trunk { name: name.into(), tenant: "default".into(), peer: "192.0.2.1:5060".into(), ..Default::default() }
    }

    /// A dialer that is ready and has what the tests have written.
    pub(crate) async fn dialer(&self, node: &str) -> Process {
        let command = Command::new(node, env!("CARGO_BIN_EXE_dialer"))
            .flag("--cluster", CLUSTER)
            .flag("--node", node)
            .flag("--nats-url", self.nats.url())
            .flag("--keys-dir", self.keys.directory("dialer").display());
        let log = self.directory.path().join(format!("{node}.log"));
        let process = Process::start(&command, log).unwrap();
        eventually("the dialer is ready", async || {
            assert_eq!(process.exit_status(), None, "{}", process.log_tail());
            let row = self.client.get_node(node).await.ok()?;
            (row.state() == State::Ready).then_some(())
        })
        .await;
        process
    }

    /// Two dialers that see each other, so that both hand a key to the same home.
    pub(crate) async fn two_dialers(&self) -> (Process, Process) {
        let dialers = (self.dialer("d1").await, self.dialer("d2").await);
        let mut ready = NodeListRequest { service: "dialer".into(), ..Default::default() };
        ready.set_state(State::Ready);
        for node in ["d1", "d2"] {
            eventually("both are seen", async || {
                let seen: NodeListReply = self.client.request_at(node, "node", "list", &ready).await.ok()?;
                (seen.nodes.len() == 2).then_some(())
            })
            .await;
        }
        dialers
    }

    pub(crate) async fn switch(&self, node: &str, calls: u32, behaviour: Behaviour) -> Switch {
        let switch = Switch {
            node: node.to_owned(),
            orders: Arc::default(),
            count: Arc::new(Mutex::new(calls)),
            load: self.load.clone(),
            calls: self.calls.clone(),
            client: self.client.clone(),
            behaviour,
        };
        switch.write_load();
        if !matches!(switch.behaviour, Behaviour::Absent) {
            let subject = subjects::serve_at(CLUSTER, node, "call", "*");
            let mut requests = self.client.nats().subscribe(subject).await.unwrap();
            botstream_api::round_trip(self.client.nats()).await.unwrap();
            let this = switch.clone();
            tokio::spawn(async move {
                while let Some(request) = requests.next().await {
                    this.answer(request).await;
                }
            });
        }
        switch
    }

    pub(crate) fn reservations(&self) -> usize {
        let rows = self.load.read(load::switches).unwrap();
        rows.iter().map(|row| row.reservations as usize).sum()
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Behaviour {
    /// Takes every call.
    Obeys,
    /// Refuses every call.
    Refuses(Error),
    /// Listens and never answers.
    Silent,
    /// Has a row, but nobody listens.
    Absent,
}

/// A media switch as the dialer sees it.
#[derive(Clone)]
pub(crate) struct Switch {
    pub(crate) node: String,
    pub(crate) orders: Arc<Mutex<Vec<OriginateRequest>>>,
    pub(crate) count: Arc<Mutex<u32>>,
    load: IraTdb,
    calls: IraTdb,
    client: Client,
    behaviour: Behaviour,
}

impl Switch {
    fn write_load(&self) {
        let row = SwitchLoad {
            node: self.node.clone(),
            sip_udp: "127.0.0.1:1".into(),
            sip_tcp: "127.0.0.1:1".into(),
            calls: *self.count.lock().unwrap(),
            capacity: CAPACITY,
            state: SwitchState::Active,
            ..Default::default()
        };
        self.load.write(|conn| load::put_switch(conn, &row)).unwrap();
    }

    async fn answer(&self, request: async_nats::Message) {
        let reply_to = request.reply.clone().unwrap();
        if request.subject.ends_with(".call.get") {
            let asked: CallGetRequest = encoding::decode(&request.payload, Encoding::Protobuf).unwrap();
            let row = self.calls.read(|conn| calls::get(conn, &asked.call_id)).unwrap();
            let found = row.map(Call::from).ok_or_else(|| Error::call_not_found(&asked.call_id));
            return self.reply(reply_to, found).await;
        }
        let order: OriginateRequest = encoding::decode(&request.payload, Encoding::Protobuf).unwrap();
        self.orders.lock().unwrap().push(order.clone());
        match &self.behaviour {
            Behaviour::Refuses(error) => self.reply::<OriginateReply>(reply_to, Err(error.clone())).await,
            Behaviour::Obeys => {
                let mut placed =
                    OriginateReply { call_id: order.call_id.clone(), node: self.node.clone(), ..Default::default() };
                placed.set_state(CallState::Created);
                *self.count.lock().unwrap() += 1;
                self.write_load();
                self.put_call(&order.call_id, CallState::Created);
                self.reply(reply_to, Ok(placed)).await;
            }
            Behaviour::Silent | Behaviour::Absent => {}
        }
    }

    async fn reply<M: encoding::Body>(&self, to: async_nats::Subject, outcome: Result<M, Error>) {
        let mut map = async_nats::HeaderMap::new();
        map.insert(headers::CONTENT_TYPE, Encoding::Protobuf.content_type());
        let payload = match outcome {
            Ok(message) => encoding::encode(&message, Encoding::Protobuf).unwrap(),
            Err(error) => {
                map.insert(headers::ERROR_CODE, error.code.code().to_string().as_str());
                encoding::encode(&error.to_detail(), Encoding::Protobuf).unwrap()
            }
        };
        let sent = self.client.nats().publish_with_headers(to, map, payload).await;
        sent.unwrap();
    }

    pub(crate) fn put_call(&self, call_id: &str, state: CallState) {
        let row = CallRow {
            call_id: call_id.into(),
            tenant: "default".into(),
            node: self.node.clone(),
            direction: Direction::Outbound,
            state,
            from_uri: String::new(),
            to_uri: String::new(),
            trunk: "carrier".into(),
            bot_url: String::new(),
            sip_call_id: String::new(),
            created_ms: 1,
            answered_ms: None,
        };
        self.calls.write(|conn| calls::put(conn, &row)).unwrap();
    }

    /// Publishes an event of a call, as the switch that has it does.
    pub(crate) async fn publish(&self, call_id: &str, body: Body) {
        let event = Event { call_id: call_id.into(), ev_seq: 1, body: Some(body), ..Default::default() };
        let (class, kind) = event.class_and_type().unwrap();
        let subject = subjects::event(CLUSTER, "default", class, kind, call_id);
        let payload = encoding::encode(&event, Encoding::Json).unwrap();
        self.client.nats().publish(subject, payload).await.unwrap();
    }

    pub(crate) fn ordered(&self) -> Vec<OriginateRequest> {
        self.orders.lock().unwrap().clone()
    }
}

pub(crate) fn request(to: &str) -> DialRequest {
    DialRequest {
        to: to.into(),
        bot: Some(StreamSpec { url: "ws://127.0.0.1:8080/ws".into(), ..Default::default() }),
        ..Default::default()
    }
}
