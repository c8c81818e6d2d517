//! A reply before its fields are looked at: an object, a refusal, or neither.

use crate::error::{Error, Fault};
use crate::protocol::http::HttpResponse;
use crate::protocol::json::{self, Object};
use crate::protocol::server_answer::ServerAnswer;
use crate::protocol::text::clean_without;

/// The JSON object of a successful reply. `sent` is what was sent in secret, to be removed should the server echo it.
///
/// # Errors
/// Any other reply, as the error that it stands for.
pub fn object_of(reply: &HttpResponse, what: &'static str, sent: &[&str]) -> Result<Object, Error> {
    if reply.is_redirect() {
        let target = reply
            .header("location")
            .map(|location| clean_without(location.split(['?', '#']).next().unwrap_or_default(), sent));
        return Err(Error::new(Fault::Redirected { what, target: target.unwrap_or_default(), status: reply.status }));
    }
    let object = json::object(reply.body.expose());
    if let Some(answer) = object.as_ref().ok().and_then(|object| ServerAnswer::read(object, reply.status, sent)) {
        return Err(Error::new(Fault::refused(answer)));
    }
    if !reply.is_ok() {
        return Err(Error::new(Fault::UnexpectedStatus { what, status: reply.status }));
    }
    object.map_err(|problem| Fault::UnreadableReply { what, status: reply.status, problem }.into())
}
