//! Reading a server's JSON: leniently in types, strictly in shape.
//!
//! Servers in the field send numbers as strings and null for "none"; that is read. Anything that is not a JSON object is
//! refused. Error texts tell where, never what: the body may hold tokens.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::protocol::http::HttpResponse;

/// A JSON object, as received.
pub type Object = Map<String, Value>;

/// The reply's body as a JSON object.
///
/// # Errors
/// [`Error::UnreadableReply`], naming `what` the reply was to be and where it stopped being JSON.
pub fn object(reply: &HttpResponse, what: &'static str) -> Result<Object, Error> {
    let problem = match serde_json::from_str::<Value>(reply.body.expose()) {
        Ok(Value::Object(object)) => return Ok(object),
        Ok(_) => "it is JSON, but not an object".to_owned(),
        Err(_) if reply.body.expose().trim().is_empty() => "it is empty".to_owned(),
        Err(error) if error.is_eof() => "its JSON is cut off".to_owned(),
        Err(error) => format!("it is not JSON (line {}, column {})", error.line(), error.column()),
    };
    Err(Error::UnreadableReply { what, status: reply.status, problem })
}

/// A member that is a string and not empty.
#[must_use]
pub fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// A member that is a whole number of at least one, or a string of digits that says one. Fractions are rounded up.
#[must_use]
pub fn positive(object: &Object, name: &str) -> Option<u32> {
    let number = match object.get(name)? {
        Value::Number(number) => match number.as_u64() {
            Some(whole) => whole,
            None => whole_seconds(number.as_f64()?)?,
        },
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Some(u32::try_from(number).unwrap_or(u32::MAX)).filter(|number| *number > 0)
}

/// A float as a whole number, rounded up; none for a negative one or NaN.
fn whole_seconds(number: f64) -> Option<u64> {
    if number > 0.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; `as` saturates")]
        Some(number.ceil() as u64)
    } else {
        None
    }
}
