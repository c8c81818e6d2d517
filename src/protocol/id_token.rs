//! The ID token: who signed in, once it is established that the token speaks for this authority to this program.
//!
//! It comes straight from the token endpoint over TLS, so its signature need not be checked (OpenID Connect Core 1.0
//! section 3.1.3.7, item 6); issuer, audience, expiry and nonce must be. Nothing of a token that fails is used.

use crate::error::{Error, Fault};
use crate::protocol::authority::issuer_matches;
use crate::protocol::http::{CLOCK_SKEW, UnixMs};
use crate::protocol::json::{self, Object, Value};
use crate::protocol::text::clean;
use crate::secret::Secret;

/// What an ID token must say to be believed.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The issuer, where `{tenantid}` stands for the token's own `tid`.
    pub issuer: &'a str,
    /// The audience.
    pub client_id: &'a str,
    /// Its nonce.
    pub nonce: Nonce<'a>,
    /// Now: the server's clock where it told it, since the clock of a small device may be years off.
    pub now: UnixMs,
}

/// What nonce an ID token must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonce<'a> {
    /// None was sent, as in a device flow: a token with one was made for another request.
    None,
    /// The one that was sent.
    Sent(&'a str),
    /// A renewed token has that of the first, or none (OpenID Connect Core 1.0 section 12.2). What it renews is known by the refresh token.
    Renewed,
}

/// The claims of an ID token that was believed.
#[derive(Debug, Clone)]
pub struct Claims {
    object: Object,
    text: String,
}

impl Claims {
    /// Decodes a token and checks its claims.
    ///
    /// # Errors
    /// [`Fault::UnreadableReply`] for what is not a JWT; [`Fault::IdToken`] naming the claim that is wrong.
    pub fn checked(token: &Secret, expected: &Expected<'_>) -> Result<Self, Error> {
        let claims = Self::read(token)?;
        claims.check(expected)?;
        Ok(claims)
    }

    /// Decodes a token that was checked when it came, such as one from the cache.
    ///
    /// # Errors
    /// [`Fault::UnreadableReply`] for what is not a JWT.
    pub fn read(token: &Secret) -> Result<Self, Error> {
        let unreadable = |problem: &str| {
            Error::new(Fault::UnreadableReply { what: "ID token", status: 200, problem: problem.to_owned() })
        };
        let mut parts = token.expose().split('.');
        let (Some(_header), Some(payload), Some(_signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(unreadable("it has not the three parts of a JWT"));
        };
        let text = decode_base64url(payload).ok_or_else(|| unreadable("its claims are not base64url of text"))?;
        match json::value(&text) {
            Some(Value::Object(object)) => Ok(Self { object, text }),
            _ => Err(unreadable("its claims are not a JSON object")),
        }
    }

    fn check(&self, expected: &Expected<'_>) -> Result<(), Error> {
        let wrong = |claim: &'static str, problem: String| Error::new(Fault::IdToken { claim, problem });
        let issuer = self.text("iss");
        if !issuer_matches(expected.issuer, issuer, json::text(&self.object, "tid")) {
            return Err(wrong(
                "iss",
                format!("the token was issued by \"{}\", not by \"{}\"", clean(issuer), clean(expected.issuer)),
            ));
        }
        let (listed, others) = match self.object.get("aud") {
            Some(Value::Text(audience)) => (audience == expected.client_id, false),
            Some(Value::List(audiences)) => {
                (audiences.iter().any(|audience| audience.as_str() == Some(expected.client_id)), audiences.len() > 1)
            }
            _ => (false, false),
        };
        if !listed {
            return Err(wrong("aud", "the token was made for another client".to_owned()));
        }
        let party = json::text(&self.object, "azp");
        if party.map_or(others, |party| party != expected.client_id) {
            return Err(wrong("azp", "the token was made for another client".to_owned()));
        }
        let expiry = self.object.get("exp").and_then(Value::as_number).unwrap_or(0.0);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 have no use for more than 53 bits")]
        if expiry < (expected.now / 1000).saturating_sub(CLOCK_SKEW) as f64 {
            return Err(wrong("exp", "the token has expired: if that cannot be, check this device's clock".to_owned()));
        }
        let nonce = json::text(&self.object, "nonce");
        let is_expected = match expected.nonce {
            Nonce::None => nonce.is_none(),
            Nonce::Sent(sent) => nonce == Some(sent),
            Nonce::Renewed => true,
        };
        if !is_expected {
            return Err(wrong("nonce", "the token was made for another request".to_owned()));
        }
        Ok(())
    }

    /// A claim that is a string; empty where there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        json::text(&self.object, name).unwrap_or_default()
    }

    /// The first of these claims that is a string and not empty; empty where there is none.
    #[must_use]
    pub fn first_text(&self, names: &[&str]) -> &str {
        names.iter().map(|name| self.text(name)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// A claim that is a list of strings.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.object.get(name).map_or(&[][..], Value::items).iter().filter_map(Value::as_str)
    }

    /// The claims as the token has them: JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.text
    }
}

/// Decodes base64url, with or without padding, of UTF-8 text. Not in constant time, as the crate that encodes does it, and five times as
/// fast: claims are no keys.
#[must_use]
pub fn decode_base64url(text: &str) -> Option<String> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(digits.len());
    for group in digits.chunks(4) {
        let mut bits: u32 = 0;
        for digit in group {
            bits = bits << 6 | u32::from(value_of(*digit)?);
        }
        // What four digits less would have filled is cut off again.
        let missing = 4_usize.saturating_sub(group.len());
        let [_, one, two, three] = bits.checked_shl(6_u32.saturating_mul(u32::try_from(missing).ok()?))?.to_be_bytes();
        let group = [one, two, three];
        let (whole, cut) = group.split_at_checked(3_usize.saturating_sub(missing))?;
        if whole.is_empty() || cut.iter().any(|byte| *byte != 0) {
            return None; // half a byte, or bits that belong to no byte
        }
        bytes.extend_from_slice(whole);
    }
    String::from_utf8(bytes).ok()
}

const fn value_of(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit.wrapping_sub(b'A'),
        b'a'..=b'z' => digit.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => digit.wrapping_sub(b'0').wrapping_add(52),
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    })
}
