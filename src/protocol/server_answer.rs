//! A server's refusal: the error reply of RFC 6749 section 5.2, with what Entra adds to it.

use crate::protocol::json::{self, Object, Value};
use crate::protocol::remedy::{self, Place, Remedy};
use crate::protocol::text::{clean_without, without};
use crate::protocol::url::Url;

/// An error reply, with every field that a person or a program could use. All text is cleaned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerAnswer {
    /// `error`: what programs go by.
    pub error: String,
    /// `error_description`: what people read.
    pub description: String,
    /// `suberror`: Entra's refinement of `error`.
    pub suberror: String,
    /// `error_codes`: Entra's AADSTS numbers. Advice only; no logic depends on them.
    pub codes: Vec<u32>,
    /// `correlation_id`, as the server saw it.
    pub correlation_id: String,
    /// `trace_id`: what Microsoft's support asks for.
    pub trace_id: String,
    /// `timestamp`, in the server's own format.
    pub timestamp: String,
    /// `claims`: a challenge to pass back in the next request, as JSON text.
    pub claims: String,
    /// `error_uri`: the server's own page on it. Always https, or http on this machine.
    pub uri: String,
    /// The page to open for it, once [`ServerAnswer::locate`] has found one.
    pub page: Option<String>,
    /// Whether the numbers are Entra's, as [`ServerAnswer::locate`] was told; another server's mean nothing.
    pub is_microsoft: bool,
    /// The HTTP status.
    pub status: u16,
}

impl ServerAnswer {
    /// Reads an error reply, if the object is one. What was `sent` in secret is removed, should the server echo it.
    #[must_use]
    pub fn read(object: &Object, status: u16, sent: &[&str]) -> Option<Self> {
        let error = json::text(object, "error")?;
        // What was sent, and what the reply itself brings beside its words.
        let brought = SECRETS.iter().filter_map(|name| json::text(object, name));
        let sent: &[&str] = &sent.iter().copied().chain(brought).collect::<Vec<_>>();
        let field = |name: &str| clean_without(json::text(object, name).unwrap_or_default(), sent);
        let codes = object.get("error_codes").map_or(&[][..], Value::items).iter().filter_map(code).collect();
        let error = match clean_without(error, sent) {
            // What programs go by stays whole where a secret happens to be a part of the word, as "client" is.
            _ if remedy::for_error(error).is_some() => error.to_owned(),
            // Nothing that can be shown was in it; it is an error all the same.
            error if error.is_empty() => "post_request_failed".to_owned(),
            error => error,
        };
        Some(Self {
            error,
            description: field("error_description"),
            suberror: field("suberror"),
            codes,
            correlation_id: field("correlation_id"),
            trace_id: field("trace_id"),
            timestamp: field("timestamp"),
            uri: Some(field("error_uri")).filter(|uri| Url::parse(uri).is_ok()).unwrap_or_default(),
            page: None,
            is_microsoft: false,
            claims: claims(json::text(object, "claims").unwrap_or_default(), sent),
            status,
        })
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static Remedy> {
        let of_number = self.known_number().and_then(remedy::for_number);
        let of_suberror = || remedy::for_suberror(&self.suberror);
        of_number.or_else(of_suberror).or_else(|| remedy::for_error(&self.error))
    }

    /// Finds the page to open for it: the remedy's, for this client at this authority, or else Microsoft's on the number.
    pub fn locate(&mut self, place: &Place) {
        self.is_microsoft = place.is_microsoft;
        let template = self.remedy().and_then(|remedy| remedy.page);
        let page = template.and_then(|template| place.page(template));
        self.page = page.or_else(|| self.known_number().or_else(|| self.numbers().next()).map(remedy::lookup_page));
    }

    /// The first number that there is advice on.
    fn known_number(&self) -> Option<u32> {
        self.numbers().find(|number| remedy::for_number(*number).is_some())
    }

    /// Entra's numbers: those that it lists, or the one in its description.
    fn numbers(&self) -> impl Iterator<Item = u32> {
        let all = self.codes.iter().copied().chain(named_code(&self.description));
        all.filter(|_| self.is_microsoft)
    }

    /// The description, to be read behind the error itself.
    #[must_use]
    pub fn reason(&self) -> &str {
        if self.description.is_empty() { "The server gave no reason." } else { &self.description }
    }

    /// The error and its description, for a text that goes behind another code.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{}: {}", self.error, self.reason())
    }

    /// Whether the refresh token is of no use: another may be, or the person is needed.
    #[must_use]
    pub fn refuses_refresh_token(&self) -> bool {
        ["invalid_grant", BAD_REFRESH_TOKEN].contains(&self.error.as_str())
    }

    /// Whether only the person can set it right, by signing in anew or doing what the page asks (MSAL's
    /// `InteractionRequiredAuthError`).
    #[must_use]
    pub fn needs_interaction(&self) -> bool {
        const ERRORS: [&str; 7] = [
            "interaction_required",
            "consent_required",
            "login_required",
            "bad_token",
            BAD_REFRESH_TOKEN,
            "ui_not_allowed",
            "interrupted_user",
        ];
        const SUBERRORS: [&str; 8] = [
            "message_only",
            "additional_action",
            "basic_action",
            "user_password_expired",
            "consent_required",
            "bad_token",
            "ui_not_allowed",
            "interrupted_user",
        ];
        const NOT_THE_PERSON: [&str; 2] = ["client_mismatch", "protection_policy_required"];
        ERRORS.contains(&self.error.as_str())
            || SUBERRORS.contains(&self.suberror.as_str())
            || (self.error == "invalid_grant" && !NOT_THE_PERSON.contains(&self.suberror.as_str()))
    }
}

/// Members of a reply that nobody may be shown.
const SECRETS: [&str; 4] = ["device_code", "access_token", "refresh_token", "id_token"];

/// Entra's word for what a sign-in would only show a message about.
pub const MESSAGE_ONLY: &str = "message_only";

/// GitHub's word for what others call `invalid_grant`.
const BAD_REFRESH_TOKEN: &str = "bad_refresh_token";

/// A claims challenge is JSON text to be handed back to the server, so it is left as it is, unless it could do harm.
fn claims(text: &str, sent: &[&str]) -> String {
    if text.chars().any(char::is_control) { clean_without(text, sent) } else { without(text, sent) }
}

fn code(value: &Value) -> Option<u32> {
    match value {
        Value::Whole(number) => u32::try_from(*number).ok(),
        Value::Text(digits) => digits.parse().ok(),
        _ => None,
    }
}

/// The number in a description that begins `AADSTS50059: …`, for answers without `error_codes`.
fn named_code(description: &str) -> Option<u32> {
    let (_, after) = description.split_once("AADSTS")?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
