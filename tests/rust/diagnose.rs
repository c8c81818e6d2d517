//! flows/diagnose.rs

use doorcode::flows::diagnose::{Finding, Severity, diagnose};
use doorcode::flows::{App, Config, Wish};
use doorcode::protocol::described::describe;
use doorcode::protocol::request::Client;
use doorcode::protocol::trust::Trust;

use crate::sim::{Answer, ENTRA, Sim, TENANT, app, codes, openid, trusting};

const DATE: &str = "Sun, 15 Jun 2025 15:07:25 GMT";

fn pending() -> Answer {
    Answer::oauth("authorization_pending")
}

fn run(sim: &Sim, app: &App<Sim>) -> Vec<Finding> {
    sim.run(diagnose(app, Wish::default()))
}

fn seen(findings: &[Finding]) -> Vec<(&str, &str)> {
    findings.iter().map(|finding| (finding.check, finding.severity.name())).collect()
}

fn document(issuer: &str) -> Answer {
    Answer::json(
        200,
        &format!(
            r#"{{"issuer":"{issuer}","token_endpoint":"https://id.example/t","device_authorization_endpoint":"https://id.example/d"}}"#
        ),
    )
}

fn entra_client(sim: &Sim, authority: &str) -> App<Sim> {
    let client = Client { client_id: TENANT.to_owned(), ..Client::default() };
    let authority = doorcode::protocol::authority::Authority::parse(authority, &openid()).unwrap();
    App::new(sim.clone(), Config { client, authority, trust: openid() })
}

#[test]
fn a_configuration_in_order_is_found_so() {
    let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
    let sim = Sim::script(vec![document(&issuer), codes(""), pending()]);
    let findings = run(&sim, &entra_client(&sim, "https://login.microsoftonline.com/contoso.com"));
    let checks =
        ["client_id", "authority", "clock", "discovery", "tenant", "issuer", "device_endpoint", "public_client"];
    assert_eq!(findings.iter().map(|finding| finding.check).collect::<Vec<_>>(), checks);
    assert!(
        findings.iter().all(|finding| finding.severity == Severity::Ok || finding.check == "clock"),
        "{findings:?}"
    );
    assert!(findings.iter().any(|finding| finding.message.contains(TENANT)));
    assert!(sim.elapsed() < 1_000, "nobody waits for anything");
}

#[test]
fn it_goes_on_until_something_is_in_the_way() {
    let refusal = |error: &str, code: u32| {
        let body =
            format!(r#"{{"error":"{error}","error_description":"AADSTS{code}: Words.","error_codes":[{code}]}}"#);
        Answer::json(400, &body)
    };
    let issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    let cases = [
        (vec![Answer::Break(None)], "device_endpoint", "could not be reached", "connection"),
        (vec![refusal("invalid_tenant", 90_002)], "tenant", "AADSTS90002", "tenant's id"),
        (vec![document("https://evil.example")], "issuer", "evil.example", "issuer itself"),
        (vec![document(issuer), refusal("unauthorized_client", 700_016)], "client_id", "AADSTS700016", "client id"),
        (
            vec![document(issuer), refusal("invalid_request", 90_133)],
            "device_endpoint",
            "AADSTS90133",
            "/organizations",
        ),
        (
            vec![document(issuer), codes(""), refusal("invalid_client", 7_000_218)],
            "public_client",
            "7000218",
            "Allow public",
        ),
    ];
    for (script, check, words, remedy) in cases {
        let sim = Sim::script(script);
        let findings = run(&sim, &entra_client(&sim, ENTRA));
        let last = findings.last().unwrap();
        assert_eq!((last.check, last.severity), (check, Severity::Error), "{findings:?}");
        assert!(last.message.contains(words) && last.remedy.contains(remedy), "{last:?}");
        let others = findings.iter().rev().skip(1);
        let document = findings.iter().find(|finding| finding.check == "discovery");
        assert!(document.is_none_or(|found| found.severity != Severity::Warning || found.remedy.contains("built in")));
        assert!(others.into_iter().all(|finding| finding.severity != Severity::Error));
    }
}

#[test]
fn a_client_id_that_entra_cannot_have_is_noticed() {
    let sim = Sim::script(vec![Answer::Break(None)]);
    assert!(seen(&run(&sim, &app(&sim, ENTRA))).contains(&("client_id", "error")));
    let sim = Sim::script(vec![Answer::Break(None)]);
    assert!(seen(&run(&sim, &app(&sim, "https://id.example"))).contains(&("client_id", "ok")));
}

#[test]
fn a_server_without_device_codes_is_found_out() {
    let without = r#"{"issuer":"https://id.example","token_endpoint":"https://id.example/t"}"#;
    let sim = Sim::script(vec![Answer::json(200, without)]);
    let findings = run(&sim, &app(&sim, "https://id.example"));
    assert_eq!(seen(&findings).last(), Some(&("device_endpoint", "error")));
    let sim = Sim::script(vec![]);
    let findings = run(&sim, &app(&sim, "https://contoso.b2clogin.com/tfp/contoso.onmicrosoft.com/p"));
    assert_eq!(seen(&findings).last(), Some(&("device_endpoint", "error")));
    assert!(findings.last().unwrap().message.starts_with("device_code_not_offered: "));
}

#[test]
fn a_host_that_nobody_vouches_for_is_found_out() {
    let sim = Sim::script(vec![Answer::json(400, r#"{"error":"invalid_instance"}"#)]);
    let findings = run(&sim, &trusting(&sim, "https://id.example", Trust::default()));
    assert_eq!(seen(&findings), [("authority", "error")]);
    assert!(findings[0].remedy.contains("OIDC"));
}

#[test]
fn a_clock_that_is_wrong_is_noticed() {
    // The simulation begins at 2025-06-15T15:06:40Z, 45 seconds before.
    for (jump, severity, words) in
        [(0, "ok", "agrees"), (400_000, "warning", "355 s ahead"), (-400_000, "warning", "444 s behind")]
    {
        let sim = Sim::script(vec![document("https://id.example").with_header("date", DATE), codes(""), pending()]);
        sim.jump(0, jump);
        let findings = run(&sim, &app(&sim, "https://id.example"));
        let clock = findings.iter().find(|finding| finding.check == "clock").unwrap();
        assert_eq!(clock.severity.name(), severity, "{clock:?}");
        assert!(clock.message.contains(words), "{clock:?}");
    }
}

#[test]
fn external_id_s_page_is_mentioned() {
    let issuer = format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0");
    let sim = Sim::script(vec![document(&issuer), codes(""), pending()]);
    let findings = run(&sim, &entra_client(&sim, "https://contoso.ciamlogin.com"));
    assert!(
        findings
            .iter()
            .any(|finding| finding.check == "verification_uri" && finding.message.contains("contoso.ciamlogin.com"))
    );
    assert!(
        !findings.iter().any(|finding| finding.message.contains("DC-secret") || finding.message.contains("ABCD-EFGH"))
    );
}

#[test]
fn endpoints_that_the_program_gave_are_not_asked_for() {
    let mut trust = Trust::default();
    let metadata =
        r#"{"token_endpoint":"https://github.com/t","device_authorization_endpoint":"https://github.com/d"}"#;
    let authority = describe(&mut trust, "https://github.com", metadata).unwrap();
    let sim = Sim::script(vec![codes(""), pending()]);
    let client = Client { client_id: "client".to_owned(), ..Client::default() };
    let findings = run(&sim, &App::new(sim.clone(), Config { client, authority, trust }));
    assert_eq!(
        seen(&findings),
        [
            ("client_id", "ok"),
            ("authority", "ok"),
            ("discovery", "ok"),
            ("device_endpoint", "ok"),
            ("public_client", "ok")
        ]
    );
}

#[test]
fn each_finding_is_of_what_was_looked_at() {
    let fine = || document("https://id.example");
    let no_endpoint = Answer::json(200, r#"{"issuer":"https://id.example"}"#);
    let head = [("client_id", "ok"), ("authority", "ok")];
    let found = [("clock", "info"), ("discovery", "ok")];
    let good = [("issuer", "ok"), ("device_endpoint", "ok")];
    let cases = [
        (vec![Answer::Break(None)], [&head[..], &[("discovery", "error")]].concat()),
        (vec![Answer::json(404, "")], [&head[..], &[("clock", "info"), ("discovery", "error")]].concat()),
        (vec![no_endpoint], [&head[..], &found[..], &[("discovery", "error")]].concat()),
        (
            vec![fine(), Answer::oauth("invalid_client")],
            [&head[..], &found[..], &[("issuer", "ok"), ("public_client", "error")]].concat(),
        ),
        (
            vec![fine(), codes(""), Answer::json(503, "")],
            [&head[..], &found[..], &good[..], &[("public_client", "warning")]].concat(),
        ),
        (vec![fine(), codes(""), pending()], [&head[..], &found[..], &good[..], &[("public_client", "ok")]].concat()),
    ];
    for (script, expected) in cases {
        let sim = Sim::script(script);
        assert_eq!(seen(&run(&sim, &app(&sim, "https://id.example"))), expected);
    }
    let sim = Sim::script(vec![Answer::Break(None)]);
    assert_eq!(seen(&run(&sim, &trusting(&sim, "https://id.example", Trust::default()))), [("discovery", "error")]);
    let wrong = Wish { scopes: vec!["ä".to_owned()], ..Wish::default() };
    assert_eq!(seen(&sim.run(diagnose(&app(&sim, ENTRA), wrong))), [("request", "error")]);
}

#[test]
fn a_finding_has_the_page_to_open() {
    let refusal = Answer::json(400, r#"{"error":"invalid_client","error_codes":[7000218]}"#);
    let sim = Sim::script(vec![document("https://login.microsoftonline.com/{tenantid}/v2.0"), codes(""), refusal]);
    let page = run(&sim, &entra_client(&sim, ENTRA)).pop().unwrap().page.unwrap();
    assert!(page.ends_with(&format!("/Authentication/appId/{TENANT}")), "{page}");
}
