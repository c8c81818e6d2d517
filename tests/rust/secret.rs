//! secret.rs

use doorcode::protocol::http::{HttpRequest, HttpResponse};
use doorcode::secret::Secret;

#[test]
fn a_secret_prints_nothing_of_itself() {
    let secret = Secret::new("hunter2".to_owned());
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    assert_eq!(secret.expose(), "hunter2");
}

#[test]
fn requests_and_replies_print_no_body() {
    let request = HttpRequest::post("https://e.example/t".to_owned(), Secret::new("hunter2".to_owned()));
    let reply = HttpResponse { status: 200, headers: Vec::new(), body: Secret::new("hunter2".to_owned()) };
    assert!(!format!("{request:?} {reply:?}").contains("hunter2"));
}
