//! cache/key.rs

use doorcode::cache::key;
use serde_json::Value;

/// A cache that MSAL Node 7 wrote, of a client with a family.
const FAMILY: &str = include_str!("blobs/msal-node-7.family.json");
const SIGNED_IN: &str = include_str!("blobs/msal-node-7.signed-in.json");
const GUEST: &str = include_str!("blobs/msal-node-7.home-and-guest.json");

#[test]
fn keys_are_those_of_msal_node_7() {
    let mut compared = 0;
    for blob in [FAMILY, SIGNED_IN, GUEST] {
        let blob: Value = serde_json::from_str(blob).unwrap();
        for (section, entities) in blob.as_object().unwrap() {
            for (msals, entity) in entities.as_object().unwrap() {
                let field = |name: &str| entity[name].as_str().unwrap_or_default();
                let (home, environment, client) = (field("home_account_id"), field("environment"), field("client_id"));
                let ours = match section.as_str() {
                    "Account" => key::account(home, environment, field("realm")),
                    "IdToken" => key::id_token(home, environment, client, field("realm")),
                    "AccessToken" => key::access_token(home, environment, client, field("realm"), field("target")),
                    "RefreshToken" => {
                        let family = Some(field("family_id")).filter(|family| !family.is_empty());
                        key::refresh_token(home, environment, family.unwrap_or(client))
                    }
                    _ => key::app_metadata(environment, client),
                };
                assert_eq!(&ours, msals);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 5 + 4 + 6, "every entity of the three blobs");
}

#[test]
fn keys_are_in_lower_case_and_an_account_s_ends_with_its_home() {
    assert_eq!(key::account("U.Home", "Host", "guest"), "u.home-host-home");
    assert_eq!(key::account("auth0|AbC", "id.example", "T"), "auth0|abc-id.example-t");
    assert_eq!(key::account("ends.", "id.example", "T"), "ends.-id.example-t");
    assert_eq!(key::id_token("H", "e", "C", "R"), "h-e-idtoken-c-r--");
    assert_eq!(key::access_token("H", "e", "C", "R", "User.Read openid"), "h-e-accesstoken-c-r-user.read openid-");
    assert_eq!(key::refresh_token("H", "e", "C"), "h-e-refreshtoken-c---");
    assert_eq!(key::app_metadata("e", "C"), "appmetadata-e-C");
}
