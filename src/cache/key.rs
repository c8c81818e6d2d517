//! The keys under which MSAL files its entities. Names to write by, never to look up by: every version and every language of
//! MSAL has its own, so entities are matched on their fields.

/// Joins the parts as MSAL Node 7 does: lower case, with dashes.
fn joined(parts: &[&str]) -> String {
    parts.join("-").to_ascii_lowercase()
}

/// `home-environment-tenant`, where the tenant is the account's home.
#[must_use]
pub fn account(home_account_id: &str, environment: &str, realm: &str) -> String {
    let tenant = home_account_id.split('.').nth(1).filter(|utid| !utid.is_empty()).unwrap_or(realm);
    joined(&[home_account_id, environment, tenant])
}

/// `home-environment-idtoken-client-realm--`.
#[must_use]
pub fn id_token(home_account_id: &str, environment: &str, client_id: &str, realm: &str) -> String {
    joined(&[home_account_id, environment, "idtoken", client_id, realm, "", ""])
}

/// `home-environment-accesstoken-client-realm-target-`.
#[must_use]
pub fn access_token(home_account_id: &str, environment: &str, client_id: &str, realm: &str, target: &str) -> String {
    joined(&[home_account_id, environment, "accesstoken", client_id, realm, target, ""])
}

/// `home-environment-refreshtoken-client---`, or the family's id in place of the client's.
#[must_use]
pub fn refresh_token(home_account_id: &str, environment: &str, client_or_family: &str) -> String {
    joined(&[home_account_id, environment, "refreshtoken", client_or_family, "", "", ""])
}

/// `appmetadata-environment-client`. MSAL leaves its capitals.
#[must_use]
pub fn app_metadata(environment: &str, client_id: &str) -> String {
    format!("appmetadata-{environment}-{client_id}")
}
