//! Finding an authority's endpoints: known for Entra's clouds, discovered for everybody else.

use crate::error::Error;
use crate::flows::app::App;
use crate::host::{Host, Level};
use crate::protocol::authority::{Authority, Endpoints};
use crate::protocol::discovery;
use crate::protocol::http::HttpRequest;

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
    if let Some(known) = app.discovered.borrow().get(&name).cloned() {
        return Ok(known);
    }
    let url = authority.discovery_url();
    app.log(Level::Verbose, correlation_id, || format!("discovery: asking {url}"));
    let reply = app.host.send(HttpRequest::get(url.clone())).await.map_err(|error| Error::Discovery {
        url: url.clone(),
        problem: error.problem,
        cause: error.cause,
    })?;
    let endpoints = discovery::endpoints(authority, &url, &reply)?;
    app.discovered.borrow_mut().insert(name, endpoints.clone());
    Ok(endpoints)
}
