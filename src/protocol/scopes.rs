//! Scopes: what is asked for, and what was granted (RFC 6749 section 3.3).

use crate::error::{Error, Fault};
use crate::protocol::text::clean;

/// What MSAL adds to every request: who signed in, and a refresh token.
pub const OPENID_SCOPES: [&str; 3] = ["openid", "profile", OFFLINE_ACCESS];

/// The wish for a refresh token.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// A set of scopes in the order in which they came. Never holds one twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

/// The most scopes that are kept. Entra's tokens have some dozen; a list without end would be a server's mischief.
const MOST: usize = 1_000;

impl Scopes {
    /// What a request asks for: the caller's scopes, then the OpenID ones that are not among them, if the server `is_openid`.
    ///
    /// # Errors
    /// [`Fault::InvalidRequest`] for a scope with a character that RFC 6749 does not allow.
    pub fn to_request(wanted: &[String], is_openid: bool) -> Result<Self, Error> {
        let mut scopes = Self::default();
        for text in wanted {
            for scope in text.split_whitespace() {
                if !scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)) {
                    return Err(Error::new(Fault::InvalidRequest {
                        field: "scopes",
                        fix: "a scope can have only printable ASCII characters other than \" and \\".to_owned(),
                    }));
                }
                scopes.add(scope);
            }
        }
        for scope in OPENID_SCOPES.iter().filter(|_| is_openid) {
            scopes.add(scope);
        }
        Ok(scopes)
    }

    /// What a server granted: a list with spaces in between. Cleaned, for programs show it to people.
    #[must_use]
    pub fn granted(text: &str) -> Self {
        let mut scopes = Self::default();
        for scope in text.split_whitespace() {
            let scope = clean(scope);
            if !scope.is_empty() {
                scopes.add(&scope);
            }
        }
        scopes
    }

    fn add(&mut self, scope: &str) {
        if self.0.len() < MOST && !self.0.iter().any(|known| known == scope) {
            self.0.push(scope.to_owned());
        }
    }

    /// The scopes, without some of the OpenID ones.
    #[must_use]
    pub fn without(&self, gone: &[&str]) -> Self {
        Self(self.0.iter().filter(|scope| !gone.contains(&scope.as_str())).cloned().collect())
    }

    /// The scopes with one space in between, as they go over the wire.
    #[must_use]
    pub fn joined(&self) -> String {
        self.0.join(" ")
    }

    /// Each scope on its own.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether a token with these scopes will do for one that asks for the others. The OpenID ones say nothing of a token,
    /// and Entra writes scopes with capitals of its own.
    #[must_use]
    pub fn cover(&self, wanted: &Self) -> bool {
        wanted.of_apis().all(|scope| self.has(scope))
    }

    /// Whether two tokens are good for something in common; two for nothing but OpenID are.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> bool {
        let mut scopes = self.of_apis().peekable();
        if scopes.peek().is_none() {
            return other.of_apis().next().is_none();
        }
        scopes.any(|scope| other.has(scope))
    }

    fn has(&self, scope: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(scope))
    }

    fn of_apis(&self) -> impl Iterator<Item = &String> {
        let is_openid =
            |scope: &str| OPENID_SCOPES.iter().chain(&["email"]).any(|known| known.eq_ignore_ascii_case(scope));
        self.0.iter().filter(move |scope| !is_openid(scope))
    }
}
