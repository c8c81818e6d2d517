//! The few parts of a URL that this protocol needs to look at.
//!
//! Refuses, rather than repairs: user-info, control characters, white space, quotation marks, non-ASCII text, an empty host,
//! a scheme other than http or https. A host in another script arrives as punycode from the host's own `URL`. The path
//! keeps its case: `/realms/MyRealm` is not `/realms/myrealm`.

/// Why a text is not a URL that is used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// No `https://` or `http://` in front.
    #[error("it does not begin with https://")]
    Scheme,
    /// A space, a control character, a quotation mark or another character that RFC 3986 does not have.
    #[error("it contains a character that a URL cannot have")]
    Character,
    /// `user@` or `user:password@`.
    #[error("it contains user information before the host")]
    UserInfo,
    /// Nothing where the host should be, or not a host name.
    #[error("it names no host")]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// `http:` to a host that is not this machine.
    #[error("it is not https")]
    Insecure,
}

/// An `https:` URL, or an `http:` one to this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    scheme: &'static str,
    /// Lower case, without the port. An IPv6 address keeps its brackets.
    host: String,
    /// Only when it is not the scheme's own.
    port: Option<u16>,
    /// Begins with `/`. Case kept.
    path: String,
    /// Everything from `?`, or empty. A fragment is dropped.
    query: String,
}

impl Url {
    /// Parses the text, and refuses plain `http:` except to a loopback host.
    ///
    /// # Errors
    /// The first [`UrlProblem`] met.
    pub fn parse(text: &str) -> Result<Self, UrlProblem> {
        if text.chars().any(|c| !c.is_ascii_graphic() || "\\\"<>^`{|}".contains(c)) {
            return Err(UrlProblem::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlProblem::Scheme)?;
        let (scheme, default_port) = if scheme.eq_ignore_ascii_case("https") {
            ("https", 443)
        } else if scheme.eq_ignore_ascii_case("http") {
            ("http", 80)
        } else {
            return Err(UrlProblem::Scheme);
        };
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (rest, query) = match rest.split_once('?') {
            Some((before, after)) => (before, format!("?{after}")),
            None => (rest, String::new()),
        };
        let (authority, path) = match rest.split_once('/') {
            Some((before, after)) => (before, format!("/{after}")),
            None => (rest, "/".to_owned()),
        };
        if authority.contains('@') {
            return Err(UrlProblem::UserInfo);
        }
        let (host, port) = split_port(authority)?;
        let url = Self {
            scheme,
            host: host.to_ascii_lowercase(),
            port: port.filter(|port| *port != default_port),
            path,
            query,
        };
        if url.scheme == "http" && !url.is_loopback() {
            return Err(UrlProblem::Insecure);
        }
        Ok(url)
    }

    /// The host in lower case, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host, and the port where it is not the scheme's own: what MSAL calls the environment.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> (&str, &str, Option<u16>) {
        (self.scheme, &self.host, self.port)
    }

    /// The same place, another path.
    #[must_use]
    pub fn with_path(self, path: String) -> Self {
        Self { path, ..self }
    }

    /// The parts of the path between slashes, empty ones left out.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter(|segment| !segment.is_empty())
    }

    /// Scheme, host, port and path; no query.
    #[must_use]
    pub fn without_query(&self) -> String {
        format!("{}://{}{}", self.scheme, self.host_and_port(), self.path)
    }

    /// The whole URL; a fragment was dropped.
    #[must_use]
    pub fn whole(&self) -> String {
        format!("{}{}", self.without_query(), self.query)
    }

    /// Whether requests to it travel in clear text.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.scheme == "http"
    }

    /// Whether the host is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. Names below `localhost` are not, because not
    /// every system resolves them without asking the network.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host == "[::1]" || is_ipv4_loopback(&self.host)
    }
}

/// Whether it is an address of 127.0.0.0/8, in its four whole numbers: how other spellings are read differs between systems.
fn is_ipv4_loopback(host: &str) -> bool {
    let is_octet = |text: &str| text.parse::<u8>().is_ok_and(|octet| octet.to_string() == text);
    let mut parts = host.split('.');
    parts.next() == Some("127") && (0..3).all(|_| parts.next().is_some_and(is_octet)) && parts.next().is_none()
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), UrlProblem> {
    // An IPv6 address has colons of its own, inside brackets.
    let after_address = authority.rfind(']').map_or(0, |at| at.saturating_add(1));
    let colon = authority.rfind(':').filter(|at| *at >= after_address);
    let (host, port) = match colon.and_then(|at| authority.split_at_checked(at)) {
        Some((host, port)) => (host, port.trim_start_matches(':')),
        None => (authority, ""),
    };
    if host.is_empty() || !is_host(host) {
        return Err(UrlProblem::Host);
    }
    let port = match port {
        "" => None,
        digits => match digits.parse::<u16>() {
            Ok(port) if port > 0 && !digits.starts_with('+') => Some(port),
            _ => return Err(UrlProblem::Port),
        },
    };
    Ok((host, port))
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        // Whether it really is one, the host sees when it looks for it.
        Some(address) => {
            address.contains(':')
                && address.bytes().all(|byte| matches!(byte, b':' | b'.' | b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F'))
        }
        None => host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')),
    }
}
