//! Entra's clouds and the names they go by: those that are built in, and those that Microsoft's instance discovery lists.

use std::borrow::Cow;

use crate::protocol::json::{self, Object, Value};
use crate::protocol::url::Url;

/// A cloud of Entra ID and the names it goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cloud {
    /// The host that is asked, and that issues ID tokens.
    pub network: Cow<'static, str>,
    /// The host under which MSAL's caches file what belongs to this cloud.
    pub environment: Cow<'static, str>,
    /// Hosts that mean this cloud, beside those that are built in.
    pub aliases: Vec<String>,
}

impl Cloud {
    /// The cloud that a host belongs to, of those that are built in.
    #[must_use]
    pub fn built_in(host: &str) -> Option<Self> {
        let (network, environment, _) = built_in(host)?;
        Some(Self { network: Cow::Borrowed(network), environment: Cow::Borrowed(environment), aliases: Vec::new() })
    }

    /// Whether a host means this cloud.
    #[must_use]
    pub fn is_named(&self, host: &str) -> bool {
        let is_same = |network: &str| self.network.eq_ignore_ascii_case(network);
        is_same(host)
            || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host))
            || built_in(host).is_some_and(|(network, ..)| is_same(network))
    }

    /// Whether its endpoints are known without asking.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        built_in(&self.network).is_some_and(|(network, ..)| self.network == *network)
    }
}

/// A cloud's network host, its environment, and every host that means it.
type BuiltIn = (&'static str, &'static str, &'static [&'static str]);

const CLOUDS: [BuiltIn; 8] = [
    (
        "login.microsoftonline.com",
        "login.windows.net",
        &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"],
    ),
    (
        "login.partner.microsoftonline.cn",
        "login.partner.microsoftonline.cn",
        &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    ),
    ("login.microsoftonline.us", "login.microsoftonline.us", &["login.microsoftonline.us", "login.usgovcloudapi.net"]),
    ("login.microsoftonline.de", "login.microsoftonline.de", &["login.microsoftonline.de"]),
    ("login-us.microsoftonline.com", "login-us.microsoftonline.com", &["login-us.microsoftonline.com"]),
    ("login.sovcloud-identity.fr", "login.sovcloud-identity.fr", &["login.sovcloud-identity.fr"]),
    ("login.sovcloud-identity.de", "login.sovcloud-identity.de", &["login.sovcloud-identity.de"]),
    ("login.sovcloud-identity.sg", "login.sovcloud-identity.sg", &["login.sovcloud-identity.sg"]),
];

fn built_in(host: &str) -> Option<&'static BuiltIn> {
    CLOUDS.iter().find(|(_, _, aliases)| aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host)))
}

/// The clouds that Microsoft's instance discovery lists; none for what is not its document.
#[must_use]
pub fn listed(document: &Object) -> Option<Vec<Cloud>> {
    let Some(Value::List(entries)) = document.get("metadata") else {
        return None;
    };
    let read = |entry: &Value| {
        let Value::Object(entry) = entry else {
            return None;
        };
        let host = |name: &str| {
            let host = json::text(entry, name)?;
            Some(Url::parse(&format!("https://{host}")).ok()?.host_and_port())
        };
        let aliases = json::texts(entry, "aliases");
        Some(Cloud {
            network: host("preferred_network")?.into(),
            environment: host("preferred_cache")?.into(),
            aliases,
        })
    };
    Some(entries.iter().filter_map(read).collect())
}

/// Whether two hosts mean the same cloud, of those that are built in. Each library files under another of a cloud's names.
#[must_use]
pub fn same_environment(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || built_in(one).is_some_and(|(_, _, aliases)| aliases.iter().any(|alias| alias.eq_ignore_ascii_case(other)))
}
