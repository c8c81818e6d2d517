//! Finding an authority's endpoints: known for Entra's clouds, and where the program gave them; discovered for everybody else.
//!
//! Flows that want the same document at the same time share one request, and its failure.

use crate::error::Error;
use crate::flows::app::App;
use crate::host::{Host, Level};
use crate::protocol::authority::{Authority, Kind, Server};
use crate::protocol::discovery;
use crate::protocol::http::{HttpRequest, HttpResponse};
use crate::protocol::json::{self, Object};

/// The server that an authority means. Asks each authority once in the life of the application.
pub(crate) async fn server<H: Host>(app: &App<H>, authority: Authority, correlation_id: &str) -> Result<Server, Error> {
    let authority = vouched_for(app, authority, correlation_id).await?;
    let name = authority.canonical();
    let known = || {
        let known = app.trust.borrow().known_endpoints(&authority);
        known.or_else(|| {
            let discovered = app.discovered.borrow();
            discovered.iter().find(|(known, _)| *known == name).map(|(_, endpoints)| endpoints.clone())
        })
    };
    if known().is_none() {
        let url = authority.discovery_url();
        let learn = |document: &Object| learn(app, &authority, &url, document);
        let learned = once(app, &url, correlation_id, &|| known().is_some(), &learn).await;
        learned.map_err(|error| error.located(&app.client.client_id, &authority))?;
    }
    let endpoints = known().unwrap_or_default();
    Ok(Server { authority, endpoints })
}

/// Learns an authority's endpoints from its document.
pub(crate) fn learn<H>(app: &App<H>, authority: &Authority, url: &str, document: &Object) -> Result<(), Error> {
    let endpoints = discovery::endpoints(authority, &app.trust.borrow(), url, document)?;
    app.discovered.borrow_mut().push((authority.canonical(), endpoints));
    Ok(())
}

/// The authority, once somebody has vouched for its host: the program, or Microsoft, which is asked.
///
/// # Errors
/// [`Error::UntrustedAuthority`] where nobody has.
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
    let url = authority.instance_discovery_url();
    let learn = |document: &Object| {
        let clouds = discovery::clouds(document).ok_or_else(|| unusable(&url, "it lists no clouds"))?;
        let mut trust = app.trust.borrow_mut();
        match clouds.into_iter().find(|cloud| cloud.is_named(&host)) {
            Some(cloud) => trust.clouds.push(cloud),
            // Not a cloud's own host, and yet Microsoft knows it: a customer's.
            None => trust.hosts.push(host.clone()),
        }
        Ok(())
    };
    let is_known = || again().is_ok_and(|authority| *authority.kind() != Kind::Unknown);
    if !is_known() {
        once(app, &url, correlation_id, &is_known, &learn).await.map_err(|error| match error {
            Error::Discovery { answer: Some(answer), .. } if answer.error == "invalid_instance" => {
                Error::UntrustedAuthority { host: host.clone(), answer }
            }
            other => other,
        })?;
    }
    again()
}

/// The id of an Entra tenant that was named by its domain. Asks each tenant once in the life of the application.
pub(crate) async fn tenant_id<H: Host>(
    app: &App<H>,
    authority: &Authority,
    correlation_id: &str,
) -> Result<String, Error> {
    let url = authority.discovery_url();
    let known = || app.tenants.borrow().iter().find(|(known, _)| *known == url).map(|(_, tenant)| tenant.clone());
    if known().is_none() {
        let learn = |document: &Object| {
            let tenant = json::text(document, "issuer").and_then(|issuer| authority.tenant_of_issuer(issuer));
            let tenant = tenant.ok_or_else(|| unusable(&url, "its answer does not say which tenant that is"))?;
            app.tenants.borrow_mut().push((url.clone(), tenant));
            Ok(())
        };
        once(app, &url, correlation_id, &|| known().is_some(), &learn).await?;
    }
    Ok(known().unwrap_or_default())
}

/// Asks for a document and learns from it; one at a time, so that whoever had to wait finds that it is known by now, or that it
/// could not be had.
async fn once<H: Host>(
    app: &App<H>,
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
    if let Err(error) = &outcome {
        app.notes.write(url.to_owned(), app.host.now(), Some(error.clone()));
    }
    outcome
}

/// The error of a document that was had, and is of no use.
pub(crate) fn unusable(url: &str, problem: &str) -> Error {
    Error::Discovery { url: url.to_owned(), problem: problem.to_owned(), status: Some(200), answer: None, cause: None }
}

/// Asks for a document.
pub(crate) async fn ask<H: Host>(app: &App<H>, url: &str, correlation_id: &str) -> Result<HttpResponse, Error> {
    app.log(Level::Verbose, correlation_id, || format!("discovery: asking {url}"));
    app.host.send(HttpRequest::get(url.to_owned())).await.map_err(|error| Error::Discovery {
        url: url.to_owned(),
        problem: error.problem,
        status: error.status,
        answer: None,
        cause: error.cause,
    })
}
