//! Messages out of a byte stream (RFC 3261 §18.3, RFC 5626 §4.4.1 keep-alives).

use bytes::{Buf, Bytes, BytesMut};

use super::lex::{leading_crlf, lex};
use super::limits::{BODY_BYTES_MAX, HEAD_BYTES_MAX};
use super::{ParseError, refuse, validate};

/// What came out of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Exactly one message, not yet checked beyond its framing.
    Message(Bytes),
    /// A double CRLF: answer with a single one (RFC 5626 §4.4.1).
    Ping,
}

/// Cuts a TCP stream into messages by Content-Length.
///
/// After an error the stream is out of step for good: send the error's response if it has one, and close.
#[derive(Debug, Default)]
pub struct StreamDecoder {
    buffer: BytesMut,
    /// How far the end of the head was searched for already, so that a slow sender costs no quadratic search.
    searched: usize,
    /// Length of the whole message once its head is complete.
    message_bytes: Option<usize>,
    broken: bool,
}

impl StreamDecoder {
    /// A decoder for a new connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes that came in. Call [`next_frame`](Self::next_frame) until it returns `None` after each: the
    /// decoder itself holds at most one incomplete message.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.broken {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Bytes that wait for the rest of their message.
    #[must_use]
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole message or keep-alive.
    pub fn next_frame(&mut self) -> Option<Result<Frame, ParseError>> {
        if self.broken {
            return None;
        }
        if self.message_bytes.is_none() {
            match self.buffer.get(..4) {
                Some(b"\r\n\r\n") => {
                    self.buffer.advance(4);
                    return Some(Ok(Frame::Ping));
                }
                // A pong, or half a ping: both are dropped once a message follows.
                Some(_) => self.buffer.advance(leading_crlf(&self.buffer)),
                None => return None,
            }
            match self.find_head() {
                Ok(found) => self.message_bytes = Some(found?),
                Err(error) => {
                    self.broken = true;
                    self.buffer.clear();
                    return Some(Err(error));
                }
            }
        }
        let whole = self.message_bytes.filter(|n| *n <= self.buffer.len())?;
        self.message_bytes = None;
        self.searched = 0;
        Some(Ok(Frame::Message(self.buffer.split_to(whole).freeze())))
    }

    /// Length of head and body together, once the head is complete.
    fn find_head(&mut self) -> Result<Option<usize>, ParseError> {
        let from = self.searched.saturating_sub(3);
        let unseen = self.buffer.get(from..).unwrap_or(&[]);
        let Some(at) = unseen.windows(4).position(|w| w == b"\r\n\r\n") else {
            self.searched = self.buffer.len();
            if self.buffer.len() > HEAD_BYTES_MAX {
                return Err(ParseError { status: 513, reason: "Message Too Large", response: None, keep_alive: false });
            }
            return Ok(None);
        };
        let head_bytes = from + at + 4;
        let head = Bytes::copy_from_slice(self.buffer.get(..head_bytes).unwrap_or(&[]));
        let Some(lexed) = lex(&head) else { return Ok(Some(head_bytes)) };
        if lexed.start.is_none() {
            return Err(refuse(&lexed, lexed.fault.unwrap_or((400, "no start line"))));
        }
        match validate::content_length(&lexed.headers) {
            Ok(Some(body_bytes)) if body_bytes <= BODY_BYTES_MAX => Ok(Some(head_bytes + body_bytes)),
            Ok(Some(_)) => Err(refuse(&lexed, (513, "Message Too Large"))),
            // Required on a stream (RFC 3261 §20.14): without it nobody knows where the next message begins.
            Ok(None) => Err(refuse(&lexed, (400, "no Content-Length"))),
            Err(fault) => Err(refuse(&lexed, fault)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKa\r\nFrom: <sip:b@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n";

    fn frames(decoder: &mut StreamDecoder) -> Vec<Frame> {
        std::iter::from_fn(|| decoder.next_frame()).map(Result::unwrap).collect()
    }

    #[test]
    fn messages_come_out_whole_however_the_bytes_arrive() {
        let one = format!("{HEAD}Content-Length: 3\r\n\r\nabc");
        let two = format!("{HEAD}l: 0\r\n\r\n");
        let stream = format!("\r\n\r\n{one}\r\n{two}\r\n\r\n");
        let expected = [Frame::Ping, Frame::Message(one.into()), Frame::Message(two.into()), Frame::Ping];
        for size in [1, 2, 3, 7, 1000] {
            let mut decoder = StreamDecoder::new();
            let mut got = Vec::new();
            for chunk in stream.as_bytes().chunks(size) {
                decoder.push(chunk);
                got.extend(frames(&mut decoder));
            }
            assert_eq!(got, expected, "in chunks of {size}");
            assert_eq!(decoder.buffered_bytes(), 0);
        }
    }

    #[test]
    fn a_stream_out_of_step_is_refused_for_good() {
        for length in [
            "",
            "Content-Length: -1\r\n",
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "Content-Length: 3, 3\r\n",
            "Content-Length: 99999999999999999999\r\n",
        ] {
            let mut decoder = StreamDecoder::new();
            decoder.push(format!("{HEAD}{length}\r\nabc").as_bytes());
            let error = decoder.next_frame().unwrap().unwrap_err();
            assert_eq!(error.status, 400, "{length}");
            assert!(error.response.is_some());
            decoder.push(b"\r\n\r\n");
            assert!(decoder.next_frame().is_none());
        }
        let mut decoder = StreamDecoder::new();
        decoder.push(format!("{HEAD}Content-Length: 1000000\r\n\r\n").as_bytes());
        assert_eq!(decoder.next_frame().unwrap().unwrap_err().status, 513);
    }

    #[test]
    fn an_endless_head_is_cut_off() {
        let mut decoder = StreamDecoder::new();
        for _ in 0..HEAD_BYTES_MAX / 8 + 1 {
            decoder.push(b"X: aaaaa");
        }
        assert_eq!(decoder.next_frame().unwrap().unwrap_err().status, 513);
        assert_eq!(decoder.buffered_bytes(), 0);
    }
}
