//! Finding an authority's endpoints: known for Entra's clouds, and where the program gave them; discovered for everybody else.
//!
//! Flows that want the same document at the same time share one request, and its failure.

use crate::error::{Error, Fault};
use crate::flows::app::{App, Discovered};
use crate::host::{Host, Level};
use crate::protocol::authority::{Authority, Endpoints, Kind, Server};
use crate::protocol::cloud;
use crate::protocol::described;
use crate::protocol::discovery;
use crate::protocol::http::{HttpRequest, HttpResponse};
use crate::protocol::json::{self, Object};

/// How long a document is believed, in milliseconds: a day (MSAL's).
const BELIEVED_FOR: u64 = 86_400_000;

/// The server that an authority means. Asks each authority once a day.
pub(crate) async fn server<H: Host>(app: &App<H>, authority: Authority, correlation_id: &str) -> Result<Server, Error> {
    let authority = vouched_for(app, authority, correlation_id).await?;
    if let Some(endpoints) = known(app, &authority) {
        return Ok(Server { authority, endpoints });
    }
    let url = authority.discovery_url();
    let learned = || known(app, &authority).is_some();
    once(app, &authority, &url, correlation_id, &learned, &|document| learn(app, &authority, &url, document)).await?;
    match known(app, &authority) {
        Some(endpoints) => Ok(Server { authority, endpoints }),
        None => Err(discovery::unusable(&url, "what it says was forgotten at once".to_owned())),
    }
}

fn known<H: Host>(app: &App<H>, authority: &Authority) -> Option<Endpoints> {
    let now = app.host.now();
    let given = described::known_endpoints(&app.trust.borrow(), authority);
    given.or_else(|| {
        let name = authority.canonical();
        let discovered = app.discovered.borrow();
        let found = discovered.iter().find(|found| found.authority == name)?;
        (now.saturating_sub(found.at) < BELIEVED_FOR).then(|| found.endpoints.clone())
    })
}

/// Learns an authority's endpoints from its document.
pub(crate) fn learn<H: Host>(app: &App<H>, authority: &Authority, url: &str, document: &Object) -> Result<(), Error> {
    let endpoints = discovery::endpoints(authority, &app.trust.borrow(), url, document)?;
    let found = Discovered { authority: authority.canonical(), at: app.host.now(), endpoints };
    let mut discovered = app.discovered.borrow_mut();
    discovered.retain(|older| older.authority != found.authority);
    discovered.push(found);
    Ok(())
}

/// The error of a server that has not got what is needed.
pub(crate) fn no_endpoint<H: Host>(app: &App<H>, server: &Server, name: &str, why: &str) -> Error {
    let problem = format!("it has no {name}");
    if described::is_described(&app.trust.borrow(), &server.authority) {
        return Error::new(Fault::InvalidAuthorityMetadata { problem });
    }
    discovery::unusable(&server.authority.discovery_url(), format!("{problem}: {why}"))
}

/// The authority, once somebody has vouched for its host: the program, or Microsoft, which is asked.
///
/// # Errors
/// [`Fault::UntrustedAuthority`] where nobody has.
pub(crate) async fn vouched_for<H: Host>(
    app: &App<H>,
    authority: Authority,
    correlation_id: &str,
) -> Result<Authority, Error> {
    if *authority.kind() != Kind::Unknown {
        return Ok(authority);
    }
    let host = authority.host_and_port();
    let again = || Authority::parse(&authority.canonical(), &app.trust.borrow());
    let is_known = || again().is_ok_and(|authority| *authority.kind() != Kind::Unknown);
    if is_known() {
        return again();
    }
    let url = authority.instance_discovery_url();
    let learn = |document: &Object| {
        let clouds = cloud::listed(document);
        let clouds = clouds.ok_or_else(|| discovery::unusable(&url, "it lists no clouds".to_owned()))?;
        let mut trust = app.trust.borrow_mut();
        match clouds.into_iter().find(|cloud| cloud.is_named(&host)) {
            Some(cloud) => trust.clouds.push(cloud),
            // Not a cloud's own host, and yet Microsoft knows it: a customer's.
            None => trust.hosts.push(host.clone()),
        }
        Ok(())
    };
    once(app, &authority, &url, correlation_id, &is_known, &learn).await.map_err(|error| match &*error {
        Fault::Discovery { answer: Some(answer), .. } if answer.error == "invalid_instance" => {
            Error::new(Fault::UntrustedAuthority { host: host.clone(), answer: answer.clone() })
        }
        _ => error,
    })?;
    again()
}

/// The id of an Entra tenant that was named by its domain. Asks each tenant once in the life of the application.
pub(crate) async fn tenant_id<H: Host>(
    app: &App<H>,
    authority: &Authority,
    correlation_id: &str,
) -> Result<String, Error> {
    let url = authority.discovery_url();
    let unusable = || discovery::unusable(&url, "its answer does not say which tenant that is".to_owned());
    let known = || app.tenants.borrow().iter().find(|(known, _)| *known == url).map(|(_, tenant)| tenant.clone());
    if known().is_none() {
        let learn = |document: &Object| {
            let issuer = json::text(document, "issuer").unwrap_or_default();
            let tenant = authority.tenant_of_issuer(issuer).ok_or_else(unusable)?;
            app.tenants.borrow_mut().push((url.clone(), tenant));
            Ok(())
        };
        once(app, authority, &url, correlation_id, &|| known().is_some(), &learn).await?;
    }
    known().ok_or_else(unusable)
}

/// Asks for a document about an authority and learns from it; one at a time, so that whoever had to wait finds that it is known by
/// now, or that it could not be had.
async fn once<H: Host>(
    app: &App<H>,
    authority: &Authority,
    url: &str,
    correlation_id: &str,
    is_known: &dyn Fn() -> bool,
    learn: &dyn Fn(&Object) -> Result<(), Error>,
) -> Result<(), Error> {
    let noted = app.notes.count();
    let (must_wait, turn) = app.turns.queue(url);
    turn.comes().await;
    if must_wait {
        if is_known() {
            return Ok(());
        }
        if let Some(error) = app.notes.error_since(url, noted) {
            return Err(error);
        }
    }
    let outcome = match ask(app, url, correlation_id).await {
        Ok(reply) => discovery::document(url, &reply).and_then(|document| learn(&document)),
        Err(error) => Err(error),
    };
    outcome.map_err(|error| {
        // Of a host that is not known Microsoft was asked.
        let is_microsoft = authority.is_microsoft() || *authority.kind() == Kind::Unknown;
        let error = error.located(&authority.place(&app.client.client_id, is_microsoft));
        app.notes.write(url.to_owned(), app.host.now(), Some(error.clone()));
        error
    })
}

/// Asks for a document.
pub(crate) async fn ask<H: Host>(app: &App<H>, url: &str, correlation_id: &str) -> Result<HttpResponse, Error> {
    app.log(Level::Verbose, correlation_id, || format!("discovery: asking {url}"));
    app.host.send(HttpRequest::get(url.to_owned())).await.map_err(|error| {
        Error::from(Fault::Discovery {
            url: url.to_owned(),
            problem: error.problem,
            // Of a document that was cut off nothing is known.
            status: None,
            answer: None,
            cause: error.cause,
        })
    })
}
