//! protocol/token_reply.rs, protocol/server_answer.rs and the judgement of a poll in protocol/device_code.rs.

use doorcode::protocol::device_code::{LONGEST_INTERVAL, Pace, Verdict, Why, judge};
use doorcode::protocol::token_reply;

use super::input;
use super::secrecy::{assert_kept, assert_without, shown};

const NOW: u64 = 1_750_000_000_000;

/// What was sent in secret; the inputs echo it.
const SENT: [&str; 2] = ["SECRET-sent+code/1=", "SECRET-sent-verifier"];

/// Takes a reply.
pub fn run(bytes: &[u8]) {
    let reply = input::reply(&String::from_utf8_lossy(bytes));
    let outcome = token_reply::judge(&reply, &SENT);
    assert_kept(&reply, &SENT, &outcome);
    let is_token = match &outcome {
        Ok(tokens) => {
            let token = tokens.access_token.expose();
            assert!(reply.status == 200 && !token.is_empty());
            assert!(token.bytes().all(|byte| (0x20..0x7F).contains(&byte)), "it would break out of its header");
            true
        }
        Err(error) => {
            // What programs go by and people read is on one line.
            assert!(!error.code().is_empty() && !error.code().contains(['\n', '\r', '\u{1b}']), "{:?}", error.code());
            assert!(!error.to_string().contains(['\n', '\r', '\u{1b}', '\u{202e}']), "{error}");
            false
        }
    };

    match judge(&reply, &SENT, NOW) {
        Verdict::Token(tokens) => assert!(is_token, "{tokens:?}"),
        Verdict::Stop(error) => {
            assert!(!is_token);
            assert_without(&shown(&error), &SENT);
        }
        Verdict::Wait(wait) => {
            assert!(!is_token && wait.interval != Some(0));
            let mut pace = Pace::first(5, NOW);
            for random in [0, u32::MAX, 1 << 31, 7].repeat(10) {
                let next = pace.again(wait, NOW, random);
                assert!(next.interval >= pace.interval && next.polls == pace.polls + 1);
                assert!(
                    next.next_poll_at >= NOW + u64::from(next.interval) * 1000,
                    "sooner than an interval: {next:?}"
                );
                assert!(wait.retry_after.is_none_or(|wait| next.next_poll_at >= NOW + u64::from(wait) * 1000));
                assert!(wait.why != Why::SlowDown || next.interval >= pace.interval + 5);
                pace = next;
            }
            assert!(wait.why == Why::SlowDown || pace.interval <= LONGEST_INTERVAL);
        }
    }
}
