//! Who may not be told what.
//!
//! Whatever a server does, no text for people holds what was *sent* in secret, nor what a refusal brings in the members for tokens and codes.
//! And where marks stand in such members only, no text holds any part of them.

use std::fmt::Debug;

use doorcode::error::Error;
use doorcode::protocol::http::HttpResponse;
use doorcode::protocol::json::{self, Members, Value};

use super::MARK;

/// The members of replies that hold secrets.
const SECRET_MEMBERS: [&str; 4] = ["device_code", "access_token", "refresh_token", "id_token"];

/// The secrets that a reply brings, as far as they look like secrets: what is marked, and is made of the characters of tokens.
pub(super) fn brought(reply: &HttpResponse) -> Vec<String> {
    let object = json::object(reply.body.expose()).unwrap_or_default();
    let secrets = SECRET_MEMBERS.iter().filter_map(|name| json::text(&object, name));
    secrets.filter(|text| is_secret(text)).map(str::to_owned).collect()
}

/// Whether a text is marked as a secret, and could be one.
pub(super) fn is_secret(text: &str) -> bool {
    text.contains(MARK) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte))
}

/// What a reply says where no secret belongs, as one text.
pub(super) fn said(reply: &HttpResponse) -> String {
    let mut said: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    match json::object(reply.body.expose()) {
        Ok(object) => {
            let is_said = |name: &str| !SECRET_MEMBERS.contains(&name);
            let rest: Members<Value> = object.into_iter().filter(|(name, _)| is_said(name)).collect();
            gather(&Value::Object(rest), &mut said);
        }
        Err(_) => said.push_str(reply.body.expose()),
    }
    // Once more as it is when what cannot be seen is taken out.
    let bare: String = said.chars().filter(char::is_ascii_graphic).collect();
    said.push_str(&bare);
    said
}

fn gather(value: &Value, said: &mut String) {
    match value {
        Value::Text(text) => {
            said.push_str(text);
            said.push('\n');
        }
        Value::List(items) => items.iter().for_each(|item| gather(item, said)),
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            said.push_str(name);
            said.push('\n');
            gather(value, said);
        }),
        _ => {}
    }
}

/// Everything that an error shows.
pub(super) fn shown(error: &Error) -> String {
    let remedy = error.remedy().map(|remedy| remedy.advice);
    format!("{error}\n{}\n{:?}\n{:?}\n{remedy:?}", error.code(), error, error.url())
}

/// No text holds one of these secrets.
pub(super) fn assert_without(text: &str, secrets: &[impl AsRef<str> + Debug]) {
    for secret in secrets {
        assert!(!text.contains(secret.as_ref()), "{secret:?} is shown: {text}");
    }
}

/// What came of reading one reply to a request in which `sent` was sent in secret.
pub(super) fn assert_kept<T: Debug>(reply: &HttpResponse, sent: &[&str], outcome: &Result<T, Error>) {
    let text = match outcome {
        Ok(value) => format!("{value:?}"),
        Err(error) => {
            let text = shown(error);
            assert_without(&text, sent);
            if error.server_answer().is_some() {
                assert_without(&text, &brought(reply));
            }
            text
        }
    };
    if !said(reply).contains(MARK) {
        assert_without(&text, &[MARK]);
    }
}
