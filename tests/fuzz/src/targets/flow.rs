//! Whole operations on a simulated host: whatever the server says, each of them ends, leaves nothing running, and shows no secret.
//!
//! An input is a line of a digit, which is the application, and letters, which are what it does; then what the server answers, one reply after
//! the other, with [`NEXT`] in between. A reply begins with a line of its own: a status and how many milliseconds it takes, or `break`, or `hang`.
//! What is behind a `$` in it is replaced: `$ID` by an ID token, `$INFO` by client info, `$body` by the form that was sent, and a field's name,
//! as in `$device_code`, by that field.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use doorcode::cache::record::Whose;
use doorcode::error::Error;
use doorcode::flows::device_code::{self, Pending, Polled};
use doorcode::flows::{App, Config, Wish, accounts, authorization_code, confidential, refresh, silent};
use doorcode::host::Host;
use doorcode::protocol::authority::Authority;
use doorcode::protocol::http::{HttpRequest, HttpResponse, Method};
use doorcode::protocol::id_token::decode_base64url;
use doorcode::protocol::request::{Client, Code, Credential};
use doorcode::protocol::trust::Trust;
use doorcode::secret::Secret;
use serde::de::IgnoredAny;

use super::secrecy::{assert_without, brought, is_secret, said, shown};
use super::{MARK, device_reply, input};
use crate::sim::{Answer, ENTRA, Person, START, SharedDisk, Sim, TENANT, jwt, openid};

const NEXT: &str = "\n----\n";

/// The most operations of an input.
const MOST: usize = 8;

/// How often the last reply is repeated. From then on the server hangs: so the clock alone ends what still runs.
const REPEATS: usize = 40;

/// Milliseconds after which a reply does not come any more: the host gives up.
const LONGEST_REPLY: u64 = 30_000;

/// How many seconds of the virtual clock an operation may take that waits for nobody.
const LONGEST: u64 = 1_000;

/// The longest that a person is waited for: a day.
const LONGEST_SIGN_IN: u64 = 86_400 + LONGEST;

/// What the wall clock jumps by, in seconds.
const JUMP: u64 = 3_600;

/// Form fields that hold secrets.
const SECRET_FIELDS: [&str; 7] =
    ["assertion", "client_assertion", "client_secret", "code", "code_verifier", "device_code", "refresh_token"];

/// Takes an application, what it does, and what the server answers.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (first, script) = input::cut(&text, "\n");
    let mut letters = first.chars();
    let digit = letters.next().and_then(|first| first.to_digit(10)).unwrap_or(0);
    let wire = Rc::new(RefCell::new(Vec::new()));
    let sim = serve(script, digit, &wire);
    let app = Rc::new(App::new(sim.clone(), config(digit)));
    let disk = SharedDisk::default();
    if first.contains('d') {
        sim.plug(&app, &disk);
    }
    let mut jumps = 0;
    let mut run = Run { app, sim, lines: 0, wire };
    for letter in letters.take(MOST) {
        let limit = if "DTP".contains(letter) { LONGEST_SIGN_IN } else { LONGEST };
        if "jJ".contains(letter) {
            jumps += 1;
        }
        let from = run.sim.now();
        run.operate(letter);
        let took = run.sim.now().abs_diff(from) / 1000;
        assert!(took <= limit + JUMP * (1 + jumps), "{letter} took {took} s");
        assert!(run.sim.is_idle(), "{letter} leaves something running");
    }
    for text in [run.app.cache().borrow().write().expose(), &disk.borrow().text] {
        assert!(text.is_empty() || serde_json::from_str::<IgnoredAny>(text).is_ok(), "no JSON: {text}");
    }
}

/// The applications: each sort of server, and each sort of client.
fn config(digit: u32) -> Config {
    let tenant = format!("https://login.microsoftonline.com/{TENANT}");
    let secret = |is_basic| Credential::Secret { secret: Secret::new(format!("{MARK}-cs/+=1")), is_basic };
    let (authority, trust, credential) = match digit {
        1 => ("https://id.example", openid(), Credential::None),
        2 => (&*tenant, Trust::default(), secret(false)),
        3 => ("https://unknown.example/tenant", Trust::default(), Credential::None),
        4 => ("https://customer.ciamlogin.com/customer.onmicrosoft.com", Trust::default(), Credential::None),
        5 => ("https://id.example", openid(), secret(true)),
        6 => (&*tenant, Trust::default(), Credential::Assertion),
        7 => ("https://fs.example/adfs", Trust::default(), Credential::None),
        8 => ("https://id.example", openid(), secret(false)),
        _ => (ENTRA, Trust::default(), Credential::None),
    };
    let authority = Authority::parse(authority, &trust).expect("an authority");
    Config { client: Client { client_id: "client".to_owned(), credential, ..Client::default() }, authority, trust }
}

/// The issuer of what `$ID` stands for.
fn issuer(digit: u32) -> String {
    match digit {
        1 | 5 | 8 => "https://id.example".to_owned(),
        3 => "https://unknown.example/tenant".to_owned(),
        4 => format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
        7 => "https://fs.example/adfs".to_owned(),
        _ => format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
    }
}

/// What went over the wire: a request, and its reply if there was one.
type Wire = Rc<RefCell<Vec<(HttpRequest, Option<HttpResponse>)>>>;

fn serve(script: &str, digit: u32, wire: &Wire) -> Sim {
    let replies: Vec<String> = script.split(NEXT).map(str::to_owned).collect();
    let wire = Rc::clone(wire);
    let mut count = 0;
    Sim::serve(move |request, _| {
        let text = replies.get(count).or(replies.last()).filter(|_| count < replies.len() + REPEATS);
        count += 1;
        let (answer, reply) = text.map_or((Answer::Hang, None), |text| answer(&expanded(text, request, digit)));
        wire.borrow_mut().push((request.clone(), reply));
        answer
    })
}

fn answer(text: &str) -> (Answer, Option<HttpResponse>) {
    let mut words = text.lines().next().unwrap_or_default().split_whitespace();
    let first = words.next().unwrap_or_default();
    let number = words.next().and_then(|word| word.parse::<u64>().ok());
    match first {
        "hang" => (Answer::Hang, None),
        "break" => (Answer::Break(number.and_then(|status| u16::try_from(status).ok())), None),
        status => {
            let mut reply = input::reply(text);
            reply.status = status.parse().unwrap_or(200);
            let HttpResponse { status, headers, body } = reply.clone();
            let after = number.unwrap_or(20).min(LONGEST_REPLY);
            (Answer::Reply { status, headers, body: body.expose().to_owned(), after }, Some(reply))
        }
    }
}

/// The text with what its `$` stand for.
fn expanded(text: &str, request: &HttpRequest, digit: u32) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let expiry = START / 1000 + 40 * 86_400;
    let claims = format!(
        r#"{{"iss":"{}","aud":"client","exp":{expiry},"sub":"s","oid":"o","tid":"{TENANT}","preferred_username":"ada@example.com"}}"#,
        issuer(digit)
    );
    let info = Base64UrlUnpadded::encode_string(format!(r#"{{"uid":"o","utid":"{TENANT}"}}"#).as_bytes());
    let mut fields = vec![
        ("ID".to_owned(), jwt(&claims).replace(".sig", &format!(".{MARK}-sig"))),
        ("INFO".to_owned(), info),
        ("body".to_owned(), request.body.expose().to_owned()),
    ];
    fields.extend(form(request));
    // The longest first: `code` is a part of `code_verifier`.
    fields.sort_by_key(|(name, _)| usize::MAX - name.len());
    fields.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${name}"), value))
}

fn form(request: &HttpRequest) -> Vec<(String, String)> {
    let fields = request.body.expose().split('&').filter(|field| !field.is_empty());
    fields.map(|field| input::cut(field, "=")).map(|(name, value)| (name.to_owned(), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digit = |byte: Option<u8>| char::from(byte.expect("a digit")).to_digit(16).expect("a digit") as u8;
        bytes.push(match byte {
            b'%' => digit(rest.next()) * 16 + digit(rest.next()),
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).expect("forms are text")
}

/// What was sent in secret with a request.
fn sent(request: &HttpRequest) -> Vec<String> {
    let header = request.authorization.iter().map(|header| header.expose().replace("Basic ", ""));
    let fields = form(request).into_iter().filter(|(name, _)| SECRET_FIELDS.contains(&name.as_str()));
    // A device code of one letter is in any text.
    let fields = fields.filter(|(name, value)| name == "code_verifier" || is_secret(value)).map(|(_, value)| value);
    fields.chain(header).collect()
}

struct Run {
    app: Rc<App<Sim>>,
    sim: Sim,
    /// How many log lines were looked at.
    lines: usize,
    wire: Wire,
}

impl Run {
    fn wish(&self) -> Wish {
        Wish { scopes: vec!["User.Read".to_owned()], ..Wish::default() }
    }

    /// One operation: `D` a sign-in with a device code, `T` with a timeout, `P` polled by the program and saved in between; `s` a silent token,
    /// `f` renewed in any case; `r` for a refresh token; `c` for a code; `k` the client's own, `o` on behalf of somebody; `a` the accounts, `x` a
    /// sign-out; `w` an hour passes; `j` and `J` the clock is set.
    fn operate(&mut self, letter: char) {
        let (app, sim) = (Rc::clone(&self.app), self.sim.clone());
        match letter {
            'D' | 'T' => {
                let timeout = (letter == 'T').then_some(30.5);
                let person = Person::default();
                let request = device_code::Request { wish: self.wish(), timeout };
                let outcome = sim.run(device_code::sign_in(&app, request, &person));
                for codes in person.shown.borrow().iter() {
                    device_reply::check(codes);
                    self.check_shown(&format!("{codes:?}"));
                }
                self.check(outcome.map(|signed_in| format!("{signed_in:?}")));
            }
            'P' => {
                let outcome = sim.run(self.poll_by_hand());
                self.check(outcome);
            }
            's' | 'f' => {
                let request =
                    silent::Request { wish: self.wish(), force_refresh: letter == 'f', ..silent::Request::default() };
                let outcome = sim.run(silent::silent(&app, request, None));
                if let Ok(silent::Silent { renewal: Some(plan), .. }) = &outcome {
                    sim.run(silent::renew(&app, plan));
                }
                self.check(outcome.map(|token| format!("{token:?}")));
            }
            'r' => {
                let refresh_token = Secret::new(format!("{MARK}-rt/own+1"));
                let request = refresh::Request { refresh_token, force_cache: true, wish: self.wish() };
                let outcome = sim.run(refresh::by_refresh_token(&app, request));
                self.check(outcome.map(|token| format!("{token:?}")));
            }
            'c' => {
                let code = Code {
                    code: Secret::new(format!("{MARK}-code/1")),
                    redirect_uri: "https://app.example/back".to_owned(),
                    verifier: Some(Secret::new(format!("{MARK}-verifier~1"))),
                    client_info: None,
                };
                let request =
                    authorization_code::Request { wish: self.wish(), code, nonce: None, state: None, response: None };
                let outcome = sim.run(authorization_code::by_code(&app, request));
                self.check(outcome.map(|token| format!("{token:?}")));
            }
            'k' | 'o' => {
                let user_assertion = (letter == 'o').then(|| Secret::new(format!("{MARK}-theirs.e30.x")));
                let request =
                    confidential::Request { wish: self.wish(), user_assertion, ..confidential::Request::default() };
                let outcome = sim.run(confidential::token(&app, request));
                let outcome = outcome.map(|token| {
                    if let Some(plan) = token.renewal {
                        sim.run(confidential::renew(&app, plan));
                    }
                    format!("{:?}", token.authentication)
                });
                self.check(outcome);
            }
            'a' | 'x' => {
                let known = sim.run(accounts::known(&app, None, None)).ok().flatten().map(|(_, known)| known);
                let Some(first) = known.and_then(|known| known.into_iter().next()) else {
                    return;
                };
                let whose =
                    Whose { home_account_id: &first.account.home_account_id, environment: &first.account.environment };
                if letter == 'x' {
                    let outcome = sim.run(accounts::sign_out(&app, &whose, "id"));
                    assert!(!app.cache().borrow().knows(&whose));
                    self.check(outcome.map(|()| String::new()));
                }
            }
            'w' => sim.run(sim.sleep(Duration::from_secs(JUMP))),
            'j' => sim.jump(0, -(JUMP as i64 * 1000)),
            'J' => sim.jump(0, JUMP as i64 * 1000),
            _ => {}
        }
    }

    /// A sign-in that is polled by the program, which carries it to another process each time.
    async fn poll_by_hand(&self) -> Result<String, Error> {
        let app = &*self.app;
        let request = device_code::Request { wish: self.wish(), timeout: None };
        let mut pending = device_code::start(app, request).await?;
        for _ in 0..10 {
            match device_code::poll(app, &pending).await? {
                Polled::Done(signed_in) => return Ok(format!("{signed_in:?}")),
                Polled::Pending(progress) => {
                    self.sim.sleep(Duration::from_secs(progress.next_poll_in.min(60))).await;
                    pending = Pending::resume(&pending.save("client"), app)?;
                    self.check_shown(&format!("{pending:?}"));
                }
            }
        }
        Ok(String::new())
    }

    /// Nothing that came of it, and no log line, holds a secret.
    fn check(&mut self, outcome: Result<String, Error>) {
        let lines = self.sim.log_lines();
        let mut text = lines[self.lines..].join("\n");
        self.lines = lines.len();
        match &outcome {
            Ok(result) => self.check_shown(result),
            Err(error) => {
                assert!(!error.to_string().contains(['\n', '\r', '\u{1b}', '\u{202e}']), "{error}");
                text.push_str(&shown(error));
            }
        }
        self.check_shown(&text);
        for line in &lines {
            assert!(!line.contains(['\n', '\r', '\u{1b}', '\u{202e}']), "{line:?}");
        }
        let wire = self.wire.borrow();
        // Of polls there may be thousands, all alike.
        let mut secrets = BTreeSet::new();
        let mut words = Vec::new();
        for (request, reply) in wire.iter() {
            let sent = sent(request);
            if let Some(reply) = reply {
                let brought = brought(reply);
                words.push((said(reply), [sent.clone(), brought.clone()].concat()));
                secrets.extend(brought.into_iter().filter(|_| request.method == Method::Post));
            }
            secrets.extend(sent);
        }
        for secret in secrets {
            // What a server says in answer to another request cannot be known for a secret.
            if !words.iter().any(|(said, known)| said.contains(&secret) && !known.contains(&secret)) {
                assert_without(&text, &[&secret]);
            }
        }
    }

    /// No part of a secret is shown, unless a server says one where none belongs.
    fn check_shown(&self, text: &str) {
        if text.contains(MARK) {
            let wire = self.wire.borrow();
            let says = |(_, reply): &(HttpRequest, Option<HttpResponse>)| {
                reply
                    .as_ref()
                    .is_some_and(|reply| said(reply).contains(MARK) || claims(reply).any(|text| text.contains(MARK)))
            };
            assert!(wire.iter().any(says), "a secret is shown: {text}");
        }
    }
}

/// What an ID token says, if a reply brings one: errors quote its issuer.
fn claims(reply: &HttpResponse) -> impl Iterator<Item = String> {
    reply.body.expose().split(['.', '"']).filter_map(decode_base64url)
}
