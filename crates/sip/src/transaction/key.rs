//! Which transaction a message belongs to (RFC 3261 §17.1.3, §17.2.3).

use crate::headers::Via;
use crate::message::{HeaderName, Method, Request, Response};

/// The server transaction a request belongs to. An ACK belongs to its INVITE's.
pub(super) fn server_key(request: &Request, via: &Via) -> String {
    let method = if request.method == Method::Ack { &Method::Invite } else { &request.method };
    server_key_as(request, via, method)
}

/// The INVITE transaction a CANCEL means (RFC 3261 §9.2).
pub(super) fn invite_key(cancel: &Request, via: &Via) -> String {
    server_key_as(cancel, via, &Method::Invite)
}

fn server_key_as(request: &Request, via: &Via, method: &Method) -> String {
    if let Some(branch) = via.unique_branch() {
        return format!("{branch}|{}|{method}", via.sent_by());
    }
    // RFC 2543: no unique branch. The To tag is left out, so that an ACK finds the INVITE that had none yet.
    let cseq = request.cseq().map_or(0, |c| c.number);
    let from = request.headers.get(&HeaderName::From).map(ToString::to_string).unwrap_or_default();
    let branch = via.branch().unwrap_or("");
    format!("2543|{}|{}|{from}|{cseq}|{}|{branch}|{method}", request.uri, request.call_id(), via.sent_by())
}

/// The client transaction a response belongs to.
pub(super) fn client_key(response: &Response) -> Option<String> {
    let via = response.top_via()?;
    Some(client_key_of(via.branch()?, &response.cseq()?.method))
}

pub(super) fn client_key_of(branch: &str, method: &Method) -> String {
    format!("{branch}|{method}")
}
