//! A pending sign-in at rest: saved by one process, resumed by another.
//!
//! The form is JSON with names of its own. It is read field by field, so that what is missing or odd can be said in words.

use crate::error::{Error, Fault};
use crate::flows::app::App;
use crate::flows::device_code::{Pending, Phase};
use crate::host::Host;
use crate::protocol::authority::Authority;
use crate::protocol::device_code::{DeviceAuthorization, LONGEST_INTERVAL, LONGEST_LIFETIME, Pace, after, safe_uri};
use crate::protocol::json::{self, Members, Object, Value};
use crate::protocol::request::{Ask, check_extra_form};
use crate::protocol::scopes::Scopes;
use crate::protocol::text::clean;
use crate::secret::Secret;
use std::cell::{Cell, OnceCell, RefCell};

/// The form that is written, and the only one that is read.
const VERSION: u64 = 1;

impl Pending {
    /// The sign-in as JSON, for another process to go on with. **It holds the device code**: whoever reads it can fetch
    /// the tokens once the person has signed in, so it is to be kept like a password.
    #[must_use]
    pub fn save(&self, client_id: &str) -> Secret {
        let pace = self.pace.get();
        let texts = [
            ("clientId", Some(client_id)),
            ("authority", Some(&*self.authority.canonical())),
            ("scopes", Some(&*self.ask.scopes.joined())),
            ("claims", self.ask.claims.as_deref()),
            ("resource", self.ask.resource.as_deref()),
            ("correlationId", Some(&self.ask.correlation_id)),
            ("deviceCode", Some(self.codes.device_code.expose())),
            ("codeVerifier", self.verifier.as_ref().map(Secret::expose)),
            ("userCode", Some(&self.codes.user_code)),
            ("verificationUri", Some(&self.codes.verification_uri)),
            ("verificationUriComplete", self.codes.verification_uri_complete.as_deref()),
            ("message", Some(&self.codes.message)),
            ("refusedUri", self.codes.refused_uri.as_deref()),
        ];
        let numbers = [
            ("version", VERSION),
            ("expiresIn", self.codes.expires_in.into()),
            ("expiresAt", self.expires_at),
            ("interval", pace.interval.into()),
            ("failures", pace.failures.into()),
            ("polls", pace.polls.into()),
            ("nextPollAt", pace.next_poll_at),
        ];
        let mut object = Object::default();
        for (name, text) in texts {
            if let Some(text) = text {
                object.set(name, text.into());
            }
        }
        for (name, number) in numbers {
            object.set(name, Value::Whole(number));
        }
        if let Some(timeout) = self.timeout {
            object.set("timeout", Value::Whole(timeout));
        }
        object.set("extraQueryParameters", members(&self.ask.extra_query));
        object.set("extraParameters", members(&self.ask.extra_form));
        Secret::new(json::written(&object))
    }

    /// Goes on with what [`Pending::save`] returned. It is checked as closely as a server's reply: it may have lain where
    /// others can write. Where the tokens are is not in it; the authority is asked again.
    ///
    /// # Errors
    /// [`Fault::InvalidRequest`] for what is not that, or belongs to another client; what the checks of a new sign-in say.
    pub fn resume<H: Host>(saved: &Secret, app: &App<H>) -> Result<Self, Error> {
        // The host's clock may be the program's, which may call back in: it is read before anything is borrowed.
        let now = app.host.now();
        let trust = app.trust.borrow();
        let Ok(saved) = json::object(saved.expose()) else {
            return Err(wrong("it is not what DeviceCodeFlow's toJSON returned: pass that object, unchanged"));
        };
        if number(&saved, "version")? != VERSION {
            return Err(wrong("it was saved by another version of doorcode: start the sign-in again"));
        }
        if text(&saved, "clientId")? != app.client().client_id {
            return Err(wrong("it was started by another client: resume it with the same auth.clientId"));
        }
        let optional = |name: &str| json::text(&saved, name).map(str::to_owned);
        let authority = Authority::parse(&text(&saved, "authority")?, &trust)?;
        let extra_form = json::texts_by_name(&saved, "extraParameters");
        check_extra_form(&extra_form)?;
        let device_code = Secret::new(text(&saved, "deviceCode")?);
        let safe_uri = |uri: &str| safe_uri(uri, &[device_code.expose()]);
        let verification_uri = safe_uri(&text(&saved, "verificationUri")?)?;
        let verification_uri_complete = optional("verificationUriComplete").map(|uri| safe_uri(&uri)).transpose()?;
        let refused_uri = optional("refusedUri").map(|uri| safe_uri(&uri)).transpose()?;
        let interval = small(&saved, "interval")?.clamp(1, LONGEST_INTERVAL);
        Ok(Self {
            authority,
            server: OnceCell::new(),
            verifier: optional("codeVerifier").map(Secret::new),
            ask: Ask {
                scopes: Scopes::granted(json::text(&saved, "scopes").unwrap_or_default()),
                claims: optional("claims"),
                resource: optional("resource"),
                extra_query: json::texts_by_name(&saved, "extraQueryParameters"),
                extra_form,
                correlation_id: text(&saved, "correlationId")?,
                locale: None, // nothing is asked for any more that people read
            },
            codes: DeviceAuthorization {
                device_code,
                user_code: clean(&text(&saved, "userCode")?),
                verification_uri,
                verification_uri_complete,
                expires_in: small(&saved, "expiresIn")?,
                interval,
                message: clean(&text(&saved, "message")?),
                refused_uri,
            },
            expires_at: number(&saved, "expiresAt")?.min(after(now, LONGEST_LIFETIME)),
            pace: Cell::new(Pace {
                interval,
                failures: small(&saved, "failures")?,
                polls: small(&saved, "polls")?,
                next_poll_at: number(&saved, "nextPollAt")?.min(after(now, LONGEST_INTERVAL)),
            }),
            phase: Cell::new(Phase::Waiting),
            problem: RefCell::default(),
            timeout: saved.get("timeout").and_then(Value::as_whole),
        })
    }
}

fn wrong(fix: &str) -> Error {
    Error::new(Fault::InvalidRequest { field: "saved", fix: fix.to_owned() })
}

fn missing(name: &str) -> Error {
    wrong(&format!("its field {name} is missing or wrong: pass what DeviceCodeFlow's toJSON returned, unchanged"))
}

fn text(saved: &Object, name: &str) -> Result<String, Error> {
    json::text(saved, name).map(str::to_owned).ok_or_else(|| missing(name))
}

fn number(saved: &Object, name: &str) -> Result<u64, Error> {
    saved.get(name).and_then(Value::as_whole).ok_or_else(|| missing(name))
}

fn small(saved: &Object, name: &str) -> Result<u32, Error> {
    u32::try_from(number(saved, name)?).map_err(|_| missing(name))
}

fn members(members: &Members<String>) -> Value {
    Value::Object(members.iter().map(|(name, text)| (name.to_owned(), text.as_str().into())).collect())
}
