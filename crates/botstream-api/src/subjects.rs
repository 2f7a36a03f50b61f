//! NATS subjects of the API: the one place that builds and parses them.
//!
//! Tokens match `[A-Za-z0-9_-]+`; callers check names from outside with [`is_token`] before they get here.

use crate::CallId;

/// The queue group of requests that any instance may answer.
pub const QUEUE_GROUP: &str = "q";

/// The name of a cluster that was given none.
pub const DEFAULT_CLUSTER: &str = "main";

/// The name of the tenant where there is only one.
pub const DEFAULT_TENANT: &str = "default";

/// Longest token that is accepted, in bytes.
pub const TOKEN_LEN_MAX: usize = 64;

/// Whether a name can be a token of a subject.
pub fn is_token(text: &str) -> bool {
    (1..=TOKEN_LEN_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A request that any instance answers.
pub fn request(cluster: &str, tenant: &str, noun: &str, verb: &str) -> String {
    format!("bs.v1.{cluster}.{tenant}.{noun}.{verb}")
}

/// A request to the one node that owns the thing.
pub fn request_at(cluster: &str, tenant: &str, node: &str, noun: &str, verb: &str) -> String {
    format!("bs.v1.{cluster}.{tenant}.at.{node}.{noun}.{verb}")
}

/// What an instance subscribes to (in [`QUEUE_GROUP`]) to answer a verb for every tenant.
pub fn serve_anywhere(cluster: &str, noun: &str, verb: &str) -> String {
    request(cluster, "*", noun, verb)
}

/// What a node subscribes to, to answer a verb about what it owns, for every tenant.
pub fn serve_at(cluster: &str, node: &str, noun: &str, verb: &str) -> String {
    request_at(cluster, "*", node, noun, verb)
}

/// An event; `id` is the call id or the object's id.
pub fn event(cluster: &str, tenant: &str, class: &str, kind: &str, id: &str) -> String {
    format!("bs.v1.{cluster}.{tenant}.ev.{class}.{kind}.{id}")
}

/// All events of one call.
pub fn events_of_call(cluster: &str, tenant: &str, call_id: &CallId) -> String {
    event(cluster, tenant, "*", "*", call_id.as_str())
}

/// All events of one tenant.
pub fn events_of_tenant(cluster: &str, tenant: &str) -> String {
    format!("bs.v1.{cluster}.{tenant}.ev.>")
}

/// All events of a cluster.
pub fn events_of_cluster(cluster: &str) -> String {
    events_of_tenant(cluster, "*")
}

/// The JetStream stream that keeps a cluster's events.
pub fn events_stream(cluster: &str) -> String {
    format!("BS_{cluster}_EVENTS")
}

/// The noun of the databases' verbs.
pub const DB: &str = "db";

/// A request about a shared database that any iratdbot answers.
pub fn db_request(cluster: &str, verb: &str) -> String {
    format!("ira.v1.{cluster}.{DB}.{verb}")
}

/// A request about a shared database to one iratdbot.
pub fn db_request_at(cluster: &str, node: &str, verb: &str) -> String {
    format!("ira.v1.{cluster}.at.{node}.{DB}.{verb}")
}

/// Where an iratdbot tells the changes of one watch.
pub fn db_watch(cluster: &str, watch: &str) -> String {
    format!("ira.v1.{cluster}.{DB}.watch.{watch}")
}

/// Whose request came on this subject: empty for the databases, which are the cluster's own; `None` when it is no request's subject.
pub fn tenant_of(subject: &str) -> Option<&str> {
    if let Some(parsed) = parse(subject) {
        return matches!(parsed.kind, Kind::Request { .. }).then_some(parsed.tenant);
    }
    let tokens: Vec<&str> = subject.split('.').take(8).collect();
    let is_db = match *tokens.as_slice() {
        ["ira", "v1", cluster, DB, verb] => [cluster, verb].into_iter().all(is_token),
        ["ira", "v1", cluster, "at", node, DB, verb] => [cluster, node, verb].into_iter().all(is_token),
        _ => false,
    };
    is_db.then_some("")
}

/// What a subject says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Name of the cluster.
    pub cluster: &'a str,
    /// Name of the tenant.
    pub tenant: &'a str,
    /// Request or event.
    pub kind: Kind<'a>,
}

/// What kind of message a subject carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A request; to one node when `node` is there.
    Request {
        /// The node that it is for.
        node: Option<&'a str>,
        /// E.g. `call`.
        noun: &'a str,
        /// E.g. `dial`.
        verb: &'a str,
    },
    /// An event.
    Event {
        /// E.g. `call`.
        class: &'a str,
        /// E.g. `answered`.
        kind: &'a str,
        /// Of which call or object.
        id: &'a str,
    },
}

/// Takes a subject apart; `None` when it is not one of the API's.
pub fn parse(subject: &str) -> Option<Subject<'_>> {
    let mut tokens = [""; 8];
    let mut count = 0;
    for token in subject.split('.') {
        *tokens.get_mut(count)? = token;
        count += 1;
        if !is_token_or_id(token) {
            return None;
        }
    }
    let (["bs", "v1", cluster, tenant], rest) = tokens.get(..count)?.split_first_chunk::<4>()? else {
        return None;
    };
    let kind = match *rest {
        ["at", node, noun, verb] => Kind::Request { node: Some(node), noun, verb },
        ["ev", class, kind, id] => Kind::Event { class, kind, id },
        [noun, verb] => Kind::Request { node: None, noun, verb },
        _ => return None,
    };
    Some(Subject { cluster, tenant, kind })
}

/// Ids are a node's name and a ULID, so they may be longer than a name.
fn is_token_or_id(token: &str) -> bool {
    let head = token.get(..token.len().min(TOKEN_LEN_MAX)).unwrap_or("");
    let tail = token.get(head.len()..).unwrap_or("");
    is_token(head) && (tail.is_empty() || is_token(tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_can_be_parsed() {
        let subject = request("main", "default", "call", "dial");
        assert_eq!(subject, "bs.v1.main.default.call.dial");
        assert_eq!(parse(&subject).unwrap().kind, Kind::Request { node: None, noun: "call", verb: "dial" });
        let subject = request_at("main", "acme", "sw-1", "call", "get");
        let parsed = parse(&subject).unwrap();
        assert_eq!(parsed.tenant, "acme");
        assert_eq!(parsed.kind, Kind::Request { node: Some("sw-1"), noun: "call", verb: "get" });
        let subject = event("c2", "default", "call", "ended", "sw-1-X");
        assert_eq!(
            parse(&subject).unwrap(),
            Subject {
                cluster: "c2",
                tenant: "default",
                kind: Kind::Event { class: "call", kind: "ended", id: "sw-1-X" }
            }
        );
    }

    #[test]
    fn the_databases_are_no_tenants() {
        assert_eq!(db_request("main", "open"), "ira.v1.main.db.open");
        assert_eq!(tenant_of(&db_request("main", "open")), Some(""));
        assert_eq!(tenant_of(&db_request_at("main", "bot-1", "exec")), Some(""));
        assert_eq!(tenant_of(&request("main", "acme", "call", "get")), Some("acme"));
        for subject in ["ira.v1.main.db", "ira.v1.main.db.watch.x", "ira.v1.main.at.n.db.exec.x", "bs.v1.m.t.ev.c.t.i"]
        {
            assert_eq!(tenant_of(subject), None, "{subject}");
        }
    }

    #[test]
    fn foreign_subjects_are_refused() {
        for subject in [
            "",
            "bs",
            "bs.v1.main.default.call",
            "bs.v1.main.default.call.dial.x",
            "bs.v2.main.default.call.dial",
            "ira.v1.main.db.open",
            "bs.v1.main.default.ev.call.ended.id.more",
            "bs.v1.main..call.dial",
            "bs.v1.main.de fault.call.dial",
        ] {
            assert_eq!(parse(subject), None, "{subject}");
        }
    }
}
