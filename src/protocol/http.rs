//! One HTTP exchange, as plain values, and the two headers whose meaning matters here (RFC 9110).

use crate::secret::Secret;

/// Milliseconds since 1970-01-01T00:00:00Z, by the wall clock.
pub type UnixMs = u64;

/// How far two clocks may be apart, in seconds, before one of them is taken to be wrong.
pub const CLOCK_SKEW: u64 = 300;

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Discovery documents.
    Get,
    /// Everything that carries a form.
    Post,
}

/// A request for the host to send. It never follows a redirect.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// GET or POST.
    pub method: Method,
    /// An absolute URL. Holds no secret.
    pub url: String,
    /// Header names and values. They hold no secret.
    pub headers: Vec<(&'static str, String)>,
    /// The `Authorization` header, of a client that proves itself so.
    pub authorization: Option<Secret>,
    /// The form of a POST; empty for a GET.
    pub body: Secret,
}

impl HttpRequest {
    /// A GET that asks for JSON.
    #[must_use]
    pub fn get(url: String) -> Self {
        let headers = vec![("Accept", "application/json".to_owned())];
        Self { method: Method::Get, url, headers, authorization: None, body: Secret::new(String::new()) }
    }

    /// A POST of a form that asks for JSON.
    #[must_use]
    pub fn post(url: String, form: Secret) -> Self {
        let headers = vec![
            ("Accept", "application/json".to_owned()),
            ("Content-Type", "application/x-www-form-urlencoded;charset=utf-8".to_owned()),
        ];
        Self { method: Method::Post, url, headers, authorization: None, body: form }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status code. 0 where a browser hides a redirect it did not follow.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as text. May hold tokens.
    pub body: Secret,
}

impl HttpResponse {
    /// The first header of that name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str())
    }

    /// 200, the one status with which tokens and codes may come (RFC 6749 section 5.1, RFC 8628 section 3.2).
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.status == 200
    }

    /// A redirect, which is never followed: 301, 302, 303, 307, 308, or hidden by a browser (0).
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(self.status, 0 | 301 | 302 | 303 | 307 | 308)
    }

    /// A status that says "not now", rather than "no": 408, 429 and every 5xx.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self.status, 408 | 429 | 500..)
    }

    /// The server's clock, from `Date` (RFC 9110 section 6.6.1).
    #[must_use]
    pub fn date(&self) -> Option<UnixMs> {
        parse_http_date(self.header("date")?)
    }

    /// How many seconds the server asks to wait, from `Retry-After` (RFC 9110 section 10.2.3). A date counts from the
    /// server's own clock where it tells it, so that a wrong clock here does no harm.
    #[must_use]
    pub fn retry_after(&self, now: UnixMs) -> Option<u32> {
        let value = self.header("retry-after")?.trim();
        if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
            return Some(value.parse().unwrap_or(u32::MAX));
        }
        let until = parse_http_date(value)?;
        let wait = until.saturating_sub(self.date().unwrap_or(now));
        Some(u32::try_from(wait.div_ceil(1000)).unwrap_or(u32::MAX))
    }
}

/// The one date form that senders may generate: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
#[must_use]
pub fn parse_http_date(text: &str) -> Option<UnixMs> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split_whitespace().skip(1);
    let day: u64 = parts.next()?.parse().ok()?;
    let month_name = parts.next()?;
    let month = MONTHS.iter().position(|name| *name == month_name)?;
    let month = u64::try_from(month).ok()?.checked_add(1)?;
    let year: u64 = parts.next()?.parse().ok()?;
    let mut time = parts.next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    if parts.next() != Some("GMT") || !(1970..=9999).contains(&year) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days_since_1970(year, month, day)?
        .checked_mul(24)?
        .checked_add(hour)?
        .checked_mul(60)?
        .checked_add(minute)?
        .checked_mul(60)?
        .checked_add(second)?;
    seconds.checked_mul(1000)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. The year is counted from March, so that the leap day is its
/// last day and months have a regular length pattern.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) =
        if month > 2 { (year, month.checked_sub(3)?) } else { (year.checked_sub(1)?, month.checked_add(9)?) };
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let day_of_year = month.checked_mul(153)?.checked_add(2)? / 5;
    let days = year.checked_mul(365)?.checked_add(leap_days)?.checked_add(day_of_year)?.checked_add(day)?;
    days.checked_sub(719_469) // the same sum for 1970-01-01
}
