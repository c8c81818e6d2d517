//! docs/errors.md is made of the tables that the errors themselves are made of. `UPDATE_DOCS=1 cargo test docs` writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use doorcode::error::{Class, Fault};
use doorcode::protocol::remedy::{self, Remedy};
use doorcode::protocol::server_answer::ServerAnswer;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md");

const HEAD: &str = "# Errors

This page is written by a test from the tables in `src/protocol/remedy.rs`; the errors carry the same words as their `remedy`.

Every error is an `AuthError` or one of its four kinds, whose names are MSAL's. Programs go by `errorCode` and `subError`, or by these two:

- `needsInteraction`: the person can help by signing in again. Start a device flow, with the error's `claims` in its request.
- `retryable`: the network or the server was in trouble; the same request may do later.

People are helped by `message`, which keeps the server's own words, by `remedy`, and by `remedyUrl`, the page to open. Where the server
answered, `status`, `errorDescription`, `errorNo`, `errorCodes`, `traceId`, `timestamp`, `correlationId`, `claims` and `errorUri` hold what it
sent, and `cause` its whole answer; otherwise `cause` is what the network or a store threw, or what is known. None of them holds a token or a
device code.

```js
try {
  result = await pca.acquireTokenSilent({ scopes, account });
} catch (error) {
  if (!error.needsInteraction) throw error;
  result = await pca.acquireTokenByDeviceCode({ scopes, claims: error.claims, deviceCodeCallback });
}
```

`await diagnose({ auth })` looks for most of what is below before anybody signs in.
";

fn answer(error: &str, suberror: &str) -> ServerAnswer {
    ServerAnswer { error: error.to_owned(), suberror: suberror.to_owned(), status: 400, ..ServerAnswer::default() }
}

/// What a program sees of an error: its class, and whether the person or a second try can help.
fn seen(error: &Fault) -> (&'static str, &'static str) {
    let helps = match (error.needs_interaction(), error.is_outage()) {
        (true, _) => "needsInteraction",
        (_, true) => "retryable",
        _ => "",
    };
    (error.class().name(), helps)
}

/// The page that a remedy names, with words for what depends on the program.
fn link(remedy: &Remedy) -> String {
    let Some(page) = remedy.page else {
        return String::new();
    };
    let words = [("{client}", "<client id>"), ("{tenant}", "<tenant>"), ("{host}", "<authority's host>")];
    let hosts = [("{login}", "login.microsoftonline.com"), ("{portal}", "entra.microsoft.com")];
    let url = hosts.iter().chain(&words).fold(page.to_owned(), |url, (part, value)| url.replace(part, value));
    if url.contains('<') { format!(" `{url}`") } else { format!(" <{url}>") }
}

fn row(page: &mut String, first: &[String], remedy: &Remedy) {
    let first = first.join(" | ");
    writeln!(page, "| {first} | {} | {}{} |", remedy.meaning, remedy.advice.replace('<', "&lt;"), link(remedy))
        .unwrap();
}

fn written() -> String {
    let mut page = HEAD.to_owned();
    let samples = crate::error::all();
    let of_code: BTreeMap<&str, &Fault> = samples.iter().map(|error| (error.code(), error)).collect();

    page.push_str("\n## What goes wrong on this side\n\n| `errorCode` | class | | what it means | what to do |\n|---|---|---|---|---|\n");
    for (code, remedy) in remedy::OURS {
        let (class, helps) = match (of_code.get(code), *code) {
            (Some(error), _) => seen(error),
            (None, "nonce_mismatch" | "issuer_mismatch") => (Class::ClientAuth.name(), ""),
            (None, "pkce_params_missing" | "invalid_code_challenge_method" | "invalid_response_mode") => {
                (Class::ClientConfiguration.name(), "")
            }
            // Made in JavaScript.
            (None, "no_account_in_silent_request") => (Class::ClientAuth.name(), ""),
            (None, other) => panic!("{other} is no error's code"),
        };
        row(&mut page, &[format!("`{code}`"), class.to_owned(), helps.to_owned()], remedy);
    }
    for (code, remedy) in remedy::CLIENT_CREDENTIALS {
        row(&mut page, &[format!("`{code}`"), Class::ClientAuth.name().to_owned(), String::new()], remedy);
    }
    for (code, remedy) in remedy::STORES {
        let helps = match *code {
            "cache_conflict" => "retryable",
            "cache_store_failed" => "retryable, if that may help",
            _ => "",
        };
        row(&mut page, &[format!("`{code}`"), Class::Auth.name().to_owned(), helps.to_owned()], remedy);
    }

    page.push_str("\nWhat a callback or a cache plugin of the program throws reaches the caller as it is.\n");
    page.push_str("\n## What servers answer\n\nThe server's own word is the `errorCode`, but for `expired_token`, which is `device_code_expired`.\n\n");
    page.push_str("| `error` | class | | what it means | what to do |\n|---|---|---|---|---|\n");
    for (errors, remedy) in remedy::SERVERS {
        for error in *errors {
            let (class, helps) = seen(&Fault::refused(answer(error, "")));
            row(&mut page, &[format!("`{error}`"), class.to_owned(), helps.to_owned()], remedy);
        }
    }

    let (class, helps) = seen(&Fault::refused(answer("any_other", "")));
    row(&mut page, &["any other".to_owned(), class.to_owned(), helps.to_owned()], &remedy::UNKNOWN);

    page.push_str("\n`suberror` refines `invalid_grant` and others:\n\n");
    page.push_str("| `suberror` | class | | what it means | what to do |\n|---|---|---|---|---|\n");
    for (suberror, remedy) in remedy::SUBERRORS {
        let (class, helps) = seen(&Fault::refused(answer("invalid_grant", suberror)));
        row(&mut page, &[format!("`{suberror}`"), class.to_owned(), helps.to_owned()], remedy);
    }

    page.push_str(
        "\n## Entra's numbers\n\nEntra's descriptions begin with `AADSTS` and a number, which `errorNo` and `errorCodes` hold. They choose the remedy and \
         nothing else: Microsoft says that programs which go by them will break. Of a number that is not here, `remedyUrl` is Microsoft's own \
         page, `https://login.microsoftonline.com/error?code=<number>`.\n\n| AADSTS | what it means | what to do |\n|---|---|---|\n",
    );
    for (numbers, remedy) in remedy::ENTRA {
        let numbers = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        row(&mut page, &[numbers], remedy);
    }
    page
}

#[test]
fn the_page_of_errors_is_what_the_errors_say() {
    let written = written();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(PAGE, &written).unwrap();
    }
    let found = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(found == written, "docs/errors.md is not up to date: run `UPDATE_DOCS=1 cargo test docs`");
}
