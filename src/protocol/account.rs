//! Who signed in: the account, from `client_info` and the ID token's claims (MSAL's `AccountInfo`).

use crate::error::{Error, Fault};
use crate::protocol::authority::{Kind, Server};
use crate::protocol::id_token::{Claims, decode_base64url};
use crate::protocol::json::{self, Value};
use crate::protocol::text::clean;

/// Entra's word on whose account it is: the account's home, whichever tenant it signed in to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// The account's id in its home tenant.
    pub uid: String,
    /// The home tenant.
    pub utid: String,
    /// Where the tenant's data must stay, if anywhere: `EU`.
    pub data_boundary: Option<&'static str>,
}

impl ClientInfo {
    /// Decodes `client_info`: base64url of JSON.
    ///
    /// # Errors
    /// [`Fault::UnreadableReply`] where it is not that.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let object = decode_base64url(text).and_then(|text| json::value(&text));
        let Some(Value::Object(object)) = object else {
            return Err(Error::new(Fault::UnreadableReply {
                what: "client_info",
                status: 200,
                problem: "it is not base64url JSON".to_owned(),
            }));
        };
        let field = |name: &str| json::text(&object, name).unwrap_or_default().to_owned();
        let data_boundary = json::text(&object, "xms_tdbr").map(|region| if region == "EU" { "EU" } else { "None" });
        Ok(Self { uid: field("uid"), utid: field("utid"), data_boundary })
    }
}

/// The account, with MSAL's field names in Rust's spelling. The names that programs greet people by are cleaned; ids are
/// left as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// `uid.utid`, or the token's subject where the server is not Entra.
    pub home_account_id: String,
    /// The host that caches file the account under.
    pub environment: String,
    /// The tenant signed in to.
    pub tenant_id: String,
    /// What the person types to sign in; an e-mail address as a rule. Empty where the server does not tell.
    pub username: String,
    /// The account's id in the tenant signed in to.
    pub local_account_id: String,
    /// What to hand back to have the same account offered.
    pub login_hint: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// The user principal name.
    pub upn: Option<String>,
    /// `MSSTS`, `ADFS` or `Generic`.
    pub authority_type: &'static str,
    /// Whether the tenant signed in to is the account's home.
    pub is_home_tenant: bool,
    /// Whether the person asked to be kept signed in; none without an ID token.
    pub kmsi: Option<bool>,
    /// `EU` or `None`, where the server tells.
    pub data_boundary: Option<&'static str>,
    /// The account as each tenant knows it that it has signed in to.
    pub profiles: Vec<Profile>,
}

/// An account as one tenant knows it (MSAL's `TenantProfile`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The tenant.
    pub tenant_id: String,
    /// The account's id in that tenant.
    pub local_account_id: String,
    /// What the person types to sign in there.
    pub username: String,
    /// What to hand back to have the same account offered.
    pub login_hint: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// The user principal name.
    pub upn: Option<String>,
    /// Whether it is the account's home.
    pub is_home_tenant: bool,
}

impl Profile {
    /// The profile that an account is looked at by.
    #[must_use]
    pub fn of(account: &Account) -> Self {
        Self {
            tenant_id: account.tenant_id.clone(),
            local_account_id: account.local_account_id.clone(),
            username: account.username.clone(),
            login_hint: account.login_hint.clone(),
            name: account.name.clone(),
            upn: account.upn.clone(),
            is_home_tenant: account.is_home_tenant,
        }
    }

    /// Reads what MSAL's caches hold: JSON text.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let object = json::object(text).ok()?;
        let field = |name: &str| json::text(&object, name).map(str::to_owned);
        Some(Self {
            tenant_id: field("tenantId").unwrap_or_default(),
            local_account_id: field("localAccountId").unwrap_or_default(),
            username: field("username").unwrap_or_default(),
            login_hint: field("loginHint"),
            name: field("name"),
            upn: field("upn"),
            is_home_tenant: object.get("isHomeTenant") == Some(&Value::Bool(true)),
        })
    }
}

impl Account {
    /// The account that a reply speaks of; none where it has neither claims nor client info.
    #[must_use]
    pub fn from_reply(server: &Server, claims: Option<&Claims>, info: Option<&ClientInfo>) -> Option<Self> {
        if claims.is_none() && info.is_none() {
            return None;
        }
        let claim = |names: &[&str]| claims.map(|claims| claims.first_text(names)).unwrap_or_default();
        let optional = |names: &[&str]| Some(claim(names).to_owned()).filter(|text| !text.is_empty());
        let info = info.filter(|info| !info.uid.is_empty() && !info.utid.is_empty());
        let (uid, utid) = info.map_or(("", ""), |info| (&info.uid, &info.utid));
        let tenant_id = first(claim(&["tid", "tfp", "acr"]), utid);
        let mut account = Self {
            home_account_id: info
                .map_or_else(|| claim(&["sub"]).to_owned(), |info| format!("{}.{}", info.uid, info.utid)),
            environment: server.authority.environment(),
            tenant_id: tenant_id.to_owned(),
            username: clean(claims.map(username).unwrap_or_default()),
            local_account_id: first(claim(&["oid", "sub"]), uid).to_owned(),
            login_hint: optional(&["login_hint"]),
            name: optional(&["name"]).map(|name| clean(&name)),
            upn: optional(&["upn"]).map(|upn| clean(&upn)),
            authority_type: match server.authority.kind() {
                Kind::Adfs => ADFS,
                _ if server.is_microsoft() => ENTRA,
                _ => OTHERS,
            },
            is_home_tenant: info.is_none_or(|info| info.utid == tenant_id),
            kmsi: claims.map(keeps_signed_in),
            data_boundary: info.and_then(|info| info.data_boundary),
            profiles: Vec::new(),
        };
        account.profiles.push(Profile::of(&account));
        Some(account)
    }

    /// The account of somebody whom a server let in without saying who it was, as plain OAuth does. `id` is new each time: two
    /// sign-ins may be two people.
    #[must_use]
    pub fn of_somebody(environment: String, id: String) -> Self {
        let mut account = Self {
            home_account_id: id.clone(),
            local_account_id: id,
            environment,
            authority_type: OTHERS,
            is_home_tenant: true,
            ..Self::default()
        };
        account.profiles.push(Profile::of(&account));
        account
    }

    /// The account as one of its tenants knows it. What the ID token from there says goes first; a profile without names leaves
    /// the account its own.
    #[must_use]
    pub fn in_tenant(&self, profile: &Profile, claims: Option<&Claims>) -> Self {
        let claim = |name: &str| Some(claims?.text(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        let of_profile = |text: &String| Some(text).filter(|text| !text.is_empty()).cloned();
        let username = claims.map(username).filter(|name| !name.is_empty()).map(clean);
        Self {
            tenant_id: profile.tenant_id.clone(),
            local_account_id: of_profile(&profile.local_account_id).unwrap_or_else(|| self.local_account_id.clone()),
            username: username.or_else(|| of_profile(&profile.username)).unwrap_or_else(|| self.username.clone()),
            login_hint: claim("login_hint").or_else(|| profile.login_hint.clone()),
            name: claim("name").map(|name| clean(&name)).or_else(|| profile.name.clone()).or_else(|| self.name.clone()),
            upn: claim("upn").map(|upn| clean(&upn)).or_else(|| profile.upn.clone()),
            is_home_tenant: profile.is_home_tenant,
            kmsi: claims.map(keeps_signed_in),
            ..self.clone()
        }
    }
}

const ENTRA: &str = "MSSTS";
const ADFS: &str = "ADFS";
const OTHERS: &str = "Generic";

/// The name of a sort of server, as caches have it.
#[must_use]
pub fn authority_type(name: &str) -> &'static str {
    [ENTRA, ADFS].into_iter().find(|known| *known == name).unwrap_or(OTHERS)
}

/// What the person types to sign in, as an ID token has it.
fn username(claims: &Claims) -> &str {
    match claims.first_text(&["preferred_username", "upn"]) {
        "" => claims.list("emails").next().unwrap_or_else(|| claims.text("email")),
        username => username,
    }
}

/// `kmsi` or `dvc_dmjd` among `signin_state`.
fn keeps_signed_in(claims: &Claims) -> bool {
    claims.list("signin_state").any(|state| matches!(state, "kmsi" | "dvc_dmjd"))
}

const fn first<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.is_empty() { other } else { one }
}
