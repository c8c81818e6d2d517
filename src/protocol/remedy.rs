//! Advice: what to do about an error, and the page to open for it. Hints only; no logic depends on a number, since Microsoft says
//! that programs which do will break.
//!
//! These tables are all there is: the errors carry what they say, and docs/errors.md is made of them.

use crate::protocol::text::percent_encoded;

/// What to do about an error.
#[derive(Debug, PartialEq, Eq)]
pub struct Remedy {
    /// What it means. For the documentation alone, so that no program carries it.
    #[cfg(not(target_arch = "wasm32"))]
    pub meaning: &'static str,
    /// A sentence or two.
    pub advice: &'static str,
    /// The page to open: a URL in which `{client}`, `{tenant}`, `{login}`, `{portal}` and `{host}` stand for the client's id, the
    /// authority's tenant, its cloud's sign-in host, its cloud's admin center, and the authority's host.
    pub page: Option<&'static str>,
}

#[cfg_attr(target_arch = "wasm32", allow(unused_variables, reason = "the meaning stays out of the module"))]
const fn remedy(meaning: &'static str, advice: &'static str, page: Option<&'static str>) -> Remedy {
    Remedy {
        #[cfg(not(target_arch = "wasm32"))]
        meaning,
        advice,
        page,
    }
}

/// What to do about an AADSTS number.
#[must_use]
pub fn for_number(number: u32) -> Option<&'static Remedy> {
    ENTRA.iter().find(|(numbers, _)| numbers.contains(&number)).map(|(_, remedy)| remedy)
}

/// What to do about a `suberror`, whose numbers tell nothing.
#[must_use]
pub fn for_suberror(suberror: &str) -> Option<&'static Remedy> {
    SUBERRORS.iter().find(|(known, _)| *known == suberror).map(|(_, remedy)| remedy)
}

/// What to do about a server's `error`, whose numbers tell nothing.
#[must_use]
pub fn for_error(error: &str) -> Option<&'static Remedy> {
    SERVERS.iter().find(|(errors, _)| errors.contains(&error)).map(|(_, remedy)| remedy)
}

/// What to do about an `errorCode` that is MSAL's or our own.
#[must_use]
pub fn for_code(code: &str) -> Option<&'static Remedy> {
    OURS.iter().find(|(known, _)| *known == code).map(|(_, remedy)| remedy)
}

/// Microsoft's page on an AADSTS number.
#[must_use]
pub fn lookup_page(number: u32) -> String {
    format!("https://login.microsoftonline.com/error?code={number}")
}

/// Where a client and its authority have their pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The client's id.
    pub client_id: String,
    /// The tenant that an administrator is of.
    pub tenant: String,
    /// The host of the cloud.
    pub login: String,
    /// The authority's own host, where people of it have pages.
    pub page_host: Option<String>,
    /// Whether the server is Microsoft's.
    pub is_microsoft: bool,
}

impl Place {
    /// A remedy's page here; none where this sort of server has no such page.
    #[must_use]
    pub fn page(&self, template: &str) -> Option<String> {
        if template.contains("{host}") && self.page_host.is_none() {
            return None;
        }
        let portal = match &*self.login {
            "login.microsoftonline.us" => "entra.microsoft.us",
            "login.partner.microsoftonline.cn" => "entra.microsoftonline.cn",
            _ => "entra.microsoft.com",
        };
        let client_id = percent_encoded(&self.client_id);
        let parts = [
            ("{client}", &*client_id),
            ("{tenant}", &self.tenant),
            ("{login}", &self.login),
            ("{portal}", portal),
            ("{host}", self.page_host.as_deref().unwrap_or_default()),
        ];
        Some(parts.iter().fold(template.to_owned(), |url, (part, value)| url.replace(part, value)))
    }
}

const AUTHENTICATION: Option<&str> =
    Some("https://{portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Authentication/appId/{client}");
const CREDENTIALS: Option<&str> =
    Some("https://{portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/Credentials/appId/{client}");
const PERMISSIONS: Option<&str> =
    Some("https://{portal}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/CallAnAPI/appId/{client}");
const ENTERPRISE_APPS: Option<&str> =
    Some("https://{portal}/#view/Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview");
const SIGN_IN_LOGS: Option<&str> = Some("https://{portal}/#view/Microsoft_AAD_IAM/SignInEventsV3Blade");
const ADMIN_CONSENT: Option<&str> = Some("https://{login}/{tenant}/adminconsent?client_id={client}");
const SECURITY_INFO: Option<&str> = Some("https://mysignins.microsoft.com/security-info");
const PASSWORD_RESET: Option<&str> = Some("https://passwordreset.microsoftonline.com");

/// What to do about a refusal of which nothing is known.
pub const UNKNOWN: Remedy = remedy(
    "Any other word of the server's",
    "Read what the server says; if that does not help, ask those who run it, with the trace id and the time.",
    None,
);

/// Entra's errors, by their AADSTS numbers. The meanings are from Microsoft's list of them.
pub const ENTRA: &[(&[u32], Remedy)] = &[
    (&[70_016], remedy("The person has not finished yet", "Nothing is wrong: the sign-in is not completed yet.", None)),
    (
        &[70_018],
        remedy(
            "The code was typed wrongly",
            "Enter the code again, as it is shown, or start again to get a new one.",
            None,
        ),
    ),
    (&[70_019], remedy("The code has expired", "Start again to get a new code.", None)),
    (
        &[70_020],
        remedy(
            "The device code has expired, or is not valid",
            "Start again to get a new code. If it was fresh, check this device's clock.",
            None,
        ),
    ),
    (
        &[90_119, 90_120, 90_121],
        remedy("No code was typed, or the request was answered already", "Start again to get a new code.", None),
    ),
    (
        &[50_134],
        remedy(
            "The code was approved in another region than it was asked for in",
            "Approve from the region where the sign-in was started, then start again.",
            None,
        ),
    ),
    (
        &[50_196],
        remedy(
            "Entra takes the requests for a loop",
            "The program asks too often: wait a few minutes before it starts again.",
            None,
        ),
    ),
    (
        &[50_059, 50_128, 90_019],
        remedy(
            "Nothing in the request tells the tenant",
            "Name a tenant in the authority: https://login.microsoftonline.com/<tenant id or domain>, or /organizations.",
            Some("https://learn.microsoft.com/entra/fundamentals/how-to-find-tenant"),
        ),
    ),
    (
        &[90_133, 9_001_023, 90_130, 90_124, 50_194, 9_002_332],
        remedy(
            "The app, or this grant, is not allowed at /common or /consumers",
            "Use /organizations or the tenant itself as the authority, or make the app registration multitenant.",
            AUTHENTICATION,
        ),
    ),
    (
        &[90_002],
        remedy(
            "There is no such tenant",
            "Check the tenant's id or domain, and that the authority is of the right cloud.",
            Some("https://learn.microsoft.com/entra/fundamentals/how-to-find-tenant"),
        ),
    ),
    (
        &[90_038, 90_051],
        remedy(
            "The tenant is in another national cloud",
            "Use that cloud's host in the authority, such as login.microsoftonline.us or login.partner.microsoftonline.cn.",
            Some("https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud"),
        ),
    ),
    (
        &[50_020, 50_014, 50_034, 51_004, 16_000, 90_072],
        remedy(
            "The account is not in the tenant",
            "Sign in with another account or to another tenant, or have the account invited as a guest.",
            Some("https://learn.microsoft.com/entra/external-id/b2b-quickstart-add-guest-users-portal"),
        ),
    ),
    (
        &[500_208],
        remedy(
            "The page for the code is for accounts of another kind",
            "Accounts of External ID cannot use Microsoft's common page: open https://<name>.ciamlogin.com/common/oauth2/deviceauth instead.",
            Some("https://{host}/common/oauth2/deviceauth"),
        ),
    ),
    (
        &[500_212, 500_213, 500_021, 500_022, 50_002],
        remedy(
            "A policy between the tenants, or of the network, forbids it",
            "Ask an administrator of either tenant.",
            Some("https://learn.microsoft.com/entra/external-id/cross-tenant-access-overview"),
        ),
    ),
    (
        &[7_000_218],
        remedy(
            "The server wants a secret or an assertion of the client",
            "Let the app sign in without a secret: in its registration, under Authentication, set \"Allow public client flows\" to Yes.",
            AUTHENTICATION,
        ),
    ),
    (
        &[700_025],
        remedy(
            "A public client sent a secret",
            "The app is registered as a public client: remove the client secret.",
            AUTHENTICATION,
        ),
    ),
    (
        &[50_011, 500_113, 900_971],
        remedy(
            "The redirect URI is not registered",
            "Register the redirect URI of the request, to the letter: in the app's registration, under Authentication.",
            AUTHENTICATION,
        ),
    ),
    (
        &[700_024, 700_027, 700_030],
        remedy(
            "The client assertion was refused",
            "Check that the certificate is the one in the app registration and has not expired, and this machine's clock.",
            CREDENTIALS,
        ),
    ),
    (
        &[50_148, 501_481],
        remedy(
            "PKCE's verifier is not that of the challenge",
            "Start the sign-in again, and pass the codeVerifier that was made with its codeChallenge.",
            None,
        ),
    ),
    (
        &[50_013, 500_131, 500_133],
        remedy(
            "The token of whoever called cannot be used on their behalf",
            "Pass the access token that this API was called with: one for this very app that has not expired.",
            None,
        ),
    ),
    (
        &[1_002_012],
        remedy(
            "A client's own token has another sort of scope",
            "Ask for one scope that ends in /.default, such as https://graph.microsoft.com/.default.",
            None,
        ),
    ),
    (
        &[70_002, 7_000_215, 7_000_222],
        remedy(
            "The client secret is wrong or has expired",
            "Make a new client secret in the app registration.",
            CREDENTIALS,
        ),
    ),
    (
        &[700_016, 70_001, 700_011],
        remedy(
            "The app is not in the tenant, or is disabled",
            "The tenant does not know this app: check the client id and the tenant, or have an administrator consent to the app there.",
            ADMIN_CONSENT,
        ),
    ),
    (
        &[7_000_112],
        remedy(
            "The app is disabled",
            "The app is disabled in this tenant: an administrator can enable it under Enterprise applications.",
            ENTERPRISE_APPS,
        ),
    ),
    (
        &[50_105],
        remedy(
            "The person is not assigned to the app",
            "An administrator can assign the account, or a group of it, under Enterprise applications.",
            ENTERPRISE_APPS,
        ),
    ),
    (
        &[65_001],
        remedy(
            "Consent is missing",
            "The app was not consented to: sign in again and accept, or have an administrator consent.",
            ADMIN_CONSENT,
        ),
    ),
    (&[65_004], remedy("The person declined to consent", "Start again, and accept when asked.", None)),
    (
        &[65_005, 650_052, 650_054, 650_056, 650_057],
        remedy(
            "The app's required resources or permissions are misconfigured",
            "The app asks for a permission that its registration does not have: correct its API permissions.",
            PERMISSIONS,
        ),
    ),
    (
        &[90_094, 90_095, 90_008],
        remedy(
            "An administrator's consent is needed",
            "Have an administrator of the tenant consent to this app.",
            ADMIN_CONSENT,
        ),
    ),
    (
        &[500_011, 50_001],
        remedy(
            "The API is not in the tenant, or is disabled",
            "The tenant does not know that API: check the address in the scopes, and the tenant.",
            PERMISSIONS,
        ),
    ),
    (
        &[70_011, 28_002, 28_003, 700_022, 700_023, 901_002],
        remedy(
            "A scope is wrong, or scopes of several APIs were asked for at once",
            "Name scopes of one API only, as in https://graph.microsoft.com/User.Read; where Entra refuses `resource`, leave it out.",
            PERMISSIONS,
        ),
    ),
    (
        &[50_072, 50_079],
        remedy(
            "The person has to register for multifactor authentication",
            "Register a second step at the page, then sign in again, passing the error's claims along.",
            SECURITY_INFO,
        ),
    ),
    (
        &[50_074, 50_076, 50_078, 50_158],
        remedy(
            "More proof is asked for: multifactor authentication, or an external check",
            "Sign in again, passing the error's claims along, and complete the extra step.",
            None,
        ),
    ),
    (
        &[50_097, 50_155, 50_187, 50_129],
        remedy(
            "The device has to prove what it is, or could not",
            "The tenant wants a device that it knows, which a sign-in by code cannot show: sign in with a browser on a managed device.",
            None,
        ),
    ),
    (
        &[50_005, 53_000, 53_001, 53_002, 50_131, 53_003, 530_032, 530_035, 53_004, 53_010, 53_011],
        remedy(
            "Conditional Access, security defaults or a risk policy forbids it",
            "A policy forbids it, and may forbid device codes altogether: ask an administrator, who finds which in the sign-in logs, or sign in with a browser.",
            SIGN_IN_LOGS,
        ),
    ),
    (
        &[135_011],
        remedy(
            "The device is disabled",
            "Ask an administrator to enable the device.",
            Some("https://{portal}/#view/Microsoft_AAD_Devices/DevicesMenuBlade/~/Devices"),
        ),
    ),
    (
        &[50_053, 50_055, 50_056, 50_057, 50_064, 50_126, 50_144],
        remedy(
            "The account is locked or disabled, or its password is wrong or has expired",
            "Sign in on the web to see what is wrong, reset the password, or ask an administrator.",
            PASSWORD_RESET,
        ),
    ),
    (
        &[70_000, 70_008, 700_082, 50_089, 50_132, 50_133, 50_173, 70_043, 50_085, 54_005],
        remedy(
            "The refresh token or the session has expired or was revoked",
            "The earlier sign-in is no longer valid: sign in again.",
            None,
        ),
    ),
    (
        &[700_084],
        remedy(
            "A refresh token of a single-page app has lived its 24 hours",
            "Register the app under Mobile and desktop applications, whose refresh tokens live longer, and sign in again.",
            AUTHENTICATION,
        ),
    ),
    (
        &[9_002_326],
        remedy(
            "A browser sent an Origin header, which Entra takes from single-page apps alone",
            "Have the Origin header left out: an extension can, by a declarativeNetRequest rule for its own requests; a page has to send them through a server.",
            None,
        ),
    ),
    (
        &[9_002_327],
        remedy(
            "The tokens are those of a single-page app, which is to send an Origin header",
            "Register the app under Mobile and desktop applications, not as a single-page application; an extension leaves the Origin header out (declarativeNetRequest). Then sign in again.",
            AUTHENTICATION,
        ),
    ),
    (
        &[90_014, 900_144, 90_023, 90_100, 9_002_313, 90_004],
        remedy(
            "A parameter is missing or malformed",
            "The request arrived incomplete: check the extra parameters, and any proxy that rewrites requests.",
            None,
        ),
    ),
    (
        &[90_033, 90_012, 90_024, 90_006, 90_090, 50_033, 50_087, 50_088, 90_055, 70_012, 50_166],
        remedy("Entra is in trouble, or throttles", "Try again in a while.", Some("https://status.azure.com")),
    ),
    (&[1_000_031], remedy("The app cannot be used now", "Ask an administrator of the tenant.", ENTERPRISE_APPS)),
];

/// Entra's refinements of `invalid_grant` and others: its `suberror`.
pub const SUBERRORS: &[(&str, Remedy)] = &[
    (
        "basic_action",
        remedy("The person can set it right in the sign-in", "Sign in again, passing the error's claims along.", None),
    ),
    (
        "additional_action",
        remedy(
            "The person has to do something outside the sign-in, which explains it",
            "Sign in again, and follow what the page says.",
            None,
        ),
    ),
    (
        "message_only",
        remedy(
            "It cannot be set right now; a sign-in would show a message and no more",
            "Read what the server says; to sign in again would not help.",
            None,
        ),
    ),
    ("consent_required", remedy("Consent is missing or was revoked", "Sign in again, and accept.", None)),
    (
        "user_password_expired",
        remedy("The password has expired", "Change the password, then sign in again.", PASSWORD_RESET),
    ),
    ("bad_token", remedy("The refresh token is of no use any more", "Sign in again.", None)),
    ("token_expired", remedy("The refresh token has expired", "Sign in again.", None)),
    (
        "device_authentication_failed",
        remedy("The device could not prove what it is", "Have the device registered again, then sign in again.", None),
    ),
    (
        "protection_policy_required",
        remedy(
            "An app protection policy applies",
            "The tenant wants an app that Intune manages: ask an administrator.",
            None,
        ),
    ),
    ("client_mismatch", remedy("The refresh token is another client's", "Sign in with this client once.", None)),
];

/// What servers answer with: the `error` of RFC 6749, RFC 8628, OpenID Connect and Entra.
pub const SERVERS: &[(&[&str], Remedy)] = &[
    (
        &["authorization_declined", "access_denied"],
        remedy("The person, or a policy on their behalf, said no", "Start again, and accept when asked.", None),
    ),
    (
        &["expired_token", "bad_verification_code", "incorrect_device_code"],
        remedy("The device code is not known any more", "Start again to get a new code.", None),
    ),
    (
        &["invalid_client", "unauthorized_client", "incorrect_client_credentials"],
        remedy(
            "The client is not known, or may not do this",
            "Check the client id, and its secret or certificate; without one, this server must take it as a public client.",
            None,
        ),
    ),
    (
        &["invalid_scope"],
        remedy(
            "A scope is not known, or not allowed",
            "Check the scopes: each must be one that this server knows and this client may ask for.",
            None,
        ),
    ),
    (
        &["invalid_target", "invalid_resource"],
        remedy("The API is not known", "Check the request's resource: it must be an API that this server knows.", None),
    ),
    (
        &["unsupported_grant_type", "device_flow_disabled"],
        remedy(
            "The server does not take this grant",
            "This server does not offer this way to a token, or it is switched off: for device codes at GitHub, tick Enable Device Flow in the app's settings.",
            None,
        ),
    ),
    (
        &["invalid_request"],
        remedy(
            "The request is not as the server wants it",
            "The server's description says what it misses: check the client id, the scopes and the extra parameters.",
            None,
        ),
    ),
    (
        &[
            "interaction_required",
            "consent_required",
            "login_required",
            "invalid_grant",
            "bad_token",
            "bad_refresh_token",
            "ui_not_allowed",
            "interrupted_user",
        ],
        remedy("Only the person can set it right", "Sign in again, passing the error's claims along.", None),
    ),
    (&["temporarily_unavailable", "server_error"], remedy("The server is in trouble", "Try again in a while.", None)),
];

/// What goes wrong on this side: MSAL's codes, and doorcode's own.
pub const OURS: &[(&str, Remedy)] = &[
    (
        "invalid_configuration",
        remedy("A field of the configuration is missing or wrong", "Correct the field that the error names.", None),
    ),
    (
        "invalid_request_parameter",
        remedy("A field of a request is missing or wrong", "Correct the field that the error names.", None),
    ),
    (
        "empty_url_error",
        remedy("The authority is empty", "Name a URL, such as https://login.microsoftonline.com/organizations.", None),
    ),
    ("url_parse_error", remedy("The authority is no URL that can be used", "Correct the authority.", None)),
    (
        "authority_uri_insecure",
        remedy("The authority is plain http", "Use https://; http:// is for servers on this machine alone.", None),
    ),
    (
        "untrusted_authority",
        remedy(
            "The host is none of Microsoft's, and nobody has vouched for it",
            "For an OpenID provider set system.protocolMode to \"OIDC\"; a domain of your own for External ID goes into auth.knownAuthorities.",
            None,
        ),
    ),
    (
        "issuer_validation_failed",
        remedy(
            "The discovery document is somebody else's",
            "Name the issuer itself as the authority, or add its host to auth.knownAuthorities if it is yours.",
            None,
        ),
    ),
    (
        "redirect_uri_empty",
        remedy(
            "The redirect URI is missing",
            "Name the address of yours that people come back to, as it is registered.",
            None,
        ),
    ),
    (
        "pkce_params_missing",
        remedy(
            "One half of PKCE's challenge is missing",
            "Pass codeChallenge and codeChallengeMethod (\"S256\"), or neither.",
            None,
        ),
    ),
    (
        "invalid_code_challenge_method",
        remedy("PKCE's method is none that there is", "Make codeChallengeMethod \"S256\".", None),
    ),
    ("invalid_response_mode", remedy("The response mode is none that there is", "Use one of ResponseMode.", None)),
    (
        "missing_tenant_id_error",
        remedy(
            "A client asks for a token of its own, and no tenant is named",
            "Name the tenant in the authority, by its id or domain, instead of common or organizations.",
            None,
        ),
    ),
    (
        "state_mismatch",
        remedy(
            "The answer at the redirect URI is not to this request",
            "Start the sign-in again. If it stays so, see that state is kept in the browser's own session until the answer comes.",
            None,
        ),
    ),
    (
        "issuer_mismatch",
        remedy(
            "The answer at the redirect URI is another server's (RFC 9207)",
            "Start the sign-in again. With several servers, keep with each sign-in which of them was asked.",
            None,
        ),
    ),
    (
        "end_session_endpoint_not_supported",
        remedy(
            "The server has no page to sign out on",
            "Forget the account with signOut; at the server, people stay signed in until their session there ends.",
            None,
        ),
    ),
    (
        "device_code_not_offered",
        remedy("Azure AD B2C has no device codes", "Use Entra ID or External ID, or sign in with a browser.", None),
    ),
    (
        "invalid_authority_metadata",
        remedy(
            "auth.authorityMetadata cannot be used",
            "Give the authority's discovery document as JSON text, with a token_endpoint and a device_authorization_endpoint.",
            None,
        ),
    ),
    (
        "invalid_cloud_discovery_metadata",
        remedy(
            "auth.cloudDiscoveryMetadata cannot be used",
            "Give the answer of instance discovery as JSON text.",
            None,
        ),
    ),
    (
        "invalid_claims",
        remedy(
            "The claims request is no JSON object",
            "Pass the claims of an error as they are, or the text of a JSON object.",
            None,
        ),
    ),
    (
        "resource_parameter_required",
        remedy("auth.isMcp is set, and the request names no API", "Name the API in the request's resource.", None),
    ),
    (
        "misplaced_resource_parameter",
        remedy(
            "The API is named twice",
            "Name it in the request's resource alone, not among the extra parameters.",
            None,
        ),
    ),
    (
        "request_cannot_be_made",
        remedy("Something was asked of a flow that it cannot do now", "The message says what comes first.", None),
    ),
    (
        "no_account_in_silent_request",
        remedy("A silent request names no account", "Pass an account that getAllAccounts or a sign-in returned.", None),
    ),
    (
        "device_code_expired",
        remedy("The code expired before the person was done", "Start again to get a new code.", None),
    ),
    (
        "user_timeout_reached",
        remedy(
            "The request's own timeout came before the person was done",
            "Start again, with a longer timeout or none.",
            None,
        ),
    ),
    (
        "device_code_polling_cancelled",
        remedy("The program gave up, by cancel or signal", "Start again to sign in.", None),
    ),
    (
        "network_error",
        remedy(
            "No reply, or not all of it",
            "Check the connection, the proxy and the firewall of this machine, then try again. A page needs the server's leave (CORS), an extension the host among its host_permissions.",
            None,
        ),
    ),
    (
        "endpoints_resolution_error",
        remedy(
            "The authority's discovery document could not be had or used",
            "Open the address in the error to see what is there; check the authority and the connection, and for an OpenID provider that system.protocolMode is \"OIDC\".",
            None,
        ),
    ),
    (
        "post_request_failed",
        remedy(
            "The server refused without saying why, or redirected",
            "Check the authority, and any proxy in between: this is not how an authorization server answers.",
            None,
        ),
    ),
    (
        "token_parsing_error",
        remedy(
            "The server's answer cannot be read",
            "Check the authority, and any proxy in between: this is not how an authorization server answers.",
            None,
        ),
    ),
    (
        "unsafe_verification_uri",
        remedy("The page for the code is none to send people to", "Do not open it; check the authority.", None),
    ),
    (
        "invalid_id_token",
        remedy(
            "The ID token is not for this program, or not from this authority",
            "Check the client id and the authority; and this device's clock, if the token has expired.",
            None,
        ),
    ),
    (
        "nonce_mismatch",
        remedy("The ID token was made for another request", "Start again; if it stays so, check the authority.", None),
    ),
    ("no_tokens_found", remedy("Nothing is remembered that would do without the person", "Sign in.", None)),
    ("refresh_token_expired", remedy("The refresh token has expired, or soon will", "Sign in again.", None)),
    (
        "invalid_cache_record",
        remedy("A stored cache cannot be read", "It was left as it is: move it away to start anew, or mend it.", None),
    ),
];

/// What goes wrong with a client's credential, and on the machine of a sign-in in a browser. These errors are made in JavaScript; here they are for docs/errors.md.
pub const CLIENT_CREDENTIALS: &[(&str, Remedy)] = &[
    (
        "invalid_client_credential",
        remedy(
            "There is not exactly one credential, or a part of it is missing",
            "Pass one of clientSecret, clientAssertion and clientCertificate, as the error says.",
            None,
        ),
    ),
    (
        "invalid_assertion",
        remedy(
            "The function for client assertions returned none",
            "Have it return a string that is not empty, or a promise of one.",
            None,
        ),
    ),
    (
        "no_loopback_server_exists",
        remedy(
            "No port can be opened for the answer of a sign-in in a browser",
            "Let the program listen on 127.0.0.1, or sign in with a device code.",
            None,
        ),
    ),
    (
        "no_crypto_object",
        remedy("The runtime has no WebCrypto here", "Serve the page by https, or from this machine.", None),
    ),
];

/// What goes wrong with a store of tokens. These errors are made in JavaScript; here they are for docs/errors.md.
pub const STORES: &[(&str, Remedy)] = &[
    (
        "cache_conflict",
        remedy(
            "Others wrote to the store each time this program tried to",
            "Try again; the change is kept in memory until then.",
            None,
        ),
    ),
    (
        "cache_store_failed",
        remedy("The store of tokens could not be read or written", "Read what the error says of the store.", None),
    ),
    (
        "cache_decryption_failed",
        remedy(
            "What is stored was encrypted with another key, or was tampered with",
            "Pass the key that it was encrypted with; it was left as it is.",
            None,
        ),
    ),
];
