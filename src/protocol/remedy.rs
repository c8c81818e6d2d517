//! Advice: what a person can do about an error. Hints only; no logic depends on a number, since Microsoft says that
//! programs which do will break.

/// What to do about an AADSTS code.
#[must_use]
pub fn for_code(code: u32) -> Option<&'static str> {
    REMEDIES.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, remedy)| *remedy)
}

/// What to do about an OAuth error whose numbers tell nothing.
#[must_use]
pub fn for_error(error: &str) -> Option<&'static str> {
    Some(match error {
        "access_denied" | "authorization_declined" => "Start again, and accept when asked.",
        "expired_token" | "bad_verification_code" => "Start again to get a new code.",
        "invalid_client" | "unauthorized_client" => {
            "Check the client id, and that this server lets the client sign people in with a device code as a public client."
        }
        "invalid_scope" => "Check the scopes: each must be one that this server knows and this client may ask for.",
        "unsupported_grant_type" => "This server does not offer sign-in with a device code, or it is switched off.",
        "interaction_required" | "consent_required" | "login_required" | "invalid_grant" => {
            "Sign in again with a new code."
        }
        "temporarily_unavailable" | "server_error" => "The server is in trouble; try again in a while.",
        _ => return None,
    })
}

const RESTART: &str = "Start again to get a new code.";

/// AADSTS codes by what helps. The meanings are from Microsoft's list of Entra error codes.
const REMEDIES: &[(&[u32], &str)] = &[
    (&[70_016], "Nothing is wrong: the sign-in is not completed yet."),
    (&[70_018], "The code was typed wrongly: enter it again, or start again to get a new one."),
    (&[70_019, 90_119, 90_120, 90_121], RESTART),
    (&[70_020], "The code has expired: start again to get a new one. If it was fresh, check this device's clock."),
    (&[50_134], "Approve from the region where the sign-in was started, then start again."),
    (&[50_196], "The program asks too often: wait a few minutes before it starts again."),
    (
        &[50_059, 50_128, 90_019],
        "Name a tenant in the authority: https://login.microsoftonline.com/<tenant id or domain>, or /organizations.",
    ),
    (
        &[90_133, 9_001_023, 90_130, 90_124, 50_194, 9_002_332],
        "This app cannot use /common or /consumers: use /organizations or the tenant itself as the authority, or make the app registration multitenant.",
    ),
    (&[90_002], "No such tenant: check its id or domain, and that the authority is of the right cloud."),
    (&[90_038, 90_051], "The tenant is in another national cloud: use that cloud's host in the authority."),
    (
        &[50_020, 50_014, 50_034, 51_004, 16_000, 90_072],
        "This account is not in that tenant: sign in with another account or to another tenant, or have the account invited as a guest.",
    ),
    (
        &[500_208],
        "Accounts of External ID cannot use Microsoft's common page: open https://<name>.ciamlogin.com/common/oauth2/deviceauth instead.",
    ),
    (
        &[500_212, 500_213, 500_021, 500_022, 50_002],
        "A policy between the tenants forbids it: ask an administrator of either.",
    ),
    (
        &[7_000_218],
        "Let the app sign in without a secret: in its registration, under Authentication, set \"Allow public client flows\" to Yes.",
    ),
    (&[700_025], "The app is registered as a public client: remove the client secret."),
    (
        &[70_002, 7_000_215, 7_000_222],
        "The client secret is wrong or has expired: make a new one in the app registration.",
    ),
    (
        &[700_016, 70_001, 700_011],
        "The tenant does not know this app: check the client id and the tenant, or have an administrator consent to the app there.",
    ),
    (&[7_000_112], "The app is disabled in this tenant: an administrator can enable it under Enterprise applications."),
    (
        &[50_105],
        "The account is not assigned to the app: an administrator can assign it under Enterprise applications.",
    ),
    (&[65_001], "The app was not consented to: sign in again and accept, or have an administrator consent."),
    (&[65_004], "The consent was declined: start again, and accept when asked."),
    (
        &[65_005, 650_052, 650_054, 650_056, 650_057],
        "The app asks for a permission that its registration does not have: correct its API permissions.",
    ),
    (&[90_094, 90_095, 90_008], "An administrator of the tenant must consent to this app."),
    (&[500_011, 50_001], "The tenant does not know that API: check the address in the scopes, and the tenant."),
    (
        &[70_011, 28_002, 28_003, 700_022, 700_023, 901_002],
        "The scopes are wrong: name scopes of one API only, as in https://graph.microsoft.com/User.Read.",
    ),
    (&[500_113], "The app has no redirect address: add one to its registration."),
    (
        &[50_076, 50_079, 50_072, 50_074, 50_078, 50_158],
        "More proof is asked for: sign in again with a new code, passing the error's claims along, and complete the extra step.",
    ),
    (
        &[50_097, 50_155, 50_187, 50_129],
        "The tenant wants a device that it knows, which a sign-in by code cannot show: sign in with a browser on a managed device.",
    ),
    (
        &[50_005, 53_000, 53_001, 53_002, 50_131, 53_003, 530_032, 530_035, 53_004, 53_010, 53_011],
        "A Conditional Access policy forbids it; it may forbid device codes altogether: ask an administrator, or sign in with a browser.",
    ),
    (&[135_011], "The device is disabled: ask an administrator."),
    (
        &[50_053, 50_055, 50_056, 50_057, 50_064, 50_126, 50_144],
        "Something is wrong with the account or its password: sign in on the web to see what.",
    ),
    (
        &[70_000, 70_008, 700_082, 50_089, 50_132, 50_133, 50_173, 70_043, 50_085, 54_005],
        "The earlier sign-in is no longer valid: sign in again with a new code.",
    ),
    (
        &[700_084],
        "Sign-ins of a single-page app end after a day: register the app under Mobile and desktop applications.",
    ),
    (
        &[9_002_326, 9_002_327],
        "The browser's Origin header makes Entra take this for a single-page app: strip the header (an extension can, with declarativeNetRequest).",
    ),
    (
        &[90_014, 900_144, 90_023, 90_100, 9_002_313, 90_004],
        "The request arrived incomplete: check the extra parameters, and any proxy that rewrites requests.",
    ),
    (
        &[90_033, 90_012, 90_024, 90_006, 90_090, 50_033, 50_087, 50_088, 90_055, 70_012, 50_166],
        "Entra is in trouble or throttling; try again in a while.",
    ),
    (&[1_000_031], "The app cannot be used now: ask an administrator."),
];
