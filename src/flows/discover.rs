//! Finding an authority's endpoints: known for Entra's clouds, discovered for everybody else.

use crate::error::Error;
use crate::flows::app::App;
use crate::host::{Host, Level};
use crate::protocol::authority::{Authority, Endpoints};
use crate::protocol::discovery;
use crate::protocol::http::{HttpRequest, HttpResponse};
use crate::protocol::json;

/// The authority's endpoints. Asks each authority once in the life of the application.
pub(crate) async fn endpoints<H: Host>(
    app: &App<H>,
    authority: &Authority,
    correlation_id: &str,
) -> Result<Endpoints, Error> {
    if let Some(known) = authority.known_endpoints() {
        return Ok(known);
    }
    let name = authority.canonical();
    if let Some((_, known)) = app.discovered.borrow().iter().find(|(known, _)| *known == name) {
        return Ok(known.clone());
    }
    let url = authority.discovery_url();
    let reply = document(app, &url, correlation_id).await?;
    let endpoints = discovery::endpoints(authority, &url, &reply)?;
    app.discovered.borrow_mut().push((name, endpoints.clone()));
    Ok(endpoints)
}

/// The id of an Entra tenant that was named by its domain. Asks each tenant once in the life of the application.
pub(crate) async fn tenant_id<H: Host>(
    app: &App<H>,
    authority: &Authority,
    correlation_id: &str,
) -> Result<String, Error> {
    let url = authority.tenant_document();
    if let Some((_, known)) = app.tenants.borrow().iter().find(|(known, _)| *known == url) {
        return Ok(known.clone());
    }
    let reply = document(app, &url, correlation_id).await?;
    let issuer =
        json::object(reply.body.expose()).ok().and_then(|object| json::text(&object, "issuer").map(str::to_owned));
    let tenant =
        issuer.as_deref().and_then(|issuer| authority.tenant_of_issuer(issuer)).ok_or_else(|| Error::Discovery {
            url: url.clone(),
            problem: format!("its answer (status {}) does not say which tenant that is", reply.status),
            cause: None,
        })?;
    app.tenants.borrow_mut().push((url, tenant.clone()));
    Ok(tenant)
}

async fn document<H: Host>(app: &App<H>, url: &str, correlation_id: &str) -> Result<HttpResponse, Error> {
    app.log(Level::Verbose, correlation_id, || format!("discovery: asking {url}"));
    app.host.send(HttpRequest::get(url.to_owned())).await.map_err(|error| Error::Discovery {
        url: url.to_owned(),
        problem: error.problem,
        cause: error.cause,
    })
}
