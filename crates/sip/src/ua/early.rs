//! Requests of a callee that has rung but not answered yet: our early dialogs (RFC 3261 §12, RFC 3311, RFC 6086).
//!
//! Who knows our tag and Call-ID got our INVITE; its provisional response may be lost or still on its way behind
//! the request, so the far end's tag need not be known.

use std::time::Instant;

use super::UserAgent;
use super::session::Session;
use crate::message::{Method, Request};
use crate::transaction::ServerId;

impl UserAgent {
    pub(super) fn on_request_in_early_dialog(
        &mut self,
        now: Instant,
        session: &mut Session,
        tx: ServerId,
        request: &Request,
    ) {
        let number = request.cseq().map_or(0, |c| c.number);
        if !session.accept_early_cseq(&request.from_tag().unwrap_or_default(), number) {
            self.refuse_with(now, tx, request, 500);
            return;
        }
        match request.method {
            Method::Options => {
                let mut response = request.response(200, None, Some(&session.local_tag));
                self.capabilities(&mut response);
                self.layer.respond(now, tx, &response);
            }
            Method::Info => self.on_info(now, session, tx, request),
            // The target that it refreshes comes again with the answer.
            Method::Update if request.sdp().is_none() => {
                let response = self.dialog_response(request, 200, None, &session.local_tag, session.peer);
                self.layer.respond(now, tx, &response);
            }
            // Our own offer has no answer yet (RFC 3311 §5.2).
            Method::Update => self.refuse_for_a_moment(now, session, tx, request),
            // A callee ends an early dialog with its answer to the INVITE, not with BYE (RFC 3261 §15).
            Method::Bye | Method::Invite => self.refuse_with(now, tx, request, 481),
            Method::Other(_) => self.refuse_with(now, tx, request, 501),
            _ => self.refuse_with(now, tx, request, 405),
        }
    }
}
