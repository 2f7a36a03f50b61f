use super::request::is_user;
use super::*;
use sip::Transport;
use sip::message::parse;

const PROXY: &str = "192.0.2.9:5060";
const OTHER_PROXY: &str = "192.0.2.10:5060";

fn settings(registrars: &[&str]) -> Settings {
    let credentials = Credentials { username: "u".into(), password: "p".into() };
    Settings {
        registrars: registrars.iter().map(|at| ((*at).to_owned(), Some(credentials.clone()))).collect(),
        user: "alice".into(),
        domain: String::new(),
        contact_user: "alice".into(),
        expires_s: 600,
        transport: Transport::Udp,
    }
}

struct Bench {
    registration: Registration,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn new(registrars: &[&str]) -> Self {
        let now = Instant::now();
        let mut registration = Registration::new(settings(registrars), 7);
        assert_eq!((registration.status().state, registration.poll_timeout()), (State::Waiting, None));
        registration.set_contact(now, Some(PROXY.parse().unwrap()));
        Self { registration, start: now, now }
    }

    /// The request that goes out now.
    fn sent(&mut self) -> Request {
        let request = self.registration.poll_request().expect("a request");
        assert!(self.registration.poll_request().is_none());
        // It can be read.
        let mut wire = request.clone();
        wire.headers.push_front(HeaderName::Via, "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx");
        assert!(parse(&wire.to_bytes()).is_ok(), "{request:?}");
        request
    }

    fn answer(&mut self, request: &Request, status: u16, headers: &[(&str, &str)]) {
        let mut response = request.response(status, None, Some("t"));
        for (name, value) in headers {
            response.headers.push(HeaderName::new(name), *value);
        }
        self.registration.on_response(self.now, &response);
    }

    fn grant(&mut self, expires_s: u32) -> Request {
        let request = self.sent();
        let contact = format!("<sip:alice@{PROXY}>;expires={expires_s}");
        self.answer(&request, 200, &[("Contact", "<sip:bob@h>;expires=1"), ("Contact", &contact)]);
        request
    }

    /// Time passes until something is due.
    fn wait(&mut self) -> Duration {
        let before = self.now;
        self.now = self.registration.poll_timeout().expect("something is due");
        self.registration.handle_timeout(self.now);
        self.now - before
    }

    fn state(&self) -> State {
        self.registration.status().state
    }
}

fn header(request: &Request, name: &str) -> String {
    request.header(name).unwrap_or_default().into_owned()
}

#[test]
fn it_registers_and_refreshes_before_the_grant_ends() {
    let mut bench = Bench::new(&["r1:5080"]);
    assert_eq!(bench.state(), State::Trying);
    let first = bench.grant(60);
    assert_eq!((first.uri.as_str(), header(&first, "To").as_str()), ("sip:r1:5080", "<sip:alice@r1>"));
    assert_eq!(header(&first, "Contact"), format!("<sip:alice@{PROXY}>;expires=600"));
    assert_eq!(header(&first, "Route"), format!("<sip:{PROXY};lr>"));
    assert_eq!(bench.state(), State::Registered);
    // What is granted counts, not what was asked for.
    for _ in 0..5 {
        let waited = bench.wait();
        assert!((Duration::from_secs(30)..=Duration::from_secs(45)).contains(&waited), "{waited:?}");
        let again = bench.grant(60);
        assert_eq!(
            (header(&again, "Call-ID"), header(&again, "From")),
            (header(&first, "Call-ID"), header(&first, "From"))
        );
        assert!(again.cseq().unwrap().number > first.cseq().unwrap().number);
        assert_eq!(bench.state(), State::Registered);
    }
}

#[test]
fn a_domain_of_its_own_is_reached_by_way_of_the_registrar() {
    let now = Instant::now();
    let given = Settings { domain: "carrier.example".into(), transport: Transport::Tcp, ..settings(&["sbc1:5060"]) };
    let mut registration = Registration::new(given, 7);
    registration.set_contact(now, Some(PROXY.parse().unwrap()));
    let request = registration.poll_request().unwrap();
    assert_eq!(
        (request.uri.as_str(), header(&request, "To").as_str()),
        ("sip:carrier.example", "<sip:alice@carrier.example>")
    );
    let routes: Vec<_> = request.headers.all(&HeaderName::Route).map(ToString::to_string).collect();
    assert_eq!(routes, [format!("<sip:{PROXY};lr>"), "<sip:sbc1;lr;transport=tcp>".to_owned()]);
    assert_eq!(header(&request, "Contact"), format!("<sip:alice@{PROXY};transport=tcp>;expires=600"));
}

#[test]
fn challenges_are_answered_and_a_wrong_password_is_not_repeated() {
    let mut bench = Bench::new(&["r1:5060"]);
    let challenge = |nonce: &str, stale: &str| format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"{stale}");
    let first = bench.sent();
    assert_eq!(first.uri, "sip:r1");
    bench.answer(&first, 401, &[("WWW-Authenticate", &challenge("n1", ""))]);
    let second = bench.sent();
    assert!(header(&second, "Authorization").contains("nonce=\"n1\""));
    bench.answer(&second, 401, &[("WWW-Authenticate", &challenge("n2", ", stale=true"))]);
    let third = bench.sent();
    assert!(header(&third, "Authorization").contains("nonce=\"n2\""));
    assert_eq!(third.cseq().unwrap().number, first.cseq().unwrap().number + 2);
    bench.answer(&third, 401, &[("WWW-Authenticate", &challenge("n3", ""))]);
    assert!(bench.registration.poll_request().is_none());
    let status = bench.registration.status().clone();
    assert_eq!((status.state, status.sip_status), (State::Refused, 401));
    assert_eq!(status.reason, "r1:5060: the credentials were refused");
    assert!(bench.wait() >= REFUSED.0 / 2);
    drop(bench.sent());
}

#[test]
fn a_registrar_may_want_it_longer_but_not_for_ever() {
    let mut bench = Bench::new(&["r1:5060"]);
    let first = bench.sent();
    bench.answer(&first, 423, &[("Min-Expires", "1800")]);
    let second = bench.grant(1_800);
    assert_eq!(header(&second, "Expires"), "1800");
    bench.wait();
    let third = bench.sent();
    assert_eq!(header(&third, "Expires"), "1800", "it is remembered");
    for min in ["1800", "86401", "soon"] {
        let mut bench = Bench::new(&["r1:5060"]);
        let first = bench.sent();
        bench.answer(&first, 423, &[("Min-Expires", min)]);
        let is_repeated = bench.registration.poll_request().is_some();
        assert_eq!(is_repeated, min == "1800");
        assert_eq!(bench.state() == State::Refused, !is_repeated, "{min}");
    }
}

#[test]
fn the_next_registrar_is_asked_and_then_comes_a_growing_pause() {
    let mut bench = Bench::new(&["r1:5060", "r2:5060"]);
    let mut longest = Duration::ZERO;
    for round in 0..12 {
        let first = bench.sent();
        assert_eq!(first.uri, "sip:r1");
        bench.answer(&first, 503, &[]);
        assert_eq!(bench.sent().uri, "sip:r2");
        // It says nothing.
        assert_eq!(bench.wait(), ANSWER_MAX);
        assert!(bench.registration.poll_request().is_none());
        assert_eq!((bench.state(), bench.registration.status().failures), (State::Failed, round + 1));
        let pause = bench.wait();
        assert!(pause >= (FAILED.0 * (1 << round.min(10))).min(FAILED.1) / 2 && pause <= FAILED.1, "{pause:?}");
        longest = longest.max(pause);
    }
    assert!(longest > FAILED.1 / 2);
    bench.grant(60);
    assert_eq!((bench.state(), bench.registration.status().failures), (State::Registered, 0));
    bench.wait();
    let again = bench.sent();
    bench.answer(&again, 500, &[("Retry-After", "300")]);
    let other = bench.sent();
    bench.answer(&other, 500, &[("Retry-After", "300")]);
    assert_eq!(bench.state(), State::Registered, "what was granted counts still");
    let since = bench.now;
    while bench.registration.poll_request().is_none() {
        bench.wait();
    }
    assert!(bench.now - since >= Duration::from_secs(300));
    assert_ne!(bench.state(), State::Registered);
}

#[test]
fn calls_come_to_the_botproxy_that_is_there() {
    let mut bench = Bench::new(&["r1:5060"]);
    bench.grant(600);
    bench.registration.set_contact(bench.now, Some(OTHER_PROXY.parse().unwrap()));
    let moved = bench.sent();
    let contacts: Vec<_> = moved.headers.all(&HeaderName::Contact).map(ToString::to_string).collect();
    assert_eq!(contacts, [format!("<sip:alice@{OTHER_PROXY}>;expires=600"), format!("<sip:alice@{PROXY}>;expires=0")]);
    bench.answer(&moved, 200, &[("Contact", &format!("<sip:alice@{OTHER_PROXY}>;expires=600"))]);
    assert_eq!(bench.registration.status().contact, OTHER_PROXY);
    bench.registration.set_contact(bench.now, None);
    assert!(bench.registration.poll_request().is_none());
    bench.wait();
    assert_eq!((bench.state(), bench.now - bench.start), (State::Waiting, Duration::from_secs(600)));
}

#[test]
fn a_registration_is_taken_back() {
    let mut bench = Bench::new(&["r1:5060"]);
    bench.grant(600);
    bench.registration.stop(bench.now);
    let last = bench.sent();
    assert_eq!(
        (header(&last, "Expires").as_str(), header(&last, "Contact")),
        ("0", format!("<sip:alice@{PROXY}>;expires=0"))
    );
    assert!(!bench.registration.is_over());
    bench.answer(&last, 401, &[("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"")]);
    let last = bench.sent();
    bench.answer(&last, 200, &[]);
    assert!(bench.registration.is_over());

    // One that does not answer keeps nobody.
    let mut bench = Bench::new(&["r1:5060", "r2:5060"]);
    bench.grant(600);
    bench.registration.stop(bench.now);
    drop(bench.sent());
    assert_eq!(bench.wait(), STOP_MAX);
    assert!(bench.registration.is_over());

    // What has never been is not taken back.
    let mut never = Registration::new(settings(&["r1:5060"]), 7);
    never.stop(Instant::now());
    assert!(never.is_over() && never.poll_request().is_none());
}

#[test]
fn users_are_what_a_uri_can_carry() {
    for text in ["alice", "+4930123", "a b", "a;b", "käthe"] {
        assert!(is_user(text), "{text}");
    }
    for text in ["", "a:b", "a@b", "a\nb"] {
        assert!(!is_user(text), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn whatever_answers_something_is_due_or_it_is_over(answers in proptest::collection::vec((0_usize..12, 0_u32..100_000), 1..60)) {
        const STATUSES: [u16; 12] = [0, 100, 200, 200, 401, 407, 423, 403, 408, 503, 600, 302];
        let mut bench = Bench::new(&["r1:5060", "r2:5060"]);
        for (index, number) in answers {
            let Some(request) = bench.registration.poll_request() else {
                bench.wait();
                continue;
            };
            let number = number.to_string();
            match STATUSES[index] {
                0 => drop(bench.wait()),
                status => bench.answer(&request, status, &[
                    ("Expires", &number), ("Min-Expires", &number), ("Retry-After", &number),
                    ("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\""),
                ]),
            }
            assert!(bench.registration.poll_timeout().is_some());
        }
    }
}
