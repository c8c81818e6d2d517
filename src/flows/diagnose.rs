//! A doctor for configurations: asks whatever a sign-in would ask, short of the person, and says what it found.
//!
//! The device endpoint's own answer tells whether the client is known; one poll of the code that it issues tells whether a client
//! without a secret may have tokens. Nobody is shown that code, and it is left to expire.

use crate::error::{Error, Fault};
use crate::flows::app::App;
use crate::flows::device_code::{self, Polled};
use crate::flows::discover;
use crate::flows::wish::Wish;
use crate::host::Host;
use crate::protocol::authority::{Authority, Kind, is_guid};
use crate::protocol::described;
use crate::protocol::device_code::Why;
use crate::protocol::discovery;
use crate::protocol::http::{CLOCK_SKEW, UnixMs};
use crate::protocol::json;

/// Why a sign-in may go well without the document.
const BUILT_IN: &str = "Sign-in does not need it here: the endpoints of this cloud are built in.";

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It is as it should be.
    Ok,
    /// It could not be told, or is good to know.
    Info,
    /// It will do, for now or for some.
    Warning,
    /// Nobody can sign in.
    Error,
}

impl Severity {
    /// The word that JavaScript gets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `request`, `client_id`, `authority`, `discovery`, `tenant`, `issuer`, `device_endpoint`, `public_client`,
    /// `verification_uri` or `clock`.
    pub check: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What was found.
    pub message: String,
    /// What to do about it; empty where there is nothing to do.
    pub remedy: String,
    /// The page to open for it.
    pub page: Option<String>,
}

/// What is being written down.
#[derive(Default)]
struct Chart(Vec<Finding>);

impl Chart {
    fn note(&mut self, check: &'static str, severity: Severity, message: String, remedy: &str) {
        self.0.push(Finding { check, severity, message, remedy: remedy.to_owned(), page: None });
    }

    fn ok(&mut self, check: &'static str, message: String) {
        self.note(check, Severity::Ok, message, "");
    }

    fn error(&mut self, check: &'static str, error: &Error) {
        self.0.push(Finding {
            check,
            severity: Severity::Error,
            message: format!("{}: {error}", error.code()),
            remedy: error.remedy().map(|remedy| remedy.advice).unwrap_or_default().to_owned(),
            page: error.server_answer().and_then(|answer| answer.page.clone()),
        });
    }
}

/// Looks at everything that a sign-in depends on. Goes as far as it can.
pub async fn diagnose<H: Host>(app: &App<H>, wish: Wish) -> Vec<Finding> {
    let mut chart = Chart::default();
    if let Err((check, error)) = look(app, wish, &mut chart).await {
        chart.error(check, &error);
    }
    chart.0
}

async fn look<H: Host>(app: &App<H>, wish: Wish, chart: &mut Chart) -> Result<(), (&'static str, Error)> {
    let (authority, ask) = wish.clone().checked(app).map_err(|error| ("request", error))?;
    let authority = discover::vouched_for(app, authority, &ask.correlation_id).await.map_err(|error| {
        let check = if matches!(*error, Fault::UntrustedAuthority { .. }) { "authority" } else { "discovery" };
        (check, error)
    })?;
    look_at_client_id(&app.client().client_id, &authority, chart);
    chart.ok("authority", format!("{} is {}.", authority.canonical(), kind_in_words(&authority)));
    if *authority.kind() == Kind::B2c {
        return Err(("device_endpoint", Error::new(Fault::NoDeviceCodes)));
    }
    look_at_document(app, &authority, &ask.correlation_id, chart).await?;
    look_at_device_endpoint(app, wish, chart).await
}

fn look_at_client_id(client_id: &str, authority: &Authority, chart: &mut Chart) {
    if is_guid(client_id) {
        chart.ok("client_id", format!("auth.clientId {client_id} has the shape of one of Entra's."));
    } else if authority.is_microsoft() {
        chart.note(
            "client_id",
            Severity::Error,
            "auth.clientId is not a GUID, as every application id of Entra's is.".to_owned(),
            "Copy the Application (client) ID from the overview page of the app registration.",
        );
    } else {
        chart.ok("client_id", "auth.clientId is there; this sort of server takes any text.".to_owned());
    }
}

fn kind_in_words(authority: &Authority) -> String {
    match authority.kind() {
        Kind::Entra { cloud, tenant } => format!("Entra ID (cloud {}, tenant {tenant})", cloud.network),
        Kind::ExternalId => "External ID".to_owned(),
        Kind::B2c => "Azure AD B2C".to_owned(),
        Kind::CustomDomain => "a domain of a customer's own that speaks as Entra ID does".to_owned(),
        Kind::Adfs => "AD FS".to_owned(),
        Kind::OpenId | Kind::Unknown => "an OpenID provider, or an OAuth server".to_owned(),
    }
}

async fn look_at_document<H: Host>(
    app: &App<H>,
    authority: &Authority,
    correlation_id: &str,
    chart: &mut Chart,
) -> Result<(), (&'static str, Error)> {
    if described::is_described(&app.trust.borrow(), authority) {
        chart.ok(
            "discovery",
            "The endpoints are those of auth.authorityMetadata; nothing was asked for them.".to_owned(),
        );
        return Ok(());
    }
    let url = authority.discovery_url();
    let reply = match discover::ask(app, &url, correlation_id).await {
        Ok(reply) => reply,
        Err(error) if authority.known_endpoints().is_some() => {
            chart.note("discovery", Severity::Warning, error.to_string(), BUILT_IN);
            return Ok(());
        }
        Err(error) => return Err(("discovery", error)),
    };
    look_at_clock(reply.date(), app.host.now(), chart);
    let document = match discovery::document(&url, &reply) {
        Ok(document) => document,
        Err(error) => {
            let error = error.located(&authority.place(&app.client().client_id, authority.is_microsoft()));
            if error.server_answer().is_some() || authority.known_endpoints().is_none() {
                return Err((if error.server_answer().is_some() { "tenant" } else { "discovery" }, error));
            }
            // Something in between keeps it back.
            chart.note("discovery", Severity::Warning, error.to_string(), BUILT_IN);
            return Ok(());
        }
    };
    chart.ok("discovery", format!("{url} was answered."));
    discover::learn(app, authority, &url, &document).map_err(|error| {
        let check = if matches!(*error, Fault::IssuerMismatch { .. }) { "issuer" } else { "discovery" };
        (check, error)
    })?;
    let issuer = json::text(&document, "issuer").unwrap_or_default();
    if let Some(tenant) = authority.tenant_of_issuer(issuer) {
        chart.ok("tenant", format!("The tenant exists; its id is {tenant}."));
    }
    chart.ok("issuer", format!("The issuer {issuer} belongs to the authority."));
    Ok(())
}

fn look_at_clock(server: Option<UnixMs>, now: UnixMs, chart: &mut Chart) {
    let Some(server) = server else {
        return chart.note("clock", Severity::Info, "The server does not tell the time.".to_owned(), "");
    };
    let (apart, which) =
        if now > server { (now.saturating_sub(server), "ahead") } else { (server.saturating_sub(now), "behind") };
    if apart / 1000 <= CLOCK_SKEW {
        return chart.ok("clock", "This device's clock agrees with the server's.".to_owned());
    }
    chart.note(
        "clock",
        Severity::Warning,
        format!("This device's clock is {} s {which}.", apart / 1000),
        "Set the clock, or have it set by NTP: tokens are kept and renewed by it.",
    );
}

async fn look_at_device_endpoint<H: Host>(
    app: &App<H>,
    wish: Wish,
    chart: &mut Chart,
) -> Result<(), (&'static str, Error)> {
    let request = device_code::Request { wish, timeout: None };
    let pending = device_code::start(app, request).await.map_err(|error| {
        let check = match error.code() {
            "unauthorized_client" => "client_id",
            "invalid_client" => "public_client",
            _ => "device_endpoint",
        };
        (check, error)
    })?;
    let codes = pending.codes();
    chart.ok(
        "device_endpoint",
        "It issues codes. One was asked for; nobody is shown it, and it is left to expire.".to_owned(),
    );
    if let Some(refused) = &codes.refused_uri {
        chart.note(
            "verification_uri",
            Severity::Info,
            format!(
                "The server names {refused}, which does not take accounts of External ID; people are sent to {}.",
                codes.verification_uri
            ),
            "Show people `message` or `verificationUri` as doorcode hands them over.",
        );
    }
    match device_code::poll(app, &pending).await {
        Ok(Polled::Pending(progress)) if progress.why == Why::Retrying => chart.note(
            "public_client",
            Severity::Warning,
            "The token endpoint could not answer just now.".to_owned(),
            "Try again in a while.",
        ),
        Ok(_) => chart.ok("public_client", "The token endpoint takes this client without a secret.".to_owned()),
        Err(error) => return Err(("public_client", error)),
    }
    Ok(())
}
